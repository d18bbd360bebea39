using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;

namespace Cchc.Api.Completion;

/// <summary>The figures over time: from period to period, from plan to plan, and two periods side by side.</summary>
internal static class SeriesEndpoints
{
    private static readonly Parameter[] Common =
    [
        Parameters.Word<Lens>("lens", "Which revisions count; provisional needs a key"),
        Parameters.Word<Basis>("basis", "Year to date, or the period's window alone"), Parameters.AsOf,
    ];

    public static void MapCompletionSeries(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans/{plan}/completion/series", GetSeries).Describe<SeriesAnswer>(
            "getCompletionSeries", "Completion from period to period, and from plan to plan",
            [.. SeriesRequest.Parameters, .. Common, .. TableRequest.Parameters])
            .Refuses(401, 404, 406).InForms();
        api.MapGet("/plans/{plan}/completion/comparison", Compare).Describe<ComparisonAnswer>(
            "compareCompletion", "Two periods side by side, target by target",
            [new("period", "The later period; the default one where it is not given", "2022-H1"),
             new("with", "The period to compare with; the one before where it is not given", "2022-Q1"),
             new("unit", "Of this unit on its own values", "SNV"), .. Common, .. TableRequest.Parameters])
            .Refuses(401, 404, 406).InForms();
    }

    private static async Task GetSeries(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        await TableAnswer.WriteAsync(context, at => ReadSeriesAsync(context, catalogue, found, snapshots, time, at));
    }

    private static async Task<Table<SeriesPoint>> ReadSeriesAsync(
        HttpContext context, Catalogue catalogue, Plan plan, Snapshots snapshots, TimeProvider time, DateTimeOffset? at)
    {
        var query = new QueryInput(context.Request, [.. SeriesRequest.Names, .. TableRequest.Names]);
        var asked = await SeriesRequest.ReadAsync(context, query, catalogue, plan, snapshots, time, at);
        var table = TableRequest.Read(context.Request, query, SeriesPoint.Columns);
        query.Done();
        var latest = asked.Snapshots[0].Version;
        var head = new SeriesAnswer
        {
            Plan = plan.Code,
            Lens = asked.Lens,
            Basis = asked.Basis,
            Target = asked.Target?.Code,
            Unit = asked.Unit?.Code,
            Level = asked.Level,
            DataVersion = latest.Version,
            AsOf = latest.ChangedAt,
            Sample = asked.HasSample,
        };
        var updated = asked.Snapshots.Max(each => each.Version.ChangedAt);
        return new Table<SeriesPoint>(
            table,
            new TableHead(
                "completion-series", asked.Tag, latest.Version, asked.IsPrivate, updated, Snapshot.KnownAt(asked.Snapshots), head),
            FigureLabels.Of(asked.Snapshots, table.Phrases), asked.Points);
    }

    private static async Task Compare(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        await TableAnswer.WriteAsync(context, at => ReadComparisonAsync(context, catalogue, found, snapshots, time, at));
    }

    private static async Task<Table<ComparedTarget>> ReadComparisonAsync(
        HttpContext context, Catalogue catalogue, Plan plan, Snapshots snapshots, TimeProvider time, DateTimeOffset? at)
    {
        var query = new QueryInput(context.Request, ["period", "with", "unit", "lens", "basis", "asOf", .. TableRequest.Names]);
        var asked = await FigureRequest.ReadAsync(context, query, plan, snapshots, time, at);
        asked.RequireOne(query);
        var period = asked.Snapshots[0].Facts.Period;
        var earlier = query.Known("with", plan.FindPeriod, "period")
            ?? plan.Periods.LastOrDefault(each => each.DataTo < period.DataTo) ?? period;
        var unit = query.Known("unit", catalogue.Units.Find, "unit");
        var table = TableRequest.Read(context.Request, query, ComparedTarget.Columns);
        query.Done();
        var both = await snapshots.GetAllAsync(plan, [earlier, period], asked.Lens, asked.AsOf, context.RequestAborted);
        if (unit is not null)
        {
            asked.Reach.Require(both, unit);
        }

        var (before, after) = (new ComparedFigures(both[0], unit, asked.Basis), new ComparedFigures(both[1], unit, asked.Basis));
        var version = both[1].Version;
        var head = new ComparisonAnswer
        {
            Plan = plan.Code,
            Lens = asked.Lens,
            Basis = asked.Basis,
            Period = period.Code,
            With = earlier.Code,
            Unit = unit?.Code,
            DataVersion = version.Version,
            AsOf = version.ChangedAt,
            Sample = both.Any(each => each.Facts.HasSample),
            Before = before.Figures.Completion?.ToPercent(),
            After = after.Figures.Completion?.ToPercent(),
            Change = Difference(before.Figures.Completion, after.Figures.Completion),
            CoverageBefore = before.Figures.Coverage,
            CoverageAfter = after.Figures.Coverage,
        };
        var tag = Snapshot.TagOf(both) + asked.Reach.FigureMark;
        return new Table<ComparedTarget>(
            table,
            new TableHead(
                "completion-comparison", tag, version.Version, asked.IsPrivate, version.ChangedAt, Snapshot.KnownAt(both), head),
            FigureLabels.Of(both, table.Phrases), () => ComparedTarget.Of(before, after, both.Any(each => each.Facts.HasSample)));
    }

    /// <summary>The difference in percentage points, rounded once.</summary>
    internal static decimal? Difference(Domain.Fraction? before, Domain.Fraction? after) =>
        before is { } from && after is { } to ? from > to ? -(from - to).ToPercent() : (to - from).ToPercent() : null;
}
