using System.CommandLine;
using Cchc.Api.Auditing;
using Cchc.Api.Data;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Commands;

/// <summary>What the program does besides serving. Data alone goes to standard output; exit code 0, 1 failed, 2 wrong words.</summary>
internal static class CommandLine
{
    private static readonly string[] Verbs = ["migrate", "seed", "keys", "audit", "--help", "-h", "-?", "--version"];

    public static bool Handles(string[] args) => args.Length > 0 && Verbs.Contains(args[0]);

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Cchc.Api: serves the API when it is started without a command.") { Migrate(), Seed(), Keys(), Trail() };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            return 2;
        }

        return await parsed.InvokeAsync();
    }

    private static Command Migrate()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and do nothing." };
        var command = new Command("migrate", "Bring the database schema up to date.") { dryRun };
        command.SetAction((parsed, cancellation) => Run(async services =>
        {
            var steps = await services.GetRequiredService<Migrator>().MigrateAsync(parsed.GetValue(dryRun), cancellation);
            foreach (var step in steps)
            {
                Console.WriteLine($"{(step.Applied ? "applied" : parsed.GetValue(dryRun) ? "pending" : "applied now")}\t{step.Script}");
            }

            return 0;
        }, prepare: false));
        return command;
    }

    private static Command Seed()
    {
        var command = new Command("seed", "Load the units and plan 398; what is there already is left as it stands.");
        command.SetAction((_, cancellation) => Run(async services =>
        {
            var (units, plans) = await services.GetRequiredService<Seeder>().SeedAsync(cancellation);
            Console.WriteLine($"units\t{units}\nplans\t{plans}");
            return 0;
        }));
        return command;
    }

    private static Command Keys()
    {
        var role = new Option<Role?>("--role") { Description = "reporter, reviewer, monitor or administrator.", Required = true };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(Http.Words.Of)]);
        var unit = new Option<string?>("--unit") { Description = "Code of the unit the key is held for." };
        var label = new Option<string?>("--label") { Description = "What the key is for." };
        var days = new Option<int?>("--expires-in-days") { Description = "Days until it expires; never where it is not given." };
        var create = new Command("create", "Make a key and print it; it is never shown again.") { role, unit, label, days };
        create.SetAction((parsed, cancellation) => Run(services => CreateAsync(
            services, parsed.GetValue(role)!.Value, parsed.GetValue(unit), parsed.GetValue(label), parsed.GetValue(days), cancellation)));

        var list = new Command("list", "List keys, tab-separated: id, role, unit, created, expires, revoked, label.");
        list.SetAction((_, cancellation) => Run(async services =>
        {
            foreach (var key in await services.GetRequiredService<KeyQueries>().ListAsync(cancellation))
            {
                Console.WriteLine(string.Join(
                    '\t', key.KeyId, Http.Words.Of(key.Role), key.Unit, $"{key.CreatedAt:O}", $"{key.ExpiresAt:O}", $"{key.RevokedAt:O}", key.Label));
            }

            return 0;
        }));

        var id = new Argument<string>("id") { Description = "The id that `keys list` shows." };
        var revoke = new Command("revoke", "Revoke a key at once.") { id };
        revoke.SetAction((parsed, cancellation) => Run(async services =>
            await services.GetRequiredService<KeyQueries>().RevokeAsync(parsed.GetValue(id)!, cancellation)
                ? 0 : await FailAsync("There is no such key, or it is revoked already.")));
        return new Command("keys", "Make, list and revoke API keys.") { create, list, revoke };
    }

    private static Command Trail()
    {
        var verify = new Command("verify", "Follow the chain of the audit trail; print the number of entries and the last one's hash.");
        verify.SetAction((_, cancellation) => Run(async services =>
        {
            var verdict = await services.GetRequiredService<AuditQueries>().VerifyAsync(cancellation);
            if (verdict.Fault is { } fault)
            {
                return await FailAsync(fault);
            }

            Console.WriteLine($"{verdict.Entries}\t{verdict.Hash}");
            return 0;
        }));
        return new Command("audit", "Check the audit trail.") { verify };
    }

    private static async Task<int> CreateAsync(
        IServiceProvider services, Role role, string? unit, string? label, int? days, CancellationToken cancellation)
    {
        var database = services.GetRequiredService<Database>();
        var (units, plans) = await database.ReadAsync(
            async session => (await Cchc.Api.Units.UnitQueries.LoadAsync(session), await PlanQueries.LoadAsync(session)), cancellation);
        var found = unit is null ? null : units.Find(unit);
        if (unit is not null && found is null)
        {
            return await FailAsync($"There is no unit {unit}.");
        }

        if (found is null && role is Role.Reporter or Role.Reviewer && unit is null)
        {
            return await FailAsync($"A {Http.Words.Of(role)} needs --unit.");
        }

        if (role == Role.Reviewer && found!.Level != UnitLevel.District && plans.All(plan => plan.LeadUnitId != found.Id))
        {
            return await FailAsync("A reviewer is the plan's lead unit, or a district.");
        }

        if (days is <= 0 or > 36_500)
        {
            return await FailAsync("--expires-in-days must be from 1 to 36500.");
        }

        var expiresAt = days is { } count ? services.GetRequiredService<TimeProvider>().Now().AddDays(count) : (DateTimeOffset?)null;
        Console.WriteLine(await services.GetRequiredService<KeyQueries>().CreateAsync(role, found?.Id, label, expiresAt, cancellation));
        return 0;
    }

    private static async Task<int> Run(Func<IServiceProvider, Task<int>> command, bool prepare = true)
    {
        // What serves also answers, with one configuration; only its log must keep off standard output.
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddDatabase();
        using var host = builder.Build();
        try
        {
            // The embedded default is made on first use, whether that is to serve or to make a key.
            if (prepare && host.Services.GetRequiredService<Database>().IsEmbedded)
            {
                await host.Services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, CancellationToken.None);
                await host.Services.GetRequiredService<Seeder>().SeedAsync(CancellationToken.None);
            }

            return await command(host.Services);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.Data.Common.DbException)
        {
            return await FailAsync(exception.Message);
        }
    }

    private static async Task<int> FailAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return 1;
    }
}
