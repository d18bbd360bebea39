using System.Data.Common;
using System.Text.Encodings.Web;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Console;

namespace Cchc.Api.Operations;

/// <summary>How the server starts, writes its log, and stops.</summary>
internal static class Serving
{
    // Background services that are torn down with a failed start have nothing to add.
    private static volatile bool _hasFailed;

    public static void AddOperations(this WebApplicationBuilder builder)
    {
        AddLog(builder);
        builder.Services.AddReadiness();
        builder.Services.AddHostedService<Drain>().Configure<HostOptions>(
            options =>
            {
                options.ServicesStartConcurrently = true;
                options.ShutdownTimeout = Drain.For(builder.Configuration) + TimeSpan.FromSeconds(builder.Configuration.GetValue("Shutdown:TimeoutSeconds", 30));
            });
        if (SystemdHelpers.IsSystemdService())
        {
            // Of UseSystemd all but its form of log.
            builder.Services.AddSingleton<ISystemdNotifier, SystemdNotifier>().AddSingleton<IHostLifetime, SystemdLifetime>();
        }
    }

    /// <summary>Serves until told to stop.</summary>
    /// <returns>The exit code: 1, with a line on standard error, where it cannot serve.</returns>
    public static async Task<int> ServeAsync(this WebApplication app)
    {
        try
        {
            await app.StartAsync();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception exception) when (
            exception is AggregateException or DbException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException or ArgumentException)
        {
            _hasFailed = true;
            await Console.Error.WriteLineAsync($"Cchc.Api cannot serve: {Commands.CommandLine.Reason(exception)}");
            return 1;
        }
        finally
        {
            await app.DisposeAsync();
        }
    }

    // In place of the settings file, which is found only where the program is started from its own folder.
    private static void AddLog(WebApplicationBuilder builder)
    {
        Default(builder, "Logging:LogLevel:Microsoft.AspNetCore", "Warning");

        // Why the server does not start is told in one line, by ServeAsync. That a background service failed is critical.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => level == LogLevel.Critical && !_hasFailed);
        if (builder.Environment.IsDevelopment() || builder.Configuration["Logging:Console:FormatterName"] is not null)
        {
            return;
        }

        Default(builder, "Logging:Console:FormatterName", ConsoleFormatterNames.Json);
        Default(builder, "Logging:Console:FormatterOptions:IncludeScopes", "true");
        Default(builder, "Logging:Console:FormatterOptions:UseUtcTimestamp", "true");
        Default(builder, "Logging:Console:FormatterOptions:TimestampFormat", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        builder.Services.Configure<JsonConsoleFormatterOptions>(
            options => options.JsonWriterOptions = options.JsonWriterOptions with { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static void Default(WebApplicationBuilder builder, string name, string value) => builder.Configuration[name] ??= value;
}

/// <summary>
/// Between the word to stop and the end: not ready any more, still serving, so that whoever sends requests here learns of it first.
/// <c>Shutdown:DrainSeconds</c> says how long; then no connection is taken, what is on its way ends, and the rest stops.
/// </summary>
internal sealed partial class Drain(IConfiguration configuration, TimeProvider time, ILogger<Drain> log) : IHostedLifecycleService
{
    public static TimeSpan For(IConfiguration configuration) => TimeSpan.FromSeconds(configuration.GetValue("Shutdown:DrainSeconds", 0));

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (For(configuration) is { Ticks: > 0 } pause)
        {
            Draining(log, pause.TotalSeconds);
            await Task.Delay(pause, time, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "Told to stop: not ready any more, serving for {Seconds} more seconds")]
    private static partial void Draining(ILogger logger, double seconds);
}
