using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Http;

namespace Cchc.Api.Data;

/// <summary>Answers kept by caller and Idempotency-Key for a day.</summary>
internal static class KeptRequests
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    // Longer than any request takes, and short enough to wait for where a node went away amid it.
    private static readonly TimeSpan Claimed = TimeSpan.FromMinutes(1);

    private const string Find = """
        SELECT request_hash AS Hash, etag AS ETag, body AS Body, created_at AS CreatedAt
        FROM idempotent_requests WHERE actor = @actor AND idempotency_key = @key
        """;

    private const string Forget = "DELETE FROM idempotent_requests WHERE created_at < @before";

    private const string Keep = """
        INSERT INTO idempotent_requests (actor, idempotency_key, request_hash, etag, body, created_at)
        VALUES (@actor, @key, @hash, @etag, @body, @now)
        """;

    private const string Reclaim = """
        UPDATE request_claims SET claimed_until = @until WHERE actor = @actor AND idempotency_key = @key AND claimed_until < @now
        """;

    private const string Claim = """
        INSERT INTO request_claims (actor, idempotency_key, claimed_until)
        SELECT @actor, @key, @until WHERE NOT EXISTS (SELECT 1 FROM request_claims WHERE actor = @actor AND idempotency_key = @key)
        """;

    private const string Unclaim = "DELETE FROM request_claims WHERE (actor = @actor AND idempotency_key = @key) OR claimed_until < @before";

    /// <summary>Begins what is not done within one transaction; false where the same key has begun it, and not ended it for a while.</summary>
    public static async Task<bool> ClaimAsync(DbSession session, string actor, string key, DateTimeOffset now) =>
        await session.ExecuteAsync(Reclaim, new { actor, key, now, until = now + Claimed }) > 0
        || await session.ExecuteAsync(Claim, new { actor, key, until = now + Claimed }) > 0;

    /// <summary>Ends what was begun, and forgets what others never ended.</summary>
    public static Task<int> UnclaimAsync(DbSession session, string actor, string key, DateTimeOffset now) =>
        session.ExecuteAsync(Unclaim, new { actor, key, before = now - Kept });

    /// <summary>What was answered to a key within a day; null where nothing was.</summary>
    public static async Task<KeptRequest?> FindAsync(DbSession session, string actor, string key, DateTimeOffset now) =>
        await session.SingleAsync<KeptRequest>(Find, new { actor, key }) is { } kept && kept.CreatedAt > now - Kept ? kept : null;

    /// <summary>Does what is asked, or, where this actor asked it with this key within a day, gives back what was answered then.</summary>
    public static async Task<(string Body, string ETag, bool IsRepeated)> OnceAsync(
        DbSession session, string actor, string? key, string request, DateTimeOffset now, Func<Task<(string Body, string ETag)>> act)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)));
        if (key is not null && await FindAsync(session, actor, key, now) is { } kept)
        {
            return kept.Hash == hash ? (kept.Body, kept.ETag, true) : throw new ProblemException("idempotency.reused");
        }

        var (body, etag) = await act();
        if (key is not null)
        {
            await KeepAsync(session, actor, key, hash, etag, body, now);
        }

        return (body, etag, false);
    }

    public static async Task KeepAsync(DbSession session, string actor, string key, string hash, string etag, string body, DateTimeOffset now)
    {
        await session.ExecuteAsync(Forget, new { before = now - Kept });
        await session.ExecuteAsync(Keep, new { actor, key, hash, etag, body, now });
    }
}

internal sealed record KeptRequest
{
    public string Hash { get; init; } = "";
    public string ETag { get; init; } = "";
    public string Body { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
}
