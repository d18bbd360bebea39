using StackExchange.Redis;

namespace Cchc.Api.Http;

/// <summary>The Redis that nodes share, where <c>Redis:ConnectionString</c> names one: for counts of rate limits, and for answers.</summary>
internal static class Redis
{
    public static bool IsConfigured(IConfiguration configuration) => configuration["Redis:ConnectionString"] is { Length: > 0 };

    public static string PrefixOf(IConfiguration configuration) => configuration["Redis:Prefix"] ?? "cchc:";

    /// <summary>How it is reached: it may come and go, and nobody waits long for it.</summary>
    public static ConfigurationOptions OptionsOf(IConfiguration configuration)
    {
        var options = ConfigurationOptions.Parse(configuration["Redis:ConnectionString"]!);
        (options.AbortOnConnectFail, options.ConnectTimeout, options.AsyncTimeout) = (false, 1000, 1000);
        options.ClientName = "Cchc.Api";
        return options;
    }

    /// <summary>What is wrong with the settings of it; null where nothing is. What is wrong is not shown, since it may be a password.</summary>
    public static string? FaultOf(IConfiguration configuration)
    {
        if (!IsConfigured(configuration))
        {
            return SharedAnswers.IsConfigured(configuration) ? "Redis:ConnectionString is needed with Redis:Answers=true." : null;
        }

        try
        {
            return OptionsOf(configuration).EndPoints.Count == 0 ? "Redis:ConnectionString names no server." : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return "Redis:ConnectionString cannot be read: it is host:port,name=value,name=value.";
        }
    }

    public static IServiceCollection AddSharedAnswers(this IServiceCollection services, IConfiguration configuration)
    {
        if (!SharedAnswers.IsConfigured(configuration))
        {
            return services;
        }

        // While it is not connected a command fails at once, in place of waiting until it is.
        var options = OptionsOf(configuration);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return services.AddSingleton<SharedAnswers>()
            .AddStackExchangeRedisCache(cache => (cache.ConfigurationOptions, cache.InstanceName) = (options, PrefixOf(configuration)));
    }
}
