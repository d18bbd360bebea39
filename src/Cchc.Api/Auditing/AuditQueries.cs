using System.Data.Common;
using Cchc.Api.Data;

namespace Cchc.Api.Auditing;

/// <summary>Reads the audit trail, and follows its chain.</summary>
public sealed class AuditQueries(Database database)
{
    private const string SelectHead = "SELECT entry_id AS Number, hash AS Hash FROM audit_heads WHERE head_id = 1";

    private const string Entries = """
        SELECT entry_id AS Number, occurred_at AS At, actor AS Actor, address AS Address, action AS Action, subject AS Subject,
            state_before AS StateBefore, state_after AS StateAfter, hash AS Hash
        FROM audit_log
        """;

    private const string Rest = """
        entry_id BETWEEN @first AND @last AND (@actor IS NULL OR actor = @actor) AND (@action IS NULL OR action = @action)
            AND (@since IS NULL OR occurred_at >= @since) AND (@until IS NULL OR occurred_at <= @until)
        ORDER BY entry_id DESC
        """;

    // Each filter has its index: the one that lets fewest entries through is used.
    private const string SelectAny = $"{Entries} WHERE {Rest}";
    private const string SelectOfSubject = $"{Entries} WHERE subject = @subject AND {Rest}";
    private const string SelectOfActor = $"{Entries} WHERE actor = @actor AND {Rest}";
    private const string SelectOfAction = $"{Entries} WHERE action = @action AND {Rest}";

    private const string FirstSince = "SELECT MIN(entry_id) FROM audit_log WHERE occurred_at >= @since";
    private const string LastUntil = "SELECT MAX(entry_id) FROM audit_log WHERE occurred_at <= @until";

    private const string SelectAll = """
        SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM audit_log ORDER BY entry_id
        """;

    /// <summary>How many entries there are; 0 before the first.</summary>
    public async Task<long> CountAsync(CancellationToken cancellation) =>
        (await database.ReadAsync(session => session.SingleAsync<AuditHead>(SelectHead), cancellation))?.Number ?? 0;

    /// <summary>The latest entries that a filter lets through, from before an entry, at most so many.</summary>
    public Task<IReadOnlyList<AuditRow>> ListAsync(AuditFilter filter, long before, int rows, CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<AuditRow>>(async session =>
        {
            var first = filter.Since is { } since ? await session.SingleAsync<long?>(FirstSince, new { since }) : 1;
            var last = filter.Until is { } until ? await session.SingleAsync<long?>(LastUntil, new { until }) : before - 1;
            if (first is null || last is null)
            {
                return [];
            }

            var asked = new
            {
                first = first.Value,
                last = Math.Min(last.Value, before - 1),
                actor = filter.Actor,
                action = filter.Action,
                since = filter.Since,
                until = filter.Until,
            };
            return filter switch
            {
                { Subject: { } subject } => await session.PageAsync<AuditRow>(
                    SelectOfSubject, new { asked.first, asked.last, asked.actor, asked.action, asked.since, asked.until, subject }, rows),
                { Actor: not null } => await session.PageAsync<AuditRow>(SelectOfActor, asked, rows),
                { Action: not null } => await session.PageAsync<AuditRow>(SelectOfAction, asked, rows),
                _ => await session.PageAsync<AuditRow>(SelectAny, asked, rows),
            };
        },
        cancellation);

    /// <summary>Follows the chain from its first entry to its head; names the first place where it does not hold.</summary>
    public Task<AuditVerdict> VerifyAsync(CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            var head = await session.SingleAsync<AuditHead>(SelectHead);
            var (number, hash, fault) = (0L, "", (string?)null);
            await session.ReadEachAsync(SelectAll, new { }, reader =>
            {
                if (fault is not null)
                {
                    return;
                }

                var found = reader.GetInt64(0);
                if (found != number + 1)
                {
                    fault = $"Entry {number + 1} is missing; entry {found} follows entry {number}.";
                    return;
                }

                number = found;
                hash = Audit.Chain(
                    hash, number, Instant(reader), Text(reader, 2), Text(reader, 3), Text(reader, 4), Text(reader, 5), Text(reader, 6), Text(reader, 7));
                fault = hash == Text(reader, 8) ? null : $"Entry {number} is not what was written, or the one before it is not.";
            });
            fault ??= head is null ? number > 0 ? "The head of the trail is missing." : null
                : head.Number != number ? $"The head of the trail tells of {head.Number} entries; there are {number}."
                : head.Hash != hash ? $"The head of the trail does not fit entry {number}." : null;
            return new AuditVerdict(number, hash, fault);
        },
        cancellation,
        Pace.Bulk);

    // As it is stored, whatever became of it: an instant that is none any more must be told too.
    private static string Instant(DbDataReader reader) => reader.GetValue(1) is DateTime at
        ? Audit.Instant(new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc))) : reader.GetString(1);

    private static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private sealed record AuditHead
    {
        public long Number { get; init; }
        public string Hash { get; init; } = "";
    }
}

public sealed record AuditFilter(string? Actor, string? Action, string? Subject, DateTimeOffset? Since, DateTimeOffset? Until);

/// <summary>How many entries hold, the last one's hash, and the first fault in words.</summary>
public sealed record AuditVerdict(long Entries, string Hash, string? Fault);

public sealed record AuditRow
{
    public long Number { get; init; }
    public DateTimeOffset At { get; init; }
    public string Actor { get; init; } = "";
    public string? Address { get; init; }
    public string Action { get; init; } = "";
    public string Subject { get; init; } = "";
    public string? StateBefore { get; init; }
    public string? StateAfter { get; init; }
    public string Hash { get; init; } = "";
}
