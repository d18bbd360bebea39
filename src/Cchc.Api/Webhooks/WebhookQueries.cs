using Cchc.Api.Changes;
using Cchc.Api.Data;

namespace Cchc.Api.Webhooks;

/// <summary>What became of telling a webhook of a change.</summary>
public enum DeliveryStatus { Pending, Delivered, Dead }

internal sealed record WebhookRow
{
    public string WebhookId { get; init; } = "";
    public string Url { get; init; } = "";
    public string? Description { get; init; }
    public string? PlanCode { get; init; }
    public string? Kinds { get; init; }
    public string Secret { get; init; } = "";
    public string? FormerSecret { get; init; }
    public DateTimeOffset? FormerUntil { get; init; }

    /// <summary>The secrets before the former one, as long as each still signs.</summary>
    public IReadOnlyList<FormerSecret> Earlier { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }
    public string CreatedBy { get; init; } = "";
    public bool IsEnabled { get; init; }
    public long Position { get; init; }

    /// <summary>What it is told of; empty: of everything.</summary>
    public IReadOnlyList<string> KindList => Kinds?.Split(',') ?? [];

    /// <summary>The secrets that sign at an instant: the present one, and each former one for a day after it was replaced.</summary>
    public IEnumerable<string> SecretsAt(DateTimeOffset now) =>
        Formers.Where(each => each.EndsAt > now).Select(each => each.Secret).Prepend(Secret);

    /// <summary>The end of the last former secret; null where none signs any more.</summary>
    public DateTimeOffset? GraceUntil(DateTimeOffset now) =>
        Formers.Where(each => each.EndsAt > now).Max(each => (DateTimeOffset?)each.EndsAt);

    private IEnumerable<FormerSecret> Formers => FormerUntil is { } until ? Earlier.Prepend(new FormerSecret(WebhookId, FormerSecret!, until)) : Earlier;

    public bool Wants(ChangeRow change) =>
        (PlanCode is null || PlanCode == change.PlanCode) && (Kinds is null || KindList.Contains(change.Kind));
}

/// <summary>A secret that was replaced, and the instant at which it stops signing.</summary>
internal sealed record FormerSecret(string WebhookId, string Secret, DateTimeOffset EndsAt)
{
    private FormerSecret()
        : this("", "", default)
    {
    }
}

internal sealed record DeliveryRow
{
    public long Sequence { get; init; }
    public string Subject { get; init; } = "";
    public DeliveryStatus Status { get; init; }
    public int Attempts { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
    public DateTimeOffset? LastAttemptAt { get; init; }
    public int? LastAnswer { get; init; }
    public string? LastError { get; init; }
}

/// <summary>Who delivers, and until when by the clock of that node: to others only a mark that changes as it is renewed.</summary>
internal sealed record WebhookLease
{
    public string Owner { get; init; } = "";
    public DateTimeOffset Until { get; init; }

    public bool IsFree => Owner.Length == 0;
}

internal static class WebhookQueries
{
    private const string SelectAll = """
        SELECT webhook_id AS WebhookId, url AS Url, description AS Description, plan_code AS PlanCode, kinds AS Kinds, secret AS Secret,
            former_secret AS FormerSecret, former_until AS FormerUntil, created_at AS CreatedAt, created_by AS CreatedBy,
            is_enabled AS IsEnabled, position AS Position
        FROM webhooks ORDER BY created_at, webhook_id
        """;

    private const string Insert = """
        INSERT INTO webhooks (webhook_id, url, description, plan_code, kinds, secret, created_at, created_by, is_enabled, position)
        VALUES (@WebhookId, @Url, @Description, @PlanCode, @Kinds, @Secret, @CreatedAt, @CreatedBy, @IsEnabled, @Position)
        """;

    private const string SelectEarlier =
        "SELECT webhook_id AS WebhookId, secret AS Secret, ends_at AS EndsAt FROM webhook_former_secrets ORDER BY webhook_id, ends_at DESC, secret";

    private const string Lock = "UPDATE webhooks SET position = position WHERE webhook_id = @id";

    private const string Update = """
        UPDATE webhooks SET url = @Url, description = @Description, plan_code = @PlanCode, kinds = @Kinds, is_enabled = @IsEnabled
        WHERE webhook_id = @WebhookId
        """;

    private const string Rotate = "UPDATE webhooks SET secret = @secret, former_secret = @former, former_until = @until WHERE webhook_id = @id";

    private const string InsertEarlier =
        "INSERT INTO webhook_former_secrets (webhook_id, secret, ends_at) VALUES (@WebhookId, @Secret, @EndsAt)";

    private const string DeleteEarlier = "DELETE FROM webhook_former_secrets WHERE webhook_id = @id AND ends_at <= @now";
    private const string DeleteDeliveries = "DELETE FROM webhook_deliveries WHERE webhook_id = @id";
    private const string Delete = "DELETE FROM webhooks WHERE webhook_id = @id";
    private const string Disable = "UPDATE webhooks SET is_enabled = 0 WHERE webhook_id = @id AND url = @url";
    private const string Move = "UPDATE webhooks SET position = @position WHERE webhook_id = @id";

    private const string InsertDelivery = """
        INSERT INTO webhook_deliveries (webhook_id, sequence, subject, status, attempts, next_attempt_at)
        VALUES (@id, @sequence, @subject, 'pending', 0, @now)
        """;

    private const string CountPending = "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = @id AND status = 'pending'";

    // Of one report the earlier goes before the later, however often it must be tried.
    private const string Due = """
        SELECT due.sequence AS Sequence, due.subject AS Subject, due.status AS Status, due.attempts AS Attempts
        FROM webhook_deliveries due
        WHERE due.webhook_id = @id AND due.status = 'pending' AND due.next_attempt_at <= @now AND NOT EXISTS
            (SELECT 1 FROM webhook_deliveries earlier WHERE earlier.webhook_id = due.webhook_id AND earlier.status = 'pending'
                AND earlier.subject = due.subject AND earlier.sequence < due.sequence)
        ORDER BY due.sequence
        """;

    private const string Save = """
        UPDATE webhook_deliveries SET status = @status, attempts = @attempts, next_attempt_at = @next, last_attempt_at = @now,
            last_answer = @answer, last_error = @error
        WHERE webhook_id = @id AND sequence = @sequence AND attempts = @attempts - 1
        """;

    private const string SelectDeliveries = """
        SELECT sequence AS Sequence, subject AS Subject, status AS Status, attempts AS Attempts, next_attempt_at AS NextAttemptAt,
            last_attempt_at AS LastAttemptAt, last_answer AS LastAnswer, last_error AS LastError
        FROM webhook_deliveries WHERE webhook_id = @id AND sequence > @after ORDER BY sequence
        """;

    private const string SelectDeliveriesIn = """
        SELECT sequence AS Sequence, subject AS Subject, status AS Status, attempts AS Attempts, next_attempt_at AS NextAttemptAt,
            last_attempt_at AS LastAttemptAt, last_answer AS LastAnswer, last_error AS LastError
        FROM webhook_deliveries WHERE webhook_id = @id AND status = @status AND sequence > @after ORDER BY sequence
        """;

    private const string ReplayDead = """
        UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = @now
        WHERE webhook_id = @id AND status = 'dead' AND sequence >= @first AND sequence <= @last
        """;

    private const string ReplayAll = """
        UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = @now
        WHERE webhook_id = @id AND sequence >= @first AND sequence <= @last
        """;

    private const string Forget = "DELETE FROM webhook_deliveries WHERE status = 'delivered' AND last_attempt_at < @before";

    private const string Renew = """
        UPDATE webhook_leases SET lease_owner = @owner, lease_until = @until
        WHERE lease_id = 1 AND lease_owner = @heldBy AND lease_until = @heldUntil
        """;

    private const string SelectLease = "SELECT lease_owner AS Owner, lease_until AS Until FROM webhook_leases WHERE lease_id = 1";
    private const string ReleaseOne = "UPDATE webhook_leases SET lease_owner = '' WHERE lease_id = 1 AND lease_owner = @owner";
    private const string Begin = """
        INSERT INTO webhook_leases (lease_id, lease_owner, lease_until)
        SELECT 1, @owner, @until WHERE NOT EXISTS (SELECT 1 FROM webhook_leases WHERE lease_id = 1)
        """;

    public static async Task<IReadOnlyList<WebhookRow>> ListAsync(DbSession session)
    {
        var rows = await session.QueryAsync<WebhookRow>(SelectAll);
        var earlier = rows.Count == 0 ? null : (await session.QueryAsync<FormerSecret>(SelectEarlier)).ToLookup(each => each.WebhookId);
        return [.. rows.Select(row => row with { Earlier = [.. earlier![row.WebhookId]] })];
    }

    /// <summary>Locks a webhook for the rest of the transaction: what is read after it, nobody else changes before the commit.</summary>
    public static Task LockAsync(DbSession session, string id) => session.ExecuteAsync(Lock, new { id });

    public static Task InsertAsync(DbSession session, WebhookRow row) => session.ExecuteAsync(Insert, row);

    /// <summary>Changes everything of a webhook but its secrets.</summary>
    public static Task UpdateAsync(DbSession session, WebhookRow row) => session.ExecuteAsync(Update, row);

    /// <summary>Gives a webhook a new secret; the present one signs until an instant, each former one until its own.</summary>
    public static async Task RotateAsync(DbSession session, WebhookRow row, string secret, DateTimeOffset now, DateTimeOffset until)
    {
        await session.ExecuteAsync(DeleteEarlier, new { id = row.WebhookId, now });
        if (row.FormerUntil > now)
        {
            await session.ExecuteAsync(InsertEarlier, new FormerSecret(row.WebhookId, row.FormerSecret!, row.FormerUntil.Value));
        }

        await session.ExecuteAsync(Rotate, new { id = row.WebhookId, secret, former = row.Secret, until });
    }

    public static async Task DeleteAsync(DbSession session, string id)
    {
        await session.ExecuteAsync(DeleteDeliveries, new { id });
        await session.ExecuteAsync(Delete, new { id });
    }

    /// <summary>Disables a webhook, unless it has another address by now; says whether it did.</summary>
    public static async Task<bool> DisableAsync(DbSession session, string id, string url) => await session.ExecuteAsync(Disable, new { id, url }) > 0;

    public static Task<int> CountPendingAsync(DbSession session, string id) => session.SingleAsync<int>(CountPending, new { id });

    /// <summary>Notes that a webhook is to be told of changes, and how far it has been looked.</summary>
    public static async Task EnqueueAsync(
        DbSession session, string id, IReadOnlyList<ChangeRow> changes, long position, Func<ChangeRow, string> subject, DateTimeOffset now)
    {
        await session.ExecuteAsync(InsertDelivery, changes.Select(change => new { id, sequence = change.Sequence, subject = subject(change), now }).ToList());
        await session.ExecuteAsync(Move, new { id, position });
    }

    public static Task<IReadOnlyList<DeliveryRow>> DueAsync(DbSession session, string id, DateTimeOffset now) =>
        session.QueryAsync<DeliveryRow>(Due, new { id, now });

    /// <summary>Notes an attempt, unless another node has noted one meanwhile.</summary>
    public static Task SaveAsync(
        DbSession session, string id, long sequence, DeliveryStatus status, int attempts, DateTimeOffset? next, int? answer, string? error, DateTimeOffset now) =>
        session.ExecuteAsync(Save, new { id, sequence, status = Http.Words.Of(status), attempts, next, answer, error, now });

    /// <summary>At most so many deliveries after a place in the feed.</summary>
    public static Task<IReadOnlyList<DeliveryRow>> DeliveriesAsync(DbSession session, string id, long after, DeliveryStatus? status, int rows) =>
        status is { } only ? session.PageAsync<DeliveryRow>(SelectDeliveriesIn, new { id, after, status = Http.Words.Of(only) }, rows)
            : session.PageAsync<DeliveryRow>(SelectDeliveries, new { id, after }, rows);

    public static Task<int> ReplayAsync(DbSession session, string id, long first, long last, bool deadAlone, DateTimeOffset now) =>
        deadAlone ? session.ExecuteAsync(ReplayDead, new { id, first, last, now }) : session.ExecuteAsync(ReplayAll, new { id, first, last, now });

    public static Task ForgetAsync(DbSession session, DateTimeOffset before) => session.ExecuteAsync(Forget, new { before });

    /// <summary>Who delivers; null where nobody has yet.</summary>
    public static Task<WebhookLease?> LeaseAsync(DbSession session) => session.SingleAsync<WebhookLease>(SelectLease);

    /// <summary>Takes the lease, or keeps it; false where it is not any more as it was seen.</summary>
    public static async Task<bool> TakeAsync(DbSession session, WebhookLease? seen, string owner, DateTimeOffset until) => seen is null
        ? await session.ExecuteAsync(Begin, new { owner, until }) == 1
        : await session.ExecuteAsync(Renew, new { owner, until, heldBy = seen.Owner, heldUntil = seen.Until }) == 1;

    /// <summary>Lets another node deliver at once.</summary>
    public static Task<int> ReleaseAsync(DbSession session, string owner) => session.ExecuteAsync(ReleaseOne, new { owner });
}
