using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Plans;

public sealed class TaskTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Forums_are_counted_by_quarter_and_the_criterion_judged(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        api.Time.Set(new DateTimeOffset(2022, 12, 18, 8, 0, 0, TimeSpan.FromHours(7)));
        foreach (var (period, count) in new[] { ("2022-Q1", 1), ("2022-H1", 1), ("2022-Q3", 2), ("2022-FY", 5) })
        {
            await administrator.PublishAsync("VPUB", Task("III.2.e", "inProgress", count), period);
        }

        // A coordinating unit tells its own part, which is not the task's.
        await administrator.PublishAsync("STTTT", Task("III.2.e", "done", 40), "2022-FY");
        var task = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.2.e");
        Assert.Equal(
            ["2022-Q1 1 true", "2022-H1 0 false", "2022-Q3 2 true", "2022-FY 2 true"],
            task["counts"]!["windows"]!.AsArray().Select(each => $"{each!["period"]} {each["count"]} {each["met"]!.ToJsonString()}"));
        Assert.Equal((5, true), ((int)task["counts"]!["toDate"]!, (bool)task["counts"]!["yearMet"]!));
        Assert.Equal(("inProgress", 5), ((string)task["status"]!, (int)task["count"]!));
        Assert.Null((await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.2.a"))["counts"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_missing_part_leaves_the_quarters_that_need_it_open(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        api.Time.Set(new DateTimeOffset(2022, 9, 18, 8, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("VPUB", Task("III.2.e", "inProgress", 3), "2022-H1");
        await administrator.PublishAsync("VPUB", Task("III.2.e", "inProgress", 1), "2022-Q3");
        var counts = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.2.e"))["counts"]!;
        Assert.Equal([null, null, 1, null], counts["windows"]!.AsArray().Select(each => (int?)each!["count"]));
        Assert.Equal(4, (int)counts["toDate"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_year_is_judged_by_counts_that_are_whole(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        api.Time.Set(new DateTimeOffset(2022, 12, 18, 8, 0, 0, TimeSpan.FromHours(7)));
        (string Period, int Count, string Windows, int? ToDate, bool? YearMet)[] rounds =
        [
            ("2022-Q1", 3, "3 - - -", 3, null), ("2022-Q3", 1, "3 - 1 -", null, null), ("2022-H1", 2, "3 - 1 -", 3, null),
            ("2022-FY", 3, "3 - 1 0", 3, false),
        ];
        foreach (var (period, count, windows, toDate, yearMet) in rounds)
        {
            await administrator.PublishAsync("VPUB", Task("III.2.e", "inProgress", count), period);
            var counts = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.2.e"))["counts"]!;
            Assert.Equal(windows, string.Join(' ', counts["windows"]!.AsArray().Select(each => each!["count"]?.ToString() ?? "-")));
            Assert.Equal((toDate, yearMet), ((int?)counts["toDate"], (bool?)counts["yearMet"]));
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Unit_plans_issued_are_counted_by_unit(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", Task("V.1", "done", null));
        await administrator.PublishAsync("D474", Task("V.1", "done", null));
        await administrator.PublishAsync("STC", Task("V.1", "inProgress", null));
        var units = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/V.1"))["byUnit"]!;
        Assert.Equal((30, 2, 28), ((int)units["expected"]!, (int)units["done"]!, units["missing"]!.AsArray().Count));
        Assert.DoesNotContain("STP", units["missing"]!.AsArray().Select(each => (string)each!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Tasks_done_of_total_and_overdue(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string path = HttpExtensions.Plan + "/tasks/summary";
        api.Time.Set(new DateTimeOffset(2022, 3, 20, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal("00/29 nhiệm vụ", (string?)(await api.Anonymous.GetJsonAsync(path))["totals"]!["label"]);
        Assert.Equal(0, (int)(await api.Anonymous.GetJsonAsync(path))["totals"]!["overdue"]!);

        // On the day after the due day every quarterly and periodic task of which its lead said nothing is overdue.
        api.Time.Set(new DateTimeOffset(2022, 3, 21, 0, 0, 0, TimeSpan.FromHours(7)));
        var tasks = (await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/tasks?limit=1000"))["items"]!.AsArray();
        var quarterly = tasks.Where(task => (string)task!["frequency"]! is "quarterly" or "periodic").Select(task => (string)task!["code"]!).ToList();
        Assert.Equal(quarterly, tasks.Where(task => (bool)task!["overdue"]!).Select(task => (string)task!["code"]!));
        await administrator.PublishAsync("VPUB", Task("III.2.a", "done", null), "2022-Q1");
        await administrator.PublishAsync("STP", Task("III.1.a", "inProgress", null), "2022-Q1");
        var summary = await api.Anonymous.GetJsonAsync(path);
        Assert.Equal("01/29 nhiệm vụ", (string?)summary["totals"]!["label"]);
        Assert.Equal((1, 1, 27, quarterly.Count - 2), (
            (int)summary["totals"]!["done"]!, (int)summary["totals"]!["inProgress"]!, (int)summary["totals"]!["notStarted"]!,
            (int)summary["totals"]!["overdue"]!));
        Assert.Equal(29, summary["leads"]!.AsArray().Sum(each => (int)each!["totals"]!["total"]!));
        Assert.Equal(29, summary["areas"]!.AsArray().Sum(each => (int)each!["totals"]!["total"]!));

        // In progress is not done once the final period is past due.
        api.Time.Set(new DateTimeOffset(2022, 12, 19, 0, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("STP", Task("III.1.a", "inProgress", null), "2022-FY");
        api.Time.Set(new DateTimeOffset(2022, 12, 21, 0, 0, 0, TimeSpan.FromHours(7)));
        var overdue = (await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/tasks?overdue=true&limit=1000"))["items"]!.AsArray();
        Assert.Contains("III.1.a", overdue.Select(task => (string)task!["code"]!));
        Assert.DoesNotContain("III.2.a", overdue.Select(task => (string)task!["code"]!));
    }

    [Fact]
    public async Task At_any_date_exactly_one_leads_and_never_coordinates()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var random = new Random(33);
        string[] units = ["SNV", "STP", "STC", "VPUB", "STTTT", "SKHDT"];
        var (accepted, day) = (0, new DateOnly(2022, 6, 16));
        for (var round = 0; round < 60; round++)
        {
            var (task, unit) = (random.Next(2) == 0 ? "III.2.e" : "III.2.b", units[random.Next(units.Length)]);
            var from = day.AddDays(random.Next(-3, 40));
            var response = await administrator.SendJsonAsync(
                HttpMethod.Post, $"{HttpExtensions.Plan}/tasks/{task}/lead", $$"""{"unit":"{{unit}}","from":"{{from:yyyy-MM-dd}}","reason":"Điều chuyển"}""");
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity);
            accepted += response.IsSuccessStatusCode ? 1 : 0;
            day = response.IsSuccessStatusCode ? from : day;
        }

        Assert.True(accepted > 10);
        foreach (var code in new[] { "III.2.e", "III.2.b" })
        {
            var leads = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/{code}"))["leads"]!.AsArray();
            for (var index = 1; index < leads.Count; index++)
            {
                Assert.Equal(Date(leads[index]!, "from"), Date(leads[index - 1]!, "to")!.Value.AddDays(1));
            }

            Assert.Null(leads[^1]!["to"]);
            foreach (var lead in leads.Where(lead => Date(lead!, "from") > new DateOnly(2022, 6, 17)))
            {
                api.Time.Set(new DateTimeOffset(Date(lead!, "from")!.Value.ToDateTime(new TimeOnly(9, 0)), TimeSpan.FromHours(7)));
                var task = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/{code}");
                Assert.Equal((string)lead!["unit"]!, (string)task["lead"]!);
                Assert.DoesNotContain((string)task["lead"]!, task["coordinating"]!.AsArray().Select(each => (string)each!));
            }
        }
    }

    [Theory]
    [InlineData("""{"unit":"VPUB","from":"2022-07-01","reason":"x"}""", "task.leadAlready /unit")]
    [InlineData("""{"unit":"SNV","from":"2022-06-14","reason":"x"}""", "date.order /from")]
    [InlineData("""{"unit":"KHONG","from":"2022-07-01","reason":"x"}""", "unit.unknown /unit")]
    [InlineData("""{"unit":"D474-2025","from":"2022-07-01","reason":"x"}""", "unit.gone /unit")]
    [InlineData("""{"unit":"SNV","from":"2022-07-01"}""", "reason.required /reason")]
    public async Task A_reassignment_that_cannot_be_is_refused(string body, string refusal)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var response = await administrator.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/tasks/III.2.e/lead", body);
        var error = (await response.JsonAsync())["errors"]![0]!;
        Assert.Equal(refusal, $"{error["code"]} {error["pointer"]}");
    }

    private static string Task(string task, string status, int? count) =>
        $$"""{"tasks":[{"task":"{{task}}","status":"{{status}}"{{(count is null ? "" : $",\"count\":{count}")}}}]}""";

    private static DateOnly? Date(JsonNode node, string name) =>
        node[name] is { } date ? DateOnly.ParseExact((string)date!, "yyyy-MM-dd", null) : null;
}
