using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using CsvHelper;

namespace Cchc.Api.Tests.Completion;

/// <summary>What JSON-stat and SDMX-CSV say beside their numbers, and tables in pages while figures change.</summary>
public sealed class TableFormTests
{
    private const string Rows = $"{HttpExtensions.Plan}/completion/rows";
    private const string Series = $"{HttpExtensions.Plan}/completion/series";
    private const string Comparison = $"{HttpExtensions.Plan}/completion/comparison";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Fields_never_merge_cells(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 30, 100), "2022-Q1");
        foreach (var (path, fields, measure, keys) in new[]
        {
            ($"{Rows}?groupBy=unit&period=2022-H1", "completion", "completion", (string[])["plan", "period", "unit"]),
            ($"{Rows}?groupBy=unit&period=all", "unit,completion", "completion", ["plan", "period", "unit"]),
            ($"{Rows}?groupBy=value&period=2022-H1,2022-Q1", "unit,numerator", "numerator", ["plan", "period", "unit", "target", "level"]),
            ($"{Rows}?groupBy=target&period=2022-H1", "expected", "expected", ["plan", "period", "target", "level"]),
            ($"{Series}?period=all", "expected", "expected", ["plan", "period"]),
            ($"{Comparison}?period=2022-H1", "after", "after", ["target"]),
        })
        {
            var expected = (await WholeAsync(api, path)).Where(row => row[measure] is not null)
                .Select(row => (decimal)row[measure]!).Order().ToList();
            Assert.NotEmpty(expected);

            var dataset = JsonNode.Parse(await TextAsync(api, $"{path}&fields={fields}&format=jsonstat"))!;
            Assert.Equal([.. keys, "measure"], dataset["id"]!.AsArray().Select(id => (string)id!));
            Assert.Equal([measure], dataset["dimension"]!["measure"]!["category"]!["index"]!.AsArray().Select(name => (string)name!));
            Assert.Equal(expected, dataset["value"]!.AsObject().Select(cell => (decimal)cell.Value!).Order());

            var csv = Csv(await TextAsync(api, $"{path}&fields={fields}&format=sdmx"));
            var places = keys.Append("measure")
                .Select(name => Array.IndexOf(csv[0], name == "period" ? "TIME_PERIOD" : name.ToUpperInvariant())).ToList();
            Assert.DoesNotContain(-1, places);
            Assert.Equal(
                expected.Count, csv.Skip(1).Select(line => string.Join('|', places.Select(place => line[place]))).Distinct().Count());
            var value = Array.IndexOf(csv[0], "OBS_VALUE");
            Assert.Equal(expected, csv.Skip(1).Select(line => decimal.Parse(line[value], CultureInfo.InvariantCulture)).Order());
        }

        // Other forms are lists of rows, in which any columns may be left out.
        Assert.Equal("completion", (await TextAsync(api, $"{Rows}?groupBy=unit&fields=completion&format=csv")).Split("\r\n")[0]);
        foreach (var form in new[] { "jsonstat", "sdmx" })
        {
            var response = await api.Anonymous.GetAsync(new Uri($"{Rows}?groupBy=unit&fields=unit,nameVi&format={form}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal("fields", (string?)(await response.JsonAsync())["errors"]![0]!["parameter"]);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Labels_are_in_the_language_asked_for(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        var tags = new HashSet<string>();
        foreach (var (query, accepted, labels) in new (string Query, string? Accepted, string[] Labels)[]
        {
            ("", null, ["Đơn vị", "Sở Nội vụ", "Mức độ hoàn thành (%)"]),
            ("", "en-GB, vi;q=0.5", ["Unit", "Department of Home Affairs", "Completion (%)"]),
            ("", "fr", ["Đơn vị", "Sở Nội vụ", "Mức độ hoàn thành (%)"]),
            ("&lang=en", null, ["Unit", "Department of Home Affairs", "Completion (%)"]),
            ("&lang=vi", "en", ["Đơn vị", "Sở Nội vụ", "Mức độ hoàn thành (%)"]),
        })
        {
            // The second time from what is kept.
            for (var time = 0; time < 2; time++)
            {
                var response = await SendAsync(api, $"{Rows}?groupBy=unit&period=2022-H1&format=jsonstat{query}", accepted);
                Assert.Equal("application/vnd.json-stat+json", response.Content.Headers.ContentType?.MediaType);
                Assert.Contains("Accept-Language", response.Headers.Vary);
                var dataset = await response.JsonAsync();
                var unit = dataset["dimension"]!["unit"]!;
                var measure = (string)dataset["dimension"]!["measure"]!["category"]!["label"]!["completion"]!;
                Assert.Equal(labels, (string[])[(string)unit["label"]!, (string)unit["category"]!["label"]!["SNV"]!, measure]);
                Assert.Equal(unit["category"]!["index"]!.AsArray().Count, unit["category"]!["label"]!.AsObject().Count);
                tags.Add($"{query}{response.Headers.ETag!.Tag}");

                var sdmx = await SendAsync(api, $"{Rows}?groupBy=unit&period=2022-H1&format=sdmx{query}", accepted);
                Assert.Contains("labels=name", sdmx.Content.Headers.ContentType!.ToString());
                var lines = Csv(await sdmx.Content.ReadAsStringAsync());
                var (ofUnit, ofMeasure) = (Array.IndexOf(lines[0], "UNIT"), Array.IndexOf(lines[0], "MEASURE"));
                var row = lines.First(line => line[ofUnit] == "SNV" && line[ofMeasure] == "COMPLETION");
                Assert.Equal(labels, (string[])[lines[0][ofUnit + 1], row[ofUnit + 1], row[ofMeasure + 1]]);
            }
        }

        Assert.Equal(4, tags.Count);
        var other = await api.Anonymous.GetAsync(new Uri($"{Rows}?format=csv&lang=en", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);

        // Whoever asks by Accept gets what is asked by format.
        using var byAccept = new HttpRequestMessage(HttpMethod.Get, Series);
        byAccept.Headers.Add("Accept", "application/vnd.json-stat+json");
        var negotiated = await api.Anonymous.SendAsync(byAccept);
        Assert.Equal(await TextAsync(api, Series + "?format=jsonstat"), await negotiated.Content.ReadAsStringAsync());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Sample_figures_are_marked_and_no_others(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine, sample: true);
        foreach (var path in new[] { $"{Rows}?groupBy=unit&period=2022-Q1", $"{Series}?period=2022-Q1", $"{Comparison}?period=2022-H1" })
        {
            var measure = path.StartsWith(Comparison, StringComparison.Ordinal) ? "before" : "completion";
            var dataset = JsonNode.Parse(await TextAsync(api, $"{path}&fields={measure}&format=jsonstat"))!;
            Assert.Equal("sample", (string?)dataset["status"]);
            Assert.Equal("Dữ liệu mẫu", (string?)dataset["note"]![0]);
            Assert.True((bool)dataset["extension"]!["sample"]!);
            var csv = Csv(await TextAsync(api, $"{path}&fields={measure}&format=sdmx"));
            Assert.True(csv.Count > 1);
            Assert.All(csv.Skip(1), line => Assert.Equal("true", line[Array.IndexOf(csv[0], "SAMPLE")]));
        }

        // Where some periods have sample reports, their cells alone are marked.
        var mixed = JsonNode.Parse(await TextAsync(api, $"{Rows}?groupBy=level&period=all&fields=expected&format=jsonstat"))!;
        var periods = mixed["dimension"]!["period"]!["category"]!["index"]!.AsArray().Select(period => (string)period!).ToList();
        var levels = (int)mixed["size"]![2]!;
        var rows = await WholeAsync(api, $"{Rows}?groupBy=level&period=all");
        var expected = rows.Where(row => row["sample"] is not null).Select(row => (string)row["period"]!).Distinct().ToList();
        Assert.NotEmpty(expected);
        Assert.True(expected.Count < periods.Count);
        var marked = mixed["status"]!.AsObject().Select(cell => periods[int.Parse(cell.Key, CultureInfo.InvariantCulture) / levels]);
        Assert.Equal(expected, marked.Distinct());

        await using var real = await WorkedExample.StartAsync(engine);
        var plain = JsonNode.Parse(await TextAsync(real, $"{Rows}?groupBy=unit&format=jsonstat"))!;
        Assert.Null(plain["status"]);
        Assert.Null(plain["note"]);
        Assert.Equal("2022-H1", (string?)plain["dimension"]!["period"]!["category"]!["index"]![0]);
        Assert.Equal((long)(await real.Anonymous.GetJsonAsync(Series))["dataVersion"]!, (long)plain["extension"]!["dataVersion"]!);
    }

    [Fact]
    public async Task The_contract_describes_every_form()
    {
        await using var api = await WorkedExample.StartAsync(Engine.Sqlite);
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        foreach (var (path, name) in new[] { (Rows, "rows"), (Series, "series"), (Comparison, "comparison") })
        {
            var content = contract["paths"]![$"/v1/plans/{{plan}}/completion/{name}"]!["get"]!["responses"]!["200"]!["content"]!.AsObject();
            foreach (var form in new[] { "json", "csv", "xlsx", "ndjson", "jsonstat", "sdmx" })
            {
                var response = await api.Anonymous.GetAsync(new Uri($"{path}?format={form}", UriKind.Relative));
                Assert.NotNull(content[response.Content.Headers.ContentType!.MediaType!]?["schema"]);
            }

            var sdmx = (string)content["application/vnd.sdmx.data+csv"]!["schema"]!["description"]!;
            Assert.Contains("OBS_VALUE", sdmx, StringComparison.Ordinal);
            Assert.Equal("#/components/schemas/JsonStatDataset", (string?)content["application/vnd.json-stat+json"]!["schema"]!["$ref"]);
        }

        // The schema names what is there, and what is always there.
        var schemas = contract["components"]!["schemas"]!;
        var dataset = JsonNode.Parse(await TextAsync(api, $"{Rows}?groupBy=unit&format=jsonstat"))!;
        Check("JsonStatDataset", dataset);
        Check("JsonStatRole", dataset["role"]!);
        Check("JsonStatDimension", dataset["dimension"]!["unit"]!);
        Check("JsonStatCategory", dataset["dimension"]!["unit"]!["category"]!);

        void Check(string schema, JsonNode value)
        {
            var members = value.AsObject().Select(member => member.Key).ToList();
            Assert.Subset(schemas[schema]!["properties"]!.AsObject().Select(property => property.Key).ToHashSet(), members.ToHashSet());
            Assert.Subset(members.ToHashSet(), schemas[schema]!["required"]!.AsArray().Select(name => (string)name!).ToHashSet());
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Pages_are_of_the_version_of_the_first(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var silent = new Queue<string>((await api.Anonymous.GetJsonAsync("/v1/units?level=commune&kind=committee"))["items"]!.AsArray()
            .Select(unit => (string)unit!["code"]!));
        foreach (var (path, lens, limit) in new[]
        {
            ($"{Rows}?groupBy=unit&sort=-completion,unit&period=2022-H1", "published", 60),
            ($"{Rows}?groupBy=value&unit=SNV,STP&period=2022-H1", "provisional", 15),
            ($"{Series}?period=all", "published", 2), ($"{Comparison}?period=2022-H1", "published", 10),
        })
        {
            var client = lens == "published" ? api.Anonymous : administrator;
            var whole = await client.GetJsonAsync($"{path}&lens={lens}&limit=1000");
            var (version, seen, next) = ((long)whole["dataVersion"]!, new List<string>(), $"{path}&lens={lens}&limit={limit}");
            while (next is not null)
            {
                var response = await client.GetAsync(new Uri(next, UriKind.Relative));
                var page = await response.JsonAsync();
                Assert.Equal(version, (long)page["dataVersion"]!);
                Assert.Equal($"{version}", response.Headers.GetValues("Data-Version").Single());
                seen.AddRange(page["items"]!.AsArray().Select(row => row!.ToJsonString()));
                next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('>')[0][1..] : null;

                // A unit that stood last goes to the top.
                api.Time.Advance(TimeSpan.FromMinutes(1));
                await administrator.PublishAsync(silent.Dequeue(), HttpExtensions.Ratio("II.3.a", 90, 100));
                api.Time.Advance(TimeSpan.FromMinutes(1));
            }

            Assert.Equal(whole["items"]!.AsArray().Select(row => row!.ToJsonString()), seen);
            Assert.True((long)(await client.GetJsonAsync($"{path}&lens={lens}&limit=1"))["dataVersion"]! > version);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Pages_begin_again_where_their_version_cannot_be_had(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string path = $"{Rows}?groupBy=unit&fields=unit,completion&period=2022-H1&limit=50";
        var first = await api.Anonymous.GetJsonAsync(path);

        var cursor = Encoding.UTF8.GetString(Base64Url.DecodeFromChars((string)first["nextCursor"]!)).Split('.', 3);
        api.Time.Advance(TimeSpan.FromDays(1));
        await administrator.PublishAsync("STC", HttpExtensions.Ratio("II.3.a", 50, 100));
        var present = await api.Anonymous.GetJsonAsync(path);
        Assert.NotEqual((long)first["dataVersion"]!, (long)present["dataVersion"]!);

        // What a cursor says is not trusted: that its version was known before there was any, or will be known. Nothing is read as of then.
        foreach (var instant in new[] { DateTimeOffset.UnixEpoch, api.Time.GetUtcNow().AddHours(1), DateTimeOffset.MaxValue })
        {
            var forged = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{cursor[0]}.{instant.ToUnixTimeMilliseconds()}.{cursor[2]}"));
            Assert.Equal(0, await api.CountAsync("cchc.snapshot.values", async () => Assert.Equal(
                present.ToJsonString(), (await api.Anonymous.GetJsonAsync($"{path}&cursor={forged}")).ToJsonString())));
        }

        // Nor is a later write stamped with such an instant.
        await administrator.PublishAsync("SXD", HttpExtensions.Ratio("II.3.a", 50, 100));
        Assert.Equal(api.Time.GetUtcNow(), (DateTimeOffset)(await api.Anonymous.GetJsonAsync(path))["asOf"]!);

        foreach (var bad in new[] { "1", "1.2", "x.1.1", "-1.1.1", "1.x.1", "1.1.", "99999999999.1.1", "1.99999999999999999.1" })
        {
            var response = await api.Anonymous.GetAsync(new Uri(
                $"{path}&cursor={Base64Url.EncodeToString(Encoding.UTF8.GetBytes(bad))}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("rows?groupBy=unit&sort=unit,unit")]
    [InlineData("rows?groupBy=unit&sort=unit,-unit")]
    [InlineData("rows?groupBy=unit&sort=-completion,unit,-completion")]
    [InlineData("series?sort=period,period")]
    [InlineData("comparison?sort=change,change")]
    public async Task A_column_is_sorted_by_once(string path)
    {
        await using var api = await WorkedExample.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri($"{HttpExtensions.Plan}/completion/{path}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("sort.repeated", (string?)(await response.JsonAsync())["errors"]!.AsArray().Single()!["code"]);
    }

    [Fact]
    public async Task A_column_is_turned_round_by_one_minus()
    {
        await using var api = await WorkedExample.StartAsync(Engine.Sqlite);
        var response = await api.Anonymous.GetAsync(new Uri(Rows + "?groupBy=unit&sort=--unit", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static async Task<IReadOnlyList<JsonNode>> WholeAsync(ApiHost api, string path) =>
        [.. (await TextAsync(api, path + "&format=ndjson")).TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];

    private static async Task<HttpResponseMessage> SendAsync(ApiHost api, string path, string? language)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (language is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Language", language);
        }

        return await api.Anonymous.SendAsync(request);
    }

    private static Task<string> TextAsync(ApiHost api, string path) => api.Anonymous.GetStringAsync(new Uri(path, UriKind.Relative));

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
}
