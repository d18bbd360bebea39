using Cchc.Domain.Plans;

namespace Cchc.Domain.Completion;

/// <summary>The period that is answered where the caller names none.</summary>
public static class DefaultPeriod
{
    /// <summary>
    /// Published: the latest with a consolidated result; without one, the latest that is past its due day and for which at least half of
    /// the expected reports count, so that one early approval does not move the public figures. Otherwise, and in the provisional lens, the
    /// latest with a counting report; without one, the plan's first.
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="lens">Which revisions count.</param>
    /// <param name="day">The day asked about.</param>
    /// <param name="isConsolidated">Whether a period has a consolidated result.</param>
    /// <param name="coverageOf">The reports that count of a period.</param>
    public static async ValueTask<Period> ChooseAsync(
        Plan plan, Lens lens, DateOnly day, Func<Period, bool> isConsolidated, Func<Period, ValueTask<ReportCoverage>> coverageOf)
    {
        if (lens == Lens.Published)
        {
            if (plan.Periods.LastOrDefault(isConsolidated) is { } consolidated)
            {
                return consolidated;
            }

            foreach (var period in plan.Periods.Reverse().Where(period => day > period.DueOn))
            {
                if (await coverageOf(period) is { Expected: > 0 } coverage && coverage.Received * 2 >= coverage.Expected)
                {
                    return period;
                }
            }
        }

        foreach (var period in plan.Periods.Reverse())
        {
            if ((await coverageOf(period)).Received > 0)
            {
                return period;
            }
        }

        return plan.Periods[0];
    }
}
