using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>The figures as a tidy table, for whatever reads tables.</summary>
internal static class RowEndpoints
{
    private static readonly Parameter[] Filters =
    [
        new("unit", "Units, comma-separated", "SNV"), new("under", "This unit and all below it", "D474"),
        new("unitLevel", "Levels of units, comma-separated", "district"), new("unitKind", "Kinds of units, comma-separated", "committee"),
        new("group", "Groups of targets, comma-separated", "II.3"), new("target", "Targets, comma-separated", "II.3.a"),
        new("commitment", "Commitments, comma-separated", "must"), new("level", "Levels of lines, comma-separated", "province"),
        new("status", "Statuses of lines, comma-separated", "missed,noData"),
        new("met", "Whether the line is met", false),
    ];

    public static void MapCompletionRows(this IEndpointRouteBuilder api) =>
        api.MapGet("/plans/{plan}/completion/rows", ListRows).Describe<CompletionRowsAnswer>(
            "listCompletionRows",
            "The figures as a tidy table, one row a value, line, group, unit, district or level (provisional: units within reach)",
            [new("period", "Periods, comma-separated, or all; the default period where it is not given", "2022-Q1"),
             Parameters.Word<Lens>("lens", "Which revisions count; provisional needs a key"),
             Parameters.Word<Basis>("basis", "Year to date, or the period's window alone"), Parameters.AsOf,
             Parameters.Word<RowGrouping>("groupBy", "What a row is about"), .. Filters, .. TableRequest.Parameters]).Refuses(401, 404, 406).InForms();

    private static async Task ListRows(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        await TableAnswer.WriteAsync(context, at => ReadAsync(context, catalogue, found, snapshots, time, at));
    }

    private static async Task<Table<CompletionRow>> ReadAsync(
        HttpContext context, Catalogue catalogue, Plan plan, Snapshots snapshots, TimeProvider time, DateTimeOffset? at)
    {
        var query = new QueryInput(
            context.Request, ["period", "lens", "basis", "asOf", "groupBy", .. Filters.Select(each => each.Name), .. TableRequest.Names]);
        var asked = await FigureRequest.ReadAsync(context, query, plan, snapshots, time, at);
        var grouping = query.Word<RowGrouping>("groupBy") ?? RowGrouping.Value;
        var columns = CompletionRow.ColumnsOf(grouping);
        var keep = Filter(query, catalogue, asked, grouping, columns);
        var table = TableRequest.Read(context.Request, query, columns);
        query.Done();
        var latest = asked.Snapshots[^1].Version;
        var isOfUnits = grouping is RowGrouping.Value or RowGrouping.Unit;
        var head = new CompletionRowsAnswer
        {
            Plan = plan.Code,
            Lens = asked.Lens,
            Basis = asked.Basis,
            GroupBy = grouping,
            DataVersion = latest.Version,
            AsOf = latest.ChangedAt,
            Sample = asked.Snapshots.Any(each => each.Facts.HasSample),
        };
        return new Table<CompletionRow>(
            table,
            new TableHead(
                $"completion-{Words.Of(grouping)}", asked.Tag, latest.Version, asked.IsPrivate, latest.ChangedAt,
                Snapshot.KnownAt(asked.Snapshots), head),
            FigureLabels.Of(asked.Snapshots, table.Phrases),
            () => asked.Snapshots.SelectMany(snapshot => CompletionRows.Of(snapshot, asked.Basis, grouping)
                .Where(row => !isOfUnits || asked.Reach.Covers(snapshot, catalogue.UnitOf(row.Unit!)))).Where(keep));
    }

    /// <summary>Every filter that the grouping has a column for; another is refused, for it would say nothing.</summary>
    private static Func<CompletionRow, bool> Filter(
        QueryInput query, Catalogue catalogue, FigureRequest asked, RowGrouping grouping, IReadOnlyList<Column<CompletionRow>> columns)
    {
        foreach (var filter in Filters.Where(each =>
            query.Text(each.Name) is not null && !columns.Any(column => column.Name == (each.Name == "under" ? "unit" : each.Name))))
        {
            query.Refuse("parameter.notHere", filter.Name, filter.Name, Words.Of(grouping));
        }

        var plan = asked.Plan;
        var units = query.KnownAll("unit", catalogue.Units.Find, "unit").Select(unit => unit.Code).ToHashSet();
        var under = query.Known("under", catalogue.Units.Find, "unit");
        var (unitLevels, unitKinds) = (query.WordsOf<UnitLevel>("unitLevel"), query.WordsOf<UnitKind>("unitKind"));
        var groups = query.KnownAll("group", code => plan.Groups.FirstOrDefault(each => Codes.Same(each.Code, code)), "group")
            .Select(group => group.Code).ToHashSet();
        var targets = query.KnownAll("target", plan.FindTarget, "target").Select(target => target.Code).ToHashSet();
        var (commitments, levels) = (query.WordsOf<Commitment>("commitment"), query.WordsOf<LineLevel>("level"));
        var statuses = query.WordsOf<LineStatus>("status");
        bool? met = query.Text("met") is null ? null : query.Flag("met");
        return row => Has(units, row.Unit) && (under is null || IsUnder(row)) && Is(unitLevels, row.UnitLevel) && Is(unitKinds, row.UnitKind)
            && Has(groups, row.Group) && Has(targets, row.Target) && Is(commitments, row.Commitment) && Is(levels, row.Level)
            && Is(statuses, row.Status) && (met is null || row.Met == met);

        bool IsUnder(CompletionRow row) => catalogue.Units.IsWithin(
            catalogue.UnitOf(row.Unit!), under.Id, plan.FindPeriod(row.Period!)!.DataTo);

        static bool Has(HashSet<string> wanted, string? code) => wanted.Count == 0 || (code is not null && wanted.Contains(code));

        static bool Is<T>(IReadOnlySet<T> wanted, T? word)
            where T : struct, Enum => wanted.Count == 0 || (word is { } given && wanted.Contains(given));
    }
}
