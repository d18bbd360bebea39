using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Units;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;
using Microsoft.Extensions.Caching.Memory;

namespace Cchc.Api.Plans;

/// <summary>Every plan and unit as of one version: what nearly all answers start from, kept in memory.</summary>
public sealed record Catalogue(DataVersion DataVersion, IReadOnlyList<Plan> Plans, UnitRegistry Units)
{
    public long Version => DataVersion.Version;

    /// <summary>A plan in force.</summary>
    public Plan PlanOf(string code) =>
        Plans.FirstOrDefault(plan => !plan.IsDraft && Codes.Same(plan.Code, code)) ?? throw new ProblemException("plan.unknown", code);

    /// <summary>A plan in force, or a draft for those who draw it up.</summary>
    public Plan PlanOf(string code, Caller? caller) =>
        Plans.FirstOrDefault(plan => Codes.Same(plan.Code, code) && (!plan.IsDraft || (caller is not null && Rights.MayLead(plan, caller))))
        ?? throw new ProblemException("plan.unknown", code);

    public Unit UnitOf(string code) => Units.Find(code) ?? throw new ProblemException("unit.unknown", code);
}

/// <summary>Keeps the catalogue, and reads it again when its version has risen.</summary>
public sealed class Catalogues(Database database, DataVersions versions) : IDisposable
{
    private readonly MemoryCache _past = new(new MemoryCacheOptions { SizeLimit = 32 });
    private volatile Kept? _current;

    public async ValueTask<Catalogue> CurrentAsync(CancellationToken cancellation)
    {
        var version = await versions.CurrentAsync(DataVersions.Catalogue, cancellation) ?? throw new ProblemException("service.unavailable");
        var generation = versions.Generation;
        var kept = _current is { } current && current.Generation == generation ? current : null;
        if (kept?.Catalogue.Version >= version.Version)
        {
            return kept.Catalogue;
        }

        var read = await versions.OrLastAsync<Catalogue?>(
            async () => await LoadAsync(cancellation), kept is not null, kept?.Catalogue, cancellation);
        _current = new Kept(generation, read!);
        return read!;
    }

    /// <summary>The catalogue as a transaction sees it: no older than anything else that is read there.</summary>
    public async Task<Catalogue> OfAsync(DbSession session)
    {
        var version = await DataVersions.PinAsync(session, DataVersions.Catalogue) ?? throw new ProblemException("service.unavailable");
        var generation = versions.Generation;
        if (_current is { } current && current.Catalogue.DataVersion == version)
        {
            return current.Catalogue;
        }

        var read = await ReadAsync(session, version);
        versions.Observe(version);
        _current = new Kept(generation, read);
        return read;
    }

    /// <summary>The catalogue as it was known at an instant.</summary>
    public async ValueTask<Catalogue> AsOfAsync(DateTimeOffset asOf, CancellationToken cancellation)
    {
        await versions.SettleAsync(asOf, cancellation, DataVersions.Catalogue);
        var current = await CurrentAsync(cancellation);
        var version = await database.ReadAsync(session => DataVersions.AsOfAsync(session, DataVersions.Catalogue, asOf), cancellation)
            ?? new DataVersion { Scope = DataVersions.Catalogue, Version = 0, ChangedAt = default };
        if (version == current.DataVersion)
        {
            return current;
        }

        // Units are versions by date, which no instant of knowing changes; plans are as they were defined then.
        return await _past.GetOrCreateAsync(version, async entry =>
        {
            entry.Size = 1;
            return current with
            {
                DataVersion = version,
                Plans = await database.ReadAsync(session => PlanWriter.AsOfAsync(session, current.Plans, asOf), cancellation),
            };
        }) ?? throw new ProblemException("service.unavailable");
    }

    private Task<Catalogue> LoadAsync(CancellationToken cancellation) => versions.ReadAsync(
        DataVersions.Catalogue,
        (session, version) => ReadAsync(session, version!),
        cancellation);

    private static async Task<Catalogue> ReadAsync(DbSession session, DataVersion version)
    {
        var units = await UnitQueries.LoadAsync(session);
        return new Catalogue(version, await PlanQueries.LoadAsync(session), units);
    }

    public void Dispose() => _past.Dispose();

    private sealed record Kept(long Generation, Catalogue Catalogue);
}
