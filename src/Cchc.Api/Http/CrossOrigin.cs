namespace Cchc.Api.Http;

/// <summary>Which sites' pages may call from a browser: those that <c>Cors:Origins</c> names, or <c>*</c> for all; none by default.</summary>
internal static class CrossOrigin
{
    private static readonly string[] Sent =
        ["Authorization", "Content-Type", "Content-Encoding", "If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Accept-Language", "Last-Event-ID", "Range", "If-Range"];

    private static readonly string[] Shown = [.. AnswerHeaders.Names, "Content-Range"];

    public static void UseCrossOrigin(this WebApplication app)
    {
        if (app.Configuration.GetSection("Cors:Origins").Get<string[]>() is not { Length: > 0 } origins)
        {
            return;
        }

        // Requests without Origin get these headers too: a shared cache gives their responses to pages of any site.
        Func<object, Task> mark = origins.Contains("*") ? AllowAll : VaryByOrigin;
        app.Use((context, next) =>
        {
            context.Response.OnStarting(mark, context);
            return next(context);
        });

        // Keys go in a header that a page sets itself: no browser sends a credential of its own, so that none is let.
        app.UseCors(policy => (origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins(origins))
            .WithMethods("GET", "HEAD", "PUT", "POST", "DELETE").WithHeaders(Sent).WithExposedHeaders(Shown).SetPreflightMaxAge(TimeSpan.FromHours(2)));
    }

    private static Task AllowAll(object state)
    {
        var headers = ((HttpContext)state).Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = string.Join(',', Shown);
        return Task.CompletedTask;
    }

    private static Task VaryByOrigin(object state)
    {
        var headers = ((HttpContext)state).Response.Headers;
        if (!headers.Vary.ToString().Contains("Origin", StringComparison.Ordinal))
        {
            headers.Append("Vary", "Origin");
        }

        return Task.CompletedTask;
    }
}
