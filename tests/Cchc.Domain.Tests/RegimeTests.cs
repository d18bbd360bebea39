using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Domain.Tests;

/// <summary>The rules of the reporting regime, by table.</summary>
public sealed class RegimeTests
{
    private static readonly DateOnly Start = new(2021, 12, 15);
    private static readonly Period First = Make.Period(1, PeriodKind.Quarter, Start, new DateOnly(2022, 3, 14), cumulative: true, isFinal: false);
    private static readonly Period Half = Make.Period(2, PeriodKind.Half, Start, new DateOnly(2022, 6, 14), cumulative: true, isFinal: false);
    private static readonly Period Third =
        Make.Period(3, PeriodKind.Quarter, new DateOnly(2022, 6, 15), new DateOnly(2022, 9, 14), cumulative: false, isFinal: false);

    private static readonly Period Year = Make.Period(4, PeriodKind.Year, Start, new DateOnly(2022, 12, 14), cumulative: true, isFinal: true);

    private static readonly UnitRegistry Registry = new([Make.Unit(1, "A", UnitLevel.Province, UnitKind.Department, null)], []);

    [Theory]
    [InlineData(1, 3, 2, 9, "1 2 2 4", 9)]
    [InlineData(0, 0, 0, 0, "0 0 0 0", 0)]
    [InlineData(1, null, 2, 9, "1 - 2 -", 9)]
    [InlineData(null, 3, 2, null, "- - 2 -", 5)]
    [InlineData(2, null, null, null, "2 - - -", 2)]
    [InlineData(3, 1, null, null, "3 - - -", 1)] // a count that fell
    [InlineData(3, null, 1, null, "3 - 1 -", null)]
    [InlineData(null, null, null, null, "- - - -", null)]
    public void Counts_by_window_are_what_no_window_before_holds(int? q1, int? h1, int? q3, int? fy, string windows, int? toDate)
    {
        var plan = Make.Plan([], [First, Half, Third, Year]);
        var task = Task(">=1 per quarter (4/year)", Frequency.Quarterly);
        var said = Said(task, q1, h1, q3, fy);
        Assert.Equal(windows, string.Join(' ', TaskRules.CountsByWindow(plan, task, said).Select(each => each.Count?.ToString(null, null) ?? "-")));
        Assert.Equal(toDate, TaskRules.CountToDate(plan, task, said));
    }

    [Theory]
    [InlineData(">=1 per quarter (4/year)", 1, 4)]
    [InlineData(">=2 per period", 2, null)]
    [InlineData("4 channels", null, null)]
    [InlineData(null, null, null)]
    public void A_criterion_says_how_many(string? criterion, int? window, int? year)
    {
        var task = Task(criterion, Frequency.Quarterly);
        Assert.Equal((window, year), (TaskRules.LeastPerWindow(task), TaskRules.LeastPerYear(task)));
    }

    [Theory]
    [InlineData(Frequency.Quarterly, "2022-03-20", null, false)] // the due day itself
    [InlineData(Frequency.Quarterly, "2022-03-21", null, true)]
    [InlineData(Frequency.Quarterly, "2022-03-21", Progress.NotStarted, false)] // said, if nothing good
    [InlineData(Frequency.Quarterly, "2022-06-21", Progress.InProgress, true)] // said in Q1, silent in H1
    [InlineData(Frequency.Quarterly, "2022-12-21", Progress.Done, false)]
    [InlineData(Frequency.HalfYearly, "2022-06-20", null, false)]
    [InlineData(Frequency.HalfYearly, "2022-06-21", null, true)]
    [InlineData(Frequency.Annual, "2022-12-20", Progress.InProgress, false)]
    [InlineData(Frequency.Annual, "2022-12-21", Progress.InProgress, true)]
    [InlineData(Frequency.Continuous, "2023-06-01", null, false)]
    [InlineData(Frequency.AnyTime, "2023-06-01", null, false)]
    public void A_task_is_overdue_when_its_lead_kept_silent_or_the_year_is_out(Frequency frequency, string today, Progress? inFirst, bool isOverdue)
    {
        var plan = Make.Plan([], [First, Half, Third, Year]);
        var task = Task(null, frequency);
        TaskStatement[] said = inFirst is { } status ? [new TaskStatement(First.Id, 1, status, null)] : [];
        Assert.Equal(isOverdue, TaskRules.IsOverdue(plan, task, said, Registry, DateOnly.Parse(today, null)));
    }

    // A's level, the district's, is due on the 17th; B's on the 20th.
    [Theory]
    [InlineData(1, "2022-03-17", false)]
    [InlineData(1, "2022-03-18", true)]
    [InlineData(2, "2022-03-20", false)]
    [InlineData(2, "2022-03-21", true)]
    public void A_task_is_due_at_the_deadline_of_its_leads_level(int lead, string today, bool isOverdue)
    {
        var units = new UnitRegistry(
            [Make.Unit(1, "A", UnitLevel.District, UnitKind.Committee, null), Make.Unit(2, "B", UnitLevel.Province, UnitKind.Department, null)], []);
        var first = First with { DueOn = new DateOnly(2022, 3, 20), Deadlines = [new LevelDeadline(UnitLevel.District, new DateOnly(2022, 3, 17))] };
        var task = Task(null, Frequency.Quarterly) with { Leads = [new TaskLead(lead, Start)] };
        Assert.Equal(isOverdue, TaskRules.IsOverdue(Make.Plan([], [first, Half, Third, Year]), task, [], units, DateOnly.Parse(today, null)));
    }

    [Theory]
    [InlineData(2023, 2024)]
    [InlineData(2024, 2025)]
    [InlineData(2024, 2028)]
    [InlineData(2022, 2023)]
    public void Windows_of_a_copied_plan_follow_each_other_over_a_leap_day(int year, int copied)
    {
        var (end, begin) = (new DateOnly(year, 3, 1).AddDays(-1), new DateOnly(year, 3, 1));
        var first = Make.Period(1, PeriodKind.Quarter, new DateOnly(year, 1, 1), end, cumulative: true, isFinal: false) with { DueOn = end, LockOn = end };
        var last = Make.Period(2, PeriodKind.Year, begin, new DateOnly(year, 12, 31), cumulative: false, isFinal: true) with
        {
            DueOn = new DateOnly(year + 1, 2, 28),
            Deadlines = [new LevelDeadline(UnitLevel.Commune, new DateOnly(year, 12, 31))],
        };
        var plan = Drafting.Copy(Make.Plan([], [first, last]) with { Year = year }, "copy", copied);
        var (former, latter) = (plan.Periods[0], plan.Periods[1]);
        Assert.Equal(new DateOnly(copied, 3, 1), latter.DataFrom);
        Assert.Equal(latter.DataFrom, former.DataTo.AddDays(1));
        Assert.Equal((former.DataTo, (DateOnly?)former.DataTo), (former.DueOn, former.LockOn));
        Assert.Equal((new DateOnly(copied, 12, 31), new DateOnly(copied, 12, 31)), (latter.DataTo, latter.Deadlines[0].DueOn));
        Assert.True(latter.DueOn >= latter.DataTo);
    }

    [Fact]
    public void A_date_near_the_end_of_time_is_copied_as_it_is()
    {
        var never = Year with { LockOn = DateOnly.MaxValue };
        Assert.Equal(DateOnly.MaxValue, Drafting.Copy(Make.Plan([], [never]), "copy", 2030).Periods[0].LockOn);
        Assert.True(never with { DueOn = DateOnly.MaxValue } is var last && last.IsOnTime(UnitLevel.Province, LocalTime.StartOf(Start)));
    }

    [Fact]
    public void A_plan_is_what_its_amendments_up_to_a_day_make_it()
    {
        var target = Make.Target(7, TargetKind.Ratio, Make.Line(71, LineLevel.Province, TargetKind.Ratio, 5000), Make.Line(72, LineLevel.Commune, TargetKind.Ratio, 3000));
        var other = Make.Target(8, TargetKind.UnitShare, Make.Line(81, LineLevel.Province, TargetKind.UnitShare, 10000));
        var plan = Make.Plan([target, other], [First, Half, Third, Year]) with
        {
            Amendments =
            [
                new Amendment(1, "A", Start, new DateOnly(2022, 4, 1), "", [new AmendedTarget(7, false, 250, null, null, [new AmendedLine(72, Comparison.AtLeast, 2000)])]),
                new Amendment(2, "B", Start, new DateOnly(2022, 7, 1), "", [new AmendedTarget(7, false, null, Commitment.Strive, 9, []), new AmendedTarget(8, true, null, null, null, [])]),
            ],
        };
        Assert.Same(plan, plan.On(new DateOnly(2022, 3, 31)));
        var second = plan.On(new DateOnly(2022, 4, 1));
        Assert.Equal((250, 5000, 2000), (second.Targets[0].WeightHundredths, second.Targets[0].Lines[0].ThresholdHundredths, second.Targets[0].Lines[1].ThresholdHundredths));
        var last = plan.On(new DateOnly(2022, 7, 1));
        Assert.Equal((250, Commitment.Strive, 9), (last.Targets[0].WeightHundredths, last.Targets[0].Commitment, last.Targets[0].OwnerId));
        Assert.Single(last.Targets);
        Assert.Equal(last.Targets, last.On(new DateOnly(2022, 7, 1)).Targets.Select((each, index) => last.Targets[index]));
    }

    [Theory]
    [InlineData("2022-06-20", null, null)]
    [InlineData("2022-06-25", null, null)] // the day of the lock
    [InlineData("2022-06-26", null, "period.locked")]
    [InlineData("2022-06-26", "2022-06-26", null)]
    [InlineData("2022-06-27", "2022-06-26", "period.locked")]
    [InlineData("2022-06-24", "2022-06-23", "report.untilPassed")]
    [InlineData("2021-12-14", "2022-06-26", "period.notBegun")]
    public void A_report_is_open_to_its_unit_to_the_day_it_was_given_else_to_the_lock(string today, string? until, string? closed)
    {
        var period = Half with { LockOn = new DateOnly(2022, 6, 25) };
        var workflow = new Workflow(Make.Plan([], [period]), period, Registry, DateOnly.Parse(today, null));
        Assert.Equal(closed, workflow.WhyNotOpen(new ReportStanding(ReportStatus.Draft, false, until is null ? null : DateOnly.Parse(until, null), false)));
    }

    private static PlanTask Task(string? criterion, Frequency frequency) => new()
    {
        Id = 5,
        Code = "III.2.e",
        AreaVi = "",
        AreaEn = "",
        TitleVi = "",
        TitleEn = "",
        CriterionEn = "",
        CriterionKind = "countPerPeriod",
        CriterionValue = criterion,
        Frequency = frequency,
        CoordinatingVi = null,
        Levels = [],
        LinkedTargets = [],
        Leads = [new TaskLead(1, Start)],
        Coordinators = [],
    };

    private static List<TaskStatement> Said(PlanTask task, params int?[] counts) =>
        [.. counts.Select((count, index) => (Count: count, Period: index + 1)).Where(each => each.Count is not null)
            .Select(each => new TaskStatement(each.Period, task.Leads[0].UnitId, Progress.InProgress, each.Count))];
}
