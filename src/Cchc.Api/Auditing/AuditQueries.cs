using System.Data.Common;
using Cchc.Api.Data;

namespace Cchc.Api.Auditing;

/// <summary>Reads the audit trail, and follows its chain.</summary>
public sealed class AuditQueries(Database database)
{
    // A page is looked for in stretches of the trail, so that a rare filter does not read all of it at once.
    private const int Stretch = 20_000;

    private const string SelectHead = "SELECT entry_id AS Number, hash AS Hash FROM audit_heads WHERE head_id = 1";

    private const string SelectStretch = """
        SELECT entry_id AS Number, occurred_at AS At, actor AS Actor, address AS Address, action AS Action, subject AS Subject,
            state_before AS StateBefore, state_after AS StateAfter, hash AS Hash
        FROM audit_log
        WHERE entry_id BETWEEN @first AND @last AND (@actor IS NULL OR actor = @actor) AND (@action IS NULL OR action = @action)
            AND (@subject IS NULL OR subject = @subject) AND (@since IS NULL OR occurred_at >= @since)
            AND (@until IS NULL OR occurred_at <= @until)
        ORDER BY entry_id DESC
        """;

    private const string SelectAll = """
        SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM audit_log ORDER BY entry_id
        """;

    /// <summary>How many entries there are; 0 before the first.</summary>
    public async Task<long> CountAsync(CancellationToken cancellation) =>
        (await database.ReadAsync(session => session.SingleAsync<AuditHead>(SelectHead), cancellation))?.Number ?? 0;

    /// <summary>The latest entries that a filter lets through, from before an entry, one more than asked where there are more.</summary>
    public Task<List<AuditRow>> ListAsync(AuditFilter filter, long before, int limit, CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            var found = new List<AuditRow>();
            for (var last = before - 1; last > 0 && found.Count <= limit; last -= Stretch)
            {
                found.AddRange(await session.QueryAsync<AuditRow>(SelectStretch, new
                {
                    first = Math.Max(1, last - Stretch + 1),
                    last,
                    actor = filter.Actor,
                    action = filter.Action,
                    subject = filter.Subject,
                    since = filter.Since,
                    until = filter.Until,
                }));
            }

            return found;
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
