using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>
/// An amendment of a plan in force by a dated document. From its effective day on, periods that end then or later are judged by it; the
/// figures of earlier ones stay as they were.
/// </summary>
public sealed record AmendmentAnswer(
    string Number, DateOnly IssuedOn, DateOnly EffectiveOn, string Reason, IReadOnlyList<AmendedTargetAnswer> Targets)
{
    internal static AmendmentAnswer Of(Amendment amendment, Plan plan, UnitRegistry units) => new(
        amendment.Number, amendment.IssuedOn, amendment.EffectiveOn, amendment.Reason,
        [.. amendment.Targets.Select(each => (Each: each, Target: plan.Targets.First(target => target.Id == each.TargetId)))
            .Select(pair => new AmendedTargetAnswer(
                pair.Target.Code, pair.Each.Withdrawn, pair.Each.WeightHundredths / 100m, pair.Each.Commitment,
                pair.Each.OwnerId is { } owner ? units[owner].Code : null,
                [.. pair.Each.Lines.Select(line => new AmendedLineAnswer(
                    pair.Target.Lines.First(known => known.Id == line.LineId).Level, line.Operator, line.ThresholdHundredths / 100m))]))]);
}

/// <summary>What is set anew of a target; null leaves it as it is. A withdrawn target is no part of the plan any more.</summary>
public sealed record AmendedTargetAnswer(
    string Target, bool? Withdrawn = null, decimal? Weight = null, Commitment? Commitment = null, string? Owner = null,
    IReadOnlyList<AmendedLineAnswer>? Lines = null);

public sealed record AmendedLineAnswer(LineLevel Level, Comparison Operator, decimal Threshold);

internal static class AmendmentEndpoints
{
    private const string BodyExample = """
        { "number": "210/KH-UBND", "issuedOn": "2022-06-28", "effectiveOn": "2022-07-01", "reason": "Điều chỉnh chỉ tiêu II.3.a",
          "targets": [ { "target": "II.3.a", "weight": 1.5, "lines": [ { "level": "commune", "operator": "atLeast", "threshold": 30 } ] } ] }
        """;

    private const string NextId = "SELECT COALESCE(MAX(amendment_id), 0) + 1 FROM amendments";

    private const string Insert = """
        INSERT INTO amendments (amendment_id, plan_id, number, issued_on, effective_on, reason)
        VALUES (@id, @planId, @number, @issuedOn, @effectiveOn, @reason)
        """;

    private const string InsertTarget = """
        INSERT INTO amended_targets (amendment_id, target_id, withdrawn, weight_hundredths, commitment, owner_id)
        VALUES (@id, @targetId, @withdrawn, @weight, @commitment, @ownerId)
        """;

    private const string InsertLine = """
        INSERT INTO amended_lines (amendment_id, line_id, operator, threshold_hundredths) VALUES (@id, @lineId, @comparison, @threshold)
        """;

    public static void MapAmendments(this IEndpointRouteBuilder api)
    {
        const string path = "/plans/{plan}/amendments";
        api.MapGet(path, ListAmendments).Describe<Page<AmendmentAnswer>>(
            "listAmendments", "What changed the plan while it was in force, by effective day", Parameters.Paging).Refuses(404);
        api.MapPost(path, AmendPlan).DescribeWrite<AmendmentAnswer>(
            "amendPlan", "Change weights, commitments, owners and conditions of a plan in force from a day on, or withdraw targets", BodyExample,
            IdempotencyKeys.Parameter).NeedsRole(Role.Administrator).KeepsAnswer()
            .Takes<AmendmentAnswer>().Needs(KeyScope.PlansWrite).Produces<AmendmentAnswer>(201, "application/json");
    }

    private static async Task ListAmendments(HttpContext context, string plan, Catalogues catalogues)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}", false, () => Task.FromResult(Page<AmendmentAnswer>.Cut(
            context, found.Amendments, each => PageKey.Of(each.EffectiveOn.ToString("O", null)),
            each => AmendmentAnswer.Of(each, found, catalogue.Units), limit, cursor)));
    }

    private static async Task AmendPlan(HttpContext context, string plan, Catalogues catalogues, PlanWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = context.RequireCaller();
        if (caller.Role != Role.Administrator)
        {
            throw new ProblemException("auth.forbidden");
        }

        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        Amendment? made = null;
        var changed = await writer.ChangeAsync(
            known.Code, caller, "plan.amend", known.Code, null,
            async (session, current, _) =>
            {
                made = new Reader(current, catalogue.Units, time.Today()).Read(body!.RootElement) with { Id = await session.SingleAsync<int>(NextId) };
                await InsertAsync(session, current.Id, made);
                return (made.Targets.Select(each => State(current.On(made.EffectiveOn), each.TargetId)), AmendmentAnswer.Of(made, current, catalogue.Units));
            },
            context.RequestAborted);
        await Answers.WriteUncachedAsync(context, 201, AmendmentAnswer.Of(made!, changed!, catalogue.Units));
    }

    private static async Task InsertAsync(DbSession session, int planId, Amendment made)
    {
        await session.ExecuteAsync(Insert, new
        {
            id = made.Id,
            planId,
            number = made.Number,
            issuedOn = made.IssuedOn,
            effectiveOn = made.EffectiveOn,
            reason = made.Reason,
        });
        await session.ExecuteAsync(InsertTarget, made.Targets.Select(each => new
        {
            id = made.Id,
            targetId = each.TargetId,
            withdrawn = each.Withdrawn,
            weight = each.WeightHundredths,
            commitment = each.Commitment is { } commitment ? Words.Of(commitment) : null,
            ownerId = each.OwnerId,
        }).ToList());
        await session.ExecuteAsync(InsertLine, made.Targets.SelectMany(each => each.Lines).Select(line => new
        {
            id = made.Id,
            lineId = line.LineId,
            comparison = Words.Of(line.Operator),
            threshold = line.ThresholdHundredths,
        }).ToList());
    }

    private static object? State(Plan plan, int targetId) => plan.Targets.FirstOrDefault(each => each.Id == targetId) is not { } target ? null : new
    {
        target.Code,
        target.WeightHundredths,
        target.Commitment,
        target.OwnerId,
        lines = target.Lines.Select(line => new { line.Level, line.Operator, line.ThresholdHundredths }),
    };

    /// <summary>Reads an amendment against the plan as it is amended so far.</summary>
    private sealed class Reader(Plan plan, UnitRegistry units, DateOnly today)
    {
        private readonly JsonInput _input = new();

        public Amendment Read(JsonElement body)
        {
            var isObject = body.ValueKind == JsonValueKind.Object;
            var members = _input.Members(body, "", "number", "issuedOn", "effectiveOn", "reason", "targets");
            // Nothing is judged after the plan's last day, and no amendment may come before one that is made already.
            var lastDay = plan.Periods.Max(period => period.DataTo);
            var effectiveOn = _input.Day(members, "effectiveOn", "", (plan.Days.First, lastDay), isObject);
            if (effectiveOn is { } day)
            {
                // What has been judged stays judged as it was.
                var settled = plan.Periods.Where(period => period.DataTo < today).Select(period => period.DataTo)
                    .Concat(plan.Amendments.Select(each => each.EffectiveOn)).DefaultIfEmpty().Max();
                if (day <= settled)
                {
                    _input.Refuse(settled < lastDay ? "date.order" : "amendment.tooLate", "/effectiveOn", day, LocalTime.DayAfter(settled), lastDay);
                }
            }

            var amended = plan.On(effectiveOn ?? today);
            var targets = new List<AmendedTarget>();
            foreach (var (element, pointer) in _input.Items(members, "targets", 1000))
            {
                if (ReadTarget(element, pointer, amended, effectiveOn ?? today) is { } target)
                {
                    if (targets.Exists(each => each.TargetId == target.TargetId))
                    {
                        _input.Refuse("value.duplicate", pointer, null, element.GetProperty("target").GetString());
                    }

                    targets.Add(target);
                }
            }

            if (isObject && targets.Count == 0 && _input.Refusals.Count == 0)
            {
                _input.Refuse("json.required", "/targets", null, "targets");
            }

            var number = _input.Line(members, "number", "", 60, isObject);
            var issuedOn = _input.Day(members, "issuedOn", "", Plan.DaysOfIssue(plan.Year), isObject);
            var reason = _input.Text(members, "reason", "", 1000);
            if (isObject && reason is null && !_input.Refusals.Has("/reason"))
            {
                _input.Refuse("reason.required", "/reason", null);
            }

            return _input.Refusals.Count > 0 ? throw ProblemException.Of(_input.Refusals)
                : new Amendment(0, number!, issuedOn!.Value, effectiveOn!.Value, reason!, targets);
        }

        private AmendedTarget? ReadTarget(JsonElement element, string pointer, Plan amended, DateOnly day)
        {
            var members = _input.Members(element, pointer, "target", "withdrawn", "weight", "commitment", "owner", "lines");
            var code = _input.Text(members, "target", pointer, 40, element.ValueKind == JsonValueKind.Object);
            if (code is null)
            {
                return null;
            }

            if (amended.FindTarget(code) is not { } target)
            {
                _input.Refuse("value.targetUnknown", pointer + "/target", code, code);
                return null;
            }

            var owner = _input.Text(members, "owner", pointer, 60);
            var unit = owner is null ? null : units.Find(owner);
            if (owner is not null && unit?.On(day) is null)
            {
                _input.Refuse(unit is null ? "unit.unknown" : "unit.gone", pointer + "/owner", owner, owner, day);
            }

            var lines = new List<AmendedLine>();
            foreach (var (item, at) in _input.Items(members, "lines", 4, pointer, mayBeNull: true))
            {
                if (ReadLine(item, at, target) is { } line)
                {
                    if (lines.Exists(each => each.LineId == line.LineId))
                    {
                        _input.Refuse("value.duplicate", at + "/level", null, item.GetProperty("level").GetString());
                    }

                    lines.Add(line);
                }
            }

            var read = new AmendedTarget(
                target.Id, _input.Flag(members, "withdrawn", pointer) ?? false, _input.Hundredths(members, "weight", pointer, 10_000),
                _input.Word<Commitment>(members, "commitment", pointer), unit?.Id, lines);
            if (!read.Withdrawn && read.WeightHundredths is null && read.Commitment is null && read.OwnerId is null && lines.Count == 0
                && _input.Refusals.Count == 0)
            {
                _input.Refuse("json.required", pointer, null, "withdrawn, weight, commitment, owner, lines");
            }

            return read;
        }

        private AmendedLine? ReadLine(JsonElement item, string pointer, Target target)
        {
            var members = _input.Members(item, pointer, "level", "operator", "threshold");
            var level = _input.Word<LineLevel>(members, "level", pointer, required: true);
            var (comparison, threshold) = _input.Condition(members, pointer, target.Kind);
            var line = target.Lines.FirstOrDefault(each => each.Level == level);
            if (level is not null && (line is null || target.Kind == TargetKind.Milestone))
            {
                _input.Refuse(line is null ? "value.levelUnknown" : "plan.milestoneHasNone", pointer + "/level", Words.Of(level.Value));
                return null;
            }

            return line is null || comparison is null || threshold is null ? null : new AmendedLine(line.Id, comparison.Value, threshold.Value);
        }
    }
}
