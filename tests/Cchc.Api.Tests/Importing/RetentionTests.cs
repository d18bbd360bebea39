using System.Globalization;
using System.Net;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Importing;

/// <summary>Remarks and rejected rows: how much of them is kept, for how long, and that writing them keeps nobody waiting.</summary>
public sealed class RetentionTests
{
    private const string Heading = "unit,period,target,numerator,total,note\n";
    private const string Bad = Heading + "STP,2022-H1,II.3.a,120,200,\nSNV,2022-H1,II.3.a,-1,200,\n";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task They_are_purged_when_their_time_is_over(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine, settings: ("Imports:RetentionDays", "30"));
        using var client = await api.KeyAsync(Role.Administrator);
        var importer = api.Services.GetRequiredService<Importer>();
        var old = await (await client.ImportAsync(Bad, "?mode=partial")).JsonAsync();
        Assert.Equal((DateTimeOffset)old["finishedAt"]! + TimeSpan.FromDays(30), (DateTimeOffset)old["detailsUntil"]!);
        api.Time.Advance(TimeSpan.FromDays(29));
        var young = await (await client.ImportAsync(Bad, "?mode=partial")).JsonAsync();
        await importer.PurgeAsync(default);
        Assert.Equal((1, HttpStatusCode.OK), await KeptAsync(old));

        api.Time.Advance(TimeSpan.FromDays(2));
        await importer.PurgeAsync(default);
        Assert.Equal((0, HttpStatusCode.Gone), await KeptAsync(old));
        Assert.Equal((1, HttpStatusCode.OK), await KeptAsync(young));
        var after = await client.GetJsonAsync($"/v1/report-imports/{old["id"]}");
        Assert.Equal(old["result"]!.ToJsonString(), after["result"]!.ToJsonString());
        var rows = (await client.GetJsonAsync($"/v1/report-imports/{old["id"]}/rows"))["items"]!.AsArray();
        Assert.Equal(["created", "rejected"], rows.Select(row => (string?)row!["outcome"]));

        async Task<(int Remarks, HttpStatusCode File)> KeptAsync(System.Text.Json.Nodes.JsonNode import) =>
            ((await client.GetJsonAsync($"/v1/report-imports/{import["id"]}"))["remarks"]!.AsArray().Count,
            (await client.GetAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task They_are_purged_once_an_hour_and_kept_for_ninety_days_without_a_setting()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        var importer = api.Services.GetRequiredService<Importer>();
        var import = await (await client.ImportAsync(Bad, "?mode=partial")).JsonAsync();
        api.Time.Advance(TimeSpan.FromDays(89));
        await importer.PurgeIfDueAsync(default);
        Assert.Equal(0, await api.CountCommandsAsync(() => importer.PurgeIfDueAsync(default)));
        api.Time.Advance(TimeSpan.FromDays(2));
        await importer.PurgeIfDueAsync(default);
        Assert.Empty((await client.GetJsonAsync($"/v1/report-imports/{import["id"]}"))["remarks"]!.AsArray());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_purge_that_was_interrupted_goes_on_where_it_stopped(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        const int bad = ImportDetails.RemarksAtOnce + 500;
        var csv = Heading + string.Concat(Enumerable.Range(1, bad).Select(number => $"NOBODY{number},2022-H1,II.3.a,1,2,\n"));
        await client.ImportAsync(csv, "?mode=partial");
        var database = api.Services.GetRequiredService<Database>();
        await database.WriteAsync(
            async session => (await session.ExecuteAsync(
                "DELETE FROM report_import_remarks WHERE ordinal <= @last", new { last = ImportDetails.RemarksAtOnce }), true),
            default);
        Assert.Equal(500, await CountAsync());
        api.Time.Advance(TimeSpan.FromDays(91));
        await api.Services.GetRequiredService<Importer>().PurgeAsync(default);
        Assert.Equal(0, await CountAsync());

        Task<int> CountAsync() => database.ReadAsync(
            session => session.SingleAsync<int>("SELECT COUNT(*) FROM report_import_remarks"), default);
    }

    [Theory]
    [InlineData("?mode=partial", "completed")]
    [InlineData("", "rejected")]
    [InlineData("?mode=partial&dryRun=true", "completed")]
    public async Task Many_of_them_are_written_in_steps_before_the_import_ends(string query, string status)
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(dialect));
        using var client = await api.KeyAsync(Role.Administrator);
        dialect.Writes = new();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        const int bad = 4500;
        var csv = Bad + string.Concat(Enumerable.Range(1, bad - 1).Select(number => $"NOBODY{number},2022-H1,II.3.a,1,2,\n"));
        var answer = await (await client.ImportAsync(csv, query)).JsonAsync();
        var import = answer["import"] ?? answer;
        Assert.Equal((status, bad, 1), ((string?)import["status"], (int)import["result"]!["rows"]!["rejected"]!, (int)import["result"]!["rows"]!["created"]!));
        Assert.Equal(100, import["remarks"]!.AsArray().Count);

        var writes = dialect.Writes;
        Assert.Equal(bad, writes.Sum(Remarks));
        Assert.All(writes, write => Assert.InRange(Remarks(write), 0, ImportDetails.RemarksAtOnce));
        Assert.Equal(0, Remarks(writes.Single(write => write.Any(sql => sql.Contains("finished_at = ", StringComparison.Ordinal)))));

        var codes = new List<string?>();
        string? next = null;
        do
        {
            var page = await client.GetJsonAsync($"/v1/report-imports/{import["id"]}/rows?outcome=rejected&limit=1000{(next is null ? "" : $"&cursor={next}")}");
            codes.AddRange(page["items"]!.AsArray().Select(row => (string?)row!["remarks"]!.AsArray().Single()!["code"]));
            next = (string?)page["nextCursor"];
        }
        while (next is not null);
        Assert.Equal(["value.outOfRange", .. Enumerable.Repeat("unit.unknown", bad - 1)], codes);
        var file = await client.GetStringAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
        Assert.Equal(1 + bad, file.Count(c => c == '\n'));

        static int Remarks(IReadOnlyList<string> write) => write.Count(sql => sql.Contains("INSERT INTO report_import_remarks", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_another_write_changed_meanwhile_is_what_the_remarks_say()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(dialect));
        using var client = await api.KeyAsync(Role.Administrator);
        await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        var csv = Bad + string.Concat(Enumerable.Range(1, 2000).Select(number => $"NOBODY{number},2022-H1,II.3.a,1,2,\n"));

        // The report is submitted after the import was compared with it and before it goes in.
        var commits = 0;
        dialect.Commits.Enqueue(Commit);
        var import = await (await client.ImportAsync(csv, "?mode=partial")).JsonAsync();
        Assert.Equal(2, commits);
        Assert.Equal((0, 2002), ((int)import["result"]!["rows"]!["created"]! + (int)import["result"]!["rows"]!["updated"]!, (int)import["result"]!["rows"]!["rejected"]!));
        var row = (await client.GetJsonAsync($"/v1/report-imports/{import["id"]}/rows?limit=1"))["items"]![0]!;
        Assert.Equal("report.state", (string?)row["remarks"]!.AsArray().Single()!["code"]);
        var file = await client.GetStringAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
        Assert.Equal(2003, file.Count(c => c == '\n'));

        // The first commit notes the import, the second is the first of the remarks.
        async Task Commit(System.Data.Common.DbTransaction transaction)
        {
            await transaction.CommitAsync();
            if (++commits == 1)
            {
                dialect.Commits.Enqueue(Commit);
                return;
            }

            await using var connection = new Microsoft.Data.Sqlite.SqliteConnection(api.ConnectionString);
            await Dapper.SqlMapper.ExecuteAsync(connection, "UPDATE reports SET status = 'submitted'");
        }
    }

    [Fact]
    public async Task The_file_of_rejected_rows_has_a_largest_size_and_the_rest_is_counted()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        const int bad = 2200;
        var csv = new StringBuilder(Heading);
        for (var number = 0; number < bad; number++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"STP,2022-H1,II.3.a,1,2,{new string('x', 32_000)}\n");
        }

        var import = (await (await client.ImportAsync(csv.ToString())).JsonAsync())["import"]!;
        var leftOff = (int)import["result"]!["rejectedLeftOff"]!;
        Assert.InRange(leftOff, 1, bad - 1);
        var file = await client.GetByteArrayAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
        Assert.InRange(file.Length, RejectedRows.Largest, RejectedRows.Largest + (1024 * 1024));
        Assert.Equal(1 + bad - leftOff, file.Count(c => c == '\n'));
    }
}
