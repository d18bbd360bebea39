using System.Diagnostics.Metrics;
using Cchc.Api.Changes;
using Cchc.Api.Data;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;

namespace Cchc.Api.Operations;

/// <summary>
/// Measures how things stand: the queues, the reports that are waited for, what this node knows. What the database must be asked for is
/// read as it is measured, at most every few seconds, and is the same on every node.
/// </summary>
internal sealed partial class Standing : IDisposable
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);
    private static readonly string[] Statuses = ["draft", "submitted", "returned", "approved"];

    private readonly Database _database;
    private readonly Catalogues _catalogues;
    private readonly DataVersions _versions;
    private readonly TimeProvider _time;
    private readonly ILogger<Standing> _log;
    private readonly SemaphoreSlim _gate = new(1);
    private volatile Reading? _reading;
    private long _readAt;

    public Standing(
        IMeterFactory meters, Database database, Catalogues catalogues, DataVersions versions, ChangeFeed feed, TimeProvider time, ILogger<Standing> log)
    {
        (_database, _catalogues, _versions, _time, _log) = (database, catalogues, versions, time, log);
        var meter = meters.Create(Measures.Meter);
        Gauge<int>("cchc.database.up", null, "1 where the database answered.", () => [new(_reading is null ? 0 : 1)]);
        Gauge<double>("cchc.data.age", "s", "How long ago this node read which versions the data have.", () => [new(versions.Age.TotalSeconds)]);
        Gauge<long>("cchc.data.version", null, "The data version that this node knows, by plan.", () => versions.Known.Select(
            each => new Measurement<long>(each.Version, Is("scope", each.Scope))));
        Gauge<int>("cchc.events.clients", null, "Who follows /v1/events on this node.", () => [new(feed.Clients)]);
        Gauge<long>("cchc.imports", null, "Imports that wait or run.", () => Of(reading => reading.Imports));
        Gauge<long>("cchc.webhook.pending", null, "Deliveries that wait.", () => Of<long>(reading => [new(reading.Deliveries)]));
        Gauge<long>("cchc.webhook.dead", null, "Deliveries that were given up, until they are delivered again.", () => Of<long>(reading => [new(reading.Dead)]));
        Gauge<long>("cchc.reports", null, "Reports of the latest period that has begun, by status; missing is what is neither submitted nor approved.", () => Of(reading => reading.Reports));
        Gauge<long>("cchc.reports.expected", null, "Reports expected for that period.", () => Of(reading => reading.Expected));
        Gauge<long>("cchc.reports.undecided", null, "Submitted reports that await a decision.", () => Of<long>(
            reading => [.. reading.Undecided.Select(each => new Measurement<long>(each.Waiting.Number, Is("plan", each.Plan)))]));
        Gauge<double>("cchc.reports.undecided.age", "s", "How long the oldest of them has waited.", () => Of<double>(
            reading => [.. reading.Undecided.Select(each => new Measurement<double>(
                each.Waiting.Since is { } since ? Math.Max(0, (_time.GetUtcNow() - since).TotalSeconds) : 0, Is("plan", each.Plan)))]));

        void Gauge<T>(string name, string? unit, string description, Func<IEnumerable<Measurement<T>>> observe)
            where T : struct => meter.CreateObservableGauge(name, observe, unit, description);
    }

    /// <summary>Reads anew what is older than a moment. Where the database is away nothing is known of it, and that is what is measured.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (_readAt == 0 || _time.GetElapsedTime(_readAt) >= Freshness)
            {
                _reading = await ReadAsync(cancellation);
                _readAt = _time.GetTimestamp();
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _reading = null;
            Failed(_log, exception.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "How things stand cannot be read: {Reason}")]
    private static partial void Failed(ILogger logger, string reason);

    private static KeyValuePair<string, object?> Is(string name, string value) => new(name, value);

    private static List<Measurement<long>> ByStatus(IReadOnlyList<Tally> tallies, params ReadOnlySpan<string> words)
    {
        var measured = new List<Measurement<long>>();
        foreach (var word in words)
        {
            measured.Add(new(tallies.FirstOrDefault(each => each.Word == word)?.Number ?? 0, Is("status", word)));
        }

        return measured;
    }

    private async Task<Reading> ReadAsync(CancellationToken cancellation)
    {
        var catalogue = await _catalogues.CurrentAsync(cancellation);
        await _versions.EpochAsync(cancellation);
        var today = _time.Today();
        return await _database.ReadAsync(
            async session =>
            {
                var (reports, expected, undecided) = (new List<Measurement<long>>(), new List<Measurement<long>>(), new List<(string, Undecided)>());
                foreach (var plan in catalogue.Plans.Where(each => !each.IsDraft))
                {
                    var begun = plan.Periods.Where(each => each.DataFrom <= today).DefaultIfEmpty(plan.Periods[0]).ToList();
                    var waiting = new List<Undecided>();
                    foreach (var each in begun)
                    {
                        waiting.Add(await StandingQueries.UndecidedAsync(session, each.Id));
                    }

                    undecided.Add((plan.Code, new Undecided { Number = waiting.Sum(each => each.Number), Since = waiting.Min(each => each.Since) }));
                    var period = begun[^1];
                    var due = new Expectation(plan.On(period.DataTo), period, catalogue.Units).UnitIds.Count;
                    var tallies = await StandingQueries.ReportsAsync(session, period.Id);
                    var received = tallies.Where(each => each.Word is "submitted" or "approved").Sum(each => each.Number);
                    expected.Add(Measured(due));
                    reports.Add(Measured(Math.Max(0, due - received), Is("status", "missing")));
                    reports.AddRange(Statuses.Select(status => Measured(tallies.FirstOrDefault(each => each.Word == status)?.Number ?? 0, Is("status", status))));

                    Measurement<long> Measured(long value, params ReadOnlySpan<KeyValuePair<string, object?>> more) =>
                        new(value, [Is("plan", plan.Code), Is("period", period.Code), .. more]);
                }

                return new Reading(
                    ByStatus(await StandingQueries.ImportsAsync(session), "queued", "running"), await StandingQueries.DeliveriesAsync(session),
                    await StandingQueries.DeadAsync(session), reports, expected, undecided);
            },
            cancellation);
    }

    private IReadOnlyList<Measurement<T>> Of<T>(Func<Reading, IReadOnlyList<Measurement<T>>> part)
        where T : struct => _reading is { } reading ? part(reading) : [];

    private sealed record Reading(
        IReadOnlyList<Measurement<long>> Imports, int Deliveries, int Dead, IReadOnlyList<Measurement<long>> Reports,
        IReadOnlyList<Measurement<long>> Expected, IReadOnlyList<(string Plan, Undecided Waiting)> Undecided);
}
