namespace Cchc.Api.Http;

internal static class Heads
{
    private static readonly object Mark = new();

    /// <summary>Whether the request, which is handled as GET, was HEAD. What does not end by itself ends after its headers.</summary>
    public static bool IsHead(HttpContext context) => context.Items.ContainsKey(Mark);

    /// <summary>Adds HEAD to the methods that an address allows, and answers OPTIONS with them (RFC 9110, 9.3.7).</summary>
    public static async Task AllowAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        var response = context.Response;
        if (response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false } && response.Headers.Allow.Count > 0)
        {
            var methods = response.Headers.Allow.ToString().Split(", ");
            response.Headers.Allow = string.Join(", ", methods.Contains("GET") ? methods.Append("HEAD") : methods);
            if (HttpMethods.IsOptions(context.Request.Method))
            {
                response.StatusCode = StatusCodes.Status204NoContent;
                response.Headers.CacheControl = "no-store";
            }
        }
    }

    /// <summary>Answers HEAD as GET without the content (RFC 9110, 9.3.2). Comes before the routing, which knows GET alone.</summary>
    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var body = context.Response.Body;
        context.Items[Mark] = true;
        context.Request.Method = HttpMethods.Get;
        context.Response.Body = Stream.Null;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
            context.Response.Body = body;
        }
    }
}
