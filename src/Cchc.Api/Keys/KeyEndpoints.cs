using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Keys;

internal static class KeyEndpoints
{
    private const string Path = "/api-keys";

    private const string BodyExample = """
        { "role": "reporter", "unit": "D474", "label": "Phần mềm một cửa", "expiresAt": "2022-12-31T23:59:59+07:00",
          "scopes": [ "read", "reportsWrite" ], "ipRanges": [ "10.20.0.0/16", "2001:db8::/32" ] }
        """;

    public static void MapKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet(Path, ListKeys).Describe<Page<KeyAnswer>>("listKeys", "API keys, the oldest first", Parameters.Paging)
            .Refuses(401, 403).Needs(KeyScope.Administration);
        api.MapGet(Path + "/{id}", GetKey).Describe<KeyAnswer>("getKey", "One API key").Refuses(401, 403, 404).Needs(KeyScope.Administration);
        api.MapPost(Path, PostKey).DescribeWrite<IssuedKey>(
                "createKey", "Make an API key, and show its secret this once (200 without it, where the request was answered before)",
                BodyExample, IdempotencyKeys.Parameter)
            .Produces<IssuedKey>(201, "application/json").Takes<KeyBody>().Needs(KeyScope.Administration)
            .Sends(AnswerHeaders.ETag, 200, 201).Sends(AnswerHeaders.Location, 201).Sends(AnswerHeaders.NewLocation, 200);
        api.MapPost(Path + "/{id}/rotate", RotateKey).DescribeWrite<IssuedKey>(
                "rotateKey", "Give a key a new secret, which works at once; the present one goes on working for a time",
                """{ "graceHours": 24 }""", IdempotencyKeys.Parameter)
            .Takes<RotationBody>(mayBeAbsent: true).Needs(KeyScope.Administration).Sends(AnswerHeaders.ETag, 200);
        api.MapDelete(Path + "/{id}", RevokeKey).WithName("revokeKey")
            .WithMetadata(new Description("Revoke a key at once, with every secret of it", []))
            .Produces<KeyAnswer>(200, "application/json").Refuses(400, 401, 403, 404, 429, 503).Needs(KeyScope.Administration).Sends(AnswerHeaders.ETag, 200);
    }

    private static async Task ListKeys(HttpContext context, KeyWriter keys, KeyUses uses, TimeProvider time)
    {
        RequireAdministrator(context);
        var query = new QueryInput(context.Request, "limit", "cursor");
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var page = Page<KeyAnswer>.Cut(
            context, await keys.ListAsync(context.RequestAborted),
            key => new PageKey(key.CreatedAt.UtcDateTime.ToString("O", null), key.Id), key => Show(key, uses, time), limit, cursor);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, page);
    }

    private static async Task GetKey(HttpContext context, string id, KeyWriter keys, KeyUses uses, TimeProvider time)
    {
        RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var answer = Show(await FindAsync(id, keys, context.RequestAborted), uses, time);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, answer);
    }

    private static async Task PostKey(HttpContext context, Catalogues catalogues, KeyWriter keys, KeyUses uses, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        using var body = await JsonInput.ReadAsync(context.Request, optional: false, context.RequestAborted);
        var terms = Read(body!.RootElement, catalogue, time.Now());
        RequireGiving(context, terms);
        var issued = await keys.CreateAsync(caller.Actor, terms, IdempotencyKeys.Of(context.Request), context.RequestAborted);
        context.Response.Headers.Location = $"/v1{Path}/{issued.Key.Id}";
        await WriteSecretAsync(context, issued, issued.Secret is null ? StatusCodes.Status200OK : StatusCodes.Status201Created, uses, time);
    }

    private static async Task RotateKey(HttpContext context, string id, KeyWriter keys, KeyUses uses, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        using var body = await JsonInput.ReadAsync(context.Request, optional: true, context.RequestAborted);
        var input = new JsonInput();
        var hours = body is null ? null : input.Count(input.Members(body.RootElement, "", "graceHours"), "graceHours", "");
        if (hours > KeyTerms.MaxGraceHours)
        {
            input.Refuse("value.outOfRange", "/graceHours", hours, 0, KeyTerms.MaxGraceHours);
        }

        if (input.Refusals.Count > 0)
        {
            throw ProblemException.Of(input.Refusals);
        }

        var asked = await FindAsync(id, keys, context.RequestAborted);
        RequireGiving(context, new KeyTerms(asked.Role, asked.UnitId, asked.Label, asked.ExpiresAt, asked.Scopes, asked.Ranges));
        var issued = await keys.RotateAsync(
            caller.Actor, id, TimeSpan.FromHours(hours ?? 24), IdempotencyKeys.Of(context.Request), context.RequestAborted);
        await WriteSecretAsync(context, issued, StatusCodes.Status200OK, uses, time);
    }

    private static async Task RevokeKey(HttpContext context, string id, KeyWriter keys, KeyUses uses, TimeProvider time)
    {
        var caller = RequireAdministrator(context);
        new QueryInput(context.Request).Done();
        var answer = Show(await keys.RevokeAsync(caller.Actor, id, context.RequestAborted), uses, time);
        await Answers.WriteOwnAsync(context, StatusCodes.Status200OK, answer);
    }

    private static Caller RequireAdministrator(HttpContext context) =>
        context.RequireCaller() is { Role: Role.Administrator } caller ? caller : throw new ProblemException("auth.forbidden");

    private static void RequireGiving(HttpContext context, KeyTerms terms)
    {
        if (context.Features.Get<ApiKey>()?.MayGive(terms) == false)
        {
            throw new ProblemException("auth.beyondOwn");
        }
    }

    private static async Task<ApiKey> FindAsync(string id, KeyWriter keys, CancellationToken cancellation) =>
        (await keys.ListAsync(cancellation)).FirstOrDefault(key => key.Id == id) ?? throw new ProblemException("key.unknown", id);

    private static KeyTerms Read(JsonElement body, Catalogue catalogue, DateTimeOffset now)
    {
        var input = new JsonInput();
        var members = input.Members(body, "", "role", "unit", "label", "expiresAt", "scopes", "ipRanges");
        var role = input.Word<Role>(members, "role", "", required: true);
        var label = input.Text(members, "label", "", 200);
        var expiresAt = input.Instant(members, "expiresAt", "");
        var code = input.Text(members, "unit", "", 100);
        var unit = code is null ? null : catalogue.Units.Find(code);
        if (code is not null && unit is null)
        {
            input.Refuse("unit.unknown", "/unit", code, code);
        }
        else if (role is { } known && KeyTerms.FaultOf(known, unit, catalogue.Plans) is { } fault)
        {
            input.Refuse(fault, "/unit", code, Words.Of(known));
        }

        if (expiresAt <= now)
        {
            input.Refuse("value.past", "/expiresAt", expiresAt);
        }
        else if (expiresAt > now.AddYears(KeyTerms.MaxYears))
        {
            input.Refuse("date.order", "/expiresAt", expiresAt, now, now.AddYears(KeyTerms.MaxYears));
        }

        var scopes = input.Texts(members, "scopes", Enum.GetValues<KeyScope>().Length, (text, pointer) =>
        {
            var scope = Words.Parse<KeyScope>(text);
            if (scope is null)
            {
                input.Refuse("json.oneOf", pointer, text, Words.List<KeyScope>());
            }

            return scope;
        });
        var ranges = input.Texts(members, "ipRanges", 50, (text, pointer) =>
        {
            var range = AddressRange.Parse(text);
            if (range is null)
            {
                input.Refuse("key.range", pointer, text);
            }

            return range;
        });
        return input.Refusals.Count == 0
            ? new KeyTerms(role!.Value, unit?.Id, label, expiresAt, [.. scopes.Distinct().Order()], [.. ranges.Distinct()])
            : throw ProblemException.Of(input.Refusals);
    }

    private static Task WriteSecretAsync(HttpContext context, IssuedSecret issued, int status, KeyUses uses, TimeProvider time)
    {
        var shown = Show(issued.Key, uses, time);
        context.Response.StatusCode = status;
        context.Response.Headers.ETag = Answers.TagOf(shown);
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(
            new IssuedKey(shown) { Key = issued.Secret }, Json.Options, "application/json; charset=utf-8", context.RequestAborted);
    }

    private static KeyAnswer Show(ApiKey key, KeyUses uses, TimeProvider time) => new()
    {
        Id = key.Id,
        Role = key.Role,
        Unit = key.Unit,
        Label = key.Label,
        Scopes = key.Scopes,
        IpRanges = [.. key.Ranges.Select(range => range.ToString())],
        CreatedAt = key.CreatedAt,
        ExpiresAt = key.ExpiresAt,
        LastUsedAt = uses.LastOf(key),
        RotatedAt = key.Former.Count == 0 ? null : key.Former.Max(former => former.ReplacedAt),
        GraceUntil = key.RevokedAt is null ? key.Former.Where(former => former.EndsAt > time.GetUtcNow()).Max(former => (DateTimeOffset?)former.EndsAt) : null,
        RevokedAt = key.RevokedAt,
    };
}
