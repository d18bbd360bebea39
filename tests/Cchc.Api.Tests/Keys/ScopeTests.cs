using System.Net;
using System.Text;
using Cchc.Api.Keys;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Keys;

/// <summary>A key of one scope tries every operation of the contract.</summary>
public sealed class ScopeTests
{
    // What is read is read with read, save what is named here; everything that changes something is named.
    private static readonly Dictionary<string, KeyScope[]> Needed = new()
    {
        ["putReport"] = [KeyScope.ReportsWrite],
        ["submitReport"] = [KeyScope.ReportsWrite],
        ["withdrawReport"] = [KeyScope.ReportsWrite],
        ["approveReport"] = [KeyScope.ReportsReview],
        ["approveReports"] = [KeyScope.ReportsReview],
        ["returnReport"] = [KeyScope.ReportsReview],
        ["reopenReport"] = [KeyScope.ReportsReview],
        ["freezeResult"] = [KeyScope.ReportsReview],
        ["importReports"] = [KeyScope.Imports],
        ["cancelImport"] = [KeyScope.Imports],
        ["listImports"] = [KeyScope.Read, KeyScope.Imports],
        ["getImport"] = [KeyScope.Read, KeyScope.Imports],
        ["listImportRows"] = [KeyScope.Read, KeyScope.Imports],
        ["getRejectedRows"] = [KeyScope.Read, KeyScope.Imports],
        ["getReportTemplate"] = [KeyScope.Read, KeyScope.Imports],
        ["raiseObstacle"] = [KeyScope.ReportsWrite],
        ["assignObstacle"] = [KeyScope.ReportsReview],
        ["escalateObstacle"] = [KeyScope.ReportsReview],
        ["answerObstacle"] = [KeyScope.ReportsWrite, KeyScope.ReportsReview],
        ["commentObstacle"] = [KeyScope.ReportsWrite, KeyScope.ReportsReview],
        ["closeObstacle"] = [KeyScope.ReportsWrite, KeyScope.ReportsReview],
        ["reopenObstacle"] = [KeyScope.ReportsWrite, KeyScope.ReportsReview],
        ["putPeriod"] = [KeyScope.PlansWrite],
        ["copyPlan"] = [KeyScope.PlansWrite],
        ["putPlanDefinition"] = [KeyScope.PlansWrite],
        ["enactPlan"] = [KeyScope.PlansWrite],
        ["putPlanRules"] = [KeyScope.PlansWrite],
        ["deletePlan"] = [KeyScope.PlansWrite],
        ["amendPlan"] = [KeyScope.PlansWrite],
        ["reassignTask"] = [KeyScope.PlansWrite],
        ["listAuditEntries"] = [KeyScope.Administration],
        ["listKeys"] = [KeyScope.Administration],
        ["getKey"] = [KeyScope.Administration],
        ["listWebhooks"] = [KeyScope.Administration],
        ["getWebhook"] = [KeyScope.Administration],
        ["createWebhook"] = [KeyScope.Administration],
        ["putWebhook"] = [KeyScope.Administration],
        ["deleteWebhook"] = [KeyScope.Administration],
        ["rotateWebhook"] = [KeyScope.Administration],
        ["pingWebhook"] = [KeyScope.Administration],
        ["listDeliveries"] = [KeyScope.Administration],
        ["replayDeliveries"] = [KeyScope.Administration],
        ["createKey"] = [KeyScope.Administration],
        ["rotateKey"] = [KeyScope.Administration],
        ["revokeKey"] = [KeyScope.Administration],
    };

    [Fact]
    public async Task A_key_does_what_its_scopes_say_and_nothing_else()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var operations = (await api.Anonymous.GetJsonAsync("/openapi/v1.json"))["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(each => (Path: path.Key, Method: each.Key, Id: (string)each.Value!["operationId"]!))).ToList();
        Assert.All(operations, each => Assert.True(each.Method == "get" || Needed.ContainsKey(each.Id), $"{each.Id} is not in the table"));
        var wrong = new List<string>();
        foreach (var scope in Enum.GetValues<KeyScope>())
        {
            using var holder = await api.KeyAsync(Role.Administrator, null, scope);
            foreach (var (path, method, id) in operations)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), path.Replace("{plan}", "cchc-2022", StringComparison.Ordinal)
                    .Replace("{period}", "2022-H1", StringComparison.Ordinal).Replace("{unit}", "STP", StringComparison.Ordinal)
                    .Replace("{number}", "1", StringComparison.Ordinal) + (id == "followChanges" ? "?follow=false" : ""));
                request.Content = method is "put" or "post" ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
                using var response = await holder.SendAsync(request);
                var isRefused = response.StatusCode == HttpStatusCode.Forbidden && (string)(await response.JsonAsync())["code"]! == "auth.scope";
                if (isRefused == Needed.GetValueOrDefault(id, [KeyScope.Read]).Contains(scope))
                {
                    wrong.Add($"{scope} {method} {path}: {(int)response.StatusCode}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task A_scope_gives_nothing_that_the_role_does_not()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var monitor = await api.KeyAsync(Role.Monitor, null, Enum.GetValues<KeyScope>());
        var refused = await monitor.GetAsync(new Uri("/v1/api-keys", UriKind.Relative));
        Assert.Equal((HttpStatusCode.Forbidden, "auth.forbidden"), (refused.StatusCode, (string)(await refused.JsonAsync())["code"]!));
    }

    [Fact]
    public async Task A_confined_key_hands_out_no_other_that_is_less_so()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var free = await api.KeyAsync(Role.Administrator);
        using var confined = await api.KeyAsync(Role.Administrator, null, KeyScope.Read, KeyScope.Administration);
        Assert.Equal(HttpStatusCode.Forbidden, await MakeAsync("""{"role":"administrator"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await MakeAsync("""{"role":"administrator","scopes":[]}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await MakeAsync("""{"role":"administrator","scopes":["read","imports"]}"""));
        Assert.Equal(HttpStatusCode.Created, await MakeAsync("""{"role":"administrator","scopes":["read"]}"""));
        var ids = (await free.GetJsonAsync("/v1/api-keys"))["items"]!.AsArray().ToDictionary(key => key!["scopes"]!.AsArray().Count, key => (string)key!["id"]!);
        Assert.Equal(HttpStatusCode.Forbidden, (await confined.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{ids[0]}/rotate", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await confined.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{ids[1]}/rotate", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await confined.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{ids[2]}/rotate", null)).StatusCode);

        async Task<HttpStatusCode> MakeAsync(string body) => (await confined.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", body)).StatusCode;
    }

    [Theory]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":["10.20.3.0/24"]}""", true)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":["2001:db8:1::/48","10.20.0.0/16"]}""", true)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":["::ffff:10.20.3.0/120"]}""", true)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":["10.0.0.0/8"]}""", false)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":["10.20.3.0/24","10.21.0.0/24"]}""", false)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", """{"ipRanges":[]}""", false)]
    [InlineData("""{"ipRanges":["10.20.0.0/16","2001:db8::/32"]}""", "{}", false)]
    [InlineData("""{"expiresAt":"2022-07-01T00:00:00+07:00"}""", """{"expiresAt":"2022-07-01T00:00:00+07:00"}""", true)]
    [InlineData("""{"expiresAt":"2022-07-01T00:00:00+07:00"}""", """{"expiresAt":"2022-06-20T00:00:00+07:00","scopes":["read"]}""", true)]
    [InlineData("""{"expiresAt":"2022-07-01T00:00:00+07:00"}""", """{"expiresAt":"2022-07-01T00:00:01+07:00"}""", false)]
    [InlineData("""{"expiresAt":"2022-07-01T00:00:00+07:00"}""", "{}", false)]
    public async Task A_key_neither_makes_nor_rotates_one_beyond_its_addresses_or_its_time(string own, string other, bool mayGive)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var free = await api.KeyAsync(Role.Administrator);
        var confinedKey = await MakeAsync(free, own);
        using var confined = api.Holding((string)confinedKey["key"]!);
        confined.DefaultRequestHeaders.Add(ClaimedAddress.Header, "10.20.1.1");
        var expected = mayGive ? HttpStatusCode.Created : HttpStatusCode.Forbidden;
        var made = await confined.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", Terms(other));
        Assert.Equal(expected, made.StatusCode);
        Assert.Equal(mayGive ? null : "auth.beyondOwn", (string?)(await made.JsonAsync()).AsObject()["code"]);

        // A key that somebody else made is rotated on the same terms: its new secret would be in this key's hands.
        var id = (string)(await MakeAsync(free, other))["id"]!;
        expected = mayGive ? HttpStatusCode.OK : HttpStatusCode.Forbidden;
        Assert.Equal(expected, (await confined.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{id}/rotate", null)).StatusCode);
        var renewed = await confined.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{confinedKey["id"]}/rotate", null);
        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);

        static string Terms(string body) => body == "{}" ? """{"role":"administrator"}""" : """{"role":"administrator",""" + body[1..];

        static async Task<System.Text.Json.Nodes.JsonNode> MakeAsync(HttpClient client, string body)
        {
            var response = await client.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", Terms(body));
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            return await response.JsonAsync();
        }
    }

    [Fact]
    public async Task A_secret_in_its_grace_gives_nothing_that_outlives_it()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var owner = await api.KeyAsync(Role.Administrator);
        var id = (string)(await owner.GetJsonAsync("/v1/api-keys"))["items"]![0]!["id"]!;
        var rotated = await (await owner.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{id}/rotate", """{"graceHours":1}""")).JsonAsync();
        using var renewed = api.Holding((string)rotated["key"]!);
        foreach (var (client, expected) in new[] { (owner, HttpStatusCode.Forbidden), (renewed, HttpStatusCode.OK) })
        {
            var made = await client.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", """{"role":"administrator"}""");
            Assert.Equal(expected == HttpStatusCode.OK ? HttpStatusCode.Created : expected, made.StatusCode);
            var again = await client.SendJsonAsync(HttpMethod.Post, $"/v1/api-keys/{id}/rotate", """{"graceHours":1}""");
            Assert.Equal(expected, again.StatusCode);
        }

        var brief = await owner.SendJsonAsync(
            HttpMethod.Post, "/v1/api-keys", """{"role":"monitor","expiresAt":"2022-06-18T10:00:00+07:00"}""");
        Assert.Equal(HttpStatusCode.Created, brief.StatusCode);
    }
}
