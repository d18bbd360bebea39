using System.Net;
using Cchc.Api.Http;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Http;

/// <summary>Nodes of two builds on one database, as while a release is rolled out.</summary>
public sealed class BuildTests
{
    private const string Plan = HttpExtensions.Plan;

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_another_build_computed_is_never_taken_for_this_ones(Engine engine)
    {
        await using var before = await ApiHost.StartAsync(engine);
        await using var same = ApiHost.Join(before);
        await using var next = ApiHost.Join(before, configure: services => services.AddSingleton(new Build("next")));
        using var client = await before.KeyAsync(Role.Administrator);
        var credential = client.DefaultRequestHeaders.Authorization!.Parameter!;
        foreach (var path in new[]
        {
            "/v1/plans", $"{Plan}/completion", $"{Plan}/completion/rows?format=csv", $"{Plan}/completion/series", $"{Plan}/pictures/groups",
            $"{Plan}/pictures/groups?format=png", "/v1/catalog", "/.well-known/api-catalog",
        })
        {
            var tag = (await GetAsync(before, credential, path)).Headers.ETag!.Tag;
            Assert.Equal(HttpStatusCode.NotModified, (await GetAsync(same, credential, path, tag)).StatusCode);
            var other = await GetAsync(next, credential, path, tag);
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(before, credential, path, other.Headers.ETag!.Tag)).StatusCode);
            Assert.Equal(HttpStatusCode.NotModified, (await GetAsync(next, credential, path, other.Headers.ETag.Tag)).StatusCode);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_was_read_from_one_build_may_be_replaced_at_another(Engine engine)
    {
        await using var before = await ApiHost.StartAsync(engine);
        await using var next = ApiHost.Join(before, configure: services => services.AddSingleton(new Build("next")));
        using var client = await before.KeyAsync(Role.Administrator);
        using var other = next.Holding(client.DefaultRequestHeaders.Authorization!.Parameter!);
        var written = await client.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.StartsWith("\"r1.", written.Headers.ETag!.Tag, StringComparison.Ordinal);
        var replaced = await other.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2), ifMatch: written.Headers.ETag.Tag);
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);

        const string period = $"{Plan}/periods/2022-FY";
        var known = (await client.GetAsync(new Uri(period, UriKind.Relative))).Headers.ETag!.Tag;
        var changed = await other.SendJsonAsync(HttpMethod.Put, period, """{"dueOn":"2022-12-21","reason":"a"}""", known);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    private static async Task<HttpResponseMessage> GetAsync(ApiHost node, string credential, string path, string? tag = null)
    {
        using var client = node.Holding(credential);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return await client.SendAsync(request);
    }
}
