using System.CommandLine;
using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Api.Units;
using Cchc.Domain.Reports;

namespace Cchc.Api.Commands;

/// <summary>Keys from the command line, which is how the first one is made.</summary>
internal static class KeyCommands
{
    private const string Actor = "cli";

    public static Command All() => new("keys", "Make, list, rotate and revoke API keys.") { Create(), List(), Rotate(), Revoke() };

    private static Command Create()
    {
        var role = new Option<Role?>("--role") { Description = "reporter, reviewer, monitor or administrator.", Required = true };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(Words.Of)]);
        var unit = new Option<string?>("--unit") { Description = "Code of the unit the key is held for." };
        var label = new Option<string?>("--label") { Description = "What the key is for." };
        var days = new Option<int?>("--expires-in-days") { Description = "Days until it expires; never where it is not given." };
        var scopes = new Option<KeyScope[]>("--scope")
        {
            Description = $"What the key is confined to: {Words.List<KeyScope>()}; may be repeated; all that the role may do where it is not given.",
        };
        scopes.AcceptOnlyFromAmong([.. Enum.GetValues<KeyScope>().Select(Words.Of)]);
        var ranges = new Option<string[]>("--ip") { Description = "Addresses it is used from, in CIDR notation; may be repeated." };
        var create = new Command("create", "Make a key and print it; it is never shown again.") { role, unit, label, days, scopes, ranges };
        create.SetAction((parsed, cancellation) => CommandLine.Run(async services =>
        {
            var (units, plans) = await services.GetRequiredService<Database>().ReadAsync(
                async session => (await UnitQueries.LoadAsync(session), await PlanQueries.LoadAsync(session)), cancellation);
            var code = parsed.GetValue(unit);
            var found = code is null ? null : units.Find(code);
            if (code is not null && found is null)
            {
                throw new ProblemException("unit.unknown", code);
            }

            var held = parsed.GetValue(role)!.Value;
            if (KeyTerms.FaultOf(held, found, plans) is { } fault)
            {
                throw new ProblemException(fault, Words.Of(held));
            }

            if (parsed.GetValue(days) is <= 0 or > 365 * KeyTerms.MaxYears)
            {
                return await CommandLine.FailAsync($"--expires-in-days must be from 1 to {365 * KeyTerms.MaxYears}.");
            }

            if (parsed.GetValue(label) is { Length: > 200 })
            {
                throw new ProblemException("text.tooLong", 200);
            }

            IPNetwork[] networks = [.. (parsed.GetValue(ranges) ?? []).Select(range => AddressRange.Parse(range) ?? throw new ProblemException("key.range")).Distinct()];
            var issued = await services.GetRequiredService<KeyWriter>().CreateAsync(
                Actor,
                new KeyTerms(
                    held, found?.Id, parsed.GetValue(label),
                    parsed.GetValue(days) is { } count ? services.GetRequiredService<TimeProvider>().Now().AddDays(count) : null,
                    [.. (parsed.GetValue(scopes) ?? []).Distinct().Order()], networks),
                null, cancellation);
            Console.WriteLine(issued.Secret);
            return 0;
        }));
        return create;
    }

    private static Command List()
    {
        var list = new Command(
            "list", "List keys, tab-separated: id, role, unit, created, expires, revoked, label, last used, scopes, addresses.");
        list.SetAction((_, cancellation) => CommandLine.Run(async services =>
        {
            foreach (var key in await services.GetRequiredService<KeyWriter>().ListAsync(cancellation))
            {
                Console.WriteLine(string.Join(
                    '\t', key.Id, Words.Of(key.Role), key.Unit, $"{key.CreatedAt:O}", $"{key.ExpiresAt:O}", $"{key.RevokedAt:O}", key.Label,
                    $"{key.LastUsedAt:O}", string.Join(',', key.Scopes.Select(Words.Of)), string.Join(',', key.Ranges)));
            }

            return 0;
        }));
        return list;
    }

    private static Command Rotate()
    {
        var id = KeyId();
        var hours = new Option<int>("--grace-hours")
        {
            Description = "Hours for which the present secret goes on working, 0 to 2160.",
            DefaultValueFactory = _ => 24,
        };
        var rotate = new Command("rotate", "Give a key a new secret and print it; it is never shown again.") { id, hours };
        rotate.SetAction((parsed, cancellation) => CommandLine.Run(async services =>
        {
            var grace = parsed.GetValue(hours);
            if (grace is < 0 or > KeyTerms.MaxGraceHours)
            {
                throw new ProblemException("value.outOfRange", 0, KeyTerms.MaxGraceHours);
            }

            var issued = await services.GetRequiredService<KeyWriter>().RotateAsync(
                Actor, parsed.GetValue(id)!, TimeSpan.FromHours(grace), null, cancellation);
            Console.WriteLine(issued.Secret);
            return 0;
        }));
        return rotate;
    }

    private static Command Revoke()
    {
        var id = KeyId();
        var revoke = new Command("revoke", "Revoke a key at once, with every secret of it.") { id };
        revoke.SetAction((parsed, cancellation) => CommandLine.Run(async services =>
        {
            await services.GetRequiredService<KeyWriter>().RevokeAsync(Actor, parsed.GetValue(id)!, cancellation);
            return 0;
        }));
        return revoke;
    }

    private static Argument<string> KeyId() => new("id") { Description = "The id that `keys list` shows." };
}
