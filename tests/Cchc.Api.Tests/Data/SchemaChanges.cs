using System.Text.RegularExpressions;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// What a script does to programs from before it. One that only adds leaves every statement of theirs as good as it was: each one that
/// does anything else is named here.
/// </summary>
internal static partial class SchemaChanges
{
    public static IReadOnlyList<string> TakenAway(string engine, string script) => engine == "sqlserver" ? OfSqlServer(script) : OfSqlite(script);

    private static List<string> OfSqlServer(string script)
    {
        var fragment = (TSqlScript)TransactSqlTests.Parse(script);
        var statements = fragment.Batches.SelectMany(batch => batch.Statements).ToList();
        var created = statements.OfType<CreateTableStatement>().Select(table => Name(table.SchemaObjectName)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. statements.Where(statement => !OnlyAdds(statement, created))
            .Select(statement => script.Substring(statement.StartOffset, statement.FragmentLength))];
    }

    private static bool OnlyAdds(TSqlStatement statement, HashSet<string> created) => statement switch
    {
        CreateTableStatement or CreateTypeTableStatement or CreateViewStatement or CreateRoleStatement or GrantStatement => true,
        InsertStatement or UpdateStatement or AlterIndexStatement or DropIndexStatement or AlterTableRebuildStatement => true,
        CreateIndexStatement index => !index.Unique || created.Contains(Name(index.OnName)),
        AlterTableAddTableElementStatement add => created.Contains(Name(add.SchemaObjectName))
            || (add.Definition.TableConstraints.Count == 0 && add.Definition.Indexes.Count == 0
                && add.Definition.ColumnDefinitions.All(column => column.ComputedColumnExpression is not null || FillsItself(column))),
        _ => false,
    };

    private static bool FillsItself(ColumnDefinition column) =>
        !column.Constraints.OfType<UniqueConstraintDefinition>().Any()
        && (column.DefaultConstraint is not null || !column.Constraints.OfType<NullableConstraintDefinition>().Any(each => !each.Nullable));

    private static string Name(SchemaObjectName name) => name.BaseIdentifier.Value;

    private static List<string> OfSqlite(string script)
    {
        var statements = Comment().Replace(script, "").Split(';').Select(statement => Space().Replace(statement, " ").Trim())
            .Where(statement => statement.Length > 0).ToList();
        var created = statements.Select(statement => Table().Match(statement).Value).ToHashSet(StringComparer.Ordinal);
        return statements.FindAll(statement => !Addition().IsMatch(statement)
            && !(Unique().Match(statement) is { Success: true } index && created.Contains(index.Value))
            && !(Column().Match(statement) is { Success: true } column && FillsItself(column.Value)));
    }

    private static bool FillsItself(string column) =>
        !column.Contains("UNIQUE", StringComparison.Ordinal) && !column.Contains("PRIMARY KEY", StringComparison.Ordinal)
        && (column.Contains("DEFAULT", StringComparison.Ordinal) || !column.Contains("NOT NULL", StringComparison.Ordinal));

    [GeneratedRegex("--.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"(?<=^CREATE TABLE )\w+")]
    private static partial Regex Table();

    [GeneratedRegex("^(CREATE TABLE|CREATE INDEX|CREATE VIEW|DROP INDEX|INSERT INTO|UPDATE) ")]
    private static partial Regex Addition();

    [GeneratedRegex(@"(?<=^CREATE UNIQUE INDEX \w+ ON )\w+")]
    private static partial Regex Unique();

    [GeneratedRegex(@"(?<=^ALTER TABLE \w+ ADD (COLUMN )?)(?!CONSTRAINT ).+")]
    private static partial Regex Column();
}
