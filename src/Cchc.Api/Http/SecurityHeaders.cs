namespace Cchc.Api.Http;

/// <summary>
/// What tells a browser to trust an answer with nothing beyond its data (OWASP REST Security Cheat Sheet): no guessing of types, no
/// scripts, no frames, no referrer. The page at /docs may load what it came with.
/// </summary>
internal static class SecurityHeaders
{
    private const string DataOnly = "default-src 'none'; frame-ancestors 'none'";
    private const string OwnPage =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

    // As the answer starts: a refusal clears what was set before it.
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(Add, context);
        return next(context);
    });

    private static Task Add(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/docs") ? OwnPage : DataOnly;
        headers["Referrer-Policy"] = "no-referrer";
        return Task.CompletedTask;
    }
}
