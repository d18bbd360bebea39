namespace Cchc.Domain.Units;

public enum UnitLevel { Province, District, Commune }

/// <summary>What a unit is: a people's committee, a department, a one-stop centre, or any other agency.</summary>
public enum UnitKind { Committee, Department, Centre, Agency }

/// <summary>How one unit took over from another.</summary>
public enum UnitChange { Merger, Split }

/// <summary>A unit's identity; what it is called and under whom it stands are versions with an interval.</summary>
public sealed record Unit
{
    public required int Id { get; init; }
    public required string Code { get; init; }
    public required UnitLevel Level { get; init; }
    public required UnitKind Kind { get; init; }

    /// <summary>By start, the oldest first.</summary>
    public required IReadOnlyList<UnitVersion> Versions { get; init; }

    public required IReadOnlyList<OutsideCode> OutsideCodes { get; init; }

    /// <summary>The version in force on a date; null where the unit did not exist then.</summary>
    public UnitVersion? On(DateOnly date) => Versions.FirstOrDefault(version => version.Interval.Contains(date));

    /// <summary>A committee under nobody: it reports through its departments, never for itself.</summary>
    public bool IsRootCommittee(DateOnly date) => Kind == UnitKind.Committee && On(date) is { ParentId: null };
}

public sealed record UnitVersion(string NameVi, string? NameEn, int? ParentId, string UnitType, Interval Interval);

/// <summary>A code that somebody else gave the unit, such as the statistics office's: an attribute, never an identity.</summary>
public sealed record OutsideCode(string Scheme, string Value, Interval Interval);

public sealed record Succession(int PredecessorId, int SuccessorId, DateOnly EffectiveOn, UnitChange Change);

/// <summary>Days from the first to the last, both inside; null: not known before, or still.</summary>
public readonly record struct Interval(DateOnly? From, DateOnly? To)
{
    public bool Contains(DateOnly date) => (From is null || From <= date) && (To is null || date <= To);
}
