using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Cchc.Benchmarks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

// Ratios in one run: absolute figures depend on the machine, so each is set beside bare Kestrel writing the same bytes.
if (args is ["import"])
{
    await ImportBenchmark.RunAsync();
    return 0;
}

const int Requests = 20_000;
const int Connections = 16;
const string Plan = "/v1/plans/cchc-2022";

var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
using var server = Server.Start(folder, "http://127.0.0.1:5181");
using var client = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:5181") };
var first = await client.GetAsync($"{Plan}/completion");
first.EnsureSuccessStatusCode();
var bytes = await first.Content.ReadAsByteArrayAsync();
var etag = first.Headers.ETag!;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
await using var bare = builder.Build();
bare.Urls.Add("http://127.0.0.1:5182");
bare.MapGet("/", (HttpContext context) =>
{
    context.Response.ContentType = "application/json";
    context.Response.ContentLength = bytes.Length;
    return context.Response.Body.WriteAsync(bytes).AsTask();
});
await bare.StartAsync();
using var bareClient = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:5182") };

List<double> hot = [], notModified = [], ranking = [];
for (var round = 0; round < 4; round++)
{
    var reference = await RateAsync(bareClient, "/", null);
    var measured = (
        await RateAsync(client, $"{Plan}/completion", null),
        await RateAsync(client, $"{Plan}/completion", etag),
        await RateAsync(client, $"{Plan}/completion/units?limit=1000", null));
    if (round > 0)
    {
        hot.Add(measured.Item1 / reference);
        notModified.Add(measured.Item2 / reference);
        ranking.Add(measured.Item3 / reference);
    }
}

var key = Server.Run(folder, "keys", "create", "--role", "administrator").Trim();
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
List<double> afterWrite = [];
var tag = "";
for (var round = 0; round < 200; round++)
{
    using var request = new HttpRequestMessage(HttpMethod.Put, $"{Plan}/reports/2022-H1/SNV")
    {
        Content = new StringContent(
            $$"""{"values":[{"target":"II.3.a","numerator":{{round}},"total":1000}]}""", Encoding.UTF8, "application/json"),
    };
    if (tag.Length > 0)
    {
        request.Headers.TryAddWithoutValidation("If-Match", tag);
    }

    using var written = await client.SendAsync(request);
    tag = written.EnsureSuccessStatusCode().Headers.ETag!.Tag;
    var started = Stopwatch.GetTimestamp();
    (await client.GetAsync($"{Plan}/completion")).EnsureSuccessStatusCode();
    afterWrite.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
}

Console.WriteLine($"completion, hot           {Median(hot):0.00} of bare Kestrel with the same {bytes.Length} bytes");
Console.WriteLine($"completion, 304           {Median(notModified):0.00} of bare Kestrel with the same {bytes.Length} bytes");
Console.WriteLine($"ranking of 183 units, hot {Median(ranking):0.00} of bare Kestrel with {bytes.Length} bytes");
Console.WriteLine($"first answer after write  {Median(afterWrite):0.0} ms (median of 200)");
server.Kill();
Directory.Delete(folder, recursive: true);
return 0;

static async Task<double> RateAsync(HttpClient client, string path, EntityTagHeaderValue? etag)
{
    var left = Requests;
    var started = Stopwatch.GetTimestamp();
    await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
    {
        while (Interlocked.Decrement(ref left) >= 0)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (etag is not null)
            {
                request.Headers.IfNoneMatch.Add(etag);
            }

            using var response = await client.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
        }
    }));
    return Requests / Stopwatch.GetElapsedTime(started).TotalSeconds;
}

static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
