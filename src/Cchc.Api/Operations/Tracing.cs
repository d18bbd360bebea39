using System.Diagnostics;

namespace Cchc.Api.Operations;

/// <summary>
/// Gives a request that is not answered from what is at hand a trace (W3C Trace Context), the caller's where it sends one, which every
/// line of its log and every problem answer names. Where traces are exported the framework has begun one already.
/// </summary>
internal static class Tracing
{
    public static Task FollowAsync(HttpContext context, RequestDelegate next)
    {
        if (Activity.Current is null)
        {
            var activity = new Activity("request").SetIdFormat(ActivityIdFormat.W3C);
            if (context.Request.Headers.TraceParent.ToString() is { Length: > 0 } parent && ActivityContext.TryParse(parent, null, isRemote: true, out var known))
            {
                activity.SetParentId(known.TraceId, known.SpanId, known.TraceFlags);
            }

            // It ends with the request, so that what goes wrong in between can still name it.
            context.Features.Set(activity.Start());
            context.Response.RegisterForDispose(activity);
        }

        return next(context);
    }

    /// <summary>Takes the request's trace up again outside of what ran in it.</summary>
    public static string? Resume(HttpContext context) => (Activity.Current ??= context.Features.Get<Activity>())?.TraceId.ToHexString();
}
