using Cchc.Api.Http;
using Cchc.Domain.Completion;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>
/// What a caller may see of single units. Published figures are for everybody. Provisional figures of a unit, and free text in either lens,
/// are for signed-in callers who may read the unit's report; all others see sums.
/// </summary>
internal sealed record Reach(Caller? Caller, Lens Lens)
{
    /// <summary>The part of a strong tag that tells callers apart who may see different things. Empty for anonymous callers.</summary>
    public string Mark => Caller is null ? "" : $".{Words.Of(Caller.Role)}{Caller.UnitId}";

    /// <summary>The part of a strong tag for answers without free text: they differ by caller in the provisional lens alone.</summary>
    public string FigureMark => Lens == Lens.Provisional ? Mark : "";

    /// <summary>Whether the caller may see the figures of this unit by itself.</summary>
    public bool Covers(Snapshot snapshot, Unit unit) => Lens == Lens.Published || CoversText(snapshot, unit);

    /// <summary>Whether the caller may read what this unit wrote.</summary>
    public bool CoversText(Snapshot snapshot, Unit unit) =>
        Caller is not null && new Rights(snapshot.Facts.Plan, snapshot.Facts.Period, snapshot.Facts.Units).MayRead(Caller, unit);

    /// <summary>Refuses the figures of a single unit that is beyond reach in one of the periods.</summary>
    /// <exception cref="ProblemException">403.</exception>
    public void Require(IEnumerable<Snapshot> snapshots, Unit unit)
    {
        if (!snapshots.All(snapshot => Covers(snapshot, unit)))
        {
            throw new ProblemException("auth.forbidden");
        }
    }
}
