using System.Data;
using System.Data.Common;
using System.Globalization;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Data;

/// <summary>
/// Fills a table of SQL Server with whole rows, many to a statement, each parameter typed as its column. Rows of all tables come so, for
/// which there are no table types; the driver's bulk copy asks the server for more than every server of this protocol answers.
/// </summary>
internal sealed class SqlServerFilling(SqlConnection connection, SqlTransaction transaction, TableShape table)
{
    // Of text and bytes, in one statement: a document alone may have as much.
    private const long MostLength = 4 * 1024 * 1024;

    public async Task RunAsync(IEnumerable<object?[]> rows, CancellationToken cancellation)
    {
        if (table.IsNumbered)
        {
            await ExecuteAsync(table.NumbersGiven, cancellation);
        }

        var columns = await ColumnsAsync(cancellation);
        var waiting = new List<object?[]>();
        var length = 0L;
        SqlCommand? command = null;
        foreach (var row in rows)
        {
            waiting.Add(row);
            length += row.Sum(value => value is string text ? text.Length : value is byte[] bytes ? bytes.Length : 0);
            if (waiting.Count == table.RowsAtOnce || length > MostLength)
            {
                command = await InsertAsync(command, columns, waiting, cancellation);
                waiting.Clear();
                length = 0;
            }
        }

        if (waiting.Count > 0)
        {
            command = await InsertAsync(command, columns, waiting, cancellation);
        }

        command?.Dispose();
        if (table.IsNumbered)
        {
            await ExecuteAsync(table.NumbersMade, cancellation);
        }
    }

    // A full statement's command serves again for the next one.
    private async Task<SqlCommand> InsertAsync(
        SqlCommand? before, IReadOnlyList<DbColumn> columns, List<object?[]> rows, CancellationToken cancellation)
    {
        var command = before;
        if (command?.Parameters.Count != rows.Count * columns.Count)
        {
            command?.Dispose();
            command = Command(table.InsertMany(rows.Count));
            command.Parameters.AddRange([.. Enumerable.Range(0, rows.Count * columns.Count).Select(index => Parameter(index, columns[index % columns.Count]))]);
        }

        for (var index = 0; index < command.Parameters.Count; index++)
        {
            command.Parameters[index].Value = ValueOf(rows[index / columns.Count][index % columns.Count], columns[index % columns.Count]);
        }

        await command.ExecuteNonQueryAsync(cancellation);
        return command;
    }

    private async Task<IReadOnlyList<DbColumn>> ColumnsAsync(CancellationToken cancellation)
    {
        await using var command = Command(table.SelectNone);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.GetColumnSchemaAsync(cancellation);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = Command(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private SqlCommand Command(string sql)
    {
#pragma warning disable CA2100 // a table's statements are made of names in the scripts
        return new SqlCommand(sql, connection, transaction) { CommandTimeout = 300 };
#pragma warning restore CA2100
    }

    private static SqlParameter Parameter(int index, DbColumn column)
    {
        var type = Enum.Parse<SqlDbType>(column.DataTypeName!, ignoreCase: true);
        var parameter = new SqlParameter($"@p{index}", type);
        if (type is SqlDbType.NVarChar or SqlDbType.VarBinary)
        {
            parameter.Size = LengthOf(column) ?? -1;
        }
        else if (type == SqlDbType.DateTime2)
        {
            parameter.Scale = 3;
        }

        return parameter;
    }

    // A parameter of a set size would cut what is longer without a word.
    private object ValueOf(object? value, DbColumn column) => (value, column.DataTypeName) switch
    {
        (null, _) => DBNull.Value,
        (long number, "bit") => number != 0,
        (string text, "date") => InstantOf(text, "yyyy-MM-dd", column),
        (string text, "datetime2") => InstantOf(text, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", column),
        (string text, _) when LengthOf(column) is { } most && text.Length > most => throw new InvalidOperationException(
            $"{table.Name}.{column.ColumnName} has text of {text.Length} characters; the target takes {most}."),
        _ => value,
    };

    private DateTime InstantOf(string text, string format, DbColumn column) => DateTime.TryParseExact(
        text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
        ? instant : throw new InvalidOperationException($"{table.Name}.{column.ColumnName} has '{text}', which the target cannot keep as {column.DataTypeName}.");

    private static int? LengthOf(DbColumn column) => column.ColumnSize is null or <= 0 or > 4000 ? null : column.ColumnSize;
}
