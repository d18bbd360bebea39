using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Tables;

/// <summary>What a table's answer says of itself beside its rows.</summary>
/// <param name="Name">A name for the file and the dataset.</param>
/// <param name="Version">What the rows are a pure function of.</param>
/// <param name="IsPrivate">Whether shared caches must keep out.</param>
/// <param name="Updated">The moment of the version.</param>
/// <param name="Head">The members before the rows of a JSON answer.</param>
internal sealed record TableHead(string Name, string Version, bool IsPrivate, DateTimeOffset Updated, object Head);

internal static class TableAnswer
{
    /// <summary>Writes a table in the form asked for; JSON a page at a time, the others whole where no limit is set.</summary>
    public static async Task WriteAsync<T>(HttpContext context, TableRequest<T> asked, TableHead head, Func<IEnumerable<T>> rows)
    {
        var response = context.Response;
        response.Headers.Vary = "Accept";
        response.Headers.AcceptRanges = asked.Form == TableForm.Ndjson ? default : "bytes";
        var form = asked.Form == TableForm.Json ? "" : $".{Words.Of(asked.Form)}";
        var stale = Answers.StaleOf(context);
        head = head with { Version = head.Version + stale?.Mark, Head = Answers.Date(head.Head, stale) };
        if (Answers.IsKnown(context, head.Version + form, head.IsPrivate ? Answers.Private : Answers.Public))
        {
            return;
        }

        if (asked.Form is TableForm.Csv or TableForm.Xlsx or TableForm.Sdmx)
        {
            response.Headers.ContentDisposition = $"inline; filename=\"{head.Name}.{(asked.Form == TableForm.Xlsx ? "xlsx" : "csv")}\"";
        }

        if (asked.Form == TableForm.Ndjson)
        {
            response.ContentType = TableRequest.TypeOf(asked.Form);
            await using var lines = Codings.Open(context, response.Body);
            await TableWriter.WriteLinesAsync(lines, asked.Columns, Cut(context, asked, asked.Sort(rows())).Page, context.RequestAborted);
            return;
        }

        await (head.IsPrivate ? SendAsync(context, asked, head, rows) : PublicCache.OnceAsync(context, () => SendAsync(context, asked, head, rows)));
    }

    private static async Task SendAsync<T>(HttpContext context, TableRequest<T> asked, TableHead head, Func<IEnumerable<T>> rows)
    {
        var (page, next) = Cut(context, asked, asked.Sort(rows()));
        using var body = new MemoryStream();
        switch (asked.Form)
        {
            case TableForm.Csv:
                TableWriter.WriteCsv(body, asked.Bom, asked.Columns, page);
                break;
            case TableForm.Xlsx:
                TableWriter.WriteXlsx(body, asked.Columns, page);
                break;
            case TableForm.Jsonstat:
                JsonStat.Write(body, head.Name, head.Updated, asked.Columns, [.. page]);
                break;
            case TableForm.Sdmx:
                SdmxCsv.Write(body, $"VN_TTH:{head.Name.Replace('-', '_').ToUpperInvariant()}(1.0)", asked.Columns, page);
                break;
            default:
                WriteJson(body, asked, head, page, next);
                break;
        }

        await Answers.SendAsync(context, body.ToArray(), TableRequest.TypeOf(asked.Form));
    }

    private static void WriteJson<T>(Stream body, TableRequest<T> asked, TableHead head, IEnumerable<T> page, string? next)
    {
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = Json.Options.Encoder });
        json.WriteStartObject();
        foreach (var member in JsonSerializer.SerializeToElement(head.Head, head.Head.GetType(), Json.Options).EnumerateObject())
        {
            if (member.Name is not ("items" or "nextCursor"))
            {
                member.WriteTo(json);
            }
        }

        json.WriteStartArray("items");
        foreach (var row in page)
        {
            TableWriter.WriteObject(json, asked.Columns, row);
        }

        json.WriteEndArray();
        json.WriteString("nextCursor", next);
        json.WriteEndObject();
    }

    // A row has no key of its own: pages of one version follow each other by place, and one of another version begins anew.
    private static (IEnumerable<T> Page, string? Next) Cut<T>(HttpContext context, TableRequest<T> asked, IEnumerable<T> rows)
    {
        if (asked.Limit is not { } limit)
        {
            return (rows, null);
        }

        var start = 0;
        if (asked.Cursor is { } cursor && !(int.TryParse(cursor, out start) && start >= 0))
        {
            throw ProblemException.Of([new Refusal("cursor.invalid", null, null) { Parameter = "cursor" }]);
        }

        var all = rows.Skip(start).Take(limit + 1).ToList();
        var page = Page<T>.Begin(context, all, _ => (start + limit).ToString(System.Globalization.CultureInfo.InvariantCulture), row => row, limit);
        return (page.Items, page.NextCursor);
    }
}
