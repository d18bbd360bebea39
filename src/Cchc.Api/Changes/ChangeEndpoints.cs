using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Changes;

/// <summary>Where to begin without a cursor: at the first change, or after the last one.</summary>
internal enum FeedStart { Start, Now }

/// <summary>The feed of changes: asked for by cursor, or followed as it grows.</summary>
internal static class ChangeEndpoints
{
    private static readonly Parameter[] Common =
    [
        new("cursor", "Where to go on: nextCursor of the previous answer, or the id of an event; without it the feed begins at its start", "12"),
        Parameters.Word<FeedStart>("from", "Begin here in place of at a cursor"),
        new("plan", "Of this plan alone", "cchc-2022"), new("kind", "Kinds, comma-separated", "report.approved,plan.changed"),
    ];

    public static void MapChanges(this IEndpointRouteBuilder api)
    {
        api.MapGet("/changes", ListChanges).Describe<ChangesAnswer>(
            "listChanges", "What changed, in the order in which it happened, without a gap", [.. Common, Parameters.Paging[0]]).Refuses(401);
        api.MapGet("/events", Follow).WithName("followChanges").WithMetadata(new Description(
            "The same as server-sent events: id is a cursor of the feed, event the kind, data the change. The stream opens with an id",
            [.. Common, new("follow", "Whether to stay for what is to come", true),
             new("Last-Event-ID", "Where to go on after a break: the last id seen", "12", Header: true)]))
            .Produces<string>(200, "text/event-stream").Refuses(400, 401, 429, 503).DisableRequestTimeout();
    }

    private static async Task ListChanges(HttpContext context, Catalogues catalogues, Database database)
    {
        var query = new QueryInput(context.Request, "cursor", "from", "plan", "kind", "limit");
        var (filter, maySee) = Filter(context, query, await catalogues.CurrentAsync(context.RequestAborted));
        var limit = query.Limit();
        var start = await StartAsync(query, database, context.RequestAborted);
        var (items, next, catalogue) = await database.ReadAsync(
            async session =>
            {
                // Of one moment with the changes: a plan may have come into force with them.
                var catalogue = await catalogues.OfAsync(session);
                var (items, next) = (new List<ChangeAnswer>(), start);
                for (var isEnd = false; !isEnd && items.Count < limit;)
                {
                    var before = next;
                    (var stretch, next) = await ChangeQueries.AfterAsync(session, filter, next, ChangeQueries.Stretch);
                    isEnd = next == before;
                    foreach (var change in stretch.Where(each => maySee(each, catalogue)).Take(limit - items.Count))
                    {
                        items.Add(ChangeAnswer.Of(change, catalogue));
                        next = items.Count == limit ? change.Sequence : next;
                    }
                }

                // Where changes were lost, numbers went back: what follows is numbered from there.
                return (items, Math.Min(next, await Outbox.HeadAsync(session)), catalogue);
            },
            context.RequestAborted);

        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, new ChangesAnswer(items, CursorOf(next)));
    }

    private static async Task Follow(
        HttpContext context, Catalogues catalogues, Database database, ChangeFeed feed, KeyRing keys, TimeProvider time,
        IHostApplicationLifetime lifetime)
    {
        var query = new QueryInput(context.Request, "cursor", "from", "plan", "kind", "follow");
        var (filter, maySee) = Filter(context, query, await catalogues.CurrentAsync(context.RequestAborted));
        var follows = query.Text("follow") is null || query.Flag("follow");
        var last = context.Request.Headers["Last-Event-ID"].ToString();
        var seen = last.Length > 0 ? SequenceOf(last) : null;
        if (last.Length > 0 && seen is null)
        {
            throw ProblemException.Of([new Refusal("cursor.invalid", null, last) { Parameter = "Last-Event-ID" }]);
        }

        var response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        if (Heads.IsHead(context))
        {
            return;
        }

        // Without a place to go on from, one who follows begins now.
        var isNew = seen is null && follows && query.Text("cursor") is null && query.Text("from") is null;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var subscription = feed.Subscribe(RateLimits.CallerOf(context), context.CredentialEndsAt());
        var start = await StartAsync(query, database, ended.Token);
        var head = await HeadAsync(database, ended.Token);
        start = isNew ? head : Math.Min(seen ?? start, head);
        try
        {
            // The id at once: a client whose connection breaks before the first event resumes here.
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes($": cchc\nid: {CursorOf(start)}\n\n"), ended.Token);
            await response.Body.FlushAsync(ended.Token);
            start = await SendBacklogAsync(start);
            while (follows && await subscription.Reader.WaitToReadAsync(ended.Token)
                && await StillHoldsAsync(context, subscription, keys, time))
            {
                while (subscription.Reader.TryRead(out var message))
                {
                    if (message.Change is not { } change)
                    {
                        await response.Body.WriteAsync(message.Text, ended.Token);
                    }
                    else if (change.Sequence > start)
                    {
                        start = change.Sequence;
                        if (IsMeant(filter, change) && maySee(change, message.Catalogue!))
                        {
                            await response.Body.WriteAsync(message.Text, ended.Token);
                        }
                    }
                }

                if (subscription.TakeBehind())
                {
                    start = await SendBacklogAsync(start);
                }

                await response.Body.FlushAsync(ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client left, or the server is going: it comes back with the last id.
        }

        async Task<long> SendBacklogAsync(long after)
        {
            while (await StillHoldsAsync(context, subscription, keys, time))
            {
                var from = after;
                (var stretch, after, var catalogue) = await database.ReadAsync(
                    async session =>
                    {
                        var (changes, until) = await ChangeQueries.AfterAsync(session, filter, from, ChangeQueries.Stretch);
                        return (changes, until, await catalogues.OfAsync(session));
                    },
                    ended.Token);
                if (after == from)
                {
                    return after;
                }

                foreach (var change in stretch.Where(each => maySee(each, catalogue)))
                {
                    await response.Body.WriteAsync(ChangeFeed.Show(change, catalogue), ended.Token);
                }

                await response.Body.FlushAsync(ended.Token);
            }

            return after;
        }
    }

    // A key may have been revoked, or the grace of its former secret shortened.
    private static async ValueTask<bool> StillHoldsAsync(
        HttpContext context, ChangeFeed.Subscription subscription, KeyRing keys, TimeProvider time)
    {
        if (context.Features.Get<ApiKey>() is not null)
        {
            var secret = context.Request.Headers.Authorization.ToString()["Bearer ".Length..].Trim();
            if (await keys.FindAsync(secret, looksUp: false, context.RequestAborted) is not { } key)
            {
                return false;
            }

            subscription.EndsAt = key.EndsAt;
        }

        return !(subscription.EndsAt <= time.GetUtcNow());
    }

    private static (ChangeFilter Filter, Func<ChangeRow, Catalogue, bool> MaySee) Filter(
        HttpContext context, QueryInput query, Catalogue catalogue)
    {
        var caller = context.Caller();
        var plan = query.Known(
            "plan",
            code => catalogue.Plans.FirstOrDefault(each =>
                Codes.Same(each.Code, code) && (!each.IsDraft || (caller is not null && Rights.MayLead(each, caller)))),
            "plan");
        var kinds = query.KnownAll("kind", word => Array.Find(ChangeReach.Kinds, kind => kind == word), string.Join(", ", ChangeReach.Kinds));
        var asked = kinds.Count == 0 ? ChangeReach.Kinds : kinds.Distinct();
        return (
            new ChangeFilter(plan?.Code, [.. caller is null ? asked.Intersect(ChangeReach.Public) : asked]),
            (change, current) => ChangeReach.MaySee(current, caller, change));
    }

    private static bool IsMeant(ChangeFilter filter, ChangeRow change) =>
        (filter.Plan is null || filter.Plan == change.PlanCode) && filter.Kinds.Contains(change.Kind);

    private static async Task<long> StartAsync(QueryInput query, Database database, CancellationToken cancellation)
    {
        var start = query.Text("cursor") is { } cursor ? SequenceOf(cursor) : 0;
        if (start is null)
        {
            query.Refuse("cursor.invalid", "cursor");
        }

        var from = query.Word<FeedStart>("from");
        if (from is not null && query.Text("cursor") is not null)
        {
            query.Refuse("parameter.invalid", "from", Words.List<FeedStart>());
        }

        query.Done();
        return from == FeedStart.Now ? await HeadAsync(database, cancellation) : start ?? 0;
    }

    private static Task<long> HeadAsync(Database database, CancellationToken cancellation) =>
        database.ReadAsync(Outbox.HeadAsync, cancellation);

    private static string CursorOf(long sequence) => sequence.ToString(CultureInfo.InvariantCulture);

    // Cursors of earlier releases are the same digits in base64url, which always begin with a letter.
    private static long? SequenceOf(string cursor)
    {
        Span<byte> digits = stackalloc byte[32];
        return long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            || (Base64Url.DecodeFromChars(cursor, digits, out _, out var length) == OperationStatus.Done
                && long.TryParse(digits[..length], NumberStyles.None, CultureInfo.InvariantCulture, out sequence))
            ? sequence : null;
    }
}
