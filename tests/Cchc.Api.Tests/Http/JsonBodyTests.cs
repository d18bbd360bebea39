using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Contract;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Http;

/// <summary>What holds for the JSON body of every operation of the contract, with the contract's own examples.</summary>
public sealed class JsonBodyTests : IAsyncLifetime
{
    private static readonly JsonNode Contract =
        JsonNode.Parse(File.ReadAllText(Path.Combine(ContractTests.Root(), "openapi", "v1.json")))!;

    private ApiHost _api = null!;
    private HttpClient _client = null!;
    private List<(HttpMethod Method, string Path, JsonNode Schema, JsonNode Example)> _operations = [];

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Engine.Sqlite);
        _client = await _api.KeyAsync(Role.Administrator);
        var webhook = await CreateAsync("/v1/webhooks", """{"url":"https://hook.invalid/a"}""");
        var key = await CreateAsync("/v1/api-keys", """{"role":"monitor"}""");
        await CreateAsync($"{HttpExtensions.Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""");
        _operations =
        [
            .. from path in Contract["paths"]!.AsObject()
               where !path.Key.EndsWith("/report-imports", StringComparison.Ordinal)
               from operation in path.Value!.AsObject()
               let body = operation.Value!["requestBody"]?["content"]?["application/json"]
               where body is not null
               let address = path.Key.Replace("{plan}", "cchc-2022", StringComparison.Ordinal)
                   .Replace("{period}", "2022-H1", StringComparison.Ordinal)
                   .Replace("{unit}", "STP", StringComparison.Ordinal).Replace("{task}", "III.2.e", StringComparison.Ordinal)
                   .Replace("{number}", "1", StringComparison.Ordinal)
                   .Replace("{id}", path.Key.Contains("webhooks", StringComparison.Ordinal) ? webhook : key, StringComparison.Ordinal)
               select (new HttpMethod(operation.Key.ToUpperInvariant()), address, body["schema"]!, body["example"] ?? new JsonObject()),
        ];
        Assert.True(_operations.Count > 20);
        Assert.DoesNotContain(_operations, operation => operation.Path.Contains('{', StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("{\"reason\":\"\\ud800\"}", "text.surrogate", "/reason")]
    [InlineData("{\"reason\":{\"deep\":[\"\\uDC00\\uD800\"]}}", "text.surrogate", "/reason/deep/0")]
    [InlineData("{\"\\udbff\":\"a\"}", "text.surrogate", "")]
    [InlineData("{\"\\ud800\":1,\"\\ud800\":2}", "text.surrogate", "")]
    [InlineData("{\"colour\":{\"\\udc00\":null}}", "text.surrogate", "/colour")]
    [InlineData("{\"reason\":\"\u00ff\"}", "json.notUtf8", "")]
    [InlineData("{\"\u00ff\":1}", "json.notUtf8", "")]
    [InlineData("{\"reason\":\"a\"", "json.malformed", "")]
    [InlineData("[[[[[[[[[[[[[[[[[[", "json.malformed", "")]
    [InlineData("{\"reason\":1,\"reason\":2}", "json.malformed", "")]
    [InlineData("[]", "json.wrongType", "")]
    public async Task What_is_no_text_or_no_JSON_is_malformed(string body, string code, string pointer)
    {
        foreach (var operation in _operations)
        {
            // Written byte by byte, so that what is no UTF-8 stays so.
            var (status, problem) = await SendAsync(operation.Method, operation.Path, Encoding.Latin1.GetBytes(body));
            Assert.True(status == 400, $"{operation.Path}: {problem}");
            Assert.Contains(problem["errors"]!.AsArray(), error => (string?)error!["code"] == code && (string?)error["pointer"] == pointer);
        }
    }

    [Fact]
    public async Task Malformed_JSON_is_told_by_its_place_in_the_language_asked_for()
    {
        var (_, vietnamese) = await SendAsync(HttpMethod.Post, "/v1/plans", "{\n  \"code\": x"u8.ToArray());
        Assert.Equal("JSON sai cú pháp ở dòng 2, byte thứ 11.", (string?)vietnamese["errors"]![0]!["detail"]);
        _client.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
        var (_, english) = await SendAsync(HttpMethod.Post, "/v1/plans", "{\n  \"code\": x"u8.ToArray());
        Assert.Equal(
            "The JSON is malformed at line 2, byte 11: 'x' is an invalid start of a value.", (string?)english["errors"]![0]!["detail"]);
    }

    [Fact]
    public async Task A_pair_of_surrogates_is_text()
    {
        var (status, report) = await SendAsync(
            HttpMethod.Put, $"{HttpExtensions.Plan}/reports/2022-H1/STP",
            Encoding.ASCII.GetBytes("""{"narrative":"a\ud83d\uDE00 \u0111\\ud800"}"""));
        Assert.Equal(201, status);
        Assert.Equal("a😀 đ\\ud800", (string?)report["narrative"]);
    }

    [Fact]
    public async Task A_null_is_refused_where_an_array_or_object_may_not_be_null()
    {
        var (refused, taken) = (0, 0);
        foreach (var (method, path, schema, example) in _operations)
        {
            foreach (var (at, isNullable) in ArraysOf(schema, example, ""))
            {
                var body = example.DeepClone();
                var names = at.Split('/')[1..];
                var parent = names[..^1].Aggregate(body, (node, name) => node is JsonArray array ? array[IndexOf(name)]! : node[name]!);
                if (parent is JsonArray items)
                {
                    items[IndexOf(names[^1])] = null;
                }
                else
                {
                    parent[names[^1]] = null;
                }

                var (status, problem) = await SendAsync(method, path, Encoding.UTF8.GetBytes(body.ToJsonString()));
                var isRefused = problem["errors"]?.AsArray().Any(
                    error => (string?)error!["code"] == "json.wrongType" && (string?)error["pointer"] == at) == true;
                Assert.True(isRefused == !isNullable, $"{path} {at}: {problem}");
                Assert.True(isNullable || status == 400);
                (refused, taken) = isNullable ? (refused, taken + 1) : (refused + 1, taken);
            }
        }

        Assert.True(refused >= 15 && taken >= 5, $"{refused} refused, {taken} taken");
    }

    [Fact]
    public async Task Errors_beyond_a_hundred_are_counted_and_not_shown()
    {
        var body = new JsonObject(Enumerable.Range(0, 5000).Select(number => KeyValuePair.Create($"colour{number}", (JsonNode?)number)));
        foreach (var (method, path, _, _) in _operations)
        {
            var (status, problem) = await SendAsync(method, path, Encoding.UTF8.GetBytes(body.ToJsonString()));
            Assert.Equal(400, status);
            Assert.Equal(100, problem["errors"]!.AsArray().Count);
            Assert.Equal("/colour0", (string?)problem["errors"]![0]!["pointer"]);
            Assert.InRange((int)problem["errorsLeftOff"]!, 4900, 4915);
        }

        // A hundred are shown; one that is malformed decides, wherever it stands.
        var values = string.Join(',', Enumerable.Repeat("""{"target":"II.3.a","numerator":-1}""", 100));
        var report = $"{HttpExtensions.Plan}/reports/2022-H1/STP";
        var (breach, whole) = await SendAsync(HttpMethod.Put, report, Encoding.UTF8.GetBytes($$"""{"values":[{{values}}]}"""));
        Assert.Equal((422, 100), (breach, whole["errors"]!.AsArray().Count));
        Assert.Null(whole["errorsLeftOff"]);
        var (mixed, last) = await SendAsync(HttpMethod.Put, report, Encoding.UTF8.GetBytes($$"""{"values":[{{values}},{"target":5}]}"""));
        Assert.Equal((400, 1), (mixed, (int)last["errorsLeftOff"]!));
    }

    [Fact]
    public async Task A_refusal_repeats_200_characters_of_a_value_at_most()
    {
        var text = string.Concat(Enumerable.Repeat("😀x", 5000));
        foreach (var (method, path, _, _) in _operations)
        {
            var body = new JsonObject { [text] = text, ["kinds"] = new JsonArray(text) };
            foreach (var name in new[] { "number", "unit", "reason", "role" })
            {
                body[name] = text;
            }

            var (status, problem) = await SendAsync(method, path, Encoding.UTF8.GetBytes(body.ToJsonString()));
            Assert.Equal(400, status);
            foreach (var error in problem["errors"]!.AsArray())
            {
                Assert.InRange(((string?)error!["value"])?.Length ?? 0, 0, 200);
                Assert.InRange(((string?)error["pointer"])!.Length, 0, 210);
                Assert.InRange(((string?)error["detail"])!.Length, 0, 300);
                Assert.DoesNotContain('\uFFFD', error.ToJsonString().Replace("\\uFFFD", "\uFFFD", StringComparison.OrdinalIgnoreCase));
            }
        }

        var (_, codes) = await SendAsync(HttpMethod.Put, $"{HttpExtensions.Plan}/definition", Encoding.UTF8.GetBytes(
            new JsonObject { ["tasks"] = new JsonArray(new JsonObject { ["coordinating"] = new JsonArray(text) }) }.ToJsonString()));
        Assert.Contains(codes["errors"]!.AsArray(), error => ((string?)error!["value"])?.Length is > 100 and <= 200);
        var address = await (await _client.GetAsync(new Uri($"/v1/plans/{new string('a', 5000)}", UriKind.Relative))).JsonAsync();
        Assert.InRange(((string)address["title"]!).Length, 100, 260);
    }

    // Every array and every item that is an object, as far as the example has them.
    private static IEnumerable<(string Pointer, bool IsNullable)> ArraysOf(JsonNode schema, JsonNode? example, string pointer)
    {
        schema = Resolve(schema);
        if (schema["items"] is { } items)
        {
            yield return (pointer, schema["type"] is JsonArray);
            if (example is not JsonArray { Count: > 0 } given)
            {
                yield break;
            }

            if (Resolve(items)["properties"] is not null)
            {
                yield return ($"{pointer}/0", false);
            }

            foreach (var found in ArraysOf(items, given[0], $"{pointer}/0"))
            {
                yield return found;
            }
        }

        foreach (var (name, member) in schema["properties"]?.AsObject() ?? [])
        {
            foreach (var found in ArraysOf(member!, example?[name], $"{pointer}/{name}"))
            {
                yield return found;
            }
        }
    }

    private static int IndexOf(string name) => int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);

    private static JsonNode Resolve(JsonNode schema) =>
        (string?)schema["$ref"] is { } reference ? Contract["components"]!["schemas"]![reference.Split('/')[^1]]! : schema;

    private async Task<string> CreateAsync(string path, string body)
    {
        var (status, created) = await SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body));
        Assert.Equal(201, status);
        return created["id"]?.ToString() ?? "";
    }

    private async Task<(int Status, JsonNode Answer)> SendAsync(HttpMethod method, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.JsonAsync());
    }
}
