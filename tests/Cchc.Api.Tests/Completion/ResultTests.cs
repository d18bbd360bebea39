using System.Net;
using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Completion;

public sealed class ResultTests
{
    private const string Results = HttpExtensions.Plan + "/periods/2022-H1/results";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_result_stays_as_it_was_frozen_and_corrections_have_a_new_number(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 30, 100));
        office.DefaultRequestHeaders.Add("Idempotency-Key", "h1");
        var frozen = await office.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Tổng hợp 6 tháng"}""");
        Assert.Equal(HttpStatusCode.Created, frozen.StatusCode);
        Assert.Equal(Results + "/1", frozen.Headers.Location!.ToString());
        var text = await frozen.Content.ReadAsStringAsync();
        var repeated = await office.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Tổng hợp 6 tháng"}""");
        Assert.Equal((HttpStatusCode.OK, text), (repeated.StatusCode, await repeated.Content.ReadAsStringAsync()));
        office.DefaultRequestHeaders.Clear();
        office.DefaultRequestHeaders.Add("Authorization", administrator.DefaultRequestHeaders.Authorization!.ToString());
        Assert.Equal("result.unchanged", (string?)(await (await office.SendJsonAsync(HttpMethod.Post, Results, null)).JsonAsync())["code"]);

        var first = (await frozen.JsonAsync())!;
        var completion = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion?period=2022-H1");
        Assert.Equal(completion.ToJsonString(), first["completion"]!.ToJsonString());
        Assert.Equal(180, first["missing"]!.AsArray().Count);
        Assert.DoesNotContain("STP", first["missing"]!.AsArray().Select(each => (string)each!["unit"]!));
        Assert.Empty(first["changes"]!.AsArray());

        api.Time.Advance(TimeSpan.FromDays(3));
        await administrator.ActAsync("STP", "reopen", """{"reason":"Đính chính"}""");
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 60, 100), ifMatch: "*");
        await administrator.ActAsync("STP", "submit");
        await administrator.ActAsync("STP", "approve");
        var second = await (await administrator.SendJsonAsync(HttpMethod.Post, Results, """{"reason":"Đính chính của STP"}""")).JsonAsync();
        Assert.Equal(2, (int)second["number"]!);
        var change = Assert.Single(second["changes"]!.AsArray())!;
        Assert.Equal(("II.3.a", 20m, 33.33m), ((string)change["target"]!, (decimal)change["before"]!, (decimal)change["after"]!));

        var stored = await api.Anonymous.GetAsync(new Uri(Results + "/1", UriKind.Relative));
        Assert.Equal(text, await stored.Content.ReadAsStringAsync());
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var list = await api.Anonymous.GetJsonAsync(Results);
        Assert.Equal(sha256, (string?)list["items"]![0]!["sha256"]);
        Assert.Equal($"\"{sha256}\"", stored.Headers.ETag!.Tag);
        Assert.Equal(2, list["items"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(new Uri(Results + "/3", UriKind.Relative))).StatusCode);
        api.Time.Set(new DateTimeOffset(2021, 12, 14, 23, 59, 0, TimeSpan.FromHours(7)));
        Assert.Equal("period.notBegun", (string?)(await (await administrator.SendJsonAsync(HttpMethod.Post, Results, null)).JsonAsync())["code"]);
    }
}
