using System.Net;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

/// <summary>Range, If-Range and If-Match on reads (RFC 9110, 13 and 14).</summary>
public sealed class RangeTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Table = Plan + "/completion/rows?format=csv&groupBy=target";

    public static TheoryData<string> Reads { get; } =
        [Table, Plan + "/completion", "/v1/units/D474", "/openapi/v1.json", Plan + "/pictures/groups"];

    [Theory, MemberData(nameof(Reads))]
    public async Task One_range_of_bytes_is_served(string path)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var whole = await (await GetAsync(api.Anonymous, path)).Content.ReadAsByteArrayAsync();
        foreach (var (range, first, last) in new[]
        {
            ("bytes=0-0", 0, 0), ("bytes=5-20", 5, 20), ("BYTES=100-", 100, whole.Length - 1),
            ("bytes=-7", whole.Length - 7, whole.Length - 1), ("bytes=10-999999999", 10, whole.Length - 1),
            ("bytes=-999999999", 0, whole.Length - 1),
        })
        {
            var part = await GetAsync(api.Anonymous, path, ("Range", range), ("Accept-Encoding", "br"));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal($"bytes {first}-{last}/{whole.Length}", part.Content.Headers.ContentRange!.ToString());
            Assert.Equal(whole[first..(last + 1)], await part.Content.ReadAsByteArrayAsync());
            Assert.NotNull(part.Headers.ETag);
        }
    }

    [Theory, MemberData(nameof(Reads))]
    public async Task Other_ranges_are_ignored(string path)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var whole = await (await GetAsync(api.Anonymous, path)).Content.ReadAsByteArrayAsync();
        foreach (var range in new[]
        {
            "items=0-4", "items=0-", "rows=1-2", "bytes", "bytes=", "bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "0-5", "=",
        })
        {
            var response = await GetAsync(api.Anonymous, path, ("Range", range));
            Assert.True(response.StatusCode == HttpStatusCode.OK, range);
            Assert.Null(response.Content.Headers.ContentRange);
            Assert.Equal(whole, await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory, MemberData(nameof(Reads))]
    public async Task A_range_beyond_the_end_is_a_problem(string path)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var length = (await (await GetAsync(api.Anonymous, path)).Content.ReadAsByteArrayAsync()).Length;
        foreach (var range in new[] { $"bytes={length}-", $"bytes={length + 10L}-{length + 20L}", "bytes=99999999999-", "bytes=-0" })
        {
            var refused = await GetAsync(api.Anonymous, path, ("Range", range), ("Accept-Language", "en"));
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, refused.StatusCode);
            Assert.Equal($"bytes */{length}", refused.Content.Headers.ContentRange!.ToString());
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
            Assert.Equal("range.notSatisfiable", (string)(await refused.JsonAsync())["code"]!);
        }
    }

    [Theory, MemberData(nameof(Reads))]
    public async Task A_part_of_another_content_is_not_served(string path)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var now = await GetAsync(api.Anonymous, path);
        var tag = now.Headers.ETag!.Tag;
        var length = (await now.Content.ReadAsByteArrayAsync()).Length;
        foreach (var (name, value, status) in new[]
        {
            ("If-Range", tag, HttpStatusCode.PartialContent), ("If-Range", "\"other\"", HttpStatusCode.OK),
            ("If-Range", $"W/{tag}", HttpStatusCode.OK),
            ("If-Range", "Sat, 18 Jun 2022 02:00:00 GMT", HttpStatusCode.OK), ("If-Range", "nonsense", HttpStatusCode.OK),
            ("If-Match", tag, HttpStatusCode.PartialContent), ("If-Match", "*", HttpStatusCode.PartialContent),
            ("If-Match", $"\"other\", {tag}", HttpStatusCode.PartialContent), ("If-Match", "\"other\"", HttpStatusCode.PreconditionFailed),
            ("If-Match", $"W/{tag}", HttpStatusCode.PreconditionFailed),
        })
        {
            var response = await GetAsync(api.Anonymous, path, ("Range", "bytes=3-9"), (name, value));
            Assert.True(response.StatusCode == status, $"{name}: {value} {(int)response.StatusCode}");
            Assert.Equal(
                status switch { HttpStatusCode.OK => length, HttpStatusCode.PartialContent => 7, _ => -1 },
                status == HttpStatusCode.PreconditionFailed ? -1 : (await response.Content.ReadAsByteArrayAsync()).Length);
            if (status == HttpStatusCode.PreconditionFailed)
            {
                Assert.Equal("precondition.failed", (string)(await response.JsonAsync())["code"]!);
            }
        }

        // The same of the whole, whether it is at hand or computed.
        foreach (var accept in new[] { "*/*", "*/*;q=0.9" })
        {
            var same = await GetAsync(api.Anonymous, path, ("If-Match", tag), ("Accept", accept));
            var other = await GetAsync(api.Anonymous, path, ("If-Match", "\"other\""), ("Accept", accept));
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.PreconditionFailed), (same.StatusCode, other.StatusCode));
        }
    }

    [Fact]
    public async Task A_range_matters_to_get_alone()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (report, tag) = ($"{Plan}/reports/2022-H1/STP", "");
        foreach (var (method, path, body, status) in new[]
        {
            (HttpMethod.Put, report, HttpExtensions.Ratio("II.3.a", 1, 2), HttpStatusCode.Created),
            (HttpMethod.Put, report, HttpExtensions.Ratio("II.3.a", 2, 2), HttpStatusCode.OK),
            (HttpMethod.Post, $"{report}/submit", null, HttpStatusCode.OK),
            (HttpMethod.Post, $"{report}/approve", null, HttpStatusCode.OK),
            (HttpMethod.Post, $"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""", HttpStatusCode.Created),
            (HttpMethod.Head, report, null, HttpStatusCode.OK),
        })
        {
            foreach (var range in new[] { "bytes=999999-", "bytes=0-3" })
            {
                using var request = new HttpRequestMessage(method, path);
                request.Headers.TryAddWithoutValidation("Range", range);
                request.Content = body is null ? null : new StringContent(body, null, "application/json");
                if (method == HttpMethod.Put && tag.Length > 0)
                {
                    request.Headers.TryAddWithoutValidation("If-Match", "*");
                }

                var response = await administrator.SendAsync(request);
                var isRepeated = range == "bytes=0-3";
                var isAsEver = response.StatusCode == status || (isRepeated && (int)response.StatusCode is 200 or 201 or 409);
                Assert.True(isAsEver, $"{method} {path} {(int)response.StatusCode}");
                Assert.Null(response.Content.Headers.ContentRange);
                tag = response.Headers.ETag?.Tag ?? tag;
            }
        }

        Assert.Equal("approved", (string)(await administrator.GetJsonAsync(report))["status"]!);
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
