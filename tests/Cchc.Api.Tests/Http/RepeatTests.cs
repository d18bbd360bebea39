using System.Net;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Http;

/// <summary>What becomes of an answer that is kept after its write, when something comes between the two.</summary>
public sealed class RepeatTests : IAsyncLifetime
{
    private const string Copy =
        """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""";

    private readonly FaultyDialect _dialect = new();
    private ApiHost _api = null!;
    private HttpClient _administrator = null!;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(_dialect));
        _administrator = await _api.KeyAsync(Role.Administrator);
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task A_client_that_did_not_wait_finds_its_answer()
    {
        using var leaving = new CancellationTokenSource();
        AfterTheWrite(leaving.CancelAsync);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PostAsync(leaving.Token));
        var again = await PostAsync(default);
        for (var round = 0; again.StatusCode == HttpStatusCode.Conflict && await CodeAsync(again) == "idempotency.busy"; round++)
        {
            Assert.InRange(round, 0, 10_000);
            again = await PostAsync(default);
        }

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("cchc-2023", (string?)(await again.JsonAsync())["definition"]!["code"]);
    }

    [Theory]
    [InlineData("   ")]
    [InlineData("a", "b")]
    [InlineData("á")]
    public async Task A_key_that_is_none_is_refused_and_not_passed_over(params string[] keys)
    {
        foreach (var (path, body) in new[]
        {
            ($"{HttpExtensions.Plan}/obstacles", """{"unit":"STP","title":"a","description":"b"}"""),
            ("/v1/api-keys", """{"role":"monitor"}"""),
            ("/v1/plans", Copy),
            ($"{HttpExtensions.Plan}/report-imports", "[]"),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("Idempotency-Key", keys);
            var response = await _administrator.SendAsync(request);
            Assert.Equal((400, "idempotency.invalid"), ((int)response.StatusCode, await CodeAsync(response)));
        }
    }

    [Fact]
    public async Task An_answer_that_cannot_be_kept_is_given_all_the_same_and_its_repetition_refused()
    {
        AfterTheWrite(() =>
        {
            _dialect.IsGone = true;
            SqliteConnection.ClearAllPools();
            return Task.CompletedTask;
        });
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(default)).StatusCode);

        _dialect.IsGone = false;
        _api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("idempotency.busy", await CodeAsync(await PostAsync(default)));
        _api.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("plan.exists", await CodeAsync(await PostAsync(default)));
    }

    // The first commit claims the key, the second is the write's.
    private void AfterTheWrite(Func<Task> then)
    {
        _dialect.Commits.Enqueue(transaction => transaction.CommitAsync());
        _dialect.Commits.Enqueue(async transaction =>
        {
            await transaction.CommitAsync();
            await then();
        });
    }

    private async Task<HttpResponseMessage> PostAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/plans") { Content = new StringContent(Copy, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", "2023");
        return await _administrator.SendAsync(request, cancellation);
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) => (string?)(await response.JsonAsync())["code"];
}
