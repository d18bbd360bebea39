using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cchc.Api.Http;

namespace Cchc.Api.Data;

/// <summary>The number that every write of a plan raises, and the moment it last rose.</summary>
public sealed record DataVersion
{
    public required string Scope { get; init; }
    public required long Version { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>What tells it from another version of the same number, which comes after a failover that lost commits.</summary>
    public string Mark =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Version}-{ChangedAt.ToUnixTimeMilliseconds():x}");
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
public sealed partial class DataVersions(
    Database database, Secondary secondary, IMeterFactory meters, TimeProvider time, ILogger<DataVersions> log)
{
    /// <summary>The scope of the units and of every plan's definition, beside one for each plan (<see cref="ScopeOf"/>).</summary>
    public const string Catalogue = "catalogue";

    /// <summary>The scope that every change of an API key raises.</summary>
    public const string Keys = "keys";

    private const string Select = "SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions";
    private const string Raise = "UPDATE data_versions SET version = version + 1 WHERE scope = @scope";
    private const string Stamp = "UPDATE data_versions SET changed_at = @now WHERE scope = @scope";
    private const string Hold = "UPDATE data_versions SET version = version WHERE scope = @scope";
    private const string Begin = "INSERT INTO data_versions (scope, version, changed_at) VALUES (@scope, 1, @now)";
    private const string Remember = "INSERT INTO data_version_history (scope, version, changed_at) VALUES (@Scope, @Version, @ChangedAt)";
    private const string SelectAsOf = """
        SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_version_history
        WHERE scope = @scope AND version =
            (SELECT MAX(version) FROM data_version_history WHERE scope = @scope AND changed_at <= @asOf)
        """;

    private const string SelectOne =
        "SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_versions WHERE scope = @scope";

    private const string SelectPast = """
        SELECT scope AS Scope, version AS Version, changed_at AS ChangedAt FROM data_version_history
        WHERE scope = @scope AND version = @version
        """;

    private const string SelectStamps = """
        SELECT data_versions.changed_at AS ChangedAt, settled_instants.settled_at AS SettledAt
        FROM data_versions
        LEFT JOIN settled_instants ON settled_instants.scope = data_versions.scope
        WHERE data_versions.scope = @scope
        """;

    private const string Settle = """
        UPDATE settled_instants SET settled_at = CASE WHEN settled_at < @until THEN @until ELSE settled_at END WHERE scope = @scope
        """;

    private const string BeginSettled = "INSERT INTO settled_instants (scope, settled_at) VALUES (@scope, @until)";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(500);

    // How long a request waits for a look, by the real clock, before it goes on with what was known.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, DataVersion> _known = new(StringComparer.Ordinal);

    // By scope, the instant up to which no write of it is open or still to come.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _settled = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task>> _settling = new(StringComparer.Ordinal);

    private readonly Counter<long> _rollbacks = meters.Create("Cchc.Api").CreateCounter<long>(
        "cchc.data.rollbacks", description: "How often data versions were found to have gone back, as after a failover or a restore.");

    private readonly Lock _gate = new();
    private volatile Staleness? _stale;
    private Task _look = Task.CompletedTask;
    private DateTimeOffset _knownAt;
    private long _askedAt;
    private long _readAt;
    private long _epoch;
    private long _generation;

    /// <summary>Since when the database cannot be asked; null while it can.</summary>
    public Staleness? Stale => _stale;

    /// <summary>The scope of a plan: its code, unless that is the name of another scope. No code has a slash.</summary>
    public static string ScopeOf(string planCode) => planCode is Catalogue or Keys ? $"plan/{planCode}" : planCode;

    /// <summary>Raises a scope's version. Called first in a write, it also makes writers of the scope wait for each other.</summary>
    /// <param name="session">The write.</param>
    /// <param name="time">The clock.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="notBefore">The earliest instant that the write may have.</param>
    /// <returns>The version. Its instant is that of the write.</returns>
    public static async Task<DataVersion> RaiseAsync(
        DbSession session, TimeProvider time, string scope, DateTimeOffset notBefore = default) =>
        (await RaiseAllAsync(session, time, [scope], notBefore))[0];

    /// <summary>
    /// Raises the versions of several scopes, which wait for writers in the order given. Their common instant is taken once all are
    /// locked: it is none before that of an earlier version, and after every instant that was asked about.
    /// </summary>
    public static async Task<IReadOnlyList<DataVersion>> RaiseAllAsync(
        DbSession session, TimeProvider time, IReadOnlyList<string> scopes, DateTimeOffset notBefore = default)
    {
        var now = notBefore;
        foreach (var scope in scopes)
        {
            if (await session.ExecuteAsync(Raise, new { scope }) == 0)
            {
                await session.ExecuteAsync(Begin, new { scope, now = time.Now() });
            }

            now = Later(now, await NextAsync(session, scope));
        }

        now = Later(now, time.Now());
        var raised = new List<DataVersion>();
        foreach (var scope in scopes)
        {
            await session.ExecuteAsync(Stamp, new { scope, now });
            raised.Add((await session.SingleAsync<DataVersion>(SelectOne, new { scope }))!);
            await session.ExecuteAsync(Remember, raised[^1]);
            session.Raised[scope] = raised[^1].Version;
        }

        return raised;
    }

    /// <summary>Makes writers of some scopes wait until the transaction ends.</summary>
    /// <returns>The versions that hold meanwhile, and the earliest instant that a write of these scopes may have now.</returns>
    public static async Task<(IReadOnlyList<DataVersion> Versions, DateTimeOffset NotBefore)> HoldAsync(
        DbSession session, params IReadOnlyList<string> scopes)
    {
        var (held, notBefore) = (new List<DataVersion>(), DateTimeOffset.MinValue);
        foreach (var scope in scopes)
        {
            if (await session.ExecuteAsync(Hold, new { scope }) > 0)
            {
                held.Add((await session.SingleAsync<DataVersion>(SelectOne, new { scope }))!);
                notBefore = Later(notBefore, await NextAsync(session, scope));
            }
        }

        return (held, notBefore);
    }

    /// <summary>Gives every later write of some scopes, which are held, a later instant.</summary>
    public static async Task SettleAsync(DbSession session, DateTimeOffset until, params IReadOnlyList<string> scopes)
    {
        foreach (var scope in scopes)
        {
            if (await session.ExecuteAsync(Settle, new { scope, until }) == 0)
            {
                await session.ExecuteAsync(BeginSettled, new { scope, until });
            }
        }
    }

    /// <summary>The version that a scope had at an instant; null before it had any.</summary>
    public static async Task<DataVersion?> AsOfAsync(DbSession session, string scope, DateTimeOffset asOf) =>
        await session.SingleAsync<DataVersion>(SelectAsOf, new { scope, asOf });

    /// <summary>Pins a reading transaction to a scope's version.</summary>
    public static async Task<DataVersion?> PinAsync(DbSession session, string scope) =>
        await session.SingleAsync<DataVersion>(SelectOne, new { scope });

    /// <summary>Whether a scope has or had a version; false where a failover lost it.</summary>
    public static async Task<bool> HoldsAsync(DbSession session, DataVersion version) =>
        await session.SingleAsync<DataVersion>(SelectPast, new { scope = version.Scope, version = version.Version }) == version;

    /// <summary>
    /// Makes sure that no write which is open or still to come is stamped at or before an instant: what is answered as of it stays so.
    /// </summary>
    /// <param name="asOf">The instant.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="scopes">What is asked about, in the order in which writers lock it.</param>
    /// <exception cref="ProblemException">400 where the instant is yet to come; 503 where a write that began before it takes long.</exception>
    public async Task SettleAsync(DateTimeOffset asOf, CancellationToken cancellation, params IReadOnlyList<string> scopes)
    {
        if (asOf > time.GetUtcNow())
        {
            // All writes until then would get that instant.
            throw new ProblemException("parameter.future");
        }

        var key = string.Join('\n', scopes);
        while (!IsSettled(asOf, scopes))
        {
            // One request asks the database for all that wait.
            var settling = _settling.GetOrAdd(key, _ => new Lazy<Task>(() => Task.Run(() => SettleNowAsync(asOf, key, scopes))));
            await settling.Value.WaitAsync(cancellation);
        }
    }

    /// <summary>
    /// Reads within one transaction that is pinned to a scope's version, which is none older than this node knows: on the secondary where
    /// there is one that has come as far, else on the primary, which alone is watched.
    /// </summary>
    /// <param name="scope">What the version is of.</param>
    /// <param name="read">What is read; it may be begun twice.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="asOf">The instant whose knowledge is read, which the primary alone has all of; null for what is known now.</param>
    public async Task<T> ReadAsync<T>(
        string scope, Func<DbSession, DataVersion?, Task<T>> read, CancellationToken cancellation, DateTimeOffset? asOf = null)
    {
        if (asOf is { } instant)
        {
            await SettleAsync(instant, cancellation, scope);
        }

        var (isAnswered, result) = asOf is not null ? default
            : await secondary.TryReadAsync(scope, _known.GetValueOrDefault(scope)?.Version ?? 0, read, cancellation);
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

    /// <summary>
    /// How often this node found that versions went back. A cache entry is keyed by its version and by this number. Read this number after
    /// the version: it rises before the node knows the lower version.
    /// </summary>
    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>Reads all versions again at once, since one was found that is older than this node knows.</summary>
    public Task LookAgainAsync(CancellationToken cancellation) => WaitAsync(Look(TimeSpan.Zero), cancellation);

    /// <summary>Takes note of a version; an older one than is known changes nothing.</summary>
    public void Observe(DataVersion version)
    {
        var known = _known.GetValueOrDefault(version.Scope);
        if (known is not null && version.Version <= known.Version && version.ChangedAt > known.ChangedAt)
        {
            // Versions and instants have one order, so what is known was lost. The next request reads all versions.
            Volatile.Write(ref _readAt, 0);
        }

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
        // What was known before the read begins had been committed by then.
        var (readAt, knownAt, before) = (time.GetTimestamp(), time.Now(), _known.Values.ToList());
        var (versions, lost) = await database.ReadAsync(
            async session =>
            {
                var versions = (await session.QueryAsync<DataVersion>(Select)).ToDictionary(each => each.Scope, StringComparer.Ordinal);
                var lost = new List<DataVersion>();
                foreach (var known in before)
                {
                    if (versions.GetValueOrDefault(known.Scope) is not { } now
                        || (now != known && (now.Version <= known.Version || !await HoldsAsync(session, known))))
                    {
                        lost.Add(known);
                    }
                }

                return (versions, lost);
            },
            CancellationToken.None,
            Pace.Watch);
        if (lost.Count > 0)
        {
            DropLost(lost, versions);
        }

        foreach (var version in versions.Values)
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

    private void DropLost(List<DataVersion> lost, Dictionary<string, DataVersion> now)
    {
        Interlocked.Increment(ref _generation);
        foreach (var version in lost)
        {
            _known.TryRemove(KeyValuePair.Create(version.Scope, version));
            RolledBack(log, version.Scope, version.Version, now.GetValueOrDefault(version.Scope)?.Version ?? 0);
        }

        _settled.Clear();
        Interlocked.Increment(ref _epoch);
        _rollbacks.Add(1);
    }

    private bool IsSettled(DateTimeOffset asOf, IReadOnlyList<string> scopes) =>
        scopes.All(scope => _settled.TryGetValue(scope, out var until) && asOf <= until);

    private void NoteSettled(string scope, DateTimeOffset until) => _settled.AddOrUpdate(scope, until, (_, known) => Later(known, until));

    private async Task SettleNowAsync(DateTimeOffset asOf, string key, IReadOnlyList<string> scopes)
    {
        try
        {
            foreach (var scope in scopes)
            {
                // A write that ends after another has no earlier instant.
                var stamps = await database.ReadAsync(
                    session => session.SingleAsync<Stamps>(SelectStamps, new { scope }), CancellationToken.None);
                NoteSettled(scope, Later(stamps?.SettledAt ?? DateTimeOffset.MinValue, stamps?.ChangedAt - Tick));
            }

            if (!IsSettled(asOf, scopes))
            {
                // As late as possible, so that earlier instants need no further write.
                var until = Later(asOf, time.Now() - Tick);
                await database.WriteAsync(
                    async session =>
                    {
                        await HoldAsync(session, scopes);
                        await SettleAsync(session, until, scopes);
                        return (true, true);
                    },
                    CancellationToken.None,
                    Pace.Watch);
                foreach (var scope in scopes)
                {
                    NoteSettled(scope, until);
                }
            }
        }
        catch (DatabaseAwayException fault) when (fault.IsSlow)
        {
            throw new ProblemException("instant.unsettled");
        }
        finally
        {
            _settling.TryRemove(key, out _);
        }
    }

    // Of a scope that is locked: none before that of its last write, and after those that were asked about.
    private static async Task<DateTimeOffset> NextAsync(DbSession session, string scope)
    {
        var stamps = (await session.SingleAsync<Stamps>(SelectStamps, new { scope }))!;
        return Later(stamps.ChangedAt, stamps.SettledAt + Tick);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset? other) => other > one ? other.Value : one;

    private sealed record Stamps
    {
        public DateTimeOffset ChangedAt { get; init; }
        public DateTimeOffset? SettledAt { get; init; }
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Data versions went back: {Scope} was {Known} and is {Now}. What was read before is dropped")]
    private static partial void RolledBack(ILogger log, string scope, long known, long now);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database is away: reads go on from what was known at {Since}")]
    private static partial void Gone(ILogger log, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is back: what was known at {Since} is read anew")]
    private static partial void Back(ILogger log, DateTimeOffset since);
}
