using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain.Reports;

namespace Cchc.Api.Auditing;

/// <summary>An entry of the audit trail.</summary>
/// <param name="Number">Its place in the trail, from 1 without gaps.</param>
/// <param name="At">When, by the server's clock.</param>
/// <param name="Actor"><c>key:</c> with the key's id, <c>user:</c> with the person's, <c>cli</c>, or <c>anonymous</c>.</param>
/// <param name="Address">Where the request came from; null for what no request asked for.</param>
/// <param name="Action">What was done, such as <c>report.approve</c>; <c>request.refused</c> for a refusal for rights; of the
/// refused reads of one caller one a minute is written, and <c>after.repeated</c> says how many were not since the one before.</param>
/// <param name="Subject">What it was done to.</param>
/// <param name="Before">How it stood before, without free text; null where there was nothing.</param>
/// <param name="After">How it stands after.</param>
/// <param name="Hash">SHA-256 of the entry and of the hash before it.</param>
public sealed record AuditEntryAnswer(
    long Number, DateTimeOffset At, string Actor, string? Address, string Action, string Subject, JsonNode? Before, JsonNode? After, string Hash)
{
    internal static AuditEntryAnswer Of(AuditRow row) => new(
        row.Number, row.At, row.Actor, row.Address, row.Action, row.Subject, Json(row.StateBefore), Json(row.StateAfter), row.Hash);

    // Entries from before the trail was chained may hold a bare word.
    private static JsonNode? Json(string? state)
    {
        try
        {
            return state is null ? null : JsonNode.Parse(state);
        }
        catch (JsonException)
        {
            return JsonValue.Create(state);
        }
    }
}

internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder api) =>
        api.MapGet("/audit", ListEntries).Describe<Page<AuditEntryAnswer>>(
            "listAuditEntries", "The audit trail, the latest entry first",
            [new("actor", "Who", "key:4b2b0baf3bf6"), new("action", "What was done", "report.approve"),
             new("subject", "What it was done to", "cchc-2022/2022-H1/SNV"), new("from", "From this instant (RFC 3339)", Parameters.SomeInstant),
             new("to", "Up to this instant (RFC 3339)", Parameters.SomeInstant.AddDays(1)), .. Parameters.Paging]).Refuses(401, 403)
            .Needs(KeyScope.Administration);

    private static async Task ListEntries(HttpContext context, AuditQueries trail)
    {
        if (context.RequireCaller().Role != Role.Administrator)
        {
            throw new ProblemException("auth.forbidden");
        }

        var query = new QueryInput(context.Request, "actor", "action", "subject", "from", "to", "limit", "cursor");
        var filter = new AuditFilter(query.Text("actor"), query.Text("action"), query.Text("subject"), query.Instant("from"), query.Instant("to"));
        var (limit, cursor) = (query.Limit(), query.Cursor());
        var count = await trail.CountAsync(context.RequestAborted);
        var before = count + 1;
        if (cursor is not null && (!long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before) || before < 1 || before > count))
        {
            query.Refuse("cursor.invalid", "cursor");
        }

        query.Done();
        var rows = await trail.ListAsync(filter, before, limit + 1, context.RequestAborted);
        var page = Page<AuditEntryAnswer>.Begin(
            context, rows, row => row.Number.ToString(CultureInfo.InvariantCulture), AuditEntryAnswer.Of, limit);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);
    }
}
