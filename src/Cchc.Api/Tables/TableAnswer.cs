using System.Globalization;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Tables;

/// <summary>What a table's answer says of itself beside its rows.</summary>
/// <param name="Name">A name for the file and the dataset.</param>
/// <param name="Version">What the rows are a pure function of.</param>
/// <param name="DataVersion">The number that every write of the plan raises.</param>
/// <param name="IsPrivate">Whether shared caches must keep out.</param>
/// <param name="Updated">The moment of the version.</param>
/// <param name="KnownAt">An instant at which the rows were known as they are: a function of the version alone.</param>
/// <param name="Head">The members before the rows of a JSON answer.</param>
internal sealed record TableHead(
    string Name, string Version, long DataVersion, bool IsPrivate, DateTimeOffset Updated, DateTimeOffset KnownAt, object Head);

/// <summary>A table that was asked for, at one data version.</summary>
internal sealed record Table<T>(TableRequest<T> Asked, TableHead Head, TableLabels Labels, Func<IEnumerable<T>> Rows);

internal static class TableAnswer
{
    /// <summary>
    /// Writes a table in the form asked for; JSON a page at a time, the others whole where no limit is set. The pages that follow a first
    /// one are of its data version, also when the data have changed since. Where that version cannot be read, the pages begin again with
    /// the present one.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="readAsync">Reads the table: as it was known at an instant, or as it is where the instant is null.</param>
    public static async Task WriteAsync<T>(HttpContext context, Func<DateTimeOffset?, Task<Table<T>>> readAsync)
    {
        var table = await readAsync(null);
        var place = table.Asked.Place;
        if (place is not null && place.Version != table.Head.Version)
        {
            var moved = table;
            table = await readAsync(place.At);
            (table, place) = place.Version == table.Head.Version ? (table, place) : (moved, null);
        }

        var (asked, head) = (table.Asked, table.Head);
        place ??= new TablePlace(0, head.KnownAt, head.Version);
        var response = context.Response;
        response.Headers.Vary = asked.HasLabels ? "Accept, Accept-Language" : "Accept";
        response.Headers.AcceptRanges = asked.Form == TableForm.Ndjson ? default : "bytes";
        response.Headers[AnswerHeaders.DataVersion.Name] = head.DataVersion.ToString(CultureInfo.InvariantCulture);
        var form = asked.Form == TableForm.Json ? "" : $".{Words.Of(asked.Form)}";
        var language = asked.HasLabels ? $".{Words.Of(table.Labels.Phrases.Language)}" : "";
        var stale = Answers.StaleOf(context);
        head = head with { Version = head.Version + stale?.Mark, Head = Answers.Date(head.Head, stale) };
        if (Answers.IsKnown(context, head.Version + form + language, head.IsPrivate ? Answers.Private : Answers.Public))
        {
            return;
        }

        table = table with { Head = head };
        if (asked.Form is TableForm.Csv or TableForm.Xlsx or TableForm.Sdmx)
        {
            response.Headers.ContentDisposition = $"inline; filename=\"{head.Name}.{(asked.Form == TableForm.Xlsx ? "xlsx" : "csv")}\"";
        }

        if (asked.Form == TableForm.Ndjson)
        {
            response.ContentType = TableRequest.TypeOf(asked.Form);
            await using var lines = Codings.Open(context, response.Body);
            await TableWriter.WriteLinesAsync(lines, asked.Columns, Cut(context, table, place).Page, context.RequestAborted);
            return;
        }

        await (head.IsPrivate ? SendAsync(context, table, place) : PublicCache.OnceAsync(context, () => SendAsync(context, table, place)));
    }

    private static async Task SendAsync<T>(HttpContext context, Table<T> table, TablePlace place)
    {
        var (asked, head) = (table.Asked, table.Head);
        var (page, next) = Cut(context, table, place);
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
                JsonStat.Write(body, head, table.Labels, asked.Columns, [.. page]);
                break;
            case TableForm.Sdmx:
                SdmxCsv.Write(body, $"VN_TTH:{head.Name.Replace('-', '_').ToUpperInvariant()}(1.0)", table.Labels, asked.Columns, page);
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

    // A row has no key of its own: pages of one version follow each other by place.
    private static (IEnumerable<T> Page, string? Next) Cut<T>(HttpContext context, Table<T> table, TablePlace place)
    {
        var rows = table.Asked.Sort(table.Rows());
        if (table.Asked.Limit is not { } limit)
        {
            return (rows, null);
        }

        var all = rows.Skip(place.Start).Take(limit + 1).ToList();
        var page = Page<T>.Begin(context, all, _ => (place with { Start = place.Start + limit }).ToString(), row => row, limit);
        return (page.Items, page.NextCursor);
    }
}
