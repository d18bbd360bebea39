using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;

namespace Cchc.Api.Changes;

/// <summary>What goes to everybody who follows: a change with its text, made once for all, or a heartbeat.</summary>
internal readonly record struct FeedMessage(ChangeRow? Change, byte[] Text);

/// <summary>
/// Reads the outbox once for all who follow: at once after a write of this node, else twice a second while anybody follows. Who does not
/// keep up is let go, and comes back with the last id.
/// </summary>
internal sealed partial class ChangeFeed(Database database, Catalogues catalogues, TimeProvider time, IConfiguration configuration, ILogger<ChangeFeed> log) : BackgroundService
{
    private const int MostWaiting = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly byte[] Beat = ":\n\n"u8.ToArray();

    private readonly int _most = configuration.GetValue("Limits:EventClients", 5_000);
    private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();
    private readonly SemaphoreSlim _woken = new(0);
    private long _read = -1;

    /// <summary>How many follow.</summary>
    public int Clients => _subscriptions.Count;

    /// <summary>Begins to receive what is committed from now on.</summary>
    /// <exception cref="ProblemException">503 where as many follow as this node serves.</exception>
    public Subscription Subscribe()
    {
        if (_subscriptions.Count >= _most)
        {
            throw new ProblemException("service.unavailable");
        }

        var subscription = new Subscription(this);
        _subscriptions[subscription] = true;
        Wake();
        return subscription;
    }

    /// <summary>The event of a change.</summary>
    public static byte[] Show(ChangeRow change, Catalogue catalogue) => Encoding.UTF8.GetBytes(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"id: {change.Sequence}\nevent: {change.Kind}\ndata: {JsonSerializer.Serialize(ChangeAnswer.Of(change, catalogue), Json.Options)}\n\n"));

    public override void Dispose()
    {
        base.Dispose();
        _woken.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        database.ChangesWritten += Wake;
        var beatAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                await _woken.WaitAsync(Pause, stoppingToken);
                if (_subscriptions.IsEmpty)
                {
                    // Who comes later reads what was before by itself.
                    _read = -1;
                    continue;
                }

                await PassOnAsync(stoppingToken);
                if (time.GetElapsedTime(beatAt) >= Heartbeat)
                {
                    beatAt = time.GetTimestamp();
                    Publish(new FeedMessage(null, Beat));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server is going.
        }
        finally
        {
            database.ChangesWritten -= Wake;
            foreach (var subscription in _subscriptions.Keys)
            {
                subscription.End();
            }
        }
    }

    private async Task PassOnAsync(CancellationToken cancellation)
    {
        try
        {
            if (_read < 0)
            {
                _read = await database.ReadAsync(Outbox.HeadAsync, cancellation);
            }

            var catalogue = await catalogues.CurrentAsync(cancellation);
            while (await database.ReadAsync(session => ChangeQueries.AfterAsync(session, _read), cancellation) is { Count: > 0 } changes)
            {
                foreach (var change in changes)
                {
                    Publish(new FeedMessage(change, Show(change, catalogue)));
                    _read = change.Sequence;
                }
            }
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or ProblemException)
        {
            Failed(log, exception);
        }
    }

    private void Publish(FeedMessage message)
    {
        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.Offer(message);
        }
    }

    private void Wake()
    {
        if (_woken.CurrentCount == 0)
        {
            _woken.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox could not be read")]
    private static partial void Failed(ILogger logger, Exception exception);

    /// <summary>One who follows.</summary>
    internal sealed class Subscription(ChangeFeed feed) : IDisposable
    {
        private readonly Channel<FeedMessage> _channel = Channel.CreateBounded<FeedMessage>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

        public ChannelReader<FeedMessage> Reader => _channel.Reader;

        public void Offer(FeedMessage message)
        {
            if (!_channel.Writer.TryWrite(message))
            {
                End();
            }
        }

        public void End() => _channel.Writer.TryComplete();

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);
    }
}
