using System.Collections.Concurrent;
using Cchc.Api.Changes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Operations;
using Cchc.Api.Plans;

namespace Cchc.Api.Webhooks;

/// <summary>
/// Tells webhooks of changes, at least once and of each report in order. What is to be told stands in the database with the time of its
/// next attempt, so that neither a restart nor a receiver that is away loses any of it. One node at a time delivers: it holds a lease, which
/// another takes once it has seen it unchanged for as long as it lasts. Each measures that by its own stopwatch, so that no clock need agree
/// with another.
/// </summary>
internal sealed partial class WebhookWorker(
    Preparation preparation, Database database, Catalogues catalogues, WebhookSender sender, Measures measures, TimeProvider time, ILogger<WebhookWorker> log)
    : BackgroundService
{
    private const int MostPending = 1_000;

    /// <summary>The pauses after failed attempts, as the specification advises; after the last the delivery is dead.</summary>
    public static readonly IReadOnlyList<TimeSpan> Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    // A delivery that begins within the first half of a lease has ended before its end.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly string _node = Guid.NewGuid().ToString("n");
    private readonly SemaphoreSlim _woken = new(0);
    private readonly ConcurrentDictionary<string, Task<bool>> _delivering = new(StringComparer.Ordinal);
    private volatile SeenLease? _seen;

    /// <summary>Whether the lease was this node's when it looked last.</summary>
    public bool Holds => _seen?.Lease.Owner == _node;

    /// <summary>Takes up what is new, and delivers all that is due; says whether anything was delivered.</summary>
    public async Task<bool> StepAsync(CancellationToken cancellation) =>
        (await Task.WhenAll(await BeginAsync(cancellation))).Any(arrived => arrived);

    /// <summary>
    /// Takes up what is new, and begins to deliver what is due to every webhook that is not being delivered to. A slow receiver delays its
    /// own deliveries only.
    /// </summary>
    /// <returns>For each webhook whether anything arrived.</returns>
    public async Task<IReadOnlyList<Task<bool>>> BeginAsync(CancellationToken cancellation)
    {
        var (listed, lease) = await database.ReadAsync(
            async session => (await WebhookQueries.ListAsync(session), await WebhookQueries.LeaseAsync(session)), cancellation);
        var webhooks = listed.Where(each => each.IsEnabled).ToList();
        if (webhooks.Count == 0 || !MayTake(lease))
        {
            return [];
        }

        var (now, began) = (time.Now(), time.GetTimestamp());
        var isOurs = await database.WriteAsync(
            async session =>
            {
                if (!await WebhookQueries.TakeAsync(session, lease, _node, now + Lease))
                {
                    return (false, false);
                }

                await WebhookQueries.ForgetAsync(session, now - Kept);
                foreach (var webhook in webhooks)
                {
                    await EnqueueAsync(session, webhook, now);
                }

                return (true, true);
            },
            cancellation);
        if (!isOurs)
        {
            return [];
        }

        return [.. webhooks.Where(webhook => !_delivering.TryGetValue(webhook.WebhookId, out var delivery) || delivery.IsCompleted)
            .Select(webhook => _delivering[webhook.WebhookId] =
                Task.Run(() => DeliverDueAsync(webhook, began, cancellation), CancellationToken.None))];
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (Holds)
        {
            try
            {
                await database.WriteAsync(async session => (await WebhookQueries.ReleaseAsync(session, _node), true), cancellationToken);
            }
            catch (Exception exception) when (exception is System.Data.Common.DbException or ObjectDisposedException)
            {
                // It runs out by itself.
                Failed(log, exception);
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _woken.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        database.ChangesWritten += Wake;
        try
        {
            await preparation.WaitAsync(stoppingToken);
            while (true)
            {
                try
                {
                    foreach (var delivery in await BeginAsync(stoppingToken))
                    {
                        _ = GoOnAfterAsync(delivery);
                    }
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    // Whatever it was, the next step tries again: nothing else on this node delivers.
                    Failed(log, exception);
                }

                await _woken.WaitAsync(Interval, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // What was on its way is tried again by whoever comes next.
        }
        finally
        {
            database.ChangesWritten -= Wake;
            await Task.WhenAll(_delivering.Values).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private bool MayTake(WebhookLease? lease)
    {
        var seen = _seen;
        if (lease is not null && seen?.Lease != lease)
        {
            _seen = seen = new SeenLease(lease, time.GetTimestamp());
        }

        return lease is null || lease.IsFree || lease.Owner == _node || time.GetElapsedTime(seen!.At) > Lease;
    }

    // What a receiver that is away cannot take yet stays in the outbox.
    private static async Task EnqueueAsync(DbSession session, WebhookRow webhook, DateTimeOffset now)
    {
        if (await WebhookQueries.CountPendingAsync(session, webhook.WebhookId) < MostPending
            && await ChangeQueries.AfterAsync(session, webhook.Position) is { Count: > 0 } changes)
        {
            await WebhookQueries.EnqueueAsync(
                session, webhook.WebhookId, [.. changes.Where(webhook.Wants)], changes[^1].Sequence, SubjectOf, now);
        }
    }

    private static string SubjectOf(ChangeRow change) => change.Kind.StartsWith("obstacle.", StringComparison.Ordinal)
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{change.PlanCode}/obstacles/{change.Number}")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{change.PlanCode}/{change.PeriodCode}/{change.UnitId}");

    // What failed is tried again at its time; what arrived may have had others wait for it.
    private async Task GoOnAfterAsync(Task<bool> delivery)
    {
        try
        {
            if (await delivery)
            {
                Wake();
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception exception)
        {
            Failed(log, exception);
        }
    }

    private async Task<bool> DeliverDueAsync(WebhookRow webhook, long began, CancellationToken cancellation)
    {
        var due = await database.ReadAsync(session => WebhookQueries.DueAsync(session, webhook.WebhookId, time.Now()), cancellation);
        var arrived = false;
        foreach (var delivery in due)
        {
            if (time.GetElapsedTime(began) > Lease - Margin)
            {
                break;
            }

            arrived |= await DeliverAsync(webhook, delivery, cancellation);
        }

        return arrived;
    }

    private async Task<bool> DeliverAsync(WebhookRow webhook, DeliveryRow delivery, CancellationToken cancellation)
    {
        var (changes, catalogue) = await database.ReadAsync(
            session => ChangeStretch.AfterAsync(session, catalogues, delivery.Sequence - 1), cancellation);
        var change = changes[0];
        var message = new WebhookMessage(change.Kind, change.OccurredAt, ChangeAnswer.Of(change, catalogue));
        var (answer, error, wait) = await sender.SendAsync(
            webhook, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"msg_{webhook.WebhookId}_{change.Sequence}"), message, cancellation);
        var isDelivered = answer is >= 200 and < 300;
        var attempts = delivery.Attempts + 1;
        var isGone = answer == StatusCodes.Status410Gone;
        var isDead = !isDelivered && (isGone || attempts > Pauses.Count);
        var now = time.Now();
        var status = isDelivered ? DeliveryStatus.Delivered : isDead ? DeliveryStatus.Dead : DeliveryStatus.Pending;
        measures.Attempted(Words.Of(status));
        DateTimeOffset? next = status == DeliveryStatus.Pending ? now + Pause(Pauses[attempts - 1], wait) : null;
        return await database.WriteAsync(
            async session =>
            {
                await WebhookQueries.SaveAsync(session, webhook.WebhookId, delivery.Sequence, status, attempts, next, answer, error, now);
                if (isGone && await WebhookQueries.DisableAsync(session, webhook.WebhookId, webhook.Url))
                {
                    // The receiver says that it is no more.
                    Audit.Write(session, now, "webhooks", "webhook.disable", webhook.WebhookId, new { enabled = true }, new { enabled = false, answer });
                }

                return (isDelivered, true);
            },
            cancellation);
    }

    // Receivers that went away together are not all tried at once; and what a receiver asks for is given to it.
    private static TimeSpan Pause(TimeSpan planned, TimeSpan? asked)
    {
        var jittered = planned * (1 + (Random.Shared.NextDouble() / 10));
        return asked > jittered ? asked > Pauses[^1] ? Pauses[^1] : asked.Value : jittered;
    }

    private void Wake()
    {
        if (_woken.CurrentCount == 0)
        {
            _woken.Release();
        }
    }

    private sealed record SeenLease(WebhookLease Lease, long At);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhooks cannot be delivered now")]
    private static partial void Failed(ILogger logger, Exception exception);
}
