using System.Data;
using Dapper;

namespace Cchc.Api.Data;

/// <summary>A table that was carried: its rows, and <see cref="TableDigest"/> over them.</summary>
public sealed record CarriedTable(string Name, long Rows, string Hash);

/// <summary>
/// Moves everything from one database to another, on either engine, save the journal of migrations, which the target keeps itself. The
/// source is read as it stood at one moment. On the target it is one transaction, committed once all of it was read back and is the same.
/// </summary>
public sealed class Transfer(Database source, Migrator sourceMigrator, TimeProvider time)
{
    private const string CountDelivering = "SELECT COUNT(*) FROM webhook_leases WHERE lease_owner <> '' AND lease_until >= @now";
    private const string CountImporting = "SELECT COUNT(*) FROM report_imports WHERE status = 'running' AND lease_until >= @now";

    /// <param name="target">A database with no data; its schema is brought up to date.</param>
    /// <param name="targetMigrator">The migrator of the target.</param>
    /// <param name="cancellation">Stops before the commit.</param>
    /// <exception cref="InvalidOperationException">
    /// The source is at work or of another release, the target has data, or what came to it is not the same: the first difference.
    /// </exception>
    public async Task<IReadOnlyList<CarriedTable>> RunAsync(Database target, Migrator targetMigrator, CancellationToken cancellation)
    {
        if ((await sourceMigrator.MigrateAsync(dryRun: true, cancellation)).FirstOrDefault(step => !step.Applied || step.IsNewer) is { } step)
        {
            throw new InvalidOperationException(
                step.IsNewer ? $"The source has {step.Script} of a later release, which is the one to move it." : $"The source lacks {step.Script}: migrate it first.");
        }

        await targetMigrator.MigrateAsync(dryRun: false, cancellation);
        return await source.ReadAsync(
            async from =>
            {
                if (await from.SingleAsync<int>(CountDelivering, new { now = time.Now() }) + await from.SingleAsync<int>(CountImporting, new { now = time.Now() }) > 0)
                {
                    throw new InvalidOperationException("A node is at work on the source: stop every one, then wait for two minutes.");
                }

                return await target.WriteAsync(async to => (await CarryAsync(from, to, target.Dialect, cancellation), true), cancellation, Pace.Bulk);
            },
            cancellation,
            Pace.Bulk);
    }

    private static async Task<IReadOnlyList<CarriedTable>> CarryAsync(DbSession from, DbSession to, Dialect dialect, CancellationToken cancellation)
    {
        foreach (var table in TableShape.All)
        {
            if (await to.Connection.ExecuteScalarAsync<long>(new CommandDefinition(table.Count, transaction: to.Transaction)) != table.Initial)
            {
                throw new InvalidOperationException($"The target has data: its table {table.Name} is not as the migration scripts leave it.");
            }
        }

        foreach (var table in TableShape.All.Reverse().Where(table => table.Initial > 0))
        {
            await to.Connection.ExecuteAsync(new CommandDefinition(table.Delete, transaction: to.Transaction));
        }

        var sent = new Dictionary<string, TableDigest>();
        foreach (var table in TableShape.All)
        {
            var digest = sent[table.Name] = new TableDigest();
            await dialect.InsertAllAsync(to.Connection, to.Transaction, table, RowsOf(from, table, digest), cancellation);
        }

        var carried = new List<CarriedTable>();
        foreach (var table in TableShape.All)
        {
            var digest = new TableDigest();
            foreach (var _ in RowsOf(to, table, digest))
            {
                cancellation.ThrowIfCancellationRequested();
            }

            carried.Add(new CarriedTable(table.Name, digest.Rows, digest.Hash));
            if (digest.Hash != sent[table.Name].Hash || digest.Rows != sent[table.Name].Rows)
            {
                throw new InvalidOperationException(DifferenceOf(table, from, to));
            }
        }

        return carried;
    }

    private static string DifferenceOf(TableShape table, DbSession from, DbSession to)
    {
        // Only here is a table's every row kept in mind, by its hash.
        var digest = new TableDigest();
        var known = RowsOf(from, table).Select(digest.Add).ToHashSet();
        if (RowsOf(to, table).FirstOrDefault(row => !known.Contains(digest.Add(row))) is { } strange)
        {
            var key = KeyOf(table, strange);
            var column = RowsOf(from, table).FirstOrDefault(row => KeyOf(table, row) == key)?.Zip(strange)
                .TakeWhile(pair => pair.First is byte[] bytes ? pair.Second is byte[] others && bytes.AsSpan().SequenceEqual(others) : Equals(pair.First, pair.Second))
                .Count();
            return column is { } place ? $"{table.Name} ({key}): {table.Columns[place]} is not the same." : $"{table.Name} ({key}): the source has no such row.";
        }

        known = RowsOf(to, table).Select(digest.Add).ToHashSet();
        return $"{table.Name} ({KeyOf(table, RowsOf(from, table).First(row => !known.Contains(digest.Add(row))))}): the target has no such row.";
    }

    private static string KeyOf(TableShape table, object?[] row) => string.Join(", ", table.Key.Select(place => $"{table.Columns[place]} {row[place]}"));

    /// <summary>A table row by row, as numbers, text and bytes, whichever engine keeps it.</summary>
    private static IEnumerable<object?[]> RowsOf(DbSession session, TableShape table, TableDigest? digest = null)
    {
        using var reader = session.Connection.ExecuteReader(new CommandDefinition(table.Select, transaction: session.Transaction, commandTimeout: 0));
        while (reader.Read())
        {
            var row = new object?[table.Columns.Count];
            for (var column = 0; column < row.Length; column++)
            {
                row[column] = ValueOf(reader, column, table);
            }

            digest?.Add(row);
            yield return row;
        }
    }

    private static object? ValueOf(IDataReader reader, int column, TableShape table) => reader.GetValue(column) switch
    {
        DBNull => null,
        int number => (long)number,
        bool flag => flag ? 1L : 0L,
        DateTime date when reader.GetDataTypeName(column) == "date" => ColumnTypes.ToSqlite(DateOnly.FromDateTime(date)),
        DateTime instant => ColumnTypes.ToSqlite(new DateTimeOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc))),
        var value and (long or string or byte[]) => value,
        var value => throw new InvalidOperationException($"{table.Name}.{table.Columns[column]} holds a {value.GetType().Name}, which no column should."),
    };
}
