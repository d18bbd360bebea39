using System.Diagnostics;
using System.Globalization;

namespace Cchc.Benchmarks;

/// <summary>Other programs, run to their end.</summary>
internal static class Shell
{
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; says how.</exception>
    public static string Run(string folder, string program, IEnumerable<string> arguments, string input = "", params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"{program}: {errors.Result}{output.Result}");
    }

    /// <summary>Requests a second that wrk gets of these addresses in turn, by 16 connections of one thread.</summary>
    /// <exception cref="InvalidOperationException">One was not answered well.</exception>
    public static double Load(string folder, IReadOnlyList<string> addresses, int seconds, string? key)
    {
        // wrk knows one address; a script has it ask for others of the same server.
        var paths = string.Join(", ", addresses.Select(address => $"\"{new Uri(address).PathAndQuery}\""));
        var script = Path.Combine(folder, "paths.lua");
        File.WriteAllText(script, $$"""
            local paths, at = { {{paths}} }, 0
            request = function() at = at + 1; return wrk.format("GET", paths[at % #paths + 1]) end
            """);
        string[] header = key is null ? [] : ["-H", $"Authorization: Bearer {key}"];
        var output = Run(folder, "wrk", ["-t1", "-c16", string.Create(CultureInfo.InvariantCulture, $"-d{seconds}s"), "--timeout", "20s", "-s", script, .. header, addresses[0]]);
        return output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"{addresses[0]}: {output}")
            : double.Parse(output.Split("Requests/sec:")[1].Split('\n')[0], CultureInfo.InvariantCulture);
    }
}
