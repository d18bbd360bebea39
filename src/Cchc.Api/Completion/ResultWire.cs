using System.Text.Json.Serialization;
using Cchc.Domain.Plans;

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

    /// <summary>Every target of which a figure differs from the number before, and every one that vanished; empty for the first.</summary>
    public required IReadOnlyList<ResultChange> Changes { get; init; }
}

public sealed record MissingUnit(string Unit, string? NameVi);

/// <summary>A target in the number before and in this one.</summary>
/// <param name="Target">The target's code.</param>
/// <param name="Before">Its completion in the number before; null where it had none.</param>
/// <param name="After">Its completion in this one.</param>
/// <param name="MetBefore">Whether it was met in the number before; null where it did not count.</param>
/// <param name="MetAfter">Whether it is met in this one; null where it does not count.</param>
/// <param name="Vanished">Whether the plan no longer has the target.</param>
/// <param name="Lines">Every line that differs; absent in results from before lines were compared.</param>
public sealed record ResultChange(
    string Target, decimal? Before, decimal? After, bool? MetBefore, bool? MetAfter, bool Vanished = false,
    IReadOnlyList<LineChange>? Lines = null)
{
    /// <summary>What differs between the targets of two results: those of the later one in their order, then those that vanished.</summary>
    internal static IEnumerable<ResultChange> Between(IReadOnlyList<TargetFigures> before, IReadOnlyList<TargetFigures> after)
    {
        var (then, now) = (before.ToDictionary(target => target.Target), after.ToDictionary(target => target.Target));
        return after.Concat(before.Where(target => !now.ContainsKey(target.Target)))
            .Select(target => (Then: then.GetValueOrDefault(target.Target), Now: now.GetValueOrDefault(target.Target)))
            .Select(each => (each.Then, each.Now, Lines: LineChange.Between(each.Then?.Lines ?? [], each.Now?.Lines ?? []).ToList()))
            .Where(each => each.Lines.Count > 0 || Stated(each.Then) != Stated(each.Now))
            .Select(each => new ResultChange(
                (each.Now ?? each.Then)!.Target, each.Then?.Completion, each.Now?.Completion, each.Then?.Met, each.Now?.Met, each.Now is null,
                each.Lines));

        static TargetFigures? Stated(TargetFigures? target) => target is null ? null : target with { Lines = [] };
    }
}

/// <summary>The figures of a line in the number before and in this one; null where the target had no such line.</summary>
public sealed record LineChange(LineLevel Level, LineFigures? Before, LineFigures? After)
{
    internal static IEnumerable<LineChange> Between(IReadOnlyList<LineFigures> before, IReadOnlyList<LineFigures> after) =>
        after.Concat(before).Select(line => line.Level).Distinct()
            .Select(level => new LineChange(
                level, before.FirstOrDefault(line => line.Level == level), after.FirstOrDefault(line => line.Level == level)))
            .Where(change => change.Before != change.After);
}

/// <summary>A consolidated result in a list.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="FrozenAt">When it was made.</param>
/// <param name="DataVersion">The version of its figures.</param>
/// <param name="Reason">Why it was made: for signed-in callers, null for all others.</param>
/// <param name="Sha256">Of the result's JSON, byte for byte as it is answered.</param>
public sealed record ResultSummary(int Number, DateTimeOffset FrozenAt, long DataVersion, string? Reason, string Sha256);
