using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Units;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;
using Microsoft.Extensions.Caching.Memory;

namespace Cchc.Api.Plans;

/// <summary>Every plan and unit as of one version: what nearly all answers start from, kept in memory.</summary>
public sealed record Catalogue(long Version, IReadOnlyList<Plan> Plans, UnitRegistry Units)
{
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
    private volatile Catalogue? _current;

    public async ValueTask<Catalogue> CurrentAsync(CancellationToken cancellation)
    {
        var version = await versions.CurrentAsync(DataVersions.Catalogue, cancellation) ?? throw new ProblemException("service.unavailable");
        return _current is { } current && current.Version >= version.Version ? current
            : _current = (await versions.OrLastAsync<Catalogue?>(async () => await LoadAsync(cancellation), _current is not null, _current, cancellation))!;
    }

    /// <summary>The catalogue as it was known at an instant.</summary>
    public async ValueTask<Catalogue> AsOfAsync(DateTimeOffset asOf, CancellationToken cancellation)
    {
        var current = await CurrentAsync(cancellation);
        var version = (await database.ReadAsync(session => DataVersions.AsOfAsync(session, DataVersions.Catalogue, asOf), cancellation))?.Version ?? 0;
        if (version == current.Version)
        {
            return current;
        }

        // Units are versions by date, which no instant of knowing changes; plans are as they were defined then.
        return await _past.GetOrCreateAsync(version, async entry =>
        {
            entry.Size = 1;
            return current with
            {
                Version = version,
                Plans = await database.ReadAsync(session => PlanWriter.AsOfAsync(session, current.Plans, asOf), cancellation),
            };
        }) ?? throw new ProblemException("service.unavailable");
    }

    private Task<Catalogue> LoadAsync(CancellationToken cancellation) => versions.ReadAsync(
        DataVersions.Catalogue,
        async (session, version) =>
        {
            var units = await UnitQueries.LoadAsync(session);
            return new Catalogue(version!.Version, await PlanQueries.LoadAsync(session), units);
        },
        cancellation);

    public void Dispose() => _past.Dispose();
}
