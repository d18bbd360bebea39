using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using static Cchc.Benchmarks.Outcome;

namespace Cchc.Benchmarks;

/// <summary>
/// Three nodes on one database under mixed load, of which one is killed every half minute, while the database goes away twice for 20
/// seconds. Afterwards nothing acknowledged may be missing, nothing be there twice, and all nodes must come to the same figures, which are
/// those of a node that reads everything anew and of the sums that the writers kept themselves.
/// </summary>
internal sealed class ChaosTrial
{
    private const string Plan = "/v1/plans/cchc-2022";

    private static readonly int FirstPort = int.Parse(Environment.GetEnvironmentVariable("CCHC_CHAOS_PORT") ?? "5190", CultureInfo.InvariantCulture);

    private readonly List<string> _faults = [];

    /// <summary>The exit code is 0 where all held.</summary>
    public static async Task RunAsync(double minutes)
    {
        var folder = Directory.CreateTempSubdirectory("cchc-chaos-").FullName;
        var database = new ChaosDatabase(folder, Environment.GetEnvironmentVariable("CCHC_CHAOS_SQLSERVER"));
        var trial = new ChaosTrial();
        var nodes = Enumerable.Range(FirstPort, 3).Select(port => new ChaosNode(database, $"http://127.0.0.1:{port}")).ToList();
        try
        {
            await trial.RunAsync(database, nodes, TimeSpan.FromMinutes(minutes));
        }
        finally
        {
            await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
        }

        foreach (var fault in trial._faults)
        {
            Say($"FAULT {fault}");
        }

        Environment.ExitCode = trial._faults.Count == 0 ? 0 : 1;
        if (trial._faults.Count > 0)
        {
            Say($"It did not hold; the nodes' logs are in {folder}");
            return;
        }

        Say($"It held.");
        Directory.Delete(folder, recursive: true);
    }

    private async Task RunAsync(ChaosDatabase database, List<ChaosNode> nodes, TimeSpan time)
    {
        if (database.Server is not null)
        {
            ChaosNode.Run(database, "migrate");
            ChaosNode.Run(database, "seed");
        }

        var key = ChaosNode.Run(database, "keys", "create", "--role", "administrator").Trim();
        nodes.ForEach(node => node.Begin());
        await Task.WhenAll(nodes.Select(node => node.UntilReadyAsync()));
        await using var receiver = Receive(out var received);
        await receiver.StartAsync();
        await HookAsync(nodes[0], key);

        using var stop = new CancellationTokenSource();
        var units = await UnitsAsync(nodes[0], "2022-06-14");
        var load = new ChaosLoad(nodes, key, (await UnitsAsync(nodes[0], "2026-01-01"))[0], stop.Token);
        List<Task> tasks =
        [
            .. Enumerable.Range(0, 4).Select(seed => load.ReadAsync(seed)),
            .. Enumerable.Range(0, 4).Select(seed => load.WriteAsync([.. units.Skip(seed * 8).Take(8)], seed + 10)),
            load.ImportAsync([.. units.Skip(32).Take(60)], 20),
        ];
        var kills = await DisturbAsync(database, nodes, time);
        await stop.CancelAsync();
        foreach (var task in tasks)
        {
            await task.ContinueWith(ended => Check(ended.IsCompletedSuccessfully, $"{ended.Exception?.InnerException?.Message}"), TaskScheduler.Default);
        }

        await Task.WhenAll(nodes.Select(node => node.UntilReadyAsync()));

        Say($"{database.Name}: 3 nodes, {time.TotalMinutes:0.#} minutes, {kills} kills, the database away twice for 20 s");
        Say($"{load.ReadCount} reads, {load.StaleCount} of them stale, {load.FailedReads} not answered; the longest took {load.LongestRead:0} ms");
        Say($"{load.Acknowledged.Values.Sum()} changes acknowledged, {load.Repeated} sent again");
        Check(load.FailedReads == 0, $"{load.FailedReads} reads were not answered");
        Check(load.StaleCount > 0, "no read was stale, so that the database never was away");
        _faults.AddRange(load.Faults);
        await CheckAsync(database, nodes, load, key, received);
    }

    // A node every 30 seconds; the database at a third and at two thirds, with a kill amid it as it comes.
    private static async Task<int> DisturbAsync(ChaosDatabase database, List<ChaosNode> nodes, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var outages = Task.Run(async () =>
        {
            for (var third = 1; third <= 2; third++)
            {
                var at = (time * third / 3) - Stopwatch.GetElapsedTime(began);
                await Task.Delay(at > TimeSpan.Zero ? at : TimeSpan.Zero);
                await database.StopForAsync(TimeSpan.FromSeconds(20));
            }
        });
        var kills = 0;
        while (Stopwatch.GetElapsedTime(began) + TimeSpan.FromSeconds(30) <= time)
        {
            await Task.Delay(TimeSpan.FromSeconds(30));
            nodes[kills++ % nodes.Count].Kill();
        }

        var rest = time - Stopwatch.GetElapsedTime(began);
        await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
        await outages;
        return kills;
    }

    private async Task CheckAsync(
        ChaosDatabase database, List<ChaosNode> nodes, ChaosLoad load, string key, ConcurrentDictionary<string, int> received)
    {
        using var reader = new HttpClient { BaseAddress = nodes[0].Client.BaseAddress };
        reader.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var audited = await CountAsync(reader, load.Acknowledged.Keys);
        foreach (var (kind, count) in load.Acknowledged.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            Say($"{kind,-16} {count,6} acknowledged, {audited[kind],6} in the audit trail");
            Check(count == audited[kind], $"{kind}: {count} acknowledged, {audited[kind]} done");
        }

        foreach (var (unit, said) in load.Units)
        {
            var report = await JsonAsync(reader, $"{Plan}/reports/2022-H1/{unit}");
            Check((int)report["values"]![0]!["numerator"]! == said.Put, $"{unit} has {report["values"]![0]!["numerator"]}, not {said.Put}");
        }

        Say($"audit trail: {ChaosNode.Run(database, "audit", "verify").Trim()}");
        await CheckFeedAsync(reader, received);
        await CheckFiguresAsync(database, nodes, load);
    }

    // Equal on all nodes, and on one that has only now begun; and the published sum is the writers' own.
    private async Task CheckFiguresAsync(ChaosDatabase database, List<ChaosNode> nodes, ChaosLoad load)
    {
        await using var fresh = new ChaosNode(database, $"http://127.0.0.1:{FirstPort + 3}");
        fresh.Begin();
        await fresh.UntilReadyAsync();
        await Task.Delay(1000);
        foreach (var path in new[] { "completion?period=2022-H1", "completion?period=2022-Q1", "completion/units?period=2022-H1&limit=1000", "completion/rows?period=all" })
        {
            var answers = new HashSet<string>();
            foreach (var node in nodes.Append(fresh))
            {
                answers.Add(await node.Client.GetStringAsync(new Uri($"{Plan}/{path}", UriKind.Relative)));
            }

            Check(answers.Count == 1, $"{path}: {answers.Count} answers of {nodes.Count + 1} nodes");
        }

        var completion = JsonNode.Parse(await fresh.Client.GetStringAsync(new Uri($"{Plan}/completion?period=2022-H1", UriKind.Relative)))!;
        var lines = completion["targets"]!.AsArray().Single(each => (string?)each!["target"] == "II.3.a")!["lines"]!.AsArray();
        var (counted, expected) = (lines.Sum(line => (long)line!["numerator"]!), load.Units.Values.Sum(unit => (long)(unit.Published ?? 0)));
        Say($"figures of 4 nodes compared; II.3.a published: {counted}, by the writers' own count {expected}");
        Check(counted == expected, $"II.3.a: {counted}, not {expected}");
    }

    private async Task CheckFeedAsync(HttpClient reader, ConcurrentDictionary<string, int> received)
    {
        var sequences = new List<long>();
        string? cursor = null;
        while (true)
        {
            var page = await JsonAsync(reader, "/v1/changes?limit=1000" + (cursor is null ? "" : $"&cursor={cursor}"));
            var items = page["items"]!.AsArray();
            if (items.Count == 0)
            {
                break;
            }

            sequences.AddRange(items.Select(item => (long)item!["sequence"]!));
            cursor = (string?)page["nextCursor"];
        }

        Check(sequences.SequenceEqual(Enumerable.Range(1, sequences.Count).Select(number => (long)number)), "the change feed has gaps");
        for (var round = 0; round < 900 && received.Count < sequences.Count; round++)
        {
            await Task.Delay(200);
        }

        Say($"{sequences.Count} changes without a gap; {received.Count} arrived at the webhook, {received.Values.Sum() - received.Count} of them again");
        Check(received.Count == sequences.Count, $"the webhook got {received.Count} of {sequences.Count} changes");
    }

    private static async Task<Dictionary<string, int>> CountAsync(HttpClient reader, IEnumerable<string> kinds)
    {
        var counts = new Dictionary<string, int>();
        foreach (var kind in kinds)
        {
            var (count, cursor) = (0, (string?)null);
            do
            {
                var page = await JsonAsync(reader, $"/v1/audit?limit=1000&action={kind}" + (cursor is null ? "" : $"&cursor={cursor}"));
                count += page["items"]!.AsArray().Count;
                cursor = (string?)page["nextCursor"];
            }
            while (cursor is not null);
            counts[kind] = count;
        }

        return counts;
    }

    private static async Task HookAsync(ChaosNode node, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/webhooks")
        {
            Content = new StringContent($$"""{"url":"http://127.0.0.1:{{FirstPort + 4}}/hook"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var made = await node.Client.SendAsync(request);
        made.EnsureSuccessStatusCode();
    }

    private static WebApplication Receive(out ConcurrentDictionary<string, int> received)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{FirstPort + 4}");
        var got = received = new ConcurrentDictionary<string, int>();
        app.Run(context =>
        {
            got.AddOrUpdate(context.Request.Headers["webhook-id"].ToString(), 1, (_, count) => count + 1);
            return Task.CompletedTask;
        });
        return app;
    }

    private static async Task<IReadOnlyList<string>> UnitsAsync(ChaosNode node, string day)
    {
        var page = JsonNode.Parse(await node.Client.GetStringAsync(new Uri($"/v1/units?asOf={day}&limit=1000", UriKind.Relative)))!;
        return [.. page["items"]!.AsArray().Where(unit => (string?)unit!["kind"] is "committee" or "department" && (string?)unit["code"] != "TTH")
            .Select(unit => (string)unit!["code"]!)];
    }

    private static async Task<JsonNode> JsonAsync(HttpClient client, string path) =>
        JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    private void Check(bool holds, string fault)
    {
        if (!holds)
        {
            _faults.Add(fault);
        }
    }
}
