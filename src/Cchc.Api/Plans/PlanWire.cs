using System.Text.Json.Serialization;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>
/// A yearly reform plan. A draft is shown to its lead unit and to administrators alone; districtApproval says whether a district approves its
/// communes' reports before the lead does.
/// </summary>
public sealed record PlanAnswer(
    string Code, string Number, int Year, string TitleVi, string TitleEn, string Issuer, DateOnly IssuedOn, string SignedBy,
    string LeadUnit, string? MonitorUnit, bool Draft, DateOnly? InForceOn, bool DistrictApproval, int Targets, int Lines, int Tasks,
    IReadOnlyList<GroupAnswer> Groups)
{
    /// <summary>How its tasks stand; in the answer of one plan alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TaskTotals? TaskTotals { get; init; }

    /// <summary>How many obstacles it has; in the answer of one plan alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Obstacles.ObstacleCounts? Obstacles { get; init; }

    internal static PlanAnswer Of(Plan plan, UnitRegistry units) => new(
        plan.Code, plan.Number, plan.Year, plan.TitleVi, plan.TitleEn, plan.Issuer, plan.IssuedOn, plan.SignedBy,
        units[plan.LeadUnitId].Code, plan.MonitorUnitId is { } monitor ? units[monitor].Code : null,
        plan.IsDraft, plan.InForceOn, plan.DistrictApproval, plan.Targets.Count, plan.Targets.Sum(target => target.Lines.Count), plan.Tasks.Count,
        [.. plan.Groups.Select(group => new GroupAnswer(group.Code, group.TitleVi, group.TitleEn))]);
}

/// <summary>A group of targets.</summary>
public sealed record GroupAnswer(string Code, string TitleVi, string TitleEn);

/// <summary>
/// A target with the condition it sets at each level, and what it counts. Where it names an exclusion, its denominator includes what may be
/// excluded; where it names none, <c>excluded</c> is refused. The note is for those who report.
/// </summary>
public sealed record TargetAnswer(
    string Code, string Group, string TitleVi, string TitleEn, TargetKind Kind, Measure Measure, Trajectory Trajectory,
    string? UnitOfMeasure, Reporting Reporting, IReadOnlyList<UnitKind> ReporterKinds, string Owner, Frequency Frequency,
    Commitment Commitment, decimal Weight, string? NumeratorVi, string? NumeratorEn, string? DenominatorVi, string? DenominatorEn,
    string? ExclusionVi, string? ExclusionEn, string? NoteVi, string? NoteEn, IReadOnlyList<TargetLineAnswer> Lines)
{
    internal static TargetAnswer Of(Target target, UnitRegistry units) => new(
        target.Code, target.Group, target.TitleVi, target.TitleEn, target.Kind, target.Measure, target.Trajectory,
        target.UnitOfMeasure, target.Reporting, target.ReporterKinds, units[target.OwnerId].Code, target.Frequency,
        target.Commitment, Wire.Weight(target), target.NumeratorVi, target.NumeratorEn, target.DenominatorVi, target.DenominatorEn,
        target.ExclusionVi, target.ExclusionEn, target.NoteVi, target.NoteEn,
        [.. target.Lines.Select(line => new TargetLineAnswer(line.Level, line.Operator, Wire.Threshold(target, line)))]);
}

/// <summary>A condition at one level; a milestone has neither operator nor threshold.</summary>
public sealed record TargetLineAnswer(LineLevel Level, Comparison? Operator, decimal? Threshold);

/// <summary>
/// A reporting window. Dates are days in Asia/Ho_Chi_Minh. Deadlines are those of levels that report earlier than dueOn; the late are let in
/// until the end of lockOn.
/// </summary>
public sealed record PeriodAnswer(
    string Code, PeriodKind Kind, string LabelVi, string LabelEn, DateOnly DataFrom, DateOnly DataTo, DateOnly DueOn, DateOnly? LockOn,
    bool Cumulative, bool IsFinal, PeriodState State, bool Open, IReadOnlyList<LevelDeadline> Deadlines)
{
    internal static PeriodAnswer Of(Period period, DateOnly today) => new(
        period.Code, period.Kind, period.LabelVi, period.LabelEn, period.DataFrom, period.DataTo, period.DueOn, period.LockOn,
        period.Cumulative, period.IsFinal, period.StateOn(today), period.StateOn(today) == PeriodState.Open, period.Deadlines);
}

internal static class Wire
{
    /// <summary>A percentage with two decimals, or a position as a whole number.</summary>
    public static decimal? Threshold(Target target, TargetLine line) => line.ThresholdHundredths is not { } hundredths ? null
        : target.Kind is TargetKind.Rank or TargetKind.Grade ? hundredths / 100m
        : new decimal(hundredths, 0, 0, false, 2);

    public static decimal Weight(Target target) => target.WeightHundredths / 100m;
}
