using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Tests.Data;

/// <summary>A login of Entra ID up to the token, from an endpoint of managed identities such as App Service and Azure Arc give a process.</summary>
public sealed class EntraLoginTests : IDisposable
{
    private readonly List<string> _asked = [];

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", null);
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", null);
    }

    [Fact]
    public async Task A_connection_that_names_a_managed_identity_gets_its_token_once_and_a_refusal_is_a_fault_of_the_login()
    {
        _ = new SqlServerDialect();
        var logins = SqlAuthenticationProvider.GetProvider(SqlAuthenticationMethod.ActiveDirectoryManagedIdentity)!;
        Assert.IsType<EntraLogins>(logins);
        Assert.False(logins.IsSupported(SqlAuthenticationMethod.ActiveDirectoryInteractive));

        await using var endpoint = await Receiver.ListenAsync(AnswerAsync);
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", endpoint.Urls.Single() + "/");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", "of this process");
        for (var turn = 0; turn < 2; turn++)
        {
            var token = await logins.AcquireTokenAsync(Parameters("b5b5b5b5-0000-4000-8000-000000000001"));
            Assert.Equal("a-token", token.AccessToken);
            Assert.True(token.ExpiresOn > DateTimeOffset.UtcNow.AddMinutes(30));
        }

        var query = Uri.UnescapeDataString(Assert.Single(_asked));
        Assert.Contains("resource=https://database.windows.net", query, StringComparison.Ordinal);
        Assert.Contains("client_id=b5b5b5b5-0000-4000-8000-000000000001", query, StringComparison.Ordinal);

        var fault = await Assert.ThrowsAnyAsync<SqlAuthenticationProviderException>(() => logins.AcquireTokenAsync(Parameters("refused")));
        Assert.NotNull(fault.InnerException);
    }

    private static SqlAuthenticationParameters Parameters(string user) => new(
        SqlAuthenticationMethod.ActiveDirectoryManagedIdentity, "server", "cchc", "https://database.windows.net/",
        "https://login.microsoftonline.com/common", user, null, Guid.NewGuid(), 30);

    private Task AnswerAsync(HttpContext context)
    {
        var query = context.Request.QueryString.Value!;
        var isRefused = query.Contains("refused", StringComparison.Ordinal) || context.Request.Headers["X-IDENTITY-HEADER"] != "of this process";
        if (!isRefused)
        {
            _asked.Add(query);
        }

        context.Response.StatusCode = isRefused ? 400 : 200;
        context.Response.ContentType = "application/json";
        var expires = DateTimeOffset.UtcNow.AddHours(2).ToUnixTimeSeconds();
        return context.Response.WriteAsync(isRefused
            ? """{"error":"invalid_request","error_description":"no such identity"}"""
            : $$"""{"access_token":"a-token","expires_on":"{{expires}}","resource":"https://database.windows.net/","token_type":"Bearer"}""");
    }
}
