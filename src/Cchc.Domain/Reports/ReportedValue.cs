using Cchc.Domain.Plans;

namespace Cchc.Domain.Reports;

/// <summary>Blank, not applicable and given are three different things.</summary>
public enum ValueState : byte { Missing, NotApplicable, Given }

/// <summary>What one unit said of one line, reduced to what figures are computed from.</summary>
public readonly record struct ReportedValue(ValueState State, long Numerator = 0, long Total = 0, long Excluded = 0)
{
    public static ReportedValue NotApplicable => new(ValueState.NotApplicable);

    public static ReportedValue Ratio(long numerator, long total, long excluded) => new(ValueState.Given, numerator, total, excluded);

    /// <summary>A unit done or not done, kept in the numerator.</summary>
    public static ReportedValue Done(bool done) => new(ValueState.Given, done ? 1 : 0, 1);

    /// <summary>A rank or a grade, kept in the numerator.</summary>
    public static ReportedValue Position(long position) => new(ValueState.Given, position);

    public static ReportedValue Milestone(Progress state) => new(ValueState.Given, state == Progress.Done ? 1 : 0, 1);

    /// <summary>
    /// The sum of a flow's parts: one missing makes it missing, one not applicable adds nothing, all not applicable make it so.
    /// </summary>
    public static ReportedValue Sum(ReadOnlySpan<ReportedValue> parts)
    {
        var sum = NotApplicable;
        foreach (var part in parts)
        {
            switch (part.State)
            {
                case ValueState.Missing:
                    return default;
                case ValueState.Given:
                    sum = Ratio(sum.Numerator + part.Numerator, sum.Total + part.Total, sum.Excluded + part.Excluded);
                    break;
                default:
                    break;
            }
        }

        return sum;
    }
}

/// <summary>One value as it stands in a report: a unit, a line, what was said.</summary>
public readonly record struct ReportedRow(int UnitId, int LineId, ReportedValue Value);

/// <summary>The revision of a unit's report that counts in a lens.</summary>
public sealed record ReportHead(int UnitId, int Revision, DateTimeOffset FirstSubmittedAt, bool IsSample);
