using Cchc.Api.Auditing;
using Cchc.Api.Http;
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
            .AddSingleton<KeyWriter>().AddSingleton<AuditQueries>().AddSingleton<Preparation>()
            .AddHostedService(provider => provider.GetRequiredService<Preparation>());
    }
}

/// <summary>
/// Migrates and seeds the embedded database, and in Development fills it with sample reports, while the rest of the server starts: who
/// needs the database waits for it. A SQL Server is the operator's to prepare.
/// </summary>
internal sealed class Preparation(IServiceProvider services, IConfiguration configuration, IHostEnvironment environment) : IHostedService
{
    // Of a client; another node may be ready.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _run = Task.CompletedTask;

    public void Begin() => _run = Task.Run(RunAsync);

    /// <summary>Ends once the database is ready. Where it cannot be made so, the server ends instead.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _ready.Task.WaitAsync(cancellation);

    /// <summary>Holds a request until the database is ready, two seconds at most.</summary>
    /// <exception cref="ProblemException">503 where it takes longer.</exception>
    public Task HoldAsync(HttpContext context, RequestDelegate next) => _ready.Task.IsCompleted ? next(context) : HeldAsync(context, next);

    public Task StartAsync(CancellationToken cancellationToken) => _run.WaitAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task HeldAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await _ready.Task.WaitAsync(Patience, context.RequestAborted);
        }
        catch (TimeoutException)
        {
            throw new ProblemException("service.unavailable");
        }

        await next(context);
    }

    private async Task RunAsync()
    {
        if (services.GetRequiredService<Database>().IsEmbedded)
        {
            await PrepareAsync();
        }

        _ready.SetResult();
    }

    private async Task PrepareAsync()
    {
        // This engine keeps a thread while it waits for a lock: others must not wait for that thread.
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 32), ports);
        await services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, CancellationToken.None);
        await services.GetRequiredService<Seeder>().SeedAsync(CancellationToken.None);
        if (environment.IsDevelopment() && configuration.GetValue("Seed:Sample", true))
        {
            await services.GetRequiredService<SampleSeeder>().SeedAsync(CancellationToken.None);
        }
    }
}
