using System.Text.Json.Serialization;

namespace Cchc.Api.Reports;

/// <summary>One unit's report for one period, with the content of its latest revision.</summary>
public sealed record ReportAnswer : ReportContent
{
    public required string Plan { get; init; }
    public required string Period { get; init; }
    public required string Unit { get; init; }
    public required ReportStatus Status { get; init; }

    /// <summary>The number of the revision shown.</summary>
    public required int Revision { get; init; }

    /// <summary>Rises with every change; the ETag is made of it.</summary>
    public required long Version { get; init; }

    public required DateOnly DueOn { get; init; }
    public required DateTimeOffset? FirstSubmittedAt { get; init; }

    /// <summary>Whether it was first submitted by the end of the due day; null while it never was.</summary>
    public required bool? OnTime { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
    public required string UpdatedBy { get; init; }

    /// <summary>Whether this is an invented sample; absent where it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sample { get; init; }

    /// <summary>What looks odd beside the period before: never a refusal.</summary>
    public required IReadOnlyList<ReportWarning> Warnings { get; init; }

    public required IReadOnlyList<StatusChangeAnswer> History { get; init; }
}

public sealed record ReportWarning(string Target, Domain.Plans.LineLevel Level, string Code, string Detail);

public sealed record StatusChangeAnswer(
    DateTimeOffset At, string Actor, ReportStatus? From, ReportStatus To, int Revision, string? Reason);

/// <summary>A report in a list.</summary>
public sealed record ReportSummary
{
    public required string Period { get; init; }
    public required string Unit { get; init; }
    public required ReportStatus Status { get; init; }
    public required int Revision { get; init; }
    public required long Version { get; init; }
    public required DateTimeOffset? FirstSubmittedAt { get; init; }
    public required bool? OnTime { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sample { get; init; }
}

/// <summary>A revision: it never changes once it is submitted.</summary>
public sealed record RevisionSummary
{
    public required int Number { get; init; }
    public required DateTimeOffset SavedAt { get; init; }
    public required string SavedBy { get; init; }
    public required DateTimeOffset? SubmittedAt { get; init; }
    public required string? SubmittedBy { get; init; }

    /// <summary><c>approved</c>, <c>returned</c>, or null while nothing is decided.</summary>
    public required ReportStatus? Decision { get; init; }

    public required DateTimeOffset? DecidedAt { get; init; }
    public required string? DecidedBy { get; init; }
}

/// <summary>A revision with its content and what it changed in the values of the one before.</summary>
public sealed record RevisionAnswer
{
    public required RevisionSummary Revision { get; init; }
    public required ReportContent Content { get; init; }
    public required IReadOnlyList<ValueChange> Changes { get; init; }
}

/// <summary>A value before and after; null where there was none, or is none any more.</summary>
public sealed record ValueChange(string Target, Domain.Plans.LineLevel? Level, ReportValue? Before, ReportValue? After);
