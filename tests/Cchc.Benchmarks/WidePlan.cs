using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Cchc.Benchmarks;

/// <summary>A plan of a country's size beside plan 398, put into the program's embedded database.</summary>
internal static class WidePlan
{
    public const string Code = "bench";
    public const int Lines = 53;

    /// <summary>The program makes and seeds the database; the rest is put beside plan 398.</summary>
    /// <returns>An administrator's key.</returns>
    public static string Make(string folder, int communes)
    {
        Server.Run(folder, "migrate");
        Server.Run(folder, "seed");
        var key = Server.Run(folder, "keys", "create", "--role", "administrator").Trim();
        using var connection = Open(folder);
        Execute(connection, string.Create(CultureInfo.InvariantCulture, $$"""
            INSERT INTO plans SELECT 90, '{{Code}}', '1/KH', year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id, monitor_unit_id FROM plans WHERE plan_id = 1;
            INSERT INTO target_groups VALUES (90, 'B', 1, 'B', 'B');
            INSERT INTO periods SELECT 90 + period_id, 90, code, kind, label_vi, label_en, '2021-12-15', data_to, due_on, lock_on, cumulative, is_final FROM periods WHERE plan_id = 1;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Lines}})
            INSERT INTO targets SELECT 9000 + i, 90, 'B.' || i, 'B', i, 'Chỉ tiêu', 'Target', 'ratio', 'stock', 'constant', NULL, 'eachUnit',
                (SELECT lead_unit_id FROM plans WHERE plan_id = 90), 'quarterly', 'must', 100, NULL, NULL, NULL, NULL FROM n;
            INSERT INTO target_reporter_kinds SELECT target_id, 'committee' FROM targets WHERE plan_id = 90;
            INSERT INTO target_lines SELECT target_id, target_id, 'whole', 'atLeast', 5000 FROM targets WHERE plan_id = 90;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{communes}})
            INSERT INTO units SELECT 100000 + i, 'B' || i, 'commune', 'committee' FROM n;
            INSERT INTO unit_versions SELECT unit_id, 1, 'Xã ' || code, NULL, (SELECT unit_id FROM units WHERE code = 'D474'), 'xã', NULL, NULL FROM units WHERE unit_id > 100000;
            INSERT INTO data_versions VALUES ('{{Code}}', 1, '2022-01-01T00:00:00.000Z');
            """));
        return key;
    }

    public static SqliteConnection Open(string folder)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "cchc.db")};Foreign Keys=True");
        connection.Open();
        Execute(connection, "PRAGMA synchronous = FULL;");
        return connection;
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // made of constants
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
