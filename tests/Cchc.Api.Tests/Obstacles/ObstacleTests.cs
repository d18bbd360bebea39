using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Obstacles;

public sealed class ObstacleTests
{
    private const string All = HttpExtensions.Plan + "/obstacles";
    private const string Raised = """{"title":"Mạng chậm","description":"Không gửi được hồ sơ","task":"III.2.d","target":"II.5.a"}""";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_obstacle_goes_from_the_unit_to_its_answer_and_back(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var unit = await api.KeyAsync(Role.Reporter, "D474");
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        using var other = await api.KeyAsync(Role.Reporter, "STTTT");
        using var stranger = await api.KeyAsync(Role.Reporter, "D476");
        using var monitor = await api.KeyAsync(Role.Monitor);
        var raised = await unit.SendJsonAsync(HttpMethod.Post, All, Raised);
        Assert.Equal((HttpStatusCode.Created, All + "/1"), (raised.StatusCode, raised.Headers.Location!.ToString()));
        var obstacle = await raised.JsonAsync();
        Assert.Equal(("D474", "raised", "2022-07-03"), ((string)obstacle["unit"]!, (string)obstacle["status"]!, (string)obstacle["dueOn"]!));
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync(new Uri(All + "/1", UriKind.Relative))).StatusCode);
        Assert.Empty((await stranger.GetJsonAsync(All))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync(new Uri(All + "/1", UriKind.Relative))).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await ActAsync(monitor, "comment", """{"text":"Đã gặp ở nơi khác"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ActAsync(unit, "assign", """{"unit":"STTTT"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(office, "assign", """{"unit":"STTTT","dueOn":"2022-06-20"}""")).StatusCode);
        Assert.Equal(["answer", "comment"], Allowed(await other.GetJsonAsync(All + "/1")));
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(other, "answer", """{"text":"Đã sửa đường truyền"}""")).StatusCode);
        var seen = await unit.GetJsonAsync(All + "/1");
        Assert.Equal(("answered", "Đã sửa đường truyền", "STTTT"), (
            (string)seen["status"]!, (string)seen["answers"]![0]!["text"]!, (string)seen["answers"]![0]!["unit"]!));
        Assert.Equal(["comment", "close", "reopen"], Allowed(seen));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ActAsync(unit, "reopen", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(unit, "reopen", """{"reason":"Lại chậm"}""")).StatusCode);
        var escalated = await (await ActAsync(office, "escalate", null)).JsonAsync();
        Assert.Equal(("escalated", "TTH"), ((string)escalated["status"]!, (string)escalated["assignedTo"]!));
        Assert.Equal("obstacle.state", (string?)(await (await ActAsync(office, "escalate", null)).JsonAsync())["code"]);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(office, "answer", """{"text":"UBND tỉnh đã cấp kinh phí"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(unit, "close", null)).StatusCode);
        var closed = await unit.GetJsonAsync(All + "/1");
        Assert.Equal(
            ["raise", "comment", "assign", "answer", "reopen", "escalate", "answer", "close"],
            closed["history"]!.AsArray().Select(each => (string)each!["action"]!));
        Assert.Equal(8, (int)closed["version"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Deadlines_pass_and_the_plan_counts(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var unit = await api.KeyAsync(Role.Reporter, "D474");
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        for (var count = 0; count < 4; count++)
        {
            await unit.SendJsonAsync(HttpMethod.Post, All, Raised);
        }

        await office.SendJsonAsync(HttpMethod.Post, All + "/2/assign", """{"unit":"STTTT","dueOn":"2022-06-30"}""");
        await office.SendJsonAsync(HttpMethod.Post, All + "/3/answer", """{"text":"Xong"}""");
        await office.SendJsonAsync(HttpMethod.Post, All + "/4/escalate", null);
        Assert.Equal((3, 1, 0, 1, 0), await CountsAsync(api));
        api.Time.Set(new DateTimeOffset(2022, 6, 30, 23, 59, 59, TimeSpan.FromHours(7)));
        Assert.Empty((await office.GetJsonAsync(All + "?overdue=true"))["items"]!.AsArray());
        var before = (await office.GetAsync(new Uri(All + "/2", UriKind.Relative))).Headers.ETag!.Tag;
        api.Time.Set(new DateTimeOffset(2022, 7, 1, 0, 0, 0, TimeSpan.FromHours(7)));
        var late = await office.GetAsync(new Uri(All + "/2", UriKind.Relative));
        Assert.True((bool)(await late.JsonAsync())["overdue"]!);
        Assert.NotEqual(before, late.Headers.ETag!.Tag);
        Assert.Equal(2, (int)Assert.Single((await office.GetJsonAsync(All + "?overdue=true"))["items"]!.AsArray())!["number"]!);
        Assert.Equal((3, 1, 1, 1, 0), await CountsAsync(api));
        api.Time.Set(new DateTimeOffset(2022, 7, 4, 0, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal((3, 1, 3, 1, 0), await CountsAsync(api));
        foreach (var (query, numbers) in new[]
        {
            ("status=escalated", "4"), ("assignedTo=STTTT", "2"), ("task=III.2.d&under=D474", "4321"), ("unit=STP", ""), ("q=mang", "4321"), ("target=II.3.a", ""),
        })
        {
            Assert.Equal(numbers, string.Concat((await office.GetJsonAsync($"{All}?{query}"))["items"]!.AsArray().Select(each => (int)each!["number"]!)));
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_obstacle_changes_no_figure_and_lets_nobody_freeze_the_same_twice(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string results = HttpExtensions.Plan + "/periods/2022-Q1/results";
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2), "2022-Q1");
        Assert.Equal(HttpStatusCode.Created, (await administrator.SendJsonAsync(HttpMethod.Post, results, null)).StatusCode);
        var (plan, figures) = (await TagAsync(HttpExtensions.Plan), await TagAsync(HttpExtensions.Plan + "/completion"));
        var raised = await administrator.SendJsonAsync(HttpMethod.Post, All, """{"unit":"STP","title":"a","description":"b"}""");
        Assert.Equal(HttpStatusCode.Created, raised.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await administrator.SendJsonAsync(HttpMethod.Post, results, null)).StatusCode);
        Assert.Equal(figures, await TagAsync(HttpExtensions.Plan + "/completion"));
        Assert.NotEqual(plan, await TagAsync(HttpExtensions.Plan));

        async Task<string> TagAsync(string path) => (await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative))).Headers.ETag!.Tag;
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Repeating_does_nothing_twice_and_a_stale_version_is_refused(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var unit = await api.KeyAsync(Role.Reporter, "D474");
        unit.DefaultRequestHeaders.Add("Idempotency-Key", "o1");
        var first = await unit.SendJsonAsync(HttpMethod.Post, All, Raised);
        var again = await unit.SendJsonAsync(HttpMethod.Post, All, Raised);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        unit.DefaultRequestHeaders.Remove("Idempotency-Key");
        Assert.Single((await unit.GetJsonAsync(All))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.OK, (await ActAsync(unit, "comment", """{"text":"Một"}""", first.Headers.ETag!.Tag)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await ActAsync(unit, "comment", """{"text":"Hai"}""", first.Headers.ETag!.Tag)).StatusCode);
    }

    [Theory]
    [InlineData("", """{"title":"a"}""", 400)]
    [InlineData("", """{"title":"a","description":"b","unit":"KHONG"}""", 422)]
    [InlineData("", """{"title":"a","description":"b","unit":"D476"}""", 403)]
    [InlineData("", """{"title":"a","description":"b","colour":1}""", 400)]
    [InlineData("", """{"title":" ","description":"b"}""", 422)]
    [InlineData("/1/comment", "{}", 422)]
    [InlineData("/1/comment", "[]", 400)]
    [InlineData("/9/comment", """{"text":"a"}""", 404)]
    public async Task What_cannot_be_is_refused(string path, string body, int status)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var unit = await api.KeyAsync(Role.Reporter, "D474");
        await unit.SendJsonAsync(HttpMethod.Post, All, Raised);
        Assert.Equal(status, (int)(await unit.SendJsonAsync(HttpMethod.Post, All + path, body)).StatusCode);
    }

    private static Task<HttpResponseMessage> ActAsync(HttpClient client, string action, string? body, string? ifMatch = null) =>
        client.SendJsonAsync(HttpMethod.Post, $"{All}/1/{action}", body, ifMatch);

    private static string[] Allowed(JsonNode obstacle) => [.. obstacle["allowedActions"]!.AsArray().Select(action => (string)action!)];

    private static async Task<(int Open, int Escalated, int Overdue, int Answered, int Closed)> CountsAsync(ApiHost api)
    {
        var counts = (await api.Anonymous.GetJsonAsync(HttpExtensions.Plan))["obstacles"]!;
        return ((int)counts["open"]!, (int)counts["escalated"]!, (int)counts["overdue"]!, (int)counts["answered"]!, (int)counts["closed"]!);
    }
}
