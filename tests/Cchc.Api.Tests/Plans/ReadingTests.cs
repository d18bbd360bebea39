using System.Net;
using System.Net.Http.Headers;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Plans;

public sealed class ReadingTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_plan_is_all_there(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var plan = await api.Anonymous.GetJsonAsync(HttpExtensions.Plan);
        Assert.Equal("398/KH-UBND", (string?)plan["number"]);
        Assert.Equal([25, 53, 29], new[] { "targets", "lines", "tasks" }.Select(name => (int)plan[name]!));
        Assert.Equal(4, (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/periods"))["items"]!.AsArray().Count);
        var target = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/targets/II.3.a");
        Assert.Equal("""[50.00,40.00,35.00]""", $"[{string.Join(',', target["lines"]!.AsArray().Select(line => line!["threshold"]!.ToJsonString()))}]");
        var task = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.1.a");
        Assert.Equal("STP", (string?)task["lead"]);
        Assert.Equal(170, task["coordinating"]!.AsArray().Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Units_are_as_of_a_date(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        async Task<int> CountAsync(string query) =>
            (await api.Anonymous.GetJsonAsync($"/v1/units?limit=1000&{query}"))["items"]!.AsArray().Count;
        Assert.Equal(183, await CountAsync("asOf=2022-06-14"));
        Assert.Equal(141, await CountAsync("asOf=2022-06-14&level=commune"));
        Assert.Equal(133, await CountAsync("asOf=2025-01-15&level=commune"));
        Assert.Equal(40, await CountAsync("asOf=2025-07-01&level=commune"));
        var twins = await api.Anonymous.GetJsonAsync("/v1/units?asOf=2022-06-14&q=xa%20huong%20phong");
        Assert.Equal(2, twins["items"]!.AsArray().Count(each => (string?)each!["nameVi"] == "Xã Hương Phong"));
        Assert.Equal(1, await CountAsync("asOf=2022-06-14&q=phuong%20duc"));
        Assert.Equal(37, await CountAsync("asOf=2022-06-14&under=D474"));
        var unit = await api.Anonymous.GetJsonAsync("/v1/units/D474?asOf=2022-06-14");
        Assert.Equal("Thành phố Huế", (string?)unit["nameVi"]);
        Assert.Equal(["D474-2025", "D475-2025"], unit["successors"]!.AsArray().Select(each => (string?)each!["unit"]));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_task_stands_where_its_lead_last_published_it(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        const string path = $"{HttpExtensions.Plan}/tasks";
        var lead = (string)(await client.GetJsonAsync($"{path}/III.2.e"))["lead"]!;
        await client.PublishAsync(lead, """{"tasks":[{"task":"III.2.e","status":"inProgress","count":2}]}""", "2022-Q1");
        await client.PutReportAsync(lead, """{"tasks":[{"task":"III.2.e","status":"done","count":4}]}""");
        var task = await client.GetJsonAsync($"{path}/III.2.e");
        Assert.Equal(("inProgress", 2, "2022-Q1"), ((string?)task["status"], (int)task["count"]!, (string?)task["reportedIn"]));
        var running = await client.GetJsonAsync($"{path}?status=inProgress");
        Assert.Equal("III.2.e", (string?)running["items"]!.AsArray().Single()!["code"]);
        Assert.Empty((await client.GetJsonAsync($"{path}?status=done"))["items"]!.AsArray());
        Assert.Equal(28, (await client.GetJsonAsync($"{path}?status=notStarted"))["items"]!.AsArray().Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Lists_page_to_their_end(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var seen = new List<string>();
        var path = "/v1/units?asOf=2022-06-14&limit=50";
        while (path is not null)
        {
            var response = await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
            seen.AddRange((await response.JsonAsync())["items"]!.AsArray().Select(each => (string)each!["code"]!));
            path = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('>')[0][1..] : null;
        }

        Assert.Equal(183, seen.Distinct().Count());
        Assert.Equal(183, seen.Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_known_version_gets_304(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        foreach (var path in new[] { "/v1/plans", "/v1/units", $"{HttpExtensions.Plan}/completion" })
        {
            var first = await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(first.Headers.ETag!.Tag));
            var second = await api.Anonymous.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
            Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        }
    }
}
