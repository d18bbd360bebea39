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
}
