using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Completion;

public sealed class ComplianceTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Who_reported_when_is_counted_and_the_rest_is_chased(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var body = HttpExtensions.Ratio("II.3.a", 1, 2);
        const string path = $"{HttpExtensions.Plan}/compliance?period=2022-H1&limit=1000";
        var period = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/periods"))["items"]!.AsArray()
            .First(each => (string)each!["code"]! == "2022-H1")!;
        var dueBy = new DateTimeOffset(DateOnly.Parse((string)period["dueOn"]!, null).AddDays(1), TimeOnly.MinValue, TimeSpan.FromHours(7));

        // The last instant of the due day is on time, and midnight is late; what is returned is not received.
        api.Time.Set(dueBy.AddMilliseconds(-1));
        await administrator.PublishAsync("STP", body);
        api.Time.Set(dueBy);
        await administrator.PublishAsync("D474", body);
        await administrator.PutReportAsync("C19750", body);
        await administrator.ActAsync("C19750", "submit");
        await administrator.ActAsync("C19750", "return", """{"reason":"Chưa khớp"}""");
        await administrator.PutReportAsync("D476", body);
        await administrator.ActAsync("D476", "submit");
        api.Time.Set(dueBy.AddDays(2));

        var published = await api.Anonymous.GetJsonAsync(path);
        var expected = (int)(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1"))["coverage"]!["expected"]!;
        Assert.Equal([expected, 2, 1, 1, 0, expected - 2], Counts(published["total"]!));
        var provisional = await administrator.GetJsonAsync(path + "&lens=provisional");
        Assert.Equal([expected, 3, 1, 2, 1, expected - 4], Counts(provisional["total"]!));
        Assert.Equal(expected, provisional["items"]!.AsArray().Count);
        Assert.Equal(provisional["levels"]!.AsArray().Sum(each => (int)each!["counts"]!["expected"]!), expected);
        foreach (var (unit, state, overdue) in new[] { ("STP", "onTime", (int?)null), ("D474", "late", null), ("C19750", "returned", 3), ("SNV", "missing", 3) })
        {
            var item = provisional["items"]!.AsArray().Single(each => (string)each!["unit"]! == unit)!;
            Assert.Equal((state, overdue), ((string)item["state"]!, (int?)item["daysOverdue"]));
        }

        var chased = await administrator.GetJsonAsync(path + "&lens=provisional&overdue=true&under=D474");
        Assert.DoesNotContain("D474", chased["items"]!.AsArray().Select(each => (string)each!["unit"]!));
        Assert.All(chased["items"]!.AsArray(), each => Assert.NotEqual("onTime", (string)each!["state"]!));
        Assert.Equal(chased["items"]!.AsArray().Count + 1, (int)chased["total"]!["expected"]!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.Anonymous.GetAsync(new Uri(path + "&lens=provisional", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await api.Anonymous.GetAsync(new Uri(path + "&state=lost", UriKind.Relative))).StatusCode);

        var record = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/compliance/units/STP");
        Assert.Equal("onTime", (string)record["items"]!.AsArray().Single(each => (string)each!["period"]! == "2022-H1")!["record"]!["state"]!);

        static int[] Counts(JsonNode counts) =>
            [.. new[] { "expected", "received", "onTime", "late", "returned", "missing" }.Select(name => (int)counts[name]!)];
    }
}
