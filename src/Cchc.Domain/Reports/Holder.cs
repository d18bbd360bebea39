using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Reports;

/// <summary>Why a role cannot be held for a unit.</summary>
public enum HolderFault { None, NeedsUnit, NotReviewingUnit }

public static class Holder
{
    /// <summary>Who reports does so for a unit; who reviews is a plan's lead unit, or a district.</summary>
    public static HolderFault Check(Role role, Unit? unit, IEnumerable<Plan> plans) => role switch
    {
        Role.Reporter or Role.Reviewer when unit is null => HolderFault.NeedsUnit,
        Role.Reviewer when unit.Level != UnitLevel.District && plans.All(plan => plan.LeadUnitId != unit.Id) => HolderFault.NotReviewingUnit,
        _ => HolderFault.None,
    };
}
