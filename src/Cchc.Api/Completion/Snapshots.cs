using System.Collections.Concurrent;
using System.Collections.Frozen;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Microsoft.Extensions.Caching.Memory;

namespace Cchc.Api.Completion;

/// <summary>The facts of one plan, period and lens at one data version.</summary>
public sealed class Snapshot(DataVersion version, Catalogue catalogue, PeriodFacts facts)
{
    private readonly Lazy<IReadOnlyList<RankedUnit>>[] _rankings =
        [.. Enum.GetValues<Basis>().Select(basis => new Lazy<IReadOnlyList<RankedUnit>>(() => Ranking.Rank(facts, basis)))];

    private readonly Lazy<RollUp>[] _plans = [.. Enum.GetValues<Basis>().Select(basis => new Lazy<RollUp>(() => facts.OfPlan(basis)))];

    public DataVersion Version { get; } = version;
    public Catalogue Catalogue { get; } = catalogue;
    public PeriodFacts Facts { get; } = facts;

    /// <summary>The instant whose knowledge this is.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Units whose report was returned to them: none in the published lens, which does not tell.</summary>
    public IReadOnlySet<int> Returned { get; init; } = FrozenSet<int>.Empty;

    public IReadOnlyList<RankedUnit> Ranked(Basis basis) => _rankings[(int)basis].Value;

    /// <summary>The figures of the whole plan.</summary>
    public RollUp OfPlan(Basis basis) => _plans[(int)basis].Value;
}

/// <summary>Keeps one snapshot for each plan, period and lens, and loads it anew when the plan's data version has risen.</summary>
public sealed class Snapshots(Database database, DataVersions versions, Catalogues catalogues) : IDisposable
{
    private readonly ConcurrentDictionary<(int Period, Lens Lens), Lazy<Task<Snapshot>>> _kept = new();
    private readonly MemoryCache _past = new(new MemoryCacheOptions { SizeLimit = 64 });
    private readonly ConcurrentDictionary<(int Plan, Lens Lens), (long Version, Period Period)> _latest = new();

    private async ValueTask<DataVersion> VersionAsync(Plan plan, CancellationToken cancellation) =>
        await versions.CurrentAsync(plan.Code, cancellation) ?? throw new ProblemException("service.unavailable");

    /// <summary>
    /// The snapshot of a period, or of the latest with a counting report where none is named (else of the plan's first), as it is or as it
    /// was known at an instant.
    /// </summary>
    public async ValueTask<Snapshot> GetAsync(Plan plan, Period? period, Lens lens, DateTimeOffset? asOf, CancellationToken cancellation) =>
        asOf is { } instant ? await GetPastAsync(plan, period, lens, instant, cancellation)
        : period is null ? await GetLatestAsync(plan, lens, cancellation)
        : await GetAsync(plan, period, lens, cancellation);

    /// <summary>The snapshots of several periods at one data version.</summary>
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
        }
    }

    // What was known at an instant is what was known at the version of that instant: a few of them are kept.
    private async Task<Snapshot> GetPastAsync(Plan plan, Period? period, Lens lens, DateTimeOffset asOf, CancellationToken cancellation)
    {
        var catalogue = await catalogues.AsOfAsync(asOf, cancellation);
        var known = catalogue.PlanOf(plan.Code);
        var (version, latest) = await database.ReadAsync(
            async session =>
            {
                var version = await DataVersions.AsOfAsync(session, plan.Code, asOf);
                var counting = period is null
                    ? await FactQueries.CountingPeriodsAsync(session, plan.Id, lens == Lens.Provisional, asOf) : [];
                return (version, known.Periods.LastOrDefault(each => counting.Contains(each.Id)) ?? known.Periods[0]);
            },
            cancellation);
        var asked = period is null ? latest : known.FindPeriod(period.Code) ?? throw new ProblemException("period.unknown", period.Code);
        var key = (asked.Id, lens, catalogue.Version, version?.Version);
        return await _past.GetOrCreateAsync(key, async entry =>
        {
            entry.Size = 1;
            return await database.ReadAsync(
                session => LoadAsync(
                    session, known, asked, lens, asOf, catalogue,
                    version ?? new DataVersion { Scope = plan.Code, Version = 0, ChangedAt = asOf }),
                cancellation);
        }) ?? throw new ProblemException("service.unavailable");
    }

    // Both the period and its snapshot at one data version.
    private async ValueTask<Snapshot> GetLatestAsync(Plan plan, Lens lens, CancellationToken cancellation)
    {
        while (true)
        {
            var (version, period) = await LatestPeriodAsync(plan, lens, cancellation);
            var snapshot = await GetAsync(plan, period, lens, cancellation);
            if (snapshot.Version.Version == version)
            {
                return snapshot;
            }
        }
    }

    private async ValueTask<(long Version, Period Period)> LatestPeriodAsync(Plan plan, Lens lens, CancellationToken cancellation)
    {
        var version = await VersionAsync(plan, cancellation);
        if (_latest.TryGetValue((plan.Id, lens), out var known) && known.Version >= version.Version)
        {
            return known;
        }

        var (readVersion, counting) = await database.ReadAsync(
            async session => (
                await DataVersions.PinAsync(session, plan.Code),
                await FactQueries.CountingPeriodsAsync(session, plan.Id, lens == Lens.Provisional, FactQueries.Now)),
            cancellation);
        var period = plan.Periods.LastOrDefault(each => counting.Contains(each.Id)) ?? plan.Periods[0];
        versions.Observe(readVersion!);
        return _latest[(plan.Id, lens)] = (readVersion!.Version, period);
    }

    private async ValueTask<Snapshot> GetAsync(Plan plan, Period period, Lens lens, CancellationToken cancellation)
    {
        var wanted = (await VersionAsync(plan, cancellation)).Version;
        var key = (period.Id, lens);
        while (true)
        {
            // Many readers of a new version wait for one loading, which no single reader's leaving may cancel.
            var kept = _kept.GetOrAdd(key, _ => new Lazy<Task<Snapshot>>(() => LoadAsync(plan, period, lens)));
            try
            {
                var snapshot = await kept.Value.WaitAsync(cancellation);
                if (snapshot.Version.Version >= wanted)
                {
                    return snapshot;
                }
            }
            catch when (kept.Value.IsFaulted)
            {
                _kept.TryRemove(KeyValuePair.Create(key, kept));
                throw;
            }

            _kept.TryRemove(KeyValuePair.Create(key, kept));
        }
    }

    private async Task<Snapshot> LoadAsync(Plan plan, Period period, Lens lens)
    {
        var catalogue = await catalogues.CurrentAsync(CancellationToken.None);
        return await database.ReadAsync(
            async session =>
            {
                var version = await DataVersions.PinAsync(session, plan.Code);
                versions.Observe(version!);
                return await LoadAsync(session, plan, period, lens, FactQueries.Now, catalogue, version!);
            },
            CancellationToken.None);
    }

    private static async Task<Snapshot> LoadAsync(
        DbSession session, Plan plan, Period period, Lens lens, DateTimeOffset asOf, Catalogue catalogue, DataVersion version)
    {
        var provisional = lens == Lens.Provisional;
        var heads = await FactQueries.HeadsAsync(session, period.Id, provisional, asOf);
        var hasSample = heads.Any(head => head.IsSample);
        var rows = new Dictionary<int, IReadOnlyList<Domain.Reports.ReportedRow>>();
        foreach (var part in plan.YearToDateParts(period))
        {
            rows[part.Id] = await FactQueries.RowsAsync(session, part.Id, provisional, asOf);
            if (part.Id != period.Id)
            {
                hasSample |= (await FactQueries.HeadsAsync(session, part.Id, provisional, asOf)).Any(head => head.IsSample);
            }
        }

        var facts = new PeriodFacts(plan, period, catalogue.Units, heads, part => rows[part.Id]) { HasSample = hasSample };
        return new Snapshot(version, catalogue, facts)
        {
            AsOf = asOf,
            Returned = provisional ? (await FactQueries.ReturnedAsync(session, period.Id, asOf)).ToFrozenSet() : FrozenSet<int>.Empty,
        };
    }

    public void Dispose() => _past.Dispose();
}
