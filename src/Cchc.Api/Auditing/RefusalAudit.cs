using System.Collections.Concurrent;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;

namespace Cchc.Api.Auditing;

/// <summary>
/// Writes refusals for rights to the audit trail: each refused write, and one refused read a minute of each caller and code of refusal.
/// The next entry says in <c>repeated</c> how many reads were refused since the one before. So nobody can fill the trail, or delay
/// writers, by reading.
/// </summary>
internal sealed partial class RefusalAudit(Database database, TimeProvider time, ILogger<RefusalAudit> log)
{
    // Beyond so many callers those of the last minute are forgotten, and each is written again.
    private const int MostCallers = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Actor, string? Address, string Code), RefusedReads> _reads = new();

    /// <summary>Notes where a request comes from, for all entries that it writes.</summary>
    public static Task NoteOriginAsync(HttpContext context, RequestDelegate next)
    {
        Audit.Address = context.Connection.RemoteIpAddress?.ToString();
        return next(context);
    }

    /// <summary>
    /// Notes the refusal of a known caller, or of an invalid credential. Unauthenticated refusals are not audited, so that nobody can flood
    /// the audit log.
    /// </summary>
    public async Task NoteAsync(HttpContext context, ProblemException problem)
    {
        var status = ProblemCatalogue.Entries[problem.Code].Status;
        if (status != 403 && !(status == 401 && context.Request.Headers.Authorization.Count > 0))
        {
            return;
        }

        var actor = context.Caller()?.Actor ?? "anonymous";
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var repeated = 0;
        if (!isRead || IsFirst((actor, Audit.Address, problem.Code), out repeated))
        {
            var subject = $"{context.Request.Method} {context.Request.Path}";
            await WriteAsync(actor, subject.Length <= 200 ? subject : subject[..200], problem.Code, repeated);
        }
    }

    private bool IsFirst((string Actor, string? Address, string Code) read, out int repeated)
    {
        if (_reads.Count >= MostCallers)
        {
            _reads.Clear();
        }

        var (now, refused) = (time.GetTimestamp(), _reads.GetOrAdd(read, _ => new RefusedReads()));
        lock (refused)
        {
            var isFirst = refused.Began is not { } began || time.GetElapsedTime(began, now) >= Window;
            repeated = isFirst ? refused.Unwritten : 0;
            (refused.Began, refused.Unwritten) = isFirst ? (now, 0) : (refused.Began, refused.Unwritten + 1);
            return isFirst;
        }
    }

    private async Task WriteAsync(string actor, string subject, string code, int repeated)
    {
        try
        {
            await database.WriteAsync(
                session =>
                {
                    object state = repeated > 0 ? new { code, repeated } : new { code };
                    Audit.Write(session, time.Now(), actor, "request.refused", subject, null, state);
                    return Task.FromResult((true, true));
                },
                CancellationToken.None);
        }
        catch (System.Data.Common.DbException exception)
        {
            // The request is refused in any case.
            LogUnwritten(log, exception);
        }
    }

    /// <summary>The refused reads of one caller since the last that was written.</summary>
    private sealed class RefusedReads
    {
        public long? Began { get; set; }
        public int Unwritten { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A refusal could not be written to the audit trail")]
    private static partial void LogUnwritten(ILogger logger, Exception exception);
}
