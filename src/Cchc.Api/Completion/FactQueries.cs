using Cchc.Api.Data;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Completion;

/// <summary>Reads what counts in a lens: the latest approved revision, or the latest submitted one that was not returned.</summary>
internal static class FactQueries
{
    private const string Heads = """
        SELECT head.unit_id AS UnitId, head.number AS Revision, head.is_sample AS IsSample, opening.submitted_at AS FirstSubmittedAt
        FROM revisions head
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at IS NOT NULL
                AND (decision = 'approved' OR (@provisional = 1 AND decision IS NULL))
              GROUP BY unit_id) counting ON counting.unit_id = head.unit_id AND counting.number = head.number
        JOIN revisions opening ON opening.period_id = head.period_id AND opening.unit_id = head.unit_id AND opening.number = 1
        WHERE head.period_id = @periodId
        """;

    private const string Rows = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
            said.done AS Done, said.position AS Position, said.state AS State,
            CASE WHEN said.not_applicable IS NULL THEN 0 ELSE 1 END AS IsNotApplicable
        FROM report_values said
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at IS NOT NULL
                AND (decision = 'approved' OR (@provisional = 1 AND decision IS NULL))
              GROUP BY unit_id) counting ON counting.unit_id = said.unit_id AND counting.number = said.number
        WHERE said.period_id = @periodId
        """;

    private const string ReturnedUnits = "SELECT unit_id AS Id FROM reports WHERE period_id = @periodId AND status = 'returned'";

    private const string CountingPeriods = """
        SELECT DISTINCT revisions.period_id AS Id
        FROM revisions JOIN periods ON periods.period_id = revisions.period_id
        WHERE periods.plan_id = @planId AND revisions.submitted_at IS NOT NULL
            AND (revisions.decision = 'approved' OR (@provisional = 1 AND revisions.decision IS NULL))
        """;

    private const string Reasons = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.number AS Revision, said.not_applicable AS Reason, said.note AS Note
        FROM report_values said
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions
              WHERE period_id = @periodId AND submitted_at IS NOT NULL
                AND (decision = 'approved' OR (@provisional = 1 AND decision IS NULL))
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
             WHERE period_id = @periodId AND unit_id = @unitId AND submitted_at IS NOT NULL
                AND (decision = 'approved' OR decision IS NULL))
        """;

    /// <summary>What one unit last said in a period, returned revisions apart.</summary>
    public static async Task<IReadOnlyList<ReportedRow>> RowsOfUnitAsync(DbSession session, int periodId, int unitId) =>
        [.. (await session.QueryAsync<ValueRow>(RowsOfUnit, new { periodId, unitId }))
            .Select(row => new ReportedRow(row.UnitId, row.LineId, row.ToValue()))];

    public static async Task<IReadOnlyList<ReportHead>> HeadsAsync(DbSession session, int periodId, bool provisional) =>
        [.. (await session.QueryAsync<HeadRow>(Heads, new { periodId, provisional = provisional ? 1 : 0 }))
            .Select(row => new ReportHead(row.UnitId, row.Revision, row.FirstSubmittedAt, row.IsSample))];

    public static async Task<IReadOnlyList<ReportedRow>> RowsAsync(DbSession session, int periodId, bool provisional) =>
        [.. (await session.QueryAsync<ValueRow>(Rows, new { periodId, provisional = provisional ? 1 : 0 }))
            .Select(row => new ReportedRow(row.UnitId, row.LineId, row.ToValue()))];

    /// <summary>Units whose report lies with them, returned.</summary>
    public static Task<IReadOnlyList<int>> ReturnedAsync(DbSession session, int periodId) =>
        session.QueryAsync<int>(ReturnedUnits, new { periodId });

    public static Task<IReadOnlyList<int>> CountingPeriodsAsync(DbSession session, int planId, bool provisional) =>
        session.QueryAsync<int>(CountingPeriods, new { planId, provisional = provisional ? 1 : 0 });

    public static Task<IReadOnlyList<RemarkRow>> RemarksAsync(DbSession session, int periodId, int targetId, bool provisional) =>
        session.QueryAsync<RemarkRow>(Reasons, new { periodId, targetId, provisional = provisional ? 1 : 0 });

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
