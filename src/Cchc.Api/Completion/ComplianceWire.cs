using Cchc.Api.Http;
using Cchc.Domain.Completion;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>
/// How a unit stands with a period's report: received by the end of the due day or after it, with the unit again for correction, or
/// not there. A report counts as received with at least one value due.
/// </summary>
public enum ComplianceState { OnTime, Late, Returned, Missing }

/// <summary>Who of those expected to report has done so.</summary>
public sealed record ComplianceAnswer : DatedAnswer
{
    public required string Plan { get; init; }
    public required string Period { get; init; }
    public required Lens Lens { get; init; }
    public required long DataVersion { get; init; }

    /// <summary>The moment of the data version.</summary>
    public required DateTimeOffset AsOf { get; init; }

    public required DateOnly DueOn { get; init; }

    /// <summary>The counts of every unit that the filters level, kind and under leave, whatever its state.</summary>
    public required ComplianceCounts Total { get; init; }

    public required IReadOnlyList<LevelCompliance> Levels { get; init; }

    /// <summary>A district with its communes and centres.</summary>
    public required IReadOnlyList<DistrictCompliance> Districts { get; init; }

    public required IReadOnlyList<UnitCompliance> Items { get; init; }

    /// <summary>Give it as <c>cursor</c> for what follows; null at the end.</summary>
    public required string? NextCursor { get; init; }
}

/// <summary>Counts of reports: received is on time and late together, expected is received, returned and missing together.</summary>
public sealed record ComplianceCounts(int Expected, int Received, int OnTime, int Late, int Returned, int Missing)
{
    internal static ComplianceCounts Of(IEnumerable<UnitCompliance> units)
    {
        var by = units.CountBy(each => each.State).ToDictionary();
        var (onTime, late) = (by.GetValueOrDefault(ComplianceState.OnTime), by.GetValueOrDefault(ComplianceState.Late));
        return new ComplianceCounts(
            by.Values.Sum(), onTime + late, onTime, late,
            by.GetValueOrDefault(ComplianceState.Returned), by.GetValueOrDefault(ComplianceState.Missing));
    }
}

public sealed record LevelCompliance(UnitLevel Level, ComplianceCounts Counts);

public sealed record DistrictCompliance(string District, string? NameVi, ComplianceCounts Counts);

/// <summary>How one unit stands with one period.</summary>
public sealed record UnitCompliance
{
    public required string Unit { get; init; }
    public required string? NameVi { get; init; }
    public required UnitLevel Level { get; init; }
    public required UnitKind Kind { get; init; }

    /// <summary>The district that the unit is, or stands directly under; null in the province's own units.</summary>
    public required string? District { get; init; }

    public required ComplianceState State { get; init; }

    /// <summary>When the report was first submitted; null where none is received.</summary>
    public required DateTimeOffset? FirstSubmittedAt { get; init; }

    public required int ValuesDue { get; init; }

    /// <summary>Of the values due, those given for the period, not applicable included.</summary>
    public required int ValuesGiven { get; init; }

    /// <summary>Whole days since the due day, where nothing is received and it has gone by; else null.</summary>
    public required int? DaysOverdue { get; init; }
}

/// <summary>One unit's record: the periods that have begun in which it had anything to report.</summary>
public sealed record UnitComplianceAnswer : DatedAnswer
{
    public required string Plan { get; init; }
    public required string Unit { get; init; }
    public required Lens Lens { get; init; }
    public required IReadOnlyList<PeriodCompliance> Items { get; init; }
}

public sealed record PeriodCompliance(string Period, DateOnly DueOn, UnitCompliance Record);
