using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Benchmarks;

/// <summary>
/// Beside Directus, which has the same values that count in PostgreSQL. It computes no completion: what comes nearest is its sums by line,
/// and the lines with their thresholds, of which a client would compute it. Needs wrk, Debian's postgresql, node and npm.
/// </summary>
internal static class DirectusBenchmark
{
    private const string Api = "http://127.0.0.1:5124";
    private const string Plan = "/v1/plans/cchc-2022/completion";
    private const string Completion = Plan + "?period=2022-Q1";
    private const string Fields = "unit,target,level,numerator,total,excluded";
    private const string Table = Plan + "/rows?period=2022-Q1&groupBy=value&target=II.3.a&level=commune&limit=1000&fields=" + Fields;
    private const string Sums = "/items/report_values?filter[period][_eq]=2022-Q1&groupBy[]=target&groupBy[]=level"
        + "&aggregate[sum]=numerator,total,excluded,done,position&aggregate[count]=id&limit=-1";
    private const string Lines = "/items/target_lines?limit=-1";
    private const string Items = "/items/report_values?filter[period][_eq]=2022-Q1&filter[target][_eq]=II.3.a&filter[level][_eq]=commune"
        + "&sort=unit&limit=1000&fields=" + Fields;

    private const string Counting = """
        SELECT periods.code AS Period, units.code AS Unit, targets.code AS Target, target_lines.level AS Level, said.numerator AS Numerator,
            said.total AS Total, said.excluded AS Excluded, said.done AS Done, said.position AS Position, said.state AS State,
            said.not_applicable AS NotApplicable
        FROM report_values said
        JOIN (SELECT period_id, unit_id, MAX(number) AS number FROM revisions WHERE decision = 'approved' GROUP BY period_id, unit_id) counting
            ON counting.period_id = said.period_id AND counting.unit_id = said.unit_id AND counting.number = said.number
        JOIN periods ON periods.period_id = said.period_id
        JOIN units ON units.unit_id = said.unit_id
        JOIN target_lines ON target_lines.line_id = said.line_id
        JOIN targets ON targets.target_id = target_lines.target_id
        """;

    private const string Conditions = """
        SELECT targets.code AS Target, targets.commitment AS Commitment, targets.weight_hundredths / 100.0 AS Weight, target_lines.level AS Level,
            target_lines.operator AS Operator, target_lines.threshold_hundredths / 100.0 AS Threshold
        FROM target_lines
        JOIN targets ON targets.target_id = target_lines.target_id
        """;

    private const string Tables = """
        CREATE TABLE target_lines (id serial PRIMARY KEY, target text NOT NULL, commitment text NOT NULL, weight numeric(9,2) NOT NULL,
            level text NOT NULL, operator text, threshold numeric(12,2));
        CREATE TABLE report_values (id serial PRIMARY KEY, period text NOT NULL, unit text NOT NULL, target text NOT NULL, level text NOT NULL,
            numerator bigint, total bigint, excluded bigint, done int, position bigint, state text, not_applicable text);
        CREATE INDEX ix_report_values ON report_values (period, target, level, unit);

        """;

    public static async Task RunAsync(int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        Console.Error.WriteLine("Installing Directus, where it is not …");
        var place = Directus.Install(folder);
        using var server = Server.Start(folder, Api);
        var key = Server.Run(folder, "keys", "create", "--role", "monitor").Trim();
        using (new Postgres(folder))
        {
            var rows = await CopyAsync(Path.Combine(folder, "cchc.db"));
            Directus.Prepare(place);
            using var plain = await Directus.StartAsync(place, 5126, cache: false);
            await plain.LetReadAsync("report_values", "target_lines");
            using var cached = await Directus.StartAsync(place, 5127, cache: true);
            await CompareAsync(key, plain);
            await CompareAsync(key, cached);
            Measure(folder, seconds, key, plain.Address, cached.Address, rows);
        }

        server.Kill();
        await server.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<int> CopyAsync(string database)
    {
        await using var connection = new SqliteConnection($"Data Source={database}");
        var script = new StringBuilder(Tables);
        var rows = 0;
        foreach (var (table, query) in new[] { ("target_lines", Conditions), ("report_values", Counting) })
        {
            foreach (IDictionary<string, object?> row in await connection.QueryAsync(query))
            {
                rows += table == "report_values" ? 1 : 0;
                var names = string.Join(", ", row.Keys.Select(name => name == "NotApplicable" ? "not_applicable" : name));
                script.Append(CultureInfo.InvariantCulture, $"INSERT INTO {table} ({names}) VALUES ({string.Join(", ", row.Values.Select(Literal))});\n");
            }
        }

        Postgres.Execute($"{script}ANALYZE;\n");
        return rows;
    }

    private static string Literal(object? value) => value is null ? "NULL"
        : $"'{Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Both must say the same of every line that has values, and row by row of the table.</summary>
    private static async Task CompareAsync(string key, Directus directus)
    {
        var ours = await GetAsync(Api + Completion, key);
        var lines = ours["targets"]!.AsArray().SelectMany(target => target!["lines"]!.AsArray().Select(line =>
            Tell((string)target["target"]!, line!, line!, line!["operator"] is null ? null : line["done"]))).ToHashSet();
        var sums = (await GetAsync(directus.Address + Sums, Directus.Token))["data"]!.AsArray();
        var theirs = sums.Select(sum => Tell((string)sum!["target"]!, sum, sum["sum"]!, sum["sum"]!["done"])).ToList();
        var conditions = (await GetAsync(directus.Address + Lines, Directus.Token))["data"]!.AsArray();
        if (theirs.Count == 0 || !theirs.All(lines.Contains) || conditions.Count != lines.Count)
        {
            throw new InvalidOperationException("The sums differ: " + string.Join("; ", theirs.Where(each => !lines.Contains(each))));
        }

        var table = (await GetAsync(Api + Table, key))["items"]!.AsArray().Select(row => Row(row!)).ToList();
        var items = (await GetAsync(directus.Address + Items, Directus.Token))["data"]!.AsArray().Select(row => Row(row!)).ToList();
        if (table.Count == 0 || !table.Order(StringComparer.Ordinal).SequenceEqual(items.Order(StringComparer.Ordinal)))
        {
            throw new InvalidOperationException($"The tables differ: {table.Count} and {items.Count} rows");
        }

        Console.WriteLine($"{directus.Address}: {theirs.Count} sums and {items.Count} rows are the same on both");

        // The sum of nothing is null there, and here 0, or absent where the line has no such figure. Of milestones only we count the done.
        static string Tell(string target, JsonNode line, JsonNode figures, JsonNode? done) => string.Join(
            ' ', [target, $"{line["level"]}", .. new[] { figures["numerator"], figures["total"], figures["excluded"], figures["position"], done }.Select(each => $"{each ?? 0}")]);

        static string Row(JsonNode row) => string.Join(' ', Fields.Split(',').Select(name => row[name]?.ToString()));
    }

    private static async Task<JsonNode> GetAsync(string address, string key)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return JsonNode.Parse(await client.GetStringAsync(address))!;
    }

    private static void Measure(string folder, int seconds, string key, string plain, string cached, int rows)
    {
        (string Name, string[] Addresses, string? Key)[] candidates =
        [
            ("completion, anybody", [Api + Completion], null), ("completion, with a key", [Api + Completion], key),
            ("table, anybody", [Api + Table], null), ("table, with a key", [Api + Table], key),
            ("Directus, sums and lines", [plain + Sums, plain + Lines], Directus.Token), ("Directus, sums alone", [plain + Sums], Directus.Token),
            ("Directus, table", [plain + Items], Directus.Token),
            ("Directus cached, sums and lines", [cached + Sums, cached + Lines], Directus.Token),
            ("Directus cached, sums alone", [cached + Sums], Directus.Token), ("Directus cached, table", [cached + Items], Directus.Token),
        ];
        var figures = candidates.ToDictionary(each => each.Name, _ => new List<double>());

        // The first round warms all of them up.
        for (var round = 0; round <= 3; round++)
        {
            foreach (var (name, addresses, credential) in candidates)
            {
                // What takes two requests is had half as often.
                var rate = Shell.Load(folder, addresses, seconds, credential) / addresses.Length;
                if (round > 0)
                {
                    figures[name].Add(rate);
                }
            }
        }

        Console.WriteLine($"{rows} values; times a second, the median of three, and how many times as often as it:");
        foreach (var (name, _, _) in candidates)
        {
            var kind = name.EndsWith("table", StringComparison.Ordinal) ? "table" : "completion";
            var times = name.StartsWith("Directus", StringComparison.Ordinal)
                ? FormattableString.Invariant($"   anybody {Median($"{kind}, anybody") / Median(name),7:0.0}, with a key {Median($"{kind}, with a key") / Median(name),7:0.0}") : "";
            Console.WriteLine(FormattableString.Invariant($"{name,-32} {Median(name),9:0.0}") + times);
        }

        double Median(string name) => figures[name].Order().ElementAt(1);
    }
}
