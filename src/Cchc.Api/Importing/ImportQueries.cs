using System.Data;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Reports;

namespace Cchc.Api.Importing;

/// <summary>How an import stands. Queued and running may still change; the others are for good.</summary>
public enum ImportStatus { Queued, Running, Completed, Rejected, Failed, Cancelled }

/// <summary>The import's own records: who sent what, the queue, what became of each row.</summary>
internal static class ImportQueries
{
    public const int PieceSize = 1024 * 1024;

    private const string Columns = """
        import_id AS Id, plan_id AS PlanId, status AS Status, format AS Format, file_name AS FileName, sha256 AS Sha256, size_bytes AS SizeBytes,
        dry_run AS IsDryRun, partial AS IsPartial, submit AS IsSubmit, locale AS Locale, expected_version AS ExpectedVersion,
        actor AS Actor, role AS Role, unit_id AS UnitId, created_at AS CreatedAt, finished_at AS FinishedAt, lease_owner AS LeaseOwner,
        cancel_requested AS IsCancelRequested, rows_read AS RowsRead, summary AS Summary
        """;

    private const string SelectOne = $"SELECT {Columns} FROM report_imports WHERE import_id = @id";
    private const string SelectPage = $"""
        SELECT {Columns} FROM report_imports WHERE plan_id = @planId AND import_id < @before ORDER BY import_id DESC
        """;

    private const string SelectPageOfCaller = $"""
        SELECT {Columns} FROM report_imports
        WHERE actor = @actor AND plan_id = @planId AND import_id < @before AND (unit_id = @unitId OR (unit_id IS NULL AND @unitId IS NULL))
        ORDER BY import_id DESC
        """;

    private const string SelectWaiting = $"""
        SELECT {Columns} FROM report_imports
        WHERE status IN ('queued', 'running') AND (status = 'queued' OR lease_until < @now) ORDER BY created_at, import_id
        """;

    private const string Insert = """
        INSERT INTO report_imports (import_id, plan_id, status, format, file_name, sha256, size_bytes, dry_run, partial, submit, locale,
            expected_version, actor, role, unit_id, created_at, lease_owner, lease_until, cancel_requested, rows_read)
        VALUES (@id, @planId, @status, @format, @fileName, @sha256, @sizeBytes, @isDryRun, @isPartial, @isSubmit, @locale,
            @expectedVersion, @actor, @role, @unitId, @now, @owner, @until, 0, 0)
        """;

    private const string SelectHeld = """
        SELECT COUNT(*) AS Imports, COALESCE(SUM(CASE WHEN status = 'queued' THEN size_bytes ELSE 0 END), 0) AS Bytes
        FROM report_imports WHERE actor = @actor AND status IN ('queued', 'running')
        """;

    private const string Claim = """
        UPDATE report_imports SET status = 'running', lease_owner = @owner, lease_until = @until
        WHERE import_id = @id AND (status = 'queued' OR (status = 'running' AND lease_until < @now))
        """;

    private const string Renew = """
        UPDATE report_imports SET lease_until = @until, rows_read = @rows
        WHERE import_id = @id AND status = 'running' AND lease_owner = @owner AND cancel_requested = 0
        """;

    private const string GiveUp = """
        UPDATE report_imports SET status = 'queued', lease_owner = NULL, lease_until = NULL, rows_read = 0
        WHERE import_id = @id AND status = 'running' AND lease_owner = @owner
        """;

    private const string FinishOne = """
        UPDATE report_imports SET status = @status, finished_at = @now, rows_read = @rows, summary = @summary, outcomes = @outcomes
        WHERE import_id = @id AND status = 'running' AND lease_owner = @owner AND (cancel_requested = 0 OR @status <> 'completed')
        """;

    private const string Cancel = """
        UPDATE report_imports SET cancel_requested = 1,
            finished_at = CASE WHEN status = 'queued' THEN @now ELSE finished_at END,
            status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END
        WHERE import_id = @id AND status IN ('queued', 'running')
        """;

    private const string SelectOutcomes = "SELECT outcomes AS Outcomes FROM report_imports WHERE import_id = @id";
    private const string CountPieces = "SELECT COUNT(*) FROM report_import_files WHERE import_id = @id AND kind = @kind";
    private const string SelectPiece = "SELECT content FROM report_import_files WHERE import_id = @id AND kind = @kind AND ordinal = @ordinal";
    private const string SelectLastRemark = "SELECT MAX(ordinal) FROM report_import_remarks WHERE import_id = @id";
    private const string DeleteRemarks = "DELETE FROM report_import_remarks WHERE import_id = @id AND ordinal >= @first AND ordinal <= @last";
    private const string DeletePiece = "DELETE FROM report_import_files WHERE import_id = @id AND kind = @kind AND ordinal = @ordinal";
    private const string SelectExpired = """
        SELECT import_id FROM report_imports
        WHERE finished_at < @before
            AND (EXISTS (SELECT 1 FROM report_import_remarks WHERE report_import_remarks.import_id = report_imports.import_id)
                OR EXISTS (SELECT 1 FROM report_import_files WHERE report_import_files.import_id = report_imports.import_id AND kind = 'rejected'))
        ORDER BY finished_at, import_id
        """;

    private const string DeletePieces = "DELETE FROM report_import_files WHERE import_id = @id AND kind = @kind";
    private const string InsertPiece = """
        INSERT INTO report_import_files (import_id, kind, ordinal, content) VALUES (@id, @kind, @ordinal, @content)
        """;

    private const string SelectRemarks = """
        SELECT row_number AS Row, column_name AS ColumnName, code AS Code, arguments AS Arguments, value AS Value
        FROM report_import_remarks WHERE import_id = @id AND row_number >= @from AND row_number <= @to ORDER BY row_number, ordinal
        """;

    private const string SelectFirstRemarks = """
        SELECT row_number AS Row, column_name AS ColumnName, code AS Code, arguments AS Arguments, value AS Value
        FROM report_import_remarks WHERE import_id = @id AND ordinal <= 100 ORDER BY ordinal
        """;

    private static readonly BulkStatement InsertRemark = new(
        new RowType(
            "remark_rows", new("ordinal", SqlDbType.Int), new("row_number", SqlDbType.Int), new("column_name", SqlDbType.NVarChar, 100),
            new("code", SqlDbType.NVarChar, 60), new("arguments", SqlDbType.NVarChar, -1), new("value", SqlDbType.NVarChar, 100)),
        """
        /* sqlite */ INSERT INTO report_import_remarks (import_id, ordinal, row_number, column_name, code, arguments, value)
        VALUES (@id, @ordinal, @row_number, @column_name, @code, @arguments, @value)
        """,
        """
        /* sqlserver */ INSERT INTO report_import_remarks (import_id, ordinal, row_number, column_name, code, arguments, value)
        SELECT @id, ordinal, row_number, column_name, code, arguments, value FROM @remark_rows
        """);

    public static Task<ImportRecord?> FindAsync(DbSession session, string id) => session.SingleAsync<ImportRecord>(SelectOne, new { id });

    /// <summary>
    /// The imports of a plan, of one caller in one unit or of all, at most so many before an id; the newest first, since an id begins with
    /// its time.
    /// </summary>
    public static Task<IReadOnlyList<ImportRecord>> PageAsync(DbSession session, int planId, Caller? caller, string? before, int rows)
    {
        // No id, which is hexadecimal, sorts after it.
        var end = before ?? "g";
        return caller is null ? session.PageAsync<ImportRecord>(SelectPage, new { planId, before = end }, rows)
            : session.PageAsync<ImportRecord>(
                SelectPageOfCaller, new { planId, actor = caller.Actor, unitId = caller.UnitId, before = end }, rows);
    }

    /// <summary>What nobody works on: queued, or left behind by a node that went away.</summary>
    public static Task<IReadOnlyList<ImportRecord>> WaitingAsync(DbSession session, DateTimeOffset now) =>
        session.QueryAsync<ImportRecord>(SelectWaiting, new { now });

    /// <summary>How many imports of a caller have not ended, and the bytes of their files that wait in the database.</summary>
    public static async Task<HeldRow> HeldAsync(DbSession session, string actor) =>
        (await session.SingleAsync<HeldRow>(SelectHeld, new { actor }))!;

    public static Task InsertAsync(DbSession session, ImportRecord import, DateTimeOffset? until) => session.ExecuteAsync(Insert, new
    {
        id = import.Id,
        planId = import.PlanId,
        status = Words.Of(import.Status),
        format = Words.Of(import.Format),
        fileName = import.FileName,
        sha256 = import.Sha256,
        sizeBytes = import.SizeBytes,
        isDryRun = import.IsDryRun,
        isPartial = import.IsPartial,
        isSubmit = import.IsSubmit,
        locale = import.Locale,
        expectedVersion = import.ExpectedVersion,
        actor = import.Actor,
        role = Words.Of(import.Role),
        unitId = import.UnitId,
        now = import.CreatedAt,
        owner = import.LeaseOwner,
        until,
    });

    public static async Task<bool> ClaimAsync(DbSession session, string id, string owner, DateTimeOffset now, DateTimeOffset until) =>
        await session.ExecuteAsync(Claim, new { id, owner, now, until }) == 1;

    /// <summary>Keeps the lease; false where it was lost or the import is to be cancelled.</summary>
    public static async Task<bool> RenewAsync(DbSession session, string id, string owner, int rows, DateTimeOffset until) =>
        await session.ExecuteAsync(Renew, new { id, owner, rows, until }) == 1;

    /// <summary>Puts an import back into the queue.</summary>
    public static Task<int> GiveUpAsync(DbSession session, string id, string owner) => session.ExecuteAsync(GiveUp, new { id, owner });

    /// <summary>Ends an import; false where another node has it by now, or a completion came after a cancellation.</summary>
    public static async Task<bool> FinishAsync(
        DbSession session, string id, string owner, ImportStatus status, int rows, string? summary, byte[]? outcomes, DateTimeOffset now)
    {
        var isOurs = await session.ExecuteAsync(
            FinishOne, new { id, owner, status = Words.Of(status), rows, summary, outcomes, now }) == 1;
        if (isOurs)
        {
            await DeletePiecesAsync(session, id, "upload");
        }

        return isOurs;
    }

    public static async Task CancelAsync(DbSession session, string id, DateTimeOffset now)
    {
        await session.ExecuteAsync(Cancel, new { id, now });
        await session.ExecuteAsync(
            "DELETE FROM report_import_files WHERE kind = 'upload' AND import_id IN (SELECT import_id FROM report_imports WHERE import_id = @id AND status = 'cancelled')",
            new { id });
    }

    public static async Task<byte[]> OutcomesAsync(DbSession session, string id) =>
        await session.SingleAsync<byte[]>(SelectOutcomes, new { id }) ?? [];

    /// <summary>The imports that ended before an instant and still have remarks or rejected rows, the oldest first.</summary>
    public static Task<IReadOnlyList<string>> ExpiredAsync(DbSession session, DateTimeOffset before) =>
        session.QueryAsync<string>(SelectExpired, new { before });

    /// <summary>The place of the last remark; 0 where there is none. A purge that was interrupted has deleted the first of them.</summary>
    public static async Task<int> LastRemarkAsync(DbSession session, string id) =>
        await session.SingleAsync<int?>(SelectLastRemark, new { id }) ?? 0;

    /// <summary>Deletes the remarks from one place to another, the first of which is 1.</summary>
    public static Task<int> DeleteRemarksAsync(DbSession session, string id, int first, int last) =>
        session.ExecuteAsync(DeleteRemarks, new { id, first, last });

    public static Task<int> DeletePiecesAsync(DbSession session, string id, string kind) => session.ExecuteAsync(DeletePieces, new { id, kind });

    public static Task<int> DeletePieceAsync(DbSession session, string id, string kind, int ordinal) =>
        session.ExecuteAsync(DeletePiece, new { id, kind, ordinal });

    /// <param name="session">Where they are written.</param>
    /// <param name="id">The import.</param>
    /// <param name="remarks">The remarks in order.</param>
    /// <param name="first">The place of the first of them; 1 where they are all.</param>
    public static Task WriteRemarksAsync(DbSession session, string id, IEnumerable<Remark> remarks, int first = 1)
    {
        var row = new object?[6];
        return session.WriteManyAsync(InsertRemark, [new("id", id)], remarks.Select((remark, index) =>
        {
            (row[0], row[1], row[2], row[3]) = (first + index, remark.Row, remark.Column, remark.Code);
            row[4] = remark.Arguments is { Length: > 0 } arguments ? System.Text.Json.JsonSerializer.Serialize(arguments, Json.Options) : null;
            row[5] = remark.Value;
            return row;
        }));
    }

    public static async Task<IReadOnlyList<Remark>> RemarksAsync(DbSession session, string id, int from, int to) =>
        [.. (await session.QueryAsync<RemarkRow>(SelectRemarks, new { id, from, to })).Select(row => row.ToRemark())];

    /// <summary>The first hundred.</summary>
    public static async Task<IReadOnlyList<Remark>> FirstRemarksAsync(DbSession session, string id) =>
        [.. (await session.QueryAsync<RemarkRow>(SelectFirstRemarks, new { id })).Select(row => row.ToRemark())];

    public static async Task SaveFileAsync(DbSession session, string id, string kind, Stream file)
    {
        file.Position = 0;
        var piece = new byte[PieceSize];
        for (var ordinal = 1; await file.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false) is > 0 and var read; ordinal++)
        {
            await SavePieceAsync(session, id, kind, ordinal, read == piece.Length ? piece : piece[..read]);
        }
    }

    public static Task<int> SavePieceAsync(DbSession session, string id, string kind, int ordinal, byte[] content) =>
        session.ExecuteAsync(InsertPiece, new { id, kind, ordinal, content });

    public static Task<int> CountPiecesAsync(DbSession session, string id, string kind) =>
        session.SingleAsync<int>(CountPieces, new { id, kind });

    public static async Task<byte[]> PieceAsync(DbSession session, string id, string kind, int ordinal) =>
        await session.SingleAsync<byte[]>(SelectPiece, new { id, kind, ordinal }) ?? [];

    internal sealed record HeldRow
    {
        public int Imports { get; init; }
        public long Bytes { get; init; }
    }

    private sealed record RemarkRow
    {
        public int Row { get; init; }
        public string? ColumnName { get; init; }
        public string Code { get; init; } = "";
        public string? Arguments { get; init; }
        public string? Value { get; init; }

        public Remark ToRemark() => new(
            Row, ColumnName, Code, Value, Arguments is null ? [] : System.Text.Json.JsonSerializer.Deserialize<string[]>(Arguments, Json.Options)!);
    }
}

/// <summary>An import as it is kept.</summary>
internal sealed record ImportRecord
{
    public string Id { get; init; } = "";
    public int PlanId { get; init; }
    public ImportStatus Status { get; init; }
    public ImportFormat Format { get; init; }
    public string? FileName { get; init; }
    public string Sha256 { get; init; } = "";
    public long SizeBytes { get; init; }
    public bool IsDryRun { get; init; }
    public bool IsPartial { get; init; }
    public bool IsSubmit { get; init; }
    public string? Locale { get; init; }
    public long? ExpectedVersion { get; init; }
    public string Actor { get; init; } = "";
    public Role Role { get; init; }
    public int? UnitId { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public string? LeaseOwner { get; init; }
    public bool IsCancelRequested { get; init; }
    public int RowsRead { get; init; }
    public string? Summary { get; init; }

    public Caller Caller => new(Actor, Role, UnitId);
    public bool IsEnded => Status is not (ImportStatus.Queued or ImportStatus.Running);
}
