using Microsoft.Net.Http.Headers;

namespace Cchc.Api.Http;

/// <summary>Range requests (RFC 9110, 14): one range of bytes of what a GET answers.</summary>
internal static class RangeRequests
{
    /// <summary>Removes a Range that is ignored: of another method than GET, of another unit, of several parts, or malformed.</summary>
    public static Task IgnoreOthersAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Headers.Range.Count > 0 && (!HttpMethods.IsGet(context.Request.Method) || Asked(context.Request) is null))
        {
            context.Request.Headers.Range = default;
        }

        return next(context);
    }

    /// <summary>The first and the last byte that the request asks for; null for the whole (no Range, or If-Range failed).</summary>
    /// <exception cref="ProblemException">416 where the content ends before.</exception>
    public static (int First, int Last)? PartOf(HttpContext context, int length)
    {
        var condition = context.Request.Headers.IfRange.ToString();
        if (Asked(context.Request) is not { } asked || (condition.Length > 0 && condition != context.Response.Headers.ETag.ToString()))
        {
            return null;
        }

        var first = asked.From ?? Math.Max(0, length - asked.To!.Value);
        if (first >= length)
        {
            context.Response.Headers.ContentRange = new ContentRangeHeaderValue(length).ToString();
            throw new ProblemException("range.notSatisfiable", length);
        }

        var last = asked.From is null ? length - 1 : Math.Min(asked.To ?? length, length - 1);
        context.Response.Headers.ContentRange = new ContentRangeHeaderValue(first, last, length).ToString();
        return ((int)first, (int)last);
    }

    private static RangeItemHeaderValue? Asked(HttpRequest request) =>
        request.Headers.Range.Count > 0 && request.GetTypedHeaders().Range is { Ranges.Count: 1 } range
        && range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase) ? range.Ranges.Single() : null;
}
