using System.Collections.Frozen;

namespace Cchc.Domain.Units;

/// <summary>Every unit there ever was, and the tree they form as of a date.</summary>
public sealed class UnitRegistry
{
    private readonly FrozenDictionary<int, Unit> _byId;
    private readonly FrozenDictionary<string, Unit> _byCode;

    public UnitRegistry(IReadOnlyList<Unit> units, IReadOnlyList<Succession> successions)
    {
        All = [.. units.OrderBy(unit => unit.Code, StringComparer.Ordinal)];
        Successions = successions;
        _byId = units.ToFrozenDictionary(unit => unit.Id);
        _byCode = units.ToFrozenDictionary(unit => unit.Code, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>By code.</summary>
    public IReadOnlyList<Unit> All { get; }

    public IReadOnlyList<Succession> Successions { get; }

    public Unit this[int id] => _byId[id];

    public Unit? Find(string code) => _byCode.GetValueOrDefault(code);

    public IEnumerable<Unit> ActiveOn(DateOnly date) => All.Where(unit => unit.On(date) is not null);

    /// <summary>
    /// The unit that answers on a date for what was given to a unit: itself while it is active, otherwise the one active unit that
    /// succeeded it, at any remove. Null where no unit did, or several.
    /// </summary>
    public Unit? AnsweringFor(int unitId, DateOnly date)
    {
        var (answering, seen, open) = (new HashSet<int>(), new HashSet<int>(), new Stack<int>([unitId]));
        while (open.TryPop(out var id))
        {
            if (!seen.Add(id))
            {
                continue;
            }

            if (this[id].On(date) is not null)
            {
                answering.Add(id);
                continue;
            }

            foreach (var succession in Successions.Where(each => each.PredecessorId == id && each.EffectiveOn <= date))
            {
                open.Push(succession.SuccessorId);
            }
        }

        return answering.Count == 1 ? this[answering.First()] : null;
    }

    /// <summary>The unit that stands above all others over a unit; itself where none does.</summary>
    public Unit TopOf(Unit unit, DateOnly date)
    {
        var top = unit;
        for (var depth = 0; depth <= All.Count && top.On(date)?.ParentId is { } parentId && _byId.TryGetValue(parentId, out var parent); depth++)
        {
            top = parent;
        }

        return top;
    }

    /// <summary>Whether a unit is another one or stands below it, at any depth.</summary>
    public bool IsWithin(Unit unit, int ancestorId, DateOnly date)
    {
        var current = unit;
        for (var depth = 0; depth <= All.Count; depth++)
        {
            if (current.Id == ancestorId)
            {
                return true;
            }

            if (current.On(date)?.ParentId is not { } parentId || !_byId.TryGetValue(parentId, out current!))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Whether a unit is a commune directly under a district on a date: the reach of the district over it.</summary>
    public bool IsCommuneOf(Unit commune, int districtId, DateOnly date) =>
        commune.Level == UnitLevel.Commune && this[districtId].Level == UnitLevel.District && commune.On(date)?.ParentId == districtId;
}
