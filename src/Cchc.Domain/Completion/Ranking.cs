using Cchc.Domain.Units;

namespace Cchc.Domain.Completion;

/// <summary>A unit's place among those of its level and kind.</summary>
public sealed record RankedUnit(Unit Unit, Totals Figures, int? Rank);

public static class Ranking
{
    /// <summary>
    /// Every unit active on the period's last day, by level and kind, then by exact completion, then by on-time reports, then by
    /// code. Equals share a rank (1, 1, 3); a unit with no completion has none and stands last.
    /// </summary>
    public static IReadOnlyList<RankedUnit> Rank(PeriodFacts facts, Basis basis)
    {
        var ranked = new List<RankedUnit>();
        var peers = facts.Units.ActiveOn(facts.Period.DataTo)
            .Select(unit => (Unit: unit, Figures: facts.OfUnit(unit.Id, basis).Totals))
            .GroupBy(each => (each.Unit.Level, each.Unit.Kind))
            .OrderBy(group => group.Key.Level).ThenBy(group => group.Key.Kind);
        foreach (var group in peers)
        {
            var ordered = group
                .OrderBy(each => each.Figures.Completion is null)
                .ThenByDescending(each => each.Figures.Completion ?? Fraction.Zero)
                .ThenByDescending(each => each.Figures.Coverage.OnTime)
                .ThenBy(each => each.Unit.Code, StringComparer.Ordinal)
                .ToList();
            var rank = 0;
            for (var index = 0; index < ordered.Count; index++)
            {
                var (unit, figures) = ordered[index];
                rank = index > 0 && Nullable.Equals(figures.Completion, ordered[index - 1].Figures.Completion) ? rank : index + 1;
                ranked.Add(new RankedUnit(unit, figures, figures.Completion is null ? null : rank));
            }
        }

        return ranked;
    }
}
