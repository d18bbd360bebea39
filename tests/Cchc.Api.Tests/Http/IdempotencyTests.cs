using System.Net;
using System.Text;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Api.Webhooks;
using Cchc.Domain.Reports;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Http;

/// <summary>The same Idempotency-Key gives the first answer, or does the work, or gets a final refusal, whatever breaks in between.</summary>
public sealed class IdempotencyTests
{
    private const string Obstacle = """{"unit":"STP","title":"a","description":"b"}""";
    private const string Csv = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,2\n";
    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Two_requests_with_one_key_do_the_work_once_wherever_they_meet(Engine engine)
    {
        var (first, second) = (new Gate(), new Gate());
        await using var api = await ApiHost.StartAsync(engine, configure: services => services.AddSingleton(first.DialectOf(engine)));
        using var administrator = await api.KeyAsync(Role.Administrator);
        await using var other = ApiHost.Join(api, configure: services => services.AddSingleton(second.DialectOf(engine)));

        // What a webhook is told of is written too, and would take the place of a request's commit.
        await api.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        await other.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        using var elsewhere = other.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        await elsewhere.GetJsonAsync("/v1/plans");
        var number = 0;
        foreach (var (path, body, commits) in new[]
        {
            ($"{HttpExtensions.Plan}/obstacles", Obstacle, 1),
            ("/v1/webhooks", """{"url":"https://example.vn/a"}""", 1),
            ("/v1/api-keys", """{"role":"monitor"}""", 1),
            ($"{HttpExtensions.Plan}/periods/2022-H1/results", "{}", 1),
            ($"{HttpExtensions.Plan}/report-approvals", """{"period":"2022-H1","under":"TTH"}""", 2),
            ("/v1/plans", Copy, 3),
        })
        {
            // The first request stops just before each of its commits in turn; there the second begins.
            for (var at = 1; at <= commits; at++)
            {
                var key = $"key-{number++}";
                var given = body.Replace("cchc-2023", $"cchc-2023-{at}", StringComparison.Ordinal);
                var (reached, released, met) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
                for (var passed = 1; passed < at; passed++)
                {
                    first.Commits.Enqueue(transaction => transaction.CommitAsync());
                }

                first.Commits.Enqueue(async transaction =>
                {
                    reached.SetResult();
                    await released.Task;
                    await transaction.CommitAsync();
                });
                second.Beginning = () => met.TrySetResult();
                var before = await CountAsync(administrator);
                var here = PostAsync(administrator, path, given, key);
                await reached.Task;
                var there = Task.Run(() => PostAsync(elsewhere, path, given, key));
                await met.Task;
                released.SetResult();
                var (one, two) = (await here, await there);

                Assert.True(one.IsSuccessStatusCode, $"{path}: {await one.Content.ReadAsStringAsync()}");
                for (var round = 0; await CodeAsync(two) == "idempotency.busy"; round++)
                {
                    Assert.InRange(round, 0, 10_000);
                    two = await PostAsync(elsewhere, path, given, key);
                }

                Assert.True(two.IsSuccessStatusCode, $"{path}: {await two.Content.ReadAsStringAsync()}");
                var (left, right) = (await one.JsonAsync(), await two.JsonAsync());
                foreach (var secret in new[] { "key", "secret" })
                {
                    left.AsObject().Remove(secret);
                    right.AsObject().Remove(secret);
                }

                Assert.Equal(left.ToJsonString(), right.ToJsonString());
                Assert.InRange(await CountAsync(administrator) - before, 0, 1);
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_key_holds_for_a_day_and_at_its_end_to_the_millisecond_does_the_work_again(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var requests = new[]
        {
            ($"{HttpExtensions.Plan}/obstacles", Obstacle, "number"), ("/v1/webhooks", """{"url":"https://example.vn/a"}""", "id"),
            ("/v1/api-keys", """{"role":"monitor"}""", "id"),
        };
        var made = await AllAsync();
        api.Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(made, await AllAsync());
        api.Time.Advance(TimeSpan.FromMilliseconds(1));
        var again = await AllAsync();
        Assert.All(made.Zip(again), pair => Assert.NotEqual(pair.First, pair.Second));
        Assert.Equal(again, await AllAsync());

        // What refuses by itself to be done twice refuses then.
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(administrator, "/v1/plans", Copy, "copy")).StatusCode);
        api.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("plan.exists", await CodeAsync(await PostAsync(administrator, "/v1/plans", Copy, "copy")));

        async Task<List<string>> AllAsync()
        {
            var ids = new List<string>();
            foreach (var (path, body, id) in requests)
            {
                var response = await PostAsync(administrator, path, body, "day-" + path);
                Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
                ids.Add((await response.JsonAsync())[id]!.ToString());
            }

            var import = await administrator.ImportAsync(Csv, key: "day-import");
            Assert.Equal(HttpStatusCode.OK, import.StatusCode);
            ids.Add((string)(await import.JsonAsync())["id"]!);
            return ids;
        }
    }

    [Fact]
    public async Task An_import_whose_client_left_is_found_completed()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Cchc.Api.Data.Dialect>(dialect));
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var leaving = new CancellationTokenSource();
        dialect.Commits.Enqueue(async transaction =>
        {
            await transaction.CommitAsync();
            await leaving.CancelAsync();
        });
        using var impatient = api.CreateDefaultClient();
        impatient.DefaultRequestHeaders.Authorization = administrator.DefaultRequestHeaders.Authorization;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ImportAsync(impatient, leaving.Token));
        var again = await ImportAsync(administrator, default);
        for (var round = 0; again.StatusCode is HttpStatusCode.Accepted; round++)
        {
            Assert.InRange(round, 0, 10_000);
            again = await ImportAsync(administrator, default);
        }

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(1, (int)(await again.JsonAsync())["result"]!["rows"]!["created"]!);
    }

    [Fact]
    public async Task An_import_that_failed_is_done_by_its_repetition()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Cchc.Api.Data.Dialect>(dialect));
        using var administrator = await api.KeyAsync(Role.Administrator);

        // The record of the import and the instants before it are committed; the import itself is not.
        dialect.Commits.Enqueue(transaction => transaction.CommitAsync());
        dialect.Commits.Enqueue(transaction => transaction.CommitAsync());
        for (var failure = 0; failure < 3; failure++)
        {
            dialect.Commits.Enqueue(_ => throw new SqliteException("A fault that was asked for.", SQLitePCL.raw.SQLITE_IOERR));
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await administrator.ImportAsync(Csv, key: "a")).StatusCode);
        var again = await administrator.ImportAsync(Csv, key: "a");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(1, (int)(await again.JsonAsync())["result"]!["rows"]!["created"]!);
        Assert.Equal((string)(await again.JsonAsync())["id"]!, (string)(await (await administrator.ImportAsync(Csv, key: "a")).JsonAsync())["id"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_import_whose_node_stopped_is_done_by_its_repetition_on_another(Engine engine)
    {
        var gate = new Gate();
        await using var api = await ApiHost.StartAsync(engine, configure: services => services.AddSingleton(gate.DialectOf(engine)));
        using var administrator = await api.KeyAsync(Role.Administrator);
        await using var other = ApiHost.Join(api);
        using var elsewhere = other.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        await elsewhere.GetJsonAsync("/v1/plans");
        var (accepted, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        gate.Commits.Enqueue(async transaction =>
        {
            await transaction.CommitAsync();
            accepted.SetResult();
            await released.Task;
        });
        var lost = administrator.ImportAsync(Csv, key: "a");
        await accepted.Task;
        Assert.Equal(HttpStatusCode.Accepted, (await elsewhere.ImportAsync(Csv, key: "a")).StatusCode);

        other.Time.Advance(TimeSpan.FromMinutes(1));
        while (await other.Services.GetRequiredService<Importer>().RunNextAsync(default))
        {
        }

        var again = await elsewhere.ImportAsync(Csv, key: "a");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(1, (int)(await again.JsonAsync())["result"]!["rows"]!["created"]!);

        // The node that was only slow brings nothing in any more.
        released.SetResult();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await lost).StatusCode);
        Assert.Single((await elsewhere.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions"))["items"]!.AsArray());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData(null)]
    public async Task An_answer_is_repeated_as_text_whatever_coding_the_client_takes(string? coding)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var first = await SendAsync();
        var again = await SendAsync();
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal("cchc-2023", (string?)(await again.JsonAsync())["definition"]!["code"]);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);

        async Task<HttpResponseMessage> SendAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/plans") { Content = Json(Copy) };
            request.Headers.Add("Idempotency-Key", "a");
            if (coding is not null)
            {
                request.Headers.Add("Accept-Encoding", coding);
            }

            return await administrator.SendAsync(request);
        }
    }

    private static async Task<HttpResponseMessage> ImportAsync(HttpClient client, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports")
        {
            Content = new StringContent(Csv, Encoding.UTF8, "text/csv"),
        };
        request.Headers.Add("Idempotency-Key", "a");
        return await client.SendAsync(request, cancellation);
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        request.Headers.Add("Idempotency-Key", key);
        return await client.SendAsync(request);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        response.IsSuccessStatusCode ? null : (string?)(await response.JsonAsync())["code"];

    private static async Task<int> CountAsync(HttpClient client) => (await client.GetJsonAsync("/v1/audit?limit=1000"))["items"]!.AsArray().Count;
}
