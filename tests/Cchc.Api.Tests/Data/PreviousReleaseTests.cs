using System.Globalization;
using System.Text.RegularExpressions;
using Cchc.Api.Tests.Contract;
using Dapper;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// The release before this one goes on working, and may start anew, on the schema of this one: scripts only add, and what one takes away,
/// the release before does not use. <c>previous-release.sql</c> holds all that it says to the database.
/// </summary>
public sealed partial class PreviousReleaseTests
{
    // Scripts up to here landed before there was a release that could lag behind them.
    private const int Baseline = 8;

    private static readonly string File = Path.Combine(ContractTests.Root(), "tests", "Cchc.Api.Tests", "Data", "previous-release.sql");
    private static readonly string[] Engines = ["sqlite", "sqlserver"];

    [Fact]
    public void Every_statement_of_the_release_before_runs_on_the_schema_of_this_one()
    {
        if (Environment.GetEnvironmentVariable("CCHC_UPDATE_RELEASE") == "1")
        {
            System.IO.File.WriteAllText(
                File, $"-- A release that ends at {SqlTexts.ScriptNames("sqlite")[^1]}, as CCHC_UPDATE_RELEASE=1 wrote it down.\n"
                + string.Concat(SqlTexts.All.Order(StringComparer.Ordinal).Select(sql => $"GO\n{sql.ReplaceLineEndings("\n")}\n")));
        }

        var statements = Statements();
        Assert.True(statements.Count > 100);
        using var connection = SqliteTests.Migrated();
        Assert.All(statements.Where(SqlTexts.IsForSqlite), sql => SqliteTests.Explain(connection, sql));

        // Those that are of this release too are checked with it.
        Assert.Empty(TransactSqlTests.Problems(statements.Except(SqlTexts.All).Where(SqlTexts.IsForSqlServer)));
    }

    [Fact]
    public void Every_insert_names_its_columns_and_leaves_out_none_that_is_needed()
    {
        using var connection = SqliteTests.Migrated();
        var inserts = SqlTexts.All.Union(Statements()).SelectMany(sql => Insert().Matches(sql)).ToList();
        Assert.True(inserts.Count > 40);
        Assert.All(inserts, insert =>
        {
            var needed = connection.Query<string>(
                "SELECT name FROM pragma_table_info(@table) WHERE \"notnull\" = 1 AND dflt_value IS NULL", new { table = insert.Groups["table"].Value });
            Assert.NotEmpty(needed);
            Assert.Empty(needed.Except(insert.Groups["columns"].Value.Split(',').Select(column => column.Trim())));
        });
    }

    [Fact]
    public void A_script_only_adds_or_says_by_its_name_what_the_release_before_knows_already()
    {
        Assert.Equal(SqlTexts.ScriptNames("sqlite"), SqlTexts.ScriptNames("sqlserver"));
        var last = int.Parse(LastScript().Match(System.IO.File.ReadLines(File).First()).ValueSpan, CultureInfo.InvariantCulture);
        foreach (var engine in Engines)
        {
            foreach (var (name, script) in SqlTexts.ScriptNames(engine).Zip(SqlTexts.Scripts(engine)).Where(each => Number(each.First) > Baseline))
            {
                var needs = Needs().Match(name);
                Assert.True(needs.Success || SchemaChanges.TakenAway(engine, script).Count == 0, $"{engine}/{name} takes something away and does not say so.");
                Assert.True(!needs.Success || int.Parse(needs.ValueSpan, CultureInfo.InvariantCulture) <= last, $"{engine}/{name} leaves the release before behind.");
            }
        }
    }

    [Theory]
    [InlineData("CREATE TABLE colours (code int NOT NULL)")]
    [InlineData("CREATE TABLE colours (code int NOT NULL); CREATE UNIQUE INDEX uq_colours ON colours (code)")]
    [InlineData("ALTER TABLE plans ADD colour int NULL")]
    [InlineData("ALTER TABLE plans ADD colour int NOT NULL DEFAULT 0")]
    [InlineData("CREATE INDEX ix_plans_year ON plans (year)")]
    [InlineData("UPDATE plans SET year = year")]
    [InlineData("INSERT INTO change_heads (head_id, sequence) VALUES (1, 0)")]
    public void What_only_adds_is_told(string script) => Assert.All(Engines, engine => Assert.Empty(SchemaChanges.TakenAway(engine, script)));

    [Theory]
    [InlineData("DROP TABLE plans")]
    [InlineData("DELETE FROM plans")]
    [InlineData("ALTER TABLE plans DROP COLUMN year")]
    [InlineData("ALTER TABLE plans ADD colour int NOT NULL")]
    [InlineData("ALTER TABLE plans ADD colour int NULL UNIQUE")]
    [InlineData("ALTER TABLE plans ADD CONSTRAINT ck_plans_year CHECK (year > 2000)")]
    [InlineData("CREATE UNIQUE INDEX uq_plans_year ON plans (year)")]
    [InlineData("CREATE TRIGGER tr_plans ON plans AFTER INSERT AS DELETE FROM plans")]
    public void What_takes_away_is_told(string script) => Assert.All(Engines, engine => Assert.NotEmpty(SchemaChanges.TakenAway(engine, script)));

    [Theory]
    [InlineData("sqlserver", "ALTER TABLE plans ALTER COLUMN number nvarchar(70) NOT NULL")]
    [InlineData("sqlserver", "EXEC sp_rename 'plans.year', 'of_year', 'COLUMN'")]
    [InlineData("sqlserver", "DROP TYPE report_rows")]
    [InlineData("sqlite", "ALTER TABLE plans RENAME COLUMN year TO of_year")]
    [InlineData("sqlite", "ALTER TABLE plans RENAME TO old_plans")]
    public void What_one_engine_calls_by_a_name_of_its_own_is_told(string engine, string script) =>
        Assert.NotEmpty(SchemaChanges.TakenAway(engine, script));

    private static List<string> Statements() =>
        [.. System.IO.File.ReadAllText(File).ReplaceLineEndings("\n").Split("\nGO\n").Skip(1).Select(sql => sql.TrimEnd('\n'))];

    private static int Number(string script) => int.Parse(script.AsSpan(0, 4), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"INSERT INTO (?<table>\w+)\s*(\((?<columns>[^)]*)\))?")]
    private static partial Regex Insert();

    [GeneratedRegex(@"(?<= ends at )\d{4}")]
    private static partial Regex LastScript();

    [GeneratedRegex(@"(?<=^\d{4}_needs_)\d{4}(?=_)")]
    private static partial Regex Needs();
}
