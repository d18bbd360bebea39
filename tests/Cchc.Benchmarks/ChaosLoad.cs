using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Cchc.Benchmarks;

/// <summary>
/// What clients do behind a gateway that sends a request to any node, and a read that got no answer to the next: readers, and writers of whom each has units of its own and goes on
/// only once a change was acknowledged, repeating it as the contract says where the answer was lost or unclear.
/// </summary>
/// <param name="nodes">Where requests go.</param>
/// <param name="key">An administrator's.</param>
/// <param name="troubled">A unit of today, which raises obstacles.</param>
/// <param name="stop">Ends all; what is on its way is brought to its end.</param>
internal sealed class ChaosLoad(IReadOnlyList<ChaosNode> nodes, string key, string troubled, CancellationToken stop)
{
    private const string Plan = "/v1/plans/cchc-2022";

    // A read that no node has answered by then was not answered.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly string[] Reads =
    [
        $"{Plan}/completion", $"{Plan}/completion?period=2022-H1", $"{Plan}/completion/units?period=2022-H1&limit=1000", $"{Plan}/targets", "/v1/units?limit=1000",
        $"{Plan}/compliance?period=2022-H1",
    ];

    private long _reads;
    private long _stale;
    private long _failed;
    private long _longest;
    private long _repeated;

    public long ReadCount => _reads;
    public long StaleCount => _stale;
    public long FailedReads => _failed;
    public double LongestRead => Stopwatch.GetElapsedTime(0, _longest).TotalMilliseconds;
    public long Repeated => _repeated;

    /// <summary>How often each kind of change was acknowledged.</summary>
    public ConcurrentDictionary<string, int> Acknowledged { get; } = new();

    /// <summary>What each unit last put, and what of it was last published.</summary>
    public ConcurrentDictionary<string, (int Put, int? Published)> Units { get; } = new();

    public ConcurrentBag<string> Faults { get; } = [];

    public async Task ReadAsync(int seed)
    {
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var path = Reads[random.Next(Reads.Length)];
            for (var first = random.Next(nodes.Count); !await TryReadAsync(nodes[first % nodes.Count], path); first++)
            {
                if (Stopwatch.GetElapsedTime(began) > Patience)
                {
                    Interlocked.Increment(ref _failed);
                    break;
                }
            }

            var took = Stopwatch.GetTimestamp() - began;
            if (took > Interlocked.Read(ref _longest))
            {
                Interlocked.Exchange(ref _longest, took);
            }

            Interlocked.Increment(ref _reads);
            await Task.Delay(20);
        }
    }

    /// <summary>Puts, submits, approves and reopens reports, and raises an obstacle now and then.</summary>
    public async Task WriteAsync(IReadOnlyList<string> units, int seed)
    {
        var random = new Random(seed);
        var tags = new Dictionary<string, string>();
        for (var number = 1; !stop.IsCancellationRequested; number++)
        {
            foreach (var unit in units.TakeWhile(_ => !stop.IsCancellationRequested))
            {
                var path = $"{Plan}/reports/2022-H1/{unit}";
                var body = $$"""{"values":[{"target":"II.3.a","numerator":{{number}},"total":1000000}]}""";
                tags[unit] = await ChangeAsync(random, HttpMethod.Put, path, body, "report.put", tags.GetValueOrDefault(unit), null);
                Units[unit] = (number, Units.GetValueOrDefault(unit).Published);
                if (random.Next(3) > 0)
                {
                    continue;
                }

                foreach (var action in new[] { "submit", "approve", "reopen" })
                {
                    var reason = action == "reopen" ? """{"reason":"Số liệu mới"}""" : "{}";
                    tags[unit] = await ChangeAsync(random, HttpMethod.Post, $"{path}/{action}", reason, $"report.{action}", null, Guid.NewGuid().ToString());
                    Units[unit] = (number, action == "approve" ? number : Units[unit].Published);
                }

                var obstacle = $$"""{"unit":"{{troubled}}","title":"{{unit}}","description":"{{number}}"}""";
                await ChangeAsync(random, HttpMethod.Post, $"{Plan}/obstacles", obstacle, "obstacle.raise", null, Guid.NewGuid().ToString());
            }
        }
    }

    /// <summary>Sends a file to be imported in the background now and then, and waits until it is in.</summary>
    public async Task ImportAsync(IReadOnlyList<string> units, int seed)
    {
        var random = new Random(seed);
        for (var number = 1; !stop.IsCancellationRequested; number++)
        {
            var file = "unit,period,target,numerator,total\n" + string.Concat(units.Select(unit => $"{unit},2022-Q1,II.3.a,{number},1000000\n"));
            var idempotencyKey = Guid.NewGuid().ToString();
            var place = await UntilAsync(random, () => Request(HttpMethod.Post, $"{Plan}/report-imports", file, "text/csv", null, idempotencyKey), answer =>
                Task.FromResult(answer.Headers.Location!.ToString()));
            string status;
            do
            {
                await Task.Delay(200);
                status = await UntilAsync(random, () => Request(HttpMethod.Get, place, null, "", null, null), async answer =>
                    (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"]!);
            }
            while (status is "queued" or "running");
            if (status == "completed")
            {
                Acknowledged.AddOrUpdate("import.finish", 1, (_, count) => count + 1);
            }
            else
            {
                Faults.Add($"import {place}: {status}");
            }

            await Task.Delay(2000);
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body, string type, string? ifMatch, string? idempotencyKey)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        request.Headers.TryAddWithoutValidation("Prefer", "respond-async");
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return request;
    }

    private async Task<string> ChangeAsync(Random random, HttpMethod method, string path, string body, string kind, string? ifMatch, string? idempotencyKey)
    {
        var tag = await UntilAsync(random, () => Request(method, path, body, "application/json", ifMatch, idempotencyKey), answer =>
            Task.FromResult(answer.Headers.ETag?.Tag ?? ""));
        Acknowledged.AddOrUpdate(kind, 1, (_, count) => count + 1);
        return tag;
    }

    // To its end even when the trial is over: what is in doubt then is settled.
    private async Task<T> UntilAsync<T>(Random random, Func<HttpRequestMessage> request, Func<HttpResponseMessage, Task<T>> read)
    {
        while (true)
        {
            try
            {
                using var sent = request();
                sent.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                using var answer = await nodes[random.Next(nodes.Count)].Client.SendAsync(sent);
                if (answer.IsSuccessStatusCode)
                {
                    return await read(answer);
                }

                var text = await answer.Content.ReadAsStringAsync();
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable && !text.Contains("idempotency.busy", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"{sent.Method} {sent.RequestUri}: {(int)answer.StatusCode} {text}");
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or IOException)
            {
                // The node went away, before or after.
            }

            Interlocked.Increment(ref _repeated);
            await Task.Delay(random.Next(100, 500));
        }
    }

    private async Task<bool> TryReadAsync(ChaosNode node, string path)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            using var answer = await node.Client.GetAsync(new Uri(path, UriKind.Relative), patience.Token);
            if (!answer.IsSuccessStatusCode)
            {
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable ? false
                    : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode}");
            }

            var text = await answer.Content.ReadAsStringAsync(patience.Token);
            if (answer.Headers.Age is not null)
            {
                Interlocked.Increment(ref _stale);
            }

            // What says that it may have been overtaken says of what age it is.
            if (answer.Headers.Age is null && text.Contains("\"stale\":true", StringComparison.Ordinal))
            {
                Faults.Add($"{path}: of no age, but {text[..Math.Min(200, text.Length)]}");
            }

            return true;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }
}
