using System.Collections.Concurrent;
using Azure.Core;
using Azure.Identity;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Data;

/// <summary>
/// Logins of Microsoft Entra ID, as the connection string's <c>Authentication</c> names them: a managed identity or a workload's (User Id is
/// its client id, or none), a service principal (User Id and Password are its client id and secret), or by default whichever is at hand.
/// What asks a person has no place in a service.
/// </summary>
internal sealed class EntraLogins : SqlAuthenticationProvider
{
    private static readonly SqlAuthenticationMethod[] Supported =
    [
        SqlAuthenticationMethod.ActiveDirectoryManagedIdentity, SqlAuthenticationMethod.ActiveDirectoryMSI,
        SqlAuthenticationMethod.ActiveDirectoryWorkloadIdentity, SqlAuthenticationMethod.ActiveDirectoryServicePrincipal,
        SqlAuthenticationMethod.ActiveDirectoryDefault,
    ];

    private static readonly EntraLogins Ours = new();

    // Each keeps its token until it nears its end.
    private readonly ConcurrentDictionary<(SqlAuthenticationMethod Method, string Authority, string? User, string? Secret), TokenCredential> _credentials = new();

    /// <summary>Has every connection of the process log in so.</summary>
    public static void Register()
    {
        foreach (var method in Supported)
        {
            SetProvider(method, Ours);
        }
    }

    public override bool IsSupported(SqlAuthenticationMethod authenticationMethod) => Supported.Contains(authenticationMethod);

    /// <exception cref="SqlAuthenticationProviderException">No token could be had.</exception>
    public override async Task<SqlAuthenticationToken> AcquireTokenAsync(SqlAuthenticationParameters parameters)
    {
        var scope = parameters.Resource.EndsWith("/.default", StringComparison.Ordinal) ? parameters.Resource : parameters.Resource.TrimEnd('/') + "/.default";
        var credential = _credentials.GetOrAdd(
            (parameters.AuthenticationMethod, parameters.Authority, parameters.UserId, parameters.Password), key => Make(key.Method, key.Authority, key.User, key.Secret));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Max(1, parameters.ConnectionTimeout)));
        try
        {
            var token = await credential.GetTokenAsync(new TokenRequestContext([scope]), patience.Token);
            return new SqlAuthenticationToken(token.Token, token.ExpiresOn);
        }
        catch (Exception fault) when (fault is AuthenticationFailedException or OperationCanceledException)
        {
            throw new LoginException(parameters.AuthenticationMethod, fault);
        }
    }

    // The authority is https://login.microsoftonline.com/TENANT.
    private static TokenCredential Make(SqlAuthenticationMethod method, string authority, string? user, string? secret)
    {
        var client = string.IsNullOrEmpty(user) ? null : user;
        return method switch
        {
            SqlAuthenticationMethod.ActiveDirectoryServicePrincipal => new ClientSecretCredential(
                new Uri(authority).Segments[^1].Trim('/'), client, secret,
                new ClientSecretCredentialOptions { AuthorityHost = new Uri(new Uri(authority).GetLeftPart(UriPartial.Authority)) }),
            SqlAuthenticationMethod.ActiveDirectoryWorkloadIdentity => new WorkloadIdentityCredential(new WorkloadIdentityCredentialOptions { ClientId = client }),
            SqlAuthenticationMethod.ActiveDirectoryDefault => new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = client, WorkloadIdentityClientId = client }),
            _ => new ManagedIdentityCredential(client is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(client)),
        };
    }

    private sealed class LoginException(SqlAuthenticationMethod method, Exception cause)
        : SqlAuthenticationProviderException(method, "token", false, 0, "No token of Microsoft Entra ID could be had.", cause);
}
