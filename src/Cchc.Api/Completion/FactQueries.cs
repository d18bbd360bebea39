using Cchc.Api.Data;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Completion;

/// <summary>
/// Reads what counts in a lens at an instant: the latest revision approved by then, or the latest submitted by then and not returned by
/// then. A withdrawn revision is one that its own unit took back: it counts as returned, and not as a first submission.
/// </summary>
internal static class FactQueries
{
    /// <summary>The instant of all that is known.</summary>
    public static readonly DateTimeOffset Now = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private const string Heads = """
        SELECT head.unit_id AS UnitId, head.number AS Revision, head.is_sample AS IsSample, opening.first_at AS FirstSubmittedAt
        FROM revisions head
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at <= @asOf
                AND ((decision = 'approved' AND decided_at <= @asOf)
                    OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
              GROUP BY unit_id) counting ON counting.unit_id = head.unit_id AND counting.number = head.number
        JOIN (SELECT sent.unit_id, MIN(sent.submitted_at) AS first_at FROM revisions sent
              WHERE sent.period_id = @periodId AND sent.submitted_at <= @asOf AND NOT EXISTS
                  (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
                       AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft' AND back.changed_at <= @asOf)
              GROUP BY sent.unit_id) opening ON opening.unit_id = head.unit_id
        WHERE head.period_id = @periodId
        """;

    private const string Rows = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
            said.done AS Done, said.position AS Position, said.state AS State,
            CASE WHEN said.not_applicable IS NULL THEN 0 ELSE 1 END AS IsNotApplicable
        FROM report_values said
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at <= @asOf
                AND ((decision = 'approved' AND decided_at <= @asOf)
                    OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
              GROUP BY unit_id) counting ON counting.unit_id = said.unit_id AND counting.number = said.number
        WHERE said.period_id = @periodId
        """;

    private const string ReturnedUnits = """
        SELECT changed.unit_id AS Id
        FROM status_changes changed
        JOIN (SELECT unit_id, MAX(ordinal) AS ordinal FROM status_changes WHERE period_id = @periodId AND changed_at <= @asOf GROUP BY unit_id) latest
            ON latest.unit_id = changed.unit_id AND latest.ordinal = changed.ordinal
        WHERE changed.period_id = @periodId AND changed.to_status = 'returned'
        """;

    private const string CountingPeriods = """
        SELECT DISTINCT revisions.period_id AS Id
        FROM revisions JOIN periods ON periods.period_id = revisions.period_id
        WHERE periods.plan_id = @planId AND revisions.submitted_at <= @asOf
            AND ((revisions.decision = 'approved' AND revisions.decided_at <= @asOf)
                OR (@provisional = 1 AND (revisions.decision IS NULL OR revisions.decision = 'approved' OR revisions.decided_at > @asOf)))
        """;

    private const string Reasons = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.number AS Revision, said.not_applicable AS Reason, said.note AS Note
        FROM report_values said
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at <= @asOf
                AND ((decision = 'approved' AND decided_at <= @asOf)
                    OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
              GROUP BY unit_id) counting ON counting.unit_id = said.unit_id AND counting.number = said.number
        JOIN target_lines ON target_lines.line_id = said.line_id
        WHERE said.period_id = @periodId AND target_lines.target_id = @targetId
        """;

    private const string RowsOfUnit = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
            said.done AS Done, said.position AS Position, said.state AS State,
            CASE WHEN said.not_applicable IS NULL THEN 0 ELSE 1 END AS IsNotApplicable
        FROM report_values said
        WHERE said.period_id = @periodId AND said.unit_id = @unitId AND said.number =
            (SELECT MAX(number) FROM revisions
             WHERE period_id = @periodId AND unit_id = @unitId AND submitted_at <= @asOf
                AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf))
        """;

    /// <summary>What one unit had last said in a period, returned revisions apart.</summary>
    public static async Task<IReadOnlyList<ReportedRow>> RowsOfUnitAsync(DbSession session, int periodId, int unitId, DateTimeOffset asOf) =>
        [.. (await session.QueryAsync<ValueRow>(RowsOfUnit, new { periodId, unitId, asOf }))
            .Select(row => new ReportedRow(row.UnitId, row.LineId, row.ToValue()))];

    public static async Task<IReadOnlyList<ReportHead>> HeadsAsync(DbSession session, int periodId, bool provisional, DateTimeOffset asOf) =>
        [.. (await session.QueryAsync<HeadRow>(Heads, new { periodId, provisional = provisional ? 1 : 0, asOf }))
            .Select(row => new ReportHead(row.UnitId, row.Revision, row.FirstSubmittedAt, row.IsSample))];

    public static async Task<IReadOnlyList<ReportedRow>> RowsAsync(DbSession session, int periodId, bool provisional, DateTimeOffset asOf) =>
        [.. (await session.QueryAsync<ValueRow>(Rows, new { periodId, provisional = provisional ? 1 : 0, asOf }))
            .Select(row => new ReportedRow(row.UnitId, row.LineId, row.ToValue()))];

    /// <summary>Units whose report lies with them, returned.</summary>
    public static Task<IReadOnlyList<int>> ReturnedAsync(DbSession session, int periodId, DateTimeOffset asOf) =>
        session.QueryAsync<int>(ReturnedUnits, new { periodId, asOf });

    public static Task<IReadOnlyList<int>> CountingPeriodsAsync(DbSession session, int planId, bool provisional, DateTimeOffset asOf) =>
        session.QueryAsync<int>(CountingPeriods, new { planId, provisional = provisional ? 1 : 0, asOf });

    public static Task<IReadOnlyList<RemarkRow>> RemarksAsync(
        DbSession session, int periodId, int targetId, bool provisional, DateTimeOffset asOf) =>
        session.QueryAsync<RemarkRow>(Reasons, new { periodId, targetId, provisional = provisional ? 1 : 0, asOf });

    private sealed record HeadRow
    {
        public int UnitId { get; init; }
        public int Revision { get; init; }
        public bool IsSample { get; init; }
        public DateTimeOffset FirstSubmittedAt { get; init; }
    }

    internal sealed record RemarkRow
    {
        public int UnitId { get; init; }
        public int LineId { get; init; }
        public int Revision { get; init; }
        public string? Reason { get; init; }
        public string? Note { get; init; }
    }

    private sealed record ValueRow
    {
        public int UnitId { get; init; }
        public int LineId { get; init; }
        public long? Numerator { get; init; }
        public long? Total { get; init; }
        public long? Excluded { get; init; }
        public bool? Done { get; init; }
        public long? Position { get; init; }
        public Progress? State { get; init; }
        public bool IsNotApplicable { get; init; }

        public ReportedValue ToValue() =>
            IsNotApplicable ? ReportedValue.NotApplicable
            : Numerator is { } numerator ? ReportedValue.Ratio(numerator, Total!.Value, Excluded!.Value)
            : Done is { } done ? ReportedValue.Done(done)
            : Position is { } position ? ReportedValue.Position(position)
            : ReportedValue.Milestone(State!.Value);
    }
}
