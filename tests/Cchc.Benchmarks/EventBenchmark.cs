using System.Net.Http.Headers;
using System.Text;

namespace Cchc.Benchmarks;

/// <summary>A thousand clients who wait for events: what they cost in memory, and whether each gets every event.</summary>
internal static class EventBenchmark
{
    private const int Clients = 1_000;
    private const int Writes = 20;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        using var server = Server.Start(folder, "http://127.0.0.1:5183");
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients + 10 })
        {
            BaseAddress = new Uri("http://127.0.0.1:5183"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Server.Run(folder, "keys", "create", "--role", "administrator").Trim());
        await client.GetAsync("/v1/plans/cchc-2022/completion");
        server.Refresh();
        var before = server.WorkingSet64;

        var streams = new List<StreamReader>();
        for (var each = 0; each < Clients; each++)
        {
            var response = await client.GetAsync("/v1/events?kind=report.saved", HttpCompletionOption.ResponseHeadersRead);
            var stream = new StreamReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
            await stream.ReadLineAsync();
            streams.Add(stream);
        }

        server.Refresh();
        var waiting = server.WorkingSet64;
        var readers = streams.Select(ReadAsync).ToList();
        var tag = "";
        for (var round = 0; round < Writes; round++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, "/v1/plans/cchc-2022/reports/2022-H1/SNV")
            {
                Content = new StringContent($$"""{"values":[{"target":"II.3.a","numerator":{{round}},"total":100}]}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.TryAddWithoutValidation("If-Match", tag.Length > 0 ? tag : null);
            using var written = await client.SendAsync(request);
            tag = written.EnsureSuccessStatusCode().Headers.ETag!.Tag;
        }

        var whole = (await Task.WhenAll(readers)).Count(events => events.SequenceEqual(Enumerable.Range(0, Writes).Select(step => events[0] + step)));
        server.Refresh();
        Console.WriteLine(FormattableString.Invariant(
            $"{Clients} clients waiting: {(waiting - before) >> 20} MB more; after {Writes} events to each: {(server.WorkingSet64 - before) >> 20} MB more; {whole} got every event in order"));
        server.Kill();
        await server.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<List<long>> ReadAsync(StreamReader stream)
    {
        var events = new List<long>();
        while (events.Count < Writes && await stream.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                events.Add(long.Parse(line.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return events;
    }
}
