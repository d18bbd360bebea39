using System.Security.Cryptography;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Reports;

/// <summary>What a unit or an office may do to a report beyond writing it.</summary>
internal enum ReportAction { Submit, Approve, Return, Reopen }

/// <summary>Whose report of which period, and who acts.</summary>
internal sealed record ReportAddress(Plan Plan, Period Period, Unit Unit, Caller Caller)
{
    public string Subject => $"{Plan.Code}/{Period.Code}/{Unit.Code}";
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

        if (stored is not null && Preconditions.Matches(IfNoneMatch, stored.ETag))
        {
            throw new ProblemException("precondition.failed", stored.ETag);
        }
    }
}

/// <summary>Changes reports. Each change is one transaction with its revision, its audit entry and the plan's new data version.</summary>
internal sealed class ReportWriter(Database database, DataVersions versions, TimeProvider time)
{
    /// <summary>Saves a draft. The same content again succeeds and changes nothing.</summary>
    public async Task<(StoredReport Report, bool Created)> PutAsync(
        ReportAddress address, ReportContent content, Conditions conditions, CancellationToken cancellation)
    {
        var (plan, period, unit, caller) = address;
        return await CommitAsync(plan, async (session, now) =>
        {
            var stored = await ReportQueries.FindAsync(session, plan, period.Id, unit.Id);
            if (stored is not null && stored.Content.SameAs(content))
            {
                return ((stored, false), false);
            }

            conditions.Check(stored);
            if (stored is not null && StringValues.IsNullOrEmpty(conditions.IfMatch))
            {
                throw new ProblemException("precondition.required");
            }

            RequireOpen(period, now);
            if (stored?.Head.Status is ReportStatus.Submitted or ReportStatus.Approved)
            {
                throw new ProblemException("report.state", Words.Of(stored.Head.Status), "PUT");
            }

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

            Audit.Write(
                session, now, caller.Actor, "report.put", address.Subject,
                stored is null ? null : new { status = stored.Head.Status, revision = stored.Head.Revision, content = stored.Content.Figures },
                new { status, revision = number, content = content.Figures });
            return (((await ReportQueries.FindAsync(session, plan, period.Id, unit.Id))!, stored is null), true);
        }, cancellation);
    }

    /// <summary>
    /// Moves a report along the workflow, and shows it in the same transaction: an answer that is kept for an Idempotency-Key is the
    /// one that was given.
    /// </summary>
    public Task<(string Body, string ETag)> ActAsync(
        ReportAddress address, ReportAction action, string? reason, string? idempotencyKey, Conditions conditions,
        Func<DbSession, StoredReport, Task<string>> show, CancellationToken cancellation)
    {
        var (plan, period, unit, caller) = address;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{address.Subject}\n{action}\n{reason}")));
        return CommitAsync(plan, async (session, now) =>
        {
            var stored = await ReportQueries.FindAsync(session, plan, period.Id, unit.Id) ?? throw new ProblemException("report.unknown");
            if (idempotencyKey is not null
                && await ReportQueries.FindRequestAsync(session, caller.Actor, idempotencyKey) is { } kept && kept.CreatedAt > now.AddHours(-24))
            {
                return kept.Hash == hash ? ((kept.Body, kept.ETag), false) : throw new ProblemException("idempotency.reused");
            }

            conditions.Check(stored);
            RequireOpen(period, now, unlessReopening: action == ReportAction.Reopen);
            var (from, to) = (stored.Head.Status, Next(stored.Head.Status, action));
            var number = stored.Head.Revision;
            if (action == ReportAction.Submit)
            {
                number = await SubmitAsync(session, address, stored, now);
            }
            else if (action is ReportAction.Approve or ReportAction.Return)
            {
                await ReportQueries.DecideAsync(session, period.Id, unit.Id, number, Words.Of(to), now, caller.Actor);
            }

            await ReportQueries.SaveHeadAsync(session, period.Id, unit.Id, exists: true, to, now, caller.Actor);
            await ReportQueries.NoteStatusAsync(session, period.Id, unit.Id, number, from, to, reason, now, caller.Actor);
            Audit.Write(
                session, now, caller.Actor, $"report.{Words.Of(action)}", address.Subject,
                new { status = from, revision = stored.Head.Revision }, new { status = to, revision = number, reason });
            var changed = (await ReportQueries.FindAsync(session, plan, period.Id, unit.Id))!;
            var body = await show(session, changed);
            if (idempotencyKey is not null)
            {
                await ReportQueries.KeepRequestAsync(session, caller.Actor, idempotencyKey, hash, changed.ETag, body, now);
            }

            return ((body, changed.ETag), true);
        }, cancellation);
    }

    // A revision that was submitted once never changes: sending it again, after a return or a reopening, is a new one.
    private static async Task<int> SubmitAsync(DbSession session, ReportAddress address, StoredReport stored, DateTimeOffset now)
    {
        if (stored.Content.IsEmpty)
        {
            throw new ProblemException("report.empty");
        }

        var (_, period, unit, caller) = address;
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

    private static ReportStatus Next(ReportStatus from, ReportAction action) => (from, action) switch
    {
        (ReportStatus.Draft or ReportStatus.Returned, ReportAction.Submit) => ReportStatus.Submitted,
        (ReportStatus.Submitted, ReportAction.Approve) => ReportStatus.Approved,
        (ReportStatus.Submitted, ReportAction.Return) => ReportStatus.Returned,
        (ReportStatus.Approved, ReportAction.Reopen) => ReportStatus.Draft,
        _ => throw new ProblemException("report.state", Words.Of(from), Words.Of(action)),
    };

    private static void RequireOpen(Period period, DateTimeOffset now, bool unlessReopening = false)
    {
        var state = period.StateOn(Domain.LocalTime.DateOf(now));
        if (state == PeriodState.NotBegun)
        {
            throw new ProblemException("period.notBegun", period.Code);
        }

        if (state == PeriodState.Locked && !unlessReopening)
        {
            throw new ProblemException("period.locked", period.Code);
        }
    }

    // The version row comes first, so that writers of one plan wait for each other before they read what they change.
    private async Task<T> CommitAsync<T>(
        Plan plan, Func<DbSession, DateTimeOffset, Task<(T Result, bool Changed)>> change, CancellationToken cancellation)
    {
        var (result, version) = await database.WriteAsync(
            async session =>
            {
                var now = time.Now();
                var version = await DataVersions.RaiseAsync(session, plan.Code, now);
                var (result, changed) = await change(session, now);
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
        DbSession session, ReportAddress address, ReportContent content)
    {
        var (plan, period, unit, _) = address;
        var earlier = plan.Periods.Where(each => each.DataTo < period.DataTo).ToList();
        var said = new Dictionary<(int Period, int Line), ReportedValue>();
        foreach (var each in earlier)
        {
            foreach (var row in await Completion.FactQueries.RowsOfUnitAsync(session, each.Id, unit.Id))
            {
                said[(each.Id, row.LineId)] = row.Value;
            }
        }

        return [.. content.Values.Where(value => value.Numerator is not null).SelectMany(value => Compare(
            plan, period, plan.FindTarget(value.Target)!, ReportedValue.Ratio(value.Numerator!.Value, value.Total!.Value, value.Excluded ?? 0),
            at => said.TryGetValue((at.Id, value.LineId), out var before) ? before : null).Select(oddity => (value, oddity)))];
    }

    /// <summary>Compares a ratio with the latest that the unit said of the line before.</summary>
    public static IEnumerable<Oddity> Compare(Plan plan, Period period, Target target, ReportedValue given, Func<Period, ReportedValue?> said)
    {
        var before = plan.Periods.LastOrDefault(each => each.DataTo < period.DataTo && said(each) is not null);
        return before is null ? [] : Oddity.Between(target.Measure, ToDate(before), ToDate(period));

        ReportedValue At(Period at) => at.Id == period.Id ? given : said(at) ?? default;

        ReportedValue ToDate(Period at) =>
            target.Measure == Measure.Stock ? At(at) : ReportedValue.Sum([.. plan.YearToDateParts(at).Select(At)]);
    }

    public static bool OnTime(Period period, DateTimeOffset firstSubmittedAt) => firstSubmittedAt <= PeriodFacts.DueBy(period);
}
