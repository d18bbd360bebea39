using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Http;

namespace Cchc.Api.Data;

/// <summary>
/// Answers kept by caller and Idempotency-Key for a day. A key is always claimed before it is looked up: what the claim waited for is then
/// committed, so that two requests with one key never both find nothing.
/// </summary>
internal static class KeptRequests
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    // Longer than any request takes, and short enough to wait for when a node stopped in the middle of one.
    private static readonly TimeSpan Claimed = TimeSpan.FromMinutes(1);

    private const string Find = """
        SELECT request_hash AS Hash, etag AS ETag, body AS Body, created_at AS CreatedAt
        FROM idempotent_requests WHERE actor = @actor AND idempotency_key = @key
        """;

    private const string Forget = "DELETE FROM idempotent_requests WHERE created_at <= @before";

    private const string Lock = "UPDATE idempotent_requests SET etag = etag WHERE actor = @actor AND idempotency_key = @key";

    private const string Begin = """
        INSERT INTO idempotent_requests (actor, idempotency_key, request_hash, etag, body, created_at)
        VALUES (@actor, @key, @hash, '', '', @now)
        """;

    private const string Restart = """
        UPDATE idempotent_requests SET request_hash = @hash, etag = '', body = '', created_at = @now
        WHERE actor = @actor AND idempotency_key = @key
        """;

    private const string Keep = "UPDATE idempotent_requests SET etag = @etag, body = @body WHERE actor = @actor AND idempotency_key = @key";

    private const string Reclaim = """
        UPDATE request_claims SET claimed_until = @until WHERE actor = @actor AND idempotency_key = @key AND claimed_until < @now
        """;

    private const string Claim = """
        INSERT INTO request_claims (actor, idempotency_key, claimed_until)
        SELECT @actor, @key, @until WHERE NOT EXISTS (SELECT 1 FROM request_claims WHERE actor = @actor AND idempotency_key = @key)
        """;

    private const string Unclaim = "DELETE FROM request_claims WHERE (actor = @actor AND idempotency_key = @key) OR claimed_until < @before";

    /// <summary>
    /// Claims a key for work that takes several transactions, and looks it up. <c>IsOurs</c> is true where the work may begin; false with
    /// no answer where another request with the same key is in progress.
    /// </summary>
    public static async Task<(KeptRequest? Kept, bool IsOurs)> BeginLongAsync(
        DbSession session, string actor, string key, string hash, DateTimeOffset now)
    {
        var isOurs = await session.ExecuteAsync(Reclaim, new { actor, key, now, until = now + Claimed }) > 0
            || await session.ExecuteAsync(Claim, new { actor, key, until = now + Claimed }) > 0;
        var kept = await FindAsync(session, actor, key, hash, now);
        return (kept, isOurs && kept is null);
    }

    /// <summary>Gives back the claim of work that takes several transactions, and removes the claims of nodes that stopped.</summary>
    public static Task<int> EndLongAsync(DbSession session, string actor, string key, DateTimeOffset now) =>
        session.ExecuteAsync(Unclaim, new { actor, key, before = now - Kept });

    /// <summary>
    /// Claims a key within the transaction that does the work: a second request with it waits for the end of this transaction. Gives what was
    /// answered within a day; null where the work is to be done now, after which <see cref="KeepAsync"/> stores its answer.
    /// </summary>
    /// <exception cref="ProblemException">422 where the key was used for another request.</exception>
    public static async Task<KeptRequest?> BeginAsync(DbSession session, string actor, string key, string hash, DateTimeOffset now)
    {
        if (await session.ExecuteAsync(Lock, new { actor, key }) == 0)
        {
            await session.ExecuteAsync(Begin, new { actor, key, hash, now });
            return null;
        }

        var kept = await FindAsync(session, actor, key, hash, now);
        if (kept is null)
        {
            await session.ExecuteAsync(Restart, new { actor, key, hash, now });
        }

        return kept;
    }

    /// <summary>Does the work, or gives back what the same request with this key was answered within a day.</summary>
    public static async Task<(string Body, string ETag, bool IsRepeated)> OnceAsync(
        DbSession session, string actor, string? key, string request, DateTimeOffset now, Func<Task<(string Body, string ETag)>> act)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)));
        if (key is not null && await BeginAsync(session, actor, key, hash, now) is { } kept)
        {
            return (kept.Body, kept.ETag, true);
        }

        var (body, etag) = await act();
        if (key is not null)
        {
            await KeepAsync(session, actor, key, etag, body, now);
        }

        return (body, etag, false);
    }

    /// <summary>Stores the answer of a key that this transaction has claimed, and removes those that are a day old.</summary>
    public static async Task KeepAsync(DbSession session, string actor, string key, string etag, string body, DateTimeOffset now)
    {
        await session.ExecuteAsync(Forget, new { before = now - Kept });
        await session.ExecuteAsync(Keep, new { actor, key, etag, body });
    }

    private static async Task<KeptRequest?> FindAsync(DbSession session, string actor, string key, string hash, DateTimeOffset now)
    {
        var kept = await session.SingleAsync<KeptRequest>(Find, new { actor, key });
        return kept is null || kept.CreatedAt <= now - Kept ? null
            : kept.Hash == hash ? kept : throw new ProblemException("idempotency.reused");
    }
}

internal sealed record KeptRequest
{
    public string Hash { get; init; } = "";
    public string ETag { get; init; } = "";
    public string Body { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
}
