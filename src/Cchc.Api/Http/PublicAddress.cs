namespace Cchc.Api.Http;

internal static class PublicAddress
{
    /// <summary>
    /// Where this server is found: <c>Discovery:BaseUrl</c>, else the host that the client named, so that nothing of the answer is kept for
    /// others.
    /// </summary>
    public static string Of(HttpContext context, IConfiguration configuration) =>
        (configuration["Discovery:BaseUrl"] is { Length: > 0 } configured ? configured
            : $"{context.Request.Scheme}://{context.Request.Host}{context.Request.PathBase}").TrimEnd('/');
}
