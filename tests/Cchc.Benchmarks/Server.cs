using System.Diagnostics;
using System.Globalization;

namespace Cchc.Benchmarks;

/// <summary>The program under measurement, in a process of its own.</summary>
internal static class Server
{
    private static Process Launch(string folder, string[] arguments, string? address, bool sample = true)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Cchc.Api.Data.Database).Assembly.Location, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Database__ConnectionString"] = $"Data Source={Path.Combine(folder, "cchc.db")}";
        start.Environment["ASPNETCORE_URLS"] = address ?? "";
        start.Environment["Logging__LogLevel__Microsoft.AspNetCore"] = "Warning";
        start.Environment["RateLimits__Reads"] = "0";
        start.Environment["RateLimits__Writes"] = "0";
        start.Environment["Seed__Sample"] = sample ? "true" : "false";
        return Process.Start(start)!;
    }

    public static string Run(string folder, params string[] arguments)
    {
        using var process = Launch(folder, arguments, null);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"exit code {process.ExitCode}"));
    }

    public static Process Start(string folder, string address, bool sample = true)
    {
        var process = Launch(folder, [], address, sample);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.Contains("Now listening on", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return process;
            }
        }

        throw new InvalidOperationException("The server did not start.");
    }

    /// <summary>The most memory that a process has held, in KiB.</summary>
    public static long Peak(Process server) => File.ReadLines($"/proc/{server.Id}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(':', 'k')[1], CultureInfo.InvariantCulture)).Single();
}
