using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cchc.Api.Keys;

namespace Cchc.Api.Http;

/// <summary>How many requests are let in within a minute; 0: as many as come. Configured under <c>RateLimits</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Of one key or person, or of one address without any.</summary>
    public int Reads { get; init; } = 60_000;

    public int Writes { get; init; } = 1_200;

    /// <summary>Credentials that do not hold, from one address, of which each is looked up in the database.</summary>
    public int Failures { get; init; } = 60;
}

/// <summary>
/// Lets each caller in so many times a minute, and says in every answer how many are left (draft-ietf-httpapi-ratelimit-headers). The
/// framework's limiters count by a clock of their own and do not tell when they begin anew, which a client must know.
/// </summary>
internal sealed class RateLimits(IConfiguration configuration, TimeProvider time)
{
    /// <summary>How long a window is.</summary>
    public const int Seconds = 60;

    private const int MostCallers = 100_000;

    private static readonly string[] Exempt = ["/health", "/metrics", "/openapi", "/docs", "/.well-known"];

    private readonly RateLimitOptions _options = configuration.GetSection("RateLimits").Get<RateLimitOptions>() ?? new RateLimitOptions();
    private readonly ConcurrentDictionary<(string Policy, string Caller), Window> _windows = new();
    private readonly bool _isShared = Redis.IsConfigured(configuration);
    private long _prunedAt;

    /// <summary>
    /// Before the caller is known: an address that tried too many wrong credentials may try no more of them. Credentials that hold are let
    /// in from there all the same, since many callers share an address.
    /// </summary>
    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (_options.Failures <= 0 || context.Request.Headers.Authorization.Count == 0)
        {
            await next(context);
            return;
        }

        var address = AddressOf(context);
        var seen = Look("failures", address, _options.Failures, count: 0);
        context.Features.Set(new Tries(seen.Left));
        try
        {
            await next(context);
        }
        catch (ProblemException problem) when (ProblemCatalogue.Entries[problem.Code].Status == 401)
        {
            Require(context, seen);
            Look("failures", address, _options.Failures, count: 1);
            throw;
        }
    }

    /// <summary>Whether the address may try a credential that is not known to hold.</summary>
    public static bool MayTry(HttpContext context) => context.Features.Get<Tries>() is not { Left: < 0 };

    /// <summary>Who a request counts for: the key or person, or the address of a caller without a credential.</summary>
    public static string CallerOf(HttpContext context) => context.Caller()?.Actor ?? AddressOf(context);

    /// <summary>Counts the request of one who shows no credential: before anything is answered, be it at hand.</summary>
    public Task CountAddressAsync(HttpContext context, RequestDelegate next) =>
        context.Request.Headers.Authorization.Count == 0 ? CountAsync(context, next) : next(context);

    /// <summary>Counts a caller's request, once it is known whose; a credential that does not hold is counted as such.</summary>
    public Task CountCallerAsync(HttpContext context, RequestDelegate next) =>
        context.Request.Headers.Authorization.Count > 0 ? CountAsync(context, next) : next(context);

    private Task CountAsync(HttpContext context, RequestDelegate next)
    {
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method);
        var (policy, most) = isRead ? ("reads", _options.Reads) : ("writes", _options.Writes);
        var isUnknown = context.Request.Headers.Authorization.Count > 0 && context.Caller() is null;
        if (most <= 0 || isUnknown || Array.Exists(Exempt, path => context.Request.Path.StartsWithSegments(path)))
        {
            return next(context);
        }

        var seen = Look(policy, CallerOf(context), most, count: 1);
        var headers = context.Response.Headers;
        headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"{policy}\";q={most};w={Seconds}");
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"{policy}\";r={Math.Max(0, seen.Left)};t={seen.Reset}");
        Require(context, seen);
        return next(context);
    }

    /// <summary>What this node has counted since it was asked before.</summary>
    public IReadOnlyList<(string Policy, string Caller, int Count)> TakeUntold()
    {
        var untold = new List<(string, string, int)>();
        foreach (var (key, window) in _windows)
        {
            lock (window)
            {
                if (window.Untold > 0)
                {
                    untold.Add((key.Policy, key.Caller, window.Untold));
                    window.Untold = 0;
                }
            }
        }

        return untold;
    }

    /// <summary>Takes over what all nodes have counted of a caller, and when they begin anew.</summary>
    public void Adopt(string policy, string caller, int count, int secondsLeft)
    {
        var began = time.GetUtcNow().ToUnixTimeSeconds() + secondsLeft - Seconds;
        var window = _windows.GetOrAdd((policy, caller), _ => new Window());
        lock (window)
        {
            (window.Began, window.Count) = (began, count + window.Untold);
        }
    }

    /// <summary>Takes back what could not be told.</summary>
    public void Return(string policy, string caller, int count)
    {
        if (_windows.TryGetValue((policy, caller), out var window))
        {
            lock (window)
            {
                window.Untold += count;
            }
        }
    }

    private static void Require(HttpContext context, (int Left, int Reset) seen)
    {
        if (seen.Left < 0)
        {
            context.Response.Headers.RetryAfter = seen.Reset.ToString(CultureInfo.InvariantCulture);
            throw new ProblemException("rate.exceeded", seen.Reset);
        }
    }

    // A client with an IPv6 address usually has its whole /64 network.
    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => "-",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } address =>
            new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]) + "/64",
        var address => address.ToString(),
    };

    /// <returns>How many are left, below 0 where none was; and the seconds until the window begins anew.</returns>
    private (int Left, int Reset) Look(string policy, string caller, int most, int count)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        Prune(now);
        var window = _windows.GetOrAdd((policy, caller), _ => new Window());
        lock (window)
        {
            if (now - window.Began >= Seconds || now < window.Began)
            {
                (window.Began, window.Count, window.Untold) = (now, 0, 0);
            }

            window.Count += count;
            window.Untold += _isShared ? count : 0;
            var left = most - window.Count - (count == 0 ? 1 : 0);
            return (left, (int)(window.Began + Seconds - now));
        }
    }

    // Those whose window has passed are forgotten once a minute; when callers come faster, all are.
    private void Prune(long now)
    {
        var prunedAt = Interlocked.Read(ref _prunedAt);
        var isFull = _windows.Count > MostCallers;
        if ((now - prunedAt < Seconds && !isFull) || Interlocked.CompareExchange(ref _prunedAt, now, prunedAt) != prunedAt)
        {
            return;
        }

        if (isFull)
        {
            _windows.Clear();
            return;
        }

        foreach (var (key, window) in _windows)
        {
            if (now - window.Began >= Seconds)
            {
                _windows.TryRemove(key, out _);
            }
        }
    }

    /// <summary>How many wrong credentials an address may still try.</summary>
    private sealed record Tries(int Left);

    private sealed class Window
    {
        public long Began { get; set; }
        public int Count { get; set; }

        /// <summary>How many of them the other nodes do not know of yet.</summary>
        public int Untold { get; set; }
    }
}
