using System.Net;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

/// <summary>The API behind a gateway that puts it under a path prefix, and called by pages of other sites.</summary>
public sealed class GatewayTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Gateway = "10.0.0.1";
    private const string Row = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,10\n";

    [Fact]
    public async Task Addresses_stay_under_the_prefix_of_the_gateway()
    {
        await using var api = await StartAsync();
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var (prefix, expected) in new[]
        {
            ("/cchc", "/cchc"), ("/tinh/cchc/", "/tinh/cchc"), ("", ""), ("/cchc", "/cchc"),
        })
        {
            Behind(api.Anonymous, prefix);
            Behind(administrator, prefix);
            foreach (var round in new[] { "computed", "kept" })
            {
                var link = (await api.Anonymous.GetAsync(new Uri("/v1/units?limit=2", UriKind.Relative))).Headers.GetValues("Link").Single();
                Assert.True(link.StartsWith($"<{expected}/v1/units?limit=2&cursor=", StringComparison.Ordinal), $"{round}: {link}");
            }

            var obstacle = await administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""");
            Assert.StartsWith($"{expected}{Plan}/obstacles/", obstacle.Headers.Location!.OriginalString, StringComparison.Ordinal);
            var import = await administrator.ImportAsync(Row, prefer: "respond-async");
            Assert.StartsWith($"{expected}/v1/report-imports/", import.Headers.Location!.OriginalString, StringComparison.Ordinal);
            var done = await administrator.ImportAsync(Row, "?dryRun=true");
            Assert.StartsWith($"{expected}/v1/report-imports/", done.Content.Headers.ContentLocation!.OriginalString, StringComparison.Ordinal);
            var refused = await (await api.Anonymous.GetAsync(new Uri("/v1/plans/none", UriKind.Relative))).JsonAsync();
            Assert.Equal($"{expected}/v1/plans/none", (string)refused["instance"]!);

            var snippet = await api.Anonymous.GetStringAsync(new Uri($"{Plan}/pictures/groups?format=html", UriKind.Relative));
            Assert.Contains($"src=\"http://localhost{expected}{Plan}/pictures/groups", snippet, StringComparison.Ordinal);
            Assert.Contains($"href=\"http://localhost{expected}{Plan}/completion/rows", snippet, StringComparison.Ordinal);
            var catalog = await api.Anonymous.GetJsonAsync("/v1/catalog");
            Assert.Equal($"http://localhost{expected}/v1/catalog", (string)catalog["@id"]!);
            foreach (var round in new[] { "made", "kept" })
            {
                var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
                Assert.True((string)contract["servers"]![0]!["url"]! == (expected.Length == 0 ? "/" : expected), round);
            }
        }
    }

    [Fact]
    public async Task The_documentation_asks_for_the_contract_by_a_relative_address()
    {
        await using var api = await StartAsync();
        Behind(api.Anonymous, "/cchc");
        var page = await api.Anonymous.GetAsync(new Uri("/docs", UriKind.Relative));
        Assert.Equal("/docs/index.html", page.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.DoesNotContain("\"/", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var start = await api.Anonymous.GetStringAsync(new Uri("/docs/index.js", UriKind.Relative));
        Assert.Contains("../openapi/v1.json", start, StringComparison.Ordinal);
        Assert.DoesNotContain("\"/openapi", start, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.2", "/cchc")]
    [InlineData(Gateway, "//evil.example")]
    [InlineData(Gateway, "/cchc//evil")]
    [InlineData(Gateway, "/../admin")]
    [InlineData(Gateway, "/a\"b")]
    [InlineData(Gateway, "/cchc>; rel=\"next\"")]
    [InlineData(Gateway, "cchc")]
    [InlineData(Gateway, "https://evil.example")]
    [InlineData(Gateway, "/")]
    public async Task A_prefix_of_a_stranger_or_one_that_is_no_path_is_ignored(string address, string prefix)
    {
        await using var api = await StartAsync();
        Behind(api.Anonymous, prefix, address);
        var units = await api.Anonymous.GetAsync(new Uri("/v1/units?limit=2", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, units.StatusCode);
        Assert.StartsWith("</v1/units?", units.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
        Assert.Equal("/", (string)(await api.Anonymous.GetJsonAsync("/openapi/v1.json"))["servers"]![0]!["url"]!);
    }

    [Fact]
    public async Task Every_response_lets_any_page_in_where_all_may_call()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Cors:Origins:0", "*")]);
        foreach (var path in new[]
        {
            $"{Plan}/completion", $"{Plan}/completion", "/v1/plans/none", "/v1/reports", "/health/live", "/health/ready", "/docs/index.html",
            "/openapi/v1.json", $"{Plan}/pictures/groups", $"{Plan}/reports",
        })
        {
            foreach (var origin in new[] { null, "https://portal.example", "null" })
            {
                var response = await SendAsync(api.Anonymous, HttpMethod.Get, path, origin);
                Assert.True(response.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed), $"{path} from {origin}");
                Assert.Equal("*", Assert.Single(allowed));
                Assert.Contains("ETag", Assert.Single(response.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);
                Assert.DoesNotContain("Origin", response.Headers.Vary);
            }
        }

        // 304 renews the headers of what a cache holds.
        using var known = new HttpRequestMessage(HttpMethod.Get, $"{Plan}/completion");
        known.Headers.TryAddWithoutValidation("If-None-Match", "*");
        var unchanged = await api.Anonymous.SendAsync(known);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal("*", unchanged.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task Named_sites_alone_are_let_in_and_no_one_by_default()
    {
        await using var named = await ApiHost.StartAsync(Engine.Sqlite, settings: [("Cors:Origins:0", "https://portal.example")]);
        await using var closed = await ApiHost.StartAsync(Engine.Sqlite);
        foreach (var (api, origin, allowed) in new[]
        {
            (named, "https://portal.example", "https://portal.example"), (named, "https://evil.example", null), (named, null, null),
            (closed, "https://portal.example", null), (closed, null, null),
        })
        {
            var response = await SendAsync(api.Anonymous, HttpMethod.Get, $"{Plan}/completion", origin);
            Assert.Equal(allowed, response.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null);
            Assert.Equal(api == named, response.Headers.Vary.Contains("Origin"));
        }
    }

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(Engine.Sqlite, settings: [("Proxies:Addresses:0", Gateway)]);

    private static void Behind(HttpClient client, string prefix, string address = Gateway)
    {
        client.DefaultRequestHeaders.Remove(ClaimedAddress.Header);
        client.DefaultRequestHeaders.Remove("X-Forwarded-Prefix");
        client.DefaultRequestHeaders.Add(ClaimedAddress.Header, address);
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-Prefix", prefix);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string? origin)
    {
        using var request = new HttpRequestMessage(method, path);
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        return await client.SendAsync(request);
    }
}
