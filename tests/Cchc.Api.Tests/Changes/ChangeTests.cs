using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Changes;

public sealed class ChangeTests
{
    private const string Import = $"{HttpExtensions.Plan}/report-imports";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_write_is_in_the_feed_once_in_its_order(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var begin = (await administrator.GetJsonAsync("/v1/changes?from=now"))["nextCursor"]!;
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.ActAsync("SNV", "reopen", """{"reason":"Sai số liệu"}""");
        Assert.Equal(HttpStatusCode.Conflict, (await administrator.ActAsync("SNV", "approve")).StatusCode);
        await administrator.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/periods/2022-H1/results", null);
        await administrator.SendJsonAsync(
            HttpMethod.Post, $"{HttpExtensions.Plan}/obstacles", """{"unit":"STP","title":"Thiếu máy quét","description":"Một cửa chưa có máy quét."}""");

        var feed = await administrator.GetJsonAsync($"/v1/changes?cursor={begin}");
        var version = (long)(await administrator.GetJsonAsync($"{HttpExtensions.Plan}/completion"))["dataVersion"]!;
        Assert.Equal(
            ["report.saved SNV draft 1", "report.submitted SNV submitted 1", "report.approved SNV approved 1", "report.reopened SNV draft 1",
             "result.frozen   1", "obstacle.changed STP raised 1"],
            feed["items"]!.AsArray().Select(each => $"{each!["kind"]} {each["unit"]} {each["status"]} {each["number"]}"));
        Assert.Equal(version, (long)feed["items"]![3]!["dataVersion"]!);
        var sequences = feed["items"]!.AsArray().Select(each => (long)each!["sequence"]!).ToList();
        Assert.Equal(Enumerable.Range(0, 6).Select(step => sequences[0] + step), sequences);
        Assert.Empty((await administrator.GetJsonAsync($"/v1/changes?cursor={feed["nextCursor"]}"))["items"]!.AsArray());
    }

    [Theory]
    [InlineData("/v1/events")]
    [InlineData("/v1/events?from=start")]
    [InlineData("/v1/events?follow=false")]
    public async Task HEAD_of_the_events_ends_after_its_headers(string address)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var request = new HttpRequestMessage(HttpMethod.Head, address);
        using var response = await api.Anonymous.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_tag_is_of_what_its_reader_sees(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "SNV");
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        var bodies = new Dictionary<string, string>();
        foreach (var client in new[] { api.Anonymous, administrator, reporter, other })
        {
            using var response = await client.GetAsync(new Uri("/v1/changes", UriKind.Relative));
            var body = await response.Content.ReadAsStringAsync();
            Assert.Equal(body, bodies.GetValueOrDefault(response.Headers.ETag!.Tag, body));
            bodies[response.Headers.ETag.Tag] = body;
        }

        Assert.Equal(2, bodies.Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Writers_at_the_same_time_leave_no_gap_for_one_who_follows(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        string[] units = ["SNV", "STP", "STC", "SXD", "D474", "D476", "D477", "D478"];
        var writers = Task.WhenAll(units.Select(async unit =>
        {
            for (var round = 0; round < 5; round++)
            {
                var tag = (await administrator.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/{unit}", UriKind.Relative))).Headers.ETag?.Tag;
                var response = await administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", round, 100), ifMatch: tag);
                Assert.True(response.IsSuccessStatusCode);
            }
        }));
        var (seen, cursor, isOver) = (new List<long>(), "", false);
        while (!isOver)
        {
            // What is asked for after the last write is the end.
            isOver = writers.IsCompleted;
            JsonNode page;
            do
            {
                page = await administrator.GetJsonAsync($"/v1/changes?limit=3{cursor}");
                seen.AddRange(page["items"]!.AsArray().Select(each => (long)each!["sequence"]!));
                cursor = $"&cursor={page["nextCursor"]}";
            }
            while (page["items"]!.AsArray().Count > 0);
        }

        await writers;
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(number => (long)number), seen.Select(sequence => sequence - seen[0] + 1));
        Assert.Equal(units.Length * 5, seen.Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_filter_lets_through_what_it_says_and_leaves_no_gap(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"1","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""");
        foreach (var unit in new[] { "SNV", "STP", "D474", "STC" })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
        }

        await administrator.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/periods/2022-H1/results", null);
        foreach (var client in new[] { administrator, reporter, api.Anonymous })
        {
            var whole = (await client.GetJsonAsync("/v1/changes?limit=1000"))["items"]!.AsArray().Select(each => each!).ToList();
            var head = (string)(await client.GetJsonAsync("/v1/changes?from=now"))["nextCursor"]!;
            foreach (var (query, expected) in new (string, Func<JsonNode, bool>)[]
            {
                ("&kind=report.approved", each => (string)each["kind"]! == "report.approved"),
                ("&kind=report.saved,result.frozen,report.saved", each => (string)each["kind"]! is "report.saved" or "result.frozen"),
                ("&plan=cchc-2022", each => (string)each["plan"]! == "cchc-2022"),
                ("&plan=CCHC-2022&kind=report.submitted", each => (string)each["kind"]! == "report.submitted"),
                ("&kind=obstacle.changed", _ => false),
            })
            {
                foreach (var limit in new[] { 1, 2, 1000 })
                {
                    var (seen, cursor, count) = (new List<string>(), "", 0);
                    do
                    {
                        var page = await client.GetJsonAsync($"/v1/changes?limit={limit}{query}{cursor}");
                        seen.AddRange(page["items"]!.AsArray().Select(each => each!.ToJsonString()));
                        (cursor, count) = ($"&cursor={page["nextCursor"]}", page["items"]!.AsArray().Count);
                    }
                    while (count > 0);
                    Assert.Equal(whole.Where(expected).Select(each => each.ToJsonString()), seen);
                    Assert.Equal($"&cursor={head}", cursor);
                }

                // The stream tells the same.
                var stream = await client.GetStringAsync(new Uri($"/v1/events?follow=false&from=start{query}", UriKind.Relative));
                Assert.Equal(
                    whole.Where(expected).Select(each => each.ToJsonString()),
                    stream.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal))
                        .Select(line => JsonNode.Parse(line[6..])!.ToJsonString()));
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_sees_what_they_may_read(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var unit in new[] { "SNV", "D474", "C19753", "STP" })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
        }

        using var district = await api.KeyAsync(Role.Reporter, "D474");
        using var department = await api.KeyAsync(Role.Reporter, "STP");
        using var monitor = await api.KeyAsync(Role.Monitor);
        Assert.Equal(["C19753", "D474", "SNV", "STP"], await SavedAsync(monitor));
        Assert.Equal(["C19753", "D474"], await SavedAsync(district));
        Assert.Equal(["STP"], await SavedAsync(department));
        Assert.Empty(await SavedAsync(api.Anonymous));
        Assert.Equal(4, (await api.Anonymous.GetJsonAsync("/v1/changes"))["items"]!.AsArray().Count(each => (string)each!["kind"]! == "report.approved"));

        static async Task<IEnumerable<string>> SavedAsync(HttpClient client) =>
            (await client.GetJsonAsync("/v1/changes?kind=report.saved&plan=CCHC-2022"))["items"]!.AsArray().Select(each => (string)each!["unit"]!).Order(StringComparer.Ordinal);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_import_tells_of_each_report(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var rows = new StringBuilder("unit,period,target,numerator,total\n");
        var units = (await administrator.GetJsonAsync("/v1/units?level=province&kind=department&asOf=2022-06-14"))["items"]!.AsArray().Select(each => (string)each!["code"]!).ToList();
        foreach (var unit in units)
        {
            rows.Append(System.Globalization.CultureInfo.InvariantCulture, $"{unit},2022-H1,II.3.a,1,2\n");
        }

        using var body = new StringContent(rows.ToString(), Encoding.UTF8, "text/csv");
        var answer = await administrator.PostAsync(new Uri(Import + "?submit=true&mode=partial", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var told = (await administrator.GetJsonAsync("/v1/changes?kind=report.submitted&limit=1000"))["items"]!.AsArray();
        Assert.True(told.Count > 20, "More than go in one by one.");
        Assert.Equal(units.Order(StringComparer.Ordinal), told.Select(each => (string)each!["unit"]!).Order(StringComparer.Ordinal));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task One_who_follows_gets_what_is_to_come_and_goes_on_after_a_break(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        string last;
        using (var stream = await FollowAsync(administrator, "/v1/events", null))
        {
            await administrator.ActAsync("SNV", "submit");
            await administrator.ActAsync("SNV", "approve");
            var first = await NextAsync(stream);
            Assert.Equal("report.submitted", first.Event);
            Assert.Equal("SNV", (string)first.Data["unit"]!);
            Assert.Equal(first.Id, ((long)first.Data["sequence"]!).ToString(System.Globalization.CultureInfo.InvariantCulture));
            last = first.Id;
        }

        await administrator.ActAsync("SNV", "reopen", """{"reason":"Sai"}""");
        using (var stream = await FollowAsync(administrator, "/v1/events", last))
        {
            Assert.Equal(["report.approved", "report.reopened"], [(await NextAsync(stream)).Event, (await NextAsync(stream)).Event]);
        }

        using (var open = await FollowAsync(api.Anonymous, "/v1/events?follow=false&from=start", null))
        {
            Assert.Equal("report.approved", (await NextAsync(open)).Event);
            Assert.Equal("", await open.ReadToEndAsync());
        }

        foreach (var bad in new[] { "/v1/events?kind=x", "/v1/changes?cursor=!", "/v1/changes?from=then", "/v1/changes?plan=x", "/v1/events?follow=maybe" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await api.Anonymous.GetAsync(new Uri(bad, UriKind.Relative))).StatusCode);
        }
    }

    [Theory]
    [InlineData("?from=now&follow=false", null)]
    [InlineData("?from=now", null)]
    [InlineData("", null)]
    [InlineData("?from=start&kind=plan.changed&follow=false", "0")]
    [InlineData("?cursor=2&follow=false", "2")]
    [InlineData("?cursor=Mg&follow=false", "2")]
    public async Task A_stream_opens_with_the_id_to_resume_from(string query, string? expected)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        string opening;
        using (var stream = await FollowAsync(administrator, $"/v1/events{query}", null, isOpening: true))
        {
            opening = (await stream.ReadLineAsync())!["id: ".Length..];
        }

        var now = (string)(await administrator.GetJsonAsync("/v1/changes?from=now"))["nextCursor"]!;
        Assert.Equal(expected ?? now, opening);

        // What was committed while nobody listened is neither lost nor repeated, whichever way the client resumes.
        await administrator.ActAsync("SNV", "reopen", """{"reason":"Sai số liệu"}""");
        var resumed = $"/v1/events?follow=false&kind=report.reopened";
        using (var stream = await FollowAsync(administrator, resumed, opening))
        {
            Assert.Equal("report.reopened", (await NextAsync(stream)).Event);
        }

        using (var stream = await FollowAsync(administrator, $"{resumed}&cursor={opening}", null))
        {
            Assert.Equal("report.reopened", (await NextAsync(stream)).Event);
        }
    }

    [Fact]
    public async Task An_event_id_is_a_cursor_of_the_feed()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        var page = await administrator.GetJsonAsync("/v1/changes?limit=2");
        using var stream = await FollowAsync(administrator, "/v1/events?from=start&follow=false", null);
        await NextAsync(stream);
        var second = await NextAsync(stream);
        var third = await NextAsync(stream);
        Assert.Equal((string)page["nextCursor"]!, second.Id);
        Assert.Equal(third.Data.ToJsonString(), (await administrator.GetJsonAsync($"/v1/changes?cursor={second.Id}"))["items"]![0]!.ToJsonString());
        foreach (var bad in new[] { "/v1/changes?cursor=-1", "/v1/changes?cursor=12a", "/v1/events?follow=false&cursor=MTIz!" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await api.Anonymous.GetAsync(new Uri(bad, UriKind.Relative))).StatusCode);
        }
    }

    [Fact]
    public async Task No_more_may_follow_than_the_node_serves()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Limits:EventClients", "1")]);
        using (await FollowAsync(api.Anonymous, "/v1/events", null))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await api.Anonymous.GetAsync(new Uri("/v1/events", UriKind.Relative))).StatusCode);
        }
    }

    [Fact]
    public async Task Places_are_shared_out_among_those_who_follow()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Limits:EventClients", "3")]);
        using var monitor = await api.KeyAsync(Role.Monitor);
        using var first = await FollowAsync(api.Anonymous, "/v1/events", null);
        using var second = await FollowAsync(api.Anonymous, "/v1/events", null);
        using var third = await FollowAsync(api.Anonymous, "/v1/events", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await api.Anonymous.GetAsync(new Uri("/v1/events", UriKind.Relative))).StatusCode);

        // Whoever holds most gives one up to a caller who holds none, and comes back in vain while all places are taken.
        using var other = await FollowAsync(monitor, "/v1/events", null);
        var ended = await await Task.WhenAny(first.ReadToEndAsync(), second.ReadToEndAsync(), third.ReadToEndAsync());
        Assert.Equal("", ended);
        foreach (var client in new[] { api.Anonymous, monitor })
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri("/v1/events", UriKind.Relative))).StatusCode);
        }
    }

    [Fact]
    public async Task A_stream_ends_when_its_key_is_revoked_or_expires()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var revoked = await MakeAsync("""{"role":"monitor"}""");
        var expiring = await MakeAsync("""{"role":"monitor","expiresAt":"2022-06-18T09:10:00+07:00"}""");
        var replaced = await MakeAsync("""{"role":"monitor"}""");
        await administrator.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{replaced["id"]}/rotate", """{"graceHours":5}""");
        using var one = await FollowAsync(api.Holding((string)revoked["key"]!), "/v1/events", null);
        using var two = await FollowAsync(api.Holding((string)expiring["key"]!), "/v1/events", null);
        using var three = await FollowAsync(api.Holding((string)replaced["key"]!), "/v1/events", null);
        using var stays = await FollowAsync(administrator, "/v1/events", null);
        await administrator.DeleteAsync(new Uri($"/v1/api-keys/{revoked["id"]}", UriKind.Relative));
        await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.Equal("", await one.ReadToEndAsync());
        api.Time.Advance(TimeSpan.FromMinutes(10));
        await administrator.ActAsync("SNV", "submit");
        Assert.DoesNotContain("report.submitted", await two.ReadToEndAsync());

        // A grace that is cut short ends what its secret follows.
        Assert.Equal(["report.saved", "report.submitted"], [(await NextAsync(three)).Event, (await NextAsync(three)).Event]);
        await administrator.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{replaced["id"]}/rotate", """{"graceHours":0}""");
        await administrator.ActAsync("SNV", "approve");
        Assert.DoesNotContain("report.approved", await three.ReadToEndAsync());
        Assert.Equal(
            ["report.saved", "report.submitted", "report.approved"],
            [(await NextAsync(stays)).Event, (await NextAsync(stays)).Event, (await NextAsync(stays)).Event]);

        async Task<JsonNode> MakeAsync(string body) =>
            await (await administrator.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", body)).JsonAsync();
    }

    private static async Task<StreamReader> FollowAsync(HttpClient client, string path, string? lastId, bool isOpening = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.EnsureSuccessStatusCode().Content.Headers.ContentType!.MediaType);
        var stream = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.StartsWith(":", await stream.ReadLineAsync());
        if (!isOpening)
        {
            Assert.StartsWith("id: ", await stream.ReadLineAsync());
            Assert.Equal("", await stream.ReadLineAsync());
        }

        return stream;
    }

    private static async Task<(string Id, string Event, JsonNode Data)> NextAsync(StreamReader stream)
    {
        var lines = new Dictionary<string, string>();
        while (await stream.ReadLineAsync() is { } line)
        {
            if (line.Length > 0 && line[0] != ':')
            {
                var colon = line.IndexOf(": ", StringComparison.Ordinal);
                lines[line[..colon]] = line[(colon + 2)..];
            }
            else if (lines.Count > 0)
            {
                return (lines["id"], lines["event"], JsonNode.Parse(lines["data"])!);
            }
        }

        throw new EndOfStreamException();
    }
}
