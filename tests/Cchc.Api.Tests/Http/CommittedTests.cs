using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Http;

/// <summary>The database goes away just after the commit of a write: its response says all the same what was done.</summary>
public sealed class CommittedTests : FaultyHost
{
    private const string Plan = HttpExtensions.Plan;

    [Fact]
    public async Task A_write_that_was_committed_is_answered_whatever_happens_after_it()
    {
        await Administrator.PublishAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 2));
        await Administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"1","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""");
        var definition = await Administrator.GetJsonAsync("/v1/plans/cchc-2023/definition");
        definition["number"] = "2";
        foreach (var (method, path, body, status) in new[]
        {
            (HttpMethod.Put, $"{Plan}/reports/2022-H1/STP", HttpExtensions.Ratio("II.3.a", 1, 2), 201),
            (HttpMethod.Put, $"{Plan}/reports/2022-H1/STP", HttpExtensions.Ratio("II.3.a", 1, 3), 200),
            (HttpMethod.Post, $"{Plan}/reports/2022-H1/STP/submit", "{}", 200),
            (HttpMethod.Post, $"{Plan}/tasks/III.2.e/lead", """{"unit":"STP","from":"2022-08-01","reason":"a"}""", 200),
            (HttpMethod.Put, $"{Plan}/periods/2022-H1", """{"dueOn":"2022-06-21","reason":"a"}""", 200),
            (HttpMethod.Put, $"{Plan}/rules", """{"districtApproval":true,"reason":"a"}""", 200),
            (HttpMethod.Post, $"{Plan}/amendments", """{"number":"1","issuedOn":"2022-06-01","effectiveOn":"2022-07-01","reason":"a","targets":[{"target":"II.3.a","weight":2}]}""", 201),
            (HttpMethod.Post, $"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""", 201),
            (HttpMethod.Post, $"{Plan}/obstacles/1/comment", """{"text":"a"}""", 200),
            (HttpMethod.Post, $"{Plan}/periods/2022-H1/results", "{}", 201),
            (HttpMethod.Post, "/v1/api-keys", """{"role":"monitor"}""", 201),
            (HttpMethod.Put, "/v1/plans/cchc-2023/definition", definition.ToJsonString(), 200),
            (HttpMethod.Delete, "/v1/plans/cchc-2023", null, 200),

            // The last: from then on deliveries commit too.
            (HttpMethod.Post, "/v1/webhooks", """{"url":"https://example.vn/a"}""", 201),
        })
        {
            GoAfterCommit(1);
            var response = await Administrator.SendJsonAsync(method, path, body, method == HttpMethod.Put && status == 200 ? "*" : null);
            Assert.True((int)response.StatusCode == status, $"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            ComeBack();
        }
    }

    [Fact]
    public async Task Approvals_say_which_were_committed_and_which_can_be_asked_again()
    {
        foreach (var unit in new[] { "STP", "STC" })
        {
            await Administrator.PutReportAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
            await Administrator.ActAsync(unit, "submit");
        }

        const string both = """{"period":"2022-H1","reports":[{"unit":"STP"},{"unit":"STC"}]}""";
        GoAfterCommit(1);
        var response = await Administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/report-approvals", both);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["approved ", "refused service.unavailable"], Said(await response.JsonAsync()));
        ComeBack();
        Assert.Equal(
            ["unchanged ", "approved "], Said(await (await Administrator.SendJsonAsync(HttpMethod.Post, $"{Plan}/report-approvals", both)).JsonAsync()));

        static IEnumerable<string> Said(JsonNode answer) => answer["items"]!.AsArray().Select(item => $"{item!["outcome"]} {item["code"]}");
    }

    [Fact]
    public async Task An_import_that_was_committed_and_cannot_be_read_is_accepted_with_its_address()
    {
        // Its record is committed first, then the instants before it.
        GoAfterCommit(3);
        var response = await Administrator.ImportAsync("unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,2\n");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        ComeBack();
        var import = await Administrator.GetJsonAsync(response.Headers.Location!.ToString());
        Assert.Equal(("completed", 1), ((string?)import["status"], (int)import["result"]!["rows"]!["created"]!));
    }

    private void GoAfterCommit(int number)
    {
        for (var earlier = 1; earlier < number; earlier++)
        {
            Dialect.Commits.Enqueue(transaction => transaction.CommitAsync());
        }

        Dialect.Commits.Enqueue(async transaction =>
        {
            await transaction.CommitAsync();
            Dialect.IsGone = true;
            SqliteConnection.ClearAllPools();
        });
    }

    private void ComeBack()
    {
        Dialect.IsGone = false;
        Api.Time.Advance(TimeSpan.FromSeconds(2));
    }
}
