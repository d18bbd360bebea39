using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Tests.Support;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Tests.Data;

/// <summary>What only SQL Server has.</summary>
public sealed class SqlServerTests
{
    [Theory]
    [InlineData("Server=tcp:sql01.hue.gov.vn;Encrypt=False")]
    [InlineData("Server=sql01\\CCHC,1433;Encrypt=Optional")]
    [InlineData("Server=tcp:10.0.0.5,1433;Encrypt=no")]
    public void Nothing_is_sent_in_clear_over_a_network(string connection) =>
        Assert.Contains("Encrypt=False", Assert.Throws<InvalidOperationException>(() => new SqlServerDialect().Complete(connection)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Server=tcp:sql01.hue.gov.vn", "Mandatory")]
    [InlineData("Server=sql01;Encrypt=Strict", "Strict")]
    [InlineData("Server=tcp:127.0.0.1,1433;Encrypt=False", "False")]
    [InlineData("Server=localhost\\SQLEXPRESS;Encrypt=False", "False")]
    [InlineData("Server=(localdb)\\MSSQLLocalDB;Encrypt=False", "False")]
    public void A_connection_is_encrypted_unless_it_stays_on_this_machine(string connection, string encrypt)
    {
        var complete = new SqlConnectionStringBuilder(new SqlServerDialect().Complete(connection));
        Assert.Equal(SqlConnectionEncryptOption.Parse(encrypt), complete.Encrypt);
        Assert.False(complete.TrustServerCertificate);
        Assert.Equal("Cchc.Api", complete.ApplicationName);
    }

    [Fact]
    public void The_name_of_the_application_may_be_another() => Assert.Equal(
        "Báo cáo", new SqlConnectionStringBuilder(new SqlServerDialect().Complete("Server=sql01;Application Name=Báo cáo")).ApplicationName);

    [Theory]
    [InlineData("Server=sql01", 5, 15, 0, PoolBlockingPeriod.NeverBlock)]
    [InlineData("Server=sql01;Connect Timeout=9;Command Timeout=8;ConnectRetryCount=7;PoolBlockingPeriod=Auto", 9, 8, 7, PoolBlockingPeriod.Auto)]
    public void A_server_that_is_away_is_given_up_on_and_tried_again_by_us_unless_the_operator_says_otherwise(
        string connection, int connectTimeout, int commandTimeout, int retries, PoolBlockingPeriod blocking)
    {
        var complete = new SqlConnectionStringBuilder(new SqlServerDialect().Complete(connection));
        Assert.Equal(
            (connectTimeout, commandTimeout, retries, blocking),
            (complete.ConnectTimeout, complete.CommandTimeout, complete.ConnectRetryCount, complete.PoolBlockingPeriod));
    }

    [Fact]
    public void Reading_connections_ask_for_a_secondary() => Assert.Equal(
        ApplicationIntent.ReadOnly, new SqlConnectionStringBuilder(new SqlServerDialect().Complete("Server=listener", toRead: true)).ApplicationIntent);

    [Fact]
    public void The_lock_of_migrations_is_judged_and_waited_for_no_longer_than_its_command()
    {
        Assert.Matches(@"EXEC @taken = sp_getapplock[^;]*@LockTimeout = 60000;\s+IF @taken < 0 THROW", SqlServerDialect.TakeMigrationLock);
        Assert.True(SqlServerDialect.MigrationLockSeconds > 60);
        TransactSqlTests.Parse(SqlServerDialect.TakeMigrationLock);
    }

    [SkippableFact]
    public async Task One_node_at_a_time_migrates()
    {
        Engines.SkipUnlessConfigured(Engine.SqlServer);
        var dialect = new SqlServerDialect();
        await using var first = new SqlConnection(Engines.SqlServer);
        await using var second = new SqlConnection(Engines.SqlServer);
        await first.OpenAsync();
        await second.OpenAsync();
        await using var holding = first.BeginTransaction();
        await using var waiting = second.BeginTransaction();
        dialect.LockMigrations(first, holding);
        var taken = Task.Run(() => dialect.LockMigrations(second, waiting));
        Assert.False(taken.IsCompleted);
        await holding.RollbackAsync();
        await taken;
    }

    [SkippableFact]
    public async Task Names_are_folded_as_the_service_folds_them()
    {
        await using var api = await ApiHost.StartAsync(Engine.SqlServer);
        await using var connection = new SqlConnection(Engines.SqlServer);
        var rows = (await connection.QueryAsync<(string NameVi, string? NameEn, string Words)>("SELECT name_vi, name_en, words FROM names_for_search")).AsList();
        Assert.True(rows.Count > 250);
        Assert.All(rows, row => Assert.Equal(Search.Fold($"{row.NameVi} {row.NameEn}"), row.Words));
    }
}
