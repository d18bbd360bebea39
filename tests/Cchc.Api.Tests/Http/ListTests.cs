using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

/// <summary>Lists in pages: each item once, whatever filter and limit, and also when the item before a page is gone.</summary>
public sealed class ListTests
{
    private const string Reports = $"{HttpExtensions.Plan}/reports";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Pages_of_reports_hold_what_the_whole_list_holds(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var before = api.Time.GetUtcNow();
        api.Time.Advance(TimeSpan.FromHours(1));
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 30, 100), "2022-Q1");
        foreach (var unit in new[] { "C19750", "C19753", "STC" })
        {
            await administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
            await administrator.ActAsync(unit, "submit");
        }

        await administrator.PutReportAsync("SXD", HttpExtensions.Ratio("II.3.a", 1, 2), "2022-Q3");
        using var district = await api.KeyAsync(Role.Reviewer, "D474");
        using var reporter = await api.KeyAsync(Role.Reporter, "STC");
        using var monitor = await api.KeyAsync(Role.Monitor);
        var whole = await ItemsAsync(administrator, $"{Reports}?limit=1000");
        Assert.Equal(9, whole.Count);
        Assert.Equal(
            ["2022-Q1/SNV", "2022-H1/C19750", "2022-H1/C19753", "2022-H1/D474", "2022-H1/D476", "2022-H1/SNV", "2022-H1/STC",
             "2022-H1/STP", "2022-Q3/SXD"],
            whole.Select(Name));
        foreach (var (client, query, expected) in new (HttpClient, string, Func<JsonNode, bool>)[]
        {
            (administrator, "", _ => true), (monitor, "", _ => true),
            (administrator, "&status=submitted", report => (string)report["status"]! == "submitted"),
            (administrator, "&unit=SNV", report => (string)report["unit"]! == "SNV"),
            (administrator, "&period=2022-H1&status=approved", report =>
                (string)report["period"]! == "2022-H1" && (string)report["status"]! == "approved"),
            (administrator, "&under=D474", report => (string)report["unit"]! is "D474" or "C19750" or "C19753"),
            (administrator, "&awaiting=lead", report => (string?)report["awaiting"] == "lead"),
            (administrator, $"&updatedAfter={Instant(before)}", report =>
                (string)report["unit"]! is not ("D474" or "D476" or "STP") && Name(report) != "2022-H1/SNV"),
            (administrator, "&unit=STP&period=2022-Q1", _ => false),
            (district, "", report => (string)report["unit"]! is "D474" or "C19750" or "C19753"),
            (reporter, "", report => (string)report["unit"]! == "STC"),
            (reporter, "&unit=SNV", _ => false),
        })
        {
            foreach (var limit in new[] { 1, 2, 3, 1000 })
            {
                var paged = await PagedAsync(client, $"{Reports}?limit={limit}{query}");
                Assert.Equal(whole.Where(report => expected(report)).Select(Name), paged.Select(Name));
            }
        }

        var then = (await PagedAsync(administrator, $"{Reports}?limit=2&asOf={Instant(before)}")).Select(Name);
        Assert.Equal(["2022-H1/D474", "2022-H1/D476", "2022-H1/SNV", "2022-H1/STP"], then);

        // After a unit that has no report, and after one that does not exist.
        var after = await ItemsAsync(administrator, $"{Reports}?limit=1&cursor={Cursor("2022-H1/D475")}");
        Assert.Equal("2022-H1/D476", Name(after.Single()));
        after = await ItemsAsync(administrator, $"{Reports}?limit=1&cursor={Cursor("2022-Q1/ZZZ")}&status=approved&unit=SNV");
        Assert.Equal("2022-H1/SNV", Name(after.Single()));

        static string Name(JsonNode report) => $"{report["period"]}/{report["unit"]}";
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Revisions_obstacles_and_results_are_paged(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 100));
        for (var round = 2; round < 6; round++)
        {
            await administrator.ActAsync("STP", "reopen", """{"reason":"Đính chính"}""");
            await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", round, 100), ifMatch: "*");
            await administrator.ActAsync("STP", "submit");
            await administrator.ActAsync("STP", round % 2 == 0 ? "withdraw" : "approve");
            if (round % 2 == 0)
            {
                await administrator.ActAsync("STP", "submit");
                await administrator.ActAsync("STP", "approve");
            }
        }

        for (var number = 1; number <= 7; number++)
        {
            await administrator.SendJsonAsync(
                HttpMethod.Post, $"{HttpExtensions.Plan}/obstacles",
                $$"""{"unit":"{{(number % 3 == 0 ? "STP" : "SNV")}}","title":"Vướng mắc {{number}}","description":"Chưa có máy quét"}""");
        }

        foreach (var (client, path) in new[]
        {
            (administrator, $"{Reports}/2022-H1/STP/revisions"), (administrator, $"{HttpExtensions.Plan}/obstacles"),
            (reporter, $"{HttpExtensions.Plan}/obstacles"),
            (administrator, $"{HttpExtensions.Plan}/obstacles?unit=SNV"), (administrator, $"{HttpExtensions.Plan}/obstacles?q=mac 5"),
            (administrator, $"{HttpExtensions.Plan}/obstacles?status=raised"),
            (administrator, $"{HttpExtensions.Plan}/obstacles?status=closed"),
        })
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var whole = (await ItemsAsync(client, path)).Select(item => item.ToJsonString()).ToList();
            foreach (var limit in new[] { 1, 2, 5 })
            {
                Assert.Equal(whole, (await PagedAsync(client, $"{path}{separator}limit={limit}")).Select(item => item.ToJsonString()));
            }
        }

        var ofUnit = await PagedAsync(administrator, $"{HttpExtensions.Plan}/obstacles?unit=SNV&limit=2");
        Assert.Equal([7, 5, 4, 2, 1], ofUnit.Select(item => (int)item["number"]!));
        var own = await PagedAsync(reporter, $"{HttpExtensions.Plan}/obstacles?limit=1");
        Assert.Equal([6, 3], own.Select(item => (int)item["number"]!));
        var revisions = await ItemsAsync(administrator, $"{Reports}/2022-H1/STP/revisions");
        var decisions = revisions.Select(item => (string?)item["decision"]).ToList();
        Assert.Contains("withdrawn", decisions);
        Assert.Contains("approved", decisions);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_list_goes_on_after_an_item_that_is_gone(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine, settings: [("Webhooks:AllowPrivate", "true")]);
        using var administrator = await api.KeyAsync(Role.Administrator);
        for (var number = 1; number <= 4; number++)
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            await administrator.SendJsonAsync(HttpMethod.Post, "/v1/webhooks", $$"""{"url":"https://hook.invalid/{{number}}"}""");
            await administrator.SendJsonAsync(
                HttpMethod.Post, "/v1/plans",
                $$"""
                { "copyFrom": "cchc-2022", "code": "thu-{{number}}", "number": "{{number}}/KH", "year": {{2022 + number}}, "issuedOn": "2022-12-28",
                  "signedBy": "A" }
                """);
        }

        foreach (var (path, id) in new[] { ("/v1/webhooks", "id"), ("/v1/plans", "code") })
        {
            var whole = (await ItemsAsync(administrator, path)).Select(item => (string)item[id]!).ToList();
            Assert.True(whole.Count >= 4);
            var first = await administrator.GetJsonAsync($"{path}?limit=2");
            var deleted = await administrator.DeleteAsync(new Uri($"{path}/{whole[1]}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
            var rest = await ItemsAsync(administrator, $"{path}?cursor={first["nextCursor"]}");
            Assert.Equal(whole.Skip(2), rest.Select(item => (string)item[id]!));
        }

        // After a code that there is none of, in lists that are sorted by it.
        foreach (var (path, order, before, after) in new[]
        {
            ("/v1/units?level=district&kind=committee", "", "D475", "D476"),
            ($"{HttpExtensions.Plan}/compliance?period=2022-H1&level=district&kind=committee", "1", "D475", "D476"),
        })
        {
            var next = (await ItemsAsync(administrator, $"{path}&limit=1&cursor={Cursor($"{order}\n{before}")}")).Single();
            Assert.Equal(after, (string?)(next["unit"] ?? next["code"]));
        }

        foreach (var path in new[]
        {
            "/v1/units", "/v1/plans", "/v1/webhooks", "/v1/api-keys", $"{HttpExtensions.Plan}/targets", $"{HttpExtensions.Plan}/tasks",
            $"{HttpExtensions.Plan}/periods",
            $"{HttpExtensions.Plan}/obstacles", $"{HttpExtensions.Plan}/report-imports", $"{Reports}", $"{HttpExtensions.Plan}/compliance",
            $"{HttpExtensions.Plan}/completion/units", "/v1/audit",
            $"{HttpExtensions.Plan}/periods/2022-H1/results", $"{HttpExtensions.Plan}/indicators",
        })
        {
            var response = await administrator.GetAsync(new Uri($"{path}?cursor={Cursor("nothing")}", UriKind.Relative));
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{path}: {response.StatusCode}");
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_plan_goes_on_after_a_target_that_is_gone(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var path in new[] { "targets", "tasks", "indicators", "periods" })
        {
            var whole = (await ItemsAsync(administrator, $"{HttpExtensions.Plan}/{path}")).Select(CodeOf).ToList();
            Assert.Equal(whole, (await PagedAsync(administrator, $"{HttpExtensions.Plan}/{path}?limit=3")).Select(CodeOf));

            // The third was another, which is gone: what stood behind it has its place now.
            var page = await ItemsAsync(administrator, $"{HttpExtensions.Plan}/{path}?limit=1&cursor={Cursor("#000000002\nX.1.a")}");
            Assert.Equal(whole[2], CodeOf(page.Single()));
        }

        static string CodeOf(JsonNode item) => (string)(item["code"] ?? item["target"])!;
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Imports_and_their_rows_are_paged(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "SNV");
        var rows = string.Join(',', Enumerable.Range(0, 7).Select(row =>
            $$"""{"unit":"{{(row % 2 == 0 ? "SNV" : "NONE")}}","period":"2022-H1","target":"II.3.a","numerator":{{row}},"total":200}"""));
        for (var number = 0; number < 5; number++)
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            var response = await (number % 2 == 0 ? administrator : reporter).SendJsonAsync(
                HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports?mode=partial&dryRun=true", $"[{rows}]");
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }

        var imports = await ItemsAsync(administrator, $"{HttpExtensions.Plan}/report-imports");
        Assert.Equal(5, imports.Count);
        Assert.Equal(imports.Select(Id), (await PagedAsync(administrator, $"{HttpExtensions.Plan}/report-imports?limit=2")).Select(Id));
        var own = await PagedAsync(reporter, $"{HttpExtensions.Plan}/report-imports?limit=1");
        Assert.Equal(imports.Where((_, at) => at % 2 == 1).Select(Id), own.Select(Id));
        foreach (var filter in new[] { "", "&outcome=rejected" })
        {
            var path = $"/v1/report-imports/{Id(imports[0])}/rows?limit=";
            var whole = (await ItemsAsync(administrator, $"{path}1000{filter}")).Select(row => row.ToJsonString()).ToList();
            Assert.True(whole.Count >= 3);
            Assert.Equal(whole, (await PagedAsync(administrator, $"{path}2{filter}")).Select(row => row.ToJsonString()));
        }

        static string Id(JsonNode import) => (string)import["id"]!;
    }

    private static async Task<IReadOnlyList<JsonNode>> ItemsAsync(HttpClient client, string path) =>
        [.. (await client.GetJsonAsync(path))["items"]!.AsArray().Select(item => item!)];

    private static async Task<IReadOnlyList<JsonNode>> PagedAsync(HttpClient client, string path)
    {
        var (all, cursor) = (new List<JsonNode>(), "");
        do
        {
            var page = await client.GetJsonAsync(path + cursor);
            all.AddRange(page["items"]!.AsArray().Select(item => item!));
            cursor = page["nextCursor"] is { } next ? $"{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return all;
    }

    private static string Cursor(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Instant(DateTimeOffset instant) => Uri.EscapeDataString(instant.ToString("O"));
}
