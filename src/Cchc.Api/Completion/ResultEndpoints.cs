using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Api.Reports;
using Cchc.Domain;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Completion;

/// <summary>Numbered, immutable consolidated results of a period.</summary>
internal static class ResultEndpoints
{
    private const string Path = "/plans/{plan}/periods/{period}/results";

    public static void MapResults(this IEndpointRouteBuilder api)
    {
        api.MapGet(Path, ListResults).Describe<Page<ResultSummary>>(
            "listResults", "List the consolidated results of a period, oldest first", Parameters.Paging).Refuses(404);
        api.MapGet(Path + "/{number:int}", GetResult).Describe<ConsolidatedResult>(
            "getResult", "A consolidated result, as it was frozen").Refuses(404);
        api.MapPost(Path, Freeze).DescribeWrite<ConsolidatedResult>(
            "freezeResult", "Freeze the published figures of the period as its next consolidated result",
            """{ "reason": "Tổng hợp báo cáo 6 tháng đầu năm" }""", IdempotencyKeys.Parameter)
            .Takes<ReasonBody>(mayBeAbsent: true).Produces<ConsolidatedResult>(201, "application/json").Needs(KeyScope.ReportsReview)
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201);
    }

    private static async Task ListResults(HttpContext context, string plan, string period, Catalogues catalogues, Database database)
    {
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, after) = (query.Limit(), query.CursorNumber() ?? 0);
        query.Done();
        var (_, asked) = await FindAsync(context, plan, period, catalogues);
        var isSignedIn = context.Caller() is not null;
        var heads = await database.ReadAsync(
            session => ResultQueries.PageAsync(session, asked.Id, after, limit + 1), context.RequestAborted);
        var page = Page<ResultSummary>.Begin(
            context, heads, head => head.Number.ToString(CultureInfo.InvariantCulture),
            head => new ResultSummary(head.Number, head.FrozenAt, head.DataVersion, isSignedIn ? head.Reason : null, head.Sha256), limit);
        await Answers.WriteOwnAsync(context, 200, page);
    }

    private static async Task GetResult(
        HttpContext context, string plan, string period, int number, Catalogues catalogues, Database database)
    {
        new QueryInput(context.Request).Done();
        var (_, asked) = await FindAsync(context, plan, period, catalogues);
        var (head, document) = await database.ReadAsync(
            async session => (
                (await ResultQueries.HeadsAsync(session, asked.Id)).FirstOrDefault(each => each.Number == number),
                await ResultQueries.DocumentAsync(session, asked.Id, number)),
            context.RequestAborted);
        if (head is null || document is null)
        {
            throw new ProblemException("result.unknown", number);
        }

        // Earlier releases froze the reason into the result.
        if (head.Reason is not null && context.Caller() is null
            && JsonSerializer.Deserialize<ConsolidatedResult>(document, Json.Options) is { Reason: not null } result)
        {
            document = JsonSerializer.Serialize(result with { Reason = null }, Json.Options);
            await Answers.WriteTextAsync(context, Hash(document), document);
            return;
        }

        await Answers.WriteTextAsync(context, head.Sha256, document);
    }

    private static async Task Freeze(
        HttpContext context, string plan, string period, Catalogues catalogues, Snapshots snapshots, DataVersions versions,
        Database database, TimeProvider time)
    {
        new QueryInput(context.Request).Done();
        var caller = context.RequireCaller();
        var (found, asked) = await FindAsync(context, plan, period, catalogues);
        if (!Rights.MayLead(found, caller))
        {
            throw new ProblemException("auth.forbidden");
        }

        using var body = await JsonInput.ReadAsync(context.Request, optional: true, context.RequestAborted);
        var input = new JsonInput();
        var reason = body is null ? null : input.Text(input.Members(body.RootElement, "", "reason"), "reason", "", 1000);
        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        if (asked.StateOn(time.Today()) == PeriodState.NotBegun)
        {
            throw new ProblemException("period.notBegun", asked.Code);
        }

        var key = IdempotencyKeys.Of(context.Request);

        // Read before anybody has to wait: within the transaction only what was written meanwhile is missing.
        await snapshots.GetAsync(found, asked, Lens.Published, null, context.RequestAborted);
        var ((document, sha256, isNew), results) = await database.WriteAsync(
            async session =>
            {
                var (snapshot, results) = await HoldAsync(session, found, asked, snapshots, time);
                var (result, commit) = await FreezeAsync(session, snapshot, caller, reason, key, results.ChangedAt);
                return ((result, results), commit);
            },
            context.RequestAborted);
        if (isNew)
        {
            versions.Observe(results);
        }

        context.Response.StatusCode = isNew ? 201 : 200;
        if (isNew)
        {
            var number = JsonDocument.Parse(document).RootElement.GetProperty("number").GetInt32();
            context.Response.Headers.Location = $"{context.Request.Path}/{number.ToString(CultureInfo.InvariantCulture)}";
        }

        await Answers.WriteTextAsync(context, sha256, document);
    }

    // Writers of the plan and of its definition wait, and those who freeze for each other. The instant of the result has all that was
    // written before, and all that is written after has a later one.
    private static async Task<(Snapshot Snapshot, DataVersion Results)> HoldAsync(
        DbSession session, Plan plan, Period period, Snapshots snapshots, TimeProvider time)
    {
        string[] scopes = [DataVersions.Catalogue, DataVersions.ScopeOf(plan.Code)];
        var (held, notBefore) = await DataVersions.HoldAsync(session, scopes);
        var results = await DataVersions.RaiseAsync(session, time, $"{plan.Code}/results", notBefore);
        await DataVersions.SettleAsync(session, results.ChangedAt, scopes);
        return (await snapshots.HeldAsync(session, plan.Code, period.Code, held[^1], results.ChangedAt), results);
    }

    private static async Task<((string Document, string Sha256, bool IsNew) Result, bool Commit)> FreezeAsync(
        DbSession session, Snapshot snapshot, Caller caller, string? reason, string? key, DateTimeOffset now)
    {
        var (plan, period) = (snapshot.Facts.Plan, snapshot.Facts.Period);
        var request = Hash($"{plan.Code}/{period.Code}/results\n{reason}");
        if (key is not null && await KeptRequests.BeginAsync(session, caller.Actor, key, request, now) is { } kept)
        {
            return ((kept.Body, Hash(kept.Body), false), false);
        }

        var heads = await ResultQueries.HeadsAsync(session, period.Id);
        var last = heads.Count == 0 ? null : heads[^1];
        var before = last is null ? null
            : JsonSerializer.Deserialize<ConsolidatedResult>((await ResultQueries.DocumentAsync(session, period.Id, last.Number))!, Json.Options);
        var result = Consolidate(snapshot, (last?.Number ?? 0) + 1, before, now);
        if (before is not null && SaysOf(before) == SaysOf(result))
        {
            throw new ProblemException("result.unchanged", before.Number);
        }

        var document = JsonSerializer.Serialize(result, Json.Options);
        var sha256 = Hash(document);
        await ResultQueries.InsertAsync(
            session, period.Id, result.Number, result.DataVersion, now, caller.Actor, reason, document, sha256);
        session.Outgoing.Add(new OutgoingChange(now, "result.frozen", plan.Code, period.Code, Number: result.Number));
        Audit.Write(
            session, now, caller.Actor, "result.freeze", $"{plan.Code}/{period.Code}", before is null ? null : new { number = before.Number },
            new { number = result.Number, dataVersion = result.DataVersion, sha256, missing = result.Missing.Count });
        if (key is not null)
        {
            await KeptRequests.KeepAsync(session, caller.Actor, key, "", document, now);
        }

        return ((document, sha256, true), true);
    }

    private static ConsolidatedResult Consolidate(Snapshot snapshot, int number, ConsolidatedResult? before, DateTimeOffset now)
    {
        var facts = snapshot.Facts;
        var completion = Figures.Fill(new CompletionAnswer(), snapshot, Lens.Published, Basis.YearToDate, facts.OfPlan(Basis.YearToDate));
        var compliance = ComplianceEndpoints.Judge(snapshot, LocalTime.DateOf(now), _ => true);
        return new ConsolidatedResult
        {
            Plan = facts.Plan.Code,
            Period = facts.Period.Code,
            Number = number,
            FrozenAt = now,
            DataVersion = snapshot.Version.Version,
            Completion = completion,
            Units = [.. snapshot.Ranked(Basis.YearToDate).Select(each => Figures.Show(each, facts.Period.DataTo))],
            Compliance = ComplianceCounts.Of(compliance),
            Missing = [.. compliance.Where(each => each.State is ComplianceState.Missing or ComplianceState.Returned)
                .Select(each => new MissingUnit(each.Unit, each.NameVi))],
            Changes = before is null ? [] : [.. ResultChange.Between(before.Completion.Targets, completion.Targets)],
        };
    }

    // What a result says, without its number, instant, reason and version: a draft raises the version and changes nothing.
    private static string SaysOf(ConsolidatedResult result) => JsonSerializer.Serialize(
        result with
        {
            Number = 0,
            FrozenAt = default,
            Reason = null,
            DataVersion = 0,
            Completion = result.Completion with { DataVersion = 0, AsOf = default },
            Changes = [],
        },
        Json.Options);

    private static async Task<(Plan Plan, Period Period)> FindAsync(HttpContext context, string plan, string period, Catalogues catalogues)
    {
        var found = (await catalogues.CurrentAsync(context.RequestAborted)).PlanOf(plan);
        return (found, found.FindPeriod(period) ?? throw new ProblemException("period.unknown", period));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
