using System.Net;
using Cchc.Api.Tests.Support;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Operations;

public sealed class HealthTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-health-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Ready_says_what_it_is_ready_by(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        foreach (var (name, status) in new[] { ("live", "live"), ("startup", "started"), ("ready", "ready"), ("startup", "started") })
        {
            Assert.Equal(status, (string?)(await api.Anonymous.GetJsonAsync($"/health/{name}"))["status"]);
        }

        var checks = (await api.Anonymous.GetJsonAsync("/health/ready"))["checks"]!.AsObject();
        Assert.Equal(["data", "schema", "shutdown"], checks.Select(each => each.Key).Order());
        Assert.All(checks, check => Assert.Equal("ok", (string?)check.Value!["status"]));
        Assert.Matches(@"^at \d{4}_\w+\.sql$", (string?)checks["schema"]!["detail"]);
    }

    [Fact]
    public async Task While_the_database_is_made_ready_the_process_lives_and_requests_wait_a_while()
    {
        var file = $"Data Source={_folder}/cchc.db;Pooling=False";
        using var other = new SqliteConnection(file);
        await other.OpenAsync();
        await other.ExecuteAsync("PRAGMA journal_mode = WAL");
        var writing = await other.BeginTransactionAsync();
        using var server = await ServerProcess.ListenAsync(_folder, ("Database__ConnectionString", file));
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        var waiting = client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative));
        Assert.Equal("live", (string?)(await client.GetJsonAsync("/health/live"))["status"]);
        var refused = await waiting;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (refused.StatusCode, refused.Headers.RetryAfter is not null));
        await writing.DisposeAsync();
        HttpResponseMessage answer;
        while ((answer = await client.GetAsync(new Uri(HttpExtensions.Plan, UriKind.Relative))).StatusCode == HttpStatusCode.ServiceUnavailable)
        {
        }

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_schema_behind_is_not_ready_and_one_ahead_is_told()
    {
        var file = $"Data Source={_folder}/cchc.db;Pooling=False";
        await using (var api = await ApiHost.StartAsync(Engine.Sqlite, settings: ("Database:ConnectionString", file)))
        {
            using var database = new SqliteConnection(file);
            await database.ExecuteAsync("INSERT INTO schema_migrations (script, checksum, applied_at) VALUES ('9999_later.sql', 'x', '2030-01-01T00:00:00.000Z')");
            var ahead = await api.Anonymous.GetJsonAsync("/health/ready");
            Assert.Equal(("degraded", "later than this program: 9999_later.sql"), ((string?)ahead["status"], (string?)ahead["checks"]!["schema"]!["detail"]));

            await database.ExecuteAsync("DELETE FROM schema_migrations WHERE script LIKE '0007_%' OR script LIKE '9999_%'");
            var (status, behind) = await ReadyAsync(api.Anonymous);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("to be migrated: 0007_changes.sql", behind, StringComparison.Ordinal);

            await database.ExecuteAsync("ALTER TABLE schema_migrations RENAME TO gone");
            (status, behind) = await ReadyAsync(api.Anonymous);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("to be migrated: 0001_", behind, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await api.Anonymous.GetAsync(new Uri("/health/startup", UriKind.Relative))).StatusCode);
        }
    }

    [Fact]
    public async Task Without_its_database_it_lives_and_is_not_ready()
    {
        using var server = await ServerProcess.StartAsync(
            _folder, ("Database__Provider", "SqlServer"),
            ("Database__ConnectionString", "Server=tcp:127.0.0.1,1;Database=cchc;User Id=cchc-service;Password=S3cretWord;Connect Timeout=1"));
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
        foreach (var name in new[] { "startup", "ready" })
        {
            var answer = await client.GetAsync(new Uri($"/health/{name}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.Contains("\"schema\":{\"status\":\"fail\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("127.0.0.1", text, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri("/v1/plans", UriKind.Relative))).StatusCode);
        Assert.DoesNotContain("S3cretWord", server.Log, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Text)> ReadyAsync(HttpClient client)
    {
        var answer = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
