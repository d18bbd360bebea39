using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Http;

/// <summary>The address at which clients reach this server, which may lie under a gateway's path prefix.</summary>
internal static partial class PublicAddress
{
    private static readonly Func<object, Task> AddPrefix = AddPrefixAsync;

    /// <summary>
    /// The base address: <c>Discovery:BaseUrl</c>, otherwise the host of the request and the path prefix of its gateway. The response must
    /// not be cached for clients of other hosts.
    /// </summary>
    public static string Of(HttpContext context, IConfiguration configuration) =>
        (configuration["Discovery:BaseUrl"] is { Length: > 0 } configured ? configured
            : $"{context.Request.Scheme}://{context.Request.Host}{context.Request.PathBase}").TrimEnd('/');

    /// <summary>
    /// Puts the gateway's path prefix, which a known proxy has named in <c>X-Forwarded-Prefix</c>, before the paths in Link, Location and
    /// Content-Location. It happens as the response starts, so that cached responses hold no prefix and serve every gateway.
    /// </summary>
    public static void UsePathPrefix(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var prefix = context.Request.PathBase.Value?.TrimEnd('/') ?? "";
        context.Request.PathBase = Prefix().IsMatch(prefix) ? prefix : "";
        if (context.Request.PathBase.HasValue)
        {
            context.Response.OnStarting(AddPrefix, context);
        }

        return next(context);
    });

    private static Task AddPrefixAsync(object state)
    {
        var context = (HttpContext)state;
        var (prefix, headers) = (context.Request.PathBase.Value, context.Response.Headers);
        headers.Location = Under(headers.Location);
        headers.ContentLocation = Under(headers.ContentLocation);
        headers.Link = headers.Link.ToString().Replace("</", $"<{prefix}/", StringComparison.Ordinal) is { Length: > 0 } link ? link : default(StringValues);
        return Task.CompletedTask;

        StringValues Under(StringValues path) => path.ToString().StartsWith('/') ? prefix + path : path;
    }

    // A segment begins with a letter or digit: two slashes at the start would name another host.
    [GeneratedRegex(@"^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+\z")]
    private static partial Regex Prefix();
}
