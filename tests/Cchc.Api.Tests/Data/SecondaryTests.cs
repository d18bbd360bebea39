using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using static Cchc.Api.Tests.Support.HttpExtensions;

namespace Cchc.Api.Tests.Data;

/// <summary>Reading from a secondary that lags behind: a copy of the file, which is brought up to date when a test says so.</summary>
public sealed class SecondaryTests : IDisposable
{
    private readonly string _copy = Path.Combine(Path.GetTempPath(), $"cchc-secondary-{Guid.NewGuid():n}.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        File.Delete(_copy);
    }

    [Fact]
    public async Task What_a_secondary_knows_is_read_there()
    {
        await using var api = await StartAsync();
        CopyFrom(api, "UPDATE plans SET title_vi = 'Từ bản sao'");
        Assert.Equal("Từ bản sao", (string?)(await api.Anonymous.GetJsonAsync(Plan))["titleVi"]);
    }

    [Fact]
    public async Task A_write_is_read_at_once_whatever_the_secondary_knows()
    {
        await using var api = await StartAsync();
        var outcomes = Outcomes(api);
        using var administrator = await api.KeyAsync(Role.Administrator);
        CopyFrom(api);
        api.Time.Advance(TimeSpan.FromSeconds(31));
        var before = await api.Anonymous.GetJsonAsync($"{Plan}/completion?period=2022-H1");
        Assert.Equal(0, (int)before["coverage"]!["received"]!);
        outcomes.Clear();
        await administrator.PublishAsync("SNV", Ratio("II.3.a", 120, 200));
        var after = await api.Anonymous.GetJsonAsync($"{Plan}/completion?period=2022-H1");
        Assert.Equal(1, (int)after["coverage"]!["received"]!);
        Assert.True((long)after["dataVersion"]! > (long)before["dataVersion"]!);
        Assert.Single((await administrator.GetJsonAsync($"{Plan}/reports"))["items"]!.AsArray());
        Assert.All(outcomes, outcome => Assert.Equal("behind", outcome));
        Assert.NotEmpty(outcomes);

        outcomes.Clear();
        CopyFrom(api, "UPDATE reports SET status = 'returned'");
        var row = Assert.Single((await administrator.GetJsonAsync($"{Plan}/reports"))["items"]!.AsArray());
        Assert.Equal("returned", (string?)row!["status"]);
        Assert.Equal(["answered"], outcomes);
    }

    [Fact]
    public async Task While_the_secondary_is_away_the_primary_answers()
    {
        await using var api = await StartAsync();
        var outcomes = Outcomes(api);
        using var administrator = await api.KeyAsync(Role.Administrator);
        Assert.Empty((await administrator.GetJsonAsync($"{Plan}/reports"))["items"]!.AsArray());
        Assert.Equal(["away"], outcomes);
        Assert.Empty((await administrator.GetJsonAsync($"{Plan}/reports"))["items"]!.AsArray());
        Assert.Equal(["away"], outcomes);
        CopyFrom(api);
        api.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Empty((await administrator.GetJsonAsync($"{Plan}/reports"))["items"]!.AsArray());
        Assert.Equal(["answered", "away"], outcomes.Distinct().Order());
    }

    private Task<ApiHost> StartAsync() =>
        ApiHost.StartAsync(Engine.Sqlite, settings: ("Database:ReadConnectionString", $"Data Source={_copy};Mode=ReadOnly"));

    private void CopyFrom(ApiHost api, string? then = null)
    {
        SqliteConnection.ClearAllPools();
        File.Delete(_copy);
        using var primary = new SqliteConnection(api.Services.GetRequiredService<Database>().ConnectionString);
        primary.Execute("VACUUM INTO @file", new { file = _copy });
        if (then is not null)
        {
            using var copy = new SqliteConnection($"Data Source={_copy}");
            copy.Execute(then);
        }
    }

    private static ConcurrentBag<string> Outcomes(ApiHost api)
    {
        var meters = api.Services.GetRequiredService<IMeterFactory>();
        var outcomes = new ConcurrentBag<string>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "cchc.database.secondary.reads" && instrument.Meter.Scope == meters)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => outcomes.Add((string)tags[0].Value!));
        listener.Start();
        return outcomes;
    }
}
