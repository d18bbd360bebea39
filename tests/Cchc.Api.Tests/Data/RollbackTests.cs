using System.Collections.Concurrent;
using System.Net;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Cchc.Api.Tests.Support.HttpExtensions;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// A database that goes back under a node that runs, as after a failover that lost commits or a restore; and numbers and names that mean
/// something else than before.
/// </summary>
public sealed class RollbackTests : IAsyncLifetime, IDisposable
{
    private const string Figures = $"{Plan}/completion?period=2022-H1";
    private const string Next = "/v1/plans/cchc-2023";

    private readonly string _copy = Path.Combine(Path.GetTempPath(), $"cchc-rollback-{Guid.NewGuid():n}.db");
    private readonly Errors _errors = new();
    private ApiHost _api = null!;
    private HttpClient _administrator = null!;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(
            Engine.Sqlite, configure: services => services.AddLogging(logging => logging.AddProvider(_errors)));
        _administrator = await _api.KeyAsync(Role.Administrator);
        await _administrator.PublishAsync("STP", Ratio("II.3.a", 1, 2));
        await using var connection = new SqliteConnection(_api.ConnectionString);
        await connection.ExecuteAsync("VACUUM INTO @file", new { file = _copy });
    }

    public void Dispose() => _errors.Dispose();

    public async Task DisposeAsync()
    {
        _administrator.Dispose();
        await _api.DisposeAsync();
        File.Delete(_copy);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(5)]
    public async Task A_node_drops_what_was_lost_whatever_was_written_since(int writtenElsewhere)
    {
        string[] paths =
        [
            Figures, $"{Figures}&lens=provisional", $"{Plan}/completion", $"{Plan}/compliance?limit=1000", $"{Plan}/tasks",
            $"{Plan}/periods/2022-H1", $"{Plan}/reports?limit=1000", "/v1/plans",
        ];
        var kept = await AllAsync(_administrator, paths);
        await _administrator.PublishAsync("SNV", Ratio("II.3.a", 1, 3));
        await _administrator.PublishAsync("STC", Ratio("II.3.a", 2, 3));
        await ChangeCalendarAsync("2022-06-30");
        Assert.NotEqual(kept, await AllAsync(_administrator, paths));
        Assert.Equal(3, (int)(await _api.Anonymous.GetJsonAsync(Figures))["coverage"]!["received"]!);

        await GoBackAsync();
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        if (writtenElsewhere > 0)
        {
            await using var other = ApiHost.Join(_api);
            using var client = other.Holding(_administrator.DefaultRequestHeaders.Authorization!.Parameter!);
            foreach (var unit in new[] { "SXD", "D474", "D476", "D477", "SKHDT" }.Take(writtenElsewhere))
            {
                await client.PublishAsync(unit, Ratio("II.3.a", 1, 5));
            }
        }

        _api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await _api.CountAsync("cchc.data.rollbacks", async () => await _api.Anonymous.GetJsonAsync(Figures)));
        await using var fresh = ApiHost.Join(_api);
        using var asked = fresh.Holding(_administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        Assert.Equal(await AllAsync(asked, paths), await AllAsync(_administrator, paths));
        Assert.Equal(1 + writtenElsewhere, (int)(await _api.Anonymous.GetJsonAsync(Figures))["coverage"]!["received"]!);
        Assert.Equal(HttpStatusCode.OK, (await _api.Anonymous.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode);
        Assert.Contains(_errors.Lines, line => line.StartsWith("Data versions went back: cchc-2022 was ", StringComparison.Ordinal));

        // The numbers that were lost are given again, to something else.
        await _administrator.PublishAsync("VPUB", Ratio("II.3.a", 3, 4));
        Assert.Equal(2 + writtenElsewhere, (int)(await _api.Anonymous.GetJsonAsync(Figures))["coverage"]!["received"]!);
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, await _api.CountAsync("cchc.data.rollbacks", async () => await _api.Anonymous.GetJsonAsync(Figures)));
    }

    [Fact]
    public async Task A_read_that_finds_older_data_than_it_knows_does_not_go_on_asking()
    {
        await _administrator.PublishAsync("SNV", Ratio("II.3.a", 1, 3));
        await GoBackAsync();

        // Its clock stands: it believes that it has just looked.
        var commands = await _api.CountCommandsAsync(async () =>
            Assert.Equal(1, (int)(await _api.Anonymous.GetJsonAsync(Figures))["coverage"]!["received"]!));
        Assert.InRange(commands, 1, 100);
    }

    [Fact]
    public async Task A_key_whose_making_was_lost_holds_no_more()
    {
        var made = await (await _administrator.SendJsonAsync(HttpMethod.Post, "/v1/api-keys", """{"role":"monitor"}""")).JsonAsync();
        using var lost = _api.Holding((string)made["key"]!);
        await lost.GetJsonAsync($"{Plan}/reports");
        await GoBackAsync();
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await lost.GetAsync(new Uri($"{Plan}/reports", UriKind.Relative))).StatusCode);
        await _administrator.GetJsonAsync($"{Plan}/reports");
    }

    [Fact]
    public async Task Followers_go_on_where_the_feed_went_back_to()
    {
        await _administrator.PublishAsync("SNV", Ratio("II.3.a", 1, 3));
        var cursor = (string)(await _administrator.GetJsonAsync("/v1/changes?from=now"))["nextCursor"]!;
        await GoBackAsync();
        var back = (string)(await _administrator.GetJsonAsync($"/v1/changes?cursor={cursor}"))["nextCursor"]!;
        await _administrator.PublishAsync("STC", Ratio("II.3.a", 2, 3));
        Assert.Equal(
            ["STC", "STC", "STC"],
            (await _administrator.GetJsonAsync($"/v1/changes?cursor={back}"))["items"]!.AsArray().Select(each => (string)each!["unit"]!));
    }

    [Fact]
    public async Task A_plan_that_gets_a_deleted_drafts_number_is_not_taken_for_it()
    {
        await CreateAsync("cchc-2023");
        for (var round = 0; round < 4; round++)
        {
            var definition = await _administrator.GetJsonAsync($"{Next}/definition");
            definition["periods"]![1]!["dueOn"] = $"2023-06-{20 + round}";
            await SendAsync(HttpMethod.Put, $"{Next}/definition", definition.ToJsonString(), "*");
        }

        await _administrator.GetJsonAsync($"{Next}/tasks");
        await SendAsync(HttpMethod.Delete, Next, null);
        await CreateAsync("cchc-2024");
        await _administrator.GetJsonAsync("/v1/plans/cchc-2024/tasks");
        await SendAsync(HttpMethod.Post, "/v1/plans/cchc-2024/enact", """{"on":"2022-06-18"}""");
        _api.Time.Set(new DateTimeOffset(2023, 3, 15, 8, 0, 0, TimeSpan.FromHours(7)));
        string[] paths = ["/tasks", "/completion?period=2023-Q1", "/completion", "/periods/2023-H1"];
        await SendAsync(HttpMethod.Put, "/v1/plans/cchc-2024/reports/2023-Q1/STP", Ratio("II.3.a", 7, 10));
        await SendAsync(HttpMethod.Post, "/v1/plans/cchc-2024/reports/2023-Q1/STP/submit", null);
        await SendAsync(HttpMethod.Post, "/v1/plans/cchc-2024/reports/2023-Q1/STP/approve", null);
        await using var fresh = ApiHost.Join(_api);
        foreach (var path in paths)
        {
            Assert.Equal(
                (await fresh.Anonymous.GetJsonAsync("/v1/plans/cchc-2024" + path)).ToJsonString(),
                (await _api.Anonymous.GetJsonAsync("/v1/plans/cchc-2024" + path)).ToJsonString());
        }
    }

    [Theory, InlineData("catalogue"), InlineData("keys")]
    public async Task A_plan_may_be_called_as_a_scope_is_and_shares_no_version_with_it(string code)
    {
        await CreateAsync(code);
        await SendAsync(HttpMethod.Post, $"/v1/plans/{code}/enact", """{"on":"2022-06-18"}""");
        _api.Time.Set(new DateTimeOffset(2023, 3, 15, 8, 0, 0, TimeSpan.FromHours(7)));
        var before = await ScopesAsync();
        await SendAsync(HttpMethod.Put, $"/v1/plans/{code}/reports/2023-Q1/STP", Ratio("II.3.a", 7, 10));
        await SendAsync(HttpMethod.Post, $"/v1/plans/{code}/reports/2023-Q1/STP/submit", null);
        await SendAsync(HttpMethod.Post, $"/v1/plans/{code}/reports/2023-Q1/STP/approve", null);
        Assert.Equal(before, await ScopesAsync());
        var figures = await _api.Anonymous.GetJsonAsync($"/v1/plans/{code}/completion?period=2023-Q1");
        Assert.Equal((5, 1), ((int)figures["dataVersion"]!, (int)figures["coverage"]!["received"]!));
        var change = (await _api.Anonymous.GetJsonAsync($"/v1/changes?plan={code}&kind=report.approved"))["items"]!.AsArray();
        Assert.Equal(5, (int)Assert.Single(change)!["dataVersion"]!);

        // A new key changes nothing of the plan either.
        await SendAsync(HttpMethod.Post, "/v1/api-keys", """{"role":"monitor"}""");
        Assert.Equal(5, (int)(await _api.Anonymous.GetJsonAsync($"/v1/plans/{code}/completion?period=2023-Q1"))["dataVersion"]!);
    }

    private async Task<IReadOnlyList<(string, long)>> ScopesAsync()
    {
        await using var connection = new SqliteConnection(_api.ConnectionString);
        return [.. await connection.QueryAsync<(string, long)>(
            "SELECT scope, version FROM data_versions WHERE scope IN ('catalogue', 'keys') ORDER BY scope")];
    }

    private Task CreateAsync(string code) => SendAsync(
        HttpMethod.Post, "/v1/plans",
        $$"""{"copyFrom":"cchc-2022","code":"{{code}}","number":"412/KH-UBND","year":2023,"issuedOn":"2022-06-17","signedBy":"Nguyễn Văn Phương"}""");

    private Task ChangeCalendarAsync(string dueOn) =>
        SendAsync(HttpMethod.Put, $"{Plan}/periods/2022-H1", $$"""{"dueOn":"{{dueOn}}","reason":"Dời hạn"}""", "*");

    private async Task SendAsync(HttpMethod method, string path, string? body, string? ifMatch = null)
    {
        var response = await _administrator.SendJsonAsync(method, path, body, ifMatch);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
    }

    private static async Task<string> AllAsync(HttpClient client, string[] paths)
    {
        var texts = new List<string>();
        foreach (var path in paths)
        {
            texts.Add(await client.GetStringAsync(new Uri(path, UriKind.Relative)));
        }

        return string.Join('\n', texts);
    }

    // Another file takes the place of the database's, as it was when the test began.
    private async Task GoBackAsync()
    {
        var file = _api.ConnectionString["Data Source=".Length..];
        SqliteConnection.ClearAllPools();
        File.Delete(file + "-wal");
        File.Delete(file + "-shm");
        File.Copy(_copy, file + ".new");
        File.Move(file + ".new", file, overwrite: true);
        SqliteConnection.ClearAllPools();
        await using var connection = new SqliteConnection(_api.ConnectionString);
        await connection.ExecuteAsync("PRAGMA journal_mode = WAL");
    }

    private sealed class Errors : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }
}
