using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Plans;

/// <summary>Days are those of a plan's years, and the end of time stops no page, wherever it came from.</summary>
public sealed class DayTests
{
    private const string Plan = HttpExtensions.Plan;

    [Theory]
    [InlineData("9999-12-31")]
    [InlineData("2028-01-01")]
    [InlineData("0001-01-01")]
    public async Task A_day_beyond_the_years_of_a_plan_is_refused_wherever_it_is_given(string day)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""");
        foreach (var (method, path, body, pointer) in new[]
        {
            (HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"@","reason":"a"}""", "/dueOn"),
            (HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"2022-06-20","lockOn":"@","reason":"a"}""", "/lockOn"),
            (HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"2022-06-20","deadlines":[{"level":"commune","dueOn":"@"}],"reason":"a"}""", "/deadlines/0/dueOn"),
            (HttpMethod.Post, $"{Plan}/amendments", """{"number":"1","issuedOn":"@","effectiveOn":"2022-07-01","reason":"a","targets":[{"target":"II.3.a","weight":2}]}""", "/issuedOn"),
            (HttpMethod.Post, $"{Plan}/amendments", """{"number":"1","issuedOn":"2022-06-01","effectiveOn":"@","reason":"a","targets":[{"target":"II.3.a","weight":2}]}""", "/effectiveOn"),
            (HttpMethod.Post, $"{Plan}/tasks/III.2.e/lead", """{"unit":"STP","from":"@","reason":"a"}""", "/from"),
            (HttpMethod.Post, $"{Plan}/reports/2022-H1/STP/reopen", """{"until":"@","reason":"a"}""", "/until"),
            (HttpMethod.Post, $"{Plan}/obstacles/1/assign", """{"unit":"STC","dueOn":"@"}""", "/dueOn"),
            (HttpMethod.Post, "/v1/api-keys", """{"role":"monitor","expiresAt":"@T12:00:00Z"}""", "/expiresAt"),
            (HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2022-b","number":"1","year":2022,"issuedOn":"@","signedBy":"A"}""", "/issuedOn"),
        })
        {
            var response = await administrator.SendJsonAsync(method, path, body.Replace("@", day, StringComparison.Ordinal), method == HttpMethod.Put ? "*" : null);
            Assert.True(response.StatusCode == HttpStatusCode.UnprocessableEntity, $"{path}: {await response.Content.ReadAsStringAsync()}");
            Assert.Contains(pointer, (await response.JsonAsync())["errors"]!.AsArray().Select(error => (string?)error!["pointer"]));
        }

        await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2022-b","number":"1","year":2022,"issuedOn":"2022-01-01","signedBy":"A"}""");
        var definition = await administrator.GetJsonAsync("/v1/plans/cchc-2022-b/definition");
        foreach (var member in new[] { "dataFrom", "dataTo", "dueOn", "lockOn" })
        {
            var given = JsonNode.Parse(definition.ToJsonString())!;
            given["periods"]![1]![member] = day;
            var response = await administrator.SendJsonAsync(HttpMethod.Put, "/v1/plans/cchc-2022-b/definition", given.ToJsonString(), "*");
            Assert.Contains($"/periods/1/{member}", (await response.JsonAsync())["errors"]!.AsArray().Select(error => (string?)error!["pointer"]));
        }
    }

    [Fact]
    public async Task A_year_too_far_by_mistake_closes_neither_amendments_nor_leads()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string amendment = """{"number":"@n","issuedOn":"2022-06-01","effectiveOn":"@d","reason":"a","targets":[{"target":"II.3.a","weight":2}]}""";
        foreach (var (number, day, status) in new[]
        {
            ("1", "2023-07-01", 422), ("1\\n2", "2022-07-01", 422), ("1", "2022-07-01", 201), ("2", "2022-12-14", 201), ("3", "2022-12-14", 422),
        })
        {
            var body = amendment.Replace("@n", number, StringComparison.Ordinal).Replace("@d", day, StringComparison.Ordinal);
            var response = await administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/amendments", body);
            Assert.Equal(status, (int)response.StatusCode);
            if (number == "3")
            {
                Assert.Equal("amendment.tooLate", (string?)(await response.JsonAsync())["errors"]![0]!["code"]);
            }
        }

        foreach (var (from, status) in new[] { ("2024-01-01", 422), ("2023-12-14", 200) })
        {
            var response = await administrator.SendJsonAsync(
                HttpMethod.Post, $"{Plan}/tasks/III.2.e/lead", $$"""{"unit":"STP","from":"{{from}}","reason":"a"}""");
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task The_last_days_that_may_be_given_are_taken_and_leave_every_page_readable()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"2027-12-31","lockOn":"2027-12-31","reason":"a"}"""),
            (HttpMethod.Post, $"{Plan}/amendments", """{"number":"1","issuedOn":"2021-01-01","effectiveOn":"2022-12-14","reason":"a","targets":[{"target":"II.3.a","weight":2}]}"""),
            (HttpMethod.Post, $"{Plan}/tasks/III.2.e/lead", """{"unit":"STP","from":"2023-12-14","reason":"a"}"""),
            (HttpMethod.Post, "/v1/api-keys", """{"role":"monitor","expiresAt":"2027-06-18T09:00:00+07:00"}"""),
        })
        {
            var response = await administrator.SendJsonAsync(method, path, body, method == HttpMethod.Put ? "*" : null);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
        }

        await ReadAllAsync(administrator);
    }

    [Fact]
    public async Task A_stored_day_at_an_end_of_time_leaves_every_page_readable()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""");
        await administrator.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", """{"role":"monitor","expiresAt":"2023-01-01T00:00:00Z"}""");
        await using var connection = new SqliteConnection(api.ConnectionString);
        foreach (var sql in new[]
        {
            "UPDATE periods SET due_on = '9999-12-31', lock_on = '9999-12-31' WHERE code <> '2022-Q1'",
            "UPDATE periods SET data_from = '0001-01-01' WHERE cumulative = 1", "UPDATE obstacles SET due_on = '9999-12-31'",
            "INSERT INTO period_deadlines (period_id, level, due_on) SELECT period_id, 'commune', '9999-12-31' FROM periods WHERE code <> '2022-Q1'",
            "UPDATE api_keys SET expires_at = '9999-12-31T23:59:59.999Z' WHERE role = 'monitor'",
            "UPDATE plans SET issued_on = '0001-01-01'", "UPDATE unit_versions SET valid_to = '9999-12-31' WHERE valid_to IS NULL",
            "UPDATE data_versions SET version = version + 1",
        })
        {
            await connection.ExecuteAsync(sql);
        }

        api.Time.Advance(TimeSpan.FromSeconds(1));
        await ReadAllAsync(administrator);
        var copied = await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2099","number":"1","year":2099,"issuedOn":"2099-01-01","signedBy":"A"}""");
        Assert.True(copied.StatusCode == HttpStatusCode.Created, await copied.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(
            HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"2022-06-20","reason":"a"}""", "*")).StatusCode);
    }

    [Fact]
    public async Task A_question_about_an_end_of_time_is_answered_or_refused()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        string[] instants =
        [
            "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59-07:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B07:00", "0001-01-01T07:00:00%2B07:00",
        ];
        string[] paths =
        [
            $"{Plan}/completion?asOf=", $"{Plan}/compliance?asOf=", $"{Plan}/completion/units?asOf=", $"{Plan}/completion/rows?asOf=",
            $"{Plan}/completion/series?asOf=", $"{Plan}/reports?updatedAfter=", $"{Plan}/reports?asOf=", $"{Plan}/reports/2022-H1/STP?asOf=",
            "/v1/audit?from=", "/v1/audit?to=",
        ];
        foreach (var path in paths.SelectMany(path => instants.Select(instant => path + instant))
            .Concat(["/v1/units?asOf=9999-12-31", "/v1/units?asOf=0001-01-01", "/v1/units/STP?asOf=9999-12-31", "/v1/units/STP?asOf=0001-01-01"]))
        {
            var response = await administrator.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True((int)response.StatusCode < 500, $"{path}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static async Task ReadAllAsync(HttpClient client)
    {
        foreach (var path in new[]
        {
            "/v1/plans", Plan, $"{Plan}/periods", $"{Plan}/periods/2022-H1", $"{Plan}/targets", $"{Plan}/tasks", $"{Plan}/tasks/summary", $"{Plan}/tasks/III.2.e",
            $"{Plan}/definition", $"{Plan}/amendments", $"{Plan}/completion", $"{Plan}/completion?period=2022-H1", $"{Plan}/completion?period=2022-FY",
            $"{Plan}/completion?period=2022-H1&lens=provisional", $"{Plan}/completion/units?period=2022-H1", $"{Plan}/completion/units/STP?period=2022-H1",
            $"{Plan}/completion/targets/II.3.a?period=2022-H1", $"{Plan}/completion/series", $"{Plan}/completion/rows?period=2022-H1",
            $"{Plan}/completion/rows?period=2022-H1&format=jsonstat", $"{Plan}/compliance?period=2022-H1", $"{Plan}/compliance/units/STP",
            $"{Plan}/indicators", $"{Plan}/pictures/groups?period=2022-H1", $"{Plan}/pictures/series", $"{Plan}/reports?period=2022-H1",
            $"{Plan}/reports/2022-H1/STP", $"{Plan}/report-template?period=2022-H1&unit=STP", $"{Plan}/obstacles", "/v1/api-keys", "/v1/units", "/v1/units/STP",
            "/v1/catalog", "/v1/changes",
        })
        {
            var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }
}
