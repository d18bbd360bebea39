using System.Globalization;
using System.Text.RegularExpressions;
using Cchc.Domain.Units;

namespace Cchc.Domain.Plans;

/// <summary>What a unit said of a task in a period.</summary>
public sealed record TaskStatement(int PeriodId, int UnitId, Progress Status, long? Count);

/// <summary>How many of something happened between the last day of the window before and the last day of this one.</summary>
/// <param name="Period">The window.</param>
/// <param name="Count">Null where what was said of it, or of a part of the year before it, is missing, or where the parts exceed the whole.</param>
/// <param name="Met">Whether it is as many as the criterion asks of a window; null where nothing is known or asked.</param>
public sealed record WindowCount(Period Period, long? Count, bool? Met);

/// <summary>How a task stands by what its units said in published reports (nhiệm vụ).</summary>
public static partial class TaskRules
{
    /// <summary>
    /// The period in which the task was last due and whose deadline for the level of the task's lead has passed; null where there is none,
    /// or the task is never due.
    /// </summary>
    public static Period? LatestDue(Plan plan, PlanTask task, UnitRegistry units, DateOnly today) =>
        plan.Periods.LastOrDefault(period => period.DueOnFor(units[task.LeadOn(period.DataTo).UnitId].Level) < today && task.Frequency switch
        {
            Frequency.Quarterly or Frequency.Periodic => true,
            Frequency.HalfYearly => period.Kind is PeriodKind.Half or PeriodKind.Year,
            Frequency.Annual => period.Kind is PeriodKind.Year,
            _ => false,
        });

    /// <summary>
    /// Whether a task is overdue: not done, and its lead said nothing of it in the period in which it was last due and whose deadline has
    /// passed; or that period is the plan's final one.
    /// </summary>
    public static bool IsOverdue(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said, UnitRegistry units, DateOnly today) =>
        Latest(plan, task, said)?.Status != Progress.Done && LatestDue(plan, task, units, today) is { } due
        && (due.IsFinal || !said.Any(each => each.PeriodId == due.Id && each.UnitId == task.LeadOn(due.DataTo).UnitId));

    /// <summary>What the task's lead last said of it; a coordinating unit tells its own part.</summary>
    public static TaskStatement? Latest(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said) => plan.Periods
        .Select(period => said.FirstOrDefault(each => each.PeriodId == period.Id && each.UnitId == task.LeadOn(period.DataTo).UnitId))
        .LastOrDefault(each => each is not null);

    /// <summary>
    /// The lead's counts by window (III.2.e: forums by quarter). A cumulative window holds what the windows before it hold, so that its own
    /// part is what is left: the second quarter is the first half less the first quarter.
    /// </summary>
    public static IReadOnlyList<WindowCount> CountsByWindow(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said)
    {
        var (windows, toDate, least) = (new List<WindowCount>(), (long?)0, LeastPerWindow(task));
        foreach (var period in plan.Periods)
        {
            var count = CountIn(period, task, said);
            var own = period.Cumulative ? count - toDate : count;
            own = own < 0 ? null : own;
            windows.Add(new WindowCount(period, own, own is null || least is null ? null : own >= least));
            toDate = period.Cumulative ? count : toDate + count;
        }

        return windows;
    }

    /// <summary>
    /// The year to date at the latest period that its lead counted, made up as a flow's is; null where nothing was counted, or a part of it
    /// was not.
    /// </summary>
    public static long? CountToDate(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said) =>
        LatestCounted(plan, task, said) is { } latest
            ? plan.YearToDateParts(latest).Aggregate((long?)0, (sum, part) => sum + CountIn(part, task, said)) : null;

    /// <summary>Whether the year has what the criterion asks of it; null while it may still come, or cannot be counted.</summary>
    public static bool? IsYearMet(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said) =>
        CountToDate(plan, task, said) is not { } toDate || LeastPerYear(task) is not { } least ? null
        : toDate >= least ? true
        : LatestCounted(plan, task, said)!.IsFinal ? false : null;

    /// <summary>How many a criterion such as "&gt;=1 per quarter (4/year)" asks of a window; null where it asks none.</summary>
    public static int? LeastPerWindow(PlanTask task) => Number(task, "window");

    /// <summary>How many it asks of the year.</summary>
    public static int? LeastPerYear(PlanTask task) => Number(task, "year");

    /// <summary>Whether each of its units does the task for itself (V.1: a plan of its own).</summary>
    public static bool IsEachUnits(PlanTask task) => task.CriterionKind == "boolean" && PerUnit().IsMatch(task.CriterionValue ?? "");

    /// <summary>The lead and the coordinating units on a date, whose part each of them tells.</summary>
    public static IReadOnlyList<int> UnitsOf(PlanTask task, DateOnly date) =>
        [.. task.Coordinators.Where(each => task.IsCoordinatedBy(each.UnitId, date)).Select(each => each.UnitId)
            .Append(task.LeadOn(date).UnitId).Distinct()];

    /// <summary>Of its units, those that said the task is done for their part.</summary>
    public static IReadOnlySet<int> DoneBy(Plan plan, IReadOnlyList<TaskStatement> said)
    {
        var latest = new Dictionary<int, Progress>();
        foreach (var period in plan.Periods)
        {
            foreach (var each in said.Where(each => each.PeriodId == period.Id))
            {
                latest[each.UnitId] = each.Status;
            }
        }

        return latest.Where(each => each.Value == Progress.Done).Select(each => each.Key).ToHashSet();
    }

    private static Period? LatestCounted(Plan plan, PlanTask task, IReadOnlyList<TaskStatement> said) =>
        plan.Periods.LastOrDefault(period => CountIn(period, task, said) is not null);

    private static long? CountIn(Period period, PlanTask task, IReadOnlyList<TaskStatement> said) =>
        said.FirstOrDefault(each => each.PeriodId == period.Id && each.UnitId == task.LeadOn(period.DataTo).UnitId)?.Count;

    private static int? Number(PlanTask task, string group) =>
        task.CriterionKind == "countPerPeriod" && PerWindow().Match(task.CriterionValue ?? "") is { Success: true } match
            && int.TryParse(match.Groups[group].Value, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"^>=\s*(?<window>\d+) per (quarter|period)( \((?<year>\d+)/year\))?$")]
    private static partial Regex PerWindow();

    [GeneratedRegex(@"^1 \w+/unit\b")]
    private static partial Regex PerUnit();
}
