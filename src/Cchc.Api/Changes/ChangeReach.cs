using Cchc.Api.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Changes;

/// <summary>Who may see that something changed: whoever may read what it is of.</summary>
internal static class ChangeReach
{
    /// <summary>The kinds that everybody may see.</summary>
    public static readonly string[] Public = ["report.approved", "plan.changed", "result.frozen"];

    public static readonly string[] Kinds =
    [
        "report.saved", "report.submitted", "report.approvedByDistrict", "report.approved", "report.returned", "report.reopened",
        "report.withdrawn", "plan.changed", "result.frozen", "obstacle.changed",
    ];

    public static bool MaySee(Catalogue catalogue, Caller? caller, ChangeRow change)
    {
        var plan = catalogue.Plans.FirstOrDefault(each => each.Code == change.PlanCode);
        if (plan is null)
        {
            // A draft that is no more.
            return caller?.Role == Role.Administrator;
        }

        if (plan.IsDraft)
        {
            return caller is not null && Rights.MayLead(plan, caller);
        }

        if (Public.Contains(change.Kind))
        {
            return true;
        }

        if (caller is null)
        {
            return false;
        }

        // A report is judged by its period's last day; an obstacle by the day on which it changed.
        var date = change.PeriodCode is { } code && plan.FindPeriod(code) is { } period
            ? period.DataTo : Domain.LocalTime.DateOf(change.OccurredAt);
        return change.UnitId is { } unit
            ? new Rights(plan, date, catalogue.Units).MayRead(caller, catalogue.Units[unit]) : Rights.MayLead(plan, caller);
    }
}
