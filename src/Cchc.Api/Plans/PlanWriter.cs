using System.Text.Json;
using System.Text.Json.Serialization;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Plans;

/// <summary>
/// Changes the definition of plans. Each change keeps the whole definition as it became, beside what it was, so that what was known at
/// an instant can be read again; a draft, which nobody reports on, keeps none.
/// </summary>
internal sealed class PlanWriter(Database database, DataVersions versions, TimeProvider time)
{
    private const string LastEdition = "SELECT COALESCE(MAX(edition), 0) FROM plan_editions WHERE plan_id = @planId";

    private const string InsertEdition = """
        INSERT INTO plan_editions (plan_id, edition, changed_at, changed_by, reason, definition)
        VALUES (@planId, @edition, @changedAt, @changedBy, @reason, @definition)
        """;

    private const string EditionsAsOf = """
        SELECT editions.plan_id AS PlanId, editions.changed_at AS ChangedAt, editions.definition AS Definition
        FROM plan_editions editions
        WHERE editions.edition = (SELECT MAX(edition) FROM plan_editions latest
            WHERE latest.plan_id = editions.plan_id AND latest.changed_at <= @asOf)
        """;

    private const string EditedPlans = "SELECT DISTINCT plan_id AS Id FROM plan_editions";

    // Before anything that a database of reports can hold.
    private static readonly DateTimeOffset Always = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Changes a plan in one transaction. What leaves the definition as it was commits nothing and succeeds.
    /// </summary>
    /// <param name="code">The plan's code.</param>
    /// <param name="caller">Who changes it.</param>
    /// <param name="action">What the audit trail calls it.</param>
    /// <param name="subject">What is changed.</param>
    /// <param name="reason">Why.</param>
    /// <param name="change">Changes the rows of the plan as it is now; gives what the audit trail keeps.</param>
    /// <param name="cancellation">Stops before the commit.</param>
    /// <returns>The plan as it became; null where it is no more.</returns>
    public async Task<Plan?> ChangeAsync(
        string code, Caller caller, string action, string subject, string? reason,
        Func<DbSession, Plan, DateTimeOffset, Task<(object? Before, object? After)>> change, CancellationToken cancellation)
    {
        var (changed, raised) = await database.WriteAsync(
            async session =>
            {
                var raised = await DataVersions.RaiseAllAsync(session, time, [DataVersions.Catalogue, DataVersions.ScopeOf(code)]);
                var now = raised[0].ChangedAt;
                var before = await FindAsync(session, code) ?? throw new ProblemException("plan.unknown", code);
                var was = JsonSerializer.Serialize(before, Options);
                var (auditBefore, auditAfter) = await change(session, before, now);
                var after = await FindAsync(session, code);
                var became = after is null ? null : JsonSerializer.Serialize(after, Options);
                if (was == became)
                {
                    return ((after, (IReadOnlyList<DataVersion>)[]), false);
                }

                await KeepAsync(session, before, was, after, became, caller, reason, now);
                session.Outgoing.Add(new OutgoingChange(now, "plan.changed", code));
                Audit.Write(session, now, caller.Actor, action, subject, auditBefore, auditAfter);
                return ((after, raised), true);
            },
            cancellation);
        foreach (var version in raised)
        {
            versions.Observe(version);
        }

        return changed;
    }

    /// <summary>Brings a new plan in.</summary>
    public async Task<Plan> CreateAsync(
        string code, Caller caller, object audited, Func<DbSession, Task> create, CancellationToken cancellation)
    {
        var (created, raised) = await database.WriteAsync(
            async session =>
            {
                var raised = await DataVersions.RaiseAllAsync(session, time, [DataVersions.Catalogue, DataVersions.ScopeOf(code)]);
                var now = raised[0].ChangedAt;
                if (await FindAsync(session, code) is not null)
                {
                    throw new ProblemException("plan.exists", code);
                }

                await create(session);
                session.Outgoing.Add(new OutgoingChange(now, "plan.changed", code));
                Audit.Write(session, now, caller.Actor, "plan.create", code, null, audited);
                return (((await FindAsync(session, code))!, raised), true);
            },
            cancellation);
        foreach (var version in raised)
        {
            versions.Observe(version);
        }

        return created;
    }

    /// <summary>The plans as they were defined at an instant, out of those there are now.</summary>
    public static async Task<IReadOnlyList<Plan>> AsOfAsync(DbSession session, IReadOnlyList<Plan> current, DateTimeOffset asOf)
    {
        var edited = (await session.QueryAsync<int>(EditedPlans)).ToHashSet();
        var then = (await session.QueryAsync<EditionRow>(EditionsAsOf, new { asOf })).ToDictionary(row => row.PlanId);
        return [.. current
            .Where(plan => !edited.Contains(plan.Id) || then.ContainsKey(plan.Id))
            .Select(plan => edited.Contains(plan.Id) ? JsonSerializer.Deserialize<Plan>(then[plan.Id].Definition, Options)! : plan)];
    }

    private static async Task KeepAsync(
        DbSession session, Plan before, string was, Plan? after, string? became, Caller caller, string? reason, DateTimeOffset now)
    {
        if (after is null || after.IsDraft)
        {
            return;
        }

        var edition = await session.SingleAsync<int>(LastEdition, new { planId = after.Id });
        if (edition == 0 && !before.IsDraft)
        {
            await session.ExecuteAsync(
                InsertEdition, new { planId = after.Id, edition = ++edition, changedAt = Always, changedBy = "-", reason = (string?)null, definition = was });
        }

        await session.ExecuteAsync(
            InsertEdition, new { planId = after.Id, edition = edition + 1, changedAt = now, changedBy = caller.Actor, reason, definition = became });
    }

    private static async Task<Plan?> FindAsync(DbSession session, string code) =>
        (await PlanQueries.LoadAsync(session)).FirstOrDefault(plan => plan.Code == code);

    private sealed record EditionRow
    {
        public int PlanId { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
        public string Definition { get; init; } = "";
    }
}
