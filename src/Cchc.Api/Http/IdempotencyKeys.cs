using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Keys;

namespace Cchc.Api.Http;

/// <summary>The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header).</summary>
internal static class IdempotencyKeys
{
    public static readonly Parameter Parameter =
        new("Idempotency-Key", "Repeating the request with the same key within 24 hours does nothing twice", "6f1c2e", Header: true);

    /// <summary>The key; null where none is given.</summary>
    /// <exception cref="ProblemException">400 where it is too long or not ASCII.</exception>
    public static string? Of(HttpRequest request)
    {
        var key = request.Headers["Idempotency-Key"].ToString();
        return key.Length > 255 || key.Any(c => c is < ' ' or > '~') ? throw new ProblemException("idempotency.invalid")
            : key.Length == 0 ? null : key;
    }

    /// <summary>
    /// Keeps what an operation answered, and answers it again; while it is under way, on whatever node, the same key gets 409. For operations
    /// that of themselves refuse to be done twice: the answer is kept after the write, not with it.
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
        var (kept, isOurs) = await database.WriteAsync<(KeptRequest?, bool)>(
            async session => await KeptRequests.FindAsync(session, caller.Actor, key, time.Now()) is { } found
                ? ((found, false), false) : ((null, await KeptRequests.ClaimAsync(session, caller.Actor, key, time.Now())), true),
            context.RequestAborted);
        if (kept is not null)
        {
            await Answers.WriteUncachedTextAsync(
                context, kept.Hash == hash ? kept.Body : throw new ProblemException("idempotency.reused"));
            return Results.Empty;
        }

        if (!isOurs)
        {
            context.Response.Headers.RetryAfter = "1";
            throw new ProblemException("idempotency.busy");
        }

        var body = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        var isDone = false;
        try
        {
            var result = await next(invocation);
            isDone = true;
            await EndAsync(KeptRequests.KeepAsync);
            await body.WriteAsync(buffer.ToArray(), context.RequestAborted);
            return result;
        }
        catch when (!isDone)
        {
            await EndAsync((_, _, _, _, _, _, _) => Task.CompletedTask);
            throw;
        }
        finally
        {
            context.Response.Body = body;
        }

        Task EndAsync(Func<DbSession, string, string, string, string, string, DateTimeOffset, Task> keep) => database.WriteAsync(
            async session =>
            {
                await KeptRequests.UnclaimAsync(session, caller.Actor, key, time.Now());
                await keep(session, caller.Actor, key, hash, context.Response.Headers.ETag.ToString(), Encoding.UTF8.GetString(buffer.ToArray()), time.Now());
                return (true, true);
            },
            CancellationToken.None);
    }

    private static async Task<string> HashAsync(HttpContext context)
    {
        var request = context.Request;
        using var document = new MemoryStream();
        request.EnableBuffering(bufferThreshold: JsonInput.MaxBytes, bufferLimit: JsonInput.MaxBytes + 1);
        try
        {
            await request.Body.CopyToAsync(document, context.RequestAborted);
        }
        catch (IOException)
        {
            throw new ProblemException("request.tooLarge", JsonInput.MaxBytes);
        }

        request.Body.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"), .. document.ToArray()]));
    }
}
