using System.Globalization;
using System.IO.Compression;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Cchc.Api.Importing;

/// <summary>A cell on its way out: text, which no spreadsheet takes for a formula here, or a number.</summary>
/// <param name="Text">What it shows.</param>
/// <param name="IsNumber">Whether it is to be a number.</param>
/// <param name="Style">An index of the workbook's formats.</param>
internal readonly record struct SheetCell(string Text, bool IsNumber = false, uint Style = XlsxWriter.Free);

/// <summary>Writes a workbook of one sheet row by row; only the current row is held. The same rows make the same bytes.</summary>
internal sealed class XlsxWriter : IDisposable
{
    /// <summary>A cell that may be changed.</summary>
    public const uint Free = 0;

    /// <summary>A cell that a protected sheet keeps as it is.</summary>
    public const uint Locked = 1;

    /// <summary>A heading: bold, and kept as it is.</summary>
    public const uint Heading = 2;

    // The earliest time that a ZIP entry can tell.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Stream _target;
    private readonly SpreadsheetDocument _document;
    private readonly OpenXmlWriter _sheet;
    private uint _row;

    /// <param name="target">Where the workbook goes, from its beginning; it stays open.</param>
    /// <param name="widths">The widths of columns in characters; none for the usual.</param>
    public XlsxWriter(Stream target, params IReadOnlyList<double> widths)
    {
        _target = target;
        _document = SpreadsheetDocument.Create(target, SpreadsheetDocumentType.Workbook);
        var workbook = _document.AddWorkbookPart();
        _document.ChangeIdOfPart(workbook, "workbook");
        var sheet = workbook.AddNewPart<WorksheetPart>("sheet");
        workbook.AddNewPart<WorkbookStylesPart>("styles").Stylesheet = Styles();
        workbook.Workbook = new Workbook(new Sheets(
            new Sheet { Id = workbook.GetIdOfPart(sheet), SheetId = 1, Name = XlsxRows.SheetName }));
        _sheet = OpenXmlWriter.Create(sheet);
        _sheet.WriteStartElement(new Worksheet());
        _sheet.WriteElement(new SheetViews(new SheetView(
            new Pane { VerticalSplit = 1, TopLeftCell = "A2", ActivePane = PaneValues.BottomLeft, State = PaneStateValues.Frozen })
        { WorkbookViewId = 0 }));
        if (widths.Count > 0)
        {
            _sheet.WriteElement(new Columns(widths.Select((width, index) => new Column
            {
                Min = (uint)index + 1,
                Max = (uint)index + 1,
                Width = width,
                CustomWidth = true,
            })));
        }

        _sheet.WriteStartElement(new SheetData());
    }

    public uint Row => _row;

    public void WriteRow(IEnumerable<SheetCell> cells)
    {
        _sheet.WriteStartElement(new Row { RowIndex = ++_row });
        var column = 0;
        foreach (var cell in cells)
        {
            var reference = Name(column++) + _row.ToString(CultureInfo.InvariantCulture);
            if (cell.Text.Length == 0)
            {
                if (cell.Style != Free)
                {
                    _sheet.WriteElement(new Cell { CellReference = reference, StyleIndex = cell.Style });
                }
            }
            else if (cell.IsNumber && decimal.TryParse(cell.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                _sheet.WriteElement(new Cell { CellReference = reference, StyleIndex = cell.Style, CellValue = new CellValue(cell.Text) });
            }
            else
            {
                _sheet.WriteElement(new Cell(new InlineString(new Text(Clean(cell.Text)) { Space = SpaceProcessingModeValues.Preserve }))
                {
                    CellReference = reference,
                    StyleIndex = cell.Style,
                    DataType = CellValues.InlineString,
                });
            }
        }

        _sheet.WriteEndElement();
    }

    /// <summary>Ends the rows, and adds what a sheet says after them, in the order of its schema.</summary>
    public void Finish(params IEnumerable<OpenXmlElement> after)
    {
        _sheet.WriteEndElement();
        foreach (var element in after)
        {
            _sheet.WriteElement(element);
        }

        _sheet.WriteEndElement();
        _sheet.Close();
        _isFinished = true;
    }

    private bool _isFinished;

    public void Dispose()
    {
        if (!_isFinished)
        {
            Finish();
        }

        _sheet.Dispose();
        _document.Dispose();
        using var archive = new ZipArchive(_target, ZipArchiveMode.Update, leaveOpen: true);
        foreach (var entry in archive.Entries)
        {
            entry.LastWriteTime = NoTime;
        }
    }

    /// <summary>The letters of a column, the first of which is 0.</summary>
    public static string Name(int column) =>
        column < 26 ? ((char)('A' + column)).ToString() : Name((column / 26) - 1) + (char)('A' + (column % 26));

    // XML has no place for most control characters.
    private static string Clean(string text) =>
        text.All(System.Xml.XmlConvert.IsXmlChar) ? text
        : string.Concat(text.EnumerateRunes().Where(rune => rune.Value > 0xFFFF || System.Xml.XmlConvert.IsXmlChar((char)rune.Value)).Select(rune => rune.ToString()));

    private static Stylesheet Styles() => new(
        new Fonts(new Font(), new Font(new Bold())),
        new Fills(
            new Fill(new PatternFill { PatternType = PatternValues.None }), new Fill(new PatternFill { PatternType = PatternValues.Gray125 }),
            new Fill(new PatternFill(new ForegroundColor { Rgb = "FFE7EEF7" }) { PatternType = PatternValues.Solid })),
        new Borders(new Border()),
        new CellFormats(
            new CellFormat(new Protection { Locked = false }) { ApplyProtection = true },
            new CellFormat(new Protection { Locked = true }) { FillId = 2, ApplyFill = true, ApplyProtection = true },
            new CellFormat(new Alignment { WrapText = true, Vertical = VerticalAlignmentValues.Center }, new Protection { Locked = true })
            {
                FontId = 1,
                FillId = 2,
                ApplyFont = true,
                ApplyFill = true,
                ApplyAlignment = true,
                ApplyProtection = true,
            }));
}
