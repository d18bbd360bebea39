using System.Data.Common;
using Cchc.Api.Data;
using Cchc.Api.Http;
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

    // Whether a revision counts, and which one of each report does.
    private const string Counts = """
        submitted_at <= @asOf
            AND ((decision = 'approved' AND decided_at <= @asOf)
                OR (@provisional = 1 AND (decision IS NULL OR decision = 'approved' OR decided_at > @asOf)))
        """;

    private const string Counting =
        $"(SELECT unit_id, MAX(number) AS number FROM revisions WHERE period_id = @periodId AND {Counts} GROUP BY unit_id) counting";

    private const string CountingOfUnit =
        $"(SELECT unit_id, MAX(number) AS number FROM revisions WHERE period_id = @periodId AND unit_id = @unitId AND {Counts} GROUP BY unit_id) counting";

    private const string HeadColumns =
        "head.unit_id AS UnitId, head.number AS Revision, head.is_sample AS IsSample, opening.first_at AS FirstSubmittedAt";

    private const string NotWithdrawn = """
        NOT EXISTS (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
            AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft' AND back.changed_at <= @asOf)
        """;

    private const string Heads = $"""
        SELECT {HeadColumns}
        FROM revisions head
        JOIN {Counting} ON counting.unit_id = head.unit_id AND counting.number = head.number
        JOIN (SELECT sent.unit_id, MIN(sent.submitted_at) AS first_at FROM revisions sent
              WHERE sent.period_id = @periodId AND sent.submitted_at <= @asOf AND {NotWithdrawn}
              GROUP BY sent.unit_id) opening ON opening.unit_id = head.unit_id
        WHERE head.period_id = @periodId
        """;

    private const string HeadOfUnit = $"""
        SELECT {HeadColumns}
        FROM revisions head
        JOIN {CountingOfUnit} ON counting.unit_id = head.unit_id AND counting.number = head.number
        JOIN (SELECT sent.unit_id, MIN(sent.submitted_at) AS first_at FROM revisions sent
              WHERE sent.period_id = @periodId AND sent.unit_id = @unitId AND sent.submitted_at <= @asOf AND {NotWithdrawn}
              GROUP BY sent.unit_id) opening ON opening.unit_id = head.unit_id
        WHERE head.period_id = @periodId AND head.unit_id = @unitId
        """;

    private const string RowColumns = """
        said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state
        """;

    private const string Rows = $"""
        SELECT {RowColumns}
        FROM report_values said
        JOIN {Counting} ON counting.unit_id = said.unit_id AND counting.number = said.number
        WHERE said.period_id = @periodId
        """;

    private const string RowsOfUnit = $"""
        SELECT {RowColumns}
        FROM report_values said
        JOIN {CountingOfUnit} ON counting.unit_id = said.unit_id AND counting.number = said.number
        WHERE said.period_id = @periodId AND said.unit_id = @unitId
        """;

    private const string ReturnedUnits = """
        SELECT changed.unit_id AS Id
        FROM status_changes changed
        JOIN (SELECT unit_id, MAX(ordinal) AS ordinal FROM status_changes WHERE period_id = @periodId AND changed_at <= @asOf GROUP BY unit_id) latest
            ON latest.unit_id = changed.unit_id AND latest.ordinal = changed.ordinal
        WHERE changed.period_id = @periodId AND changed.to_status = 'returned'
        """;

    private const string LatestStatus = """
        SELECT to_status FROM status_changes
        WHERE period_id = @periodId AND unit_id = @unitId AND ordinal =
            (SELECT MAX(ordinal) FROM status_changes WHERE period_id = @periodId AND unit_id = @unitId AND changed_at <= @asOf)
        """;

    private const string CountingPeriods = $"""
        SELECT periods.period_id AS Id
        FROM periods
        WHERE periods.plan_id = @planId AND EXISTS (SELECT 1 FROM revisions WHERE revisions.period_id = periods.period_id AND {Counts})
        """;

    private const string ConsolidatedPeriods = """
        SELECT periods.period_id AS Id
        FROM periods
        WHERE periods.plan_id = @planId AND EXISTS (
            SELECT 1 FROM consolidated_results WHERE consolidated_results.period_id = periods.period_id AND consolidated_results.frozen_at <= @asOf)
        """;

    // A draft counts in no lens: saving one moves the version alone.
    private const string Touched = """
        SELECT DISTINCT data_version AS Version, period_code AS Period, unit_id AS UnitId, CASE WHEN kind = 'report.saved' THEN 1 ELSE 0 END AS IsDraft
        FROM changes
        WHERE plan_code = @plan AND data_version > @since
        """;

    private const string Reasons = $"""
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.number AS Revision, said.not_applicable AS Reason, said.note AS Note
        FROM report_values said
        JOIN {Counting} ON counting.unit_id = said.unit_id AND counting.number = said.number
        JOIN target_lines ON target_lines.line_id = said.line_id
        WHERE said.period_id = @periodId AND target_lines.target_id = @targetId
        """;

    /// <summary>What one unit had last said in a period, returned revisions apart.</summary>
    public static Task<IReadOnlyList<ReportedRow>> RowsOfUnitAsync(DbSession session, int periodId, int unitId, DateTimeOffset asOf) =>
        ListAsync(row => ReadRowsOfUnitAsync(session, periodId, unitId, true, asOf, row));

    public static async Task<IReadOnlyList<ReportHead>> HeadsAsync(DbSession session, int periodId, bool provisional, DateTimeOffset asOf) =>
        [.. (await session.QueryAsync<HeadRow>(Heads, new { periodId, provisional = provisional ? 1 : 0, asOf })).Select(row => row.ToHead())];

    /// <summary>The revision of one unit's report that counts; null where none does.</summary>
    public static async Task<ReportHead?> HeadOfUnitAsync(DbSession session, int periodId, int unitId, bool provisional, DateTimeOffset asOf) =>
        (await session.SingleAsync<HeadRow>(HeadOfUnit, new { periodId, unitId, provisional = provisional ? 1 : 0, asOf }))?.ToHead();

    public static Task<IReadOnlyList<ReportedRow>> RowsAsync(DbSession session, int periodId, bool provisional, DateTimeOffset asOf) =>
        ListAsync(row => ReadRowsAsync(session, periodId, provisional, asOf, row));

    /// <summary>Reads every value that counts, row by row.</summary>
    public static Task ReadRowsAsync(DbSession session, int periodId, bool provisional, DateTimeOffset asOf, Action<ReportedRow> read) =>
        session.ReadEachAsync(Rows, new { periodId, provisional = provisional ? 1 : 0, asOf }, row => read(ToRow(row)));

    public static Task ReadRowsOfUnitAsync(
        DbSession session, int periodId, int unitId, bool provisional, DateTimeOffset asOf, Action<ReportedRow> read) =>
        session.ReadEachAsync(RowsOfUnit, new { periodId, unitId, provisional = provisional ? 1 : 0, asOf }, row => read(ToRow(row)));

    /// <summary>Units whose report lies with them, returned.</summary>
    public static Task<IReadOnlyList<int>> ReturnedAsync(DbSession session, int periodId, DateTimeOffset asOf) =>
        session.QueryAsync<int>(ReturnedUnits, new { periodId, asOf });

    public static async Task<bool> IsReturnedAsync(DbSession session, int periodId, int unitId, DateTimeOffset asOf) =>
        await session.SingleAsync<string>(LatestStatus, new { periodId, unitId, asOf }) == Words.Of(ReportStatus.Returned);

    /// <summary>What the plan's versions after one have changed: a version for each change, with the report where it was one's.</summary>
    public static Task<IReadOnlyList<TouchedRow>> TouchedAsync(DbSession session, string plan, long since) =>
        session.QueryAsync<TouchedRow>(Touched, new { plan, since });

    public static Task<IReadOnlyList<int>> CountingPeriodsAsync(DbSession session, int planId, bool provisional, DateTimeOffset asOf) =>
        session.QueryAsync<int>(CountingPeriods, new { planId, provisional = provisional ? 1 : 0, asOf });

    /// <summary>The periods that had a consolidated result at an instant.</summary>
    public static Task<IReadOnlyList<int>> ConsolidatedPeriodsAsync(DbSession session, int planId, DateTimeOffset asOf) =>
        session.QueryAsync<int>(ConsolidatedPeriods, new { planId, asOf });

    public static Task<IReadOnlyList<RemarkRow>> RemarksAsync(
        DbSession session, int periodId, int targetId, bool provisional, DateTimeOffset asOf) =>
        session.QueryAsync<RemarkRow>(Reasons, new { periodId, targetId, provisional = provisional ? 1 : 0, asOf });

    private static async Task<IReadOnlyList<ReportedRow>> ListAsync(Func<Action<ReportedRow>, Task> readEach)
    {
        var rows = new List<ReportedRow>();
        await readEach(rows.Add);
        return rows;
    }

    // In the order of RowColumns; exactly one of the kinds of value is there, or none where it is not applicable.
    private static ReportedRow ToRow(DbDataReader row) => new(
        row.GetInt32(0), row.GetInt32(1),
        !row.IsDBNull(2) ? ReportedValue.Ratio(row.GetInt64(2), row.GetInt64(3), row.GetInt64(4))
        : !row.IsDBNull(5) ? ReportedValue.Done(row.GetBoolean(5))
        : !row.IsDBNull(6) ? ReportedValue.Position(row.GetInt64(6))
        : !row.IsDBNull(7) ? ReportedValue.Milestone(Words.Parse<Progress>(row.GetString(7))!.Value)
        : ReportedValue.NotApplicable);

    internal sealed record TouchedRow
    {
        public long Version { get; init; }
        public string? Period { get; init; }
        public int? UnitId { get; init; }
        public bool IsDraft { get; init; }
    }

    private sealed record HeadRow
    {
        public int UnitId { get; init; }
        public int Revision { get; init; }
        public bool IsSample { get; init; }
        public DateTimeOffset FirstSubmittedAt { get; init; }

        public ReportHead ToHead() => new(UnitId, Revision, FirstSubmittedAt, IsSample);
    }

    internal sealed record RemarkRow
    {
        public int UnitId { get; init; }
        public int LineId { get; init; }
        public int Revision { get; init; }
        public string? Reason { get; init; }
        public string? Note { get; init; }
    }
}
