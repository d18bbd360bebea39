using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;

namespace Cchc.Api.Changes;

/// <summary>
/// What goes to everybody who follows: a change with its text, made once for all, and the catalogue to judge it by; a heartbeat; or nothing
/// but a reason to judge again.
/// </summary>
internal readonly record struct FeedMessage(ChangeRow? Change, Catalogue? Catalogue, byte[] Text);

/// <summary>
/// Reads the outbox once for all who follow: at once after a write of this node, else twice a second while anybody follows. A client
/// that falls behind, as after a large import, reads what it missed from the outbox itself.
/// </summary>
internal sealed partial class ChangeFeed(
    Database database, DataVersions versions, Catalogues catalogues, TimeProvider time, IConfiguration configuration,
    ILogger<ChangeFeed> log)
    : BackgroundService
{
    private const int MostWaiting = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly FeedMessage Beat = new(null, null, ":\n\n"u8.ToArray());
    private static readonly FeedMessage Judge = new(null, null, []);

    private readonly int _most = configuration.GetValue("Limits:EventClients", 5_000);
    private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();
    private readonly SemaphoreSlim _woken = new(0);
    private readonly Lock _places = new();
    private long _read = -1;
    private long _keys;

    /// <summary>How many follow.</summary>
    public int Clients => _subscriptions.Count;

    /// <summary>
    /// Begins to receive what is committed from now on. When all places are taken, the caller who holds most of them gives one up to a
    /// caller who holds fewer.
    /// </summary>
    /// <param name="caller">Who follows.</param>
    /// <param name="endsAt">When the credential ends, and the subscription with it; null where it does not end.</param>
    /// <exception cref="ProblemException">503 where no place is free for this caller.</exception>
    public Subscription Subscribe(string caller, DateTimeOffset? endsAt)
    {
        var subscription = new Subscription(this, caller) { EndsAt = endsAt };
        lock (_places)
        {
            if (_subscriptions.Count >= _most)
            {
                Yield(caller);
            }

            _subscriptions[subscription] = true;
        }

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
                    Publish(Beat);
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
            EndAll();
        }
    }

    private void EndAll()
    {
        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.End();
        }
    }

    private void Yield(string caller)
    {
        var most = _subscriptions.Keys.GroupBy(each => each.Caller).Select(group => group.ToList()).MaxBy(group => group.Count);
        if (most is null || _subscriptions.Keys.Count(each => each.Caller == caller) + 1 >= most.Count)
        {
            throw new ProblemException("service.unavailable");
        }

        most[0].Dispose();
        most[0].End();
    }

    // A follower whose credential has expired is closed. After any change of a key, every follower is judged again before anything is sent.
    private async Task JudgeAsync(CancellationToken cancellation)
    {
        foreach (var ended in _subscriptions.Keys.Where(each => each.EndsAt <= time.GetUtcNow()))
        {
            ended.End();
        }

        var keys = (await versions.CurrentAsync(DataVersions.Keys, cancellation))?.Version ?? 0;
        if (keys != _keys)
        {
            _keys = keys;
            Publish(Judge);
        }
    }

    private async Task PassOnAsync(CancellationToken cancellation)
    {
        try
        {
            await JudgeAsync(cancellation);
            if (_read < 0)
            {
                _read = await database.ReadAsync(Outbox.HeadAsync, cancellation);
            }

            while (await database.ReadAsync(session => ChangeStretch.AfterAsync(session, catalogues, _read), cancellation)
                is { Changes: { Count: > 0 } changes, Catalogue: var catalogue })
            {
                foreach (var change in changes)
                {
                    Publish(new FeedMessage(change, catalogue, Show(change, catalogue)));
                    _read = change.Sequence;
                }
            }

            if (await database.ReadAsync(Outbox.HeadAsync, cancellation) is var head && head < _read)
            {
                // Changes were lost, and their numbers are given again. Clients reconnect and resume from there.
                _read = head;
                EndAll();
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
    internal sealed class Subscription(ChangeFeed feed, string caller) : IDisposable
    {
        private readonly Channel<FeedMessage> _channel = Channel.CreateBounded<FeedMessage>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

        private readonly Lock _gate = new();
        private bool _isBehind;

        public string Caller => caller;

        public DateTimeOffset? EndsAt { get; set; }

        public ChannelReader<FeedMessage> Reader => _channel.Reader;

        public void Offer(FeedMessage message)
        {
            lock (_gate)
            {
                // Once a change has found no room, those after it must not come before it. A heartbeat may be left out.
                var isTaken = !_isBehind && _channel.Writer.TryWrite(message);
                _isBehind |= !isTaken && message.Change is not null;
            }
        }

        /// <summary>Whether changes were left out, which must be read from the outbox. Later ones are received again.</summary>
        public bool TakeBehind()
        {
            lock (_gate)
            {
                (var wasBehind, _isBehind) = (_isBehind, false);
                return wasBehind;
            }
        }

        public void End() => _channel.Writer.TryComplete();

        public void Dispose() => feed._subscriptions.TryRemove(this, out _);
    }
}
