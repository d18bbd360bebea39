using System.Data;
using Cchc.Api.Data;

namespace Cchc.Api.Importing;

/// <summary>Reads and writes the reports of many units at once. Units stand in a range of ids, one period at a time.</summary>
internal static class MergeQueries
{
    public const string Heads = """
        SELECT reports.unit_id, reports.status, latest.number, CASE WHEN latest.submitted_at IS NULL THEN 0 ELSE 1 END AS is_submitted,
            given.until_on
        FROM reports
        LEFT JOIN report_extensions given ON given.period_id = reports.period_id AND given.unit_id = reports.unit_id
            AND given.ordinal = (SELECT MAX(ordinal) FROM report_extensions newest
                WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
        JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
            AND latest.number = (SELECT MAX(number) FROM revisions
                WHERE revisions.period_id = reports.period_id AND revisions.unit_id = reports.unit_id)
        WHERE reports.period_id = @periodId AND reports.unit_id BETWEEN @first AND @last
        """;

    public const string Values = """
        SELECT said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state,
            said.not_applicable, said.note
        FROM report_values said
        WHERE said.period_id = @periodId AND said.unit_id BETWEEN @first AND @last
            AND said.number = (SELECT MAX(number) FROM revisions
                WHERE revisions.period_id = said.period_id AND revisions.unit_id = said.unit_id)
        ORDER BY said.unit_id, said.line_id
        """;

    /// <summary>What the units last said in a period, returned revisions apart.</summary>
    public const string Counting = """
        SELECT said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state,
            said.not_applicable, said.note
        FROM report_values said
        WHERE said.period_id = @periodId AND said.unit_id BETWEEN @first AND @last
            AND said.number = (SELECT MAX(number) FROM revisions
                WHERE revisions.period_id = said.period_id AND revisions.unit_id = said.unit_id AND submitted_at IS NOT NULL
                    AND (decision = 'approved' OR decision IS NULL))
        """;

    /// <summary>A report with the number of a revision; the status it leaves, or what the audit is to say.</summary>
    private static readonly RowType Reports = new(
        "report_rows", new("period_id", SqlDbType.Int), new("unit_id", SqlDbType.Int), new("number", SqlDbType.Int),
        new("status", SqlDbType.NVarChar, 10), new("detail", SqlDbType.NVarChar, -1));

    private static readonly RowType ValueRows = new(
        "value_rows", new("period_id", SqlDbType.Int), new("unit_id", SqlDbType.Int), new("number", SqlDbType.Int), new("line_id", SqlDbType.Int),
        new("numerator", SqlDbType.BigInt), new("total", SqlDbType.BigInt), new("excluded", SqlDbType.BigInt), new("done", SqlDbType.Bit),
        new("position", SqlDbType.BigInt), new("state", SqlDbType.NVarChar, 12), new("not_applicable", SqlDbType.NVarChar, 1000),
        new("note", SqlDbType.NVarChar, 2000));

    public static readonly BulkStatement InsertReport = new(
        Reports,
        """
        /* sqlite */ INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
        VALUES (@period_id, @unit_id, @status, 1, @now, @actor)
        """,
        """
        /* sqlserver */ INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
        SELECT period_id, unit_id, status, 1, @now, @actor FROM @report_rows
        """);

    public static readonly BulkStatement UpdateReport = new(
        Reports,
        """
        /* sqlite */ UPDATE reports SET status = @status, version = version + 1, updated_at = @now, updated_by = @actor
        WHERE period_id = @period_id AND unit_id = @unit_id
        """,
        """
        /* sqlserver */ UPDATE stored SET status = given.status, version = stored.version + 1, updated_at = @now, updated_by = @actor
        FROM reports AS stored JOIN @report_rows AS given ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id
        """);

    public static readonly BulkStatement InsertRevision = new(
        Reports,
        """
        /* sqlite */ INSERT INTO revisions (period_id, unit_id, number, is_sample, saved_at, saved_by)
        VALUES (@period_id, @unit_id, @number, 0, @now, @actor)
        """,
        """
        /* sqlserver */ INSERT INTO revisions (period_id, unit_id, number, is_sample, saved_at, saved_by)
        SELECT period_id, unit_id, number, 0, @now, @actor FROM @report_rows
        """);

    public static readonly BulkStatement TouchRevision = new(
        Reports,
        """
        /* sqlite */ UPDATE revisions SET saved_at = @now, saved_by = @actor
        WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number AND submitted_at IS NULL
        """,
        """
        /* sqlserver */ UPDATE stored SET saved_at = @now, saved_by = @actor
        FROM revisions AS stored JOIN @report_rows AS given
            ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
        WHERE stored.submitted_at IS NULL
        """);

    /// <summary>Begins the next revision with all that the one before says, in this order.</summary>
    public static readonly IReadOnlyList<BulkStatement> CopyRevision =
    [
        new(
            Reports,
            """
            /* sqlite */ INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
            SELECT period_id, unit_id, @number, narrative, is_sample, @now, @actor
            FROM revisions WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
            """,
            """
            /* sqlserver */ INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
            SELECT said.period_id, said.unit_id, given.number, said.narrative, said.is_sample, @now, @actor
            FROM revisions AS said JOIN @report_rows AS given
                ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
            """),
        new(
            Reports,
            """
            /* sqlite */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
                not_applicable, note)
            SELECT period_id, unit_id, @number, line_id, numerator, total, excluded, done, position, state, not_applicable, note
            FROM report_values WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
            """,
            """
            /* sqlserver */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
                not_applicable, note)
            SELECT said.period_id, said.unit_id, given.number, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position,
                said.state, said.not_applicable, said.note
            FROM report_values AS said JOIN @report_rows AS given
                ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
            """),
        new(
            Reports,
            """
            /* sqlite */ INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
            SELECT period_id, unit_id, @number, task_id, status, quantity, note
            FROM report_tasks WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
            """,
            """
            /* sqlserver */ INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
            SELECT said.period_id, said.unit_id, given.number, said.task_id, said.status, said.quantity, said.note
            FROM report_tasks AS said JOIN @report_rows AS given
                ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
            """),
        new(
            Reports,
            """
            /* sqlite */ INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
            SELECT period_id, unit_id, @number, ordinal, title, url
            FROM report_evidence WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number - 1
            """,
            """
            /* sqlserver */ INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
            SELECT said.period_id, said.unit_id, given.number, said.ordinal, said.title, said.url
            FROM report_evidence AS said JOIN @report_rows AS given
                ON given.period_id = said.period_id AND given.unit_id = said.unit_id AND given.number = said.number + 1
            """),
    ];

    public static readonly BulkStatement InsertValue = new(
        ValueRows,
        """
        /* sqlite */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
            not_applicable, note)
        VALUES (@period_id, @unit_id, @number, @line_id, @numerator, @total, @excluded, @done, @position, @state, @not_applicable, @note)
        """,
        """
        /* sqlserver */ INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state,
            not_applicable, note)
        SELECT period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state, not_applicable, note FROM @value_rows
        """);

    public static readonly BulkStatement UpdateValue = new(
        ValueRows,
        """
        /* sqlite */ UPDATE report_values SET numerator = @numerator, total = @total, excluded = @excluded, done = @done, position = @position,
            state = @state, not_applicable = @not_applicable, note = @note
        WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number AND line_id = @line_id
        """,
        """
        /* sqlserver */ UPDATE stored SET numerator = given.numerator, total = given.total, excluded = given.excluded, done = given.done,
            position = given.position, state = given.state, not_applicable = given.not_applicable, note = given.note
        FROM report_values AS stored JOIN @value_rows AS given
            ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
                AND given.line_id = stored.line_id
        """);

    public static readonly BulkStatement Submit = new(
        Reports,
        """
        /* sqlite */ UPDATE revisions SET submitted_at = @now, submitted_by = @actor
        WHERE period_id = @period_id AND unit_id = @unit_id AND number = @number
        """,
        """
        /* sqlserver */ UPDATE stored SET submitted_at = @now, submitted_by = @actor
        FROM revisions AS stored JOIN @report_rows AS given
            ON given.period_id = stored.period_id AND given.unit_id = stored.unit_id AND given.number = stored.number
        """);

    /// <summary>Notes that a report left its row's status, or that it began where there is none.</summary>
    public static readonly BulkStatement NoteStatus = new(
        Reports,
        """
        /* sqlite */ INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number)
        SELECT @period_id, @unit_id, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @status, @to, @number
        FROM status_changes WHERE period_id = @period_id AND unit_id = @unit_id
        """,
        """
        /* sqlserver */ INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number)
        SELECT given.period_id, given.unit_id, COALESCE(MAX(noted.ordinal), 0) + 1, @now, @actor, given.status, @to, given.number
        FROM @report_rows AS given
        LEFT JOIN status_changes AS noted ON noted.period_id = given.period_id AND noted.unit_id = given.unit_id
        GROUP BY given.period_id, given.unit_id, given.status, given.number
        """);
}
