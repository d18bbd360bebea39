using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Http;

/// <summary>
/// Inputs made to exhaust memory, against a server that has a heap of 512 MB: each is refused by name, and the next request is answered.
/// </summary>
public sealed class HeapLimitTests : IAsyncLifetime
{
    private const string Heap = "20000000";
    private const int Megabyte = 1024 * 1024;
    private const string Csv = "unit,period,target,numerator,total,note\n";
    private const string CsvType = "text/csv";
    private const string JsonType = "application/json";
    private const string NdjsonType = "application/x-ndjson";
    private const string FormType = "multipart/form-data; boundary=x";
    private const string XlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-heap-").FullName;
    private ServerProcess _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        var key = (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).Output.Trim();
        _server = await ServerProcess.StartAsync(
            _folder, ("DOTNET_GCHeapHardLimit", Heap), ("RateLimits__Writes", "0"), ("RateLimits__Reads", "0"));
        _client = Client(_server.Address, key);
    }

    public Task DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Bodies_of_JSON()
    {
        (string Name, string Body, int Status)[] bodies =
        [
            ("depth", new string('[', Megabyte), 400),
            ("depth of objects", string.Concat(Enumerable.Repeat("{\"a\":", Megabyte / 5)), 400),
            ("unknown members", "{" + string.Join(',', Enumerable.Range(0, 80_000).Select(number => $"\"a{number}\":1")) + "}", 400),
            ("a long name", $$"""{"{{new string('a', 1_000_000)}}":1}""", 400),
            ("a long text", $$"""{"narrative":"{{new string('a', 1_000_000)}}"}""", 422),
            ("a long code", $$"""{"values":[{"target":"{{new string('a', 1_000_000)}}"}]}""", 422),
            ("a long number", $$"""{"values":[{"target":"II.3.a","numerator":{{new string('1', 1_000_000)}},"total":1}]}""", 422),
            ("many items", $$"""{"values":[{{string.Join(',', Enumerable.Repeat("{}", 300_000))}}]}""", 400),
            ("many wrong items", $$"""{"values":[{{string.Join(',', Enumerable.Repeat("{\"a\":0,\"b\":0,\"c\":0}", 1000))}}]}""", 400),
            ("escapes", $$"""{"narrative":"{{string.Concat(Enumerable.Repeat("\\ud800", 170_000))}}"}""", 400),
        ];
        foreach (var (name, body, status) in bodies)
        {
            // Several at once, as a hostile client would.
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _client.PutReportAsync("STP", body)));
            foreach (var answer in answers)
            {
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True((int)answer.StatusCode == status, $"{name}: {(int)answer.StatusCode} {text[..Math.Min(500, text.Length)]}");
                Assert.InRange(text.Length, 0, 100_000);
                answer.Dispose();
            }

            await AssertAnswersAsync(name);
        }
    }

    [Fact]
    public async Task Imports_of_JSON()
    {
        var longText = new string('u', 200_000);
        await AssertRefusedAsync("one text", JsonType, Gzip("[{\"note\":\"", "a", 120 * Megabyte, ""));
        await AssertRefusedAsync("one item of many", JsonType, Gzip("[[", "1,", 40 * Megabyte, "1]]"));
        await AssertRefusedAsync("one object of many members", JsonType, Gzip("[{", "\"a\":1,", 40 * Megabyte, "\"b\":1}]"));
        await AssertRefusedAsync("many items", JsonType, Gzip("[", "1,", Megabyte, "1]"));
        await AssertRefusedAsync("many objects", JsonType, Gzip("[", "{\"unit\":\"nobody\"},", 40 * Megabyte, "{}]"));
        await AssertRefusedAsync("depth", JsonType, Gzip("", "[", 40 * Megabyte, ""));
        await AssertRefusedAsync("blanks", JsonType, Gzip("[", " ", 40 * Megabyte, "1]"));
        await AssertRefusedAsync("long texts", JsonType, Gzip("[", $"{{\"unit\":\"{longText}\",\"numerator\":1}},", 40 * Megabyte, "{}]"));
        await AssertRefusedAsync("one line", NdjsonType, Gzip("", "{\"a\":", 40 * Megabyte, ""));
        await AssertRefusedAsync("empty lines", NdjsonType, Gzip("", "\n", 40 * Megabyte, "{\"unit\":\"nobody\"}\n"));
        await AssertRefusedAsync("bad lines", NdjsonType, Gzip("", "x\n", 40 * Megabyte, ""));
        await AssertRefusedAsync("unknown members", NdjsonType, Gzip("", $"{{\"{new string('m', 30_000)}\":1}}\n", 40 * Megabyte, ""));
    }

    [Fact]
    public async Task Imports_of_CSV()
    {
        await AssertRefusedAsync("wide heading", CsvType, Gzip("unit", ",unit", 40 * Megabyte, "\n"));
        await AssertRefusedAsync("wide row", CsvType, Gzip(Csv, ",", 40 * Megabyte, "\n"));
        await AssertRefusedAsync("wide row with text", CsvType, Gzip(Csv, "a,", 40 * Megabyte, "\n"));
        await AssertRefusedAsync("wide rows", CsvType, Gzip(Csv, new string(',', 5000) + "\n", 40 * Megabyte, ""));
        await AssertRefusedAsync("one field", CsvType, Gzip(Csv, "a", 40 * Megabyte, ""));
        await AssertRefusedAsync("one quoted field", CsvType, Gzip(Csv + "\"", "a\n", 100 * Megabyte, ""));
        await AssertRefusedAsync("empty lines", CsvType, Gzip(Csv, "\n", 10 * Megabyte, "nobody,2022-H1,II.3.a,1,2,\n"));
        await AssertRefusedAsync("bad rows", CsvType, Gzip(Csv, "nobody,2022-H1,II.3.a,x,y,\n", 10 * Megabyte, ""));
        await AssertRefusedAsync("long units", CsvType, Rows(4000, number => $"{number}{new string('u', 30_000)},2022-H1,II.3.a,1,2,\n"));
        await AssertRefusedAsync("long periods and targets", CsvType, Rows(2000, number =>
            $"STP,{number}{new string('p', 30_000)},{number}{new string('t', 30_000)},1,2,\n"));
        await AssertRefusedAsync("long notes", CsvType, Gzip(Csv, $"STP,2022-H1,II.3.a,1,2,{new string('n', 2000)}\n", 100 * Megabyte, ""));
    }

    [Fact]
    public async Task Workbooks()
    {
        var row = $"<row r=\"1\">{Text("unit")}{Text("period")}{Text("target")}{Text("numerator")}</row>";
        var random = new Random(16);
        await AssertRefusedAsync("row number", XlsxType, Workbook(row + """<row r="2147483647"><c><v>1</v></c></row>"""));
        await AssertRefusedAsync("row number too large", XlsxType, Workbook(row + """<row r="4294967295"><c><v>1</v></c></row>"""));
        await AssertRefusedAsync("wide row", XlsxType, Workbook(row + "<row r=\"2\">" + Cells(2_000_000) + "</row>"));
        await AssertRefusedAsync("wide heading", XlsxType, Workbook("<row r=\"1\">" + Cells(2_000_000) + "</row>"));
        await AssertRefusedAsync("far column", XlsxType, Workbook(row + """<row r="2"><c r="XFD2"><v>1</v></c></row>"""));
        await AssertRefusedAsync("one text", XlsxType, Workbook(
            row + $"<row r=\"2\">{Text(Noise(20_000_000))}{Text("2022-H1")}{Text("II.3.a")}<c><v>1</v></c></row>"));
        await AssertRefusedAsync("shared texts", XlsxType, Workbook(
            row + """<row r="2"><c t="s"><v>999999999</v></c></row>""",
            string.Concat(Enumerable.Range(0, 1_500_000).Select(number => $"<si><t>{number:x}{random.Next():x}</t></si>"))));
        await AssertRefusedAsync("many parts", XlsxType, Zip(Enumerable.Range(0, 60_000).Select(number => ($"xl/{number}.xml", ""))));
        await AssertRefusedAsync("zip bomb", XlsxType, Zip([("xl/workbook.xml", new string(' ', 200_000_000))]));

        string Cells(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => $"<c><v>{random.Next()}</v></c>"));

        static string Text(string text) => $"<c t=\"inlineStr\"><is><t>{text}</t></is></c>";

        string Noise(int length) => string.Create(length, random, static (text, source) =>
        {
            for (var index = 0; index < text.Length; index++)
            {
                text[index] = (char)('a' + source.Next(26));
            }
        });
    }

    [Fact]
    public async Task Encodings_and_forms()
    {
        await AssertRefusedAsync("gzip bomb", CsvType, Gzip(Csv, "a,b\n", 300 * Megabyte, ""));
        var part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
        await AssertRefusedAsync("many parts", FormType, Gzip("", part, 40 * Megabyte, "--x--\r\n"));
        await AssertRefusedAsync("a part without a name", FormType, Gzip("--x\r\n\r\n", "a", 100 * Megabyte, "\r\n--x--\r\n"));
        await AssertRefusedAsync("a long heading of a part", FormType, Gzip("--x\r\nContent-Disposition: ", "a", 40 * Megabyte, ""));
        await AssertRefusedAsync("nothing but line breaks", FormType, Gzip("", "\r\n", 40 * Megabyte, ""));
        using var bomb = new ByteArrayContent(Gzip("[", "1,", 40 * Megabyte, "1]"));
        bomb.Headers.ContentType = new MediaTypeHeaderValue(JsonType);
        bomb.Headers.ContentEncoding.Add("gzip");
        using var answer = await _client.PutAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative), bomb);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        await AssertAnswersAsync("gzip bomb of a report");
    }

    private static HttpClient Client(string address, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private async Task AssertRefusedAsync(string name, string type, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (body[0] == 0x1f)
        {
            request.Content.Headers.ContentEncoding.Add("gzip");
        }

        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(
            (int)response.StatusCode is 400 or 413 or 422,
            $"{name}: {(int)response.StatusCode} {text[..Math.Min(500, text.Length)]}\n{_server.Log}");
        Assert.NotNull((string?)JsonNode.Parse(text)!["code"]);
        Assert.InRange(text.Length, 0, 200_000);
        await AssertAnswersAsync(name);
    }

    private async Task AssertAnswersAsync(string name)
    {
        using var next = await _client.GetAsync(new Uri($"{HttpExtensions.Plan}/completion?period=2022-H1", UriKind.Relative));
        Assert.True(next.StatusCode == HttpStatusCode.OK, $"after {name}: {(int)next.StatusCode}");
        Assert.False(_server.Process.HasExited);
    }

    private static byte[] Gzip(string head, string repeated, long length, string tail)
    {
        var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(repeated, Math.Max(1, 64 * 1024 / repeated.Length))));
        return Pack(pack =>
        {
            pack.Write(Encoding.UTF8.GetBytes(head));
            for (var written = 0L; written < length; written += block.Length)
            {
                pack.Write(block);
            }

            pack.Write(Encoding.UTF8.GetBytes(tail));
        });
    }

    private static byte[] Rows(int count, Func<int, string> row) => Pack(pack =>
    {
        pack.Write(Encoding.UTF8.GetBytes(Csv));
        for (var number = 0; number < count; number++)
        {
            pack.Write(Encoding.UTF8.GetBytes(row(number)));
        }
    });

    private static byte[] Pack(Action<Stream> write)
    {
        using var packed = new MemoryStream();
        using (var pack = new GZipStream(packed, CompressionLevel.Fastest))
        {
            write(pack);
        }

        return packed.ToArray();
    }

    private static byte[] Workbook(string rows, string? shared = null)
    {
        const string package = "http://schemas.openxmlformats.org/package/2006";
        const string office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const string content = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        return Zip(
        [
            ("[Content_Types].xml",
                $"""
                <Types xmlns="{package}/content-types">
                <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
                <Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>
                <Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/>
                <Override PartName="/xl/sharedStrings.xml" ContentType="{content}.sharedStrings+xml"/></Types>
                """),
            ("_rels/.rels",
                $"""
                <Relationships xmlns="{package}/relationships">
                <Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>
                """),
            ("xl/workbook.xml",
                $"""
                <workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="cchc-report" sheetId="1" r:id="a"/></sheets></workbook>
                """),
            ("xl/_rels/workbook.xml.rels",
                $"""
                <Relationships xmlns="{package}/relationships">
                <Relationship Id="a" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>
                <Relationship Id="b" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>
                """),
            ("xl/sharedStrings.xml", $"""<sst xmlns="{main}">{shared}</sst>"""),
            ("xl/worksheets/sheet1.xml", $"""<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"""),
        ]);
    }

    private static byte[] Zip(IEnumerable<(string Name, string Text)> entries)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in entries)
            {
                using var entry = new StreamWriter(archive.CreateEntry(name, CompressionLevel.Fastest).Open());
                entry.Write(text);
            }
        }

        return zip.ToArray();
    }
}
