using System.Security.Claims;
using System.Text.Encodings.Web;
using Cchc.Api.Http;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Cchc.Api.Keys;

/// <summary>Knows a caller by <c>Authorization: Bearer cchc_…</c>.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KeyRing ring)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var secret = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : "";
        if (!secret.StartsWith(KeyRing.Prefix, StringComparison.Ordinal)
            || await ring.FindAsync(secret, RateLimits.MayTry(Context), Context.RequestAborted) is not { } key)
        {
            return AuthenticateResult.Fail("No such key.");
        }

        var caller = new Caller(key.Actor, key.Role, key.UnitId);
        Context.Features.Set(key);
        Context.Features.Set(caller);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.Actor)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}
