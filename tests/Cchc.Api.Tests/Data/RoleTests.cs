using Cchc.Api.Data;
using Cchc.Api.Tests.Contract;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Cchc.Api.Tests.Data;

/// <summary>The scripts of db/sqlserver/setup, which a DBA runs: they are T-SQL, name what there is, and grant what is needed and no more.</summary>
public sealed class RoleTests
{
    // What those who only read have no business with: secrets, the uploads as they came, answers that are kept for their callers.
    private static readonly string[] Kept =
    [
        "api_keys", "api_key_scopes", "api_key_ranges", "api_key_former_secrets", "api_key_uses", "webhooks", "webhook_former_secrets", "report_import_files",
        "idempotent_requests", "request_claims",
    ];

    // Made by the migrator itself, and not by a script.
    private const string Journal = "schema_migrations";

    [Fact]
    public void The_service_gets_what_its_statements_need_and_no_more()
    {
        var needed = SqlTexts.ForSqlServer.Where(sql => !sql.StartsWith("EXEC ", StringComparison.Ordinal) && !sql.Contains(" sys.", StringComparison.Ordinal))
            .Where(sql => SqlUses.Owners[sql].Any(type => type != typeof(Seeder) && type != typeof(Migrator)))
            .SelectMany(Needs).Append($"SELECT {Journal}").ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Equal(needed.Order(StringComparer.OrdinalIgnoreCase), Granted("cchc_writer").Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Entries_of_the_audit_trail_and_submitted_revisions_can_not_be_taken_away()
    {
        var granted = Granted("cchc_writer");
        Assert.Contains("INSERT audit_log", granted);
        Assert.DoesNotContain("UPDATE audit_log", granted);
        Assert.DoesNotContain("DELETE audit_log", granted);
        Assert.DoesNotContain("DELETE revisions", granted);
        Assert.DoesNotContain("UPDATE status_changes", granted);
        Assert.DoesNotContain("DELETE status_changes", granted);
        Assert.DoesNotContain("UPDATE changes", granted);
        Assert.DoesNotContain("DELETE changes", granted);
    }

    [Fact]
    public void Who_only_reads_may_see_all_but_secrets()
    {
        using var model = TransactSqlTests.Model();
        var seen = model.GetObjects(Microsoft.SqlServer.Dac.Model.DacQueryScopes.UserDefined,
                Microsoft.SqlServer.Dac.Model.Table.TypeClass, Microsoft.SqlServer.Dac.Model.View.TypeClass)
            .Select(each => each.Name.Parts[^1]).Except(Kept).Select(name => $"SELECT {name}");
        Assert.Equal(seen.Order(StringComparer.OrdinalIgnoreCase), Granted("cchc_reader").Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Compression_names_every_growing_table_once()
    {
        var tables = Statements("compression.sql").Cast<AlterIndexStatement>().ToList();
        using var model = TransactSqlTests.Model();
        var known = model.GetObjects(Microsoft.SqlServer.Dac.Model.DacQueryScopes.UserDefined, Microsoft.SqlServer.Dac.Model.Table.TypeClass)
            .Select(each => each.Name.Parts[^1]).ToHashSet();
        Assert.All(tables, each => Assert.Contains(each.OnName.BaseIdentifier.Value, known));
        Assert.Distinct(tables.Select(each => each.OnName.BaseIdentifier.Value));
        Assert.All(tables, each => Assert.Contains(each.IndexOptions.OfType<DataCompressionOption>(), option => option.CompressionLevel == DataCompressionLevel.Page));
    }

    [Fact]
    public void The_database_is_made_ready_before_anything_else()
    {
        var options = Statements("database.sql").OfType<AlterDatabaseSetStatement>().SelectMany(each => each.Options).ToList();
        Assert.Equal(
            [DatabaseOptionKind.ReadCommittedSnapshot, DatabaseOptionKind.AllowSnapshotIsolation], options.Select(option => option.OptionKind));
        Assert.All(options.Cast<OnOffDatabaseOption>(), option => Assert.Equal(OptionState.On, option.OptionState));
        Assert.Equal(
            ["CONTROL dbo", "CREATE TABLE", "CREATE TYPE", "CREATE VIEW", "VIEW DEFINITION"],
            Grants("database.sql", "cchc_owner").Order(StringComparer.Ordinal));
    }

    private static HashSet<string> Granted(string role) => Grants("roles.sql", role).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static List<string> Grants(string script, string role) => [.. Statements(script).OfType<GrantStatement>()
        .Where(grant => grant.Principals.Any(principal => principal.Identifier.Value == role))
        .SelectMany(grant => grant.Permissions, (grant, permission) =>
            $"{string.Join(' ', permission.Identifiers.Select(word => word.Value))} {grant.SecurityTargetObject?.ObjectName.MultiPartIdentifier.Identifiers[^1].Value}".Trim())];

    private static IEnumerable<TSqlStatement> Statements(string script) =>
        ((TSqlScript)TransactSqlTests.Parse(File.ReadAllText(Path.Combine(ContractTests.Root(), "db", "sqlserver", "setup", script))))
        .Batches.SelectMany(batch => batch.Statements);

    private static HashSet<string> Needs(string sql)
    {
        var permissions = new Permissions();
        TransactSqlTests.Parse(sql).Accept(permissions);
        return permissions.Found;
    }

    /// <summary>What SQL Server asks of whoever runs a statement; one that finds its rows by their columns also reads them.</summary>
    private sealed class Permissions : TSqlFragmentVisitor
    {
        private readonly Dictionary<string, string> _tables = new(StringComparer.OrdinalIgnoreCase);

        public HashSet<string> Found { get; } = new(StringComparer.OrdinalIgnoreCase);

        public override void Visit(NamedTableReference node)
        {
            var table = node.SchemaObject.BaseIdentifier.Value;
            _tables[node.Alias?.Value ?? table] = table;
            Found.Add($"SELECT {table}");
        }

        public override void Visit(VariableTableReference node) => Found.Add($"EXECUTE {node.Variable.Name[1..]}");

        public override void ExplicitVisit(InsertSpecification node)
        {
            Found.Add($"INSERT {((NamedTableReference)node.Target).SchemaObject.BaseIdentifier.Value}");
            node.InsertSource.Accept(this);
        }

        public override void ExplicitVisit(UpdateSpecification node)
        {
            node.FromClause?.Accept(this);
            var name = ((NamedTableReference)node.Target).SchemaObject.BaseIdentifier.Value;
            var table = _tables.GetValueOrDefault(name, name);
            Found.UnionWith([$"UPDATE {table}", $"SELECT {table}"]);
            node.WhereClause?.Accept(this);
            foreach (var clause in node.SetClauses)
            {
                clause.Accept(this);
            }
        }

        public override void ExplicitVisit(DeleteSpecification node)
        {
            var table = ((NamedTableReference)node.Target).SchemaObject.BaseIdentifier.Value;
            Found.Add($"DELETE {table}");
            if (node.WhereClause is { } where)
            {
                Found.Add($"SELECT {table}");
                where.Accept(this);
            }
        }
    }
}
