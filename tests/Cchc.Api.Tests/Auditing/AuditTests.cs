using System.Net;
using Cchc.Api.Auditing;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Auditing;

public sealed class AuditTests
{
    private static readonly string[] Columns =
        ["entry_id", "occurred_at", "actor", "address", "action", "subject", "state_before", "state_after", "hash"];

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_write_and_every_refusal_for_rights_is_told(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var administrator = await api.KeyAsync(Role.Administrator);
        await reporter.PutReportAsync("STP", """{"values":[{"target":"II.3.a","numerator":30,"total":100,"note":"Bà Nguyễn Thị A"}],"narrative":"Ông B"}""");
        await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 31, 100), ifMatch: "*");
        await reporter.ActAsync("STP", "submit");
        Assert.Equal(HttpStatusCode.Forbidden, (await reporter.ActAsync("STP", "approve")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reporter.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.Anonymous.PutReportAsync("STP", "{}")).StatusCode);

        var entries = (await administrator.GetJsonAsync("/v1/audit"))["items"]!.AsArray();
        Assert.Equal(
            ["request.refused", "request.refused", "report.submit", "report.put", "report.put", "key.create", "key.create"],
            entries.Select(entry => (string)entry!["action"]!));
        Assert.Equal(entries.Count, (int)entries[0]!["number"]!);
        Assert.Equal($"POST {HttpExtensions.Plan}/reports/2022-H1/STP/approve", (string?)entries[1]!["subject"]);
        Assert.Equal("auth.forbidden", (string?)entries[1]!["after"]!["code"]);
        Assert.Equal("2022-06-18T09:00:00.000+07:00", (string?)entries[2]!["at"]);
        Assert.StartsWith("key:", (string?)entries[2]!["actor"]);
        Assert.Equal(30, (int)entries[3]!["before"]!["content"]!["values"]![0]!["numerator"]!);
        Assert.Equal(31, (int)entries[3]!["after"]!["content"]!["values"]![0]!["numerator"]!);
        var text = entries.ToJsonString();
        Assert.DoesNotContain("Nguy", text, StringComparison.Ordinal);
        Assert.DoesNotContain("cchc_", text, StringComparison.Ordinal);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_trail_is_paged_and_filtered(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        for (var round = 0; round < 5; round++)
        {
            api.Time.Advance(TimeSpan.FromMinutes(1));
            await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", round, 100), ifMatch: round == 0 ? null : "*");
        }

        var first = await administrator.GetJsonAsync("/v1/audit?action=report.put&limit=3");
        var second = await administrator.GetJsonAsync($"/v1/audit?action=report.put&limit=3&cursor={first["nextCursor"]}");
        Assert.Equal([6, 5, 4, 3, 2], first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(entry => (int)entry!["number"]!));
        Assert.Null(second["nextCursor"]);
        Assert.Equal(2, (await administrator.GetJsonAsync(
            "/v1/audit?from=2022-06-18T09:02:00%2B07:00&to=2022-06-18T09:03:00%2B07:00&subject=cchc-2022/2022-H1/STP"))["items"]!.AsArray().Count);
        Assert.Empty((await administrator.GetJsonAsync("/v1/audit?actor=nobody"))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.BadRequest, (await administrator.GetAsync(new Uri("/v1/audit?cursor=OTk5", UriKind.Relative))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Filters_let_through_what_they_say_in_pages_of_any_size(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        for (var round = 0; round < 4; round++)
        {
            api.Time.Advance(TimeSpan.FromMinutes(1));
            await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", round, 100), ifMatch: round == 0 ? null : "*");
            await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", round, 100), ifMatch: round == 0 ? null : "*");
            await reporter.ActAsync("STP", round % 2 == 0 ? "submit" : "withdraw");
        }

        var whole = (await administrator.GetJsonAsync("/v1/audit?limit=1000"))["items"]!.AsArray().Select(entry => entry!).ToList();
        var actor = (string)whole.First(entry => (string)entry["action"]! == "report.submit")["actor"]!;
        const string from = "2022-06-18T09:02:00+07:00", to = "2022-06-18T09:03:00+07:00";
        foreach (var (query, expected) in new (string, Func<System.Text.Json.Nodes.JsonNode, bool>)[]
        {
            ("", _ => true),
            ("&action=report.put", entry => (string)entry["action"]! == "report.put"),
            ($"&actor={actor}", entry => (string)entry["actor"]! == actor),
            ($"&actor={actor}&action=report.put", entry => (string)entry["actor"]! == actor && (string)entry["action"]! == "report.put"),
            ("&subject=cchc-2022/2022-H1/SNV&action=report.put", entry =>
                (string)entry["subject"]! == "cchc-2022/2022-H1/SNV" && (string)entry["action"]! == "report.put"),
            ($"&subject=cchc-2022/2022-H1/SNV&actor={actor}", _ => false),
            ($"&from={Uri.EscapeDataString(from)}", entry => At(entry) >= DateTimeOffset.Parse(from, null)),
            ($"&to={Uri.EscapeDataString(to)}", entry => At(entry) <= DateTimeOffset.Parse(to, null)),
            ($"&from={Uri.EscapeDataString(from)}&to={Uri.EscapeDataString(to)}&action=report.put",
                entry => At(entry) >= DateTimeOffset.Parse(from, null) && At(entry) <= DateTimeOffset.Parse(to, null)
                    && (string)entry["action"]! == "report.put"),
            ($"&to={Uri.EscapeDataString("2021-01-01T00:00:00+07:00")}", _ => false),
            ($"&from={Uri.EscapeDataString("2031-01-01T00:00:00+07:00")}", _ => false),
        })
        {
            foreach (var limit in new[] { 1, 2, 1000 })
            {
                var (seen, cursor) = (new List<int>(), "");
                do
                {
                    var page = await administrator.GetJsonAsync($"/v1/audit?limit={limit}{query}{cursor}");
                    seen.AddRange(page["items"]!.AsArray().Select(entry => (int)entry!["number"]!));
                    cursor = page["nextCursor"] is { } next ? $"&cursor={next}" : "";
                }
                while (cursor.Length > 0);
                Assert.Equal(whole.Where(expected).Select(entry => (int)entry["number"]!), seen);
            }
        }

        static DateTimeOffset At(System.Text.Json.Nodes.JsonNode entry) => DateTimeOffset.Parse((string)entry["at"]!, null);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Refused_reads_of_a_caller_are_told_once_a_minute_and_refused_writes_each(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "SNV");
        using var unknown = api.Holding("cchc_" + new string('0', 64));
        string[] paths = ["/v1/audit", "/v1/api-keys", "/v1/webhooks", $"{HttpExtensions.Plan}/reports/2022-H1/SNV"];
        for (var round = 0; round < 5; round++)
        {
            foreach (var path in paths)
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await reporter.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
            }

            Assert.Equal(HttpStatusCode.Forbidden, (await reporter.ActAsync("STP", "approve")).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await unknown.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
        const string approve = $"POST {HttpExtensions.Plan}/reports/2022-H1/STP/approve ";
        Assert.Equal(
            ["GET /v1/audit ", approve, approve, approve, approve, "GET /v1/audit ", approve, "GET /v1/audit "],
            await RefusalsAsync());

        // Who goes on is told again, with how often in between.
        api.Time.Advance(TimeSpan.FromMinutes(1));
        await reporter.GetAsync(new Uri("/v1/webhooks", UriKind.Relative));
        await reporter.GetAsync(new Uri("/v1/webhooks", UriKind.Relative));
        Assert.Equal("GET /v1/webhooks 19", (await RefusalsAsync())[0]);
        Assert.Equal(9, (await RefusalsAsync()).Count);

        async Task<IReadOnlyList<string>> RefusalsAsync() =>
            [.. (await administrator.GetJsonAsync("/v1/audit?action=request.refused"))["items"]!.AsArray()
                .Select(entry => $"{entry!["subject"]} {entry["after"]!["repeated"]}")];
    }

    [Fact]
    public async Task Any_byte_altered_in_any_row_is_found_and_the_entry_named()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 100));
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 100), ifMatch: "*");
        var trail = api.Services.GetRequiredService<AuditQueries>();
        Assert.Null((await trail.VerifyAsync(default)).Fault);

        await using var connection = new SqliteConnection(api.Services.GetRequiredService<Database>().ConnectionString);
        await connection.OpenAsync();
        var tried = 0;
        foreach (var entry in await connection.QueryAsync<long>("SELECT entry_id FROM audit_log"))
        {
            foreach (var column in Columns.Skip(1))
            {
                var bytes = (await connection.QuerySingleAsync<byte[]?>($"SELECT CAST({column} AS BLOB) FROM audit_log WHERE entry_id = @entry", new { entry }));
                for (var at = 0; at < (bytes?.Length ?? 0); at++)
                {
                    var altered = (byte[])bytes!.Clone();
                    altered[at] ^= 1;
                    await ExpectAsync(column, altered, entry, bytes);
                }
            }

            await connection.ExecuteAsync("UPDATE audit_log SET entry_id = -entry_id WHERE entry_id = @entry", new { entry });
            Assert.NotNull((await trail.VerifyAsync(default)).Fault);
            await connection.ExecuteAsync("UPDATE audit_log SET entry_id = -entry_id WHERE entry_id = -@entry", new { entry });
            await connection.ExecuteAsync("UPDATE audit_log SET state_before = '' WHERE entry_id = @entry AND state_before IS NULL", new { entry });
            Assert.Equal(entry == 3, (await trail.VerifyAsync(default)).Fault is null);
            await connection.ExecuteAsync("UPDATE audit_log SET state_before = NULL WHERE entry_id = @entry AND state_before = ''", new { entry });
        }

        Assert.True(tried > 500);
        await connection.ExecuteAsync("DELETE FROM audit_log WHERE entry_id = 3");
        Assert.Contains("tells of 3 entries; there are 2", (await trail.VerifyAsync(default)).Fault, StringComparison.Ordinal);
        await connection.ExecuteAsync("DELETE FROM audit_log WHERE entry_id = 1");
        Assert.StartsWith("Entry 1 is missing", (await trail.VerifyAsync(default)).Fault, StringComparison.Ordinal);

        async Task ExpectAsync(string column, byte[] altered, long entry, byte[] before)
        {
            tried++;
            var update = $"UPDATE audit_log SET {column} = CAST(@bytes AS TEXT) WHERE entry_id = @entry";
            await connection.ExecuteAsync(update, new { bytes = altered, entry });
            var fault = (await trail.VerifyAsync(default)).Fault;
            Assert.True(fault?.StartsWith($"Entry {entry} ", StringComparison.Ordinal), $"{column} of {entry}: {fault}");
            await connection.ExecuteAsync(update, new { bytes = before, entry });
        }
    }

    [Fact]
    public async Task What_was_written_before_there_was_a_chain_is_its_beginning()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        await using var connection = new SqliteConnection(api.Services.GetRequiredService<Database>().ConnectionString);
        await connection.ExecuteAsync(
            """
            INSERT INTO audit_entries (occurred_at, actor, action, subject, detail)
            VALUES ('2022-03-01T00:00:00.000Z', 'cli', 'key.create', 'k1', 'reporter'), ('2022-03-02T00:00:00.000Z', 'key:k1', 'report.put', 's', '{"a":1}')
            """);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var entries = (await administrator.GetJsonAsync("/v1/audit"))["items"]!.AsArray();
        Assert.Equal([3, 2, 1], entries.Select(entry => (int)entry!["number"]!));
        Assert.Equal("reporter", (string?)entries[2]!["after"]);
        Assert.Null((await api.Services.GetRequiredService<AuditQueries>().VerifyAsync(default)).Fault);
    }
}
