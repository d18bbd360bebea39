using System.CommandLine;
using Cchc.Api.Data;

namespace Cchc.Api.Commands;

/// <summary>Moving everything from the configured database to another.</summary>
internal static class TransferCommand
{
    public static Command Make()
    {
        var provider = new Option<string?>("--to-provider") { Description = "Sqlite or SqlServer; Transfer__Provider where it is not given." };
        provider.AcceptOnlyFromAmong("Sqlite", "SqlServer");
        var connection = new Option<string?>("--to-connection-string")
        {
            Description = "Of a database with no data; Transfer__ConnectionString where it is not given, which keeps a password off the command line.",
        };
        var command = new Command(
            "transfer", "Move everything from the configured database to another; print table, rows and hash of what was read back, tab-separated.")
        {
            provider, connection,
        };
        command.SetAction((parsed, cancellation) => CommandLine.Run(
            async services =>
            {
                var configuration = services.GetRequiredService<IConfiguration>();
                var to = (Provider: parsed.GetValue(provider) ?? configuration["Transfer:Provider"],
                    ConnectionString: parsed.GetValue(connection) ?? configuration["Transfer:ConnectionString"]);
                if (string.IsNullOrEmpty(to.Provider) || string.IsNullOrEmpty(to.ConnectionString))
                {
                    return await CommandLine.FailAsync("--to-provider and --to-connection-string are needed, or Transfer__Provider and Transfer__ConnectionString.");
                }

                await using var target = new ServiceCollection()
                    .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
                        [new("Database:Provider", to.Provider), new("Database:ConnectionString", to.ConnectionString)]).Build())
                    .AddMetrics().AddLogging().AddDatabase().BuildServiceProvider();
                if (!IsReadable(target))
                {
                    return await CommandLine.FailAsync(
                        "The target's connection string cannot be read: it is name=value;name=value, with a value in quotes where it has ; or = in it.");
                }

                var carried = await services.GetRequiredService<Transfer>().RunAsync(
                    target.GetRequiredService<Database>(), target.GetRequiredService<Migrator>(), cancellation);
                foreach (var table in carried)
                {
                    Console.WriteLine($"{table.Name}\t{table.Rows}\t{table.Hash}");
                }

                return 0;
            },
            prepare: false));
        return command;
    }

    private static bool IsReadable(IServiceProvider target)
    {
        try
        {
            var database = target.GetRequiredService<Database>();
            database.Dialect.Connect(database.ConnectionString).Dispose();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
