using System.Net;
using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Keys;

/// <summary>What a new key is to be.</summary>
internal sealed record KeyTerms(
    Role Role, int? UnitId, string? Label = null, DateTimeOffset? ExpiresAt = null, IReadOnlyList<KeyScope>? Scopes = null,
    IReadOnlyList<IPNetwork>? Ranges = null)
{
    public const int MaxGraceHours = 90 * 24;
    public const int MaxYears = 5;

    /// <summary>Why a role cannot be held for a unit, as a code of the catalogue.</summary>
    public static string? FaultOf(Role role, Unit? unit, IEnumerable<Plan> plans) => Holder.Check(role, unit, plans) switch
    {
        HolderFault.NeedsUnit => "key.needsUnit",
        HolderFault.NotReviewingUnit => "key.notReviewingUnit",
        _ => null,
    };
}

/// <summary>A key as it stands, with the secret that was just made; null where the same request was answered before.</summary>
internal sealed record IssuedSecret(ApiKey Key, string? Secret);

/// <summary>
/// Makes, rotates and revokes keys. For an Idempotency-Key only the id of the key is kept: a secret leaves the server once, and whoever
/// lost it rotates the key.
/// </summary>
internal sealed class KeyWriter(Database database, DataVersions versions, TimeProvider time)
{
    public Task<IssuedSecret> CreateAsync(string actor, KeyTerms terms, string? idempotencyKey, CancellationToken cancellation)
    {
        var scopes = terms.Scopes ?? [];
        var ranges = terms.Ranges ?? [];
        var request = $"create\n{terms.Role}\n{terms.UnitId}\n{terms.Label}\n{terms.ExpiresAt:O}\n{string.Join(',', scopes)}\n{string.Join(',', ranges)}";
        return CommitAsync(actor, idempotencyKey, request, async (session, now) =>
        {
            var secret = KeyRing.NewSecret();
            var key = new ApiKey
            {
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)),
                Hash = KeyRing.Hash(secret),
                Role = terms.Role,
                UnitId = terms.UnitId,
                Label = terms.Label,
                CreatedAt = now,
                ExpiresAt = terms.ExpiresAt,
                Scopes = scopes,
                Ranges = ranges,
            };
            await KeyQueries.InsertAsync(session, key);
            key = await FindAsync(session, key.Id);
            Audit.Write(session, now, actor, "key.create", key.Id, null, Shown(key));
            return (key, secret);
        }, cancellation);
    }

    /// <summary>Puts a new secret in force at once; the one before goes on working until the end of grace.</summary>
    public Task<IssuedSecret> RotateAsync(
        string actor, string keyId, TimeSpan grace, string? idempotencyKey, CancellationToken cancellation) =>
        CommitAsync(actor, idempotencyKey, $"rotate\n{keyId}\n{grace}", async (session, now) =>
        {
            var before = await FindAsync(session, keyId);
            if (!before.HoldsAt(now))
            {
                throw new ProblemException("key.state");
            }

            var secret = KeyRing.NewSecret();
            var graceUntil = now + grace;
            await KeyQueries.ReplaceAsync(session, before, KeyRing.Hash(secret), now, graceUntil);
            Audit.Write(session, now, actor, "key.rotate", keyId, null, new { graceUntil });
            return (await FindAsync(session, keyId), secret);
        }, cancellation);

    /// <summary>Ends a key at once; one that has ended stays as it is.</summary>
    public async Task<ApiKey> RevokeAsync(string actor, string keyId, CancellationToken cancellation) =>
        (await CommitAsync(actor, null, "", async (session, now) =>
        {
            var key = await FindAsync(session, keyId);
            if (!await KeyQueries.RevokeAsync(session, keyId, now))
            {
                return (key, null);
            }

            Audit.Write(session, now, actor, "key.revoke", keyId, new { revokedAt = (DateTimeOffset?)null }, new { revokedAt = now });
            return (await FindAsync(session, keyId), null);
        }, cancellation)).Key;

    public Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellation) => database.ReadAsync(KeyQueries.LoadAsync, cancellation);

    private async Task<IssuedSecret> CommitAsync(
        string actor, string? idempotencyKey, string request, Func<DbSession, DateTimeOffset, Task<(ApiKey Key, string? Secret)>> change,
        CancellationToken cancellation)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)));
        var (issued, version) = await database.WriteAsync(
            async session =>
            {
                var version = await DataVersions.RaiseAsync(session, time, DataVersions.Keys);
                var now = version.ChangedAt;
                if (await KeyQueries.OfActorAsync(session, actor) is { } maker && !maker.HoldsAt(now))
                {
                    // It was revoked elsewhere a moment ago, and must not live on in a key of its own making.
                    throw new ProblemException("auth.required");
                }

                if (idempotencyKey is not null
                    && await KeptRequests.BeginAsync(session, actor, idempotencyKey, hash, now) is { } kept)
                {
                    return ((new IssuedSecret(await FindAsync(session, kept.Body), null), (DataVersion?)null), false);
                }

                var (key, secret) = await change(session, now);
                if (idempotencyKey is not null)
                {
                    await KeptRequests.KeepAsync(session, actor, idempotencyKey, "", key.Id, now);
                }

                return ((new IssuedSecret(key, secret), version), true);
            },
            cancellation);
        if (version is not null)
        {
            versions.Observe(version);
        }

        return issued;
    }

    private static async Task<ApiKey> FindAsync(DbSession session, string keyId) =>
        (await KeyQueries.LoadAsync(session)).FirstOrDefault(key => key.Id == keyId) ?? throw new ProblemException("key.unknown", keyId);

    private static object Shown(ApiKey key) => new
    {
        key.Role,
        key.Unit,
        key.ExpiresAt,
        key.Scopes,
        ipRanges = key.Ranges.Select(range => range.ToString()),
    };
}
