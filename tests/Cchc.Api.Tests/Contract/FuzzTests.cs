using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cchc.Api.Keys;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Contract;

/// <summary>
/// Requests made from the contract's operations and examples, most of them damaged, as callers of every role: none makes the server fail.
/// <c>CCHC_FUZZ_SEED</c> and <c>CCHC_FUZZ_REQUESTS</c> make others, and more.
/// </summary>
public sealed partial class FuzzTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Row = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,10\nSNV,2022-H1,II.3.a,x,10\n";
    private const string Draft = """
        {"copyFrom":"cchc-2022","code":"cchc-2023","number":"1","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}
        """;

    private const string Hook = """{"url":"https://portal.example/hooks"}""";

    private static readonly int Seed = Setting("CCHC_FUZZ_SEED", 398);
    private static readonly int Requests = Setting("CCHC_FUZZ_REQUESTS", 20_000);

    // Of any operation; what one takes for itself the contract says.
    private static readonly string[] Common =
    [
        "Accept", "Accept-Language", "Accept-Encoding", "If-None-Match", "If-Match", "Range", "If-Range", "Prefer", "Idempotency-Key",
        "Origin", "traceparent",
        "X-Forwarded-For", "X-Forwarded-Prefix", "If-Modified-Since", "Cookie",
    ];

    private static readonly string[] Strays =
        ["x=1", "period=2022-H1", "limit=1&limit=2", "%00=1", "=", "&&", "a[]=1", "q=%ED%A0%80", "lens=provisional"];

    private static readonly HttpMethod[] Methods =
        [HttpMethod.Head, HttpMethod.Options, HttpMethod.Patch, HttpMethod.Trace, HttpMethod.Put, HttpMethod.Delete];

    private static readonly string[] Dispositions =
        ["attachment; filename=a.csv", "attachment; filename*=UTF-8''%E1%BA%BF.xlsx", "x; filename=\"", ";"];

    private static readonly string[] MediaTypes =
    [
        "application/json", "application/json; charset=utf-16", "application/json; charset=none", "text/csv; charset=windows-1258",
        "text/plain", "application/xml",
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
        "nonsense", "",
    ];

    private static readonly Dictionary<string, string[]> Codes = new()
    {
        ["plan"] = ["cchc-2022", "CCHC-2022", "cchc-2023"],
        ["period"] = ["2022-Q1", "2022-H1", "2022-Q3", "2022-FY"],
        ["unit"] = ["SNV", "STP", "D474", "C19753", "TTH"],
        ["target"] = ["II.3.a", "II.10.a", "II.11.d", "ii.6.b"],
        ["task"] = ["III.2.e", "V.1", "III.2.b"],
        ["number"] = ["1", "2"],
    };

    [Fact]
    public async Task No_request_makes_the_server_fail()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        using var administrator = await api.KeyAsync(Role.Administrator);
        using var reviewer = await api.KeyAsync(Role.Reviewer, "SNV");
        using var district = await api.KeyAsync(Role.Reporter, "D474");
        using var reporter = await api.KeyAsync(Role.Reporter, "STP");
        using var monitor = await api.KeyAsync(Role.Monitor);
        using var confined = await api.KeyAsync(Role.Administrator, null, KeyScope.Read);
        using var stranger = api.Holding("cchc_" + new string('0', 64));
        HttpClient[] callers =
        [
            administrator, administrator, administrator, reviewer, district, reporter, monitor, confined, stranger, api.Anonymous,
            api.Anonymous,
        ];

        // Nothing leaves this machine: a ping is the only message sent, to a name that does not resolve.
        await api.Services.GetServices<IHostedService>().OfType<Cchc.Api.Webhooks.WebhookWorker>().Single().StopAsync(default);
        var known = await PrepareAsync(administrator);
        var workbook = await administrator.GetByteArrayAsync(
            new Uri($"{Plan}/report-template?period=2022-H1&unit=STP&format=xlsx", UriKind.Relative));
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var operations = contract["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Select(each => new Operation(path.Key, each.Key, each.Value!, contract["components"]!["schemas"]!))).ToList();

        var (failures, statuses) = (new ConcurrentBag<string>(), new ConcurrentDictionary<(string Id, int Status), int>());
        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (index, cancellation) =>
        {
            var random = new Random(unchecked((Seed * 1_000_003) + index));
            var operation = operations[index % operations.Count];
            var client = random.Pick(callers);

            // Some requests are as the contract has them, of the others some part is damaged. What ends a thing that others need comes last.
            var damage = operation.IsEnding && index < Requests * 0.9 ? 1 : random.Chance(0.3) ? 0 : random.Chance(0.6) ? 0.1 : 0.4;
            using var request = Make(random, operation, damage, known, workbook);
            try
            {
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
                var (status, type) = ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType);
                statuses.AddOrUpdate((operation.Id, status), 1, (_, count) => count + 1);
                var body = type == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync(cancellation);
                if (status >= 500 || (status >= 400 && body.Length > 0 && type != "application/problem+json"))
                {
                    failures.Add($"{index} {await TellAsync(request)}\n  {status} {body}");
                }
            }
            catch (Exception fault)
            {
                failures.Add($"{index} {await TellAsync(request)}\n  {fault}");
            }
        });
        Assert.True(
            failures.IsEmpty, $"{failures.Count} of {Requests} with CCHC_FUZZ_SEED={Seed}:\n{string.Join('\n', failures.Take(20))}");

        // Damaged as they are, the requests must reach what an operation does, and its refusals.
        Assert.All(operations, operation =>
        {
            Assert.True(statuses.Any(each => each.Key.Id == operation.Id && each.Key.Status < 400), operation.Id);
            Assert.True(statuses.Any(each => each.Key.Id == operation.Id && each.Key.Status >= 400), operation.Id);
        });
    }

    // One of everything that has a number or an id.
    private static async Task<IReadOnlyDictionary<string, string>> PrepareAsync(HttpClient administrator)
    {
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        await PostAsync($"{Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}""");
        await PostAsync($"{Plan}/periods/2022-H1/results", null);
        await PostAsync("/v1/plans", Draft);
        return new Dictionary<string, string>
        {
            ["report-imports"] = (string)(await (await administrator.ImportAsync(Row, "?mode=partial")).JsonAsync())["id"]!,
            ["webhooks"] = (string)(await PostAsync("/v1/webhooks", Hook))["id"]!,
            ["api-keys"] = (string)(await PostAsync("/v1/api-keys", """{"role":"monitor"}"""))["id"]!,
        };

        async Task<JsonNode> PostAsync(string path, string? body)
        {
            var response = await administrator.SendJsonAsync(HttpMethod.Post, path, body);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            return await response.JsonAsync();
        }
    }

    private static HttpRequestMessage Make(
        Random random, Operation operation, double damage, IReadOnlyDictionary<string, string> known, byte[] workbook)
    {
        var path = Hole().Replace(operation.Path, hole => random.Chance(damage) ? Noise.Value(random)
            : Codes.TryGetValue(hole.Groups[1].Value, out var codes) ? random.Pick(codes) : known[operation.Path.Split('/')[2]]);
        var query = new List<string>();
        foreach (var parameter in operation.Parameters.Where(
            each => each.Place == "query" && (each.IsRequired ? !random.Chance(damage / 2) : random.Chance(0.25))))
        {
            query.Add($"{parameter.Name}={(random.Chance(damage) ? Noise.Value(random) : parameter.Sample(random))}");
        }

        if (operation.Id == "followChanges" || random.Chance(damage / 10))
        {
            query.RemoveAll(each => each.StartsWith("follow=", StringComparison.Ordinal));
            query.Add("follow=false");
        }

        if (random.Chance(damage / 4))
        {
            query.Add(random.Pick(Strays));
        }

        var method = random.Chance(damage / 10) ? random.Pick(Methods) : operation.Method;
        var address = $"http://localhost{path}{(query.Count > 0 ? "?" + string.Join('&', query) : "")}";
        var request = new HttpRequestMessage(method, new Uri(address));
        if (operation.Bodies.Count > 0 && !random.Chance(damage / 4))
        {
            request.Content = Body(random, operation, damage, workbook);
        }

        foreach (var parameter in operation.Parameters.Where(each => each.Place == "header" && random.Chance(0.4)))
        {
            Add(
                parameter.Name,
                random.Chance(damage) ? Noise.Header(random) : parameter.Name == "If-Match" ? "*" : parameter.Sample(random));
        }

        foreach (var name in Common.Where(_ => random.Chance(damage / 6)))
        {
            Add(name, Noise.Header(random));
        }

        return request;

        void Add(string name, string value)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static ByteArrayContent Body(Random random, Operation operation, double damage, byte[] workbook)
    {
        var (type, example) = random.Pick(operation.Bodies);
        var isDamaged = random.Chance(damage * 2);
        byte[] bytes;
        if (type.Contains("spreadsheetml", StringComparison.Ordinal))
        {
            bytes = isDamaged ? Noise.Bytes(random, workbook) : workbook;
        }
        else if (type == "multipart/form-data")
        {
            var file = isDamaged ? Noise.Text(random, Row) : Row;
            bytes = Encoding.UTF8.GetBytes(
                $"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{file}\r\n--x--\r\n");
            type = "multipart/form-data; boundary=x";
        }
        else if (type == "application/json")
        {
            // Characters of an address are never changed: it might become one that exists.
            var text = isDamaged ? Noise.Json(random, example) : example?.ToJsonString() ?? "{}";
            var isCut = isDamaged && random.Chance(0.2) && !text.Contains("://", StringComparison.Ordinal);
            bytes = Encoding.UTF8.GetBytes(isCut ? Noise.Text(random, text) : text);
        }
        else
        {
            bytes = Encoding.UTF8.GetBytes(isDamaged ? Noise.Text(random, (string?)example ?? Row) : (string?)example ?? Row);
        }

        bytes = random.Chance(damage / 8) ? Noise.Bytes(random, bytes) : bytes;
        string? coding = null;
        if (random.Chance(damage / 8))
        {
            (coding, bytes) = (random.Pick(["gzip", "br", "gzip, br", "deflate", "x"]), random.Chance(0.5) ? Compress(bytes) : bytes);
            bytes = random.Chance(0.5) ? Noise.Bytes(random, bytes) : bytes;
        }

        var content = new ByteArrayContent(bytes);
        content.Headers.TryAddWithoutValidation("Content-Type", random.Chance(damage / 6) ? random.Pick(MediaTypes) : type);
        if (coding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        }

        if (random.Chance(damage / 6))
        {
            content.Headers.TryAddWithoutValidation("Content-Disposition", random.Pick(Dispositions));
        }

        return content;
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return result.ToArray();
    }

    private static async Task<string> TellAsync(HttpRequestMessage request)
    {
        var body = request.Content is null ? "" : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync());
        body = body[..Math.Min(body.Length, 2000)];
        return $"{request.Method} {request.RequestUri!.OriginalString}\n{request.Headers}{request.Content?.Headers}{body}";
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : usual;

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Hole();

    private sealed record Operation(
        string Id, string Path, HttpMethod Method, IReadOnlyList<Input> Parameters, IReadOnlyList<(string Type, JsonNode? Example)> Bodies)
    {
        public bool IsEnding => Method == HttpMethod.Delete || Id == "enactPlan";

        public Operation(string path, string method, JsonNode described, JsonNode schemas)
            : this(
                (string)described["operationId"]!, path, HttpMethod.Parse(method),
                [.. described["parameters"]?.AsArray().Select(each => new Input(each!, schemas)).Where(each => each.Place != "path") ?? []],
                [.. described["requestBody"]?["content"]?.AsObject().Select(body => (body.Key, body.Value!["example"])) ?? []])
        {
        }
    }

    private sealed partial record Input(string Name, string Place, bool IsRequired, IReadOnlyList<string> Samples)
    {
        public Input(JsonNode described, JsonNode schemas)
            : this(
                (string)described["name"]!, (string)described["in"]!, (bool?)described["required"] == true,
                [.. SamplesOf(described, schemas)])
        {
        }

        public string Sample(Random random) => Place == "query" ? Uri.EscapeDataString(random.Pick(Samples)) : random.Pick(Samples);

        private static IEnumerable<string> SamplesOf(JsonNode described, JsonNode schemas)
        {
            var schema = described["schema"]!;
            schema = (string?)schema["$ref"] is { } reference ? schemas[reference.Split('/')[^1]]! : schema;
            var sample = Sampled().Match((string?)described["description"] ?? "");
            return described["example"] is { } example ? [example.ToString()]
                : schema["enum"] is JsonArray words ? words.Select(word => word!.ToString())
                : sample.Success ? [sample.Groups[1].Value]
                : Codes.TryGetValue((string)described["name"]!, out var codes) ? codes
                : (string?)schema["type"] switch
                {
                    "boolean" => ["true", "false"],
                    "integer" => ["1", "2", "100"],
                    _ => ["vi", "1", "SNV"],
                };
        }

        [GeneratedRegex("Example: `\"?([^`\"]*)")]
        private static partial Regex Sampled();
    }
}
