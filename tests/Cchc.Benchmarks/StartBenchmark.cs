using System.Diagnostics;
using System.Net;
using static Cchc.Benchmarks.Outcome;

namespace Cchc.Benchmarks;

/// <summary>From a process's start to its first answer, as it is published for a machine, beside an empty minimal API.</summary>
internal static class StartBenchmark
{
    private const int Rounds = 9;
    private const string Address = "http://127.0.0.1:5184";
    private const string EmptyProject =
        """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>""";

    private static readonly string[] ForMachine = ["-r", "linux-x64", "--self-contained", "-p:NuGetLockFilePath=obj/packages.machine.lock.json"];

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cchc-bench-").FullName;
        var empty = Directory.CreateDirectory(Path.Combine(folder, "empty")).FullName;
        File.WriteAllText(Path.Combine(empty, "empty.csproj"), EmptyProject);
        File.WriteAllText(Path.Combine(empty, "Program.cs"), """var app = WebApplication.CreateBuilder(args).Build(); app.MapGet("/", () => "ok"); app.Run();""");
        var plain = Publish(empty, empty, "out");
        var ahead = Publish(empty, empty, "ahead", [.. ForMachine, "-p:PublishReadyToRun=true", "-p:PublishReadyToRunComposite=true"]);
        var api = Publish(Root(), folder, "api", ["src/Cchc.Api", .. ForMachine]);
        (string Name, string Program, string Path)[] starts =
        [
            ("empty minimal API", Path.Combine(plain, "empty"), "/"),
            ("the same, compiled ahead", Path.Combine(ahead, "empty"), "/"),
            ("/health/live", Path.Combine(api, "Cchc.Api"), "/health/live"),
            ("/v1/plans", Path.Combine(api, "Cchc.Api"), "/v1/plans"),
            ("the plan's completion", Path.Combine(api, "Cchc.Api"), "/v1/plans/cchc-2022/completion"),
        ];
        var figures = starts.ToDictionary(start => start.Name, _ => new List<(double Milliseconds, double Megabytes)>());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (name, program, path) in starts)
            {
                var figure = await StartAsync(folder, program, path);

                // The first round makes the database and warms the disk's cache.
                if (round > 0)
                {
                    figures[name].Add(figure);
                }
            }
        }

        var (time, memory) = (Median(figures[starts[0].Name].ConvertAll(each => each.Milliseconds)), Median(figures[starts[0].Name].ConvertAll(each => each.Megabytes)));
        foreach (var (name, each) in figures)
        {
            var (took, held) = (Median(each.ConvertAll(one => one.Milliseconds)), Median(each.ConvertAll(one => one.Megabytes)));
            Say($"{name,-26} {took,5:0} ms, {took / time,4:0.00} times    {held,4:0} MB, {held / memory,4:0.00} times");
        }

        Directory.Delete(folder, recursive: true);
    }

    private static string Publish(string project, string folder, string name, params string[] arguments)
    {
        var output = Path.Combine(folder, name);
        Shell.Run(project, "dotnet", ["publish", .. arguments, "-c", "Release", "-o", output]);
        return output;
    }

    private static async Task<(double Milliseconds, double Megabytes)> StartAsync(string folder, string program, string path)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.Environment["Database__ConnectionString"] = $"Data Source={Path.Combine(folder, "cchc.db")}";
        start.Environment["ASPNETCORE_URLS"] = Address;
        start.Environment["Logging__LogLevel__Default"] = "Error";
        using var client = new HttpClient();
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        while (!await IsAnsweredAsync(client, Address + path))
        {
            await Task.Delay(2);
        }

        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        process.Refresh();
        var held = process.WorkingSet64 / 1_048_576.0;
        process.Kill();
        await process.WaitForExitAsync();
        return (took, held);
    }

    private static async Task<bool> IsAnsweredAsync(HttpClient client, string address)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(address));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cchc.Api.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Not in the repository.");
        }

        return folder.FullName;
    }
}
