using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Tests.Data;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using CsvHelper;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Plans;

/// <summary>A target says in both languages what it counts, what may be excluded, and what those who report must know.</summary>
public sealed class TargetTextTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Next = "/v1/plans/cchc-2023";

    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"Nguyễn Văn Phương"}""";

    private static readonly string[] Texts = ["numerator", "denominator", "exclusion", "note"];

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Targets_indicators_and_the_definition_explain_each_target_in_both_languages(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var targets = (await api.Anonymous.GetJsonAsync($"{Plan}/targets"))["items"]!.AsArray();
        var indicators = (await api.Anonymous.GetJsonAsync($"{Plan}/indicators"))["items"]!.AsArray();
        var defined = (await api.Anonymous.GetJsonAsync($"{Plan}/definition"))["targets"]!.AsArray();
        Assert.Equal(25, targets.Count);
        for (var index = 0; index < targets.Count; index++)
        {
            var target = targets[index]!;
            foreach (var text in Texts)
            {
                var (vietnamese, english) = ((string?)target[text + "Vi"], (string?)target[text + "En"]);
                Assert.True(vietnamese is null == english is null, $"{target["code"]} {text}");
                Assert.True(vietnamese is null || vietnamese != english, $"{target["code"]} {text}");
                Assert.Equal((vietnamese, english), ((string?)indicators[index]![text + "Vi"], (string?)indicators[index]![text + "En"]));
                Assert.Equal((vietnamese, english), ((string?)defined[index]![text + "Vi"], (string?)defined[index]![text + "En"]));
            }

            var isCounted = (string?)target["kind"] is "ratio" or "unitShare";
            Assert.Equal((isCounted, isCounted), (target["numeratorVi"] is not null, target["denominatorVi"] is not null));
            Assert.Null(target["remarksEn"]);
            Assert.Equal(
                target["exclusionVi"] is not null, ((string)indicators[index]!["formulaEn"]!).Contains("excluded", StringComparison.Ordinal));
        }

        var procedures = targets.Single(target => (string?)target!["code"] == "II.4.a")!;
        Assert.Equal("Tổng số TTHC (kể cả TTHC đặc thù)", (string?)procedures["denominatorVi"]);
        Assert.Equal("All administrative procedures (special procedures included)", (string?)procedures["denominatorEn"]);
        Assert.Equal("Số TTHC đặc thù (theo quyết định)", (string?)procedures["exclusionVi"]);
        var tasks = (await api.Anonymous.GetJsonAsync($"{Plan}/tasks?limit=1000"))["items"]!.AsArray();
        Assert.Equal(29, tasks.Count);
        Assert.Null(tasks.Single(task => (string?)task!["code"] == "III.4.a")!["criterionEn"]);
        Assert.Equal("Staff in post do not exceed the quota", (string?)tasks.Single(task => (string?)task!["code"] == "III.4.b")!["criterionEn"]);
        foreach (var answer in new[] { targets, indicators, defined, tasks })
        {
            Assert.DoesNotContain("seed", answer.ToJsonString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("memory", answer.ToJsonString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("remarks", answer.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Templates_carry_the_texts_of_each_target_and_come_back_as_nothing_given()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        var targets = (await client.GetJsonAsync($"{Plan}/targets"))["items"]!.AsArray().ToDictionary(target => (string)target!["code"]!);
        foreach (var unit in new[] { "STP", "VPUB" })
        {
            var bytes = await client.GetByteArrayAsync(new Uri($"{Plan}/report-template?period=2022-FY&unit={unit}&format=csv", UriKind.Relative));
            using var csv = new CsvReader(new StreamReader(new MemoryStream(bytes)), System.Globalization.CultureInfo.InvariantCulture);
            await csv.ReadAsync();
            csv.ReadHeader();
            var rows = 0;
            while (await csv.ReadAsync())
            {
                rows++;
                var target = targets[csv.GetField("target")!]!;
                foreach (var (text, language) in Texts.SelectMany(text => new[] { (text, "Vi"), (text, "En") }))
                {
                    Assert.Equal((string?)target[text + language] ?? "", csv.GetField($"{text}_{language.ToLowerInvariant()}"));
                }
            }

            var result = (await (await client.ImportAsync(bytes, "text/csv")).JsonAsync())["result"]!["rows"]!;
            Assert.Equal((rows, rows), ((int)result["total"]!, (int)result["notGiven"]!));
            Assert.True(rows > 5);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_definition_takes_the_texts_and_what_it_says_of_exclusions_holds(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        Assert.Equal(HttpStatusCode.Created, (await client.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy)).StatusCode);
        var draft = await client.GetJsonAsync(Next + "/definition");
        var (results, documents) = (Find("II.3.a"), Find("II.8.a"));
        (results["exclusionVi"], results["exclusionEn"]) = ("Số kết quả không phải số hóa", "Results that need not be digitised");
        (results["noteVi"], results["noteEn"], results["numeratorEn"], results["denominatorEn"]) = ("Ghi chú mới", "A new note", "Digitised", "All, gross");
        (documents["exclusionVi"], documents["exclusionEn"]) = (null, null);
        var put = await client.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), "*");
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        Assert.Equal(draft.ToJsonString(), (await client.GetJsonAsync(Next + "/definition")).ToJsonString());

        api.Time.Set(new DateTimeOffset(2023, 3, 15, 8, 0, 0, TimeSpan.FromHours(7)));
        Assert.Equal(HttpStatusCode.OK, (await client.SendJsonAsync(HttpMethod.Post, Next + "/enact", """{"on":"2023-01-01"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync("II.3.a")).StatusCode);
        var refused = await PutAsync("II.8.a");
        Assert.Equal("value.excludedNotTaken", (string?)(await refused.JsonAsync())["errors"]!.AsArray().Single()!["code"]);

        // The plan it was copied from is as it was.
        Assert.Null((await client.GetJsonAsync($"{Plan}/targets/II.3.a"))["exclusionVi"]);

        JsonNode Find(string code) => draft["targets"]!.AsArray().Single(target => (string?)target!["code"] == code)!;

        Task<HttpResponseMessage> PutAsync(string target) => client.SendJsonAsync(
            HttpMethod.Put, $"{Next}/reports/2023-Q1/STP",
            $$"""{"values":[{"target":"{{target}}","numerator":10,"total":20,"excluded":5}]}""", target == "II.3.a" ? null : "*");
    }

    [Fact]
    public async Task A_member_that_definitions_had_once_is_refused()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        await client.SendJsonAsync(HttpMethod.Post, "/v1/plans", Copy);
        var draft = await client.GetJsonAsync(Next + "/definition");
        draft["targets"]![1]!["remarksEn"] = "x";
        var refused = await client.SendJsonAsync(HttpMethod.Put, Next + "/definition", draft.ToJsonString(), "*");
        var error = (await refused.JsonAsync())["errors"]!.AsArray().Single()!;
        Assert.Equal(("json.unknownMember", "/targets/1/remarksEn"), ((string?)error["code"], (string?)error["pointer"]));
    }

    [Fact]
    public async Task A_database_of_an_earlier_release_gets_the_texts_at_the_next_start()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var current = (await api.Anonymous.GetJsonAsync($"{Plan}/targets")).ToJsonString();
        var seeder = api.Services.GetRequiredService<Seeder>();
        await using var connection = new SqliteConnection(api.ConnectionString);
        await connection.ExecuteAsync(
            "UPDATE targets SET denominator_vi = 'Tổng số TTHC trừ TTHC đặc thù', exclusion_vi = 'x', numerator_en = NULL, note_vi = NULL;"
            + "UPDATE tasks SET criterion_en = 'none in seed' WHERE code = 'III.4.a'");
        const string versions = "SELECT SUM(version) FROM data_versions";
        var before = await connection.ExecuteScalarAsync<long>(versions);
        Assert.Equal((0, 0), await seeder.SeedAsync(default));
        var after = await connection.ExecuteScalarAsync<long>(versions);
        Assert.Equal((0, 0), await seeder.SeedAsync(default));
        Assert.True(after > before);
        Assert.Equal(after, await connection.ExecuteScalarAsync<long>(versions));
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM targets WHERE exclusion_vi = 'x'"));
        Assert.Equal("", await connection.ExecuteScalarAsync<string>("SELECT criterion_en FROM tasks WHERE code = 'III.4.a'"));
        Assert.Equal(current, (await api.Anonymous.GetJsonAsync($"{Plan}/targets")).ToJsonString());
    }

    [Fact]
    public void The_script_removes_the_remarks_of_the_seed_files_and_keeps_those_of_other_plans()
    {
        var names = SqlTexts.ScriptNames("sqlite").ToList();
        var script = names.FindIndex(name => name.StartsWith("0031", StringComparison.Ordinal));
        using var connection = new SqliteConnection("Data Source=:memory:;Foreign Keys=False");
        connection.Open();
        foreach (var sql in SqlTexts.Scripts("sqlite").Take(script))
        {
            connection.Execute(sql);
        }

        foreach (var (id, code) in new[] { (1, "cchc-2022"), (2, "cchc-2023") })
        {
            connection.Execute(
                """
                INSERT INTO plans (plan_id, code, number, year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id)
                VALUES (@id, @code, '', 2022, '', '', '', '2022-01-01', '', 1)
                """,
                new { id, code });
        }

        foreach (var (id, plan, remarks) in new[] { (1, 1, "none in seed"), (2, 2, "none in seed"), (3, 2, "Count procedures"), (4, 2, null) })
        {
            connection.Execute(
                """
                INSERT INTO targets (target_id, plan_id, code, group_code, ordinal, title_vi, title_en, kind, measure, trajectory, reporting,
                    owner_id, frequency, commitment, weight_hundredths, remarks_en)
                VALUES (@id, @plan, 'T' || @id, 'T', 1, '', '', 'ratio', 'stock', 'constant', 'owner', 1, 'quarterly', 'must', 100, @remarks)
                """,
                new { id, plan, remarks });
        }

        connection.Execute(SqlTexts.Scripts("sqlite")[script]);
        Assert.Equal([null, null, "Count procedures", null], connection.Query<string?>("SELECT remarks_en FROM targets ORDER BY target_id"));
    }
}
