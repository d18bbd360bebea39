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
