using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Discovery;

/// <summary>How a figure comes about.</summary>
public enum Aggregation
{
    /// <summary>The sum of numerators over the sum of totals less what is excluded; never a mean of percentages.</summary>
    RatioOfSums,

    /// <summary>Units done over units expected, less those not applicable; one that did not report is not done.</summary>
    ShareOfUnits,

    /// <summary>A place held, as it was published.</summary>
    Position,

    /// <summary>A state, counted and not rated.</summary>
    State,
}

/// <summary>What a figure is counted in.</summary>
public enum FigureUnit { Percent, Place, State }

/// <summary>A target as an indicator: what is measured and how its figure comes about, for a program to read.</summary>
public sealed record IndicatorAnswer
{
    public required string Code { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }

    /// <summary>Where the plan sets it.</summary>
    public required string Source { get; init; }

    public required FigureUnit Unit { get; init; }

    /// <summary>What is counted, in Vietnamese.</summary>
    public required string? CountedVi { get; init; }

    public required Aggregation Aggregation { get; init; }

    /// <summary>What the numerator counts; null where a value is no count.</summary>
    public required string? NumeratorVi { get; init; }

    public required string? NumeratorEn { get; init; }

    /// <summary>What the total counts. Where an exclusion is named, the total includes it.</summary>
    public required string? DenominatorVi { get; init; }

    public required string? DenominatorEn { get; init; }

    /// <summary>What may be excluded from the total; null where nothing may.</summary>
    public required string? ExclusionVi { get; init; }

    public required string? ExclusionEn { get; init; }
    public required string FormulaVi { get; init; }
    public required string FormulaEn { get; init; }

    /// <summary>A stock is a level at a moment; a flow adds up over the year.</summary>
    public required Measure Measure { get; init; }

    public required Trajectory Trajectory { get; init; }
    public required Frequency Frequency { get; init; }

    /// <summary>The periods in which it is due.</summary>
    public required IReadOnlyList<string> Periods { get; init; }

    public required Reporting Reporting { get; init; }
    public required IReadOnlyList<UnitKind> ReporterKinds { get; init; }
    public required string Owner { get; init; }
    public required Commitment Commitment { get; init; }
    public required decimal Weight { get; init; }

    /// <summary>
    /// The conditions, one a level. Completion in percent: of <c>atLeast</c> min(100, rate ÷ threshold × 100); of <c>atMost</c> 100 where it
    /// is met, otherwise threshold ÷ rate × 100; of a rank or a grade 100 where it is met, otherwise 0.
    /// </summary>
    public required IReadOnlyList<TargetLineAnswer> Lines { get; init; }

    /// <summary>How the completion of a line comes from its figure, by the operators of the lines, in Vietnamese; null where there is none.</summary>
    public required string? CompletionVi { get; init; }

    /// <summary>The same in English.</summary>
    public required string? CompletionEn { get; init; }

    /// <summary>What those who report must know.</summary>
    public required string? NoteVi { get; init; }

    public required string? NoteEn { get; init; }
}

internal static class IndicatorEndpoints
{
    public static void MapIndicators(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans/{plan}/indicators", ListIndicators).Describe<Page<IndicatorAnswer>>(
            "listIndicators", "How the figure of each target comes about", Parameters.Paging).Refuses(404);
        api.MapGet("/plans/{plan}/indicators/{target}", GetIndicator).Describe<IndicatorAnswer>(
            "getIndicator", "How the figure of one target comes about").Refuses(404);
    }

    private static async Task ListIndicators(HttpContext context, string plan, Catalogues catalogues, TimeProvider time)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan, context.Caller()).On(time.Today());
        var places = PageKey.ByPlace(found.Targets.Select(target => target.Code));
        await Answers.WriteAsync(context, $"i{catalogue.DataVersion.Mark}-{time.Today():yyyyMMdd}", found.IsDraft, () => Task.FromResult(
            Page<IndicatorAnswer>.Cut(
                context, found.Targets, target => places[target.Code], target => Of(found, target, catalogue.Units), limit, cursor)));
    }

    private static async Task GetIndicator(HttpContext context, string plan, string target, Catalogues catalogues, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var inPlan = catalogue.PlanOf(plan, context.Caller()).On(time.Today());
        var found = inPlan.FindTarget(target) ?? throw new ProblemException("target.unknown", target);
        await Answers.WriteAsync(
            context, $"i{catalogue.DataVersion.Mark}-{time.Today():yyyyMMdd}", inPlan.IsDraft, () => Task.FromResult(Of(inPlan, found, catalogue.Units)));
    }

    private static IndicatorAnswer Of(Plan plan, Target target, UnitRegistry units)
    {
        var (aggregation, unit, formulaVi, formulaEn) = target.Kind switch
        {
            TargetKind.Ratio when !target.TakesExclusion => (Aggregation.RatioOfSums, FigureUnit.Percent,
                "Tổng tử số ÷ tổng mẫu số × 100, trên các đơn vị có báo cáo",
                "sum of numerators ÷ sum of totals × 100, over the units that reported"),
            TargetKind.Ratio => (Aggregation.RatioOfSums, FigureUnit.Percent,
                "Tổng tử số ÷ (tổng mẫu số − tổng loại trừ) × 100, trên các đơn vị có báo cáo",
                "sum of numerators ÷ (sum of totals − sum of excluded) × 100, over the units that reported"),
            TargetKind.UnitShare => (Aggregation.ShareOfUnits, FigureUnit.Percent,
                "Số đơn vị hoàn thành ÷ (số đơn vị phải báo cáo − số đơn vị không áp dụng) × 100; không báo cáo là chưa hoàn thành",
                "units done ÷ (units expected − units not applicable) × 100; not reported is not done"),
            TargetKind.Milestone => (Aggregation.State, FigureUnit.State, "Số đơn vị đã hoàn thành; không tính tỷ lệ", "units done; no rate"),
            _ => (Aggregation.Position, FigureUnit.Place, "Thứ hạng được công bố", "the place, as published"),
        };
        return new IndicatorAnswer
        {
            Code = target.Code,
            TitleVi = target.TitleVi,
            TitleEn = target.TitleEn,
            Source = $"{plan.Number}, {target.Code}",
            Unit = unit,
            CountedVi = target.UnitOfMeasure,
            Aggregation = aggregation,
            NumeratorVi = target.NumeratorVi,
            NumeratorEn = target.NumeratorEn,
            DenominatorVi = target.DenominatorVi,
            DenominatorEn = target.DenominatorEn,
            ExclusionVi = target.ExclusionVi,
            ExclusionEn = target.ExclusionEn,
            FormulaVi = formulaVi,
            FormulaEn = formulaEn,
            Measure = target.Measure,
            Trajectory = target.Trajectory,
            Frequency = target.Frequency,
            Periods = [.. plan.Periods.Where(target.IsDueIn).Select(period => period.Code)],
            Reporting = target.Reporting,
            ReporterKinds = target.ReporterKinds,
            Owner = units[target.OwnerId].Code,
            Commitment = target.Commitment,
            Weight = Wire.Weight(target),
            CompletionVi = CompletionOf(
                target, "không đạt mức là 0, đạt là 100", "min(100, tỷ lệ ÷ mức tối thiểu × 100)",
                "không vượt mức tối đa là 100, nếu vượt thì mức tối đa ÷ tỷ lệ × 100"),
            CompletionEn = CompletionOf(
                target, "100 where met, otherwise 0", "atLeast: min(100, rate ÷ threshold × 100)",
                "atMost: 100 where met, otherwise threshold ÷ rate × 100"),
            Lines = [.. target.Lines.Select(line => new TargetLineAnswer(line.Level, line.Operator, Wire.Threshold(target, line)))],
            NoteVi = target.NoteVi,
            NoteEn = target.NoteEn,
        };
    }

    private static string? CompletionOf(Target target, string ofPlace, string atLeast, string atMost) =>
        target.Kind is TargetKind.Rank or TargetKind.Grade ? ofPlace
        : target.Kind == TargetKind.Milestone ? null
        : string.Join("; ", target.Lines.Select(line => line.Operator == Comparison.AtMost ? atMost : atLeast).Distinct());
}
