using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>Drawing up a plan: a copy of another one, edited as one document, until it is put in force.</summary>
internal static class DraftEndpoints
{
    private const string CopyExample = """
        { "copyFrom": "cchc-2022", "code": "cchc-2023", "number": "412/KH-UBND", "year": 2023, "issuedOn": "2022-12-28",
          "signedBy": "Nguyễn Văn Phương" }
        """;

    private static readonly Parameter IfMatch = new("If-Match", "The ETag of the definition", "\"8f14e45fceea167a\"", Header: true);

    public static void MapDrafts(this IEndpointRouteBuilder api)
    {
        api.MapPost("/plans", CopyPlan).DescribeWrite<PlanCopyAnswer>(
            "copyPlan", "Begin a plan as a draft copied from another, its dates moved to the new year", CopyExample,
            IdempotencyKeys.Parameter).NeedsRole(Role.Administrator).KeepsAnswer()
            .Takes<PlanCopyBody>().Needs(KeyScope.PlansWrite).Produces<PlanCopyAnswer>(201, "application/json")
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201);
        api.MapGet("/plans/{plan}/definition", GetDefinition).Describe<PlanDefinition>(
            "getPlanDefinition", "The plan's whole definition in one document").Refuses(404);
        api.MapPut("/plans/{plan}/definition", PutDefinition).DescribeWrite<PlanDefinition>(
            "putPlanDefinition", "Set a draft's whole definition: groups, targets with lines and weights, tasks with assignments, periods",
            null, IfMatch).Takes<PlanDefinition>().Needs(KeyScope.PlansWrite).Refuses(428).Sends(AnswerHeaders.ETag, 200);
        api.MapPost("/plans/{plan}/enact", EnactPlan).DescribeWrite<PlanAnswer>(
            "enactPlan", "Put a draft in force, once it is whole; afterwards it changes by dated amendments alone",
            """{ "on": "2022-12-28" }""", IdempotencyKeys.Parameter)
            .NeedsRole(Role.Administrator).KeepsAnswer().Takes<EnactBody>().Needs(KeyScope.PlansWrite);
        api.MapPut("/plans/{plan}/rules", PutRules).DescribeWrite<PlanAnswer>(
            "putPlanRules", "Say whether districts approve their communes' reports first, with the reason",
            """{ "districtApproval": true, "reason": "Công văn 15/SNV-CCHC" }""").Takes<RulesBody>().Needs(KeyScope.PlansWrite);
        api.MapDelete("/plans/{plan}", DeletePlan).DescribeWrite<PlanAnswer>("deletePlan", "Delete a draft; what it was is answered", null)
            .Needs(KeyScope.PlansWrite);
    }

    private static async Task CopyPlan(HttpContext context, Catalogues catalogues, PlanWriter writer)
    {
        new QueryInput(context.Request).Done();
        var caller = RequireAdministrator(context);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var (plan, source) = ReadCopy(body!.RootElement, catalogue);
        var created = await writer.CreateAsync(
            plan.Code, caller, new { copyFrom = source.Code, plan.Number, plan.Year },
            session => PlanStore.InsertAsync(session, plan, source.Id), context.RequestAborted);
        var first = created.Periods.Min(period => period.DataFrom);
        var definition = PlanDefinition.Of(created, catalogue.Units);
        context.Response.Headers.Location = $"{context.Request.Path}/{created.Code}";
        await Answers.WriteOwnAsync(context, 201, new PlanCopyAnswer(
            definition,
            [.. Drafting.UnitsOf(created).Where(each => catalogue.Units[each.UnitId].On(first) is null)
                .Select(each => Gone(each.Pointer, catalogue.Units[each.UnitId], catalogue.Units))]), Answers.TagOf(definition));
    }

    private static async Task GetDefinition(HttpContext context, string plan, Catalogues catalogues)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var definition = PlanDefinition.Of(catalogue.PlanOf(plan, context.Caller()), catalogue.Units);
        await Answers.WriteOwnAsync(context, 200, definition);
    }

    private static async Task PutDefinition(HttpContext context, string plan, Catalogues catalogues, PlanWriter writer)
    {
        new QueryInput(context.Request).Done();
        var caller = RequireAdministrator(context);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan, caller);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var asked = new DefinitionReader(catalogue.Units).Read(body!.RootElement, known);
        var changed = await writer.ChangeAsync(
            known.Code, caller, "plan.edit", known.Code, null,
            async (session, current, _) =>
            {
                RequireDraft(current);
                Preconditions.Require(context.Request, Answers.TagOf(PlanDefinition.Of(current, catalogue.Units)));
                await PlanStore.ReplaceAsync(session, asked with { Id = current.Id });
                return (Summary(current), Summary(asked));
            },
            context.RequestAborted);
        var definition = PlanDefinition.Of(changed!, catalogue.Units);
        await Answers.WriteOwnAsync(context, 200, definition);
    }

    private static async Task EnactPlan(HttpContext context, string plan, Catalogues catalogues, PlanWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = RequireAdministrator(context);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan, caller);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var input = new JsonInput();
        var members = input.Members(body!.RootElement, "", "on", "reason");

        // The plan is in force as soon as this is committed: a day to come would not be true.
        var (today, first) = (time.Today(), known.Days.First);
        var on = input.Day(members, "on", "", (first < today ? first : today, today), required: true);
        var reason = input.Text(members, "reason", "", 1000);
        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        var changed = await writer.ChangeAsync(
            known.Code, caller, "plan.enact", known.Code, reason,
            async (session, current, _) =>
            {
                RequireDraft(current);
                var lacks = Drafting.LacksOf(current, catalogue.Units).Select(lack => new Refusal(lack.Code, lack.Pointer, null, lack.Arguments)).ToList();
                if (lacks.Count > 0)
                {
                    throw ProblemException.Of(lacks);
                }

                await PlanStore.EnactAsync(session, current.Id, on!.Value);
                return (null, new { inForceOn = on, targets = current.Targets.Count, tasks = current.Tasks.Count });
            },
            context.RequestAborted);
        await Answers.WriteUncachedAsync(context, 200, PlanAnswer.Of(changed!, catalogue.Units));
    }

    private static async Task PutRules(HttpContext context, string plan, Catalogues catalogues, PlanWriter writer)
    {
        new QueryInput(context.Request).Done();
        var caller = RequireAdministrator(context);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan, caller);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var input = new JsonInput();
        var members = input.Members(body!.RootElement, "", "districtApproval", "reason");
        var districtApproval = input.Flag(members, "districtApproval", "");
        if (districtApproval is null && input.Refusals.Count == 0)
        {
            input.Refuse("json.required", "/districtApproval", null, "districtApproval");
        }

        var reason = input.Text(members, "reason", "", 1000);
        if (reason is null && input.Refusals.Count == 0)
        {
            input.Refuse("reason.required", "/reason", null);
        }

        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        var changed = await writer.ChangeAsync(
            known.Code, caller, "plan.rules", known.Code, reason,
            async (session, current, _) =>
            {
                await PlanStore.SetRulesAsync(session, current.Id, districtApproval!.Value);
                return (new { current.DistrictApproval }, new { districtApproval, reason });
            },
            context.RequestAborted);
        await Answers.WriteUncachedAsync(context, 200, PlanAnswer.Of(changed!, catalogue.Units));
    }

    private static async Task DeletePlan(HttpContext context, string plan, Catalogues catalogues, PlanWriter writer)
    {
        new QueryInput(context.Request).Done();
        var caller = RequireAdministrator(context);
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var known = catalogue.PlanOf(plan, caller);
        await writer.ChangeAsync(
            known.Code, caller, "plan.delete", known.Code, null,
            async (session, current, _) =>
            {
                RequireDraft(current);
                await PlanStore.DeleteAsync(session, current.Id);
                return (Summary(current), null);
            },
            context.RequestAborted);
        await Answers.WriteUncachedAsync(context, 200, PlanAnswer.Of(known, catalogue.Units));
    }

    private static (Plan Plan, Plan Source) ReadCopy(JsonElement body, Catalogue catalogue)
    {
        var input = new JsonInput();
        var isObject = body.ValueKind == JsonValueKind.Object;
        var members = input.Members(body, "", "copyFrom", "code", "number", "year", "issuedOn", "signedBy", "titleVi", "titleEn", "issuer");
        var from = input.Text(members, "copyFrom", "", 40, isObject);
        var source = catalogue.Plans.FirstOrDefault(plan => !plan.IsDraft && from is not null && Codes.Same(plan.Code, from));
        if (from is not null && source is null)
        {
            input.Refuse("plan.unknown", "/copyFrom", from, from);
        }

        var code = input.Text(members, "code", "", Codes.Longest, isObject);
        if (code is not null && !Codes.IsValidForPlan(code))
        {
            input.Refuse("plan.codeInvalid", "/code", code);
        }

        var (number, year) = (input.Line(members, "number", "", 60, isObject), input.Count(members, "year", "", 2000, 2100, isObject));
        var issuedOn = input.Day(members, "issuedOn", "", Plan.DaysOfIssue((int)(year ?? source?.Year ?? 2000)), isObject);
        var signedBy = input.Line(members, "signedBy", "", 200, isObject);
        var (titleVi, titleEn) = (input.Text(members, "titleVi", "", 500), input.Text(members, "titleEn", "", 500));
        var issuer = input.Line(members, "issuer", "", 200);
        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        var copy = Drafting.Copy(source!, code!, (int)year!.Value);
        return (copy with
        {
            Number = number!,
            IssuedOn = issuedOn!.Value,
            SignedBy = signedBy!,
            TitleVi = titleVi ?? copy.TitleVi,
            TitleEn = titleEn ?? copy.TitleEn,
            Issuer = issuer ?? copy.Issuer,
        }, source!);
    }

    private static GoneUnit Gone(string pointer, Unit unit, UnitRegistry units) => new(
        pointer, unit.Code,
        [.. units.Successions.Where(each => each.PredecessorId == unit.Id).Select(each => units[each.SuccessorId].Code).Order(StringComparer.Ordinal)]);

    private static Caller RequireAdministrator(HttpContext context) =>
        context.RequireCaller() is { Role: Role.Administrator } caller ? caller : throw new ProblemException("auth.forbidden");

    private static void RequireDraft(Plan plan)
    {
        if (!plan.IsDraft)
        {
            throw new ProblemException("plan.inForce");
        }
    }

    private static object Summary(Plan plan) => new
    {
        plan.Number,
        plan.Year,
        targets = plan.Targets.Select(target => new { target.Code, target.WeightHundredths, target.OwnerId, lines = target.Lines.Count }),
        tasks = plan.Tasks.Count,
        periods = plan.Periods.Select(period => new { period.Code, period.DataFrom, period.DataTo, period.DueOn, period.LockOn }),
    };
}
