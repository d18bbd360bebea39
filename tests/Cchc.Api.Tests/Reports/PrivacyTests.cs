using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Reports;

/// <summary>
/// Every GET of the contract, by every kind of caller: free text of a unit, and its provisional figures, reach those alone who may read its
/// report.
/// </summary>
public sealed partial class PrivacyTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Explained = Plan + "/completion/targets/II.3.a?period=2022-H1";

    // The communes lie in D474 and D476; each unit has a provisional numerator that no sum of others gives.
    private static readonly (string Unit, int Provisional)[] Units =
        [("STP", 8_100_001), ("SNV", 8_200_010), ("D474", 8_300_100), ("D476", 8_401_000), ("C19750", 8_510_000), ("C19822", 8_600_003)];

    private static readonly Who[] Callers =
    [
        new("anonymous", null, null, []), new("reporter STC", Role.Reporter, "STC", []),
        new("reporter D474", Role.Reporter, "D474", ["D474", "C19750"]),
        new("reviewer SNV", Role.Reviewer, "SNV", [.. Units.Select(each => each.Unit)]),
        new("monitor", Role.Monitor, null, [.. Units.Select(each => each.Unit)]),
        new("administrator", Role.Administrator, null, [.. Units.Select(each => each.Unit)]),
    ];

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Free_text_and_provisional_figures_reach_those_who_may_read_the_report(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        var ids = await PlantAsync(api, administrator, office);
        var gets = Fill(await api.Anonymous.GetJsonAsync("/openapi/v1.json"), ids);
        Assert.True(gets.Count > 300, $"{gets.Count} addresses");
        var wrong = new List<string>();
        foreach (var who in Callers)
        {
            using var client = who.Role is { } role ? await api.KeyAsync(role, who.Unit) : api.CreateClient();
            var seen = new HashSet<string>();
            foreach (var get in gets)
            {
                using var response = await client.GetAsync(new Uri(get, UriKind.Relative));
                Assert.True((int)response.StatusCode < 500, $"{get} by {who.Name}: {(int)response.StatusCode}");
                foreach (var marker in Marker().Matches(await TextAsync(response)).Select(match => match.Value).Distinct())
                {
                    seen.Add(marker);
                    if (!who.Reaches(marker))
                    {
                        wrong.Add($"{get} shows {marker} to {who.Name}");
                    }
                }
            }

            // An import's own text is for whoever sent it, and for those who see all imports.
            var expected = Units.SelectMany(each => Planted(each.Unit, each.Provisional)).Where(who.Reaches)
                .Concat(who.Role is null ? [] : ["kín-result-office"]).Order(StringComparer.Ordinal);
            seen.RemoveWhere(each => each.StartsWith("kín-import", StringComparison.Ordinal));
            Assert.Equal(expected, seen.Order(StringComparer.Ordinal));
        }

        Assert.Empty(wrong);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Callers_who_see_different_things_share_neither_a_tag_nor_a_cached_answer(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", """{"values":[{"target":"II.3.a","numerator":1,"total":2,"note":"kín"}]}""");
        using var own = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STC");

        // Whoever comes first: what is kept of one answer is no answer to the next.
        HttpClient[][] orders = [[api.Anonymous, own, other], [own, other, api.Anonymous], [other, api.Anonymous, own]];
        foreach (var order in orders)
        {
            await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", Array.IndexOf(orders, order), 100), ifMatch: "*");
            foreach (var client in order.Concat(order))
            {
                var response = await client.GetAsync(new Uri(Explained, UriKind.Relative));
                Assert.Equal(client == own, (await response.Content.ReadAsStringAsync()).Contains("kín", StringComparison.Ordinal));
                Assert.Equal(client == api.Anonymous, response.Headers.CacheControl!.Public);
                Assert.Contains("Authorization", response.Headers.Vary);
            }

            var tags = new List<string>();
            foreach (var client in order)
            {
                tags.Add((await client.GetAsync(new Uri(Explained, UriKind.Relative))).Headers.ETag!.Tag);
            }

            Assert.Equal(3, tags.Distinct().Count());
            foreach (var (client, tag) in order.SelectMany(client => tags.Select(tag => (client, tag))))
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, Explained) { Headers = { { "If-None-Match", tag } } };
                var isOwn = tag == tags[Array.IndexOf(order, client)];
                Assert.Equal(isOwn ? HttpStatusCode.NotModified : HttpStatusCode.OK, (await client.SendAsync(request)).StatusCode);
            }
        }
    }

    [Fact]
    public async Task Figures_of_a_unit_beyond_reach_are_refused_and_sums_are_not()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var unit in new[] { "STP", "D474", "C19750" })
        {
            await administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
            await administrator.ActAsync(unit, "submit");
        }

        using var reporter = await api.KeyAsync(Role.Reporter, "D474");
        foreach (var (path, own, foreign) in new[]
        {
            ("completion/units/{0}?lens=provisional", "C19750", "STP"),
            ("completion/units/{0}?lens=provisional&scope=subtree", "D474", "D476"),
            ("completion/series?lens=provisional&unit={0}", "D474", "STP"),
            ("completion/comparison?lens=provisional&unit={0}", "D474", "STP"),
            ("pictures/series?lens=provisional&unit={0}", "D474", "STP"), ("compliance/units/{0}?lens=provisional", "C19750", "STP"),
            ("compliance?lens=provisional&under={0}", "C19750", "STP"),
            ("compliance?lens=provisional&level=district&kind=committee&under={0}", "D474", "D476"),
        })
        {
            var published = path.Replace("lens=provisional", "lens=published", StringComparison.Ordinal);
            Assert.Equal((path, HttpStatusCode.OK), (path, await StatusAsync(reporter, path, own)));
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, await StatusAsync(reporter, path, foreign)));
            Assert.Equal((published, HttpStatusCode.OK), (published, await StatusAsync(api.Anonymous, published, foreign)));
        }

        // Those who submitted count for everybody who is signed in, in sums over more than one of them.
        const string half = "period=2022-H1&lens=provisional";
        var sums = await reporter.GetJsonAsync($"{Plan}/compliance?{half}&limit=1000");
        Assert.Equal(3, (int)sums["total"]!["received"]!);
        Assert.NotEmpty(sums["items"]!.AsArray());
        Assert.All(sums["items"]!.AsArray(), item => Assert.Equal("D474", (string?)item!["district"]));
        Assert.Equal(9, sums["districts"]!.AsArray().Count);
        var single = await reporter.GetJsonAsync($"{Plan}/compliance?{half}&level=district&kind=committee");
        Assert.Equal(["D474"], single["districts"]!.AsArray().Select(each => (string)each!["district"]!));
        Assert.Equal(3, (int)(await reporter.GetJsonAsync($"{Plan}/completion?{half}"))["coverage"]!["received"]!);
        Assert.Equal(9, (await reporter.GetJsonAsync($"{Plan}/completion/rows?{half}&groupBy=district"))["items"]!.AsArray().Count);
        var ranked = (await reporter.GetJsonAsync($"{Plan}/completion/units?{half}&limit=1000"))["items"]!.AsArray()
            .Select(each => (string)each!["unit"]!).ToList();
        Assert.Contains("C19750", ranked);
        Assert.DoesNotContain("STP", ranked);
        var line = (await reporter.GetJsonAsync($"{Plan}/completion/targets/II.3.a?{half}"))["lines"]![0]!;
        Assert.Equal(1, (int)line["figures"]!["numerator"]!);
        Assert.Empty(line["contributors"]!.AsArray());
        Assert.Empty(line["missing"]!.AsArray());

        static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string unit) => (await client.GetAsync(new Uri(
            $"{Plan}/{string.Format(System.Globalization.CultureInfo.InvariantCulture, path, unit)}", UriKind.Relative))).StatusCode;
    }

    private static IEnumerable<string> Planted(string unit, int provisional) =>
    [
        .. unit == "STP" ? ["kín-task-STP"] : Array.Empty<string>(),
        $"kín-note-{unit}", $"kín-lateNote-{unit}", $"kín-reason-{unit}", $"kín-narrative-{unit}", $"kín-link-{unit}",
        $"kín-reopened-{unit}", $"kín-title-{unit}", $"kín-description-{unit}", $"kín-comment-{unit}", $"{provisional}",
    ];

    private static async Task<Dictionary<string, IReadOnlyList<string>>> PlantAsync(
        ApiHost api, HttpClient administrator, HttpClient office)
    {
        var imports = new List<string>();
        foreach (var (unit, provisional) in Units)
        {
            using var reporter = await api.KeyAsync(Role.Reporter, unit);
            await OkAsync(await reporter.PutReportAsync(unit, Body(unit, 5, "note")));
            await OkAsync(await reporter.ActAsync(unit, "submit"));
            await OkAsync(await administrator.ActAsync(unit, "approve"));
            await OkAsync(await administrator.ActAsync(unit, "reopen", $$"""{"reason":"kín-reopened-{{unit}}"}"""));
            await OkAsync(await reporter.PutReportAsync(unit, Body(unit, provisional, "lateNote"), ifMatch: "*"));
            await OkAsync(await reporter.ActAsync(unit, "submit"));
            var raised = await OkAsync(await reporter.SendJsonAsync(
                HttpMethod.Post, $"{Plan}/obstacles", $$"""{"title":"kín-title-{{unit}}","description":"kín-description-{{unit}}"}"""));
            var comment = $"{Plan}/obstacles/{(await raised.JsonAsync())["number"]}/comment";
            await OkAsync(await reporter.SendJsonAsync(HttpMethod.Post, comment, $$"""{"text":"kín-comment-{{unit}}"}"""));
            var rejected = await reporter.ImportAsync(
                $"unit,period,target,numerator,total,note\n{unit},2022-H1,II.3.a,9,1,kín-import-{unit}\n");
            imports.Add((string)(await rejected.JsonAsync())["import"]!["id"]!);
        }

        await OkAsync(await office.SendJsonAsync(HttpMethod.Post, $"{Plan}/periods/2022-H1/results", """{"reason":"kín-result-office"}"""));
        string[] units = [.. Units.Select(each => each.Unit)];
        return new()
        {
            ["plan"] = ["cchc-2022"],
            ["period"] = ["2022-H1"],
            ["target"] = ["II.3.a", "II.10.a"],
            ["task"] = ["III.1.a"],
            ["unit"] = units,
            ["number"] = ["1", "2", "3", "4", "5", "6"],
            ["id"] = imports,
        };
    }

    private static string Body(string unit, int numerator, string note) =>
        $$"""
        {"values":[{"target":"II.3.a","numerator":{{numerator}},"total":9000000,"note":"kín-{{note}}-{{unit}}"},
            {"target":"II.10.a","notApplicable":"kín-reason-{{unit}}"}],
         "tasks":[{{(unit == "STP" ? """{"task":"III.1.a","status":"inProgress","note":"kín-task-STP"}""" : "")}}],
         "narrative":"kín-narrative-{{unit}}","evidence":[{"title":"kín-link-{{unit}}","url":"https://example.vn/"}]}
        """;

    // Every GET, with each unit and each way to look at it.
    private static List<string> Fill(JsonNode contract, Dictionary<string, IReadOnlyList<string>> ids)
    {
        var gets = new List<string>();
        foreach (var (path, item) in contract["paths"]!.AsObject())
        {
            if (item!["get"] is not { } get)
            {
                continue;
            }

            var names = (get["parameters"]?.AsArray() ?? []).Select(each => (string?)each!["name"]).ToList();
            List<string> queries =
                [(string)get["operationId"]! == "followChanges" ? "follow=false&from=start" : names.Contains("limit") ? "limit=1000" : ""];
            Vary("period", ["2022-H1"], isAlways: true);
            Vary("lens", ["provisional"]);
            Vary("asOf", ["2022-06-18T09:00:00%2B07:00"]);
            Vary("scope", ["subtree"]);
            Vary("groupBy", ["target", "group", "unit", "district", "level"]);
            Vary("unit", ids["unit"]);
            Vary("format", ["csv", "xlsx", "ndjson", "jsonstat", "sdmx", "html"], isAlways: false, atMost: 12);
            gets.AddRange(ids.Aggregate(
                new List<string> { path },
                (paths, each) => [.. paths.SelectMany(one => one.Contains($"{{{each.Key}}}", StringComparison.Ordinal)
                    ? each.Value.Select(value => one.Replace($"{{{each.Key}}}", value, StringComparison.Ordinal)) : [one])])
                .SelectMany(one => queries.Select(query => query.Length == 0 ? one : $"{one}?{query}")));

            void Vary(string name, IReadOnlyList<string> values, bool isAlways = false, int atMost = int.MaxValue)
            {
                if (names.Contains(name) && !path.Contains($"{{{name}}}", StringComparison.Ordinal))
                {
                    var varied = queries.Take(atMost)
                        .SelectMany(query => values.Select(value => $"{query}{(query.Length == 0 ? "" : "&")}{name}={value}")).ToList();
                    queries = isAlways ? varied : [.. queries, .. varied];
                }
            }
        }

        return gets;
    }

    private static async Task<string> TextAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType?.Contains("spreadsheet", StringComparison.Ordinal) != true)
        {
            return await response.Content.ReadAsStringAsync();
        }

        var text = new StringBuilder();
        using var parts = new ZipArchive(await response.Content.ReadAsStreamAsync());
        foreach (var part in parts.Entries)
        {
            using var reader = new StreamReader(part.Open());
            text.AppendLine(await reader.ReadToEndAsync());
        }

        return text.ToString();
    }

    private static async Task<HttpResponseMessage> OkAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage!.RequestUri} {await response.Content.ReadAsStringAsync()}");
        return response;
    }

    [GeneratedRegex(@"kín-\w+-\w+|\b8[1-6]\d{5}\b")]
    private static partial Regex Marker();

    private sealed record Who(string Name, Role? Role, string? Unit, IReadOnlyList<string> Reach)
    {
        public bool Reaches(string marker) => marker == "kín-result-office" ? Role is not null
            : marker.StartsWith("kín-import-", StringComparison.Ordinal) ? Name is "monitor" or "administrator"
            : Units.Any(each => Reach.Contains(each.Unit)
                && (marker.EndsWith("-" + each.Unit, StringComparison.Ordinal) || marker == $"{each.Provisional}"));
    }
}
