using System.Text.RegularExpressions;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>Good, worth a look, or in the way of serving.</summary>
public enum Verdict { Ok, Warn, Fail }

/// <summary>What was looked at and found.</summary>
public sealed record Finding(Verdict Verdict, string Subject, string Detail);

/// <summary>What can be wrong with a database of one engine, looked at without changing anything.</summary>
internal static partial class Examination
{
    private const long Scarce = 1024L * 1024 * 1024;
    private const long Exhausted = 100L * 1024 * 1024;

    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Harmful = TimeSpan.FromSeconds(10);

    private const string Server = """
        /* sqlserver */ SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(60)) AS Version, CAST(SYSUTCDATETIME() AS datetime2(3)) AS Now,
            snapshot_isolation_state AS Snapshots, CAST(is_read_committed_snapshot_on AS int) AS RowVersions,
            CAST(is_auto_close_on AS int) AS AutoClose, page_verify_option_desc AS PageVerify
        FROM sys.databases WHERE database_id = DB_ID()
        """;

    private const string Tables = """
        /* sqlserver */ SELECT name AS Name, HAS_PERMS_BY_NAME(name, 'OBJECT', 'SELECT') AS MaySelect, HAS_PERMS_BY_NAME(name, 'OBJECT', 'INSERT') AS MayInsert,
            HAS_PERMS_BY_NAME(name, 'OBJECT', 'UPDATE') AS MayUpdate, HAS_PERMS_BY_NAME(name, 'OBJECT', 'DELETE') AS MayDelete,
            HAS_PERMS_BY_NAME(name, 'OBJECT', 'ALTER') AS MayAlter, 0 AS MayExecute
        FROM sys.tables
        UNION ALL SELECT name, 0, 0, 0, 0, 0, HAS_PERMS_BY_NAME(name, 'TYPE', 'EXECUTE') FROM sys.table_types
        """;

    /// <summary>The server, its settings, its clock, and what this login may do.</summary>
    public static async Task<IReadOnlyList<Finding>> SqlServerAsync(DbSession session, string connectionString, DateTimeOffset now)
    {
        var given = new SqlConnectionStringBuilder(connectionString);
        var server = (await session.SingleAsync<ServerRow>(Server))!;
        var rights = (await session.QueryAsync<RightsRow>(Tables)).ToDictionary(row => row.Name, StringComparer.OrdinalIgnoreCase);
        var lacking = Needed(EmbeddedFiles.Read("setup/roles.sql"))
            .Where(need => !(rights.GetValueOrDefault(need.Name)?.May(need.Right) ?? false)).Select(need => $"{need.Right} {need.Name}").ToList();
        var apart = (new DateTimeOffset(server.Now, TimeSpan.Zero) - now).Duration();
        return
        [
            new(Verdict.Ok, "database", $"SQL Server {server.Version}, {given.InitialCatalog} at {given.DataSource}"),
            given.TrustServerCertificate
                ? new(Verdict.Warn, "encryption", "TrustServerCertificate=True: whoever stands in between is believed")
                : new(Verdict.Ok, "encryption", given.Encrypt.ToString()),
            server is { RowVersions: 1, Snapshots: 1 }
                ? new(Verdict.Ok, "row versions", "READ_COMMITTED_SNAPSHOT and ALLOW_SNAPSHOT_ISOLATION are on")
                : new(Verdict.Fail, "row versions", "run db/sqlserver/setup/database.sql: readers need READ_COMMITTED_SNAPSHOT and ALLOW_SNAPSHOT_ISOLATION"),
            server.AutoClose == 0 && server.PageVerify == "CHECKSUM"
                ? new(Verdict.Ok, "options", "AUTO_CLOSE off, PAGE_VERIFY CHECKSUM")
                : new(Verdict.Warn, "options", "AUTO_CLOSE should be off and PAGE_VERIFY CHECKSUM"),
            lacking.Count == 0
                ? new(Verdict.Ok, "permissions", "all that db/sqlserver/setup/roles.sql grants to cchc_writer")
                : new(Verdict.Fail, "permissions", $"run db/sqlserver/setup/roles.sql, or make the login a member of cchc_writer; it lacks {string.Join(", ", lacking)}"),
            rights.Values.Any(row => row.MayAlter == 1)
                ? new(Verdict.Warn, "least privilege", "this login may alter tables: right for migrate, too much to serve by")
                : new(Verdict.Ok, "least privilege", "this login may alter no table"),
            new(
                apart > Harmful ? Verdict.Fail : apart > Noticeable ? Verdict.Warn : Verdict.Ok, "clock",
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{apart.TotalSeconds:0.0} s apart from the database's")),
        ];
    }

    /// <summary>The file, whether it is sound and can be written, and the space it has to grow.</summary>
    public static async Task<IReadOnlyList<Finding>> SqliteAsync(DbSession session, string connectionString)
    {
        var file = Path.GetFullPath(new SqliteConnectionStringBuilder(connectionString).DataSource);
        var sound = await session.SingleAsync<string>("PRAGMA quick_check(1)");
        return
        [
            new(Verdict.Ok, "database", $"SQLite, {file}"),
            sound == "ok" ? new(Verdict.Ok, "integrity", "quick_check finds nothing") : new(Verdict.Fail, "integrity", sound ?? "quick_check says nothing"),
            Space("disk", Path.GetDirectoryName(file)!),
        ];
    }

    /// <summary>Whether a folder takes files, and how much more.</summary>
    public static Finding Space(string subject, string folder)
    {
        try
        {
            using (File.Create(Path.Combine(folder, Path.GetRandomFileName()), 1, FileOptions.DeleteOnClose))
            {
            }

            var free = new DriveInfo(folder).AvailableFreeSpace;
            return new(
                free < Exhausted ? Verdict.Fail : free < Scarce ? Verdict.Warn : Verdict.Ok, subject,
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{free / (1024 * 1024)} MB free for {folder}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(Verdict.Fail, subject, $"{folder} takes no files");
        }
    }

    internal static IEnumerable<(string Right, string Name)> Needed(string roles) => Grant().Matches(roles).SelectMany(
        grant => grant.Groups["rights"].Value.Split(", "), (grant, right) => (right, grant.Groups["name"].Value));

    [GeneratedRegex(@"^GRANT (?<rights>[A-Z, ]+) ON (TYPE::)?(?<name>\w+) TO cchc_writer;", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Grant();

    private sealed record ServerRow
    {
        public string Version { get; init; } = "";
        public DateTime Now { get; init; }
        public int Snapshots { get; init; }
        public int RowVersions { get; init; }
        public int AutoClose { get; init; }
        public string? PageVerify { get; init; }
    }

    private sealed record RightsRow
    {
        public string Name { get; init; } = "";
        public int MaySelect { get; init; }
        public int MayInsert { get; init; }
        public int MayUpdate { get; init; }
        public int MayDelete { get; init; }
        public int MayAlter { get; init; }
        public int MayExecute { get; init; }

        public bool May(string right) => (right switch
        {
            "SELECT" => MaySelect,
            "INSERT" => MayInsert,
            "UPDATE" => MayUpdate,
            "DELETE" => MayDelete,
            "EXECUTE" => MayExecute,
            _ => 0,
        }) == 1;
    }
}
