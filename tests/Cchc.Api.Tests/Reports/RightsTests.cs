using System.Net;
using System.Text;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Reports;

/// <summary>Every operation by every role on the caller's own, a subordinate and a foreign unit: let in, not known, or refused.</summary>
public sealed class RightsTests
{
    private static readonly string[] Units = ["D474", "C19750", "D476", "SNV"];

    private static readonly Who[] Callers =
    [
        new("anonymous", null, null), new("reporter D474", Role.Reporter, "D474"), new("reviewer D474", Role.Reviewer, "D474"),
        new("reporter C19750", Role.Reporter, "C19750"), new("reporter SNV", Role.Reporter, "SNV"), new("reviewer SNV", Role.Reviewer, "SNV"),
        new("monitor STTTT", Role.Monitor, "STTTT"), new("monitor", Role.Monitor, null), new("administrator", Role.Administrator, null),
    ];

    private const string Report = HttpExtensions.Plan + "/reports/2022-H1/{unit}";

    private const string Obstacle = HttpExtensions.Plan + "/obstacles/1";

    private static readonly Operation[] Operations =
    [
        new("listPlans", "GET", "/v1/plans", Public),
        new("getPlan", "GET", HttpExtensions.Plan, Public),
        new("listTargets", "GET", HttpExtensions.Plan + "/targets", Public),
        new("getTarget", "GET", HttpExtensions.Plan + "/targets/II.3.a", Public),
        new("listTasks", "GET", HttpExtensions.Plan + "/tasks", Public),
        new("getTask", "GET", HttpExtensions.Plan + "/tasks/III.2.e", Public),
        new("getTaskSummary", "GET", HttpExtensions.Plan + "/tasks/summary", Public),
        new("reassignTask", "POST", HttpExtensions.Plan + "/tasks/III.2.e/lead", MayLead),
        new("listPeriods", "GET", HttpExtensions.Plan + "/periods", Public),
        new("copyPlan", "POST", "/v1/plans", IsAdministrator),
        new("getPlanDefinition", "GET", HttpExtensions.Plan + "/definition", Public),
        new("putPlanDefinition", "PUT", HttpExtensions.Plan + "/definition", IsAdministrator),
        new("enactPlan", "POST", HttpExtensions.Plan + "/enact", IsAdministrator),
        new("putPlanRules", "PUT", HttpExtensions.Plan + "/rules", IsAdministrator),
        new("deletePlan", "DELETE", HttpExtensions.Plan, IsAdministrator),
        new("listAmendments", "GET", HttpExtensions.Plan + "/amendments", Public),
        new("amendPlan", "POST", HttpExtensions.Plan + "/amendments", IsAdministrator),
        new("getPeriod", "GET", HttpExtensions.Plan + "/periods/2022-H1", Public),
        new("putPeriod", "PUT", HttpExtensions.Plan + "/periods/2022-H1", MayLead),
        new("listUnits", "GET", "/v1/units", Public),
        new("getUnit", "GET", "/v1/units/{unit}", Public),
        new("getCompletion", "GET", HttpExtensions.Plan + "/completion", Public),
        new("getCompletion", "GET", HttpExtensions.Plan + "/completion?lens=provisional", SignedIn),
        new("explainTarget", "GET", HttpExtensions.Plan + "/completion/targets/II.3.a", Public),
        new("explainTarget", "GET", HttpExtensions.Plan + "/completion/targets/II.3.a?lens=provisional", SignedIn),
        new("rankUnits", "GET", HttpExtensions.Plan + "/completion/units", Public),
        new("rankUnits", "GET", HttpExtensions.Plan + "/completion/units?lens=provisional", SignedIn),
        new("getUnitCompletion", "GET", HttpExtensions.Plan + "/completion/units/{unit}", Public),
        new("getUnitCompletion", "GET", HttpExtensions.Plan + "/completion/units/{unit}?lens=provisional", MayRead),
        new("listCompletionRows", "GET", HttpExtensions.Plan + "/completion/rows?limit=1", Public),
        new("listCompletionRows", "GET", HttpExtensions.Plan + "/completion/rows?limit=1&lens=provisional", SignedIn),
        new("getCompletionSeries", "GET", HttpExtensions.Plan + "/completion/series", Public),
        new("getCompletionSeries", "GET", HttpExtensions.Plan + "/completion/series?lens=provisional", SignedIn),
        new("compareCompletion", "GET", HttpExtensions.Plan + "/completion/comparison", Public),
        new("compareCompletion", "GET", HttpExtensions.Plan + "/completion/comparison?lens=provisional", SignedIn),
        new("drawGroups", "GET", HttpExtensions.Plan + "/pictures/groups", Public),
        new("drawGroups", "GET", HttpExtensions.Plan + "/pictures/groups?lens=provisional", SignedIn),
        new("drawDistricts", "GET", HttpExtensions.Plan + "/pictures/districts", Public),
        new("drawDistricts", "GET", HttpExtensions.Plan + "/pictures/districts?lens=provisional", SignedIn),
        new("drawSeries", "GET", HttpExtensions.Plan + "/pictures/series", Public),
        new("drawSeries", "GET", HttpExtensions.Plan + "/pictures/series?lens=provisional", SignedIn),
        new("drawTarget", "GET", HttpExtensions.Plan + "/pictures/targets/II.3.a", Public),
        new("drawTarget", "GET", HttpExtensions.Plan + "/pictures/targets/II.3.a?lens=provisional", SignedIn),
        new("getCompliance", "GET", HttpExtensions.Plan + "/compliance", Public),
        new("getCompliance", "GET", HttpExtensions.Plan + "/compliance?lens=provisional", SignedIn),
        new("getUnitCompliance", "GET", HttpExtensions.Plan + "/compliance/units/{unit}", Public),
        new("getUnitCompliance", "GET", HttpExtensions.Plan + "/compliance/units/{unit}?lens=provisional", MayRead),
        new("listResults", "GET", HttpExtensions.Plan + "/periods/2022-Q1/results", Public),
        new("getResult", "GET", HttpExtensions.Plan + "/periods/2022-Q1/results/1", Public),
        new("freezeResult", "POST", HttpExtensions.Plan + "/periods/2022-Q1/results", MayLead),
        new("getCatalog", "GET", "/v1/catalog", Public),
        new("listIndicators", "GET", HttpExtensions.Plan + "/indicators", Public),
        new("getIndicator", "GET", HttpExtensions.Plan + "/indicators/II.3.a", Public),
        new("listChanges", "GET", "/v1/changes", Public),
        new("followChanges", "GET", "/v1/events?follow=false&from=start", Public),
        new("listReports", "GET", HttpExtensions.Plan + "/reports", SignedIn),
        new("getReport", "GET", Report, MayRead),
        new("listRevisions", "GET", Report + "/revisions", MayRead),
        new("getRevision", "GET", Report + "/revisions/1", MayRead),
        new("putReport", "PUT", Report, MayWrite),
        new("submitReport", "POST", Report + "/submit", MayWrite),
        new("withdrawReport", "POST", Report + "/withdraw", MayWrite),
        new("approveReport", "POST", Report + "/approve", MayReview),
        new("approveReports", "POST", HttpExtensions.Plan + "/report-approvals", (who, _) => who.Role is Role.Reviewer or Role.Administrator),
        new("returnReport", "POST", Report + "/return", MayReview),
        new("reopenReport", "POST", Report + "/reopen", MayReview),
        new("getReportTemplate", "GET", HttpExtensions.Plan + "/report-template?period=2022-H1&unit={unit}", MayRead),
        new("importReports", "POST", HttpExtensions.Plan + "/report-imports", (who, _) => who.Role is Role.Reporter or Role.Administrator),
        new("listImports", "GET", HttpExtensions.Plan + "/report-imports", SignedIn),
        new("getImport", "GET", "/v1/report-imports/{import}", MayFollow),
        new("listImportRows", "GET", "/v1/report-imports/{import}/rows", MayFollow),
        new("getRejectedRows", "GET", "/v1/report-imports/{import}/rejected", MayFollow),
        new("cancelImport", "DELETE", "/v1/report-imports/{import}", (who, _) => who.Name is "reporter D474" or "administrator"),
        new("listObstacles", "GET", HttpExtensions.Plan + "/obstacles", SignedIn),
        new("raiseObstacle", "POST", HttpExtensions.Plan + "/obstacles", (who, _) => who.Role is Role.Reporter or Role.Administrator),
        new("getObstacle", "GET", Obstacle, MayReadObstacle),
        new("commentObstacle", "POST", Obstacle + "/comment", MayReadObstacle),
        new("assignObstacle", "POST", Obstacle + "/assign", MayLead),
        new("answerObstacle", "POST", Obstacle + "/answer", MayLead),
        new("escalateObstacle", "POST", Obstacle + "/escalate", MayLead),
        new("closeObstacle", "POST", Obstacle + "/close", MayClose),
        new("reopenObstacle", "POST", Obstacle + "/reopen", MayClose),
        new("listAuditEntries", "GET", "/v1/audit", IsAdministrator),
        new("listKeys", "GET", "/v1/api-keys", IsAdministrator),
        new("listWebhooks", "GET", "/v1/webhooks", IsAdministrator),
        new("getWebhook", "GET", "/v1/webhooks/none", IsAdministrator),
        new("createWebhook", "POST", "/v1/webhooks", IsAdministrator),
        new("putWebhook", "PUT", "/v1/webhooks/none", IsAdministrator),
        new("deleteWebhook", "DELETE", "/v1/webhooks/none", IsAdministrator),
        new("rotateWebhook", "POST", "/v1/webhooks/none/rotate", IsAdministrator),
        new("pingWebhook", "POST", "/v1/webhooks/none/ping", IsAdministrator),
        new("listDeliveries", "GET", "/v1/webhooks/none/deliveries", IsAdministrator),
        new("replayDeliveries", "POST", "/v1/webhooks/none/replay", IsAdministrator),
        new("getKey", "GET", "/v1/api-keys/none", IsAdministrator),
        new("createKey", "POST", "/v1/api-keys", IsAdministrator),
        new("rotateKey", "POST", "/v1/api-keys/none/rotate", IsAdministrator),
        new("revokeKey", "DELETE", "/v1/api-keys/none", IsAdministrator),
    ];

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Every_operation_knows_its_callers(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var clients = new Dictionary<string, HttpClient> { ["anonymous"] = api.Anonymous };
        foreach (var who in Callers.Where(who => who.Role is not null))
        {
            clients[who.Name] = await api.KeyAsync(who.Role!.Value, who.Unit);
        }

        var import = await clients["reporter D474"].SendJsonAsync(
            HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports?dryRun=true",
            """[{"unit":"D474","period":"2022-H1","target":"II.3.a","numerator":1,"total":2}]""");
        Assert.Equal(HttpStatusCode.OK, import.StatusCode);
        var obstacle = await clients["reporter D474"].SendJsonAsync(
            HttpMethod.Post, $"{HttpExtensions.Plan}/obstacles", """{"title":"Mạng chậm","description":"Không gửi được hồ sơ"}""");
        Assert.Equal(1, (int)(await obstacle.JsonAsync())["number"]!);
        var importId = (string)(await import.JsonAsync())["id"]!;
        var (cells, wrong) = (0, new List<string>());
        foreach (var operation in Operations)
        {
            foreach (var unit in operation.Path.Contains("{unit}", StringComparison.Ordinal) ? Units : [""])
            {
                foreach (var who in Callers)
                {
                    // Without a body or a known report the operation ends early, but never before the rights are judged.
                    using var request = new HttpRequestMessage(
                        new HttpMethod(operation.Method),
                        operation.Path.Replace("{unit}", unit, StringComparison.Ordinal).Replace("{import}", importId, StringComparison.Ordinal));
                    request.Content = operation.Method is "PUT" or "POST" ? new StringContent("{}", Encoding.UTF8, "application/json") : null;
                    using var response = await clients[who.Name].SendAsync(request);
                    var expected = operation.Lets(who, unit) ? "let in" : who.Role is null ? "not known" : "refused";
                    var seen = response.StatusCode switch
                    {
                        HttpStatusCode.Unauthorized => "not known",
                        HttpStatusCode.Forbidden => "refused",
                        _ => "let in",
                    };
                    cells++;
                    if (seen != expected || (int)response.StatusCode >= 500)
                    {
                        wrong.Add($"{operation.Method} {operation.Path} {unit} by {who.Name}: {seen} ({(int)response.StatusCode}), not {expected}");
                    }
                }
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(Operations.Sum(each => each.Path.Contains("{unit}", StringComparison.Ordinal) ? Units.Length : 1) * Callers.Length, cells);
        foreach (var client in clients.Values.Skip(1))
        {
            client.Dispose();
        }
    }

    [Fact]
    public async Task Every_operation_of_the_contract_is_in_the_table()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var operations = contract["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(each => (string)each.Value!["operationId"]!);
        Assert.Equal(operations.Order(StringComparer.Ordinal), Operations.Select(each => each.Id).Distinct().Order(StringComparer.Ordinal));
    }

    private static bool Public(Who who, string unit) => true;

    private static bool SignedIn(Who who, string unit) => who.Role is not null;

    // The rules once more, by hand: Sở Nội vụ leads, and a district reaches its commune C19750.
    private static bool MayRead(Who who, string unit) =>
        who.Role is Role.Monitor or Role.Administrator || who.Unit == "SNV" || IsInReach(who, unit);

    private static bool MayWrite(Who who, string unit) => who.Role == Role.Administrator || (who.Role == Role.Reporter && IsInReach(who, unit));

    private static bool MayReview(Who who, string unit) =>
        who.Role == Role.Administrator || (who.Role == Role.Reviewer && who.Unit != unit && (who.Unit == "SNV" || IsInReach(who, unit)));

    private static bool IsAdministrator(Who who, string unit) => who.Role == Role.Administrator;

    private static bool MayLead(Who who, string unit) => who.Role == Role.Administrator || who.Name == "reviewer SNV";

    // The obstacle of the table is D474's, and lies with Sở Nội vụ.
    private static bool MayReadObstacle(Who who, string unit) => MayRead(who, "D474");

    private static bool MayClose(Who who, string unit) => MayLead(who, unit) || who.Name == "reporter D474";

    private static bool MayFollow(Who who, string unit) =>
        who.Role is Role.Monitor or Role.Administrator || who.Name is "reporter D474";

    private static bool IsInReach(Who who, string unit) => who.Unit == unit || (who.Unit == "D474" && unit == "C19750");

    private sealed record Who(string Name, Role? Role, string? Unit);

    private sealed record Operation(string Id, string Method, string Path, Func<Who, string, bool> Lets);
}
