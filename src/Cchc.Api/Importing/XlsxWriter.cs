using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace Cchc.Api.Importing;

/// <summary>
/// Writes a workbook row by row; only the current row is held. The same rows make the same bytes. Rows beyond the last of a sheet go on in
/// another sheet, under the first row again.
/// </summary>
/// <remarks>Elements have no prefix, since several readers of other programs know them by their bare names alone.</remarks>
internal sealed class XlsxWriter : IDisposable
{
    /// <summary>The most rows of a sheet.</summary>
    public const int MostRows = 1_048_576;

    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string PackageRelations = "http://schemas.openxmlformats.org/package/2006/relationships";
    private const string Types = "application/vnd.openxmlformats-officedocument.spreadsheetml";

    // LibreOffice takes the first style for locked whatever it says, so that a cell to fill has one of its own.
    private static readonly string Styles = $"""
        <styleSheet xmlns="{Main}">
        <fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>
        <fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE7EEF7"/></patternFill></fill></fills>
        <borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
        <cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
        <cellXfs count="4">
        <xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
        <xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyProtection="1"><protection locked="0"/></xf>
        <xf numFmtId="0" fontId="0" fillId="2" borderId="0" xfId="0" applyFill="1" applyProtection="1"><protection locked="1"/></xf>
        <xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1" applyAlignment="1" applyProtection="1"><alignment vertical="center" wrapText="1"/><protection locked="1"/></xf>
        </cellXfs>
        <cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
        </styleSheet>
        """.ReplaceLineEndings("");

    // A program that writes the workbook again, such as exceljs, names a theme whether or not there was one.
    private static readonly string Theme = MakeTheme();

    // The earliest time that a ZIP entry can tell.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ZipArchive _archive;
    private readonly IReadOnlyList<double> _widths;
    private readonly Func<int, string>? _after;
    private IReadOnlyList<SheetCell> _heading = [];
    private XmlWriter? _sheet;
    private int _sheetCount;
    private int _row;

    /// <param name="target">Where the workbook goes, from its beginning; it stays open.</param>
    /// <param name="widths">The widths of columns in characters; none for the usual.</param>
    /// <param name="after">What each sheet says after its rows, as XML, for the number of its rows.</param>
    public XlsxWriter(Stream target, IReadOnlyList<double>? widths = null, Func<int, string>? after = null)
    {
        (_widths, _after) = (widths ?? [], after);
        _archive = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
        WritePart("[Content_Types].xml", $"""
            <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
            <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
            <Default Extension="xml" ContentType="{Types}.worksheet+xml"/>
            <Override PartName="/xl/workbook.xml" ContentType="{Types}.sheet.main+xml"/>
            <Override PartName="/xl/styles.xml" ContentType="{Types}.styles+xml"/>
            <Override PartName="/xl/theme/theme1.xml" ContentType="application/vnd.openxmlformats-officedocument.theme+xml"/>
            </Types>
            """);
        WritePart("_rels/.rels", $"""
            <Relationships xmlns="{PackageRelations}">
            <Relationship Id="workbook" Type="{Relations}/officeDocument" Target="xl/workbook.xml"/>
            </Relationships>
            """);
        BeginSheet();
    }

    public void WriteRow(IEnumerable<SheetCell> cells)
    {
        if (_sheetCount == 1 && _row == 0)
        {
            _heading = [.. cells];
            cells = _heading;
        }
        else if (_row == MostRows)
        {
            EndSheet();
            BeginSheet();
            WriteCells(_heading);
        }

        WriteCells(cells);
    }

    public void Dispose()
    {
        EndSheet();
        var numbers = Enumerable.Range(1, _sheetCount).ToList();
        WritePart("xl/workbook.xml", $"""
            <workbook xmlns="{Main}" xmlns:r="{Relations}"><sheets>{string.Concat(numbers.Select(number =>
                $"<sheet name=\"{NameOf(number)}\" sheetId=\"{number}\" r:id=\"sheet{number}\"/>"))}</sheets></workbook>
            """);
        WritePart("xl/_rels/workbook.xml.rels", $"""
            <Relationships xmlns="{PackageRelations}">{string.Concat(numbers.Select(number =>
                $"<Relationship Id=\"sheet{number}\" Type=\"{Relations}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"))}<Relationship Id="styles" Type="{Relations}/styles" Target="styles.xml"/><Relationship Id="theme" Type="{Relations}/theme" Target="theme/theme1.xml"/></Relationships>
            """);
        WritePart("xl/styles.xml", Styles);
        WritePart("xl/theme/theme1.xml", Theme);
        _archive.Dispose();
    }

    /// <summary>The letters of a column, the first of which is 0.</summary>
    public static string Name(int column) =>
        column < 26 ? ((char)('A' + column)).ToString() : Name((column / 26) - 1) + (char)('A' + (column % 26));

    private static string MakeTheme()
    {
        const string fill = "<solidFill><schemeClr val=\"phClr\"/></solidFill>";
        const string fonts = "<latin typeface=\"Calibri\"/><ea typeface=\"\"/><cs typeface=\"\"/>";
        (string Name, string Value)[] colors =
        [
            ("dk2", "44546A"), ("lt2", "E7E6E6"), ("accent1", "4472C4"), ("accent2", "ED7D31"), ("accent3", "A5A5A5"), ("accent4", "FFC000"),
            ("accent5", "5B9BD5"), ("accent6", "70AD47"), ("hlink", "0563C1"), ("folHlink", "954F72"),
        ];
        return "<theme xmlns=\"http://schemas.openxmlformats.org/drawingml/2006/main\" name=\"Office\"><themeElements><clrScheme name=\"Office\">"
            + "<dk1><sysClr val=\"windowText\" lastClr=\"000000\"/></dk1><lt1><sysClr val=\"window\" lastClr=\"FFFFFF\"/></lt1>"
            + string.Concat(colors.Select(color => $"<{color.Name}><srgbClr val=\"{color.Value}\"/></{color.Name}>"))
            + $"</clrScheme><fontScheme name=\"Office\"><majorFont>{fonts}</majorFont><minorFont>{fonts}</minorFont></fontScheme><fmtScheme name=\"Office\">"
            + $"<fillStyleLst>{fill}{fill}{fill}</fillStyleLst><lnStyleLst>{Thrice($"<ln w=\"6350\">{fill}</ln>")}</lnStyleLst>"
            + $"<effectStyleLst>{Thrice("<effectStyle><effectLst/></effectStyle>")}</effectStyleLst><bgFillStyleLst>{fill}{fill}{fill}</bgFillStyleLst>"
            + "</fmtScheme></themeElements></theme>";

        static string Thrice(string element) => element + element + element;
    }

    private static string NameOf(int sheet) => sheet == 1 ? XlsxRows.SheetName : $"{XlsxRows.SheetName}-{sheet}";

    private void WritePart(string name, string content)
    {
        using var part = new StreamWriter(Create(name), new UTF8Encoding(false));
        part.Write("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        part.Write(content.ReplaceLineEndings(""));
    }

    private Stream Create(string name)
    {
        var entry = _archive.CreateEntry(name);
        entry.LastWriteTime = NoTime;
        return entry.Open();
    }

    private void BeginSheet()
    {
        _row = 0;
        _sheet = XmlWriter.Create(
            Create($"xl/worksheets/sheet{++_sheetCount}.xml"), new XmlWriterSettings { Encoding = new UTF8Encoding(false), CloseOutput = true });
        _sheet.WriteStartDocument(standalone: true);
        _sheet.WriteStartElement("worksheet", Main);
        _sheet.WriteRaw(
            "<sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
            + "</sheetView></sheetViews>");
        if (_widths.Count > 0)
        {
            _sheet.WriteRaw($"<cols>{string.Concat(_widths.Select((width, index) => string.Create(
                CultureInfo.InvariantCulture, $"<col min=\"{index + 1}\" max=\"{index + 1}\" width=\"{width}\" customWidth=\"1\"/>")))}</cols>");
        }

        _sheet.WriteStartElement("sheetData", Main);
    }

    private void EndSheet()
    {
        _sheet!.WriteEndElement();
        _sheet.WriteRaw(_after?.Invoke(_row) ?? "");
        _sheet.WriteEndDocument();
        _sheet.Dispose();
    }

    private void WriteCells(IEnumerable<SheetCell> cells)
    {
        var row = (++_row).ToString(CultureInfo.InvariantCulture);
        _sheet!.WriteStartElement("row", Main);
        _sheet.WriteAttributeString("r", row);
        var column = 0;
        foreach (var cell in cells)
        {
            var reference = Name(column++) + row;
            if (cell.Text.Length == 0 && cell.Style == CellStyle.Plain)
            {
                continue;
            }

            _sheet.WriteStartElement("c", Main);
            _sheet.WriteAttributeString("r", reference);
            if (cell.Style != CellStyle.Plain)
            {
                _sheet.WriteAttributeString("s", ((int)cell.Style).ToString(CultureInfo.InvariantCulture));
            }

            if (cell.IsNumber && decimal.TryParse(cell.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                _sheet.WriteElementString("v", Main, cell.Text);
            }
            else if (cell.Text.Length > 0)
            {
                _sheet.WriteAttributeString("t", "inlineStr");
                _sheet.WriteStartElement("is", Main);
                _sheet.WriteStartElement("t", Main);
                _sheet.WriteAttributeString("xml", "space", null, "preserve");
                _sheet.WriteString(Clean(cell.Text));
                _sheet.WriteEndElement();
                _sheet.WriteEndElement();
            }

            _sheet.WriteEndElement();
        }

        _sheet.WriteEndElement();
    }

    // XML has no place for most control characters, and a cell none for longer texts.
    private static string Clean(string text)
    {
        text = text.Length <= RowSource.LongestCell ? text : text[..RowSource.LongestCell];
        return text.All(XmlConvert.IsXmlChar) ? text
            : string.Concat(text.EnumerateRunes().Where(rune => rune.Value > 0xFFFF || XmlConvert.IsXmlChar((char)rune.Value)).Select(rune => rune.ToString()));
    }
}
