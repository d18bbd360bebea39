using System.Net;
using System.Net.Http.Headers;
using Cchc.Api.Tests.Support;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Operations;

/// <summary>The program as a process of its own, told to stop while it is at work.</summary>
public sealed class ShutdownTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-stop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task While_it_drains_everything_is_answered_and_followers_are_let_go()
    {
        var key = await KeyAsync();
        using var server = await ServerProcess.StartAsync(_folder, ("Shutdown__DrainSeconds", "3"));
        using var client = Client(server.Address, key);
        var events = await client.GetStreamAsync(new Uri("/v1/events", UriKind.Relative));
        using var follower = new StreamReader(events);
        Assert.Equal(": cchc", await follower.ReadLineAsync());

        var (answered, isDraining) = (0, false);
        var workers = Enumerable.Range(0, 40).Select(async number =>
        {
            for (var turn = 0; !Volatile.Read(ref isDraining) || turn == 0; turn++)
            {
                // Every one is as a load balancer's: not sent again by the client where it is lost.
                using var one = Client(server.Address, number % 2 == 0 ? key : null);
                var answer = number % 4 == 0
                    ? await one.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", (number * 1000) + turn, 1_000_000), ifMatch: "*")
                    : await one.GetAsync(new Uri($"{HttpExtensions.Plan}/completion?period=2022-H1", UriKind.Relative));
                Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.PreconditionFailed, await answer.Content.ReadAsStringAsync());
                Interlocked.Increment(ref answered);
            }
        }).ToList();
        while (Volatile.Read(ref answered) < 200)
        {
            await Task.Yield();
        }

        server.Terminate();
        while (!isDraining)
        {
            using var probe = Client(server.Address, null);
            var answer = await probe.GetAsync(new Uri("/health/ready", UriKind.Relative));
            Volatile.Write(ref isDraining, answer.StatusCode == HttpStatusCode.ServiceUnavailable);
            Assert.True(!isDraining || answer.Headers.ConnectionClose == true);
        }

        // Let go at once: before the time to drain is over.
        while (await follower.ReadLineAsync() is not null)
        {
        }

        Assert.False(server.Process.HasExited);
        using (var late = Client(server.Address, null))
        {
            Assert.Equal(HttpStatusCode.OK, (await late.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
        }

        await Task.WhenAll(workers);
        await server.Process.WaitForExitAsync();
        Assert.Equal(0, server.Process.ExitCode);
    }

    [Fact]
    public async Task What_is_on_its_way_ends_though_no_connection_is_taken_any_more()
    {
        var key = await KeyAsync();
        using var server = await ServerProcess.StartAsync(_folder, ("Shutdown__DrainSeconds", "1"));
        using var client = Client(server.Address, key);
        var body = new Halting("unit,period,target,numerator,total\n", "SNV,2022-H1,II.3.a,120,200\n");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports") { Content = body };
        var answer = client.SendAsync(request);
        await body.IsHalfway.Task;
        server.Terminate();
        while (true)
        {
            try
            {
                using var probe = Client(server.Address, null);
                await probe.GetAsync(new Uri("/health/live", UriKind.Relative));
            }
            catch (HttpRequestException)
            {
                break;
            }
        }

        body.GoOn.SetResult();
        var (ended, text) = (await answer, await (await answer).Content.ReadAsStringAsync());
        Assert.True(ended.StatusCode == HttpStatusCode.OK, text);
        Assert.Contains("\"created\":1", text, StringComparison.Ordinal);
        await server.Process.WaitForExitAsync();
        Assert.Equal(0, server.Process.ExitCode);
    }

    [Fact]
    public async Task An_import_that_runs_is_given_back_to_the_queue()
    {
        var key = await KeyAsync();
        string place;
        using (var server = await ServerProcess.StartAsync(_folder, ("Shutdown__DrainSeconds", "1")))
        {
            using var client = Client(server.Address, key);
            var file = "unit,period,target,numerator,total\n" + string.Concat(Enumerable.Range(0, 400_000).Select(number => $"SNV,2022-H1,II.3.a,{number},2000000\n"));
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports?mode=partial")
            {
                Content = new StringContent(file, System.Text.Encoding.UTF8, "text/csv"),
            };
            request.Headers.Add("Prefer", "respond-async");
            var accepted = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            place = accepted.Headers.Location!.OriginalString;
            while ((string?)(await client.GetJsonAsync(place))["status"] == "queued")
            {
            }

            server.Terminate();
            await server.Process.WaitForExitAsync();
            Assert.Equal(0, server.Process.ExitCode);
        }

        await using (var database = new SqliteConnection($"Data Source={_folder}/cchc.db;Pooling=False"))
        {
            Assert.Equal("queued", await database.QuerySingleAsync<string>("SELECT status FROM report_imports WHERE lease_owner IS NULL"));
        }

        using var again = await ServerProcess.StartAsync(_folder);
        using var reader = Client(again.Address, key);
        string? status;
        while ((status = (string?)(await reader.GetJsonAsync(place))["status"]) is "queued" or "running")
        {
        }

        Assert.Equal("completed", status);
    }

    private static HttpClient Client(string address, string? key)
    {
        var client = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private async Task<string> KeyAsync() =>
        (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).Output.Trim();

    /// <summary>A body that stops in its middle until it may go on.</summary>
    private sealed class Halting : HttpContent
    {
        private readonly string _first;
        private readonly string _second;

        public Halting(string first, string second)
        {
            (_first, _second) = (first, second);
            Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        }

        public TaskCompletionSource IsHalfway { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(_first));
            await stream.FlushAsync();
            IsHalfway.SetResult();
            await GoOn.Task;
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(_second));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
