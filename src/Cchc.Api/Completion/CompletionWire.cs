using System.Text.Json.Serialization;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>What every answer with figures says of itself.</summary>
public record FiguresAnswer : DatedAnswer
{
    [JsonPropertyOrder(-1)]
    public string Plan { get; init; } = "";
    [JsonPropertyOrder(-1)]
    public string Period { get; init; } = "";
    [JsonPropertyOrder(-1)]
    public Lens Lens { get; init; }
    [JsonPropertyOrder(-1)]
    public Basis Basis { get; init; }

    /// <summary>The number that every write of the plan raises.</summary>
    [JsonPropertyOrder(-1)]
    public long DataVersion { get; init; }

    /// <summary>The moment of the data version.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset AsOf { get; init; }

    /// <summary>Whether invented sample reports are among what was counted; absent where none is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [JsonPropertyOrder(-1)]
    public bool Sample { get; init; }
}

/// <summary>The completion of a plan. Percentages have two decimals, rounded once; null where there is none.</summary>
public record CompletionAnswer : FiguresAnswer
{
    public decimal? Completion { get; init; }
    public int TargetsMet { get; init; }
    public int TargetsCounted { get; init; }
    public int TargetsTotal { get; init; }
    public ReportCoverage Coverage { get; init; }
    public IReadOnlyList<TargetFigures> Targets { get; init; } = [];
}

/// <summary>The completion of one unit, or of a unit with all below it.</summary>
public sealed record UnitCompletionAnswer : CompletionAnswer
{
    public required string Unit { get; init; }
    public required string? NameVi { get; init; }
    public required string? NameEn { get; init; }
    public required UnitLevel Level { get; init; }
    public required UnitKind Kind { get; init; }
    public required Scope Scope { get; init; }

    /// <summary>The place among units of the same level and kind; null where there is no completion, or for a subtree.</summary>
    public required int? Rank { get; init; }
}

/// <summary>Whether a unit is looked at alone or with all that stands below it.</summary>
public enum Scope { Own, Subtree }

/// <summary>The figures of one target.</summary>
public sealed record TargetFigures(
    string Target, string Group, Commitment Commitment, decimal Weight, decimal? Completion, bool? Met, LineStatus Status,
    IReadOnlyList<LineFigures> Lines)
{
    internal static TargetFigures Of(TargetResult result) => new(
        result.Target.Code, result.Target.Group, result.Target.Commitment, Wire.Weight(result.Target), result.Completion?.ToPercent(),
        result.Met, result.Status, [.. result.Lines.Select(line => LineFigures.Of(result.Target, line))]);
}

/// <summary>
/// The figures of one line. A ratio has three counts; a share of units and a milestone have <c>done</c>; a rank and a grade have
/// <c>position</c>.
/// </summary>
public record LineFigures
{
    public required LineLevel Level { get; init; }
    public required Comparison? Operator { get; init; }
    public required decimal? Threshold { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Numerator { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Total { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Excluded { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Done { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }

    public required decimal? Rate { get; init; }
    public required decimal? Completion { get; init; }
    public required bool? Met { get; init; }
    public required LineStatus Status { get; init; }
    public required LineCoverage Coverage { get; init; }

    internal static LineFigures Of(Target target, LineResult line)
    {
        var isRatio = target.Kind == TargetKind.Ratio;
        return new LineFigures
        {
            Level = line.Line.Level,
            Operator = line.Line.Operator,
            Threshold = Wire.Threshold(target, line.Line),
            Numerator = isRatio ? (decimal)line.Numerator : null,
            Total = isRatio ? (decimal)line.Total : null,
            Excluded = isRatio ? (decimal)line.Excluded : null,
            Done = target.Kind is TargetKind.UnitShare or TargetKind.Milestone ? line.Done : null,
            Position = line.Position,
            Rate = line.Rate?.ToPercent(),
            Completion = line.Completion?.ToPercent(),
            Met = line.Met,
            Status = line.Status,
            Coverage = line.Coverage,
        };
    }
}

/// <summary>One target explained, down to the reports behind it.</summary>
public sealed record TargetExplanation : FiguresAnswer
{
    public required string Target { get; init; }
    public required string Group { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }
    public required TargetKind Kind { get; init; }
    public required Measure Measure { get; init; }
    public required Commitment Commitment { get; init; }
    public required decimal Weight { get; init; }
    public required decimal? Completion { get; init; }
    public required bool? Met { get; init; }
    public required LineStatus Status { get; init; }
    public required IReadOnlyList<ExplainedLine> Lines { get; init; }
}

/// <summary>
/// A line with who contributed, who is missing and to whom it does not apply. In the provisional lens the lists name units within the
/// caller's reach only; the figures count all units.
/// </summary>
public sealed record ExplainedLine(
    LineFigures Figures, IReadOnlyList<Contribution> Contributors, IReadOnlyList<string> Missing, IReadOnlyList<NotApplicableUnit> NotApplicable);

/// <summary>A unit's value as it went into the line.</summary>
public sealed record Contribution
{
    public required string Unit { get; init; }
    public required string? NameVi { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Numerator { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Total { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Whole]
    public decimal? Excluded { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Done { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }

    public decimal? Rate { get; init; }

    /// <summary>
    /// The parts of the year to date that count, where the period is not the only one: those in which the target was due and the unit was
    /// expected.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ContributionPart>? Parts { get; init; }

    /// <summary>The unit's note on the value: for signed-in callers who may read the unit's report, absent for all others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Note { get; init; }

    /// <summary>The revision of the unit's report for this period.</summary>
    public required int? Revision { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sample { get; init; }
}

/// <summary>What one period adds to a year to date, by the unit that answered for it then: another one where the target's owner changed.</summary>
public sealed record ContributionPart(string Period, string Unit, long? Numerator, long? Total, long? Excluded, bool NotApplicable);

/// <param name="Unit">The unit's code.</param>
/// <param name="NameVi">Its name on the period's last day.</param>
/// <param name="Reason">The unit's reason: for signed-in callers who may read the unit's report, null for all others.</param>
public sealed record NotApplicableUnit(string Unit, string? NameVi, string? Reason);

/// <summary>A page of units with their rank.</summary>
public sealed record UnitRankingAnswer : FiguresAnswer
{
    public required IReadOnlyList<RankedUnitAnswer> Items { get; init; }
    public required string? NextCursor { get; init; }
}

/// <summary>A unit's place among those of its level and kind.</summary>
public sealed record RankedUnitAnswer(
    int? Rank, string Unit, string? NameVi, string? NameEn, UnitLevel Level, UnitKind Kind, decimal? Completion, int TargetsMet,
    int TargetsCounted, ReportCoverage Coverage);
