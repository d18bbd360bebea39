using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Support;

/// <summary>The worked example of the domain: four units have said II.3.a for 2022-H1, and every deadline of it has passed.</summary>
internal static class WorkedExample
{
    public static async Task<ApiHost> StartAsync(Engine engine)
    {
        var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var (unit, numerator, total) in new[] { ("SNV", 120, 200), ("STP", 30, 100), ("D474", 300, 1000), ("D476", 50, 100) })
        {
            await administrator.PublishAsync(unit, HttpExtensions.Ratio("II.3.a", numerator, total));
        }

        api.Time.Set(new DateTimeOffset(2022, 6, 21, 0, 0, 0, TimeSpan.FromHours(7)));
        return api;
    }
}
