using System.Text.RegularExpressions;
using Cchc.Api.Data;
using Dapper;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// No statement reads through all of a table that grows, save where it must: asked of the embedded engine, whose keys and indexes are
/// the same as SQL Server's.
/// </summary>
public sealed partial class IndexTests
{
    private static readonly HashSet<string> Growing =
    [
        "reports", "revisions", "report_values", "report_tasks", "report_evidence", "status_changes", "report_extensions", "district_approvals",
        "audit_log", "changes", "data_version_history", "idempotent_requests", "obstacles", "obstacle_events", "report_imports",
        "report_import_files", "report_import_remarks", "webhook_deliveries", "consolidated_results", "plan_editions",
    ];

    // The beginning of each statement that reads all, and why.
    private static readonly (string Begins, string Reason)[] ReadsAll =
    [
        ("SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM audit_log", "follows the chain from its beginning"),
        ("SELECT editions.plan_id AS PlanId, editions.changed_at AS ChangedAt", "a plan is changed a few times a year"),
        ("SELECT DISTINCT plan_id AS Id FROM plan_editions", "a plan is changed a few times a year"),
        ("SELECT COUNT(*) FROM report_imports WHERE status = 'running'", "once, before a transfer"),
    ];

    [Fact]
    public void Every_way_into_a_growing_table_has_an_index()
    {
        using var connection = SqliteTests.Migrated();
        var scans = SqlTexts.ForSqlite.Where(sql => !sql.StartsWith("/* sqlite */ CREATE", StringComparison.Ordinal))
            .SelectMany(sql => Scans(connection, sql).Select(table => $"{table}: {sql}")).ToList();
        Assert.DoesNotContain(scans, scan => !ReadsAll.Any(each => scan.Contains(": " + each.Begins, StringComparison.Ordinal)));
        Assert.All(ReadsAll, each => Assert.Contains(scans, scan => scan.Contains(": " + each.Begins, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_page_is_read_in_the_order_of_an_index()
    {
        using var connection = SqliteTests.Migrated();
        var pages = SqlUses.All.Where(use => use.Method == nameof(DbSession.PageAsync)).Select(use => use.Sql).Distinct().ToList();
        Assert.True(pages.Count >= 14, $"{pages.Count} pages");
        Assert.DoesNotContain(pages, sql => Sorts(connection, new SqliteDialect().Page(sql)));
    }

    [Theory]
    [InlineData("SELECT entry_id FROM audit_log WHERE actor = @actor ORDER BY occurred_at DESC")]
    [InlineData("SELECT code FROM reports JOIN units ON units.unit_id = reports.unit_id WHERE period_id = @periodId ORDER BY updated_at")]
    public void A_page_that_is_sorted_is_caught(string sql)
    {
        using var connection = SqliteTests.Migrated();
        Assert.True(Sorts(connection, new SqliteDialect().Page(sql)));
    }

    [Theory]
    [InlineData("SELECT status FROM reports WHERE version = @version")]
    [InlineData("SELECT units.code FROM units JOIN revisions AS said ON said.saved_by = units.code")]
    [InlineData("DELETE FROM changes WHERE status = @status")]
    [InlineData("UPDATE webhook_deliveries SET attempts = 0 WHERE subject = @subject")]
    public void A_scan_is_caught(string sql)
    {
        using var connection = SqliteTests.Migrated();
        Assert.NotEmpty(Scans(connection, sql));
    }

    // Whoever sorts first reads all that there is to sort.
    private static bool Sorts(Microsoft.Data.Sqlite.SqliteConnection connection, string sql) =>
        Plan(connection, sql).Any(step => step.Detail.StartsWith("USE TEMP B-TREE", StringComparison.Ordinal));

    private static IEnumerable<(long Id, long Parent, long Unused, string Detail)> Plan(
        Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        var parameters = new DynamicParameters();
        foreach (var name in Parameter().Matches(sql).Select(match => match.Value).Distinct())
        {
            parameters.Add(name, null);
        }

        return connection.Query<(long Id, long Parent, long Unused, string Detail)>("EXPLAIN QUERY PLAN " + sql, parameters);
    }

    private static List<string> Scans(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        var tables = Reference().Matches(sql).ToLookup(match => match.Groups["alias"].Success ? match.Groups["alias"].Value : match.Groups["table"].Value,
            match => match.Groups["table"].Value);
        return [.. Plan(connection, sql)
            .Where(step => !Filtered(connection, UsedIndex().Match(step.Detail).Value))
            .Select(step => Scan().Match(step.Detail).Value).SelectMany(name => tables[name]).Where(Growing.Contains).Distinct()];
    }

    // What waits or is over is all that such an index holds.
    private static bool Filtered(Microsoft.Data.Sqlite.SqliteConnection connection, string index) => connection.ExecuteScalar<bool>(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = @index AND sql LIKE '% WHERE %'", new { index });

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"(?<=^SCAN )\w+")]
    private static partial Regex Scan();

    [GeneratedRegex(@"(?<= USING (COVERING )?INDEX )\w+")]
    private static partial Regex UsedIndex();

    [GeneratedRegex(@"\b(FROM|JOIN|UPDATE|INTO)\s+(?<table>\w+)(\s+(AS\s+)?(?!(ON|WHERE|JOIN|LEFT|SET|ORDER|GROUP|AS)\b)(?<alias>\w+))?")]
    private static partial Regex Reference();
}
