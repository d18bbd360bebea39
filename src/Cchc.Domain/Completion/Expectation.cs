using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Completion;

/// <summary>Which units are expected to report which lines of a plan in a period.</summary>
public sealed class Expectation
{
    private readonly Dictionary<int, List<LineReporters>> _byUnit = [];

    public Expectation(Plan plan, Period period, UnitRegistry units)
    {
        var active = units.ActiveOn(period.DataTo).ToList();
        var lines = new List<LineReporters>();
        foreach (var target in plan.In(period, units).Targets)
        {
            foreach (var line in target.Lines)
            {
                int[] reporters = target.IsDueIn(period) ? [.. Reporters(target, line, period, active)] : [];
                lines.Add(new LineReporters(target, line, reporters));
            }
        }

        Lines = lines;
        foreach (var line in lines)
        {
            foreach (var unitId in line.UnitIds)
            {
                if (!_byUnit.TryGetValue(unitId, out var ofUnit))
                {
                    _byUnit[unitId] = ofUnit = [];
                }

                ofUnit.Add(line);
            }
        }
    }

    /// <summary>Every line of the plan, in its order, with the units expected on it.</summary>
    public IReadOnlyList<LineReporters> Lines { get; }

    /// <summary>Units with at least one value due.</summary>
    public IReadOnlyCollection<int> UnitIds => _byUnit.Keys;

    /// <summary>The lines on which a unit is expected to report, in the plan's order.</summary>
    public IReadOnlyList<LineReporters> LinesOf(int unitId) => _byUnit.GetValueOrDefault(unitId) ?? [];

    /// <summary>The lines that a unit could mean when it names a target on a date, whether or not they are due.</summary>
    public static IEnumerable<TargetLine> LinesFor(Target target, Unit unit, DateOnly date) =>
        target.Lines.Where(line => Answers(target, line, unit, date));

    private static IEnumerable<int> Reporters(Target target, TargetLine line, Period period, List<Unit> active) =>
        target.Reporting == Reporting.Owner
            ? [target.OwnerId]
            : active.Where(unit => Answers(target, line, unit, period.DataTo)).Select(unit => unit.Id);

    private static bool Answers(Target target, TargetLine line, Unit unit, DateOnly date) =>
        target.Reporting == Reporting.Owner
            ? unit.Id == target.OwnerId
            : target.ReporterKinds.Contains(unit.Kind)
              && (line.Level == LineLevel.Whole || (int)line.Level == (int)unit.Level)
              && unit.On(date) is not null
              && !unit.IsRootCommittee(date);
}

/// <summary>A line and the units expected to report on it; none where it is not due.</summary>
public sealed record LineReporters(Target Target, TargetLine Line, int[] UnitIds);
