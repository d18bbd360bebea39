using System.Net;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Plans;

public sealed class CalendarTests
{
    private const string Period = HttpExtensions.Plan + "/periods/2022-H1";

    [Fact]
    public async Task Communes_may_be_due_earlier_and_the_late_are_let_in_until_the_lock()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        api.Time.Set(new DateTimeOffset(2022, 6, 16, 8, 0, 0, TimeSpan.FromHours(7)));
        var known = await api.Anonymous.GetAsync(new Uri(Period, UriKind.Relative));
        const string dates =
            """{"dueOn":"2022-06-20","lockOn":"2022-06-22","deadlines":[{"level":"commune","dueOn":"2022-06-17"},{"level":"district","dueOn":"2022-06-18"}],"reason":"Công văn 12/SNV"}""";
        Assert.Equal((HttpStatusCode)428, (await office.SendJsonAsync(HttpMethod.Put, Period, dates)).StatusCode);
        Assert.Equal((HttpStatusCode)412, (await office.SendJsonAsync(HttpMethod.Put, Period, dates, "\"x\"")).StatusCode);
        var changed = await office.SendJsonAsync(HttpMethod.Put, Period, dates, known.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal((HttpStatusCode)412, (await office.SendJsonAsync(HttpMethod.Put, Period, dates.Replace("22\"", "23\"", StringComparison.Ordinal), known.Headers.ETag!.Tag)).StatusCode);
        Assert.Equal("commune", (string?)(await api.Anonymous.GetJsonAsync(Period))["deadlines"]!.AsArray()[1]!["level"]);

        var at = new DateTimeOffset(2022, 6, 17, 23, 59, 59, 999, TimeSpan.FromHours(7));
        foreach (var (unit, onTimeUntil) in new[] { ("C19750", at), ("D474", at.AddDays(1)), ("STP", at.AddDays(3)) })
        {
            api.Time.Set(onTimeUntil);
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
            var other = unit switch { "C19750" => "C19753", "D474" => "D476", _ => "STC" };
            api.Time.Advance(TimeSpan.FromMilliseconds(1));
            await administrator.PublishAsync(other, HttpExtensions.Ratio("II.3.a", 1, 2));
            Assert.True((bool)(await office.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/{unit}"))["onTime"]!);
            Assert.False((bool)(await office.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/{other}"))["onTime"]!);
        }

        Assert.Equal(3, (int)(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1"))["coverage"]!["onTime"]!);
        var compliance = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/compliance?period=2022-H1&limit=1000");
        Assert.Equal((3, 3), ((int)compliance["total"]!["onTime"]!, (int)compliance["total"]!["late"]!));
        var late = compliance["items"]!.AsArray().First(item => (string)item!["level"]! == "commune" && (string)item["state"]! == "missing")!;
        Assert.Equal(4, (int)late["daysOverdue"]!);
        api.Time.Set(new DateTimeOffset(2022, 6, 22, 23, 59, 59, 999, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.Created, (await administrator.PutReportAsync("VPUB", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
        api.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.Conflict, (await administrator.PutReportAsync("STTTT", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
    }

    [Fact]
    public async Task What_was_on_time_when_it_was_asked_stays_so_as_of_then()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("C19750", HttpExtensions.Ratio("II.3.a", 1, 2));
        var before = api.Time.GetUtcNow();
        string[] questions = ["completion?period=2022-H1", "compliance?period=2022-H1", "completion/units?limit=1000"];
        var served = new List<string>();
        foreach (var question in questions)
        {
            served.Add(await api.Anonymous.GetStringAsync(new Uri($"{HttpExtensions.Plan}/{question}", UriKind.Relative)));
        }

        api.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(
            HttpMethod.Put, Period, """{"dueOn":"2022-06-17","reason":"Rút ngắn"}""", "*")).StatusCode);
        Assert.Equal(0, (int)(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1"))["coverage"]!["onTime"]!);
        api.Time.Advance(TimeSpan.FromHours(1));
        foreach (var (question, answer) in questions.Zip(served))
        {
            var mark = question.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            Assert.Equal(answer, await api.Anonymous.GetStringAsync(
                new Uri($"{HttpExtensions.Plan}/{question}{mark}asOf={before:yyyy-MM-dd'T'HH:mm:ss'Z'}", UriKind.Relative)));
        }

        var entry = (await administrator.GetJsonAsync("/v1/audit?action=period.change"))["items"]![0]!;
        Assert.Equal(("2022-06-20", "2022-06-17"), ((string?)entry["before"]!["dueOn"], (string?)entry["after"]!["dueOn"]));
    }

    [Theory]
    [InlineData("""{"dueOn":"2022-06-13","reason":"x"}""", "date.order /dueOn")]
    [InlineData("""{"dueOn":"2022-06-20","lockOn":"2022-06-19","reason":"x"}""", "date.order /lockOn")]
    [InlineData("""{"dueOn":"2022-06-20","deadlines":[{"level":"commune","dueOn":"2022-06-21"}],"reason":"x"}""", "date.order /deadlines/0/dueOn")]
    [InlineData("""{"dueOn":"2022-06-20","deadlines":[{"level":"commune","dueOn":"2022-06-17"},{"level":"commune","dueOn":"2022-06-18"}],"reason":"x"}""", "value.duplicate /deadlines/1/level")]
    [InlineData("""{"dueOn":"2022-06-20"}""", "reason.required /reason")]
    [InlineData("""{"reason":"x"}""", "json.required /dueOn")]
    [InlineData("""{"dueOn":"20/06/2022","reason":"x"}""", "date.invalid /dueOn")]
    [InlineData("""{"dueOn":"2022-06-20","dataTo":"2022-06-20","reason":"x"}""", "json.unknownMember /dataTo")]
    [InlineData("""{"dueOn":"2022-06-20","deadlines":[{"level":"whole","dueOn":"2022-06-17"}],"reason":"x"}""", "json.oneOf /deadlines/0/level")]
    public async Task Dates_out_of_order_are_refused(string body, string refusal)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var response = await administrator.SendJsonAsync(HttpMethod.Put, Period, body, "*");
        var error = (await response.JsonAsync())["errors"]![0]!;
        Assert.Equal(refusal, $"{error["code"]} {error["pointer"]}");
    }
}
