using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;

namespace Cchc.Api.Keys;

/// <summary>
/// People come with a token of the province's single sign-on (OpenID Connect, RFC 7519). The framework checks it as
/// <c>Authentication:Schemes:Bearer</c> says; its claims are read as <c>Authentication:Claims</c> and <c>Authentication:Roles</c> say.
/// </summary>
internal sealed class TokenOptions(IConfiguration configuration, Catalogues catalogues, TimeProvider time) : IPostConfigureOptions<JwtBearerOptions>
{
    private const int LongestSubject = 90;

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    public void PostConfigure(string? name, JwtBearerOptions options)
    {
        options.MapInboundClaims = false;
        options.TokenValidationParameters.LifetimeValidator = (notBefore, expires, _, _) =>
            time.GetUtcNow().UtcDateTime is var now && expires > now - Skew && !(notBefore > now + Skew);
        options.Events = new JwtBearerEvents { OnTokenValidated = KnowAsync };
    }

    private async Task KnowAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!.Claims.ToLookup(claim => claim.Type, claim => claim.Value);
        var role = claims[configuration["Authentication:Claims:Role"] ?? "role"].Select(RoleOf).FirstOrDefault(role => role is not null);
        var subject = claims["sub"].FirstOrDefault();
        var code = claims[configuration["Authentication:Claims:Unit"] ?? "unit"].FirstOrDefault();
        var catalogue = await catalogues.CurrentAsync(context.HttpContext.RequestAborted);
        var unit = code is null ? null : catalogue.Units.Find(code);
        if (role is null || subject is not { Length: > 0 and <= LongestSubject } || (code is not null && unit is null)
            || Holder.Check(role.Value, unit, catalogue.Plans) != HolderFault.None)
        {
            throw new ProblemException("auth.claims");
        }

        var end = DateTime.SpecifyKind(context.SecurityToken.ValidTo, DateTimeKind.Utc);
        context.HttpContext.Features.Set(new TokenEnd(new DateTimeOffset(end)));
        context.HttpContext.Features.Set(new Caller($"user:{subject}", role.Value, unit?.Id));
    }

    // The sign-on's own names of roles are mapped by configuration; ours are understood without.
    private Role? RoleOf(string name) => Words.Parse<Role>(configuration[$"Authentication:Roles:{name}"] ?? name);
}
