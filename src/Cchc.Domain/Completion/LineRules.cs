using Cchc.Domain.Plans;

namespace Cchc.Domain.Completion;

/// <summary>The rate, the completion and the status of one line over some of its units.</summary>
internal static class LineRules
{
    /// <param name="line">The line.</param>
    /// <param name="sums">What its units said.</param>
    /// <param name="isAwaited">Whether the deadline of any of these units has not passed.</param>
    /// <param name="period">The period.</param>
    /// <param name="elapsed">The share of the plan's days that have passed at its end.</param>
    public static LineResult Compute(LineReporters line, in LineSums sums, bool isAwaited, Period period, Fraction elapsed)
    {
        var target = line.Target;
        var result = new LineResult
        {
            Line = line.Line,
            Status = LineStatus.Tracked,
            Coverage = new LineCoverage(sums.Expected, sums.Received, sums.NotApplicable),
        };
        result = target.Kind switch
        {
            TargetKind.Ratio => WithRate(
                result with { Numerator = sums.Numerator, Total = sums.Total, Excluded = sums.Excluded },
                sums.Numerator, sums.Total - sums.Excluded),
            TargetKind.UnitShare => WithRate(
                result with { Done = (int)sums.Numerator }, sums.Numerator, sums.Expected - sums.NotApplicable),
            TargetKind.Milestone => result with { Done = (int)sums.Numerator },
            _ => WithPosition(result, sums.Position),
        };
        return target.Kind == TargetKind.Milestone ? result : Settle(result, target, isAwaited, period, elapsed);
    }

    private static LineResult WithRate(LineResult result, Int128 part, Int128 whole)
    {
        if (whole == 0 || result.Line.ThresholdHundredths is not { } threshold)
        {
            return result;
        }

        var rate = new Fraction(part, whole);
        var required = new Fraction(threshold, 10_000);
        return result.Line.Operator == Comparison.AtMost
            ? result with { Rate = rate, Completion = rate <= required ? Fraction.One : required / rate, Met = rate <= required }
            : result with { Rate = rate, Completion = Fraction.Min(Fraction.One, rate / required), Met = rate >= required };
    }

    private static LineResult WithPosition(LineResult result, long? position)
    {
        if (position is not { } place || result.Line.ThresholdHundredths is not { } threshold)
        {
            return result;
        }

        var met = (Int128)place * 100 <= threshold;
        return result with { Position = place, Completion = met ? Fraction.One : Fraction.Zero, Met = met };
    }

    // What stands first in this order wins; what does not count has neither completion nor verdict.
    private static LineResult Settle(LineResult result, Target target, bool isAwaited, Period period, Fraction elapsed)
    {
        var nothingCame = result.Coverage is { Expected: > 0, Received: 0 };
        if (!target.IsDueIn(period))
        {
            return NotCounting(result, LineStatus.NotDue);
        }

        if (nothingCame)
        {
            return isAwaited || target.Kind is TargetKind.Rank or TargetKind.Grade
                ? NotCounting(result, LineStatus.Pending)
                : result with { Status = LineStatus.NoData, Completion = Fraction.Zero, Met = false };
        }

        if (result.Completion is not { } completion)
        {
            return NotCounting(result, LineStatus.NotApplicable);
        }

        var status = result.Met == true ? LineStatus.Met
            : period.IsFinal ? LineStatus.Missed
            : target.Trajectory == Trajectory.Progressive && completion >= elapsed ? LineStatus.OnTrack
            : LineStatus.Behind;
        return result with { Status = status };
    }

    private static LineResult NotCounting(LineResult result, LineStatus status) =>
        result with { Status = status, Rate = null, Completion = null, Met = null };
}
