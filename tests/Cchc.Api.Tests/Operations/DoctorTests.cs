using System.Text.RegularExpressions;
using Cchc.Api.Data;
using Cchc.Api.Tests.Support;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Tests.Operations;

public sealed class DoctorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_finds_what_is_wrong_and_changes_nothing()
    {
        // Free space is the machine's own, and may be scarce.
        var none = await DoctorAsync();
        Assert.Equal(("warn", "there is no file yet; the first start, migrate or keys makes it"), none.Found["database"]);
        Assert.Empty(Directory.GetFiles(_folder));

        var seeded = await ProgramRun.RunAsync(_folder, [], "seed");
        Assert.Equal(0, seeded.ExitCode);
        Assert.Contains("plans\t1", seeded.Output, StringComparison.Ordinal);
        var keyless = await DoctorAsync();
        Assert.Equal(1, keyless.ExitCode);
        Assert.Equal(("fail", "there is no key: keys create --role administrator"), keyless.Found["administrator"]);
        Assert.Equal(("ok", "quick_check finds nothing"), keyless.Found["integrity"]);
        Assert.Equal(("ok", "cchc-2022"), keyless.Found["plans"]);
        Assert.StartsWith("at 00", keyless.Found["schema"].Detail, StringComparison.Ordinal);

        Assert.Equal(0, (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator", "--expires-in-days", "5")).ExitCode);
        Assert.Equal(0, (await ProgramRun.RunAsync(_folder, [], "keys", "create", "--role", "administrator")).ExitCode);
        var ending = await DoctorAsync();
        Assert.Equal(0, ending.ExitCode);
        Assert.Equal("ok", ending.Found["administrator"].Verdict);
        Assert.Matches("^end within 14 days: [0-9a-f]{12}$", ending.Found["keys"].Detail);
        await using (var database = new SqliteConnection($"Data Source={_folder}/cchc.db;Pooling=False"))
        {
            await database.ExecuteAsync("UPDATE api_keys SET expires_at = '2020-01-01T00:00:00.000Z' WHERE expires_at IS NOT NULL");
            Assert.Matches("^expired, to be revoked: [0-9a-f]{12}$", (await DoctorAsync()).Found["keys"].Detail);
            await database.ExecuteAsync("DELETE FROM schema_migrations WHERE script LIKE '0008_%'");
        }

        var behind = await DoctorAsync();
        Assert.Equal((1, ("fail", "to be migrated: 0008_webhooks.sql")), (behind.ExitCode, behind.Found["schema"]));
        await File.WriteAllTextAsync(Path.Combine(_folder, "cchc.db"), "no database");
        var broken = await DoctorAsync();
        Assert.Equal((1, "fail"), (broken.ExitCode, broken.Found["database"].Verdict));
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_in_one_line_without_its_password()
    {
        var away = await DoctorAsync(
            ("Database__Provider", "SqlServer"),
            ("Database__ConnectionString", "Server=tcp:127.0.0.1,1;Database=cchc;User Id=cchc-service;Password=S3cretWord;Connect Timeout=1"));
        Assert.Equal((1, "fail"), (away.ExitCode, away.Found["database"].Verdict));
        Assert.Contains("SQL Server", away.Found["database"].Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("S3cretWord", away.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task On_SQL_Server_it_looks_at_row_versions_permissions_and_the_clock()
    {
        Engines.SkipUnlessConfigured(Engine.SqlServer);
        var found = (await DoctorAsync(("Database__Provider", "SqlServer"), ("Database__ConnectionString", Engines.SqlServer!))).Found;
        Assert.All(["database", "row versions", "permissions", "clock", "schema"], subject => Assert.Equal("ok", found[subject].Verdict));
    }

    [Fact]
    public void What_the_service_needs_is_read_from_the_roles_script()
    {
        var needed = Examination.Needed("GRANT SELECT, INSERT ON audit_log TO cchc_writer;\nGRANT SELECT ON plans TO cchc_reader;\nGRANT EXECUTE ON TYPE::audit_rows TO cchc_writer;\n");
        Assert.Equal([("SELECT", "audit_log"), ("INSERT", "audit_log"), ("EXECUTE", "audit_rows")], needed);
        Assert.Contains(("SELECT", "reports"), Examination.Needed(EmbeddedFiles.Read("setup/roles.sql")));
    }

    private async Task<(int ExitCode, string Output, Dictionary<string, (string Verdict, string Detail)> Found)> DoctorAsync(
        params (string Name, string Value)[] settings)
    {
        var run = await ProgramRun.RunAsync(_folder, settings, "doctor");
        Assert.Equal("", run.Errors);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches(new Regex("^(ok|warn|fail)\t[a-z ]+\t[^\t]+$"), line));
        return (run.ExitCode, run.Output, lines.Select(line => line.Split('\t')).ToDictionary(parts => parts[1], parts => (parts[0], parts[2])));
    }
}
