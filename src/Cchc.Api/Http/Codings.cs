using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace Cchc.Api.Http;

/// <summary>Which coding an answer goes out in, and how its tag says so. The framework's middleware would code each answer anew.</summary>
internal static class Codings
{
    private static readonly string[] Names = ["br", "gzip"];

    public static IServiceCollection AddCodings(this IServiceCollection services)
    {
        services.AddSingleton(Build.OfProgram).AddResponseCompression();
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Optimal);
        return services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Optimal);
    }

    /// <summary>The coding that the client gets: br, gzip or none. A range is one of the plain bytes.</summary>
    public static string Of(HttpContext context) => ProviderOf(context)?.EncodingName ?? "";

    public static string Tag(HttpContext context, string version) =>
        Of(context) is { Length: > 0 } coding ? $"\"{version}-{coding}\"" : $"\"{version}\"";

    /// <summary>A tag without its coding: what a client has read coded, it may replace.</summary>
    public static string Bare(string tag)
    {
        foreach (var name in Names)
        {
            if (tag.EndsWith($"-{name}\"", StringComparison.Ordinal))
            {
                return string.Concat(tag.AsSpan(0, tag.Length - name.Length - 2), "\"");
            }
        }

        return tag;
    }

    /// <summary>Codes what is written to it on its way to the client.</summary>
    public static Stream Open(HttpContext context, Stream target)
    {
        if (ProviderOf(context) is not { } provider)
        {
            return target;
        }

        context.Response.Headers.ContentEncoding = provider.EncodingName;
        return provider.CreateStream(target);
    }

    private static ICompressionProvider? ProviderOf(HttpContext context) =>
        context.Request.Headers.AcceptEncoding.Count == 0 || context.Request.Headers.Range.Count > 0 || !HttpMethods.IsGet(context.Request.Method) ? null
            : context.RequestServices.GetRequiredService<IResponseCompressionProvider>().GetCompressionProvider(context);
}
