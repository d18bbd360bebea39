using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using static Cchc.Benchmarks.Outcome;

namespace Cchc.Benchmarks;

/// <summary>
/// Reads beside bare Kestrel writing the same bytes, and beside an endpoint that asks the database each time; requests by wrk, which must
/// be installed. Ratios in one run: absolute figures depend on the machine.
/// </summary>
internal static class ReadBenchmark
{
    private const string Api = "http://127.0.0.1:5181";
    private const string Bare = "http://127.0.0.1:5182";
    private const string Completion = "/v1/plans/cchc-2022/completion";
    private const int Rounds = 3;

    // What a plain endpoint would ask: the latest approved revisions and their values, summed by line.
    private const string RollUp = """
        SELECT said.line_id AS LineId, SUM(said.numerator) AS Numerator, SUM(said.total) AS Total, SUM(said.excluded) AS Excluded,
            SUM(said.done) AS Done, COUNT(*) AS Received
        FROM report_values said
        JOIN (SELECT period_id, unit_id, MAX(number) AS number FROM revisions WHERE decision = 'approved' GROUP BY period_id, unit_id) counting
            ON counting.period_id = said.period_id AND counting.unit_id = said.unit_id AND counting.number = said.number
        JOIN periods ON periods.period_id = said.period_id
        WHERE periods.code = '2022-Q1'
        GROUP BY said.line_id
        """;

    private const string Rows = """
        SELECT said.unit_id AS UnitId, said.line_id AS LineId, said.numerator AS Numerator, said.total AS Total, said.excluded AS Excluded,
            said.done AS Done, said.position AS Position, said.state AS State, said.not_applicable AS NotApplicable
        FROM report_values said
        JOIN (SELECT period_id, unit_id, MAX(number) AS number FROM revisions WHERE decision = 'approved' GROUP BY period_id, unit_id) counting
            ON counting.period_id = said.period_id AND counting.unit_id = said.unit_id AND counting.number = said.number
        JOIN periods ON periods.period_id = said.period_id
        WHERE periods.code = '2022-Q1'
        """;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        using var server = Server.Start(folder, Api);
        using var client = new HttpClient { BaseAddress = new Uri(Api) };
        var first = await client.GetAsync(Completion);
        var bytes = await first.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        var etag = first.Headers.ETag!.Tag;
        await using var bare = Serve(bytes, Path.Combine(folder, "cchc.db"));
        await bare.StartAsync();

        var key = Server.Run(folder, "keys", "create", "--role", "administrator").Trim();
        using var writer = new HttpClient { BaseAddress = new Uri(Api) };
        writer.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        string[] names = ["hot", "hot, br", "304", "hot, with a key", "ranking of 183 units", "under a write every 100 ms", "database asked each time"];
        var ratios = names.ToDictionary(name => name, _ => new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            var reference = Wrk(Bare + "/");
            double[] measured =
            [
                Wrk(Api + Completion), Wrk(Api + Completion, "Accept-Encoding: br"), Wrk(Api + Completion, $"If-None-Match: {etag}"),
                Wrk(Api + Completion, $"Authorization: Bearer {key}"), Wrk(Api + Completion + "/units?limit=1000"), await UnderWritesAsync(writer), Wrk(Bare + "/dapper"),
            ];

            // The first round warms all of them up.
            for (var index = 0; round > 0 && index < names.Length; index++)
            {
                ratios[names[index]].Add(measured[index] / reference);
            }

            etag = (await client.GetAsync(Completion)).Headers.ETag!.Tag;
        }

        foreach (var name in names)
        {
            Say($"{name,-28} {Median(ratios[name]):0.00} of bare Kestrel with the same {bytes.Length} bytes");
        }

        Say($"beside a query each time     {Median(ratios["hot"]) / Median(ratios["database asked each time"]):0.0} times hot, {Median(ratios["hot, with a key"]) / Median(ratios["database asked each time"]):0.0} times with a key");
        await AfterWritesAsync(client, writer, Path.Combine(folder, "cchc.db"));
        server.Kill();
        await server.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static WebApplication Serve(byte[] bytes, string database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add(Bare);
        app.MapGet("/", (HttpContext context) =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = bytes.Length;
            return context.Response.Body.WriteAsync(bytes).AsTask();
        });
        app.MapGet("/dapper", async () =>
        {
            await using var connection = new SqliteConnection($"Data Source={database}");
            return (await connection.QueryAsync(RollUp)).AsList();
        });
        return app;
    }

    private static async Task<double> UnderWritesAsync(HttpClient writer)
    {
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (!stop.IsCancellationRequested)
            {
                await foreach (var _ in PublishAsync(writer, "STP"))
                {
                    await timer.WaitForNextTickAsync();
                }
            }
        });
        var rate = await Task.Run(() => Wrk(Api + Completion));
        await stop.CancelAsync();
        await writing;
        return rate;
    }

    private static async Task AfterWritesAsync(HttpClient client, HttpClient writer, string database)
    {
        List<double> answers = [], reads = [];
        await using var connection = new SqliteConnection($"Data Source={database}");
        for (var round = 0; round < 100; round++)
        {
            await foreach (var _ in PublishAsync(writer, "SNV"))
            {
                var started = Stopwatch.GetTimestamp();
                (await client.GetAsync(Completion)).EnsureSuccessStatusCode();
                answers.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                started = Stopwatch.GetTimestamp();
                (await connection.QueryAsync(Rows)).AsList();
                reads.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        Say($"first answer after a write   {Median(answers):0.0} ms, {Median(answers) / Median(reads):0.0} times a bare Dapper read of its rows ({Median(reads):0.0} ms)");
    }

    // Four writes, of which each raises the version and the first and the last change what is published.
    private static async IAsyncEnumerable<string> PublishAsync(HttpClient writer, string unit)
    {
        var report = $"/v1/plans/cchc-2022/reports/2022-Q1/{unit}";
        var values = JsonNode.Parse(await writer.GetStringAsync(report))!["values"]!.AsArray();
        values.First(value => value!["total"] is not null)!["numerator"] = Random.Shared.Next(2);
        yield return await SendAsync(writer, HttpMethod.Post, report + "/reopen", """{"reason":"bench"}""");
        yield return await SendAsync(writer, HttpMethod.Put, report, $$"""{"values":{{values.ToJsonString()}},"narrative":"{{Guid.NewGuid()}}"}""");
        yield return await SendAsync(writer, HttpMethod.Post, report + "/submit", "");
        yield return await SendAsync(writer, HttpMethod.Post, report + "/approve", "");
    }

    private static async Task<string> SendAsync(HttpClient writer, HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body.Length == 0 ? null : new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        using var response = await writer.SendAsync(request);
        return response.IsSuccessStatusCode ? path : throw new InvalidOperationException($"{path}: {await response.Content.ReadAsStringAsync()}");
    }

    private static double Wrk(string address, params string[] headers)
    {
        var lines = Shell.Run("/", "wrk", ["-t1", "-c16", "-d3s", .. headers.SelectMany(header => new[] { "-H", header }), address]).Split('\n');
        return lines.Any(line => line.Contains("Non-2xx", StringComparison.Ordinal)) && !headers.Any(header => header.StartsWith("If-None", StringComparison.Ordinal))
            ? throw new InvalidOperationException(address)
            : double.Parse(lines.First(line => line.StartsWith("Requests/sec", StringComparison.Ordinal)).Split(':')[1], CultureInfo.InvariantCulture);
    }
}
