using System.Globalization;
using System.Text;
using System.Text.Json;
using Cchc.Api.Http;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cchc.Api.Importing;

internal enum ImportFormat { Csv, Xlsx, Json, Ndjson }

/// <summary>Something wrong with a row or with the file (row 0), by column where there is one.</summary>
internal readonly record struct Remark(int Row, string? Column, string Code, string? Value, params string[] Arguments);

/// <summary>Stops reading a file: nothing after this point can be told apart.</summary>
internal sealed class UnreadableFileException(Remark remark) : Exception(remark.Code)
{
    public Remark Remark { get; } = remark;
}

/// <summary>The rows of a file, one after the other, as text cells. Nothing but the current row is held.</summary>
internal abstract class RowSource : IDisposable
{
    public const int LongestCell = 32_767;

    /// <summary>The current row's number as its reader counts: the line of the table, the line of NDJSON, the item of an array.</summary>
    public int Row { get; protected set; }

    /// <summary>What is wrong with the row as such; its cells are then not to be used.</summary>
    public Remark? Fault { get; protected set; }

    /// <exception cref="UnreadableFileException">The file cannot be read on.</exception>
    public abstract bool Read();

    /// <summary>A cell of the current row, trimmed; null where it is empty or the file has no such column.</summary>
    public abstract string? Cell(ImportColumn column);

    /// <summary>Whether the file holds a number in the cell, and not text that may look like one.</summary>
    public virtual bool IsNumber(ImportColumn column) => false;

    public abstract void Dispose();

    public static RowSource Open(ImportFormat format, Stream file) => format switch
    {
        ImportFormat.Csv => new CsvRows(file),
        ImportFormat.Xlsx => new XlsxRows(file),
        ImportFormat.Json => new JsonRows(file),
        _ => new NdjsonRows(file),
    };
}

/// <summary>A source with a heading row.</summary>
internal abstract class TableRows : RowSource
{
    private readonly int[] _at = [.. Enumerable.Repeat(-1, ImportColumns.Names.Count)];

    public IReadOnlyList<string> Heading { get; private set; } = [];

    /// <summary>The current row's cells as they stand in the file.</summary>
    public abstract IReadOnlyList<string> Cells { get; }

    public override string? Cell(ImportColumn column)
    {
        var at = _at[(int)column];
        if (at < 0 || CellAt(at) is not { Length: > 0 } text)
        {
            return null;
        }

        text = FormulaGuard.Disarm(text).Trim();
        return text.Length == 0 ? null : text;
    }

    public override bool IsNumber(ImportColumn column) => _at[(int)column] is >= 0 and var at && IsNumberAt(at);

    protected abstract string? CellAt(int index);

    public virtual bool IsNumberAt(int index) => false;

    protected void ReadHeading(int row, IReadOnlyList<string> heading)
    {
        Heading = heading;
        for (var index = 0; index < heading.Count; index++)
        {
            var column = ImportColumns.Find(heading[index], out var isKnown);
            if (!isKnown)
            {
                throw new UnreadableFileException(new Remark(row, Shorten(heading[index]), "column.unknown", null, Shorten(heading[index])));
            }

            if (column is { } known)
            {
                if (_at[(int)known] >= 0)
                {
                    throw new UnreadableFileException(new Remark(row, ImportColumns.NameOf(known), "column.repeated", null, ImportColumns.NameOf(known)));
                }

                _at[(int)known] = index;
            }
        }

        foreach (var column in ImportColumns.Required)
        {
            if (_at[(int)column] < 0)
            {
                throw new UnreadableFileException(new Remark(row, ImportColumns.NameOf(column), "column.missing", null, ImportColumns.NameOf(column)));
            }
        }
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}

/// <summary>CSV (RFC 4180) as offices write it: any of three separators, a BOM or none, CRLF or LF, line breaks within quotes.</summary>
internal sealed class CsvRows : TableRows
{
    private readonly StreamReader _text;
    private readonly CsvParser _parser;
    private readonly int _width;

    public CsvRows(Stream file)
    {
        _text = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, 64 * 1024, leaveOpen: true);
        Separator = FindSeparator(file);
        _parser = new CsvParser(_text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = Separator.ToString(),
            BufferSize = 64 * 1024,
            IgnoreBlankLines = false,
            Mode = CsvMode.RFC4180,
            MaxFieldSize = LongestCell * 4,
            BadDataFound = null,
        });
        if (!TryRead())
        {
            throw new UnreadableFileException(new Remark(0, null, "file.empty", null));
        }

        var heading = _parser.Record!;
        heading[0] = heading[0].TrimStart('\uFEFF');
        _width = heading.Length;
        ReadHeading(_parser.Row, heading);
    }

    public char Separator { get; }

    public override IReadOnlyList<string> Cells => _parser.Record!;

    public override bool Read()
    {
        while (TryRead())
        {
            Row = _parser.Row;
            if (_parser.Count == 1 && _parser[0].Length == 0)
            {
                continue;
            }

            // Spreadsheets leave out empty cells at the end of a row, and none of them adds one that is not empty.
            var isTooWide = false;
            for (var index = _width; index < _parser.Count; index++)
            {
                isTooWide |= _parser[index].Length > 0;
            }

            Fault = isTooWide ? new Remark(Row, null, "row.tooWide", null, _width.ToString(CultureInfo.InvariantCulture)) : null;
            return true;
        }

        return false;
    }

    public override void Dispose()
    {
        _parser.Dispose();
        _text.Dispose();
    }

    protected override string? CellAt(int index) => index < _parser.Count ? _parser[index] : null;

    private bool TryRead()
    {
        try
        {
            return _parser.Read();
        }
        catch (DecoderFallbackException)
        {
            throw new UnreadableFileException(new Remark(_parser.Row, null, "file.notUtf8", null));
        }
        catch (CsvHelperException)
        {
            throw new UnreadableFileException(new Remark(_parser.Row, null, "file.unreadable", null));
        }
    }

    // The separator is the one that stands most often outside quotes in the first line.
    private static char FindSeparator(Stream file)
    {
        var start = new byte[8 * 1024];
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        var (commas, semicolons, tabs, isQuoted) = (0, 0, 0, false);
        foreach (var b in start.AsSpan(0, read))
        {
            isQuoted ^= b == '"';
            if (!isQuoted && b is (byte)'\n' or (byte)'\r' && commas + semicolons + tabs > 0)
            {
                break;
            }

            (commas, semicolons, tabs) = isQuoted ? (commas, semicolons, tabs) : b switch
            {
                (byte)',' => (commas + 1, semicolons, tabs),
                (byte)';' => (commas, semicolons + 1, tabs),
                (byte)'\t' => (commas, semicolons, tabs + 1),
                _ => (commas, semicolons, tabs),
            };
        }

        return tabs > Math.Max(commas, semicolons) ? '\t' : semicolons > commas ? ';' : ',';
    }
}

/// <summary>Rows given as JSON objects, with the member names of a report's values.</summary>
internal abstract class ObjectRows : RowSource
{
    private readonly string?[] _cells = new string?[ImportColumns.Names.Count];

    /// <summary>The current row as it stands in the file.</summary>
    public JsonElement Item { get; private set; }

    public override string? Cell(ImportColumn column) => _cells[(int)column];

    public override bool IsNumber(ImportColumn column) => true;

    /// <summary>The longest item in characters or bytes.</summary>
    protected const int LongestItem = 256 * 1024;

    protected void RefuseRow(Remark fault) => (Item, Fault) = (default, fault);

    protected void Take(JsonElement item)
    {
        Item = item;
        Fault = null;
        Array.Clear(_cells);
        if (item.ValueKind != JsonValueKind.Object)
        {
            Fault = new Remark(Row, null, "json.wrongType", null, "object");
            return;
        }

        if (!JsonInput.IsUnicode(item))
        {
            Fault = new Remark(Row, null, "text.invalid", null);
            return;
        }

        foreach (var member in item.EnumerateObject())
        {
            Take(member);
        }
    }

    private void Take(JsonProperty member)
    {
        var column = ImportColumns.Find(member.Name, out var isKnown);
        if (!isKnown)
        {
            Fault ??= new Remark(Row, member.Name.Length <= 100 ? member.Name : member.Name[..100], "column.unknown", null, member.Name);
        }

        if (column is not { } known || member.Value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        var name = ImportColumns.NameOf(known);
        var wanted = known switch
        {
            ImportColumn.Numerator or ImportColumn.Total or ImportColumn.Excluded or ImportColumn.Position => JsonValueKind.Number,
            ImportColumn.Done => JsonValueKind.True,
            _ => JsonValueKind.String,
        };
        if (member.Value.ValueKind != wanted && !(wanted == JsonValueKind.True && member.Value.ValueKind == JsonValueKind.False))
        {
            Fault ??= new Remark(Row, name, "json.wrongType", null, wanted switch
            {
                JsonValueKind.Number => "integer",
                JsonValueKind.True => "boolean",
                _ => "string",
            });
            return;
        }

        if (_cells[(int)known] is not null)
        {
            Fault ??= new Remark(Row, name, "column.repeated", null, name);
            return;
        }

        var text = wanted == JsonValueKind.String ? member.Value.GetString()!.Trim() : member.Value.GetRawText();
        _cells[(int)known] = text.Length == 0 ? null : text;
    }
}

/// <summary>An object a line (newline-delimited JSON); a broken line is that row's fault alone, except the last where it does not end.</summary>
internal sealed class NdjsonRows(Stream file) : ObjectRows
{
    private readonly StreamReader _text = new(file, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, 64 * 1024, leaveOpen: true);
    private readonly StringBuilder _line = new();
    private bool _isEnded;
    private JsonDocument? _document;

    public override bool Read()
    {
        if (file.Length == 0)
        {
            throw new UnreadableFileException(new Remark(0, null, "file.empty", null));
        }

        while (ReadLine() is { } line)
        {
            Row++;
            if (Row == 1)
            {
                line = line.TrimStart('\uFEFF');
            }

            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            _document?.Dispose();
            _document = null;
            try
            {
                _document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 8 });
                Take(_document.RootElement);
            }
            catch (JsonException exception)
            {
                // A last line that does not end may be cut, and then nothing is known of what followed it.
                var fault = new Remark(Row, null, "json.malformed", null, exception.Message);
                if (!_isEnded)
                {
                    throw new UnreadableFileException(fault);
                }

                RefuseRow(fault);
            }

            return true;
        }

        return false;
    }

    public override void Dispose()
    {
        _document?.Dispose();
        _text.Dispose();
    }

    // StreamReader.ReadLine would take a line of any length into memory.
    private string? ReadLine()
    {
        try
        {
            _line.Clear();
            int c;
            while ((c = _text.Read()) >= 0 && c != '\n')
            {
                if (_line.Length >= LongestItem)
                {
                    throw new UnreadableFileException(new Remark(Row + 1, null, "file.unreadable", null));
                }

                _line.Append((char)c);
            }

            _isEnded = c == '\n';
            return c < 0 && _line.Length == 0 ? null : _line.ToString();
        }
        catch (DecoderFallbackException)
        {
            throw new UnreadableFileException(new Remark(Row + 1, null, "file.notUtf8", null));
        }
    }
}
