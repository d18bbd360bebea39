using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Operations;
using Cchc.Api.Tests.Support;
using Cchc.Api.Webhooks;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Webhooks;

/// <summary>Deliveries to a receiver that really listens; the worker goes step by step, at the times that the test sets.</summary>
public sealed class WebhookTests
{
    private const string Hooks = "/v1/webhooks";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_is_delivered_is_signed_as_the_specification_says(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        var hook = await CreateAsync(administrator, receiver, """,["report.submitted","report.approved"]""");
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        await DrainAsync(api);

        Assert.Equal(["report.submitted", "report.approved"], receiver.Got.Select(each => (string)each.Body["type"]!));
        Assert.Equal("SNV", (string)receiver.Got[0].Body["data"]!["unit"]!);
        Assert.All(receiver.Got, each => Assert.True(IsSigned(each, (string)hook["secret"]!)));
        Assert.Equal(2, receiver.Got.Select(each => each.Id).Distinct().Count());

        // For a day both secrets sign, so that a receiver changes over when it likes.
        var rotated = await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{hook["id"]}/rotate", null)).JsonAsync();
        Assert.NotEqual((string)hook["secret"]!, (string)rotated["secret"]!);
        await administrator.PublishAsync("STC", HttpExtensions.Ratio("II.3.a", 1, 2));
        await DrainAsync(api);
        Assert.True(IsSigned(receiver.Got[^1], (string)hook["secret"]!));
        Assert.True(IsSigned(receiver.Got[^1], (string)rotated["secret"]!));
        api.Time.Advance(TimeSpan.FromHours(25));
        var ping = await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{hook["id"]}/ping", null)).JsonAsync();
        Assert.True((bool)ping["delivered"]!);
        Assert.Equal("ping", (string)receiver.Got[^1].Body["type"]!);
        Assert.False(IsSigned(receiver.Got[^1], (string)hook["secret"]!));
        Assert.True(IsSigned(receiver.Got[^1], (string)rotated["secret"]!));
        Assert.DoesNotContain("whsec_", (await administrator.GetJsonAsync("/v1/audit?limit=1000")).ToJsonString());
        Assert.DoesNotContain("whsec_", (await administrator.GetJsonAsync(Hooks)).ToJsonString());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_receiver_that_is_away_for_an_hour_misses_nothing(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await CreateAsync(administrator, receiver);
        receiver.Answer = _ => 503;
        string[] units = ["SNV", "STP", "STC", "D474"];
        for (var minute = 0; minute < 60; minute++)
        {
            if (minute % 15 == 0)
            {
                await administrator.PublishAsync(units[minute / 15], HttpExtensions.Ratio("II.3.a", 1, 2));
            }

            await DrainAsync(api);
            api.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.NotEmpty(receiver.Got);
        receiver.Got.Clear();
        receiver.Answer = _ => 204;
        for (var hour = 0; hour < 12; hour++)
        {
            api.Time.Advance(TimeSpan.FromHours(1));
            await DrainAsync(api);
        }

        var feed = (await administrator.GetJsonAsync("/v1/changes?limit=1000"))["items"]!.AsArray().Select(each => (long)each!["sequence"]!).ToList();
        var told = receiver.Got.Select(each => (long)each.Body["data"]!["sequence"]!).ToList();
        Assert.Equal(feed, told.Order());
        foreach (var ofUnit in receiver.Got.GroupBy(each => (string)each.Body["data"]!["unit"]!))
        {
            Assert.Equal(["report.saved", "report.submitted", "report.approved"], ofUnit.Select(each => (string)each.Body["type"]!));
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_later_change_of_a_report_waits_for_the_earlier_and_other_reports_do_not(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await CreateAsync(administrator, receiver);
        receiver.Answer = body => (string)body["type"]! == "report.saved" && (string)body["data"]!["unit"]! == "SNV" ? 500 : 200;
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await DrainAsync(api);
        Assert.Equal(
            ["SNV report.saved", "STP report.approved", "STP report.saved", "STP report.submitted"],
            receiver.Got.Select(each => $"{each.Body["data"]!["unit"]} {each.Body["type"]}").Order(StringComparer.Ordinal));

        receiver.Got.Clear();
        receiver.Answer = _ => 200;
        api.Time.Advance(TimeSpan.FromMinutes(1));
        await DrainAsync(api);
        Assert.Equal(["report.saved", "report.submitted", "report.approved"], receiver.Got.Select(each => (string)each.Body["type"]!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_never_arrives_is_kept_dead_and_delivered_again_when_asked(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var id = (string)(await CreateAsync(administrator, receiver))["id"]!;
        receiver.Answer = _ => 500;
        await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        for (var attempt = 0; attempt < 15; attempt++)
        {
            await DrainAsync(api);
            api.Time.Advance(TimeSpan.FromHours(30));
        }

        Assert.Equal(10, receiver.Got.Count);
        Assert.Single(receiver.Got.Select(each => each.Id).Distinct());
        var dead = (await administrator.GetJsonAsync($"{Hooks}/{id}/deliveries?status=dead"))["items"]!.AsArray().Single()!;
        Assert.Equal((10, 500), ((int)dead["attempts"]!, (int)dead["lastStatus"]!));
        Assert.Equal(1, await CountDeadAsync());

        receiver.Answer = _ => 200;
        receiver.Got.Clear();
        Assert.Equal(1, (int)(await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{id}/replay", null)).JsonAsync())["replayed"]!);
        await DrainAsync(api);
        Assert.Single(receiver.Got);
        Assert.Equal(0, await CountDeadAsync());
        Assert.Equal(1, (int)(await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{id}/replay", """{"all":true}""")).JsonAsync())["replayed"]!);
        await DrainAsync(api);
        Assert.Equal(2, receiver.Got.Count);

        // A receiver that is gone for good is told no more.
        receiver.Answer = _ => 410;
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await DrainAsync(api);
        Assert.False((bool)(await administrator.GetJsonAsync($"{Hooks}/{id}"))["enabled"]!);
        Assert.Equal(1, await CountDeadAsync());

        Task<int> CountDeadAsync() => api.Services.GetRequiredService<Database>().ReadAsync(StandingQueries.DeadAsync, default);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Nothing_goes_to_an_address_of_ones_own_network(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var url in new[]
        {
            receiver.Url, "https://127.0.0.1/x", "https://10.1.2.3/", "https://[::1]/", "https://[::ffff:192.168.1.1]/", "https://169.254.169.254/latest",
            "https://[fd00::1]/", "https://[64:ff9b::10.0.0.1]/", "https://user:secret@example.vn/", "ftp://example.vn/", "example.vn", "https://2130706433/",
        })
        {
            var response = await administrator.SendJsonAsync(HttpMethod.Post, Hooks, $$"""{"url":"{{url}}"}""");
            Assert.True(response.StatusCode == HttpStatusCode.UnprocessableEntity, $"{url}: {response.StatusCode}");
        }

        // A name is judged by what it resolves to, when it is called.
        var named = await (await administrator.SendJsonAsync(HttpMethod.Post, Hooks, """{"url":"https://localhost:9/x"}""")).JsonAsync();
        var ping = await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{named["id"]}/ping", null)).JsonAsync();
        Assert.Equal((false, "address"), ((bool)ping["delivered"]!, (string)ping["error"]!));
        Assert.Empty(receiver.Got);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_webhook_is_changed_with_its_tag_and_made_once(Engine engine)
    {
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string body = """{"url":"https://example.vn/a"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, Hooks) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", "one");
        var first = await (await administrator.SendAsync(request)).JsonAsync();
        using var repeated = new HttpRequestMessage(HttpMethod.Post, Hooks) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        repeated.Headers.Add("Idempotency-Key", "one");
        var again = await (await administrator.SendAsync(repeated)).JsonAsync();
        Assert.Equal((string)first["id"]!, (string)again["id"]!);
        Assert.Null(again["secret"]);

        var path = $"{Hooks}/{first["id"]}";
        var tag = (await administrator.GetAsync(new Uri(path, UriKind.Relative))).Headers.ETag!.Tag;
        const string paused = """{"url":"https://example.vn/b","plan":"cchc-2022","kinds":["plan.changed"],"enabled":false}""";
        Assert.Equal((HttpStatusCode)428, (await administrator.SendJsonAsync(HttpMethod.Put, path, paused)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Put, path, paused, tag)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Put, path, paused)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await administrator.SendJsonAsync(HttpMethod.Put, path, body, tag)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await administrator.DeleteAsync(new Uri(path, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await administrator.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_slow_receiver_delays_no_other(Engine engine)
    {
        var (isReleased, begun, fast) = (NewSource(), new TaskCompletionSource<CancellationToken>(), NewSource());
        var calls = 0;
        await using var slow = await Receiver.ListenAsync(async context =>
        {
            Interlocked.Increment(ref calls);
            begun.TrySetResult(context.RequestAborted);
            await isReleased.Task;
        });
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = body =>
        {
            if ((string)body["type"]! == "report.approved")
            {
                fast.TrySetResult();
            }

            return 200;
        };

        // The worker goes by itself here.
        await using var api = await ApiHost.StartAsync(engine, settings: [("Webhooks:AllowPrivate", "true")]);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var held = await administrator.SendJsonAsync(HttpMethod.Post, Hooks, $$"""{"url":"{{slow.Urls.Single()}}/"}""");
        Assert.Equal(HttpStatusCode.Created, held.StatusCode);
        await CreateAsync(administrator, receiver);
        await administrator.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        var given = await begun.Task;
        await administrator.ActAsync("SNV", "submit");
        await administrator.ActAsync("SNV", "approve");
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await fast.Task;

        // The slow one is neither given up for it, nor called again while it has not answered.
        Assert.Equal((false, 1), (given.IsCancellationRequested, Volatile.Read(ref calls)));
        isReleased.SetResult();

        static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_former_secret_signs_for_its_own_day(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var hook = await CreateAsync(administrator, receiver);
        var secrets = new List<string> { (string)hook["secret"]! };
        var start = api.Time.GetUtcNow();
        foreach (var hour in new[] { 0, 10, 20 })
        {
            api.Time.Set(start.AddHours(hour));
            var rotated = await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{hook["id"]}/rotate", null)).JsonAsync();
            Assert.Equal(api.Time.GetUtcNow().AddDays(1), DateTimeOffset.Parse((string)rotated["graceUntil"]!, null));
            secrets.Add((string)rotated["secret"]!);
        }

        foreach (var (moment, signing) in new[]
        {
            (TimeSpan.FromHours(20), 4), (TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1), 4), (TimeSpan.FromHours(24), 3),
            (TimeSpan.FromHours(34), 2), (TimeSpan.FromHours(44) - TimeSpan.FromMilliseconds(1), 2), (TimeSpan.FromHours(44), 1),
        })
        {
            api.Time.Set(start + moment);
            await administrator.SendJsonAsync(HttpMethod.Post, $"{Hooks}/{hook["id"]}/ping", null);
            Assert.Equal(signing, receiver.Got[^1].Signature.Split(' ').Length);
            Assert.All(secrets[^signing..], secret => Assert.True(IsSigned(receiver.Got[^1], secret)));
            Assert.All(secrets[..^signing], secret => Assert.False(IsSigned(receiver.Got[^1], secret)));
        }

        Assert.Null((await administrator.GetJsonAsync($"{Hooks}/{hook["id"]}"))["graceUntil"]);
        Assert.Equal(HttpStatusCode.OK, (await administrator.DeleteAsync(new Uri($"{Hooks}/{hook["id"]}", UriKind.Relative))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Neither_deliveries_nor_a_rotation_make_a_tag_stale(Engine engine)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var path = $"{Hooks}/{(await CreateAsync(administrator, receiver))["id"]}";
        var read = await administrator.GetAsync(new Uri(path, UriKind.Relative));
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await DrainAsync(api);
        await administrator.SendJsonAsync(HttpMethod.Post, path + "/rotate", null);
        var moved = await administrator.GetAsync(new Uri(path, UriKind.Relative));
        Assert.NotEqual((long)(await read.JsonAsync())["position"]!, (long)(await moved.JsonAsync())["position"]!);

        // Another body, another tag; the same version.
        Assert.NotEqual(read.Headers.ETag, moved.Headers.ETag);
        var body = $$"""{"url":"{{receiver.Url}}","description":"a"}""";
        Assert.Equal(HttpStatusCode.OK, (await administrator.SendJsonAsync(HttpMethod.Put, path, body, read.Headers.ETag!.Tag)).StatusCode);
        body = $$"""{"url":"{{receiver.Url}}","description":"b"}""";
        Assert.Equal(
            HttpStatusCode.PreconditionFailed, (await administrator.SendJsonAsync(HttpMethod.Put, path, body, moved.Headers.ETag!.Tag)).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_changed_address_and_a_rotation_that_meet_both_hold(Engine engine)
    {
        var (first, second) = (new Gate(), new Gate());
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine, first);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await using var other = ApiHost.Join(
            api, configure: services => services.AddSingleton(second.DialectOf(engine)), settings: [("Webhooks:AllowPrivate", "true")]);
        using var elsewhere = other.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        await elsewhere.GetJsonAsync("/v1/plans");
        await other.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        var path = $"{Hooks}/{(await CreateAsync(administrator, receiver))["id"]}";
        for (var round = 0; round < 4; round++)
        {
            // Whichever comes first stops just before its commit, where the other begins.
            var body = $$"""{"url":"{{receiver.Url}}?{{round}}"}""";
            var tag = (await administrator.GetAsync(new Uri(path, UriKind.Relative))).Headers.ETag!.Tag;
            var (reached, released, met) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
            first.Commits.Enqueue(async transaction =>
            {
                reached.SetResult();
                await released.Task;
                await transaction.CommitAsync();
            });
            second.Beginning = () => met.TrySetResult();
            var put = (HttpClient client) => client.SendJsonAsync(HttpMethod.Put, path, body, tag);
            var rotate = (HttpClient client) => client.SendJsonAsync(HttpMethod.Post, path + "/rotate", null);
            var (one, two) = round % 2 == 0 ? (put, rotate) : (rotate, put);
            var here = one(administrator);
            await reached.Task;
            var there = Task.Run(() => two(elsewhere));
            await met.Task;
            released.SetResult();
            var answers = new[] { await here, await there };
            Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));

            await administrator.SendJsonAsync(HttpMethod.Post, path + "/ping", null);
            var secret = (string)(await answers[round % 2 == 0 ? 1 : 0].JsonAsync())["secret"]!;
            Assert.True(IsSigned(receiver.Got[^1], secret));
            Assert.EndsWith($"?{round}", (string)(await administrator.GetJsonAsync(path))["url"]!, StringComparison.Ordinal);
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_fault_of_any_kind_does_not_end_delivery_on_a_node(Engine engine)
    {
        var gate = new Gate();
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await using var other = ApiHost.Join(
            api, configure: services => services.AddSingleton(gate.DialectOf(engine)), settings: [("Webhooks:AllowPrivate", "true")]);
        using var elsewhere = other.Holding(administrator.DefaultRequestHeaders.Authorization!.Parameter!);
        await elsewhere.GetJsonAsync("/v1/plans");
        var faults = new Queue<Exception>([new OperationCanceledException(), new FormatException(), new KeyNotFoundException()]);
        gate.Beginning = () =>
        {
            if (faults.TryDequeue(out var fault))
            {
                throw fault;
            }
        };
        var arrived = new TaskCompletionSource();
        receiver.Answer = _ =>
        {
            arrived.TrySetResult();
            return 200;
        };
        await CreateAsync(administrator, receiver);
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await arrived.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_webhook_that_cannot_be_signed_for_keeps_no_other_waiting_and_is_given_up_in_the_end()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var api = await StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var spoilt = (string)(await CreateAsync(administrator, receiver))["id"]!;
        await CreateAsync(administrator, receiver);
        await using (var connection = new SqliteConnection(api.ConnectionString))
        {
            await connection.ExecuteAsync("UPDATE webhooks SET secret = 'whsec_?' WHERE webhook_id = @spoilt", new { spoilt });
        }

        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        for (var attempt = 0; attempt < 15; attempt++)
        {
            await DrainAsync(api);
            api.Time.Advance(TimeSpan.FromHours(30));
        }

        Assert.Single(receiver.Got);
        var delivery = (await administrator.GetJsonAsync($"{Hooks}/{spoilt}/deliveries"))["items"]!.AsArray().Single()!;
        Assert.Equal(("dead", 10, "internal"), ((string)delivery["status"]!, (int)delivery["attempts"]!, (string)delivery["lastError"]!));
    }

    private static async Task<ApiHost> StartAsync(Engine engine, Gate? gate = null)
    {
        var api = await ApiHost.StartAsync(
            engine, configure: gate is null ? null : services => services.AddSingleton(gate.DialectOf(engine)), settings: [("Webhooks:AllowPrivate", "true")]);
        await api.Services.GetRequiredService<WebhookWorker>().StopAsync(default);
        return api;
    }

    private static async Task DrainAsync(ApiHost api)
    {
        while (await api.Services.GetRequiredService<WebhookWorker>().StepAsync(default))
        {
        }
    }

    private static async Task<JsonNode> CreateAsync(HttpClient administrator, Receiver receiver, string kinds = ",[]")
    {
        var response = await administrator.SendJsonAsync(HttpMethod.Post, Hooks, $$"""{"url":"{{receiver.Url}}","kinds":{{kinds[1..]}}}""");
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await response.JsonAsync();
    }

    private static bool IsSigned(Message message, string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signed = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{message.Id}.{message.Timestamp}.{message.Text}")));
        return message.Signature.Split(' ').Contains("v1," + signed);
    }
}
