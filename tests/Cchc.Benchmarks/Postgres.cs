namespace Cchc.Benchmarks;

/// <summary>A cluster of its own of Debian's PostgreSQL, as it comes but for its address, with one database and one user, both named directus.</summary>
internal sealed class Postgres : IDisposable
{
    public const int Port = 5125;

    private static readonly bool IsRoot = Environment.UserName == "root";
    private static readonly string Programs = Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Last() + "/bin/";

    private readonly string _folder;

    public Postgres(string folder)
    {
        _folder = Directory.CreateDirectory(Path.Combine(folder, "postgresql")).FullName;
        if (IsRoot)
        {
            // The server refuses to be run by root.
            Shell.Run("/", "chmod", ["a+x", folder]);
            Shell.Run("/", "chown", ["postgres", _folder]);
        }

        Run("initdb", "-D", _folder + "/data", "-A", "trust", "-U", "directus");
        Run("pg_ctl", "-D", _folder + "/data", "-l", _folder + "/log", "-w", "-o", $"-p {Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''", "start");
        Shell.Run("/", "psql", ["-h", "127.0.0.1", "-p", $"{Port}", "-U", "directus", "-d", "postgres", "-c", "CREATE DATABASE directus"]);
    }

    public static void Execute(string script) =>
        Shell.Run("/", "psql", ["-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", $"{Port}", "-U", "directus", "-d", "directus"], script);

    public void Dispose() => Run("pg_ctl", "-D", _folder + "/data", "-m", "immediate", "stop");

    private void Run(string program, params string[] arguments) => Shell.Run(
        _folder, IsRoot ? "runuser" : Programs + program, IsRoot ? ["-u", "postgres", "--", Programs + program, .. arguments] : arguments);
}
