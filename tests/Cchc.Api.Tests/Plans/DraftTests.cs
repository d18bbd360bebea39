using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Plans;

public sealed class DraftTests
{
    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"Nguyễn Văn Phương"}""";

    private const string Next = "/v1/plans/cchc-2023";

    [Fact]
    public async Task Next_years_plan_is_copied_edited_and_put_in_force()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        administrator.DefaultRequestHeaders.Add("Idempotency-Key", "2023");
        var created = await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var repeated = await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        Assert.Equal(await created.Content.ReadAsStringAsync(), await repeated.Content.ReadAsStringAsync());
        Assert.Equal("idempotency.reused", await CodeAsync(await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans", Copy.Replace("412", "413", StringComparison.Ordinal))));
        administrator.DefaultRequestHeaders.Remove("Idempotency-Key");
        Assert.Equal((HttpStatusCode.Created, Next), (created.StatusCode, created.Headers.Location!.ToString()));
        Assert.Empty((await created.JsonAsync())["warnings"]!.AsArray());
        Assert.Equal(HttpStatusCode.Conflict, (await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy)).StatusCode);

        // A draft is nobody's but those who draw it up.
        foreach (var path in new[] { "", "/targets", "/completion", "/reports", "/definition", "/periods/2023-Q1" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await reporter.GetAsync(new Uri(Next + path, UriKind.Relative))).StatusCode);
        }

        Assert.Single((await reporter.GetJsonAsync("/v1/plans"))["items"]!.AsArray());
        Assert.Equal(2, (await administrator.GetJsonAsync("/v1/plans"))["items"]!.AsArray().Count);
        Assert.Single((await api.Anonymous.GetJsonAsync("/v1/plans"))["items"]!.AsArray());

        // The copy differs from its source in its year alone.
        var source = await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/definition");
        var response = await administrator.GetAsync(new Uri(Next + "/definition", UriKind.Relative));
        var draft = await response.JsonAsync();
        Assert.Equal(source["targets"]!.ToJsonString(), draft["targets"]!.ToJsonString());
        Assert.Equal(source["tasks"]!.ToJsonString(), draft["tasks"]!.ToJsonString());
        Assert.Equal("2023-Q1 2022-12-15 2023-03-14", $"{draft["periods"]![0]!["code"]} {draft["periods"]![0]!["dataFrom"]} {draft["periods"]![0]!["dataTo"]}");

        var target = draft["targets"]!.AsArray().First(each => (string)each!["code"]! == "II.3.a")!;
        target["weight"] = 2.5;
        target["owner"] = "SNV";
        target["lines"]![0]!["threshold"] = JsonNode.Parse("70.00");
        draft["targets"]!.AsArray().RemoveAt(0);
        draft["tasks"]![0]!["linkedTargets"] = new JsonArray();
        Assert.Equal((HttpStatusCode)428, (await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString())).StatusCode);
        var edited = await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), response.Headers.ETag!.Tag);
        Assert.True(edited.IsSuccessStatusCode, await edited.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode)412, (await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), response.Headers.ETag!.Tag)).StatusCode);
        Assert.Equal(draft.ToJsonString(), (await administrator.GetJsonAsync(Next + "/definition")).ToJsonString());

        api.Time.Set(new DateTimeOffset(2022, 12, 28, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Post, Next + "/enact", """{"on":"2022-12-28"}""")).StatusCode);
        Assert.Equal("plan.inForce", await CodeAsync(await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), "*")));
        Assert.Equal("plan.inForce", await CodeAsync(await administrator.SendJsonAsync(HttpMethod.Delete, Next, null)));
        var before = api.Time.GetUtcNow().AddHours(-1);
        api.Time.Set(new DateTimeOffset(2023, 3, 15, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.Created, (await reporter.SendJsonAsync(
            HttpMethod.Put, Next + "/reports/2023-Q1/STP", HttpExtensions.Ratio("II.3.a", 7, 10))).StatusCode);
        await administrator.SendJsonAsync(HttpMethod.Post, Next + "/reports/2023-Q1/STP/submit", null);
        await administrator.SendJsonAsync(HttpMethod.Post, Next + "/reports/2023-Q1/STP/approve", null);
        var line = (await api.Anonymous.GetJsonAsync(Next + "/completion/targets/II.3.a"))["lines"]![0]!["figures"]!;
        Assert.Equal((70m, 100m), ((decimal)line["threshold"]!, (decimal)line["completion"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(
            new Uri($"{Next}/completion?asOf={before:yyyy-MM-dd'T'HH:mm:ss'Z'}", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_plan_that_is_not_whole_or_names_units_that_are_gone_is_not_put_in_force()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var created = await (await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans", Copy.Replace("2023", "2026", StringComparison.Ordinal))).JsonAsync();
        var gone = created["warnings"]!.AsArray();
        Assert.NotEmpty(gone);
        Assert.Contains(gone, each => each!["successors"]!.AsArray().Count > 0);
        const string path = "/v1/plans/cchc-2026";
        api.Time.Set(new DateTimeOffset(2026, 1, 1, 8, 0, 0, TimeSpan.FromHours(7)));
        var refused = await (await administrator.SendJsonAsync(HttpMethod.Post, path + "/enact", """{"on":"2026-01-01"}""")).JsonAsync();
        Assert.Equal(
            gone.Count,
            refused["errors"]!.AsArray().Count(each => (string)each!["code"]! == "unit.gone") + ((int?)refused["errorsLeftOff"] ?? 0));
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Delete, path, null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await administrator.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);

        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var draft = await administrator.GetJsonAsync(Next + "/definition");
        draft["targets"]![0]!["lines"] = new JsonArray();
        draft["periods"]!.AsArray().RemoveAt(3);
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), "*")).StatusCode);
        refused = await (await administrator.SendJsonAsync(HttpMethod.Post, Next + "/enact", """{"on":"2023-01-01"}""")).JsonAsync();
        Assert.Equal("/periods", (string?)refused["errors"]![0]!["pointer"]);
    }

    [Fact]
    public async Task What_is_wrong_in_a_definition_is_said_all_at_once()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var draft = await administrator.GetJsonAsync(Next + "/definition");
        draft["targets"]![0]!["owner"] = "KHONG";
        draft["targets"]![1]!["weight"] = 0;
        draft["targets"]![2]!["lines"]![0]!["threshold"] = 12.345;
        draft["targets"]![3]!["group"] = "II.99";
        draft["targets"]![4]!["code"] = (string)draft["targets"]![5]!["code"]!;
        draft["tasks"]![0]!["coordinating"] = new JsonArray((string)draft["tasks"]![0]!["lead"]!);
        draft["periods"]![1]!["dataTo"] = (string)draft["periods"]![0]!["dataTo"]!;
        draft["titleEn"] = null;
        var response = await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), "*");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var pointers = (await response.JsonAsync())["errors"]!.AsArray().Select(error => (string)error!["pointer"]!).ToList();
        foreach (var pointer in new[]
        {
            "/targets/0/owner", "/targets/1/weight", "/targets/2/lines/0/threshold", "/targets/3/group", "/targets/5", "/tasks/0/coordinating",
            "/periods/1/dataTo", "/titleEn",
        })
        {
            Assert.Contains(pointer, pointers);
        }
    }

    [Fact]
    public async Task An_amendment_leaves_past_figures_as_they_were()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var (unit, up) in new[] { ("STP", 30), ("SNV", 60), ("D474", 20), ("C19750", 10) })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", up, 100));
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", up, 100), "2022-FY");
        }

        string[] past = ["completion?period=2022-H1", "completion/units?period=2022-H1&limit=1000", "completion/targets/II.3.a?period=2022-H1", "compliance?period=2022-H1"];
        var before = new List<JsonNode>();
        foreach (var question in past)
        {
            before.Add(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/{question}"));
        }

        var year = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-FY");
        var amended = await administrator.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/amendments",
            """
            { "number": "210/KH-UBND", "issuedOn": "2022-06-28", "effectiveOn": "2022-07-01", "reason": "Điều chỉnh",
              "targets": [ { "target": "II.3.a", "weight": 3, "lines": [ { "level": "commune", "operator": "atLeast", "threshold": 10 } ] },
                           { "target": "II.10.a", "withdrawn": true } ] }
            """);
        Assert.Equal(HttpStatusCode.Created, amended.StatusCode);
        foreach (var (question, then) in past.Zip(before))
        {
            var now = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/{question}");
            foreach (var member in new[] { "dataVersion", "asOf" })
            {
                (now[member], then[member]) = (null, null);
            }

            Assert.Equal(then.ToJsonString(), now.ToJsonString());
        }

        var after = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-FY");
        Assert.Equal(25, (int)year["targetsTotal"]!);
        Assert.Equal(24, (int)after["targetsTotal"]!);
        var target = after["targets"]!.AsArray().First(each => (string)each!["target"]! == "II.3.a")!;
        Assert.Equal((3m, 10m, 100m), ((decimal)target["weight"]!, (decimal)target["lines"]![2]!["threshold"]!, (decimal)target["lines"]![2]!["completion"]!));
        Assert.Equal("value.targetUnknown", (string?)(await (await administrator.PutReportAsync(
            "STC", """{"values":[{"target":"II.10.a","done":true}]}""", "2022-FY")).JsonAsync())["errors"]![0]!["code"]);
        Assert.Equal(25, (await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/targets"))["items"]!.AsArray().Count);
        api.Time.Set(new DateTimeOffset(2022, 7, 1, 0, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(24, (await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/targets"))["items"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("2022-06-14", "II.3.a", "\"weight\":2", "date.order /effectiveOn")]
    [InlineData("2022-07-01", "II.9.z", "\"weight\":2", "value.targetUnknown /targets/0/target")]
    [InlineData("2022-07-01", "II.3.a", "\"weight\":0", "value.outOfRange /targets/0/weight")]
    [InlineData("2022-07-01", "II.3.a", "\"weight\":1.001", "value.outOfRange /targets/0/weight")]
    [InlineData("2022-07-01", "II.3.a", "\"owner\":\"D474-2025\"", "unit.gone /targets/0/owner")]
    [InlineData("2022-07-01", "II.3.a", "\"lines\":[{\"level\":\"whole\",\"operator\":\"atLeast\",\"threshold\":1}]", "value.levelUnknown /targets/0/lines/0/level")]
    [InlineData("2022-07-01", "II.3.a", "\"withdrawn\":false", "json.required /targets/0")]
    public async Task An_amendment_that_cannot_be_is_refused(string day, string target, string change, string refusal)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var response = await administrator.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/amendments",
            $$"""{"number":"1","issuedOn":"2022-06-10","effectiveOn":"{{day}}","reason":"x","targets":[{"target":"{{target}}",{{change}}}]}""");
        var error = (await response.JsonAsync())["errors"]![0]!;
        Assert.Equal(refusal, $"{error["code"]} {error["pointer"]}");
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) => (string?)(await response.JsonAsync())["code"];
}
