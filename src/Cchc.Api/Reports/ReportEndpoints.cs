using System.Text.Json;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Reports;

internal static class ReportEndpoints
{
    private const string BodyExample = """
        { "values": [ { "target": "II.3.a", "numerator": 120, "total": 200, "excluded": 0, "note": "Số liệu đến 14/6" },
                      { "target": "II.10.a", "done": true },
                      { "target": "II.7.a", "notApplicable": "Chưa được phê duyệt đề án vị trí việc làm" } ],
          "tasks": [ { "task": "III.2.b", "status": "inProgress", "count": 2 } ],
          "narrative": "Báo cáo 6 tháng đầu năm",
          "evidence": [ { "title": "Công văn", "url": "https://thuathienhue.gov.vn/cong-van" } ] }
        """;

    private static readonly Parameter IfMatch = new("If-Match", "The ETag of the report to change", "\"r3\"", Header: true);
    private static readonly Parameter IdempotencyKey =
        new("Idempotency-Key", "Repeating the request with the same key within 24 hours does nothing twice", "6f1c2e", Header: true);

    public static void MapReports(this IEndpointRouteBuilder api)
    {
        const string one = "/plans/{plan}/reports/{period}/{unit}";
        api.MapGet("/plans/{plan}/reports", ListReports).Describe<Page<ReportSummary>>(
            "listReports", "Reports within the caller's reach",
            [new("period", "Period code", "2022-H1"), new("unit", "Unit code", "SNV"), new("under", "This unit and all below it", "D474"),
             Parameters.Word<ReportStatus>("status", "Status"), new("updatedAfter", "Changed after this instant (RFC 3339)", "2022-06-20T00:00:00+07:00"),
             .. Parameters.Paging]).Refuses(401, 404);
        api.MapGet(one, GetReport).Describe<ReportAnswer>("getReport", "One unit's report").Refuses(401, 403, 404);
        api.MapPut(one, PutReport).DescribeWrite<ReportAnswer>("putReport", "Save a draft of one unit's report", BodyExample, IfMatch)
            .Produces<ReportAnswer>(201, "application/json").Refuses(428);
        foreach (var action in Enum.GetValues<ReportAction>())
        {
            var word = Words.Of(action);
            var needsReason = action is ReportAction.Return or ReportAction.Reopen;
            api.MapPost($"{one}/{word}", (HttpContext context, string plan, string period, string unit, Catalogues catalogues, ReportWriter writer) =>
                    ActAsync(context, plan, period, unit, action, catalogues, writer))
                .DescribeWrite<ReportAnswer>(
                    $"{word}Report", Summary(action), needsReason ? "{ \"reason\": \"Số liệu II.3.a chưa khớp với biên bản\" }" : null, IfMatch, IdempotencyKey);
        }

        api.MapGet(one + "/revisions", ListRevisions)
            .Describe<Page<RevisionSummary>>("listRevisions", "The report's revisions, the oldest first", Parameters.Paging).Refuses(401, 403, 404);
        api.MapGet(one + "/revisions/{number:int}", GetRevision)
            .Describe<RevisionAnswer>("getRevision", "One revision and what it changed").Refuses(401, 403, 404);
    }

    private static string Summary(ReportAction action) => action switch
    {
        ReportAction.Submit => "Submit the draft for review",
        ReportAction.Approve => "Approve the submitted revision, which publishes it",
        ReportAction.Return => "Return the submitted revision with a reason",
        _ => "Reopen an approved report with a reason; what was published stays so until the next approval",
    };

    private static async Task ListReports(
        HttpContext context, string plan, Catalogues catalogues, Database database)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var (found, units) = (catalogue.PlanOf(plan), catalogue.Units);
        var query = new QueryInput(context.Request, "period", "unit", "under", "status", "updatedAfter", "limit", "cursor");
        var period = query.Known("period", found.FindPeriod, "period");
        var (unit, under) = (query.Known("unit", units.Find, "unit"), query.Known("under", units.Find, "unit"));
        var (status, updatedAfter) = (query.Word<ReportStatus>("status"), query.Instant("updatedAfter"));
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var periods = found.Periods.ToDictionary(each => each.Id);
        var (version, heads) = await database.ReadAsync(
            async session => (
                await DataVersions.PinAsync(session, found.Code),
                await ReportQueries.HeadsAsync(session, found.Id, period?.Id, unit?.Id, updatedAfter)),
            context.RequestAborted);
        var visible = heads
            .Where(head => (status is null || head.Status == status)
                && (under is null || units.IsWithin(units[head.UnitId], under.Id, periods[head.PeriodId].DataTo))
                && new Rights(found, periods[head.PeriodId], units).MayRead(caller, units[head.UnitId]))
            .OrderBy(head => periods[head.PeriodId].DataTo).ThenBy(head => units[head.UnitId].Code, StringComparer.Ordinal).ToList();
        var page = Page<ReportSummary>.Cut(
            context, visible, head => $"{periods[head.PeriodId].Code}/{units[head.UnitId].Code}",
            head => Summarise(head, periods[head.PeriodId], units[head.UnitId].Code), limit, cursor);
        await Answers.WriteOwnAsync(context, $"\"{version!.Version}\"", StatusCodes.Status200OK, page);
    }

    private static async Task GetReport(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database)
    {
        new QueryInput(context.Request).Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireReading(address, await catalogues.CurrentAsync(context.RequestAborted));
        await WriteAsync(context, address, database, 200);
    }

    private static async Task PutReport(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database, ReportWriter writer)
    {
        new QueryInput(context.Request).Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        if (!new Rights(address.Plan, address.Period, catalogue.Units).MayWrite(address.Caller, address.Unit))
        {
            throw new ProblemException("auth.forbidden");
        }

        if (address.Unit.On(address.Period.DataTo) is null)
        {
            throw new ProblemException("unit.notActive", address.Unit.Code, address.Period.DataTo);
        }

        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var content = new ReportReader(address.Plan, address.Period, address.Unit).Read(body!.RootElement);
        var (report, created) = await writer.PutAsync(address, content, Conditions.Of(context.Request), context.RequestAborted);
        await WriteAsync(context, address, database, created ? 201 : 200, report);
    }

    private static async Task ActAsync(
        HttpContext context, string plan, string period, string unit, ReportAction action, Catalogues catalogues, ReportWriter writer)
    {
        new QueryInput(context.Request).Done();
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        var rights = new Rights(address.Plan, address.Period, (await catalogues.CurrentAsync(context.RequestAborted)).Units);
        var refused = action == ReportAction.Submit
            ? rights.MayWrite(address.Caller, address.Unit) ? null : "auth.forbidden"
            : rights.MayReview(address.Caller, address.Unit) switch
            {
                ReviewRight.Allowed => null,
                ReviewRight.OwnReport => "auth.ownReport",
                _ => "auth.forbidden",
            };
        if (refused is not null)
        {
            throw new ProblemException(refused);
        }

        var reason = await ReadReasonAsync(context, needed: action is ReportAction.Return or ReportAction.Reopen);
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > 255 || key.Any(c => c is < ' ' or > '~'))
        {
            throw new ProblemException("idempotency.invalid");
        }

        var (body, etag) = await writer.ActAsync(
            address, action, reason, key.Length == 0 ? null : key, Conditions.Of(context.Request),
            async (session, report) => JsonSerializer.Serialize(await ShowAsync(context, session, address, report), Json.Options),
            context.RequestAborted);
        await Answers.WriteOwnAsync(context, etag, 200, JsonNode.Parse(body));
    }

    private static async Task ListRevisions(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var (report, _) = await ReadableAsync(context, plan, period, unit, catalogues, database);
        var page = Page<RevisionSummary>.Cut(
            context, report.Revisions, row => row.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Summarise, limit, cursor);
        await Answers.WriteOwnAsync(context, report.ETag, 200, page);
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
        var (was, now) = (before.Values.ToDictionary(value => value.LineId), content.Values.ToDictionary(value => value.LineId));
        var changes = was.Keys.Union(now.Keys).Order()
            .Select(line => (Before: was.GetValueOrDefault(line), After: now.GetValueOrDefault(line)))
            .Where(pair => pair.Before != pair.After)
            .Select(pair => new ValueChange((pair.After ?? pair.Before)!.Target, (pair.After ?? pair.Before)!.Level, pair.Before, pair.After));
        await Answers.WriteOwnAsync(context, report.ETag, 200, new RevisionAnswer
        {
            Revision = Summarise(row),
            Content = content,
            Changes = [.. changes],
        });
    }

    private static async Task<(StoredReport Report, ReportAddress Address)> ReadableAsync(
        HttpContext context, string plan, string period, string unit, Catalogues catalogues, Database database)
    {
        var address = await AddressAsync(context, plan, period, unit, catalogues);
        RequireReading(address, await catalogues.CurrentAsync(context.RequestAborted));
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
            found, found.FindPeriod(period) ?? throw new ProblemException("period.unknown", period), catalogue.UnitOf(unit), caller);
    }

    private static void RequireReading(ReportAddress address, Catalogue catalogue)
    {
        if (!new Rights(address.Plan, address.Period, catalogue.Units).MayRead(address.Caller, address.Unit))
        {
            throw new ProblemException("auth.forbidden");
        }
    }

    private static async Task<string?> ReadReasonAsync(HttpContext context, bool needed)
    {
        using var body = await JsonInput.ReadAsync(context.Request, optional: true, context.RequestAborted);
        var input = new JsonInput();
        var reason = body is null ? null : input.Text(input.Members(body.RootElement, "", "reason"), "reason", "", 1000);
        if (needed && reason is null && input.Refusals.Count == 0)
        {
            input.Refuse("reason.required", "/reason", null);
        }

        return input.Refusals.Count == 0 ? reason : throw ProblemException.Of(input.Refusals);
    }

    private static async Task WriteAsync(
        HttpContext context, ReportAddress address, Database database, int status, StoredReport? known = null)
    {
        var (answer, etag) = await database.ReadAsync(
            async session =>
            {
                var report = known ?? await ReportQueries.FindAsync(session, address.Plan, address.Period.Id, address.Unit.Id)
                    ?? throw new ProblemException("report.unknown");
                return (await ShowAsync(context, session, address, report), report.ETag);
            },
            context.RequestAborted);
        if (status == 201)
        {
            context.Response.Headers.Location = context.Request.Path.Value;
        }

        await Answers.WriteOwnAsync(context, etag, status, answer);
    }

    private static async Task<ReportAnswer> ShowAsync(HttpContext context, DbSession session, ReportAddress address, StoredReport report)
    {
        var (plan, period, unit, _) = address;
        var odd = await ReportWarnings.FindAsync(session, address, report.Content);
        return new ReportAnswer
        {
            Plan = plan.Code,
            Period = period.Code,
            Unit = unit.Code,
            Status = report.Head.Status,
            Revision = report.Head.Revision,
            Version = report.Head.Version,
            DueOn = period.DueOn,
            FirstSubmittedAt = report.Head.FirstSubmittedAt,
            OnTime = OnTime(report.Head, period),
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
        };
    }

    private static ReportSummary Summarise(ReportHeadRow head, Period period, string unit) => new()
    {
        Period = period.Code,
        Unit = unit,
        Status = head.Status,
        Revision = head.Revision,
        Version = head.Version,
        FirstSubmittedAt = head.FirstSubmittedAt,
        OnTime = OnTime(head, period),
        UpdatedAt = head.UpdatedAt,
        Sample = head.Sample,
    };

    private static RevisionSummary Summarise(RevisionRow row) => new()
    {
        Number = row.Number,
        SavedAt = row.SavedAt,
        SavedBy = row.SavedBy,
        SubmittedAt = row.SubmittedAt,
        SubmittedBy = row.SubmittedBy,
        Decision = row.Decision,
        DecidedAt = row.DecidedAt,
        DecidedBy = row.DecidedBy,
    };

    private static bool? OnTime(ReportHeadRow head, Period period) =>
        head.FirstSubmittedAt is { } first ? ReportWarnings.OnTime(period, first) : null;
}
