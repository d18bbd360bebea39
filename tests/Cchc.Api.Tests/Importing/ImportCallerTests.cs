using System.Net;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Importing;

/// <summary>Who sent an import is judged again while it waits and runs, and takes turns with the others who send some.</summary>
public sealed class ImportCallerTests
{
    private const string Rows = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,120,200\n";

    [SkippableTheory]
    [InlineData(Engine.Sqlite, "revoked")]
    [InlineData(Engine.Sqlite, "expired")]
    [InlineData(Engine.Sqlite, "narrowed")]
    [InlineData(Engine.Sqlite, "as it was")]
    [InlineData(Engine.SqlServer, "revoked")]
    [InlineData(Engine.SqlServer, "as it was")]
    public async Task A_queued_import_judges_its_key_again_when_it_runs(Engine engine, string change)
    {
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var made = await (await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/api-keys",
            """{"role":"reporter","unit":"STP","expiresAt":"2022-06-18T10:00:00+07:00","scopes":["imports","read"]}""")).JsonAsync();
        using var reporter = api.Holding((string)made["key"]!);
        var place = (await reporter.ImportAsync(Rows, prefer: "respond-async")).Headers.Location!.ToString();
        switch (change)
        {
            case "revoked":
                await administrator.DeleteAsync(new Uri($"/v1/api-keys/{made["id"]}", UriKind.Relative));
                break;
            case "expired":
                api.Time.Advance(TimeSpan.FromHours(1));
                break;
            case "narrowed":
                await api.Services.GetRequiredService<Database>().WriteAsync(
                    async session => (await session.ExecuteAsync("DELETE FROM api_key_scopes WHERE scope = 'imports'"), true), default);
                break;
        }

        Assert.True(await api.Services.GetRequiredService<Importer>().RunNextAsync(default));
        var import = await administrator.GetJsonAsync(place);
        var report = await administrator.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative));
        if (change == "as it was")
        {
            Assert.Equal(("completed", HttpStatusCode.OK), ((string?)import["status"], report.StatusCode));
            return;
        }

        Assert.Equal(("rejected", HttpStatusCode.NotFound), ((string?)import["status"], report.StatusCode));
        Assert.Equal((0, "import.caller"), ((int)import["remarks"]![0]!["row"]!, (string?)import["remarks"]![0]!["code"]));
        Assert.False(await api.Services.GetRequiredService<Importer>().RunNextAsync(default));
        Assert.Equal(0, await FilesAsync(api));
    }

    [SkippableTheory]
    [InlineData(Engine.Sqlite, false)]
    [InlineData(Engine.Sqlite, true)]
    [InlineData(Engine.SqlServer, false)]
    public async Task An_import_judges_its_key_again_when_it_ends(Engine engine, bool isDryRun)
    {
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var made = await (await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/api-keys", """{"role":"administrator","expiresAt":"2022-06-18T10:00:00+07:00"}""")).JsonAsync();
        var importer = api.Services.GetRequiredService<Importer>();
        var plan = (await api.Services.GetRequiredService<Api.Plans.Catalogues>().CurrentAsync(default)).PlanOf("cchc-2022");
        await using var file = new Turning(Encoding.UTF8.GetBytes(Rows), () => api.Time.Advance(TimeSpan.FromHours(1)));
        var (import, _) = await importer.AcceptAsync(
            new ImportRecord
            {
                Id = Guid.CreateVersion7().ToString("N"),
                PlanId = plan.Id,
                Status = ImportStatus.Running,
                Format = ImportFormat.Csv,
                Sha256 = "",
                IsDryRun = isDryRun,
                Actor = $"key:{made["id"]}",
                Role = Role.Administrator,
            },
            file, null, "", default);
        var ended = await importer.RunAsync(import, file, isKept: false, default);
        Assert.True(file.HasTurned);
        Assert.Equal(ImportStatus.Rejected, ended.Status);
        var shown = await administrator.GetJsonAsync($"/v1/report-imports/{import.Id}");
        Assert.Equal("import.caller", (string?)shown["remarks"]![0]!["code"]);
        var report = await administrator.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, report.StatusCode);
    }

    [Fact]
    public async Task A_key_that_ends_while_its_file_is_received_imports_nothing()
    {
        await using var api = await StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var made = await (await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/api-keys", """{"role":"reporter","unit":"STP","expiresAt":"2022-06-18T10:00:00+07:00"}""")).JsonAsync();
        using var reporter = api.Holding((string)made["key"]!);
        using var body = new Held(Encoding.UTF8.GetBytes(Rows));
        var sent = SendAsync(api, reporter, body);
        await body.Begun.Task;
        api.Time.Advance(TimeSpan.FromHours(1));
        body.Rest.SetResult();
        var refused = await sent;
        var problem = await refused.JsonAsync();
        Assert.Equal((HttpStatusCode.Forbidden, "import.caller"), (refused.StatusCode, (string?)problem["code"]));
        Assert.Equal("rejected", (string?)problem["import"]!["status"]);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Callers_take_turns_in_the_queue(Engine engine)
    {
        await using var api = await StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var busy = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        var places = new List<string>();
        foreach (var client in new[] { busy, busy, busy, other, other })
        {
            places.Add((await client.ImportAsync(Rows, prefer: "respond-async")).Headers.Location!.ToString());
            api.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var order = new List<int>();
        while (await api.Services.GetRequiredService<Importer>().RunNextAsync(default))
        {
            for (var import = 0; import < places.Count; import++)
            {
                if (!order.Contains(import) && (string?)(await administrator.GetJsonAsync(places[import]))["status"] == "completed")
                {
                    order.Add(import);
                }
            }
        }

        Assert.Equal([0, 3, 1, 4, 2], order);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_caller_fills_the_queue_with_no_more_than_a_share(Engine engine)
    {
        await using var api = await StartAsync(engine, ("Limits:ImportsPerCaller", "2"));
        using var busy = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        var first = (await busy.ImportAsync(Rows, prefer: "respond-async")).Headers.Location!;
        Assert.Equal(HttpStatusCode.Accepted, (await busy.ImportAsync(Rows, prefer: "respond-async")).StatusCode);
        foreach (var prefer in new[] { "respond-async", null })
        {
            var refused = await busy.ImportAsync(Rows, prefer: prefer);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal("import.tooMany", (string?)(await refused.JsonAsync())["code"]);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.OK, (await other.ImportAsync(Rows)).StatusCode);
        await busy.DeleteAsync(first);
        Assert.Equal(HttpStatusCode.Accepted, (await busy.ImportAsync(Rows, prefer: "respond-async")).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_caller_stores_no_more_than_a_share(Engine engine)
    {
        await using var api = await StartAsync(engine, ("Limits:ImportBytesPerCaller", $"{(2 * Rows.Length) - 1}"));
        using var busy = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        Assert.Equal(HttpStatusCode.Accepted, (await busy.ImportAsync(Rows, prefer: "respond-async")).StatusCode);
        var refused = await busy.ImportAsync(Rows, prefer: "respond-async");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("import.tooMuch", (string?)(await refused.JsonAsync())["code"]);
        Assert.Equal(HttpStatusCode.OK, (await busy.ImportAsync(Rows)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await other.ImportAsync(Rows, prefer: "respond-async")).StatusCode);
        Assert.True(await api.Services.GetRequiredService<Importer>().RunNextAsync(default));
        Assert.Equal(HttpStatusCode.Accepted, (await busy.ImportAsync(Rows, prefer: "respond-async")).StatusCode);
    }

    [Fact]
    public async Task Uploads_that_do_not_end_take_a_callers_own_places()
    {
        await using var api = await StartAsync(Engine.Sqlite, ("Limits:ImportsPerCaller", "1"));
        using var busy = await api.KeyAsync(Role.Reporter, "STP");
        using var other = await api.KeyAsync(Role.Reporter, "STP");
        using var body = new Held(Encoding.UTF8.GetBytes(Rows));
        var sent = SendAsync(api, busy, body);
        await body.Begun.Task;
        Assert.Equal(HttpStatusCode.TooManyRequests, (await busy.ImportAsync(Rows)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await other.ImportAsync(Rows)).StatusCode);
        body.Rest.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await sent).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await busy.ImportAsync(Rows)).StatusCode);
    }

    [Fact]
    public async Task A_free_place_goes_to_the_caller_with_fewest_running()
    {
        var places = new ImportPlaces(2, 10);
        var first = await places.RunAsync("busy", default);
        using var second = await places.RunAsync("busy", default);
        var third = places.RunAsync("busy", default);
        var other = places.RunAsync("other", default);
        using var cancel = new CancellationTokenSource();
        var given = places.RunAsync("third", cancel.Token);
        Assert.False(third.IsCompleted || other.IsCompleted || given.IsCompleted);
        first.Dispose();
        var others = await other;
        Assert.False(third.IsCompleted);

        // Whoever gives up waits no more.
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        others.Dispose();
        (await third).Dispose();
    }

    private static async Task<ApiHost> StartAsync(Engine engine, params (string Name, string Value)[] settings)
    {
        var api = await ApiHost.StartAsync(engine, settings: settings);

        // The queue begins once the database is ready.
        await api.Anonymous.GetJsonAsync(HttpExtensions.Plan);
        await api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        return api;
    }

    private static Task<int> FilesAsync(ApiHost api) => api.Services.GetRequiredService<Database>().ReadAsync(
        session => session.SingleAsync<int>("SELECT COUNT(*) FROM report_import_files"), default);

    // Without the handlers of other clients, which read a body before they pass it on.
    private static async Task<HttpResponseMessage> SendAsync(ApiHost api, HttpClient client, HttpContent body)
    {
        using var plain = api.Server.CreateClient();
        plain.DefaultRequestHeaders.Authorization = client.DefaultRequestHeaders.Authorization;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports") { Content = body };
        return await plain.SendAsync(request);
    }

    /// <summary>A file in whose reading something happens once.</summary>
    private sealed class Turning(byte[] content, Action turn) : MemoryStream(content)
    {
        public bool HasTurned { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Turn();
            return base.Read(buffer, offset, count);
        }

        public override int Read(Span<byte> buffer)
        {
            Turn();
            return base.Read(buffer);
        }

        private void Turn()
        {
            if (!HasTurned)
            {
                HasTurned = true;
                turn();
            }
        }
    }

    /// <summary>A body of which the last byte is held back; it is more than goes on its way before the server reads it.</summary>
    private sealed class Held : HttpContent
    {
        private readonly byte[] _content;

        public Held(byte[] content)
        {
            _content = [.. content, .. Enumerable.Repeat((byte)'\n', 1_000_000)];
            Headers.TryAddWithoutValidation("Content-Type", "text/csv");
        }

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Rest { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_content.AsMemory(0, _content.Length - 1));
            await stream.FlushAsync();
            Begun.SetResult();
            await Rest.Task;
            await stream.WriteAsync(_content.AsMemory(_content.Length - 1));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
