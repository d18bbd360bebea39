using Cchc.Api.Data;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Support;

/// <summary>A host on the embedded engine whose database fails when a test wants it to.</summary>
public abstract class FaultyHost : IAsyncLifetime
{
    protected FaultyDialect Dialect { get; } = new();

    protected ApiHost Api { get; private set; } = null!;

    protected HttpClient Administrator { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        Api = await ApiHost.StartAsync(Engine.Sqlite, configure: services => services.AddSingleton<Dialect>(Dialect));
        Administrator = await Api.KeyAsync(Role.Administrator);
    }

    public async Task DisposeAsync() => await Api.DisposeAsync();
}
