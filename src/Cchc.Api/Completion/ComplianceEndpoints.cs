using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain;
using Cchc.Domain.Completion;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>Who reported and who did not (plan 398, section V.2): Sở Nội vụ follows and urges by it.</summary>
internal static class ComplianceEndpoints
{
    public static void MapCompliance(this IEndpointRouteBuilder api)
    {
        var lens = Parameters.Word<Lens>("lens", "Which revisions count as received; provisional needs a key");
        api.MapGet("/plans/{plan}/compliance", GetCompliance).Describe<ComplianceAnswer>(
            "getCompliance",
            "Reports expected, received, on time, late, returned and missing, by level, district and unit (provisional: units within reach)",
            [new("period", Parameters.DefaultPeriod, "2022-H1"), lens,
             Parameters.Word<UnitLevel>("level", "Level"), Parameters.Word<UnitKind>("kind", "Kind"),
             new("under", "This unit and all below it", "D474"), Parameters.Word<ComplianceState>("state", "Only units so, in items"),
             new("overdue", "Only units that are past due, in items, which is today's chase list", true),
             Parameters.AsOf, .. Parameters.Paging]).Refuses(401, 404);
        api.MapGet("/plans/{plan}/compliance/units/{unit}", GetRecord).Describe<UnitComplianceAnswer>(
            "getUnitCompliance", "One unit's record over the periods that have begun", [lens, Parameters.AsOf]).Refuses(401, 404);
    }

    private static async Task GetCompliance(
        HttpContext context, string plan, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        var query = new QueryInput(context.Request, "period", "lens", "level", "kind", "under", "state", "overdue", "asOf", "limit", "cursor");
        var (lens, period) = (LensOf(context, query), query.Known("period", found.FindPeriod, "period"));
        var (level, kind) = (query.Word<UnitLevel>("level"), query.Word<UnitKind>("kind"));
        var under = query.Known("under", catalogue.Units.Find, "unit");
        var (state, isOverdue) = (query.Word<ComplianceState>("state"), query.Flag("overdue"));
        var (limit, cursor, asOf) = (query.Limit(), query.Cursor(), query.PastInstant("asOf", time));
        query.Done();
        var snapshot = await snapshots.GetAsync(found, period, lens, asOf, context.RequestAborted);
        var today = LocalTime.DateOf(asOf ?? time.GetUtcNow());
        var reach = new Reach(context.Caller(), lens);
        var tag = $"{snapshot.Tag}.{today:yyyyMMdd}{reach.FigureMark}";
        await Answers.WriteAsync(context, tag, lens == Lens.Provisional, () =>
        {
            var facts = snapshot.Facts;
            var (units, date) = (facts.Units, facts.Period.DataTo);
            var all = Judge(snapshot, today, unit => (level is null || unit.Level == level) && (kind is null || unit.Kind == kind)
                && (under is null || units.IsWithin(unit, under.Id, date)));
            if (!MayCount(all))
            {
                throw new ProblemException("auth.forbidden");
            }

            var page = Page<UnitCompliance>.Cut(
                context,
                [.. all.Where(each =>
                    Covers(each) && (state is null || each.State == state) && (!isOverdue || each.DaysOverdue is not null))],
                each => new PageKey($"{(int)each.Level}", each.Unit), each => each, limit, cursor);
            return Task.FromResult(new ComplianceAnswer
            {
                Plan = found.Code,
                Period = facts.Period.Code,
                Lens = lens,
                DataVersion = snapshot.Version.Version,
                AsOf = snapshot.Version.ChangedAt,
                DueOn = facts.Period.DueOn,
                Total = ComplianceCounts.Of(all),
                Levels = [.. all.GroupBy(each => each.Level).Where(MayCount)
                    .Select(group => new LevelCompliance(group.Key, ComplianceCounts.Of(group)))],
                Districts = [.. all.Where(each => each.District is not null).GroupBy(each => each.District!)
                    .Where(MayCount).OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => new DistrictCompliance(group.Key, units.Find(group.Key)!.On(date)?.NameVi, ComplianceCounts.Of(group)))],
                Items = page.Items,
                NextCursor = page.NextCursor,
            });

            bool Covers(UnitCompliance each) => reach.Covers(snapshot, units.Find(each.Unit)!);

            // Counts of a single unit tell how that unit stands.
            bool MayCount(IEnumerable<UnitCompliance> group) => group.Take(2).Count() != 1 || Covers(group.First());
        });
    }

    private static async Task GetRecord(
        HttpContext context, string plan, string unit, Catalogues catalogues, Snapshots snapshots, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var (found, asked) = (catalogue.PlanOf(plan), catalogue.UnitOf(unit));
        var query = new QueryInput(context.Request, "lens", "asOf");
        var (lens, asOf) = (LensOf(context, query), query.PastInstant("asOf", time));
        query.Done();
        var today = LocalTime.DateOf(asOf ?? time.GetUtcNow());
        var periods = found.Periods.Where(each => each.DataFrom <= today).DefaultIfEmpty(found.Periods[0]).ToList();
        var begun = await snapshots.GetAllAsync(found, periods, lens, asOf, context.RequestAborted);
        var reach = new Reach(context.Caller(), lens);
        reach.Require(begun, asked);
        var tag = $"{Snapshot.TagOf(begun)}.{today:yyyyMMdd}{reach.FigureMark}";
        await Answers.WriteAsync(context, tag, lens == Lens.Provisional, () => Task.FromResult(new UnitComplianceAnswer
        {
            Plan = found.Code,
            Unit = asked.Code,
            Lens = lens,
            Items = [.. begun.Where(each => each.Facts.Expectation.LinesOf(asked.Id).Count > 0)
                .Select(each => new PeriodCompliance(each.Facts.Period.Code, each.Facts.Period.DueOnFor(asked.Level), Judge(each, asked, today)))],
        }));
    }

    private static Lens LensOf(HttpContext context, QueryInput query)
    {
        var lens = query.Word<Lens>("lens") ?? Lens.Published;
        if (lens == Lens.Provisional)
        {
            context.RequireCaller();
        }

        return lens;
    }

    /// <summary>How each unit that is expected to report stands, by level and code.</summary>
    internal static IReadOnlyList<UnitCompliance> Judge(Snapshot snapshot, DateOnly today, Func<Unit, bool> which) =>
        [.. snapshot.Facts.Expectation.UnitIds.Select(id => snapshot.Facts.Units[id]).Where(which)
            .OrderBy(unit => unit.Level).ThenBy(unit => unit.Code, StringComparer.Ordinal).Select(unit => Judge(snapshot, unit, today))];

    private static UnitCompliance Judge(Snapshot snapshot, Unit unit, DateOnly today)
    {
        var facts = snapshot.Facts;
        var due = facts.Expectation.LinesOf(unit.Id);
        var first = facts.HeadOf(unit.Id)?.FirstSubmittedAt;
        var isReceived = facts.HasReceived(unit.Id);
        var version = unit.On(facts.Period.DataTo);
        var dueOn = facts.Period.DueOnFor(unit.Level);
        return new UnitCompliance
        {
            Unit = unit.Code,
            NameVi = version?.NameVi,
            Level = unit.Level,
            Kind = unit.Kind,
            District = unit.Level == UnitLevel.District && unit.Kind == UnitKind.Committee ? unit.Code
                : version?.ParentId is { } parent && facts.Units[parent].Level == UnitLevel.District ? facts.Units[parent].Code : null,
            State = isReceived ? facts.Period.IsOnTime(unit.Level, first!.Value) ? ComplianceState.OnTime : ComplianceState.Late
                : snapshot.Returned.Contains(unit.Id) ? ComplianceState.Returned : ComplianceState.Missing,
            FirstSubmittedAt = isReceived ? first : null,
            ValuesDue = due.Count,
            ValuesGiven = due.Count(line => facts.Value(line.Line.Id, unit.Id, Basis.Period).State != Domain.Reports.ValueState.Missing),
            DaysOverdue = !isReceived && today > dueOn ? today.DayNumber - dueOn.DayNumber : null,
        };
    }
}
