using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Validation;

namespace Cchc.Api.Tests.Importing;

/// <summary>Workbooks as they are written: every program reads them, and only the cells to fill can be changed.</summary>
public sealed class WorkbookTests
{
    private const string XlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    [Fact]
    public async Task Every_workbook_keeps_the_schema_and_has_no_prefixes()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        var rejected = Xlsx.Make(("A", false, [["unit", "period", "target", "numerator", "total", "note"], ["STP", "2022-H1", "II.3.a", -1, 200, "<a> & b"]]));
        var import = (await (await client.ImportAsync(rejected, XlsxType)).JsonAsync())["import"]!;
        foreach (var path in new[]
        {
            $"{HttpExtensions.Plan}/completion/rows?groupBy=unit&format=xlsx", $"{HttpExtensions.Plan}/completion/rows?format=xlsx",
            $"{HttpExtensions.Plan}/report-template?period=2022-H1&unit=STP&format=xlsx", $"/v1/report-imports/{import["id"]}/rejected",
        })
        {
            var workbook = await client.GetByteArrayAsync(new Uri(path, UriKind.Relative));
            using var document = SpreadsheetDocument.Open(new MemoryStream(workbook), isEditable: false);
            Assert.Equal([], new OpenXmlValidator().Validate(document).Select(fault => $"{path}: {fault.Path?.XPath} {fault.Description}"));
            foreach (var (name, xml) in Parts(workbook))
            {
                Assert.True(!Regex.IsMatch(xml, "</?[A-Za-z]+:"), $"{path}: {name}");
            }

            Assert.NotEmpty(SheetsOf(workbook).Single().Rows);
        }
    }

    [Fact]
    public async Task Only_the_cells_to_fill_have_a_style_that_is_not_locked()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        await client.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 10, 20), "2022-Q1");
        var workbook = await client.GetByteArrayAsync(new Uri($"{HttpExtensions.Plan}/report-template?period=2022-H1&unit=STP&format=xlsx", UriKind.Relative));
        var styles = XDocument.Parse(Parts(workbook)["xl/styles.xml"]);
        var isLocked = styles.Descendants().Single(element => element.Name.LocalName == "cellXfs").Elements()
            .Select(style => (string?)style.Elements().SingleOrDefault(element => element.Name.LocalName == "protection")?.Attribute("locked") != "0").ToList();
        Assert.True(isLocked[0]);

        var (headings, rows) = (SheetsOf(workbook).Single().Rows[0], SheetsOf(workbook).Single().Rows[1..]);
        Assert.All(headings, cell => Assert.True(isLocked[cell.Style]));
        var names = headings.Select(cell => cell.Text).ToList();
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            Assert.Equal(names.Count, row.Count);
            var free = names.Where((_, index) => !isLocked[row[index].Style]).ToList();
            var asked = row[names.IndexOf("target")].Text switch
            {
                "II.8.a" => new[] { "numerator", "total", "excluded" },
                "II.2.a" or "II.3.a" or "II.5.c" or "II.6.a" or "II.7.b" => ["numerator", "total"],
                "II.1.a" or "II.10.a" => ["done"],
                _ => null,
            };
            Assert.All(free, name => Assert.DoesNotContain("previous", name, StringComparison.Ordinal));
            Assert.Equal(["not_applicable", "note"], free[^2..]);
            if (asked is not null)
            {
                Assert.Equal([.. asked, "not_applicable", "note"], free);
            }
        }
    }

    [Fact]
    public void Rows_beyond_the_last_of_a_sheet_go_on_in_another_under_the_same_heading()
    {
        const int extra = 3;
        using var file = new MemoryStream();
        using (var writer = new XlsxWriter(file))
        {
            writer.WriteRow([new SheetCell("number", Style: CellStyle.Heading)]);
            SheetCell[] cell = new SheetCell[1];
            for (var number = 1; number < XlsxWriter.MostRows + extra; number++)
            {
                cell[0] = new SheetCell(number.ToString(System.Globalization.CultureInfo.InvariantCulture), IsNumber: true);
                writer.WriteRow(cell);
            }
        }

        var sheets = SheetsOf(file.ToArray());
        Assert.Equal(["cchc-report", "cchc-report-2"], sheets.Select(sheet => sheet.Name));
        Assert.Equal([XlsxWriter.MostRows, 1 + extra], sheets.Select(sheet => sheet.Rows.Count));
        Assert.Equal(["number", $"{XlsxWriter.MostRows}", $"{XlsxWriter.MostRows + 1}", $"{XlsxWriter.MostRows + 2}"], sheets[1].Rows.Select(row => row.Single().Text));
        Assert.Equal($"{XlsxWriter.MostRows - 1}", sheets[0].Rows[^1].Single().Text);
    }

    [Fact]
    public void The_same_rows_make_the_same_bytes() => Assert.Equal(Written(), Written());

    private static byte[] Written()
    {
        using var file = new MemoryStream();
        using (var writer = new XlsxWriter(file, [10, 20.5]))
        {
            writer.WriteRow([new SheetCell("a", Style: CellStyle.Heading), new SheetCell("b")]);
            writer.WriteRow([new SheetCell("Tỷ lệ <&> 😀"), new SheetCell("1.5", IsNumber: true)]);
        }

        return file.ToArray();
    }

    private static Dictionary<string, string> Parts(byte[] workbook)
    {
        using var archive = new ZipArchive(new MemoryStream(workbook));
        return archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using var text = new StreamReader(entry.Open());
            return text.ReadToEnd();
        });
    }

    private static List<(string Name, List<List<(string Text, int Style)>> Rows)> SheetsOf(byte[] workbook)
    {
        using var archive = new ZipArchive(new MemoryStream(workbook));
        using var names = archive.GetEntry("xl/workbook.xml")!.Open();
        return [.. XDocument.Load(names).Descendants().Where(element => element.Name.LocalName == "sheet").Select((sheet, index) =>
        {
            var rows = new List<List<(string, int)>>();
            using var xml = XmlReader.Create(archive.GetEntry($"xl/worksheets/sheet{index + 1}.xml")!.Open());
            while (xml.Read())
            {
                if (xml is { NodeType: XmlNodeType.Element, LocalName: "row" })
                {
                    rows.Add([]);
                }
                else if (xml is { NodeType: XmlNodeType.Element, LocalName: "c" })
                {
                    rows[^1].Add(("", int.Parse(xml.GetAttribute("s") ?? "0", System.Globalization.CultureInfo.InvariantCulture)));
                }
                else if (xml.NodeType == XmlNodeType.Text && rows.Count > 0 && rows[^1].Count > 0)
                {
                    rows[^1][^1] = (xml.Value, rows[^1][^1].Item2);
                }
            }

            return ((string)sheet.Attribute("name")!, rows);
        })];
    }
}
