using System.Collections.Concurrent;
using System.Data.Common;
using Cchc.Api.Data;

namespace Cchc.Api.Tests.Support;

/// <summary>Stops the write transactions of a node where a test wants, on either engine.</summary>
public sealed class Gate
{
    /// <summary>What becomes of the next commits.</summary>
    public ConcurrentQueue<Func<DbTransaction, Task>> Commits { get; } = new();

    /// <summary>Is told that a write transaction is about to begin.</summary>
    public Action Beginning { get; set; } = () => { };

    public Dialect DialectOf(Engine engine) => engine == Engine.SqlServer ? new GatedSqlServer(this) : new GatedSqlite(this);

    private Task CommitAsync(DbTransaction transaction, Func<DbTransaction, Task> commit) =>
        Commits.TryDequeue(out var next) ? next(transaction) : commit(transaction);

    private sealed class GatedSqlite(Gate gate) : SqliteDialect
    {
        public override DbTransaction BeginWrite(DbConnection connection)
        {
            gate.Beginning();
            return base.BeginWrite(connection);
        }

        public override Task CommitAsync(DbTransaction transaction) => gate.CommitAsync(transaction, base.CommitAsync);
    }

    private sealed class GatedSqlServer(Gate gate) : SqlServerDialect
    {
        public override DbTransaction BeginWrite(DbConnection connection)
        {
            gate.Beginning();
            return base.BeginWrite(connection);
        }

        public override Task CommitAsync(DbTransaction transaction) => gate.CommitAsync(transaction, base.CommitAsync);
    }
}
