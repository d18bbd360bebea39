using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using CsvHelper;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Cchc.Api.Tests.Completion;

/// <summary>The same figures whichever way they are asked for: each form is read back and held against the JSON of the plan.</summary>
public sealed class TableTests
{
    private const string Completion = $"{HttpExtensions.Plan}/completion";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_form_has_the_figures_of_the_plan(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        var expected = (await api.Anonymous.GetJsonAsync(Completion))["targets"]!.AsArray()
            .SelectMany(target => target!["lines"]!.AsArray().Select(line => string.Join('|', target["target"], line!["level"], Number(line["completion"]))))
            .ToList();
        const string rows = Completion + "/rows?groupBy=target&fields=target,level,completion";

        var json = (await api.Anonymous.GetJsonAsync(rows + "&limit=1000"))["items"]!.AsArray()
            .Select(row => string.Join('|', row!["target"], row["level"], Number(row["completion"])));
        Assert.Equal(expected, json);

        var lines = (await TextAsync(api, rows + "&format=ndjson")).TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)
            .Select(row => string.Join('|', row["target"], row["level"], Number(row["completion"])));
        Assert.Equal(expected, lines);

        Assert.Equal(expected, Csv(await TextAsync(api, rows + "&format=csv")).Skip(1).Select(row => string.Join('|', row)));

        var workbook = await api.Anonymous.GetByteArrayAsync(new Uri(rows + "&format=xlsx", UriKind.Relative));
        Assert.Equal(expected, Sheet(workbook).Skip(1).Select(row => string.Join('|', row)));

        // One tag, one sequence of bytes: a range is made anew each time, and nothing in it tells when.
        using var range = new HttpRequestMessage(HttpMethod.Get, rows + "&format=xlsx") { Headers = { Range = new(0, null) } };
        Assert.Equal(workbook, await (await api.Anonymous.SendAsync(range)).Content.ReadAsByteArrayAsync());
        using var archive = new ZipArchive(new MemoryStream(workbook));
        Assert.All(archive.Entries, entry => Assert.Equal(1980, entry.LastWriteTime.Year));

        var sdmx = Csv(await TextAsync(api, Completion + "/rows?groupBy=target&format=sdmx"));
        var head = sdmx[0].ToList();
        Assert.Equal(["STRUCTURE", "STRUCTURE_ID", "ACTION"], head[..3]);
        var observed = sdmx.Skip(1).Where(row => row[head.IndexOf("MEASURE")] == "COMPLETION").Select(row =>
            string.Join('|', row[head.IndexOf("TARGET")], row[head.IndexOf("LEVEL")], row[head.IndexOf("OBS_VALUE")]));
        Assert.Equal(expected.Where(row => !row.EndsWith('|')), observed);
        Assert.All(sdmx.Skip(1), row => Assert.Equal("2022-S1", row[head.IndexOf("TIME_PERIOD")]));

        var dataset = JsonNode.Parse(await TextAsync(api, Completion + "/rows?groupBy=target&format=jsonstat"))!;
        Assert.Equal(expected.Where(row => !row.EndsWith('|')).Order(), Cells(dataset).Where(cell => cell.Measure == "completion")
            .Select(cell => $"{cell.Keys["target"]}|{cell.Keys["level"]}|{Number(cell.Value)}").Order());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Groupings_agree_with_what_else_is_answered(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        var units = (await ItemsAsync(api, "rows?groupBy=unit&limit=1000")).ToDictionary(row => (string)row!["unit"]!);
        foreach (var ranked in await ItemsAsync(api, "units?limit=1000"))
        {
            var row = units[(string)ranked!["unit"]!]!;
            Assert.Equal(Number(ranked["completion"]), Number(row["completion"]));
            Assert.Equal((int?)ranked["rank"], (int?)row["rank"]);
        }

        foreach (var district in await ItemsAsync(api, "rows?groupBy=district"))
        {
            var subtree = await api.Anonymous.GetJsonAsync($"{Completion}/units/{district!["unit"]}?scope=subtree");
            Assert.Equal(Number(subtree["completion"]), Number(district["completion"]));
            Assert.Equal((int)subtree["coverage"]!["expected"]!, (int)district["expected"]!);
        }

        foreach (var unit in new[] { "SNV", "D474" })
        {
            var own = (await api.Anonymous.GetJsonAsync($"{Completion}/units/{unit}"))["targets"]!.AsArray()
                .SelectMany(target => target!["lines"]!.AsArray().Select(line => $"{target["target"]} {line!["status"]} {line["completion"]}"));
            Assert.Equal(own, (await ItemsAsync(api, $"rows?unit={unit}")).Select(row => $"{row!["target"]} {row["status"]} {row["completion"]}"));
        }

        // Of all levels together each line is the plan's.
        var levels = await ItemsAsync(api, "rows?groupBy=level");
        Assert.Equal(["province", "district", "commune"], levels.Select(row => (string)row!["unitLevel"]!));
        Assert.Equal(181, levels.Sum(row => (int)row!["expected"]!));
        var groups = await ItemsAsync(api, "rows?groupBy=group");
        Assert.Equal(11, groups.Count);
        Assert.Equal(25, groups.Sum(row => (int)row!["targetsTotal"]!));
        // II.3 of the worked example: (59.848… + 0 + …)/n as the plan's targets of the group say it.
        var inGroup = (await api.Anonymous.GetJsonAsync(Completion))["targets"]!.AsArray().Where(target => (string)target!["group"]! == "II.3" && target["completion"] is not null);
        Assert.Equal(Math.Round(inGroup.Average(target => (decimal)target!["completion"]!), 1), Math.Round((decimal)groups[2]!["completion"]!, 1));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Rows_are_filtered_ordered_and_paged(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        Assert.All(await ItemsAsync(api, "rows?target=II.3.a&unitLevel=district&status=noData,behind,onTrack,met&limit=1000"), row =>
        {
            Assert.Equal("II.3.a", (string)row!["target"]!);
            Assert.Equal("district", (string)row["unitLevel"]!);
        });
        var under = await ItemsAsync(api, "rows?under=D474&groupBy=unit&limit=1000");
        Assert.Contains(under, row => (string)row!["unit"]! == "D474");
        Assert.All(under, row => Assert.True((string)row!["unit"]! == "D474" || (string)row["parent"]! == "D474"));

        var sorted = (await ItemsAsync(api, "rows?groupBy=unit&sort=-completion,unit&fields=unit,completion&limit=1000")).ToList();
        var expected = sorted.OrderBy(row => row!["completion"] is null).ThenByDescending(row => (decimal?)row!["completion"])
            .ThenBy(row => (string)row!["unit"]!, StringComparer.Ordinal);
        Assert.Equal(expected, sorted);
        Assert.Equal(["unit", "completion"], sorted[0]!.AsObject().Select(member => member.Key));
        Assert.Equal("unit\r\n", (await TextAsync(api, Completion + "/rows?groupBy=unit&fields=unit,unit&format=csv"))[..6]);

        var paged = new List<string>();
        var path = Completion + "/rows?groupBy=unit&sort=-completion,unit&fields=unit,completion&limit=50";
        while (path is not null)
        {
            var page = await api.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
            paged.AddRange((await page.JsonAsync())["items"]!.AsArray().Select(row => row!.ToJsonString()));
            path = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('>')[0][1..] : null;
        }

        Assert.Equal(sorted.Select(row => row!.ToJsonString()), paged);
        Assert.Equal(183 * 4, Csv(await TextAsync(api, Completion + "/rows?groupBy=unit&period=all&format=csv")).Count - 1);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_form_goes_by_what_is_accepted(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        foreach (var (accept, type) in new[]
        {
            ("*/*", "application/json"), ("text/csv", "text/csv"), ("application/x-ndjson, text/csv;q=0.5", "application/x-ndjson"),
            ("application/json;q=0.1, application/vnd.sdmx.data+csv", "application/vnd.sdmx.data+csv"), ("image/png, */*;q=0.1", "application/json"),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Completion + "/series");
            request.Headers.TryAddWithoutValidation("Accept", accept);
            var response = await api.Anonymous.SendAsync(request);
            Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
            Assert.Contains("Accept", response.Headers.Vary);
        }

        using var picture = new HttpRequestMessage(HttpMethod.Get, Completion + "/series");
        picture.Headers.TryAddWithoutValidation("Accept", "image/png");
        Assert.Equal(HttpStatusCode.NotAcceptable, (await api.Anonymous.SendAsync(picture)).StatusCode);
        var plain = await api.Anonymous.GetByteArrayAsync(new Uri(Completion + "/series?format=csv", UriKind.Relative));
        var marked = await api.Anonymous.GetByteArrayAsync(new Uri(Completion + "/series?format=csv&bom=true", UriKind.Relative));
        Assert.Equal([.. Encoding.UTF8.Preamble, .. plain], marked);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Periods_follow_each_other_and_are_compared(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 30, 100), "2022-Q1");

        var series = await ItemsAsync(api, "series?target=II.3.a");
        Assert.Equal(["2022-Q1", "2022-H1"], series.Select(point => (string)point!["period"]!));
        Assert.Equal([20.00m, 59.85m], series.Select(point => (decimal)point!["completion"]!));
        var expected = (await api.Anonymous.GetJsonAsync(Completion + "/targets/II.3.a"))["lines"]!.AsArray()
            .Sum(line => (int)line!["figures"]!["coverage"]!["expected"]!);
        Assert.Equal([$"1/{expected}", $"4/{expected}"], series.Select(point => $"{point!["received"]}/{point["expected"]}"));
        Assert.Equal([60.00m, 100.00m], (await ItemsAsync(api, "series?target=II.3.a&unit=SNV")).Select(point => (decimal)point!["completion"]!));
        Assert.Equal(4, (await ItemsAsync(api, "series?period=all")).Count);
        Assert.Equal(2, (await ItemsAsync(api, "series?level=district")).Count);

        var comparison = await api.Anonymous.GetJsonAsync(Completion + "/comparison");
        Assert.Equal(("2022-H1", "2022-Q1"), ((string)comparison["period"]!, (string)comparison["with"]!));
        var target = comparison["items"]!.AsArray().Single(row => (string)row!["target"]! == "II.3.a")!;
        Assert.Equal((20.00m, 59.85m, 39.85m), ((decimal)target["before"]!, (decimal)target["after"]!, (decimal)target["change"]!));
        Assert.Equal((1, 4), ((int)target["receivedBefore"]!, (int)target["receivedAfter"]!));
        Assert.Equal((1, 4), ((int)comparison["coverageBefore"]!["received"]!, (int)comparison["coverageAfter"]!["received"]!));
        var groups = await ItemsAsync(api, "rows?groupBy=group");
        Assert.Equal(["II.3 4"], groups.Where(row => (int)row!["received"]! > 0).Select(row => $"{row!["group"]} {row["received"]}"));
        Assert.All(groups, row => Assert.InRange((int)row!["expected"]!, 0, 181));
        var back = await api.Anonymous.GetJsonAsync(Completion + "/comparison?period=2022-Q1&with=2022-H1");
        Assert.Equal(-(decimal)comparison["change"]!, (decimal)back["change"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_means_nothing_is_refused(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        foreach (var bad in new[]
        {
            "rows?groupBy=group&unit=SNV", "rows?fields=nothing", "rows?sort=-", "rows?format=xml", "rows?period=2022-Q9",
            "rows?cursor=AAAA", "rows?met=maybe", "rows?status=ok", "series?unit=SNV&level=district", "series?target=X", "series?plans=cchc-1999",
            "comparison?period=2022-Q1,2022-H1", "comparison?with=2021", "rows?bom=1", "rows?bom=true", "rows?bom=true&format=sdmx",
        })
        {
            var response = await api.Anonymous.GetAsync(new Uri($"{Completion}/{bad}", UriKind.Relative));
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{bad}: {response.StatusCode}");
        }
    }

    private static async Task<JsonArray> ItemsAsync(ApiHost api, string path) =>
        (await api.Anonymous.GetJsonAsync($"{Completion}/{path}"))["items"]!.AsArray();

    private static Task<string> TextAsync(ApiHost api, string path) => api.Anonymous.GetStringAsync(new Uri(path, UriKind.Relative));

    private static string Number(JsonNode? number) => number is null ? "" : ((decimal)number).ToString(CultureInfo.InvariantCulture);

    private static List<string[]> Csv(string text)
    {
        using var parser = new CsvParser(new StringReader(text), CultureInfo.InvariantCulture);
        var rows = new List<string[]>();
        while (parser.Read())
        {
            rows.Add(parser.Record!);
        }

        return rows;
    }

    private static IEnumerable<string[]> Sheet(byte[] workbook)
    {
        using var document = SpreadsheetDocument.Open(new MemoryStream(workbook), isEditable: false);
        return [.. document.WorkbookPart!.WorksheetParts.Single().Worksheet!.Descendants<Row>().Select(row =>
        {
            var cells = row.Elements<Cell>().ToDictionary(cell => cell.CellReference!.Value![0] - 'A', cell => cell.InnerText);
            return Enumerable.Range(0, 3).Select(column => cells.GetValueOrDefault(column, "")).ToArray();
        })];
    }

    /// <summary>The cells of a JSON-stat dataset, found from their place alone.</summary>
    private static IEnumerable<(Dictionary<string, string> Keys, string Measure, JsonNode Value)> Cells(JsonNode dataset)
    {
        var ids = dataset["id"]!.AsArray().Select(id => (string)id!).ToList();
        var sizes = dataset["size"]!.AsArray().Select(size => (long)size!).ToList();
        foreach (var (place, value) in dataset["value"]!.AsObject())
        {
            var rest = long.Parse(place, CultureInfo.InvariantCulture);
            var keys = new Dictionary<string, string>();
            for (var axis = ids.Count - 1; axis >= 0; axis--)
            {
                keys[ids[axis]] = (string)dataset["dimension"]![ids[axis]]!["category"]!["index"]![(int)(rest % sizes[axis])]!;
                rest /= sizes[axis];
            }

            yield return (keys, keys["measure"], value!);
        }
    }
}
