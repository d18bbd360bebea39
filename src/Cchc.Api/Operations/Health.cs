using System.Globalization;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cchc.Api.Operations;

/// <summary>
/// Whether the process lives, has started, and should get requests. Not ready is 503 with the reasons; what is merely worth knowing is
/// told with 200.
/// </summary>
internal static class Health
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    public static void AddReadiness(this IServiceCollection services) => services.AddSingleton<Startup>().AddHealthChecks()
        .AddCheck<ShutdownCheck>("shutdown")
        .AddCheck<SchemaCheck>("schema", timeout: Longest)
        .AddCheck<DataCheck>("data", timeout: Longest);

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var startup = app.ServiceProvider.GetRequiredService<Startup>();
        Map("ready", _ => true, "ready");
        Map("startup", _ => !startup.IsOver, "started");

        void Map(string name, Func<HealthCheckRegistration, bool> checks, string good) => app.MapHealthChecks($"/health/{name}", new HealthCheckOptions
        {
            Predicate = checks,
            ResponseWriter = (context, report) => WriteAsync(context, report, good),
        });
    }

    /// <summary>Whether a path is for those who run the server; it is answered also without the database.</summary>
    public static bool Owns(PathString path) =>
        path.Value is { } text && (text.StartsWith("/health/", StringComparison.Ordinal) || text.Equals("/metrics", StringComparison.Ordinal));

    /// <summary>Says that the process lives: before all else, since that hangs on nothing else.</summary>
    public static Task AnswerLiveAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value != "/health/live")
        {
            return next(context);
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store, no-cache";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync("""{"status":"live","checks":{}}""");
    }

    private static Task WriteAsync(HttpContext context, HealthReport report, string good)
    {
        if (report.Status != HealthStatus.Unhealthy)
        {
            context.RequestServices.GetRequiredService<Startup>().IsOver = true;
        }

        return context.Response.WriteAsJsonAsync(
            new HealthAnswer(
                report.Status switch { HealthStatus.Healthy => good, HealthStatus.Degraded => "degraded", _ => $"not {good}" },
                report.Entries.ToDictionary(each => each.Key, each => new HealthPart(
                    each.Value.Status switch { HealthStatus.Healthy => "ok", HealthStatus.Degraded => "warn", _ => "fail" },
                    each.Value.Description ?? "did not answer in time"))),
            Json.Options, context.RequestAborted);
    }

    private sealed record HealthAnswer(string Status, IReadOnlyDictionary<string, HealthPart> Checks);

    private sealed record HealthPart(string Status, string Detail);

    /// <summary>Once started, always started.</summary>
    internal sealed class Startup
    {
        public volatile bool IsOver;
    }
}

internal sealed class ShutdownCheck(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        lifetime.ApplicationStopping.IsCancellationRequested
            ? HealthCheckResult.Unhealthy("the server is stopping") : HealthCheckResult.Healthy("none under way"));
}

/// <summary>
/// The database answers and has every script of this program. One with later scripts serves too: a newer release has migrated it, and
/// the one before goes on working. So does one that is away, once it was there: reads go on from memory.
/// </summary>
internal sealed class SchemaCheck(Migrator migrator, DataVersions versions) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var (pending, unknown, latest) = await migrator.CompareAsync(cancellationToken);
            return pending.Count > 0 ? HealthCheckResult.Unhealthy($"to be migrated: {string.Join(", ", pending)}")
                : unknown.Count > 0 ? HealthCheckResult.Degraded($"later than this program: {string.Join(", ", unknown)}")
                : HealthCheckResult.Healthy($"at {latest}");
        }
        catch (InvalidOperationException exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (exception is DatabaseAwayException)
            {
                versions.MarkStale();
            }

            return versions.Stale is { } stale
                ? HealthCheckResult.Degraded(string.Create(
                    CultureInfo.InvariantCulture, $"the database is away since {stale.Since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}: reads go on from memory, writes are refused"))
                : HealthCheckResult.Unhealthy("the database cannot be reached");
        }
    }
}

/// <summary>There are plans, and what is known of them is no older than a moment.</summary>
internal sealed class DataCheck(Catalogues catalogues, DataVersions versions) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var catalogue = await catalogues.CurrentAsync(cancellationToken);
            return catalogue.Plans.Count == 0 ? HealthCheckResult.Unhealthy("no plan is loaded: seed")
                : HealthCheckResult.Healthy(string.Create(
                    CultureInfo.InvariantCulture, $"{catalogue.Plans.Count} plans; versions read {versions.Age.TotalSeconds:0.0} s ago"));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("the data cannot be read");
        }
    }
}
