using System.Data;
using System.Diagnostics.CodeAnalysis;

namespace Cchc.Api.Data;

/// <summary>A column of rows on their way in. Length counts characters; -1 is without bound.</summary>
public sealed record RowColumn(string Name, SqlDbType Type, long? Length = null);

/// <summary>A shape of rows: on SQL Server a table type of that name.</summary>
public sealed record RowType(string Name, params IReadOnlyList<RowColumn> Columns);

/// <summary>
/// A statement that is run for many rows, in the two forms that are fast: with one parameter a column for SQLite, and over the table
/// parameter named as its type for SQL Server.
/// </summary>
public sealed class BulkStatement(RowType rows, [ConstantExpected] string perRow, [ConstantExpected] string setBased)
{
    public RowType Rows { get; } = rows;
    public string PerRow { get; } = perRow;
    public string SetBased { get; } = setBased;
}
