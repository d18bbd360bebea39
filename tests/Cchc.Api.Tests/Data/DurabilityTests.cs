using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Data;

/// <summary>The program as a process of its own, killed without warning.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-kill-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_acknowledged_report_outlives_a_kill_and_none_is_half()
    {
        var key = (await RunAsync("keys", "create", "--role", "administrator")).Trim();
        var units = new List<string>();
        var acknowledged = new ConcurrentBag<string>();
        var count = 0;
        using (var server = await StartAsync())
        {
            using var client = Client(server.Address, key);
            await AddUnitsAsync(client, units);
            var puts = units.Concat(units.Take(29)).Select(async unit =>
            {
                try
                {
                    var response = await client.PutReportAsync(unit, Body(units.IndexOf(unit)));
                    if (response.IsSuccessStatusCode)
                    {
                        acknowledged.Add(unit);
                        if (Interlocked.Increment(ref count) == 60)
                        {
                            server.Process.Kill();
                        }
                    }
                }
                catch (HttpRequestException)
                {
                    // The server is gone; what was not acknowledged is promised to nobody.
                }
            }).ToList();
            Assert.Equal(200, puts.Count);
            await Task.WhenAll(puts);
            await server.Process.WaitForExitAsync();
        }

        using var again = await StartAsync();
        using var reader = Client(again.Address, key);
        Assert.InRange(acknowledged.Count, 60, 199);
        var reports = (await reader.GetJsonAsync($"{HttpExtensions.Plan}/reports?limit=1000"))["items"]!.AsArray().Select(each => (string)each!["unit"]!).ToList();
        Assert.Empty(acknowledged.Except(reports));
        foreach (var unit in reports)
        {
            var report = await reader.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/{unit}");
            Assert.Equal([units.IndexOf(unit), 1000], new[] { "numerator", "total" }.Select(name => (int)report["values"]![0]![name]!));
            Assert.Equal(2, report["values"]!.AsArray().Count);
            Assert.Single(report["history"]!.AsArray());
        }
    }

    [Fact]
    public async Task An_import_that_is_killed_is_there_whole_or_not_at_all()
    {
        var key = (await RunAsync("keys", "create", "--role", "administrator")).Trim();
        var random = new Random(398);
        var units = new List<string>();
        var (file, isAcknowledged, outcomes) = ("", false, new HashSet<bool>());
        for (var round = 0; round <= 20; round++)
        {
            using var server = await StartAsync();
            using var client = Client(server.Address, key);
            if (round == 0)
            {
                await AddUnitsAsync(client, units);
            }
            else
            {
                var seen = (await (await client.ImportAsync(file, "?dryRun=true")).JsonAsync())["result"]!["rows"]!;
                Assert.Equal(0, (int)seen["rejected"]!);
                Assert.Contains((int)seen["unchanged"]!, new[] { 0, (int)seen["total"]! });
                Assert.True(!isAcknowledged || (int)seen["unchanged"]! > 0);
                outcomes.Add((int)seen["unchanged"]! > 0);
            }

            // Other numbers every time, so that a row of this round cannot be taken for one of another.
            var number = round;
            file = "unit,period,target,numerator,total\n" + string.Concat(
                new[] { "2022-Q1", "2022-H1", "2022-Q3", "2022-FY" }.SelectMany(period => units.Select(unit => $"{unit},{period},II.3.a,{number},1000\n")));
            var sent = client.ImportAsync(file);
            await Task.Delay(random.Next(0, 900));
            server.Process.Kill();
            await server.Process.WaitForExitAsync();
            isAcknowledged = await sent.ContinueWith(
                task => task.IsCompletedSuccessfully && task.Result.IsSuccessStatusCode, TaskScheduler.Default);
        }

        Assert.Equal(2, outcomes.Count);
    }

    [Fact]
    public async Task The_command_line_says_what_is_wrong()
    {
        Assert.Equal("", await RunAsync(2, "keys", "create", "--role", "boss"));
        Assert.Equal("", await RunAsync(1, "keys", "create", "--role", "reporter", "--unit", "NOPE"));
        Assert.Equal("", await RunAsync(1, "keys", "create", "--role", "reviewer", "--unit", "STP"));
        Assert.Equal("units\t0\nplans\t0\n", await RunAsync("seed"));
        Assert.StartsWith("applied\t0001_", await RunAsync("migrate", "--dry-run"), StringComparison.Ordinal);
        Assert.Matches("^cchc_[0-9a-f]{64}\n$", await RunAsync("keys", "create", "--role", "reviewer", "--unit", "snv"));
    }

    private static async Task AddUnitsAsync(HttpClient client, List<string> units)
    {
        foreach (var level in new[] { "commune", "district", "province" })
        {
            var items = (await client.GetJsonAsync($"/v1/units?asOf=2022-06-14&level={level}&limit=1000"))["items"]!.AsArray();
            units.AddRange(items.Where(unit => (string?)unit!["kind"] is "committee" or "department" && (string?)unit["code"] != "TTH")
                .Select(unit => (string)unit!["code"]!));
        }
    }

    private static string Body(int number) =>
        $$"""{"values":[{"target":"II.3.a","numerator":{{number}},"total":1000},{"target":"II.10.a","done":true}]}""";

    private static HttpClient Client(string address, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(_folder);

    private Task<string> RunAsync(params string[] arguments) => RunAsync(0, arguments);

    private async Task<string> RunAsync(int exitCode, params string[] arguments)
    {
        var run = await ProgramRun.RunAsync(_folder, [], arguments);
        Assert.True(exitCode == run.ExitCode, run.Errors);
        return run.Output;
    }
}
