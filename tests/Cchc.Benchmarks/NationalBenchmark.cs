using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Cchc.Api.Completion;
using Cchc.Api.Data;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using static Cchc.Benchmarks.Outcome;

namespace Cchc.Benchmarks;

/// <summary>
/// A snapshot of a country: 11,162 reporting units on 53 lines, 591,586 values. Its loading beside a bare reading of the same rows, its
/// memory, and what the change of one unit costs.
/// </summary>
internal static class NationalBenchmark
{
    private const string Api = "http://127.0.0.1:5181";
    private const string Completion = $"/v1/plans/{WidePlan.Code}/completion";
    private const int Communes = 11_012; // beside the 150 committees of plan 398's districts and communes
    private const int Rounds = 5;

    // The rows of a snapshot, as they are stored.
    private const string Rows = """
        SELECT said.unit_id, said.line_id, said.numerator, said.total, said.excluded, said.done, said.position, said.state
        FROM report_values said
        JOIN (SELECT unit_id, MAX(number) AS number FROM revisions WHERE period_id = 91 AND decision = 'approved' GROUP BY unit_id) counting
            ON counting.unit_id = said.unit_id AND counting.number = said.number
        WHERE said.period_id = 91
        """;

    private const string Fill = """
        INSERT INTO reports SELECT 91, unit_id, 'approved', 1, '2022-03-01T00:00:00.000Z', 'b' FROM units
            WHERE kind = 'committee' AND level <> 'province' AND EXISTS (SELECT 1 FROM unit_versions WHERE unit_versions.unit_id = units.unit_id
                AND (valid_from IS NULL OR valid_from <= '2022-03-14') AND (valid_to IS NULL OR valid_to >= '2022-03-14'));
        INSERT INTO revisions SELECT 91, unit_id, 1, NULL, 0, updated_at, 'b', updated_at, 'b', 'approved', updated_at, 'b' FROM reports WHERE period_id = 91;
        INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded)
            SELECT 91, unit_id, 1, line_id, (unit_id * 7919 + line_id * 104729) % 1000, 1000, 0 FROM reports CROSS JOIN target_lines
            WHERE period_id = 91 AND line_id > 9000 ORDER BY unit_id, line_id;
        """;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        try
        {
            var key = WidePlan.Make(folder, Communes);
            using (var connection = WidePlan.Open(folder))
            {
                WidePlan.Execute(connection, Fill);
            }

            await LoadAsync(folder);
            await ChangeAsync(folder, key);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task LoadAsync(string folder)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(
            [new("Database:ConnectionString", $"Data Source={Path.Combine(folder, "cchc.db")}")]).Build();
        await using var services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton<IConfiguration>(settings).AddSingleton(TimeProvider.System)
            .AddSingleton<Dialect>(new SqliteDialect()).AddSingleton<Database>().AddSingleton<Secondary>()
            .AddScoped<DataVersions>().AddScoped<Catalogues>().AddScoped<Snapshots>()
            .BuildServiceProvider();
        List<double> loads = [], reads = [];
        var (count, memory) = (0, 0L);
        for (var round = 0; round <= Rounds; round++)
        {
            // Each round knows nothing of the one before.
            await using var scope = services.CreateAsyncScope();
            var (catalogues, snapshots) = (scope.ServiceProvider.GetRequiredService<Catalogues>(), scope.ServiceProvider.GetRequiredService<Snapshots>());
            var plan = (await catalogues.CurrentAsync(default)).PlanOf(WidePlan.Code);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var started = Stopwatch.GetTimestamp();
            var snapshot = await snapshots.GetAsync(plan, plan.Periods[0], Lens.Published, null, default);
            var load = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            memory = GC.GetTotalMemory(forceFullCollection: true) - before;
            started = Stopwatch.GetTimestamp();
            count = await ReadAsync(folder);
            var read = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (snapshot.OfPlan(Basis.YearToDate).Targets.Sum(target => target.Lines[0].Coverage.Received) != count)
            {
                throw new InvalidOperationException("The snapshot has not the rows that were read.");
            }

            // The first round warms both up.
            if (round > 0)
            {
                loads.Add(load);
                reads.Add(read);
            }
        }

        Say($"snapshot of {count:N0} values   {Median(loads):0} ms, {Median(loads) / Median(reads):0.00} times a bare reading of its rows ({Median(reads):0} ms), {memory / 1e6:0} MB held");
    }

    private static async Task<int> ReadAsync(string folder)
    {
        await using var connection = WidePlan.Open(folder);
        await using var command = connection.CreateCommand();
        command.CommandText = Rows;
        await using var reader = await command.ExecuteReaderAsync();
        var count = 0;
        while (await reader.ReadAsync())
        {
            _ = (reader.GetInt32(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.IsDBNull(5), reader.IsDBNull(6),
                reader.IsDBNull(7));
            count++;
        }

        return count;
    }

    private static async Task ChangeAsync(string folder, string key)
    {
        using var server = Server.Start(folder, Api, sample: false);
        using var client = new HttpClient { BaseAddress = new Uri(Api), Timeout = TimeSpan.FromMinutes(5) };
        using var writer = new HttpClient { BaseAddress = new Uri(Api) };
        writer.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            var whole = await TimeAsync(client, Completion);
            List<double> answers = [];
            for (var round = 0; round < 20; round++)
            {
                await PublishAsync(writer, $"B{round + 1}", round);
                answers.Add(await TimeAsync(client, Completion));
            }

            var peak = Server.Peak(server);
            var ranking = await TimeAsync(client, Completion + "/units?limit=1000");
            Say($"first answer of the process   {whole:0} ms, peak memory {peak / 1024} MB; ranking of all units {ranking:0} ms, {Server.Peak(server) / 1024} MB");
            Say($"first answer after one unit's report   {Median(answers):0.0} ms, {whole / Median(answers):0} times as fast");
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static async Task PublishAsync(HttpClient writer, string unit, int round)
    {
        var report = $"/v1/plans/{WidePlan.Code}/reports/2022-Q1/{unit}";
        await SendAsync(writer, HttpMethod.Post, report + "/reopen", """{"reason":"bench"}""");
        var values = string.Join(',', Enumerable.Range(1, WidePlan.Lines).Select(line => string.Create(
            CultureInfo.InvariantCulture, $$"""{"target":"B.{{line}}","numerator":{{(round + line) % 1000}},"total":1000}""")));
        await SendAsync(writer, HttpMethod.Put, report, $$"""{"values":[{{values}}]}""");
        await SendAsync(writer, HttpMethod.Post, report + "/submit");
        await SendAsync(writer, HttpMethod.Post, report + "/approve");
    }

    private static async Task SendAsync(HttpClient writer, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        using var response = await writer.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static async Task<double> TimeAsync(HttpClient client, string path)
    {
        var started = Stopwatch.GetTimestamp();
        (await client.GetAsync(path)).EnsureSuccessStatusCode();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
