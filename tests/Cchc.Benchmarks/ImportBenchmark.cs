using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using static Cchc.Benchmarks.Outcome;

namespace Cchc.Benchmarks;

/// <summary>
/// Imports a file of a million rows into a plan of a country's size, beside bare prepared upserts of the same rows into the same tables,
/// and a province's year beside one report's PUT.
/// </summary>
internal static class ImportBenchmark
{
    private const int Communes = 11_000;
    private const int Lines = WidePlan.Lines;
    private static readonly int[] Sizes = [10_000, 100_000, 1_000_000];

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        try
        {
            foreach (var size in Sizes)
            {
                List<double> ratios = [], costs = [];
                var memory = 0L;
                for (var round = 0; round < (size == Sizes[^1] ? 3 : 5); round++)
                {
                    var (file, key) = Generate(Directory.CreateDirectory(Path.Combine(folder, $"{size}-{round}")).FullName, size);
                    var bare = Bare(file, size);
                    var (import, peak) = await ImportAsync(file, key, size);
                    ratios.Add(bare / import);
                    costs.Add(import / size * 1e6);
                    Directory.Delete(file, recursive: true);
                    memory = Math.Max(memory, peak);
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{size,9:N0} rows: {Median(ratios):0.00} of the speed of bare upserts, {Median(costs):0.0} µs a row, peak {memory / 1024} MB"));
            }

            await YearAsync(Directory.CreateDirectory(Path.Combine(folder, "year")).FullName);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string Folder, string Key) Generate(string folder, int rows)
    {
        var key = WidePlan.Make(folder, Communes);
        using var csv = new StreamWriter(Path.Combine(folder, "rows.csv"), false, new UTF8Encoding(false));
        csv.WriteLine("unit,period,target,level,numerator,total,excluded,done,position,state,not_applicable,note");
        foreach (var (unit, period, line, numerator) in Rows(rows))
        {
            csv.WriteLine(string.Create(CultureInfo.InvariantCulture, $"B{unit},{(period == 0 ? "2022-Q1" : "2022-H1")},B.{line},,{numerator},1000,0,,,,,"));
        }

        return (folder, key);
    }

    private static IEnumerable<(int Unit, int Period, int Line, int Numerator)> Rows(int count) =>
        Enumerable.Range(0, count).Select(index =>
            ((index / Lines % Communes) + 1, index / (Lines * Communes), (index % Lines) + 1, (int)(index * 7919L % 1000)));

    // The reports are there beforehand: only the rows themselves are timed. The copy leaves the program's database as it was.
    private static double Bare(string folder, int count)
    {
        var copy = Directory.CreateDirectory(Path.Combine(folder, "bare")).FullName;
        SqliteConnection.ClearAllPools();
        File.Copy(Path.Combine(folder, "cchc.db"), Path.Combine(copy, "cchc.db"));
        using var connection = WidePlan.Open(copy);
        WidePlan.Execute(connection, """
            INSERT INTO reports SELECT period_id, unit_id, 'draft', 1, '2022-06-01T00:00:00.000Z', 'b' FROM units CROSS JOIN periods WHERE unit_id > 100000 AND plan_id = 90 AND period_id <= 92;
            INSERT INTO revisions (period_id, unit_id, number, is_sample, saved_at, saved_by) SELECT period_id, unit_id, 1, 0, updated_at, 'b' FROM reports WHERE unit_id > 100000;
            """);
        var rows = Rows(count).ToArray();
        var started = Stopwatch.GetTimestamp();
        using (var transaction = connection.BeginTransaction())
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = """
                INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded)
                VALUES (@period, @unit, 1, @line, @numerator, @total, @excluded)
                ON CONFLICT (period_id, unit_id, number, line_id) DO UPDATE SET numerator = excluded.numerator, total = excluded.total, excluded = excluded.excluded
                """;
            SqliteParameter[] parameters = [.. new[] { "@period", "@unit", "@line", "@numerator", "@total", "@excluded" }.Select(name => command.Parameters.Add(name, SqliteType.Integer))];
            command.Prepare();
            foreach (var (unit, period, line, numerator) in rows)
            {
                parameters[0].Value = 91 + period;
                parameters[1].Value = 100000 + unit;
                parameters[2].Value = 9000 + line;
                parameters[3].Value = numerator;
                parameters[4].Value = 1000;
                parameters[5].Value = 0;
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<(double Seconds, long PeakKilobytes)> ImportAsync(string folder, string key, int rows)
    {
        using var server = Server.Start(folder, "http://127.0.0.1:5181", sample: false);
        try
        {
            using var client = Client(key);
            (await client.GetAsync("/v1/plans")).EnsureSuccessStatusCode();
            await WarmUpAsync(client);
            using var content = new StreamContent(File.OpenRead(Path.Combine(folder, "rows.csv")));
            content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
            var started = Stopwatch.GetTimestamp();
            using var response = await client.PostAsync("/v1/plans/bench/report-imports", content);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            return (int?)answer["result"]?["rows"]?["created"] == rows ? (seconds, Server.Peak(server))
                : throw new InvalidOperationException(answer.ToJsonString()[..1000]);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    // Into a period that the measured file does not touch, so that the compiler is done with most of the code.
    private static async Task WarmUpAsync(HttpClient client)
    {
        var csv = new StringBuilder("unit,period,target,numerator,total\n");
        foreach (var (unit, _, line, numerator) in Rows(20_000))
        {
            csv.Append(CultureInfo.InvariantCulture, $"B{unit},2022-Q3,B.{line},{numerator},1000\n");
        }

        using var content = new StringContent(csv.ToString(), Encoding.UTF8, "text/csv");
        await Json(await client.PostAsync("/v1/plans/bench/report-imports", content));
    }

    private static HttpClient Client(string key)
    {
        var client = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:5181"), Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    // Every value due of plan 398's year, as the template of the whole province asks for them.
    private static async Task YearAsync(string folder)
    {
        using var server = Server.Start(folder, "http://127.0.0.1:5181", sample: false);
        using var client = Client(Server.Run(folder, "keys", "create", "--role", "administrator").Trim());
        const string plan = "/v1/plans/cchc-2022";
        var template = (await client.GetStringAsync(new Uri($"{plan}/report-template?period=2022-FY&under=TTH", UriKind.Relative))).Split("\r\n");
        var headings = template[0].TrimStart('\uFEFF').Split(',');
        var targets = (await Json(await client.GetAsync($"{plan}/targets")))["items"]!.AsArray().ToDictionary(target => (string)target!["code"]!, target => (string)target!["kind"]!);
        using var reader = new CsvHelper.CsvParser(new StringReader(string.Join("\r\n", template)), CultureInfo.InvariantCulture);
        List<double> imports = [], puts = [];
        List<string[]> due = [];
        while (reader.Read())
        {
            due.Add(reader.Record!);
        }

        int At(string heading) => Array.IndexOf(headings, heading);
        for (var round = 1; round <= 7; round++)
        {
            var csv = new StringBuilder("unit,period,target,level,numerator,total,done,position,state\n");
            foreach (var row in due.Skip(1))
            {
                var kind = targets[row[At("target")]];
                csv.Append(CultureInfo.InvariantCulture, $"{row[0]},{row[At("period")]},{row[At("target")]},{row[At("level")]},");
                csv.AppendLine(kind switch
                {
                    "ratio" => string.Create(CultureInfo.InvariantCulture, $"{round},100,,,"),
                    "unitShare" => round % 2 == 0 ? ",,true,," : ",,false,,",
                    "milestone" => ",,,," + (round % 2 == 0 ? "done" : "inProgress"),
                    _ => string.Create(CultureInfo.InvariantCulture, $",,,{round},"),
                });
            }

            using var content = new StringContent(csv.ToString(), Encoding.UTF8, "text/csv");
            var started = Stopwatch.GetTimestamp();
            using var imported = await client.PostAsync(new Uri($"{plan}/report-imports", UriKind.Relative), content);
            imports.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Json(imported);

            using var request = new HttpRequestMessage(HttpMethod.Put, $"{plan}/reports/2022-H1/SNV")
            {
                Content = new StringContent($$"""{"values":[{"target":"II.3.a","numerator":{{round}},"total":1000}]}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            if (round == 1)
            {
                request.Headers.Remove("If-Match");
            }

            started = Stopwatch.GetTimestamp();
            using var put = await client.SendAsync(request);
            puts.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Json(put);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a year of {due.Count - 1} values: {Median(imports):0} ms, {Median(imports) / Median(puts):0.0} times one report's PUT ({Median(puts):0.0} ms)"));
        server.Kill();
        await server.WaitForExitAsync();
    }

    private static async Task<JsonNode> Json(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(body)! : throw new InvalidOperationException(body);
    }
}
