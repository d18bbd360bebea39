using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Reports;

/// <summary>Taking back, giving back to a day, approval by districts and of many at once.</summary>
public sealed class ReviewTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_withdrawn_revision_is_as_if_it_had_not_been_submitted(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var reviewer = await api.KeyAsync(Role.Reviewer, "SNV");
        await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        Assert.Equal(HttpStatusCode.Conflict, (await reporter.ActAsync("STP", "withdraw")).StatusCode);
        await reporter.ActAsync("STP", "submit");
        Assert.Equal(HttpStatusCode.Forbidden, (await reviewer.ActAsync("STP", "withdraw")).StatusCode);
        Assert.Equal(1, await ReceivedAsync(reviewer));

        var withdrawn = await (await reporter.ActAsync("STP", "withdraw")).JsonAsync();
        Assert.Equal("draft", (string?)withdrawn["status"]);
        Assert.Null(withdrawn["firstSubmittedAt"]);
        Assert.Null(withdrawn["onTime"]);
        Assert.Equal(0, await ReceivedAsync(reviewer));
        Assert.Equal(HttpStatusCode.Conflict, (await reviewer.ActAsync("STP", "approve")).StatusCode);
        var revisions = await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions");
        Assert.Equal("withdrawn", (string?)revisions["items"]![0]!["decision"]);

        // First submitted on time, but taken back: what counts is the submission that stayed.
        api.Time.Set(new DateTimeOffset(2022, 6, 21, 9, 0, 0, TimeSpan.FromHours(7)));
        var late = await (await reporter.ActAsync("STP", "submit")).JsonAsync();
        Assert.Equal(2, (int)late["revision"]!);
        Assert.False((bool)late["onTime"]!);
        Assert.Equal("2022-06-21T09:00:00.000+07:00", (string?)late["firstSubmittedAt"]);
        Assert.Equal(1, await ReceivedAsync(reviewer));
        var compliance = await reviewer.GetJsonAsync($"{HttpExtensions.Plan}/compliance?period=2022-H1&lens=provisional&state=late");
        Assert.Equal("STP", (string?)compliance["items"]![0]!["unit"]);
    }

    [Fact]
    public async Task After_the_lock_one_report_is_given_back_to_a_day_and_no_other_moves()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        await ExecuteAsync(api, "UPDATE periods SET lock_on = '2022-06-25' WHERE code = '2022-H1'");
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STC");
        using var reviewer = await api.KeyAsync(Role.Reviewer, "SNV");
        await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        await reporter.ActAsync("STP", "submit");
        api.Time.Set(new DateTimeOffset(2022, 6, 25, 23, 59, 59, 999, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.Created, (await other.PutReportAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 100))).StatusCode);
        api.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("period.locked", await CodeAsync(await other.PutReportAsync("STC", HttpExtensions.Ratio("II.3.a", 2, 100), ifMatch: "*")));
        Assert.Equal("period.locked", await CodeAsync(await reporter.ActAsync("STP", "withdraw")));
        Assert.Equal("until.required", await ErrorAsync(await reviewer.ActAsync("STP", "return", """{"reason":"Chưa khớp"}""")));
        Assert.Equal("until.past", await ErrorAsync(await reviewer.ActAsync("STP", "return", """{"reason":"Chưa khớp","until":"2022-06-25"}""")));
        Assert.Equal("date.invalid", await ErrorAsync(await reviewer.ActAsync("STP", "return", """{"reason":"Chưa khớp","until":"25/6"}""")));
        Assert.Equal(HttpStatusCode.OK, (await reviewer.ActAsync("STP", "approve")).StatusCode);
        Assert.Equal("until.required", await ErrorAsync(await reviewer.ActAsync("STP", "reopen", """{"reason":"Đính chính"}""")));
        var reopened = await reviewer.ActAsync("STP", "reopen", """{"reason":"Đính chính","until":"2022-06-30"}""");
        Assert.Equal("2022-06-30", (string?)(await reopened.JsonAsync())["until"]);

        api.Time.Set(new DateTimeOffset(2022, 6, 30, 23, 59, 59, 999, TimeSpan.FromHours(7)));
        var open = await reporter.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative));
        Assert.Equal(["put", "submit"], Allowed(await open.JsonAsync()));
        Assert.Equal(HttpStatusCode.OK, (await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 33, 100), ifMatch: open.Headers.ETag!.Tag)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await other.ActAsync("STC", "submit")).StatusCode);
        var before = await reporter.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative));
        api.Time.Advance(TimeSpan.FromMilliseconds(1));
        using var again = new HttpRequestMessage(HttpMethod.Get, $"{HttpExtensions.Plan}/reports/2022-H1/STP");
        again.Headers.IfNoneMatch.Add(before.Headers.ETag!);
        var after = await reporter.SendAsync(again);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        Assert.Empty(Allowed(await after.JsonAsync()));
        Assert.Equal("period.locked", await CodeAsync(await reporter.ActAsync("STP", "submit")));

        // A unit that never reported is let in the same way, and begins with an empty draft.
        Assert.Equal("report.unknown", await CodeAsync(await reviewer.ActAsync("VPUB", "approve")));
        var begun = await (await reviewer.ActAsync("VPUB", "reopen", """{"reason":"Văn phòng xin nộp muộn","until":"2022-07-05"}""")).JsonAsync();
        Assert.Equal("draft", (string?)begun["status"]);
        Assert.Empty(begun["values"]!.AsArray());
        using var late = await api.KeyAsync(Role.Reporter, "VPUB");
        Assert.Equal("report.empty", await CodeAsync(await late.ActAsync("VPUB", "submit")));
        Assert.Equal(HttpStatusCode.OK, (await late.PutReportAsync("VPUB", HttpExtensions.Ratio("II.3.a", 1, 2), ifMatch: "*")).StatusCode);
        Assert.False((bool)(await (await late.ActAsync("VPUB", "submit")).JsonAsync())["onTime"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_district_approves_its_communes_first_where_the_plan_says_so(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        await ExecuteAsync(api, "INSERT INTO plan_rules (plan_id, district_approval) SELECT plan_id, 1 FROM plans WHERE code = 'cchc-2022'");
        using var commune = await api.KeyAsync(Role.Reporter, "C19750");
        using var district = await api.KeyAsync(Role.Reviewer, "D474");
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        await commune.PutReportAsync("C19750", HttpExtensions.Ratio("II.3.a", 1, 2));
        await commune.ActAsync("C19750", "submit");
        var waiting = await office.GetJsonAsync($"{HttpExtensions.Plan}/reports?awaiting=district");
        Assert.Equal(["return"], Allowed(waiting["items"]![0]!));
        Assert.Equal("report.awaitsDistrict", await CodeAsync(await office.ActAsync("C19750", "approve")));

        var passed = await (await district.ActAsync("C19750", "approve")).JsonAsync();
        Assert.Equal("submitted", (string?)passed["status"]);
        Assert.Equal("lead", (string?)passed["awaiting"]);
        Assert.StartsWith("key:", (string?)passed["districtApproval"]!["by"]);
        Assert.Equal("report.districtApproved", await CodeAsync(await district.ActAsync("C19750", "approve")));
        Assert.Equal(["approve", "return"], Allowed(await office.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/C19750")));
        Assert.Equal("approved", (string?)(await (await office.ActAsync("C19750", "approve")).JsonAsync())["status"]);

        // A new revision is approved anew.
        await office.ActAsync("C19750", "reopen", """{"reason":"Đính chính"}""");
        await commune.ActAsync("C19750", "submit");
        Assert.Equal("report.awaitsDistrict", await CodeAsync(await office.ActAsync("C19750", "approve")));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Many_are_approved_at_once_and_each_has_its_own_outcome(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var unit in new[] { "STP", "STC", "SNV", "C19750", "D474" })
        {
            await administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
        }

        foreach (var unit in new[] { "STP", "STC", "SNV", "C19750" })
        {
            await administrator.ActAsync(unit, "submit");
        }

        const string body =
            """{"period":"2022-H1","reports":[{"unit":"STP","version":2},{"unit":"STC","version":1},{"unit":"SNV"},{"unit":"D474"},{"unit":"VPUB"}]}""";
        office.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        var response = await office.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/report-approvals", body);
        var answer = await response.JsonAsync();
        Assert.Equal(
            ["STP approved ", "STC refused precondition.failed", "SNV refused auth.ownReport", "D474 refused report.state", "VPUB refused report.unknown"],
            answer["items"]!.AsArray().Select(item => $"{item!["unit"]} {item["outcome"]} {item["code"]}"));
        Assert.Equal((1, 0, 4), ((int)answer["approved"]!, (int)answer["unchanged"]!, (int)answer["refused"]!));
        var again = await office.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/report-approvals", body);
        Assert.Equal(answer.ToJsonString(), (await again.JsonAsync()).ToJsonString());
        Assert.Equal("idempotency.reused", await CodeAsync(await office.SendJsonAsync(
            HttpMethod.Post, $"{HttpExtensions.Plan}/report-approvals", """{"period":"2022-H1","under":"TTH"}""")));

        office.DefaultRequestHeaders.Remove("Idempotency-Key");
        var rest = await (await office.SendJsonAsync(
            HttpMethod.Post, $"{HttpExtensions.Plan}/report-approvals", """{"period":"2022-H1","under":"TTH"}""")).JsonAsync();
        Assert.Equal(["C19750", "STC"], rest["items"]!.AsArray().Select(item => (string?)item!["unit"]));
        Assert.Equal("submitted", (string?)(await administrator.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/SNV"))["status"]);
        foreach (var (bad, status) in new[]
        {
            ("""{"period":"2022-H1"}""", 400), ("""{"period":"2022-H9","under":"TTH"}""", 422), ("""{"period":"2022-H1","under":"TTH","reports":[]}""", 400),
            ("""{"period":"2022-H1","reports":[{"unit":"STP"},{"unit":"STP"}]}""", 422), ("[]", 400), ("""{"period":"2022-H1","reports":[{"unit":"X"}]}""", 422),
        })
        {
            Assert.Equal(status, (int)(await office.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/report-approvals", bad)).StatusCode);
        }
    }

    [Fact]
    public async Task What_may_be_done_next_is_what_succeeds()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var callers = new Dictionary<string, HttpClient>
        {
            ["reporter"] = await api.KeyAsync(Role.Reporter, "STP"),
            ["reviewer"] = await api.KeyAsync(Role.Reviewer, "SNV"),
            ["monitor"] = await api.KeyAsync(Role.Monitor),
            ["administrator"] = await api.KeyAsync(Role.Administrator),
        };
        await callers["reporter"].PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 0, 5000));
        var random = new Random(7);
        var done = 0;
        for (var step = 1; step <= 150; step++)
        {
            var caller = callers.ElementAt(random.Next(callers.Count)).Value;
            var allowed = Allowed(await caller.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP"));
            foreach (var action in new[] { "put", "submit", "withdraw", "approve", "return", "reopen" }.OrderBy(_ => random.Next()).ToList())
            {
                var response = action == "put"
                    ? await caller.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", step, 5000), ifMatch: "*")
                    : await caller.ActAsync("STP", action, """{"reason":"Thử"}""");
                Assert.True(allowed.Contains(action) == response.IsSuccessStatusCode, $"{step} {action} {(int)response.StatusCode} of {string.Join(',', allowed)}");
                if (response.IsSuccessStatusCode)
                {
                    done++;
                    break;
                }
            }
        }

        Assert.True(done > 50);
        foreach (var client in callers.Values)
        {
            client.Dispose();
        }
    }

    private static string[] Allowed(System.Text.Json.Nodes.JsonNode report) => [.. report["allowedActions"]!.AsArray().Select(action => (string)action!)];

    private static async Task<int> ReceivedAsync(HttpClient client) =>
        (int)(await client.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1&lens=provisional"))["coverage"]!["received"]!;

    private static async Task<string?> CodeAsync(HttpResponseMessage response) => (string?)(await response.JsonAsync())["code"];

    private static async Task<string?> ErrorAsync(HttpResponseMessage response) => (string?)(await response.JsonAsync())["errors"]![0]!["code"];

    // The definition of a plan is changed where it stands, before the server first reads it.
    // The host that runs is told too: it may have read the plans already, and its clock stands.
    private static async Task ExecuteAsync(ApiHost api, string sql) =>
        api.Services.GetRequiredService<DataVersions>().Observe(await api.Services.GetRequiredService<Database>().WriteAsync(
            async session =>
            {
                await session.Connection.ExecuteAsync(sql, transaction: session.Transaction);
                return (await DataVersions.RaiseAsync(session, api.Time, DataVersions.Catalogue), true);
            },
            default));
}
