using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Cchc.Api.Tests.Support;

/// <summary>The server as a process of its own, in a folder that the test gives it.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process)
    {
        Process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Address { get; private set; } = "";

    /// <summary>All that it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts the server, and waits until all of it has started.</summary>
    public static async Task<ServerProcess> StartAsync(string folder, params (string Name, string Value)[] settings)
    {
        var server = await ListenAsync(folder, settings);
        await server.UntilAsync(server._started.Task);
        return server;
    }

    /// <summary>Starts the server, and waits until it listens: the rest of it may still be starting.</summary>
    public static async Task<ServerProcess> ListenAsync(string folder, params (string Name, string Value)[] settings)
    {
        var server = Of(ProgramRun.Launch(folder, settings));
        await server.UntilListeningAsync();
        return server;
    }

    /// <summary>A server that was started in another way.</summary>
    public static ServerProcess Of(Process process) => new(process);

    public async Task UntilListeningAsync()
    {
        await UntilAsync(_address.Task);
        Address = await _address.Task;
    }

    /// <summary>What systemd, Kubernetes and Docker stop a server by.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
        }

        Process.Dispose();
    }

    private async Task UntilAsync(Task task)
    {
        if (await Task.WhenAny(task, Process.WaitForExitAsync()) != task)
        {
            throw new InvalidOperationException(Log);
        }
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.AppendLine(line);
        }

        if (Listening().Match(line) is { Success: true } found)
        {
            _address.TrySetResult(found.Groups[1].Value);
        }

        if (line.Contains("Application started", StringComparison.Ordinal))
        {
            _started.TrySetResult();
        }
    }

    [GeneratedRegex("Now listening on: (http://[0-9.:]+)")]
    private static partial Regex Listening();
}
