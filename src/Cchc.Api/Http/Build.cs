using System.Security.Cryptography;

namespace Cchc.Api.Http;

/// <summary>
/// Which build of the program answers. What is computed is a function of the data and of the program: a new release may draw a picture or
/// spell a body in another way while no data has changed. Nodes of one build have the same mark.
/// </summary>
/// <param name="Mark">What tells it from others.</param>
internal sealed record Build(string Mark)
{
    // Of both assemblies: the compiler makes the same id of the same sources and files, and need not make this one anew where the domain changes.
    public static Build OfProgram { get; } = new(Convert.ToHexStringLower(SHA256.HashData(
        [.. IdOf(typeof(Build)), .. IdOf(typeof(Cchc.Domain.LocalTime))]).AsSpan(0, 4)));

    /// <summary>A version of data, as what this build makes of it is tagged.</summary>
    public static string Of(HttpContext context, string version) => $"{version}.{context.RequestServices.GetRequiredService<Build>().Mark}";

    private static byte[] IdOf(Type type) => type.Module.ModuleVersionId.ToByteArray();
}
