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
                row.InsertBefore(
                    new Cell { CellReference = reference, CellValue = new CellValue(number) },
                    row.Elements<Cell>().FirstOrDefault(cell => string.CompareOrdinal(cell.CellReference!.Value, reference) > 0));
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
