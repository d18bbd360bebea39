using System.Collections.Concurrent;
using Cchc.Api.Data;
using Cchc.Domain.Plans;

namespace Cchc.Api.Obstacles;

/// <summary>How many obstacles a plan has by status and last day, kept by their data version.</summary>
internal sealed class ObstacleTallies(DataVersions versions)
{
    private readonly ConcurrentDictionary<(long Generation, string Scope), (DataVersion? Version, IReadOnlyList<ObstacleCountRow> Rows)> _kept
        = new();

    public async ValueTask<(DataVersion? Version, IReadOnlyList<ObstacleCountRow> Rows)> GetAsync(Plan plan, CancellationToken cancellation)
    {
        // Before the first obstacle there is no version.
        var scope = ObstacleView.ScopeOf(plan);
        var wanted = (await versions.CurrentAsync(scope, cancellation))?.Version ?? 0;
        var key = (versions.Generation, scope);
        if (_kept.TryGetValue(key, out var kept) && (kept.Version?.Version ?? 0) >= wanted)
        {
            return kept;
        }

        var (version, rows) = await versions.ReadAsync(
            scope, async (session, pinned) => (pinned, await ObstacleQueries.CountAsync(session, plan.Id)), cancellation);
        return _kept[key] = (version, rows);
    }
}
