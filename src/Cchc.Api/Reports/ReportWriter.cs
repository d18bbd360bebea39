using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Reports;

/// <summary>Whose report of which period, and who acts.</summary>
internal sealed record ReportAddress(Plan Plan, Period Period, Unit Unit, Caller Caller, UnitRegistry Units)
{
    public Workflow Workflow(DateTimeOffset now) => new(Plan, Period, Units, Domain.LocalTime.DateOf(now));

    public string Subject => $"{Plan.Code}/{Period.Code}/{Unit.Code}";

    /// <summary>The same report by the plan, the calendar and the units of another catalogue.</summary>
    /// <exception cref="ProblemException">404 where that catalogue has no such plan, period or unit.</exception>
    public ReportAddress In(Catalogue catalogue) => this with
    {
        Plan = catalogue.PlanOf(Plan.Code),
        Period = catalogue.PlanOf(Plan.Code).FindPeriod(Period.Code) ?? throw new ProblemException("period.unknown", Period.Code),
        Unit = catalogue.UnitOf(Unit.Code),
        Units = catalogue.Units,
    };
}

/// <summary>The conditions a request sets before it may change something (RFC 9110, 13.1).</summary>
internal sealed record Conditions(StringValues IfMatch, StringValues IfNoneMatch)
{
    public static Conditions Of(HttpRequest request) => new(request.Headers.IfMatch, request.Headers.IfNoneMatch);

    public void Check(StoredReport? stored)
    {
        if (!StringValues.IsNullOrEmpty(IfMatch) && (stored is null || !Preconditions.MatchesStrongly(IfMatch, stored.ETag)))
        {
            throw new ProblemException("precondition.failed", stored?.ETag ?? "-");
        }

        if (stored is not null && Preconditions.MatchesWeakly(IfNoneMatch, stored.ETag))
        {
            throw new ProblemException("precondition.failed", stored.ETag);
        }
    }
}

/// <summary>What an action is asked with.</summary>
/// <param name="Action">Which.</param>
/// <param name="Reason">Why; needed to return and to reopen.</param>
/// <param name="Until">The last day on which the unit may change what is given back to it.</param>
internal sealed record ReportRequest(ReportAction Action, string? Reason = null, DateOnly? Until = null);

/// <summary>Changes reports. Each change is one transaction with its revision, its audit entry and the plan's new data version.</summary>
internal sealed class ReportWriter(Database database, DataVersions versions, TimeProvider time)
{
    /// <summary>
    /// Saves a draft, and shows it in the same transaction, so that nothing can fail after the commit. The same content again succeeds and
    /// changes nothing.
    /// </summary>
    public async Task<(T Answer, string ETag, bool Created)> PutAsync<T>(
        ReportAddress address, ReportContent content, Conditions conditions, Func<DbSession, StoredReport, Task<T>> show,
        CancellationToken cancellation)
    {
        var (plan, period, unit, caller, _) = address;
        return await CommitAsync(plan, async (session, now) =>
        {
            var stored = await ReportQueries.FindAsync(session, plan, period.Id, unit.Id);
            if (stored is not null && stored.Content.SameAs(content))
            {
                return ((await show(session, stored), stored.ETag, false), false);
            }

            conditions.Check(stored);
            if (stored is not null && StringValues.IsNullOrEmpty(conditions.IfMatch))
            {
                throw new ProblemException("precondition.required");
            }

            Require(address, stored, ReportAction.Put, now);
            var status = stored?.Head.Status ?? ReportStatus.Draft;
            var hasDraft = stored?.Head.SubmittedAt is null && stored is not null;
            var number = stored is null ? 1 : hasDraft ? stored.Head.Revision : stored.Head.Revision + 1;
            await ReportQueries.SaveHeadAsync(session, period.Id, unit.Id, stored is not null, status, now, caller.Actor);
            await ReportQueries.SaveContentAsync(
                session, period.Id, unit.Id, number, hasDraft, content, sample: false, now, caller.Actor);
            if (stored is null)
            {
                await ReportQueries.NoteStatusAsync(session, period.Id, unit.Id, number, null, status, null, now, caller.Actor);
            }

            session.Outgoing.Add(new OutgoingChange(now, "report.saved", plan.Code, period.Code, unit.Id, number, Words.Of(status)));
            Audit.Write(
                session, now, caller.Actor, "report.put", address.Subject,
                stored is null ? null : new { status = stored.Head.Status, revision = stored.Head.Revision, content = stored.Content.Figures },
                new { status, revision = number, content = content.Figures });
            var saved = (await ReportQueries.FindAsync(session, plan, period.Id, unit.Id))!;
            return ((await show(session, saved), saved.ETag, stored is null), true);
        }, cancellation);
    }

    /// <summary>
    /// Moves a report along the workflow, and shows it in the same transaction: an answer that is kept for an Idempotency-Key is the
    /// one that was given.
    /// </summary>
    public Task<(string Body, string ETag)> ActAsync(
        ReportAddress address, ReportRequest request, string? idempotencyKey, Conditions conditions,
        Func<DbSession, StoredReport, Task<(string Body, string ETag)>> show, CancellationToken cancellation)
    {
        var (plan, period, unit, caller, _) = address;
        return CommitAsync(plan, async (session, now) =>
        {
            var (body, etag, isRepeated) = await KeptRequests.OnceAsync(session, caller.Actor, idempotencyKey, $"{address.Subject}\n{request}", now, async () =>
            {
                await MoveAsync(
                    session, address, await ReportQueries.FindAsync(session, plan, period.Id, unit.Id), request, conditions, now);
                return await show(session, (await ReportQueries.FindAsync(session, plan, period.Id, unit.Id))!);
            });
            return ((body, etag), !isRepeated);
        }, cancellation);
    }

    /// <summary>Moves a report along the workflow.</summary>
    public Task<ReportHeadRow> ActAsync(ReportAddress address, ReportRequest request, Conditions conditions, CancellationToken cancellation) =>
        CommitAsync(address.Plan, async (session, now) =>
        {
            var (plan, period, unit, _, _) = address;
            await MoveAsync(session, address, await ReportQueries.FindAsync(session, plan, period.Id, unit.Id), request, conditions, now);
            return ((await ReportQueries.HeadsAsync(session, plan.Id, period.Id, unit.Id)).Single(), true);
        }, cancellation);

    private static async Task MoveAsync(
        DbSession session, ReportAddress address, StoredReport? stored, ReportRequest request, Conditions conditions, DateTimeOffset now)
    {
        var (_, period, unit, caller, _) = address;
        conditions.Check(stored);
        Require(address, stored, request.Action, now);
        RequireUntil(address, request, now);
        var byDistrict = request.Action == ReportAction.Approve && address.Workflow(now).IsDistrictApproval(caller, unit);
        var from = stored?.Head.Status;
        var to = byDistrict ? ReportStatus.Submitted : Workflow.Next(from, request.Action);
        var number = stored?.Head.Revision ?? 1;
        await ReportQueries.SaveHeadAsync(session, period.Id, unit.Id, exists: stored is not null, to, now, caller.Actor);
        if (request.Action == ReportAction.Submit)
        {
            number = await SubmitAsync(session, address, stored!, now);
        }
        else if (byDistrict)
        {
            await ReportQueries.ApproveByDistrictAsync(session, period.Id, unit.Id, number, now, caller.Actor);
        }
        else if (request.Action is ReportAction.Approve or ReportAction.Return or ReportAction.Withdraw)
        {
            // What its own unit takes back counts as little as what was returned to it.
            var decision = request.Action == ReportAction.Approve ? ReportStatus.Approved : ReportStatus.Returned;
            await ReportQueries.DecideAsync(session, period.Id, unit.Id, number, Words.Of(decision), now, caller.Actor);
        }

        if (stored is null)
        {
            await ReportQueries.SaveContentAsync(
                session, period.Id, unit.Id, number, exists: false, new ReportContent(), sample: false, now, caller.Actor);
        }

        if (request.Action is ReportAction.Return or ReportAction.Reopen)
        {
            await ReportQueries.GiveBackAsync(session, period.Id, unit.Id, request.Until, now, caller.Actor);
        }

        await ReportQueries.NoteStatusAsync(session, period.Id, unit.Id, number, from, to, request.Reason, now, caller.Actor);
        var kind = byDistrict ? "report.approvedByDistrict" : KindOf(request.Action);
        session.Outgoing.Add(new OutgoingChange(now, kind, address.Plan.Code, period.Code, unit.Id, number, Words.Of(to)));
        Audit.Write(
            session, now, caller.Actor, byDistrict ? "report.approveByDistrict" : $"report.{Words.Of(request.Action)}", address.Subject,
            stored is null ? null : new { status = from, revision = stored.Head.Revision, until = stored.Head.Until },
            new { status = to, revision = number, reason = request.Reason, until = request.Until });
    }

    // A revision that was submitted once never changes: sending it again, after a return or a reopening, is a new one.
    private static async Task<int> SubmitAsync(DbSession session, ReportAddress address, StoredReport stored, DateTimeOffset now)
    {
        var (_, period, unit, caller, _) = address;
        var number = stored.Head.Revision;
        if (stored.Head.SubmittedAt is not null)
        {
            number++;
            await ReportQueries.SaveContentAsync(
                session, period.Id, unit.Id, number, exists: false, stored.Content, stored.Head.Sample, now, caller.Actor);
        }

        await ReportQueries.SubmitAsync(session, period.Id, unit.Id, number, now, caller.Actor);
        return number;
    }

    private static string KindOf(ReportAction action) => action switch
    {
        ReportAction.Submit => "report.submitted",
        ReportAction.Approve => "report.approved",
        ReportAction.Return => "report.returned",
        ReportAction.Reopen => "report.reopened",
        ReportAction.Withdraw => "report.withdrawn",
        _ => "report.saved",
    };

    private static void Require(ReportAddress address, StoredReport? stored, ReportAction action, DateTimeOffset now)
    {
        var standing = stored?.Head.Standing ?? new ReportStanding(null, IsEmpty: true, null, HasDistrictApproval: false);
        var code = address.Workflow(now).WhyNotNow(address.Caller, address.Unit, standing, action);
        if (code is not null)
        {
            throw new ProblemException(
                stored is null && code == "report.state" ? "report.unknown" : code,
                code == "report.state" && stored is not null
                    ? [Words.Of(stored.Head.Status), action == ReportAction.Put ? "PUT" : Words.Of(action)] : [address.Period.Code]);
        }
    }

    private static void RequireUntil(ReportAddress address, ReportRequest request, DateTimeOffset now)
    {
        if (request.Action is not (ReportAction.Return or ReportAction.Reopen))
        {
            return;
        }

        var today = Domain.LocalTime.DateOf(now);
        var refusal = request.Until is { } until
            ? until < today ? new Refusal("until.past", "/until", until)
                : until > Plan.DaysOf(today.Year).Last ? new Refusal("date.order", "/until", until, today, Plan.DaysOf(today.Year).Last) : null
            : address.Workflow(now).NeedsUntil ? new Refusal("until.required", "/until", null) : null;
        if (refusal is not null)
        {
            throw ProblemException.Of([refusal]);
        }
    }

    // The version row comes first, so that writers of one plan wait for each other before they read what they change.
    private async Task<T> CommitAsync<T>(
        Plan plan, Func<DbSession, DateTimeOffset, Task<(T Result, bool Changed)>> change, CancellationToken cancellation)
    {
        var (result, version) = await database.WriteAsync(
            async session =>
            {
                var version = await DataVersions.RaiseAsync(session, time, DataVersions.ScopeOf(plan.Code));
                var (result, changed) = await change(session, version.ChangedAt);
                return ((result, changed ? version : null), changed);
            },
            cancellation);
        if (version is not null)
        {
            versions.Observe(version);
        }

        return result;
    }
}

/// <summary>Finds what looks odd in a report beside what the unit said before.</summary>
internal static class ReportWarnings
{
    public static async Task<IReadOnlyList<(ReportValue Value, Oddity Oddity)>> FindAsync(
        DbSession session, ReportAddress address, ReportContent content, DateTimeOffset asOf)
    {
        var (plan, period, unit, _, _) = address;
        var earlier = plan.Periods.Where(each => each.DataTo < period.DataTo).ToList();
        var said = new Dictionary<(int Period, int Line), ReportedValue>();
        foreach (var each in earlier)
        {
            foreach (var row in await Completion.FactQueries.RowsOfUnitAsync(session, each.Id, unit.Id, asOf))
            {
                said[(each.Id, row.LineId)] = row.Value;
            }
        }

        return [.. content.Values.Where(value => value.Numerator is not null).SelectMany(value => Compare(
            plan, period, plan.FindTarget(value.Target)!, unit, ReportedValue.Ratio(value.Numerator!.Value, value.Total!.Value, value.Excluded ?? 0),
            at => said.TryGetValue((at.Id, value.LineId), out var before) ? before : null).Select(oddity => (value, oddity)))];
    }

    /// <summary>Compares a ratio with the latest that the unit said of the line before.</summary>
    public static IEnumerable<Oddity> Compare(
        Plan plan, Period period, Target target, Unit unit, ReportedValue given, Func<Period, ReportedValue?> said)
    {
        var before = plan.Periods.LastOrDefault(each => each.DataTo < period.DataTo && said(each) is not null);
        return before is null ? [] : Oddity.Between(target.Measure, ToDate(before), ToDate(period));

        ReportedValue At(Period at) => at.Id == period.Id ? given : said(at) ?? default;

        ReportedValue ToDate(Period at) =>
            target.Measure == Measure.Stock ? At(at) : ReportedValue.Sum([.. plan.YearToDateParts(at).Where(WasDue).Select(At)]);

        bool WasDue(Period part) => target.IsDueIn(part) && unit.On(part.DataTo) is not null;
    }
}
