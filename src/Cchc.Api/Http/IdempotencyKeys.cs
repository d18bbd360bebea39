using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Keys;

namespace Cchc.Api.Http;

/// <summary>The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header).</summary>
internal static partial class IdempotencyKeys
{
    public static readonly Parameter Parameter =
        new("Idempotency-Key", "Repeating the request with the same key within 24 hours does nothing twice", "6f1c2e", Header: true);

    /// <summary>The key; null where none is given.</summary>
    /// <exception cref="ProblemException">400 where it is blank, too long or not ASCII, or where there are several.</exception>
    public static string? Of(HttpRequest request)
    {
        var given = request.Headers["Idempotency-Key"];
        return given.Count == 0 ? null
            : given is [{ Length: <= 255 } key] && !string.IsNullOrWhiteSpace(key) && key.All(c => c is >= ' ' and <= '~') ? key
            : throw new ProblemException("idempotency.invalid");
    }

    /// <summary>
    /// Keeps what an operation answered, and answers it again; while it is in progress, on whatever node, the same key gets 409. For operations
    /// that refuse by themselves to be done twice: the answer is kept after the write, not with it, so that a node that stops between the
    /// two leaves none, and a repetition after a minute is refused. Once begun it is completed, whether or not the client waits for it.
    /// </summary>
    public static RouteHandlerBuilder KeepsAnswer(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(KeepAsync).Sends(AnswerHeaders.Busy, 409);

    private static async ValueTask<object?> KeepAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        if (Of(context.Request) is not { } key || context.Caller() is not { } caller)
        {
            return await next(invocation);
        }

        var (database, time) = (context.RequestServices.GetRequiredService<Database>(), context.RequestServices.GetRequiredService<TimeProvider>());
        var hash = await HashAsync(context);
        var (kept, isOurs) = await database.WriteAsync(
            async session =>
            {
                var begun = await KeptRequests.BeginLongAsync(session, caller.Actor, key, hash, time.Now());
                return (begun, begun.IsOurs);
            },
            context.RequestAborted);
        if (kept is not null)
        {
            context.Response.Headers.ETag = kept.ETag.Length > 0 ? kept.ETag : default;
            await Answers.WriteUncachedTextAsync(context, kept.Body);
            return Results.Empty;
        }

        if (!isOurs)
        {
            context.Response.Headers.RetryAfter = "1";
            throw new ProblemException("idempotency.busy");
        }

        return await DoAsync(invocation, next, new Claim(database, time, caller.Actor, key, hash));
    }

    private static async Task<object?> DoAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, Claim claim)
    {
        var context = invocation.HttpContext;
        var (body, aborted) = (context.Response.Body, context.RequestAborted);
        using var buffer = new MemoryStream();
        (context.Response.Body, context.RequestAborted) = (buffer, CancellationToken.None);

        // A repetition gets the whole response, whatever part the first request asked for.
        context.Request.Headers.Range = default;
        object? result;
        try
        {
            result = await next(invocation);
        }
        catch
        {
            await EndAsync(context, claim, static _ => Task.CompletedTask);
            throw;
        }
        finally
        {
            (context.Response.Body, context.RequestAborted) = (body, aborted);
        }

        var (etag, answer) = (context.Response.Headers.ETag.ToString(), Encoding.UTF8.GetString(buffer.ToArray()));
        await EndAsync(context, claim, async session =>
        {
            await KeptRequests.BeginAsync(session, claim.Actor, claim.Key, claim.Hash, claim.Time.Now());
            await KeptRequests.KeepAsync(session, claim.Actor, claim.Key, etag, answer, claim.Time.Now());
        });
        await body.WriteAsync(buffer.ToArray(), aborted);
        return result;
    }

    // The work is done or refused by now: the caller gets that response even if it cannot be kept for the key.
    private static async Task EndAsync(HttpContext context, Claim claim, Func<DbSession, Task> keep)
    {
        try
        {
            await claim.Database.WriteAsync(
                async session =>
                {
                    await KeptRequests.EndLongAsync(session, claim.Actor, claim.Key, claim.Time.Now());
                    await keep(session);
                    return (true, true);
                },
                CancellationToken.None);
        }
        catch (Exception fault) when (fault is DbException or ProblemException)
        {
            NotKept(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Cchc.Api"), fault, context.Request.Path);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The answer of {Path} could not be kept for its Idempotency-Key")]
    private static partial void NotKept(ILogger log, Exception fault, string path);

    private static async Task<string> HashAsync(HttpContext context)
    {
        var request = context.Request;
        var body = await RequestBody.ReadAllAsync(request, JsonInput.MaxBytes, context.RequestAborted);
        request.Body = new MemoryStream(body);

        // A person who acts for another unit, or in another role, is another caller.
        var caller = context.RequireCaller();
        var asked = $"{request.Method} {request.Path}\n{caller.Role} {caller.UnitId}\n";
        return Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(asked), .. body]));
    }

    /// <summary>A key that this request has, until it ends.</summary>
    private sealed record Claim(Database Database, TimeProvider Time, string Actor, string Key, string Hash);
}
