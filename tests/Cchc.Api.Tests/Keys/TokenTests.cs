using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Cchc.Api.Tests.Keys;

/// <summary>People come with a token of a single sign-on that the server trusts: its issuer, its audience, its keys as they rotate.</summary>
public sealed class TokenTests
{
    private const string Issuer = "https://sso.test";

    [Fact]
    public async Task A_good_token_makes_a_caller_with_role_and_unit()
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var reporter = Client(api, signOn.Token(api.Time, role: "reporter", unit: "STP"));
        Assert.Equal(HttpStatusCode.Created, (await reporter.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reporter.PutReportAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
        Assert.Equal("user:an.nguyen", (string?)(await reporter.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP"))["updatedBy"]);
        using var reviewer = Client(api, signOn.Token(api.Time, role: "reviewer", unit: "SNV"));
        await reporter.ActAsync("STP", "submit");
        Assert.Equal(HttpStatusCode.OK, (await reviewer.ActAsync("STP", "approve")).StatusCode);
        using var administrator = Client(api, signOn.Token(api.Time, role: "administrator"));
        Assert.Equal(HttpStatusCode.OK, (await administrator.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_token_that_does_not_hold_is_refused_even_where_none_is_needed()
    {
        using var signOn = new SignOn();
        using var stranger = new SignOn();
        await using var api = await StartAsync(signOn);
        var now = api.Time;
        var header = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        var claims = Base64UrlEncoder.Encode($$"""{"iss":"{{Issuer}}","aud":"cchc","sub":"x","role":"administrator","exp":4102444800}""");
        foreach (var (what, token) in new[]
        {
            ("another issuer", signOn.Token(now, issuer: "https://other.test")),
            ("another audience", signOn.Token(now, audience: "other")),
            ("expired", signOn.Token(now, minutes: -2)),
            ("not yet", signOn.Token(now, from: 5)),
            ("another's key", stranger.Token(now)),
            ("no signature", $"{header}.{claims}."),
            ("a public key as a secret", signOn.Confused(now)),
            ("altered", signOn.Token(now)[..^4] + "AAAA"),
            ("no token", "x"),
            ("two dots", ".."),
        })
        {
            using var client = Client(api, token);
            var response = await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative));
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{what}: {(int)response.StatusCode}");
            Assert.Equal("auth.required", (string?)(await response.JsonAsync())["code"]);
        }

        using var basic = api.CreateClient();
        basic.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", "YTpi");
        Assert.Equal(HttpStatusCode.Unauthorized, (await basic.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("king", null)]
    [InlineData("reporter", null)]
    [InlineData("reporter", "KHONG")]
    [InlineData("reviewer", "STP")]
    [InlineData(null, "STP")]
    public async Task Claims_that_make_no_caller_are_refused(string? role, string? unit)
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var client = Client(api, signOn.Token(api.Time, role: role, unit: unit));
        var response = await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative));
        Assert.Equal((HttpStatusCode.Forbidden, "auth.claims"), (response.StatusCode, (string?)(await response.JsonAsync())["code"]));
    }

    [Theory]
    [InlineData(253_402_300_799)]
    [InlineData(999_999_999_999)]
    [InlineData(long.MaxValue)]
    public async Task A_token_that_does_not_end_before_time_does_holds(long end)
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var client = Client(api, signOn.Token(api.Time, end: end));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/v1/events?follow=false", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task The_issuers_new_key_is_picked_up()
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using (var first = Client(api, signOn.Token(api.Time)))
        {
            Assert.Equal(HttpStatusCode.OK, (await first.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode);
        }

        signOn.Rotate();
        using var second = Client(api, signOn.Token(api.Time));
        var status = HttpStatusCode.Unauthorized;
        for (var round = 0; round < 2000 && status != HttpStatusCode.OK; round++)
        {
            status = (await second.GetAsync(new Uri("/v1/audit", UriKind.Relative))).StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task Where_no_sign_on_is_configured_no_token_holds()
    {
        using var signOn = new SignOn();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = Client(api, signOn.Token(api.Time));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task An_event_stream_ends_when_its_token_expires()
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var brief = Client(api, signOn.Token(api.Time, minutes: 5));
        using var longer = Client(api, signOn.Token(api.Time, minutes: 15));
        using var ending = await FollowAsync(brief);
        using var going = await FollowAsync(longer);
        await longer.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.Contains("report.saved", await NextAsync(ending));
        api.Time.Advance(TimeSpan.FromMinutes(5));
        await longer.ActAsync("SNV", "submit");
        Assert.DoesNotContain("report.submitted", await ending.ReadToEndAsync());
        Assert.Contains("report.saved", await NextAsync(going));
        Assert.Contains("report.submitted", await NextAsync(going));

        static async Task<StreamReader> FollowAsync(HttpClient client)
        {
            var response = await client.GetAsync(new Uri("/v1/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            return new StreamReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        }

        static async Task<string> NextAsync(StreamReader stream)
        {
            while (await stream.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("data:", StringComparison.Ordinal))
                {
                    return line;
                }
            }

            throw new EndOfStreamException();
        }
    }

    [Fact]
    public async Task A_kept_answer_is_for_a_caller_who_has_the_right_still()
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var administrator = Client(api, signOn.Token(api.Time, role: "administrator"));
        Assert.Equal(HttpStatusCode.Created, await CopyAsync(administrator));
        Assert.Equal(HttpStatusCode.OK, await CopyAsync(administrator));
        using var monitor = Client(api, signOn.Token(api.Time, role: "monitor"));
        using var reporter = Client(api, signOn.Token(api.Time, role: "reporter", unit: "STP"));
        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.Forbidden], [await CopyAsync(monitor), await CopyAsync(reporter)]);

        // Nor is what a reviewer approved shown again to the same person in another office.
        await administrator.PutReportAsync("C19750", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.ActAsync("C19750", "submit");
        using var office = Client(api, signOn.Token(api.Time, role: "reviewer", unit: "SNV"));
        using var elsewhere = Client(api, signOn.Token(api.Time, role: "reviewer", unit: "D476"));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], [await ApproveAsync(office), await ApproveAsync(office)]);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ApproveAsync(elsewhere));

        static Task<HttpStatusCode> CopyAsync(HttpClient client) => PostAsync(
            client, "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""");

        static Task<HttpStatusCode> ApproveAsync(HttpClient client) =>
            PostAsync(client, $"{HttpExtensions.Plan}/report-approvals", """{"period":"2022-H1","reports":[{"unit":"C19750"}]}""");

        static async Task<HttpStatusCode> PostAsync(HttpClient client, string path, string body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            request.Headers.Add("Idempotency-Key", path);
            return (await client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task Imports_stay_with_the_office_that_a_person_sent_them_for()
    {
        using var signOn = new SignOn();
        await using var api = await StartAsync(signOn);
        using var before = Client(api, signOn.Token(api.Time, role: "reporter", unit: "STP"));
        using var after = Client(api, signOn.Token(api.Time, role: "reporter", unit: "SNV"));
        var sent = await before.ImportAsync("unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,2\n", "?dryRun=true");
        var place = new Uri($"/v1/report-imports/{(await sent.JsonAsync())["id"]}", UriKind.Relative);
        foreach (var (client, count, status) in new[] { (before, 1, HttpStatusCode.OK), (after, 0, HttpStatusCode.Forbidden) })
        {
            Assert.Equal(count, (await client.GetJsonAsync($"{HttpExtensions.Plan}/report-imports"))["items"]!.AsArray().Count);
            Assert.Equal(status, (await client.GetAsync(place)).StatusCode);
        }
    }

    private static Task<ApiHost> StartAsync(SignOn signOn) => ApiHost.StartAsync(Engine.Sqlite, configure: services =>
        services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
        {
            options.Authority = Issuer;
            options.Audience = "cchc";
            options.BackchannelHttpHandler = signOn;
        }));

    private static HttpClient Client(ApiHost api, string token)
    {
        var client = api.CreateClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return client;
    }

    /// <summary>A single sign-on: its discovery document, its keys, its tokens.</summary>
    private sealed class SignOn : HttpMessageHandler
    {
        private RSA _key = RSA.Create(2048);
        private string _id = "1";

        public void Rotate()
        {
            _key.Dispose();
            (_key, _id) = (RSA.Create(2048), "2");
        }

        public string Token(
            FakeTime time, string? role = "administrator", string? unit = null, string issuer = Issuer, string audience = "cchc", int minutes = 10, int from = -20,
            long? end = null) => Sign(time, role, unit, issuer, audience, minutes, from, end, new SigningCredentials(new RsaSecurityKey(_key) { KeyId = _id }, SecurityAlgorithms.RsaSha256));

        /// <summary>HS256 with the public key for a secret.</summary>
        public string Confused(FakeTime time) => Sign(
            time, "administrator", null, Issuer, "cchc", 10, -20, null,
            new SigningCredentials(new SymmetricSecurityKey(_key.ExportSubjectPublicKeyInfo()) { KeyId = _id }, SecurityAlgorithms.HmacSha256));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var key = _key.ExportParameters(includePrivateParameters: false);
            var body = request.RequestUri!.AbsolutePath.EndsWith("openid-configuration", StringComparison.Ordinal)
                ? new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = Issuer + "/keys" }
                : new JsonObject
                {
                    ["keys"] = new JsonArray(new JsonObject
                    {
                        ["kty"] = "RSA",
                        ["use"] = "sig",
                        ["kid"] = _id,
                        ["n"] = Base64UrlEncoder.Encode(key.Modulus),
                        ["e"] = Base64UrlEncoder.Encode(key.Exponent),
                    }),
                };
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") });
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            _key.Dispose();
        }

        private static string Sign(
            FakeTime time, string? role, string? unit, string issuer, string audience, int minutes, int from, long? end, SigningCredentials credentials)
        {
            var now = time.GetUtcNow().UtcDateTime;
            var claims = new Dictionary<string, object> { ["sub"] = "an.nguyen" };
            if (role is not null)
            {
                claims["role"] = role;
            }

            if (unit is not null)
            {
                claims["unit"] = unit;
            }

            if (end is { } last)
            {
                claims["exp"] = last;
            }

            return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
            {
                Issuer = issuer,
                Audience = audience,
                NotBefore = now.AddMinutes(from),
                Expires = end is null ? now.AddMinutes(minutes) : null,
                Claims = claims,
                SigningCredentials = credentials,
            });
        }
    }
}
