using Cchc.Domain.Completion;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>Lays the figures of a snapshot out in rows.</summary>
internal static class CompletionRows
{
    public static IEnumerable<CompletionRow> Of(Snapshot snapshot, Basis basis, RowGrouping grouping) => grouping switch
    {
        RowGrouping.Value => snapshot.Facts.Units.ActiveOn(snapshot.Facts.Period.DataTo).SelectMany(unit => Values(snapshot, unit, basis)),
        RowGrouping.Target => Lines(Blank(snapshot), snapshot.OfPlan(basis)),
        RowGrouping.Group => Groups(snapshot, basis),
        RowGrouping.Unit => snapshot.Ranked(basis).Select(each =>
            WithUnit(Sum(Blank(snapshot), each.Figures), snapshot, each.Unit) with { Rank = each.Rank }),
        RowGrouping.District => snapshot.Facts.Units.ActiveOn(snapshot.Facts.Period.DataTo)
            .Where(unit => unit.Level == UnitLevel.District && unit.Kind == UnitKind.Committee)
            .Select(unit => WithUnit(Sum(Blank(snapshot), snapshot.Facts.OfSubtree(unit.Id, basis).Totals), snapshot, unit)),
        _ => Enum.GetValues<UnitLevel>().Select(level =>
            Sum(Blank(snapshot), snapshot.Facts.OfLevel(level, basis).Totals) with { UnitLevel = level }),
    };

    private static CompletionRow Blank(Snapshot snapshot) => new()
    {
        Plan = snapshot.Facts.Plan.Code,
        Period = snapshot.Facts.Period.Code,
        Sample = snapshot.Facts.HasSample ? true : null,
    };

    private static IEnumerable<CompletionRow> Values(Snapshot snapshot, Unit unit, Basis basis)
    {
        var blank = WithUnit(Blank(snapshot), snapshot, unit) with { Revision = snapshot.Facts.HeadOf(unit.Id)?.Revision };
        return Lines(blank, snapshot.Facts.OfUnit(unit.Id, basis));
    }

    private static IEnumerable<CompletionRow> Lines(CompletionRow row, RollUp figures)
    {
        foreach (var target in figures.Targets)
        {
            foreach (var line in target.Lines)
            {
                var shown = LineFigures.Of(target.Target, line);
                yield return row with
                {
                    Group = target.Target.Group,
                    Target = target.Target.Code,
                    Commitment = target.Target.Commitment,
                    Level = shown.Level,
                    Operator = shown.Operator,
                    Threshold = shown.Threshold,
                    Numerator = shown.Numerator,
                    Total = shown.Total,
                    Excluded = shown.Excluded,
                    Done = shown.Done,
                    Position = shown.Position,
                    Rate = shown.Rate,
                    Completion = shown.Completion,
                    Met = shown.Met,
                    Status = shown.Status,
                    Expected = shown.Coverage.Expected,
                    Received = shown.Coverage.Received,
                    NotApplicable = shown.Coverage.NotApplicable,
                };
            }
        }
    }

    private static IEnumerable<CompletionRow> Groups(Snapshot snapshot, Basis basis)
    {
        var figures = snapshot.OfPlan(basis);
        foreach (var group in snapshot.Facts.Plan.Groups)
        {
            var targets = figures.Targets.Where(target => target.Target.Group == group.Code).ToList();
            var coverage = snapshot.Facts.CoverageOf(snapshot.Facts.Expectation.UnitIds, [.. targets.Select(target => target.Target.Code)]);
            yield return Sum(Blank(snapshot), new RollUp(targets, coverage, snapshot.Facts.HasFigures(basis)).Totals) with
            {
                Group = group.Code,
                NameVi = group.TitleVi,
                NameEn = group.TitleEn,
            };
        }
    }

    private static CompletionRow Sum(CompletionRow row, Totals figures) => row with
    {
        Completion = figures.Completion?.ToPercent(),
        TargetsMet = figures.TargetsMet,
        TargetsCounted = figures.TargetsCounted,
        TargetsTotal = figures.TargetsTotal,
        Expected = figures.Coverage.Expected,
        Received = figures.Coverage.Received,
        OnTime = figures.Coverage.OnTime,
    };

    private static CompletionRow WithUnit(CompletionRow row, Snapshot snapshot, Unit unit)
    {
        var version = unit.On(snapshot.Facts.Period.DataTo);
        return row with
        {
            Unit = unit.Code,
            NameVi = version?.NameVi,
            NameEn = version?.NameEn,
            UnitLevel = unit.Level,
            UnitKind = unit.Kind,
            Parent = version?.ParentId is { } parent ? snapshot.Facts.Units[parent].Code : null,
        };
    }
}
