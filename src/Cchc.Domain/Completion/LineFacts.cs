using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Domain.Completion;

/// <summary>The values of one line, by part of the year to date and by the units expected in that part.</summary>
internal sealed class LineFacts
{
    private readonly ReportedValue[][] _values;

    // A line has one reporter or hundreds: sorted ids find a unit in a few steps without a table for each line.
    private readonly int[][] _reporters;

    /// <param name="parts">The line in each part of the year to date, the asked period last. Only a flow has parts before that.</param>
    public LineFacts(IReadOnlyList<LineReporters> parts)
    {
        Reporters = parts[^1];
        var asked = Sorted(parts[^1]);
        _reporters = [.. parts.SkipLast(1).Select(Sorted).Select(ids => ids.AsSpan().SequenceEqual(asked) ? asked : ids), asked];
        _values = [.. _reporters.Select(ids => new ReportedValue[ids.Length])];
    }

    /// <summary>A copy that can be changed without the other.</summary>
    public LineFacts(LineFacts other)
    {
        (Reporters, _reporters) = (other.Reporters, other._reporters);
        _values = [.. other._values.Select(values => (ReportedValue[])values.Clone())];
    }

    public LineReporters Reporters { get; }

    /// <summary>The place of a unit among those expected in the asked period; negative where it is not expected.</summary>
    public int Find(int unitId) => Find(unitId, _reporters.Length - 1);

    /// <summary>Whether a unit is expected in any part.</summary>
    public bool Has(int unitId) => Enumerable.Range(0, _reporters.Length).Any(part => Find(unitId, part) >= 0);

    /// <param name="fromLast">0 is the asked period, 1 the part before it.</param>
    /// <param name="row">What a unit said.</param>
    public bool Put(int fromLast, in ReportedRow row)
    {
        var part = _reporters.Length - 1 - fromLast;
        var at = part < 0 ? -1 : Find(row.UnitId, part);
        if (at >= 0)
        {
            _values[part][at] = row.Value;
        }

        return at >= 0;
    }

    /// <summary>Makes blank all that a unit said.</summary>
    public void Forget(int unitId)
    {
        for (var part = 0; part < _reporters.Length; part++)
        {
            if (Find(unitId, part) is >= 0 and var at)
            {
                _values[part][at] = default;
            }
        }
    }

    public ReportedValue Value(int at, Basis basis)
    {
        if (basis == Basis.Period || _values.Length == 1)
        {
            return _values[^1][at];
        }

        Span<ReportedValue> values = stackalloc ReportedValue[Math.Min(_values.Length, 64)];
        values = _values.Length <= 64 ? values : new ReportedValue[_values.Length];
        var count = 0;
        for (var part = 0; part < _values.Length; part++)
        {
            if (Counting(part, at) is >= 0 and var from)
            {
                values[count++] = _values[part][from];
            }
        }

        return ReportedValue.Sum(values[..count]);
    }

    /// <summary>The parts of the year to date that count for a unit expected in the asked period, with who said what in each.</summary>
    public IEnumerable<(int FromLast, int UnitId, ReportedValue Value)> PartsOf(int at) =>
        from part in Enumerable.Range(0, _values.Length)
        let counting = Counting(part, at)
        where counting >= 0
        select (_values.Length - 1 - part, _reporters[part][counting], _values[part][counting]);

    private static int[] Sorted(LineReporters reporters) => [.. reporters.UnitIds.Order()];

    private int Find(int unitId, int part) => Array.BinarySearch(_reporters[part], unitId);

    // The same unit where it was expected; of an owner's target whoever owned it then.
    private int Counting(int part, int at)
    {
        var (then, now) = (_reporters[part], _reporters[^1]);
        return ReferenceEquals(then, now) ? at
            : Reporters.Target.Reporting == Reporting.Owner ? then.Length - 1
            : Array.BinarySearch(then, now[at]);
    }

    /// <summary>The sums over all units expected.</summary>
    public LineSums Sum(Basis basis)
    {
        var sums = default(LineSums);
        for (var at = 0; at < _values[^1].Length; at++)
        {
            sums.Add(Value(at, basis));
        }

        return sums;
    }

    /// <summary>The sums over those of some units that are expected.</summary>
    public LineSums Sum(Basis basis, int[] unitIds)
    {
        var sums = default(LineSums);
        foreach (var unitId in unitIds)
        {
            if (Find(unitId) is >= 0 and var at)
            {
                sums.Add(Value(at, basis));
            }
        }

        return sums;
    }
}

/// <summary>What the values of a line add up to.</summary>
internal struct LineSums
{
    public int Expected;
    public int Received;
    public int NotApplicable;
    public Int128 Numerator;
    public Int128 Total;
    public Int128 Excluded;

    /// <summary>The place that was reported, for a rank or a grade.</summary>
    public long? Position;

    public void Add(in ReportedValue value)
    {
        Expected++;
        switch (value.State)
        {
            case ValueState.Given:
                Received++;
                Numerator += value.Numerator;
                Total += value.Total;
                Excluded += value.Excluded;
                Position = value.Numerator;
                break;
            case ValueState.NotApplicable:
                Received++;
                NotApplicable++;
                break;
            default:
                break;
        }
    }
}
