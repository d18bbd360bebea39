using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>
/// A table as the migration scripts make it, and the statements that carry it whole to another database. They are made from the scripts
/// and not written, so that no table or column can be forgotten; a test makes every one of them and checks it like the written ones.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">Its columns, in order.</param>
/// <param name="Key">Where among the columns its primary key is.</param>
/// <param name="IsNumbered">Whether the engine numbers its rows by itself.</param>
/// <param name="Initial">How many rows the scripts put into it.</param>
public sealed record TableShape(string Name, IReadOnlyList<string> Columns, IReadOnlyList<int> Key, bool IsNumbered, long Initial)
{
    private const string SelectColumns = """
        /* sqlite */ SELECT tables.name AS Name, columns.name AS ColumnName, columns.pk AS KeyPart,
            tables.sql LIKE '%AUTOINCREMENT%' AS IsNumbered
        FROM sqlite_master tables JOIN pragma_table_info(tables.name) columns
        WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' ORDER BY tables.name, columns.cid
        """;

    private const string SelectReferences = """
        /* sqlite */ SELECT tables.name AS Name, keys."table" AS Parent
        FROM sqlite_master tables JOIN pragma_foreign_key_list(tables.name) keys
        WHERE tables.type = 'table' AND keys."table" <> tables.name
        """;

    // SQL Server takes 2,100 parameters, and 1,000 rows of values.
    private const int MostParameters = 2_000;
    private const int MostRows = 1_000;

    private static readonly Lazy<IReadOnlyList<TableShape>> Shapes = new(Read);

    /// <summary>Every table, each after those that it refers to. The schemas of both engines are the same, which a test sees to.</summary>
    public static IReadOnlyList<TableShape> All => Shapes.Value;

    /// <summary>How many rows one statement of SQL Server inserts.</summary>
    public int RowsAtOnce => Math.Min(MostRows, MostParameters / Columns.Count);

    public string Select => $"SELECT {string.Join(", ", Columns)} FROM {Name}";

    /// <summary>Reads no row, for the columns' types.</summary>
    public string SelectNone => $"{Select} WHERE 1 = 0";

    public string Count => string.Join(' ', "SELECT COUNT(*)", "FROM", Name);

    public string Delete => $"DELETE FROM {Name}";

    /// <summary>The insert of one row, its parameters named as the columns.</summary>
    public string Insert => $"INSERT INTO {Name} ({string.Join(", ", Columns)}) VALUES (@{string.Join(", @", Columns)})";

    /// <summary>Lets rows come with the numbers that they have; one table of a connection at a time.</summary>
    public string NumbersGiven => $"SET IDENTITY_INSERT {Name} ON";

    public string NumbersMade => $"SET IDENTITY_INSERT {Name} OFF";

    /// <summary>The insert of several rows, its parameters numbered from @p0 on, row by row.</summary>
    public string InsertMany(int rows)
    {
        var text = new StringBuilder($"INSERT INTO {Name} ({string.Join(", ", Columns)}) VALUES ");
        for (var (row, parameter) = (0, 0); row < rows; row++)
        {
            text.Append(row == 0 ? "(" : ", (");
            for (var column = 0; column < Columns.Count; column++, parameter++)
            {
                text.Append(column == 0 ? "@p" : ", @p").Append(parameter);
            }

            text.Append(')');
        }

        return text.ToString();
    }

    // The scripts for the embedded engine are run in memory and asked what they made.
    private static List<TableShape> Read()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        foreach (var (_, text) in EmbeddedFiles.Under(new SqliteDialect().Scripts))
        {
            connection.Execute(text);
        }

        var parents = connection.Query<(string Name, string Parent)>(SelectReferences).ToLookup(each => each.Name, each => each.Parent);
        var shapes = connection.Query<(string Name, string Column, long KeyPart, long IsNumbered)>(SelectColumns).GroupBy(each => each.Name)
            .Select(table => new TableShape(
                table.Key, [.. table.Select(each => each.Column)],
                [.. table.Select((each, index) => (each.KeyPart, index)).Where(each => each.KeyPart > 0).OrderBy(each => each.KeyPart).Select(each => each.index)],
                table.First().IsNumbered == 1, 0))
            .Select(shape => shape with { Initial = connection.ExecuteScalar<long>(shape.Count) }).ToList();
        return InOrder(shapes, parents);
    }

    private static List<TableShape> InOrder(List<TableShape> shapes, ILookup<string, string> parents)
    {
        var ordered = new List<TableShape>();
        var placed = new HashSet<string>(StringComparer.Ordinal);
        while (ordered.Count < shapes.Count)
        {
            var ready = shapes.FindAll(shape => !placed.Contains(shape.Name) && parents[shape.Name].All(placed.Contains));
            if (ready.Count == 0)
            {
                throw new InvalidOperationException("Tables refer to each other in a circle.");
            }

            ordered.AddRange(ready);
            placed.UnionWith(ready.Select(shape => shape.Name));
        }

        return ordered;
    }
}
