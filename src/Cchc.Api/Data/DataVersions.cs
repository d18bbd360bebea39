using System.Collections.Concurrent;

namespace Cchc.Api.Data;

/// <summary>The number that every write of a plan raises, and the moment it last rose.</summary>
public sealed record DataVersion
{
    public required string Scope { get; init; }
    public required long Version { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }
}

/// <summary>
/// Watches the data versions. A write on this node is seen at once; one on another node as soon as the versions are read again, which
/// is half a second later at the most.
/// </summary>
public sealed class DataVersions(Database database, Secondary secondary, TimeProvider time) : IDisposable
{
    /// <summary>The scope of the units and of every plan's definition, beside one for each plan's code.</summary>
    public const string Catalogue = "catalogue";

    private const string Select = "SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions";
    private const string Raise = "UPDATE data_versions SET version = version + 1, changed_at = @now WHERE scope = @scope";
    private const string Begin = "INSERT INTO data_versions (scope, version, changed_at) VALUES (@scope, 1, @now)";
    private const string Remember = "INSERT INTO data_version_history (scope, version, changed_at) VALUES (@Scope, @Version, @ChangedAt)";
    private const string SelectAsOf = """
        SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_version_history
        WHERE scope = @scope AND version =
            (SELECT MAX(version) FROM data_version_history WHERE scope = @scope AND changed_at <= @asOf)
        """;

    private const string SelectOne =
        "SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions WHERE scope = @scope";

    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, DataVersion> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1);
    private long _readAt;
    private long _epoch;

    /// <summary>Raises a scope's version. Called first in a write, it also makes writers of the scope wait for each other.</summary>
    public static async Task<DataVersion> RaiseAsync(DbSession session, string scope, DateTimeOffset now)
    {
        if (await session.ExecuteAsync(Raise, new { scope, now }) == 0)
        {
            await session.ExecuteAsync(Begin, new { scope, now });
        }

        var raised = (await session.SingleAsync<DataVersion>(SelectOne, new { scope }))!;
        await session.ExecuteAsync(Remember, raised);
        session.Raised[scope] = raised.Version;
        return raised;
    }

    /// <summary>The version that a scope had at an instant; null before it had any.</summary>
    public static async Task<DataVersion?> AsOfAsync(DbSession session, string scope, DateTimeOffset asOf) =>
        await session.SingleAsync<DataVersion>(SelectAsOf, new { scope, asOf });

    /// <summary>Pins a reading transaction to a scope's version.</summary>
    public static async Task<DataVersion?> PinAsync(DbSession session, string scope) =>
        await session.SingleAsync<DataVersion>(SelectOne, new { scope });

    /// <summary>
    /// Reads within one transaction that is pinned to a scope's version, which is none older than this node knows: on the secondary where
    /// there is one that has come as far, else on the primary, which alone is watched.
    /// </summary>
    /// <param name="scope">What the version is of.</param>
    /// <param name="read">What is read; it may be begun twice.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="isOfPast">Whether it asks what was known at an instant, of which the primary alone has heard all.</param>
    public async Task<T> ReadAsync<T>(
        string scope, Func<DbSession, DataVersion?, Task<T>> read, CancellationToken cancellation, bool isOfPast = false)
    {
        var (isAnswered, result) = isOfPast ? default : await secondary.TryReadAsync(scope, _known.GetValueOrDefault(scope)?.Version ?? 0, read, cancellation);
        return isAnswered ? result! : await database.ReadAsync(
            async session => await read(session, await PinAsync(session, scope)), cancellation);
    }

    /// <summary>A scope's version, no older than half a second; null where there is no such scope.</summary>
    public async ValueTask<DataVersion?> CurrentAsync(string scope, CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
        return _known.GetValueOrDefault(scope);
    }

    /// <summary>How often this node has seen any version rise, no older than half a second.</summary>
    public async ValueTask<long> EpochAsync(CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
        return Interlocked.Read(ref _epoch);
    }

    /// <summary>Takes note of a version; an older one than is known changes nothing.</summary>
    public void Observe(DataVersion version)
    {
        var known = _known.GetValueOrDefault(version.Scope);
        while (known is null || known.Version < version.Version)
        {
            if (known is null ? _known.TryAdd(version.Scope, version) : _known.TryUpdate(version.Scope, version, known))
            {
                Interlocked.Increment(ref _epoch);
                return;
            }

            known = _known.GetValueOrDefault(version.Scope);
        }
    }

    /// <summary>The versions as this node knows them.</summary>
    public IEnumerable<DataVersion> Known => _known.Values;

    /// <summary>How long ago the versions were read.</summary>
    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _readAt));

    public void Dispose() => _gate.Dispose();

    private bool IsFresh => Volatile.Read(ref _readAt) is not 0 and var readAt && time.GetElapsedTime(readAt) < Freshness;

    private async ValueTask RefreshAsync(CancellationToken cancellation)
    {
        if (!IsFresh)
        {
            await _gate.WaitAsync(cancellation);
            try
            {
                if (!IsFresh)
                {
                    var readAt = time.GetTimestamp();
                    foreach (var version in await database.ReadAsync(session => session.QueryAsync<DataVersion>(Select), cancellation))
                    {
                        Observe(version);
                    }

                    Volatile.Write(ref _readAt, readAt);
                }
            }
            finally
            {
                _gate.Release();
            }
        }
    }
}
