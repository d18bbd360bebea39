using System.Diagnostics.Metrics;
using Cchc.Api.Importing;

namespace Cchc.Api.Operations;

/// <summary>Counts what happens. Nobody who listens, nothing that it costs.</summary>
internal sealed class Measures
{
    public const string Meter = "Cchc.Api";

    private readonly Counter<long> _problems;
    private readonly Counter<long> _rows;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _shared;

    public Measures(IMeterFactory meters)
    {
        var meter = meters.Create(Meter);
        _problems = meter.CreateCounter<long>("cchc.problems", description: "Problem answers, by code.");
        _rows = meter.CreateCounter<long>("cchc.import.rows", description: "Rows of imports that ended, by outcome.");
        _attempts = meter.CreateCounter<long>("cchc.webhook.attempts", description: "Attempts at deliveries, by what came of them: delivered, pending (failed, tried again) or dead.");
        _shared = meter.CreateCounter<long>("cchc.answers.shared", description: "Answers looked for in Redis, by what came of it: found, absent, unusable or failed; and put there, or notPut.");
    }

    public void Refused(string code, int status) => _problems.Add(1, new("code", code), new("status", status));

    public void Imported(RowCounts rows, bool dryRun)
    {
        foreach (var (outcome, count) in new (string, int)[]
        {
            ("created", rows.Created), ("updated", rows.Updated), ("unchanged", rows.Unchanged), ("rejected", rows.Rejected), ("notGiven", rows.NotGiven),
        })
        {
            _rows.Add(count, new("outcome", outcome), new("dry_run", dryRun));
        }
    }

    public void Shared(string outcome) => _shared.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Attempted(string status) => _attempts.Add(1, new KeyValuePair<string, object?>("status", status));
}
