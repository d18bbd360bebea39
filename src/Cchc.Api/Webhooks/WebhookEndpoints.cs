using System.Globalization;
using System.Text.Json;
using Cchc.Api.Changes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Webhooks;

internal static class WebhookEndpoints
{
    private const string Path = "/webhooks";

    private const string BodyExample = """
        { "url": "https://dashboard.example.vn/hooks/cchc", "description": "Bảng theo dõi", "plan": "cchc-2022",
          "kinds": [ "report.approved", "plan.changed" ] }
        """;

    public static void MapWebhooks(this IEndpointRouteBuilder api)
    {
        api.MapGet(Path, ListWebhooks).Describe<Page<WebhookAnswer>>("listWebhooks", "Webhooks, the oldest first", Parameters.Paging)
            .Refuses(401, 403).Needs(KeyScope.Administration);
        api.MapPost(Path, PostWebhook).DescribeWrite<IssuedWebhook>(
                "createWebhook", "Tell an address of changes from now on, and show the secret this once (Standard Webhooks)", BodyExample,
                IdempotencyKeys.Parameter)
            .Produces<IssuedWebhook>(201, "application/json").Takes<WebhookBody>().Needs(KeyScope.Administration)
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201).Sends(AnswerHeaders.NewLocation, 200);
        api.MapGet(Path + "/{id}", GetWebhook).Describe<WebhookAnswer>("getWebhook", "One webhook").Refuses(401, 403, 404).Needs(KeyScope.Administration);
        api.MapPut(Path + "/{id}", PutWebhook).DescribeWrite<WebhookAnswer>(
                "putWebhook", "Change where and of what is told", BodyExample,
                new Parameter("If-Match", "The ETag of the webhook", "\"8f14e45fceea167a\"", Header: true))
            .Takes<WebhookBody>().Refuses(428).Needs(KeyScope.Administration).Sends(AnswerHeaders.ETag, 200);
        api.MapDelete(Path + "/{id}", DeleteWebhook).WithName("deleteWebhook")
            .WithMetadata(new Description("Delete a webhook and its pending deliveries", []))
            .Produces<WebhookAnswer>(200, "application/json").Refuses(400, 401, 403, 404, 429, 503).Needs(KeyScope.Administration).Sends(AnswerHeaders.ETag, 200);
        api.MapPost(Path + "/{id}/rotate", RotateWebhook).DescribeWrite<IssuedWebhook>(
                "rotateWebhook", "Give a webhook a new secret; each replaced secret signs deliveries too for a day", null, IdempotencyKeys.Parameter)
            .Needs(KeyScope.Administration).Sends(AnswerHeaders.ETag, 200);
        api.MapPost(Path + "/{id}/ping", Ping).DescribeWrite<PingAnswer>(
                "pingWebhook", "Deliver a test message now, and say what was answered", null, IdempotencyKeys.Parameter)
            .NeedsRole(Role.Administrator).KeepsAnswer().Needs(KeyScope.Administration);
        api.MapGet(Path + "/{id}/deliveries", ListDeliveries).Describe<Page<DeliveryAnswer>>(
                "listDeliveries", "What became of each delivery; those that arrived are kept for 30 days",
                [Parameters.Word<DeliveryStatus>("status", "In this state"), .. Parameters.Paging])
            .Refuses(401, 403, 404).Needs(KeyScope.Administration);
        api.MapPost(Path + "/{id}/replay", Replay).DescribeWrite<ReplayAnswer>(
                "replayDeliveries", "Deliver again what is dead, or with all what arrived too", """{ "first": 120, "last": 180, "all": true }""",
                IdempotencyKeys.Parameter)
            .NeedsRole(Role.Administrator).KeepsAnswer().Takes<ReplayBody>(mayBeAbsent: true).Needs(KeyScope.Administration);
    }

    private static async Task ListWebhooks(HttpContext context, Database database, TimeProvider time)
    {
        RequireAdministrator(context);
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var all = await database.ReadAsync(WebhookQueries.ListAsync, context.RequestAborted);
        var page = Page<WebhookAnswer>.Cut(
            context, all, row => new PageKey(row.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), row.WebhookId),
            row => WebhookAnswer.Of(row, time.Now()), limit, cursor);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);
    }

    private static async Task GetWebhook(HttpContext context, string id, Database database, TimeProvider time)
    {
        RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        await WriteAsync(context, await database.ReadAsync(session => FindAsync(session, id), context.RequestAborted), time);
    }

    private static async Task PostWebhook(HttpContext context, Catalogues catalogues, Database database, WebhookSender sender, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var given = Read(body!.RootElement, await catalogues.CurrentAsync(context.RequestAborted), sender);
        var (row, isNew) = await OnceAsync(context, database, time, caller, $"webhook\n{body.RootElement.GetRawText()}", async (session, now) =>
        {
            var row = given with
            {
                WebhookId = Guid.CreateVersion7(now).ToString("n"),
                Secret = WebhookSender.NewSecret(),
                CreatedAt = now,
                CreatedBy = caller.Actor,
                Position = await Outbox.HeadAsync(session),
            };
            await WebhookQueries.InsertAsync(session, row);
            Audit.Write(session, now, caller.Actor, "webhook.create", row.WebhookId, null, Shown(row));
            return row;
        });
        context.Response.Headers.Location = $"/v1{Path}/{row.WebhookId}";
        await WriteSecretAsync(context, row, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK, isNew, time);
    }

    private static async Task PutWebhook(HttpContext context, string id, Catalogues catalogues, Database database, WebhookSender sender, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var given = Read(body!.RootElement, await catalogues.CurrentAsync(context.RequestAborted), sender);
        var changed = await database.WriteAsync(
            async session =>
            {
                var known = await LockAsync(session, id);
                var next = known with { Url = given.Url, Description = given.Description, PlanCode = given.PlanCode, Kinds = given.Kinds, IsEnabled = given.IsEnabled };
                if (next == known)
                {
                    return (known, false);
                }

                Preconditions.Require(context.Request, VersionOf(known));
                await WebhookQueries.UpdateAsync(session, next);
                Audit.Write(session, time.Now(), caller.Actor, "webhook.put", id, Shown(known), Shown(next));
                return (next, true);
            },
            context.RequestAborted);
        await WriteAsync(context, changed, time);
    }

    private static async Task DeleteWebhook(HttpContext context, string id, Database database, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var gone = await database.WriteAsync(
            async session =>
            {
                var row = await LockAsync(session, id);
                await WebhookQueries.DeleteAsync(session, id);
                Audit.Write(session, time.Now(), caller.Actor, "webhook.delete", id, Shown(row), null);
                return (row, true);
            },
            context.RequestAborted);
        await WriteAsync(context, gone, time);
    }

    private static async Task RotateWebhook(HttpContext context, string id, Database database, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var (row, isNew) = await OnceAsync(context, database, time, caller, $"rotate {id}", async (session, now) =>
        {
            var graceUntil = now.AddDays(1);
            await WebhookQueries.RotateAsync(session, await LockAsync(session, id), WebhookSender.NewSecret(), now, graceUntil);
            Audit.Write(session, now, caller.Actor, "webhook.rotate", id, null, new { graceUntil });
            return await FindAsync(session, id);
        });
        await WriteSecretAsync(context, row, StatusCodes.Status200OK, isNew, time);
    }

    private static async Task Ping(HttpContext context, string id, Database database, WebhookSender sender, TimeProvider time)
    {
        RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var row = await database.ReadAsync(session => FindAsync(session, id), context.RequestAborted);
        var now = time.Now();
        var (status, error, _) = await sender.SendAsync(
            row, $"msg_{id}_ping_{now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}", new WebhookMessage("ping", now, null), context.RequestAborted);
        await Answers.WriteUncachedAsync(context, StatusCodes.Status200OK, new PingAnswer(status is >= 200 and < 300, status, error));
    }

    private static async Task ListDeliveries(HttpContext context, string id, Database database)
    {
        RequireAdministrator(context);
        var query = new QueryInput(context.Request, "status", "limit", "cursor");
        var (status, limit, cursor) = (query.Word<DeliveryStatus>("status"), query.Limit(), query.Cursor());
        var after = 0L;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            query.Refuse("cursor.invalid", "cursor");
        }

        query.Done();
        var rows = await database.ReadAsync(
            async session =>
            {
                await FindAsync(session, id);
                return await WebhookQueries.DeliveriesAsync(session, id, after, status, limit + 1);
            },
            context.RequestAborted);
        var page = Page<DeliveryAnswer>.Begin(
            context, rows, row => row.Sequence.ToString(CultureInfo.InvariantCulture), DeliveryAnswer.Of, limit);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);
    }

    private static async Task Replay(HttpContext context, string id, Database database, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        using var body = await JsonInput.ReadAsync(context.Request, optional: true, context.RequestAborted);
        var input = new JsonInput();
        var members = body is null ? [] : input.Members(body.RootElement, "", "first", "last", "all");
        var (first, last, all) = (input.Count(members, "first", ""), input.Count(members, "last", ""), input.Flag(members, "all", ""));
        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        var replayed = await database.WriteAsync(
            async session =>
            {
                await FindAsync(session, id);
                var count = await WebhookQueries.ReplayAsync(session, id, first ?? 0, last ?? long.MaxValue, all != true, time.Now());
                Audit.Write(session, time.Now(), caller.Actor, "webhook.replay", id, null, new { first, last, all, count });
                return (count, true);
            },
            context.RequestAborted);
        await Answers.WriteUncachedAsync(context, StatusCodes.Status200OK, new ReplayAnswer(replayed));
    }

    private static WebhookRow Read(JsonElement body, Catalogue catalogue, WebhookSender sender)
    {
        var input = new JsonInput();
        var members = input.Members(body, "", "url", "description", "plan", "kinds", "enabled");
        var url = input.Text(members, "url", "", 2000, required: true);
        if (url is not null && !sender.MayReach(url))
        {
            input.Refuse("webhook.url", "/url", url);
        }

        var plan = input.Known(members, "plan", code => catalogue.Plans.FirstOrDefault(each => Codes.Same(each.Code, code)), "plan.unknown");
        var kinds = new List<string>();
        foreach (var (element, pointer) in input.Items(members, "kinds", ChangeReach.Kinds.Length, mayBeNull: true))
        {
            if (element.ValueKind == JsonValueKind.String && ChangeReach.Kinds.Contains(element.GetString()))
            {
                kinds.Add(element.GetString()!);
            }
            else
            {
                input.Refuse("webhook.kind", pointer, JsonInput.Shown(element), string.Join(", ", ChangeReach.Kinds));
            }
        }

        var description = input.Text(members, "description", "", 300);
        var enabled = input.Flag(members, "enabled", "");
        return input.Refusals.Count > 0 ? throw ProblemException.Of(input.Refusals) : new WebhookRow
        {
            Url = url!,
            Description = description,
            PlanCode = plan?.Code,
            Kinds = kinds.Count == 0 ? null : string.Join(',', kinds.Distinct()),
            IsEnabled = enabled ?? true,
        };
    }

    // What is kept for an Idempotency-Key holds no secret: who lost it makes a new one.
    private static async Task<(WebhookRow Row, bool IsNew)> OnceAsync(
        HttpContext context, Database database, TimeProvider time, Caller caller, string request,
        Func<DbSession, DateTimeOffset, Task<WebhookRow>> change) => await database.WriteAsync(
        async session =>
        {
            var now = time.Now();
            var (id, _, isRepeated) = await KeptRequests.OnceAsync(
                session, caller.Actor, IdempotencyKeys.Of(context.Request), request, now, async () => ((await change(session, now)).WebhookId, ""));
            return ((await FindAsync(session, id), !isRepeated), !isRepeated);
        },
        context.RequestAborted);

    private static async Task<WebhookRow> FindAsync(DbSession session, string id) =>
        (await WebhookQueries.ListAsync(session)).FirstOrDefault(row => row.WebhookId == id) ?? throw new ProblemException("webhook.unknown", id);

    private static async Task<WebhookRow> LockAsync(DbSession session, string id)
    {
        await WebhookQueries.LockAsync(session, id);
        return await FindAsync(session, id);
    }

    // What a PUT replaces: neither the progress of deliveries nor a rotation makes a client's version stale.
    private static string VersionOf(WebhookRow row) => Answers.TagOf(Shown(row));

    private static Task WriteAsync(HttpContext context, WebhookRow row, TimeProvider time) =>
        Answers.WriteOwnAsync(context, StatusCodes.Status200OK, WebhookAnswer.Of(row, time.Now()), VersionOf(row));

    private static Task WriteSecretAsync(HttpContext context, WebhookRow row, int status, bool isNew, TimeProvider time)
    {
        var answer = WebhookAnswer.Of(row, time.Now());
        context.Response.Headers.ETag = VersionOf(row);
        return Answers.WriteUncachedAsync(context, status, new IssuedWebhook(answer) { Secret = isNew ? row.Secret : null });
    }

    private static Caller RequireAdministrator(HttpContext context) =>
        context.RequireCaller() is { Role: Role.Administrator } caller ? caller : throw new ProblemException("auth.forbidden");

    private static object Shown(WebhookRow row) => new { row.Url, row.Description, plan = row.PlanCode, row.Kinds, enabled = row.IsEnabled };
}
