using System.Globalization;
using System.Text;

namespace Cchc.Api.Importing;

/// <summary>
/// The sheet of a workbook: the template's by its name, otherwise the only visible one. Cells give their values, never their formulas. A
/// workbook that unpacks to far more than its size, that lacks a part, or that points to another file is refused before it is read.
/// </summary>
internal sealed class XlsxRows : TableRows
{
    public const string SheetName = "cchc-report";
    private const int LastRow = 1_048_576;
    private const int LastColumn = 16_384;
    private const long MostSharedText = 96L * 1024 * 1024;
    private const int MostStyles = 100_000;

    private readonly XlsxPackage _package;
    private readonly XlsxPartReader _sheet;
    private readonly List<string> _shared = [];
    private readonly List<(NumberKind Kind, string Code)> _styles = [];
    private readonly StringBuilder _text = new();
    private readonly SheetValue[] _cells = new SheetValue[MostColumns];
    private bool _isFrom1904;
    private int _width;

    public XlsxRows(Stream file)
    {
        _package = new XlsxPackage(file);
        try
        {
            _sheet = _package.Open(FindSheet());
            FindHeading();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override IReadOnlyList<string> Cells => [.. _cells.Take(_width).Select(cell => cell.Text ?? "")];

    public override bool Read()
    {
        while (TryRead())
        {
            if (Fault is not null || HasText())
            {
                return true;
            }
        }

        return false;
    }

    public override void Dispose()
    {
        _sheet?.Dispose();
        _package.Dispose();
    }

    /// <summary>The day of a number that a date is stored as, whatever its format.</summary>
    public bool TryDate(string text, out DateOnly date)
    {
        var isDay = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var serial) && serial is > 20_000 and < 80_000;
        date = isDay ? DateOnly.FromDateTime(TimeOf(serial)) : default;
        return isDay;
    }

    protected override string? CellAt(int index) => index < _width ? _cells[index].Text : null;

    public override bool IsNumberAt(int index) => index < _width && _cells[index] is { IsNumber: true, Format: null };

    protected override string? DateOrPercentFormatAt(int index) => index < _width ? _cells[index].Format : null;

    private string FindSheet()
    {
        if (_package.StartOf("mimetype")?.StartsWith("application/vnd.oasis.opendocument", StringComparison.Ordinal) is true)
        {
            throw UnreadableFileException.Because(0, "ods");
        }

        var workbook = _package.Relationships("").FirstOrDefault(each => each.Kind == "officeDocument")?.Target
            ?? throw UnreadableFileException.Because(0, "notWorkbook");
        if (workbook.EndsWith(".bin", StringComparison.OrdinalIgnoreCase))
        {
            throw UnreadableFileException.Because(0, "xlsb");
        }

        var relationships = _package.Relationships(workbook);
        if (relationships.Any(each => each.Kind == "externalLink"))
        {
            throw new UnreadableFileException(new Remark(0, null, "file.externalLinks", null));
        }

        var chosen = ChosenSheet(workbook);
        var sheet = relationships.FirstOrDefault(each => each.Id == chosen && each.Kind == "worksheet")?.Target
            ?? throw UnreadableFileException.Because(0, "partMissing", $"worksheet {chosen}");
        _package.Relationships(sheet);
        foreach (var each in relationships)
        {
            switch (each.Kind)
            {
                case "sharedStrings":
                    ReadSharedStrings(each.Target);
                    break;
                case "styles":
                    ReadStyles(each.Target);
                    break;
            }
        }

        return sheet;
    }

    private string? ChosenSheet(string workbook)
    {
        using var xml = _package.Open(workbook);
        var visible = new List<(string? Name, string? Id)>();
        var isWorkbook = false;
        while (xml.Read())
        {
            isWorkbook |= xml.Depth == 0 && xml.StartsElement("workbook");
            if (xml.StartsElement("workbookPr"))
            {
                _isFrom1904 = xml.Attribute("date1904") is "1" or "true";
            }
            else if (xml.StartsElement("sheet") && xml.Attribute("state") is null or "visible")
            {
                visible.Add((xml.Attribute("name"), xml.RelationshipId()));
            }
        }

        if (!isWorkbook)
        {
            throw UnreadableFileException.Because(0, "notWorkbook");
        }

        var named = visible.FindIndex(sheet => string.Equals(sheet.Name, SheetName, StringComparison.OrdinalIgnoreCase));
        return named >= 0 ? visible[named].Id
            : visible.Count == 1 ? visible[0].Id
            : throw new UnreadableFileException(new Remark(0, null, "sheet.missing", null, SheetName));
    }

    private void ReadSharedStrings(string part)
    {
        using var xml = _package.Open(part);
        var size = 0L;
        while (xml.Read())
        {
            if (xml.StartsElement("si"))
            {
                _text.Clear();
                xml.ReadRichText(_text);
                _shared.Add(_text.ToString());
                if ((size += 32 + (2 * _text.Length)) > MostSharedText)
                {
                    throw new UnreadableFileException(new Remark(0, null, "file.unpacksTooLarge", null));
                }
            }
        }
    }

    private void ReadStyles(string part)
    {
        var codes = new Dictionary<int, string>();
        var isCellFormat = false;
        using var xml = _package.Open(part);
        while (xml.Read())
        {
            if (xml.StartsElement("numFmt") && int.TryParse(xml.Attribute("numFmtId"), CultureInfo.InvariantCulture, out var id) && codes.Count < MostStyles)
            {
                codes[id] = Remark.Shorten(xml.Attribute("formatCode") ?? NumberFormat.General);
            }
            else if (xml.StartsElement("cellXfs") || xml.StartsElement("cellStyles") || xml.StartsElement("dxfs"))
            {
                isCellFormat = xml.StartsElement("cellXfs");
            }
            else if (isCellFormat && xml.StartsElement("xf") && _styles.Count < MostStyles)
            {
                var format = int.TryParse(xml.Attribute("numFmtId"), CultureInfo.InvariantCulture, out var number) ? number : 0;
                var code = codes.TryGetValue(format, out var own) ? own : NumberFormat.CodeOf(format);
                _styles.Add((NumberFormat.KindOf(code), code));
            }
        }
    }

    // A title above the headings is passed over: they are the first row that has more than one.
    private void FindHeading()
    {
        do
        {
            if (!TryRead())
            {
                throw new UnreadableFileException(new Remark(0, null, "file.empty", null));
            }
        }
        while (_cells.Take(_width).Count(cell => !string.IsNullOrEmpty(cell.Text)) < 2);
        ReadHeading(Row, Cells);
    }

    private bool HasText()
    {
        for (var index = 0; index < _width; index++)
        {
            if (!string.IsNullOrEmpty(_cells[index].Text))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryRead()
    {
        while (_sheet.Read())
        {
            // The rows of worksheet and sheetData; anchors of drawings have rows of another kind.
            if (_sheet.Depth == 2 && _sheet.StartsElement("row"))
            {
                ReadRow();
                return true;
            }
        }

        return false;
    }

    private void ReadRow()
    {
        var given = _sheet.Attribute("r");
        var number = Row + 1;
        if ((given is not null && !int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out number)) || number <= Row || number > LastRow)
        {
            throw UnreadableFileException.Because(Row + 1, "rowNumber", given ?? number.ToString(CultureInfo.InvariantCulture));
        }

        (Row, _sheet.Row, Fault, _width) = (number, number, null, 0);
        if (_sheet.IsEmptyElement)
        {
            return;
        }

        var (depth, next, count) = (_sheet.Depth, 0, 0);
        while (_sheet.Read() && !_sheet.EndsElement(depth))
        {
            if (_sheet.StartsElement("c"))
            {
                var reference = _sheet.Attribute("r");
                var column = reference is null ? next : ColumnOf(reference, number);
                if (column < next || column >= LastColumn)
                {
                    throw UnreadableFileException.Because(Row, "cellReference", reference ?? "");
                }

                next = column + 1;
                count++;
                Take(column, ReadCell(reference ?? XlsxWriter.Name(column) + number));
            }
        }

        CountCells(count);
    }

    // Cells without text beyond the last column are only coloured.
    private void Take(int column, in SheetValue cell)
    {
        if (column >= MostColumns)
        {
            if (!string.IsNullOrEmpty(cell.Text))
            {
                throw new UnreadableFileException(
                    new Remark(Row, null, "row.tooManyColumns", null, MostColumns.ToString(CultureInfo.InvariantCulture)));
            }

            return;
        }

        while (_width < column)
        {
            _cells[_width++] = default;
        }

        _cells[_width++] = cell;
        if (cell.IsError && (column >= Heading.Count || ImportColumns.Find(Heading[column], out _) is not null))
        {
            Fault ??= new Remark(Row, column < Heading.Count ? Heading[column] : null, "cell.error", cell.Text);
        }
    }

    private static int ColumnOf(string reference, int row)
    {
        var column = 0;
        var letters = 0;
        while (letters < reference.Length && char.IsAsciiLetter(reference[letters]) && letters < 4)
        {
            column = (column * 26) + (char.ToUpperInvariant(reference[letters++]) - 'A' + 1);
        }

        return int.TryParse(reference.AsSpan(letters), NumberStyles.None, CultureInfo.InvariantCulture, out var own) && own == row ? column - 1 : -1;
    }

    private SheetValue ReadCell(string reference)
    {
        var (type, style) = (_sheet.Attribute("t"), _sheet.Attribute("s"));
        _text.Clear();
        if (!_sheet.IsEmptyElement)
        {
            var depth = _sheet.Depth;
            while (_sheet.Read() && !_sheet.EndsElement(depth))
            {
                if ((_sheet.StartsElement("v") || _sheet.StartsElement("is")) && _text.Length > 0)
                {
                    throw UnreadableFileException.Because(Row, "cellTwice", reference);
                }

                if (_sheet.StartsElement("v"))
                {
                    _sheet.ReadText(_text);
                }
                else if (_sheet.StartsElement("is"))
                {
                    _sheet.ReadRichText(_text);
                }
                else if (_sheet.StartsElement("f"))
                {
                    _sheet.Skip();
                }
            }
        }

        if (_text.Length == 0)
        {
            return default;
        }

        var text = _text.ToString();
        return type switch
        {
            "s" => new SheetValue(SharedString(reference, text.Trim())),
            "b" => new SheetValue(text.Trim() is "1" or "true" ? "true" : "false"),
            "e" => new SheetValue(text, IsError: true),
            "d" => new SheetValue(DateText(text.Trim()), Format: "yyyy-mm-dd"),
            null or "n" => Number(text.Trim(), StyleOf(reference, style)),
            _ => new SheetValue(text),
        };
    }

    private string SharedString(string reference, string index) =>
        int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < _shared.Count
            ? _shared[at] : throw UnreadableFileException.Because(Row, "sharedString", reference, index);

    private (NumberKind Kind, string Code) StyleOf(string reference, string? style) =>
        style is null || (_styles.Count == 0 && style == "0") ? (NumberKind.Plain, NumberFormat.General)
        : int.TryParse(style, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < _styles.Count
            ? _styles[at] : throw UnreadableFileException.Because(Row, "cellStyle", reference, style);

    private SheetValue Number(string text, (NumberKind Kind, string Code) style)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return new SheetValue(text, IsNumber: true);
        }

        return style.Kind switch
        {
            NumberKind.Date when number is >= 0 and < 2_900_000 => new SheetValue(DateText(TimeOf(number)), Format: style.Code),
            NumberKind.Percent when Math.Abs(number) < 1e15 =>
                new SheetValue(((decimal)number * 100).ToString("0.##########", CultureInfo.InvariantCulture) + "%", Format: style.Code),

            NumberKind.PercentSign => new SheetValue(number.ToString("R", CultureInfo.InvariantCulture) + "%", Format: style.Code),

            // A number is kept in binary: 1E+2 and 100.0 are 100, and what is not whole stays so.
            _ => new SheetValue(
                number.ToString(Math.Abs(number) < 1e17 && Math.Truncate(number) == number ? "F0" : "R", CultureInfo.InvariantCulture),
                IsNumber: true,
                Format: style.Kind == NumberKind.Plain ? null : style.Code),
        };
    }

    private DateTime TimeOf(double serial) => DateTime.FromOADate(serial + (_isFrom1904 ? 1462 : 0));

    private static string DateText(DateTime time) => time.ToString(
        time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

    private static string DateText(string text) =>
        DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) ? DateText(time) : text;

    /// <param name="Text">The value as text; null for none.</param>
    /// <param name="IsNumber">Whether the sheet holds a number.</param>
    /// <param name="IsError">Whether it is the error of a formula.</param>
    /// <param name="Format">The format that shows it as a date or percentage; null where none does.</param>
    private readonly record struct SheetValue(string? Text, bool IsNumber = false, bool IsError = false, string? Format = null);
}
