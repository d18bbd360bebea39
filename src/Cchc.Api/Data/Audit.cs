using System.Buffers.Binary;
using System.Data;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Data;

/// <summary>Who did what to what, when and from where, and how it stood before and after, as JSON.</summary>
public sealed record AuditEntry(
    DateTimeOffset At, string Actor, string? Address, string Action, string Subject, string? Before, string? After);

/// <summary>The last entry that a transaction wrote: found there later, the transaction went in.</summary>
internal sealed record AuditMark(long Number, string Hash);

/// <summary>
/// The audit trail. Entries join the transaction of the write that they tell of, and are chained: the hash of each covers it and the
/// hash of the one before, so that no entry can be changed, removed or put in between without every later hash telling.
/// </summary>
internal static class Audit
{
    private const string Advance = "UPDATE audit_heads SET entry_id = entry_id + @count WHERE head_id = 1";
    private const string Begin = "INSERT INTO audit_heads (head_id, entry_id, hash) VALUES (1, @count, '')";
    private const string Head = "SELECT entry_id AS Number, hash AS Hash FROM audit_heads WHERE head_id = 1";
    private const string Seal = "UPDATE audit_heads SET hash = @hash WHERE head_id = 1";
    private const string Hold = "UPDATE audit_heads SET entry_id = entry_id WHERE head_id = 1";
    private const string HashAt = "SELECT hash FROM audit_log WHERE entry_id = @number";
    private const string Earlier = """
        SELECT occurred_at AS At, actor AS Actor, action AS Action, subject AS Subject, detail AS Detail FROM audit_entries ORDER BY audit_id
        """;

    private const string ForgetEarlier = "DELETE FROM audit_entries";

    private static readonly BulkStatement Insert = new(
        new RowType(
            "audit_rows", new("entry_id", SqlDbType.BigInt), new("occurred_at", SqlDbType.DateTime2), new("actor", SqlDbType.NVarChar, 100),
            new("address", SqlDbType.NVarChar, 60), new("action", SqlDbType.NVarChar, 60), new("subject", SqlDbType.NVarChar, 200),
            new("state_before", SqlDbType.NVarChar, -1), new("state_after", SqlDbType.NVarChar, -1), new("hash", SqlDbType.NVarChar, 64)),
        """
        /* sqlite */ INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
        VALUES (@entry_id, @occurred_at, @actor, @address, @action, @subject, @state_before, @state_after, @hash)
        """,
        """
        /* sqlserver */ INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
        SELECT entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash FROM @audit_rows
        """);

    private const string InsertOne = """
        INSERT INTO audit_log (entry_id, occurred_at, actor, address, action, subject, state_before, state_after, hash)
        VALUES (@number, @at, @actor, @address, @action, @subject, @before, @after, @hash)
        """;

    // Beyond a few rows one statement for all is worth its making.
    private const int Few = 20;

    private static readonly AsyncLocal<string?> Origin = new();

    /// <summary>The address that the running request came from; null for what nobody sent.</summary>
    public static string? Address
    {
        get => Origin.Value;
        set => Origin.Value = value;
    }

    /// <summary>Adds an entry, which is written as the transaction commits.</summary>
    public static void Write(
        DbSession session, DateTimeOffset now, string actor, string action, string subject, object? before, object? after) =>
        session.Audited.Add(new AuditEntry(now, actor, Address, action, subject, Show(before), Show(after)));

    /// <summary>
    /// Writes what a transaction gathered. Called last in it: the head is one row for all, and whoever holds it keeps every other writer
    /// waiting.
    /// </summary>
    /// <returns>The last entry; null where there was none to write.</returns>
    public static async Task<AuditMark?> FlushAsync(DbSession session)
    {
        if (session.Audited.Count == 0)
        {
            return null;
        }

        var entries = session.Audited;
        if (await session.ExecuteAsync(Advance, new { count = (long)entries.Count }) == 0)
        {
            // Entries from before there was a chain are its first.
            entries = [.. (await session.QueryAsync<EarlierRow>(Earlier)).Select(row => row.ToEntry()), .. entries];
            await session.ExecuteAsync(Begin, new { count = (long)entries.Count });
            await session.ExecuteAsync(ForgetEarlier);
        }

        var head = (await session.SingleAsync<HeadRow>(Head))!;
        var (number, hash) = (head.Number - entries.Count, head.Hash);
        var chained = entries.ConvertAll(entry =>
        {
            hash = Chain(hash, ++number, Instant(entry.At), entry.Actor, entry.Address, entry.Action, entry.Subject, entry.Before, entry.After);
            return (Number: number, Entry: entry, Hash: hash);
        });
        if (chained.Count <= Few)
        {
            await session.ExecuteAsync(InsertOne, chained.ConvertAll(each => new
            {
                number = each.Number,
                at = each.Entry.At,
                actor = each.Entry.Actor,
                address = each.Entry.Address,
                action = each.Entry.Action,
                subject = each.Entry.Subject,
                before = each.Entry.Before,
                after = each.Entry.After,
                hash = each.Hash,
            }));
        }
        else
        {
            await session.WriteManyAsync(Insert, [], chained.Select(each => new object?[]
            {
                each.Number, session.Stored(each.Entry.At), each.Entry.Actor, each.Entry.Address, each.Entry.Action, each.Entry.Subject,
                each.Entry.Before, each.Entry.After, each.Hash,
            }));
        }

        await session.ExecuteAsync(Seal, new { hash });
        session.Audited.Clear();
        return new AuditMark(head.Number, hash);
    }

    /// <summary>Whether the trail has an entry, said once whoever was writing to the trail has ended.</summary>
    public static async Task<bool> HoldsAsync(DbSession session, AuditMark mark)
    {
        await session.ExecuteAsync(Hold);
        return await session.SingleAsync<string>(HashAt, new { number = mark.Number }) == mark.Hash;
    }

    /// <summary>The hash of an entry: each field by its length and its bytes, so that no two entries read alike.</summary>
    public static string Chain(string before, long number, params ReadOnlySpan<string?> fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[8];
        Add(hash, length, before);
        BinaryPrimitives.WriteInt64BigEndian(length, number);
        hash.AppendData(length);
        foreach (var field in fields)
        {
            Add(hash, length, field);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>An instant as the chain spells it, whichever engine keeps it.</summary>
    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void Add(IncrementalHash hash, Span<byte> length, string? text)
    {
        var bytes = text is null ? null : Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt64BigEndian(length, bytes?.Length ?? -1);
        hash.AppendData(length);
        hash.AppendData(bytes ?? []);
    }

    private static string? Show(object? state) => state is null ? null : JsonSerializer.Serialize(state, Json.Options);

    private sealed record HeadRow
    {
        public long Number { get; init; }
        public string Hash { get; init; } = "";
    }

    private sealed record EarlierRow
    {
        public DateTimeOffset At { get; init; }
        public string Actor { get; init; } = "";
        public string Action { get; init; } = "";
        public string Subject { get; init; } = "";
        public string? Detail { get; init; }

        public AuditEntry ToEntry() => new(At, Actor, null, Action, Subject, null, Detail);
    }
}
