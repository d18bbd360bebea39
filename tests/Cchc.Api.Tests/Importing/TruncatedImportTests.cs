using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Importing;

/// <summary>
/// Files that were cut before they were sent, so that every length of the request is right. What says by itself where it ends is refused or
/// has the result of the whole file. Plain CSV does not, and NDJSON does not where a line ends: for them see what a connection that breaks
/// does.
/// </summary>
public sealed class TruncatedImportTests : IAsyncLifetime
{
    private const string Json = """
        [{"unit":"STP","period":"2022-H1","target":"II.3.a","numerator":120,"total":2000},
        {"unit":"SNV","period":"2022-H1","target":"II.3.a","numerator":10004,"total":100047}]
        """;

    private const string Csv = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,120,2000\nSNV,2022-H1,II.3.a,10004,100047\n";

    private const string XlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    private static readonly Dictionary<string, (string Type, byte[] File)> Forms = new()
    {
        ["json"] = ("application/json", Encoding.UTF8.GetBytes(Json)),
        ["ndjson"] = ("application/x-ndjson", Encoding.UTF8.GetBytes(Json.Trim('[', ']').Replace("},", "}", StringComparison.Ordinal))),
        ["csv"] = ("text/csv", Encoding.UTF8.GetBytes(Csv)),
        ["xlsx"] = (XlsxType, Xlsx.Make(("cchc-report", false,
            [["unit", "period", "target", "numerator", "total"], ["STP", "2022-H1", "II.3.a", 120, 2000], ["SNV", "2022-H1", "II.3.a", 10004, 100047]]))),
    };

    private ApiHost _api = null!;
    private HttpClient _client = null!;

    public static TheoryData<string, string, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, bool>();
            foreach (var form in Forms.Keys)
            {
                foreach (var encoding in new[] { "", "gzip", "br" })
                {
                    ways.Add(form, encoding, true);
                    if (form != "csv" || encoding != "")
                    {
                        ways.Add(form, encoding, false);
                    }
                }
            }

            return ways;
        }
    }

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.Remove(
            services.Single(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType == typeof(ImportWorker))));
        _client = await _api.KeyAsync(Role.Administrator);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_cut_file_is_refused_or_equals_the_whole(string form, string encoding, bool isMultipart)
    {
        var (type, file) = Forms[form];
        var (body, contentType) = isMultipart ? Multipart(file, type, form) : (file, type);
        body = Encode(body, encoding);
        var whole = await ResultAsync(body);
        Assert.Equal(2, (int)whole!["rows"]!["created"]!);

        // Every byte of what is small; of the rest every few bytes, and every byte of the end.
        var stride = Math.Max(1, body.Length / 250);
        for (var length = 0; length < body.Length; length += length > body.Length - 40 ? 1 : stride)
        {
            if (form == "ndjson" && encoding.Length == 0 && !isMultipart && IsEndOfLine(body, length))
            {
                continue;
            }

            var result = await ResultAsync(body[..length]);
            Assert.True(
                result is null || JsonNode.DeepEquals(result, whole), $"{length} of {body.Length} bytes: {result?.ToJsonString()}");
        }

        async Task<JsonNode?> ResultAsync(byte[] sent)
        {
            using var response = await PostAsync(sent, contentType, encoding, "?dryRun=true&mode=partial");
            var answer = await response.JsonAsync();
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return (string?)answer["status"] == "completed" && (int)answer["result"]!["rows"]!["rejected"]! == 0 ? answer["result"] : null;
            }

            Assert.True(
                (string?)answer["code"] is "request.incomplete" or "import.noFile" or "import.mediaType", $"{sent.Length} bytes: {answer.ToJsonString()}");
            return null;
        }
    }

    [Theory]
    [InlineData("gzip", "")]
    [InlineData("br", "")]
    [InlineData("gzip", "respond-async")]
    [InlineData("br", "respond-async")]
    public async Task A_compressed_body_that_is_cut_or_corrupt_is_a_problem_and_no_import(string encoding, string prefer)
    {
        var body = Encode(Forms["csv"].File, encoding);
        var corrupt = body.ToArray();
        corrupt.AsSpan(corrupt.Length / 2, 8).Fill(0xff);
        foreach (var sent in new[] { body[..^1], body[..(body.Length / 2)], corrupt })
        {
            using var response = await PostAsync(sent, "text/csv", encoding, "", prefer);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal("request.incomplete", (string?)(await response.JsonAsync())["code"]);
        }

        Assert.Empty((await _client.GetJsonAsync($"{HttpExtensions.Plan}/report-imports"))["items"]!.AsArray());
    }

    [Theory]
    [InlineData("xlsx", "file.unreadable")]
    [InlineData("json", "json.malformed")]
    [InlineData("ndjson", "json.malformed")]
    public async Task A_cut_file_that_is_imported_in_the_background_is_rejected_with_its_reason(string form, string code)
    {
        var (type, file) = Forms[form];
        foreach (var length in new[] { file.Length - 2, file.Length / 2 })
        {
            using var accepted = await PostAsync(file[..length], type, "", "?mode=partial", "respond-async");
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            Assert.True(await _api.Services.GetRequiredService<Importer>().RunNextAsync(default));
            var import = await _client.GetJsonAsync(accepted.Headers.Location!.ToString());
            Assert.Equal("rejected", (string?)import["status"]);
            Assert.Equal(code, (string?)import["remarks"]![0]!["code"]);
        }

        Assert.Empty((await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports"))["items"]!.AsArray());
    }

    // A prefix that is whole lines, or whole but for the line break at its end.
    private static bool IsEndOfLine(byte[] body, int length) => length > 0 && (body[length - 1] == '\n' || body[length] is (byte)'\n' or (byte)'\r');

    private async Task<HttpResponseMessage> PostAsync(byte[] body, string type, string encoding, string query, string prefer = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports{query}");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding.Length > 0)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        if (prefer.Length > 0)
        {
            request.Headers.Add("Prefer", prefer);
        }

        return await _client.SendAsync(request);
    }

    private static (byte[] Body, string Type) Multipart(byte[] file, string type, string form)
    {
        const string boundary = "7bJq";
        byte[] body =
        [
            .. Encoding.ASCII.GetBytes(
                $"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.{form}\"\r\nContent-Type: {type}\r\n\r\n"),
            .. file,
            .. Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"),
        ];
        return (body, new MediaTypeHeaderValue("multipart/form-data") { Parameters = { new NameValueHeaderValue("boundary", boundary) } }.ToString());
    }

    private static byte[] Encode(byte[] body, string encoding)
    {
        if (encoding.Length == 0)
        {
            return body;
        }

        using var packed = new MemoryStream();
        using (Stream pack = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Optimal) : new BrotliStream(packed, CompressionLevel.Optimal))
        {
            pack.Write(body);
        }

        return packed.ToArray();
    }
}
