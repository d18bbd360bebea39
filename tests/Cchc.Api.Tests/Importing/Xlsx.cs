using System.IO.Compression;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Cchc.Api.Tests.Importing;

/// <summary>Does to a workbook what a person does in a spreadsheet program.</summary>
internal static class Xlsx
{
    /// <summary>Types numbers into the row of a target.</summary>
    public static byte[] Fill(byte[] workbook, string target, params (string Column, string Number)[] cells)
    {
        using var stream = new MemoryStream();
        stream.Write(workbook);
        using (var document = SpreadsheetDocument.Open(stream, isEditable: true))
        {
            var rows = document.WorkbookPart!.WorksheetParts.Single().Worksheet!.Descendants<Row>().ToList();
            var headings = rows[0].Elements<Cell>().Select(cell => cell.InnerText).ToList();
            var row = rows.First(each => each.Elements<Cell>().Any(cell => cell.InnerText == target));
            foreach (var (column, number) in cells)
            {
                var reference = $"{(char)('A' + headings.IndexOf(column))}{row.RowIndex}";
                var cell = row.Elements<Cell>().Single(each => each.CellReference == reference);
                cell.CellValue = new CellValue(number);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Makes a workbook of sheets, hidden or not. "=formula|value" is a formula, "#…" an error.</summary>
    public static byte[] Make(params (string Name, bool IsHidden, object[][] Rows)[] sheets)
    {
        using var stream = new MemoryStream();
        using (var document = SpreadsheetDocument.Create(stream, DocumentFormat.OpenXml.SpreadsheetDocumentType.Workbook))
        {
            var workbook = document.AddWorkbookPart();
            workbook.Workbook = new Workbook(new Sheets());
            foreach (var (name, isHidden, rows) in sheets)
            {
                var part = workbook.AddNewPart<WorksheetPart>();
                part.Worksheet = new Worksheet(new SheetData(rows.Select(row => new Row(row.Select(Of)))));
                workbook.Workbook.Sheets!.Append(new Sheet
                {
                    Name = name,
                    SheetId = (uint)workbook.Workbook.Sheets.Count() + 1,
                    Id = workbook.GetIdOfPart(part),
                    State = isHidden ? SheetStateValues.Hidden : SheetStateValues.Visible,
                });
            }
        }

        return stream.ToArray();
    }

    /// <summary>A workbook of one sheet as its parts are written, so that a test can write what no program would.</summary>
    /// <param name="rows">The XML in sheetData.</param>
    /// <param name="parts">Parts in place of the usual ones, or beside them; a part without content is left out.</param>
    public static byte[] Raw(string rows, params (string Name, string? Content)[] parts)
    {
        var all = Parts(rows);
        foreach (var (name, content) in parts)
        {
            all[name] = content;
        }

        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in all.Where(part => part.Value is not null))
            {
                using var part = new StreamWriter(archive.CreateEntry(name).Open());
                part.Write(content);
            }
        }

        return zip.ToArray();
    }

    /// <summary>The usual content of a part.</summary>
    public static string Part(string name) => Parts("")[name]!;

    private static Dictionary<string, string?> Parts(string rows)
    {
        const string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const string relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const string list = "http://schemas.openxmlformats.org/package/2006/relationships";
        return new Dictionary<string, string?>
        {
            ["_rels/.rels"] = $"""<Relationships xmlns="{list}"><Relationship Id="w" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
            ["xl/workbook.xml"] = $"""<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="A" sheetId="1" r:id="s"/></sheets></workbook>""",
            ["xl/_rels/workbook.xml.rels"] = $"""
                <Relationships xmlns="{list}"><Relationship Id="s" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>
                <Relationship Id="t" Type="{relations}/sharedStrings" Target="/xl/sharedStrings.xml"/>
                <Relationship Id="f" Type="{relations}/styles" Target="styles.xml"/><Relationship Id="theme" Type="{relations}/theme" Target="theme/theme1.xml"/></Relationships>
                """,
            ["xl/worksheets/sheet1.xml"] = $"""<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>""",
            ["xl/sharedStrings.xml"] = $"""<sst xmlns="{main}"><si><t>STP</t></si><si><r><t>2022</t></r><r><t>-H1</t></r><rPh sb="0" eb="1"><t>đọc</t></rPh></si></sst>""",
            ["xl/styles.xml"] = $"""
                <styleSheet xmlns="{main}"><numFmts><numFmt numFmtId="164" formatCode="dd\/mm\/yyyy;@"/><numFmt numFmtId="165" formatCode="#,##0\ &quot;hồ sơ/d&quot;"/>
                <numFmt numFmtId="166" formatCode="[Red][h]:mm"/><numFmt numFmtId="167" formatCode="0.0\%"/><numFmt numFmtId="168" formatCode="0.0%;[Red]-0.0%"/>
                <numFmt numFmtId="169" formatCode="0&quot; %&quot;"/><numFmt numFmtId="170" formatCode="0[$%]"/><numFmt numFmtId="171" formatCode="0_%"/></numFmts>
                <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
                <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="9"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/>
                <xf numFmtId="3"/><xf numFmtId="11"/><xf numFmtId="169"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>
                """,
            ["xl/theme/theme1.xml"] = "<theme/>",
        };
    }

    /// <summary>A row of text and number cells; what begins with &lt; is a cell as it is written.</summary>
    public static string Row(int number, params string[] cells) => $"""<row r="{number}">{string.Concat(cells.Select((cell, index) =>
        cell.StartsWith('<') ? cell
        : cell.All(char.IsAsciiDigit) ? $"<c r=\"{(char)('A' + index)}{number}\"><v>{cell}</v></c>"
        : $"<c r=\"{(char)('A' + index)}{number}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"))}</row>""";

    public static byte[] WithExternalLink(byte[] workbook)
    {
        using var stream = new MemoryStream();
        stream.Write(workbook);
        using (var document = SpreadsheetDocument.Open(stream, isEditable: true))
        {
            var part = document.WorkbookPart!.AddNewPart<ExternalWorkbookPart>();
            var link = part.AddExternalRelationship(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath", new Uri("file:///C:/other.xlsx"));
            part.ExternalLink = new ExternalLink(new ExternalBook { Id = link.Id });
        }

        return stream.ToArray();
    }

    private static Cell Of(object value) => value switch
    {
        string text when text.StartsWith('=') => new Cell { CellFormula = new CellFormula(text[1..].Split('|')[0]), CellValue = new CellValue(text.Split('|')[1]) },
        string text when text.StartsWith('#') => new Cell { DataType = CellValues.Error, CellValue = new CellValue(text) },
        string text => new Cell { DataType = CellValues.String, CellValue = new CellValue(text) },
        int number => new Cell { CellValue = new CellValue(number) },
        _ => new Cell { CellValue = new CellValue((double)value) },
    };
}
