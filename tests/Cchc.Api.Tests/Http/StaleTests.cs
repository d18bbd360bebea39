using System.Net;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Http;

/// <summary>Reads while the database is away.</summary>
public sealed class StaleTests : FaultyHost
{
    private const string Completion = $"{HttpExtensions.Plan}/completion";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
    }

    [Fact]
    public async Task Figures_go_on_and_say_that_they_may_have_been_overtaken_until_the_database_is_back()
    {
        var (fresh, tag) = await GetAsync(Api.Anonymous, Completion);
        var rows = await GetAsync(Api.Anonymous, Completion + "/rows?groupBy=target");
        Assert.Null(fresh["stale"]);
        var goneAt = Api.Time.GetUtcNow();
        GoAway(TimeSpan.FromSeconds(20));

        var (stale, staleTag) = await GetAsync(Api.Anonymous, Completion, age: 20);
        Assert.True((bool)stale["stale"]!);
        Assert.Equal(goneAt, DateTimeOffset.Parse((string)stale["staleSince"]!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.NotEqual(tag, staleTag);
        stale.AsObject().Remove("stale");
        stale.AsObject().Remove("staleSince");
        Assert.Equal(fresh.ToJsonString(), stale.ToJsonString());
        Assert.True((bool)(await GetAsync(Api.Anonymous, Completion + "/rows?groupBy=target", age: 20)).Body["stale"]!);

        // A tag is of its bytes; an answer that is kept ages as it is given again.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(tag));
        Api.Time.Advance(TimeSpan.FromSeconds(5));
        await GetAsync(Api.Anonymous, Completion, age: 25);
        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(staleTag));

        Dialect.IsGone = false;
        await UntilFreshAsync();
        Assert.Equal((fresh.ToJsonString(), tag), (await GetAsync(Api.Anonymous, Completion)) is var (again, sameTag) ? (again.ToJsonString(), sameTag) : default);
        Assert.Equal(rows.ETag, (await GetAsync(Api.Anonymous, Completion + "/rows?groupBy=target")).ETag);
        await Administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2));
        Assert.Equal(2, (int)(await GetAsync(Api.Anonymous, Completion)).Body["coverage"]!["received"]!);
    }

    [Fact]
    public async Task Several_periods_are_of_one_version_or_refused()
    {
        string[] paths = ["/compliance/units/STP", "/completion/rows?period=all&groupBy=level", "/completion/series?period=all", "/completion/comparison"];
        foreach (var path in paths)
        {
            await GetAsync(Api.Anonymous, HttpExtensions.Plan + path);
        }

        GoAway(TimeSpan.FromSeconds(20));
        foreach (var path in paths)
        {
            Assert.True((bool)(await GetAsync(Api.Anonymous, HttpExtensions.Plan + path, age: 20)).Body["stale"]!);
        }

        // What this node read last is of one version for one period, and of another for the rest.
        Dialect.IsGone = false;
        await UntilFreshAsync();
        await Administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2));
        await GetAsync(Api.Anonymous, Completion + "?period=2022-H1");
        GoAway(TimeSpan.FromSeconds(20));
        foreach (var path in paths)
        {
            var response = await Api.Anonymous.GetAsync(new Uri(HttpExtensions.Plan + path, UriKind.Relative)).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {response.StatusCode}");
            Assert.Equal("service.unavailable", (string?)(await response.JsonAsync())["code"]);
        }
    }

    [Fact]
    public async Task A_node_that_still_reads_stays_ready_and_says_so()
    {
        Assert.Equal("ready", (string?)(await Api.Anonymous.GetJsonAsync("/health/ready"))["status"]);
        GoAway(TimeSpan.FromSeconds(20));
        var ready = await Api.Anonymous.GetJsonAsync("/health/ready");
        Assert.Equal("degraded", (string?)ready["status"]);
        Assert.StartsWith("the database is away since 2022-", (string?)ready["checks"]!["schema"]!["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Definitions_and_kept_answers_go_on_and_what_only_the_database_tells_does_not()
    {
        string[] paths =
        [
            "/v1/plans", HttpExtensions.Plan + "/targets", "/v1/units?asOf=2022-06-14", Completion + "/targets/II.3.a", HttpExtensions.Plan + "/compliance",
            HttpExtensions.Plan + "/periods/2022-H1/results",
        ];
        foreach (var path in paths)
        {
            await GetAsync(Api.Anonymous, path);
        }

        GoAway(TimeSpan.FromSeconds(20));
        foreach (var path in paths[..^1])
        {
            await GetAsync(Api.Anonymous, path, age: 20);
        }

        foreach (var path in new[] { paths[^1], HttpExtensions.Plan + "/reports", "/v1/changes", "/v1/audit" })
        {
            var refused = await Administrator.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
    }

    [Fact]
    public async Task A_key_that_was_good_is_believed_for_a_while_and_no_key_is_called_wrong()
    {
        var provisional = Completion + "?lens=provisional";
        await GetAsync(Administrator, provisional);
        await GetAsync(Api.Anonymous, Completion);
        using var stranger = Api.Holding("cchc_" + new string('0', 64));
        GoAway(TimeSpan.FromMinutes(14));
        await GetAsync(Administrator, provisional, age: 14 * 60);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await stranger.GetAsync(new Uri(provisional, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);

        Api.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Administrator.GetAsync(new Uri(provisional, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Api.Anonymous.GetAsync(new Uri(Completion, UriKind.Relative))).StatusCode);

        Dialect.IsGone = false;
        await UntilFreshAsync();
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri(provisional, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_keeps_one_request_waiting_and_not_the_next()
    {
        await GetAsync(Api.Anonymous, Completion);
        Dialect.Hanging = new TaskCompletionSource();
        Api.Time.Advance(TimeSpan.FromSeconds(20));
        await GetAsync(Api.Anonymous, Completion, age: 20);
        var connections = Dialect.Connections;
        for (var round = 0; round < 100; round++)
        {
            await GetAsync(Api.Anonymous, Completion, age: 20);
        }

        Assert.InRange(Dialect.Connections - connections, 0, 1);
        Dialect.Hanging.SetResult();
        Dialect.Hanging = null;
        await UntilFreshAsync();
    }

    private void GoAway(TimeSpan since)
    {
        Dialect.IsGone = true;
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Api.Time.Advance(since);
    }

    // The look that finds the database again is nobody's request: the next ones show what it found.
    private async Task UntilFreshAsync()
    {
        for (var round = 0; (await GetAsync(Api.Anonymous, Completion, age: null)).Body["stale"] is not null; round++)
        {
            Assert.InRange(round, 0, 100_000);
            Api.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private async Task<HttpStatusCode> StatusAsync(string tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Completion);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        var response = await Api.Anonymous.SendAsync(request);
        Assert.NotNull(response.Headers.Age);
        return response.StatusCode;
    }

    private static async Task<(System.Text.Json.Nodes.JsonNode Body, string ETag)> GetAsync(HttpClient client, string path, int? age = -1)
    {
        var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
        if (age is { } seconds)
        {
            Assert.Equal(seconds < 0 ? null : TimeSpan.FromSeconds(seconds), response.Headers.Age);
        }

        return (await response.JsonAsync(), response.Headers.ETag!.Tag);
    }
}
