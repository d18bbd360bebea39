using System.Net;
using System.Text;
using Cchc.Api.Data;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Tests.Data;

/// <summary>A login of Entra ID up to the token, from an endpoint of managed identities such as App Service and Azure Arc give a process.</summary>
public sealed class EntraLoginTests : IDisposable
{
    private readonly HttpListener _endpoint = new();
    private readonly List<string> _asked = [];

    public EntraLoginTests()
    {
        var address = $"http://127.0.0.1:{FreePort()}/";
        _endpoint.Prefixes.Add(address);
        _endpoint.Start();
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", address);
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", "of this process");
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", null);
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", null);
        _endpoint.Close();
    }

    [Fact]
    public async Task A_connection_that_names_a_managed_identity_gets_its_token_once_and_a_refusal_is_a_fault_of_the_login()
    {
        _ = new SqlServerDialect();
        var logins = SqlAuthenticationProvider.GetProvider(SqlAuthenticationMethod.ActiveDirectoryManagedIdentity)!;
        Assert.IsType<EntraLogins>(logins);
        Assert.False(logins.IsSupported(SqlAuthenticationMethod.ActiveDirectoryInteractive));

        var serving = ServeAsync();
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
        _endpoint.Stop();
        await serving;
    }

    private static SqlAuthenticationParameters Parameters(string user) => new(
        SqlAuthenticationMethod.ActiveDirectoryManagedIdentity, "server", "cchc", "https://database.windows.net/",
        "https://login.microsoftonline.com/common", user, null, Guid.NewGuid(), 30);

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _endpoint.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var isRefused = context.Request.RawUrl!.Contains("refused", StringComparison.Ordinal) || context.Request.Headers["X-IDENTITY-HEADER"] != "of this process";
            if (!isRefused)
            {
                _asked.Add(context.Request.RawUrl);
            }

            context.Response.StatusCode = isRefused ? 400 : 200;
            context.Response.ContentType = "application/json";
            var expires = DateTimeOffset.UtcNow.AddHours(2).ToUnixTimeSeconds();
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(isRefused
                ? """{"error":"invalid_request","error_description":"no such identity"}"""
                : $$"""{"access_token":"a-token","expires_on":"{{expires}}","resource":"https://database.windows.net/","token_type":"Bearer"}"""));
            context.Response.Close();
        }
    }
}
