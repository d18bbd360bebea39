using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>
/// The whole definition of a plan in one document: what a draft is edited by, and a copy begins with. Units are named by code, percentages
/// and weights have up to two decimals.
/// </summary>
public sealed record PlanDefinition
{
    public required string Code { get; init; }
    public required string Number { get; init; }
    public required int Year { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }
    public required string Issuer { get; init; }
    public required DateOnly IssuedOn { get; init; }
    public required string SignedBy { get; init; }
    public required string LeadUnit { get; init; }
    public string? MonitorUnit { get; init; }

    /// <summary>Whether a district approves its communes' reports before the lead does.</summary>
    public bool DistrictApproval { get; init; }

    public required IReadOnlyList<GroupAnswer> Groups { get; init; }
    public required IReadOnlyList<TargetAnswer> Targets { get; init; }
    public required IReadOnlyList<TaskDefinition> Tasks { get; init; }
    public required IReadOnlyList<PeriodDefinition> Periods { get; init; }

    internal static PlanDefinition Of(Plan plan, UnitRegistry units) => new()
    {
        Code = plan.Code,
        Number = plan.Number,
        Year = plan.Year,
        TitleVi = plan.TitleVi,
        TitleEn = plan.TitleEn,
        Issuer = plan.Issuer,
        IssuedOn = plan.IssuedOn,
        SignedBy = plan.SignedBy,
        LeadUnit = units[plan.LeadUnitId].Code,
        MonitorUnit = plan.MonitorUnitId is { } monitor ? units[monitor].Code : null,
        DistrictApproval = plan.DistrictApproval,
        Groups = [.. plan.Groups.Select(group => new GroupAnswer(group.Code, group.TitleVi, group.TitleEn))],
        Targets = [.. plan.Targets.Select(target => TargetAnswer.Of(target, units))],
        Tasks = [.. plan.Tasks.Select(task => new TaskDefinition(
            task.Code, task.AreaVi, task.AreaEn, task.TitleVi, task.TitleEn, task.CriterionEn, task.CriterionKind, task.CriterionValue,
            task.Frequency, task.CoordinatingVi, task.Levels, task.LinkedTargets, units[task.Leads[^1].UnitId].Code,
            [.. task.Coordinators.Where(each => each.ValidTo is null && each.UnitId != task.Leads[^1].UnitId)
                .Select(each => units[each.UnitId].Code).Order(StringComparer.Ordinal)]))],
        Periods = [.. plan.Periods.Select(period => new PeriodDefinition(
            period.Code, period.Kind, period.LabelVi, period.LabelEn, period.DataFrom, period.DataTo, period.DueOn, period.LockOn, period.Cumulative,
            period.IsFinal, period.Deadlines))],
    };
}

/// <summary>A task with its lead and its coordinating units from the plan's beginning on.</summary>
public sealed record TaskDefinition(
    string Code, string AreaVi, string AreaEn, string TitleVi, string TitleEn, string? CriterionEn, string CriterionKind,
    string? CriterionValue, Frequency Frequency, string? CoordinatingVi, IReadOnlyList<UnitLevel> Levels, IReadOnlyList<string> LinkedTargets,
    string Lead, IReadOnlyList<string> Coordinating);

public sealed record PeriodDefinition(
    string Code, PeriodKind Kind, string LabelVi, string LabelEn, DateOnly DataFrom, DateOnly DataTo, DateOnly DueOn, DateOnly? LockOn,
    bool Cumulative, bool IsFinal, IReadOnlyList<LevelDeadline> Deadlines);

/// <summary>What a copy is made of. What is not given is taken over, the year in the titles set anew.</summary>
public sealed record PlanCopyBody(
    string CopyFrom, string Code, string Number, int Year, DateOnly IssuedOn, string SignedBy, string? TitleVi = null, string? TitleEn = null,
    string? Issuer = null);

/// <summary>A plan made as a copy, still a draft.</summary>
/// <param name="Definition">Its definition; its ETag is that of the definition.</param>
/// <param name="Warnings">Units that do not exist any more on the new plan's first day.</param>
public sealed record PlanCopyAnswer(PlanDefinition Definition, IReadOnlyList<GoneUnit> Warnings);

/// <summary>A unit that is gone: where the definition names it, and who took over from it.</summary>
public sealed record GoneUnit(string Pointer, string Unit, IReadOnlyList<string> Successors);

/// <summary>How a draft is put in force.</summary>
/// <param name="On">The day from which it is in force, today at the latest.</param>
/// <param name="Reason">Why.</param>
public sealed record EnactBody(DateOnly On, string? Reason = null);

public sealed record RulesBody(bool DistrictApproval, string Reason);
