using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using static Cchc.Api.Tests.Support.HttpExtensions;

namespace Cchc.Api.Tests.Completion;

/// <summary>What is answered as of an instant is what was committed up to it, whatever is written at the same time.</summary>
public sealed class FreezeRaceTests
{
    private const int Races = 20;
    private const string Results = Plan + "/periods/2022-H1/results";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_result_holds_what_was_approved_before_its_instant(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var units = await UnitsAsync(api, 2 * Races);
        var frozen = new List<JsonNode>();
        for (var race = 0; race < Races; race++)
        {
            await administrator.PublishAsync(units[2 * race], Ratio("II.3.a", 1, race + 2));
            await SubmitAsync(administrator, units[(2 * race) + 1], race + 3);
            var freeze = Task.Run(() => administrator.SendJsonAsync(HttpMethod.Post, Results, null));
            var approve = Task.Run(() => administrator.ActAsync(units[(2 * race) + 1], "approve"));
            Assert.Equal(HttpStatusCode.OK, (await approve).StatusCode);
            Assert.Equal(HttpStatusCode.Created, (await freeze).StatusCode);
            frozen.Add(await (await freeze).JsonAsync());

            // Some at the same instant, some not.
            api.Time.Advance(TimeSpan.FromMilliseconds(race % 3));
        }

        api.Time.Advance(TimeSpan.FromSeconds(1));
        foreach (var result in frozen)
        {
            var then = await api.Anonymous.GetJsonAsync($"{Plan}/completion?period=2022-H1&asOf={result["frozenAt"]}");
            Assert.Equal(then.ToJsonString(), result["completion"]!.ToJsonString());
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_instant_is_answered_alike_however_soon_it_is_asked_about(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var units = await UnitsAsync(api, 24);
        var answers = new ConcurrentBag<(string Path, string Text)>();
        var writers = Task.WhenAll(units.Chunk(8).Select(some => Task.Run(async () =>
        {
            foreach (var unit in some)
            {
                await administrator.PublishAsync(unit, Ratio("II.3.a", 1, 3));
                api.Time.Advance(TimeSpan.FromMilliseconds(1));
            }
        })));
        do
        {
            var asOf = $"asOf={api.Time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'}";
            foreach (var path in new[]
            {
                $"{Plan}/completion?period=2022-H1&{asOf}", $"{Plan}/completion?lens=provisional&{asOf}",
                $"{Plan}/reports?limit=1000&{asOf}",
                $"{Plan}/reports/2022-H1/{units[0]}?{asOf}",
            })
            {
                answers.Add((path, await TextAsync(administrator, path)));
            }
        }
        while (!writers.IsCompleted);

        await writers;
        Assert.NotEmpty(answers);
        foreach (var (path, text) in answers)
        {
            Assert.Equal(text, await TextAsync(administrator, path));
        }
    }

    [Fact]
    public async Task While_a_write_is_open_only_what_was_before_it_is_answered()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(dialect));
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", Ratio("II.3.a", 1, 4));
        api.Time.Advance(TimeSpan.FromMinutes(1));
        var (isAtCommit, mayCommit) = (new TaskCompletionSource(), new TaskCompletionSource());

        // One of the commits of an import is that of its rows.
        for (var commit = 0; commit < 8; commit++)
        {
            dialect.Commits.Enqueue(async transaction =>
            {
                if (await CountReportsAsync(transaction) == 2 && isAtCommit.TrySetResult())
                {
                    await mayCommit.Task;
                }

                await transaction.CommitAsync();
            });
        }

        var import = Task.Run(() => administrator.ImportAsync("unit,period,target,numerator,total\nSNV,2022-H1,II.3.a,1,2\n", "?submit=true"));
        await isAtCommit.Task;
        var before = $"{Plan}/completion?period=2022-H1&lens=provisional&asOf={Instant(api.Time.GetUtcNow().AddSeconds(-1))}";
        var within = $"{Plan}/completion?period=2022-H1&lens=provisional&asOf={Instant(api.Time.GetUtcNow())}";
        Assert.Equal(1, (int)(await administrator.GetJsonAsync(before))["coverage"]!["received"]!);
        var refused = await administrator.GetAsync(new Uri(within, UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("instant.unsettled", (string?)(await refused.JsonAsync())["code"]);
        Assert.NotNull(refused.Headers.RetryAfter);

        mayCommit.SetResult();
        Assert.True((await import).IsSuccessStatusCode);
        Assert.Equal(2, (int)(await administrator.GetJsonAsync(within))["coverage"]!["received"]!);
        Assert.Equal(1, (int)(await administrator.GetJsonAsync(before))["coverage"]!["received"]!);
    }

    [Fact]
    public async Task Instants_have_the_order_of_versions_though_the_clock_is_set_back()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("STP", Ratio("II.3.a", 1, 4));
        var asked = api.Time.GetUtcNow();
        await administrator.GetJsonAsync($"{Plan}/completion?asOf={Instant(asked)}");
        foreach (var (unit, hours) in new[] { ("SNV", -1), ("STC", 0), ("SXD", 2), ("D474", -5) })
        {
            api.Time.Set(asked.AddHours(hours));
            await administrator.PublishAsync(unit, Ratio("II.3.a", 1, 4));
        }

        await using var connection = new SqliteConnection(api.ConnectionString);
        var instants = (await Dapper.SqlMapper.QueryAsync<string>(
            connection, "SELECT changed_at FROM data_version_history WHERE scope = 'cchc-2022' ORDER BY version")).Skip(1).ToList();
        Assert.Equal(15, instants.Count);
        Assert.Equal(instants.Order(StringComparer.Ordinal), instants);
        Assert.Equal(3, instants.Count(each => string.CompareOrdinal(each, Instant(asked)) <= 0));
    }

    private static async Task<long> CountReportsAsync(System.Data.Common.DbTransaction transaction)
    {
        await using var command = transaction.Connection!.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, "SELECT COUNT(*) FROM reports");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    // A report that is not there yet is a problem, whose trace is of each request.
    private static async Task<string> TextAsync(HttpClient client, string path)
    {
        var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : response.StatusCode.ToString();
    }

    private static async Task SubmitAsync(HttpClient client, string unit, int total)
    {
        Assert.Equal(HttpStatusCode.Created, (await client.PutReportAsync(unit, Ratio("II.3.a", 1, total))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.ActAsync(unit, "submit")).StatusCode);
    }

    private static async Task<List<string>> UnitsAsync(ApiHost api, int count) =>
        [.. (await api.Anonymous.GetJsonAsync("/v1/units?kind=committee&limit=1000&asOf=2022-06-14"))["items"]!.AsArray()
            .Select(each => (string)each!["code"]!).Where(code => code != "TTH").Take(count)];
}
