using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Reports;

/// <summary>A total is gross where its target names an exclusion; where it names none, nothing may be excluded.</summary>
public sealed class ExclusionTests
{
    private const string Plan = HttpExtensions.Plan;

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_is_excluded_is_taken_off_a_gross_total_once(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        await client.PublishAsync("VPUB", """{"values":[{"target":"II.4.a","level":"commune","numerator":1700,"total":2000,"excluded":100}]}""");
        await client.PublishAsync("STP", """{"values":[{"target":"II.8.a","numerator":1700,"total":2000,"excluded":100}]}""");
        await client.PublishAsync("SNV", """{"values":[{"target":"II.8.a","numerator":1700,"total":1900}]}""");

        var commune = await LineAsync("II.4.a", "commune");
        Assert.Equal("1700/2000-100 89.47", Shown(commune["figures"]!));
        var documents = await LineAsync("II.8.a", "province");
        Assert.Equal("3400/3900-100 89.47", Shown(documents["figures"]!));
        Assert.All(documents["contributors"]!.AsArray(), each => Assert.Equal(89.47m, (decimal)each!["rate"]!));

        async Task<JsonNode> LineAsync(string target, string level) =>
            (await client.GetJsonAsync($"{Plan}/completion/targets/{target}?period=2022-H1"))["lines"]!.AsArray()
                .Single(line => (string?)line!["figures"]!["level"] == level)!;

        static string Shown(JsonNode line) => $"{line["numerator"]}/{line["total"]}-{line["excluded"]} {line["rate"]}";
    }

    [Fact]
    public async Task Each_ratio_takes_an_exclusion_only_where_it_names_one()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        var targets = (await client.GetJsonAsync($"{Plan}/targets"))["items"]!.AsArray().Where(target => (string?)target!["kind"] == "ratio").ToList();
        Assert.Equal(["II.4.a", "II.5.a", "II.8.a"], targets.Where(target => target!["exclusionVi"] is not null).Select(target => (string)target!["code"]!));
        Assert.True(targets.Count > 10);
        foreach (var target in targets)
        {
            var (code, takes) = ((string)target!["code"]!, target["exclusionVi"] is not null);
            var unit = (string?)target["reporting"] == "owner" ? (string)target["owner"]! : code == "II.4.b" ? "TTPVHCC" : "SKHCN";
            var level = target["lines"]!.AsArray().Count > 1 && (string?)target["reporting"] == "owner" ? $"\"level\":\"{target["lines"]![0]!["level"]}\"," : "";
            var refused = await PutAsync(5);
            var problem = await refused.JsonAsync();
            Assert.True(refused.IsSuccessStatusCode == takes, $"{code}: {problem}");
            if (!takes)
            {
                var error = problem["errors"]!.AsArray().Single()!;
                Assert.Equal((422, "value.excludedNotTaken", "/values/0/excluded"), ((int)refused.StatusCode, (string?)error["code"], (string?)error["pointer"]));
            }

            // None excluded says the same as nothing said, whatever the target takes.
            var saved = (await (await PutAsync(0)).JsonAsync())["values"]!.ToJsonString();
            Assert.Equal(saved, (await (await PutAsync(null)).JsonAsync())["values"]!.ToJsonString());
            Assert.True((await client.SendJsonAsync(HttpMethod.Put, $"{Plan}/reports/2022-FY/{unit}", $$"""{"values":{{saved}}}""", "*")).IsSuccessStatusCode);

            async Task<HttpResponseMessage> PutAsync(int? excluded)
            {
                var given = excluded is null ? "" : $",\"excluded\":{excluded}";
                var body = $$"""{"values":[{"target":"{{code}}",{{level}}"numerator":10,"total":20{{given}}}]}""";
                var created = await client.PutReportAsync(unit, body, "2022-FY");
                return created.StatusCode == (HttpStatusCode)428 ? await client.PutReportAsync(unit, body, "2022-FY", "*") : created;
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_import_says_the_row_and_the_column_that_excludes_too_much(Engine engine)
    {
        const string csv = """
            unit,period,target,numerator,total,excluded
            STP,2022-H1,II.8.a,10,20,5
            STP,2022-H1,II.3.a,10,20,5
            STP,2022-H1,II.2.a,10,20,0

            """;
        const string json = """
            [{"unit":"STP","period":"2022-H1","target":"II.8.a","numerator":10,"total":20,"excluded":5},
             {"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":10,"total":20,"excluded":5},
             {"unit":"STP","period":"2022-H1","target":"II.2.a","numerator":10,"total":20,"excluded":0}]
            """;
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        foreach (var (body, type, row) in new[] { (csv, "text/csv", 3), (json, "application/json", 2) })
        {
            var refused = await client.ImportAsync(Encoding.UTF8.GetBytes(body), type);
            var problem = await refused.JsonAsync();
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
            var remark = problem["import"]!["remarks"]!.AsArray().Single()!;
            Assert.Equal(
                (row, "excluded", "value.excludedNotTaken", "5"),
                ((int)remark["row"]!, (string?)remark["column"], (string?)remark["code"], (string?)remark["value"]));
        }

        var partial = await (await client.ImportAsync(csv, "?mode=partial")).JsonAsync();
        Assert.Equal((2, 1), ((int)partial["result"]!["rows"]!["created"]!, (int)partial["result"]!["rows"]!["rejected"]!));
        var values = (await client.GetJsonAsync($"{Plan}/reports/2022-H1/STP"))["values"]!.AsArray();
        Assert.Equal(["II.2.a 0", "II.8.a 5"], values.Select(value => $"{value!["target"]} {value["excluded"]}"));
    }
}
