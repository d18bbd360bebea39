using System.Text.RegularExpressions;
using Cchc.Api.Data;
using Cchc.Api.Tests.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Data;

/// <summary>Writers that lock in one order never wait for each other in a ring.</summary>
public sealed partial class LockOrderTests
{
    [Fact]
    public async Task Every_write_takes_versions_then_rows_then_the_outbox_then_the_trail()
    {
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(dialect));
        using var administrator = await api.KeyAsync(Role.Administrator);
        dialect.Writes = new();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 1, 2));
        await administrator.ActAsync("STP", "reopen", """{"reason":"a"}""");
        await administrator.ImportAsync("unit,period,target,numerator,total\nSNV,2022-H1,II.3.a,1,10\n", "?submit=true", "key-1");
        foreach (var (path, body) in new[]
        {
            ($"{HttpExtensions.Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}"""),
            ($"{HttpExtensions.Plan}/obstacles/1/comment", """{"text":"a"}"""),
            ($"{HttpExtensions.Plan}/periods/2022-H1/results", """{"reason":"a"}"""),
            ("/v1/api-keys", """{"role":"monitor"}"""),
            ("/v1/plans", """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"1","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}"""),
            ("/v1/webhooks", """{"url":"https://example.org/"}"""),
        })
        {
            administrator.DefaultRequestHeaders.Remove("Idempotency-Key");
            administrator.DefaultRequestHeaders.Add("Idempotency-Key", path);
            var response = await administrator.SendJsonAsync(HttpMethod.Post, path, body);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
        }

        var writes = dialect.Writes.Select(Tables).ToList();
        Assert.InRange(writes.Count(write => write.Contains("data_versions")), 6, int.MaxValue);
        Assert.All(writes, write => Assert.Equal(write.OrderBy(Rank), write));
    }

    // Within the rows any order will do: whoever writes the same rows has the same version first.
    private static int Rank(string table) => table switch
    {
        "data_versions" => 0,
        "change_heads" => 2,
        "changes" => 3,
        "audit_heads" => 4,
        "audit_log" => 5,
        _ => 1,
    };

    private static List<string> Tables(IReadOnlyList<string> write) =>
        [.. write.Select(statement => Written().Match(statement)).Where(written => written.Success)
            .Select(written => written.Groups[1].Value).Distinct()];

    [GeneratedRegex(@"^\s*(?:/\*.*?\*/\s*)?(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")]
    private static partial Regex Written();
}
