using System.Text.Json.Serialization;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Reports;

/// <summary>What a PUT takes: the whole content of a report, where what is left out is blank.</summary>
/// <param name="Values">One value per target line; a line left out is blank, which is neither zero nor not applicable.</param>
/// <param name="Tasks">How tasks stand of which it is the lead, or does for itself.</param>
/// <param name="Narrative">Up to 20,000 characters.</param>
/// <param name="Evidence">Links to what proves the figures.</param>
public sealed record ReportBody(
    IReadOnlyList<ReportValue>? Values = null, IReadOnlyList<ReportTask>? Tasks = null, string? Narrative = null,
    IReadOnlyList<ReportEvidence>? Evidence = null);

/// <summary>What a unit says in a report.</summary>
public record ReportContent
{
    /// <summary>One value per target line; a line left out is blank, which is neither zero nor not applicable.</summary>
    public IReadOnlyList<ReportValue> Values { get; init; } = [];

    public IReadOnlyList<ReportTask> Tasks { get; init; } = [];
    public string? Narrative { get; init; }
    public IReadOnlyList<ReportEvidence> Evidence { get; init; } = [];

    [JsonIgnore]
    internal bool IsEmpty => Values.Count == 0 && Tasks.Count == 0 && Evidence.Count == 0 && Narrative is null;

    /// <summary>What the audit trail keeps: figures and states, without free text, which may name people.</summary>
    [JsonIgnore]
    internal object Figures => new
    {
        values = Values.Select(value => value with { Note = null }),
        tasks = Tasks.Select(task => task with { Note = null }),
        narrativeLength = Narrative?.Length,
        evidence = Evidence.Count,
    };

    internal bool SameAs(ReportContent other) =>
        Narrative == other.Narrative && Values.SequenceEqual(other.Values) && Tasks.SequenceEqual(other.Tasks)
        && Evidence.SequenceEqual(other.Evidence);
}

/// <summary>
/// A value on one line: numerator, total and excluded for a ratio; done for a share of units; position for a rank or a grade; state
/// for a milestone; or notApplicable, with the reason, for any of them.
/// </summary>
public sealed record ReportValue
{
    /// <summary>The target's code.</summary>
    public required string Target { get; init; }

    /// <summary>The line; needed where the unit could mean several.</summary>
    public LineLevel? Level { get; init; }

    /// <summary>0 to 99999999999, at most total less excluded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Numerator { get; init; }

    /// <summary>The denominator, with what is excluded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Total { get; init; }

    /// <summary>
    /// How many of the total do not count; 0 where it is not given. More than 0 is refused (<c>value.excludedNotTaken</c>) where the target
    /// names no exclusion.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Excluded { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Done { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Progress? State { get; init; }

    /// <summary>Why the value does not apply.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NotApplicable { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Note { get; init; }

    [JsonIgnore]
    internal int LineId { get; init; }

    [JsonIgnore]
    internal GivenValue Given => new(Numerator, Total, Excluded, Done, Position, State, NotApplicable);
}

/// <summary>How a task stands.</summary>
public sealed record ReportTask
{
    public required string Task { get; init; }
    public required Progress Status { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Count { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Note { get; init; }

    [JsonIgnore]
    internal int TaskId { get; init; }
}

/// <summary>A link to what proves a figure.</summary>
public sealed record ReportEvidence
{
    public required string Title { get; init; }
    public required string Url { get; init; }
}
