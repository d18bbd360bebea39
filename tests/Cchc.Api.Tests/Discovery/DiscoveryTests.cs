using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Discovery;

public sealed class DiscoveryTests
{
    [Fact]
    public async Task The_interface_is_found_from_its_well_known_place()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Discovery:BaseUrl", "https://cchc.example.vn/")]);
        var response = await api.Anonymous.GetAsync(new Uri("/.well-known/api-catalog", UriKind.Relative));
        Assert.Equal("application/linkset+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("rel=\"api-catalog\"", response.Headers.GetValues("Link").Single());
        var links = (await response.JsonAsync())["linkset"]![0]!;
        Assert.Equal("https://cchc.example.vn/v1", (string)links["anchor"]!);
        foreach (var relation in new[] { "service-desc", "service-doc", "service-meta", "status" })
        {
            var path = new Uri((string)links[relation]![0]!["href"]!).AbsolutePath;
            Assert.True((await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative))).IsSuccessStatusCode, path);
        }
    }

    [Fact]
    public async Task Every_data_set_says_what_DCAT_AP_requires_and_is_there()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri("/v1/catalog", UriKind.Relative));
        Assert.Equal("application/ld+json", response.Content.Headers.ContentType!.MediaType);
        var catalog = await response.JsonAsync();
        Assert.All(new[] { "dct:title", "dct:description", "dct:publisher", "dcat:dataset" }, member => Assert.NotNull(catalog[member]));
        foreach (var set in catalog["dcat:dataset"]!.AsArray())
        {
            Assert.All(
                new[] { "dct:title", "dct:description", "dct:license", "dct:identifier", "dct:accrualPeriodicity", "dct:temporal", "dct:modified" },
                member => Assert.NotNull(set![member]));
            Assert.Equal("00.00.H57", (string)set!["dct:publisher"]!["dct:identifier"]!);
            Assert.Equal(["vi", "en"], set["dct:title"]!.AsArray().Select(words => (string)words!["@language"]!));
            Assert.Equal(6, set["dcat:distribution"]!.AsArray().Count);
            foreach (var distribution in set["dcat:distribution"]!.AsArray())
            {
                var answer = await api.Anonymous.GetAsync(new Uri((string)distribution!["dcat:accessURL"]!["@id"]!));
                Assert.True(answer.IsSuccessStatusCode);
                Assert.EndsWith("/" + answer.Content.Headers.ContentType!.MediaType, (string)distribution["dcat:mediaType"]!["@id"]!);
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_target_is_defined_as_an_indicator(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var targets = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/targets"))["items"]!.AsArray();
        var indicators = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/indicators"))["items"]!.AsArray();
        Assert.Equal(targets.Select(each => (string)each!["code"]!), indicators.Select(each => (string)each!["code"]!));
        foreach (var (target, indicator) in targets.Zip(indicators))
        {
            Assert.True(JsonNode.DeepEquals(target!["lines"], indicator!["lines"]));
            Assert.Equal(
                (string)target["kind"]! switch { "ratio" => "ratioOfSums", "unitShare" => "shareOfUnits", "milestone" => "state", _ => "position" },
                (string)indicator["aggregation"]!);
            Assert.Equal((string)target["frequency"]! switch { "quarterly" => 4, "halfYearly" => 2, _ => 1 }, indicator["periods"]!.AsArray().Count);
        }

        var one = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/indicators/ii.3.A");
        Assert.Equal("398/KH-UBND, II.3.a", (string)one["source"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(new Uri($"{HttpExtensions.Plan}/indicators/X", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Pages_of_the_sites_named_may_call_and_others_may_not()
    {
        const string site = "https://dashboard.example.vn";
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Cors:Origins:0", site)]);
        foreach (var path in new[] { $"{HttpExtensions.Plan}/completion", $"{HttpExtensions.Plan}/completion", "/v1/plans/none" })
        {
            var answer = await SendAsync(api, HttpMethod.Get, path, site);
            Assert.Equal([site], answer.Headers.GetValues("Access-Control-Allow-Origin"));
            Assert.Contains("ETag", string.Join(',', answer.Headers.GetValues("Access-Control-Expose-Headers")));
            Assert.Contains("Origin", answer.Headers.Vary);
            Assert.False((await SendAsync(api, HttpMethod.Get, path, "https://elsewhere.example")).Headers.Contains("Access-Control-Allow-Origin"));
        }

        var preflight = await SendAsync(
            api, HttpMethod.Options, $"{HttpExtensions.Plan}/reports/2022-H1/SNV", site, ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "authorization,if-match,content-type"));
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Contains("PUT", string.Join(',', preflight.Headers.GetValues("Access-Control-Allow-Methods")));
        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Credentials"));

        await using var closed = await ApiHost.StartAsync(Engine.Sqlite);
        Assert.False((await SendAsync(closed, HttpMethod.Get, "/v1/plans", site)).Headers.Contains("Access-Control-Allow-Origin"));
        await using var open = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Cors:Origins:0", "*")]);
        Assert.Equal(["*"], (await SendAsync(open, HttpMethod.Get, "/v1/plans", site)).Headers.GetValues("Access-Control-Allow-Origin"));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ApiHost api, HttpMethod method, string path, string origin, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await api.Anonymous.SendAsync(request);
    }
}
