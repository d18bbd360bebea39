using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Dapper;

namespace Cchc.Api.Data;

/// <param name="Script">Its name.</param>
/// <param name="Applied">Whether it was there before.</param>
/// <param name="IsNewer">Whether a later release of the program applied it.</param>
public sealed record MigrationStep(string Script, bool Applied, bool IsNewer = false);

/// <summary>
/// Brings the schema up to date from numbered scripts that never change once landed. Several nodes may start at once: one migrates,
/// the others wait and find nothing to do. All pending scripts are one transaction, so a failing one leaves the schema as it was.
/// A script only adds, so that programs from before it work on beside it, unless its name says which script they must know:
/// <c>0015_needs_0012_….sql</c> takes away what a program uses that ends before 0012.
/// </summary>
public sealed partial class Migrator(Database database, TimeProvider time)
{
    private const string CreateJournalSqlServer = """
        /* sqlserver */ IF OBJECT_ID(N'schema_migrations', N'U') IS NULL
        CREATE TABLE schema_migrations (
            script nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT pk_schema_migrations PRIMARY KEY,
            checksum nvarchar(64) NOT NULL,
            applied_at datetime2(3) NOT NULL)
        """;

    private const string CreateJournalSqlite = """
        /* sqlite */ CREATE TABLE IF NOT EXISTS schema_migrations (
            script TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT
        """;

    private const string Journal = "SELECT script AS Script, checksum AS Checksum FROM schema_migrations ORDER BY script";

    private const string Record =
        "INSERT INTO schema_migrations (script, checksum, applied_at) VALUES (@script, @checksum, @appliedAt)";

    /// <param name="dryRun">Say what would be done, and do nothing.</param>
    /// <param name="cancellation">Stops before the commit.</param>
    /// <exception cref="InvalidOperationException">A landed script was edited, or the schema is none that this program works on.</exception>
    public async Task<IReadOnlyList<MigrationStep>> MigrateAsync(bool dryRun, CancellationToken cancellation)
    {
        await using (var connection = database.Dialect.Connect(database.ConnectionString))
        {
            await connection.OpenAsync(cancellation);
            database.Dialect.Prepare(connection);
        }

        return await database.WriteAsync<IReadOnlyList<MigrationStep>>(
            async session =>
            {
                database.Dialect.LockMigrations(session.Connection, session.Transaction);
                await (database.IsEmbedded ? session.ExecuteAsync(CreateJournalSqlite) : session.ExecuteAsync(CreateJournalSqlServer));
                var landed = (await session.QueryAsync<Entry>(Journal)).ToDictionary(entry => entry.Script, entry => entry.Checksum);
                var scripts = EmbeddedFiles.Under(database.Dialect.Scripts).Select(file => (file.Name, Text: Normalise(file.Text))).ToList();
                Accept([.. scripts.Select(script => script.Name)], [.. landed.Keys]);
                var steps = new List<MigrationStep>();
                foreach (var (name, text) in scripts)
                {
                    var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
                    if (landed.Remove(name, out var known))
                    {
                        if (known != checksum)
                        {
                            throw new InvalidOperationException($"The script {name} was changed after it had been applied.");
                        }

                        steps.Add(new MigrationStep(name, Applied: true));
                        continue;
                    }

                    steps.Add(new MigrationStep(name, Applied: false));
                    if (!dryRun)
                    {
                        await session.Connection.ExecuteAsync(new CommandDefinition(
                            text, transaction: session.Transaction, commandTimeout: 0, cancellationToken: cancellation));
                        await session.ExecuteAsync(Record, new { script = name, checksum, appliedAt = time.Now() });
                    }
                }

                return ([.. steps, .. landed.Keys.Select(name => new MigrationStep(name, Applied: true, IsNewer: true))], !dryRun);
            },
            cancellation,
            Pace.Bulk);
    }

    /// <summary>The scripts that the database lacks, those that this program does not know, and the latest that both have.</summary>
    /// <exception cref="InvalidOperationException">The schema is none that this program works on.</exception>
    public async Task<(IReadOnlyList<string> Pending, IReadOnlyList<string> Unknown, string? Latest)> CompareAsync(CancellationToken cancellation)
    {
        IReadOnlyList<string> landed;
        try
        {
            landed = await database.ReadAsync(async session => (await session.QueryAsync<Entry>(Journal)).Select(entry => entry.Script).ToList(), cancellation, Pace.Watch);
        }
        catch (System.Data.Common.DbException exception) when (database.Dialect.IsNoTable(exception))
        {
            landed = [];
        }

        List<string> own = [.. EmbeddedFiles.NamesUnder(database.Dialect.Scripts)];
        Accept(own, landed);
        return ([.. own.Except(landed)], [.. landed.Except(own)], own.LastOrDefault(landed.Contains));
    }

    // What a later release applied is let be, as long as it left standing what this one uses.
    private static void Accept(IReadOnlyList<string> ours, IReadOnlyList<string> landed)
    {
        var unknown = landed.Except(ours).ToList();
        var last = Number(ours[^1]);
        if (unknown.FindAll(name => Number(name) <= last) is { Count: > 0 } strange)
        {
            throw new InvalidOperationException($"The database has scripts this program does not know: {string.Join(", ", strange)}.");
        }

        if (unknown.Find(name => Needs().Match(name) is { Success: true } needs && int.Parse(needs.ValueSpan, CultureInfo.InvariantCulture) > last) is { } script)
        {
            throw new InvalidOperationException($"The database has {script}, which this program is too old for: it ends at {ours[^1]}.");
        }

        if (unknown.Count > 0 && ours.Except(landed).ToList() is { Count: > 0 } pending)
        {
            throw new InvalidOperationException(
                $"The database has {unknown[0]} of a later release, but not {string.Join(", ", pending)}: let that release migrate it.");
        }
    }

    private static int Number(string script) => int.Parse(script.AsSpan(0, 4), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<=^\d{4}_needs_)\d{4}(?=_)")]
    private static partial Regex Needs();

    // A checkout on Windows must not look like an edit.
    private static string Normalise(string text) => text.ReplaceLineEndings("\n");

    private sealed record Entry
    {
        public required string Script { get; init; }
        public required string Checksum { get; init; }
    }
}

/// <summary>The scripts and seed files that travel inside the program.</summary>
internal static class EmbeddedFiles
{
    public static IEnumerable<string> NamesUnder(string folder) =>
        typeof(EmbeddedFiles).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => name[folder.Length..]);

    public static IEnumerable<(string Name, string Text)> Under(string folder) => NamesUnder(folder).Select(name => (name, Read(folder + name)));

    public static string Read(string name)
    {
        using var stream = typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"No file {name} in this program.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
