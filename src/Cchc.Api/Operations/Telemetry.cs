using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cchc.Api.Operations;

/// <summary>
/// Traces, metrics and logs by OpenTelemetry. By OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says whereto, as that and the other OTEL_
/// variables say; and metrics for Prometheus at /metrics, which begin with the first time they are asked for. Until then neither costs
/// anything.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] Meters = [Measures.Meter, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];
    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Measures>().AddSingleton<Standing>().AddSingleton<Scrape>();
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        builder.Services.AddHostedService<StandingWorker>().AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithTracing(traces => traces.AddSource("System.Net.Http").AddSqlClientInstrumentation()
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !Health.Owns(context.Request.Path)))
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithLogging(_ => { }, options => options.IncludeFormattedMessage = true)
            .UseOtlpExporter();
    }

    public static void MapMetrics(this WebApplication app)
    {
        var pipeline = ((IApplicationBuilder)app).New();
        app.MapGet("/metrics", context => context.RequestServices.GetRequiredService<Scrape>().AnswerAsync(context, pipeline)).ExcludeFromDescription();
    }

    private static void Describe(ResourceBuilder resource) => resource.AddService(
        Measures.Meter, serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3), autoGenerateServiceInstanceId: false, serviceInstanceId: Environment.MachineName);

    /// <summary>What Prometheus reads, from the networks of <c>Metrics:Networks</c> (by default this machine) and without a proxy in between.</summary>
    internal sealed class Scrape(IConfiguration configuration, Standing standing) : IDisposable
    {
        private readonly IPNetwork[] _networks =
            configuration.GetSection("Metrics:Networks").Get<string[]>() is { Length: > 0 } given ? [.. given.Select(IPNetwork.Parse)] : Loopback;

        private readonly Lock _gate = new();
        private MeterProvider? _provider;
        private RequestDelegate? _exporter;

        public async Task AnswerAsync(HttpContext context, IApplicationBuilder pipeline)
        {
            // Who is forwarded by a proxy that is not believed looks like the proxy, which may be on this machine.
            if (!AddressRange.Covers(_networks, context.Connection.RemoteIpAddress) || context.Request.Headers.ContainsKey("X-Forwarded-For"))
            {
                throw new ProblemException("notFound");
            }

            await standing.RefreshAsync(context.RequestAborted);
            context.Response.Headers.CacheControl = "no-store";
            await Begin(pipeline)(context);
        }

        public void Dispose() => _provider?.Dispose();

        private RequestDelegate Begin(IApplicationBuilder pipeline)
        {
            lock (_gate)
            {
                if (_exporter is null)
                {
                    _provider = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(Meters).AddPrometheusExporter().Build();
                    _exporter = pipeline.UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, null, null, null).Build();
                }

                return _exporter;
            }
        }
    }

    /// <summary>Reads how things stand for who is told of it without asking.</summary>
    internal sealed class StandingWorker(Preparation preparation, Standing standing, TimeProvider time) : BackgroundService
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await preparation.WaitAsync(stoppingToken);
            using var timer = new PeriodicTimer(Interval, time);
            do
            {
                await standing.RefreshAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
    }
}
