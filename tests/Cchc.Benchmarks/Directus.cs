using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Cchc.Benchmarks;

/// <summary>
/// Directus from npm on <see cref="Postgres"/>, one process as `directus start` runs it. DIRECTUS_FOLDER names a folder where it stays
/// installed from one run to the next; without it, it is installed anew, which takes minutes.
/// </summary>
internal sealed class Directus : IDisposable
{
    public const string Version = "12.4.0";
    public const string Token = "portal-0123456789abcdef0123456789abcdef";

    // It asks for Node 22; what is on the machine may be older.
    private const string NodeVersion = "22.23.3";
    private const string AdministratorPassword = "only-for-this-run";

    private readonly Process _process;

    private Directus(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static string Install(string folder)
    {
        var place = Directory.CreateDirectory(Environment.GetEnvironmentVariable("DIRECTUS_FOLDER") ?? Path.Combine(folder, "directus")).FullName;
        if (File.Exists(Cli(place)))
        {
            return place;
        }

        var node = Directory.CreateDirectory(Path.Combine(place, "node")).FullName;
        File.WriteAllText(Path.Combine(node, "package.json"), $$"""{ "private": true, "dependencies": { "node": "{{NodeVersion}}" } }""");
        Shell.Run(node, "npm", ["install", "--no-audit", "--no-fund"]);

        // Where a package has no binary for it, it is compiled: by the headers that came along.
        var headers = Directory.GetDirectories(node, "include", SearchOption.AllDirectories).Select(Path.GetDirectoryName).First()!;
        File.WriteAllText(Path.Combine(place, "package.json"), $$"""{ "private": true, "dependencies": { "directus": "{{Version}}" } }""");
        Shell.Run(place, "npm", ["install", "--no-audit", "--no-fund"], "", ("PATH", SearchPath(place)), ("npm_config_nodedir", headers));
        return place;
    }

    /// <summary>Makes its tables, beside those that are there.</summary>
    public static void Prepare(string place) => Shell.Run(place, Node(place), [Cli(place), "bootstrap"], "", [.. Settings(place, 0, cache: false)]);

    public static async Task<Directus> StartAsync(string place, int port, bool cache)
    {
        var start = new ProcessStartInfo(Node(place), [Cli(place), "start"]) { WorkingDirectory = place, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Settings(place, port, cache))
        {
            start.Environment[name] = value;
        }

        var directus = new Directus(Process.Start(start)!, string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        _ = (directus._process.StandardOutput.ReadToEndAsync(), directus._process.StandardError.ReadToEndAsync());
        using var client = new HttpClient();
        for (var tries = 0; ; tries++)
        {
            try
            {
                await client.GetStringAsync(directus.Address + "/server/ping");
                return directus;
            }
            catch (HttpRequestException) when (tries < 300 && !directus._process.HasExited)
            {
                await Task.Delay(1000);
            }
        }
    }

    /// <summary>A user who may read these collections and nothing else, and is known by <see cref="Token"/>.</summary>
    public async Task LetReadAsync(params string[] collections)
    {
        using var client = new HttpClient { BaseAddress = new Uri(Address) };
        var session = await PostAsync(client, "/auth/login", new { email = "admin@example.com", password = AdministratorPassword });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string)session["access_token"]!);
        var policy = await PostAsync(client, "/policies", new
        {
            name = "reader",
            app_access = false,
            admin_access = false,
            permissions = collections.Select(collection => new { collection, action = "read", fields = new[] { "*" }, permissions = new { } }),
        });
        var role = await PostAsync(client, "/roles", new { name = "portal", policies = new[] { new { policy = (string)policy["id"]! } } });
        await PostAsync(client, "/users", new { email = "portal@example.com", role = (string)role["id"]!, token = Token });
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)!["data"]! : throw new InvalidOperationException($"{path}: {text}");
    }

    private static string Cli(string place) => Path.Combine(place, "node_modules", "directus", "cli.js");

    private static string Node(string place) => Path.Combine(place, "node", "node_modules", "node", "bin", "node");

    private static string SearchPath(string place) => $"{Path.GetDirectoryName(Node(place))}:{Environment.GetEnvironmentVariable("PATH")}";

    private static IEnumerable<(string Name, string Value)> Settings(string place, int port, bool cache) =>
    [
        ("PATH", SearchPath(place)), ("NODE_ENV", "production"), ("HOST", "127.0.0.1"), ("PORT", port.ToString(CultureInfo.InvariantCulture)),
        ("PUBLIC_URL", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")), ("LOG_LEVEL", "error"), ("TELEMETRY", "false"),
        ("KEY", "cchc-benchmark"), ("SECRET", "0123456789abcdef0123456789abcdef"), ("ADMIN_EMAIL", "admin@example.com"),
        ("ADMIN_PASSWORD", AdministratorPassword), ("DB_CLIENT", "pg"), ("DB_HOST", "127.0.0.1"),
        ("DB_PORT", Postgres.Port.ToString(CultureInfo.InvariantCulture)), ("DB_DATABASE", "directus"), ("DB_USER", "directus"), ("DB_PASSWORD", "none"),
        // What would refuse requests under load is off, as on our side.
        ("RATE_LIMITER_ENABLED", "false"), ("PRESSURE_LIMITER_ENABLED", "false"),
        ("CACHE_ENABLED", cache ? "true" : "false"), ("CACHE_STORE", "memory"), ("CACHE_STATUS_HEADER", "x-cache"),
    ];
}
