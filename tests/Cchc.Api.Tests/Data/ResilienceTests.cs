using System.Diagnostics.Metrics;
using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SQLitePCL;

namespace Cchc.Api.Tests.Data;

/// <summary>What the database does to a request when it fails, as the embedded engine would say it.</summary>
public sealed class ResilienceTests : FaultyHost
{
    private const string Report = $"{HttpExtensions.Plan}/reports/2022-H1/STP";

    [Fact]
    public async Task A_passing_fault_is_sat_out_and_the_write_happens_once()
    {
        Dialect.Beginnings.Enqueue(raw.SQLITE_BUSY);
        Dialect.Beginnings.Enqueue(raw.SQLITE_IOERR);
        Assert.Equal(2, await SetbacksAsync("writes", "retry", async () => Assert.Equal(HttpStatusCode.Created, (await PutAsync(1)).StatusCode)));
        Assert.Equal(1, await CountPutsAsync());
        Assert.Equal(0, await SetbacksAsync("reads", "retry", CountPutsAsync));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_commit_whose_answer_is_lost_is_found_out_and_never_done_twice(bool wentIn)
    {
        var before = await VersionAsync();
        Dialect.Commits.Enqueue(async transaction =>
        {
            if (wentIn)
            {
                await transaction.CommitAsync();
            }

            throw new SqliteException("The connection broke.", raw.SQLITE_IOERR);
        });
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(1)).StatusCode);
        Assert.Equal(1, await CountPutsAsync());
        Assert.Equal(before + 1, await VersionAsync());
        Assert.Single((await Administrator.GetJsonAsync("/v1/changes"))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(1)).StatusCode);
    }

    [Fact]
    public async Task A_transaction_that_cannot_be_left_in_order_does_not_hide_what_became_of_its_commit()
    {
        Dialect.Commits.Enqueue(async transaction =>
        {
            // Behind its back, so that its rollback fails as well, as over a connection that has broken.
            await using var command = transaction.Connection!.CreateCommand();
            (command.Transaction, command.CommandText) = (transaction, "COMMIT");
            await command.ExecuteNonQueryAsync();
            throw new SqliteException("The connection broke.", raw.SQLITE_IOERR);
        });
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(1)).StatusCode);
        Assert.Equal(1, await CountPutsAsync());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_commit_of_which_nothing_can_be_learnt_is_answered_as_such_and_may_be_repeated(bool wentIn)
    {
        Dialect.Commits.Enqueue(async transaction =>
        {
            if (wentIn)
            {
                await transaction.CommitAsync();
            }

            Dialect.IsGone = true;
            throw new SqliteException("The connection broke.", raw.SQLITE_IOERR);
        });
        var unknown = await PutAsync(1);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        Assert.Equal("write.unknown", (string?)(await unknown.JsonAsync())["code"]);
        Assert.NotNull(unknown.Headers.RetryAfter);

        Dialect.IsGone = false;
        Api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(wentIn ? HttpStatusCode.OK : HttpStatusCode.Created, (await PutAsync(1)).StatusCode);
        Assert.Equal(1, await CountPutsAsync());
    }

    [Fact]
    public async Task While_the_database_is_away_nobody_waits_for_it_and_one_probe_finds_it_again()
    {
        await PutAsync(1);
        Api.Time.Advance(TimeSpan.FromSeconds(30));
        Dialect.IsGone = true;
        Assert.NotEqual(0, await SetbacksAsync("reads", "opened", async () =>
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PutAsync(2)).StatusCode)));
        var tried = Dialect.Connections;
        for (var round = 0; round < 5; round++)
        {
            var refused = await PutAsync(2);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
            Assert.Equal("service.unavailable", (string?)(await refused.JsonAsync())["code"]);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        Assert.Equal(tried, Dialect.Connections);
        Dialect.IsGone = false;
        Api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(2)).StatusCode);
        Assert.Equal(2, await CountPutsAsync());
    }

    [Fact]
    public async Task A_probe_that_nobody_waited_for_has_not_found_the_database()
    {
        var time = new FakeTime();
        var resilience = new Resilience(new SqliteDialect(), "reads", Api.Services.GetRequiredService<IMeterFactory>(), time, NullLogger.Instance);
        for (var round = 0; round < 4; round++)
        {
            await Assert.ThrowsAsync<DatabaseAwayException>(() => resilience.RunAsync<int>(
                Pace.Watch, _ => throw new SqliteException("There is no database.", raw.SQLITE_CANTOPEN), default));
        }

        time.Advance(TimeSpan.FromSeconds(2));
        using var leaving = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resilience.RunAsync<int>(
            Pace.Request,
            async token =>
            {
                await leaving.CancelAsync();
                throw new OperationCanceledException(token);
            },
            leaving.Token));

        var isAsked = false;
        await Assert.ThrowsAsync<DatabaseAwayException>(() => resilience.RunAsync(Pace.Request, _ => Task.FromResult(isAsked = true), default));
        Assert.False(isAsked);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await resilience.RunAsync(Pace.Request, _ => Task.FromResult(isAsked = true), default));
    }

    [Theory]
    [InlineData(raw.SQLITE_BUSY, false)]
    [InlineData(raw.SQLITE_LOCKED, false)]
    [InlineData(raw.SQLITE_CANTOPEN, true)]
    [InlineData(raw.SQLITE_IOERR, true)]
    public async Task Nobody_is_kept_from_a_database_that_is_there_and_slow(int code, bool isAway)
    {
        var resilience = new Resilience(
            new SqliteDialect(), "reads", Api.Services.GetRequiredService<IMeterFactory>(), new FakeTime(), NullLogger.Instance);
        for (var round = 0; round < 8; round++)
        {
            var fault = await Assert.ThrowsAsync<DatabaseAwayException>(() => resilience.RunAsync<int>(
                Pace.Watch, _ => throw new SqliteException("A fault that was asked for.", code), default));
            Assert.Equal(!isAway, fault.IsSlow);
        }

        var isAsked = false;
        var last = resilience.RunAsync(Pace.Request, _ => Task.FromResult(isAsked = true), default);
        Assert.Equal(isAway, await Record.ExceptionAsync(() => last) is DatabaseAwayException);
        Assert.Equal(!isAway, isAsked);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Time_that_passes_before_there_is_a_connection_counts_and_a_slow_statements_does_not(bool isConnected)
    {
        // What was read while it started counts no more.
        Api.Time.Advance(TimeSpan.FromSeconds(30));
        var database = Api.Services.GetRequiredService<Database>();
        Dialect.Hanging = isConnected ? null : new TaskCompletionSource();
        var opened = await SetbacksAsync("reads", "opened", () => Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            Assert.Equal(isConnected, (await Assert.ThrowsAsync<DatabaseAwayException>(() => database.ReadAsync(WaitAsync, default, Pace.Watch))).IsSlow))));
        Assert.Equal(isConnected, opened == 0);
        Dialect.Hanging?.SetResult();

        // A statement that is answered when nobody waits any more.
        static async Task<int> WaitAsync(DbSession session)
        {
            var ended = new TaskCompletionSource<int>();
            session.Ended.Register(() => ended.SetCanceled(session.Ended));
            return await ended.Task;
        }
    }

    [Fact]
    public async Task Commands_are_counted_as_they_are_sent_and_an_empty_list_sends_none()
    {
        var database = Api.Services.GetRequiredService<Database>();
        foreach (var (rows, count) in new[] { (0, 0), (1, 1), (3, 3) })
        {
            Assert.Equal(count, await Api.CountCommandsAsync(() => database.WriteAsync(
                async session => (await session.ExecuteAsync(
                    "UPDATE units SET code = code WHERE unit_id = @id", Enumerable.Range(1, rows).Select(id => new { id }).ToList()), false),
                default)));
        }

        Assert.Equal(1, await Api.CountCommandsAsync(() => database.ReadAsync(session => session.SingleAsync<int>("SELECT 1"), default)));
        using var ended = new CancellationTokenSource();
        Assert.Equal(0, await Api.CountCommandsAsync(() => Assert.ThrowsAnyAsync<OperationCanceledException>(() => database.ReadAsync(
            async session =>
            {
                await ended.CancelAsync();
                return await session.SingleAsync<int>("SELECT 1");
            },
            ended.Token))));
    }

    [Fact]
    public async Task What_takes_too_long_is_ended_and_counted()
    {
        Dialect.Hanging = new TaskCompletionSource();
        var database = Api.Services.GetRequiredService<Database>();
        Assert.NotEqual(0, await SetbacksAsync("reads", "timeout", () => Assert.ThrowsAsync<DatabaseAwayException>(
            () => database.ReadAsync(session => session.SingleAsync<int>("SELECT 1"), default, Pace.Watch))));
        Dialect.Hanging.SetResult();
    }

    [Fact]
    public async Task On_a_full_disk_writes_are_refused_and_reads_go_on()
    {
        await PutAsync(1);
        SqliteConnection.ClearAllPools();
        Dialect.IsFull = true;
        var refused = await PutAsync(2, new string('x', 20_000));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(1, (int)(await Administrator.GetJsonAsync(Report))["values"]![0]!["numerator"]!);

        SqliteConnection.ClearAllPools();
        Dialect.IsFull = false;
        Api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(2, new string('x', 20_000))).StatusCode);
    }

    [Fact]
    public async Task A_file_that_has_gone_does_not_come_back_empty()
    {
        await PutAsync(1);
        using (Api.MoveDatabaseAway())
        {
            var refused = await Administrator.GetAsync(new Uri(Report, UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        Api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, (int)(await Administrator.GetJsonAsync(Report))["values"]![0]!["numerator"]!);
    }

    private async Task<HttpResponseMessage> PutAsync(int numerator, string narrative = "")
    {
        var told = narrative.Length == 0 ? "null" : $"\"{narrative}\"";
        var body = $$"""{"values":[{"target":"II.3.a","numerator":{{numerator}},"total":2}],"narrative":{{told}}}""";
        return await Administrator.PutReportAsync("STP", body, ifMatch: numerator > 1 ? "*" : null);
    }

    private Task<long> SetbacksAsync(string kind, string setback, Func<Task> action) =>
        Api.CountAsync("cchc.database.setbacks", action, ("kind", kind), ("event", setback));

    private async Task<int> CountPutsAsync() =>
        (await Administrator.GetJsonAsync("/v1/audit?action=report.put"))["items"]!.AsArray().Count;

    private async Task<long> VersionAsync() =>
        (long)(await Api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion"))["dataVersion"]!;
}
