using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Reports;

public sealed class BadInputTests
{
    public static TheoryData<string, int, string, string?> Bodies { get; } = new()
    {
        { "", 415, "request.mediaType", null },
        { "{", 400, "json.malformed", "" },
        { "[]", 400, "json.wrongType", "" },
        { "null", 400, "json.wrongType", "" },
        { """{"values":{}}""", 400, "json.wrongType", "/values" },
        { """{"values":[],"values":[]}""", 400, "json.malformed", "" },
        { """{"colour":1}""", 400, "json.unknownMember", "/colour" },
        { """{"a/b~c":1}""", 400, "json.unknownMember", "/a~1b~0c" },
        { """{"values":[null]}""", 400, "json.wrongType", "/values/0" },
        { """{"values":[{}]}""", 400, "json.required", "/values/0/target" },
        { """{"values":[{"target":5}]}""", 400, "json.wrongType", "/values/0/target" },
        { """{"values":[{"target":"II.9.z","done":true}]}""", 422, "value.targetUnknown", "/values/0/target" },
        { """{"values":[{"target":"II.3.a","numerator":"1","total":2}]}""", 400, "json.wrongType", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":-1,"total":2}]}""", 422, "value.outOfRange", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":1.5,"total":2}]}""", 422, "value.notWhole", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":1e-400,"total":2}]}""", 422, "value.notWhole", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":1,"total":9007199254740992}]}""", 422, "value.outOfRange", "/values/0/total" },
        { """{"values":[{"target":"II.3.a","numerator":1,"total":1e999}]}""", 422, "value.outOfRange", "/values/0/total" },
        { """{"values":[{"target":"II.3.a","numerator":1}]}""", 422, "value.required", "/values/0/total" },
        { """{"values":[{"target":"II.3.a"}]}""", 422, "value.required", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":3,"total":2}]}""", 422, "value.numeratorExceedsBase", "/values/0/numerator" },
        { """{"values":[{"target":"II.8.a","numerator":0,"total":2,"excluded":3}]}""", 422, "value.excludedExceedsTotal", "/values/0/excluded" },
        { """{"values":[{"target":"II.8.a","numerator":2,"total":2,"excluded":1}]}""", 422, "value.numeratorExceedsBase", "/values/0/numerator" },
        { """{"values":[{"target":"II.3.a","numerator":0,"total":2,"excluded":1}]}""", 422, "value.excludedNotTaken", "/values/0/excluded" },
        { """{"values":[{"target":"II.3.a","numerator":0,"excluded":1}]}""", 422, "value.excludedNotTaken", "/values/0/excluded" },
        { """{"values":[{"target":"II.10.a","done":true,"excluded":0}]}""", 422, "value.shape", "/values/0/excluded" },
        { """{"values":[{"target":"II.3.a","done":true}]}""", 422, "value.shape", "/values/0/done" },
        { """{"values":[{"target":"II.3.a","numerator":1,"total":2,"notApplicable":"x"}]}""", 422, "value.exclusive", "/values/0/notApplicable" },
        { """{"values":[{"target":"II.3.a","notApplicable":"  "}]}""", 422, "text.blank", "/values/0/notApplicable" },
        { """{"values":[{"target":"II.3.a","level":"commune","numerator":1,"total":2}]}""", 422, "value.levelUnknown", "/values/0/level" },
        { """{"values":[{"target":"II.3.a","level":"planet","numerator":1,"total":2}]}""", 400, "json.oneOf", "/values/0/level" },
        { """{"values":[{"target":"II.3.b","numerator":1,"total":2}]}""", 422, "value.notExpected", "/values/0/target" },
        { """{"values":[{"target":"II.6.b","state":"done"}]}""", 422, "value.notDue", "/values/0/target" },
        { """{"values":[{"target":"II.6.c","state":5}]}""", 400, "json.wrongType", "/values/0/state" },
        { """{"values":[{"target":"II.10.a","done":"yes"}]}""", 400, "json.wrongType", "/values/0/done" },
        { """{"values":[{"target":"II.10.a","done":true},{"target":"ii.10.A","done":false}]}""", 422, "value.duplicate", "/values/1" },
        { """{"values":[{"target":"II.10.a","done":true,"note":"a\u0000b"}]}""", 422, "text.invalid", "/values/0/note" },
        { """{"values":[{"target":"II.10.a","done":true,"note":"\ud800"}]}""", 400, "text.surrogate", "/values/0/note" },
        { """{"narrative":"a\ud83d\ude00\ude00"}""", 400, "text.surrogate", "/narrative" },
        { """{"\ud800":1}""", 400, "text.surrogate", "" },
        { """{"\udfff":1,"\udfff":2}""", 400, "text.surrogate", "" },
        { """{"values":[{"target":"II.10.a","done":true},{"\uD83D":1}]}""", 400, "text.surrogate", "/values/1" },
        { """{"colour":{"a/b":["x",{"\udc00":[]}]}}""", 400, "text.surrogate", "/colour/a~1b/1" },
        { """{"tasks":[{"task":"X","status":"done"}]}""", 422, "value.taskUnknown", "/tasks/0/task" },
        { """{"tasks":[{"task":"III.6.e","status":"done"}]}""", 422, "value.notExpected", "/tasks/0/task" },
        { """{"evidence":[{"title":"a","url":"javascript:alert(1)"}]}""", 422, "url.invalid", "/evidence/0/url" },
    };

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_bad_body_is_refused_with_its_code_and_changes_nothing(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        foreach (var row in Bodies)
        {
            var (body, status, code, pointer) = ((string)row[0], (int)row[1], (string)row[2], (string?)row[3]);
            var response = body.Length == 0
                ? await client.PutAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative), null)
                : await client.PutReportAsync("STP", body);
            var problem = await response.JsonAsync();
            Assert.True(status == (int)response.StatusCode, $"{body}: {problem}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            if (pointer is not null)
            {
                Assert.Contains(problem["errors"]!.AsArray(), error => (string?)error!["code"] == code && (string?)error["pointer"] == pointer);
            }
        }

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task All_refusals_come_in_one_answer_in_the_language_asked(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        client.DefaultRequestHeaders.AcceptLanguage.Add(new StringWithQualityHeaderValue("en"));
        var response = await client.PutReportAsync(
            "STP", """{"values":[{"target":"II.3.a","numerator":-1,"total":-2},{"target":"Z"}],"evidence":[{"title":"a","url":"b"}]}""");
        var problem = await response.JsonAsync();
        Assert.Equal(4, problem["errors"]!.AsArray().Count);
        Assert.Equal("It must be from 0 to 99999999999.", (string?)problem["errors"]![0]!["detail"]);
        Assert.Equal("-1", (string?)problem["errors"]![0]!["value"]);
    }

    [Fact]
    public async Task A_count_stays_under_a_hundred_billion_wherever_it_is_given()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        const long most = 99_999_999_999;
        var lead = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/tasks/III.2.e"))["lead"]!.ToString();
        foreach (var (count, isTaken) in new[] { (most, true), (most + 1, false), (9_007_199_254_740_991, false) })
        {
            var put = await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, count));
            Assert.Equal(isTaken, put.StatusCode is not HttpStatusCode.UnprocessableEntity);
            put = await client.PutReportAsync("SKHDT", $$"""{"values":[{"target":"II.11.d","position":{{count}}}]}""", "2022-FY");
            Assert.Equal(isTaken, put.StatusCode is not HttpStatusCode.UnprocessableEntity);
            put = await client.PutReportAsync(lead, $$"""{"tasks":[{"task":"III.2.e","status":"done","count":{{count}}}]}""");
            Assert.Equal(isTaken, put.StatusCode is not HttpStatusCode.UnprocessableEntity);
            var csv = await client.ImportAsync($"unit,period,target,numerator,total\nSTC,2022-H1,II.3.a,1,{count}\n", "?dryRun=true");
            Assert.Equal(isTaken ? 0 : 1, (int)(await csv.JsonAsync())["result"]!["rows"]!["rejected"]!);
            var json = await client.SendJsonAsync(
                HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports?dryRun=true",
                $$"""[{"unit":"STC","period":"2022-H1","target":"II.3.a","numerator":1,"total":{{count}}}]""");
            Assert.Equal(isTaken ? 0 : 1, (int)(await json.JsonAsync())["result"]!["rows"]!["rejected"]!);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Oversized_and_mistyped_bodies_are_refused(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Reporter, "STP");
        var path = new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative);
        var large = await client.PutAsync(path, new StringContent(new string(' ', 10_000_000), Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        var text = await client.PutAsync(path, new StringContent("{}", Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
        var utf16 = await client.PutAsync(path, new StringContent("{}", Encoding.Unicode, "application/json"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, utf16.StatusCode);
        using var zipped = new StringContent("{}", Encoding.UTF8, "application/json");
        zipped.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await client.PutAsync(path, zipped)).StatusCode);
        var patch = await client.PatchAsync(path, new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, patch.StatusCode);
        using var broken = new ByteArrayContent([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
        broken.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PutAsync(path, broken)).StatusCode);
    }

    [Theory]
    [InlineData("/v1/plans/nope/completion", 404)]
    [InlineData("/v1/plans/cchc-2022/targets/%F0%9F%92%A9", 404)]
    [InlineData("/v1/plans/cchc-2022/completion?period=2099", 400)]
    [InlineData("/v1/plans/cchc-2022/completion?lens=Published", 400)]
    [InlineData("/v1/plans/cchc-2022/completion?x=1", 400)]
    [InlineData("/v1/plans/cchc-2022/completion?lens=published&lens=published", 400)]
    [InlineData("/v1/plans/cchc-2022/completion/units/C19753-2025", 404)]
    [InlineData("/v1/units?limit=0", 400)]
    [InlineData("/v1/units?limit=1001", 400)]
    [InlineData("/v1/units?cursor=%25%25", 400)]
    [InlineData("/v1/units?asOf=2022-13-01", 400)]
    [InlineData("/v1/units?q=%00%ED%A0%80", 200)]
    [InlineData("/v9/plans", 404)]
    public async Task Bad_addresses_get_a_problem(string path, int status)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(status, (int)response.StatusCode);
        if (status != 200)
        {
            Assert.NotNull((string?)(await response.JsonAsync())["code"]);
        }
    }

    [Theory]
    [InlineData("/v1/plans", 200)]
    [InlineData("/v1/plans/cchc-2022/reports", 401)]
    [InlineData("/v1/plans/none", 404)]
    [InlineData("/v1/plans?unknown=1", 400)]
    [InlineData("/none", 404)]
    [InlineData("/health/live", 200)]
    [InlineData("/openapi/v1.json", 200)]
    public async Task A_browser_is_told_to_take_an_answer_as_data(string path, int status)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
    }
}
