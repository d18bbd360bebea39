using System.Numerics;
using Cchc.Domain.Completion;
using Cchc.Domain.Units;
using CsCheck;

namespace Cchc.Domain.Tests;

/// <summary>Every figure of the domain against the naive computation from the contract.</summary>
public sealed class CompletionOracleTests
{
    private const int CaseCount = 10_000;

    [Fact]
    public void Every_figure_is_that_of_the_naive_computation() => Generated.Cases.Sample(
        each =>
        {
            var (facts, registry) = Generated.Told(each);
            foreach (var basis in Enum.GetValues<Basis>())
            {
                var oracle = new NaiveOracle(each.World, each.Asked, basis == Basis.YearToDate, each.Today);
                Same($"{basis} plan", oracle.Plan(), facts.OfPlan(basis));
                foreach (var unit in each.World.Units)
                {
                    Same($"{basis} {unit.Code}", oracle.Unit(unit.Id), facts.OfUnit(unit.Id, basis));
                }

                SameRanking(oracle, Ranking.Rank(facts, basis), registry, each);
            }

            return true;
        },
        iter: CaseCount,
        threads: 2);

    [Fact]
    public void What_some_units_say_anew_leaves_every_figure_as_if_all_were_read_at_once() => Generated.Cases.Sample(
        each =>
        {
            var (first, then) = Generated.ToldInTwoSteps(each);
            var before = Totals();
            foreach (var basis in Enum.GetValues<Basis>())
            {
                var oracle = new NaiveOracle(each.World, each.Asked, basis == Basis.YearToDate, each.Today);
                Same($"{basis} plan", oracle.Plan(), then.OfPlan(basis));
                foreach (var unit in each.World.Units)
                {
                    Same($"{basis} {unit.Code}", oracle.Unit(unit.Id), then.OfUnit(unit.Id, basis));
                }
            }

            Assert.Equal(before, Totals());
            return true;

            // Of units, whose figures are computed each time.
            List<Totals> Totals() => [.. each.World.Units.Select(unit => first.OfUnit(unit.Id, Basis.YearToDate).Totals)];
        },
        iter: CaseCount / 10,
        threads: 2);

    [Fact]
    public void The_period_where_none_is_named_is_that_of_the_naive_choice() => Generated.Cases.Sample(
        each =>
        {
            var (plan, coverage) = Generated.ToldOfAllPeriods(each);
            foreach (var lens in Enum.GetValues<Lens>())
            {
                var chosen = DefaultPeriod.ChooseAsync(
                    plan, lens, DateOnly.FromDayNumber(each.Today), period => each.Consolidated.Contains(period.Id),
                    period => ValueTask.FromResult(coverage[period.Id]));
                Assert.True(chosen.IsCompletedSuccessfully);
                Equal(
                    $"{lens} period", NaiveOracle.Default(each.World, lens == Lens.Published, each.Today, [.. each.Consolidated]).Id, chosen.Result.Id);
            }

            return true;
        },
        iter: CaseCount / 10,
        threads: 2);

    private static void Same(string what, OracleResult? expected, RollUp actual)
    {
        if (expected is null)
        {
            // The root committee reports through its departments.
            Equal($"{what} completion", null, actual.Completion?.ToPercent());
            Equal($"{what} targets", 0, actual.Targets.Count);
            Equal($"{what} coverage", new ReportCoverage(0, 0, 0), actual.Coverage);
            return;
        }

        Equal($"{what} targets", expected.Targets.Count, actual.Targets.Count);
        foreach (var (theirs, ours) in expected.Targets.Zip(actual.Targets))
        {
            var target = $"{what} target {theirs.Target.Id}";
            Equal($"{target} id", theirs.Target.Id, ours.Target.Id);
            Equal($"{target} lines", theirs.Lines.Count, ours.Lines.Count);
            foreach (var line in ours.Lines)
            {
                SameLine($"{target} line {line.Line.Id}", theirs.Lines[line.Line.Id], line);
            }

            Equal($"{target} status", theirs.Status, Word(ours.Status));
            Equal($"{target} completion", theirs.Completion?.Percent(), ours.Completion?.ToPercent());
            Equal($"{target} met", theirs.Met, ours.Met);
        }

        Equal($"{what} completion", expected.Completion?.Percent(), actual.Completion?.ToPercent());
        Equal($"{what} met", expected.TargetsMet, actual.TargetsMet);
        Equal($"{what} counted", expected.TargetsCounted, actual.TargetsCounted);
        Equal($"{what} coverage", new ReportCoverage(expected.Expected, expected.Received, expected.OnTime), actual.Coverage);
    }

    private static void SameLine(string what, OracleLineResult expected, LineResult actual)
    {
        Equal($"{what} status", expected.Status, Word(actual.Status));
        Equal($"{what} numerator", expected.Numerator, (BigInteger)actual.Numerator);
        Equal($"{what} total", expected.Total, (BigInteger)actual.Total);
        Equal($"{what} excluded", expected.Excluded, (BigInteger)actual.Excluded);
        Equal($"{what} done", expected.Done, actual.Done);
        Equal($"{what} position", expected.Position, (BigInteger?)actual.Position);
        Equal($"{what} rate", expected.Rate?.Percent(), actual.Rate?.ToPercent());
        Equal($"{what} completion", expected.Completion?.Percent(), actual.Completion?.ToPercent());
        Equal($"{what} met", expected.Met, actual.Met);
        Equal($"{what} coverage", new LineCoverage(expected.Expected, expected.Received, expected.NotApplicable), actual.Coverage);
    }

    private static void SameRanking(NaiveOracle oracle, IReadOnlyList<RankedUnit> ranked, UnitRegistry registry, Case each)
    {
        var date = DateOnly.FromDayNumber(each.Asked.To);
        Equal("ranked units", registry.ActiveOn(date).Count(), ranked.Count);
        foreach (var group in ranked.GroupBy(entry => (entry.Unit.Level, entry.Unit.Kind)))
        {
            var expected = oracle.Ranking(Word(group.Key.Level), Word(group.Key.Kind));
            Equal(
                $"ranking of {group.Key}",
                string.Join(' ', expected.Select(entry =>
                    $"{entry.Rank}:{entry.Unit}:{entry.Completion.Percent() * 100:0}:{entry.OnTime}")),
                string.Join(' ', group.Where(entry => entry.Rank is not null).Select(entry =>
                    $"{entry.Rank}:{entry.Unit.Id}:{entry.Figures.Completion!.Value.ToPercent() * 100:0}"
                    + $":{entry.Figures.Coverage.OnTime}")));
            Equal("the unranked come last", false, group.SkipWhile(entry => entry.Rank is not null).Any(entry => entry.Rank is not null));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum
    {
        var name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static void Equal<T>(string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            Assert.Fail($"{what}: the contract says {expected?.ToString() ?? "null"}, the domain {actual?.ToString() ?? "null"}");
        }
    }
}
