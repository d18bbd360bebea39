using System.Globalization;
using System.Text;
using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Api.Importing;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cchc.Api.Tables;

/// <summary>Writes the rows of a table in the form asked for.</summary>
internal static class TableWriter
{
    private const int FlushEvery = 512;

    public static void WriteCsv<T>(Stream target, bool bom, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows)
    {
        using var csv = Csv(target, bom);
        foreach (var column in columns)
        {
            csv.WriteField(column.Name);
        }

        csv.NextRecord();
        foreach (var row in rows)
        {
            foreach (var column in columns)
            {
                var value = column.Value(row);
                csv.WriteField(value is string text ? FormulaGuard.Arm(text) : Text(value));
            }

            csv.NextRecord();
        }
    }

    public static CsvWriter Csv(Stream target, bool bom) => new(
        new StreamWriter(target, new UTF8Encoding(bom), leaveOpen: true), new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n" });

    public static void WriteXlsx<T>(Stream target, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows)
    {
        using var sheet = new XlsxWriter(target);
        sheet.WriteRow(columns.Select(column => new SheetCell(column.Name, Style: CellStyle.Heading)));
        foreach (var row in rows)
        {
            sheet.WriteRow(columns.Select(column =>
            {
                var value = column.Value(row);
                return new SheetCell(Text(value), IsNumber: value is not (null or string or bool));
            }));
        }
    }

    /// <summary>One object a line, sent on as rows come.</summary>
    public static async Task WriteLinesAsync<T>(Stream target, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows, CancellationToken cancellation)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Json.Options.Encoder });
        var count = 0;
        foreach (var row in rows)
        {
            WriteObject(json, columns, row);
            json.Flush();
            json.Reset();
            "\n"u8.CopyTo(buffer.GetSpan(1));
            buffer.Advance(1);
            if (++count % FlushEvery == 0)
            {
                await SendAsync();
            }
        }

        await SendAsync();

        async Task SendAsync()
        {
            await target.WriteAsync(buffer.WrittenMemory, cancellation);
            await target.FlushAsync(cancellation);
            buffer.ResetWrittenCount();
        }
    }

    public static void WriteObject<T>(Utf8JsonWriter json, IReadOnlyList<Column<T>> columns, T row)
    {
        json.WriteStartObject();
        foreach (var column in columns)
        {
            json.WritePropertyName(column.Name);
            WriteValue(json, column.Value(row));
        }

        json.WriteEndObject();
    }

    public static string Text(object? value) => value switch
    {
        null => "",
        bool truth => truth ? "true" : "false",
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            default:
                json.WriteNumberValue(Convert.ToDecimal(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
