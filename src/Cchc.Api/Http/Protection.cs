using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.HttpOverrides;

namespace Cchc.Api.Http;

/// <summary>What keeps one client from taking all: limits of rate, time and size, and whose word on addresses is believed.</summary>
internal static class Protection
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static void AddProtection(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.MaxRequestBodySize = JsonInput.MaxBytes + RequestBody.MaxDrainedBytes;
        });
        // A span and a scope for each request, made only to be written at a level that is off, cost a tenth of the hot path.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.AddSingleton<RateLimits>();
        if (Redis.IsConfigured(builder.Configuration))
        {
            builder.Services.AddSingleton<SharedCounts>().AddHostedService(provider => provider.GetRequiredService<SharedCounts>());
        }

        builder.Services.AddRequestTimeouts(options => options.DefaultPolicy = new RequestTimeoutPolicy
        {
            Timeout = TimeSpan.FromSeconds(builder.Configuration.GetValue("Limits:RequestSeconds", Longest.TotalSeconds)),
            TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
        });
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            // Only the province's own proxies are believed, and none where none is named.
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedPrefix;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var proxy in builder.Configuration.GetSection("Proxies:Addresses").Get<string[]>() ?? [])
            {
                options.KnownProxies.Add(IPAddress.Parse(proxy));
            }

            foreach (var network in builder.Configuration.GetSection("Proxies:Networks").Get<string[]>() ?? [])
            {
                options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network));
            }
        });
    }

    public static void UseKnownProxies(this WebApplication app)
    {
        if (app.Configuration.GetSection("Proxies").GetChildren().Any())
        {
            app.UseForwardedHeaders();
            app.UsePathPrefix();
        }
    }

    /// <summary>Whom to tell of a weakness (RFC 9116).</summary>
    public static void MapSecurityText(this IEndpointRouteBuilder app) =>
        app.MapGet("/.well-known/security.txt", SecurityText).ExcludeFromDescription();

    private static IResult SecurityText(IConfiguration configuration, TimeProvider time)
    {
        var expires = time.GetUtcNow().UtcDateTime.Date.AddDays(180).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var canonical = configuration["Security:Canonical"] is { Length: > 0 } address ? $"Canonical: {address}\n" : "";
        return Results.Text(
            $"Contact: {configuration["Security:Contact"] ?? "https://thuathienhue.gov.vn"}\nExpires: {expires}\nPreferred-Languages: vi, en\n{canonical}",
            "text/plain; charset=utf-8");
    }
}
