using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Reports;

public enum Role { Reporter, Reviewer, Monitor, Administrator }

/// <summary>Who calls: a role, and the unit it is held for (none for a monitor or an administrator at large).</summary>
public sealed record Caller(string Actor, Role Role, int? UnitId);

public enum ReviewRight { Allowed, Forbidden, OwnReport }

/// <summary>Who may do what to what a unit says. A district's reach over its communes is judged on a date.</summary>
public sealed class Rights(Plan plan, DateOnly date, UnitRegistry units)
{
    /// <summary>Rights on the reports of a period, judged on its last day.</summary>
    public Rights(Plan plan, Period period, UnitRegistry units)
        : this(plan, period.DataTo, units)
    {
    }

    /// <summary>
    /// Whether a caller may do what falls to the plan's lead unit (plan 398, section V.2: Sở Nội vụ follows, urges and consolidates).
    /// </summary>
    public static bool MayLead(Plan plan, Caller caller) =>
        caller.Role == Role.Administrator || (caller.Role == Role.Reviewer && caller.UnitId == plan.LeadUnitId);

    public bool MayRead(Caller caller, Unit unit) =>
        caller.Role is Role.Monitor or Role.Administrator || caller.UnitId == plan.LeadUnitId || IsInReach(caller, unit);

    public bool MayWrite(Caller caller, Unit unit) =>
        caller.Role == Role.Administrator || (caller.Role == Role.Reporter && IsInReach(caller, unit));

    /// <summary>Nobody reviews a report of their own unit, save an administrator.</summary>
    public ReviewRight MayReview(Caller caller, Unit unit)
    {
        if (caller.Role == Role.Administrator)
        {
            return ReviewRight.Allowed;
        }

        if (caller.Role != Role.Reviewer || !(caller.UnitId == plan.LeadUnitId || IsInReach(caller, unit)))
        {
            return ReviewRight.Forbidden;
        }

        return caller.UnitId == unit.Id ? ReviewRight.OwnReport : ReviewRight.Allowed;
    }

    private bool IsInReach(Caller caller, Unit unit) =>
        caller.UnitId is { } own && (own == unit.Id || units.IsCommuneOf(unit, own, date));
}
