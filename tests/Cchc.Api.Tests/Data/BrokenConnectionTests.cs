using System.Net;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Data;

/// <summary>What SQL Server's client does when its connection breaks, and what becomes of the change that was on its way.</summary>
public sealed class BrokenConnectionTests
{
    [SkippableTheory, InlineData(Cut.Idle), InlineData(Cut.Statement), InlineData(Cut.BeforeCommit), InlineData(Cut.AfterCommit)]
    public async Task A_change_whose_connection_breaks_happens_once(Cut cut)
    {
        await using var world = await World.StartAsync();
        await world.PutAsync(1);
        var before = await world.VersionAsync();
        world.Proxy.Arm(cut);
        Assert.Equal(HttpStatusCode.OK, (await world.PutAsync(2)).StatusCode);
        Assert.Equal(cut == Cut.Idle ? 0 : 1, world.Proxy.Cuts);
        Assert.Equal(2, await world.CountPutsAsync());
        Assert.Equal(before + 1, await world.VersionAsync());
        Assert.Equal(2, (await world.Administrator.GetJsonAsync("/v1/changes"))["items"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.OK, (await world.PutAsync(2)).StatusCode);
        Assert.Equal(2, await world.CountPutsAsync());
    }

    [SkippableTheory, InlineData(Cut.BeforeCommit), InlineData(Cut.AfterCommit)]
    public async Task A_commit_of_which_nothing_can_be_learnt_is_answered_as_such_and_may_be_repeated(Cut cut)
    {
        await using var world = await World.StartAsync();
        await world.PutAsync(1);
        world.Proxy.GoesAfterCut = true;
        world.Proxy.Arm(cut);
        var unknown = await world.PutAsync(2);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        Assert.Equal("write.unknown", (string?)(await unknown.JsonAsync())["code"]);
        Assert.NotNull(unknown.Headers.RetryAfter);

        (world.Proxy.GoesAfterCut, world.Proxy.IsGone) = (false, false);
        world.Api.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await world.PutAsync(2)).StatusCode);
        Assert.Equal(2, await world.CountPutsAsync());
    }

    /// <summary>A host that reaches its server through the proxy.</summary>
    private sealed class World(TdsProxy proxy, ApiHost api, HttpClient administrator) : IAsyncDisposable
    {
        public TdsProxy Proxy => proxy;
        public ApiHost Api => api;
        public HttpClient Administrator => administrator;

        public static async Task<World> StartAsync()
        {
            Engines.SkipUnlessConfigured(Engine.SqlServer);
            var proxy = new TdsProxy(Engines.SqlServer!);
            var api = await ApiHost.StartAsync(Engine.SqlServer, settings: ("Database:ConnectionString", proxy.ConnectionString));
            return new World(proxy, api, await api.KeyAsync(Role.Administrator));
        }

        public Task<HttpResponseMessage> PutAsync(int numerator) =>
            administrator.PutReportAsync("STP", HttpExtensions.Ratio("II.3.a", numerator, 2), ifMatch: numerator > 1 ? "*" : null);

        public async Task<int> CountPutsAsync() =>
            (await administrator.GetJsonAsync("/v1/audit?action=report.put"))["items"]!.AsArray().Count;

        public async Task<long> VersionAsync() =>
            (long)(await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/completion"))["dataVersion"]!;

        public async ValueTask DisposeAsync()
        {
            administrator.Dispose();
            await api.DisposeAsync();
            proxy.Dispose();
        }
    }
}
