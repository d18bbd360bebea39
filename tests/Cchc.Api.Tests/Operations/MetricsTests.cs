using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Operations;

public sealed class MetricsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-metrics-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("127.0.0.1", null, null, HttpStatusCode.OK)]
    [InlineData("::1", null, null, HttpStatusCode.OK)]
    [InlineData("::ffff:127.0.0.1", null, null, HttpStatusCode.OK)]
    [InlineData("10.1.2.3", null, null, HttpStatusCode.NotFound)]
    [InlineData("127.0.0.1", null, "203.0.113.7", HttpStatusCode.NotFound)]
    [InlineData("10.1.2.3", "10.1.0.0/16", null, HttpStatusCode.OK)]
    [InlineData("127.0.0.1", "10.1.0.0/16", null, HttpStatusCode.NotFound)]
    public async Task Only_the_named_networks_may_read_them(string from, string? network, string? forwarded, HttpStatusCode status)
    {
        await using var api = await ApiHost.StartAsync(
            Engine.Sqlite, limit: 1, settings: network is null ? [] : [("Metrics:Networks:0", network)]);
        for (var turn = 0; turn < 2; turn++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            request.Headers.Add(ClaimedAddress.Header, from);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwarded);
            Assert.Equal(status, (await api.Anonymous.SendAsync(request)).StatusCode);
        }
    }

    [Fact]
    public async Task They_count_what_an_operator_asks_for()
    {
        var key = (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).Output.Trim();
        using var server = await ServerProcess.StartAsync(_folder, ("RateLimits__Writes", "4"));
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);

        var before = await ReadAsync(client);
        Assert.Equal("181", before["cchc_reports{period=\"2022-FY\",plan=\"cchc-2022\",status=\"missing\"}"]);

        await client.PutReportAsync("SNV", HttpExtensions.Ratio("II.3.a", 120, 200), "2022-FY");
        await client.ActAsync("SNV", "submit", period: "2022-FY");
        using var rows = new StringContent("unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,2\nSTP,2022-H1,II.99.z,1,2\n", System.Text.Encoding.UTF8, "text/csv");
        Assert.True((await client.PostAsync(new Uri($"{HttpExtensions.Plan}/report-imports?mode=partial", UriKind.Relative), rows)).IsSuccessStatusCode);
        await client.GetAsync(new Uri("/v1/plans/none", UriKind.Relative));
        await client.ActAsync("SNV", "submit", period: "2022-FY");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.ActAsync("SNV", "submit", period: "2022-FY")).StatusCode);
        await client.GetJsonAsync($"{HttpExtensions.Plan}/completion");
        using var follower = await client.GetStreamAsync(new Uri("/v1/events", UriKind.Relative));

        // How things stand is read every few seconds alone.
        Dictionary<string, string> after;
        do
        {
            after = await ReadAsync(client);
        }
        while (after["cchc_reports_undecided{plan=\"cchc-2022\"}"] == "0");
        Assert.Equal("180", after["cchc_reports{period=\"2022-FY\",plan=\"cchc-2022\",status=\"missing\"}"]);
        Assert.Equal("1", after["cchc_reports{period=\"2022-FY\",plan=\"cchc-2022\",status=\"submitted\"}"]);
        Assert.Equal("181", after["cchc_reports_expected{period=\"2022-FY\",plan=\"cchc-2022\"}"]);
        Assert.Equal("1", after["cchc_import_rows_total{dry_run=\"false\",outcome=\"created\"}"]);
        Assert.Equal("1", after["cchc_import_rows_total{dry_run=\"false\",outcome=\"rejected\"}"]);
        Assert.Equal("1", after["cchc_problems_total{code=\"plan.unknown\",status=\"404\"}"]);
        Assert.Equal("1", after["cchc_problems_total{code=\"rate.exceeded\",status=\"429\"}"]);
        Assert.Equal("1", after["cchc_events_clients"]);
        Assert.Equal("1", after["cchc_database_up"]);
        Assert.Equal(("0", "0"), (after["cchc_imports{status=\"queued\"}"], after["cchc_imports{status=\"running\"}"]));
        Assert.Equal(("0", "0"), (after["cchc_webhook_pending"], after["cchc_webhook_dead"]));
        Assert.Equal("4", after["cchc_data_version{scope=\"cchc-2022\"}"]);
        Assert.NotEqual("0", after["cchc_snapshot_load_duration_seconds_count{lens=\"published\"}"]);
        Assert.Contains(after.Keys, name => name.StartsWith("cchc_database_commands_total", StringComparison.Ordinal));
        Assert.Contains(after.Keys, name => name.StartsWith("cchc_reports_undecided_age_seconds", StringComparison.Ordinal));
        Assert.Contains(after.Keys, name => name.StartsWith("cchc_data_age_seconds", StringComparison.Ordinal));
        Assert.Contains(after.Keys, name => name.StartsWith("http_server_request_duration_seconds_count", StringComparison.Ordinal));
        Assert.Contains(after.Keys, name => name.StartsWith("dotnet_gc_collections_total", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Traces_metrics_and_logs_go_where_they_are_told_to()
    {
        using var collector = new HttpListener();
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            collector.Prefixes.Add($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
        }

        collector.Start();
        var server = await ServerProcess.StartAsync(
            _folder, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Prefixes.Single()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"), ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"));
        using (server)
        {
            using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
            await client.GetJsonAsync($"{HttpExtensions.Plan}/completion");
            var awaited = new Dictionary<string, string> { ["/v1/traces"] = "/v1/plans/cchc-2022/completion", ["/v1/metrics"] = "cchc.reports.expected", ["/v1/logs"] = "Now listening on" };
            while (awaited.Count > 0)
            {
                var sent = await collector.GetContextAsync();
                using var body = new MemoryStream();
                await sent.Request.InputStream.CopyToAsync(body);
                if (awaited.TryGetValue(sent.Request.Url!.AbsolutePath, out var text) && System.Text.Encoding.UTF8.GetString(body.ToArray()).Contains(text, StringComparison.Ordinal))
                {
                    awaited.Remove(sent.Request.Url.AbsolutePath);
                }

                sent.Response.Close();
            }
        }
    }

    // Name and labels, without those of the library's own, to the value.
    private static async Task<Dictionary<string, string>> ReadAsync(HttpClient client)
    {
        var answer = await client.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.StartsWith("text/plain", answer.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        var measures = new Dictionary<string, string>();
        foreach (var line in (await answer.Content.ReadAsStringAsync()).Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var end = line.IndexOf('}', StringComparison.Ordinal) is var brace and > 0 ? brace + 1 : line.IndexOf(' ', StringComparison.Ordinal);
            var (name, open) = (line[..end], line.IndexOf('{', StringComparison.Ordinal));
            if (open is > 0 && open < end)
            {
                var labels = line[(open + 1)..(end - 1)].Split(',').Where(label => !label.StartsWith("otel_scope", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
                name = line[..open] + (labels.Count == 0 ? "" : $"{{{string.Join(',', labels)}}}");
            }

            measures[name] = line[end..].Trim().Split(' ')[0];
        }

        return measures;
    }
}
