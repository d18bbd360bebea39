using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Domain.Reports;

namespace Cchc.Api.Keys;

/// <summary>API keys: random 256 bits, shown once, kept as a hash.</summary>
public sealed class KeyQueries(Database database, TimeProvider time)
{
    public const string Prefix = "cchc_";

    private const string FindByHash = """
        SELECT key_id AS KeyId, role AS Role, unit_id AS UnitId, label AS Label, created_at AS CreatedAt, expires_at AS ExpiresAt,
            revoked_at AS RevokedAt
        FROM api_keys WHERE hash = @hash
        """;

    private const string SelectAll = """
        SELECT api_keys.key_id AS KeyId, api_keys.role AS Role, api_keys.unit_id AS UnitId, units.code AS Unit, api_keys.label AS Label,
            api_keys.created_at AS CreatedAt, api_keys.expires_at AS ExpiresAt, api_keys.revoked_at AS RevokedAt
        FROM api_keys LEFT JOIN units ON units.unit_id = api_keys.unit_id
        ORDER BY api_keys.created_at, api_keys.key_id
        """;

    private const string Insert = """
        INSERT INTO api_keys (key_id, hash, role, unit_id, label, created_at, expires_at, revoked_at)
        VALUES (@keyId, @hash, @role, @unitId, @label, @createdAt, @expiresAt, NULL)
        """;

    private const string Revoke = "UPDATE api_keys SET revoked_at = @now WHERE key_id = @keyId AND revoked_at IS NULL";

    /// <summary>Who holds a key; null where it is unknown, expired or revoked.</summary>
    public async Task<Caller?> FindAsync(string key, CancellationToken cancellation)
    {
        var hash = Hash(key);
        var row = await database.ReadAsync(session => session.SingleAsync<ApiKey>(FindByHash, new { hash }), cancellation);
        return row is null || row.RevokedAt is not null || row.ExpiresAt <= time.GetUtcNow()
            ? null
            : new Caller($"key:{row.KeyId}", row.Role, row.UnitId);
    }

    public Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellation) =>
        database.ReadAsync(session => session.QueryAsync<ApiKey>(SelectAll), cancellation);

    /// <returns>The key itself, which cannot be had again.</returns>
    public Task<string> CreateAsync(Role role, int? unitId, string? label, DateTimeOffset? expiresAt, CancellationToken cancellation) =>
        database.WriteAsync(
            async session =>
            {
                var key = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
                var keyId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
                var now = time.Now();
                await session.ExecuteAsync(Insert, new
                {
                    keyId,
                    hash = Hash(key),
                    role = Http.Words.Of(role),
                    unitId,
                    label,
                    createdAt = now,
                    expiresAt,
                });
                Audit.Write(session, now, "cli", "key.create", keyId, null, new { role, unitId, expiresAt });
                return (key, true);
            },
            cancellation);

    public Task<bool> RevokeAsync(string keyId, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            var now = time.Now();
            var revoked = await session.ExecuteAsync(Revoke, new { keyId, now }) > 0;
            Audit.Write(session, now, "cli", "key.revoke", keyId, null, new { revokedAt = now });
            return (revoked, revoked);
        },
        cancellation);

    // 256 random bits need no slow hash, and looking them up by their hash gives nothing away in time.
    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}

public sealed record ApiKey
{
    public string KeyId { get; init; } = "";
    public Role Role { get; init; }
    public int? UnitId { get; init; }
    public string? Unit { get; init; }
    public string? Label { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
}
