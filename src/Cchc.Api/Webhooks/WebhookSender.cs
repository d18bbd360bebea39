using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Cchc.Api.Webhooks;

/// <summary>
/// Sends one signed message (Standard Webhooks 1.0). It connects to no address of a private, local or special network, whatever a name
/// resolves to, unless <c>Webhooks:AllowPrivate</c> says so, and follows no redirect.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    public const string SecretPrefix = "whsec_";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly HttpClient _client;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly TimeProvider _time;
    private readonly bool _allowsPrivate;

    public WebhookSender(IConfiguration configuration, TimeProvider time)
    {
        _time = time;
        _allowsPrivate = configuration.GetValue("Webhooks:AllowPrivate", false);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        });

        // A connection that breaks is tried again at once; what lasts longer, the schedule of deliveries sits out.
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddTimeout(Longest)
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>(
                    fault => fault.InnerException is not (AddressRefusedException or AuthenticationException)),
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            }).Build();
    }

    /// <summary>A secret of 256 random bits.</summary>
    public static string NewSecret() => SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether a receiver may be given by this address.</summary>
    public bool MayReach(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.UserInfo.Length == 0 && address.Fragment.Length == 0
        && (address.Scheme == Uri.UriSchemeHttps || (_allowsPrivate && address.Scheme == Uri.UriSchemeHttp))
        && (_allowsPrivate || !IPAddress.TryParse(address.IdnHost, out var ip) || AddressGuard.IsPublic(ip));

    /// <summary>Sends a message; says what was answered, or why nothing was.</summary>
    public async Task<(int? Status, string? Error, TimeSpan? Wait)> SendAsync(
        WebhookRow webhook, string messageId, WebhookMessage message, CancellationToken cancellation)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, Json.Options);
        var now = _time.Now();
        try
        {
            using var response = await _pipeline.ExecuteAsync(
                async token =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
                    request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
                    request.Headers.UserAgent.ParseAdd("Cchc.Api/1.0");
                    var timestamp = now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
                    request.Headers.Add("webhook-id", messageId);
                    request.Headers.Add("webhook-timestamp", timestamp);
                    request.Headers.Add("webhook-signature", string.Join(' ', webhook.SecretsAt(now).Select(secret => Sign(secret, messageId, timestamp, body))));
                    return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
                },
                cancellation);
            var wait = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - now : null;
            return ((int)response.StatusCode, null, wait);
        }
        catch (TimeoutRejectedException)
        {
            return (null, "timeout", null);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            // Whatever it was, it is an attempt that failed: the schedule goes on, and so do the other webhooks.
            return (null, fault switch
            {
                { InnerException: AddressRefusedException } => "address",
                { InnerException: AuthenticationException } => "tls",
                HttpRequestException or IOException => "connection",
                _ => "internal",
            }, null);
        }
    }

    public void Dispose() => _client.Dispose();

    private static string Sign(string secret, string messageId, string timestamp, byte[] body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Convert.FromBase64String(secret[SecretPrefix.Length..]));
        hmac.AppendData(Encoding.UTF8.GetBytes($"{messageId}.{timestamp}."));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    // Judged where the connection is made: what a name resolved to before may have changed since.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation);
        var reachable = addresses.Where(address => _allowsPrivate || AddressGuard.IsPublic(address)).ToArray();
        if (reachable.Length == 0)
        {
            throw new AddressRefusedException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(reachable, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class AddressRefusedException : IOException;
}

/// <summary>Tells addresses of the open internet from those of a network of one's own.</summary>
internal static class AddressGuard
{
    // The special-purpose registries of IANA (RFC 6890), as far as they are not reached from everywhere.
    private static readonly System.Net.IPNetwork[] Special =
    [.. new[]
    {
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    }.Select(network => System.Net.IPNetwork.Parse(network))];

    private static readonly System.Net.IPNetwork Nat64 = System.Net.IPNetwork.Parse("64:ff9b::/96");
    private static readonly System.Net.IPNetwork Compatible = System.Net.IPNetwork.Parse("::/96");

    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        // An address of the old kind within one of the new is judged for itself.
        return Nat64.Contains(address) || Compatible.Contains(address)
            ? IsPublic(new IPAddress(address.GetAddressBytes()[12..]))
            : !Array.Exists(Special, network => network.Contains(address));
    }
}
