using Cchc.Api.Data;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Contract;

/// <summary>The headers that the contract describes: <see cref="ContractCheck"/> holds every answer of every test against it.</summary>
public sealed class HeaderTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Row = "unit,period,target,numerator,total\nSTP,2022-H1,II.3.a,1,10\n";
    private const string Obstacle = """{"unit":"STP","title":"a","description":"b"}""";

    [Fact]
    public async Task Every_header_that_is_described_comes()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, limit: 12, configure: services => services.AddSingleton<Dialect>(dialect));
        using var client = await api.KeyAsync(Role.Administrator);
        var contract = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var answers = new List<HttpResponseMessage>
        {
            await GetAsync(api.Anonymous, "/v1/units?limit=1"),
            await GetAsync(api.Anonymous, $"{Plan}/completion/rows?format=csv"),
            await GetAsync(api.Anonymous, $"{Plan}/reports"),
            await GetAsync(client, $"{Plan}/report-template?period=2022-H1&unit=STP"),
            await client.SendJsonAsync(HttpMethod.Post, $"{Plan}/obstacles", Obstacle),
            await client.ImportAsync(Row),
            await client.ImportAsync(Row, prefer: "respond-async"),
        };
        dialect.IsGone = true;
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        api.Time.Advance(TimeSpan.FromSeconds(20));
        answers.Add(await GetAsync(api.Anonymous, "/v1/units?limit=1"));
        answers.Add(await client.SendJsonAsync(HttpMethod.Post, $"{Plan}/obstacles", Obstacle));

        var described = contract["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .SelectMany(operation => operation.Value!["responses"]!.AsObject()).SelectMany(response => response.Value!["headers"]!.AsObject())
            .Select(header => header.Key).ToHashSet();
        var came = answers.SelectMany(answer => answer.Headers.Concat(answer.Content.Headers)).Select(header => header.Key).ToHashSet();
        Assert.Empty(described.Except(came, StringComparer.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(200, "ETag Cache-Control Age Server", null)]
    [InlineData(200, "etag CACHE-CONTROL", null)]
    [InlineData(200, "Cache-Control", "lacks ETag")]
    [InlineData(200, "ETag Cache-Control Last-Modified Sunset", "carries Last-Modified, Sunset")]
    [InlineData(503, "Cache-Control Content-Language", "lacks Retry-After")]
    [InlineData(418, "Cache-Control Content-Language", "418 is not described")]
    public void An_answer_that_is_not_as_described_is_told(int status, string headers, string? fault)
    {
        var told = Record.Exception(() => ContractCheck.Check("GET", "/v1/units/SNV", status, headers.Split(' ')));
        Assert.Equal(fault is null, told is null);
        Assert.Contains(fault ?? "", told?.Message ?? "", StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> GetAsync(HttpClient client, string path) => client.GetAsync(new Uri(path, UriKind.Relative));
}
