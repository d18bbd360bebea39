using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Cchc.Api.Keys;

/// <summary>Who calls, scripts by API key and people by token, and whether a credential may be used from there and for that. What the caller's role may do is judged later.</summary>
internal static class Access
{
    private const string Either = "KeyOrToken";

    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<KeyUses>().AddHostedService(provider => provider.GetRequiredService<KeyUses>());
        services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, options => options.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.ToString() is { Length: > 0 } header
                && !header.StartsWith("Bearer " + KeyRing.Prefix, StringComparison.OrdinalIgnoreCase)
                    ? JwtBearerDefaults.AuthenticationScheme : ApiKeyHandler.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null)
            .AddJwtBearer();
        services.AddSingleton<IPostConfigureOptions<JwtBearerOptions>, TokenOptions>();

        // What comes with it makes and keeps keys for cookies at every start; there are no cookies.
        foreach (var unused in services.Where(
            each => each.ServiceType == typeof(IHostedService) && each.ImplementationType?.Assembly == typeof(DataProtectionOptions).Assembly).ToList())
        {
            services.Remove(unused);
        }

        return services;
    }

    public static Caller? Caller(this HttpContext context) => context.Features.Get<Caller>();

    /// <summary>When the credential of the request ends; null where it does not end, or there is none.</summary>
    public static DateTimeOffset? CredentialEndsAt(this HttpContext context) =>
        context.Features.Get<ApiKey>() is { } key ? key.EndsAt : context.Features.Get<TokenEnd>()?.At;

    /// <summary>
    /// Lets in callers of these roles only, before anything else of the operation happens: a kept answer is not given again to a caller who
    /// has lost the role since.
    /// </summary>
    public static RouteHandlerBuilder NeedsRole(this RouteHandlerBuilder endpoint, params IReadOnlyList<Role> roles) =>
        endpoint.AddEndpointFilter((invocation, next) => roles.Contains(invocation.HttpContext.RequireCaller().Role)
            ? next(invocation) : throw new ProblemException("auth.forbidden"));

    public static Caller RequireCaller(this HttpContext context) => context.Caller() ?? throw new ProblemException("auth.required");

    public static async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) && !HttpMethods.IsOptions(context.Request.Method))
        {
            await context.RequestServices.GetRequiredService<DataVersions>().RequireFreshAsync(context.RequestAborted);
        }

        if (context.Request.Headers.Authorization.Count > 0 && context.Caller() is null)
        {
            // A credential that does not hold is an error even where none is needed: who sends one must learn of it.
            throw new ProblemException("auth.required");
        }

        if (context.Features.Get<ApiKey>() is { } key)
        {
            Check(context, key);
        }

        await next(context);
    }

    private static void Check(HttpContext context, ApiKey key)
    {
        context.RequestServices.GetRequiredService<KeyUses>().Note(key.Id);
        if (key.Ranges.Count > 0 && !AddressRange.Covers(key.Ranges, context.Connection.RemoteIpAddress))
        {
            throw new ProblemException("auth.address");
        }

        if (context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<Description>() is not null
            && !key.MayUse(NeededScope.Of(endpoint.Metadata)))
        {
            throw new ProblemException("auth.scope");
        }
    }
}

/// <summary>When the token of a request expires.</summary>
internal sealed record TokenEnd(DateTimeOffset At);
