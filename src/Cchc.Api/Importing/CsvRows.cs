using System.Globalization;
using System.Text;

namespace Cchc.Api.Importing;

/// <summary>
/// CSV as offices write it: separated by a comma, semicolon or tab, or by what a first line <c>sep=</c> names; CRLF, LF or CR; line breaks
/// within quotes; in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.
/// </summary>
internal sealed class CsvRows : TableRows
{
    private readonly StreamReader _text;
    private readonly CsvTokenizer _tokens;
    private readonly int _width;

    /// <param name="file">The file, which stays open.</param>
    public CsvRows(Stream file)
    {
        var (encoding, textStart) = TextCharset.Detect(file);
        var firstLines = ReadStart(file, encoding, textStart);
        (Separator, var hasSeparatorLine) = FindSeparator(firstLines);
        file.Position = textStart;
        _text = new StreamReader(file, encoding, detectEncodingFromByteOrderMarks: false, 64 * 1024, leaveOpen: true);
        _tokens = new CsvTokenizer(_text, Separator);
        if (hasSeparatorLine)
        {
            TryRead();
        }

        var heading = TryRead() ? Cells
            : file.Length > 0 ? [] : throw new UnreadableFileException(new Remark(0, null, "file.empty", null));
        if (heading.Any(cell => cell.Contains('\0', StringComparison.Ordinal)))
        {
            throw new UnreadableFileException(new Remark(Row, null, "file.notUtf8", null));
        }

        _width = heading.Count;
        ReadHeading(Row, heading);
    }

    public char Separator { get; }

    /// <summary>Whether a file with this separator needs a line that names it.</summary>
    public bool NeedsSeparatorLine => Separator is not (',' or ';' or '\t');

    public override IReadOnlyList<string> Cells
    {
        get
        {
            var cells = new string[_tokens.Count];
            for (var index = 0; index < cells.Length; index++)
            {
                cells[index] = _tokens[index].ToString();
            }

            return cells;
        }
    }

    public override bool Read()
    {
        while (TryRead())
        {
            CountCells(_tokens.Count);
            if (_tokens.Count == 1 && _tokens[0].IsEmpty)
            {
                continue;
            }

            if (_tokens.HasLineBreak)
            {
                RefuseSwallowedRows();
            }

            // Spreadsheets leave out empty cells at the end of a row, and none of them adds one that is not empty.
            var isTooWide = false;
            for (var index = _width; index < _tokens.Count; index++)
            {
                isTooWide |= !_tokens[index].IsEmpty;
            }

            Fault = isTooWide ? new Remark(Row, null, "row.tooWide", null, _width.ToString(CultureInfo.InvariantCulture)) : null;
            return true;
        }

        return false;
    }

    public override void Dispose() => _text.Dispose();

    protected override string? CellAt(int index) => index < _tokens.Count ? _tokens[index].ToString() : null;

    private bool TryRead()
    {
        try
        {
            var hasRow = _tokens.Read();
            Row = _tokens.Row;
            return hasRow;
        }
        catch (DecoderFallbackException)
        {
            throw new UnreadableFileException(new Remark(_tokens.Row, null, "file.notUtf8", null));
        }
    }

    // Two stray quotes make one field of all that stands between them. Lines in a field that read as rows of this table are such a case.
    private void RefuseSwallowedRows()
    {
        for (var field = 0; field < _tokens.Count; field++)
        {
            var text = _tokens[field];
            for (var lineEnd = text.IndexOfAny('\r', '\n'); lineEnd >= 0;)
            {
                text = text[(lineEnd + 1)..];
                lineEnd = text.IndexOfAny('\r', '\n');
                if (ReadsAsRow(lineEnd < 0 ? text : text[..lineEnd], lineEnd < 0 ? field : _width - 1))
                {
                    throw new UnreadableFileException(new Remark(Row, null, "quote.swallowsRows", null));
                }
            }
        }
    }

    // The last line of a field is the beginning of a row, up to the field's own column.
    private bool ReadsAsRow(ReadOnlySpan<char> line, int separators)
    {
        if (line.Count(Separator) < separators || ImportColumns.Required.Any(column => IndexOf(column) > separators))
        {
            return false;
        }

        var index = 0;
        var isRow = true;
        foreach (var range in line.Split(Separator))
        {
            var cell = line[range].Trim();
            isRow &= index != IndexOf(ImportColumn.Unit) || !cell.IsEmpty;
            isRow &= index != IndexOf(ImportColumn.Target) || (!cell.IsEmpty && !cell.Contains(' '));
            isRow &= index != IndexOf(ImportColumn.Period) || IsPeriod(cell);
            index++;
        }

        return isRow;
    }

    // The period of the row itself, or what has the shape of a period's code or last day.
    private bool IsPeriod(ReadOnlySpan<char> cell) => cell.SequenceEqual(Cell(ImportColumn.Period))
        || (cell.Length >= 6 && cell.ContainsAny('-', '/') && cell.ContainsAnyInRange('0', '9') && !cell.Contains(' '));

    private static ReadOnlySpan<char> ReadStart(Stream file, Encoding encoding, int textStart)
    {
        file.Position = textStart;
        var start = new char[8 * 1024];
        using var text = new StreamReader(file, encoding, detectEncodingFromByteOrderMarks: false, 32 * 1024, leaveOpen: true);
        try
        {
            return start.AsSpan(0, text.ReadBlock(start));
        }
        catch (DecoderFallbackException)
        {
            throw new UnreadableFileException(new Remark(0, null, "file.notUtf8", null));
        }
    }

    // Without a line that names it, the separator is what stands most often outside quotes in the first line that has any.
    private static (char Separator, bool HasLine) FindSeparator(ReadOnlySpan<char> start)
    {
        var lineEnd = start.IndexOfAny('\r', '\n');
        var line = (lineEnd < 0 ? start : start[..lineEnd]).Trim('"');
        if (line.Length > 4 && line.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && !char.IsLetterOrDigit(line[4]) && line[4] != '"'
            && line[4..].Trim(line[4]).Trim("\" ").IsEmpty)
        {
            return (line[4], true);
        }

        var (commas, semicolons, tabs, isQuoted) = (0, 0, 0, false);
        foreach (var c in start)
        {
            isQuoted ^= c == '"';
            if (!isQuoted && c is '\n' or '\r' && commas + semicolons + tabs > 0)
            {
                break;
            }

            (commas, semicolons, tabs) = isQuoted ? (commas, semicolons, tabs) : c switch
            {
                ',' => (commas + 1, semicolons, tabs),
                ';' => (commas, semicolons + 1, tabs),
                '\t' => (commas, semicolons, tabs + 1),
                _ => (commas, semicolons, tabs),
            };
        }

        return (tabs > Math.Max(commas, semicolons) ? '\t' : semicolons > commas ? ';' : ',', false);
    }
}
