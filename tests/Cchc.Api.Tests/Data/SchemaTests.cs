using System.Text.RegularExpressions;
using Dapper;
using Microsoft.SqlServer.Dac.Model;

namespace Cchc.Api.Tests.Data;

/// <summary>The schema is written twice; what is written must be the same.</summary>
public sealed partial class SchemaTests
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["int"] = "INTEGER",
        ["bigint"] = "INTEGER",
        ["bit"] = "INTEGER",
        ["nvarchar"] = "TEXT",
        ["date"] = "TEXT",
        ["datetime2"] = "TEXT",
        ["varbinary"] = "BLOB",
    };

    [Fact]
    public void Both_engines_have_the_same_tables_and_columns()
    {
        using var model = TransactSqlTests.Model();
        using var connection = SqliteTests.Migrated();
        var sqlServer = model.GetObjects(DacQueryScopes.UserDefined, Table.TypeClass)
            .SelectMany(table => table.GetReferenced(Table.Columns).Select(column =>
                $"{table.Name.Parts[^1]}.{column.Name.Parts[^1]} "
                + $"{Types[column.GetReferenced(Column.DataType).Single().Name.Parts[^1]]} {(column.GetProperty<bool>(Column.Nullable) ? "NULL" : "NOT NULL")}"));
        var sqlite = connection.Query<(string Table, string Column, string Type, long NotNull)>(
            """
            SELECT tables.name, columns.name, columns.type, columns."notnull"
            FROM sqlite_master tables JOIN pragma_table_info(tables.name) columns
            WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' ORDER BY tables.name, columns.cid
            """).Select(row => $"{row.Table}.{row.Column} {row.Type} {(row.NotNull == 1 ? "NOT NULL" : "NULL")}");
        Assert.Equal(sqlServer.Order(StringComparer.Ordinal), sqlite.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Both_engines_have_the_same_constraints_and_indexes()
    {
        var sqlServer = SqlTexts.Scripts("sqlserver").SelectMany(Constraints).Order(StringComparer.Ordinal);
        var sqlite = SqlTexts.Scripts("sqlite").SelectMany(Constraints).Order(StringComparer.Ordinal);
        Assert.NotEmpty(sqlite);
        Assert.Equal(sqlServer, sqlite);
    }

    // A name with the words that follow it up to the end of the line: keys, references and conditions alike.
    private static IEnumerable<string> Constraints(string script) => Constraint().Matches(script)
        .Select(match => match.Value.Replace(" AUTOINCREMENT", "", StringComparison.Ordinal).TrimEnd(',', ';'));

    [GeneratedRegex(@"(CONSTRAINT|CREATE( UNIQUE)? INDEX) .*")]
    private static partial Regex Constraint();
}
