using Cchc.Api.Data;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Data;

public sealed class MigratorTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"cchc-migrate-{Guid.NewGuid():n}.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        foreach (var file in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_file) + "*"))
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_dry_run_tells_and_does_nothing()
    {
        using var services = Services();
        Assert.All(await services.GetRequiredService<Migrator>().MigrateAsync(dryRun: true, default), step => Assert.False(step.Applied));
        Assert.Equal(0, Scalar("SELECT COUNT(*) FROM sqlite_master"));
    }

    [Fact]
    public async Task Nodes_that_start_together_migrate_and_seed_once()
    {
        using var first = Services();
        using var second = Services();
        var nodes = new[] { first, second };
        var steps = await Task.WhenAll(nodes.Select(node => Task.Run(() => node.GetRequiredService<Migrator>().MigrateAsync(false, default))));
        Assert.Single(steps, each => each.All(step => !step.Applied));
        var seeded = await Task.WhenAll(nodes.Select(node => Task.Run(() => node.GetRequiredService<Seeder>().SeedAsync(default))));
        Assert.Equal([(0, 0), (232, 1)], seeded.Order());
        Assert.Equal(232, Scalar("SELECT COUNT(*) FROM units"));
    }

    [Fact]
    public async Task An_edited_script_is_refused()
    {
        using var services = Services();
        var migrator = services.GetRequiredService<Migrator>();
        await migrator.MigrateAsync(false, default);
        Execute("UPDATE schema_migrations SET checksum = 'x'");
        await Assert.ThrowsAsync<InvalidOperationException>(() => migrator.MigrateAsync(false, default));
    }

    [Theory]
    [InlineData("9000_adds.sql")]
    [InlineData("9000_needs_0008_takes_away.sql")]
    [InlineData("9000_what_needs_9000_in_its_words.sql")]
    public async Task A_script_of_a_later_release_that_this_one_works_beside_is_let_be(string script)
    {
        using var services = Services();
        var migrator = services.GetRequiredService<Migrator>();
        await migrator.MigrateAsync(false, default);
        Execute($"INSERT INTO schema_migrations VALUES ('{script}', 'x', '2026-01-01T00:00:00.000Z')");
        Assert.Equal(new MigrationStep(script, Applied: true, IsNewer: true), (await migrator.MigrateAsync(false, default))[^1]);
        Assert.Equal((232, 1), await services.GetRequiredService<Seeder>().SeedAsync(default));
    }

    [Theory]
    [InlineData("9000_needs_8999_takes_away.sql", "")]
    [InlineData("0002_other.sql", "")]
    [InlineData("9000_adds.sql", "DELETE FROM schema_migrations WHERE script LIKE '0008%'")]
    public async Task A_schema_of_another_making_is_refused(string script, string also)
    {
        using var services = Services();
        var migrator = services.GetRequiredService<Migrator>();
        await migrator.MigrateAsync(false, default);
        Execute($"INSERT INTO schema_migrations VALUES ('{script}', 'x', '2026-01-01T00:00:00.000Z'); {also}");
        Assert.Contains(script, (await Assert.ThrowsAsync<InvalidOperationException>(() => migrator.MigrateAsync(false, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_script_leaves_the_schema_as_it_was()
    {
        // The name is taken by a table that the script would create last but one.
        Execute("CREATE TABLE idempotent_requests (x INTEGER)");
        using var services = Services();
        await Assert.ThrowsAsync<SqliteException>(() => services.GetRequiredService<Migrator>().MigrateAsync(false, default));
        Assert.Equal(1, Scalar("SELECT COUNT(*) FROM sqlite_master"));
    }

    private ServiceProvider Services() => new ServiceCollection()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection([new("Database:ConnectionString", $"Data Source={_file}")]).Build())
        .AddMetrics().AddLogging().AddDatabase().BuildServiceProvider();

    private long Scalar(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_file}");
        return connection.ExecuteScalar<long>(sql);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_file}");
        connection.Execute(sql);
    }
}
