namespace Cchc.Api.Http;

internal static class Heads
{
    /// <summary>Answers HEAD as GET without the content (RFC 9110, 9.3.2). Comes before the routing, which knows GET alone.</summary>
    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var body = context.Response.Body;
        context.Request.Method = HttpMethods.Get;

        // A part is a thing of GET alone (RFC 9110, 14.2).
        context.Request.Headers.Range = default;
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
