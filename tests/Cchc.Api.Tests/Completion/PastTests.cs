using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Auditing;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Completion;

/// <summary>A generated year of submissions, returns and corrections: what was answered at an instant is what is answered of it later.</summary>
public sealed class PastTests
{
    [Theory]
    [InlineData("128", 0)]
    [InlineData("0", 4)]
    public async Task Snapshots_of_the_past_are_kept_within_the_memory_for_them(string megabytes, int readAgain)
    {
        await using var api = await ApiHost.StartAsync(
            Engine.Sqlite, sample: true, settings: [("Limits:PastSnapshotMegabytes", megabytes)]);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var instants = new List<string>();
        foreach (var unit in new[] { "STC", "SXD", "D474", "D476" })
        {
            instants.Add(Uri.EscapeDataString(api.Time.GetUtcNow().ToString("O")));
            api.Time.Advance(TimeSpan.FromMinutes(1));
            await administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2), "2022-Q3");
        }

        var reads = 0;
        foreach (var round in new[] { 1, 2 })
        {
            foreach (var instant in instants)
            {
                var path = $"{HttpExtensions.Plan}/completion{(round == 1 ? "" : "/units")}?period=2022-Q1&asOf={instant}";
                var values = await api.CountAsync("cchc.snapshot.values", () => api.Anonymous.GetJsonAsync(path));
                reads += round == 2 && values > 0 ? 1 : 0;
                Assert.True(round == 2 || values > 0);
            }
        }

        Assert.Equal(readAgain, reads);
    }

    private const int Events = 5000;
    private static readonly string[] Periods = ["2022-Q1", "2022-H1", "2022-Q3", "2022-FY"];
    private static readonly string[] Units =
        ["SNV", "STP", "STC", "VPUB", "STTTT", "SKHDT", "D474", "D476", "D477", "C19750", "C19753", "C19756", "C19759"];

    private static readonly string[] Questions =
    [
        "completion", "completion?lens=provisional", "completion?period=2022-H1", "completion?period=2022-Q3&basis=period&lens=provisional",
        "completion?period=2022-FY&lens=provisional", "completion/targets/II.3.a?lens=provisional", "completion/targets/II.10.a?period=2022-H1",
        "completion/units?limit=1000", "completion/units?lens=provisional&period=2022-Q1", "completion/units/D474?scope=subtree",
        "completion/units/STP?lens=provisional", "compliance?limit=1000", "compliance?lens=provisional&period=2022-H1&limit=1000",
        "compliance/units/STC?lens=provisional",
    ];

    [Fact]
    public async Task Figures_of_any_instant_are_those_served_then()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var random = new Random(398);
        var (units, lines) = await ReadPlanAsync(api);
        api.Time.Set(new DateTimeOffset(2022, 3, 10, 8, 0, 0, TimeSpan.FromHours(7)));
        var seen = new List<(DateTimeOffset At, string Question, string Answer)>();
        var reports = new List<(DateTimeOffset At, string Path, JsonNode Answer)>();
        for (var done = 0; done < Events; done++)
        {
            api.Time.Advance(TimeSpan.FromSeconds(random.Next(2400, 6000)));
            var now = api.Time.GetUtcNow();
            var period = Periods[Math.Min(random.Next(Periods.Length), now.AddDays(-16).Month / 3)];
            var unit = units[random.Next(units.Length)];
            var path = $"{HttpExtensions.Plan}/reports/{period}/{unit}";
            var report = await administrator.GetAsync(new Uri(path, UriKind.Relative));
            var allowed = report.IsSuccessStatusCode
                ? (await report.JsonAsync())["allowedActions"]!.AsArray().Select(action => (string)action!).ToList() : ["put"];
            var action = allowed[random.Next(allowed.Count)];
            var response = action == "put"
                ? await administrator.PutReportAsync(unit, Body(random, lines), period, ifMatch: report.Headers.ETag?.Tag)
                : await administrator.ActAsync(unit, action, """{"reason":"Đối chiếu lại"}""", period);
            Assert.True(response.IsSuccessStatusCode, $"{action} {path}: {await response.Content.ReadAsStringAsync()}");
            if (random.Next(70) == 0)
            {
                foreach (var question in Questions)
                {
                    seen.Add((now, question, await administrator.GetStringAsync(new Uri($"{HttpExtensions.Plan}/{question}", UriKind.Relative))));
                }

                reports.Add((now, path, await administrator.GetJsonAsync(path)));
            }
        }

        Assert.True(seen.Count > 500);
        foreach (var (at, question, answer) in seen)
        {
            var asked = $"{HttpExtensions.Plan}/{question}{(question.Contains('?', StringComparison.Ordinal) ? "&" : "?")}asOf={at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}";
            Assert.Equal(answer, await administrator.GetStringAsync(new Uri(asked, UriKind.Relative)));
        }

        foreach (var (at, path, then) in reports.Where(each => each.Answer["firstSubmittedAt"] is not null))
        {
            var later = await administrator.GetJsonAsync($"{path}?asOf={at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}");
            foreach (var member in new[] { "status", "firstSubmittedAt", "onTime", "history" })
            {
                Assert.Equal(then[member]?.ToJsonString(), later[member]?.ToJsonString());
            }

            if ((string)then["status"]! is "submitted" or "approved")
            {
                Assert.Equal(then["values"]!.ToJsonString(), later["values"]!.ToJsonString());
                Assert.Equal((int)then["revision"]!, (int)later["revision"]!);
            }
        }

        await ExpectAnUnbrokenTrailAsync(api, random);
    }

    [Fact]
    public async Task What_has_not_been_yet_is_not_asked_for()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var future = await api.Anonymous.GetAsync(new Uri($"{HttpExtensions.Plan}/completion?asOf=2022-06-18T09:00:01%2B07:00", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, future.StatusCode);
        Assert.Equal("parameter.future", (string?)(await future.JsonAsync())["errors"]![0]!["code"]);
        var before = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?asOf=2021-12-01T00:00:00%2B07:00");
        Assert.Equal(("2022-Q1", 0), ((string?)before["period"], (int)before["coverage"]!["received"]!));
    }

    // Any byte of any row: every row once, at a byte of it that chance picks.
    private static async Task ExpectAnUnbrokenTrailAsync(ApiHost api, Random random)
    {
        var trail = api.Services.GetRequiredService<AuditQueries>();
        var verdict = await trail.VerifyAsync(default);
        Assert.Null(verdict.Fault);
        Assert.True(verdict.Entries > Events);
        await using var connection = new SqliteConnection(api.Services.GetRequiredService<Database>().ConnectionString);
        string[] columns = ["occurred_at", "actor", "action", "subject", "state_after", "hash"];
        for (var round = 0; round < 60; round++)
        {
            var (entry, column) = (random.NextInt64(1, verdict.Entries + 1), columns[random.Next(columns.Length)]);
            var bytes = await connection.QuerySingleAsync<byte[]>($"SELECT CAST({column} AS BLOB) FROM audit_log WHERE entry_id = @entry", new { entry });
            var altered = (byte[])bytes.Clone();
            altered[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(7));
            var update = $"UPDATE audit_log SET {column} = CAST(@bytes AS TEXT) WHERE entry_id = @entry";
            await connection.ExecuteAsync(update, new { bytes = altered, entry });
            Assert.StartsWith($"Entry {entry} ", (await trail.VerifyAsync(default)).Fault, StringComparison.Ordinal);
            await connection.ExecuteAsync(update, new { bytes, entry });
        }

        Assert.Null((await trail.VerifyAsync(default)).Fault);
    }

    private static async Task<(string[] Units, string[] Ratios)> ReadPlanAsync(ApiHost api)
    {
        var known = (await api.Anonymous.GetJsonAsync("/v1/units?limit=1000&asOf=2022-06-14"))["items"]!.AsArray().Select(unit => (string)unit!["code"]!).ToHashSet();
        var targets = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/targets?kind=ratio"))["items"]!.AsArray()
            .Where(target => (string)target!["reporting"]! == "eachUnit" && (string)target["frequency"]! == "quarterly"
                && target["reporterKinds"]!.AsArray().Count(kind => (string)kind! is "committee" or "department") == 2
                && target["lines"]!.AsArray().Count(line => (string)line!["level"]! != "whole") is 0 or 3).Select(target => (string)target!["code"]!);
        return ([.. Units.Where(known.Contains)], [.. targets]);
    }

    private static string Body(Random random, string[] ratios)
    {
        var values = ratios.Where((_, index) => index == 0 || random.Next(2) == 0).Select(code =>
        {
            var total = random.Next(1, 4_000_000);
            return random.Next(12) == 0 ? $$"""{"target":"{{code}}","notApplicable":"Không phát sinh, văn bản {{total}}"}"""
                : $$"""{"target":"{{code}}","numerator":{{random.Next(total + 1)}},"total":{{total}}}""";
        });
        return $$"""{"values":[{{string.Join(',', values)}}]}""";
    }
}
