using System.CommandLine;
using System.Data.Common;
using System.Globalization;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Plans;
using Cchc.Domain.Reports;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Commands;

/// <summary>Looks at all that serving needs, and changes nothing.</summary>
internal static class DoctorCommand
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public static Command Make()
    {
        var doctor = new Command(
            "doctor", "Look at configuration, database, schema, permissions, clock and keys; a line each, tab-separated: ok, warn or fail, what, found.");
        doctor.SetAction((_, cancellation) => CommandLine.Run(async services =>
        {
            var findings = await FindAsync(services, cancellation);
            foreach (var finding in findings)
            {
                Console.WriteLine($"{Words.Of(finding.Verdict)}\t{finding.Subject}\t{finding.Detail}");
            }

            return findings.Any(finding => finding.Verdict == Verdict.Fail) ? 1 : 0;
        }, prepare: false));
        return doctor;
    }

    private static async Task<IReadOnlyList<Finding>> FindAsync(IServiceProvider services, CancellationToken cancellation)
    {
        var (database, now) = (services.GetRequiredService<Database>(), services.GetRequiredService<TimeProvider>().Now());
        var findings = new List<Finding>
        {
            new(Verdict.Ok, "configuration", $"every setting is known; Database:Provider is {database.Provider}"),
            Examination.Space("temporary files", Path.GetTempPath()),
        };
        if (database.IsEmbedded && !File.Exists(new SqliteConnectionStringBuilder(database.ConnectionString).DataSource))
        {
            findings.Add(new(Verdict.Warn, "database", "there is no file yet; the first start, migrate or keys makes it"));
            return findings;
        }

        try
        {
            findings.AddRange(await database.ReadAsync(
                session => database.IsEmbedded ? Examination.SqliteAsync(session, database.ConnectionString)
                    : Examination.SqlServerAsync(session, database.ConnectionString, now),
                cancellation,
                // A large file is read for as long as it takes.
                database.IsEmbedded ? Pace.Bulk : Pace.Request));
            if (await SchemaAsync(services.GetRequiredService<Migrator>(), cancellation) is var schema && schema.Verdict != Verdict.Fail)
            {
                findings.AddRange([await PlansAsync(database, cancellation), .. await KeysAsync(services, now, cancellation)]);
            }

            findings.Add(schema);
        }
        catch (DbException exception)
        {
            findings.Add(new(Verdict.Fail, "database", CommandLine.Reason(exception).Replace('\t', ' ')));
        }

        return findings;
    }

    private static async Task<Finding> SchemaAsync(Migrator migrator, CancellationToken cancellation)
    {
        try
        {
            var (pending, unknown, latest) = await migrator.CompareAsync(cancellation);
            return pending.Count > 0 ? new(Verdict.Fail, "schema", $"to be migrated: {string.Join(", ", pending)}")
                : unknown.Count > 0 ? new(Verdict.Warn, "schema", $"later than this program, which works on beside it: {string.Join(", ", unknown)}")
                : new(Verdict.Ok, "schema", $"at {latest}");
        }
        catch (InvalidOperationException exception)
        {
            return new(Verdict.Fail, "schema", exception.Message);
        }
    }

    private static async Task<Finding> PlansAsync(Database database, CancellationToken cancellation)
    {
        var plans = await database.ReadAsync(PlanQueries.LoadAsync, cancellation);
        return plans.Count == 0 ? new(Verdict.Fail, "plans", "none: seed")
            : new(Verdict.Ok, "plans", string.Join(", ", plans.Select(plan => plan.Code)));
    }

    private static async Task<IReadOnlyList<Finding>> KeysAsync(IServiceProvider services, DateTimeOffset now, CancellationToken cancellation)
    {
        var keys = (await services.GetRequiredService<KeyWriter>().ListAsync(cancellation)).Where(key => key.RevokedAt is null).ToList();
        var good = keys.Where(key => !(key.ExpiresAt <= now)).ToList();
        var expired = keys.Except(good).ToList();
        var ending = good.Where(key => key.ExpiresAt <= now + Soon).ToList();
        var hasSignOn = services.GetRequiredService<IConfiguration>().GetSection("Authentication:Schemes:Bearer").Exists();
        return
        [
            good.Exists(key => key.Role == Role.Administrator) ? new(Verdict.Ok, "administrator", "there is a key")
                : hasSignOn ? new(Verdict.Warn, "administrator", "there is no key; single sign-on must give the role")
                : new(Verdict.Fail, "administrator", "there is no key: keys create --role administrator"),
            expired.Count > 0 ? new(Verdict.Warn, "keys", $"expired, to be revoked: {List(expired)}")
                : ending.Count > 0 ? new(Verdict.Warn, "keys", $"end within {Soon.Days} days: {List(ending)}")
                : new(Verdict.Ok, "keys", string.Create(CultureInfo.InvariantCulture, $"{good.Count} good")),
        ];

        static string List(IEnumerable<ApiKey> keys) => string.Join(", ", keys.Select(key => key.Id));
    }
}
