using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;

namespace Cchc.Api.Completion;

/// <summary>Which figures are asked for, and the snapshots that hold them: one for each period, in their order.</summary>
internal sealed record FigureRequest(Plan Plan, Reach Reach, Basis Basis, DateTimeOffset? AsOf, IReadOnlyList<Snapshot> Snapshots)
{
    public Lens Lens => Reach.Lens;

    public bool IsPrivate => Lens == Lens.Provisional;

    public string Tag => Snapshot.TagOf(Snapshots) + Reach.FigureMark;

    /// <summary>Reads <c>period</c> (codes, comma-separated, or all), <c>lens</c>, <c>basis</c> and <c>asOf</c>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="query">Its query.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="snapshots">Where snapshots are read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="at">The instant to read at where the query names none; null, or one that is yet to come, for now.</param>
    /// <exception cref="ProblemException">401 where the provisional lens is asked for without a key; 400 with every refusal.</exception>
    public static async Task<FigureRequest> ReadAsync(
        HttpContext context, QueryInput query, Plan plan, Snapshots snapshots, TimeProvider time, DateTimeOffset? at = null)
    {
        var lens = query.Word<Lens>("lens") ?? Lens.Published;
        var basis = query.Word<Basis>("basis") ?? Basis.YearToDate;
        if (lens == Lens.Provisional)
        {
            context.RequireCaller();
        }

        // A cursor of a table may name any instant. Only what was known at an instant that has passed can be read again.
        var asOf = query.PastInstant("asOf", time) ?? (at > time.GetUtcNow() ? null : at);
        var named = query.Text("period") == "all" ? plan.Periods : query.KnownAll("period", plan.FindPeriod, "period, all");
        IReadOnlyList<Snapshot> held = named.Count > 0
            ? await snapshots.GetAllAsync(plan, [.. named.Distinct().OrderBy(period => period.DataTo)], lens, asOf, context.RequestAborted)
            : [await snapshots.GetAsync(plan, null, lens, asOf, context.RequestAborted)];
        return new FigureRequest(plan, new Reach(context.Caller(), lens), basis, asOf, held);
    }

    /// <summary>Refuses more than one period, where an answer is of one.</summary>
    public void RequireOne(QueryInput query)
    {
        if (Snapshots.Count > 1)
        {
            query.Refuse("parameter.invalid", "period", "period");
        }
    }
}
