using System.Globalization;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Obstacles;
using Cchc.Domain.Reports;

namespace Cchc.Api.Obstacles;

/// <summary>
/// Obstacles outside the cycle of periods (plan 398, section V.2): a unit raises one, Sở Nội vụ answers it, assigns it or takes it to the
/// provincial committee.
/// </summary>
internal static class ObstacleEndpoints
{
    private const string All = "/plans/{plan}/obstacles";
    private const string One = All + "/{number:int}";

    private const string RaiseExample = """
        { "unit": "STP", "title": "Cổng dịch vụ công chưa nhận bản sao điện tử", "task": "III.2.d",
          "description": "Hồ sơ chứng thực điện tử bị trả lại từ ngày 01/6; đề nghị Sở TT&TT kiểm tra kết nối." }
        """;

    private static readonly Parameter IfMatch = new("If-Match", "The ETag of the obstacle to change, where it must not have changed", "\"o2\"", Header: true);

    public static void MapObstacles(this IEndpointRouteBuilder api)
    {
        api.MapGet(All, ListObstacles).Describe<Page<ObstacleSummary>>(
            "listObstacles", "Obstacles that the caller may read, the latest first",
            [Parameters.Word<ObstacleStatus>("status", "Status"), new("unit", "Raised by this unit", "STP"),
             new("under", "Raised by this unit or any below it", "D474"), new("assignedTo", "This unit is to answer, or did", "STTTT"),
             new("overdue", "Only those whose answer is past due", true), new("target", "Concerning this target", "II.5.a"),
             new("task", "Concerning this task", "III.2.d"), Parameters.Query, .. Parameters.Paging]).Refuses(401, 404);
        api.MapPost(All, RaiseObstacle).DescribeWrite<ObstacleAnswer>(
            "raiseObstacle", "Raise an obstacle: a unit its own, a district also its communes'", RaiseExample, IdempotencyKeys.Parameter)
            .Takes<RaiseBody>().Needs(KeyScope.ReportsWrite).Produces<ObstacleAnswer>(201, "application/json")
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201);
        api.MapGet(One, GetObstacle).Describe<ObstacleAnswer>(
            "getObstacle", "One obstacle with its answers and history").Refuses(401, 403, 404);
        api.MapAction<AssignBody>(
            ObstacleAction.Assign, "Have another unit answer", """{ "unit": "STTTT", "dueOn": "2022-07-01", "note": "Kiểm tra kết nối LGSP" }""");
        api.MapAction<WordsBody>(ObstacleAction.Answer, "Answer: the plan's lead unit, or the unit it is assigned to", """{ "text": "Đã khắc phục ngày 20/6." }""");
        api.MapAction<EscalateBody>(ObstacleAction.Escalate, "Take it to the provincial committee", null);
        api.MapAction<WordsBody>(ObstacleAction.Comment, "Add a comment: whoever may read it", """{ "text": "Đã gặp ở ba đơn vị khác." }""");
        api.MapAction<CloseBody>(ObstacleAction.Close, "Close it: the unit that raised it, or the plan's lead unit; with a reason while it is not answered", null);
        api.MapAction<ReopenBody>(
            ObstacleAction.Reopen, "Raise an answered or closed obstacle again, with a reason", """{ "reason": "Lỗi xuất hiện trở lại" }""");
    }

    private static void MapAction<TBody>(this IEndpointRouteBuilder api, ObstacleAction action, string summary, string? example)
    {
        var word = Words.Of(action);
        api.MapPost($"{One}/{word}", (HttpContext context, string plan, int number, Catalogues catalogues, Database database, ObstacleWriter writer, TimeProvider time) =>
                ActAsync(context, plan, number, action, catalogues, database, writer, time))
            .DescribeWrite<ObstacleAnswer>($"{word}Obstacle", summary, example, IfMatch, IdempotencyKeys.Parameter).Takes<TBody>(mayBeAbsent: example is null)
            .Needs(action is ObstacleAction.Assign or ObstacleAction.Escalate ? [KeyScope.ReportsReview] : [KeyScope.ReportsWrite, KeyScope.ReportsReview])
            .Sends(AnswerHeaders.ETag, 200);
    }

    private static async Task ListObstacles(HttpContext context, string plan, Catalogues catalogues, DataVersions versions, TimeProvider time)
    {
        var view = await ViewAsync(context, plan, catalogues, time);
        var units = view.Units;
        var query = new QueryInput(
            context.Request, "status", "unit", "under", "assignedTo", "overdue", "target", "task", "q", "limit", "cursor");
        var (status, isOverdue, text) = (query.Word<ObstacleStatus>("status"), query.Flag("overdue"), query.Text("q"));
        var (unit, under) = (query.Known("unit", units.Find, "unit"), query.Known("under", units.Find, "unit"));
        var assignedTo = query.Known("assignedTo", units.Find, "unit");
        var (target, task) = (query.Known("target", view.Plan.FindTarget, "target"), query.Known("task", view.Plan.FindTask, "task"));
        var (limit, before) = (query.Limit(), query.CursorNumber() ?? int.MaxValue);
        query.Done();
        var filter = new ObstacleFilter(status, unit?.Id, assignedTo?.Id, target?.Id, task?.Id);
        var found = await versions.ReadAsync(
            ObstacleView.ScopeOf(view.Plan),
            (session, _) => Batches.TakeAsync<ObstacleRow>(
                limit + 1,
                (last, rows) => ObstacleQueries.PageAsync(session, view.Plan.Id, filter, last?.Number ?? before, rows),
                row => (under is null || units.IsWithin(units[row.UnitId], under.Id, view.Today))
                    && (!isOverdue || ObstacleRules.IsOverdue(row.Status, row.DueOn, view.Today))
                    && view.MayRead(row)
                    && Search.Finds(text, row.Title, row.Description)),
            context.RequestAborted);
        var page = Page<ObstacleSummary>.Begin(
            context, found, row => row.Number.ToString(CultureInfo.InvariantCulture), view.Summarise, limit);
        await Answers.WriteOwnAsync(context, 200, page);
    }

    private static async Task GetObstacle(
        HttpContext context, string plan, int number, Catalogues catalogues, Database database, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var view = await ViewAsync(context, plan, catalogues, time);
        var (row, events) = await database.ReadAsync(
            async session => (
                await ObstacleQueries.FindAsync(session, view.Plan.Id, number),
                await ObstacleQueries.EventsAsync(session, view.Plan.Id, number)),
            context.RequestAborted);
        RequireReading(view, row, number);
        await Answers.WriteOwnAsync(context, 200, view.Show(row!, events), row!.ETag);
    }

    private static async Task RaiseObstacle(HttpContext context, string plan, Catalogues catalogues, ObstacleWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var view = await ViewAsync(context, plan, catalogues, time);
        if (view.Caller.Role is not (Role.Reporter or Role.Administrator))
        {
            throw new ProblemException("auth.forbidden");
        }

        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var raised = ObstacleReader.ReadRaised(body!.RootElement, view);
        if (!view.Rules.MayRaise(view.Caller, raised.Unit))
        {
            throw new ProblemException("auth.forbidden");
        }

        var (text, etag, isRepeated) = await writer.RaiseAsync(view, raised, IdempotencyKeys.Of(context.Request), context.RequestAborted);
        var answer = JsonNode.Parse(text)!;
        if (!isRepeated)
        {
            context.Response.Headers.Location = $"{context.Request.Path}/{answer["number"]}";
        }

        await Answers.WriteOwnAsync(context, isRepeated ? 200 : 201, answer, etag);
    }

    private static async Task ActAsync(
        HttpContext context, string plan, int number, ObstacleAction action, Catalogues catalogues, Database database,
        ObstacleWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var view = await ViewAsync(context, plan, catalogues, time);
        var row = await database.ReadAsync(session => ObstacleQueries.FindAsync(session, view.Plan.Id, number), context.RequestAborted);
        RequireReading(view, row, number);
        if (!view.Rules.May(view.Caller, row!.Standing(view.Units), action))
        {
            throw new ProblemException("auth.forbidden");
        }

        var request = await ObstacleReader.ReadRequestAsync(context, action, view, row);
        var (text, etag, _) = await writer.ActAsync(
            view, number, request, context.Request.Headers.IfMatch, IdempotencyKeys.Of(context.Request), context.RequestAborted);
        await Answers.WriteOwnAsync(context, 200, JsonNode.Parse(text), etag);
    }

    private static void RequireReading(ObstacleView view, ObstacleRow? row, int number)
    {
        if (row is null)
        {
            throw new ProblemException("obstacle.unknown", number);
        }

        if (!view.MayRead(row))
        {
            throw new ProblemException("auth.forbidden");
        }
    }

    private static async Task<ObstacleView> ViewAsync(HttpContext context, string plan, Catalogues catalogues, TimeProvider time)
    {
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        return new ObstacleView(catalogue, catalogue.PlanOf(plan), caller, time.Today());
    }
}
