using System.Text.Json.Serialization;

namespace Cchc.Api.Changes;

/// <summary>Something changed. What it came to is read where it stands.</summary>
public sealed record ChangeAnswer
{
    /// <summary>The place in the feed: 1, 2, 3, … without a gap over all that anybody may see.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// <c>report.saved</c>, <c>report.submitted</c>, <c>report.approvedByDistrict</c>, <c>report.approved</c>, <c>report.returned</c>,
    /// <c>report.reopened</c>, <c>report.withdrawn</c>, <c>plan.changed</c>, <c>result.frozen</c> or <c>obstacle.changed</c>.
    /// </summary>
    public required string Kind { get; init; }

    public required string Plan { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Period { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unit { get; init; }

    /// <summary>The revision, the frozen result or the obstacle that it is of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Number { get; init; }

    /// <summary>The status that it came to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; init; }

    /// <summary>The plan's data version from then on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DataVersion { get; init; }

    internal static ChangeAnswer Of(ChangeRow row, Plans.Catalogue catalogue) => new()
    {
        Sequence = row.Sequence,
        At = row.OccurredAt,
        Kind = row.Kind,
        Plan = row.PlanCode,
        Period = row.PeriodCode,
        Unit = row.UnitId is { } unit ? catalogue.Units[unit].Code : null,
        Number = row.Number,
        Status = row.Status,
        DataVersion = row.DataVersion,
    };
}

/// <summary>A stretch of the feed.</summary>
/// <param name="Items">The changes that the caller may see, the oldest first.</param>
/// <param name="NextCursor">Give it as <c>cursor</c> for what follows, also at the end: what comes later begins there.</param>
public sealed record ChangesAnswer(IReadOnlyList<ChangeAnswer> Items, string NextCursor);
