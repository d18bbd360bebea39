using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;

namespace Cchc.Api.Keys;

/// <summary>
/// Every key in memory, read again when the version of the keys has risen. A known key costs no statement; a revocation takes effect on
/// this node at once and on the others within half a second. An unknown key is looked up before it is refused, so that a key made on
/// another node or by the command line works at once. One look serves all callers who wait for it.
/// </summary>
internal sealed class KeyRing(Database database, DataVersions versions, TimeProvider time) : IDisposable
{
    public const string Prefix = "cchc_";

    private const int SecretLength = 69;

    private readonly SemaphoreSlim _turn = new(1);
    private volatile Ring? _current;
    private long _asked;
    private long _served;

    // While the database is away, a key that was good when it went is good for as long.
    private static readonly TimeSpan Trust = TimeSpan.FromMinutes(15);

    /// <returns>A secret of 256 random bits.</returns>
    public static string NewSecret() => Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    // 256 random bits need no slow hash.
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Whose secret it is; null where it is unknown, replaced, expired or revoked.</summary>
    /// <param name="secret">The secret as the caller shows it.</param>
    /// <param name="looksUp">Whether a secret that is unknown here is looked up in the database.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="DatabaseAwayException">The database is away, and the key unknown here or not asked for for too long.</exception>
    public async ValueTask<ApiKey?> FindAsync(string secret, bool looksUp, CancellationToken cancellation)
    {
        if (secret.Length != SecretLength)
        {
            return null;
        }

        // How long the search takes tells of a hash, from which nothing leads back to a secret; the comparison tells nothing at all.
        var hash = Hash(secret);
        var now = time.GetUtcNow();
        var ring = await CurrentAsync(cancellation);
        if (versions.Stale is { } stale && (!ring.ByHash.ContainsKey(hash) || now - stale.Since > Trust))
        {
            // It may have been made since, or revoked.
            await versions.RequireFreshAsync(cancellation);
            ring = await CurrentAsync(cancellation);
        }

        if (looksUp && !ring.ByHash.ContainsKey(hash))
        {
            ring = await LookUpAsync(cancellation);
        }

        return ring.ByHash.TryGetValue(hash, out var held)
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(held.Hash), Encoding.ASCII.GetBytes(hash))
            && held.Key.HoldsAt(now) && !(held.Key.EndsAt <= now) ? held.Key : null;
    }

    public void Dispose() => _turn.Dispose();

    // A look serves every request that asked before it began.
    private async Task<Ring> LookUpAsync(CancellationToken cancellation)
    {
        var mine = Interlocked.Increment(ref _asked);
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_served < mine)
            {
                var served = Interlocked.Read(ref _asked);
                var version = await database.ReadAsync(session => DataVersions.PinAsync(session, DataVersions.Keys), cancellation);
                var generation = versions.Generation;
                if (_current is not { } current || current.Generation != generation || current.Version != (version?.Version ?? 0))
                {
                    _current = await LoadAsync(generation, cancellation);
                }

                _served = served;
            }

            return _current!;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<Ring> CurrentAsync(CancellationToken cancellation)
    {
        // Before the first change there is no version.
        var version = (await versions.CurrentAsync(DataVersions.Keys, cancellation))?.Version ?? 0;
        var generation = versions.Generation;
        return _current is { } current && current.Generation == generation && current.Version >= version ? current
            : _current = await LoadAsync(generation, cancellation);
    }

    private Task<Ring> LoadAsync(long generation, CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            var version = await DataVersions.PinAsync(session, DataVersions.Keys);
            var keys = await KeyQueries.LoadAsync(session);
            return new Ring(generation, version?.Version ?? 0, keys
                .SelectMany(key => key.Former
                    .Select(former => new Held(
                        former.Hash, key with { EndsAt = key.ExpiresAt < former.EndsAt ? key.ExpiresAt : former.EndsAt }))
                    .Append(new Held(key.Hash, key with { EndsAt = key.ExpiresAt })))
                .ToFrozenDictionary(held => held.Hash, StringComparer.Ordinal));
        },
        cancellation);

    private sealed record Held(string Hash, ApiKey Key);

    private sealed record Ring(long Generation, long Version, FrozenDictionary<string, Held> ByHash);
}
