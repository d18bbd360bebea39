using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Importing;

/// <summary>What a refused file says: the row, the column, the reason, and all of it at once.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private const string XlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    private const string Heading = "unit,period,target,level,numerator,total,note\n";

    private ApiHost _api = null!;
    private HttpClient _client = null!;

    public static TheoryData<string, string, int> StrayQuotes => new()
    {
        { Rows("ok", "\"một cửa", "ok", "ok"), "quote.notClosed", 3 },
        { Rows("ok", "ok", "ok", "\""), "quote.notClosed", 5 },
        { Rows("ok", "\"một\" cửa", "ok", "ok"), "quote.textAfter", 3 },
        { Rows("ok", "\"một cửa", "ok", "\"hai"), "quote.textAfter", 3 },
        { Rows("ok", "\"một cửa", "hai\"", "ok"), "quote.swallowsRows", 3 },
        { Rows("\"một cửa", "ok", "ok", "hai\""), "quote.swallowsRows", 2 },
        { Rows("ok", "\"một cửa", "hai, ba, bốn\"", "ok"), "quote.swallowsRows", 3 },
    };

    public static TheoryData<string, string> Unreadable => new()
    {
        { "ods", ".ods" },
        { "xlsb", ".xlsb" },
        { "xls", ".xls" },
        { "sheet", "xl/worksheets/sheet1.xml" },
        { "theme", "xl/theme/theme1.xml" },
        { "string", "999999999" },
        { "text", "32767" },
        { "row", "4294967295" },
        { "reference", "E9" },
        { "values", "C2" },
    };

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Engine.Sqlite);
        _client = await _api.KeyAsync(Role.Administrator);
        _api.Time.Set(new DateTimeOffset(2022, 9, 20, 9, 0, 0, TimeSpan.FromHours(7)));
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Theory, MemberData(nameof(StrayQuotes))]
    public async Task A_stray_quote_is_refused_with_its_row_and_takes_no_row_with_it(string csv, string code, int row)
    {
        foreach (var mode in new[] { "atomic", "partial" })
        {
            var problem = await (await _client.ImportAsync(csv, $"?mode={mode}")).JsonAsync();
            Assert.Equal("import.rejected", (string?)problem["code"]);
            var remark = problem["import"]!["remarks"]!.AsArray().Single()!;
            Assert.Equal((code, row), ((string?)remark["code"], (int)remark["row"]!));
        }

        Assert.Empty((await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports"))["items"]!.AsArray());
    }

    [Fact]
    public async Task All_that_is_wrong_with_the_headings_comes_in_one_answer()
    {
        const string expected = "foo column.unknown, bar column.unknown, baz column.unknown, target column.repeated, unit column.missing, period column.missing";
        Assert.Equal(expected, await FaultsAsync(Encoding.UTF8.GetBytes("foo,bar,baz,target,chỉ tiêu,level\nSTP,2022-Q3,x,II.3.a,,"), "text/csv"));
        Assert.Equal(expected, await FaultsAsync(Xlsx.Make(("A", false, [["foo", "bar", "baz", "target", "mã chỉ tiêu"]])), XlsxType));
        Assert.Equal("unit column.missing, period column.missing, target column.missing", await FaultsAsync("note\nx\n"u8.ToArray(), "text/csv"));
    }

    [Theory, MemberData(nameof(Unreadable))]
    public async Task A_workbook_that_cannot_be_read_is_refused_with_the_reason_at_once_and_in_the_background(string name, string reason)
    {
        var file = UnreadableFile(name);
        var problem = await (await _client.ImportAsync(file, XlsxType)).JsonAsync();
        Says(problem["import"]!);

        await _api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        var place = (await _client.ImportAsync(file, XlsxType, prefer: "respond-async")).Headers.Location!;
        Assert.True(await _api.Services.GetRequiredService<Importer>().RunNextAsync(default));
        Says(await _client.GetJsonAsync(place.ToString()));

        void Says(JsonNode import)
        {
            Assert.Equal("rejected", (string?)import["status"]);
            var remark = import["remarks"]!.AsArray().Single()!;
            Assert.Equal("file.unreadable", (string?)remark["code"]);
            Assert.Contains(reason, (string)remark["detailVi"]!, StringComparison.Ordinal);
            Assert.Contains(reason, (string)remark["detailEn"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""<c r="D2" s="3"><v>44654</v></c>""", "2022-04-03", @"dd\/mm\/yyyy;@")]
    [InlineData("""<c r="D2" s="1"><v>44654</v></c>""", "2022-04-03", "m/d/yyyy")]
    [InlineData("""<c r="D2" s="2"><v>0.07</v></c>""", "7%", "0%")]
    [InlineData("""<c r="D2" s="6"><v>7</v></c>""", "7%", @"0.0\%")]
    [InlineData("""<c r="D2" s="10"><v>7.5</v></c>""", "7.5%", "0\" %\"")]
    [InlineData("""<c r="D2" t="d"><v>2022-04-03T07:30:00</v></c>""", "2022-04-03T07:30:00", "yyyy-mm-dd")]
    public async Task A_date_or_percentage_is_no_count_and_its_format_is_named(string cell, string value, string format)
    {
        var file = Xlsx.Raw(Xlsx.Row(1, "unit", "period", "target", "numerator", "total") + Xlsx.Row(2, "STP", "2022-H1", "II.3.a", cell, "50000"));
        var import = (await (await _client.ImportAsync(file, XlsxType)).JsonAsync())["import"]!;
        var remark = import["remarks"]!.AsArray().Single()!;
        Assert.Equal(("cell.format", "numerator", 2, value), ((string?)remark["code"], (string?)remark["column"], (int)remark["row"]!, (string?)remark["value"]));
        Assert.Contains(format, (string)remark["detailVi"]!, StringComparison.Ordinal);

        // The file of rejected rows says the same again, and not the number underneath.
        var rejected = await _client.GetByteArrayAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
        var again = (await (await _client.ImportAsync(rejected, XlsxType)).JsonAsync())["import"]!["remarks"]![0]!;
        Assert.Equal(("value.notWhole", value), ((string?)again["code"], (string?)again["value"]));
    }

    [Theory]
    [InlineData("application/json", """[{0},{"unit":"SNV","\udc00":1}]""", "text.invalid")]
    [InlineData("application/json", """[{0},{"unit":"SNV","note":"\ud800"}]""", "text.invalid")]
    [InlineData("application/json", """[{0},{"unit":"SNV","note":"Mô-t"}]""", "text.invalid")]
    [InlineData("application/json", """[{0},{"unit":"SNV","nôte":[{"ô":"ô"}]}]""", "text.invalid")]
    [InlineData("application/json", """[{0},{"reasôn":1}]""", "text.invalid")]
    [InlineData("application/x-ndjson", "{0}\n{\"unit\":\"SNV\",\"\\ud800x\":1}\n", "text.invalid")]
    [InlineData("application/x-ndjson", "{0}\n{\"unit\":\"SNV\",\"note\":{\"\\udfff\":1}}\n", "text.invalid")]
    [InlineData("application/x-ndjson", "{0}\n{\"unit\":\"SNV\",\"note\":\"Môt\"}\n", "file.notUtf8")]
    public async Task A_broken_character_is_refused_with_its_row_at_once_and_in_the_background(string type, string text, string code)
    {
        const string good = """{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":200}""";
        var file = Encoding.Latin1.GetBytes(text.Replace("{0}", good, StringComparison.Ordinal));
        await _api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        foreach (var mode in new[] { "atomic", "partial" })
        {
            var answer = await (await _client.ImportAsync(file, type, $"?mode={mode}&dryRun=true")).JsonAsync();
            await SaysAsync(answer);
            var place = (await _client.ImportAsync(file, type, $"?mode={mode}", prefer: "respond-async")).Headers.Location!;
            Assert.True(await _api.Services.GetRequiredService<Importer>().RunNextAsync(default));
            var import = await _client.GetJsonAsync(place.ToString());
            await SaysAsync(import);
            var isTaken = mode == "partial" && code == "text.invalid";
            Assert.Equal(isTaken ? "completed" : "rejected", (string?)import["status"]);
            Assert.Equal(isTaken ? 1 : 0, (await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports"))["items"]!.AsArray().Count);
        }

        // The file of rejected rows is JSON in UTF-8, and refused again unless it is corrected.
        async Task SaysAsync(JsonNode import)
        {
            var remark = import["remarks"]!.AsArray().Single()!;
            Assert.Equal(code, (string?)remark["code"]);
            if (code != "text.invalid")
            {
                return;
            }

            Assert.Equal(2, (int)remark["row"]!);
            var rejected = await _client.GetByteArrayAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
            Assert.True(System.Text.Unicode.Utf8.IsValid(rejected));
            var again = await (await _client.ImportAsync(rejected, type)).JsonAsync();
            Assert.Equal("text.invalid", (string?)again["import"]!["remarks"]!.AsArray().Single()!["code"]);
        }
    }

    [Theory]
    [InlineData("text/csv", "stra\u0303e\u00DF")]
    [InlineData("text/csv; charset=windows-1252", "")]
    public async Task Text_in_another_charset_is_refused_with_how_to_save_it(string type, string text)
    {
        var answer = await (await _client.ImportAsync([.. Encoding.ASCII.GetBytes(Heading), .. Encoding.Latin1.GetBytes(text)], type)).JsonAsync();
        var said = (string?)answer["import"]?["remarks"]?[0]?["detailVi"] ?? (string)answer["title"]!;
        Assert.Contains("CSV UTF-8", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",", "unit,period")]
    [InlineData(";", "unit;period")]
    [InlineData("|", "sep=|\r\nunit|period")]
    public async Task The_file_of_rejected_rows_reads_as_the_file_did(string separator, string begins)
    {
        var csv = $"sep={separator}\n" + "unit,period,target,numerator,total,note\nSTP,2022-H1,II.3.a,-1,200,\"a \"\"b\"\"\"\n".Replace(",", separator, StringComparison.Ordinal);
        var import = (await (await _client.ImportAsync(csv)).JsonAsync())["import"]!;
        var rejected = await _client.GetStringAsync(new Uri($"/v1/report-imports/{import["id"]}/rejected", UriKind.Relative));
        Assert.StartsWith(begins, rejected, StringComparison.Ordinal);
        var again = (await (await _client.ImportAsync(rejected)).JsonAsync())["import"]!["remarks"]!.AsArray().Single()!;
        Assert.Equal(("numerator", "value.outOfRange", "-1"), ((string?)again["column"], (string?)again["code"], (string?)again["value"]));
    }

    [Fact]
    public async Task Every_cell_of_a_note_in_Windows_1258_arrives_composed()
    {
        // "đủ hồ sơ": the tones follow their letters as bytes of their own.
        byte[] note = [0xF0, (byte)'u', 0xD2, (byte)' ', (byte)'h', 0xF4, 0xCC, (byte)' ', (byte)'s', 0xF5];
        await _api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        foreach (var (unit, prefer) in new[] { ("STP", null), ("SNV", "respond-async") })
        {
            byte[] file = [.. Encoding.ASCII.GetBytes($"{Heading}{unit},2022-H1,II.3.a,,120,200,"), .. note];
            await _client.ImportAsync(file, "text/csv; charset=windows-1258", prefer: prefer);
            Assert.Equal(prefer is not null, await _api.Services.GetRequiredService<Importer>().RunNextAsync(default));
            var report = await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/{unit}");
            Assert.Equal("đủ hồ sơ", (string?)report["values"]![0]!["note"]);
        }
    }

    [Fact]
    public async Task A_list_of_imports_goes_on_after_its_cursor_and_after_nothing_else()
    {
        var path = $"{HttpExtensions.Plan}/report-imports?limit=1";
        var first = (string)(await (await _client.ImportAsync(Heading)).JsonAsync())["id"]!;
        var second = (string)(await (await _client.ImportAsync(Heading)).JsonAsync())["id"]!;
        var page = await _client.GetJsonAsync(path);
        Assert.Equal(second, (string?)page["items"]!.AsArray().Single()!["id"]);
        page = await _client.GetJsonAsync($"{path}&cursor={page["nextCursor"]}");
        Assert.Equal(first, (string?)page["items"]!.AsArray().Single()!["id"]);

        foreach (var text in new[] { "\0\0\0", "null", """{"a":1}""", first[1..], first + "0", first.ToUpperInvariant()[..31] + "G" })
        {
            var cursor = System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
            var response = await _client.GetAsync(new Uri($"{path}&cursor={cursor}", UriKind.Relative));
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal("cursor.invalid", (string?)(await response.JsonAsync())["errors"]![0]!["code"]);
        }

        // Beyond the last row there is none, however far.
        var beyond = System.Buffers.Text.Base64Url.EncodeToString("2147483647"u8);
        var refused = (await (await _client.ImportAsync("[1]"u8.ToArray(), "application/json")).JsonAsync())["import"]!["id"];
        Assert.NotEmpty((await _client.GetJsonAsync($"/v1/report-imports/{refused}/rows"))["items"]!.AsArray());
        Assert.Empty((await _client.GetJsonAsync($"/v1/report-imports/{refused}/rows?cursor={beyond}"))["items"]!.AsArray());
    }

    private static string Rows(params string[] notes)
    {
        string[] units = ["STP", "STC", "SCT", "SXD"];
        return Heading + string.Concat(units.Zip(notes, (unit, note) => $"{unit},2022-Q3,II.8.a,province,5,10,{note}\n"));
    }

    private static byte[] UnreadableFile(string name)
    {
        var heading = Xlsx.Row(1, "unit", "period", "target");
        return name switch
        {
            "ods" => Xlsx.Raw("", ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("_rels/.rels", null)),
            "xlsb" => Xlsx.Raw(
                "", ("_rels/.rels", Xlsx.Part("_rels/.rels").Replace("workbook.xml", "workbook.bin", StringComparison.Ordinal)), ("xl/workbook.bin", "")),
            "xls" => [0xD0, 0xCF, 0x11, 0xE0, .. new byte[512]],
            "sheet" => Xlsx.Raw(heading, ("xl/worksheets/sheet1.xml", null)),
            "theme" => Xlsx.Raw(heading, ("xl/theme/theme1.xml", null)),
            "text" => Xlsx.Raw(heading + Xlsx.Row(2, new string('a', 32_768), "2022-H1", "II.3.a")),
            "string" => Xlsx.Raw(heading + """<row r="2"><c r="A2" t="s"><v>999999999</v></c></row>"""),
            "reference" => Xlsx.Raw(heading + """<row r="2"><c r="A2"><v>1</v></c><c r="E9"><v>2</v></c></row>"""),
            "values" => Xlsx.Raw(heading + """<row r="2"><c r="C2"><v>1</v><v>2</v></c></row>"""),
            _ => Xlsx.Raw(heading + """<row r="4294967295"><c r="A2"><v>1</v></c></row>"""),
        };
    }

    private async Task<string> FaultsAsync(byte[] file, string type)
    {
        var problem = await (await _client.ImportAsync(file, type)).JsonAsync();
        return string.Join(", ", problem["import"]!["remarks"]!.AsArray().Select(remark => $"{remark!["column"]} {remark["code"]}"));
    }
}
