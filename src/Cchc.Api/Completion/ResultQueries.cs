using Cchc.Api.Data;

namespace Cchc.Api.Completion;

/// <summary>Keeps consolidated results, which never change.</summary>
internal static class ResultQueries
{
    private const string SelectHeads = """
        SELECT number AS Number, data_version AS DataVersion, frozen_at AS FrozenAt, reason AS Reason, sha256 AS Sha256
        FROM consolidated_results WHERE period_id = @periodId ORDER BY number
        """;

    private const string SelectPage = """
        SELECT number AS Number, data_version AS DataVersion, frozen_at AS FrozenAt, reason AS Reason, sha256 AS Sha256
        FROM consolidated_results WHERE period_id = @periodId AND number > @after ORDER BY number
        """;

    private const string SelectDocument = "SELECT document FROM consolidated_results WHERE period_id = @periodId AND number = @number";

    private const string Insert = """
        INSERT INTO consolidated_results (period_id, number, data_version, frozen_at, frozen_by, reason, document, sha256)
        VALUES (@periodId, @number, @dataVersion, @now, @actor, @reason, @document, @sha256)
        """;

    public static Task<IReadOnlyList<ResultHead>> HeadsAsync(DbSession session, int periodId) =>
        session.QueryAsync<ResultHead>(SelectHeads, new { periodId });

    /// <summary>At most so many results after a number.</summary>
    public static Task<IReadOnlyList<ResultHead>> PageAsync(DbSession session, int periodId, int after, int rows) =>
        session.PageAsync<ResultHead>(SelectPage, new { periodId, after }, rows);

    public static Task<string?> DocumentAsync(DbSession session, int periodId, int number) =>
        session.SingleAsync<string>(SelectDocument, new { periodId, number });

    public static Task InsertAsync(
        DbSession session, int periodId, int number, long dataVersion, DateTimeOffset now, string actor, string? reason, string document,
        string sha256) =>
        session.ExecuteAsync(Insert, new { periodId, number, dataVersion, now, actor, reason, document, sha256 });
}

internal sealed record ResultHead
{
    public int Number { get; init; }
    public long DataVersion { get; init; }
    public DateTimeOffset FrozenAt { get; init; }
    public string? Reason { get; init; }
    public string Sha256 { get; init; } = "";
}
