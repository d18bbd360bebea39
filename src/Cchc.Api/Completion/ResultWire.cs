using System.Text.Json.Serialization;

namespace Cchc.Api.Completion;

/// <summary>
/// The consolidated result of a period (plan 398, section V.2: Sở Nội vụ periodically consolidates): the published figures of one data
/// version, kept as they were. It never changes; a later correction appears under a new number.
/// </summary>
public sealed record ConsolidatedResult
{
    public required string Plan { get; init; }
    public required string Period { get; init; }

    /// <summary>From 1, without gaps; the highest is the one in force.</summary>
    public required int Number { get; init; }

    public required DateTimeOffset FrozenAt { get; init; }

    /// <summary>
    /// The reason as earlier releases froze it into the result, shown to signed-in callers only. New results do not hold it: the list of
    /// results says it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The version of the figures; completion as of its instant gives them again.</summary>
    public required long DataVersion { get; init; }

    public required CompletionAnswer Completion { get; init; }

    /// <summary>Every unit with its completion and its rank among those of its level and kind.</summary>
    public required IReadOnlyList<RankedUnitAnswer> Units { get; init; }

    public required ComplianceCounts Compliance { get; init; }

    /// <summary>Units expected to report of which nothing is published.</summary>
    public required IReadOnlyList<MissingUnit> Missing { get; init; }

    /// <summary>What differs from the number before, by target; empty for the first.</summary>
    public required IReadOnlyList<ResultChange> Changes { get; init; }
}

public sealed record MissingUnit(string Unit, string? NameVi);

/// <summary>A target's completion in the number before and in this one.</summary>
public sealed record ResultChange(string Target, decimal? Before, decimal? After, bool? MetBefore, bool? MetAfter);

/// <summary>A consolidated result in a list.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="FrozenAt">When it was made.</param>
/// <param name="DataVersion">The version of its figures.</param>
/// <param name="Reason">Why it was made: for signed-in callers, null for all others.</param>
/// <param name="Sha256">Of the result's JSON, byte for byte as it is answered.</param>
public sealed record ResultSummary(int Number, DateTimeOffset FrozenAt, long DataVersion, string? Reason, string Sha256);
