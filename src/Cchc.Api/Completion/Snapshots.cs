using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Microsoft.Extensions.Caching.Memory;

namespace Cchc.Api.Completion;

/// <summary>The facts of one plan, period and lens at one data version.</summary>
public sealed class Snapshot
{
    private readonly Lazy<IReadOnlyList<RankedUnit>>[] _rankings;

    // These facts as they are judged today, until a deadline of the period has passed.
    private volatile Snapshot? _judged;

    public Snapshot(DataVersion version, Catalogue catalogue, PeriodFacts facts)
    {
        (Version, Catalogue, Facts) = (version, catalogue, facts);
        _rankings = [.. Enum.GetValues<Basis>().Select(basis => new Lazy<IReadOnlyList<RankedUnit>>(() => Ranking.Rank(facts, basis)))];
    }

    /// <summary>The same facts, which a later version has not changed, with all that was computed of them.</summary>
    [SetsRequiredMembers]
    public Snapshot(Snapshot former, DataVersion version)
    {
        (Version, Catalogue, Facts, AsOf, Returned) = (version, former.Catalogue, former.Facts, former.AsOf, former.Returned);
        _rankings = former._rankings;
        _judged = former._judged is { } judged ? new Snapshot(judged, version) : null;
    }

    public DataVersion Version { get; }
    public Catalogue Catalogue { get; }
    public PeriodFacts Facts { get; }

    /// <summary>The instant whose knowledge this is.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Units whose report was returned to them: none in the published lens, which does not tell.</summary>
    public IReadOnlySet<int> Returned { get; init; } = FrozenSet<int>.Empty;

    public IReadOnlyList<RankedUnit> Ranked(Basis basis) => _rankings[(int)basis].Value;

    /// <summary>The figures of the whole plan.</summary>
    public RollUp OfPlan(Basis basis) => Facts.OfPlan(basis);

    /// <summary>What its figures are a pure function of.</summary>
    public string Tag => TagOf([this]);

    /// <summary>
    /// What the figures of snapshots are a pure function of: versions, the last period of each plan, and the day while a deadline of a
    /// period has not passed.
    /// </summary>
    public static string TagOf(IReadOnlyList<Snapshot> snapshots) => string.Create(
        CultureInfo.InvariantCulture,
        $"{snapshots[0].Catalogue.DataVersion.Mark}.{string.Join('.', snapshots.GroupBy(each => each.Facts.Plan.Code)
            .Select(group => $"{group.First().Version.Mark}-{group.Last().Facts.Period.Id}"))}{string.Concat(snapshots
            .Where(each => each.Facts.Day != DateOnly.MaxValue).Select(each => $".{each.Facts.Period.Id}-{each.Facts.Day:yyyyMMdd}"))}");

    /// <summary>The first instant at which the figures of snapshots were known as they are and judged so.</summary>
    public static DateTimeOffset KnownAt(IReadOnlyList<Snapshot> snapshots) => snapshots.Max(each =>
    {
        var facts = each.Facts;
        var judged = LocalTime.StartOf(facts.Day == DateOnly.MaxValue ? LocalTime.DayAfter(facts.Period.DueOn) : facts.Day);
        return judged > each.Version.ChangedAt ? judged : each.Version.ChangedAt;
    });

    /// <summary>This snapshot as it is judged on a day.</summary>
    public Snapshot On(DateOnly day)
    {
        var facts = Facts.On(day);
        return ReferenceEquals(facts, Facts) ? this
            : _judged is { } judged && judged.Facts.Day == facts.Day ? judged
            : _judged = new Snapshot(Version, Catalogue, facts) { AsOf = AsOf, Returned = Returned };
    }
}

/// <summary>
/// Keeps one snapshot for each plan, period and lens. When the plan's data version has risen, what the outbox says has changed is read anew,
/// or all where it does not say.
/// </summary>
public sealed class Snapshots(
    Database database, DataVersions versions, Catalogues catalogues, TimeProvider time, IMeterFactory meters, IConfiguration configuration) : IDisposable
{
    /// <summary>How many megabytes of snapshots of the past are kept where the setting does not say.</summary>
    public const int PastMegabytes = 128;

    // Beyond so many, reading all at once costs less than reading each.
    private const int MostSteps = 256;
    private const int MostReports = 32;

    private readonly ConcurrentDictionary<Key, Lazy<Task<Snapshot>>> _kept = new();
    private readonly Counter<long> _values =
        meters.Create("Cchc.Api").CreateCounter<long>("cchc.snapshot.values", description: "Reported values read into snapshots.");

    private readonly Histogram<double> _loads = meters.Create("Cchc.Api").CreateHistogram(
        "cchc.snapshot.load.duration", "s", "What it took to read a period's snapshot.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    // What goes on while the database is away.
    private readonly ConcurrentDictionary<Key, Snapshot> _last = new();

    private readonly MemoryCache _past = new(new MemoryCacheOptions
    {
        SizeLimit = configuration.GetValue("Limits:PastSnapshotMegabytes", PastMegabytes) * 1024L * 1024L,
    });

    // A snapshot that is being read is in no cache yet: few at once bound what many requests for different instants take.
    private readonly SemaphoreSlim _readingPast = new(2);
    private readonly ConcurrentDictionary<(long Generation, string Plan, Lens Lens), DefaultChoice> _defaults = new();
    private long _generation;

    private async ValueTask<DataVersion> VersionAsync(Plan plan, CancellationToken cancellation) =>
        await versions.CurrentAsync(DataVersions.ScopeOf(plan.Code), cancellation) ?? throw new ProblemException("service.unavailable");

    /// <summary>
    /// The snapshot of a period, or of the default one where none is named (<see cref="DefaultPeriod"/>), as it is or as it was known at
    /// an instant, judged on the day of that moment.
    /// </summary>
    public async ValueTask<Snapshot> GetAsync(Plan plan, Period? period, Lens lens, DateTimeOffset? asOf, CancellationToken cancellation)
    {
        var snapshot = asOf is { } instant ? await GetPastAsync(plan, period, lens, instant, cancellation)
            : period is null ? await GetDefaultAsync(plan, lens, cancellation)
            : await GetAsync(plan, period, lens, cancellation);
        return snapshot.On(LocalTime.DateOf(asOf ?? time.GetUtcNow()));
    }

    /// <summary>The snapshots of several periods at one data version.</summary>
    /// <exception cref="ProblemException">503 while the database is unavailable and the last snapshots are of different versions.</exception>
    public async Task<IReadOnlyList<Snapshot>> GetAllAsync(
        Plan plan, IReadOnlyList<Period> periods, Lens lens, DateTimeOffset? asOf, CancellationToken cancellation)
    {
        while (true)
        {
            var all = new List<Snapshot>();
            foreach (var period in periods)
            {
                all.Add(await GetAsync(plan, period, lens, asOf, cancellation));
            }

            if (all.TrueForAll(each => each.Version.Version == all[0].Version.Version && each.Catalogue.Version == all[0].Catalogue.Version))
            {
                return all;
            }

            if (versions.Stale is not null)
            {
                // The last of each are not of one version, and no others can be had.
                throw new ProblemException("service.unavailable");
            }

            cancellation.ThrowIfCancellationRequested();
        }
    }

    // What was known at an instant is what was known at the version of that instant: as many are kept as the memory for them holds.
    private async ValueTask<Snapshot> GetPastAsync(Plan plan, Period? period, Lens lens, DateTimeOffset asOf, CancellationToken cancellation)
    {
        var scope = DataVersions.ScopeOf(plan.Code);
        await versions.SettleAsync(asOf, cancellation, DataVersions.Catalogue, scope);
        var catalogue = await catalogues.AsOfAsync(asOf, cancellation);
        var known = catalogue.PlanOf(plan.Code);
        if (period is null)
        {
            var basis = await database.ReadAsync(session => ReadBasisAsync(session, plan, lens, asOf), cancellation);
            period = await ChooseAsync(
                known, lens, LocalTime.DateOf(asOf), basis, each => GetPastAsync(plan, each, lens, asOf, cancellation));
        }

        var version = await database.ReadAsync(session => DataVersions.AsOfAsync(session, scope, asOf), cancellation);
        var asked = known.FindPeriod(period.Code) ?? throw new ProblemException("period.unknown", period.Code);
        var key = (plan.Code, asked.Code, lens, catalogue.DataVersion, version);
        if (_past.TryGetValue(key, out Snapshot? kept))
        {
            return kept!;
        }

        await _readingPast.WaitAsync(cancellation);
        try
        {
            return (await _past.GetOrCreateAsync(key, async entry =>
            {
                var read = await database.ReadAsync(
                    session => LoadAsync(
                        session, known, asked, lens, asOf, catalogue,
                        version ?? new DataVersion { Scope = scope, Version = 0, ChangedAt = asOf }),
                    cancellation);
                entry.Size = BytesOf(read.Facts);
                return read;
            }))!;
        }
        finally
        {
            _readingPast.Release();
        }
    }

    // About as many as a snapshot takes with the rankings that are computed from it.
    private static long BytesOf(PeriodFacts facts)
    {
        const int value = 32, reporter = 16, head = 128, ranked = 512;
        var reporters = facts.Expectation.Lines.Sum(line => (long)line.UnitIds.Length);
        return (reporters * ((facts.Parts.Count * value) + reporter))
            + (facts.Expectation.UnitIds.Count * (long)((facts.Parts.Count * head) + ranked));
    }

    /// <summary>
    /// The published facts of a period, judged at an instant, as a transaction sees them that holds the versions of the catalogue and of
    /// the plan.
    /// </summary>
    internal async Task<Snapshot> HeldAsync(DbSession session, string plan, string period, DataVersion version, DateTimeOffset now)
    {
        var catalogue = await catalogues.OfAsync(session);
        var known = catalogue.PlanOf(plan);
        var snapshot = _last.GetValueOrDefault(new Key(versions.Generation, known.Code, period, Lens.Published)) is { } last
            && last.Version == version && last.Catalogue.DataVersion == catalogue.DataVersion
            ? last : await LoadAsync(session, known, PeriodOf(known, period), Lens.Published, FactQueries.Now, catalogue, version);
        return snapshot.On(LocalTime.DateOf(now));
    }

    // Both the period and its snapshot at one data version.
    private async ValueTask<Snapshot> GetDefaultAsync(Plan plan, Lens lens, CancellationToken cancellation)
    {
        while (true)
        {
            var choice = await DefaultAsync(plan, lens, cancellation);
            var snapshot = await GetAsync(plan, choice.Period, lens, cancellation);
            if (snapshot.Version.Version == choice.Version || versions.Stale is not null)
            {
                return snapshot;
            }

            cancellation.ThrowIfCancellationRequested();
        }
    }

    // A consolidated result raises a version of its own, and the choice depends on the day: it holds until any version rises, or the day ends.
    private async ValueTask<DefaultChoice> DefaultAsync(Plan plan, Lens lens, CancellationToken cancellation)
    {
        var (epoch, today) = (await versions.EpochAsync(cancellation), time.Today());
        var key = (versions.Generation, plan.Code, lens);
        var hasKnown = _defaults.TryGetValue(key, out var known);
        return hasKnown && known!.Epoch == epoch && known.Day == today ? known : await versions.OrLastAsync(
            async () => _defaults[key] = await ReadDefaultAsync(plan, lens, epoch, today, cancellation), hasKnown, known!, cancellation);
    }

    private async Task<DefaultChoice> ReadDefaultAsync(Plan plan, Lens lens, long epoch, DateOnly today, CancellationToken cancellation)
    {
        while (true)
        {
            var (version, basis) = await versions.ReadAsync(
                DataVersions.ScopeOf(plan.Code),
                async (session, pinned) => (pinned!, await ReadBasisAsync(session, plan, lens, FactQueries.Now)),
                cancellation);
            versions.Observe(version);
            var isOfOne = true;
            var period = await ChooseAsync(plan, lens, today, basis, async each =>
            {
                var snapshot = await GetAsync(plan, each, lens, cancellation);
                isOfOne &= snapshot.Version.Version == version.Version;
                return snapshot;
            });
            if (isOfOne || versions.Stale is not null)
            {
                return new DefaultChoice(epoch, today, version.Version, period);
            }
        }
    }

    private static async Task<DefaultBasis> ReadBasisAsync(DbSession session, Plan plan, Lens lens, DateTimeOffset asOf) => new(
        [.. await FactQueries.CountingPeriodsAsync(session, plan.Id, lens == Lens.Provisional, asOf)],
        [.. await FactQueries.ConsolidatedPeriodsAsync(session, plan.Id, asOf)]);

    // The facts of a period are read only where one of its reports counts.
    private static ValueTask<Period> ChooseAsync(
        Plan plan, Lens lens, DateOnly day, DefaultBasis basis, Func<Period, ValueTask<Snapshot>> read) =>
        DefaultPeriod.ChooseAsync(plan, lens, day, period => basis.Consolidated.Contains(period.Id), async period =>
            basis.Counting.Contains(period.Id) ? (await read(period)).OfPlan(Basis.Period).Coverage : default);

    private async ValueTask<Snapshot> GetAsync(Plan plan, Period period, Lens lens, CancellationToken cancellation)
    {
        for (var round = 0; ; round++)
        {
            var wanted = (await VersionAsync(plan, cancellation)).Version;
            var catalogue = await catalogues.CurrentAsync(cancellation);
            var key = new Key(DropLost(), plan.Code, period.Code, lens);
            var hasLast = _last.TryGetValue(key, out var last);
            if (versions.Stale is not null)
            {
                // Who has begun without the database has nothing to give, and says so at once.
                return last ?? throw new ProblemException("service.unavailable");
            }

            // Many readers of a new version wait for one loading, which no single reader's leaving may cancel.
            var kept = _kept.GetOrAdd(key, _ => Begin(key, last));
            Snapshot snapshot;
            try
            {
                snapshot = hasLast ? await versions.WhileItIsThereAsync(kept.Value, last!, cancellation) : await kept.Value.WaitAsync(cancellation);
            }
            catch when (kept.Value.IsFaulted)
            {
                _kept.TryRemove(KeyValuePair.Create(key, kept));
                throw;
            }

            if (kept.Value.IsFaulted)
            {
                _kept.TryRemove(KeyValuePair.Create(key, kept));
            }

            // A change of the plan raises both versions, of which another node may have seen the plan's alone as it loaded.
            if ((snapshot.Version.Version >= wanted && snapshot.Catalogue.Version >= catalogue.Version) || versions.Stale is not null)
            {
                return snapshot;
            }

            cancellation.ThrowIfCancellationRequested();
            if (round > 0 && snapshot.Version.Version < wanted)
            {
                // Read after that version was known, and yet older: it may have been lost.
                await versions.LookAgainAsync(cancellation);
            }

            _kept.TryUpdate(key, Begin(key, snapshot), kept);
        }
    }

    // On a thread of its own: the embedded engine would keep that of the first who asks, and with it all who ask for the same.
    private Lazy<Task<Snapshot>> Begin(Key key, Snapshot? former) => new(() => Task.Run(() => LoadAsync(key, former)));

    private async Task<Snapshot> LoadAsync(Key key, Snapshot? former)
    {
        var (_, code, period, lens) = key;
        var catalogue = await catalogues.CurrentAsync(CancellationToken.None);
        var plan = catalogue.PlanOf(code);
        var began = Stopwatch.GetTimestamp();
        var snapshot = await versions.ReadAsync(
            DataVersions.ScopeOf(code),
            async (session, pinned) =>
            {
                var version = pinned!;
                versions.Observe(version);
                return former?.Catalogue.DataVersion == catalogue.DataVersion && await TouchedAsync(session, former, version) is { } touched
                    ? await LoadAgainAsync(session, former, version, lens, touched)
                    : await LoadAsync(session, plan, PeriodOf(plan, period), lens, FactQueries.Now, catalogue, version);
            },
            CancellationToken.None);
        _loads.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, new KeyValuePair<string, object?>("lens", Words.Of(lens)));
        return _last[key] = snapshot;
    }

    /// <summary>
    /// The units whose reports something has happened to since a snapshot; null where it is simpler, or the only way, to load all anew: a
    /// version of which it is not told what it changed, a change of the plan, or a great many.
    /// </summary>
    private static async Task<IReadOnlyCollection<int>?> TouchedAsync(DbSession session, Snapshot former, DataVersion version)
    {
        var steps = version.Version - former.Version.Version;
        if (steps > MostSteps || !await DataVersions.HoldsAsync(session, former.Version))
        {
            return null;
        }

        var changes = await FactQueries.TouchedAsync(session, former.Facts.Plan.Code, former.Version.Version);
        var isTold = changes.DistinctBy(change => change.Version).Count() == steps && changes.All(change => change.UnitId is not null);
        var parts = former.Facts.Parts.Select(part => part.Code).ToHashSet();
        var touched = changes.Where(change => !change.IsDraft && parts.Contains(change.Period!)).Select(change => change.UnitId!.Value).Distinct();
        return isTold && touched.ToList() is { Count: <= MostReports } units ? units : null;
    }

    private async Task<Snapshot> LoadAgainAsync(
        DbSession session, Snapshot former, DataVersion version, Lens lens, IReadOnlyCollection<int> unitIds)
    {
        if (unitIds.Count == 0)
        {
            return new Snapshot(former, version);
        }

        var (facts, provisional) = (former.Facts, lens == Lens.Provisional);
        var reading = facts.BeginAgain(unitIds);
        var returned = former.Returned.ToHashSet();
        foreach (var unitId in unitIds)
        {
            for (var part = 0; part < facts.Parts.Count; part++)
            {
                var at = part;
                var periodId = facts.Parts[part].Id;
                if (await FactQueries.HeadOfUnitAsync(session, periodId, unitId, provisional, FactQueries.Now) is { } head)
                {
                    reading.Add(part, head);
                }

                await FactQueries.ReadRowsOfUnitAsync(session, periodId, unitId, provisional, FactQueries.Now, row => Add(reading, at, row));
            }

            returned.Remove(unitId);
            if (provisional && await FactQueries.IsReturnedAsync(session, facts.Period.Id, unitId, FactQueries.Now))
            {
                returned.Add(unitId);
            }
        }

        return new Snapshot(version, former.Catalogue, reading.End()) { AsOf = FactQueries.Now, Returned = returned };
    }

    private async Task<Snapshot> LoadAsync(
        DbSession session, Plan plan, Period period, Lens lens, DateTimeOffset asOf, Catalogue catalogue, DataVersion version)
    {
        var provisional = lens == Lens.Provisional;
        var reading = PeriodFacts.Begin(plan, period, catalogue.Units);
        for (var part = 0; part < reading.Parts.Count; part++)
        {
            var at = part;
            foreach (var head in await FactQueries.HeadsAsync(session, reading.Parts[part].Id, provisional, asOf))
            {
                reading.Add(part, head);
            }

            await FactQueries.ReadRowsAsync(session, reading.Parts[part].Id, provisional, asOf, row => Add(reading, at, row));
        }

        return new Snapshot(version, catalogue, reading.End())
        {
            AsOf = asOf,
            Returned = provisional ? (await FactQueries.ReturnedAsync(session, period.Id, asOf)).ToFrozenSet() : FrozenSet<int>.Empty,
        };
    }

    private void Add(PeriodFacts.Reading reading, int part, in Domain.Reports.ReportedRow row)
    {
        _values.Add(1);
        reading.Add(part, row);
    }

    public void Dispose()
    {
        _past.Dispose();
        _readingPast.Dispose();
    }

    // What is kept of versions that were lost is not found any more; here its memory is given back.
    private long DropLost()
    {
        var generation = versions.Generation;
        if (Interlocked.Exchange(ref _generation, generation) != generation)
        {
            _kept.Clear();
            _last.Clear();
            _defaults.Clear();
            _past.Clear();
        }

        return generation;
    }

    private static Period PeriodOf(Plan plan, string code) => plan.FindPeriod(code) ?? throw new ProblemException("period.unknown", code);

    // By codes: a number of the database is given again once what it was of has been deleted.
    private readonly record struct Key(long Generation, string Plan, string Period, Lens Lens);

    // Which periods have a counting report, and which a consolidated result.
    private sealed record DefaultBasis(HashSet<int> Counting, HashSet<int> Consolidated);

    private sealed record DefaultChoice(long Epoch, DateOnly Day, long Version, Period Period);
}
