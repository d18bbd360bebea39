using System.Security.Claims;
using System.Text.Encodings.Web;
using Cchc.Api.Http;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Cchc.Api.Keys;

/// <summary>Knows a caller by <c>Authorization: Bearer cchc_…</c>.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KeyQueries keys)
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

        var key = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : "";
        if (!key.StartsWith(KeyQueries.Prefix, StringComparison.Ordinal) || key.Length > 100
            || await keys.FindAsync(key, Context.RequestAborted) is not { } caller)
        {
            // A credential that does not hold is an error even where none is needed: a script must learn of it.
            throw new ProblemException("auth.required");
        }

        Context.Features.Set(caller);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.Actor)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}

internal static class CallerExtensions
{
    public static Caller? Caller(this HttpContext context) => context.Features.Get<Caller>();

    public static Caller RequireCaller(this HttpContext context) => context.Caller() ?? throw new ProblemException("auth.required");
}
