using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>Where the file of the embedded database lies: in one place, whatever the working directory.</summary>
internal static class EmbeddedFile
{
    /// <summary>The connection string where none is configured.</summary>
    public const string Default = "Data Source=cchc.db";

    /// <summary>
    /// The folder that a relative path starts from: the program's own. In a clone it is the project's, so that Debug and Release builds use
    /// one file.
    /// </summary>
    public static string Folder { get; } = ProjectFolder() ?? AppContext.BaseDirectory;

    /// <summary>The full path of the file; null where the database lies in memory, or is named by a URI or not at all.</summary>
    public static string? Of(SqliteConnectionStringBuilder settings) =>
        IsFile(settings) ? Path.GetFullPath(settings.DataSource, Folder) : null;

    /// <summary>
    /// A file of the same relative path in the working directory, where earlier releases put it; null unless a new database would now be
    /// made beside it.
    /// </summary>
    public static string? Overlooked(SqliteConnectionStringBuilder settings) =>
        Of(settings) is { } file && !File.Exists(file) && File.Exists(settings.DataSource) ? Path.GetFullPath(settings.DataSource) : null;

    private static bool IsFile(SqliteConnectionStringBuilder settings) =>
        settings.DataSource is not ("" or ":memory:") && settings.Mode != SqliteOpenMode.Memory
        && !settings.DataSource.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

    private static string? ProjectFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cchc.Api.csproj")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
