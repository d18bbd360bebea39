using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Domain.Tests;

/// <summary>The contract's worked example on plan 398, and the edges of every rule.</summary>
public sealed class WorkedExampleTests
{
    private const long Largest = 9_007_199_254_740_991;
    private static readonly DateOnly Start = new(2022, 1, 1);

    // The root committee, three departments, a district.
    private static readonly UnitRegistry Units = new(
        [
            Make.Unit(1, "ROOT", UnitLevel.Province, UnitKind.Committee, null),
            Make.Unit(2, "A", UnitLevel.Province, UnitKind.Department, 1),
            Make.Unit(3, "B", UnitLevel.Province, UnitKind.Department, 1),
            Make.Unit(4, "C", UnitLevel.Province, UnitKind.Department, 1),
            Make.Unit(5, "D", UnitLevel.District, UnitKind.Committee, 1),
        ],
        []);

    // A hundred days: a first half from the start, a third quarter on its own, the year.
    private static readonly Period Half = Make.Period(1, PeriodKind.Half, Start, Start.AddDays(49), true, false);
    private static readonly Period Third = Make.Period(2, PeriodKind.Quarter, Start.AddDays(50), Start.AddDays(74), false, false);
    private static readonly Period Year = Make.Period(3, PeriodKind.Year, Start, Start.AddDays(99), true, true);

    [Fact]
    public void The_worked_example_of_II_3_a()
    {
        var units = Seed.Units();
        var plan = Seed.Plan(units);
        var period = plan.FindPeriod("2022-H1")!;
        var target = plan.FindTarget("II.3.a")!;
        var (province, district) = (target.Lines[0].Id, target.Lines[1].Id);
        var facts = new PeriodFacts(plan, period, units, [], _ =>
        [
            Row(units, "SNV", province, 120, 200),
            Row(units, "STP", province, 30, 100),
            Row(units, "D474", district, 300, 1000),
            Row(units, "D476", district, 50, 100),
        ]);

        var figures = facts.OfPlan(Basis.YearToDate);
        var result = figures.Targets.Single(each => each.Target.Code == "II.3.a");
        Assert.Equal(
            ["Met 150/300 50.00 100.00 True", "OnTrack 350/1100 31.82 79.55 False", "NoData 0/0 - 0.00 False"], result.Lines.Select(Text));
        Assert.Equal(new Fraction(1975, 3300), result.Completion);
        Assert.Equal(59.85m, result.Completion!.Value.ToPercent());
        Assert.False(result.Met);
        Assert.Equal(LineStatus.NoData, result.Status);
        Assert.Equal(18, figures.TargetsCounted);
        Assert.Equal(0, figures.TargetsMet);
        Assert.Equal(3.32m, figures.Completion!.Value.ToPercent());
        Assert.Equal(new Fraction(182, 365), plan.Elapsed(period));
        Assert.Equal(49.86m, plan.Elapsed(period).ToPercent());
        Assert.Equal(4, figures.Coverage.Received);
    }

    [Fact]
    public void Plan_398_with_every_one_of_its_53_lines_reported_in_full()
    {
        var units = Seed.Units();
        var plan = Seed.Plan(units);
        var period = plan.FindPeriod("2022-FY")!;
        var expectation = new Expectation(plan, period, units);
        var facts = new PeriodFacts(plan, period, units, [], _ => expectation.Lines.SelectMany(line => line.UnitIds.Select(id =>
            new ReportedRow(id, line.Line.Id, line.Target.Kind switch
            {
                TargetKind.Ratio => ReportedValue.Ratio(7, 7, 0),
                TargetKind.UnitShare => ReportedValue.Done(true),
                TargetKind.Milestone => ReportedValue.Milestone(Progress.Done),
                _ => ReportedValue.Position(1),
            }))));

        var figures = facts.OfPlan(Basis.YearToDate);
        Assert.Equal(53, figures.Targets.Sum(target => target.Lines.Count));
        Assert.Equal((22, 22, 100.00m), (figures.TargetsMet, figures.TargetsCounted, figures.Completion!.Value.ToPercent()));
        Assert.Equal(3, figures.Targets.Count(target => target.Status == LineStatus.Tracked));
        Assert.Equal(figures.Coverage.Expected, figures.Coverage.Received);
    }

    [Fact]
    public void Fifty_three_lines_of_one_target_are_one_mean()
    {
        var lines = Enumerable.Range(1, 53).Select(id => Make.Line(id, LineLevel.District, TargetKind.Ratio, 10_000)).ToArray();
        var target = Make.Target(1, TargetKind.Ratio, lines);
        var figures = Facts(target, Half, (Half, 5, ReportedValue.Ratio(1, 1, 0))).OfPlan(Basis.YearToDate);
        Assert.Equal(new Fraction(1, 53), figures.Completion);
        Assert.Equal(1.89m, figures.Completion!.Value.ToPercent());
        Assert.Equal(LineStatus.NoData, figures.Targets[0].Status);
    }

    // Inclusive, by cross-multiplication; what is shown never decides.
    [Theory]
    [InlineData(12_499, 25_000, 0, 5_000, "50.00", "99.99", false)]
    [InlineData(12_500, 25_000, 0, 5_000, "50.00", "100.00", true)]
    [InlineData(1, 3, 0, 3_333, "33.33", "100.00", true)]
    [InlineData(1, 3, 0, 3_334, "33.33", "99.98", false)]
    [InlineData(3_333, 10_000, 0, 3_333, "33.33", "100.00", true)]
    [InlineData(1, 8_000, 0, 10_000, "0.01", "0.01", false)]
    [InlineData(1, 20_000, 0, 10_000, "0.01", "0.01", false)]
    [InlineData(1, 20_001, 0, 10_000, "0.00", "0.00", false)]
    [InlineData(0, 10, 0, 1, "0.00", "0.00", false)]
    [InlineData(40, 100, 20, 5_000, "50.00", "100.00", true)]
    [InlineData(1_700, 2_000, 100, 10_000, "89.47", "89.47", false)]
    [InlineData(1_700, 1_900, 0, 10_000, "89.47", "89.47", false)]
    [InlineData(1_700, 1_900, 100, 10_000, "94.44", "94.44", false)]
    [InlineData(Largest, Largest, 0, 10_000, "100.00", "100.00", true)]
    [InlineData(Largest - 1, Largest, 0, 10_000, "100.00", "100.00", false)]
    [InlineData(1, Largest, Largest - 1, 10_000, "100.00", "100.00", true)]
    public void A_ratio_at_its_threshold(
        long numerator, long total, long excluded, int threshold, string rate, string completion, bool met)
    {
        var line = Only(Ratio(threshold), (Half, 2, ReportedValue.Ratio(numerator, total, excluded)));
        Assert.Equal(rate, Shown(line.Rate));
        Assert.Equal(completion, Shown(line.Completion));
        Assert.Equal(met, line.Met);
    }

    // Inclusive; above the threshold the completion is how far the threshold reaches.
    [Theory]
    [InlineData(TargetKind.Ratio, 0, 100, 500, "0.00", "100.00", LineStatus.Met)]
    [InlineData(TargetKind.Ratio, 5, 100, 500, "5.00", "100.00", LineStatus.Met)]
    [InlineData(TargetKind.Ratio, 6, 100, 500, "6.00", "83.33", LineStatus.Behind)]
    [InlineData(TargetKind.Ratio, 50_001, 1_000_000, 500, "5.00", "100.00", LineStatus.Behind)]
    [InlineData(TargetKind.Ratio, 100, 100, 1, "100.00", "0.01", LineStatus.Behind)]
    [InlineData(TargetKind.UnitShare, 1, 3, 3_333, "33.33", "99.99", LineStatus.Behind)]
    [InlineData(TargetKind.UnitShare, 1, 3, 3_334, "33.33", "100.00", LineStatus.Met)]
    [InlineData(TargetKind.UnitShare, 0, 3, 1, "0.00", "100.00", LineStatus.Met)]
    public void A_line_that_may_be_at_most_its_threshold(
        TargetKind kind, long part, long whole, int threshold, string rate, string completion, LineStatus status)
    {
        var target = Make.Target(1, kind, Make.Line(1, LineLevel.Province, kind, threshold, atMost: true));
        var line = Only(target, [.. Enumerable.Range(2, 3).Where(unit => kind == TargetKind.UnitShare || unit == 2).Select(unit => (
            Half, unit, kind == TargetKind.Ratio ? ReportedValue.Ratio(part, whole, 0) : ReportedValue.Done(unit - 1 <= part)))]);
        Assert.Equal((rate, completion, status, status == LineStatus.Met), (Shown(line.Rate), Shown(line.Completion), line.Status, line.Met));
        var nobody = Only(target);
        Assert.Equal((LineStatus.NoData, "0.00", false), (nobody.Status, Shown(nobody.Completion), nobody.Met));
    }

    [Theory]
    [InlineData(TargetKind.Ratio, true, true)]
    [InlineData(TargetKind.UnitShare, true, true)]
    [InlineData(TargetKind.Rank, false, true)]
    [InlineData(TargetKind.Grade, false, true)]
    [InlineData(TargetKind.Milestone, false, false)]
    public void Which_operators_a_kind_takes(TargetKind kind, bool atLeast, bool atMost) =>
        Assert.Equal((atLeast, atMost), (kind.Takes(Comparison.AtLeast), kind.Takes(Comparison.AtMost)));

    // D reports by the 52nd day, everybody else by the 56th; a line waits for the latest of its reporters.
    [Theory]
    [InlineData(49, LineStatus.Pending, LineStatus.Pending)]
    [InlineData(51, LineStatus.Pending, LineStatus.Pending)]
    [InlineData(52, LineStatus.Pending, LineStatus.NoData)]
    [InlineData(55, LineStatus.Pending, LineStatus.NoData)]
    [InlineData(56, LineStatus.NoData, LineStatus.NoData)]
    public void What_is_missing_is_pending_to_its_deadline(int day, LineStatus whole, LineStatus district)
    {
        var half = Half with { DueOn = Start.AddDays(55), Deadlines = [new LevelDeadline(UnitLevel.District, Start.AddDays(51))] };
        var target = Make.Target(1, TargetKind.Ratio, Make.Line(1, LineLevel.Whole, TargetKind.Ratio, 5_000));
        var other = Ratio(5_000) with { Id = 2, Lines = [Make.Line(2, LineLevel.District, TargetKind.Ratio, 5_000)] };
        var rank = Make.Target(3, TargetKind.Rank, Make.Line(3, LineLevel.Whole, TargetKind.Rank, 1_000)) with { OwnerId = 4 };
        var facts = new PeriodFacts(
            Make.Plan([target, other, rank], [half, Third, Year]), half, Units, [], _ => [new ReportedRow(4, 3, ReportedValue.Position(1))]);
        var figures = facts.On(Start.AddDays(day)).OfPlan(Basis.YearToDate);
        Assert.Equal([whole, district, LineStatus.Met], figures.Targets.Select(each => each.Status));
        Assert.Equal(whole == LineStatus.Pending ? null : false, figures.Targets[0].Met);
        Assert.Equal(1 + (whole == LineStatus.NoData ? 1 : 0) + (district == LineStatus.NoData ? 1 : 0), figures.TargetsCounted);
        var unit = facts.On(Start.AddDays(day)).OfUnit(5, Basis.YearToDate);
        Assert.Equal([district, district], unit.Targets.Select(each => each.Status));
        Assert.Equal(district == LineStatus.Pending ? null : 0m, unit.Completion?.ToPercent());
    }

    [Fact]
    public void A_period_without_figures_has_no_completion_and_no_rank()
    {
        var silent = Facts(Ratio(5_000), Half);
        Assert.Equal(LineStatus.NoData, silent.OfPlan(Basis.YearToDate).Targets[0].Status);
        var begun = Facts(Ratio(5_000), Third, (Third, 2, ReportedValue.Ratio(1, 1, 0)));
        var counts = begun.On(Third.DataFrom);
        var early = begun.On(Third.DataFrom.AddDays(-1));
        var empty = Facts(Ratio(5_000), Half, (Half, 2, ReportedValue.Ratio(0, 0, 0)));
        Assert.Equal(1, Ranking.Rank(counts, Basis.YearToDate).Single(each => each.Unit.Id == 2).Rank);
        foreach (var facts in new[] { silent, early, empty })
        {
            Assert.False(facts.HasFigures(Basis.YearToDate));
            Assert.Null(facts.OfPlan(Basis.YearToDate).Completion);
            Assert.All(Ranking.Rank(facts, Basis.YearToDate), each => Assert.True(each is { Rank: null, Figures.Completion: null }));
        }
    }

    // Third follows Half; E and its district began in it. A target of its owner passed from B to C with Third.
    [Theory]
    [InlineData("E", Frequency.Quarterly, "7/10")] // owes no first half
    [InlineData("D", Frequency.Quarterly, "-")] // owes one, and did not give it
    [InlineData("D", Frequency.Annual, "notDue")]
    [InlineData("owner", Frequency.Quarterly, "10/20")]
    public void A_year_to_date_counts_what_was_due_of_whoever_owed_it(string who, Frequency frequency, string said)
    {
        var units = new UnitRegistry([.. Units.All, Make.Unit(6, "E", UnitLevel.District, UnitKind.Committee, 1, Third.DataFrom)], []);
        var isOwners = who == "owner";
        var target = Make.Target(1, TargetKind.Ratio, Make.Line(1, LineLevel.District, TargetKind.Ratio, 5_000)) with
        {
            Measure = Measure.Flow,
            Frequency = frequency,
            Reporting = isOwners ? Reporting.Owner : Reporting.EachUnit,
            OwnerId = 3,
        };
        var plan = Make.Plan([target], [Half, Third, Year]) with
        {
            Amendments = [new Amendment(1, "", Start, Third.DataFrom, "", [new AmendedTarget(1, false, null, null, 4, [])])],
        };
        var facts = new PeriodFacts(plan, Third, units, [], period => period == Half
            ? [new ReportedRow(3, 1, ReportedValue.Ratio(3, 10, 0)), new ReportedRow(6, 1, ReportedValue.Ratio(1, 1, 0))]
            : [.. new[] { 4, 5, 6 }.Select(id => new ReportedRow(id, 1, ReportedValue.Ratio(7, 10, 0)))]);
        var unit = who switch { "D" => 5, "E" => 6, _ => 4 };
        var line = facts.OfUnit(unit, Basis.YearToDate).Targets.SingleOrDefault()?.Lines[0];
        Assert.Equal(said, line is null ? "notDue" : line.Coverage.Received == 0 ? "-" : $"{line.Numerator}/{line.Total}");
        Assert.Equal(
            isOwners ? [3, 4] : line is null ? [] : unit == 6 ? [6] : [5, 5], facts.PartsOf(1, unit).Select(each => each.UnitId));
    }

    [Fact]
    public void What_a_former_owner_says_again_counts_and_leaves_facts_given_away_alone()
    {
        var target = Ratio(5_000) with { Measure = Measure.Flow, Reporting = Reporting.Owner, OwnerId = 3 };
        var plan = Make.Plan([target], [Half, Third, Year]) with
        {
            Amendments = [new Amendment(1, "", Start, Third.DataFrom, "", [new AmendedTarget(1, false, null, null, 4, [])])],
        };
        var reading = PeriodFacts.Begin(plan, Third, Units);
        reading.Add(0, new ReportedRow(3, 1, ReportedValue.Ratio(3, 10, 0)));
        reading.Add(1, new ReportedRow(4, 1, ReportedValue.Ratio(7, 10, 0)));
        var first = reading.End();
        var again = first.BeginAgain([3]);
        again.Add(0, new ReportedRow(3, 1, ReportedValue.Ratio(5, 10, 0)));
        var (then, withdrawn) = (again.End(), first.BeginAgain([3]).End());
        Assert.Equal(["10", "12", "-"], new[] { first, then, withdrawn }.Select(facts =>
            facts.OfUnit(4, Basis.YearToDate).Targets[0].Lines[0] is { Coverage.Received: 1 } line ? line.Numerator.ToString(null, null) : "-"));
    }

    [Theory]
    [InlineData("", "C")] // the plan's lead
    [InlineData("B>D", "D")]
    [InlineData("B>A,A>D", "A")] // A is active, so that it answers
    [InlineData("B>E,E>D", "D")] // E ended too
    [InlineData("B>D,B>A", "C")] // two of them: nobody can tell which
    public void An_owner_that_ended_is_answered_for(string successions, string answers)
    {
        var ended = Third.DataFrom.AddDays(-1);
        var units = new UnitRegistry(
            [
                .. Units.All.Where(unit => unit.Code != "B"), Make.Unit(3, "B", UnitLevel.Province, UnitKind.Department, 1, null, ended),
                Make.Unit(6, "E", UnitLevel.Province, UnitKind.Department, 1, null, ended),
            ],
            [.. successions.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(each =>
                new Succession("ABCDE".IndexOf(each[0], StringComparison.Ordinal) + 2, "ABCDE".IndexOf(each[2], StringComparison.Ordinal) + 2, Third.DataFrom, UnitChange.Merger))]);
        var target = Ratio(5_000) with { Reporting = Reporting.Owner, OwnerId = 3 };
        var plan = Make.Plan([target], [Half, Third, Year]) with { LeadUnitId = 4 };
        Assert.Equal([3], new Expectation(plan, Half, units).Lines[0].UnitIds);
        Assert.Equal([answers], new Expectation(plan, Third, units).Lines[0].UnitIds.Select(id => units[id].Code));
    }

    [Fact]
    public void The_largest_counts_add_up_exactly()
    {
        var line = Only(
            Ratio(10_000),
            (Half, 2, ReportedValue.Ratio(Largest, Largest, 0)),
            (Half, 3, ReportedValue.Ratio(Largest, Largest, 0)),
            (Half, 4, ReportedValue.Ratio(Largest - 1, Largest, 0)));
        Assert.Equal((Int128)27_021_597_764_222_972, line.Numerator);
        Assert.Equal((Int128)27_021_597_764_222_973, line.Total);
        Assert.Equal(("100.00", false), (Shown(line.Rate), line.Met));
    }

    [Fact]
    public void Never_a_mean_of_percentages()
    {
        var line = Only(Ratio(5_000), (Half, 2, ReportedValue.Ratio(1, 1, 0)), (Half, 3, ReportedValue.Ratio(0, 999, 0)));
        Assert.Equal("0.10", Shown(line.Rate));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 5)]
    [InlineData(Largest, Largest)]
    public void A_base_of_zero_has_no_rate_and_does_not_count(long total, long excluded)
    {
        var facts = Facts(Ratio(5_000), Half, (Half, 2, ReportedValue.Ratio(0, total, excluded)));
        foreach (var figures in new[] { facts.OfPlan(Basis.YearToDate), facts.OfUnit(2, Basis.YearToDate) })
        {
            var line = figures.Targets[0].Lines[0];
            Assert.Equal((LineStatus.NotApplicable, null, null, null), (line.Status, line.Rate, line.Completion, line.Met));
            Assert.Equal(((Fraction?)null, 0), (figures.Completion, figures.TargetsCounted));
        }
    }

    [Fact]
    public void Blank_zero_and_not_applicable_are_three_things()
    {
        Assert.Equal(LineStatus.NoData, Only(Ratio(5_000)).Status);
        Assert.Equal(LineStatus.Behind, Only(Ratio(5_000), (Half, 2, ReportedValue.Ratio(0, 9, 0))).Status);
        Assert.Equal(LineStatus.NotApplicable, Only(Ratio(5_000), (Half, 2, ReportedValue.NotApplicable)).Status);
    }

    [Fact]
    public void A_unit_that_did_not_report_is_not_done_and_one_not_applicable_is_not_asked()
    {
        var share = Make.Target(1, TargetKind.UnitShare, Make.Line(1, LineLevel.Province, TargetKind.UnitShare, 5_000));
        var line = Only(share, (Half, 2, ReportedValue.Done(true)), (Half, 3, ReportedValue.NotApplicable));
        Assert.Equal(("50.00", true, 1), (Shown(line.Rate), line.Met, line.Done));
        Assert.Equal(new LineCoverage(3, 2, 1), line.Coverage);
        Assert.Equal("33.33", Shown(Only(share, (Half, 2, ReportedValue.Done(true))).Rate));
        Assert.Equal(
            LineStatus.NotApplicable,
            Only(share, [.. Enumerable.Range(2, 3).Select(id => (Half, id, ReportedValue.NotApplicable))]).Status);
    }

    [Fact]
    public void One_unit_or_none()
    {
        var district = Make.Target(1, TargetKind.Ratio, Make.Line(1, LineLevel.District, TargetKind.Ratio, 5_000));
        var one = Facts(district, Half, (Half, 5, ReportedValue.Ratio(1, 4, 0)));
        Assert.Equal((25.00m, 50.00m), (
            one.OfPlan(Basis.Period).Targets[0].Lines[0].Rate!.Value.ToPercent(), one.OfPlan(Basis.Period).Completion!.Value.ToPercent()));
        Assert.Equal(1, Ranking.Rank(one, Basis.Period).Single(each => each.Unit.Id == 5).Rank);

        var commune = Make.Target(1, TargetKind.Ratio, Make.Line(1, LineLevel.Commune, TargetKind.Ratio, 5_000));
        var none = Facts(commune, Half).OfPlan(Basis.YearToDate);
        Assert.Equal(LineStatus.NotApplicable, none.Targets[0].Status);
        Assert.Null(none.Completion);
        Assert.Equal(default, none.Coverage);

        var nobody = new PeriodFacts(Make.Plan([Ratio(5_000)], [Half]), Half, new UnitRegistry([], []), [], _ => []);
        Assert.Null(nobody.OfPlan(Basis.YearToDate).Completion);
        Assert.Empty(Ranking.Rank(nobody, Basis.YearToDate));
    }

    [Theory]
    [InlineData(10L, LineStatus.Met, "100.00", true)]
    [InlineData(11L, LineStatus.Behind, "0.00", false)]
    [InlineData(Largest, LineStatus.Behind, "0.00", false)]
    [InlineData(null, LineStatus.Pending, "-", null)]
    public void A_rank_is_reached_or_not(long? position, LineStatus status, string completion, bool? met)
    {
        var rank = Make.Target(1, TargetKind.Rank, Make.Line(1, LineLevel.Whole, TargetKind.Rank, 1_000));
        var line = position is { } place ? Only(rank, (Half, 2, ReportedValue.Position(place))) : Only(rank);
        Assert.Equal((status, completion, met, position), (line.Status, Shown(line.Completion), line.Met, line.Position));
    }

    // 'm' a missing part, 'n' one not applicable, a digit the numerator of ten.
    [Theory]
    [InlineData("34", "7/20", "4/10")]
    [InlineData("m4", "m", "4/10")]
    [InlineData("3m", "m", "m")]
    [InlineData("n4", "4/10", "4/10")]
    [InlineData("3n", "3/10", "n")]
    [InlineData("nn", "n", "n")]
    [InlineData("nm", "m", "m")]
    [InlineData("00", "0/20", "0/10")]
    public void A_flow_adds_up_over_its_parts(string parts, string yearToDate, string window)
    {
        var values = new[] { (Half, parts[0]), (Third, parts[1]) }.Where(each => each.Item2 != 'm').Select(each => (each.Item1, 2,
            each.Item2 == 'n' ? ReportedValue.NotApplicable : ReportedValue.Ratio(each.Item2 - '0', 10, 0)));
        var facts = Facts(Ratio(5_000) with { Measure = Measure.Flow }, Third, [.. values]);
        Assert.Equal(yearToDate, Said(Basis.YearToDate));
        Assert.Equal(window, Said(Basis.Period));

        string Said(Basis basis)
        {
            var line = facts.OfPlan(basis).Targets[0].Lines[0];
            return line.Coverage.Received == 0 ? "m" : line.Coverage.NotApplicable == 1 ? "n" : $"{line.Numerator}/{line.Total}";
        }
    }

    [Fact]
    public void Windows_that_end_on_one_day_are_no_parts_of_each_other()
    {
        var first = Make.Period(4, PeriodKind.Quarter, Start, Start.AddDays(24), false, false);
        var second = Make.Period(5, PeriodKind.Quarter, Start.AddDays(25), Half.DataTo, false, false);
        foreach (var periods in new[] { new[] { first, second, Half, Third, Year }, [first, Half, second, Third, Year] })
        {
            var plan = Make.Plan([], periods);
            Assert.Equal([first], plan.YearToDateParts(first));
            Assert.Equal([first, second], plan.YearToDateParts(second));
            Assert.Equal([Half], plan.YearToDateParts(Half));
            Assert.Equal([Half, Third], plan.YearToDateParts(Third));
            Assert.Equal([Year], plan.YearToDateParts(Year));
        }
    }

    [Fact]
    public void Equals_share_a_rank_and_the_next_is_third()
    {
        // B and C stand level, in other numbers; C was on time. The root committee has neither completion nor rank.
        var late = Half.DueOn.AddDays(3);
        var facts = new PeriodFacts(
            Make.Plan([Ratio(10_000)], [Half, Third, Year]),
            Half,
            Units,
            [Head(2, late), Head(3, late), Head(4, Half.DueOn)],
            _ => Rows(
                (Half, 2, ReportedValue.Ratio(1, 3, 0)),
                (Half, 3, ReportedValue.Ratio(3, 6, 0)),
                (Half, 4, ReportedValue.Ratio(5, 10, 0))));
        var ranked = Ranking.Rank(facts, Basis.YearToDate);
        Assert.Equal(
            ["1 C", "1 B", "3 A"],
            ranked.Where(each => each.Unit.Kind == UnitKind.Department).Select(each => $"{each.Rank} {each.Unit.Code}"));
        var root = ranked.Single(each => each.Unit.Code == "ROOT");
        Assert.Null(root.Rank);
        Assert.Null(root.Figures.Completion);
        Assert.Equal(default, root.Figures.Coverage);
        Assert.Empty(facts.Expectation.LinesOf(1));

        static ReportHead Head(int unit, DateOnly day) => new(unit, 1, LocalTime.StartOf(day), false);
    }

    // Half of the plan's days are gone at the end of the first half.
    [Theory]
    [InlineData(Trajectory.Progressive, 50, LineStatus.OnTrack)]
    [InlineData(Trajectory.Progressive, 49, LineStatus.Behind)]
    [InlineData(Trajectory.Progressive, 100, LineStatus.Met)]
    [InlineData(Trajectory.Constant, 50, LineStatus.Behind)]
    [InlineData(Trajectory.Constant, 99, LineStatus.Behind)]
    public void On_track_at_exactly_the_share_of_days_gone(Trajectory trajectory, long done, LineStatus status) =>
        Assert.Equal(status, Only(Ratio(10_000) with { Trajectory = trajectory }, (Half, 2, ReportedValue.Ratio(done, 100, 0))).Status);

    [Theory]
    [InlineData(Trajectory.Progressive)]
    [InlineData(Trajectory.Constant)]
    public void Missed_only_in_the_final_period(Trajectory trajectory)
    {
        var target = Ratio(10_000) with { Trajectory = trajectory };
        var value = ReportedValue.Ratio(99, 100, 0);
        Assert.NotEqual(LineStatus.Missed, StatusIn(target, Half, value));
        Assert.NotEqual(LineStatus.Missed, StatusIn(target, Third, value));
        Assert.Equal(LineStatus.Missed, StatusIn(target, Year, value));
        Assert.Equal(LineStatus.NoData, StatusIn(target, Year, null));
        Assert.Equal(LineStatus.NotApplicable, StatusIn(target, Year, ReportedValue.NotApplicable));
    }

    [Theory]
    [InlineData(Frequency.Quarterly, true, true, true)]
    [InlineData(Frequency.HalfYearly, true, false, true)]
    [InlineData(Frequency.Annual, false, false, true)]
    public void A_frequency_says_in_which_periods_a_value_is_due(Frequency frequency, bool half, bool third, bool year)
    {
        var target = Ratio(10_000) with { Frequency = frequency };
        Assert.Equal(half, StatusIn(target, Half, null) != LineStatus.NotDue);
        Assert.Equal(third, StatusIn(target, Third, null) != LineStatus.NotDue);
        Assert.Equal(year, StatusIn(target, Year, null) != LineStatus.NotDue);
    }

    // 24:00 of the due day in Huế is 17:00 of that day in UTC, and is itself late.
    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    public void On_time_to_the_tick(long ticks, int onTime)
    {
        var due = Half.DueOn;
        var instant = new DateTimeOffset(due.Year, due.Month, due.Day, 17, 0, 0, TimeSpan.Zero).AddTicks(ticks);
        var facts = new PeriodFacts(
            Make.Plan([Ratio(10_000)], [Half, Third, Year]),
            Half,
            Units,
            [new ReportHead(2, 1, instant, false)],
            _ => Rows((Half, 2, ReportedValue.NotApplicable)));
        Assert.Equal(new ReportCoverage(3, 1, onTime), facts.OfPlan(Basis.YearToDate).Coverage);
        Assert.Equal(new ReportCoverage(1, 1, onTime), facts.OfUnit(2, Basis.YearToDate).Coverage);
    }

    [Fact]
    public void What_does_not_apply_takes_its_weight_away()
    {
        // 42.63 of 48 points that apply, of 50.
        var counted = Ratio(10_000) with { WeightHundredths = 4_800 };
        var not = Make.Target(2, TargetKind.Ratio, Make.Line(2, LineLevel.Province, TargetKind.Ratio, 10_000)) with
        {
            WeightHundredths = 200,
        };
        var facts = new PeriodFacts(Make.Plan([counted, not], [Half, Year]), Half, Units, [], _ =>
            [new ReportedRow(2, 1, ReportedValue.Ratio(4_263, 4_800, 0)), new ReportedRow(2, 2, ReportedValue.NotApplicable)]);
        Assert.Equal(88.81m, facts.OfPlan(Basis.YearToDate).Completion!.Value.ToPercent());
        Assert.Equal(88.81m, facts.OfUnit(2, Basis.YearToDate).Completion!.Value.ToPercent());
    }

    private static Target Ratio(int threshold) =>
        Make.Target(1, TargetKind.Ratio, Make.Line(1, LineLevel.Province, TargetKind.Ratio, threshold));

    private static PeriodFacts Facts(Target target, Period asked, params (Period Period, int Unit, ReportedValue Value)[] values) =>
        new(Make.Plan([target], [Half, Third, Year]), asked, Units, [], part => Rows([.. values.Where(each => each.Period == part)]));

    private static LineResult Only(Target target, params (Period Period, int Unit, ReportedValue Value)[] values) =>
        Facts(target, Half, values).OfPlan(Basis.YearToDate).Targets[0].Lines[0];

    private static LineStatus StatusIn(Target target, Period period, ReportedValue? value) =>
        (value is { } given ? Facts(target, period, (period, 2, given)) : Facts(target, period)).OfPlan(Basis.YearToDate).Targets[0].Status;

    private static IEnumerable<ReportedRow> Rows(params (Period Period, int Unit, ReportedValue Value)[] values) =>
        values.Select(each => new ReportedRow(each.Unit, 1, each.Value));

    private static ReportedRow Row(UnitRegistry units, string unit, int line, long numerator, long total) =>
        new(units.Find(unit)!.Id, line, ReportedValue.Ratio(numerator, total, 0));

    private static string Text(LineResult line) =>
        $"{line.Status} {line.Numerator}/{line.Total - line.Excluded} {Shown(line.Rate)} {Shown(line.Completion)} {line.Met}";

    private static string Shown(Fraction? fraction) =>
        fraction is { } given ? given.ToPercent().ToString(System.Globalization.CultureInfo.InvariantCulture) : "-";
}
