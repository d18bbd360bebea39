using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

public sealed class CachingTests
{
    private const string Completion = $"{HttpExtensions.Plan}/completion";
    private const int Readers = 40;

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_write_is_seen_at_once_and_until_then_nothing_is_asked_of_the_database(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        var before = await (await api.Anonymous.GetAsync(new Uri(Completion, UriKind.Relative))).Content.ReadAsStringAsync();

        Assert.Equal(0, await api.CountCommandsAsync(async () =>
        {
            for (var time = 0; time < 3; time++)
            {
                Assert.Equal(before, await (await api.Anonymous.GetAsync(new Uri(Completion, UriKind.Relative))).Content.ReadAsStringAsync());
            }
        }));

        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2));
        var after = await api.Anonymous.GetJsonAsync(Completion);
        Assert.Equal(2, (int)after["coverage"]!["received"]!);
        Assert.Contains("\"received\":1", before);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Of_one_report_that_changes_no_other_is_read_again(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var unit in new[] { "SNV", "STP", "STC" })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", 1, 2));
        }

        await administrator.GetJsonAsync(Completion);
        await administrator.ActAsync("STP", "reopen", """{"reason":"x"}""");
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2), ifMatch: "*");
        await administrator.ActAsync("STP", "submit");
        await administrator.ActAsync("STP", "approve");
        Assert.Equal(1, await api.CountAsync("cchc.snapshot.values", () => administrator.GetJsonAsync(Completion + "?period=2022-H1")));
        var line = (await api.Anonymous.GetJsonAsync(Completion))["targets"]!.AsArray().First(each => (string)each!["target"]! == "II.3.a")!["lines"]![0]!;
        Assert.Equal((4, 6, 3), ((int)line["numerator"]!, (int)line["total"]!, (int)line["coverage"]!["received"]!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_many_ask_for_at_once_is_computed_once_with_a_key_or_without(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string path = Completion + "?period=2022-H1";
        await administrator.GetJsonAsync(path);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        var alone = await api.CountCommandsAsync(() => api.Anonymous.GetJsonAsync(path));

        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        string[] bodies = [];
        var together = await api.CountCommandsAsync(async () => bodies = await Task.WhenAll(Enumerable.Range(0, Readers).Select(async index =>
            await (await GetAsync(index % 2 == 0 ? administrator : api.Anonymous, path)).Content.ReadAsStringAsync())));

        // Those who follow changes read on their own after a write.
        Assert.InRange(together, 1, alone + (Readers / 4));
        Assert.Single(bodies.Distinct());
    }

    [Fact]
    public async Task Another_node_sees_a_write_within_a_second()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        await using var other = ApiHost.Join(api);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var before = await other.Anonymous.GetJsonAsync(Completion);

        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        other.Time.Advance(TimeSpan.FromSeconds(1));

        var after = await other.Anonymous.GetJsonAsync(Completion);
        Assert.Equal(0, (int)before["coverage"]!["received"]!);
        Assert.Equal(1, (int)after["coverage"]!["received"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_coding_is_a_representation_with_a_tag_of_its_own(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        var plain = await GetAsync(api.Anonymous, Completion);
        var body = await plain.Content.ReadAsStringAsync();
        var tags = new HashSet<string> { plain.Headers.ETag!.Tag };
        foreach (var round in new[] { "computed", "kept" })
        {
            foreach (var (coding, open) in new (string, Func<Stream, Stream>)[]
            {
                ("br", stream => new BrotliStream(stream, CompressionMode.Decompress)), ("gzip", stream => new GZipStream(stream, CompressionMode.Decompress)),
            })
            {
                var coded = await GetAsync(api.Anonymous, Completion, ("Accept-Encoding", coding));
                Assert.Equal([coding], coded.Content.Headers.ContentEncoding);
                Assert.Equal(round == "computed", tags.Add(coded.Headers.ETag!.Tag));
                Assert.False(coded.Headers.ETag.IsWeak);
                Assert.Contains("Accept-Encoding", coded.Headers.Vary);
                using var text = new StreamReader(open(await coded.Content.ReadAsStreamAsync()), Encoding.UTF8);
                Assert.Equal(body, await text.ReadToEndAsync());
                var again = await GetAsync(api.Anonymous, Completion, ("Accept-Encoding", coding), ("If-None-Match", coded.Headers.ETag.Tag));
                Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
                Assert.Equal(coded.Headers.ETag, again.Headers.ETag);
            }
        }

        Assert.Empty((await GetAsync(api.Anonymous, Completion, ("Accept-Encoding", "br;q=0, identity"))).Content.Headers.ContentEncoding);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Shared_caches_hold_what_is_public_alone(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var monitor = await api.KeyAsync(Role.Monitor);
        var open = (await GetAsync(api.Anonymous, Completion)).Headers.CacheControl!;
        Assert.True(open.Public);
        Assert.Equal(TimeSpan.FromSeconds(1), open.SharedMaxAge);
        Assert.Equal((TimeSpan.Zero, true), (open.MaxAge, open.MustRevalidate));

        // A browser would apply it to its own cache.
        Assert.DoesNotContain(open.Extensions, extension => extension.Name == "stale-while-revalidate");
        foreach (var round in new[] { "computed or kept", "kept" })
        {
            var gateways = (await GetAsync(api.Anonymous, Completion)).Headers.GetValues("CDN-Cache-Control");
            Assert.True(gateways.SequenceEqual(["max-age=1, stale-while-revalidate=10"]), round);
        }

        foreach (var path in new[] { Completion, Completion + "?lens=provisional", HttpExtensions.Plan + "/reports" })
        {
            var own = (await GetAsync(monitor, path)).Headers.CacheControl!;
            Assert.True(own.Private);
            Assert.False(own.Public);
            Assert.False((await GetAsync(monitor, path)).Headers.Contains("CDN-Cache-Control"));
        }

        // A credential that does not hold is refused, whatever is at hand; and a tag never makes a wrong address right.
        using var wrong = api.Holding("cchc_" + new string('0', 64));
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(wrong, Completion)).StatusCode);
        var tag = (await GetAsync(api.Anonymous, Completion)).Headers.ETag!.Tag;
        Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync(api.Anonymous, Completion + "?x=1", ("If-None-Match", tag))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(api.Anonymous, Completion + "?lens=provisional", ("If-None-Match", tag))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Head_is_get_without_the_content(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        foreach (var path in new[] { Completion, Completion + "/rows?format=csv", "/v1/units/D474", "/health/live", "/openapi/v1.json", "/v1/plans/none" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, path) { Headers = { Range = new RangeHeaderValue(0, 9) } };
            var head = await api.Anonymous.SendAsync(request);
            var full = await GetAsync(api.Anonymous, path);
            Assert.Equal(full.StatusCode, head.StatusCode);
            Assert.Equal(full.Headers.ETag, head.Headers.ETag);
            Assert.Equal(full.Content.Headers.ContentType, head.Content.Headers.ContentType);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task What_a_client_says_at_length_counts_as_kept()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        const string path = Completion + "/targets/II.3.a";
        await api.Anonymous.GetJsonAsync(path);
        Assert.Equal(0, await api.CountCommandsAsync(() => api.Anonymous.GetJsonAsync(path)));
        var padding = new string('x', 200_000);
        for (var index = 0; index < 200; index++)
        {
            (await GetAsync(api.Anonymous, "/v1/units/D474", ("Accept", $"*/*, text/x{index}{padding}"))).EnsureSuccessStatusCode();
        }

        Assert.NotEqual(0, await api.CountCommandsAsync(() => api.Anonymous.GetJsonAsync(path)));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_download_goes_on_where_it_stopped_unless_it_has_changed(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        const string path = Completion + "/rows?format=csv&groupBy=target";
        var whole = await GetAsync(api.Anonymous, path);
        var bytes = await whole.Content.ReadAsByteArrayAsync();
        Assert.Equal(["bytes"], whole.Headers.AcceptRanges);

        var rest = await GetAsync(api.Anonymous, path, ("Range", "bytes=100-"), ("If-Range", whole.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(bytes[100..], await rest.Content.ReadAsByteArrayAsync());

        var changed = await GetAsync(api.Anonymous, path, ("Range", "bytes=100-"), ("If-Range", "\"0.0.csv\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(bytes, await changed.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await GetAsync(api.Anonymous, path, ("Range", "bytes=99999999-"))).StatusCode);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_was_read_coded_may_be_replaced(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        var read = await GetAsync(administrator, HttpExtensions.Plan + "/reports/2022-H1/STP", ("Accept-Encoding", "br"));
        Assert.EndsWith("-br\"", read.Headers.ETag!.Tag);
        var replaced = await administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", 2, 2), ifMatch: read.Headers.ETag.Tag);
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await client.SendAsync(request);
    }
}
