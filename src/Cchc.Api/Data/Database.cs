using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Dapper;
using Polly;
using Polly.Retry;

namespace Cchc.Api.Data;

/// <summary>The one door to the database: reads see one moment, writes are one transaction, transient faults are retried.</summary>
public sealed class Database : IDisposable
{
    private readonly Counter<long> _commands;
    private readonly SemaphoreSlim? _writer;
    private readonly ResiliencePipeline _retry;

    public Database(IConfiguration configuration, IMeterFactory meters)
    {
        _commands = meters.Create("Cchc.Api").CreateCounter<long>("cchc.database.commands", description: "SQL commands sent.");
        Provider = configuration["Database:Provider"] ?? "Sqlite";
        Dialect = Provider switch
        {
            "Sqlite" => new SqliteDialect(),
            "SqlServer" => new SqlServerDialect(),
            _ => throw new InvalidOperationException($"Database:Provider is '{Provider}'; it must be Sqlite or SqlServer."),
        };
        ConnectionString = configuration["Database:ConnectionString"] is { Length: > 0 } given ? Dialect.Complete(given)
            : IsEmbedded ? "Data Source=cchc.db"
            : throw new InvalidOperationException("Database:ConnectionString is needed with Database:Provider=SqlServer.");
        _writer = Dialect.SingleWriter ? new SemaphoreSlim(1) : null;
        _retry = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(Dialect.IsTransient),
            MaxRetryAttempts = 4,
            Delay = TimeSpan.FromMilliseconds(50),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        }).Build();
        ColumnTypes.Register();
    }

    /// <summary>Tells that this node has committed something to the outbox.</summary>
    public event Action? ChangesWritten;

    public string Provider { get; }
    public string ConnectionString { get; }
    public Dialect Dialect { get; }
    public bool IsEmbedded => Provider == "Sqlite";

    /// <summary>Reads within one transaction; the first read of a data version pins the rest to it.</summary>
    public async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read, CancellationToken cancellation) =>
        await _retry.ExecuteAsync(
            async token =>
            {
                await using var connection = Dialect.Connect(ConnectionString);
                await connection.OpenAsync(token);
                await using var transaction = connection is Microsoft.Data.Sqlite.SqliteConnection sqlite
                    ? sqlite.BeginTransaction(deferred: true)
                    : await connection.BeginTransactionAsync(Dialect.ReadIsolation, token);
                var result = await read(new DbSession(Dialect, connection, transaction, _commands, token));
                await transaction.CommitAsync(token);
                return result;
            },
            cancellation);

    /// <summary>
    /// Runs one write transaction. It commits when <paramref name="write"/> says so, else leaves no trace. A retry begins anew, and
    /// never follows a commit.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<DbSession, Task<(T Result, bool Commit)>> write, CancellationToken cancellation)
    {
        if (_writer is not null)
        {
            await _writer.WaitAsync(cancellation);
        }

        try
        {
            var hasChanges = false;
            var (result, commit, transaction, connection) = await _retry.ExecuteAsync(
                async token =>
                {
                    var connection = Dialect.Connect(ConnectionString);
                    try
                    {
                        await connection.OpenAsync(token);
                        var transaction = Dialect.BeginWrite(connection);
                        var session = new DbSession(Dialect, connection, transaction, _commands, token);
                        var (result, commit) = await write(session);
                        if (commit)
                        {
                            hasChanges = session.Outgoing.Count > 0;
                            await Outbox.FlushAsync(session);
                            await Audit.FlushAsync(session);
                        }

                        return (result, commit, transaction, connection);
                    }
                    catch
                    {
                        await connection.DisposeAsync();
                        throw;
                    }
                },
                cancellation);
            await using (connection)
            await using (transaction)
            {
                if (commit)
                {
                    // Once the commit is on its way, the caller's leaving must not make its outcome unknown.
                    await transaction.CommitAsync(CancellationToken.None);
                }
                else
                {
                    await transaction.RollbackAsync(CancellationToken.None);
                }
            }

            if (commit && hasChanges)
            {
                ChangesWritten?.Invoke();
            }

            return result;
        }
        finally
        {
            _writer?.Release();
        }
    }

    public void Dispose() => _writer?.Dispose();
}

/// <summary>A connection in a transaction. SQL is always a constant, which is what the static checks rely on.</summary>
public sealed class DbSession(
    Dialect dialect, DbConnection connection, DbTransaction transaction, Counter<long> commands, CancellationToken cancellation)
{
    public DbConnection Connection => connection;

    public DbTransaction Transaction => transaction;

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

    public Task<T?> SingleAsync<T>([ConstantExpected] string sql, object? parameters = null) =>
        connection.QuerySingleOrDefaultAsync<T>(Command(sql, parameters));

    /// <param name="sql">The statement.</param>
    /// <param name="parameters">One object, or a list to run the statement once for each.</param>
    public Task<int> ExecuteAsync([ConstantExpected] string sql, object? parameters = null) =>
        connection.ExecuteAsync(Command(sql, parameters));

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
        commands.Add(1);
        return dialect.WriteManyAsync(connection, transaction, statement, constants, rows, cancellation);
    }

    private CommandDefinition Command(string sql, object? parameters)
    {
        commands.Add(1);
        return new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellation);
    }
}
