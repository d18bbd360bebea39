namespace Cchc.Api.Data;

internal static class Audit
{
    private const string Insert = """
        INSERT INTO audit_entries (occurred_at, actor, action, subject, detail) VALUES (@now, @actor, @action, @subject, @detail)
        """;

    /// <summary>Adds an entry to the transaction of the write that it tells of.</summary>
    public static Task WriteAsync(DbSession session, DateTimeOffset now, string actor, string action, string subject, string? detail) =>
        session.ExecuteAsync(Insert, new { now, actor, action, subject, detail });
}
