using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Dapper;

namespace Cchc.Api.Data;

/// <summary>
/// The one door to the database: reads see one moment, writes are one transaction, and both are repeated whole where a fault allows it.
/// Writers lock in one order, so that none waits for another that waits for it: the data versions (the catalogue's before a plan's), the
/// rows, the head of the outbox, the head of the audit trail.
/// </summary>
public sealed class Database : IDisposable
{
    private const int MostRepeats = 3;

    private readonly Counter<long> _commands;
    private readonly SemaphoreSlim? _writer;
    private readonly Resilience _reads;
    private readonly Resilience _writes;

    public Database(IConfiguration configuration, Dialect dialect, IMeterFactory meters, TimeProvider time, ILogger<Database> log)
    {
        _commands = meters.Create("Cchc.Api").CreateCounter<long>("cchc.database.commands", description: "SQL commands sent.");
        Dialect = dialect;
        ConnectionString = configuration["Database:ConnectionString"] is { Length: > 0 } given ? Dialect.Complete(given)
            : IsEmbedded ? Dialect.Complete(EmbeddedFile.Default)
            : throw new InvalidOperationException("Database:ConnectionString is needed with Database:Provider=SqlServer.");
        _writer = Dialect.SingleWriter ? new SemaphoreSlim(1) : null;
        _reads = new Resilience(dialect, "reads", meters, time, log);
        _writes = new Resilience(dialect, "writes", meters, time, log);
        ColumnTypes.Register();
    }

    /// <summary>Tells that this node has committed something to the outbox.</summary>
    public event Action? ChangesWritten;

    public string Provider => Dialect.Provider;
    public string ConnectionString { get; }
    public Dialect Dialect { get; }
    public bool IsEmbedded => Provider == "Sqlite";

    /// <summary>Reads within one transaction; the first read of a data version pins the rest to it.</summary>
    /// <exception cref="DatabaseAwayException">The database was away.</exception>
    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellation, Pace pace = Pace.Request) => _reads.RunAsync(
        pace,
        token => OnConnectionAsync(
            async connection =>
            {
                var begun = connection is Microsoft.Data.Sqlite.SqliteConnection sqlite
                    ? sqlite.BeginTransaction(deferred: true)
                    : await connection.BeginTransactionAsync(Dialect.ReadIsolation, token);
                return await InTransactionAsync(begun, async transaction =>
                {
                    var result = await read(new DbSession(Dialect, connection, transaction, _commands, token));
                    await transaction.CommitAsync(token);
                    return result;
                });
            },
            token),
        cancellation);

    /// <summary>
    /// Runs one write transaction. It commits when <paramref name="write"/> says so, else leaves no trace. A fault before the commit begins
    /// it anew; one of the commit itself does so only once the audit trail has shown that it did not go in.
    /// </summary>
    /// <exception cref="DatabaseAwayException">The database was away; nothing was changed.</exception>
    /// <exception cref="OutcomeUnknownException">The commit was not confirmed, and nothing tells whether it went in.</exception>
    public async Task<T> WriteAsync<T>(
        Func<DbSession, Task<(T Result, bool Commit)>> write, CancellationToken cancellation, Pace pace = Pace.Request)
    {
        if (_writer is not null && !await _writer.WaitAsync(Resilience.LongestOf(pace), cancellation))
        {
            throw new DatabaseAwayException("Another write takes too long.", new TimeoutException()) { IsSlow = true };
        }

        try
        {
            for (var repeat = 1; ; repeat++)
            {
                var sent = new Sent<T>();
                try
                {
                    await _writes.RunAsync(pace, token => OnConnectionAsync(connection => WriteAsync(connection, write, sent, token), token), cancellation);
                }
                catch (CommitException fault)
                {
                    if (!await WentInAsync(sent.Mark, fault))
                    {
                        if (repeat == MostRepeats)
                        {
                            throw new DatabaseAwayException("The commit failed.", fault);
                        }

                        continue;
                    }
                }

                if (sent.HasChanges)
                {
                    Announce();
                }

                return sent.Result!;
            }
        }
        finally
        {
            _writer?.Release();
        }
    }

    public void Dispose() => _writer?.Dispose();

    // The change is committed: a follower that is being stopped must not make its response fail.
    private void Announce()
    {
        try
        {
            ChangesWritten?.Invoke();
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private Task<bool> WriteAsync<T>(
        DbConnection connection, Func<DbSession, Task<(T Result, bool Commit)>> write, Sent<T> sent, CancellationToken cancellation) =>
        InTransactionAsync(Dialect.BeginWrite(connection), async transaction =>
        {
            var session = new DbSession(Dialect, connection, transaction, _commands, cancellation);
            (sent.Result, var commit) = await write(session);
            if (!commit)
            {
                sent.HasChanges = false;
                await transaction.RollbackAsync(CancellationToken.None);
                return false;
            }

            sent.HasChanges = session.Outgoing.Count > 0;
            await Outbox.FlushAsync(session);
            sent.Mark = await Audit.FlushAsync(session);
            try
            {
                // Once the commit is on its way, the caller's leaving must not make its outcome unknown.
                await Dialect.CommitAsync(transaction);
                return true;
            }
            catch (Exception fault)
            {
                throw new CommitException(fault);
            }
        });

    // What was not committed is rolled back as it is left. Over a connection that broke that fails too, and must not hide what broke it, above
    // all not a commit's: the server rolls back by itself.
    private static async Task<T> InTransactionAsync<T>(DbTransaction transaction, Func<DbTransaction, Task<T>> run)
    {
        try
        {
            return await run(transaction);
        }
        finally
        {
            try
            {
                await transaction.DisposeAsync();
            }
            catch (Exception fault) when (fault is DbException or InvalidOperationException)
            {
            }
        }
    }

    // The trail's last entry is the mark of a transaction. Whoever asks holds the head of the trail, which a transaction that is still on its
    // way would hold too: so that what is not there then, never comes.
    private async Task<bool> WentInAsync(AuditMark? mark, CommitException fault)
    {
        if (mark is null)
        {
            throw new OutcomeUnknownException(fault);
        }

        try
        {
            return await _writes.RunAsync(
                Pace.Request,
                token => OnConnectionAsync(
                    connection => InTransactionAsync(
                        Dialect.BeginWrite(connection),
                        transaction => Audit.HoldsAsync(new DbSession(Dialect, connection, transaction, _commands, token), mark)),
                    token),
                CancellationToken.None);
        }
        catch (DbException)
        {
            throw new OutcomeUnknownException(fault);
        }
    }

    private async Task<T> OnConnectionAsync<T>(Func<DbConnection, Task<T>> run, CancellationToken cancellation)
    {
        await using var connection = Dialect.Connect(ConnectionString);
        var isOpen = false;
        try
        {
            await connection.OpenAsync(cancellation);
            isOpen = true;
            return await run(connection);
        }
        catch (InvalidOperationException fault) when (!isOpen || connection.State != System.Data.ConnectionState.Open)
        {
            // A pool without a free connection, whose statements take long, or one that broke between two statements.
            throw new DatabaseAwayException("No connection to the database.", fault) { IsSlow = !isOpen };
        }
        catch (OperationCanceledException fault) when (!isOpen)
        {
            throw new ConnectionTimeoutException(fault, cancellation);
        }
        catch (Exception fault) when (Dialect.IsAway(fault is CommitException ? fault.InnerException! : fault))
        {
            var isSlow = isOpen && Dialect.IsSlow(fault is CommitException ? fault.InnerException! : fault);
            if (!isSlow)
            {
                // The others of the pool are as dead.
                Dialect.Forget(connection);
            }

            if (fault is not CommitException)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            throw isOpen ? fault : new DatabaseAwayException("No connection to the database.", fault);
        }
        catch (DbException) when (cancellation.IsCancellationRequested)
        {
            // A statement that was broken off says so in words of its own.
            throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>What a write came to, when its commit was sent.</summary>
    private sealed class Sent<T>
    {
        public T? Result { get; set; }
        public bool HasChanges { get; set; }
        public AuditMark? Mark { get; set; }
    }
}

/// <summary>A connection in a transaction. SQL is always a constant, which is what the static checks rely on.</summary>
public sealed class DbSession(
    Dialect dialect, DbConnection connection, DbTransaction transaction, Counter<long> commands, CancellationToken cancellation)
{
    public DbConnection Connection => connection;

    public DbTransaction Transaction => transaction;

    /// <summary>Ends what takes too long.</summary>
    public CancellationToken Ended => cancellation;

    /// <summary>What the audit trail gets as the transaction commits.</summary>
    internal List<AuditEntry> Audited { get; } = [];

    /// <summary>What those who follow are told as the transaction commits.</summary>
    internal List<OutgoingChange> Outgoing { get; } = [];

    /// <summary>The versions that the transaction has raised, by scope.</summary>
    internal Dictionary<string, long> Raised { get; } = new(StringComparer.Ordinal);

    /// <summary>A value as rows of <see cref="WriteManyAsync"/> carry it.</summary>
    public object Stored(DateTimeOffset instant) => dialect.Stored(instant);

    public async Task<IReadOnlyList<T>> QueryAsync<T>([ConstantExpected] string sql, object? parameters = null) =>
        (await connection.QueryAsync<T>(Command(sql, parameters))).AsList();

    /// <summary>The first rows of a statement that ends with its order.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="rows">The most rows to read.</param>
    public async Task<IReadOnlyList<T>> PageAsync<T>([ConstantExpected] string sql, object parameters, int rows)
    {
        var all = new DynamicParameters(parameters);
        all.Add("rows", rows, System.Data.DbType.Int32);
        return (await connection.QueryAsync<T>(Command(dialect.Page(sql), all))).AsList();
    }

    public Task<T?> SingleAsync<T>([ConstantExpected] string sql, object? parameters = null) =>
        connection.QuerySingleOrDefaultAsync<T>(Command(sql, parameters));

    /// <param name="sql">The statement.</param>
    /// <param name="parameters">One object, or a list to run the statement once for each.</param>
    public Task<int> ExecuteAsync([ConstantExpected] string sql, object? parameters = null) => connection.ExecuteAsync(
        parameters is System.Collections.IEnumerable rows
            ? new CommandDefinition(sql, Counted(rows.Cast<object>(), isEach: true), transaction, cancellationToken: cancellation)
            : Command(sql, parameters));

    /// <summary>Reads row by row, without an object for each.</summary>
    public async Task ReadEachAsync([ConstantExpected] string sql, object parameters, Action<DbDataReader> read)
    {
        await using var reader = await connection.ExecuteReaderAsync(Command(sql, parameters));
        while (await reader.ReadAsync(cancellation))
        {
            read(reader);
        }
    }

    /// <param name="statement">The statement.</param>
    /// <param name="constants">The parameters that are the same for every row.</param>
    /// <param name="rows">The rows' values in the order of the row type's columns; an array may be used again for the next row.</param>
    public Task WriteManyAsync(BulkStatement statement, IReadOnlyList<KeyValuePair<string, object?>> constants, IEnumerable<object?[]> rows)
    {
        return dialect.WriteManyAsync(connection, transaction, statement, constants, Counted(rows, isEach: false), cancellation);
    }

    // A statement for each row is sent as the row is taken, and one for all with the first: without a row none is.
    private IEnumerable<T> Counted<T>(IEnumerable<T> rows, bool isEach)
    {
        var isFirst = true;
        foreach (var row in rows)
        {
            commands.Add(isEach || isFirst ? 1 : 0);
            isFirst = false;
            yield return row;
        }
    }

    private CommandDefinition Command(string sql, object? parameters)
    {
        // Of a request that has ended nothing is sent.
        cancellation.ThrowIfCancellationRequested();
        commands.Add(1);
        return new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation);
    }
}
