using Cchc.Api.Data;

namespace Cchc.Api.Changes;

/// <summary>A change as it is kept.</summary>
internal sealed record ChangeRow
{
    public long Sequence { get; init; }
    public DateTimeOffset OccurredAt { get; init; }
    public string Kind { get; init; } = "";
    public string PlanCode { get; init; } = "";
    public string? PeriodCode { get; init; }
    public int? UnitId { get; init; }
    public int? Number { get; init; }
    public string? Status { get; init; }
    public long? DataVersion { get; init; }
}

internal static class ChangeQueries
{
    /// <summary>How many numbers are read at once.</summary>
    public const int Stretch = 1_000;

    // Numbers have no gaps: a stretch of them is a page, whichever engine reads it.
    private const string Read = """
        SELECT sequence AS Sequence, occurred_at AS OccurredAt, kind AS Kind, plan_code AS PlanCode, period_code AS PeriodCode,
            unit_id AS UnitId, number AS Number, status AS Status, data_version AS DataVersion
        FROM changes WHERE sequence > @after AND sequence <= @until ORDER BY sequence
        """;

    /// <summary>The changes that follow a number, a stretch of them at the most; none at the end.</summary>
    public static Task<IReadOnlyList<ChangeRow>> AfterAsync(DbSession session, long after) =>
        session.QueryAsync<ChangeRow>(Read, new { after, until = after + Stretch });
}
