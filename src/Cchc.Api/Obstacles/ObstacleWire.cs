using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cchc.Domain.Obstacles;

namespace Cchc.Api.Obstacles;

/// <summary>
/// A new obstacle (vướng mắc, kiến nghị). The unit is the caller's own where it is left out; target and task are what it concerns, where
/// it concerns any. Title and description reach those who may read it alone.
/// </summary>
public sealed record RaiseBody(string Title, string Description, string? Unit = null, string? Target = null, string? Task = null);

/// <summary>Who is to answer, and by the end of which day: in 15 days of the calendar where none is given.</summary>
public sealed record AssignBody(string Unit, DateOnly? DueOn = null, string? Note = null);

/// <summary>By the end of which day the provincial committee is to answer: in 15 days of the calendar where none is given.</summary>
public sealed record EscalateBody(DateOnly? DueOn = null, string? Note = null);

/// <summary>An answer or a comment.</summary>
public sealed record WordsBody(string Text);

/// <summary>Why it is closed; needed while it is not answered.</summary>
public sealed record CloseBody(string? Reason = null);

/// <summary>Why it is taken up again.</summary>
public sealed record ReopenBody(string Reason);

/// <summary>An obstacle in a list.</summary>
public record ObstacleSummary
{
    public required string Plan { get; init; }

    /// <summary>From 1 in each plan.</summary>
    public required int Number { get; init; }

    /// <summary>The unit that raised it.</summary>
    public required string Unit { get; init; }

    public required string Title { get; init; }

    /// <summary>The target it concerns; null where none.</summary>
    public required string? Target { get; init; }

    /// <summary>The task it concerns; null where none.</summary>
    public required string? Task { get; init; }

    public required ObstacleStatus Status { get; init; }

    /// <summary>Rises with every change, comments included.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }

    /// <summary>The unit that is to answer, or did: the provincial committee where it is escalated; null while it lies with the plan's lead unit.</summary>
    public required string? AssignedTo { get; init; }

    /// <summary>The last day for an answer: 15 days of the calendar after it was raised, assigned, escalated or reopened, unless another was given.</summary>
    public required DateOnly DueOn { get; init; }

    /// <summary>Whether an answer is awaited and that day has gone by.</summary>
    public required bool Overdue { get; init; }

    /// <summary>When it last went to the provincial committee, since it was last raised.</summary>
    public required DateTimeOffset? EscalatedAt { get; init; }

    public required DateTimeOffset? AnsweredAt { get; init; }
    public required DateTimeOffset? ClosedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What this caller may do to it now.</summary>
    public required IReadOnlyList<ObstacleAction> AllowedActions { get; init; }
}

/// <summary>An obstacle with its answers and all that was done to it.</summary>
public sealed record ObstacleAnswer : ObstacleSummary
{
    [SetsRequiredMembers]
    internal ObstacleAnswer(
        ObstacleSummary summary, ObstacleRow row, IReadOnlyList<GivenAnswer> answers, IReadOnlyList<ObstacleEvent> history)
        : base(summary)
    {
        (Description, RaisedBy, AssignedAt, Answers, History) = (row.Description, row.RaisedBy, row.AssignedAt, answers, history);
    }

    public required string Description { get; init; }
    public required string RaisedBy { get; init; }
    public required DateTimeOffset? AssignedAt { get; init; }

    /// <summary>Every answer given, oldest first.</summary>
    public required IReadOnlyList<GivenAnswer> Answers { get; init; }

    public required IReadOnlyList<ObstacleEvent> History { get; init; }
}

/// <summary>An answer, and the unit for which it was given; null for an administrator's.</summary>
public sealed record GivenAnswer(DateTimeOffset At, string Actor, string? Unit, string Text);

/// <summary>One thing done to an obstacle. Members that it has nothing to say of are left out.</summary>
public sealed record ObstacleEvent(DateTimeOffset At, string Actor, ObstacleAction Action, ObstacleStatus To)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unit { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ObstacleStatus? From { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AssignedTo { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateOnly? DueOn { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }
}

/// <summary>How many obstacles a plan has: open awaits an answer, and escalated and overdue are of those.</summary>
public sealed record ObstacleCounts(int Open, int Escalated, int Overdue, int Answered, int Closed)
{
    internal static ObstacleCounts Of(IReadOnlyList<ObstacleCountRow> rows, DateOnly today)
    {
        int Count(Func<ObstacleCountRow, bool> counts) => rows.Where(counts).Sum(row => row.Number);
        return new ObstacleCounts(
            Count(row => ObstacleRules.IsOpen(row.Status)), Count(row => row.Status == ObstacleStatus.Escalated),
            Count(row => ObstacleRules.IsOverdue(row.Status, row.DueOn, today)),
            Count(row => row.Status == ObstacleStatus.Answered), Count(row => row.Status == ObstacleStatus.Closed));
    }
}
