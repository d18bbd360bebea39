using System.Globalization;
using System.IO.Compression;
using System.Xml;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Cchc.Api.Importing;

/// <summary>
/// The sheet of a workbook: the template's by its name, else the only visible one. Cells give their values, never their formulas. A
/// workbook that unpacks to far more than its size, or that points to another file, is refused before it is read.
/// </summary>
internal sealed class XlsxRows : TableRows
{
    public const string SheetName = "cchc-report";
    private const long LargestUnpacked = 256L * 1024 * 1024;
    private const int LargestRatio = 200;
    private const int MostColumns = 200;

    private readonly SpreadsheetDocument _document;
    private readonly List<string> _shared = [];
    private readonly OpenXmlReader _sheet;
    private readonly HashSet<int> _numbers = [];
    private string[] _cells = [];

    public XlsxRows(Stream file)
    {
        Inspect(file);
        _document = Guard(() => SpreadsheetDocument.Open(
            file, isEditable: false, new OpenSettings { AutoSave = false, MaxCharactersInPart = LargestUnpacked }));
        var workbook = Guard(() => _document.WorkbookPart) ?? throw Unreadable("file.unreadable");
        if (workbook.ExternalWorkbookParts.Any())
        {
            throw Unreadable("file.externalLinks");
        }

        _sheet = Guard(() =>
        {
            ReadSharedStrings(workbook);
            return OpenXmlReader.Create(FindSheet(workbook));
        });

        // A title above the headings is passed over: they are the first row that has more than one.
        do
        {
            if (!TryRead())
            {
                throw Unreadable("file.empty");
            }
        }
        while (_cells.Count(cell => cell.Length > 0) < 2);
        ReadHeading(Row, _cells);
    }

    public override IReadOnlyList<string> Cells => _cells;

    public override bool Read()
    {
        while (TryRead())
        {
            if (Fault is not null || _cells.Any(cell => cell.Length > 0))
            {
                return true;
            }
        }

        return false;
    }

    public override void Dispose()
    {
        _sheet.Dispose();
        _document.Dispose();
    }

    protected override string? CellAt(int index) => index < _cells.Length ? _cells[index] : null;

    public override bool IsNumberAt(int index) => _numbers.Contains(index);

    private static UnreadableFileException Unreadable(string code, params string[] arguments) => new(new Remark(0, null, code, null, arguments));

    // What a library makes of a broken file is of many kinds; to the sender they are one.
    private static T Guard<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or XmlException or OpenXmlPackageException
            or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException or NullReferenceException
            or UriFormatException or IndexOutOfRangeException)
        {
            throw Unreadable("file.unreadable");
        }
    }

    private static void Inspect(Stream file)
    {
        Guard(() =>
        {
            using var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            var unpacked = 0L;
            foreach (var entry in archive.Entries)
            {
                unpacked += entry.Length;
                if (unpacked > LargestUnpacked || archive.Entries.Count > 2000
                    || (entry.Length > 1024 * 1024 && entry.Length / Math.Max(1, entry.CompressedLength) > LargestRatio))
                {
                    throw Unreadable("file.unpacksTooLarge");
                }
            }

            return unpacked;
        });
        file.Position = 0;
    }

    private static WorksheetPart FindSheet(WorkbookPart workbook)
    {
        var visible = workbook.Workbook.Sheets!.Elements<Sheet>()
            .Where(sheet => sheet.State is null || sheet.State.Value == SheetStateValues.Visible).ToList();
        var chosen = visible.Find(sheet => string.Equals(sheet.Name?.Value, SheetName, StringComparison.OrdinalIgnoreCase))
            ?? (visible.Count == 1 ? visible[0] : throw Unreadable("sheet.missing", SheetName));
        return (WorksheetPart)workbook.GetPartById(chosen.Id!.Value!);
    }

    private void ReadSharedStrings(WorkbookPart workbook)
    {
        if (workbook.SharedStringTablePart is not { } part)
        {
            return;
        }

        using var reader = OpenXmlReader.Create(part);
        while (reader.Read())
        {
            if (reader.ElementType == typeof(SharedStringItem) && reader.IsStartElement)
            {
                _shared.Add(Words((SharedStringItem)reader.LoadCurrentElement()!));
            }
        }
    }

    // Runs of formatted text are one text; the reading aids beside them (rPh) are none.
    private static string Words(RstType item) =>
        string.Concat(item.Elements().SelectMany(each => each switch
        {
            Text text => [text.Text],
            Run run => run.Elements<Text>().Select(text => text.Text),
            _ => Enumerable.Empty<string>(),
        }));

    private bool TryRead() => Guard(() =>
    {
        while (_sheet.Read())
        {
            if (_sheet.ElementType == typeof(Row) && _sheet.IsStartElement)
            {
                Take((Row)_sheet.LoadCurrentElement()!);
                return true;
            }
        }

        return false;
    });

    private void Take(Row row)
    {
        Row = row.RowIndex is { } index ? checked((int)index.Value) : Row + 1;
        Fault = null;
        _numbers.Clear();
        var cells = new List<string>();
        foreach (var cell in row.Elements<Cell>())
        {
            var at = cell.CellReference?.Value is { } reference ? ColumnOf(reference) : cells.Count;
            if (at >= MostColumns)
            {
                break;
            }

            while (cells.Count <= at)
            {
                cells.Add("");
            }

            var text = TextOf(cell);
            if (cell.DataType is null || cell.DataType.Value == CellValues.Number)
            {
                _numbers.Add(at);
            }

            cells[at] = text.Length <= LongestCell ? text : text[..LongestCell];
            if (cell.DataType?.Value == CellValues.Error && (at >= Heading.Count || ImportColumns.Find(Heading[at], out _) is not null))
            {
                Fault ??= new Remark(Row, at < Heading.Count ? Heading[at] : null, "cell.error", text);
            }
        }

        _cells = [.. cells];
    }

    private static int ColumnOf(string reference)
    {
        var column = 0;
        foreach (var letter in reference.TakeWhile(char.IsAsciiLetter))
        {
            column = Math.Min((column * 26) + (char.ToUpperInvariant(letter) - 'A' + 1), MostColumns + 1);
        }

        return column - 1;
    }

    private string TextOf(Cell cell)
    {
        var type = cell.DataType?.Value;
        if (type == CellValues.InlineString)
        {
            return cell.InlineString is { } inline ? Words(inline) : "";
        }

        var raw = cell.CellValue?.Text ?? "";
        if (type == CellValues.SharedString)
        {
            return _shared[int.Parse(raw, NumberStyles.None, CultureInfo.InvariantCulture)];
        }

        if (type == CellValues.Boolean)
        {
            return raw == "1" ? "true" : "false";
        }

        // A number is kept in binary: 1E+2 and 100.0 are 100, and what is not whole stays so.
        return (type is null || type == CellValues.Number) && double.TryParse(raw, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number.ToString(Math.Abs(number) < 1e17 && Math.Truncate(number) == number ? "F0" : "R", CultureInfo.InvariantCulture)
            : raw;
    }
}
