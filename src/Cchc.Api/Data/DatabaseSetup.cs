using Cchc.Api.Auditing;
using Cchc.Api.Keys;
using Cchc.Api.Reports;

namespace Cchc.Api.Data;

internal static class DatabaseSetup
{
    public static IServiceCollection AddDatabase(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(provider => Dialect.Of(provider.GetRequiredService<IConfiguration>()));
        return services.AddSingleton<Database>().AddSingleton<Secondary>().AddSingleton<DataVersions>().AddSingleton<Migrator>()
            .AddSingleton<Transfer>().AddSingleton<Seeder>().AddSingleton<SampleSeeder>().AddSingleton<KeyRing>()
            .AddSingleton<KeyWriter>().AddSingleton<AuditQueries>();
    }

    /// <summary>
    /// Migrates and seeds the embedded database, and in Development fills it with sample reports; a SQL Server is the operator's.
    /// </summary>
    public static async Task PrepareEmbeddedAsync(this WebApplication app)
    {
        var services = app.Services;
        if (!services.GetRequiredService<Database>().IsEmbedded)
        {
            return;
        }

        // This engine keeps a thread while it waits for a lock: others must not wait for that thread.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 32), ports);
        await services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, CancellationToken.None);
        await services.GetRequiredService<Seeder>().SeedAsync(CancellationToken.None);
        if (app.Environment.IsDevelopment() && app.Configuration.GetValue("Seed:Sample", true))
        {
            await services.GetRequiredService<SampleSeeder>().SeedAsync(CancellationToken.None);
        }
    }
}
