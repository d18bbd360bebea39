using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>
/// A task, with its lead and coordinating units on the day asked. Its status is what its lead last said in a published report, with that
/// report's period and count; notStarted where it said nothing. Overdue: not done, and its lead said nothing of it in the period in which it
/// was last due and whose deadline for the lead's level has passed, or that was the final one. Counts by window are given where the criterion counts (III.2.e: forums by
/// quarter), byUnit where each unit does it for itself (V.1: unit plans issued). Leads are all there were: exactly one at any date.
/// </summary>
public sealed record TaskAnswer(
    string Code, string AreaVi, string AreaEn, string TitleVi, string TitleEn, string? CriterionEn, string CriterionKind,
    string? CriterionValue, Frequency Frequency, IReadOnlyList<UnitLevel> Levels, IReadOnlyList<string> LinkedTargets,
    string Lead, DateOnly LeadSince, string? CoordinatingVi, IReadOnlyList<string> Coordinating,
    Progress Status, long? Count, string? ReportedIn, bool Overdue, TaskCounts? Counts, TaskUnits? ByUnit, IReadOnlyList<LeadAnswer> Leads)
{
    internal static TaskAnswer Of(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said, UnitRegistry units, DateOnly date)
    {
        var lead = task.LeadOn(date);
        var latest = TaskRules.Latest(plan, task, said);
        return new TaskAnswer(
            task.Code, task.AreaVi, task.AreaEn, task.TitleVi, task.TitleEn, task.CriterionEn, task.CriterionKind,
            task.CriterionValue, task.Frequency, task.Levels, task.LinkedTargets, units[lead.UnitId].Code, lead.ValidFrom,
            task.CoordinatingVi,
            [.. task.Coordinators.Where(each => each.UnitId != lead.UnitId && task.IsCoordinatedBy(each.UnitId, date))
                .Select(each => units[each.UnitId].Code).Distinct().Order(StringComparer.Ordinal)],
            latest?.Status ?? Progress.NotStarted, latest?.Count, plan.Periods.FirstOrDefault(period => period.Id == latest?.PeriodId)?.Code,
            TaskRules.IsOverdue(plan, task, said, units, date), TaskCounts.Of(plan, task, said), TaskUnits.Of(plan, task, said, units, date),
            [.. task.Leads.Select((each, index) => new LeadAnswer(
                units[each.UnitId].Code, each.ValidFrom, index + 1 < task.Leads.Count ? task.Leads[index + 1].ValidFrom.AddDays(-1) : null))]);
    }
}

/// <summary>A lead from its first to its last day; null: still.</summary>
public sealed record LeadAnswer(string Unit, DateOnly From, DateOnly? To);

/// <summary>
/// Counts by window and of the year to date, with what the criterion asks of each. <c>yearMet</c> is null while the year may still bring
/// what is missing.
/// </summary>
public sealed record TaskCounts(IReadOnlyList<WindowCountAnswer> Windows, long? ToDate, int? LeastPerWindow, int? LeastPerYear, bool? YearMet)
{
    internal static TaskCounts? Of(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said)
    {
        if (TaskRules.LeastPerWindow(task) is not { } least)
        {
            return null;
        }

        var (toDate, leastPerYear) = (TaskRules.CountToDate(plan, task, said), TaskRules.LeastPerYear(task));
        return new TaskCounts(
            [.. TaskRules.CountsByWindow(plan, task, said).Select(each => new WindowCountAnswer(each.Period.Code, each.Count, each.Met))],
            toDate, least, leastPerYear, TaskRules.IsYearMet(plan, task, said));
    }
}

/// <summary>
/// The part of a period that no period before it holds: of 2022-H1 the second quarter. The count is null where a part is missing, or the parts exceed the whole.
/// </summary>
public sealed record WindowCountAnswer(string Period, long? Count, bool? Met);

/// <summary>How many units did a task for themselves, of those whose it is, and who has not.</summary>
public sealed record TaskUnits(int Expected, int Done, IReadOnlyList<string> Missing)
{
    internal static TaskUnits? Of(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said, UnitRegistry units, DateOnly date)
    {
        if (!TaskRules.IsEachUnits(task))
        {
            return null;
        }

        var (expected, done) = (TaskRules.UnitsOf(task, date), TaskRules.DoneBy(plan, said));
        return new TaskUnits(
            expected.Count, expected.Count(done.Contains),
            [.. expected.Where(unit => !done.Contains(unit)).Select(unit => units[unit].Code).Order(StringComparer.Ordinal)]);
    }
}

/// <summary>How the tasks of a plan, of a lead or of an area stand. The label is how officials write it: done of total.</summary>
public record TaskTotals(int Total, int Done, int InProgress, int NotStarted, int Overdue, string Label)
{
    internal static TaskTotals Of(IReadOnlyCollection<TaskAnswer> tasks)
    {
        var done = tasks.Count(task => task.Status == Progress.Done);
        return new TaskTotals(
            tasks.Count, done, tasks.Count(task => task.Status == Progress.InProgress), tasks.Count(task => task.Status == Progress.NotStarted),
            tasks.Count(task => task.Overdue), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{done:00}/{tasks.Count:00} nhiệm vụ"));
    }
}

/// <summary>The tasks of a plan in numbers.</summary>
public sealed record TaskSummary(string Plan, TaskTotals Totals, IReadOnlyList<LeadTotals> Leads, IReadOnlyList<AreaTotals> Areas);

public sealed record LeadTotals(string Lead, TaskTotals Totals);

public sealed record AreaTotals(string AreaVi, string AreaEn, TaskTotals Totals);

/// <summary>Who leads from which day on, and why.</summary>
public sealed record LeadBody(string Unit, DateOnly From, string Reason);
