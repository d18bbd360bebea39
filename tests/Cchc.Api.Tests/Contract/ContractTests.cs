using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.AspNetCore.Http;

namespace Cchc.Api.Tests.Contract;

public sealed class ContractTests
{
    private static readonly (string Name, string Value)[] Codes =
        [("plan", "cchc-2022"), ("period", "2022-Q1"), ("unit", "SNV"), ("target", "II.3.a"), ("task", "V.1"), ("number", "1")];

    [Fact]
    public async Task The_committed_contract_is_what_the_server_says()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var served = (await api.Anonymous.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative))).ReplaceLineEndings("\n") + "\n";
        var file = Path.Combine(Root(), "openapi", "v1.json");
        if (Environment.GetEnvironmentVariable("CCHC_UPDATE_CONTRACT") == "1")
        {
            await File.WriteAllTextAsync(file, served);
        }

        Assert.Equal(await File.ReadAllTextAsync(file), served);
    }

    [Fact]
    public async Task Every_operation_has_an_id_a_summary_a_success_and_refusals()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var operations = contract["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(each => each.Value!).ToList();
        Assert.True(operations.Count >= 20);
        Assert.All(operations, operation =>
        {
            Assert.NotNull(operation["operationId"]);
            Assert.NotNull(operation["summary"]);
            var responses = operation["responses"]!.AsObject().Select(each => each.Key).ToList();
            Assert.Contains("200", responses);
            Assert.Contains("400", responses);
            Assert.Contains("503", responses);
        });
    }

    [Fact]
    public async Task The_contract_is_one_that_common_readers_know()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        Assert.Equal("3.1.1", (string)contract["openapi"]!);
        var types = Objects(contract).Select(each => each["type"]).OfType<JsonArray>()
            .Where(type => type.Any(name => (string)name! == "null")).ToList();
        Assert.True(types.Count > 100);
        Assert.All(types, type => Assert.Equal("null", (string)type[^1]!));
    }

    [Fact]
    public async Task The_contract_is_compressed_and_known_by_its_tag()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        var plain = await api.Anonymous.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        var length = (await plain.Content.ReadAsByteArrayAsync()).Length;
        var tags = new HashSet<string> { plain.Headers.ETag!.Tag };
        foreach (var coding in new[] { "br", "gzip" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { { "Accept-Encoding", coding } } };
            var coded = await api.Anonymous.SendAsync(request);
            Assert.Equal([coding], coded.Content.Headers.ContentEncoding);
            Assert.InRange((await coded.Content.ReadAsByteArrayAsync()).Length, 1, length / 5);
            Assert.True(tags.Add(coded.Headers.ETag!.Tag));
            using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json")
            {
                Headers = { { "Accept-Encoding", coding }, { "If-None-Match", coded.Headers.ETag.Tag } },
            };
            Assert.Equal(HttpStatusCode.NotModified, (await api.Anonymous.SendAsync(again)).StatusCode);
        }
    }

    /// <summary>As a page does that tries an operation: with the example of every parameter that has one.</summary>
    [Fact]
    public async Task No_read_is_refused_with_the_examples_of_its_parameters()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var contract = await administrator.GetJsonAsync("/openapi/v1.json");
        var count = 0;
        var reads = contract["paths"]!.AsObject().Where(each => each.Key != "/v1/events" && each.Value!["get"] is not null);
        foreach (var (path, item) in reads)
        {
            var (address, query) = (path, new List<KeyValuePair<string, string?>>());
            foreach (var parameter in item!["get"]!["parameters"]?.AsArray() ?? [])
            {
                var isOneOfTwo = path.EndsWith("/report-template", StringComparison.Ordinal) && (string?)parameter!["name"] == "unit";
                Assert.Equal((bool?)parameter!["required"] == true || isOneOfTwo, parameter["example"] is not null);
                if (parameter["example"] is { } example)
                {
                    var (name, value) = ((string)parameter["name"]!, example.ToString());
                    address = address.Replace($"{{{name}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
                    query.AddRange((string?)parameter["in"] == "query" ? [new(name, value)] : []);
                }
            }

            var response = await administrator.GetAsync(new Uri(address + QueryString.Create(query), UriKind.Relative));
            Assert.True(response.StatusCode != HttpStatusCode.BadRequest, $"{address}: {await response.Content.ReadAsStringAsync()}");
            count++;
        }

        Assert.True(count > 40);
    }

    [Fact]
    public async Task Every_address_says_its_methods_and_answers_head_as_get()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var contract = await administrator.GetJsonAsync("/openapi/v1.json");
        foreach (var (path, item) in contract["paths"]!.AsObject().Where(each => each.Key != "/v1/events"))
        {
            var address = Codes.Aggregate(path, (text, code) => text.Replace($"{{{code.Name}}}", code.Value, StringComparison.Ordinal));
            var methods = item!.AsObject().Select(each => each.Key.ToUpperInvariant()).ToList();
            methods.AddRange(methods.Contains("GET") ? ["HEAD"] : []);
            var (options, patch) = (await SendAsync(HttpMethod.Options), await SendAsync(HttpMethod.Patch));
            Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.MethodNotAllowed), (options.StatusCode, patch.StatusCode));
            Assert.Equal(methods.Order(), options.Content.Headers.Allow.Order());
            Assert.Equal(methods.Order(), patch.Content.Headers.Allow.Order());
            if (methods.Contains("GET"))
            {
                var (get, head) = (await SendAsync(HttpMethod.Get), await SendAsync(HttpMethod.Head));
                Assert.True(get.StatusCode == head.StatusCode, address);
                Assert.Equal(get.Headers.ETag, head.Headers.ETag);
                Assert.Empty(await head.Content.ReadAsByteArrayAsync());
            }

            async Task<HttpResponseMessage> SendAsync(HttpMethod method)
            {
                using var request = new HttpRequestMessage(method, address);
                return await administrator.SendAsync(request);
            }
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Objects(member.Value)).Prepend(members),
        JsonArray items => items.SelectMany(Objects),
        _ => [],
    };

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cchc.Api.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
