using Cchc.Api.Data;
using Cchc.Api.Plans;

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

/// <summary>Which changes are asked for.</summary>
/// <param name="Plan">The code of their plan; null for any.</param>
/// <param name="Kinds">Their kinds: those that are asked for, of those that the caller may see at all.</param>
internal sealed record ChangeFilter(string? Plan, IReadOnlyList<string> Kinds);

/// <summary>Changes that follow each other, and the catalogue by which they are judged, which is older than none of them.</summary>
internal sealed record ChangeStretch(IReadOnlyList<ChangeRow> Changes, Catalogue Catalogue)
{
    public static async Task<ChangeStretch> AfterAsync(DbSession session, Catalogues catalogues, long after) =>
        new(await ChangeQueries.AfterAsync(session, after), await catalogues.OfAsync(session));
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

    private const string Columns = """
        sequence AS Sequence, occurred_at AS OccurredAt, kind AS Kind, plan_code AS PlanCode, period_code AS PeriodCode,
            unit_id AS UnitId, number AS Number, status AS Status, data_version AS DataVersion
        """;

    private const string ReadKind = $"SELECT {Columns} FROM changes WHERE kind = @kind AND sequence > @after ORDER BY sequence";
    private const string ReadPlan = $"""
        SELECT {Columns} FROM changes WHERE plan_code = @plan AND kind = @kind AND sequence > @after ORDER BY sequence
        """;

    /// <summary>The changes after a number that a filter lets through, a stretch of them at the most.</summary>
    /// <returns>The changes in their order, and the number up to which there are no others.</returns>
    public static async Task<(IReadOnlyList<ChangeRow> Changes, long Until)> AfterAsync(
        DbSession session, ChangeFilter filter, long after, int rows)
    {
        var head = await Outbox.HeadAsync(session);
        if (filter.Plan is null && filter.Kinds.Count == ChangeReach.Kinds.Length)
        {
            var all = await AfterAsync(session, after);
            return (all, all.Count > 0 ? all[^1].Sequence : Math.Max(after, head));
        }

        // Each kind has its own order in the index: as far as all of them were read, they are merged.
        var (found, until) = (new List<ChangeRow>(), Math.Max(after, head));
        foreach (var kind in filter.Kinds)
        {
            var ofKind = filter.Plan is { } plan ? await session.PageAsync<ChangeRow>(ReadPlan, new { plan, kind, after }, rows)
                : await session.PageAsync<ChangeRow>(ReadKind, new { kind, after }, rows);
            found.AddRange(ofKind);
            until = ofKind.Count == rows ? Math.Min(until, ofKind[^1].Sequence) : until;
        }

        return ([.. found.Where(change => change.Sequence <= until).OrderBy(change => change.Sequence)], until);
    }

    /// <summary>The changes that follow a number, a stretch of them at the most; none at the end.</summary>
    public static Task<IReadOnlyList<ChangeRow>> AfterAsync(DbSession session, long after) =>
        session.QueryAsync<ChangeRow>(Read, new { after, until = after + Stretch });
}
