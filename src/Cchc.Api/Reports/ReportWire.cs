using System.Text.Json.Serialization;
using Cchc.Domain.Reports;

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

    /// <summary>Rises with every change; the ETag is made of it. Null where <c>asOf</c> was asked for: a past version can replace nothing.</summary>
    public required long? Version { get; init; }

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

    /// <summary>The last day on which the unit may change it, where that was said when it was last given back; else the period's lock holds.</summary>
    public required DateOnly? Until { get; init; }

    /// <summary>The district's approval of this revision, where the plan asks for it; null where it is not given.</summary>
    public required DistrictApproval? DistrictApproval { get; init; }

    /// <summary>Whose approval it awaits; null where it is not submitted.</summary>
    public required Awaited? Awaiting { get; init; }

    /// <summary>What this caller may do to it now; nothing to what was known at a past instant.</summary>
    public required IReadOnlyList<ReportAction> AllowedActions { get; init; }

    /// <summary>The instant asked for; absent for the report as it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? AsOf { get; init; }
}

public sealed record DistrictApproval(DateTimeOffset At, string By);

/// <summary>Who approves next: the district its commune's report, or the plan's lead unit.</summary>
public enum Awaited { District, Lead }

/// <summary>What became of a submitted revision; withdrawn is taken back by its own unit.</summary>
public enum RevisionDecision { Approved, Returned, Withdrawn }

/// <summary>Why, where one cares to say.</summary>
public sealed record ReasonBody(string? Reason = null);

/// <summary>Why a report is given back to its unit, and to the end of which day; the day is needed where the period is locked.</summary>
public sealed record GivenBackBody(string Reason, DateOnly? Until = null);

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

    /// <summary>Rises with every change; null where <c>asOf</c> was asked for.</summary>
    public required long? Version { get; init; }

    public required DateTimeOffset? FirstSubmittedAt { get; init; }
    public required bool? OnTime { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whose approval it awaits; null where it is not submitted.</summary>
    public required Awaited? Awaiting { get; init; }

    /// <summary>What this caller may do to it now.</summary>
    public required IReadOnlyList<ReportAction> AllowedActions { get; init; }

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

    /// <summary>Null while nothing is decided.</summary>
    public required RevisionDecision? Decision { get; init; }

    public required DateTimeOffset? DecidedAt { get; init; }
    public required string? DecidedBy { get; init; }
}

/// <summary>A revision with its content and what it changed of the one before.</summary>
public sealed record RevisionAnswer
{
    public required RevisionSummary Revision { get; init; }
    public required ReportContent Content { get; init; }
    public required IReadOnlyList<ValueChange> Changes { get; init; }
    public required IReadOnlyList<TaskChange> TaskChanges { get; init; }

    /// <summary>The narrative before; null where there was none, or it stayed as it was.</summary>
    public required string? NarrativeBefore { get; init; }

    public required bool NarrativeChanged { get; init; }
    public required bool EvidenceChanged { get; init; }
}

/// <summary>What was said of a task before and after; null where nothing was, or is any more.</summary>
public sealed record TaskChange(string Task, ReportTask? Before, ReportTask? After);

/// <summary>A value before and after; null where there was none, or is none any more.</summary>
public sealed record ValueChange(string Target, Domain.Plans.LineLevel? Level, ReportValue? Before, ReportValue? After);
