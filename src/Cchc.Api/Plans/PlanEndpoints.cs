using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Obstacles;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Plans;

internal static class PlanEndpoints
{
    public static void MapPlans(this IEndpointRouteBuilder api)
    {
        api.MapGet("/plans", ListPlans).Describe<Page<PlanAnswer>>("listPlans", "Plans, the latest year first", Parameters.Paging);
        api.MapGet("/plans/{plan}", GetPlan).Describe<PlanAnswer>("getPlan", "One plan").Refuses(404);
        api.MapGet("/plans/{plan}/targets", ListTargets).Describe<Page<TargetAnswer>>(
            "listTargets", "The plan's targets with their lines",
            [new("group", "Group code", "II.3"), Parameters.Word<LineLevel>("level", "With a line at this level"),
             Parameters.Word<TargetKind>("kind", "Kind of measure"), new("owner", "Code of the owning unit", "VPUB"),
             Parameters.Query, .. Parameters.Paging]).Refuses(404);
        api.MapGet("/plans/{plan}/targets/{target}", GetTarget).Describe<TargetAnswer>("getTarget", "One target").Refuses(404);
        api.MapGet("/plans/{plan}/periods", ListPeriods).Describe<Page<PeriodAnswer>>(
            "listPeriods", "The reporting calendar, and which periods are open", Parameters.Paging).Refuses(404);
    }

    private static async Task ListPlans(HttpContext context, Catalogues catalogues)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var caller = context.Caller();
        var visible = catalogue.Plans.Where(plan => !plan.IsDraft || (caller is not null && Rights.MayLead(plan, caller))).ToList();
        var drafts = visible.Count(plan => plan.IsDraft);
        var places = PageKey.ByPlace(catalogue.Plans.Select(plan => plan.Code));
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}{(drafts > 0 ? $"-{drafts}" : "")}", drafts > 0, () => Task.FromResult(Page<PlanAnswer>.Cut(
            context, visible, plan => places[plan.Code], plan => PlanAnswer.Of(plan, catalogue.Units), limit, cursor)));
    }

    private static async Task GetPlan(
        HttpContext context, string plan, Catalogues catalogues, TaskStates states, ObstacleTallies tallies, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan, context.Caller());
        var today = time.Today();
        var (version, said) = await states.GetAsync(found, context.RequestAborted);
        var (obstacleVersion, obstacles) = await tallies.GetAsync(found, context.RequestAborted);
        var tag = $"c{catalogue.DataVersion.Mark}-{today:yyyyMMdd}-{version.Mark}.{obstacleVersion?.Mark}";
        await Answers.WriteAsync(context, tag, found.IsDraft, () => Task.FromResult(PlanAnswer.Of(found, catalogue.Units) with
        {
            TaskTotals = TaskTotals.Of([.. found.Tasks.Select(task => TaskAnswer.Of(found, task, [.. said[task.Id]], catalogue.Units, today))]),
            Obstacles = ObstacleCounts.Of(obstacles, today),
        }));
    }

    private static async Task ListTargets(HttpContext context, string plan, Catalogues catalogues, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var today = time.Today();
        var found = catalogue.PlanOf(plan, context.Caller()).On(today);
        var query = new QueryInput(context.Request, "group", "level", "kind", "owner", "q", "limit", "cursor");
        var group = query.Known("group", code => found.Groups.FirstOrDefault(each => Codes.Same(each.Code, code)), "group");
        var (level, kind, text) = (query.Word<LineLevel>("level"), query.Word<TargetKind>("kind"), query.Text("q"));
        var owner = query.Known("owner", catalogue.Units.Find, "unit");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var targets = found.Targets.Where(target =>
            (group is null || target.Group == group.Code)
            && (level is null || target.Lines.Any(line => line.Level == level))
            && (kind is null || target.Kind == kind)
            && (owner is null || target.OwnerId == owner.Id)
            && Search.Finds(text, target.Code, target.TitleVi, target.TitleEn)).ToList();
        var places = PageKey.ByPlace(found.Targets.Select(target => target.Code));
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}-{today:yyyyMMdd}", found.IsDraft, () => Task.FromResult(Page<TargetAnswer>.Cut(
            context, targets, target => places[target.Code], target => TargetAnswer.Of(target, catalogue.Units), limit, cursor)));
    }

    private static async Task GetTarget(
        HttpContext context, string plan, string target, Catalogues catalogues, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var today = time.Today();
        var inPlan = catalogue.PlanOf(plan, context.Caller()).On(today);
        var found = inPlan.FindTarget(target) ?? throw new ProblemException("target.unknown", target);
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}-{today:yyyyMMdd}", inPlan.IsDraft, () => Task.FromResult(TargetAnswer.Of(found, catalogue.Units)));
    }

    private static async Task ListPeriods(HttpContext context, string plan, Catalogues catalogues, TimeProvider time)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan, context.Caller());
        var (today, places) = (time.Today(), PageKey.ByPlace(found.Periods.Select(period => period.Code)));
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}-{today:yyyyMMdd}", found.IsDraft, () => Task.FromResult(Page<PeriodAnswer>.Cut(
            context, found.Periods, period => places[period.Code], period => PeriodAnswer.Of(period, today), limit, cursor)));
    }
}
