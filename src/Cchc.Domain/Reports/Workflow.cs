using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Reports;

public enum ReportStatus { Draft, Submitted, Returned, Approved }

/// <summary>
/// What may be done to a report: its unit puts, submits and withdraws it; who reviews it approves, returns or reopens it.
/// </summary>
public enum ReportAction { Put, Submit, Withdraw, Approve, Return, Reopen }

/// <summary>How a report stands, as far as the workflow asks.</summary>
/// <param name="Status">Its status; null where there is no report yet.</param>
/// <param name="IsEmpty">Whether it says nothing.</param>
/// <param name="Until">The last day on which its unit may change it, where that was said when it was last given back.</param>
/// <param name="HasDistrictApproval">Whether the district approved the submitted revision.</param>
public sealed record ReportStanding(ReportStatus? Status, bool IsEmpty, DateOnly? Until, bool HasDistrictApproval);

/// <summary>
/// The workflow (plan 398, section V.2): draft, submitted, approved; or returned with a reason and submitted again. One place says both
/// what a caller may do and why not.
/// </summary>
public sealed class Workflow(Plan plan, Period period, UnitRegistry units, DateOnly today)
{
    private readonly Rights _rights = new(plan, period, units);

    /// <summary>
    /// Why its unit may not change the report today, null where it may: to the day it was given, else as long as the period is open.
    /// </summary>
    public string? WhyNotOpen(ReportStanding? standing) => period.StateOn(today) switch
    {
        PeriodState.NotBegun => "period.notBegun",
        PeriodState.Locked => today <= standing?.Until ? null : "period.locked",
        _ => standing?.Until is { } until && today > until ? "report.untilPassed" : null,
    };

    /// <summary>Whether giving the report back needs a last day: the period is locked, so that nothing else would end it.</summary>
    public bool NeedsUntil => period.StateOn(today) == PeriodState.Locked;

    /// <summary>Whether the unit's district approves before the lead does (where the plan says so).</summary>
    public bool AsksDistrict(Unit unit) =>
        plan.DistrictApproval && unit.Level == UnitLevel.Commune && unit.On(period.DataTo)?.ParentId is { } parent
        && units.IsCommuneOf(unit, parent, period.DataTo);

    /// <summary>Whether this caller's approval is the district's, after which the lead's is still due.</summary>
    public bool IsDistrictApproval(Caller caller, Unit unit) =>
        AsksDistrict(unit) && caller.Role == Role.Reviewer && caller.UnitId != plan.LeadUnitId;

    /// <summary>Everything this caller may do to the report now.</summary>
    public IReadOnlyList<ReportAction> Allowed(Caller caller, Unit unit, ReportStanding standing) =>
        [.. Enum.GetValues<ReportAction>().Where(action => WhyNotAllowed(caller, unit, action) is null && WhyNotNow(caller, unit, standing, action) is null)];

    /// <summary>Why this caller may never do it to this unit's report; null where they may.</summary>
    public string? WhyNotAllowed(Caller caller, Unit unit, ReportAction action) => action switch
    {
        ReportAction.Put or ReportAction.Submit or ReportAction.Withdraw => _rights.MayWrite(caller, unit) ? null : "auth.forbidden",
        _ => _rights.MayReview(caller, unit) switch
        {
            ReviewRight.Allowed => null,
            ReviewRight.OwnReport => "auth.ownReport",
            _ => "auth.forbidden",
        },
    };

    /// <summary>Why it cannot be done as the report stands today; null where it can.</summary>
    public string? WhyNotNow(Caller caller, Unit unit, ReportStanding standing, ReportAction action)
    {
        var closed = WhyNotOpen(standing);
        var fits = (action, standing.Status) switch
        {
            (ReportAction.Put, null or ReportStatus.Draft or ReportStatus.Returned) => true,
            (ReportAction.Submit, ReportStatus.Draft or ReportStatus.Returned) => true,
            (ReportAction.Withdraw or ReportAction.Approve or ReportAction.Return, ReportStatus.Submitted) => true,
            (ReportAction.Reopen, ReportStatus.Approved) => true,
            (ReportAction.Reopen, not ReportStatus.Submitted) => closed is not null,
            _ => false,
        };
        return period.StateOn(today) == PeriodState.NotBegun ? "period.notBegun"
            : action is ReportAction.Put or ReportAction.Submit or ReportAction.Withdraw && closed is not null ? closed
            : !fits ? "report.state"
            : action == ReportAction.Submit && standing.IsEmpty ? "report.empty"
            : action == ReportAction.Approve && AsksDistrict(unit) && caller.Role != Role.Administrator
                && IsDistrictApproval(caller, unit) == standing.HasDistrictApproval
                ? standing.HasDistrictApproval ? "report.districtApproved" : "report.awaitsDistrict"
            : null;
    }

    /// <summary>The status that an action leads to; a district's approval leaves it submitted.</summary>
    public static ReportStatus Next(ReportStatus? from, ReportAction action) => action switch
    {
        ReportAction.Put => from ?? ReportStatus.Draft,
        ReportAction.Submit => ReportStatus.Submitted,
        ReportAction.Approve => ReportStatus.Approved,
        ReportAction.Return => ReportStatus.Returned,
        ReportAction.Reopen when from is ReportStatus.Returned => ReportStatus.Returned,
        _ => ReportStatus.Draft,
    };
}
