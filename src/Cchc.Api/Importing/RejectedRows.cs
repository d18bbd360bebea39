using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Importing;

/// <summary>The rejected rows as a file of the format they came in, with a reason column: to be corrected and sent again.</summary>
internal static class RejectedRows
{
    /// <summary>The largest file of rejected rows in bytes; what it has no room for is counted.</summary>
    public const long Largest = 64 * 1024 * 1024;

    // A byte that is not UTF-8 becomes half a character in JSON's spelling: the file can be read, and the row is refused again as it is.
    private static readonly Encoding JsonText =
        Encoding.GetEncoding("utf-8", EncoderFallback.ExceptionFallback, new DecoderReplacementFallback(@"\udfff"));

    /// <summary>Reads the file once more, and writes those of its rows that were rejected; gives the number of those left off.</summary>
    public static int Write(ImportFormat format, Stream file, RowOutcome[] outcomes, IReadOnlyList<Remark> remarks, Stream target)
    {
        var leftOff = 0;
        var reasons = remarks.Where(remark => !remark.Code.StartsWith("warning.", StringComparison.Ordinal))
            .ToLookup(remark => remark.Row, remark => (remark.Column is null ? "" : remark.Column + ": ") + RowRemark.Of(remark).DetailVi);
        file.Position = 0;
        using var source = RowSource.Open(format, file);
        switch (source)
        {
            case CsvRows csv:
                using (var text = new CsvHelper.CsvWriter(
                    new StreamWriter(target, new UTF8Encoding(true), leaveOpen: true),
                    new CsvHelper.Configuration.CsvConfiguration(System.Globalization.CultureInfo.InvariantCulture) { Delimiter = csv.Separator.ToString() }))
                {
                    if (csv.NeedsSeparatorLine)
                    {
                        text.WriteField($"sep={csv.Separator}", shouldQuote: false);
                        text.NextRecord();
                    }

                    WriteTable(csv, cells =>
                    {
                        foreach (var cell in cells)
                        {
                            text.WriteField(FormulaGuard.Arm(FormulaGuard.Disarm(cell.Text)));
                        }

                        text.NextRecord();
                    });
                }

                break;
            case XlsxRows xlsx:
                using (var sheet = new XlsxWriter(target))
                {
                    WriteTable(xlsx, cells => sheet.WriteRow(cells));
                }

                break;
            case ObjectRows objects:
                WriteObjects(objects, format == ImportFormat.Json);
                break;
        }

        return leftOff;

        void WriteTable(TableRows table, Action<IReadOnlyList<SheetCell>> write)
        {
            int[] kept = [.. Enumerable.Range(0, table.Heading.Count)
                .Where(index => !table.Heading[index].Trim().Equals(ImportColumns.Reason, StringComparison.OrdinalIgnoreCase))];
            write([.. kept.Select(index => new SheetCell(table.Heading[index])), new SheetCell(ImportColumns.Reason)]);
            while (Next())
            {
                var cells = table.Cells;
                write([.. kept.Select(index => index < cells.Count ? new SheetCell(cells[index], table.IsNumberAt(index)) : new SheetCell("")),
                    new SheetCell(Reason())]);
            }
        }

        void WriteObjects(ObjectRows objects, bool isArray)
        {
            // A line break after each object is what NDJSON is made of, and an array may have it.
            var isFirst = true;
            Raw(isArray ? "[" : "");
            while (Next())
            {
                Raw(isArray && !isFirst ? ",\n" : "");
                isFirst = false;
                WriteObject(objects.Item);
                Raw(isArray ? "" : "\n");
            }

            Raw(isArray ? "]\n" : "");
        }

        // Names and values are copied as they stand in the file: some of them are not text that a writer accepts.
        void WriteObject(JsonElement item)
        {
            Raw("{");
            if (item.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in item.EnumerateObject())
                {
                    var name = JsonText.GetString(JsonMarshal.GetRawUtf8PropertyName(member));
                    if (name != ImportColumns.Reason)
                    {
                        Raw($"\"{name}\":{JsonText.GetString(JsonMarshal.GetRawUtf8Value(member.Value))},");
                    }
                }
            }

            Raw($"\"{ImportColumns.Reason}\":{JsonSerializer.Serialize(Reason(), Json.Options)}}}");
        }

        void Raw(string text) => target.Write(Encoding.UTF8.GetBytes(text));

        string Reason() => reasons.Contains(source.Row) ? string.Join("; ", reasons[source.Row]) : "…";

        bool Next()
        {
            try
            {
                while (source.Read())
                {
                    if (source.Row < outcomes.Length && outcomes[source.Row] == RowOutcome.Rejected)
                    {
                        if (target.Length < Largest)
                        {
                            return true;
                        }

                        leftOff++;
                    }
                }
            }
            catch (UnreadableFileException)
            {
                // What follows could not be read the first time either.
            }

            return false;
        }
    }
}
