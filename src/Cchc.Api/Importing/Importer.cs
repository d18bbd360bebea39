using System.Collections.Concurrent;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using Cchc.Api.Completion;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Api.Operations;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Importing;

/// <summary>An import that this node works on.</summary>
internal sealed class RunningImport : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private int _rows;
    private int _percent;

    public CancellationToken Cancelled => _cancel.Token;
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public ImportProgress Progress => new(Volatile.Read(ref _rows), Volatile.Read(ref _percent));

    public void Report(int rows, double share)
    {
        Volatile.Write(ref _rows, rows);
        Volatile.Write(ref _percent, (int)Math.Clamp(share * 100, 0, 99));
    }

    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();
}

/// <summary>
/// Runs imports. A run reads and checks the file outside any transaction, then brings it in and ends the import's record in one: whatever
/// stops it before the commit leaves nothing behind. Who runs it holds a lease, so that another node takes over from one that went away.
/// </summary>
internal sealed partial class Importer(
    Database database, DataVersions versions, Catalogues catalogues, Measures measures, IConfiguration configuration, TimeProvider time,
    ILogger<Importer> log) : IDisposable
{
    private const int AtOnce = 2;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan PurgeInterval = TimeSpan.FromHours(1);

    // How often an import may find, as it goes in, that what was written ahead of it does not hold any more.
    private const int MostAttempts = 3;

    private readonly TimeSpan _retention = TimeSpan.FromDays(configuration.GetValue("Imports:RetentionDays", 90));
    private DateTimeOffset _purgedAt = time.GetUtcNow();

    private readonly string _node = Guid.NewGuid().ToString("N");
    private readonly int _mostBytes = configuration.GetValue("Limits:ImportBytesPerCaller", 512 * 1024 * 1024);
    private readonly Dictionary<string, long> _served = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RunningImport> _running = new(StringComparer.Ordinal);

    /// <summary>Shares out what this node can do at a time.</summary>
    public ImportPlaces Places { get; } = new(AtOnce, configuration.GetValue("Limits:ImportsPerCaller", 20));

    /// <summary>Is released when something was put into the queue here.</summary>
    public SemaphoreSlim Queued { get; } = new(0);

    public ImportProgress? ProgressOf(string id) => _running.TryGetValue(id, out var running) ? running.Progress : null;

    /// <summary>
    /// Records an import before it runs. A request that was answered before gives the import of that time, and nothing new begins, unless
    /// that import failed: nothing of it was committed, and this request does the work.
    /// </summary>
    public async Task<(ImportRecord Import, bool IsRepeated)> AcceptAsync(
        ImportRecord import, Stream file, string? key, string hash, CancellationToken cancellation)
    {
        var accepted = await database.WriteAsync(
            async session =>
            {
                var now = time.Now();
                if (key is not null && await KeptRequests.BeginAsync(session, import.Actor, key, hash, now) is { } kept
                    && await ImportQueries.FindAsync(session, kept.Body) is { Status: not ImportStatus.Failed } earlier)
                {
                    return ((earlier, true), false);
                }

                var isQueued = import.Status == ImportStatus.Queued;
                await RequireRoomAsync(session, import, isQueued);
                var record = import with { CreatedAt = now, LeaseOwner = isQueued ? null : _node };
                await ImportQueries.InsertAsync(session, record, isQueued ? null : now + Lease);
                if (isQueued)
                {
                    await ImportQueries.SaveFileAsync(session, record.Id, "upload", file);
                }

                if (key is not null)
                {
                    await KeptRequests.KeepAsync(session, import.Actor, key, "", record.Id, now);
                }

                return ((record, false), true);
            },
            cancellation,
            Pace.Bulk);
        if (accepted.Item1.Status == ImportStatus.Queued)
        {
            Queued.Release();
        }

        return accepted;
    }

    /// <summary>Runs an import that this node holds, to its end.</summary>
    /// <param name="import">Its record.</param>
    /// <param name="file">What was sent.</param>
    /// <param name="isKept">Whether the upload is kept, so that a run that this node must give up can begin anew elsewhere.</param>
    /// <param name="cancellation">Gives it up.</param>
    public async Task<ImportRecord> RunAsync(ImportRecord import, Stream file, bool isKept, CancellationToken cancellation)
    {
        using var running = new RunningImport();
        _running[import.Id] = running;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, running.Cancelled);
        using var ended = new CancellationTokenSource();
        var heartbeat = BeatAsync(import.Id, running, ended.Token);
        try
        {
            using var place = await Places.RunAsync(import.Actor, stop.Token);
            await Task.Run(() => RunAsync(import, file, running, stop.Token), stop.Token);
        }
        catch (ProblemException problem) when (problem.Code == "import.caller")
        {
            await RejectAsync(import);
        }
        catch (OperationCanceledException)
        {
            if (isKept && !running.Cancelled.IsCancellationRequested)
            {
                await GiveUpAsync(import.Id);
            }
            else
            {
                await EndAsync(import.Id, ImportStatus.Cancelled);
            }
        }
        catch (Exception exception) when (exception is not ProblemException)
        {
            Failed(log, exception, import.Id);
            if (isKept && (exception is DatabaseAwayException or OutcomeUnknownException))
            {
                // Did it go in after all, there is nothing to give up.
                await GiveUpAsync(import.Id);
            }
            else
            {
                await EndAsync(import.Id, ImportStatus.Failed);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await heartbeat;
            _running.TryRemove(import.Id, out _);
            running.Ended.TrySetResult();
        }

        return (await database.ReadAsync(session => ImportQueries.FindAsync(session, import.Id), CancellationToken.None))!;
    }

    /// <summary>
    /// Claims an import that nobody works on, and runs it; false where there is none. Callers take turns, each with the oldest of their
    /// own.
    /// </summary>
    public async Task<bool> RunNextAsync(CancellationToken cancellation)
    {
        var waiting = await database.ReadAsync(session => ImportQueries.WaitingAsync(session, time.Now()), cancellation);
        foreach (var absent in _served.Keys.Except(waiting.Select(import => import.Actor)).ToList())
        {
            _served.Remove(absent);
        }

        foreach (var import in waiting.Where(import => !_running.ContainsKey(import.Id))
            .OrderBy(import => _served.GetValueOrDefault(import.Actor)))
        {
            var now = time.Now();
            if (!await database.WriteAsync(
                async session => (await ImportQueries.ClaimAsync(session, import.Id, _node, now, now + Lease), true), cancellation))
            {
                continue;
            }

            _served[import.Actor] = _served.Values.DefaultIfEmpty().Max() + 1;
            await using var file = Spool.Create();
            if (import.IsCancelRequested || !await FetchAsync(import.Id, file, cancellation))
            {
                // Its file came with a request that ended with its node; nothing of it was committed.
                await EndAsync(import.Id, import.IsCancelRequested ? ImportStatus.Cancelled : ImportStatus.Failed);
                return true;
            }

            // What a node that went away wrote ahead is not what this run finds.
            await ClearAsync(import.Id, cancellation);
            await RunAsync(import with { Status = ImportStatus.Running, LeaseOwner = _node }, file, isKept: true, cancellation);
            return true;
        }

        return false;
    }

    /// <summary>Asks that an import be stopped, wherever it runs, and waits where that is here; gives its record as it then is.</summary>
    public async Task<ImportRecord> CancelAsync(string id, CancellationToken cancellation)
    {
        if (_running.TryGetValue(id, out var running))
        {
            running.Cancel();
            await running.Ended.Task.WaitAsync(cancellation);
        }

        return await database.WriteAsync(
            async session =>
            {
                await ImportQueries.CancelAsync(session, id, time.Now());
                return ((await ImportQueries.FindAsync(session, id))!, true);
            },
            cancellation);
    }

    /// <summary>Until when the remarks and rejected rows of an import are kept; null until it ends.</summary>
    public DateTimeOffset? DetailsUntil(ImportRecord import) => import.FinishedAt + _retention;

    /// <summary>How long the remarks and rejected rows of an import are kept, in days.</summary>
    public int RetentionDays => (int)_retention.TotalDays;

    /// <summary>Deletes the remarks and rejected rows that have been kept long enough, once an hour.</summary>
    public async Task PurgeIfDueAsync(CancellationToken cancellation)
    {
        if (time.GetUtcNow() - _purgedAt >= PurgeInterval)
        {
            _purgedAt = time.GetUtcNow();
            await PurgeAsync(cancellation);
        }
    }

    public async Task PurgeAsync(CancellationToken cancellation)
    {
        var expired = await database.ReadAsync(session => ImportQueries.ExpiredAsync(session, time.Now() - _retention), cancellation, Pace.Bulk);
        foreach (var id in expired)
        {
            await ClearAsync(id, cancellation);
        }
    }

    public void Dispose()
    {
        Queued.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "Import {Id} failed; nothing of it was committed.")]
    private static partial void Failed(ILogger log, Exception exception, string id);

    [LoggerMessage(LogLevel.Warning, "The record of import {Id} cannot be written now.")]
    private static partial void Missed(ILogger log, Exception exception, string id);

    // A beat that fails is not the end: should another node take over meanwhile, only one of the two can end the record, and with it commit.
    private async Task BeatAsync(string id, RunningImport running, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(Heartbeat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                if (!await RenewAsync(id, running, ended))
                {
                    running.Cancel();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<bool> RenewAsync(string id, RunningImport running, CancellationToken ended)
    {
        try
        {
            return await database.WriteAsync(
                async session => (await ImportQueries.RenewAsync(session, id, _node, running.Progress.Rows, time.Now() + Lease), true), ended);
        }
        catch (System.Data.Common.DbException exception)
        {
            Missed(log, exception, id);
            return true;
        }
    }

    private async Task RequireRoomAsync(DbSession session, ImportRecord import, bool isQueued)
    {
        var held = await ImportQueries.HeldAsync(session, import.Actor);
        if (held.Imports >= Places.MostOfCaller)
        {
            throw new ProblemException("import.tooMany", held.Imports);
        }

        if (isQueued && held.Bytes + import.SizeBytes > _mostBytes)
        {
            throw new ProblemException("import.tooMuch", _mostBytes);
        }
    }

    /// <summary>
    /// Judges the key that sent an import again: it may have been revoked, have expired or been narrowed since. A person's token was judged
    /// when the file was received, and may expire while it waits.
    /// </summary>
    private static async Task RequireCallerAsync(DbSession session, ImportRecord import, DateTimeOffset now)
    {
        if (await KeyQueries.OfActorAsync(session, import.Actor) is { } key
            && !(key.HoldsAt(now) && key.MayUse(new NeededScope(KeyScope.Imports))
                && key.Role == import.Role && key.UnitId == import.UnitId))
        {
            throw new ProblemException("import.caller");
        }
    }

    private Task<bool> RejectAsync(ImportRecord import) => TryAsync(import.Id, async session =>
    {
        var now = time.Now();
        if (await ImportQueries.FinishAsync(session, import.Id, _node, ImportStatus.Rejected, 0, null, null, now))
        {
            await ImportQueries.DeleteRemarksAsync(session, import.Id, 1, int.MaxValue);
            await ImportQueries.DeletePiecesAsync(session, import.Id, "rejected");
            await ImportQueries.WriteRemarksAsync(session, import.Id, [new Remark(0, null, "import.caller", null)]);
            Audit.Write(
                session, now, import.Actor, "import.finish", import.Id, null,
                new { status = ImportStatus.Rejected, code = "import.caller" });
        }

        return true;
    });

    private async Task EndAsync(string id, ImportStatus status)
    {
        // What was written ahead is another node's, or belongs to an import that was completed after all, where this one does not end it.
        if (!await TryAsync(id, session => ImportQueries.FinishAsync(session, id, _node, status, 0, null, null, time.Now())))
        {
            return;
        }

        try
        {
            await ClearAsync(id, CancellationToken.None);
        }
        catch (System.Data.Common.DbException exception)
        {
            Missed(log, exception, id);
        }
    }

    // In steps, each of which keeps other writers waiting for a moment only.
    private async Task ClearAsync(string id, CancellationToken cancellation)
    {
        var (lastRemark, pieces) = await database.ReadAsync(
            async session =>
                (await ImportQueries.LastRemarkAsync(session, id), await ImportQueries.CountPiecesAsync(session, id, "rejected")),
            cancellation);
        for (var first = 1; first <= lastRemark; first += ImportDetails.RemarksAtOnce)
        {
            var start = first;
            await database.WriteAsync(
                async session => (await ImportQueries.DeleteRemarksAsync(session, id, start, start + ImportDetails.RemarksAtOnce - 1), true), cancellation);
        }

        for (var ordinal = pieces; ordinal >= 1; ordinal--)
        {
            var number = ordinal;
            await database.WriteAsync(async session => (await ImportQueries.DeletePieceAsync(session, id, "rejected", number), true), cancellation);
        }
    }

    private Task<int> GiveUpAsync(string id) => TryAsync(id, session => ImportQueries.GiveUpAsync(session, id, _node));

    private async Task<T?> TryAsync<T>(string id, Func<DbSession, Task<T>> end)
    {
        try
        {
            return await database.WriteAsync(async session => (await end(session), true), CancellationToken.None);
        }
        catch (System.Data.Common.DbException exception)
        {
            // The lease runs out, and whoever finds it then goes on from there.
            Missed(log, exception, id);
            return default;
        }
    }

    private Task<bool> FetchAsync(string id, Stream file, CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            file.SetLength(0);
            var pieces = await ImportQueries.CountPiecesAsync(session, id, "upload");
            for (var ordinal = 1; ordinal <= pieces; ordinal++)
            {
                await file.WriteAsync(await ImportQueries.PieceAsync(session, id, "upload", ordinal), cancellation);
            }

            return pieces > 0;
        },
        cancellation,
        Pace.Bulk);

    private async Task RunAsync(ImportRecord import, Stream file, RunningImport running, CancellationToken cancellation)
    {
        await database.ReadAsync(
            async session =>
            {
                await RequireCallerAsync(session, import, time.Now());
                return true;
            },
            cancellation);
        var catalogue = await catalogues.CurrentAsync(cancellation);
        var plan = catalogue.Plans.First(each => each.Id == import.PlanId);
        var scope = DataVersions.ScopeOf(plan.Code);
        file.Position = 0;
        var parsed = ParsedFile.Read(file, import, catalogue, plan, (rows, share) => running.Report(rows, share / 2), cancellation);

        if (parsed.IsBroken || import.IsDryRun || (parsed.HasRejected && !import.IsPartial))
        {
            var run = await database.ReadAsync(session => CompareAsync(session), cancellation, Pace.Bulk);
            await FinishAsync(run, null);
            return;
        }

        var ahead = parsed.HasRejected && ImportDetails.AreLong(import, parsed.Remarks.Count, hasFile: true)
            ? await WriteAheadAsync(await database.ReadAsync(CompareAsync, cancellation, Pace.Bulk), null) : null;
        await SettleAsync();
        var (done, version) = await WriteAsync(ahead, MostAttempts > 1);
        for (var attempt = 2; done.MustWriteAhead; attempt++)
        {
            ahead = await WriteAheadAsync(done, ahead);
            (done, version) = await WriteAsync(ahead, attempt < MostAttempts);
        }

        if (version is null)
        {
            await FinishAsync(done, ahead);
            return;
        }

        versions.Observe(version);
        measures.Imported(Count(done.Merge.Outcomes), dryRun: false);

        // While it is written, what is asked as of an instant before that is answered.
        async Task SettleAsync()
        {
            try
            {
                await versions.SettleAsync(time.Now() - TimeSpan.FromMilliseconds(1), cancellation, DataVersions.Catalogue, scope);
            }
            catch (ProblemException)
            {
                // Another write is under way: when it ends, as much is settled.
            }
        }

        bool HasMoved(long current) => import.ExpectedVersion is { } expected && expected != current;

        void Advance(int rows) => running.Report(parsed.LastRow, 0.5 + (0.5 * rows / Math.Max(1, parsed.Rows.Count)));

        Task<(Run Run, DataVersion? Version)> WriteAsync(ImportDetails? written, bool mayRepeat) => database.WriteAsync(
            async session =>
            {
                var raised = await DataVersions.RaiseAsync(session, time, scope);
                var now = raised.ChangedAt;
                var run = new Run(new ReportMerge(session, plan, catalogue.Units, import, parsed, now, write: true), raised.Version);
                if (HasMoved(raised.Version - 1))
                {
                    return ((run with { Moved = raised.Version - 1 }, (DataVersion?)null), false);
                }

                await run.Merge.RunAsync(Advance, cancellation);
                var commit = run.Merge.HasChanges && (import.IsPartial || !run.Merge.HasRejected);
                run = commit ? run : run with { Version = raised.Version - 1 };
                if (commit && mayRepeat && DetailsOf(run) is { IsLong: true } details && !details.IsSameAs(written))
                {
                    return ((run with { MustWriteAhead = true }, null), false);
                }

                return ((run, commit ? raised : null), commit && await SaveAsync(session, run, written, now));
            },
            cancellation,
            Pace.Bulk);

        async Task<Run> CompareAsync(DbSession session)
        {
            var version = (await DataVersions.PinAsync(session, scope))!.Version;
            var run = new Run(new ReportMerge(session, plan, catalogue.Units, import, parsed, time.Now(), write: false), version);
            if (HasMoved(version))
            {
                return run with { Moved = version };
            }

            if (!parsed.IsBroken)
            {
                await run.Merge.RunAsync(Advance, cancellation);
            }

            return import.IsDryRun ? run with { Effect = await EffectAsync(session, catalogue, plan, run.Merge, time.Today()) } : run;
        }

        async Task FinishAsync(Run run, ImportDetails? written)
        {
            written = await WriteAheadAsync(run, written);
            await database.WriteAsync(async session => (await SaveAsync(session, run, written, time.Now()), true), cancellation, Pace.Bulk);
            measures.Imported(Count(run.Merge.Outcomes), import.IsDryRun);
        }

        ImportDetails DetailsOf(Run run) => new(
            import, run.Merge.Outcomes,
            run.Moved is { } moved
                ? [new Remark(0, null, "import.moved", null, moved.ToString(System.Globalization.CultureInfo.InvariantCulture))]
                : [.. parsed.Remarks.Concat(run.Merge.Remarks).OrderBy(remark => remark.Row).Take(ParsedFile.MostRemarks)],
            run.Moved is null && !parsed.IsUnreadable && run.Merge.Outcomes.AsSpan().Contains(RowOutcome.Rejected));

        // Writes what is long before the import ends, in transactions that are short. Nobody sees it until then.
        async Task<ImportDetails?> WriteAheadAsync(Run run, ImportDetails? written)
        {
            var details = DetailsOf(run);
            if (details.IsSameAs(written))
            {
                return written;
            }

            if (written is not null)
            {
                await ClearAsync(import.Id, cancellation);
            }

            if (!details.IsLong)
            {
                return null;
            }

            for (var at = 0; at < details.Remarks.Count; at += ImportDetails.RemarksAtOnce)
            {
                var start = at;
                await StepAsync(session => ImportQueries.WriteRemarksAsync(
                    session, import.Id, details.Remarks.Skip(start).Take(ImportDetails.RemarksAtOnce), start + 1));
            }

            if (details.HasFile)
            {
                await using var rejected = details.MakeFile(file);
                rejected.Position = 0;
                var piece = new byte[ImportQueries.PieceSize];
                for (var ordinal = 1; await rejected.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellation) is > 0 and var read; ordinal++)
                {
                    var number = ordinal;
                    await StepAsync(session => ImportQueries.SavePieceAsync(session, import.Id, "rejected", number, piece[..read]));
                }
            }

            return details;
        }

        // Only while the import is this node's.
        Task StepAsync(Func<DbSession, Task> write) => database.WriteAsync(
            async session =>
            {
                if (!await ImportQueries.RenewAsync(session, import.Id, _node, running.Progress.Rows, time.Now() + Lease))
                {
                    throw new OperationCanceledException();
                }

                await write(session);
                return (true, true);
            },
            cancellation,
            Pace.Bulk);

        // Ends the record with all that is kept; what is not ours any more is not ended, and takes the data with it.
        async Task<bool> SaveAsync(DbSession session, Run run, ImportDetails? written, DateTimeOffset now)
        {
            await RequireCallerAsync(session, import, now);
            var merge = run.Merge;
            var details = DetailsOf(run);
            if (details.IsSameAs(written))
            {
                details = written!;
            }
            else
            {
                if (written is not null)
                {
                    await ImportQueries.DeleteRemarksAsync(session, import.Id, 1, int.MaxValue);
                    await ImportQueries.DeletePiecesAsync(session, import.Id, "rejected");
                }

                await ImportQueries.WriteRemarksAsync(session, import.Id, details.Remarks);
                if (details.HasFile)
                {
                    await using var rejected = details.MakeFile(file);
                    await ImportQueries.SaveFileAsync(session, import.Id, "rejected", rejected);
                }
            }

            var remarks = details.Remarks;
            var isRejected = run.Moved is not null || parsed.IsBroken || (merge.HasRejected && !import.IsPartial);
            var counts = Count(merge.Outcomes);
            var result = new ImportResult
            {
                DataVersion = run.Version,
                Rows = counts,
                Reports = new ReportCounts(merge.ReportsCreated, merge.ReportsUpdated, merge.ReportsSubmitted, merge.ReportsLeftDraft),
                Warnings = remarks.Count(remark => remark.Code.StartsWith("warning.", StringComparison.Ordinal)),
                RejectedLeftOff = details.RowsLeftOff,
                RemarksLeftOff = run.Moved is null ? parsed.RemarksLeftOff + parsed.Remarks.Count + merge.Remarks.Count - remarks.Count : 0,
                Effect = run.Effect,
            };
            var outcomes = Deflate(MemoryMarshal.AsBytes(merge.Outcomes.AsSpan(0, parsed.LastRow + 1)));
            if (!await ImportQueries.FinishAsync(
                session, import.Id, _node, isRejected ? ImportStatus.Rejected : ImportStatus.Completed, counts.Total,
                JsonSerializer.Serialize(result, Json.Options), outcomes, now))
            {
                throw new OperationCanceledException();
            }

            Audit.Write(session, now, import.Actor, "import.finish", import.Id, null, new
            {
                plan = plan.Code,
                status = isRejected ? ImportStatus.Rejected : ImportStatus.Completed,
                dryRun = import.IsDryRun,
                sha256 = import.Sha256,
                rows = counts,
            });
            return true;
        }
    }

    private static RowCounts Count(RowOutcome[] outcomes)
    {
        var counts = new int[Enum.GetValues<RowOutcome>().Length];
        foreach (var outcome in outcomes.AsSpan(1))
        {
            counts[(int)outcome]++;
        }

        return new RowCounts(
            outcomes.Length - 1 - counts[0], counts[(int)RowOutcome.Created], counts[(int)RowOutcome.Updated], counts[(int)RowOutcome.Unchanged],
            counts[(int)RowOutcome.Rejected], counts[(int)RowOutcome.NotGiven]);
    }

    private static byte[] Deflate(ReadOnlySpan<byte> bytes)
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest))
        {
            deflate.Write(bytes);
        }

        return deflated.ToArray();
    }

    // What the figures would be if the reports that change were submitted as they would then stand.
    private static async Task<IReadOnlyList<LineEffect>> EffectAsync(
        DbSession session, Catalogue catalogue, Plan plan, ReportMerge merge, DateOnly today)
    {
        var effects = new List<LineEffect>();
        var rows = new Dictionary<int, (IReadOnlyList<ReportedRow> Before, IReadOnlyList<ReportedRow> After)>();
        foreach (var period in plan.Periods)
        {
            var parts = plan.YearToDateParts(period);
            if (!merge.Content.Keys.Any(key => parts.Any(part => part.Id == key.Period)))
            {
                continue;
            }

            foreach (var part in parts.Where(part => !rows.ContainsKey(part.Id)))
            {
                var before = await FactQueries.RowsAsync(session, part.Id, provisional: true, FactQueries.Now);
                rows[part.Id] = (before,
                    [.. before.Where(row => !merge.Content.ContainsKey((part.Id, row.UnitId))),
                     .. merge.Content.Where(each => each.Key.Period == part.Id).SelectMany(each => each.Value)]);
            }

            var heads = await FactQueries.HeadsAsync(session, period.Id, provisional: true, FactQueries.Now);
            var was = new PeriodFacts(plan, period, catalogue.Units, heads, part => rows[part.Id].Before).On(today).OfPlan(Basis.YearToDate);
            var now = new PeriodFacts(plan, period, catalogue.Units, heads, part => rows[part.Id].After).On(today).OfPlan(Basis.YearToDate);
            effects.AddRange(was.Targets.Zip(now.Targets).SelectMany(pair => pair.First.Lines.Zip(pair.Second.Lines)
                .Where(lines => lines.First != lines.Second)
                .Select(lines => new LineEffect(
                    period.Code, pair.First.Target.Code, LineFigures.Of(pair.First.Target, lines.First), LineFigures.Of(pair.First.Target, lines.Second)))));
        }

        return effects;
    }

    private sealed record Run(ReportMerge Merge, long Version)
    {
        public long? Moved { get; init; }

        /// <summary>Whether it was rolled back, for what is long to be written before it.</summary>
        public bool MustWriteAhead { get; init; }
        public IReadOnlyList<LineEffect>? Effect { get; init; }
    }
}

/// <summary>Runs what is queued, one import at a time, and looks now and then for what another node left behind.</summary>
internal sealed partial class ImportWorker(
    Preparation preparation, Importer importer, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<ImportWorker> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // At the first word to stop, since another node may begin at once what this one gives back.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        stoppingToken = stopping.Token;
        Task? queued = null;
        await preparation.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await importer.RunNextAsync(stoppingToken))
                {
                }

                await importer.PurgeIfDueAsync(stoppingToken);

                queued ??= importer.Queued.WaitAsync(stoppingToken);
                queued = await Task.WhenAny(queued, Task.Delay(Interval, time, stoppingToken)) == queued ? null : queued;
            }
            catch (Exception exception) when (exception is System.Data.Common.DbException or ProblemException)
            {
                Away(log, exception);
                await Task.Delay(Interval, time, stoppingToken).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The import queue cannot be read now.")]
    private static partial void Away(ILogger log, Exception exception);
}
