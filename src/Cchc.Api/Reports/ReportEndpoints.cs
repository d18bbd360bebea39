using System.Text.Json;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Reports;

internal static class ReportEndpoints
{
    private const string BodyExample = """
        { "values": [ { "target": "II.3.a", "numerator": 120, "total": 200, "note": "Số liệu đến 14/6" },
                      { "target": "II.8.a", "numerator": 880, "total": 900, "excluded": 12 },
                      { "target": "II.10.a", "done": true },
                      { "target": "II.7.a", "notApplicable": "Chưa được phê duyệt đề án vị trí việc làm" } ],
          "tasks": [ { "task": "III.2.b", "status": "inProgress", "count": 2 } ],
          "narrative": "Báo cáo 6 tháng đầu năm",
          "evidence": [ { "title": "Công văn", "url": "https://thuathienhue.gov.vn/cong-van" } ] }
        """;

    private static readonly Parameter IfMatch = new("If-Match", "The ETag of the report to change", "\"r3\"", Header: true);

    // A query for each unit of a period, up to so many, costs less than to read the reports of all.
    private const int MostOneByOne = 64;

    public static void MapReports(this IEndpointRouteBuilder api)
    {
        const string one = "/plans/{plan}/reports/{period}/{unit}";
        api.MapGet("/plans/{plan}/reports", ListReports).Describe<Page<ReportSummary>>(
            "listReports", "Reports within the caller's reach",
            [new("period", "Period code", "2022-H1"), new("unit", "Unit code", "SNV"), new("under", "This unit and all below it", "D474"),
             Parameters.Word<ReportStatus>("status", "Status"), Parameters.Word<Awaited>("awaiting", "Whose approval it awaits"),
             new("updatedAfter", "Changed after this instant (RFC 3339)", Parameters.SomeInstant), Parameters.AsOf,
             .. Parameters.Paging]).Refuses(401, 404);
        api.MapGet(one, GetReport).Describe<ReportAnswer>("getReport", "One unit's report", Parameters.AsOf).Refuses(401, 403, 404);
        api.MapPut(one, PutReport).DescribeWrite<ReportAnswer>("putReport", "Save a draft of one unit's report", BodyExample, IfMatch)
            .Takes<ReportBody>().Produces<ReportAnswer>(201, "application/json").Refuses(428).Needs(KeyScope.ReportsWrite)
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201);
        foreach (var action in Enum.GetValues<ReportAction>().Where(action => action != ReportAction.Put))
        {
            var word = Words.Of(action);
            var example = action switch
            {
                ReportAction.Return => """{ "reason": "Số liệu II.3.a chưa khớp với biên bản" }""",
                ReportAction.Reopen => """{ "reason": "Đính chính số liệu II.3.a", "until": "2022-06-30" }""",
                _ => null,
            };
            var post = api.MapPost($"{one}/{word}", (HttpContext context, string plan, string period, string unit, Catalogues catalogues, ReportWriter writer, TimeProvider time) =>
                    ActAsync(context, plan, period, unit, action, catalogues, writer, time))
                .DescribeWrite<ReportAnswer>($"{word}Report", Summary(action), example, IfMatch, IdempotencyKeys.Parameter)
                .Needs(action is ReportAction.Submit or ReportAction.Withdraw ? KeyScope.ReportsWrite : KeyScope.ReportsReview)
                .Sends(AnswerHeaders.ETag, 200);
            _ = action is ReportAction.Return or ReportAction.Reopen ? post.Takes<GivenBackBody>() : post.Takes<ReasonBody>(mayBeAbsent: true);
        }

        api.MapGet(one + "/revisions", ListRevisions)
            .Describe<Page<RevisionSummary>>("listRevisions", "The report's revisions, the oldest first", Parameters.Paging).Refuses(401, 403, 404);
        api.MapGet(one + "/revisions/{number:int}", GetRevision)
            .Describe<RevisionAnswer>("getRevision", "One revision and what it changed").Refuses(401, 403, 404);
    }

    private static string Summary(ReportAction action) => action switch
    {
        ReportAction.Submit => "Submit the draft for review",
        ReportAction.Withdraw => "Take the submitted revision back before it is decided on: it is as if it had not been submitted",
        ReportAction.Approve => "Approve the submitted revision, which publishes it; or pass it on as its district, where the plan asks for that",
        ReportAction.Return => "Return the submitted revision with a reason; with a last day for changes where the period is locked",
        _ => "Reopen an approved or locked report with a reason and, where the period is locked, a last day for changes; what was published stays so until the next approval",
    };

    private static async Task ListReports(
        HttpContext context, string plan, Catalogues catalogues, DataVersions versions, TimeProvider time)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var (found, units) = (catalogue.PlanOf(plan), catalogue.Units);
        var query = new QueryInput(context.Request, "period", "unit", "under", "status", "awaiting", "updatedAfter", "asOf", "limit", "cursor");
        var period = query.Known("period", found.FindPeriod, "period");
        var (unit, under) = (query.Known("unit", units.Find, "unit"), query.Known("under", units.Find, "unit"));
        var (status, awaiting) = (query.Word<ReportStatus>("status"), query.Word<Awaited>("awaiting"));
        var (updatedAfter, asOf) = (query.Instant("updatedAfter"), query.PastInstant("asOf", time));
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var filter = new ReportFilter(unit?.Id, status, updatedAfter, asOf);
        var start = PlaceOf(found, cursor);
        var shown = asOf is { } past ? await catalogues.AsOfAsync(past, context.RequestAborted) : catalogue;
        var today = time.Today();
        var reports = await versions.ReadAsync(
            DataVersions.ScopeOf(found.Code),
            async (session, _) =>
            {
                var listed = new List<ReportSummary>();
                foreach (var each in found.Periods.Where(each => period is null || each.Id == period.Id).OrderBy(each => each.DataTo)
                    .SkipWhile(each => start is { } place && each.Id != place.Period.Id).TakeWhile(_ => listed.Count <= limit))
                {
                    var after = each.Id == start?.Period.Id ? start.Value.Unit : "";
                    listed.AddRange(await ListPeriodAsync(session, each, after, limit + 1 - listed.Count));
                }

                return listed;
            },
            context.RequestAborted,
            asOf: asOf);
        var page = Page<ReportSummary>.Begin(context, reports, each => $"{each.Period}/{each.Unit}", each => each, limit);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);

        async Task<IEnumerable<ReportSummary>> ListPeriodAsync(DbSession session, Period each, string after, int wanted)
        {
            var rights = new Rights(found, each, units);
            List<Unit> within = [.. units.All
                .Where(one => (under is null || units.IsWithin(one, under.Id, each.DataTo)) && rights.MayRead(caller, one))
                .OrderBy(one => one.Code, StringComparer.Ordinal)];

            // Few units are read one by one; among most units those that are not meant are passed over.
            var heads = within.Count > MostOneByOne
                ? await ReadAsync(filter, within.Select(one => one.Id).ToHashSet())
                : await ReadEachAsync(within.Where(one => unit is null || one.Id == unit.Id));
            return heads.Select(Show);

            ReportSummary Show(ReportHeadRow head) =>
                Summarise(head, new ReportAddress(found, each, units[head.UnitId], caller, units).In(shown), today, asOf);

            async Task<List<ReportHeadRow>> ReadEachAsync(IEnumerable<Unit> ofUnits)
            {
                var read = new List<ReportHeadRow>();
                foreach (var one in ofUnits.TakeWhile(_ => read.Count < wanted))
                {
                    read.AddRange(await ReadAsync(filter with { UnitId = one.Id }, [one.Id]));
                }

                return read;
            }

            Task<List<ReportHeadRow>> ReadAsync(ReportFilter asked, HashSet<int> meant) => Batches.TakeAsync<ReportHeadRow>(
                wanted,
                (last, rows) => ReportQueries.PageAsync(session, each.Id, asked, last is null ? after : units[last.UnitId].Code, rows),
                head => meant.Contains(head.UnitId) && (awaiting is null || Show(head).Awaiting == awaiting));
        }
    }

    // A cursor is the period and the unit of the last report before the page; the unit need not have one any more.
    private static (Period Period, string Unit)? PlaceOf(Plan plan, string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        return cursor.Split('/', 2) is [var code, var unit] && plan.FindPeriod(code) is { } period ? (period, unit)
            : throw ProblemException.Of([new Refusal("cursor.invalid", null, null) { Parameter = "cursor" }]);
    }

    private static async Task GetReport(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database, DataVersions versions,
        TimeProvider time)
    {
        var query = new QueryInput(context.Request, "asOf");
        var asOf = query.PastInstant("asOf", time);
        query.Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireReading(address);
        var shown = address;
        if (asOf is { } past)
        {
            await versions.SettleAsync(past, context.RequestAborted, DataVersions.ScopeOf(address.Plan.Code));
            shown = address.In(await catalogues.AsOfAsync(past, context.RequestAborted));
        }

        var (answer, report) = await database.ReadAsync(
            async session =>
            {
                var report = await ReportQueries.FindAsync(session, address.Plan, address.Period.Id, address.Unit.Id, asOf)
                    ?? throw new ProblemException("report.unknown");
                return (await ShowAsync(context, session, shown, report, time.Now(), asOf), report);
            },
            context.RequestAborted);
        await Answers.WriteOwnAsync(context, 200, answer, asOf is null ? report.ETag : null);
    }

    private static async Task PutReport(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, ReportWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireRight(address, ReportAction.Put, time);

        RequireActive(address);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var content = new ReportReader(address.Plan.In(address.Period, address.Units), address.Period, address.Unit).Read(body!.RootElement);
        var (answer, etag, created) = await writer.PutAsync(
            address, content, Conditions.Of(context.Request), (session, report) => ShowAsync(context, session, address, report, time.Now()),
            context.RequestAborted);
        if (created)
        {
            context.Response.Headers.Location = context.Request.Path.Value;
        }

        await Answers.WriteOwnAsync(context, created ? 201 : 200, answer, etag);
    }

    private static async Task ActAsync(
        HttpContext context, string plan, string period, string unit, ReportAction action, Catalogues catalogues, ReportWriter writer,
        TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireRight(address, action, time);
        if (action == ReportAction.Reopen)
        {
            RequireActive(address);
        }

        var request = await ReadRequestAsync(context, action);
        var (body, etag) = await writer.ActAsync(
            address, request, IdempotencyKeys.Of(context.Request), Conditions.Of(context.Request),
            async (session, report) => (
                JsonSerializer.Serialize(await ShowAsync(context, session, address, report, time.Now()), Json.Options), report.ETag),
            context.RequestAborted);
        await Answers.WriteOwnAsync(context, 200, JsonNode.Parse(body), etag);
    }

    private static async Task ListRevisions(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, after) = (query.Limit(), query.CursorNumber() ?? 0);
        query.Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireReading(address);
        var (head, revisions) = await database.ReadAsync(
            async session => (
                (await ReportQueries.HeadsAsync(session, address.Plan.Id, address.Period.Id, address.Unit.Id)).SingleOrDefault(),
                await ReportQueries.RevisionsAsync(session, address.Period.Id, address.Unit.Id, after, limit + 1)),
            context.RequestAborted);
        var etag = head?.ETag ?? throw new ProblemException("report.unknown");
        var page = Page<RevisionSummary>.Begin(
            context, revisions, row => row.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            row => Summarise(row, row.Outcome), limit);
        await Answers.WriteOwnAsync(context, 200, page, etag);
    }

    private static async Task GetRevision(
        HttpContext context, string plan, string period, string unit, int number, Catalogues catalogues, Database database)
    {
        new QueryInput(context.Request).Done();
        var (report, address) = await ReadableAsync(context, plan, period, unit, catalogues, database);
        var row = report.Revisions.FirstOrDefault(each => each.Number == number) ?? throw new ProblemException("revision.unknown", number);
        var (content, before) = await database.ReadAsync(
            async session => (
                await ReportQueries.ContentAsync(session, address.Plan, address.Period.Id, address.Unit.Id, number),
                number == 1 ? new ReportContent()
                    : await ReportQueries.ContentAsync(session, address.Plan, address.Period.Id, address.Unit.Id, number - 1)),
            context.RequestAborted);
        await Answers.WriteOwnAsync(context, 200, new RevisionAnswer
        {
            Revision = Summarise(row, report.DecisionOn(row)),
            Content = content,
            Changes = [.. Changes(before.Values, content.Values, value => value.LineId)
                .Select(pair => new ValueChange((pair.After ?? pair.Before)!.Target, (pair.After ?? pair.Before)!.Level, pair.Before, pair.After))],
            TaskChanges = [.. Changes(before.Tasks, content.Tasks, task => task.TaskId)
                .Select(pair => new TaskChange((pair.After ?? pair.Before)!.Task, pair.Before, pair.After))],
            NarrativeBefore = before.Narrative == content.Narrative ? null : before.Narrative,
            NarrativeChanged = before.Narrative != content.Narrative,
            EvidenceChanged = !before.Evidence.SequenceEqual(content.Evidence),
        }, report.ETag);
    }

    private static IEnumerable<(T? Before, T? After)> Changes<T>(IEnumerable<T> before, IEnumerable<T> after, Func<T, int> id)
        where T : class
    {
        var (was, now) = (before.ToDictionary(id), after.ToDictionary(id));
        return was.Keys.Union(now.Keys).Order().Select(key => (was.GetValueOrDefault(key), now.GetValueOrDefault(key))).Where(pair => !Equals(pair.Item1, pair.Item2));
    }

    private static async Task<(StoredReport Report, ReportAddress Address)> ReadableAsync(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database)
    {
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireReading(address);
        var report = await database.ReadAsync(
            session => ReportQueries.FindAsync(session, address.Plan, address.Period.Id, address.Unit.Id), context.RequestAborted);
        return (report ?? throw new ProblemException("report.unknown"), address);
    }

    private static async Task<ReportAddress> AddressAsync(HttpContext context, string plan, string period, string unit, Catalogues catalogues)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        return new ReportAddress(
            found, found.FindPeriod(period) ?? throw new ProblemException("period.unknown", period), catalogue.UnitOf(unit), caller,
            catalogue.Units);
    }

    private static void RequireReading(ReportAddress address)
    {
        if (!new Rights(address.Plan, address.Period, address.Units).MayRead(address.Caller, address.Unit))
        {
            throw new ProblemException("auth.forbidden");
        }
    }

    private static void RequireRight(ReportAddress address, ReportAction action, TimeProvider time)
    {
        if (address.Workflow(time.Now()).WhyNotAllowed(address.Caller, address.Unit, action) is { } refused)
        {
            throw new ProblemException(refused);
        }
    }

    private static void RequireActive(ReportAddress address)
    {
        if (address.Unit.On(address.Period.DataTo) is null)
        {
            throw new ProblemException("unit.notActive", address.Unit.Code, address.Period.DataTo);
        }
    }

    private static async Task<ReportRequest> ReadRequestAsync(HttpContext context, ReportAction action)
    {
        var givesBack = action is ReportAction.Return or ReportAction.Reopen;
        using var body = await JsonInput.ReadAsync(context.Request, optional: true, context.RequestAborted);
        var input = new JsonInput();
        var members = body is null ? [] : input.Members(body.RootElement, "", givesBack ? ["reason", "until"] : ["reason"]);
        var (reason, until) = (input.Text(members, "reason", "", 1000), input.Date(members, "until", ""));
        if (givesBack && reason is null && input.Refusals.Count == 0)
        {
            input.Refuse("reason.required", "/reason", null);
        }

        return input.Refusals.Count == 0 ? new ReportRequest(action, reason, until) : throw ProblemException.Of(input.Refusals);
    }

    private static async Task<ReportAnswer> ShowAsync(
        HttpContext context, DbSession session, ReportAddress address, StoredReport report, DateTimeOffset now, DateTimeOffset? asOf = null)
    {
        var (plan, period, unit, caller, _) = address;
        var workflow = address.Workflow(now);
        var standing = report.Head.Standing;
        IReadOnlyList<ReportAction> allowed = asOf is null ? workflow.Allowed(caller, unit, standing) : [];
        var odd = await ReportWarnings.FindAsync(
            session, address, report.Content, asOf ?? Completion.FactQueries.Now);
        return new ReportAnswer
        {
            Plan = plan.Code,
            Period = period.Code,
            Unit = unit.Code,
            Status = report.Head.Status,
            Revision = report.Head.Revision,
            Version = asOf is null ? report.Head.Version : null,
            DueOn = period.DueOnFor(unit.Level),
            FirstSubmittedAt = report.Head.FirstSubmittedAt,
            OnTime = OnTime(report.Head, address),
            UpdatedAt = report.Head.UpdatedAt,
            UpdatedBy = report.Head.UpdatedBy,
            Sample = report.Head.Sample,
            Values = report.Content.Values,
            Tasks = report.Content.Tasks,
            Narrative = report.Content.Narrative,
            Evidence = report.Content.Evidence,
            Warnings = [.. odd.Select(each => new ReportWarning(
                each.Value.Target, each.Value.Level!.Value, $"warning.{each.Oddity.Code}",
                Problems.Words(context.Request, $"warning.{each.Oddity.Code}", each.Oddity.Before, each.Oddity.After)))],
            History = [.. report.History.Select(row => new StatusChangeAnswer(
                row.At, row.Actor, row.FromStatus, row.ToStatus, row.Revision, row.Reason))],
            Until = report.Head.Until,
            DistrictApproval = report.Head.DistrictApprovedAt is { } at ? new DistrictApproval(at, report.Head.DistrictApprovedBy!) : null,
            Awaiting = asOf is null ? Awaiting(workflow, unit, standing) : null,
            AllowedActions = allowed,
            AsOf = asOf,
        };
    }

    private static ReportSummary Summarise(ReportHeadRow head, ReportAddress address, DateOnly today, DateTimeOffset? asOf)
    {
        var workflow = new Workflow(address.Plan, address.Period, address.Units, today);
        return new ReportSummary
        {
            Period = address.Period.Code,
            Unit = address.Unit.Code,
            Status = head.Status,
            Revision = head.Revision,
            Version = asOf is null ? head.Version : null,
            FirstSubmittedAt = head.FirstSubmittedAt,
            OnTime = OnTime(head, address),
            UpdatedAt = head.UpdatedAt,
            Awaiting = asOf is null ? Awaiting(workflow, address.Unit, head.Standing) : null,
            AllowedActions = asOf is null ? workflow.Allowed(address.Caller, address.Unit, head.Standing) : [],
            Sample = head.Sample,
        };
    }

    private static Awaited? Awaiting(Workflow workflow, Unit unit, ReportStanding standing) =>
        standing.Status != ReportStatus.Submitted ? null
        : workflow.AsksDistrict(unit) && !standing.HasDistrictApproval ? Awaited.District : Awaited.Lead;

    private static RevisionSummary Summarise(RevisionRow row, RevisionDecision? decision) => new()
    {
        Number = row.Number,
        SavedAt = row.SavedAt,
        SavedBy = row.SavedBy,
        SubmittedAt = row.SubmittedAt,
        SubmittedBy = row.SubmittedBy,
        Decision = decision,
        DecidedAt = row.DecidedAt,
        DecidedBy = row.DecidedBy,
    };

    private static bool? OnTime(ReportHeadRow head, ReportAddress address) =>
        head.FirstSubmittedAt is { } first ? address.Period.IsOnTime(address.Unit.Level, first) : null;
}
