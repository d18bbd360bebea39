using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Cchc.Api.Operations;
using Cchc.Api.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace Cchc.Api.Tests.Operations;

public sealed partial class SettingsTests
{
    [Theory]
    [InlineData("Database:Provider", "Postgres", "Database:Provider is 'Postgres'; it must be Sqlite or SqlServer.")]
    [InlineData("Database:Provider", "SqlServer", "Database:ConnectionString is needed with Database:Provider=SqlServer.")]
    [InlineData("Database:ConectionString", "Data Source=x", "Database:ConectionString is no setting; under Database there are Database:Provider, Database:ConnectionString")]
    [InlineData("Database:ConnectionString", "Data Source=/nowhere/at/all/cchc.db", "names a file in /nowhere/at/all, which is no folder.")]
    [InlineData("Database:ConnectionString", "nonsense", "Database:ConnectionString cannot be read")]
    [InlineData("RateLimits:Reads", "many", "RateLimits:Reads is 'many'; it must be a whole number from 0 to 2147483647.")]
    [InlineData("RateLimits:Writes", "-1", "must be a whole number")]
    [InlineData("Limits:RequestSeconds", "0", "must be a whole number from 1 to 3600.")]
    [InlineData(
        "Limits:Clients", "5",
        "Limits:Clients is no setting; under Limits there are Limits:RequestSeconds, Limits:EventClients, Limits:PastSnapshotMegabytes, "
        + "Limits:ImportsPerCaller, Limits:ImportBytesPerCaller.")]
    [InlineData("Shutdown:DrainSeconds", "5s", "must be a whole number from 0 to 600.")]
    [InlineData("Proxies:Addresses:0", "gateway", "must be an IP address.")]
    [InlineData("Proxies:Networks:0", "10.0.0.1/8", "must be a range of addresses in CIDR notation")]
    [InlineData("Metrics:Networks:0", "everywhere", "must be a range of addresses in CIDR notation")]
    [InlineData("Cors:Origins:0", "https://portal.example/path", "must be an origin")]
    [InlineData("Discovery:BaseUrl", "api.example", "must be an absolute address (http, https).")]
    [InlineData("Authentication:Roles:Admins", "boss", "must be one of reporter, reviewer, monitor, administrator.")]
    [InlineData("Authentication:Claims:Unti", "unit", "Authentication:Claims:Unti is no setting")]
    [InlineData("Seed:Sample", "yes", "must be true or false.")]
    [InlineData("Redis:Answers", "yes", "must be true or false.")]
    [InlineData("Redis:Answers", "true", "Redis:ConnectionString is needed with Redis:Answers=true.")]
    [InlineData("Redis:ConnectionString", "redis:6379,ssl=S3cret", "Redis:ConnectionString cannot be read")]
    [InlineData("Redis:ConnectionString", "password=S3cret", "Redis:ConnectionString names no server.")]
    public void What_would_be_ignored_or_fail_later_is_told(string name, string value, string message) =>
        Assert.Contains(message, Assert.Single(FaultsOf((name, value)), fault => !fault.Contains("S3cret", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Server=tcp:sql01;Database=cchc;User Id=u;Password=S3cret", null)]
    [InlineData("Server=tcp:sql01;Database=cchc;User Id=u;Password=half;S3cret=x", "has a keyword in its part 5 that SqlServer does not know.")]
    [InlineData("Server=tcp:sql01;Database=cchc;User Id=u;Password=half;S3cret", "cannot be read")]
    [InlineData("Server=tcp:sql01;Database=cchc;User Id=u;Password=S3cret;Encrypt=False", "has Encrypt=False")]
    [InlineData("Server=tcp:sql01;User Id=u;Password=S3cret", "names no Database.")]
    [InlineData("Database=cchc;User Id=u;Password=S3cret", "names no Server.")]
    [InlineData("Server=tcp:sql01;Database=cchc;Password=S3cret;Connect Timeout=soon", "cannot be read")]
    public void A_connection_string_is_judged_and_never_shown(string text, string? message)
    {
        var faults = FaultsOf(("Database:Provider", "SqlServer"), ("Database:ConnectionString", text));
        Assert.Equal(message is null ? 0 : 1, faults.Count);
        Assert.All(faults, fault => Assert.Contains(message!, fault, StringComparison.Ordinal));
        Assert.All(faults, fault => Assert.DoesNotContain("S3cret", fault, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void What_the_framework_reads_is_left_to_it() => Assert.Empty(FaultsOf(
        ("Logging:LogLevel:Default", "Debug"), ("Kestrel:Endpoints:Https:Url", "https://*:443"), ("AllowedHosts", "*"), ("PATH", "/bin"),
        ("Authentication:Schemes:Bearer:Authority", "https://sso.example"), ("Authentication:Roles:Admins", "administrator"), ("DATABASE:provider", "Sqlite")));

    /// <summary>A setting that the program reads and this list does not have would stop the start of who sets it.</summary>
    [Fact]
    public void Every_setting_that_the_program_reads_is_known()
    {
        using var file = new PEReader(File.OpenRead(typeof(Settings).Assembly.Location));
        var metadata = file.GetMetadataReader();
        var read = new SortedSet<string>(StringComparer.Ordinal);
        for (var handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        {
            if (Name().IsMatch(metadata.GetUserString(handle)))
            {
                read.Add(metadata.GetUserString(handle));
            }
        }

        Assert.Contains("Webhooks:AllowPrivate", read);
        Assert.All(read, name => Assert.True(Settings.Knows(name) || Settings.Knows(name + ":*") || Settings.Knows(name + ":0"), name));
    }

    [Fact]
    public async Task A_wrong_configuration_ends_the_start_with_a_line_each_and_2()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-settings-").FullName;
        try
        {
            foreach (var arguments in new string[][] { [], ["migrate"] })
            {
                var run = await ProgramRun.RunAsync(folder, [("RateLimits__Reads", "lots"), ("Database__Conection", "x")], arguments);
                Assert.Equal(2, run.ExitCode);
                Assert.Equal("", run.Output);
                Assert.Equal(
                    ["Database:Conection", "RateLimits:Reads"], run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
            }

            // A server in place of the command that was meant would make a database, and never end.
            var misspelt = await ProgramRun.RunAsync(folder, [], "migarte");
            Assert.Equal((2, ""), (misspelt.ExitCode, misspelt.Output));
            Assert.Contains("'migarte'", misspelt.Errors, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(folder));

            var unwritable = await ProgramRun.RunAsync(folder, [("Database__ConnectionString", $"Data Source={folder};Mode=ReadWriteCreate")]);
            Assert.Equal((1, 1), (unwritable.ExitCode, unwritable.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
            Assert.StartsWith("Cchc.Api cannot serve: ", unwritable.Errors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<string> FaultsOf(params (string Name, string Value)[] settings) => Settings.FaultsOf(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(each => KeyValuePair.Create(each.Name, (string?)each.Value))).Build());

    [GeneratedRegex("^[A-Z][A-Za-z]+(:[A-Z][A-Za-z]+)+:?$")]
    private static partial Regex Name();
}
