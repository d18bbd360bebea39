namespace Cchc.Api.Http;

/// <summary>
/// What tells a browser to trust an answer with nothing beyond its data (OWASP REST Security Cheat Sheet): no guessing of types, no
/// scripts, no frames, no referrer. The page at /docs may load what it came with; a picture may have its own style and stand in any site's
/// page.
/// </summary>
internal static class SecurityHeaders
{
    private const string DataOnly = "default-src 'none'; frame-ancestors 'none'";
    private const string OwnPage =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

    private const string Picture = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'";

    // As the answer starts: a refusal clears what was set before it.
    public static void UseSecurityHeaders(this IApplicationBuilder app)
    {
        var stopping = app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        Func<object, Task> add = state => Add((HttpContext)state, stopping);
        app.Use((context, next) =>
        {
            context.Response.OnStarting(add, context);
            return next(context);
        });
    }

    private static Task Add(HttpContext context, CancellationToken stopping)
    {
        var headers = context.Response.Headers;
        if (stopping.IsCancellationRequested && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            // A server that is about to go has its clients come back on a new connection, which may lead to another.
            headers.Connection = "close";
        }

        headers.XContentTypeOptions = "nosniff";
        // By address, since 304 renews these too, and names no type.
        var isPicture = context.Request.Path.Value?.Contains("/pictures/", StringComparison.Ordinal) == true;
        headers.ContentSecurityPolicy = isPicture ? Picture : context.Request.Path.StartsWithSegments("/docs") ? OwnPage : DataOnly;
        if (isPicture)
        {
            headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        }

        headers["Referrer-Policy"] = "no-referrer";
        return Task.CompletedTask;
    }
}
