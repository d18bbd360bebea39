using System.Net;
using Cchc.Api.Data;
using Cchc.Domain.Reports;

namespace Cchc.Api.Keys;

/// <summary>An API key as it is kept: never the secret, only its hash.</summary>
internal sealed record ApiKey
{
    public string Id { get; init; } = "";
    public string Hash { get; init; } = "";
    public Role Role { get; init; }
    public int? UnitId { get; init; }
    public string? Unit { get; init; }
    public string? Label { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public DateTimeOffset? LastUsedAt { get; init; }
    public IReadOnlyList<KeyScope> Scopes { get; init; } = [];
    public IReadOnlyList<IPNetwork> Ranges { get; init; } = [];

    /// <summary>The secrets that were replaced, the latest last.</summary>
    public IReadOnlyList<FormerSecret> Former { get; init; } = [];

    /// <summary>When the secret that was shown ends: with its key, or with the grace of a replaced secret. Null: it does not end.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>The name under which the key acts, in the audit log and beside what it sent.</summary>
    public string Actor => KeyQueries.ActorPrefix + Id;

    public bool HoldsAt(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    public bool MayUse(NeededScope needed) => Scopes.Count == 0 || needed.AnyOf.Any(Scopes.Contains);

    /// <summary>Whether the holder of this key may make a key on these terms, or get its secret by rotating it.</summary>
    public bool MayGive(KeyTerms terms) =>
        (Role == Role.Administrator || Role == terms.Role)
        && (Scopes.Count == 0 || (terms.Scopes is { Count: > 0 } scopes && scopes.All(Scopes.Contains)))
        && (Ranges.Count == 0 || (terms.Ranges is { Count: > 0 } ranges
            && ranges.All(given => Ranges.Any(own => AddressRange.Includes(own, given)))))
        && (EndsAt is null || terms.ExpiresAt <= EndsAt);
}

/// <summary>A secret that was replaced, and goes on working until its end.</summary>
internal sealed record FormerSecret
{
    public string KeyId { get; init; } = "";
    public string Hash { get; init; } = "";
    public DateTimeOffset ReplacedAt { get; init; }
    public DateTimeOffset EndsAt { get; init; }
}

internal static class KeyQueries
{
    public const string ActorPrefix = "key:";

    private const string SelectKeys = """
        SELECT api_keys.key_id AS Id, api_keys.hash AS Hash, api_keys.role AS Role, api_keys.unit_id AS UnitId, units.code AS Unit,
            api_keys.label AS Label, api_keys.created_at AS CreatedAt, api_keys.expires_at AS ExpiresAt, api_keys.revoked_at AS RevokedAt,
            api_key_uses.last_used_at AS LastUsedAt
        FROM api_keys LEFT JOIN units ON units.unit_id = api_keys.unit_id LEFT JOIN api_key_uses ON api_key_uses.key_id = api_keys.key_id
        ORDER BY api_keys.created_at, api_keys.key_id
        """;

    private const string SelectScopes = "SELECT key_id AS KeyId, scope AS Value FROM api_key_scopes ORDER BY key_id, scope";
    private const string SelectRanges = "SELECT key_id AS KeyId, network AS Value FROM api_key_ranges ORDER BY key_id, network";
    private const string SelectFormer = """
        SELECT key_id AS KeyId, hash AS Hash, replaced_at AS ReplacedAt, ends_at AS EndsAt FROM api_key_former_secrets ORDER BY replaced_at, hash
        """;

    private const string Insert = """
        INSERT INTO api_keys (key_id, hash, role, unit_id, label, created_at, expires_at, revoked_at)
        VALUES (@Id, @Hash, @role, @UnitId, @Label, @CreatedAt, @ExpiresAt, NULL)
        """;

    private const string InsertScope = "INSERT INTO api_key_scopes (key_id, scope) VALUES (@keyId, @scope)";
    private const string InsertRange = "INSERT INTO api_key_ranges (key_id, network) VALUES (@keyId, @network)";
    private const string Replace = "UPDATE api_keys SET hash = @hash WHERE key_id = @keyId";
    private const string Shorten = "UPDATE api_key_former_secrets SET ends_at = @endsAt WHERE key_id = @keyId AND ends_at > @endsAt";
    private const string Retire = """
        INSERT INTO api_key_former_secrets (hash, key_id, replaced_at, ends_at) VALUES (@hash, @keyId, @now, @endsAt)
        """;

    private const string Revoke = "UPDATE api_keys SET revoked_at = @now WHERE key_id = @keyId AND revoked_at IS NULL";
    private const string NoteUse = "UPDATE api_key_uses SET last_used_at = @at WHERE key_id = @keyId AND last_used_at < @at";
    private const string NoteFirstUse = """
        INSERT INTO api_key_uses (key_id, last_used_at)
        SELECT key_id, @at FROM api_keys WHERE key_id = @keyId
            AND NOT EXISTS (SELECT 1 FROM api_key_uses WHERE api_key_uses.key_id = api_keys.key_id)
        """;

    /// <summary>Every key there ever was, the oldest first.</summary>
    public static async Task<IReadOnlyList<ApiKey>> LoadAsync(DbSession session)
    {
        var scopes = (await session.QueryAsync<WordRow>(SelectScopes)).ToLookup(row => row.KeyId, row => Http.Words.Parse<KeyScope>(row.Value)!.Value);
        var ranges = (await session.QueryAsync<WordRow>(SelectRanges)).ToLookup(row => row.KeyId, row => IPNetwork.Parse(row.Value));
        var former = (await session.QueryAsync<FormerSecret>(SelectFormer)).ToLookup(row => row.KeyId);
        return [.. (await session.QueryAsync<ApiKey>(SelectKeys)).Select(key => key with
        {
            Scopes = [.. scopes[key.Id].Order()],
            Ranges = [.. ranges[key.Id]],
            Former = [.. former[key.Id]],
        })];
    }

    /// <summary>The key that acts under a name; null where it is a person's, or the command line's.</summary>
    public static async Task<ApiKey?> OfActorAsync(DbSession session, string actor) =>
        actor.StartsWith(ActorPrefix, StringComparison.Ordinal) ? (await LoadAsync(session)).First(key => key.Actor == actor) : null;

    public static async Task InsertAsync(DbSession session, ApiKey key)
    {
        await session.ExecuteAsync(Insert, new
        {
            key.Id,
            key.Hash,
            role = Http.Words.Of(key.Role),
            key.UnitId,
            key.Label,
            key.CreatedAt,
            key.ExpiresAt,
        });
        await session.ExecuteAsync(InsertScope, key.Scopes.Select(scope => new { keyId = key.Id, scope = Http.Words.Of(scope) }).ToList());
        await session.ExecuteAsync(InsertRange, key.Ranges.Select(range => new { keyId = key.Id, network = range.ToString() }).ToList());
    }

    /// <summary>Puts a new secret in force; neither the one it replaces nor any before works beyond the end of grace.</summary>
    public static async Task ReplaceAsync(DbSession session, ApiKey key, string hash, DateTimeOffset now, DateTimeOffset endsAt)
    {
        // What has ended stays as it was.
        await session.ExecuteAsync(Shorten, new { keyId = key.Id, endsAt });
        await session.ExecuteAsync(Retire, new { keyId = key.Id, hash = key.Hash, now, endsAt });
        await session.ExecuteAsync(Replace, new { keyId = key.Id, hash });
    }

    public static async Task<bool> RevokeAsync(DbSession session, string keyId, DateTimeOffset now) =>
        await session.ExecuteAsync(Revoke, new { keyId, now }) > 0;

    public static async Task NoteUseAsync(DbSession session, string keyId, DateTimeOffset at)
    {
        if (await session.ExecuteAsync(NoteUse, new { keyId, at }) == 0)
        {
            await session.ExecuteAsync(NoteFirstUse, new { keyId, at });
        }
    }

    private sealed record WordRow
    {
        public string KeyId { get; init; } = "";
        public string Value { get; init; } = "";
    }
}
