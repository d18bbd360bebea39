using System.Data;
using System.Data.Common;
using Microsoft.Data.SqlClient;
using Microsoft.Data.SqlClient.Server;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cchc.Api.Data;

/// <summary>What truly differs between the two engines; everything else is one SQL text.</summary>
public abstract class Dialect
{
    /// <exception cref="InvalidOperationException">There is no such provider.</exception>
    public static Dialect Of(IConfiguration configuration) => (configuration["Database:Provider"] ?? "Sqlite") switch
    {
        "Sqlite" => new SqliteDialect(),
        "SqlServer" => new SqlServerDialect(),
        var other => throw new InvalidOperationException($"Database:Provider is '{other}'; it must be Sqlite or SqlServer."),
    };

    /// <summary>Its name in <c>Database:Provider</c>.</summary>
    public abstract string Provider { get; }

    /// <summary>The folder of migration scripts.</summary>
    public abstract string Scripts { get; }

    /// <summary>The isolation in which a first read of the data version pins all later reads of the same transaction to it.</summary>
    public abstract IsolationLevel ReadIsolation { get; }

    /// <summary>Whether the engine lets one writer in at a time, so that waiting in the process is cheaper than polling the file.</summary>
    public abstract bool SingleWriter { get; }

    /// <summary>A connection string as the operator gave it, made ready for use.</summary>
    /// <param name="connectionString">What was given.</param>
    /// <param name="toRead">Whether it is only read from, so that a readable secondary may answer.</param>
    /// <exception cref="InvalidOperationException">It would send everything in clear over a network.</exception>
    public abstract string Complete(string connectionString, bool toRead = false);

    public abstract DbConnection Connect(string connectionString);

    public abstract DbTransaction BeginWrite(DbConnection connection);

    /// <summary>Sends the commit, whose outcome is unknown should this throw.</summary>
    public virtual Task CommitAsync(DbTransaction transaction) => transaction.CommitAsync(CancellationToken.None);

    /// <summary>Whether repeating the whole transaction may succeed: a deadlock, a busy file, a connection lost before commit.</summary>
    public abstract bool IsTransient(Exception exception);

    /// <summary>Whether a statement failed for want of a table.</summary>
    public abstract bool IsNoTable(DbException exception);

    /// <summary>Whether the database cannot be reached or used at all, so that asking it again and again is of no use.</summary>
    public abstract bool IsAway(Exception exception);

    /// <summary>Whether it is there and something took too long: a statement, or a lock that another holds.</summary>
    public abstract bool IsSlow(Exception exception);

    /// <summary>Has the idle connections that are like this one closed rather than used again.</summary>
    public abstract void Forget(DbConnection connection);

    /// <summary>Makes ready a database that has no tables yet, outside any transaction.</summary>
    public abstract void Prepare(DbConnection connection);

    /// <summary>Keeps every other node from migrating until the transaction ends.</summary>
    public abstract void LockMigrations(DbConnection connection, DbTransaction transaction);

    /// <summary>A statement that ends with its order, limited to its first <c>@rows</c> rows.</summary>
    public abstract string Page(string sql);

    /// <summary>
    /// Runs a statement for many rows: one prepared statement on the embedded engine, one statement over a table-valued parameter on
    /// SQL Server. A row's array may be used again for the next one.
    /// </summary>
    public abstract Task WriteManyAsync(
        DbConnection connection, DbTransaction transaction, BulkStatement statement, IReadOnlyList<KeyValuePair<string, object?>> constants,
        IEnumerable<object?[]> rows, CancellationToken cancellation);

    /// <summary>An instant as a row of <see cref="WriteManyAsync"/> carries it.</summary>
    public abstract object Stored(DateTimeOffset instant);

    /// <summary>Fills a table with rows of <see cref="Transfer"/>: numbers, text and bytes, each row an array of its own.</summary>
    public abstract Task InsertAllAsync(
        DbConnection connection, DbTransaction transaction, TableShape table, IEnumerable<object?[]> rows, CancellationToken cancellation);

    protected static void Run(DbConnection connection, DbTransaction? transaction, string sql, int? timeoutSeconds = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandTimeout = timeoutSeconds ?? command.CommandTimeout;
#pragma warning disable CA2100 // every caller passes a constant
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}

/// <summary>The embedded default.</summary>
public class SqliteDialect : Dialect
{
    // How long one try waits for a lock that another process holds.
    private const int BusySeconds = 3;

    private volatile bool _isPrepared;

    public override string Provider => "Sqlite";

    public override string Scripts => "db/sqlite/";

    public override IsolationLevel ReadIsolation => IsolationLevel.Serializable;

    public override bool SingleWriter => true;

    public override string Complete(string connectionString, bool toRead = false)
    {
        var settings = new SqliteConnectionStringBuilder(connectionString);
        settings.DataSource = EmbeddedFile.Of(settings) ?? settings.DataSource;
        return settings.ConnectionString;
    }

    // A commit that was acknowledged must outlive a power cut, which WAL promises only with FULL. A file that has gone must not come back empty.
    public override DbConnection Connect(string connectionString)
    {
        var settings = new SqliteConnectionStringBuilder(connectionString) { ForeignKeys = true, DefaultTimeout = BusySeconds };
        if (_isPrepared && settings.Mode == SqliteOpenMode.ReadWriteCreate)
        {
            settings.Mode = SqliteOpenMode.ReadWrite;
        }

        var connection = new SqliteConnection(settings.ConnectionString);
        connection.StateChange += static (sender, change) =>
        {
            if (change.CurrentState == ConnectionState.Open)
            {
                Run((SqliteConnection)sender!, null, "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 3000;");
            }
        };
        return connection;
    }

    public override DbTransaction BeginWrite(DbConnection connection) => ((SqliteConnection)connection).BeginTransaction(deferred: false);

    public override bool IsTransient(Exception exception) =>
        exception is DatabaseAwayException or SqliteException
        {
            SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN,
        };

    public override bool IsNoTable(DbException exception) =>
        exception is SqliteException { SqliteErrorCode: raw.SQLITE_ERROR } && exception.Message.Contains("no such table", StringComparison.Ordinal);

    public override bool IsAway(Exception exception) => exception is DatabaseAwayException or SqliteException
    {
        SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_FULL or raw.SQLITE_READONLY
            or raw.SQLITE_PROTOCOL or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB,
    };

    public override bool IsSlow(Exception exception) =>
        exception is SqliteException { SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED };

    public override void Forget(DbConnection connection) => SqliteConnection.ClearPool((SqliteConnection)connection);

    public override void Prepare(DbConnection connection)
    {
        Run(connection, null, "PRAGMA journal_mode = WAL;");
        _isPrepared = true;
    }

    public override string Page(string sql) => sql + " LIMIT @rows";

    // The provider looks every parameter up by name for every row; bound by number here, a row costs half as much.
    public override Task WriteManyAsync(
        DbConnection connection, DbTransaction transaction, BulkStatement statement, IReadOnlyList<KeyValuePair<string, object?>> constants,
        IEnumerable<object?[]> rows, CancellationToken cancellation)
    {
        RunForEach(connection, statement.PerRow, constants, [.. statement.Rows.Columns.Select(column => column.Name)], rows, cancellation);
        return Task.CompletedTask;
    }

    public override object Stored(DateTimeOffset instant) => ColumnTypes.ToSqlite(instant)!;

    public override Task InsertAllAsync(
        DbConnection connection, DbTransaction transaction, TableShape table, IEnumerable<object?[]> rows, CancellationToken cancellation)
    {
        RunForEach(connection, table.Insert, [], table.Columns, rows, cancellation);
        return Task.CompletedTask;
    }

    private static void RunForEach(
        DbConnection connection, string sql, IReadOnlyList<KeyValuePair<string, object?>> constants, IReadOnlyList<string> columns,
        IEnumerable<object?[]> rows, CancellationToken cancellation)
    {
        var database = ((SqliteConnection)connection).Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out var prepared), database);
        using (prepared)
        {
            foreach (var (name, value) in constants)
            {
                Bind(prepared, raw.sqlite3_bind_parameter_index(prepared, "@" + name), ColumnTypes.ToSqlite(value));
            }

            var places = columns.Select(column => raw.sqlite3_bind_parameter_index(prepared, "@" + column)).ToArray();
            foreach (var row in rows)
            {
                cancellation.ThrowIfCancellationRequested();
                for (var index = 0; index < places.Length; index++)
                {
                    Bind(prepared, places[index], row[index]);
                }

                if (raw.sqlite3_step(prepared) is not raw.SQLITE_DONE and var code)
                {
                    SqliteException.ThrowExceptionForRC(code, database);
                }

                raw.sqlite3_reset(prepared);
            }
        }
    }

    // A statement need not use every column of its rows: a place of 0 is none.
    private static void Bind(sqlite3_stmt statement, int place, object? value)
    {
        _ = (place, value) switch
        {
            (0, _) => raw.SQLITE_OK,
            (_, null) => raw.sqlite3_bind_null(statement, place),
            (_, long number) => raw.sqlite3_bind_int64(statement, place, number),
            (_, int number) => raw.sqlite3_bind_int64(statement, place, number),
            (_, bool flag) => raw.sqlite3_bind_int64(statement, place, flag ? 1 : 0),
            (_, string text) => raw.sqlite3_bind_text(statement, place, text),
            (_, byte[] bytes) => raw.sqlite3_bind_blob(statement, place, bytes),
            _ => throw new ArgumentOutOfRangeException(nameof(value), value, "No column of this type."),
        };
    }

    // A write transaction holds the only write lock there is.
    public override void LockMigrations(DbConnection connection, DbTransaction transaction)
    {
    }
}

/// <summary>The database of record.</summary>
public class SqlServerDialect : Dialect
{
    internal const int MigrationLockSeconds = 75;

    internal const string TakeMigrationLock = """
        /* sqlserver */ DECLARE @taken int;
        EXEC @taken = sp_getapplock @Resource = N'cchc-migrations', @LockMode = N'Exclusive', @LockOwner = N'Transaction',
            @LockTimeout = 60000;
        IF @taken < 0 THROW 50002, N'Another node migrates this database, or the lock for it cannot be had. Try again.', 1;
        """;

    // The faults that a failover, a stopped or a busy server gives to a connection, and a statement that was not answered in time.
    private static readonly HashSet<int> Away =
    [
        -2, -1, 2, 20, 53, 64, 121, 233, 258, 596, 921, 976, 983, 3906, 4060, 4221, 6005, 10053, 10054, 10060, 10061, 10928, 10929, 11001, 17142,
        40197, 40501, 40613, 49918, 49919, 49920,
    ];

    // Beside those: a deadlock, a lock not given in time, a table changed under a reader, and a row that another transaction put in at the
    // same moment, which is found when all is done anew.
    private static readonly HashSet<int> Transient = [1205, 1222, 3961, 2601, 2627, .. Away];

    public SqlServerDialect() => EntraLogins.Register();

    public override string Provider => "SqlServer";

    public override string Scripts => "db/sqlserver/";

    // A reader sees one moment and neither waits for a writer nor keeps one waiting, however long an import takes.
    public override IsolationLevel ReadIsolation => IsolationLevel.Snapshot;

    public override bool SingleWriter => false;

    public override string Complete(string connectionString, bool toRead = false)
    {
        var given = new SqlConnectionStringBuilder(connectionString);
        if (toRead)
        {
            given.ApplicationIntent = ApplicationIntent.ReadOnly;
        }

        if (given.Encrypt == SqlConnectionEncryptOption.Optional && !IsHere(given.DataSource))
        {
            throw new InvalidOperationException(
                "Database:ConnectionString has Encrypt=False, which sends everything in clear; only a server on this machine may be reached so.");
        }

        if (!given.ShouldSerialize("Application Name"))
        {
            given.ApplicationName = "Cchc.Api";
        }

        // A server that is away is given up on within a try's time, unless the operator says otherwise.
        given.ConnectTimeout = given.ShouldSerialize("Connect Timeout") ? given.ConnectTimeout : 5;
        given.CommandTimeout = given.ShouldSerialize("Command Timeout") ? given.CommandTimeout : 15;

        // Tries and pauses are Resilience's: left to itself the client would put off its own next try for ten seconds, and refuse for up to a
        // minute what a server that is back could do.
        given.ConnectRetryCount = given.ShouldSerialize("Connect Retry Count") ? given.ConnectRetryCount : 0;
        given.PoolBlockingPeriod = given.ShouldSerialize("Pool Blocking Period") ? given.PoolBlockingPeriod : PoolBlockingPeriod.NeverBlock;
        return given.ConnectionString;
    }

    public override DbConnection Connect(string connectionString) => new SqlConnection(connectionString);

    public override DbTransaction BeginWrite(DbConnection connection) => connection.BeginTransaction(IsolationLevel.ReadCommitted);

    public override bool IsTransient(Exception exception) =>
        exception is DatabaseAwayException || (exception is SqlException sql && (Transient.Contains(sql.Number) || sql.Class >= 20));

    // A fault of class 20 and above ends the connection.
    public override bool IsAway(Exception exception) =>
        exception is DatabaseAwayException || (exception is SqlException sql && (Away.Contains(sql.Number) || sql.Class >= 20));

    // A statement's own time has passed. The same number is given where no connection comes about, which is told apart before.
    public override bool IsSlow(Exception exception) => exception is SqlException { Number: -2, Class: < 20 };

    public override void Forget(DbConnection connection) => SqlConnection.ClearPool((SqlConnection)connection);

    public override bool IsNoTable(DbException exception) => exception is SqlException { Number: 208 };

    public override void Prepare(DbConnection connection) => Run(connection, null, """
        /* sqlserver */ IF EXISTS (SELECT 1 FROM sys.databases WHERE database_id = DB_ID() AND (snapshot_isolation_state <> 1 OR is_read_committed_snapshot_on = 0))
            THROW 50001, N'Run db/sqlserver/setup/database.sql in this database first: readers need row versions.', 1;
        """);

    public override string Page(string sql) => sql + " OFFSET 0 ROWS FETCH NEXT @rows ROWS ONLY";

    public override async Task WriteManyAsync(
        DbConnection connection, DbTransaction transaction, BulkStatement statement, IReadOnlyList<KeyValuePair<string, object?>> constants,
        IEnumerable<object?[]> rows, CancellationToken cancellation)
    {
        using var some = rows.GetEnumerator();
        if (!some.MoveNext())
        {
            return;
        }

        await using var command = (SqlCommand)connection.CreateCommand();
        command.Transaction = (SqlTransaction)transaction;
#pragma warning disable CA2100 // a bulk statement is made of constants
        command.CommandText = statement.SetBased;
#pragma warning restore CA2100
        command.CommandTimeout = 300;
        AddConstants(command, constants);
        command.Parameters.Add(new SqlParameter("@" + statement.Rows.Name, SqlDbType.Structured)
        {
            TypeName = statement.Rows.Name,
            Value = Records(statement.Rows, some),
        });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public override object Stored(DateTimeOffset instant) => instant.UtcDateTime;

    public override Task InsertAllAsync(
        DbConnection connection, DbTransaction transaction, TableShape table, IEnumerable<object?[]> rows, CancellationToken cancellation) =>
        new SqlServerFilling((SqlConnection)connection, (SqlTransaction)transaction, table).RunAsync(rows, cancellation);

    // "tcp:localhost\NAME,1433" is a protocol, a host, an instance and a port.
    private static bool IsHere(string server)
    {
        var host = server[(server.IndexOf(':', StringComparison.Ordinal) is > 1 and var protocol ? protocol + 1 : 0)..].Split('\\', ',')[0].Trim();
        return host is "." or "(local)" or "::1" or "[::1]" || host.StartsWith("127.", StringComparison.Ordinal)
            || host.StartsWith("(localdb)", StringComparison.OrdinalIgnoreCase) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase);
    }

    private static void AddConstants(DbCommand command, IReadOnlyList<KeyValuePair<string, object?>> constants)
    {
        foreach (var (name, value) in constants)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            ColumnTypes.SetValue(parameter, value);
            command.Parameters.Add(parameter);
        }
    }

    private static IEnumerable<SqlDataRecord> Records(RowType type, IEnumerator<object?[]> rows)
    {
        var record = new SqlDataRecord([.. type.Columns.Select(column => column.Length is { } length
            ? new SqlMetaData(column.Name, column.Type, length)
            : column.Type == SqlDbType.DateTime2 ? new SqlMetaData(column.Name, column.Type, 0, ColumnTypes.Milliseconds)
            : new SqlMetaData(column.Name, column.Type))]);
        do
        {
            for (var index = 0; index < type.Columns.Count; index++)
            {
                record.SetValue(index, rows.Current[index] ?? DBNull.Value);
            }

            yield return record;
        }
        while (rows.MoveNext());
    }

    // The lock is waited for a minute, and the statement's own time is longer: its result tells what came of the wait.
    public override void LockMigrations(DbConnection connection, DbTransaction transaction) =>
        Run(connection, transaction, TakeMigrationLock, MigrationLockSeconds);
}
