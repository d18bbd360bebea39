using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

internal static class CompletionEndpoints
{
    private static readonly Parameter[] Common =
    [
        new("period", Parameters.DefaultPeriod, "2022-H1"),
        Parameters.Word<Lens>("lens", "Which revisions count; provisional needs a key"),
        Parameters.Word<Basis>("basis", "Year to date, or the period's window alone"), Parameters.AsOf,
    ];

    private enum UnitOrder { Rank, Completion, Code, Name }

    public static void MapCompletion(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans/{plan}/completion", GetCompletion)
            .Describe<CompletionAnswer>("getCompletion", "The plan's completion with every target and line", Common).Refuses(401, 404);
        api.MapGet("/plans/{plan}/completion/targets/{target}", ExplainTarget)
            .Describe<TargetExplanation>("explainTarget", "One target explained: contributors, missing, not applicable", Common).Refuses(401, 404);
        api.MapGet("/plans/{plan}/completion/units", RankUnits).Describe<UnitRankingAnswer>(
            "rankUnits", "Units with completion and rank among their level and kind; provisional: those within the caller's reach",
            [.. Common, Parameters.Word<UnitLevel>("level", "Level"), Parameters.Word<UnitKind>("kind", "Kind"),
             new("under", "This unit and all below it", "D474"), Parameters.Word<UnitOrder>("sort", "Order; rank is by level and kind first"),
             .. Parameters.Paging]).Refuses(401, 404);
        api.MapGet("/plans/{plan}/completion/units/{unit}", GetUnitCompletion).Describe<UnitCompletionAnswer>(
            "getUnitCompletion", "One unit line by line",
            [.. Common, Parameters.Word<Scope>("scope", "The unit alone, or with all below it")]).Refuses(401, 404);
    }

    private static async Task GetCompletion(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var asked = await AskAsync(context, plan, catalogues, snapshots, time);
        asked.Query.Done();
        await Answers.WriteAsync(context, asked.Tag, asked.IsPrivate, () =>
            Task.FromResult(asked.Fill(new CompletionAnswer(), asked.Snapshot.OfPlan(asked.Basis))));
    }

    private static async Task GetUnitCompletion(
        HttpContext context, string plan, string unit, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var asked = await AskAsync(context, plan, catalogues, snapshots, time, "scope");
        var scope = asked.Query.Word<Scope>("scope") ?? Scope.Own;
        asked.Query.Done();
        var found = asked.Catalogue.UnitOf(unit);
        if (found.On(asked.Period.DataTo) is not { } version)
        {
            throw new ProblemException("unit.unknown", unit);
        }

        asked.Reach.Require([asked.Snapshot], found);

        await Answers.WriteAsync(context, asked.Tag, asked.IsPrivate, async () =>
        {
            var figures = scope == Scope.Own ? asked.Snapshot.Facts.OfUnit(found.Id, asked.Basis) : asked.Snapshot.Facts.OfSubtree(found.Id, asked.Basis);
            return asked.Fill(new UnitCompletionAnswer
            {
                Unit = found.Code,
                NameVi = version.NameVi,
                NameEn = version.NameEn,
                Level = found.Level,
                Kind = found.Kind,
                Scope = scope,
                Rank = scope == Scope.Own ? asked.Snapshot.Ranked(asked.Basis).First(each => each.Unit.Id == found.Id).Rank : null,
            }, figures);
        });
    }

    private static async Task RankUnits(HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var asked = await AskAsync(context, plan, catalogues, snapshots, time, "level", "kind", "under", "sort", "limit", "cursor");
        var (level, kind) = (asked.Query.Word<UnitLevel>("level"), asked.Query.Word<UnitKind>("kind"));
        var under = asked.Query.Known("under", asked.Catalogue.Units.Find, "unit");
        var sort = asked.Query.Word<UnitOrder>("sort") ?? UnitOrder.Rank;
        var (limit, cursor) = (asked.Query.Limit(), asked.Query.Cursor());
        asked.Query.Done();
        await Answers.WriteAsync(context, asked.Tag, asked.IsPrivate, async () =>
        {
            var date = asked.Period.DataTo;
            var ranked = asked.Snapshot.Ranked(asked.Basis).Where(each =>
                (level is null || each.Unit.Level == level) && (kind is null || each.Unit.Kind == kind)
                && asked.Reach.Covers(asked.Snapshot, each.Unit)
                && (under is null || asked.Snapshot.Facts.Units.IsWithin(each.Unit, under.Id, date)));
            List<RankedUnit> ordered = sort switch
            {
                UnitOrder.Completion => [.. ranked.OrderByDescending(each => each.Figures.Completion ?? Domain.Fraction.Zero)
                    .ThenBy(each => each.Figures.Completion is null).ThenBy(each => each.Unit.Code, StringComparer.Ordinal)],
                UnitOrder.Code => [.. ranked.OrderBy(each => each.Unit.Code, StringComparer.Ordinal)],
                UnitOrder.Name => [.. ranked.OrderBy(each => Search.Fold(each.Unit.On(date)!.NameVi), StringComparer.Ordinal)
                    .ThenBy(each => each.Unit.Code, StringComparer.Ordinal)],
                _ => [.. ranked],
            };
            var places = PageKey.ByPlace(ordered.Select(each => each.Unit.Code));
            var page = Page<RankedUnitAnswer>.Cut(
                context, ordered, each => places[each.Unit.Code], each => Figures.Show(each, date), limit, cursor);
            return asked.Head(new UnitRankingAnswer
            {
                Items = page.Items,
                NextCursor = page.NextCursor,
            });
        });
    }

    private static async Task ExplainTarget(
        HttpContext context, string plan, string target, Catalogues catalogues, Snapshots snapshots, Database database,
        TimeProvider time)
    {
        var asked = await AskAsync(context, plan, catalogues, snapshots, time);
        asked.Query.Done();
        var found = asked.Snapshot.Facts.Plan.FindTarget(target) ?? throw new ProblemException("target.unknown", target);
        var reach = asked.Reach;
        await Answers.WriteAsync(context, asked.Version + reach.Mark, isPrivate: reach.Caller is not null, async () =>
        {
            var remarks = await database.ReadAsync(
                session => FactQueries.RemarksAsync(
                    session, asked.Period.Id, found.Id, asked.Lens == Lens.Provisional, asked.Snapshot.AsOf), context.RequestAborted);
            var result = asked.Snapshot.OfPlan(asked.Basis).Targets.First(each => each.Target.Id == found.Id);
            return asked.Head(new TargetExplanation
            {
                Target = found.Code,
                Group = found.Group,
                TitleVi = found.TitleVi,
                TitleEn = found.TitleEn,
                Kind = found.Kind,
                Measure = found.Measure,
                Commitment = found.Commitment,
                Weight = Wire.Weight(found),
                Completion = result.Completion?.ToPercent(),
                Met = result.Met,
                Status = result.Status,
                Lines = [.. result.Lines.Select(line => Explain(asked.Snapshot, found, line, asked.Basis, remarks, reach))],
            });
        });
    }

    private static ExplainedLine Explain(
        Snapshot snapshot, Target target, LineResult line, Basis basis, IReadOnlyList<FactQueries.RemarkRow> remarks, Reach reach)
    {
        var facts = snapshot.Facts;
        var contributors = new List<Contribution>();
        var missing = new List<string>();
        var notApplicable = new List<NotApplicableUnit>();
        var reporters = facts.Expectation.Lines.First(each => each.Line.Id == line.Line.Id).UnitIds.Select(id => facts.Units[id])
            .Where(unit => reach.Covers(snapshot, unit));
        foreach (var unit in reporters.OrderBy(unit => unit.Code, StringComparer.Ordinal))
        {
            var name = unit.On(facts.Period.DataTo)?.NameVi;
            // A remark is of the revision that the snapshot counted, or of none: a later one must not explain an earlier figure.
            var remark = !reach.CoversText(snapshot, unit) ? null : remarks.FirstOrDefault(each =>
                each.UnitId == unit.Id && each.LineId == line.Line.Id && each.Revision == facts.HeadOf(unit.Id)?.Revision);
            var value = facts.Value(line.Line.Id, unit.Id, basis);
            switch (value.State)
            {
                case ValueState.Missing:
                    missing.Add(unit.Code);
                    break;
                case ValueState.NotApplicable:
                    notApplicable.Add(new NotApplicableUnit(unit.Code, name, remark?.Reason));
                    break;
                default:
                    contributors.Add(Contribute(facts, target, line, basis, unit, name, value, remark?.Note));
                    break;
            }
        }

        return new ExplainedLine(LineFigures.Of(target, line), contributors, missing, notApplicable);
    }

    private static Contribution Contribute(
        PeriodFacts facts, Target target, LineResult line, Basis basis, Unit unit, string? name, ReportedValue value, string? note)
    {
        var isRatio = target.Kind == TargetKind.Ratio;
        var hasParts = basis == Basis.YearToDate && target.Measure == Measure.Flow && facts.Parts.Count > 1;
        return new Contribution
        {
            Unit = unit.Code,
            NameVi = name,
            Numerator = isRatio ? value.Numerator : null,
            Total = isRatio ? value.Total : null,
            Excluded = isRatio ? value.Excluded : null,
            Done = target.Kind is TargetKind.UnitShare or TargetKind.Milestone ? value.Numerator == 1 : null,
            Position = target.Kind is TargetKind.Rank or TargetKind.Grade ? value.Numerator : null,
            Rate = isRatio && value.Total > value.Excluded
                ? new Domain.Fraction(value.Numerator, value.Total - value.Excluded).ToPercent() : null,
            Parts = hasParts ? [.. facts.PartsOf(line.Line.Id, unit.Id)
                .Select(part => Part(part.Period, facts.Units[part.UnitId], part.Value))] : null,
            Note = note,
            Revision = facts.HeadOf(unit.Id)?.Revision,
            Sample = facts.HeadOf(unit.Id)?.IsSample ?? false,
        };
    }

    private static ContributionPart Part(Period period, Unit unit, ReportedValue value) => value.State == ValueState.Given
        ? new ContributionPart(period.Code, unit.Code, value.Numerator, value.Total, value.Excluded, false)
        : new ContributionPart(period.Code, unit.Code, null, null, null, value.State == ValueState.NotApplicable);

    private static async ValueTask<Asked> AskAsync(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time, params string[] more)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, ["period", "lens", "basis", "asOf", .. more]);
        var lens = query.Word<Lens>("lens") ?? Lens.Published;
        var basis = query.Word<Basis>("basis") ?? Basis.YearToDate;
        var period = query.Known("period", found.FindPeriod, "period");
        if (lens == Lens.Provisional)
        {
            context.RequireCaller();
        }

        var asOf = query.PastInstant("asOf", time);
        var snapshot = await snapshots.GetAsync(found, period, lens, asOf, context.RequestAborted);
        return new Asked(query, snapshot.Catalogue, found, new Reach(context.Caller(), lens), basis, snapshot);
    }

    private sealed record Asked(QueryInput Query, Catalogue Catalogue, Plan Plan, Reach Reach, Basis Basis, Snapshot Snapshot)
    {
        public Lens Lens => Reach.Lens;

        public Period Period => Snapshot.Facts.Period;

        public bool IsPrivate => Lens == Lens.Provisional;

        public string Version => Snapshot.Tag;

        public string Tag => Version + Reach.FigureMark;

        public T Head<T>(T answer)
            where T : FiguresAnswer => Figures.Head(answer, Snapshot, Lens, Basis);

        public T Fill<T>(T answer, RollUp figures)
            where T : CompletionAnswer => Figures.Fill(answer, Snapshot, Lens, Basis, figures);
    }
}
