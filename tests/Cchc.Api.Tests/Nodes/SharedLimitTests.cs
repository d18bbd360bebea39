using System.Net;
using Cchc.Api.Http;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Nodes;

/// <summary>Rate limits of several nodes, on a real Redis where CCHC_TEST_REDIS names one.</summary>
public sealed class SharedLimitTests
{
    private const int Limit = 6;

    [SkippableFact]
    public async Task Three_nodes_together_let_in_what_one_would()
    {
        var redis = Environment.GetEnvironmentVariable("CCHC_TEST_REDIS");
        Skip.If(string.IsNullOrEmpty(redis), "CCHC_TEST_REDIS names no Redis to run on.");
        var statuses = await CallThriceAsync(redis);

        // Each node may let one in before it learns of the others'.
        Assert.InRange(statuses.Count(status => status == HttpStatusCode.OK), Limit, Limit + 2);
        Assert.All(statuses[^3..], status => Assert.Equal(HttpStatusCode.TooManyRequests, status));
    }

    [Fact]
    public async Task While_Redis_is_away_each_node_counts_for_itself()
    {
        // A port on which nothing listens.
        var statuses = await CallThriceAsync("127.0.0.1:1,connectRetry=0");
        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
    }

    private static async Task<List<HttpStatusCode>> CallThriceAsync(string redis)
    {
        (string, string)[] settings = [("Redis:ConnectionString", redis), ("Redis:Prefix", $"{Guid.NewGuid():n}:"), ("RateLimits:Reads", $"{Limit}")];
        await using var first = await ApiHost.StartAsync(Engine.Sqlite, settings: settings);
        await using var second = ApiHost.Join(first, settings: settings);
        await using var third = ApiHost.Join(first, settings: settings);
        using var one = await first.KeyAsync(Role.Monitor);
        var credential = one.DefaultRequestHeaders.Authorization!.Parameter!;
        ApiHost[] nodes = [first, second, third];
        var statuses = new List<HttpStatusCode>();
        for (var round = 0; round < 4; round++)
        {
            foreach (var node in nodes)
            {
                using var client = node.Holding(credential);
                var response = await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative));
                statuses.Add(response.StatusCode);
                Assert.True(response.IsSuccessStatusCode || response.Headers.RetryAfter is not null);
                await node.Services.GetRequiredService<SharedCounts>().ExchangeAsync(default);
            }
        }

        return statuses;
    }
}
