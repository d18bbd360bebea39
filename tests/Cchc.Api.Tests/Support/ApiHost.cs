using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Mvc.Testing.Handlers;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cchc.Api.Tests.Support;

/// <summary>The real server on a real database of its own, with a clock the test sets.</summary>
public sealed class ApiHost : WebApplicationFactory<Program>
{
    // Wiping one shared SQL Server database stands in for a file of one's own: one test at a time.
    private static readonly SemaphoreSlim SqlServerTurn = new(1);
    private static readonly Lazy<string> Template = new(MakeTemplate);
    private static readonly DateTimeOffset Seeded = new(2021, 12, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Engine _engine;
    private readonly bool _sample;
    private readonly int _limit;
    private readonly Action<IServiceCollection>? _configure;
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"cchc-{Guid.NewGuid():n}.db");

    private readonly (string Name, string Value)[] _settings;
    private int _hasTurn;
    private bool _isGuest;

    private ApiHost(
        Engine engine, bool sample, int limit = 0, Action<IServiceCollection>? configure = null, params (string Name, string Value)[] settings) =>
        (_engine, _sample, _limit, _configure, _settings) = (engine, sample, limit, configure, settings);

    public FakeTime Time { get; } = new();

    public HttpClient Anonymous { get; private set; } = null!;

    public static async Task<ApiHost> StartAsync(
        Engine engine, bool sample = false, int limit = 0, Action<IServiceCollection>? configure = null,
        params (string Name, string Value)[] settings)
    {
        Engines.SkipUnlessConfigured(engine);
        var api = new ApiHost(engine, sample, limit, configure, settings);
        if (engine == Engine.SqlServer)
        {
            await SqlServerTurn.WaitAsync();
            api._hasTurn = 1;
            try
            {
                await api.WipeAsync();
            }
            catch
            {
                await api.DisposeAsync();
                throw;
            }
        }
        else
        {
            File.Copy(Template.Value, api._file);
        }

        try
        {
            api.Anonymous = api.CreateClient();
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another node on the same database, or on one of one's own, which goes before it; its clock is that of the first.</summary>
    public static ApiHost Join(
        ApiHost first, Engine? engine = null, string? connectionString = null, Action<IServiceCollection>? configure = null,
        params (string Name, string Value)[] settings)
    {
        var api = new ApiHost(
            engine ?? first._engine, first._sample, configure: configure,
            settings: [("Database:ConnectionString", connectionString ?? first.ConnectionString), .. settings])
        {
            _isGuest = true,
        };
        api.Time.Set(first.Time.GetUtcNow());
        api.Anonymous = api.CreateClient();
        return api;
    }

    public async Task<HttpClient> KeyAsync(Role role, string? unit = null, params IReadOnlyList<KeyScope> scopes)
    {
        var catalogue = await Services.GetRequiredService<Catalogues>().CurrentAsync(default);
        var unitId = unit is null ? (int?)null : catalogue.UnitOf(unit).Id;
        var issued = await Services.GetRequiredService<KeyWriter>()
            .CreateAsync("cli", new KeyTerms(role, unitId, Scopes: scopes), null, default);
        return Holding(issued.Secret!);
    }

    /// <summary>A client that shows a credential.</summary>
    public HttpClient Holding(string credential)
    {
        var client = CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        return client;
    }

    /// <summary>A client whose every answer is held against the contract.</summary>
    public new HttpClient CreateClient() => CreateDefaultClient(new RedirectHandler(), new ContractCheck());

    /// <summary>Counts the database commands that an action runs.</summary>
    public Task<long> CountCommandsAsync(Func<Task> action) => CountAsync("cchc.database.commands", action);

    /// <summary>What one of the program's counters counts while an action runs, with these tags.</summary>
    public async Task<long> CountAsync(string counter, Func<Task> action, params (string Name, string Value)[] tags)
    {
        var count = 0L;
        var meters = Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == counter && instrument.Meter.Scope == meters)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, measured, given, _) =>
        {
            var all = given.ToArray();
            if (tags.All(tag => all.Contains(KeyValuePair.Create(tag.Name, (object?)tag.Value))))
            {
                Interlocked.Add(ref count, measured);
            }
        });
        listener.Start();
        await action();
        return count;
    }

    /// <summary>Renames the database's file until what is given back is disposed.</summary>
    public IDisposable MoveDatabaseAway()
    {
        SqliteConnection.ClearAllPools();
        File.Move(_file, _file + ".away");
        return new Restored(() =>
        {
            Assert.False(File.Exists(_file));
            File.Move(_file + ".away", _file);
        });
    }

    /// <summary>Everything that the database holds, as text.</summary>
    public async Task<string> DumpAsync()
    {
        await using var connection = new SqliteConnection(ConnectionString);
        var text = new StringBuilder();
        foreach (var table in await connection.QueryAsync<string>("SELECT name FROM sqlite_master WHERE type = 'table'"))
        {
            foreach (IDictionary<string, object?> row in await connection.QueryAsync($"SELECT * FROM {table}"))
            {
                text.AppendJoin('\t', row.Values).AppendLine();
            }
        }

        return text.ToString();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Seed:Sample", _sample ? "true" : "false");
        builder.UseSetting("Database:Provider", _engine.ToString());
        builder.UseSetting("Database:ConnectionString", ConnectionString);
        foreach (var limit in new[] { "Reads", "Writes", "Failures" })
        {
            builder.UseSetting($"RateLimits:{limit}", _limit.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        builder.UseSetting("Logging:LogLevel:Default", "Error");
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureServices(services =>
        {
            services.RemoveAll<TimeProvider>().AddSingleton<TimeProvider>(Time).AddTransient<IStartupFilter, ClaimedAddress>();
            _configure?.Invoke(services);
        });
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            // One that fails to stop is not disposed of any further.
            GiveBack(disposing: true);
        }
    }

    protected override void Dispose(bool disposing)
    {
        try
        {
            base.Dispose(disposing);
        }
        finally
        {
            GiveBack(disposing);
        }
    }

    // Whatever becomes of a host, the next one gets its turn, and no file is left.
    private void GiveBack(bool disposing)
    {
        if (!disposing || (_isGuest && _engine == Engine.SqlServer))
        {
            return;
        }

        if (_engine == Engine.SqlServer)
        {
            // A factory that is disposed of synchronously comes here twice.
            if (Interlocked.Exchange(ref _hasTurn, 0) == 1)
            {
                SqlServerTurn.Release();
            }

            return;
        }

        SqliteConnection.ClearAllPools();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_file)!, Path.GetFileName(_file) + "*"))
        {
            File.Delete(file);
        }
    }

    public string ConnectionString => _engine == Engine.SqlServer ? Engines.SqlServer! : $"Data Source={_file}";

    private async Task WipeAsync()
    {
        var services = Services;
        await services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, default);
        await services.GetRequiredService<Seeder>().SeedAsync(default);
        await using var connection = new Microsoft.Data.SqlClient.SqlConnection(Engines.SqlServer);
        string[] tables =
        [
            "district_approvals", "report_extensions", "consolidated_results", "audit_log", "audit_heads", "plan_rules",
            "obstacle_events", "obstacles", "webhook_leases", "webhook_deliveries", "webhook_former_secrets", "webhooks", "changes",
            "report_values", "report_tasks", "report_evidence", "status_changes", "revisions", "reports",
            "api_key_scopes", "api_key_ranges", "api_key_former_secrets", "api_key_uses", "api_keys",
            "idempotent_requests", "request_claims", "settled_instants", "data_version_history",
            "audit_entries", "report_import_remarks", "report_import_files", "report_imports",
        ];
        foreach (var table in tables)
        {
            await connection.ExecuteAsync($"DELETE FROM {table}");
        }

        // Changes are read in stretches of numbers: those that were wiped would be a gap.
        await connection.ExecuteAsync("UPDATE change_heads SET sequence = 0");

        // No write has an earlier instant than the one before it, which another test made at a clock of its own.
        await connection.ExecuteAsync("UPDATE data_versions SET changed_at = @seeded", new { seeded = Seeded.UtcDateTime });
        await connection.ExecuteAsync(
            "INSERT INTO data_version_history (scope, version, changed_at) SELECT scope, version, changed_at FROM data_versions");
    }

    private sealed class Restored(Action restore) : IDisposable
    {
        public void Dispose() => restore();
    }

    private static string MakeTemplate()
    {
        var file = Path.Combine(Path.GetTempPath(), $"cchc-template-{Environment.ProcessId}.db");
        File.Delete(file);
        using (var api = new ApiHost(Engine.Sqlite, sample: false))
        {
            // Before every instant that a test sets its clock to: no write has an earlier instant than the one before it.
            api.Time.Set(Seeded);
            api.CreateClient().Dispose();
            using var connection = new SqliteConnection($"Data Source={api._file}");
            connection.Execute("VACUUM INTO @file", new { file });
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        return file;
    }
}

/// <summary>No connection has an address here: a request says itself which one it is to have come from.</summary>
internal sealed class ClaimedAddress : IStartupFilter
{
    public const string Header = "Test-Address";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            if (context.Request.Headers[Header].ToString() is { Length: > 0 } address)
            {
                context.Connection.RemoteIpAddress = System.Net.IPAddress.Parse(address);
            }

            return following(context);
        });
        next(app);
    };
}

public enum Engine { Sqlite, SqlServer }

/// <summary>Runs a test once on each engine; one that is not configured shows as skipped.</summary>
public static class Engines
{
    public static string? SqlServer { get; } = Environment.GetEnvironmentVariable("CCHC_TEST_SQLSERVER");

    public static TheoryData<Engine> All { get; } = [Engine.Sqlite, Engine.SqlServer];

    public static void SkipUnlessConfigured(Engine engine) => Skip.If(
        engine == Engine.SqlServer && string.IsNullOrEmpty(SqlServer), "CCHC_TEST_SQLSERVER names no SQL Server to run on.");
}

/// <summary>A clock that stands until it is moved.</summary>
public sealed class FakeTime : TimeProvider
{
    private DateTimeOffset _now = new(2022, 6, 18, 9, 0, 0, TimeSpan.FromHours(7));
    private long _passed = TimeSpan.TicksPerSecond;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now.ToUniversalTime();

    public override long GetTimestamp() => Interlocked.Read(ref _passed);

    /// <summary>Nothing happens by itself: what a timer would begin, a test begins.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Still();

    public void Set(DateTimeOffset now) => _now = now;

    public void Advance(TimeSpan by)
    {
        _now += by;
        Interlocked.Add(ref _passed, by.Ticks);
    }

    private sealed class Still : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}

public static class HttpExtensions
{
    public const string Plan = "/v1/plans/cchc-2022";

    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    public static async Task<JsonNode> GetJsonAsync(this HttpClient client, string path)
    {
        var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return await response.JsonAsync();
    }

    public static Task<HttpResponseMessage> PutReportAsync(
        this HttpClient client, string unit, string body, string period = "2022-H1", string? ifMatch = null) =>
        client.SendJsonAsync(HttpMethod.Put, $"{Plan}/reports/{period}/{unit}", body, ifMatch);

    public static Task<HttpResponseMessage> ActAsync(
        this HttpClient client, string unit, string action, string? body = null, string period = "2022-H1", string? ifMatch = null) =>
        client.SendJsonAsync(HttpMethod.Post, $"{Plan}/reports/{period}/{unit}/{action}", body, ifMatch);

    public static async Task<HttpResponseMessage> SendJsonAsync(
        this HttpClient client, HttpMethod method, string path, string? body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await client.SendAsync(request);
    }

    /// <summary>Puts, submits and approves a report as an administrator.</summary>
    public static async Task PublishAsync(this HttpClient administrator, string unit, string body, string period = "2022-H1")
    {
        foreach (var response in new[]
        {
            await administrator.PutReportAsync(unit, body, period),
            await administrator.ActAsync(unit, "submit", period: period),
            await administrator.ActAsync(unit, "approve", period: period),
        })
        {
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    public static string Ratio(string target, long numerator, long total) =>
        $$"""{"values":[{"target":"{{target}}","numerator":{{numerator}},"total":{{total}}}]}""";
}
