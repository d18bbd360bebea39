using System.Diagnostics;
using Cchc.Api.Tests.Support;

namespace Cchc.Api.Tests.Operations;

/// <summary>How the program starts: where it listens, where the embedded database lies, and what keeps it from starting.</summary>
public sealed class StartTests : IDisposable
{
    // Beside the program: relative paths start from there.
    private static readonly string Beside = Path.GetDirectoryName(typeof(Program).Assembly.Location)!;

    private readonly string _folder = Directory.CreateTempSubdirectory("cchc-start-").FullName;
    private readonly string _name = $"start-{Guid.NewGuid():n}.db";

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        foreach (var file in Directory.GetFiles(Beside, _name + "*"))
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line()
    {
        using var first = await ServerProcess.StartAsync(_folder);
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        foreach (var settings in new (string, string)[][]
        {
            [("ASPNETCORE_URLS", first.Address)],
            [("ASPNETCORE_URLS", ""), ("Kestrel__Endpoints__Http__Url", first.Address)],
        })
        {
            var second = await ProgramRun.RunAsync(other, settings);
            Assert.Equal(1, second.ExitCode);
            Assert.Equal(
                $"Cchc.Api cannot serve: Failed to bind to address {first.Address}: address already in use.",
                Assert.Single(Lines(second.Errors)).TrimEnd());
            Assert.DoesNotContain("xception", second.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("foo")]
    [InlineData("ftp://127.0.0.1:5080")]
    public async Task An_address_that_is_none_is_one_clear_line(string address)
    {
        var run = await ProgramRun.RunAsync(_folder, [("ASPNETCORE_URLS", address)]);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("Cchc.Api cannot serve: ", Assert.Single(Lines(run.Errors)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_documented_start_listens_where_it_is_told()
    {
        var build = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var start = new ProcessStartInfo("dotnet", ["run", "--no-build", "-c", build, "--project", Path.Combine("src", "Cchc.Api")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Contract.ContractTests.Root(),
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Database__ConnectionString"] = $"Data Source={Path.Combine(_folder, "cchc.db")}";
        start.Environment["Seed__Sample"] = "false";
        using var server = ServerProcess.Of(Process.Start(start)!);
        await server.UntilListeningAsync();
        Assert.NotEqual(5080, new Uri(server.Address).Port);
        using var client = new HttpClient();
        Assert.Contains("live", await client.GetStringAsync(new Uri(server.Address + "/health/live")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_embedded_database_is_the_same_in_whatever_folder_a_command_runs()
    {
        (string, string)[] settings = [("Database__ConnectionString", $"Data Source={_name}")];
        var made = await ProgramRun.RunAsync(_folder, settings, "keys", "create", "--role", "administrator");
        Assert.Equal(0, made.ExitCode);
        Assert.Equal($"A new database was made: {Path.Combine(Beside, _name)}", made.Errors.Trim());
        Assert.Single(Lines(made.Output));
        Assert.Empty(Directory.GetFiles(_folder));

        foreach (var folder in new[] { Directory.CreateDirectory(Path.Combine(_folder, "elsewhere")).FullName, Path.GetTempPath(), Beside })
        {
            var listed = await ProgramRun.RunAsync(folder, settings, "keys", "list");
            Assert.Equal((0, ""), (listed.ExitCode, listed.Errors));
            Assert.Single(Lines(listed.Output), line => line.Contains("administrator", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("keys", "list")]
    [InlineData("migrate")]
    [InlineData("seed")]
    [InlineData("doctor")]
    [InlineData]
    public async Task A_second_database_is_not_made_beside_one_in_the_working_directory(params string[] arguments)
    {
        var earlier = Path.Combine(_folder, _name);
        await File.WriteAllBytesAsync(earlier, []);
        var run = await ProgramRun.RunAsync(_folder, [("Database__ConnectionString", $"Data Source={_name}")], arguments);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Equal(
            $"There is a database in {earlier}, and a second one would be made in {Path.Combine(Beside, _name)}: move it there, or give "
            + "Database:ConnectionString its full path.",
            run.Errors.Trim());
        Assert.False(File.Exists(Path.Combine(Beside, _name)));

        // Its full path names it, wherever the command runs.
        if (arguments is ["keys", ..])
        {
            var named = await ProgramRun.RunAsync(Beside, [("Database__ConnectionString", $"Data Source={earlier}")], arguments);
            Assert.Equal(0, named.ExitCode);
        }
    }

    [Theory]
    [InlineData]
    [InlineData("keys", "list")]
    public async Task Without_the_rules_of_languages_nothing_starts(params string[] arguments)
    {
        var run = await ProgramRun.RunAsync(_folder, [("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")], arguments);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", Assert.Single(Lines(run.Errors)), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
