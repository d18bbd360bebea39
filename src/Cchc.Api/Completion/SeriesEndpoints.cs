using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>The figures over time: from period to period, from plan to plan, and two periods side by side.</summary>
internal static class SeriesEndpoints
{
    private static readonly Parameter[] Of =
    [
        new("target", "Of this target in place of the whole plan", "II.3.a"), new("unit", "Of this unit on its own values", "SNV"),
        Parameters.Word<UnitLevel>("level", "Of all units of this level together"),
    ];

    private static readonly Parameter[] Common =
    [
        Parameters.Word<Lens>("lens", "Which revisions count; provisional needs a key"),
        Parameters.Word<Basis>("basis", "Year to date, or the period's window alone"), Parameters.AsOf,
    ];

    public static void MapCompletionSeries(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans/{plan}/completion/series", GetSeries).Describe<SeriesAnswer>(
            "getCompletionSeries", "Completion from period to period, and from plan to plan",
            [new("period", "Periods, comma-separated, or all; all up to the latest with data where it is not given", "2022-Q1,2022-H1"),
             new("plans", "Further plans, comma-separated", "cchc-2022"), .. Of, .. Common, .. TableRequest.Parameters])
            .Refuses(401, 404, 406).InForms();
        api.MapGet("/plans/{plan}/completion/comparison", Compare).Describe<ComparisonAnswer>(
            "compareCompletion", "Two periods side by side, target by target",
            [new("period", "The later period; the latest with data where it is not given", "2022-H1"),
             new("with", "The period to compare with; the one before where it is not given", "2022-Q1"),
             new("unit", "Of this unit on its own values", "SNV"), .. Common, .. TableRequest.Parameters])
            .Refuses(401, 404, 406).InForms();
    }

    private static async Task GetSeries(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(
            context.Request, ["period", "plans", "target", "unit", "level", "lens", "basis", "asOf", .. TableRequest.Names]);
        var asked = await FigureRequest.ReadAsync(context, query, found, snapshots, time);
        var others = query.KnownAll("plans", code => catalogue.Plans.FirstOrDefault(each => !each.IsDraft && Codes.Same(each.Code, code)), "plan");
        var target = query.Known("target", code => Find(code, [found, .. others]), "target");
        var unit = query.Known("unit", catalogue.Units.Find, "unit");
        var level = query.Word<UnitLevel>("level");
        if (unit is not null && level is not null)
        {
            query.Refuse("parameter.notHere", "level", "level", "unit");
        }

        var table = TableRequest.Read(context.Request, query, SeriesPoint.Columns);
        query.Done();
        List<Snapshot> all = query.Text("period") is null
            ? [.. await UntilNowAsync(found, snapshots, asked, context.RequestAborted)] : [.. asked.Snapshots];
        foreach (var other in others.Where(other => other.Id != found.Id))
        {
            all.AddRange(await UntilNowAsync(other, snapshots, asked, context.RequestAborted));
        }

        var tag = $"{all[0].Catalogue.Version}.{string.Join('.', all.GroupBy(each => each.Facts.Plan.Code).Select(each => each.First().Version.Version))}";
        var head = new SeriesAnswer
        {
            Plan = found.Code,
            Lens = asked.Lens,
            Basis = asked.Basis,
            Target = target?.Code,
            Unit = unit?.Code,
            Level = level,
            DataVersion = all[0].Version.Version,
            AsOf = all[0].Version.ChangedAt,
            Sample = all.Exists(each => each.Facts.HasSample),
        };
        await TableAnswer.WriteAsync(
            context, table, new TableHead("completion-series", tag, asked.IsPrivate, head.AsOf, head),
            () => all.OrderBy(each => each.Facts.Period.DataTo).Select(snapshot => SeriesPoint.Of(
                snapshot, unit is not null ? snapshot.Facts.OfUnit(unit.Id, asked.Basis)
                    : level is { } at ? snapshot.Facts.OfLevel(at, asked.Basis) : snapshot.OfPlan(asked.Basis),
                target?.Code)));
    }

    // A period that nothing is known of yet would show as a fall to nought.
    private static async Task<IReadOnlyList<Snapshot>> UntilNowAsync(
        Plan plan, Snapshots snapshots, FigureRequest asked, CancellationToken cancellation)
    {
        var latest = await snapshots.GetAsync(plan, null, asked.Lens, asked.AsOf, cancellation);
        return await snapshots.GetAllAsync(
            plan, [.. plan.Periods.Where(period => period.DataTo <= latest.Facts.Period.DataTo)], asked.Lens, asked.AsOf, cancellation);
    }

    // A target goes by the same code from year to year.
    private static Target? Find(string code, IReadOnlyList<Plan> plans) => plans.Select(plan => plan.FindTarget(code)).FirstOrDefault(each => each is not null);

    private static async Task Compare(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, ["period", "with", "unit", "lens", "basis", "asOf", .. TableRequest.Names]);
        var asked = await FigureRequest.ReadAsync(context, query, found, snapshots, time);
        if (asked.Snapshots.Count > 1)
        {
            query.Refuse("parameter.invalid", "period", "period");
        }

        var period = asked.Snapshots[0].Facts.Period;
        var earlier = query.Known("with", found.FindPeriod, "period") ?? found.Periods.LastOrDefault(each => each.DataTo < period.DataTo) ?? period;
        var unit = query.Known("unit", catalogue.Units.Find, "unit");
        var table = TableRequest.Read(context.Request, query, ComparedTarget.Columns);
        query.Done();
        var both = await snapshots.GetAllAsync(found, [earlier, period], asked.Lens, asked.AsOf, context.RequestAborted);
        var (before, after) = (FiguresOf(both[0], unit, asked.Basis), FiguresOf(both[1], unit, asked.Basis));
        var head = new ComparisonAnswer
        {
            Plan = found.Code,
            Lens = asked.Lens,
            Basis = asked.Basis,
            Period = period.Code,
            With = earlier.Code,
            Unit = unit?.Code,
            DataVersion = both[1].Version.Version,
            AsOf = both[1].Version.ChangedAt,
            Sample = both.Any(each => each.Facts.HasSample),
            Before = before.Completion?.ToPercent(),
            After = after.Completion?.ToPercent(),
            Change = Difference(before.Completion, after.Completion),
        };
        await TableAnswer.WriteAsync(
            context, table,
            new TableHead("completion-comparison", $"{both[1].Catalogue.Version}.{both[1].Version.Version}", asked.IsPrivate, head.AsOf, head),
            () => ComparedTarget.Of(before, after));
    }

    private static RollUp FiguresOf(Snapshot snapshot, Unit? unit, Basis basis) =>
        unit is null ? snapshot.OfPlan(basis) : snapshot.Facts.OfUnit(unit.Id, basis);

    /// <summary>The difference in percentage points, rounded once.</summary>
    internal static decimal? Difference(Domain.Fraction? before, Domain.Fraction? after) =>
        before is { } from && after is { } to ? from > to ? -(from - to).ToPercent() : (to - from).ToPercent() : null;
}
