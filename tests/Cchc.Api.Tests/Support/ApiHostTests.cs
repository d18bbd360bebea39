using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Support;

public sealed class ApiHostTests
{
    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_host_that_fails_to_stop_gives_back_what_it_had(Engine engine)
    {
        Engines.SkipUnlessConfigured(engine);
        var api = await ApiHost.StartAsync(engine, configure: services => services.AddHostedService<Failing>());
        var connection = api.ConnectionString;
        await Assert.ThrowsAnyAsync<Exception>(async () => await api.DisposeAsync());
        Assert.True(engine == Engine.SqlServer || !File.Exists(connection["Data Source=".Length..]));
        await using var next = await ApiHost.StartAsync(engine).WaitAsync(TimeSpan.FromMinutes(1));
        await next.Anonymous.GetJsonAsync("/v1/units?limit=1");
    }

    private sealed class Failing : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("It does not stop.");
    }
}
