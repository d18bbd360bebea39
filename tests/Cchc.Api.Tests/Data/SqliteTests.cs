using System.Text.RegularExpressions;
using Cchc.Api.Data;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Data;

public sealed partial class SqliteTests
{
    [Fact]
    public void Every_statement_prepares_on_the_migrated_schema()
    {
        using var connection = Migrated();
        Assert.All(SqlTexts.ForSqlite, sql => Explain(connection, sql));
        Assert.All(
            TableShape.All.SelectMany(table => new[] { table.Select, table.Count, table.Delete, table.Insert }), sql => Explain(connection, sql));
    }

    [Fact]
    public void A_statement_that_does_not_fit_is_caught()
    {
        using var connection = Migrated();
        Assert.Throws<SqliteException>(() => Explain(connection, "SELECT colour FROM plans"));
    }

    /// <summary>Prepares a statement, save one that makes the journal, which is there already.</summary>
    internal static void Explain(SqliteConnection connection, string sql)
    {
        if (!sql.StartsWith("/* sqlite */ CREATE", StringComparison.Ordinal))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "EXPLAIN " + sql;
            foreach (var name in Parameter().Matches(sql).Select(match => match.Value).Distinct())
            {
                command.Parameters.AddWithValue(name, DBNull.Value);
            }

            command.ExecuteNonQuery();
        }
    }

    internal static SqliteConnection Migrated()
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        foreach (var sql in SqlTexts.Scripts("sqlite").Concat(SqlTexts.ForSqlite.Where(sql => sql.StartsWith("/* sqlite */ CREATE", StringComparison.Ordinal))))
        {
            connection.Execute(sql);
        }

        return connection;
    }

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameter();
}
