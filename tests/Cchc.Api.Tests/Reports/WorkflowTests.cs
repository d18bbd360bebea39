using System.Net;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Reports;

public sealed class WorkflowTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_report_goes_from_draft_to_approved_and_back(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var reviewer = await api.KeyAsync(Role.Reviewer, "SNV");

        var created = await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.StartsWith("\"r1.", created.Headers.ETag!.Tag, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await reporter.ActAsync("STP", "submit")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await reporter.ActAsync("STP", "submit")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await reviewer.ActAsync("STP", "return")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reviewer.ActAsync("STP", "return", """{"reason":"Chưa khớp"}""")).StatusCode);

        var returned = await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP");
        Assert.Equal("returned", (string?)returned["status"]);
        Assert.Equal("Chưa khớp", (string?)returned["history"]!.AsArray()[^1]!["reason"]);
        var changed = await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 40, 100), ifMatch: "\"r3\"");
        Assert.Equal(2, (int)(await changed.JsonAsync())["revision"]!);
        Assert.Equal(HttpStatusCode.OK, (await reporter.ActAsync("STP", "submit")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reviewer.ActAsync("STP", "approve")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await reviewer.ActAsync("STP", "reopen", """{"reason":"Sửa số liệu"}""")).StatusCode);
        Assert.Equal(40m, await NumeratorAsync(api.Anonymous));
        await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 50, 100), ifMatch: "*");
        Assert.Equal(40m, await NumeratorAsync(api.Anonymous));
        await reporter.ActAsync("STP", "submit");
        Assert.Equal(50m, await NumeratorAsync(reviewer, "&lens=provisional"));
        await reviewer.ActAsync("STP", "approve");
        Assert.Equal(50m, await NumeratorAsync(api.Anonymous));

        var revision = await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions/3");
        Assert.Equal(40, (int)revision["changes"]![0]!["before"]!["numerator"]!);
        Assert.Equal(50, (int)revision["changes"]![0]!["after"]!["numerator"]!);
        Assert.Equal(3, (await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions"))["items"]!.AsArray().Count);

        await reviewer.ActAsync("STP", "reopen", """{"reason":"Bổ sung nhiệm vụ"}""");
        await reporter.PutReportAsync(
            "STP", """{"values":[{"target":"II.3.a","numerator":50,"total":100}],"tasks":[{"task":"III.1.a","status":"done"}],"narrative":"Xong"}""", ifMatch: "*");
        revision = await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions/4");
        Assert.Empty(revision["changes"]!.AsArray());
        Assert.Equal("III.1.a", (string?)Assert.Single(revision["taskChanges"]!.AsArray())!["task"]);
        Assert.Equal((true, false), ((bool)revision["narrativeChanged"]!, (bool)revision["evidenceChanged"]!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Rights_follow_role_and_reach(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var district = await api.KeyAsync(Role.Reporter, "D474");
        using var districtReviewer = await api.KeyAsync(Role.Reviewer, "D474");
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        using var officeReporter = await api.KeyAsync(Role.Reporter, "SNV");
        using var administrator = await api.KeyAsync(Role.Administrator);
        var body = HttpExtensions.Ratio("II.3.a", 1, 2);

        Assert.Equal(HttpStatusCode.Created, (await district.PutReportAsync("C19750", body)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await district.ActAsync("C19750", "submit")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await districtReviewer.ActAsync("C19750", "approve")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await district.PutReportAsync("D476", body)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await district.PutReportAsync("D474-HCC", body)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.Anonymous.PutReportAsync("D474", body)).StatusCode);
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await api.Anonymous.GetAsync(new Uri($"{HttpExtensions.Plan}/completion?lens=provisional", UriKind.Relative))).StatusCode);

        await officeReporter.PutReportAsync("SNV", body);
        await officeReporter.ActAsync("SNV", "submit");
        var own = await office.ActAsync("SNV", "approve");
        Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
        Assert.Equal("auth.ownReport", (string?)(await own.JsonAsync())["code"]);
        Assert.Equal(HttpStatusCode.OK, (await administrator.ActAsync("SNV", "approve")).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Replacing_needs_the_version_and_repeating_does_not(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        var again = await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.StartsWith("\"r1.", again.Headers.ETag!.Tag, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode)428, (await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2))).StatusCode);
        Assert.Equal((HttpStatusCode)412, (await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2), ifMatch: "\"r9\"")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2), ifMatch: "\"r1\"")).StatusCode);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("@")]
    [InlineData("W/@")]
    [InlineData("\"other\", W/@")]
    [InlineData("\"r1\"")]
    public async Task A_report_that_is_there_is_not_replaced_where_there_must_be_none(string given)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        var tag = (await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2))).Headers.ETag!.Tag;
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{HttpExtensions.Plan}/reports/2022-H1/STP")
        {
            Content = new StringContent(HttpExtensions.Ratio("II.3.a", 2, 2), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("If-Match", tag);
        request.Headers.TryAddWithoutValidation("If-None-Match", given.Replace("@", tag, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await client.SendAsync(request)).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Of_two_writers_one_wins_in_every_round(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        var etag = (await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 0, 5000))).Headers.ETag!.Tag;
        var rounds = engine == Engine.Sqlite ? 1000 : 100;
        for (var round = 1; round <= rounds; round++)
        {
            var both = await Task.WhenAll(
                client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", round, 5000), ifMatch: etag),
                client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", round, 6000), ifMatch: etag));
            Assert.Equal([200, 412], both.Select(response => (int)response.StatusCode).Order());
            etag = both.Single(response => response.IsSuccessStatusCode).Headers.ETag!.Tag;
        }

        Assert.StartsWith($"\"r{rounds + 1}.", etag, StringComparison.Ordinal);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_idempotency_key_makes_a_repeated_action_harmless(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        client.DefaultRequestHeaders.Add("Idempotency-Key", "abc");
        using var administrator = await api.KeyAsync(Role.Administrator);
        var first = await client.ActAsync("STP", "submit");
        Assert.Equal(HttpStatusCode.OK, (await administrator.ActAsync("STP", "approve")).StatusCode);
        var again = await client.ActAsync("STP", "submit");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);
        var other = await client.ActAsync("STP", "submit", """{"reason":"khác"}""");
        Assert.Equal("idempotency.reused", (string?)(await other.JsonAsync())["code"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_looks_odd_is_said_and_not_refused(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 90, 100), "2022-Q1");
        var response = await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 40, 400));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(
            ["warning.fell", "warning.rateMoved", "warning.totalChanged"],
            (await response.JsonAsync())["warnings"]!.AsArray().Select(warning => (string?)warning!["code"]));
    }

    private static async Task<decimal> NumeratorAsync(HttpClient client, string more = "")
    {
        var answer = await client.GetJsonAsync($"{HttpExtensions.Plan}/completion/targets/II.3.a?period=2022-H1{more}");
        return answer["lines"]![0]!["figures"]!["numerator"]!.GetValue<decimal>();
    }
}
