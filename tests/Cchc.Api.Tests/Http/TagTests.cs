using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Http;

/// <summary>Every GET in every language and role, before and after each kind of write and as days pass.</summary>
public sealed class TagTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Report = $"{Plan}/reports/2022-H1/STP";
    private const string District = $"{Plan}/reports/2022-H1/D474";

    private static readonly (string Operation, string[] Addresses)[] Reads =
    [
        ("listPlans", ["/v1/plans", "/v1/plans?limit=1"]),
        ("getPlan", [Plan, "/v1/plans/cchc-2023"]),
        ("getPlanDefinition", [$"{Plan}/definition", "/v1/plans/cchc-2023/definition"]),
        ("listAmendments", [$"{Plan}/amendments"]),
        ("listTargets", [$"{Plan}/targets", $"{Plan}/targets?group=II.3", $"{Plan}/targets?level=commune&limit=3"]),
        ("getTarget", [$"{Plan}/targets/II.3.a"]),
        ("listTasks", [$"{Plan}/tasks", $"{Plan}/tasks?overdue=true", $"{Plan}/tasks?lead=STTTT"]),
        ("getTask", [$"{Plan}/tasks/III.1.a", $"{Plan}/tasks/III.6.a"]),
        ("getTaskSummary", [$"{Plan}/tasks/summary"]),
        ("listPeriods", [$"{Plan}/periods"]),
        ("getPeriod", [$"{Plan}/periods/2022-H1", $"{Plan}/periods/2022-Q3"]),
        ("getCatalog", ["/v1/catalog"]),
        ("listIndicators", [$"{Plan}/indicators"]),
        ("getIndicator", [$"{Plan}/indicators/II.3.a"]),
        ("listUnits", ["/v1/units", "/v1/units?level=district", "/v1/units?asOf=2025-07-01"]),
        ("getUnit", ["/v1/units/D474", "/v1/units/D474?asOf=2024-12-31"]),
        ("listReports", [$"{Plan}/reports", $"{Plan}/reports?period=2022-H1&status=approved", $"{Plan}/reports?awaiting=lead"]),
        ("getReport", [Report, District]),
        ("listRevisions", [$"{Report}/revisions"]),
        ("getRevision", [$"{Report}/revisions/1", $"{Report}/revisions/2"]),
        ("getReportTemplate", [$"{Plan}/report-template?period=2022-H1&unit=STP"]),
        ("listImports", [$"{Plan}/report-imports"]),
        ("getImport", ["/v1/report-imports/{import}"]),
        ("listImportRows", ["/v1/report-imports/{import}/rows"]),
        ("getRejectedRows", ["/v1/report-imports/{import}/rejected"]),
        ("getCompletion", [$"{Plan}/completion", $"{Plan}/completion?lens=provisional", $"{Plan}/completion?period=2022-H1&basis=period"]),
        ("explainTarget", [$"{Plan}/completion/targets/II.3.a?period=2022-H1", $"{Plan}/completion/targets/II.3.a?lens=provisional&period=2022-H1"]),
        ("rankUnits", [$"{Plan}/completion/units", $"{Plan}/completion/units?lens=provisional&sort=name&limit=5"]),
        ("getUnitCompletion", [$"{Plan}/completion/units/STP?period=2022-H1", $"{Plan}/completion/units/D474?scope=subtree&lens=provisional"]),
        ("listCompletionRows",
        [
            $"{Plan}/completion/rows?limit=5", $"{Plan}/completion/rows?groupBy=unit&format=csv", $"{Plan}/completion/rows?groupBy=value&lens=provisional&limit=50",
            $"{Plan}/completion/rows?groupBy=district&format=jsonstat", $"{Plan}/completion/rows?groupBy=unit&format=sdmx&period=2022-H1",
        ]),
        ("getCompletionSeries", [$"{Plan}/completion/series", $"{Plan}/completion/series?unit=STP&lens=provisional"]),
        ("compareCompletion", [$"{Plan}/completion/comparison", $"{Plan}/completion/comparison?period=2022-H1&with=2022-Q1&format=csv"]),
        ("drawGroups", [$"{Plan}/pictures/groups", $"{Plan}/pictures/groups?lang=en"]),
        ("drawDistricts", [$"{Plan}/pictures/districts?period=2022-H1"]),
        ("drawSeries", [$"{Plan}/pictures/series?target=II.3.a"]),
        ("drawTarget", [$"{Plan}/pictures/targets/II.3.a?period=2022-H1", $"{Plan}/pictures/targets/II.3.a?lens=provisional"]),
        ("getCompliance", [$"{Plan}/compliance?period=2022-H1", $"{Plan}/compliance?lens=provisional&overdue=true"]),
        ("getUnitCompliance", [$"{Plan}/compliance/units/STP", $"{Plan}/compliance/units/STP?lens=provisional"]),
        ("listResults", [$"{Plan}/periods/2022-Q1/results"]),
        ("getResult", [$"{Plan}/periods/2022-Q1/results/1"]),
        ("listObstacles", [$"{Plan}/obstacles", $"{Plan}/obstacles?overdue=true"]),
        ("getObstacle", [$"{Plan}/obstacles/1"]),
        ("listChanges", ["/v1/changes?limit=1000", "/v1/changes?kind=report.approved"]),
        ("listAuditEntries", ["/v1/audit?limit=5"]),
        ("listKeys", ["/v1/api-keys"]),
        ("getKey", ["/v1/api-keys/{key}"]),
        ("listWebhooks", ["/v1/webhooks"]),
        ("getWebhook", ["/v1/webhooks/{webhook}"]),
        ("listDeliveries", ["/v1/webhooks/{webhook}/deliveries"]),
    ];

    // Addresses with {…} are of what an earlier step made. A step of a number of days moves the clock alone.
    private static readonly Step[] Steps =
    [
        new("PUT", Report, """{"values":[{"target":"II.3.a","numerator":1,"total":2,"note":"a"}],"tasks":[{"task":"III.1.a","status":"done"}]}""", IsNew: true),
        new("POST", $"{Report}/submit"),
        new("POST", $"{Report}/withdraw"),
        new("POST", $"{Report}/submit"),
        new("POST", $"{Report}/return", """{"reason":"Số liệu chưa khớp"}"""),
        new("PUT", Report, """{"values":[{"target":"II.3.a","numerator":3,"total":4,"note":"b"}]}"""),
        new("POST", $"{Report}/submit"),
        new("POST", $"{Report}/approve"),
        new("POST", $"{Report}/reopen", """{"reason":"Đính chính"}"""),
        new("POST", $"{Plan}/obstacles", """{"unit":"STP","title":"Mạng chậm","description":"Không gửi được"}"""),
        new("POST", $"{Plan}/obstacles/1/assign", """{"unit":"STTTT","dueOn":"2022-06-20"}"""),
        new("POST", $"{Plan}/obstacles/1/answer", """{"text":"Đã khắc phục"}"""),
        new("PUT", $"{Plan}/periods/2022-H1",
            """{"dueOn":"2022-06-17","lockOn":"2022-07-30","deadlines":[{"level":"commune","dueOn":"2022-06-16"}],"reason":"Công văn 12"}"""),
        new("POST", $"{Plan}/tasks/III.6.a/lead", """{"unit":"VPUB","from":"2022-06-19","reason":"Quyết định 120/QĐ-UBND"}"""),
        new("POST", $"{Plan}/amendments",
            """
            {"number":"210/KH-UBND","issuedOn":"2022-06-18","effectiveOn":"2022-06-20","reason":"Điều chỉnh",
             "targets":[{"target":"II.3.a","weight":3,"lines":[{"level":"commune","operator":"atLeast","threshold":10}]}]}
            """),
        new("POST", "/v1/api-keys", """{"role":"reporter","unit":"D474","label":"Một cửa"}""", "key"),
        new("POST", "/v1/api-keys/{key}/rotate", "{}"),
        new("POST", "/v1/webhooks", """{"url":"https://hook.invalid/cchc","kinds":["report.approved"]}""", "webhook"),
        new("PUT", "/v1/webhooks/{webhook}", """{"url":"https://hook.invalid/cchc","description":"Bảng","kinds":["report.approved"]}"""),
        new("POST", $"{Plan}/report-imports?mode=partial",
            """
            [{"unit":"D474","period":"2022-H1","target":"II.3.a","numerator":5,"total":9},
             {"unit":"D474","period":"2022-H1","target":"II.3.a","numerator":1.5,"total":9}]
            """,
            "import"),
        new("POST", $"{Plan}/report-imports",
            """[{"unit":"D474","period":"2022-H1","target":"II.10.a","done":true},{"unit":"C19759","period":"2022-H1","target":"II.3.a","numerator":5,"total":9}]"""),
        new("POST", $"{Plan}/periods/2022-Q1/results", """{"reason":"Tổng hợp quý I"}"""),
        new(Days: 1),
        new(Days: 2),
        new("POST", $"{Plan}/report-approvals", """{"period":"2022-H1","under":"TTH"}"""),
        new("PUT", $"{Plan}/rules", """{"districtApproval":true,"reason":"Công văn 15"}"""),
        new("POST", "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"Nguyễn Văn Phương"}"""),
        new("DELETE", "/v1/api-keys/{key}"),
        new("POST", "/v1/webhooks/{webhook}/rotate", "{}"),
        new("DELETE", "/v1/webhooks/{webhook}"),
        new("POST", $"{Plan}/obstacles/1/close"),
        new(Days: 45),
        new("DELETE", "/v1/plans/cchc-2023"),
        new(Days: 200),
    ];

    private static readonly (Role Role, string? Unit)[] Callers =
    [
        (Role.Administrator, null), (Role.Reviewer, "SNV"), (Role.Monitor, "STTTT"), (Role.Reviewer, "D474"), (Role.Reporter, "STP"),
        (Role.Reporter, "C19750"),
    ];

    [Fact]
    public async Task One_tag_is_never_of_two_bodies()
    {
        await using var office = await Office.OpenAsync();
        await office.ReadAllAsync();
        foreach (var step in Steps)
        {
            await office.TakeAsync(step);
            await office.ReadAllAsync();
        }

        Assert.Empty(office.Faults);
        Assert.True(office.Bodies > 1000, $"{office.Bodies} bodies");
    }

    [Fact]
    public async Task What_was_known_at_an_instant_never_changes()
    {
        await using var office = await Office.OpenAsync();
        foreach (var step in Steps[..6])
        {
            await office.TakeAsync(step);
        }

        var instant = office.Now.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        await office.TakeAsync(new Step(Days: 1));
        var asked = (from operation in await office.OperationsAsync("asOf")
                     where operation is not ("listUnits" or "getUnit")
                     from address in Reads.First(each => each.Operation == operation).Addresses
                     select $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}asOf={Uri.EscapeDataString(instant)}").ToList();
        var before = await office.ReadAsync(asked);
        Assert.Contains(before, each => each.Status == HttpStatusCode.OK);
        foreach (var step in Steps[6..])
        {
            await office.TakeAsync(step);
        }

        Assert.Empty(before.Except(await office.ReadAsync(asked)).Select(each => each.Address).Distinct());
    }

    [Fact]
    public async Task Every_GET_of_the_contract_is_asked()
    {
        await using var office = await Office.OpenAsync();
        var operations = (await office.OperationsAsync()).Where(operation => operation != "followChanges");
        Assert.Equal(operations.Order(StringComparer.Ordinal), Reads.Select(each => each.Operation).Order(StringComparer.Ordinal));
    }

    private sealed record Step(string Method = "", string Address = "", string? Body = null, string? Makes = null, int Days = 0, bool IsNew = false);

    private sealed record Seen(string Address, HttpStatusCode Status, string? Tag, string Body);

    /// <summary>A server with sample data, its callers, and the body that each tag was first seen with.</summary>
    private sealed class Office(ApiHost api, HttpClient administrator, IReadOnlyList<HttpClient> callers) : IAsyncDisposable
    {
        private readonly Dictionary<string, Seen> _tags = [];
        private readonly Dictionary<string, string> _made = [];

        public List<string> Faults { get; } = [];

        public int Bodies => _tags.Count;

        public DateTimeOffset Now => api.Time.GetUtcNow();

        public static async Task<Office> OpenAsync()
        {
            var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
            await api.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<Cchc.Api.Webhooks.WebhookWorker>().Single().StopAsync(default);
            List<HttpClient> callers = [Client(api, null, "vi"), Client(api, null, "en")];
            foreach (var (role, unit) in Callers)
            {
                using var keyed = await api.KeyAsync(role, unit);
                callers.Add(Client(api, keyed.DefaultRequestHeaders.Authorization, "vi"));
                callers.AddRange(role is Role.Administrator or Role.Reporter ? [Client(api, keyed.DefaultRequestHeaders.Authorization, "en")] : []);
            }

            return new Office(api, await api.KeyAsync(Role.Administrator), callers);
        }

        public async Task<IReadOnlyList<string>> OperationsAsync(string? parameter = null) =>
        [
            .. from path in (await api.Anonymous.GetJsonAsync("/openapi/v1.json"))["paths"]!.AsObject()
               let operation = path.Value!["get"]
               where operation is not null
                   && (parameter is null || operation["parameters"]?.AsArray().Any(each => (string?)each!["name"] == parameter) == true)
               select (string)operation["operationId"]!,
        ];

        public async Task TakeAsync(Step step)
        {
            // A second passes, so that each write has an instant of its own.
            api.Time.Advance(TimeSpan.FromDays(step.Days) + TimeSpan.FromSeconds(1));
            if (step.Method.Length == 0)
            {
                return;
            }

            var response = await administrator.SendJsonAsync(new HttpMethod(step.Method), Known(step.Address), step.Body, step is { Method: "PUT", IsNew: false } ? "*" : null);
            Assert.True(response.IsSuccessStatusCode, $"{step.Method} {step.Address}: {await response.Content.ReadAsStringAsync()}");
            if (step.Makes is not null)
            {
                _made[step.Makes] = (string)(await response.JsonAsync())["id"]!;
            }
        }

        public async Task ReadAllAsync()
        {
            foreach (var seen in await ReadAsync(Reads.SelectMany(each => each.Addresses).Select(Known)))
            {
                if (seen.Tag is not null && !_tags.TryAdd(seen.Tag, seen) && _tags[seen.Tag].Body != seen.Body)
                {
                    Faults.Add($"{seen.Tag}: {_tags[seen.Tag].Address} and {seen.Address}");
                }
            }
        }

        public async Task<IReadOnlyList<Seen>> ReadAsync(IEnumerable<string> addresses)
        {
            var seen = new List<Seen>();
            foreach (var address in addresses)
            {
                foreach (var client in callers)
                {
                    using var response = await client.GetAsync(new Uri(address, UriKind.Relative));
                    Assert.True((int)response.StatusCode < 500, address);
                    var body = await response.Content.ReadAsByteArrayAsync();
                    seen.Add(response.IsSuccessStatusCode
                        ? new Seen(address, response.StatusCode, response.Headers.ETag?.ToString(), Convert.ToHexString(SHA256.HashData(body)))
                        : new Seen(address, response.StatusCode, null, ""));
                }
            }

            return seen;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var client in callers.Append(administrator))
            {
                client.Dispose();
            }

            await api.DisposeAsync();
        }

        private string Known(string address) => _made.Aggregate(address, (text, made) => text.Replace($"{{{made.Key}}}", made.Value, StringComparison.Ordinal));

        // Without the check against the contract, which would take most of the time.
        private static HttpClient Client(ApiHost api, AuthenticationHeaderValue? credential, string language)
        {
            var client = api.CreateDefaultClient();
            client.DefaultRequestHeaders.Authorization = credential;
            client.DefaultRequestHeaders.AcceptLanguage.ParseAdd(language);
            return client;
        }
    }
}
