using System.Diagnostics;

namespace Cchc.Benchmarks;

/// <summary>The database that the nodes share, and how it is made to go away for a while.</summary>
/// <param name="Folder">Where everything of the trial is.</param>
/// <param name="Server">The connection string of a server; null for the embedded engine.</param>
internal sealed record ChaosDatabase(string Folder, string? Server)
{
    public string Name => Server is null ? "embedded engine, one file" : "a server over TDS";

    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("Database__Provider", Server is null ? "Sqlite" : "SqlServer"), ("Database__ConnectionString", Server ?? $"Data Source={File}"),
    ];

    private string File => Path.Combine(Folder, "cchc.db");

    /// <summary>
    /// Takes the database away for a time: a server by the commands of CCHC_CHAOS_STOP and CCHC_CHAOS_START; the embedded engine by holding
    /// every lock there is on its log, so that no process begins a read or a write.
    /// </summary>
    public async Task StopForAsync(TimeSpan time)
    {
        if (Server is not null)
        {
            Run("CCHC_CHAOS_STOP");
            await Task.Delay(time);
            Run("CCHC_CHAOS_START");
            return;
        }

        // The locks of the log are bytes 120 to 127 of the file beside it: write, checkpoint, recover, and five of readers.
        await using var locks = new FileStream(File + "-shm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (var place = 120; place < 128; place++)
        {
            while (!TryLock(locks, place))
            {
                await Task.Delay(1);
            }
        }

        await Task.Delay(time);
        for (var place = 120; place < 128; place++)
        {
            Unlock(locks, place);
        }
    }

#pragma warning disable CA1416 // the trial runs where processes can be killed without notice
    private static bool TryLock(FileStream locks, int place)
    {
        try
        {
            locks.Lock(place, 1);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Unlock(FileStream locks, int place) => locks.Unlock(place, 1);
#pragma warning restore CA1416

    private static void Run(string variable)
    {
        using var process = Process.Start("/bin/sh", ["-c", Environment.GetEnvironmentVariable(variable)
            ?? throw new InvalidOperationException($"{variable} holds the command that stops or starts the server.")]);
        process.WaitForExit();
    }
}

/// <summary>A node as a process of its own, which is started again whenever it ends, as a service manager does.</summary>
internal sealed class ChaosNode : IAsyncDisposable
{
    private readonly ChaosDatabase _database;
    private Task _running = Task.CompletedTask;
    private volatile Process? _process;
    private volatile bool _isEnded;

    public ChaosNode(ChaosDatabase database, string address)
    {
        (_database, Address) = (database, address);
        Client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromSeconds(30) })
        {
            BaseAddress = new Uri(address),
            Timeout = TimeSpan.FromSeconds(40),
        };
    }

    public string Address { get; }

    public HttpClient Client { get; }

    /// <summary>Runs a command of the program to its end.</summary>
    public static string Run(ChaosDatabase database, params string[] arguments)
    {
        using var process = Process.Start(Start(database, "", arguments))!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', arguments)} failed");
    }

    public void Begin() => _running = Task.Run(KeepAsync);

    /// <summary>Ends the process without a word.</summary>
    public void Kill() => _process?.Kill();

    public async Task UntilReadyAsync()
    {
        while (true)
        {
            try
            {
                using var ready = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (ready.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
            {
            }

            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isEnded = true;
        Kill();
        await _running;
        Client.Dispose();
    }

    private static ProcessStartInfo Start(ChaosDatabase database, string address, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Cchc.Api.Data.Database).Assembly.Location, .. arguments])
        {
            WorkingDirectory = database.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (string, string)[] settings =
        [
            .. database.Settings, ("ASPNETCORE_ENVIRONMENT", "Production"), ("ASPNETCORE_URLS", address), ("RateLimits__Reads", "0"),
            ("RateLimits__Writes", "0"), ("RateLimits__Failures", "0"), ("Webhooks__AllowPrivate", "true"), ("Logging__LogLevel__Default", "Warning"),
        ];
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private async Task KeepAsync()
    {
        var log = Path.Combine(_database.Folder, $"node-{new Uri(Address).Port}.log");
        while (!_isEnded)
        {
            using var process = Process.Start(Start(_database, Address))!;
            _process = process;
            if (_isEnded)
            {
                process.Kill();
            }

            // A full pipe would stop the node.
            var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            await File.AppendAllTextAsync(log, string.Concat(await output));
            await Task.Delay(500);
        }
    }
}
