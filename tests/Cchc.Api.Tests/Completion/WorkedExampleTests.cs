using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Completion;

public sealed class WorkedExampleTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_worked_example_comes_back_to_the_last_digit(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        var answer = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion");
        Assert.Equal("2022-H1", (string?)answer["period"]);
        Assert.Equal("published", (string?)answer["lens"]);
        Assert.Equal("3.32", answer["completion"]!.ToJsonString());
        Assert.Equal(18, (int)answer["targetsCounted"]!);
        Assert.Equal(25, (int)answer["targetsTotal"]!);
        Assert.Equal("""{"expected":181,"received":4,"onTime":4}""", answer["coverage"]!.ToJsonString());
        var target = answer["targets"]!.AsArray().Single(each => (string?)each!["target"] == "II.3.a")!;
        Assert.Equal("59.85", target["completion"]!.ToJsonString());
        Assert.False((bool)target["met"]!);
        Assert.Equal("noData", (string?)target["status"]);
        Assert.Equal(
            """
            {"level":"district","operator":"atLeast","threshold":40.00,"numerator":350,"total":1100,"excluded":0,"rate":31.82,"completion":79.55,"met":false,"status":"onTrack","coverage":{"expected":9,"received":2,"notApplicable":0}}
            """.Trim(),
            target["lines"]![1]!.ToJsonString());
        Assert.Equal("50.00", target["lines"]![0]!["rate"]!.ToJsonString());
        Assert.Equal("met", (string?)target["lines"]![0]!["status"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_target_is_explained_down_to_its_reports(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 120, 200));
        await administrator.PublishAsync("STP", """{"values":[{"target":"II.3.a","notApplicable":"Không có kết quả"}]}""");

        var answer = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion/targets/II.3.a");
        var line = answer["lines"]![0]!;
        Assert.Equal("SNV", (string?)line["contributors"]![0]!["unit"]);
        Assert.Equal(60.00m, (decimal)line["contributors"]![0]!["rate"]!);
        Assert.Equal(("STP", null), ((string?)line["notApplicable"]![0]!["unit"], (string?)line["notApplicable"]![0]!["reason"]));
        Assert.Equal(19, line["missing"]!.AsArray().Count);
        using var monitor = await api.KeyAsync(Role.Monitor);
        var read = (await monitor.GetJsonAsync($"{HttpExtensions.Plan}/completion/targets/II.3.a"))["lines"]![0]!;
        Assert.Equal("Không có kết quả", (string?)read["notApplicable"]![0]!["reason"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_flow_adds_up_over_the_quarter_after_the_half(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        api.Time.Set(new DateTimeOffset(2022, 9, 16, 9, 0, 0, TimeSpan.FromHours(7)));
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.5.c", 30, 100));
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.5.c", 30, 50), "2022-Q3");

        async Task<JsonNode> LineAsync(string basis) =>
            (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion/units/SNV?period=2022-Q3&basis={basis}"))["targets"]!
                .AsArray().Single(each => (string?)each!["target"] == "II.5.c")!["lines"]![0]!;
        Assert.Equal("40.00", (await LineAsync("yearToDate"))["rate"]!.ToJsonString());
        Assert.Equal("60.00", (await LineAsync("period"))["rate"]!.ToJsonString());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Units_are_ranked_within_level_and_kind(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        var districts = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion/units?level=district&kind=committee");
        Assert.Equal(["D476", "D474", "D477"], districts["items"]!.AsArray().Take(3).Select(each => (string?)each!["unit"]));
        Assert.Equal([1, 2, 3, 3], districts["items"]!.AsArray().Take(4).Select(each => (int)each!["rank"]!));
        var all = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion/units?limit=1000");
        Assert.Equal(183, all["items"]!.AsArray().Count);
        Assert.Null(all["items"]!.AsArray().Single(each => (string?)each!["unit"] == "TTH")!["rank"]);
        var subtree = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion/units/TTH?scope=subtree");
        Assert.Equal("3.32", subtree["completion"]!.ToJsonString());
    }

    [Fact]
    public async Task A_warm_server_reads_nothing_but_the_versions()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        string[] paths = ["/completion", "/completion/units?limit=1000", "/completion?period=2022-Q1"];
        foreach (var path in paths)
        {
            await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + path);
        }

        Assert.Equal(0, await api.CountCommandsAsync(() => GetAllAsync(api, paths)));
        api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await api.CountCommandsAsync(() => GetAllAsync(api, paths)));
    }

    private static async Task GetAllAsync(ApiHost api, string[] paths)
    {
        foreach (var path in paths)
        {
            await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + path);
        }
    }

    [Fact]
    public async Task Sample_reports_are_marked_wherever_they_count()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        using var monitor = await api.KeyAsync(Role.Monitor);
        var answer = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion");
        Assert.Equal("2022-Q1", (string?)answer["period"]);
        Assert.True((bool)answer["sample"]!);
        Assert.Equal(181, (int)answer["coverage"]!["received"]!);
        Assert.True((bool)(await monitor.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-Q1/SNV"))["sample"]!);
        var empty = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1");
        Assert.Null(empty["sample"]);
    }
}
