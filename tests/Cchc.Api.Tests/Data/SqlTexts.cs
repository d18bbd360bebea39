using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// Every SQL text there is, found without a list: scripts among the program's resources, statements among its string literals. SQL is
/// always a constant (CA1857 is an error), so the literals hold all of it.
/// </summary>
internal static partial class SqlTexts
{
    private static readonly System.Reflection.Assembly Program = typeof(Cchc.Api.Data.Database).Assembly;
    private static readonly Lazy<IReadOnlyList<string>> Statements = new(FindStatements);

    public static IReadOnlyList<string> All => Statements.Value;

    public static IEnumerable<string> ForSqlServer => All.Where(IsForSqlServer);

    public static IEnumerable<string> ForSqlite => All.Where(IsForSqlite);

    public static IEnumerable<string> Shared => ForSqlServer.Intersect(ForSqlite);

    public static IReadOnlyList<string> Scripts(string engine) =>
        [.. Program.GetManifestResourceNames().Where(name => name.StartsWith($"db/{engine}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(Read)];

    public static IReadOnlyList<string> ScriptNames(string engine) =>
        [.. Program.GetManifestResourceNames().Where(name => name.StartsWith($"db/{engine}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(Path.GetFileName)!];

    public static bool IsForSqlServer(string sql) => !sql.StartsWith("/* sqlite */", StringComparison.Ordinal);

    public static bool IsForSqlite(string sql) =>
        !sql.StartsWith("/* sqlserver */", StringComparison.Ordinal) && !sql.StartsWith("EXEC ", StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(Program.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static List<string> FindStatements()
    {
        using var file = new PEReader(File.OpenRead(Program.Location));
        var metadata = file.GetMetadataReader();
        var found = new List<string>();
        for (var handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        {
            var text = metadata.GetUserString(handle).Trim();
            if (Statement().IsMatch(text))
            {
                found.Add(text);
            }
        }

        return found;
    }

    [GeneratedRegex(@"^(/\* (sqlite|sqlserver) \*/ )?(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|EXEC|IF|CREATE)\s+\S+\s+\S")]
    private static partial Regex Statement();
}
