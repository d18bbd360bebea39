using StackExchange.Redis;

namespace Cchc.Api.Http;

/// <summary>
/// Shares the counts of the rate limits among nodes through Redis, where <c>Redis:ConnectionString</c> names one. Each node counts in memory,
/// and five times a second adds what it has counted and takes over what all have: no request waits for Redis, and a node lets in at most what
/// comes to it within a fifth of a second beyond the limit. Without Redis, or while it is away, each node counts for itself.
/// </summary>
internal sealed partial class SharedCounts(RateLimits limits, IConfiguration configuration, TimeProvider time, ILogger<SharedCounts> log) : BackgroundService
{
    // The window is Redis's: it begins with the first that any node counts, and its end is the same for all.
    private const string Add = """
        local count = redis.call('INCRBY', KEYS[1], ARGV[1])
        local left = redis.call('TTL', KEYS[1])
        if left < 0 then
          left = tonumber(ARGV[2])
          redis.call('EXPIRE', KEYS[1], left)
        end
        return {count, left}
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly string _prefix = Redis.PrefixOf(configuration);
    private readonly SemaphoreSlim _turn = new(1);
    private ConnectionMultiplexer? _redis;
    private bool _isAway;

    /// <summary>Tells what was counted here, and learns what was elsewhere.</summary>
    public async Task ExchangeAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var untold = limits.TakeUntold();
            var told = untold.Count > 0 && await ConnectAsync() is { IsConnected: true } redis
                ? await Task.WhenAll(untold.Select(each => TellAsync(redis.GetDatabase(), each)))
                : [.. untold.Select(Keep)];
            if (untold.Count > 0 && Array.TrueForAll(told, each => each) == _isAway)
            {
                _isAway = !_isAway;
                Changed(log, _isAway ? "each node counts for itself" : "the counts are shared");
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _redis?.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ExchangeAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // It goes on trying by itself once it is made, whether or not anybody answers.
    private async Task<ConnectionMultiplexer> ConnectAsync() =>
        _redis ??= await ConnectionMultiplexer.ConnectAsync(Redis.OptionsOf(configuration));

    private async Task<bool> TellAsync(IDatabase redis, (string Policy, string Caller, int Count) untold)
    {
        try
        {
            var answer = (int[])(await redis.ScriptEvaluateAsync(
                Add, [new RedisKey($"{_prefix}rate:{untold.Policy}:{untold.Caller}")], [untold.Count, RateLimits.Seconds]))!;
            limits.Adopt(untold.Policy, untold.Caller, answer[0], answer[1]);
            return true;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return Keep(untold);
        }
    }

    private bool Keep((string Policy, string Caller, int Count) untold)
    {
        limits.Return(untold.Policy, untold.Caller, untold.Count);
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rate limits: {State}")]
    private static partial void Changed(ILogger log, string state);
}
