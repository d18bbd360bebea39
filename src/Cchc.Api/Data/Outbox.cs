using System.Data;

namespace Cchc.Api.Data;

/// <summary>What changed, for those who follow.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Plan">Of which plan.</param>
/// <param name="Period">In which period.</param>
/// <param name="UnitId">What unit said, or of what unit is said.</param>
/// <param name="Number">The revision, the frozen result or the obstacle.</param>
/// <param name="Status">What it came to.</param>
public sealed record OutgoingChange(
    DateTimeOffset At, string Kind, string Plan, string? Period = null, int? UnitId = null, int? Number = null, string? Status = null);

/// <summary>The outbox: changes join the transaction of the write that they tell of, numbered without a gap.</summary>
internal static class Outbox
{
    private const string Advance = "UPDATE change_heads SET sequence = sequence + @count WHERE head_id = 1";
    private const string Head = "SELECT sequence FROM change_heads WHERE head_id = 1";

    private const string InsertOne = """
        INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
        VALUES (@sequence, @at, @kind, @plan, @period, @unitId, @number, @status, @version)
        """;

    private static readonly BulkStatement Insert = new(
        new RowType(
            "change_rows", new("sequence", SqlDbType.BigInt), new("occurred_at", SqlDbType.DateTime2), new("kind", SqlDbType.NVarChar, 30),
            new("plan_code", SqlDbType.NVarChar, 60), new("period_code", SqlDbType.NVarChar, 60), new("unit_id", SqlDbType.Int),
            new("number", SqlDbType.Int), new("status", SqlDbType.NVarChar, 20), new("data_version", SqlDbType.BigInt)),
        """
        /* sqlite */ INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
        VALUES (@sequence, @occurred_at, @kind, @plan_code, @period_code, @unit_id, @number, @status, @data_version)
        """,
        """
        /* sqlserver */ INSERT INTO changes (sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version)
        SELECT sequence, occurred_at, kind, plan_code, period_code, unit_id, number, status, data_version FROM @change_rows
        """);

    // Beyond a few rows one statement for all is worth its making.
    private const int Few = 20;

    /// <summary>The number of the latest change.</summary>
    public static Task<long> HeadAsync(DbSession session) => session.SingleAsync<long>(Head);

    /// <summary>Writes what a transaction gathered, and numbers it. Called last in it, as the head is one row for all.</summary>
    public static async Task FlushAsync(DbSession session)
    {
        var changes = session.Outgoing;
        if (changes.Count == 0)
        {
            return;
        }

        await session.ExecuteAsync(Advance, new { count = (long)changes.Count });
        var first = await HeadAsync(session) - changes.Count + 1;
        var numbered = changes.Select((change, index) => (
            Sequence: first + index, Change: change,
            Version: session.Raised.TryGetValue(DataVersions.ScopeOf(change.Plan), out var version) ? version : (long?)null));
        if (changes.Count <= Few)
        {
            await session.ExecuteAsync(InsertOne, numbered.Select(each => new
            {
                sequence = each.Sequence,
                at = each.Change.At,
                kind = each.Change.Kind,
                plan = each.Change.Plan,
                period = each.Change.Period,
                unitId = each.Change.UnitId,
                number = each.Change.Number,
                status = each.Change.Status,
                version = each.Version,
            }).ToList());
            return;
        }

        await session.WriteManyAsync(Insert, [], numbered.Select(each => new object?[]
        {
            each.Sequence, session.Stored(each.Change.At), each.Change.Kind, each.Change.Plan, each.Change.Period, each.Change.UnitId,
            each.Change.Number, each.Change.Status, each.Version,
        }));
    }
}
