using System.Data.Common;
using System.Diagnostics.Metrics;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Data;

/// <summary>
/// A readable secondary of the database, where <c>Database:ReadConnectionString</c> names one. It lags behind, so that only that is asked of
/// it which a data version covers: what it says holds if it has come at least as far as the asker knows.
/// </summary>
public sealed partial class Secondary
{
    // How long one that did not answer is left alone.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    private readonly string? _connectionString;
    private readonly Dialect _dialect;
    private readonly TimeProvider _time;
    private readonly ILogger<Secondary> _log;
    private readonly Counter<long> _commands;
    private readonly Counter<long> _reads;
    private long _failedAt;

    public Secondary(IConfiguration configuration, Database database, IMeterFactory meters, TimeProvider time, ILogger<Secondary> log)
    {
        (_dialect, _time, _log) = (database.Dialect, time, log);
        _connectionString = configuration["Database:ReadConnectionString"] is { Length: > 0 } given ? _dialect.Complete(given, toRead: true) : null;
        var meter = meters.Create("Cchc.Api");
        _commands = meter.CreateCounter<long>("cchc.database.commands", description: "SQL commands sent.");
        _reads = meter.CreateCounter<long>(
            "cchc.database.secondary.reads", description: "Reads that a secondary was asked for, by outcome: answered, behind, away.");
    }

    private bool IsAsked => _connectionString is not null
        && !(Volatile.Read(ref _failedAt) is not 0 and var failedAt && _time.GetElapsedTime(failedAt) < Rest);

    /// <summary>Reads within one transaction that is pinned to a scope's version.</summary>
    /// <returns>False where there is no secondary, or it has not come as far as that version, or is away.</returns>
    public async Task<(bool IsAnswered, T? Result)> TryReadAsync<T>(
        string scope, long least, Func<DbSession, DataVersion?, Task<T>> read, CancellationToken cancellation)
    {
        if (!IsAsked)
        {
            return default;
        }

        try
        {
            await using var connection = _dialect.Connect(_connectionString!);
            await connection.OpenAsync(cancellation);
            await using var transaction = connection is SqliteConnection sqlite
                ? sqlite.BeginTransaction(deferred: true) : await connection.BeginTransactionAsync(_dialect.ReadIsolation, cancellation);
            var session = new DbSession(_dialect, connection, transaction, _commands, cancellation);
            var version = await DataVersions.PinAsync(session, scope);
            if ((version?.Version ?? 0) < least)
            {
                Count("behind");
                return default;
            }

            var result = await read(session, version);
            await transaction.CommitAsync(cancellation);
            Count("answered");
            return (true, result);
        }
        catch (Exception exception) when (exception is DbException or TimeoutException
            || (exception is InvalidOperationException && !cancellation.IsCancellationRequested))
        {
            Volatile.Write(ref _failedAt, _time.GetTimestamp());
            Count("away");
            Away(_log, exception);
            return default;
        }
    }

    private void Count(string outcome) => _reads.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    [LoggerMessage(LogLevel.Warning, "The secondary does not answer; for half a minute the primary is asked for everything.")]
    private static partial void Away(ILogger log, Exception exception);
}
