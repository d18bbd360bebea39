using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Contract;

public sealed class ContractTests
{
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
