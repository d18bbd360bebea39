using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Completion;

public sealed class ResultTests
{
    private const string Results = HttpExtensions.Plan + "/periods/2022-H1/results";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_result_stays_as_it_was_frozen_and_corrections_have_a_new_number(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        api.Time.Set(new DateTimeOffset(2022, 6, 21, 8, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        office.DefaultRequestHeaders.Add("Idempotency-Key", "h1");
        var frozen = await office.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Tổng hợp 6 tháng"}""");
        Assert.Equal(HttpStatusCode.Created, frozen.StatusCode);
        Assert.Equal(Results + "/1", frozen.Headers.Location!.ToString());
        var text = await frozen.Content.ReadAsStringAsync();
        var repeated = await office.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Tổng hợp 6 tháng"}""");
        Assert.Equal((HttpStatusCode.OK, text), (repeated.StatusCode, await repeated.Content.ReadAsStringAsync()));
        office.DefaultRequestHeaders.Clear();
        office.DefaultRequestHeaders.Add("Authorization", administrator.DefaultRequestHeaders.Authorization!.ToString());
        Assert.Equal("result.unchanged", (string?)(await (await office.SendJsonAsync(HttpMethod.Post, Results, null)).JsonAsync())["code"]);

        var first = (await frozen.JsonAsync())!;
        var completion = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1");
        Assert.Equal(completion.ToJsonString(), first["completion"]!.ToJsonString());
        Assert.Equal(180, first["missing"]!.AsArray().Count);
        Assert.DoesNotContain("STP", first["missing"]!.AsArray().Select(each => (string)each!["unit"]!));
        Assert.Empty(first["changes"]!.AsArray());

        api.Time.Advance(TimeSpan.FromDays(3));
        await administrator.ActAsync("STP", "reopen", """{"reason":"Đính chính"}""");
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 60, 100), ifMatch: "*");
        await administrator.ActAsync("STP", "submit");
        await administrator.ActAsync("STP", "approve");
        var second = await (await administrator.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Đính chính của STP"}""")).JsonAsync();
        Assert.Equal(2, (int)second["number"]!);
        var change = Assert.Single(second["changes"]!.AsArray())!;
        Assert.Equal(("II.3.a", 20m, 33.33m), ((string)change["target"]!, (decimal)change["before"]!, (decimal)change["after"]!));
        var line = Assert.Single(change["lines"]!.AsArray())!;
        Assert.Equal(("province", 30, 60), ((string)line["level"]!, (int)line["before"]!["numerator"]!, (int)line["after"]!["numerator"]!));

        var stored = await api.Anonymous.GetAsync(new Uri(Results + "/1", UriKind.Relative));
        Assert.Equal(text, await stored.Content.ReadAsStringAsync());
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var list = await api.Anonymous.GetJsonAsync(Results);
        Assert.Equal(sha256, (string?)list["items"]![0]!["sha256"]);
        Assert.Equal($"\"{sha256}\"", stored.Headers.ETag!.Tag);
        Assert.Equal(2, list["items"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(new Uri(Results + "/3", UriKind.Relative))).StatusCode);
        api.Time.Set(new DateTimeOffset(2021, 12, 14, 23, 59, 0, TimeSpan.FromHours(7)));
        Assert.Equal("period.notBegun", (string?)(await (await administrator.SendJsonAsync(HttpMethod.Post, Results, null)).JsonAsync())["code"]);
    }

    [Fact]
    public async Task A_result_lists_every_line_that_differs_and_every_target_that_vanished()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 100, 100));
        await administrator.PublishAsync("D474", HttpExtensions.Ratio("II.3.a", 90, 100));
        api.Time.Set(new DateTimeOffset(2022, 6, 21, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Empty((await FreezeAsync(administrator))["changes"]!.AsArray());

        // Both lines stay met and their completion is 100 still: the counts differ. STC's report is the rest of the difference.
        await administrator.PublishAsync("D476", HttpExtensions.Ratio("II.3.a", 80, 100));
        await administrator.PublishAsync("STC", HttpExtensions.Ratio("II.3.a", 100, 100));
        var change = Assert.Single((await FreezeAsync(administrator))["changes"]!.AsArray())!;
        Assert.Equal((decimal)change["before"]!, (decimal)change["after"]!);
        Assert.Equal(
            ["province 100 200", "district 90 170"],
            change["lines"]!.AsArray().Select(line => $"{line!["level"]} {line["before"]!["numerator"]} {line["after"]!["numerator"]}"));

        var amended = await administrator.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/amendments",
            """
            {"number":"1","issuedOn":"2022-06-21","effectiveOn":"2022-07-01","reason":"x",
             "targets":[{"target":"II.10.a","withdrawn":true},{"target":"II.3.b","weight":2}]}
            """);
        Assert.Equal(HttpStatusCode.Created, amended.StatusCode);
        Assert.Equal("result.unchanged", await CodeAsync(administrator));

        // Figures of the year are judged as amended: the first result came before.
        api.Time.Set(new DateTimeOffset(2022, 12, 1, 8, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 100, 100), "2022-FY");
        const string year = HttpExtensions.Plan + "/periods/2022-FY/results";
        await FreezeAsync(administrator, year);
        var again = await administrator.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/amendments",
            """
            {"number":"2","issuedOn":"2022-12-01","effectiveOn":"2022-12-10","reason":"x",
             "targets":[{"target":"II.5.c","withdrawn":true},{"target":"II.3.b","weight":3}]}
            """);
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        var changes = (await FreezeAsync(administrator, year))["changes"]!.AsArray();
        Assert.Equal(["II.3.b false 0", "II.5.c true 1"], changes.Select(each => $"{each!["target"]} {each["vanished"]} {each["lines"]!.AsArray().Count}"));
        Assert.All(changes[1]!["lines"]!.AsArray(), line => Assert.True(line!["before"] is not null && line["after"] is null));
    }

    [Fact]
    public async Task A_result_that_says_nothing_new_is_refused_whatever_was_drafted_elsewhere()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        var first = await FreezeAsync(administrator);
        await administrator.PutReportAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100), "2022-Q1");
        await administrator.ActAsync("STC", "submit");
        Assert.NotEqual((long)first["dataVersion"]!, (long)(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1"))["dataVersion"]!);
        Assert.Equal("result.unchanged", await CodeAsync(administrator));

        // The deadline passes: what was pending is missing now, which is new.
        api.Time.Set(new DateTimeOffset(2022, 6, 21, 0, 0, 0, TimeSpan.FromHours(7)));
        var second = await FreezeAsync(administrator);
        Assert.Contains(second["changes"]!.AsArray(), each => (string)each!["target"]! == "II.10.a");
        Assert.Equal("result.unchanged", await CodeAsync(administrator));
        await administrator.ActAsync("STC", "approve");
        Assert.Equal(3, (int)(await FreezeAsync(administrator))["number"]!);
    }

    private static async Task<JsonNode> FreezeAsync(HttpClient client, string path = Results)
    {
        var response = await client.SendJsonAsync(HttpMethod.Post, path, null);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return await response.JsonAsync();
    }

    private static async Task<string?> CodeAsync(HttpClient client) =>
        (string?)(await (await client.SendJsonAsync(HttpMethod.Post, Results, null)).JsonAsync())["code"];
}
