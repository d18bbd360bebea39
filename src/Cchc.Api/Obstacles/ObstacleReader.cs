using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Obstacles;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Obstacles;

/// <summary>What a unit raises, read against the plan.</summary>
internal sealed record RaisedObstacle(Unit Unit, string Title, string Description, Target? Target, PlanTask? Task)
{
    /// <summary>What a repeated request must ask again, whatever became of the plan since.</summary>
    public string Asked => JsonSerializer.Serialize(new[] { Unit.Code, Title, Description, Target?.Code, Task?.Code });
}

/// <summary>What an action is asked with.</summary>
internal sealed record ObstacleRequest(ObstacleAction Action, Unit? Unit, DateOnly? DueOn, string? Words)
{
    public string Asked => JsonSerializer.Serialize(new[] { Action.ToString(), Unit?.Code, $"{DueOn:yyyyMMdd}", Words });
}

/// <summary>Reads the bodies of obstacles, and gathers every refusal.</summary>
internal static class ObstacleReader
{
    private const int LongestText = 4000;

    public static RaisedObstacle ReadRaised(JsonElement body, ObstacleView view)
    {
        var input = new JsonInput();
        var members = input.Members(body, "", "unit", "title", "description", "target", "task");
        var isObject = body.ValueKind == JsonValueKind.Object;
        var unit = input.Known(members, "unit", view.Units.Find, "unit.unknown", required: isObject && view.Caller.UnitId is null);
        var title = input.Text(members, "title", "", 300, required: isObject);
        var description = input.Text(members, "description", "", LongestText, required: isObject);
        var target = input.Known(members, "target", view.Plan.FindTarget, "value.targetUnknown");
        var task = input.Known(members, "task", view.Plan.FindTask, "value.taskUnknown");
        unit ??= view.Caller.UnitId is { } own && !members.ContainsKey("unit") ? view.Units[own] : null;
        if (unit is not null && (unit.On(view.Today) is null || unit.Id == view.Rules.Committee.Id))
        {
            input.Refuse("unit.notActive", "/unit", unit.Code, unit.Code, view.Today);
        }

        return input.Refusals.Count == 0
            ? new RaisedObstacle(unit!, title!, description!, target, task) : throw ProblemException.Of(input.Refusals);
    }

    public static async Task<ObstacleRequest> ReadRequestAsync(
        HttpContext context, ObstacleAction action, ObstacleView view, ObstacleRow row)
    {
        var isOptional = action is ObstacleAction.Escalate or ObstacleAction.Close;
        using var body = await JsonInput.ReadAsync(context.Request, isOptional, context.RequestAborted);
        var input = new JsonInput();
        var (standing, words) = (row.Standing(view.Units), MemberOf(action));
        string[] allowed = action switch
        {
            ObstacleAction.Assign => ["unit", "dueOn", words],
            ObstacleAction.Escalate => ["dueOn", words],
            _ => [words],
        };
        var members = body is null ? [] : input.Members(body.RootElement, "", allowed);
        var isObject = body is null or { RootElement.ValueKind: JsonValueKind.Object };
        var unit = input.Known(members, "unit", view.Units.Find, "unit.unknown", required: isObject && action == ObstacleAction.Assign);
        var (dueOn, text) = (input.Date(members, "dueOn", ""), input.Text(members, words, "", LongestText));
        if (unit is not null && view.Rules.WhyNotAssigned(standing, unit) is { } refused)
        {
            input.Refuse(refused, "/unit", unit.Code, unit.Code, view.Today);
        }

        if (dueOn < view.Today)
        {
            input.Refuse("until.past", "/dueOn", dueOn);
        }
        else if (dueOn > Plan.DaysOf(view.Today.Year).Last)
        {
            input.Refuse("date.order", "/dueOn", dueOn, view.Today, Plan.DaysOf(view.Today.Year).Last);
        }

        if (isObject && !members.ContainsKey(words) && ObstacleRules.NeedsWords(standing, action))
        {
            input.Refuse(words == "reason" ? "reason.required" : "value.required", "/" + words, null, words);
        }

        return input.Refusals.Count == 0 ? new ObstacleRequest(action, unit, dueOn, text) : throw ProblemException.Of(input.Refusals);
    }

    private static string MemberOf(ObstacleAction action) => action switch
    {
        ObstacleAction.Assign or ObstacleAction.Escalate => "note",
        ObstacleAction.Answer or ObstacleAction.Comment => "text",
        _ => "reason",
    };
}
