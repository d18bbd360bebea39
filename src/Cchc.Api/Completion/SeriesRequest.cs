using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>Which figures are followed over time, and the snapshots that hold them, those of one plan after those of another.</summary>
internal sealed record SeriesRequest(
    Reach Reach, Basis Basis, Target? Target, Unit? Unit, UnitLevel? Level, IReadOnlyList<Snapshot> Snapshots)
{
    public static readonly string[] Names = ["period", "plans", "target", "unit", "level", "lens", "basis", "asOf"];

    /// <summary>Those that a series has beside what all figures have.</summary>
    public static readonly Parameter[] Parameters =
    [
        new("period", "Periods, comma-separated, or all; all up to the default period where it is not given", "2022-Q1,2022-H1"),
        new("plans", "Further plans, comma-separated", "cchc-2022"), new("target", "Of this target in place of the whole plan", "II.3.a"),
        new("unit", "Of this unit on its own values", "SNV"), Http.Parameters.Word<UnitLevel>("level", "Of all units of this level together"),
    ];

    public Lens Lens => Reach.Lens;

    public bool IsPrivate => Lens == Lens.Provisional;

    public bool HasSample => Snapshots.Any(each => each.Facts.HasSample);

    public string Tag => Snapshot.TagOf(Snapshots) + Reach.FigureMark;

    /// <summary>The figures in the order of time.</summary>
    public IEnumerable<SeriesPoint> Points() => Snapshots.OrderBy(each => each.Facts.Period.DataTo).Select(snapshot =>
    {
        var (facts, level) = (snapshot.Facts, Level);
        var figures = Unit is not null ? facts.OfUnit(Unit.Id, Basis) : level is { } of ? facts.OfLevel(of, Basis) : snapshot.OfPlan(Basis);
        return Target is null ? SeriesPoint.Of(snapshot, figures) : SeriesPoint.Of(
            snapshot, figures.Targets.FirstOrDefault(each => each.Target.Code == Target.Code), facts.HasFigures(Basis), facts.CoverageOf(
                facts.Expectation.UnitIds.Where(id => (Unit is null || id == Unit.Id) && (level is null || facts.Units[id].Level == level)),
                Target.Code));
    });

    /// <summary>Reads the parameters of <see cref="Names"/>, at an instant where one is given and the query names none.</summary>
    public static async Task<SeriesRequest> ReadAsync(
        HttpContext context, QueryInput query, Catalogue catalogue, Plan plan, Snapshots snapshots, TimeProvider time, DateTimeOffset? at = null)
    {
        var asked = await FigureRequest.ReadAsync(context, query, plan, snapshots, time, at);
        var others = query.KnownAll("plans", code => catalogue.Plans.FirstOrDefault(each => !each.IsDraft && Codes.Same(each.Code, code)), "plan");
        var target = query.Known("target", code => Find(code, [plan, .. others]), "target");
        var unit = query.Known("unit", catalogue.Units.Find, "unit");
        var level = query.Word<UnitLevel>("level");
        if (unit is not null && level is not null)
        {
            query.Refuse("parameter.notHere", "level", "level", "unit");
        }

        List<Snapshot> all = query.Text("period") is null
            ? [.. await UntilNowAsync(plan, snapshots, asked, context.RequestAborted)] : [.. asked.Snapshots];
        foreach (var other in others.Where(other => other.Id != plan.Id))
        {
            all.AddRange(await UntilNowAsync(other, snapshots, asked, context.RequestAborted));
        }

        if (unit is not null)
        {
            asked.Reach.Require(all, unit);
        }

        return new SeriesRequest(asked.Reach, asked.Basis, target, unit, level, all);
    }

    private static async Task<IReadOnlyList<Snapshot>> UntilNowAsync(
        Plan plan, Snapshots snapshots, FigureRequest asked, CancellationToken cancellation)
    {
        var latest = await snapshots.GetAsync(plan, null, asked.Lens, asked.AsOf, cancellation);
        return await snapshots.GetAllAsync(
            plan, [.. plan.Periods.Where(period => period.DataTo <= latest.Facts.Period.DataTo)], asked.Lens, asked.AsOf, cancellation);
    }

    // A target goes by the same code from year to year.
    private static Target? Find(string code, IReadOnlyList<Plan> plans) => plans.Select(plan => plan.FindTarget(code)).FirstOrDefault(each => each is not null);
}
