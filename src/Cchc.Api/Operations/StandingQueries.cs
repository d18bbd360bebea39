using Cchc.Api.Data;

namespace Cchc.Api.Operations;

/// <summary>How many there are of a word.</summary>
internal sealed record Tally
{
    public string Word { get; init; } = "";
    public long Number { get; init; }
}

/// <summary>What is not decided yet.</summary>
internal sealed record Undecided
{
    public long Number { get; init; }
    public DateTimeOffset? Since { get; init; }
}

/// <summary>What an operator asks of the database now and then.</summary>
internal static class StandingQueries
{
    private const string Imports = """
        SELECT status AS Word, COUNT(*) AS Number FROM report_imports WHERE status IN ('queued', 'running') GROUP BY status
        """;

    private const string Deliveries = "SELECT COUNT(*) AS Number FROM webhook_deliveries WHERE status = 'pending'";

    // Through the webhooks, with which the index begins; joined so that the embedded engine begins there too.
    private const string Dead = """
        SELECT COUNT(*) AS Number FROM webhooks CROSS JOIN webhook_deliveries AS deliveries
        WHERE deliveries.webhook_id = webhooks.webhook_id AND deliveries.status = 'dead'
        """;

    private const string Reports = "SELECT status AS Word, COUNT(*) AS Number FROM reports WHERE period_id = @periodId GROUP BY status";

    private const string Waiting = """
        SELECT COUNT(*) AS Number, MIN(revisions.submitted_at) AS Since
        FROM reports JOIN revisions ON revisions.period_id = reports.period_id AND revisions.unit_id = reports.unit_id
        WHERE reports.period_id = @periodId AND reports.status = 'submitted' AND revisions.submitted_at IS NOT NULL AND revisions.decision IS NULL
        """;

    public static Task<IReadOnlyList<Tally>> ImportsAsync(DbSession session) => session.QueryAsync<Tally>(Imports);

    /// <summary>How many deliveries wait.</summary>
    public static Task<int> DeliveriesAsync(DbSession session) => session.SingleAsync<int>(Deliveries);

    /// <summary>How many deliveries were given up, and not yet delivered again.</summary>
    public static Task<int> DeadAsync(DbSession session) => session.SingleAsync<int>(Dead);

    /// <summary>The reports of a period by status.</summary>
    public static Task<IReadOnlyList<Tally>> ReportsAsync(DbSession session, int periodId) => session.QueryAsync<Tally>(Reports, new { periodId });

    /// <summary>Submitted reports of a period that nobody has decided on.</summary>
    public static async Task<Undecided> UndecidedAsync(DbSession session, int periodId) =>
        (await session.SingleAsync<Undecided>(Waiting, new { periodId }))!;
}
