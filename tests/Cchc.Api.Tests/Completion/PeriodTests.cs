using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Pictures;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Completion;

/// <summary>The period that is answered where none is named, what is shown before there are figures, and the year to date.</summary>
public sealed class PeriodTests
{
    private const string Completion = HttpExtensions.Plan + "/completion";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task One_early_approval_does_not_move_the_public_figures(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        using var monitor = await api.KeyAsync(Role.Monitor);
        Assert.Equal("2022-Q1", await DefaultAsync(api.Anonymous));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2), "2022-Q1");
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));

        // Neither has half of its reports: the latest with any.
        Assert.Equal("2022-H1", await DefaultAsync(api.Anonymous));
        await ReportAsync(api, administrator, office, "2022-Q1", 0.5m);
        Assert.Equal("2022-Q1", await DefaultAsync(api.Anonymous));
        Assert.Equal("2022-H1", await DefaultAsync(monitor, "&lens=provisional"));
        foreach (var path in new[] { "completion/units?limit=1", "completion/rows?groupBy=group", "compliance?limit=1" })
        {
            var answer = await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/{path}");
            Assert.Equal("2022-Q1", (string)(answer["period"] ?? answer["items"]![0]!["period"])!);
        }

        Assert.Equal(["2022-Q1"], (await ItemsAsync(api, "series")).Select(point => (string)point!["period"]!));
        var picture = await api.Anonymous.SvgAsync($"{HttpExtensions.Plan}/pictures/groups");
        Assert.Contains(picture.Texts(), text => text.Contains("Quý I 2022", StringComparison.Ordinal));

        // Half of the reports of the half year count too, yet its due day has not passed; the day after it has.
        await ReportAsync(api, administrator, office, "2022-H1", 0.5m);
        Assert.Equal("2022-Q1", await DefaultAsync(api.Anonymous));
        var before = api.Time.GetUtcNow();
        api.Time.Set(new DateTimeOffset(2022, 6, 20, 23, 59, 59, TimeSpan.FromHours(7)));
        Assert.Equal("2022-Q1", await DefaultAsync(api.Anonymous));
        api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2022-H1", await DefaultAsync(api.Anonymous));

        // A consolidated result goes before that.
        api.Time.Advance(TimeSpan.FromHours(1));
        var frozen = api.Time.GetUtcNow();
        foreach (var period in new[] { "2022-Q1", "2022-H1" })
        {
            var response = await office.SendJsonAsync(HttpMethod.Post, $"{HttpExtensions.Plan}/periods/{period}/results", null);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            api.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(period, await DefaultAsync(api.Anonymous));
            Assert.Equal("2022-H1", await DefaultAsync(monitor, "&lens=provisional"));
        }

        foreach (var (instant, period) in new[]
        {
            (before, "2022-Q1"), (frozen.AddSeconds(-1), "2022-H1"), (frozen, "2022-Q1"), (api.Time.GetUtcNow(), "2022-H1"),
        })
        {
            Assert.Equal(period, await DefaultAsync(api.Anonymous, $"&asOf={instant:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}"));
        }
    }

    [Theory]
    [InlineData(0.49, "2022-H1")]
    [InlineData(0.5, "2022-Q1")]
    public async Task Half_of_the_reports_is_enough(double share, string period)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        await ReportAsync(api, administrator, office, "2022-Q1", (decimal)share);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        Assert.Equal(period, await DefaultAsync(api.Anonymous));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Before_there_are_figures_there_is_no_completion_no_rank_and_a_gap(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        api.Time.Set(new DateTimeOffset(2022, 6, 10, 8, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));

        // Q1 is past due and nobody reported, Q3 has not begun, the year has and nobody reported.
        foreach (var (period, status) in new[] { ("2022-Q1", "noData"), ("2022-Q3", "pending"), ("2022-FY", "pending") })
        {
            var answer = await api.Anonymous.GetJsonAsync($"{Completion}?period={period}");
            Assert.Null(answer["completion"]);
            Assert.Equal(0, (int)answer["coverage"]!["received"]!);
            Assert.Equal(status, (string?)answer["targets"]!.AsArray().Single(each => (string?)each!["target"] == "II.3.a")!["status"]);
            var units = (await api.Anonymous.GetJsonAsync($"{Completion}/units?period={period}&limit=1000"))["items"]!.AsArray();
            Assert.All(units, unit => Assert.True(unit!["rank"] is null && unit["completion"] is null));
            Assert.Null((await api.Anonymous.GetJsonAsync($"{Completion}/units/D474?period={period}&scope=subtree"))["completion"]);
            foreach (var grouping in new[] { "group", "district", "unit", "level" })
            {
                Assert.All(await ItemsAsync(api, $"rows?groupBy={grouping}&period={period}&limit=1000"), row => Assert.Null(row!["completion"]));
            }

            foreach (var picture in new[] { "groups", "districts", "targets/II.3.a" })
            {
                var texts = (await api.Anonymous.SvgAsync($"{HttpExtensions.Plan}/pictures/{picture}?period={period}")).Texts().ToList();
                Assert.DoesNotContain(texts, text => text.StartsWith("0,00%", StringComparison.Ordinal));
                Assert.Contains("không có số liệu", texts);
                Assert.DoesNotContain(texts, text => text.Contains("đạt 0/", StringComparison.Ordinal));
            }
        }

        foreach (var question in new[] { "", "&target=II.3.a", "&unit=STP", "&level=province" })
        {
            var points = await ItemsAsync(api, "series?period=all" + question);
            Assert.Equal([false, true, false, false], points.Select(point => point!["completion"] is not null));
            Assert.All(points, point => Assert.NotNull(point!["expected"]));
            Assert.Equal([0, 1, 0, 0], points.Select(point => (int)point!["received"]!));
        }

        var series = await api.Anonymous.SvgAsync($"{HttpExtensions.Plan}/pictures/series?period=all");
        Assert.Equal(3, series.Texts().Count(text => text == "không có số liệu"));
        Assert.Contains("đã nhận 1/181 báo cáo", series.Desc(), StringComparison.Ordinal);
        var compared = await api.Anonymous.GetJsonAsync($"{Completion}/comparison?period=2022-H1&with=2022-Q1");
        Assert.True(compared["before"] is null && compared["change"] is null && compared["after"] is not null);
        Assert.All(compared["items"]!.AsArray(), row => Assert.Null(row!["before"]));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_is_missing_is_pending_to_the_deadline_of_its_level(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        var known = (await api.Anonymous.GetAsync(new Uri(HttpExtensions.Plan + "/periods/2022-H1", UriKind.Relative))).Headers.ETag!.Tag;
        Assert.Equal(HttpStatusCode.OK, (await office.SendJsonAsync(
            HttpMethod.Put, HttpExtensions.Plan + "/periods/2022-H1",
            """{"dueOn":"2022-06-20","deadlines":[{"level":"commune","dueOn":"2022-06-18"}],"reason":"Công văn 12"}""", known)).StatusCode);
        var tag = "";
        foreach (var (day, lines, unit) in new (int, string, decimal?)[]
        {
            (18, "met pending pending", null), (19, "met pending noData", 0m), (20, "met pending noData", 0m), (21, "met noData noData", 0m),
        })
        {
            api.Time.Set(new DateTimeOffset(2022, 6, day, 23, 0, 0, TimeSpan.FromHours(7)));
            var response = await api.Anonymous.GetAsync(new Uri($"{Completion}/targets/II.3.a?period=2022-H1", UriKind.Relative));
            var former = tag;
            tag = response.Headers.ETag!.Tag;
            Assert.NotEqual(former, tag);
            var target = await response.JsonAsync();
            Assert.Equal(lines, string.Join(' ', target["lines"]!.AsArray().Select(line => (string)line!["figures"]!["status"]!)));
            var district = target["lines"]![1]!["figures"]!;
            Assert.Equal(day < 21, district["rate"] is null && district["completion"] is null && district["met"] is null);
            var commune = await api.Anonymous.GetJsonAsync($"{Completion}/units/C19750?period=2022-H1");
            Assert.Equal(unit, (decimal?)commune["completion"]);
            Assert.Equal(unit is null, commune["rank"] is null);
        }

        // Nothing depends on the day any more.
        api.Time.Set(new DateTimeOffset(2022, 6, 30, 0, 0, 0, TimeSpan.FromHours(7)));
        var later = await api.Anonymous.GetAsync(new Uri($"{Completion}/targets/II.3.a?period=2022-H1", UriKind.Relative));
        Assert.Equal(tag, later.Headers.ETag!.Tag);
        var then = await api.Anonymous.GetJsonAsync($"{Completion}/targets/II.3.a?period=2022-H1&asOf=2022-06-18T23:59:59.999%2B07:00");
        Assert.Equal("pending", (string?)then["lines"]![2]!["figures"]!["status"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_line_that_may_be_at_most_its_threshold_is_computed_so(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        api.Time.Set(new DateTimeOffset(2022, 12, 21, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.Created, (await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""")).StatusCode);
        const string next = "/v1/plans/cchc-2023";
        var definition = await administrator.GetJsonAsync(next + "/definition");
        foreach (var (code, threshold) in new[] { ("II.3.a", 20), ("II.10.a", 30) })
        {
            foreach (var line in definition["targets"]!.AsArray().Single(each => (string)each!["code"]! == code)!["lines"]!.AsArray())
            {
                (line!["operator"], line["threshold"]) = ("atMost", threshold);
            }
        }

        var ranked = definition["targets"]!.AsArray().Single(each => (string)each!["code"]! == "II.11.a")!["lines"]![0]!;
        ranked["operator"] = "atLeast";
        var refused = await administrator.SendJsonAsync(HttpMethod.Put, next + "/definition", definition.ToJsonString(), "*");
        var error = Assert.Single((await refused.JsonAsync())["errors"]!.AsArray())!;
        Assert.Equal((422, "plan.rankAtMost"), ((int)refused.StatusCode, (string)error["code"]!));
        Assert.EndsWith("/lines/0/operator", (string)error["pointer"]!, StringComparison.Ordinal);
        ranked["operator"] = "atMost";
        var put = await administrator.SendJsonAsync(HttpMethod.Put, next + "/definition", definition.ToJsonString(), "*");
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        api.Time.Set(new DateTimeOffset(2022, 12, 28, 8, 0, 0, TimeSpan.FromHours(7)));
        var enacted = await administrator.SendJsonAsync(HttpMethod.Post, next + "/enact", """{"on":"2022-12-28"}""");
        Assert.Equal(HttpStatusCode.OK, enacted.StatusCode);

        api.Time.Set(new DateTimeOffset(2023, 6, 21, 8, 0, 0, TimeSpan.FromHours(7)));
        foreach (var (unit, body) in new[]
        {
            ("STP", """{"values":[{"target":"II.3.a","numerator":20,"total":100},{"target":"II.10.a","done":true}]}"""),
            ("D474", """{"values":[{"target":"II.3.a","numerator":30,"total":100}]}"""),
        })
        {
            foreach (var (method, path, text) in new[] { (HttpMethod.Put, "", body), (HttpMethod.Post, "/submit", null), (HttpMethod.Post, "/approve", null) })
            {
                var response = await administrator.SendJsonAsync(method, $"{next}/reports/2023-H1/{unit}{path}", text);
                Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            }
        }

        var targets = (await api.Anonymous.GetJsonAsync($"{next}/completion?period=2023-H1"))["targets"]!.AsArray();
        Assert.Equal(
            ["atMost 20.00 20.00 100.00 true met", "atMost 20.00 30.00 66.67 false onTrack", "atMost 20.00 - 0.00 false noData"], Lines(targets, "II.3.a"));
        Assert.Equal("55.56", targets.Single(each => (string)each!["target"]! == "II.3.a")!["completion"]!.ToJsonString());
        Assert.StartsWith("atMost 30.00 4.76 100.00 true met", Lines(targets, "II.10.a").First(), StringComparison.Ordinal);
        Assert.Equal("66.67", (await api.Anonymous.GetJsonAsync($"{next}/completion/units/D474?period=2023-H1"))["targets"]!.AsArray()
            .Single(each => (string)each!["target"]! == "II.3.a")!["completion"]!.ToJsonString());
        var badge = await api.Anonymous.SvgAsync($"{next}/pictures/targets/II.3.a?period=2023-H1");
        Assert.Contains("Cấp huyện: 30,00%; mục tiêu không quá 20,00% · đã nhận 1/9 báo cáo. Đúng tiến độ", badge.Desc(), StringComparison.Ordinal);
        var indicator = await api.Anonymous.GetJsonAsync($"{next}/indicators/II.3.a");
        Assert.Equal("atMost: 100 where met, otherwise threshold ÷ rate × 100", (string?)indicator["completionEn"]);

        static IEnumerable<string> Lines(JsonArray targets, string code) =>
            targets.Single(each => (string)each!["target"]! == code)!["lines"]!.AsArray().Select(line => string.Join(
                ' ', new[] { "operator", "threshold", "rate", "completion", "met", "status" }.Select(name => line![name]?.ToString() ?? "-")));
    }

    [Fact]
    public async Task A_year_to_date_counts_only_what_was_due_of_units_that_existed_and_of_who_owned_the_target()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await ChangeUnitsAsync(
            api,
            """
            UPDATE unit_versions SET valid_from = '2022-07-01'
            WHERE valid_from = '2021-07-01' AND unit_id = (SELECT unit_id FROM units WHERE code = 'C19750')
            """);
        api.Time.Set(new DateTimeOffset(2022, 9, 21, 8, 0, 0, TimeSpan.FromHours(7)));
        await administrator.PublishAsync("C19753", HttpExtensions.Ratio("II.5.c", 1, 10));
        foreach (var unit in new[] { "C19750", "C19753", "C19756" })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.5.c", 3, 10), "2022-Q3");
        }

        // Born in July it owes no first half; its neighbour gave one, and the third left it out.
        Assert.Equal(
            [("C19750", "3/10"), ("C19753", "4/20"), ("C19756", "noData")],
            [.. await Task.WhenAll(new[] { "C19750", "C19753", "C19756" }.Select(async unit => (unit, await ToDateAsync(unit))))]);
        var line = (await api.Anonymous.GetJsonAsync($"{Completion}/targets/II.5.c?period=2022-Q3"))["lines"]![0]!;
        Assert.Equal(
            ["C19750 2022-Q3", "C19753 2022-H1,2022-Q3"],
            line["contributors"]!.AsArray().Select(each => $"{each!["unit"]} {string.Join(',', each["parts"]!.AsArray().Select(part => (string)part!["period"]!))}"));

        async Task<string> ToDateAsync(string unit)
        {
            var figures = (await api.Anonymous.GetJsonAsync($"{Completion}/units/{unit}?period=2022-Q3"))["targets"]!.AsArray()
                .Single(each => (string)each!["target"]! == "II.5.c")!["lines"]![0]!;
            return (int)figures["coverage"]!["received"]! == 0 ? (string)figures["status"]! : $"{figures["numerator"]}/{figures["total"]}";
        }
    }

    [Theory]
    [InlineData("STTTT", "SKHCN", "SKHCN")] // followed by one unit
    [InlineData("STTTT", null, "SNV")] // by none: the plan's lead
    public async Task An_owner_that_ended_is_answered_for(string owner, string? successor, string answers)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync(owner, HttpExtensions.Ratio("II.5.a", 1, 2));
        await ChangeUnitsAsync(
            api, $"UPDATE unit_versions SET valid_to = '2022-07-31' WHERE unit_id = (SELECT unit_id FROM units WHERE code = '{owner}')",
            $"""
            INSERT INTO unit_successions (predecessor_id, successor_id, effective_on, change)
            SELECT ended.unit_id, taking.unit_id, '2022-08-01', 'merger' FROM units ended, units taking
            WHERE ended.code = '{owner}' AND taking.code = '{successor}'
            """);
        api.Time.Set(new DateTimeOffset(2022, 12, 18, 8, 0, 0, TimeSpan.FromHours(7)));
        var expected = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/compliance?period=2022-FY&limit=1000"))["items"]!.AsArray();
        Assert.DoesNotContain(expected, unit => (string)unit!["unit"]! == owner);
        Assert.Contains(expected, unit => (string)unit!["unit"]! == answers);
        var other = answers == "SNV" ? "SKHCN" : "SNV";
        Assert.Equal("value.notExpected", (string?)(await (await administrator.PutReportAsync(
            other, HttpExtensions.Ratio("II.5.a", 1, 4), "2022-FY")).JsonAsync())["errors"]![0]!["code"]);
        var csv = $"unit,period,target,numerator,total\n{answers},2022-FY,II.5.a,3,4\n{other},2022-FY,II.5.a,3,4\n";
        Assert.Equal(1, (int)(await (await administrator.ImportAsync(csv, "?dryRun=true&mode=partial")).JsonAsync())["result"]!["rows"]!["rejected"]!);
        await administrator.PublishAsync(answers, HttpExtensions.Ratio("II.5.a", 3, 4), "2022-FY");
        foreach (var (period, unit) in new[] { ("2022-H1", owner), ("2022-FY", answers) })
        {
            var line = (await api.Anonymous.GetJsonAsync($"{Completion}/targets/II.5.a?period={period}"))["lines"]![0]!;
            Assert.Equal([unit], line["contributors"]!.AsArray().Select(each => (string)each!["unit"]!));
            Assert.Equal(1, (int)line["figures"]!["coverage"]!["expected"]!);
        }
    }

    private static async Task<string> DefaultAsync(HttpClient client, string more = "")
    {
        var answer = await client.GetJsonAsync($"{Completion}?basis=yearToDate{more}");
        return (string)answer["period"]!;
    }

    // A share of the units expected in a period report through a file, and are approved.
    private static async Task ReportAsync(ApiHost api, HttpClient administrator, HttpClient office, string period, decimal share)
    {
        var units = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/compliance?period={period}&limit=1000"))["items"]!.AsArray()
            .Where(unit => (string)unit!["kind"]! is "committee" or "department" && (string)unit["state"]! == "missing")
            .Select(unit => (string)unit!["unit"]!).Where(unit => unit != "SNV").ToList();
        var coverage = (await api.Anonymous.GetJsonAsync($"{Completion}?period={period}"))["coverage"]!;
        var wanted = (int)Math.Ceiling((int)coverage["expected"]! * share) - (int)coverage["received"]!;
        wanted = share < 0.5m ? Math.Min(wanted, ((int)coverage["expected"]! - 1) / 2) : wanted;
        var file = new StringBuilder("unit,period,target,numerator,total\n");
        foreach (var unit in units.Take(wanted))
        {
            file.Append(CultureInfo.InvariantCulture, $"{unit},{period},II.3.a,1,2\n");
        }

        var imported = await administrator.ImportAsync(file.ToString(), "?submit=true");
        Assert.Equal(wanted, (int)(await imported.JsonAsync())["result"]!["rows"]!["created"]!);
        var approved = await office.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/report-approvals", $$"""{"period":"{{period}}","under":"TTH"}""");
        Assert.Equal(wanted, (int)(await approved.JsonAsync())["approved"]!);
    }

    // Beside the program, which sees it as it would see another node's.
    private static async Task ChangeUnitsAsync(ApiHost api, params string[] statements)
    {
        await using (var connection = new SqliteConnection(api.ConnectionString))
        {
            foreach (var statement in statements.Append("UPDATE data_versions SET version = version + 1 WHERE scope = 'catalogue'"))
            {
                await connection.ExecuteAsync(statement);
            }
        }

        api.Time.Advance(TimeSpan.FromSeconds(1));
    }

    private static async Task<JsonArray> ItemsAsync(ApiHost api, string path) =>
        (await api.Anonymous.GetJsonAsync($"{Completion}/{path}"))["items"]!.AsArray();
}
