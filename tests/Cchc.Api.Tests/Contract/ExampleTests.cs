using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Contract;

/// <summary>The answers shown in the contract are what the server gives; CCHC_UPDATE_CONTRACT=1 records them anew.</summary>
public sealed partial class ExampleTests
{
    private const string Body =
        """{"values":[{"target":"II.3.a","numerator":120,"total":200},{"target":"II.10.a","done":true}],"narrative":"Báo cáo 6 tháng"}""";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Rows = """
        [ { "unit": "STTTT", "period": "2022-H1", "target": "II.3.a", "numerator": 120, "total": 200 },
          { "unit": "STTTT", "period": "2022-H1", "target": "II.3.a", "numerator": 1.5, "total": 200 },
          { "unit": "SNV", "period": "2022-H1", "target": "II.3.a", "numerator": 90, "total": 120 } ]
        """;

    private const string Definition = """
        { "code": "cchc-2023", "number": "412/KH-UBND", "year": 2023, "titleVi": "Cải cách hành chính năm 2023", "titleEn": "Administrative reform in 2023",
          "issuer": "UBND tỉnh Thừa Thiên Huế", "issuedOn": "2022-12-28", "signedBy": "Nguyễn Văn Phương", "leadUnit": "SNV", "monitorUnit": "STTTT",
          "groups": [ { "code": "II.1", "titleVi": "Dịch vụ công trực tuyến", "titleEn": "Online services" } ],
          "targets": [ { "code": "II.1.a", "group": "II.1", "titleVi": "Hồ sơ trực tuyến", "titleEn": "Online dossiers", "kind": "ratio", "measure": "stock",
            "trajectory": "progressive", "reporting": "eachUnit", "reporterKinds": [ "committee", "department" ], "owner": "VPUB", "frequency": "quarterly",
            "commitment": "must", "weight": 2, "lines": [ { "level": "province", "operator": "atLeast", "threshold": 60 } ] } ],
          "tasks": [ { "code": "III.1.a", "areaVi": "Cải cách thể chế", "areaEn": "Institutional reform", "titleVi": "Rà soát văn bản", "titleEn": "Review of documents",
            "criterionEn": "reviewed", "criterionKind": "narrative", "frequency": "annual", "levels": [ "province" ], "linkedTargets": [ "II.1.a" ],
            "lead": "STP", "coordinating": [ "SNV" ] } ],
          "periods": [ { "code": "2023-FY", "kind": "year", "labelVi": "Năm 2023", "labelEn": "Year 2023", "dataFrom": "2022-12-15", "dataTo": "2023-12-14",
            "dueOn": "2023-12-20", "cumulative": true, "isFinal": true } ] }
        """;

    // Nobody listens there: what a ping answers is that nothing came.
    private const string Hook = """{"url":"https://hook.invalid/cchc","description":"Bảng theo dõi","plan":"cchc-2022","kinds":["report.approved","plan.changed"]}""";

    private const string KeyBody =
        """{"role":"reporter","unit":"D474","label":"Phần mềm một cửa","scopes":["read","reportsWrite"],"ipRanges":["10.20.0.0/16"]}""";

    [Fact]
    public async Task Every_operation_shows_what_it_answers()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        using var client = await api.KeyAsync(Role.Administrator);
        const string plan = HttpExtensions.Plan;
        const string report = $"{plan}/reports/2022-H1/STP";
        (string Id, HttpMethod Method, string Path, string? Body)[] calls =
        [
            ("listPlans", HttpMethod.Get, "/v1/plans", null),
            ("getPlan", HttpMethod.Get, plan, null),
            ("listTargets", HttpMethod.Get, $"{plan}/targets", null),
            ("getTarget", HttpMethod.Get, $"{plan}/targets/II.3.a", null),
            ("listTasks", HttpMethod.Get, $"{plan}/tasks", null),
            ("getTask", HttpMethod.Get, $"{plan}/tasks/III.2.e", null),
            ("getTaskSummary", HttpMethod.Get, $"{plan}/tasks/summary", null),
            ("reassignTask", HttpMethod.Post, $"{plan}/tasks/III.6.a/lead", """{"unit":"VPUB","from":"2022-07-01","reason":"Quyết định 120/QĐ-UBND"}"""),
            ("getCatalog", HttpMethod.Get, "/v1/catalog", null),
            ("listIndicators", HttpMethod.Get, $"{plan}/indicators", null),
            ("getIndicator", HttpMethod.Get, $"{plan}/indicators/II.3.a", null),
            ("listPeriods", HttpMethod.Get, $"{plan}/periods", null),
            ("putPeriod", HttpMethod.Put, $"{plan}/periods/2022-FY", """{"dueOn":"2022-12-20","deadlines":[{"level":"commune","dueOn":"2022-12-16"}],"reason":"Công văn đôn đốc"}"""),
            ("getPeriod", HttpMethod.Get, $"{plan}/periods/2022-FY", null),
            ("listUnits", HttpMethod.Get, "/v1/units", null),
            ("getUnit", HttpMethod.Get, "/v1/units/D474", null),
            ("putReport", HttpMethod.Put, report, Body),
            ("submitReport", HttpMethod.Post, $"{report}/submit", null),
            ("returnReport", HttpMethod.Post, $"{report}/return", """{"reason":"Số liệu II.3.a chưa khớp với biên bản"}"""),
            ("", HttpMethod.Post, $"{report}/submit", null),
            ("withdrawReport", HttpMethod.Post, $"{report}/withdraw", null),
            ("", HttpMethod.Post, $"{report}/submit", null),
            ("approveReport", HttpMethod.Post, $"{report}/approve", null),
            ("approveReports", HttpMethod.Post, $"{plan}/report-approvals", """{"period":"2022-H1","reports":[{"unit":"STP"},{"unit":"SNV"}]}"""),
            ("listReports", HttpMethod.Get, $"{plan}/reports?period=2022-H1", null),
            ("getReport", HttpMethod.Get, report, null),
            ("listRevisions", HttpMethod.Get, $"{report}/revisions", null),
            ("getRevision", HttpMethod.Get, $"{report}/revisions/2", null),
            ("getCompletion", HttpMethod.Get, $"{plan}/completion", null),
            ("explainTarget", HttpMethod.Get, $"{plan}/completion/targets/II.3.a", null),
            ("rankUnits", HttpMethod.Get, $"{plan}/completion/units", null),
            ("getUnitCompletion", HttpMethod.Get, $"{plan}/completion/units/STP", null),
            ("followChanges", HttpMethod.Get, "/v1/events?follow=false&from=start&kind=report.submitted", null),
            ("createWebhook", HttpMethod.Post, "/v1/webhooks", Hook),
            ("getWebhook", HttpMethod.Get, "/v1/webhooks/{id}", null),
            ("listWebhooks", HttpMethod.Get, "/v1/webhooks", null),
            ("putWebhook", HttpMethod.Put, "/v1/webhooks/{id}", Hook),
            ("rotateWebhook", HttpMethod.Post, "/v1/webhooks/{id}/rotate", null),
            ("listDeliveries", HttpMethod.Get, "/v1/webhooks/{id}/deliveries", null),
            ("replayDeliveries", HttpMethod.Post, "/v1/webhooks/{id}/replay", null),
            ("pingWebhook", HttpMethod.Post, "/v1/webhooks/{id}/ping", null),
            ("deleteWebhook", HttpMethod.Delete, "/v1/webhooks/{id}", null),
            ("listChanges", HttpMethod.Get, "/v1/changes?limit=3", null),
            ("listCompletionRows", HttpMethod.Get, $"{plan}/completion/rows?period=2022-Q1&groupBy=district&limit=3", null),
            ("getCompletionSeries", HttpMethod.Get, $"{plan}/completion/series", null),
            ("drawGroups", HttpMethod.Get, $"{plan}/pictures/groups?format=html&theme=auto", null),
            ("drawDistricts", HttpMethod.Get, $"{plan}/pictures/districts?format=html&period=2022-Q1", null),
            ("drawSeries", HttpMethod.Get, $"{plan}/pictures/series?format=html&target=II.3.a", null),
            ("drawTarget", HttpMethod.Get, $"{plan}/pictures/targets/II.3.a?format=html&lang=en", null),
            ("compareCompletion", HttpMethod.Get, $"{plan}/completion/comparison?period=2022-H1&limit=3", null),
            ("getCompliance", HttpMethod.Get, $"{plan}/compliance?period=2022-H1&lens=provisional", null),
            ("getUnitCompliance", HttpMethod.Get, $"{plan}/compliance/units/STP", null),
            ("freezeResult", HttpMethod.Post, $"{plan}/periods/2022-Q1/results", """{"reason":"Tổng hợp quý I"}"""),
            ("listResults", HttpMethod.Get, $"{plan}/periods/2022-Q1/results", null),
            ("getResult", HttpMethod.Get, $"{plan}/periods/2022-Q1/results/1", null),
            ("raiseObstacle", HttpMethod.Post, $"{plan}/obstacles", """{"unit":"STP","title":"Cổng dịch vụ công chưa nhận bản sao điện tử","task":"III.2.d","description":"Hồ sơ chứng thực điện tử bị trả lại từ ngày 01/6."}"""),
            ("commentObstacle", HttpMethod.Post, $"{plan}/obstacles/1/comment", """{"text":"Đã gặp ở ba đơn vị khác."}"""),
            ("assignObstacle", HttpMethod.Post, $"{plan}/obstacles/1/assign", """{"unit":"STTTT","dueOn":"2022-07-01"}"""),
            ("escalateObstacle", HttpMethod.Post, $"{plan}/obstacles/1/escalate", null),
            ("answerObstacle", HttpMethod.Post, $"{plan}/obstacles/1/answer", """{"text":"Đã khắc phục ngày 20/6."}"""),
            ("closeObstacle", HttpMethod.Post, $"{plan}/obstacles/1/close", null),
            ("reopenObstacle", HttpMethod.Post, $"{plan}/obstacles/1/reopen", """{"reason":"Lỗi xuất hiện trở lại"}"""),
            ("listObstacles", HttpMethod.Get, $"{plan}/obstacles", null),
            ("getObstacle", HttpMethod.Get, $"{plan}/obstacles/1", null),
            ("reopenReport", HttpMethod.Post, $"{report}/reopen", """{"reason":"Đính chính số liệu"}"""),
            ("importReports 422", HttpMethod.Post, $"{plan}/report-imports", Rows),
            ("importReports", HttpMethod.Post, $"{plan}/report-imports?mode=partial", Rows),
            ("getImport", HttpMethod.Get, "/v1/report-imports/{id}", null),
            ("listImportRows", HttpMethod.Get, "/v1/report-imports/{id}/rows", null),
            ("getRejectedRows", HttpMethod.Get, "/v1/report-imports/{id}/rejected", null),
            ("listImports", HttpMethod.Get, $"{plan}/report-imports", null),
            ("getReportTemplate", HttpMethod.Get, $"{plan}/report-template?period=2022-Q3&unit=STP", null),
            ("", HttpMethod.Post, $"{plan}/report-imports", Rows),
            ("cancelImport", HttpMethod.Delete, "/v1/report-imports/{id}", null),
            ("copyPlan", HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"Nguyễn Văn Phương"}"""),
            ("putPlanDefinition", HttpMethod.Put, "/v1/plans/cchc-2023/definition", Definition),
            ("getPlanDefinition", HttpMethod.Get, "/v1/plans/cchc-2023/definition", null),
            ("enactPlan", HttpMethod.Post, "/v1/plans/cchc-2023/enact", """{"on":"2022-06-18"}"""),
            ("", HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"thu","number":"1","year":2024,"issuedOn":"2022-12-28","signedBy":"A"}"""),
            ("deletePlan", HttpMethod.Delete, "/v1/plans/thu", null),
            ("putPlanRules", HttpMethod.Put, $"{plan}/rules", """{"districtApproval":true,"reason":"Công văn 15/SNV-CCHC"}"""),
            ("amendPlan", HttpMethod.Post, $"{plan}/amendments", """{"number":"210/KH-UBND","issuedOn":"2022-06-28","effectiveOn":"2022-07-01","reason":"Điều chỉnh II.3.a","targets":[{"target":"II.3.a","weight":1.5,"lines":[{"level":"commune","operator":"atLeast","threshold":30}]}]}"""),
            ("listAmendments", HttpMethod.Get, $"{plan}/amendments", null),
            ("createKey", HttpMethod.Post, "/v1/api-keys", KeyBody),
            ("listKeys", HttpMethod.Get, "/v1/api-keys", null),
            ("getKey", HttpMethod.Get, "/v1/api-keys/{id}", null),
            ("rotateKey", HttpMethod.Post, "/v1/api-keys/{id}/rotate", """{"graceHours":48}"""),
            ("revokeKey", HttpMethod.Delete, "/v1/api-keys/{id}", null),
            ("listAuditEntries", HttpMethod.Get, "/v1/audit?subject=cchc-2022/2022-H1/STP", null),
        ];
        var recorded = new JsonObject();
        var import = "";

        // What is queued stays so, until it is cancelled.
        await api.Services.GetServices<IHostedService>().OfType<Cchc.Api.Importing.ImportWorker>().Single().StopAsync(default);
        await api.Services.GetServices<IHostedService>().OfType<Cchc.Api.Webhooks.WebhookWorker>().Single().StopAsync(default);
        foreach (var call in calls)
        {
            // Keys are listed by their age.
            api.Time.Advance(TimeSpan.FromSeconds(call.Id == "createKey" ? 1 : 0));
            using var request = new HttpRequestMessage(call.Method, call.Path.Replace("{id}", import, StringComparison.Ordinal));
            if (call.Method == HttpMethod.Put && call.Path != report)
            {
                request.Headers.TryAddWithoutValidation("If-Match", "*");
            }

            request.Content = call.Body is null ? null : new StringContent(call.Body, null, "application/json");
            if (call is { Id: "", Body: Rows })
            {
                request.Headers.Add("Prefer", "respond-async");
            }

            var response = await client.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode || call.Id.EndsWith($" {(int)response.StatusCode}", StringComparison.Ordinal), $"{call.Path}: {await response.Content.ReadAsStringAsync()}");
            var body = await response.Content.ReadAsStringAsync();
            var answer = response.Content.Headers.ContentType!.MediaType is "text/csv" or "text/event-stream" or "text/html" ? JsonValue.Create(body) : JsonNode.Parse(body)!;
            import = call.Body is Rows or KeyBody or Hook && response.IsSuccessStatusCode ? (string)answer["id"]! : import;
            if (call.Id.Length > 0)
            {
                recorded[call.Id] = Shorten(JsonNode.Parse(
                    ImportId().Replace(Secret().Replace(Hash().Replace(KeyName().Replace(answer.ToJsonString(Indented), "4b2b0baf3bf6"), new string('0', 64)), "whsec_" + new string('A', 43) + "="), "019da3b0c1f27c3a9f0e5b7d2a4c6e81"))!);
            }
        }

        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var operations = contract["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(each => (string)each.Value!["operationId"]!);
        Assert.Equal(operations.Order(StringComparer.Ordinal), recorded.Select(each => each.Key).Where(id => !id.Contains(' ', StringComparison.Ordinal)).Order(StringComparer.Ordinal));

        var text = recorded.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
        var file = Path.Combine(ContractTests.Root(), "openapi", "examples.json");
        if (Environment.GetEnvironmentVariable("CCHC_UPDATE_CONTRACT") == "1")
        {
            await File.WriteAllTextAsync(file, text);
        }

        Assert.Equal(await File.ReadAllTextAsync(file), text);
    }

    // Two of each list say what it is made of.
    private static JsonNode Shorten(JsonNode node)
    {
        switch (node)
        {
            case JsonArray array:
                while (array.Count > 2)
                {
                    array.RemoveAt(2);
                }

                foreach (var item in array.OfType<JsonNode>())
                {
                    Shorten(item);
                }

                break;
            case JsonObject members:
                foreach (var (_, member) in members)
                {
                    if (member is not null)
                    {
                        Shorten(member);
                    }
                }

                break;
            default:
                break;
        }

        return node;
    }

    [GeneratedRegex(@"(?<=\b|_)[0-9a-f]{64}\b")]
    private static partial Regex Hash();

    [GeneratedRegex("whsec_[A-Za-z0-9+/]{43}=")]
    private static partial Regex Secret();

    [GeneratedRegex("(?<=key:|\"id\": \")[0-9a-f]{12}\\b")]
    private static partial Regex KeyName();

    [GeneratedRegex(@"\b[0-9a-f]{32}\b")]
    private static partial Regex ImportId();
}
