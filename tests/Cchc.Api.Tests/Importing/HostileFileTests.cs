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
        Csv("quote that never ends", Heading + "\"STP,2022-H1,II.3.a,120,200\n" + new string('x', 300_000), "file.unreadable"),
        Csv("formula in a note", "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,120,200,=1+1\n", "created"),
        Raw("UTF-16", "text/csv", () => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Heading + Row)], "file.notUtf8"),
        Raw("Windows-1252", "text/csv", () => Encoding.Latin1.GetBytes(Heading + "Sở Tư pháp,2022-H1,II.3.a,120,200\n".Replace('ở', 'ö').Replace('ư', 'ü')), "file.notUtf8"),
        Raw("declared as another charset", "text/csv; charset=windows-1258", () => Encoding.ASCII.GetBytes(Heading + Row), "import.mediaType"),
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
    ];

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

    private static (string, string, string, Func<byte[]>, string) Csv(string name, string text, string expected, string query = "") =>
        ("CSV: " + name, "text/csv", query, () => Encoding.UTF8.GetBytes(text), expected);

    private static (string, string, string, Func<byte[]>, string) Json(string name, string text, string expected) =>
        ("JSON: " + name, "application/json", "", () => Encoding.UTF8.GetBytes(text), expected);

    private static (string, string, string, Func<byte[]>, string) Raw(string name, string type, Func<byte[]> file, string expected) =>
        (name, type, "", file, expected);

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
