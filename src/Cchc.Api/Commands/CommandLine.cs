using System.CommandLine;
using Cchc.Api.Auditing;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Operations;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Commands;

/// <summary>What the program does besides serving. Data alone goes to standard output; exit code 0, 1 failed, 2 wrong words.</summary>
internal static class CommandLine
{
    private static readonly string[] Asking = ["--help", "-h", "-?", "--version"];

    /// <summary>Whether it is a command: a bare word is, also a misspelt one, which must not start a server instead. Settings are --name or name=value.</summary>
    public static bool Handles(string[] args) =>
        args.Length > 0 && (Asking.Contains(args[0]) || !(args[0].StartsWith('-') || args[0].StartsWith('/') || args[0].Contains('=')));

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Cchc.Api: serves the API when it is started without a command.")
        {
            Migrate(), Seed(), KeyCommands.All(), Trail(), TransferCommand.Make(), DoctorCommand.Make(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return await RefuseAsync(parsed.Errors.Select(error => error.Message));
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
                Console.WriteLine(
                    $"{(step.IsNewer ? "newer" : step.Applied ? "applied" : parsed.GetValue(dryRun) ? "pending" : "applied now")}\t{step.Script}");
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
            if (services.GetRequiredService<Database>().IsEmbedded)
            {
                await services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, cancellation);
            }

            var (units, plans) = await services.GetRequiredService<Seeder>().SeedAsync(cancellation);
            Console.WriteLine($"units\t{units}\nplans\t{plans}");
            return 0;
        }, prepare: false));
        return command;
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

    public static async Task<int> Run(Func<IServiceProvider, Task<int>> command, bool prepare = true)
    {
        // What serves also answers, with one configuration; only its log must keep off standard output.
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        if (Settings.FaultsOf(builder.Configuration) is { Count: > 0 } faults)
        {
            return await RefuseAsync(faults);
        }

        builder.Services.AddDatabase();
        using var host = builder.Build();
        var database = host.Services.GetRequiredService<Database>();
        var file = database.IsEmbedded ? EmbeddedFile.Of(new SqliteConnectionStringBuilder(database.ConnectionString)) : null;
        var isNew = file is not null && !File.Exists(file);
        try
        {
            // The embedded default is made on first use, whether that is to serve or to make a key.
            if (prepare && database.IsEmbedded)
            {
                await host.Services.GetRequiredService<Migrator>().MigrateAsync(dryRun: false, CancellationToken.None);
                await host.Services.GetRequiredService<Seeder>().SeedAsync(CancellationToken.None);
            }

            return await command(host.Services);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ProblemException or System.Data.Common.DbException)
        {
            return await FailAsync(exception is ProblemException problem
                ? ProblemCatalogue.Entries[problem.Code].In(english: true, problem.Arguments) : Reason(exception));
        }
        finally
        {
            if (isNew && File.Exists(file))
            {
                await Console.Error.WriteLineAsync($"A new database was made: {file}");
            }
        }
    }

    /// <summary>What an operator is told of a fault, in one line: of a database that is away, what its driver says.</summary>
    public static string Reason(Exception exception)
    {
        exception = exception is AggregateException several ? several.InnerExceptions[0] : exception;
        var told = exception;
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            told = inner is System.Data.Common.DbException ? inner : told;
        }

        return told.Message.ReplaceLineEndings(" ");
    }

    /// <summary>Wrong words or settings: a line each, and exit code 2.</summary>
    public static async Task<int> RefuseAsync(IEnumerable<string> faults)
    {
        foreach (var fault in faults)
        {
            await Console.Error.WriteLineAsync(fault);
        }

        return 2;
    }

    public static async Task<int> FailAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return 1;
    }
}
