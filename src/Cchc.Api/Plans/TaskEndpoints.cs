using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>The plan's tasks, how they stand, and who leads them.</summary>
internal static class TaskEndpoints
{
    private const string InsertLead = "INSERT INTO task_leads (task_id, valid_from, unit_id) VALUES (@taskId, @from, @unitId)";

    private const string EndCoordination = """
        UPDATE task_coordinators SET valid_to = @last
        WHERE task_id = @taskId AND unit_id = @unitId AND valid_from <= @last AND (valid_to IS NULL OR valid_to > @last)
        """;

    private const string DropCoordination = "DELETE FROM task_coordinators WHERE task_id = @taskId AND unit_id = @unitId AND valid_from > @last";

    public static void MapTasks(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans/{plan}/tasks", ListTasks).Describe<Page<TaskAnswer>>(
            "listTasks", "The plan's tasks with lead and coordinating units",
            [new("area", "Area, in either language", "Public finance reform"), new("lead", "Code of the lead unit", "SNV"),
             Parameters.Word<Progress>("status", "What the lead last said in a published report"),
             new("overdue", "Only those overdue", true), Parameters.Query, .. Parameters.Paging]).Refuses(404);
        api.MapGet("/plans/{plan}/tasks/summary", GetSummary).Describe<TaskSummary>(
            "getTaskSummary", "Tasks done of total, and overdue, by lead and by area").Refuses(404);
        api.MapGet("/plans/{plan}/tasks/{task}", GetTask).Describe<TaskAnswer>("getTask", "One task").Refuses(404);
        api.MapPost("/plans/{plan}/tasks/{task}/lead", PutLead).DescribeWrite<TaskAnswer>(
            "reassignTask", "Give the task to another lead from a day on, which ends the interval of the one before",
            """{ "unit": "STTTT", "from": "2022-07-01", "reason": "Quyết định 120/QĐ-UBND" }""", IdempotencyKeys.Parameter)
            .NeedsRole(Role.Reviewer, Role.Administrator).KeepsAnswer().Takes<LeadBody>().Needs(KeyScope.PlansWrite);
    }

    private static async Task ListTasks(
        HttpContext context, string plan, Catalogues catalogues, TaskStates states, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan, context.Caller());
        var today = time.Today();
        var query = new QueryInput(context.Request, "area", "lead", "status", "overdue", "q", "limit", "cursor");
        var (area, text, status) = (query.Text("area"), query.Text("q"), query.Word<Progress>("status"));
        var (lead, overdue) = (query.Known("lead", catalogue.Units.Find, "unit"), query.Flag("overdue"));
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var (version, said) = await states.GetAsync(found, context.RequestAborted);
        await Answers.WriteAsync(context, Tag(catalogue, today, version), found.IsDraft, () =>
        {
            var tasks = found.Tasks.Where(task =>
                    (area is null || Search.Fold(area) == Search.Fold(task.AreaVi) || Search.Fold(area) == Search.Fold(task.AreaEn))
                    && (lead is null || task.LeadOn(today).UnitId == lead.Id)
                    && Search.Finds(text, task.Code, task.TitleVi, task.TitleEn))
                .Select(task => TaskAnswer.Of(found, task, [.. said[task.Id]], catalogue.Units, today))
                .Where(task => (status is null || task.Status == status) && (!overdue || task.Overdue)).ToList();
            var places = PageKey.ByPlace(found.Tasks.Select(task => task.Code));
            return Task.FromResult(Page<TaskAnswer>.Cut(context, tasks, task => places[task.Code], task => task, limit, cursor));
        });
    }

    private static async Task GetSummary(
        HttpContext context, string plan, Catalogues catalogues, TaskStates states, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan, context.Caller());
        var today = time.Today();
        var (version, said) = await states.GetAsync(found, context.RequestAborted);
        await Answers.WriteAsync(context, Tag(catalogue, today, version), found.IsDraft, () =>
        {
            var tasks = found.Tasks.Select(task => TaskAnswer.Of(found, task, [.. said[task.Id]], catalogue.Units, today)).ToList();
            return Task.FromResult(new TaskSummary(
                found.Code, TaskTotals.Of(tasks),
                [.. tasks.GroupBy(task => task.Lead).OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => new LeadTotals(group.Key, TaskTotals.Of([.. group])))],
                [.. tasks.GroupBy(task => (task.AreaVi, task.AreaEn))
                    .Select(group => new AreaTotals(group.Key.AreaVi, group.Key.AreaEn, TaskTotals.Of([.. group])))]));
        });
    }

    private static async Task GetTask(
        HttpContext context, string plan, string task, Catalogues catalogues, TaskStates states, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var inPlan = catalogue.PlanOf(plan, context.Caller());
        var found = inPlan.FindTask(task) ?? throw new ProblemException("task.unknown", task);
        var today = time.Today();
        var (version, said) = await states.GetAsync(inPlan, context.RequestAborted);
        await Answers.WriteAsync(context, Tag(catalogue, today, version), inPlan.IsDraft, () => Task.FromResult(
            TaskAnswer.Of(inPlan, found, [.. said[found.Id]], catalogue.Units, today)));
    }

    private static async Task PutLead(
        HttpContext context, string plan, string task, Catalogues catalogues, TaskStates states, PlanWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = context.RequireCaller();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan);
        if (!Rights.MayLead(known, caller))
        {
            throw new ProblemException("auth.forbidden");
        }

        var code = (known.FindTask(task) ?? throw new ProblemException("task.unknown", task)).Code;
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);

        // Another lead changes nothing that was said: it is read first, so that nothing can fail after the commit.
        var (_, said) = await states.GetAsync(known, context.RequestAborted);
        var changed = await writer.ChangeAsync(
            known.Code, caller, "task.reassign", $"{known.Code}/{code}", null,
            async (session, current, _) =>
            {
                var found = current.FindTask(code)!;
                var (unit, from, reason) = Read(body!.RootElement, current, found, catalogue.Units, time.Today());
                var change = new { taskId = found.Id, unitId = unit.Id, from, last = from.AddDays(-1) };
                await session.ExecuteAsync(DropCoordination, change);
                await session.ExecuteAsync(EndCoordination, change);
                await session.ExecuteAsync(InsertLead, change);
                return (new { lead = catalogue.Units[found.Leads[^1].UnitId].Code }, new { lead = unit.Code, from, reason });
            },
            context.RequestAborted);
        var after = changed!.FindTask(code)!;
        await Answers.WriteUncachedAsync(
            context, 200, TaskAnswer.Of(changed, after, [.. said[after.Id]], catalogue.Units, time.Today()));
    }

    // A lead of days gone by stays as it was: what it reported was its to report.
    private static (Unit Unit, DateOnly From, string Reason) Read(JsonElement body, Plan plan, PlanTask task, UnitRegistry units, DateOnly today)
    {
        var input = new JsonInput();
        var isObject = body.ValueKind == JsonValueKind.Object;
        var members = input.Members(body, "", "unit", "from", "reason");

        // A lead follows the last one: a year too far by mistake must not leave the task without any for years.
        var last = LocalTime.YearsAfter(plan.Periods.Max(period => period.DataTo), 1);
        var (code, from) = (input.Text(members, "unit", "", 60, isObject), input.Day(members, "from", "", (plan.Days.First, last), isObject));
        var unit = code is null ? null : units.Find(code);
        if (code is not null && unit is null)
        {
            input.Refuse("unit.unknown", "/unit", code, code);
        }

        if (unit is not null && from is { } date)
        {
            if (unit.On(date) is null)
            {
                input.Refuse("unit.gone", "/unit", code, code, date);
            }

            if (unit.Id == task.Leads[^1].UnitId)
            {
                input.Refuse("task.leadAlready", "/unit", code, code);
            }
        }

        var settled = plan.Periods.Where(period => period.DataTo < today).Select(period => period.DataTo).Append(task.Leads[^1].ValidFrom).Max();
        if (from <= settled)
        {
            input.Refuse("date.order", "/from", from, LocalTime.DayAfter(settled), last);
        }

        var reason = input.Text(members, "reason", "", 1000);
        if (isObject && reason is null && !input.Refusals.Has("/reason"))
        {
            input.Refuse("reason.required", "/reason", null);
        }

        return input.Refusals.Count > 0 ? throw ProblemException.Of(input.Refusals) : (unit!, from!.Value, reason!);
    }

    private static string Tag(Catalogue catalogue, DateOnly today, DataVersion version) =>
        $"c{catalogue.DataVersion.Mark}-{today:yyyyMMdd}-{version.Mark}";
}
