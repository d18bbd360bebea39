using Cchc.Domain.Plans;

namespace Cchc.Domain.Reports;

/// <summary>What looks odd in a value beside the one before it. A warning never refuses.</summary>
/// <param name="Code">The stable code: <c>fell</c>, <c>rateMoved</c> or <c>totalChanged</c>.</param>
/// <param name="Before">What it was: a count, or a percentage.</param>
/// <param name="After">What it is now.</param>
public sealed record Oddity(string Code, decimal Before, decimal After)
{
    private static readonly Fraction WideMove = new(30, 100);

    /// <summary>Compares two ratios of the same unit and line, the year to date of each where the target is a flow.</summary>
    public static IEnumerable<Oddity> Between(Measure measure, ReportedValue before, ReportedValue after)
    {
        if (before.State != ValueState.Given || after.State != ValueState.Given)
        {
            yield break;
        }

        if (after.Numerator < before.Numerator)
        {
            yield return new Oddity("fell", before.Numerator, after.Numerator);
        }
        else if (measure == Measure.Flow && after.Total < before.Total)
        {
            yield return new Oddity("fell", before.Total, after.Total);
        }

        var (baseBefore, baseAfter) = (before.Total - before.Excluded, after.Total - after.Excluded);
        if (baseBefore > 0 && baseAfter > 0)
        {
            var (rateBefore, rateAfter) = (new Fraction(before.Numerator, baseBefore), new Fraction(after.Numerator, baseAfter));
            if (rateAfter > rateBefore + WideMove || rateBefore > rateAfter + WideMove)
            {
                yield return new Oddity("rateMoved", rateBefore.ToPercent(), rateAfter.ToPercent());
            }
        }

        // A flow's total grows with the year by nature.
        if (measure == Measure.Stock && before.Total > 0
            && ((Int128)after.Total * 2 > (Int128)before.Total * 3 || (Int128)after.Total * 2 < before.Total))
        {
            yield return new Oddity("totalChanged", before.Total, after.Total);
        }
    }
}
