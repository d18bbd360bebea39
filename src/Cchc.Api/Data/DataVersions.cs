using System.Collections.Concurrent;

namespace Cchc.Api.Data;

/// <summary>The number that every write of a plan raises, and the moment it last rose.</summary>
public sealed record DataVersion
{
    public required string Scope { get; init; }
    public required long Version { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }
}

/// <summary>Since when what this node knows may have been overtaken, since it cannot ask.</summary>
public sealed record Staleness(DateTimeOffset Since)
{
    /// <summary>What tells a version that may be overtaken from the same one while it was not.</summary>
    public string Mark => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"-stale{Since.ToUnixTimeMilliseconds()}");
}

/// <summary>
/// Watches the data versions. A write on this node is seen at once; one on another node as soon as the versions are read again, which
/// is half a second later at the most. While the database is away, what was known last goes on, marked as such: one look at a time asks for it,
/// and nobody waits for that look.
/// </summary>
public sealed partial class DataVersions(Database database, Secondary secondary, TimeProvider time, ILogger<DataVersions> log)
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

    // How long a request waits for a look, by the real clock, before it goes on with what was known.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, DataVersion> _known = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private volatile Staleness? _stale;
    private Task _look = Task.CompletedTask;
    private DateTimeOffset _knownAt;
    private long _askedAt;
    private long _readAt;
    private long _epoch;

    /// <summary>Since when the database cannot be asked; null while it can.</summary>
    public Staleness? Stale => _stale;

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

    /// <summary>Lets only those go on who may rely on what is known: a write, above all.</summary>
    /// <exception cref="DatabaseAwayException">The database is away still.</exception>
    public async Task RequireFreshAsync(CancellationToken cancellation)
    {
        if (_stale is not null)
        {
            await WaitAsync(Look(TimeSpan.Zero), cancellation);
        }
    }

    /// <summary>Reads something anew, or gives back the last of it while the database is away.</summary>
    public async ValueTask<T> OrLastAsync<T>(Func<Task<T>> read, bool hasLast, T last, CancellationToken cancellation)
    {
        if (hasLast && _stale is not null)
        {
            return last;
        }

        return hasLast ? await WhileItIsThereAsync(Task.Run(read), last, cancellation) : await read();
    }

    /// <summary>Waits for something that is being read, unless the database turns out to be away meanwhile: then the last of it goes on.</summary>
    public async Task<T> WhileItIsThereAsync<T>(Task<T> reading, T last, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await reading.WaitAsync(Freshness, cancellation);
            }
            catch (DatabaseAwayException)
            {
                MarkStale();
                return last;
            }
            catch (TimeoutException)
            {
                // It may only be slow: whether it is away, a look of its own tells.
                await RefreshAsync(cancellation);
                if (_stale is not null)
                {
                    return last;
                }
            }
        }
    }

    /// <summary>Notes that the database is away.</summary>
    public void MarkStale()
    {
        lock (_gate)
        {
            if (_stale is null && _knownAt != default)
            {
                _stale = new Staleness(_knownAt);
                Gone(log, _knownAt);
            }
        }
    }

    private bool IsFresh => Volatile.Read(ref _readAt) is not 0 and var readAt && time.GetElapsedTime(readAt) < Freshness;

    private ValueTask RefreshAsync(CancellationToken cancellation) => IsFresh ? default : new ValueTask(RefreshNowAsync(cancellation));

    private async Task RefreshNowAsync(CancellationToken cancellation)
    {
        var look = Look(_stale is null ? TimeSpan.Zero : Freshness);
        if (_stale is not null)
        {
            return;
        }

        try
        {
            await WaitAsync(look, cancellation);
        }
        catch (DatabaseAwayException) when (_knownAt != default)
        {
            MarkStale();
        }
    }

    private static async Task WaitAsync(Task look, CancellationToken cancellation)
    {
        try
        {
            await look.WaitAsync(Patience, cancellation);
        }
        catch (TimeoutException fault)
        {
            throw new DatabaseAwayException("The database does not answer.", fault);
        }
    }

    // The look that is under way, or a new one unless the last began just now. The embedded engine would keep the caller's thread.
    private Task Look(TimeSpan pause)
    {
        lock (_gate)
        {
            if (_look.IsCompleted && (_askedAt == 0 || time.GetElapsedTime(_askedAt) >= pause))
            {
                _askedAt = time.GetTimestamp();
                _look = Task.Run(ReadAllAsync);
            }

            return _look;
        }
    }

    private async Task ReadAllAsync()
    {
        var (readAt, knownAt) = (time.GetTimestamp(), time.Now());
        foreach (var version in await database.ReadAsync(session => session.QueryAsync<DataVersion>(Select), CancellationToken.None, Pace.Watch))
        {
            Observe(version);
        }

        lock (_gate)
        {
            if (_stale is { } stale)
            {
                Back(log, stale.Since);
            }

            (_knownAt, _stale) = (knownAt, null);
            Volatile.Write(ref _readAt, readAt);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The database is away: reads go on from what was known at {Since}")]
    private static partial void Gone(ILogger log, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is back: what was known at {Since} is read anew")]
    private static partial void Back(ILogger log, DateTimeOffset since);
}
