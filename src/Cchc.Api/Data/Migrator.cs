using System.Security.Cryptography;
using System.Text;
using Dapper;

namespace Cchc.Api.Data;

public sealed record MigrationStep(string Script, bool Applied);

/// <summary>
/// Brings the schema up to date from numbered scripts that never change once landed. Several nodes may start at once: one migrates,
/// the others wait and find nothing to do. All pending scripts are one transaction, so a failing one leaves the schema as it was.
/// </summary>
public sealed class Migrator(Database database, TimeProvider time)
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
    /// <exception cref="InvalidOperationException">A landed script was edited, or the database is newer than this program.</exception>
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
                var steps = new List<MigrationStep>();
                foreach (var (name, text) in EmbeddedFiles.Under(database.Dialect.Scripts).Select(file => (file.Name, Normalise(file.Text))))
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

                return landed.Count == 0
                    ? (steps, !dryRun)
                    : throw new InvalidOperationException($"The database has scripts this program does not know: {string.Join(", ", landed.Keys)}.");
            },
            cancellation);
    }

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
    public static IEnumerable<(string Name, string Text)> Under(string folder) =>
        typeof(EmbeddedFiles).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (name[folder.Length..], Read(name)));

    public static string Read(string name)
    {
        using var stream = typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"No file {name} in this program.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
