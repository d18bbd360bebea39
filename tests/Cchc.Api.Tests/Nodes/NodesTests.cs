using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Api.Webhooks;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Nodes;

/// <summary>Three nodes on one database.</summary>
public sealed class NodesTests
{
    private const string Plan = HttpExtensions.Plan;

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_same_key_on_three_nodes_at_once_has_one_effect(Engine engine)
    {
        await using var nodes = await Nodes.StartAsync(engine);
        await nodes.Clients[0].PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        foreach (var (path, body) in new[]
        {
            ($"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}"""),
            ($"{Plan}/reports/2022-H1/STP/submit", "{}"),
            ($"{Plan}/report-approvals", """{"period":"2022-H1","reports":[{"unit":"STP"}]}"""),
        })
        {
            var answers = await Task.WhenAll(nodes.Clients.Concat(nodes.Clients).Select(client => PostAsync(client, path, body, "k-" + path.Length)));
            var bodies = new HashSet<string>();
            foreach (var answer in answers)
            {
                Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable });
                if (answer.IsSuccessStatusCode)
                {
                    bodies.Add(await answer.Content.ReadAsStringAsync());
                }
                else
                {
                    Assert.NotNull(answer.Headers.RetryAfter);
                }
            }

            // Whoever was told to wait gets the same.
            bodies.Add(await (await PostAsync(nodes.Clients[2], path, body, "k-" + path.Length)).Content.ReadAsStringAsync());
            Assert.Single(bodies);
        }

        var audited = (await nodes.Clients[1].GetJsonAsync("/v1/audit?limit=1000"))["items"]!.AsArray().Select(each => (string)each!["action"]!);
        Assert.Equal(
            ["obstacle.raise", "report.approve", "report.put", "report.submit"],
            audited.Where(action => action.StartsWith("report", StringComparison.Ordinal) || action.StartsWith("obstacle", StringComparison.Ordinal)).Order());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_queue_of_imports_is_shared_and_each_runs_once(Engine engine)
    {
        await using var nodes = await Nodes.StartAsync(engine);
        foreach (var api in nodes.Hosts)
        {
            await api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        }

        var places = new List<string>();
        for (var number = 0; number < 6; number++)
        {
            var accepted = await nodes.Clients[number % 3].ImportAsync(
                $"unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,{number},10\n", prefer: "respond-async");
            places.Add(accepted.Headers.Location!.ToString());
        }

        await Task.WhenAll(nodes.Hosts.Select(api => Task.Run(async () =>
        {
            while (await api.Services.GetRequiredService<Importer>().RunNextAsync(default))
            {
            }
        })));
        foreach (var place in places)
        {
            Assert.Equal("completed", (string?)(await nodes.Clients[0].GetJsonAsync(place))["status"]);
        }

        var finished = (await nodes.Clients[0].GetJsonAsync("/v1/audit?action=import.finish"))["items"]!.AsArray();
        Assert.Equal(6, finished.Select(each => (string)each!["subject"]!).Distinct().Count());
        Assert.Equal(6, finished.Count);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task One_node_at_a_time_delivers_whatever_the_clocks_say(Engine engine)
    {
        await using var nodes = await Nodes.StartAsync(engine);
        await using var receiver = await Receiver.StartAsync();
        var workers = nodes.Hosts.Select(api => api.Services.GetRequiredService<WebhookWorker>()).ToList();
        foreach (var worker in workers)
        {
            await worker.StopAsync(default);
        }

        var made = await nodes.Clients[0].SendJsonAsync(HttpMethod.Post, "/v1/webhooks", $$"""{"url":"{{receiver.Url}}"}""");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await nodes.Clients[0].PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await Task.WhenAll(workers.Select(worker => Task.Run(() => DrainAsync(worker))));
        Assert.Equal(3, receiver.Got.Count);
        var owner = workers.FindIndex(worker => receiver.Got.Count == 3 && worker.Holds);
        var (next, last) = ((owner + 1) % 3, (owner + 2) % 3);

        // The holder goes away without a word. Its successor's clock is far ahead, which counts for nothing: only its stopwatch does.
        await nodes.Clients[0].PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        nodes.Hosts[next].Time.Set(nodes.Hosts[next].Time.GetUtcNow().AddHours(3));
        Assert.False(await workers[next].StepAsync(default));
        nodes.Hosts[next].Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(await workers[next].StepAsync(default));
        nodes.Hosts[next].Time.Advance(TimeSpan.FromSeconds(2));
        await DrainAsync(workers[next]);
        Assert.Equal(6, receiver.Got.Count);

        // One that stops in good order hands over at once.
        await nodes.Clients[0].PublishAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.False(await workers[last].StepAsync(default));
        await workers[next].StopAsync(default);
        await DrainAsync(workers[last]);
        Assert.Equal(9, receiver.Got.Select(each => each.Id).Distinct().Count());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task All_nodes_come_to_the_figures_of_one_that_reads_all_anew(Engine engine)
    {
        await using var nodes = await Nodes.StartAsync(engine);
        string[] units = ["SNV", "STP", "STC", "D474", "D476"];
        await Task.WhenAll(units.Select((unit, index) => nodes.Clients[index % 3].PublishAsync(unit, HttpExtensions.Ratio("II.3.a", index, 10))));
        var figures = new HashSet<string>();
        await using var fresh = ApiHost.Join(nodes.Hosts[0]);
        foreach (var api in nodes.Hosts.Append(fresh))
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            figures.Add(await api.Anonymous.GetStringAsync(new Uri($"{Plan}/completion", UriKind.Relative)));
        }

        Assert.Equal(5, (int)JsonNode.Parse(Assert.Single(figures))!["coverage"]!["received"]!);
    }

    private static async Task DrainAsync(WebhookWorker worker)
    {
        while (await worker.StepAsync(default))
        {
        }
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Idempotency-Key", key);
        return await client.SendAsync(request);
    }

    private sealed record Nodes(IReadOnlyList<ApiHost> Hosts, IReadOnlyList<HttpClient> Clients) : IAsyncDisposable
    {
        public static async Task<Nodes> StartAsync(Engine engine)
        {
            var first = await ApiHost.StartAsync(engine, settings: [("Webhooks:AllowPrivate", "true")]);
            (string, string)[] settings = [("Webhooks:AllowPrivate", "true")];
            List<ApiHost> hosts = [first, ApiHost.Join(first, settings: settings), ApiHost.Join(first, settings: settings)];
            using var administrator = await first.KeyAsync(Role.Administrator);
            var credential = administrator.DefaultRequestHeaders.Authorization!.Parameter!;
            return new Nodes(hosts, [.. hosts.Select(api => api.Holding(credential))]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var api in Hosts.Reverse())
            {
                await api.DisposeAsync();
            }
        }
    }
}
