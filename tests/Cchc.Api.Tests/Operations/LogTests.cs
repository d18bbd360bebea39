using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Operations;

public sealed class LogTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_problem_names_the_trace_of_its_request()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/plans/none");
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        Assert.Equal(Trace, (string?)(await (await api.Anonymous.SendAsync(request)).JsonAsync())["traceId"]);

        var own = new[] { 1, 2 }.Select(async _ => (string?)(await (await api.Anonymous.GetAsync(new Uri("/v1/plans/none", UriKind.Relative))).JsonAsync())["traceId"]);
        Assert.Equal(2, (await Task.WhenAll(own)).Distinct().Count(id => id is { Length: 32 }));
    }

    [Fact]
    public async Task Every_line_is_JSON_with_its_trace_and_none_has_a_secret()
    {
        var key = (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).Output.Trim();
        var bad = $"cchc_{new string('b', 64)}";
        const string token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbiJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4";
        using var server = await ServerProcess.StartAsync(
            _folder, ("Logging__LogLevel__Default", "Debug"), ("Logging__LogLevel__Microsoft.AspNetCore", "Debug"), ("Authentication__Schemes__Bearer__ValidIssuer", "x"));
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        foreach (var credential in new[] { bad, token })
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri("/v1/plans", UriKind.Relative))).StatusCode);
        }

        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        var hook = await client.SendJsonAsync(HttpMethod.Post, "/v1/webhooks", """{"url":"https://receiver.invalid/hook"}""");
        Assert.True(hook.IsSuccessStatusCode, await hook.Content.ReadAsStringAsync());
        var made = await hook.JsonAsync();
        var pinged = await client.SendJsonAsync(HttpMethod.Post, $"/v1/webhooks/{made["id"]}/ping", null);
        Assert.True(pinged.IsSuccessStatusCode, await pinged.Content.ReadAsStringAsync());

        server.Terminate();
        await server.Process.WaitForExitAsync();
        var log = server.Log;
        Assert.Contains(Trace, log, StringComparison.Ordinal);
        Assert.All(log.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.NotNull(JsonNode.Parse(line)!["Message"]));
        Assert.All([key, key[5..], bad[5..], token, (string)made["secret"]!], secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
    }
}
