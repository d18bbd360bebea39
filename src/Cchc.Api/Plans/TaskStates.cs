using System.Collections.Concurrent;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Plans;

/// <summary>What units said of a plan's tasks in published reports, kept by the plan's data version.</summary>
internal sealed class TaskStates(DataVersions versions)
{
    private const string Published = """
        SELECT said.period_id AS PeriodId, said.unit_id AS UnitId, said.task_id AS TaskId, said.status AS Status, said.quantity AS Quantity
        FROM report_tasks said
        JOIN (SELECT revisions.period_id, revisions.unit_id, MAX(revisions.number) AS number
              FROM revisions JOIN periods ON periods.period_id = revisions.period_id
              WHERE periods.plan_id = @planId AND revisions.decision = 'approved'
              GROUP BY revisions.period_id, revisions.unit_id) counting
            ON counting.period_id = said.period_id AND counting.unit_id = said.unit_id AND counting.number = said.number
        """;

    private readonly ConcurrentDictionary<(long Generation, string Plan), (DataVersion Version, ILookup<int, TaskStatement> Said)> _kept = new();

    /// <summary>By task.</summary>
    public async ValueTask<(DataVersion Version, ILookup<int, TaskStatement> Said)> GetAsync(Plan plan, CancellationToken cancellation)
    {
        var scope = DataVersions.ScopeOf(plan.Code);
        var wanted = await versions.CurrentAsync(scope, cancellation) ?? throw new ProblemException("service.unavailable");
        var key = (versions.Generation, plan.Code);
        var hasKept = _kept.TryGetValue(key, out var kept);
        return hasKept && kept.Version.Version >= wanted.Version ? kept
            : await versions.OrLastAsync(async () => _kept[key] = await ReadAsync(plan, scope, cancellation), hasKept, kept, cancellation);
    }

    private async Task<(DataVersion Version, ILookup<int, TaskStatement> Said)> ReadAsync(Plan plan, string scope, CancellationToken cancellation)
    {
        var (version, rows) = await versions.ReadAsync(
            scope,
            async (session, pinned) => (pinned, await session.QueryAsync<Row>(Published, new { planId = plan.Id })),
            cancellation);
        return (
            version!, rows.ToLookup(row => row.TaskId, row => new TaskStatement(row.PeriodId, row.UnitId, row.Status, row.Quantity)));
    }

    private sealed record Row
    {
        public int PeriodId { get; init; }
        public int UnitId { get; init; }
        public int TaskId { get; init; }
        public Progress Status { get; init; }
        public long? Quantity { get; init; }
    }
}
