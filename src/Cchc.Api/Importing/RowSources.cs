using System.Globalization;
using System.Text;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Importing;

internal enum ImportFormat { Csv, Xlsx, Json, Ndjson }

/// <summary>Something wrong with a row or with the file (row 0), by column where there is one.</summary>
internal readonly record struct Remark(int Row, string? Column, string Code, string? Value, params string[] Arguments)
{
    /// <summary>The longest text of a file that a remark repeats, in characters.</summary>
    public const int LongestEcho = 100;

    public static string Shorten(string text) => text.Length <= LongestEcho ? text
        : text[..(char.IsHighSurrogate(text[LongestEcho - 1]) ? LongestEcho - 1 : LongestEcho)];
}

/// <summary>The rows of a file, one after the other, as text cells. Nothing but the current row is held.</summary>
internal abstract class RowSource : IDisposable
{
    /// <summary>The longest text of a cell in characters, as spreadsheets have it.</summary>
    public const int LongestCell = 32_767;

    /// <summary>The most cells of a row.</summary>
    public const int MostColumns = 200;

    /// <summary>The most cells of a file, empty ones included.</summary>
    public const int MostCells = 50_000_000;

    private int _cellCount;

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

    /// <summary>The format by which a cell shows a date or a percentage; null where it shows neither.</summary>
    public virtual string? DateOrPercentFormat(ImportColumn column) => null;

    public abstract void Dispose();

    /// <param name="format">The form of the file.</param>
    /// <param name="file">The file, which stays open.</param>
    public static RowSource Open(ImportFormat format, Stream file) => format switch
    {
        ImportFormat.Csv => new CsvRows(file),
        ImportFormat.Xlsx => new XlsxRows(file),
        ImportFormat.Json => new JsonRows(file),
        _ => new NdjsonRows(file),
    };

    protected void CountCells(int count)
    {
        if ((_cellCount += count) > MostCells)
        {
            throw new UnreadableFileException(
                new Remark(Row, null, "file.tooManyCells", null, MostCells.ToString(CultureInfo.InvariantCulture)));
        }
    }
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

    public override bool IsNumber(ImportColumn column) => IndexOf(column) is >= 0 and var at && IsNumberAt(at);

    public virtual bool IsNumberAt(int index) => false;

    public override string? DateOrPercentFormat(ImportColumn column) => IndexOf(column) is >= 0 and var at ? DateOrPercentFormatAt(at) : null;

    protected abstract string? CellAt(int index);

    protected virtual string? DateOrPercentFormatAt(int index) => null;

    protected int IndexOf(ImportColumn column) => _at[(int)column];

    /// <exception cref="UnreadableFileException">The headings do not do; it names all that is wrong with them.</exception>
    protected void ReadHeading(int row, IReadOnlyList<string> heading)
    {
        Heading = heading;
        var faults = new List<Remark>();
        for (var index = 0; index < heading.Count; index++)
        {
            var column = ImportColumns.Find(heading[index], out var isKnown);
            if (!isKnown)
            {
                var shown = Remark.Shorten(heading[index]);
                faults.Add(new Remark(row, shown, "column.unknown", null, shown));
            }
            else if (column is { } known && IndexOf(known) < 0)
            {
                _at[(int)known] = index;
            }
            else if (column is { } repeated)
            {
                faults.Add(new Remark(row, ImportColumns.NameOf(repeated), "column.repeated", null, ImportColumns.NameOf(repeated)));
            }
        }

        faults.AddRange(ImportColumns.Required.Where(column => IndexOf(column) < 0).Select(ImportColumns.NameOf)
            .Select(name => new Remark(row, name, "column.missing", null, name)));
        if (faults.Count > 0)
        {
            throw new UnreadableFileException(faults);
        }
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
            Fault ??= new Remark(Row, Remark.Shorten(member.Name), "column.unknown", null, Remark.Shorten(member.Name));
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
    private const int MostBrokenLines = 10_000;

    private readonly StreamReader _text = new(file, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, 64 * 1024, leaveOpen: true);
    private readonly StringBuilder _line = new();
    private bool _isEnded;
    private int _brokenLines;
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
                // A last line that does not end may be cut, and then nothing is known of what followed it. Thousands of bad lines are
                // another format.
                var fault = new Remark(Row, null, "json.malformed", null, JsonInput.PlaceOf(exception));
                if (!_isEnded || ++_brokenLines == MostBrokenLines)
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
                    throw UnreadableFileException.Because(Row + 1, "lineTooLong", LongestItem);
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
