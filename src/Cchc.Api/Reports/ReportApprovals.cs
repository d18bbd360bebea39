using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Reports;

/// <summary>Which reports of a period to approve: those named, or every submitted one of a unit and all below it.</summary>
public sealed record ApprovalsBody
{
    public required string Period { get; init; }

    /// <summary>At most 1000.</summary>
    public IReadOnlyList<ApprovalBody>? Reports { get; init; }

    /// <summary>A unit: every submitted report of it and of all below it that the caller may approve.</summary>
    public string? Under { get; init; }

    public string? Reason { get; init; }
}

/// <summary>A report to approve, at the version that was looked at; at whichever it has where none is given.</summary>
public sealed record ApprovalBody(string Unit, long? Version = null);

/// <summary>What became of each report.</summary>
public sealed record ApprovalsAnswer(string Plan, string Period, int Approved, int Unchanged, int Refused, IReadOnlyList<ApprovalAnswer> Items);

/// <summary>
/// Unchanged is approved already. <c>code</c> and <c>detail</c> say why a report was refused; the status and version are those it has now.
/// </summary>
public sealed record ApprovalAnswer(string Unit, ApprovalOutcome Outcome, ReportStatus? Status, long? Version, string? Code, string? Detail);

public enum ApprovalOutcome { Approved, ApprovedByDistrict, Unchanged, Refused }

/// <summary>Approves many reports, each by itself: one that is refused keeps none of the others back.</summary>
internal static class ReportApprovals
{
    private const int Most = 1000;

    private const string BodyExample = """
        { "period": "2022-H1", "reports": [ { "unit": "STP", "version": 2 }, { "unit": "STC" } ] }
        """;

    public static void MapReportApprovals(this IEndpointRouteBuilder api) =>
        api.MapPost("/plans/{plan}/report-approvals", ApproveReports).DescribeWrite<ApprovalsAnswer>(
            "approveReports", "Approve many reports of a period; each has its own outcome", BodyExample, IdempotencyKeys.Parameter)
            .NeedsRole(Role.Reviewer, Role.Administrator).KeepsAnswer().Takes<ApprovalsBody>().Needs(KeyScope.ReportsReview);

    private static async Task ApproveReports(
        HttpContext context, string plan, Catalogues catalogues, Database database, ReportWriter writer, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = context.RequireCaller();
        if (caller.Role is not (Role.Reviewer or Role.Administrator))
        {
            throw new ProblemException("auth.forbidden");
        }

        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.PlanOf(plan);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var (period, wanted, under, reason) = Read(body!.RootElement, found, catalogue.Units);
        var heads = await database.ReadAsync(
            session => ReportQueries.HeadsAsync(session, found.Id, period.Id, null), context.RequestAborted);
        var rights = new Rights(found, period, catalogue.Units);
        wanted ??= [.. heads.Where(head => head.Status == ReportStatus.Submitted)
            .Select(head => (Unit: catalogue.Units[head.UnitId], Version: (long?)head.Version))
            .Where(each => catalogue.Units.IsWithin(each.Unit, under!.Id, period.DataTo) && rights.MayReview(caller, each.Unit) == ReviewRight.Allowed)
            .OrderBy(each => each.Unit.Code, StringComparer.Ordinal)];
        var standing = heads.ToDictionary(head => head.UnitId);
        var items = new List<ApprovalAnswer>();
        foreach (var (unit, version) in wanted)
        {
            var address = new ReportAddress(found, period, unit, caller, catalogue.Units);
            items.Add(await ApproveAsync(context, address, version, reason, standing.GetValueOrDefault(unit.Id), writer, time));
        }

        var answer = new ApprovalsAnswer(
            found.Code, period.Code, items.Count(each => each.Outcome is ApprovalOutcome.Approved or ApprovalOutcome.ApprovedByDistrict),
            items.Count(each => each.Outcome == ApprovalOutcome.Unchanged), items.Count(each => each.Outcome == ApprovalOutcome.Refused), items);
        await Answers.WriteUncachedAsync(context, 200, answer);
    }

    private static async Task<ApprovalAnswer> ApproveAsync(
        HttpContext context, ReportAddress address, long? version, string? reason, ReportHeadRow? head, ReportWriter writer, TimeProvider time)
    {
        var code = address.Unit.Code;
        if (address.Workflow(time.Now()).WhyNotAllowed(address.Caller, address.Unit, ReportAction.Approve) is { } refused)
        {
            // What the caller may not approve it may not learn of here.
            return new ApprovalAnswer(code, ApprovalOutcome.Refused, null, null, refused, Problems.Words(context.Request, refused));
        }

        if (head?.Status == ReportStatus.Approved && (version is null || version == head.Version))
        {
            return new ApprovalAnswer(code, ApprovalOutcome.Unchanged, head.Status, head.Version, null, null);
        }

        try
        {
            var conditions = new Conditions(version is null ? default : $"\"r{version}\"", default);
            var changed = await writer.ActAsync(address, new ReportRequest(ReportAction.Approve, reason), conditions, context.RequestAborted);
            var outcome = changed.Status == ReportStatus.Approved ? ApprovalOutcome.Approved : ApprovalOutcome.ApprovedByDistrict;
            return new ApprovalAnswer(code, outcome, changed.Status, changed.Version, null, null);
        }
        catch (System.Data.Common.DbException fault)
        {
            // Those before it are approved: the answer says so, and that this one can be asked again.
            var unavailable = fault is OutcomeUnknownException ? "write.unknown" : "service.unavailable";
            return new ApprovalAnswer(
                code, ApprovalOutcome.Refused, head?.Status, head?.Version, unavailable, Problems.Words(context.Request, unavailable));
        }
        catch (ProblemException problem)
        {
            return new ApprovalAnswer(
                code, ApprovalOutcome.Refused, head?.Status, head?.Version, problem.Code,
                Problems.Words(context.Request, problem.Code, problem.Arguments));
        }
    }

    private static (Period Period, List<(Unit Unit, long? Version)>? Wanted, Unit? Under, string? Reason) Read(
        JsonElement body, Plan plan, UnitRegistry units)
    {
        var input = new JsonInput();
        var members = input.Members(body, "", "period", "reports", "under", "reason");
        var isObject = body.ValueKind == JsonValueKind.Object;
        var period = input.Known(members, "period", plan.FindPeriod, "period.unknown", required: isObject);
        var under = input.Known(members, "under", units.Find, "unit.unknown");
        var reason = input.Text(members, "reason", "", 1000);
        var wanted = new List<(Unit, long?)>();
        foreach (var (element, pointer) in input.Items(members, "reports", Most, mayBeNull: true))
        {
            var item = input.Members(element, pointer, "unit", "version");
            var unit = input.Known(item, "unit", units.Find, "unit.unknown", pointer, required: element.ValueKind == JsonValueKind.Object);
            var version = input.Count(item, "version", pointer, least: 1);
            if (unit is not null && wanted.Exists(each => each.Item1.Id == unit.Id))
            {
                input.Refuse("value.duplicate", pointer + "/unit", unit.Code, unit.Code);
            }
            else if (unit is not null)
            {
                wanted.Add((unit, version));
            }
        }

        if (isObject && members.ContainsKey("reports") == members.ContainsKey("under"))
        {
            input.Refuse("json.oneOf", "", null, "reports, under");
        }

        return input.Refusals.Count == 0 ? (period!, under is null ? wanted : null, under, reason) : throw ProblemException.Of(input.Refusals);
    }
}
