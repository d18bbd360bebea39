using Cchc.Api.Data;
using Microsoft.SqlServer.Dac.Model;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Cchc.Api.Tests.Data;

/// <summary>What Microsoft's own tools say of the T-SQL, without a server.</summary>
public sealed class TransactSqlTests
{
    // 71502: an unresolved reference. 71005: a name that no table has.
    private static readonly HashSet<int> Refused = [71502, 71005];

    private static readonly HashSet<string> BothEngines = new(["COALESCE", "COUNT", "MAX", "MIN", "SUM"], StringComparer.OrdinalIgnoreCase);

    [Fact]
    public void Every_script_and_statement_is_T_SQL()
    {
        Assert.NotEmpty(SqlTexts.Scripts("sqlserver"));
        Assert.True(SqlTexts.ForSqlServer.Count() > 50);
        Assert.All(SqlTexts.Scripts("sqlserver").Concat(SqlTexts.ForSqlServer), sql => Parse(sql));
    }

    [Fact]
    public void Statements_call_only_functions_that_both_engines_have()
    {
        Assert.All(SqlTexts.Shared, sql =>
        {
            var calls = new Calls();
            Parse(sql).Accept(calls);
            Assert.DoesNotContain(calls.Names, name => !BothEngines.Contains(name));
        });
    }

    [Fact]
    public void Every_statement_fits_the_schema() => Assert.Empty(Problems(SqlTexts.ForSqlServer));

    [Fact]
    public void Every_statement_that_a_transfer_makes_is_T_SQL_and_fits_the_schema()
    {
        Assert.True(TableShape.All.Count > 40);
        Assert.All(TableShape.All, table =>
        {
            Assert.NotEmpty(table.Key);
            Assert.InRange(table.RowsAtOnce * table.Columns.Count, 1, 2_100);
            var longest = new Variables();
            Parse(table.InsertMany(table.RowsAtOnce)).Accept(longest);
            Assert.Equal(table.RowsAtOnce * table.Columns.Count, longest.Names.Count);
        });
        Assert.Empty(Problems(TableShape.All.SelectMany(table => new[] { table.Select, table.SelectNone, table.Count, table.Delete, table.InsertMany(2) })
            .Concat(TableShape.All.Where(table => table.IsNumbered).SelectMany(table => new[] { table.NumbersGiven, table.NumbersMade }))));
        using var model = Model();
        Assert.Equal(
            TableShape.All.Where(table => table.IsNumbered).Select(table => table.Name),
            model.GetObjects(DacQueryScopes.UserDefined, Table.TypeClass)
                .Where(table => table.GetReferenced(Table.Columns).Any(column => column.GetProperty<bool>(Column.IsIdentity))).Select(table => table.Name.Parts[^1]));
    }

    [Theory]
    [InlineData("SELECT colour FROM plans")]
    [InlineData("SELECT code FROM plants")]
    [InlineData("INSERT INTO units (unit_id, code, level, colour) VALUES (@a, @b, @c, @d)")]
    [InlineData("SELECT unit_id FROM @colour_rows")]
    public void A_statement_that_does_not_fit_is_caught(string sql) => Assert.NotEmpty(Problems([sql]));

    internal static TSqlModel Model()
    {
        var objects = new List<string>();
        foreach (var statement in SqlTexts.Scripts("sqlserver").SelectMany(script => ((TSqlScript)Parse(script)).Batches).SelectMany(batch => batch.Statements))
        {
            // The model takes no ALTER TABLE: columns added later are put into the table as it is created. Any other fails when it is added.
            if (statement is AlterTableAddTableElementStatement { Definition: { TableConstraints.Count: 0, Indexes.Count: 0 } added } alter)
            {
                var table = $"CREATE TABLE {Text(alter.SchemaObjectName)} (";
                var at = objects.FindIndex(each => each.StartsWith(table, StringComparison.Ordinal));
                objects[at] = objects[at].Insert(table.Length, string.Concat(added.ColumnDefinitions.Select(column => Text(column) + ", ")));
            }
            else if (statement is not DataModificationStatement)
            {
                // What a script does to rows is no part of the schema; it is parsed like all the rest.
                objects.Add(Text(statement));
            }
        }

        var model = new TSqlModel(SqlServerVersion.Sql160, new TSqlModelOptions());
        objects.ForEach(each => model.AddObjects(each));
        model.AddObjects("CREATE TABLE schema_migrations (script nvarchar(200) NOT NULL PRIMARY KEY, checksum nvarchar(64) NOT NULL, applied_at datetime2(3) NOT NULL)");
        return model;
    }

    internal static List<string> Problems(IEnumerable<string> statements)
    {
        using var model = Model();
        var number = 0;
        // What is asked of the server's own catalogue is no matter of this schema.
        foreach (var sql in statements.Where(sql => !sql.StartsWith("EXEC ", StringComparison.Ordinal) && !sql.Contains(" sys.", StringComparison.Ordinal)))
        {
            var variables = new Variables();
            Parse(sql).Accept(variables);
            var parameters = string.Join(", ", variables.Names.Select(name =>
                variables.Tables.Contains(name) ? $"{name} {name[1..]} READONLY" : $"{name} nvarchar(4000)"));
            model.AddObjects($"CREATE PROCEDURE checked_{++number} {parameters} AS {sql}");
        }

        return [.. model.Validate()
            .Where(message => message.MessageType == Microsoft.SqlServer.Dac.DacMessageType.Error || Refused.Contains(message.Number))
            .Select(message => message.ToString())];
    }

    internal static TSqlFragment Parse(string sql)
    {
        var fragment = new TSql160Parser(initialQuotedIdentifiers: true).Parse(new StringReader(sql), out var errors);
        Assert.True(errors.Count == 0, $"{string.Join("; ", errors.Select(error => error.Message))}\n{sql}");
        return fragment;
    }

    private static string Text(TSqlFragment fragment) => string.Concat(
        fragment.ScriptTokenStream.Skip(fragment.FirstTokenIndex).Take(fragment.LastTokenIndex - fragment.FirstTokenIndex + 1).Select(token => token.Text));

    private sealed class Calls : TSqlFragmentVisitor
    {
        public List<string> Names { get; } = [];

        public override void Visit(FunctionCall node) => Names.Add(node.FunctionName.Value);
    }

    private sealed class Variables : TSqlFragmentVisitor
    {
        public SortedSet<string> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>Those that hold rows: their type is named as they are.</summary>
        public HashSet<string> Tables { get; } = new(StringComparer.OrdinalIgnoreCase);

        public override void Visit(VariableReference node) => Names.Add(node.Name);

        public override void Visit(VariableTableReference node) => Tables.Add(node.Variable.Name);
    }
}
