using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Domain.Completion;

/// <summary>
/// What was reported for one period of a plan in one lens: immutable, and all that every figure is computed from. Values stand in
/// columns, one array a line, in the order of the units expected on it.
/// </summary>
public sealed class PeriodFacts
{
    private readonly Dictionary<int, ReportHead> _heads;
    private readonly HashSet<int> _received = [];
    private readonly LineFacts[] _lines;
    private readonly Dictionary<int, int> _lineIndex = [];

    /// <param name="plan">The plan, which is judged as amended up to the period's last day.</param>
    /// <param name="period">The period asked for.</param>
    /// <param name="units">Every unit.</param>
    /// <param name="heads">The revision that counts, by unit, of this period.</param>
    /// <param name="rowsOf">The rows that count of a period: this one, or a part of a flow's year to date.</param>
    public PeriodFacts(
        Plan plan, Period period, UnitRegistry units, IEnumerable<ReportHead> heads, Func<Period, IEnumerable<ReportedRow>> rowsOf)
    {
        Plan = plan.On(period.DataTo);
        Period = period;
        Units = units;
        Expectation = new Expectation(Plan, period, units);
        Parts = plan.YearToDateParts(period);
        _heads = heads.ToDictionary(head => head.UnitId);
        _lines = [.. Expectation.Lines.Select(line => new LineFacts(line, Parts.Count))];
        for (var index = 0; index < _lines.Length; index++)
        {
            _lineIndex[_lines[index].Reporters.Line.Id] = index;
        }

        for (var part = 0; part < Parts.Count; part++)
        {
            foreach (var row in rowsOf(Parts[part]))
            {
                if (_lineIndex.TryGetValue(row.LineId, out var line) && _lines[line].Put(part, row) && Parts[part].Id == period.Id)
                {
                    _received.Add(row.UnitId);
                }
            }
        }
    }

    public Plan Plan { get; }
    public Period Period { get; }
    public UnitRegistry Units { get; }
    public Expectation Expectation { get; }

    /// <summary>The periods that make up a flow's year to date, the asked one last.</summary>
    public IReadOnlyList<Period> Parts { get; }

    /// <summary>Whether invented sample reports are among those that count.</summary>
    public bool HasSample { get; init; }

    /// <summary>Whether a unit gave at least one value that was due of it.</summary>
    public bool HasReceived(int unitId) => _received.Contains(unitId);

    public ReportHead? HeadOf(int unitId) => _heads.GetValueOrDefault(unitId);

    /// <summary>A unit's value on a line.</summary>
    public ReportedValue Value(int lineId, int unitId, Basis basis) =>
        _lines[_lineIndex[lineId]] is var line && line.Find(unitId) is >= 0 and var at ? line.Value(at, basis) : default;

    /// <summary>A unit's value on a line in one part of the year to date.</summary>
    public ReportedValue PartValue(int lineId, int unitId, int part) =>
        _lines[_lineIndex[lineId]] is var line && line.Find(unitId) is >= 0 and var at ? line.Part(part, at) : default;

    /// <summary>The figures of the whole plan.</summary>
    public RollUp OfPlan(Basis basis) => Roll(_lines, _ => true, Expectation.UnitIds, basis);

    /// <summary>The figures of one unit on its own values alone.</summary>
    public RollUp OfUnit(int unitId, Basis basis) => OfUnits(unitId, id => id == unitId, [unitId], basis);

    /// <summary>The figures of a unit with all that stands below it on the period's last day.</summary>
    public RollUp OfSubtree(int unitId, Basis basis) =>
        OfAll(Units.All.Where(unit => Units.IsWithin(unit, unitId, Period.DataTo)), basis);

    /// <summary>The figures of all units of a level together.</summary>
    public RollUp OfLevel(UnitLevel level, Basis basis) => OfAll(Units.All.Where(unit => unit.Level == level), basis);

    public ReportCoverage CoverageOf(IEnumerable<int> unitIds)
    {
        int expected = 0, received = 0, onTime = 0;
        foreach (var unitId in unitIds.Where(id => Expectation.LinesOf(id).Count > 0))
        {
            expected++;
            if (_received.Contains(unitId))
            {
                received++;
                onTime += HeadOf(unitId) is { } head && head.FirstSubmittedAt <= Period.DueBy(Units[unitId].Level) ? 1 : 0;
            }
        }

        return new ReportCoverage(expected, received, onTime);
    }

    private RollUp OfAll(IEnumerable<Unit> units, Basis basis)
    {
        var inside = units.Select(unit => unit.Id).ToHashSet();
        return Roll([.. _lines.Where(line => line.Reporters.UnitIds.Any(inside.Contains))], inside.Contains, inside, basis);
    }

    private RollUp OfUnits(int unitId, Func<int, bool> inside, IEnumerable<int> unitIds, Basis basis) =>
        Roll([.. Expectation.LinesOf(unitId).Select(line => _lines[_lineIndex[line.Line.Id]])], inside, unitIds, basis);

    private RollUp Roll(IReadOnlyList<LineFacts> lines, Func<int, bool> inside, IEnumerable<int> unitIds, Basis basis)
    {
        var elapsed = Plan.Elapsed(Period);
        var targets = new List<TargetResult>();
        foreach (var ofTarget in lines.GroupBy(line => line.Reporters.Target))
        {
            targets.Add(new TargetResult(
                ofTarget.Key, [.. ofTarget.Select(line => LineRules.Compute(line, inside, basis, Period, elapsed))]));
        }

        return new RollUp(targets, CoverageOf(unitIds));
    }
}

/// <summary>The values of one line, by part of the year to date and by expected unit.</summary>
internal sealed class LineFacts(LineReporters reporters, int parts)
{
    private readonly ReportedValue[][] _parts =
        [.. Enumerable.Range(0, parts).Select(_ => new ReportedValue[reporters.UnitIds.Length])];

    // A line has one reporter or hundreds: sorted ids find a unit in a few steps without a table for each line.
    private readonly int[] _sortedIds = [.. reporters.UnitIds.Order()];

    public LineReporters Reporters { get; } = reporters;

    public ReadOnlySpan<int> UnitIds => _sortedIds;

    public int Find(int unitId) => Array.BinarySearch(_sortedIds, unitId);

    public bool Put(int part, ReportedRow row)
    {
        var at = Find(row.UnitId);
        if (at >= 0)
        {
            _parts[part][at] = row.Value;
        }

        return at >= 0;
    }

    public ReportedValue Part(int part, int at) => _parts[part][at];

    public ReportedValue Value(int at, Basis basis)
    {
        if (basis == Basis.Period || Reporters.Target.Measure == Measure.Stock || _parts.Length == 1)
        {
            return _parts[^1][at];
        }

        Span<ReportedValue> values = stackalloc ReportedValue[Math.Min(_parts.Length, 64)];
        values = _parts.Length <= 64 ? values : new ReportedValue[_parts.Length];
        for (var part = 0; part < _parts.Length; part++)
        {
            values[part] = _parts[part][at];
        }

        return ReportedValue.Sum(values);
    }
}
