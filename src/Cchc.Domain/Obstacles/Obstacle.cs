using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Domain.Obstacles;

/// <summary>
/// With whom an obstacle lies: raised with the plan's lead unit, assigned with another, escalated with the provincial committee, answered
/// with the unit that raised it, closed with nobody.
/// </summary>
public enum ObstacleStatus { Raised, Assigned, Escalated, Answered, Closed }

public enum ObstacleAction { Raise, Assign, Escalate, Answer, Comment, Close, Reopen }

/// <summary>How an obstacle stands, as far as the rules ask.</summary>
public sealed record ObstacleStanding(Unit Unit, ObstacleStatus Status, int? AssignedTo)
{
    public bool IsOpen => ObstacleRules.IsOpen(Status);
}

/// <summary>
/// Obstacles (plan 398, section V.2: vướng mắc): a unit tells Sở Nội vụ, which answers, has another unit answer, or takes it to the
/// provincial committee. Reach over communes is judged today.
/// </summary>
public sealed class ObstacleRules(Plan plan, UnitRegistry units, DateOnly today)
{
    /// <summary>Days in the calendar in which an answer is due where nobody named a day.</summary>
    public const int DaysToAnswer = 15;

    /// <summary>Whether an answer is still awaited.</summary>
    public static bool IsOpen(ObstacleStatus status) =>
        status is ObstacleStatus.Raised or ObstacleStatus.Assigned or ObstacleStatus.Escalated;

    /// <summary>Whether an answer is awaited and its day has gone by.</summary>
    public static bool IsOverdue(ObstacleStatus status, DateOnly dueOn, DateOnly today) => IsOpen(status) && today > dueOn;

    private readonly Rights _rights = new(plan, today, units);

    public DateOnly DefaultDueOn => today.AddDays(DaysToAnswer);

    /// <summary>To whom an obstacle is escalated: the committee above the plan's lead unit.</summary>
    public Unit Committee => units.TopOf(units[plan.LeadUnitId], today);

    public bool MayRaise(Caller caller, Unit unit) => _rights.MayWrite(caller, unit);

    public bool MayRead(Caller caller, ObstacleStanding standing) =>
        _rights.MayRead(caller, standing.Unit) || (caller.UnitId is { } own && own == standing.AssignedTo);

    /// <summary>Everything this caller may do to the obstacle now.</summary>
    public IReadOnlyList<ObstacleAction> Allowed(Caller caller, ObstacleStanding standing) =>
        [.. Enum.GetValues<ObstacleAction>().Where(action => May(caller, standing, action) && Fits(standing, action))];

    /// <summary>Whether this falls to the caller at all.</summary>
    public bool May(Caller caller, ObstacleStanding standing, ObstacleAction action) => action switch
    {
        ObstacleAction.Comment => MayRead(caller, standing),
        ObstacleAction.Close or ObstacleAction.Reopen => Rights.MayLead(plan, caller) || _rights.MayWrite(caller, standing.Unit),
        ObstacleAction.Answer => Rights.MayLead(plan, caller)
            || (caller.Role is Role.Reporter or Role.Reviewer && caller.UnitId is { } own && own == standing.AssignedTo),
        _ => Rights.MayLead(plan, caller),
    };

    /// <summary>Whether it can be done to an obstacle that stands so.</summary>
    public static bool Fits(ObstacleStanding standing, ObstacleAction action) => action switch
    {
        ObstacleAction.Assign or ObstacleAction.Answer => standing.IsOpen,
        ObstacleAction.Escalate => standing.Status is ObstacleStatus.Raised or ObstacleStatus.Assigned,
        ObstacleAction.Close => standing.Status != ObstacleStatus.Closed,
        ObstacleAction.Reopen => !standing.IsOpen,
        ObstacleAction.Comment => true,
        _ => false,
    };

    /// <summary>Whether an action needs words: an answer, a comment, and why it ends without an answer or begins anew.</summary>
    public static bool NeedsWords(ObstacleStanding standing, ObstacleAction action) => action switch
    {
        ObstacleAction.Answer or ObstacleAction.Comment or ObstacleAction.Reopen => true,
        ObstacleAction.Close => standing.IsOpen,
        _ => false,
    };

    /// <summary>Why an obstacle cannot be assigned to a unit; null where it can.</summary>
    public string? WhyNotAssigned(ObstacleStanding standing, Unit to) =>
        to.On(today) is null ? "unit.notActive"
        : to.Id == standing.Unit.Id ? "obstacle.ownUnit"
        : to.Id == Committee.Id ? "obstacle.escalate" : null;

    public static ObstacleStatus Next(ObstacleStatus from, ObstacleAction action) => action switch
    {
        ObstacleAction.Assign => ObstacleStatus.Assigned,
        ObstacleAction.Escalate => ObstacleStatus.Escalated,
        ObstacleAction.Answer => ObstacleStatus.Answered,
        ObstacleAction.Close => ObstacleStatus.Closed,
        ObstacleAction.Raise or ObstacleAction.Reopen => ObstacleStatus.Raised,
        _ => from,
    };
}
