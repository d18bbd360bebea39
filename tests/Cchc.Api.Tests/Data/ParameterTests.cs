using System.Data;
using System.Reflection;
using System.Runtime.CompilerServices;
using Cchc.Api.Data;
using Dapper;
using Microsoft.Data.SqlClient;
using Microsoft.SqlServer.Dac.Model;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Cchc.Api.Tests.Data;

/// <summary>
/// A parameter has the type of each column that it is compared with or stored in, also where it is null, so that SQL Server converts
/// neither: a converted column would keep its index from being used. The types are those that Dapper and the type handlers really give.
/// </summary>
public sealed class ParameterTests
{
    // What meets no column as it is: a switch, or a number that is added.
    private static readonly HashSet<string> NoColumn = new(["@provisional", "@count"], StringComparer.OrdinalIgnoreCase);

    // The constants of statements over a table parameter, beside their rows.
    private static readonly Dictionary<string, object> Constants = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@now"] = DateTimeOffset.UnixEpoch,
        ["@actor"] = "key:1",
        ["@to"] = "draft",
        ["@id"] = "1",
    };

    private static readonly Dictionary<SqlDbType, string> Names = new()
    {
        [SqlDbType.NVarChar] = "nvarchar",
        [SqlDbType.Int] = "int",
        [SqlDbType.BigInt] = "bigint",
        [SqlDbType.Bit] = "bit",
        [SqlDbType.Date] = "date",
        [SqlDbType.DateTime2] = "datetime2(3)",
        [SqlDbType.VarBinary] = "varbinary",
    };

    [Fact]
    public void Every_parameter_has_the_type_of_its_columns()
    {
        using var model = TransactSqlTests.Model();
        var columns = Columns(model);
        var faults = SqlUses.All.Where(use => SqlTexts.IsForSqlServer(use.Sql) && use.Parameters is not null).Distinct()
            .SelectMany(use => Faults(use.Sql, columns, Sent(use.Sql, use.Parameters!)))
            .Concat(SqlTexts.ForSqlServer.Where(sql => sql.Contains("_rows", StringComparison.Ordinal)).SelectMany(sql => Faults(sql, columns, Sent())));
        Assert.Empty(faults);
    }

    [Fact]
    public void Of_every_statement_with_parameters_it_is_known_what_they_are()
    {
        var known = SqlUses.All.Where(use => use.Parameters is not null).Select(use => use.Sql).ToHashSet();
        Assert.DoesNotContain(SqlTexts.ForSqlServer, sql =>
            sql.Contains('@', StringComparison.Ordinal) && !sql.Contains("_rows", StringComparison.Ordinal) && !sql.StartsWith("EXEC ", StringComparison.Ordinal)
            && !known.Contains(sql));
    }

    [Fact]
    public void Rows_are_shaped_as_the_table_types_that_take_them()
    {
        using var model = TransactSqlTests.Model();
        var types = model.GetObjects(DacQueryScopes.UserDefined, TableType.TypeClass).ToDictionary(
            type => type.Name.Parts[^1], type => type.GetReferenced(TableType.Columns).Select(column => (
                column.Name.Parts[^1], Type: column.GetReferenced(TableTypeColumn.DataType).Single().Name.Parts[^1],
                Length: column.GetProperty<bool>(TableTypeColumn.IsMax) ? -1 : column.GetProperty<int>(TableTypeColumn.Length))).ToList());
        var shapes = typeof(Database).Assembly.GetTypes().SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .SelectMany(field => field.FieldType == typeof(BulkStatement) ? [(BulkStatement)field.GetValue(null)!]
                : field.FieldType == typeof(IReadOnlyList<BulkStatement>) ? (IReadOnlyList<BulkStatement>)field.GetValue(null)! : [])
            .Select(statement => statement.Rows).Distinct().ToList();
        Assert.NotEmpty(shapes);
        Assert.Equal(types.Keys.Order(), shapes.Select(shape => shape.Name).Distinct().Order());
        Assert.All(shapes, shape => Assert.Equal(
            types[shape.Name], shape.Columns.Select(column => (column.Name, column.Type.ToString().ToLowerInvariant(), (int)(column.Length ?? 0)))));
    }

    [Theory]
    [InlineData("SELECT code FROM plans WHERE plan_id = @text")]
    [InlineData("SELECT number FROM reports JOIN revisions ON revisions.unit_id = reports.unit_id WHERE reports.version BETWEEN @number AND @number")]
    [InlineData("INSERT INTO changes (sequence, kind) VALUES (@number, @text)")]
    [InlineData("INSERT INTO plan_rules (plan_id, district_approval) SELECT plan_id, @number FROM plans")]
    [InlineData("UPDATE plans SET issued_on = @text WHERE plan_id = @number")]
    [InlineData("DELETE FROM idempotent_requests WHERE created_at < @date")]
    public void A_parameter_of_another_type_is_caught(string sql)
    {
        using var model = TransactSqlTests.Model();
        Assert.NotEmpty(Faults(sql, Columns(model), Sent(sql, new { text = "", number = 1, date = DateOnly.MinValue }.GetType())));
    }

    private static IEnumerable<string> Faults(string sql, ILookup<string, (string Table, string Type)> columns, Dictionary<string, string> sent)
    {
        var pairs = new Pairs();
        TransactSqlTests.Parse(sql).Accept(pairs);
        foreach (var (column, variable) in pairs.Found)
        {
            var parts = column.MultiPartIdentifier.Identifiers.Select(each => each.Value).ToList();
            var types = columns[parts[^1]].Where(each => pairs.Tables.Any(table => table.Name == each.Table && (parts.Count == 1 || table.Alias == parts[0])))
                .Select(each => each.Type).Distinct().ToList();
            if (types is not [var type] || !sent.TryGetValue(variable, out var given) || given != type)
            {
                yield return $"{variable} is {sent.GetValueOrDefault(variable)}, {parts[^1]} is {string.Join(" or ", types)}: {sql}";
            }
        }

        foreach (var variable in pairs.Variables.Except(pairs.Found.Select(pair => pair.Variable), StringComparer.OrdinalIgnoreCase).Where(each => !NoColumn.Contains(each)))
        {
            yield return $"{variable} meets no column: {sql}";
        }
    }

    private static ILookup<string, (string Table, string Type)> Columns(TSqlModel model) => model.GetObjects(DacQueryScopes.UserDefined, Table.TypeClass)
        .SelectMany(table => table.GetReferenced(Table.Columns).Select(column =>
        {
            var type = column.GetReferenced(Column.DataType).Single().Name.Parts[^1];
            return (Table: table.Name.Parts[^1], Column: column.Name.Parts[^1], Type: type == "datetime2" ? $"datetime2({column.GetProperty<int>(Column.Scale)})" : type);
        })).ToLookup(each => each.Column, each => (each.Table, each.Type), StringComparer.OrdinalIgnoreCase);

    // The parameters of an object whose members are null where they can be.
    private static Dictionary<string, string> Sent(string sql, Type parameters)
    {
        ColumnTypes.Register();
        using var connection = new SqlConnection();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        var identity = Activator.CreateInstance(
            typeof(SqlMapper.Identity), BindingFlags.Instance | BindingFlags.NonPublic, null, [sql, CommandType.Text, connection, null, parameters], null);
        SqlMapper.CreateParamInfoGenerator((SqlMapper.Identity)identity!, true, true)(command, RuntimeHelpers.GetUninitializedObject(parameters));
        return Described(command);
    }

    private static Dictionary<string, string> Sent()
    {
        using var command = new SqlCommand();
        foreach (var (name, value) in Constants)
        {
            ColumnTypes.SetValue(command.Parameters.Add(new SqlParameter { ParameterName = name }), value);
        }

        return Described(command);
    }

    private static Dictionary<string, string> Described(SqlCommand command) => command.Parameters.Cast<SqlParameter>().ToDictionary(
        parameter => "@" + parameter.ParameterName.TrimStart('@'),
        parameter => Names[parameter.SqlDbType].Replace("(3)", $"({parameter.Scale})", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase);

    /// <summary>The columns that variables are compared with or stored in.</summary>
    private sealed class Pairs : TSqlFragmentVisitor
    {
        public List<(ColumnReferenceExpression Column, string Variable)> Found { get; } = [];

        public HashSet<string> Variables { get; } = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>The tables with what the statement calls them, which in another part of it may be another one's name.</summary>
        public List<(string Alias, string Name)> Tables { get; } = [];

        public override void Visit(NamedTableReference node) =>
            Tables.Add((node.Alias?.Value ?? node.SchemaObject.BaseIdentifier.Value, node.SchemaObject.BaseIdentifier.Value));

        public override void ExplicitVisit(VariableTableReference node)
        {
        }

        public override void Visit(VariableReference node) => Variables.Add(node.Name);

        public override void Visit(BooleanComparisonExpression node)
        {
            Pair(node.FirstExpression, node.SecondExpression);
            Pair(node.SecondExpression, node.FirstExpression);
        }

        public override void Visit(BooleanTernaryExpression node)
        {
            Pair(node.FirstExpression, node.SecondExpression);
            Pair(node.FirstExpression, node.ThirdExpression);
        }

        public override void Visit(AssignmentSetClause node) => Pair(node.Column, node.NewValue);

        public override void Visit(InsertSpecification node)
        {
            var rows = node.InsertSource switch
            {
                ValuesInsertSource values => values.RowValues.Select(row => row.ColumnValues.ToList()),
                SelectInsertSource { Select: QuerySpecification select } =>
                    [select.SelectElements.Select(each => ((SelectScalarExpression)each).Expression).ToList()],
                _ => [],
            };
            foreach (var (column, value) in rows.SelectMany(row => node.Columns.Zip(row)))
            {
                Pair(column, value);
            }
        }

        private void Pair(ScalarExpression one, ScalarExpression other)
        {
            if (one is not ColumnReferenceExpression column)
            {
                return;
            }

            foreach (var value in other is SearchedCaseExpression choice
                ? choice.WhenClauses.Select(when => when.ThenExpression).Append(choice.ElseExpression) : [other])
            {
                if (value is VariableReference variable)
                {
                    Found.Add((column, variable.Name));
                }
            }
        }
    }
}
