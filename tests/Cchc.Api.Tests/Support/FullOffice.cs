using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cchc.Api.Keys;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Webhooks;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Support;

/// <summary>An office that has used everything there is, on the embedded engine: no table stays empty.</summary>
internal static class FullOffice
{
    /// <summary>Text that is easily spoilt on its way: quotes, lines, a character beyond sixteen bits.</summary>
    public const string Awkward = "Sở 'Nội vụ' \"báo cáo\"; --\r\n\tđ/Đ 😀 O‘Neill 100% \\n.";

    private const string Plan = HttpExtensions.Plan;

    public static async Task<HttpClient> FillAsync(ApiHost api)
    {
        await api.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        var administrator = await api.KeyAsync(Role.Administrator);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        var hook = await SendAsync(administrator, HttpMethod.Post, "/v1/webhooks", """{"url":"https://localhost:9/x"}""");
        await SendAsync(administrator, HttpMethod.Post, $"/v1/webhooks/{hook["id"]}/rotate", null);
        await SendAsync(administrator, HttpMethod.Post, $"/v1/webhooks/{hook["id"]}/rotate", null);
        await SendAsync(administrator, HttpMethod.Put, $"{Plan}/rules", """{"districtApproval":true,"reason":"Công văn 15"}""");
        await ReportAsync(api, administrator, office);
        await KeysAsync(api, administrator);
        await PlansAsync(administrator, office);
        await ObstaclesAsync(api, administrator, office);
        await api.Services.GetRequiredService<KeyUses>().FlushAsync(default);
        await api.Services.GetRequiredService<WebhookWorker>().StepAsync(default);

        // What releases before the chained trail wrote, with gaps in its numbers.
        await using var connection = new SqliteConnection(api.ConnectionString);
        await connection.ExecuteAsync(
            """
            INSERT INTO audit_entries (audit_id, occurred_at, actor, action, subject, detail)
            VALUES (7, '2022-01-31T17:00:00.001Z', 'cli', 'key.create', 'x', ''), (9, '2022-02-01T00:00:00.999Z', 'cli', 'key.create', 'x', NULL),
                (12, '2022-02-01T00:00:00.000Z', 'cli', 'key.create', 'x', @detail)
            """,
            new { detail = string.Concat(Enumerable.Repeat(Awkward, 500)) });

        // What a node leaves that went away amid a request.
        await connection.ExecuteAsync("INSERT INTO request_claims (actor, idempotency_key, claimed_until) VALUES ('key:x', 'y', '2022-02-01T00:00:00.000Z')");
        return administrator;
    }

    private static async Task ReportAsync(ApiHost api, HttpClient administrator, HttpClient office)
    {
        var units = (await api.Anonymous.GetJsonAsync("/v1/units?asOf=2022-06-14&limit=1000"))["items"]!.AsArray()
            .Where(unit => (string?)unit!["kind"] is "committee" or "department" && (string?)unit["code"] != "TTH").Select(unit => (string)unit!["code"]!).ToList();
        using var district = await api.KeyAsync(Role.Reviewer, "D474");
        foreach (var period in new[] { "2022-Q1", "2022-H1", "2022-Q3", "2022-FY" })
        {
            var file = new StringBuilder("unit,period,target,numerator,total,excluded,done,note\n");
            foreach (var (unit, number) in units.SkipLast(1).Select((unit, index) => (unit, index)))
            {
                file.Append(CultureInfo.InvariantCulture, $"{unit},{period},II.3.a,{number},{1000 + number},{(number % 3 == 0 ? "0" : "")},,ghi chú {number}\n");
                if (period is "2022-H1" or "2022-FY")
                {
                    file.Append(CultureInfo.InvariantCulture, $"{unit},{period},II.10.a,,,,{(number % 2 == 0 ? "true" : "false")},\n");
                }
            }

            await OkAsync(await administrator.ImportAsync(file.ToString(), "?submit=true"));
            await SendAsync(district, HttpMethod.Post, $"{Plan}/report-approvals", $$"""{"period":"{{period}}","under":"D474"}""");
            await SendAsync(administrator, HttpMethod.Post, $"{Plan}/report-approvals", $$"""{"period":"{{period}}","under":"TTH"}""");
        }

        await OkAsync(await administrator.ImportAsync(
            $"unit,period,target,numerator,total,note\n{units[^1]},2022-H1,II.3.a,1,2,\n{units[^1]},2022-H1,II.2.a,-5,10,'x\n", "?mode=partial"));
        await SendAsync(administrator, HttpMethod.Post, $"{Plan}/reports/2022-H1/STP/reopen", """{"reason":"Đính chính 'số'","until":"2022-07-30"}""");
        await OkAsync(await administrator.PutReportAsync(
            "STP",
            $$"""
            {"values":[{"target":"II.3.a","numerator":0,"total":99999999999,"note":{{JsonSerializer.Serialize(Awkward)}}},
                {"target":"II.10.a","notApplicable":"Chưa có"}],
             "tasks":[{"task":"III.1.a","status":"done","note":"x"}],
             "narrative":{{JsonSerializer.Serialize(string.Concat(Enumerable.Repeat(Awkward, 300)))}},
             "evidence":[{"title":"Ảnh 😀","url":"https://example.vn/a?b='c'"}]}
            """,
            ifMatch: "*"));
        await SendAsync(office, HttpMethod.Post, $"{Plan}/periods/2022-Q1/results", """{"reason":"Tổng hợp quý I"}""");
    }

    private static async Task KeysAsync(ApiHost api, HttpClient administrator)
    {
        var issued = await SendAsync(
            administrator, HttpMethod.Post, "/v1/api-keys",
            """{"role":"reporter","unit":"D474","label":"Một cửa","scopes":["reportsWrite","read"],"ipRanges":["10.0.0.0/8"]}""");
        await SendAsync(administrator, HttpMethod.Post, $"/v1/api-keys/{issued["id"]}/rotate", null);
        api.Time.Advance(TimeSpan.FromMilliseconds(1));
        await administrator.GetJsonAsync("/v1/units");
    }

    private static async Task PlansAsync(HttpClient administrator, HttpClient office)
    {
        administrator.DefaultRequestHeaders.Add("Idempotency-Key", "next-year");
        await SendAsync(
            administrator, HttpMethod.Post, "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"Nguyễn Văn Phương"}""");
        administrator.DefaultRequestHeaders.Remove("Idempotency-Key");
        await SendAsync(
            administrator, HttpMethod.Post, $"{Plan}/amendments",
            """
            {"number":"210/KH-UBND","issuedOn":"2022-06-28","effectiveOn":"2022-07-01","reason":"Điều chỉnh",
             "targets":[{"target":"II.3.a","weight":3,"lines":[{"level":"commune","operator":"atLeast","threshold":10}]},{"target":"II.10.a","withdrawn":true}]}
            """);
        var known = (await office.GetAsync(new Uri($"{Plan}/periods/2022-Q3", UriKind.Relative))).Headers.ETag!.Tag;
        await OkAsync(await office.SendJsonAsync(
            HttpMethod.Put, $"{Plan}/periods/2022-Q3",
            """{"dueOn":"2022-09-20","lockOn":"2022-09-30","deadlines":[{"level":"commune","dueOn":"2022-09-17"}],"reason":"Công văn 12"}""", known));
    }

    private static async Task ObstaclesAsync(ApiHost api, HttpClient administrator, HttpClient office)
    {
        using var unit = await api.KeyAsync(Role.Reporter, "D474");
        await SendAsync(
            unit, HttpMethod.Post, $"{Plan}/obstacles",
            $$"""{"title":"Mạng chậm","description":{{JsonSerializer.Serialize(Awkward)}},"task":"III.2.d","target":"II.5.a"}""");
        await SendAsync(office, HttpMethod.Post, $"{Plan}/obstacles/1/assign", """{"unit":"STTTT","dueOn":"2022-06-20"}""");
        await SendAsync(administrator, HttpMethod.Post, $"{Plan}/obstacles/1/comment", """{"text":"Đã gặp"}""");
    }

    private static async Task<JsonNode> SendAsync(HttpClient client, HttpMethod method, string path, string? body) =>
        await (await OkAsync(await client.SendJsonAsync(method, path, body))).JsonAsync();

    private static async Task<HttpResponseMessage> OkAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage!.RequestUri} {body[..Math.Min(1000, body.Length)]}");
        return response;
    }
}
