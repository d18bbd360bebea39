using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Domain.Completion;

/// <summary>The values of one line, by part of the year to date and by expected unit.</summary>
internal sealed class LineFacts
{
    private readonly ReportedValue[][] _parts;

    // A line has one reporter or hundreds: sorted ids find a unit in a few steps without a table for each line.
    private readonly int[] _sortedIds;

    public LineFacts(LineReporters reporters, int parts)
    {
        Reporters = reporters;
        _sortedIds = [.. reporters.UnitIds.Order()];
        _parts = [.. Enumerable.Range(0, parts).Select(_ => new ReportedValue[_sortedIds.Length])];
    }

    /// <summary>A copy that can be changed without the other.</summary>
    public LineFacts(LineFacts other)
    {
        (Reporters, _sortedIds) = (other.Reporters, other._sortedIds);
        _parts = [.. other._parts.Select(values => (ReportedValue[])values.Clone())];
    }

    public LineReporters Reporters { get; }

    public int Find(int unitId) => Array.BinarySearch(_sortedIds, unitId);

    public bool Put(int part, in ReportedRow row)
    {
        var at = Find(row.UnitId);
        if (at >= 0)
        {
            _parts[part][at] = row.Value;
        }

        return at >= 0;
    }

    /// <summary>Makes blank all that a unit said.</summary>
    public void Forget(int unitId)
    {
        if (Find(unitId) is >= 0 and var at)
        {
            Array.ForEach(_parts, values => values[at] = default);
        }
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

    /// <summary>The sums over all units expected.</summary>
    public LineSums Sum(Basis basis)
    {
        var sums = default(LineSums);
        for (var at = 0; at < _sortedIds.Length; at++)
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
