using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Dapper;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Data;

/// <summary>Moving house, by the command line: what is served afterwards is the same to the byte.</summary>
public sealed class TransferTests : IDisposable
{
    private static readonly string[] Exports =
    [
        "/v1/plans", "/v1/units?limit=1000", "/v1/units/D474", "/v1/changes", "/v1/audit?limit=1000", "/v1/api-keys", "/v1/webhooks", "/v1/catalog",
        .. new[]
        {
            "", "/definition", "/targets", "/tasks", "/periods", "/reports?limit=1000", "/report-imports", "/compliance?period=2022-H1&limit=1000",
            "/reports/2022-H1/STP", "/reports/2022-H1/STP/revisions", "/reports/2022-H1/STP/revisions/1", "/obstacles", "/obstacles/1",
            "/completion", "/completion?period=2022-H1&lens=provisional", "/completion/units?period=2022-H1&limit=1000", "/completion/targets/II.3.a",
            "/completion/series", "/completion/rows?limit=1000", "/completion/rows?format=csv", "/periods/2022-Q1/results",
            "/periods/2022-Q1/results/1", "/report-template?period=2022-H1&under=D474",
        }.Select(path => HttpExtensions.Plan + path),
        "/v1/plans/cchc-2023/definition",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-transfer-").FullName;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_served_after_the_move_is_what_was_served_before()
    {
        await using var before = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await FullOffice.FillAsync(before);
        var (exitCode, output, errors) = await MoveAsync("Sqlite", before.ConnectionString, "Sqlite", File("new.db"));
        Assert.True(exitCode == 0, errors);
        var tables = output.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')).ToDictionary(line => line[0], line => (Rows: long.Parse(line[1], CultureInfo.InvariantCulture), Hash: line[2]));
        Assert.Equal(TableShape.All.Select(table => table.Name), tables.Keys);
        Assert.Empty(tables.Where(table => table.Value.Rows == 0).Select(table => table.Key));
        Assert.Equal(HashOfOneRow(1, tables["changes"].Rows), tables["change_heads"].Hash);
        await using var after = ApiHost.Join(before, connectionString: File("new.db"));
        await CompareAsync(before, after, administrator);
        Assert.Equal(await VerifyAsync(before.ConnectionString), await VerifyAsync(File("new.db")));

        // The next number follows the last one.
        await using var connection = new SqliteConnection(File("new.db"));
        Assert.Equal(13, await connection.ExecuteScalarAsync<long>(
            "INSERT INTO audit_entries (occurred_at, actor, action, subject) VALUES ('2022-02-01T00:00:00.000Z', 'x', 'x', 'x') RETURNING audit_id"));
    }

    [Fact]
    public async Task A_transfer_that_fails_leaves_nothing_and_one_without_room_or_rest_does_not_begin()
    {
        await using var before = await ApiHost.StartAsync(Engine.Sqlite);
        (await FullOffice.FillAsync(before)).Dispose();
        await RunAsync("Sqlite", File("new.db"), [], "migrate");
        await FailsAsync("no room", "CREATE TRIGGER fault BEFORE INSERT ON webhook_deliveries BEGIN SELECT RAISE(ABORT, 'no room'); END");
        await FailsAsync(
            "report_evidence (period_id 2, unit_id ", "CREATE TRIGGER fault AFTER INSERT ON report_evidence BEGIN UPDATE report_evidence SET title = title || '.'; END");
        await FailsAsync(
            "the target has no such row", "CREATE TRIGGER fault AFTER INSERT ON task_levels WHEN new.level = 'commune' BEGIN DELETE FROM task_levels WHERE level = 'commune'; END");
        await using var source = new SqliteConnection(before.ConnectionString);
        await source.ExecuteAsync("UPDATE webhook_leases SET lease_until = '2999-01-01T00:00:00.000Z'");
        await FailsAsync("A node is at work", "SELECT 1");
        await source.ExecuteAsync("UPDATE webhook_leases SET lease_until = '2022-01-01T00:00:00.000Z'");
        var (exitCode, _, errors) = await MoveAsync("Sqlite", before.ConnectionString, "Sqlite", File("new.db"));
        Assert.True(exitCode == 0, errors);
        (exitCode, _, errors) = await MoveAsync("Sqlite", before.ConnectionString, "Sqlite", File("new.db"));
        Assert.Equal(1, exitCode);
        Assert.Contains("The target has data", errors, StringComparison.Ordinal);
        (exitCode, _, errors) = await MoveAsync("Sqlite", File("none.db"), "Sqlite", File("other.db"));
        Assert.Equal(1, exitCode);
        Assert.Contains("migrate it first", errors, StringComparison.Ordinal);
        (exitCode, _, errors) = await MoveAsync("Sqlite", before.ConnectionString, "Sqlite", "nonsense");
        Assert.Equal(1, exitCode);
        Assert.StartsWith("The target's connection string cannot be read", errors, StringComparison.Ordinal);

        async Task FailsAsync(string error, string trigger)
        {
            await using var target = new SqliteConnection(File("new.db"));
            await target.ExecuteAsync(trigger);
            var (exitCode, output, errors) = await MoveAsync("Sqlite", before.ConnectionString, "Sqlite", File("new.db"));
            Assert.Equal((1, ""), (exitCode, output));
            Assert.Contains(error, errors, StringComparison.Ordinal);
            await target.ExecuteAsync("DROP TRIGGER IF EXISTS fault");
            Assert.All(TableShape.All, table => Assert.Equal(table.Initial, target.ExecuteScalar<long>(table.Count)));
        }
    }

    [SkippableFact]
    public async Task There_and_back_over_SQL_Server_is_the_same()
    {
        await using var server = await ApiHost.StartAsync(Engine.SqlServer);
        await using var before = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await FullOffice.FillAsync(before);
        await EmptyAsync();
        try
        {
            var there = await MoveAsync("Sqlite", before.ConnectionString, "SqlServer", Engines.SqlServer!);
            Assert.True(there.ExitCode == 0, there.Errors);
            await using (var between = ApiHost.Join(before, Engine.SqlServer, Engines.SqlServer))
            {
                await CompareAsync(before, between, administrator);
            }

            var back = await MoveAsync("SqlServer", Engines.SqlServer!, "Sqlite", File("new.db"));
            Assert.True(back.ExitCode == 0, back.Errors);
            Assert.Equal(there.Output, back.Output);
            await using var after = ApiHost.Join(before, connectionString: File("new.db"));
            await CompareAsync(before, after, administrator);
            Assert.Equal(await VerifyAsync(before.ConnectionString), await VerifyAsync(File("new.db")));
            await using var connection = new SqlConnection(Engines.SqlServer);

            // Rows that were deleted before keep their numbers to themselves.
            Assert.InRange(
                await connection.ExecuteScalarAsync<long>(
                    "INSERT INTO audit_entries (occurred_at, actor, action, subject) OUTPUT inserted.audit_id VALUES ('2022-02-01', 'x', 'x', 'x')"),
                13,
                long.MaxValue);
        }
        finally
        {
            await EmptyAsync();
        }
    }

    private static async Task CompareAsync(ApiHost before, ApiHost after, HttpClient administrator)
    {
        using var moved = after.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        foreach (var path in Exports)
        {
            var (left, right) = (await administrator.GetAsync(new Uri(path, UriKind.Relative)), await moved.GetAsync(new Uri(path, UriKind.Relative)));
            Assert.True(left.IsSuccessStatusCode, $"{path}: {await left.Content.ReadAsStringAsync()}");
            Assert.Equal($"{path} {left.StatusCode} {left.Headers.ETag}", $"{path} {right.StatusCode} {right.Headers.ETag}");
            Assert.Equal(await left.Content.ReadAsByteArrayAsync(), await right.Content.ReadAsByteArrayAsync());
        }
    }

    // As TableDigest describes it, for one row of numbers alone.
    private static string HashOfOneRow(params long[] values)
    {
        var bytes = new byte[values.Length * 9];
        for (var index = 0; index < values.Length; index++)
        {
            bytes[index * 9] = 1;
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan((index * 9) + 1), values[index]);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    private static async Task EmptyAsync()
    {
        await using var connection = new SqlConnection(Engines.SqlServer);
        foreach (var table in TableShape.All.Reverse())
        {
            await connection.ExecuteAsync(table.Delete);
        }

        await connection.ExecuteAsync("INSERT INTO change_heads (head_id, sequence) VALUES (1, 0)");
    }

    private string File(string name) => $"Data Source={Path.Combine(_folder, name)}";

    private async Task<string> VerifyAsync(string connectionString) => (await RunAsync("Sqlite", connectionString, [], "audit", "verify")).Output;

    private Task<(int ExitCode, string Output, string Errors)> MoveAsync(string from, string fromString, string to, string toString) =>
        RunAsync(from, fromString, [("Transfer__ConnectionString", toString)], "transfer", "--to-provider", to);

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string provider, string connectionString, IReadOnlyList<(string Name, string Value)> settings, params string[] arguments) =>
        await ProgramRun.RunAsync(
            _folder, [("Database__Provider", provider), ("Database__ConnectionString", connectionString), .. settings], arguments);
}
