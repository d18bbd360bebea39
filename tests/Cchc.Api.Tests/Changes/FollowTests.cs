using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Api.Webhooks;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using static Cchc.Api.Tests.Support.HttpExtensions;

namespace Cchc.Api.Tests.Changes;

/// <summary>Following changes on a node that knows less than the one that makes them, or slower than they are made.</summary>
public sealed class FollowTests
{
    private const string Next = "/v1/plans/cchc-2023";

    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-06-17","signedBy":"Nguyễn Văn Phương"}""";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Changes_of_a_plan_enacted_elsewhere_reach_those_who_followed_before(Engine engine)
    {
        await using var first = await ApiHost.StartAsync(engine);

        // Its clock stands: by itself it does not look for what others wrote.
        await using var second = ApiHost.Join(first);
        using var administrator = await first.KeyAsync(Role.Administrator);
        await second.Anonymous.GetJsonAsync("/v1/plans");
        using var followed = await FollowAsync(second.Anonymous, "/v1/events");
        using var narrow = await FollowAsync(second.Anonymous, "/v1/events?kind=report.approved");
        await EnactAsync(first, administrator);
        await SendAsync(administrator, HttpMethod.Put, $"{Next}/reports/2023-Q1/STP", Ratio("II.3.a", 7, 10));
        await SendAsync(administrator, HttpMethod.Post, $"{Next}/reports/2023-Q1/STP/submit", null);
        await SendAsync(administrator, HttpMethod.Post, $"{Next}/reports/2023-Q1/STP/approve", null);
        Assert.Equal(("report.approved", "cchc-2023", "STP"), Shown(await NextAsync(narrow)));
        for (var kind = ""; kind != "report.approved";)
        {
            var change = await NextAsync(followed);
            kind = (string)change["kind"]!;
            Assert.Equal("cchc-2023", (string?)change["plan"]);
        }

        var feed = await second.Anonymous.GetJsonAsync("/v1/changes?kind=report.approved");
        Assert.Equal("cchc-2023", (string?)Assert.Single(feed["items"]!.AsArray())!["plan"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_draft_withdrawn_elsewhere_is_told_of_to_nobody_else(Engine engine)
    {
        await using var first = await ApiHost.StartAsync(engine);
        await using var second = ApiHost.Join(first);
        using var administrator = await first.KeyAsync(Role.Administrator);
        using var followed = await FollowAsync(second.Anonymous, "/v1/events");
        await SendAsync(administrator, HttpMethod.Post, "/v1/plans", Copy);
        await SendAsync(administrator, HttpMethod.Delete, Next, null);
        await administrator.PublishAsync("STP", Ratio("II.3.a", 1, 2));
        Assert.Equal(("report.approved", "cchc-2022", "STP"), Shown(await NextAsync(followed)));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task One_who_falls_behind_a_large_import_gets_all_of_it_in_order(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var slow = await FollowAsync(administrator, "/v1/events");
        var units = (await administrator.GetJsonAsync("/v1/units?limit=1000&asOf=2022-06-14"))["items"]!.AsArray()
            .Select(each => (string)each!["code"]!).Where(code => code != "TTH").ToList();
        var file = new StringBuilder("unit,period,target,numerator,total\n");
        foreach (var period in new[] { "2022-Q1", "2022-H1", "2022-Q3", "2022-FY" })
        {
            foreach (var unit in units)
            {
                file.Append(CultureInfo.InvariantCulture, $"{unit},{period},II.3.a,1,2\n");
            }
        }

        // Nothing is read of the stream meanwhile.
        Assert.True((await administrator.ImportAsync(file.ToString(), "?submit=true&mode=partial")).IsSuccessStatusCode);
        await administrator.ActAsync("STP", "approve", period: "2022-FY");
        var head = (long)(await administrator.GetJsonAsync("/v1/changes?kind=report.approved"))["items"]![0]!["sequence"]!;
        Assert.InRange(head, 600, long.MaxValue);
        for (var sequence = 1L; sequence <= head; sequence++)
        {
            Assert.Equal(sequence, (long)(await NextAsync(slow))["sequence"]!);
        }

        // It goes on to follow.
        await administrator.ActAsync("SNV", "approve", period: "2022-FY");
        Assert.Equal(("report.approved", "cchc-2022", "SNV"), Shown(await NextAsync(slow)));
    }

    [Fact]
    public async Task A_webhook_is_told_of_a_plan_enacted_elsewhere()
    {
        await using var first = await ApiHost.StartAsync(Engine.Sqlite);
        await using var second = ApiHost.Join(first, settings: [("Webhooks:AllowPrivate", "true")]);
        await using var receiver = await Receiver.StartAsync();
        using var administrator = await first.KeyAsync(Role.Administrator);
        foreach (var api in new[] { first, second })
        {
            await api.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        }

        using var elsewhere = second.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        await SendAsync(elsewhere, HttpMethod.Post, "/v1/webhooks", $$"""{"url":"{{receiver.Url}}","kinds":["report.approved"]}""");
        await EnactAsync(first, administrator);
        await SendAsync(administrator, HttpMethod.Put, $"{Next}/reports/2023-Q1/STP", Ratio("II.3.a", 7, 10));
        await SendAsync(administrator, HttpMethod.Post, $"{Next}/reports/2023-Q1/STP/submit", null);
        await SendAsync(administrator, HttpMethod.Post, $"{Next}/reports/2023-Q1/STP/approve", null);
        var worker = second.Services.GetRequiredService<WebhookWorker>();
        while (await worker.StepAsync(default))
        {
        }

        Assert.Contains("cchc-2023", Assert.Single(receiver.Got).Text, StringComparison.Ordinal);
    }

    private static async Task EnactAsync(ApiHost api, HttpClient administrator)
    {
        await SendAsync(administrator, HttpMethod.Post, "/v1/plans", Copy);
        await SendAsync(administrator, HttpMethod.Post, $"{Next}/enact", """{"on":"2022-06-18"}""");
        api.Time.Set(new DateTimeOffset(2023, 3, 15, 8, 0, 0, TimeSpan.FromHours(7)));
    }

    private static (string? Kind, string? Plan, string? Unit) Shown(JsonNode change) =>
        ((string?)change["kind"], (string?)change["plan"], (string?)change["unit"]);

    private static async Task SendAsync(HttpClient client, HttpMethod method, string path, string? body)
    {
        var response = await client.SendJsonAsync(method, path, body);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
    }

    private static async Task<StreamReader> FollowAsync(HttpClient client, string path)
    {
        var response = await client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        var stream = new StreamReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        while (await stream.ReadLineAsync() is { Length: > 0 })
        {
            // The stream is open.
        }

        return stream;
    }

    private static async Task<JsonNode> NextAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonNode.Parse(line["data: ".Length..])!;
            }
        }

        throw new EndOfStreamException();
    }
}
