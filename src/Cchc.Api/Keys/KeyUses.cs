using System.Collections.Concurrent;
using Cchc.Api.Data;

namespace Cchc.Api.Keys;

/// <summary>When each key was last used, to the minute: noted in memory, and written for all keys together once a minute.</summary>
internal sealed partial class KeyUses(Database database, TimeProvider time, ILogger<KeyUses> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _noted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _written = new(StringComparer.Ordinal);

    public void Note(string keyId)
    {
        var now = time.GetUtcNow();
        var minute = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        if (!_noted.TryGetValue(keyId, out var known) || known < minute)
        {
            _noted[keyId] = minute;
        }
    }

    /// <summary>The last use that this node knows of, beside what is stored.</summary>
    public DateTimeOffset? LastOf(ApiKey key) =>
        _noted.TryGetValue(key.Id, out var noted) && !(key.LastUsedAt >= noted) ? noted : key.LastUsedAt;

    public async Task FlushAsync(CancellationToken cancellation)
    {
        var uses = _noted.Where(use => !_written.TryGetValue(use.Key, out var at) || at < use.Value).ToList();
        if (uses.Count == 0)
        {
            return;
        }

        await database.WriteAsync(
            async session =>
            {
                foreach (var (keyId, at) in uses)
                {
                    await KeyQueries.NoteUseAsync(session, keyId, at);
                }

                return (true, true);
            },
            cancellation);
        foreach (var (keyId, at) in uses)
        {
            _written[keyId] = at;
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryFlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryFlushAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TryFlushAsync(CancellationToken cancellation)
    {
        try
        {
            await FlushAsync(cancellation);
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or ObjectDisposedException)
        {
            Away(log, exception);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The last uses of keys cannot be written now.")]
    private static partial void Away(ILogger log, Exception exception);
}
