using System.Net;
using System.Net.Http.Headers;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

public sealed class ProtectionTests
{
    [Fact]
    public async Task A_caller_is_let_in_so_often_a_minute_and_told_how_often_still()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, limit: 5);
        using var one = await api.KeyAsync(Role.Monitor);
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        var plan = new Uri(HttpExtensions.Plan, UriKind.Relative);
        for (var left = 4; left >= 0; left--)
        {
            var response = await one.GetAsync(plan);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal($"\"reads\";r={left};t=60", response.Headers.GetValues("RateLimit").Single());
            Assert.Equal("\"reads\";q=5;w=60", response.Headers.GetValues("RateLimit-Policy").Single());
        }

        api.Time.Advance(TimeSpan.FromSeconds(18));
        var refused = await one.GetAsync(plan);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("rate.exceeded", (string?)(await refused.JsonAsync())["code"]);
        Assert.Equal(TimeSpan.FromSeconds(42), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("\"reads\";r=0;t=42", refused.Headers.GetValues("RateLimit").Single());

        // Neither another caller, nor another policy, nor a probe is touched.
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync(plan)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await other.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
        for (var round = 0; round < 20; round++)
        {
            Assert.Equal(HttpStatusCode.OK, (await one.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
        }

        api.Time.Advance(TimeSpan.FromSeconds(42));
        Assert.Equal(HttpStatusCode.OK, (await one.GetAsync(plan)).StatusCode);
    }

    [Fact]
    public async Task An_address_that_guesses_keys_is_stopped_and_a_good_key_from_it_is_not()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, limit: 5, settings: [("RateLimits:Reads", "0")]);
        using var good = await api.KeyAsync(Role.Monitor);
        using var guessing = api.CreateClient();
        for (var round = 0; round < 5; round++)
        {
            guessing.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", $"cchc_{round:x64}");
            Assert.Equal(HttpStatusCode.Unauthorized, (await guessing.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await guessing.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await good.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await api.Anonymous.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);

        // Whatever does not hold is stopped, and none of it costs a statement any more.
        Assert.Equal(0, await api.CountCommandsAsync(async () =>
        {
            foreach (var credential in new[] { $"cchc_{99:x64}", "cchc_0", "no.to.ken" })
            {
                guessing.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
                var refused = await guessing.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative));
                Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
                Assert.Equal(TimeSpan.FromSeconds(60), refused.Headers.RetryAfter!.Delta);
            }
        }));
        api.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.Unauthorized, (await guessing.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await good.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public async Task Who_tries_credentials_from_a_network_of_ones_own_is_one(string first, string second, bool isSame)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, settings: [("RateLimits:Failures", "1")]);
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(first));
        Assert.Equal(isSame ? HttpStatusCode.TooManyRequests : HttpStatusCode.Unauthorized, await TryAsync(second));

        async Task<HttpStatusCode> TryAsync(string address)
        {
            using var client = api.Holding($"cchc_{1:x64}");
            client.DefaultRequestHeaders.Add(ClaimedAddress.Header, address);
            return (await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode;
        }
    }

    [Fact]
    public async Task Whom_to_tell_of_a_weakness_is_said()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri("/.well-known/security.txt", UriKind.Relative));
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');
        Assert.StartsWith("Contact: https://", lines[0], StringComparison.Ordinal);
        Assert.Equal("Expires: 2022-12-15T00:00:00Z", lines[1]);
        Assert.False(response.Headers.Contains("Server"));
    }
}
