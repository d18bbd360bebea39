using System.IO.Compression;
using System.Net;
using System.Text;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Importing;

/// <summary>Files as offices, mistakes and enemies make them: each has the right answer or a clear refusal.</summary>
public sealed class HostileFileTests : IAsyncLifetime
{
    private const string Heading = "unit,period,target,numerator,total\n";
    private const string Noted = "unit,period,target,numerator,total,note\n";
    private const string Row = "STP,2022-H1,II.3.a,120,200\n";

    // What is expected is "created" or the stable code of the first remark, or of the problem.
    private static readonly (string Name, string Type, string Query, Func<byte[]> File, string Expected)[] Files =
    [
        Csv("plain", Heading + Row, "created"),
        Csv("byte order mark", "\uFEFF" + Heading + Row, "created"),
        Csv("CRLF", (Heading + Row).Replace("\n", "\r\n", StringComparison.Ordinal), "created"),
        Csv("old Mac line ends", (Heading + Row).Replace('\n', '\r'), "created"),
        Csv("semicolons", (Heading + Row).Replace(',', ';'), "created"),
        Csv("tabs", (Heading + Row).Replace(',', '\t'), "created"),
        Csv("no line end at the end", (Heading + Row).TrimEnd(), "created"),
        Csv("blank lines between", Heading + "\n\n" + Row + "\n\n", "created"),
        Csv("lines of separators alone", Heading + ",,,,\n" + Row, "created"),
        Csv("columns in another order", "total,numerator,target,period,unit\n200,120,II.3.a,2022-H1,STP\n", "created"),
        Csv("Vietnamese headings", "Đơn vị;Kỳ báo cáo;Chỉ tiêu;Tử số;Tổng số\nSTP;2022-H1;II.3.a;120;200\n", "created"),
        Csv("headings without accents, in capitals", "DON VI;KY BAO CAO;CHI TIEU;TU SO;TONG SO\nSTP;2022-H1;II.3.a;120;200\n", "created"),
        Csv("headings in decomposed Unicode", "đơn vị,kỳ,chỉ tiêu,tử số,tổng số\nSTP,2022-H1,II.3.a,120,200\n".Normalize(NormalizationForm.FormD), "created"),
        Csv("quoted cells", Heading + "\"STP\",\"2022-H1\",\"II.3.a\",\"120\",\"200\"\n", "created"),
        Csv("line break in a note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,\"một\r\nhai\"\n", "created"),
        Csv("doubled quotes in a note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,\"nói \"\"vâng\"\"\"\n", "created"),
        Csv("spaces around cells", Heading + " STP , 2022-H1 , II.3.a , 120 , 200 \n", "created"),
        Csv("codes in small letters", Heading + "stp,2022-h1,ii.3.a,120,200\n", "created"),
        Csv("unit by name", Heading + "Sở Tư pháp,2022-H1,II.3.a,120,200\n", "created"),
        Csv("unit by name in decomposed Unicode", (Heading + "Sở Tư pháp,2022-H1,II.3.a,120,200\n").Normalize(NormalizationForm.FormD), "created"),
        Csv("unit by name in capitals", Heading + "SỞ TƯ PHÁP,2022-H1,II.3.a,120,200\n", "created"),
        Csv("unit by name without accents", Heading + "So Tu phap,2022-H1,II.3.a,120,200\n", "unit.unknown"),
        Csv("unit by outside code", Heading + "gso:19753,2022-H1,II.3.a,120,200\n", "created"),
        Csv("unit by an unknown scheme", Heading + "xyz:19753,2022-H1,II.3.a,120,200\n", "unit.unknown"),
        Csv("period by its last day", Heading + "STP,14/06/2022,II.3.a,120,200\n", "created"),
        Csv("period by its last day, ISO", Heading + "STP,2022-06-14,II.3.a,120,200\n", "created"),
        Csv("period by the American date", Heading + "STP,06/14/2022,II.3.a,120,200\n", "period.unknown"),
        Csv("leading zeros", Heading + "STP,2022-H1,II.3.a,00120,200\n", "created"),
        Csv("thousand point, undeclared", Heading + "STP,2022-H1,II.3.a,1.234,2.000\n", "number.ambiguous"),
        Csv("thousand point, Vietnamese", Heading + "STP,2022-H1,II.3.a,1.234,2.000\n", "created", "?locale=vi-VN"),
        Csv("thousand point, American", Heading + "STP,2022-H1,II.3.a,1.234,2.000\n", "value.notWhole", "?locale=en-US"),
        Csv("thousand comma, American", Heading + "STP,2022-H1,II.3.a,\"1,234\",\"2,000\"\n", "created", "?locale=en-US"),
        Csv("decimal comma of nothing", Heading + "STP,2022-H1,II.3.a,\"120,0\",\"200,00\"\n", "created", "?locale=vi-VN"),
        Csv("decimal comma of something", Heading + "STP,2022-H1,II.3.a,\"120,5\",200\n", "value.notWhole", "?locale=vi-VN"),
        Csv("points in the wrong places", Heading + "STP,2022-H1,II.3.a,12.34.567,2000000\n", "value.notWhole", "?locale=vi-VN"),
        Csv("unknown locale", Heading + Row, "request.malformed", "?locale=fr-FR"),
        Csv("percent sign", Heading + "STP,2022-H1,II.3.a,60%,100\n", "value.notWhole"),
        Csv("negative", Heading + "STP,2022-H1,II.3.a,-1,200\n", "value.outOfRange"),
        Csv("scientific text", Heading + "STP,2022-H1,II.3.a,1e2,200\n", "value.notWhole"),
        Csv("huge number", Heading + "STP,2022-H1,II.3.a,1,99999999999999999999999999999999999\n", "value.outOfRange"),
        Csv("Arabic digits", Heading + "STP,2022-H1,II.3.a,١٢٠,200\n", "value.notWhole"),
        Csv("numerator above total", Heading + "STP,2022-H1,II.3.a,201,200\n", "value.numeratorExceedsBase"),
        Csv("total missing", Heading + "STP,2022-H1,II.3.a,120,\n", "value.required"),
        Csv("done on a ratio", "unit,period,target,done\nSTP,2022-H1,II.3.a,true\n", "value.shape"),
        Csv("value and not applicable", "unit,period,target,numerator,total,not_applicable\nSTP,2022-H1,II.3.a,1,2,không\n", "value.exclusive"),
        Csv("done in Vietnamese", "unit,period,target,done\nSTP,2022-H1,II.1.a,Đạt\n", "created"),
        Csv("done as maybe", "unit,period,target,done\nSTP,2022-H1,II.1.a,maybe\n", "json.oneOf"),
        Csv("unknown target", Heading + "STP,2022-H1,II.99.z,1,2\n", "value.targetUnknown"),
        Csv("unknown unit", Heading + "NOBODY,2022-H1,II.3.a,1,2\n", "unit.unknown"),
        Csv("not due", Heading + "STP,2022-H1,II.4.a,1,2\n", "value.notExpected"),
        Csv("same value twice", Heading + Row + Row, "value.duplicate"),
        Csv("unknown column", "unit,period,target,numerator,total,colour\n", "column.unknown"),
        Csv("column twice", "unit,period,target,numerator,tử số\n", "column.repeated"),
        Csv("column missing", "unit,target,numerator,total\n", "column.missing"),
        Csv("too many cells", Heading + "STP,2022-H1,II.3.a,120,200,7\n", "row.tooWide"),
        Csv("empty", "", "file.empty"),
        Csv("only a byte order mark", "\uFEFF", "column.missing"),
        Csv("only headings", Heading, ""),
        Csv("NUL in a cell", Heading + "S\0TP,2022-H1,II.3.a,120,200\n", "unit.unknown"),
        Csv("control characters in a note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,a\u0001b\n", "text.invalid"),
        Csv("very long note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200," + new string('x', 5000) + "\n", "text.tooLong"),
        Csv("cell of a million characters", Heading + new string('x', 1_000_000) + ",2022-H1,II.3.a,120,200\n", "file.unreadable"),
        Csv("quote that never ends", Heading + "\"STP,2022-H1,II.3.a,120,200\n" + new string('x', 300_000), "quote.notClosed"),
        Csv("quoted cell as long as a cell may be", $"{Heading}\"{new string('x', 32_767)}\",2022-H1,II.3.a,120,200\n", "unit.unknown"),
        Csv("quoted cell that is too long", $"{Heading}\"{new string('x', 32_768)}\",2022-H1,II.3.a,120,200\n", "file.unreadable"),
        Csv(
            "quoted cell that is too long, of quotes and lines",
            $"{Noted}STP,2022-H1,II.3.a,120,200,\"{Repeat("\"\"\n", 20_000)}\"",
            "file.unreadable"),
        Csv("text after a quoted cell that is too long", $"{Heading}\"{new string('x', 40_000)}\"x,2022-H1,II.3.a,120,200\n", "quote.textAfter"),
        Csv("quote that is not closed at the end", Heading + "STP,2022-H1,II.3.a,120,\"200\n", "quote.notClosed"),
        Csv("text after a closing quote", Heading + "\"STP\"x,2022-H1,II.3.a,120,200\n", "quote.textAfter"),
        Csv("spaces after a closing quote", Heading + "\"STP\" ,2022-H1,II.3.a,120,\"200\"  \n", "created"),
        Csv("quote within a cell", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,màn hình 24\" mới\n", "created"),
        Csv("quotes that take in rows", Noted + "STP,2022-H1,II.3.a,120,200,\"một\nSNV,2022-H1,II.3.a,1,2,hai\"\n", "quote.swallowsRows"),
        Csv(
            "quotes that take in rows, the note not last", "note;unit;period;target;numerator;total\nx;STP;2022-H1;II.3.a;120;\"200\nx;SNV;2022-H1;II.3.a;1;2\"\n",
            "quote.swallowsRows"),
        Csv("note of many commas and lines", Noted + "STP,2022-H1,II.3.a,120,200,\"gồm:\na, b, c, d, e, f\nvà 1, 2, 3, 4, 5, 6, 7\"\n", "created"),
        Csv("separator line", "sep=;\n" + (Heading + Row).Replace(',', ';'), "created"),
        Csv("separator line in quotes, with a mark, of another sign", "\uFEFF\"sep=|\"\r\n" + (Heading + Row).Replace(',', '|'), "created"),
        Csv("separator line alone", "sep=;\n", "column.missing"),
        Csv("numbers of a data frame", Heading + "STP,2022-H1,II.3.a,120.0,200.00\n", "created"),
        Csv("numbers of a data frame, Vietnamese", Heading + "STP,2022-H1,II.3.a,120.0,200.00\n", "created", "?locale=vi-VN"),
        Csv("numbers of a data frame, American", Heading + "STP,2022-H1,II.3.a,120.0,200.00\n", "created", "?locale=en-US"),
        Csv("whole numbers with a decimal comma", (Heading + "STP,2022-H1,II.3.a,120|0,200|00\n").Replace(',', ';').Replace('|', ','), "created"),
        Csv("numbers of a data frame with a fraction", Heading + "STP,2022-H1,II.3.a,120.5,200.0\n", "number.ambiguous"),
        Csv("three zeros, Vietnamese", Heading + "STP,2022-H1,II.3.a,1.000,2.000\n", "created", "?locale=vi-VN"),
        Csv("three zeros, undeclared", Heading + "STP,2022-H1,II.3.a,1.000,2.000\n", "number.ambiguous"),
        Csv("more columns than any table has", string.Join(',', Enumerable.Repeat("previous_note", 201)) + "\n", "row.tooManyColumns"),
        Csv("a row of commas", Heading + new string(',', 1_000_000) + "\n", "row.tooManyColumns"),
        Csv("formula in a note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,=1+1\n", "created"),
        Raw("UTF-16", "text/csv", () => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Heading + Row)], "created"),
        Raw("UTF-16, big end first, in Vietnamese", "text/csv; charset=utf-8", () => [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Named)], "created"),
        Raw("UTF-16, declared", "text/csv; charset=utf-16", () => Encoding.Unicode.GetBytes(Named), "created"),
        Raw("UTF-16 without a word of it", "text/csv", () => Encoding.Unicode.GetBytes(Heading + Row), "file.notUtf8"),
        Raw("UTF-16 cut in half", "text/csv", () => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Named)[..^1]], "file.notUtf8"),
        Raw("Windows-1258, declared", "text/csv; charset=windows-1258", () => Windows1258(Named), "created"),
        Raw("Windows-1258 without a word of it", "text/csv", () => Windows1258(Named), "file.notUtf8"),
        Raw("workbook sent as CSV", "text/csv", () => Xlsx.Make(("A", false, [["unit"]])), "file.unreadable"),
        Raw("Windows-1252", "text/csv", () => Encoding.Latin1.GetBytes(Heading + "Sở Tư pháp,2022-H1,II.3.a,120,200\n".Replace('ở', 'ö').Replace('ư', 'ü')), "file.notUtf8"),
        Raw("declared as another charset", "text/csv; charset=windows-1252", () => Encoding.ASCII.GetBytes(Heading + Row), "import.charset"),
        Raw("JSON declared as another charset", "application/json; charset=utf-16", () => Encoding.Unicode.GetBytes("[]"), "import.mediaType"),
        Raw("an unknown media type", "text/plain", () => Encoding.ASCII.GetBytes(Heading + Row), "import.mediaType"),
        Raw("a form without a file", "multipart/form-data; boundary=x", () => Encoding.ASCII.GetBytes("--x--\r\n"), "import.noFile"),
        Raw("a form without an end", "multipart/form-data; boundary=x", () => Encoding.ASCII.GetBytes("--x\r\nContent-Disp"), "request.incomplete"),
        Json("array", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200}]""", "created"),
        Json("empty array", "[]", ""),
        Json("object", "{}", "json.malformed"),
        Json("array of numbers", "[1]", "json.wrongType"),
        Json("broken in the middle", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200},{"unit""", "json.malformed"),
        Json("number as text", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":"120","total":200}]""", "json.wrongType"),
        Json("fraction", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":1.5,"total":200}]""", "value.notWhole"),
        Json("whole number with an exponent", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":1.2e2,"total":200}]""", "created"),
        Json("unknown member", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200,"colour":1}]""", "column.unknown"),
        Json("lone surrogate", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200,"note":"\ud800"}]""", "text.invalid"),
        Json("deep nesting", new string('[', 5000), "json.malformed"),
        Json("null members", """[{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200,"done":null}]""", "created"),
        Raw("NDJSON", "application/x-ndjson", () => Encoding.UTF8.GetBytes("""{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200}""" + "\n\n"), "created"),
        Raw("NDJSON with a broken line", "application/x-ndjson", () => Encoding.UTF8.GetBytes("{\"unit\n{}"), "json.malformed"),
        Raw("NDJSON line without end", "application/x-ndjson", () => Encoding.UTF8.GetBytes("{\"unit\":\"" + new string('x', 2_000_000)), "file.unreadable"),
        Raw("no workbook", XlsxType, () => Encoding.ASCII.GetBytes("not a zip at all"), "file.unreadable"),
        Raw("empty workbook file", XlsxType, () => [], "file.unreadable"),
        Raw("a zip that is no workbook", XlsxType, () => Zip(("readme.txt", "hello")), "file.unreadable"),
        Raw("zip bomb", XlsxType, () => Zip(("xl/workbook.xml", new string(' ', 20_000_000))), "file.unpacksTooLarge"),
        Raw("workbook", XlsxType, () => Xlsx.Make(("cchc-report", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 120, 200]])), "created"),
        Raw("sheet under another name", XlsxType, () => Xlsx.Make(("Sheet1", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 120, 200]])), "created"),
        Raw("several sheets, none of them named", XlsxType, () => Xlsx.Make(("A", false, [["unit"]]), ("B", false, [["unit"]])), "sheet.missing"),
        Raw("hidden sheet beside", XlsxType, () => Xlsx.Make(("old", true, [["unit"]]), ("A", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 120, 200]])), "created"),
        Raw("formula with its value", XlsxType, () => Xlsx.Make(("A", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", "=60*2|120", 200]])), "created"),
        Raw("formula with an error", XlsxType, () => Xlsx.Make(("A", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", "#DIV/0!", 200]])), "cell.error"),
        Raw("fraction in a cell", XlsxType, () => Xlsx.Make(("A", false, [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 1.234, 200]])), "value.notWhole"),
        Raw("date in the period's cell", XlsxType, () => Xlsx.Make(("A", false, [["unit", "period", "target", "numerator", "total"], ["STP", 44726, "II.3.a", 120, 200]])), "created"),
        Raw("title above the headings", XlsxType, () => Xlsx.Make(("A", false, [["BÁO CÁO"], ["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 120, 200]])), "created"),
        Raw("empty sheet", XlsxType, () => Xlsx.Make(("A", false, [])), "file.empty"),
        Raw("external link", XlsxType, () => Xlsx.WithExternalLink(Xlsx.Make(("A", false, [["unit", "period", "target"]]))), "file.externalLinks"),
        Sheet("string cell without its string", """<c r="F2" t="s"/>""", "created"),
        Sheet("string cell with an empty value", """<c r="F2" t="s"><v></v></c>""", "created"),
        Sheet("string cell of runs", """<c r="F2" t="s"><v>1</v></c>""", "created"),
        Sheet("string that is not there", """<c r="F2" t="s"><v>999999999</v></c>""", "file.unreadable"),
        Sheet("string with a number below zero", """<c r="F2" t="s"><v>-1</v></c>""", "file.unreadable"),
        Sheet("style that is not there", """<c r="F2" s="99"><v>1</v></c>""", "file.unreadable"),
        Sheet("cell before the one before", """<c r="A2"><v>1</v></c>""", "file.unreadable"),
        Sheet("cell far to the right", """<c r="XFD2" s="1"/>""", "created"),
        Sheet("cell with a value far to the right", """<c r="XFD2"><v>1</v></c>""", "row.tooManyColumns"),
        Sheet("cell beyond the last column", """<c r="XFE2" s="1"/>""", "file.unreadable"),
        Sheet("cell without letters", """<c r="22"/>""", "file.unreadable"),
        Sheet("cell of another row", """<c r="F9" t="inlineStr"><is><t>x</t></is></c>""", "file.unreadable"),
        Sheet("cell of a row whose number begins as this one's", """<c r="F22"><v>1</v></c>""", "file.unreadable"),
        Sheet("cell with two values", """<c r="F2"><v>1</v><v>2</v></c>""", "file.unreadable"),
        Sheet("cell with two texts", """<c r="F2" t="inlineStr"><is><t>x</t></is><is><t>y</t></is></c>""", "file.unreadable"),
        Sheet("cell with a value and a text", """<c r="F2" t="inlineStr"><v>1</v><is><t>y</t></is></c>""", "file.unreadable"),
        Sheet("cell with a text beside an empty value", """<c r="F2" t="inlineStr"><v/><is><t>y</t></is></c>""", "created"),
        Sheet("row far below", "<c r=\"F2\"/></row><row r=\"4294967295\"><c r=\"A9\"/>", "file.unreadable"),
        Sheet("row number below zero", "<c r=\"F2\"/></row><row r=\"-1\"><c r=\"A9\"/>", "file.unreadable"),
        Sheet("row number twice", "<c r=\"F2\"/></row><row r=\"2\"><c r=\"A2\"/>", "file.unreadable"),
        Count("date", """<c r="D2" s="1"><v>44654</v></c>""", "cell.format"),
        Count("date in a format of its own", """<c r="D2" s="3"><v>44654</v></c>""", "cell.format"),
        Count("hours", """<c r="D2" s="5"><v>2</v></c>""", "cell.format"),
        Count("ISO date", """<c r="D2" t="d"><v>2022-04-03T00:00:00</v></c>""", "cell.format"),
        Count("percentage", """<c r="D2" s="2"><v>1</v></c>""", "cell.format"),
        Count("percentage, red below zero", """<c r="D2" s="7"><v>0.5</v></c>""", "cell.format"),
        Count("number with a unit in quotes", """<c r="D2" s="4"><v>120</v></c>""", "created"),
        Count("number with a percent sign that multiplies nothing", """<c r="D2" s="6"><v>120</v></c>""", "cell.format"),
        Count("number with a percent sign in quotes", """<c r="D2" s="10"><v>120</v></c>""", "cell.format"),
        Count("number with a percent sign as its currency", """<c r="D2" s="11"><v>120</v></c>""", "cell.format"),
        Count("number with a space as wide as a percent sign", """<c r="D2" s="12"><v>120</v></c>""", "created"),
        Count("number in groups", """<c r="D2" s="8"><v>120</v></c>""", "created"),
        Count("scientific number", """<c r="D2" s="9"><v>1.2E2</v></c>""", "created"),
        Count("formatted blank", """<c r="D2" s="1"/>""", "value.required"),
        Period("date", """<c r="B2" s="1"><v>44726</v></c>""", "created"),
        Period("ISO date", """<c r="B2" t="d"><v>2022-06-14</v></c>""", "created"),
        Period("ISO date and time", """<c r="B2" t="d"><v>2022-06-14T00:00:00Z</v></c>""", "created"),
        Period("another date", """<c r="B2" s="1"><v>44727</v></c>""", "period.unknown"),
        Period("date of the Macintosh", """<c r="B2" s="1"><v>43264</v></c>""", "created", ("xl/workbook.xml", Workbook.Replace("<sheets>", "<workbookPr date1904=\"1\"/><sheets>", StringComparison.Ordinal))),
        Parts("theme missing", ("xl/theme/theme1.xml", null)),
        Parts("styles missing", ("xl/styles.xml", null)),
        Parts("strings missing", ("xl/sharedStrings.xml", null)),
        Parts("sheet missing", ("xl/worksheets/sheet1.xml", null)),
        Parts("workbook missing", ("xl/workbook.xml", null)),
        Parts("no relationships", ("_rels/.rels", null)),
        Parts("relationships of the workbook missing", ("xl/_rels/workbook.xml.rels", null)),
        Parts("sheet is no XML", ("xl/worksheets/sheet1.xml", "unit,period")),
        Parts("sheet ends early", ("xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + Xlsx.Row(1, Columns))),
        Parts("sheet with entities", ("xl/worksheets/sheet1.xml", "<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet/>")),
        Parts("sheet of elements in elements", ("xl/worksheets/sheet1.xml", string.Concat(Enumerable.Repeat("<a>", 100_000)))),
        Parts("sheet with a long attribute", ("xl/worksheets/sheet1.xml", $"<worksheet a=\"{string.Concat(Enumerable.Range(0, 300_000))}\"/>")),
        Parts("sheet of many names", ("xl/worksheets/sheet1.xml", $"<worksheet>{string.Concat(Enumerable.Range(0, 50_000).Select(n => $"<a{n}/>"))}</worksheet>")),
        Raw("Parts: sheet whose compression is broken", XlsxType, () => Undeflatable(Xlsx.Raw(""), "xl/worksheets/sheet1.xml"), "file.unreadable"),
        Raw(
            "Parts: type whose compression is broken", XlsxType, () => Undeflatable(Xlsx.Raw("", ("mimetype", "text")), "mimetype"),
            "file.unreadable"),
        Raw("binary workbook", XlsxType, () => Xlsx.Raw("", ("_rels/.rels", Xlsx.Part("_rels/.rels").Replace("workbook.xml", "workbook.bin", StringComparison.Ordinal)), ("xl/workbook.bin", "x")), "file.unreadable"),
        Raw("OpenDocument", "application/vnd.oasis.opendocument.spreadsheet", () => Zip(("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "<x/>")), "file.unreadable"),
        Raw("old workbook", XlsxType, () => [0xD0, 0xCF, 0x11, 0xE0, .. new byte[2048]], "file.unreadable"),
    ];

    private static string Workbook => Xlsx.Part("xl/workbook.xml");

    private ApiHost _api = null!;
    private HttpClient _client = null!;

    public static TheoryData<string> Names => [.. Files.Select(file => file.Name)];

    private static string XlsxType => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Engine.Sqlite);
        _client = await _api.KeyAsync(Role.Administrator);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public void There_are_at_least_sixty() => Assert.True(Files.DistinctBy(file => file.Name).Count() >= 60);

    [Theory, MemberData(nameof(Names))]
    public async Task Each_file_is_answered(string name)
    {
        var file = Files.Single(each => each.Name == name);
        var response = await _client.ImportAsync(file.File(), file.Type, file.Query);
        var answer = await response.JsonAsync();
        Assert.InRange((int)response.StatusCode, 200, 422);
        var import = answer["import"] ?? answer;
        var said = import["remarks"]?.AsArray() is { Count: > 0 } remarks ? (string?)remarks[0]!["code"]
            : answer["code"] is { } code ? (string?)code
            : (int)import["result"]!["rows"]!["created"]! > 0 ? "created" : "";
        Assert.True(said == file.Expected, $"{said}: {answer.ToJsonString()}");

        var stored = (await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports"))["items"]!.AsArray().Count;
        Assert.Equal(file.Expected == "created" ? 1 : 0, stored);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(100)]
    public async Task A_remark_repeats_the_beginning_of_a_value_without_half_a_character(int pad)
    {
        var unit = new string('x', pad) + string.Concat(Enumerable.Repeat("😀", 50));
        var answer = await (await _client.ImportAsync($"{Heading}{unit},2022-H1,II.3.a,120,200\n")).JsonAsync();
        var value = (string)answer["import"]!["remarks"]![0]!["value"]!;
        Assert.InRange(value.Length, 99, 200);
        Assert.StartsWith(value, unit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_before_it_is_held()
    {
        using var packed = new MemoryStream();
        await using (var pack = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1024 * 1024];
            for (var megabyte = 0; megabyte < 300; megabyte++)
            {
                await pack.WriteAsync(zeros);
            }
        }

        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", "text/csv");
        content.Headers.ContentEncoding.Add("br");
        var response = await _client.PostAsync(new Uri($"{HttpExtensions.Plan}/report-imports", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("request.tooLarge", (string?)(await response.JsonAsync())["code"]);
    }

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/json")]
    [InlineData("application/x-ndjson")]
    [InlineData("xlsx")]
    [InlineData("zip")]
    public async Task A_damaged_file_is_read_or_refused_and_never_fails(string form)
    {
        const int count = 120;
        var random = new Random(20221120);
        var isWorkbook = form is "xlsx" or "zip";
        var sheet = Xlsx.Row(1, Columns) + Xlsx.Row(2, "STP", "2022-H1", "II.3.a", "120", "200", "ghi chú");
        var item = """{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":1.2e2,"total":200,"done":null,"note":"\u00e1\ud83d\ude00 ạ"}""";
        var whole = form switch
        {
            "text/csv" => Encoding.UTF8.GetBytes(Noted + Row.TrimEnd() + ",\"ghi\n\"\"chú\"\"\"\nSNV,2022-H1,II.3.a,1,2,\n"),
            "application/json" => Encoding.UTF8.GetBytes($"[{item},\n{item.Replace("STP", "SNV", StringComparison.Ordinal)}]"),
            "application/x-ndjson" => Encoding.UTF8.GetBytes($"{item}\n{item.Replace("STP", "SNV", StringComparison.Ordinal)}\n"),
            _ => Xlsx.Raw(sheet),
        };
        string[] parts =
            ["_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"];
        for (var number = 0; number < count; number++)
        {
            var part = parts[number % parts.Length];
            var content = part == parts[^1] ? Xlsx.Part(part).Replace("<sheetData>", "<sheetData>" + sheet, StringComparison.Ordinal)
                : Xlsx.Part(part);
            var file = form != "xlsx" ? Damage(whole, random)
                : Xlsx.Raw(sheet, (part, Encoding.Latin1.GetString(Damage(Encoding.Latin1.GetBytes(content), random))));
            var response = await _client.ImportAsync(file, isWorkbook ? XlsxType : form, number % 2 == 0 ? "?mode=partial" : "");
            Assert.True(
                response.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity,
                $"{number}: {(int)response.StatusCode} {Convert.ToBase64String(file)}");
        }
    }

    // Bytes are changed, put in, taken out, or taken from the end.
    private static byte[] Damage(byte[] file, Random random)
    {
        string[] sore = [@"\ud800", @"\udfff", "\0", "\"", "\\", "{", "]", ",", "-", "e99999", "<", "&#0;", "99999999999"];
        var damaged = file.ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(5))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.Insert(at, (byte)random.Next(128, 256));
                    break;
                case 2:
                    damaged.InsertRange(at, Encoding.ASCII.GetBytes(sore[random.Next(sore.Length)]));
                    break;
                case 3:
                    damaged.RemoveRange(at, Math.Min(random.Next(1, 8), damaged.Count - at - 1));
                    break;
                default:
                    var end = Math.Max(1, damaged.Count - random.Next(1, 40));
                    damaged.RemoveRange(end, damaged.Count - end);
                    break;
            }
        }

        return [.. damaged];
    }

    // The first byte after the name of a part gives the kind of its first block, and there is none of this kind.
    private static byte[] Undeflatable(byte[] workbook, string part)
    {
        workbook[workbook.AsSpan().IndexOf(Encoding.ASCII.GetBytes(part)) + part.Length] = 0xFF;
        return workbook;
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static (string, string, string, Func<byte[]>, string) Csv(string name, string text, string expected, string query = "") =>
        ("CSV: " + name, "text/csv", query, () => Encoding.UTF8.GetBytes(text), expected);

    private static (string, string, string, Func<byte[]>, string) Json(string name, string text, string expected) =>
        ("JSON: " + name, "application/json", "", () => Encoding.UTF8.GetBytes(text), expected);

    private static (string, string, string, Func<byte[]>, string) Raw(string name, string type, Func<byte[]> file, string expected) =>
        (name, type, "", file, expected);

    private const string Named = "Đơn vị;Kỳ báo cáo;Chỉ tiêu;Tử số;Tổng số;Ghi chú\nSở Tư pháp;2022-H1;II.3.a;120;200;đã xử lý đủ hồ sơ\n";

    private static string[] Columns => ["unit", "period", "target", "numerator", "total", "note"];

    private static (string, string, string, Func<byte[]>, string) Sheet(string name, string cell, string expected) =>
        Raw("Sheet: " + name, XlsxType, () => Xlsx.Raw(Xlsx.Row(1, Columns) + Xlsx.Row(2, "STP", "2022-H1", "II.3.a", "120", "200", cell)), expected);

    private static (string, string, string, Func<byte[]>, string) Count(string name, string cell, string expected) =>
        Raw("Count: " + name, XlsxType, () => Xlsx.Raw(Xlsx.Row(1, Columns) + Xlsx.Row(2, "STP", "2022-H1", "II.3.a", cell, "50000")), expected);

    private static (string, string, string, Func<byte[]>, string) Period(string name, string cell, string expected, params (string, string?)[] parts) =>
        Raw("Period: " + name, XlsxType, () => Xlsx.Raw(Xlsx.Row(1, Columns) + Xlsx.Row(2, "STP", cell, "II.3.a", "120", "200"), parts), expected);

    private static (string, string, string, Func<byte[]>, string) Parts(string name, (string, string?) part) =>
        Raw("Parts: " + name, XlsxType, () => Xlsx.Raw(Xlsx.Row(1, Columns) + Xlsx.Row(2, "STP", "2022-H1", "II.3.a", "120", "200"), part), "file.unreadable");

    // The code page has letters with their shape, and the tones as signs of their own that follow them.
    private static byte[] Windows1258(string text) => [.. text.SelectMany(letter =>
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(1258, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;
        var apart = letter.ToString().Normalize(NormalizationForm.FormD);
        var tone = apart[^1] is '\u0300' or '\u0301' or '\u0303' or '\u0309' or '\u0323' ? apart[^1].ToString() : "";
        return (byte[])[.. encoding.GetBytes(apart[..^tone.Length].Normalize(NormalizationForm.FormC)), .. encoding.GetBytes(tone)];
    })];

    private static byte[] Zip(params (string Name, string Text)[] entries)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return zip.ToArray();
    }
}
