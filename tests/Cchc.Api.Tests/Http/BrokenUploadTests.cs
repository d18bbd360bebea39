using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Http;

/// <summary>Requests over real connections: some break off, some are refused while the client still sends.</summary>
public sealed class BrokenUploadTests : IAsyncLifetime
{
    private const string Csv = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,120,2000\nSNV,2022-H1,II.3.a,10004,100047\n";
    private const string Imports = $"POST {HttpExtensions.Plan}/report-imports HTTP/1.1\r\nContent-Type: text/csv\r\n";
    private const string Report = $"PUT {HttpExtensions.Plan}/reports/2022-H1/STP HTTP/1.1\r\nContent-Type: application/json\r\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-upload-").FullName;
    private ServerProcess _server = null!;
    private HttpClient _client = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _key = (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).Output.Trim();
        _server = await ServerProcess.StartAsync(_folder, ("RateLimits__Writes", "0"), ("RateLimits__Failures", "0"));
        _client = Client(_server.Address, _key);
    }

    public Task DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_body_whose_connection_breaks_is_never_taken_for_a_whole_one()
    {
        var report = HttpExtensions.Ratio("II.3.a", 120, 2000);
        string[] requests =
        [
            Sized(Imports, Csv), Sized(Imports.Replace("-imports", "-imports?mode=partial", StringComparison.Ordinal), Csv),
            Chunked(Imports, Csv), Sized(Imports + "Prefer: respond-async\r\n", Csv), Sized(Report, report), Chunked(Report, report),
            Sized(Report + "Idempotency-Key: a\r\n", report),
        ];
        foreach (var request in requests)
        {
            var start = request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
            for (var length = start; length < request.Length; length++)
            {
                var answer = await ExchangeAsync(request[..length], breaksOff: true);
                var isRefused = answer.Length == 0 || answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal);
                Assert.True(isRefused, $"{request[..length]}\n{answer}");
            }
        }

        Assert.Empty((await _client.GetJsonAsync($"{HttpExtensions.Plan}/report-imports"))["items"]!.AsArray());
        Assert.Empty((await _client.GetJsonAsync($"{HttpExtensions.Plan}/reports"))["items"]!.AsArray());

        // The same requests, whole.
        Assert.StartsWith("HTTP/1.1 200 ", await ExchangeAsync(requests[0]), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await ExchangeAsync(requests[2]), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 202 ", await ExchangeAsync(requests[3]), StringComparison.Ordinal);
        Assert.DoesNotContain("failed", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chunk_that_is_no_chunk_is_a_problem()
    {
        var answer = await ExchangeAsync(Authorized(Imports) + "Transfer-Encoding: chunked\r\n\r\n5\r\nunit,\r\nxyz\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("request.incomplete", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_sends_everything_before_reading_sees_why_it_is_refused(bool isChunked)
    {
        var body = new string(' ', 12_000_000);
        (string Head, string Status, string Code)[] requests =
        [
            (Authorized(Report), "413", "request.tooLarge"),
            (Authorized(Report) + "Idempotency-Key: b\r\n", "413", "request.tooLarge"),
            (Authorized(Report).Replace("application/json", "text/plain", StringComparison.Ordinal), "413", "request.tooLarge"),
            (Authorized(Report).Replace("STP", "NOBODY", StringComparison.Ordinal), "404", "unit.unknown"),
            (Authorized(Imports).Replace("text/csv", "text/plain", StringComparison.Ordinal), "415", "import.mediaType"),
            (Imports + "Host: a\r\nConnection: close\r\nAuthorization: Bearer nobody\r\n", "401", "auth.required"),
            ("GET /v1/plans?colour=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", "400", "request.malformed"),
        ];
        foreach (var (head, status, code) in requests)
        {
            var request = isChunked ? Chunk(head, body) : $"{head}Content-Length: {body.Length}\r\n\r\n{body}";
            var answer = await ExchangeAsync(request);
            Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{head}\n{answer}");
            Assert.Contains($"\"{code}\"", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_that_reads_while_it_sends_sees_the_limit_of_the_operation()
    {
        using var large = new StringContent(new string(' ', 20_000_000), Encoding.UTF8, "application/json");
        var response = await _client.PutAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/STP", UriKind.Relative), large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("1048576", (string?)(await response.JsonAsync())["title"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new Uri("/v1/plans", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData(Imports, 1L << 40, "268435456")]
    [InlineData(Report, 1L << 40, "1048576")]
    public async Task A_client_that_asks_first_is_refused_before_it_sends(string head, long length, string limit)
    {
        var answer = await ExchangeAsync($"{Authorized(head)}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains(limit, answer, StringComparison.Ordinal);
    }

    private static HttpClient Client(string address, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private string Authorized(string head) => $"{head}Host: a\r\nConnection: close\r\nAuthorization: Bearer {_key}\r\n";

    private string Sized(string head, string body) => $"{Authorized(head)}Content-Length: {body.Length}\r\n\r\n{body}";

    private string Chunked(string head, string body) => Chunk(Authorized(head), body);

    private static string Chunk(string head, string body) =>
        $"{head}Transfer-Encoding: chunked\r\n\r\n{body.Length / 2:x}\r\n{body[..(body.Length / 2)]}\r\n"
        + $"{body.Length - (body.Length / 2):x}\r\n{body[(body.Length / 2)..]}\r\n0\r\n\r\n";

    /// <summary>Sends all of it, and only then reads the response; "" where the connection ends without one.</summary>
    private async Task<string> ExchangeAsync(string request, bool breaksOff = false)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, new Uri(_server.Address).Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        if (breaksOff)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }

        var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer);
        }
        catch (IOException) when (breaksOff || answer.Length > 0)
        {
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
