using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Cchc.Api.Data;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Cchc.Api.Tests.Support;

/// <summary>The embedded engine, with the faults of a network and a disk when a test wants them.</summary>
public sealed class FaultyDialect : SqliteDialect
{
    /// <summary>The codes that the next write transactions fail with as they begin.</summary>
    public ConcurrentQueue<int> Beginnings { get; } = new();

    /// <summary>What becomes of the next commits.</summary>
    public ConcurrentQueue<Func<DbTransaction, Task>> Commits { get; } = new();

    /// <summary>Whether no connection comes about.</summary>
    public bool IsGone { get; set; }

    /// <summary>Where a connection waits before it comes about.</summary>
    public TaskCompletionSource? Hanging { get; set; }

    /// <summary>The file does not grow any more.</summary>
    public bool IsFull { get; set; }

    public int Connections { get; private set; }

    /// <summary>The statements of each write transaction that was committed, in order; null: none are kept.</summary>
    public ConcurrentQueue<IReadOnlyList<string>>? Writes { get; set; }

    public override DbConnection Connect(string connectionString)
    {
        Connections++;
        if (IsGone || Hanging is not null)
        {
            return new Unreachable(Hanging?.Task);
        }

        var connection = base.Connect(connectionString);
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState == ConnectionState.Open)
            {
                using var command = connection.CreateCommand();
                command.CommandText = IsFull ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 1073741823";
                command.ExecuteNonQuery();
                if (Writes is { } writes)
                {
                    Trace(((SqliteConnection)connection).Handle!, writes);
                }
            }
        };
        return connection;
    }

    public override DbTransaction BeginWrite(DbConnection connection) =>
        Beginnings.TryDequeue(out var code) ? throw new SqliteException("A fault that was asked for.", code) : base.BeginWrite(connection);

    public override Task CommitAsync(DbTransaction transaction) =>
        Commits.TryDequeue(out var commit) ? commit(transaction) : base.CommitAsync(transaction);

    // By connection: transactions that read go on beside one that writes.
    private static void Trace(sqlite3 connection, ConcurrentQueue<IReadOnlyList<string>> writes)
    {
        List<string>? write = null;
        raw.sqlite3_trace(connection, (_, statement) =>
        {
            if (statement.StartsWith("BEGIN", StringComparison.Ordinal))
            {
                write = statement.StartsWith("BEGIN IMMEDIATE", StringComparison.Ordinal) ? [] : null;
            }
            else if (statement.StartsWith("COMMIT", StringComparison.Ordinal))
            {
                if (write is not null)
                {
                    writes.Enqueue(write);
                }

                write = null;
            }
            else
            {
                write?.Add(statement);
            }
        }, null!);
    }

    private sealed class Unreachable(Task? until) : SqliteConnection
    {
        public override async Task OpenAsync(CancellationToken cancellationToken)
        {
            if (until is not null)
            {
                await until.WaitAsync(cancellationToken);
            }

            throw new SqliteException("There is no database.", raw.SQLITE_CANTOPEN);
        }
    }
}
