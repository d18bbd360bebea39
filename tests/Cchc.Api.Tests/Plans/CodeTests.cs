using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Plans;

/// <summary>What a plan's documents name fits an address, a header and a file name; conditions fit the kind of their target.</summary>
public sealed class CodeTests
{
    private const string Next = "/v1/plans/cchc-2023";
    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""";

    [Fact]
    public async Task Codes_that_fit_no_address_or_header_are_refused_with_their_place()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var definition = (await administrator.GetJsonAsync(Next + "/definition")).ToJsonString();
        foreach (var code in new[] { "II 3", "II/3", "a\tb", "a\r\nb", "..", ".", "-a", "a-", "a?b", "a#b", "a%2Fb", "chỉ-tiêu", "a,b", "a\"b", "a;b", new string('a', 41) })
        {
            foreach (var list in new[] { "groups", "targets", "tasks", "periods" })
            {
                var given = JsonNode.Parse(definition)!;
                given[list]![0]!["code"] = code;
                var response = await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", given.ToJsonString(), "*");
                Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
                Assert.Contains($"/{list}/0/code", (await response.JsonAsync())["errors"]!.AsArray().Select(error => (string?)error!["pointer"]));
            }

            var copy = JsonNode.Parse(Copy)!;
            copy["code"] = code;
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", copy.ToJsonString())).StatusCode);
        }
    }

    [Theory]
    [InlineData("periods", "all")]
    [InlineData("periods", "ALL")]
    [InlineData("tasks", "Summary")]
    public async Task A_code_that_stands_for_something_else_in_addresses_is_refused(string list, string code)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var definition = await administrator.GetJsonAsync(Next + "/definition");
        definition[list]![0]!["code"] = code;
        var response = await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", definition.ToJsonString(), "*");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var error = Assert.Single((await response.JsonAsync())["errors"]!.AsArray())!;
        Assert.Equal(("code.reserved", $"/{list}/0/code"), ((string?)error["code"], (string?)error["pointer"]));
    }

    [Theory]
    [InlineData("X")]
    [InlineData("II.3_b-1")]
    [InlineData("2023-Q1.a")]
    public async Task A_code_that_is_taken_is_an_address(string code)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var definition = await administrator.GetJsonAsync(Next + "/definition");
        definition["targets"]![0]!["code"] = code;
        definition["periods"]![0]!["code"] = code;
        definition["tasks"]![0]!["code"] = code;
        foreach (var task in definition["tasks"]!.AsArray())
        {
            task!["linkedTargets"] = new JsonArray();
        }

        var edited = await administrator.SendJsonAsync(HttpMethod.Put, Next + "/definition", definition.ToJsonString(), "*");
        Assert.True(edited.IsSuccessStatusCode, await edited.Content.ReadAsStringAsync());
        foreach (var path in new[] { "targets", "periods", "tasks" })
        {
            Assert.Equal(code, (string?)(await administrator.GetJsonAsync($"{Next}/{path}/{code}"))["code"]);
        }
    }

    [Fact]
    public async Task An_amendment_names_a_level_once_and_a_rank_as_a_whole_position_not_to_be_exceeded()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var (target, lines, pointer, code) in new[]
        {
            ("II.3.a", """{"level":"commune","operator":"atLeast","threshold":30},{"level":"commune","operator":"atLeast","threshold":31}""", "/lines/1/level", "value.duplicate"),
            ("II.11.a", """{"level":"whole","operator":"atMost","threshold":10.25}""", "/lines/0/threshold", "value.notWhole"),
            ("II.3.a", """{"level":"commune","operator":"atMost","threshold":100.01}""", "/lines/0/threshold", "value.outOfRange"),
            ("II.11.a", """{"level":"whole","operator":"atLeast","threshold":10}""", "/lines/0/operator", "plan.rankAtMost"),
            ("II.11.d", """{"level":"whole","operator":"atLeast","threshold":1}""", "/lines/0/operator", "plan.rankAtMost"),
        })
        {
            var refused = await administrator.SendJsonAsync(HttpMethod.Post, HttpExtensions.Plan + "/amendments", Amendment(target, lines));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
            var errors = (await refused.JsonAsync())["errors"]!.AsArray();
            var error = errors.Single(each => (string?)each!["pointer"] == "/targets/0" + pointer)!;
            Assert.Equal(code, (string?)error["code"]);
        }

        Assert.Empty((await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/amendments"))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.Created, (await administrator.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/amendments", Amendment("II.11.a", """{"level":"whole","operator":"atMost","threshold":10.00}"""))).StatusCode);
    }

    [Fact]
    public async Task A_plan_is_put_in_force_from_today_or_an_earlier_day_on()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        foreach (var day in new[] { "2022-06-19", "2022-12-28", "9999-12-31", "2021-12-31" })
        {
            var refused = await administrator.SendJsonAsync(HttpMethod.Post, Next + "/enact", $$"""{"on":"{{day}}"}""");
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
            Assert.Equal("/on", (string?)(await refused.JsonAsync())["errors"]![0]!["pointer"]);
            Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(new Uri(Next, UriKind.Relative))).StatusCode);
        }

        // The day is that of the office, not of UTC.
        api.Time.Set(new DateTimeOffset(2022, 12, 28, 0, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Post, Next + "/enact", """{"on":"2022-12-28"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await api.Anonymous.GetAsync(new Uri(Next, UriKind.Relative))).StatusCode);
    }

    private static string Amendment(string target, string lines) =>
        $$"""{"number":"1","issuedOn":"2022-06-28","effectiveOn":"2022-07-01","reason":"a","targets":[{"target":"{{target}}","lines":[{{lines}}]}]}""";
}
