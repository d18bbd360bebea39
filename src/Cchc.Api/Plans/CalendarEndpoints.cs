using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Plans;

/// <summary>The dates of a period that may change while the plan is in force; all are set anew.</summary>
public sealed record CalendarBody
{
    /// <summary>Not before the window's last day, nor after the fifth year after the plan's.</summary>
    public required DateOnly DueOn { get; init; }

    /// <summary>Not before dueOn, nor after the fifth year after the plan's; null: the period stays open.</summary>
    public DateOnly? LockOn { get; init; }

    /// <summary>Levels that report earlier: not later than dueOn, nor before the window's last day.</summary>
    public IReadOnlyList<LevelDeadline>? Deadlines { get; init; }

    public required string Reason { get; init; }
}

/// <summary>One period of the calendar, and its changes by the plan's lead unit.</summary>
internal static class CalendarEndpoints
{
    private const string BodyExample = """
        { "dueOn": "2022-06-20", "lockOn": "2022-07-10", "deadlines": [ { "level": "commune", "dueOn": "2022-06-16" } ],
          "reason": "Công văn đôn đốc báo cáo 6 tháng" }
        """;

    private const string UpdateDates = "UPDATE periods SET due_on = @dueOn, lock_on = @lockOn WHERE period_id = @periodId";
    private const string DeleteDeadlines = "DELETE FROM period_deadlines WHERE period_id = @periodId";
    private const string InsertDeadline = "INSERT INTO period_deadlines (period_id, level, due_on) VALUES (@periodId, @level, @dueOn)";

    public static void MapCalendar(this IEndpointRouteBuilder api)
    {
        const string path = "/plans/{plan}/periods/{period}";
        api.MapGet(path, GetPeriod).Describe<PeriodAnswer>("getPeriod", "One period of the calendar").Refuses(404);
        api.MapPut(path, PutPeriod).DescribeWrite<PeriodAnswer>(
            "putPeriod", "Set the period's due day, its deadlines by level and its lock, with the reason", BodyExample,
            new Parameter("If-Match", "The ETag of the period", "\"8f14e45fceea167a\"", Header: true)).Takes<CalendarBody>().Refuses(428).Needs(KeyScope.PlansWrite)
            .Sends(AnswerHeaders.ETag, 200);
    }

    private static async Task GetPeriod(HttpContext context, string plan, string period, Catalogues catalogues, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var found = (await catalogues.CurrentAsync(context.RequestAborted)).PlanOf(plan, context.Caller());
        var asked = found.FindPeriod(period) ?? throw new ProblemException("period.unknown", period);
        await WriteAsync(context, asked, time.Today());
    }

    private static async Task PutPeriod(
        HttpContext context, string plan, string period, Catalogues catalogues, PlanWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = context.RequireCaller();
        var found = (await catalogues.CurrentAsync(context.RequestAborted)).PlanOf(plan);
        var known = found.FindPeriod(period) ?? throw new ProblemException("period.unknown", period);
        if (!Rights.MayLead(found, caller))
        {
            throw new ProblemException("auth.forbidden");
        }

        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var (asked, reason) = Read(body!.RootElement, known, found.Days);
        var changed = await writer.ChangeAsync(
            found.Code, caller, "period.change", $"{found.Code}/{known.Code}", reason,
            async (session, current, _) =>
            {
                var before = current.FindPeriod(known.Code)!;
                Preconditions.Require(context.Request, Tag(before));
                await SaveAsync(session, before.Id, asked);
                return (Dates(before), new { asked.DueOn, asked.LockOn, asked.Deadlines, reason });
            },
            context.RequestAborted);
        await WriteAsync(context, changed!.FindPeriod(known.Code)!, time.Today());
    }

    private static async Task SaveAsync(DbSession session, int periodId, Period asked)
    {
        await session.ExecuteAsync(UpdateDates, new { periodId, dueOn = asked.DueOn, lockOn = asked.LockOn });
        await session.ExecuteAsync(DeleteDeadlines, new { periodId });
        await session.ExecuteAsync(
            InsertDeadline, asked.Deadlines.Select(each => new { periodId, level = Words.Of(each.Level), dueOn = each.DueOn }).ToList());
    }

    private static (Period Period, string Reason) Read(JsonElement body, Period known, (DateOnly First, DateOnly Last) days)
    {
        var input = new JsonInput();
        var isObject = body.ValueKind == JsonValueKind.Object;
        var members = input.Members(body, "", "dueOn", "lockOn", "deadlines", "reason");
        var period = CalendarDates.Read(input, members, "", known, days, deadlinesMayBeNull: true);
        var reason = input.Text(members, "reason", "", 1000);
        if (reason is null && isObject && !input.Refusals.Has("/reason"))
        {
            input.Refuse("reason.required", "/reason", null);
        }

        return input.Refusals.Count > 0 ? throw ProblemException.Of(input.Refusals)
            : (period, reason!);
    }

    private static object Dates(Period period) => new { period.DueOn, period.LockOn, period.Deadlines };

    private static Task WriteAsync(HttpContext context, Period period, DateOnly today) =>
        Answers.WriteOwnAsync(context, 200, PeriodAnswer.Of(period, today), Tag(period));

    private static string Tag(Period period) => Answers.TagOf(Dates(period));
}
