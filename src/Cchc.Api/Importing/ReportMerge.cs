using System.Data.Common;
using System.Runtime.InteropServices;
using Cchc.Api.Completion;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Reports;
using Cchc.Domain;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Importing;

/// <summary>
/// Brings rows into the reports they speak of: each row sets one value of the latest content and leaves the others as they are. Rows are
/// taken unit by unit; a chunk of units is read, compared and written at a time. Without <paramref name="write"/> it only compares.
/// </summary>
internal sealed class ReportMerge(
    DbSession session, Plan plan, UnitRegistry units, ImportRecord import, ParsedFile file, DateTimeOffset now, bool write)
{
    // Bounds what is held of a chunk, and what a range of ids reads in vain where the file's units lie far apart.
    private const int UnitsInChunk = 500;
    private const int WidestRange = 1000;

    // Entries that wait for the commit are held in memory.
    private const int AuditedAtOnce = 2000;

    private readonly Dictionary<int, (Target Target, TargetLine Line)> _lines =
        plan.Targets.SelectMany(target => target.Lines.Select(line => (target, line))).ToDictionary(each => each.line.Id);

    private readonly Dictionary<int, string> _codes = plan.Periods.ToDictionary(period => period.Id, period => period.Code);
    private readonly Dictionary<int, Head> _heads = [];
    private readonly List<ImportRow> _stored = [];
    private readonly List<(int Period, Dictionary<(int Unit, int Line), ReportedValue> Said)> _earlier = [];
    private readonly List<Change> _changes = [];
    private readonly List<ImportRow> _inserts = [];
    private readonly List<ImportRow> _updates = [];
    private IReadOnlyList<int> _counting = [];

    /// <summary>What became of each row: a copy, since the transaction may have to begin anew.</summary>
    public RowOutcome[] Outcomes { get; } = [.. file.Outcomes];

    public List<Remark> Remarks { get; } = [];
    public bool HasRejected { get; private set; } = file.HasRejected;
    public bool HasChanges { get; private set; }
    public int ReportsCreated { get; private set; }
    public int ReportsUpdated { get; private set; }
    public int ReportsSubmitted { get; private set; }
    public int ReportsLeftDraft { get; private set; }

    /// <summary>What a report would say, for every one that would change, by period and unit.</summary>
    public Dictionary<(int Period, int Unit), List<ReportedRow>> Content { get; } = [];

    public async Task RunAsync(Action<int> progress, CancellationToken cancellation)
    {
        var rows = file.Rows;
        _counting = await FactQueries.CountingPeriodsAsync(session, plan.Id, provisional: true, FactQueries.Now);
        var start = 0;
        while (start < rows.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            var end = start;
            var taken = 0;
            var first = rows[start];
            for (var unit = -1; end < rows.Count && rows[end].PeriodId == first.PeriodId && rows[end].UnitId - first.UnitId < WidestRange; end++)
            {
                taken += rows[end].UnitId == unit ? 0 : 1;
                unit = rows[end].UnitId;
                if (taken > UnitsInChunk)
                {
                    break;
                }
            }

            var period = plan.Periods.First(each => each.Id == first.PeriodId);
            await LoadAsync(period, first.UnitId, rows[end - 1].UnitId);
            Compare(period, start, end);
            if (write && (import.IsPartial || !HasRejected))
            {
                await WriteAsync();
            }

            start = end;
            progress(end);
        }
    }

    private async Task LoadAsync(Period period, int first, int last)
    {
        var range = new { periodId = period.Id, first, last };
        _heads.Clear();
        await session.ReadEachAsync(MergeQueries.Heads, range, reader =>
            _heads[reader.GetInt32(0)] = new Head(Words.Parse<ReportStatus>(reader.GetString(1))!.Value, reader.GetInt32(2), reader.GetInt32(3) == 1, Until(reader)));
        _stored.Clear();
        if (_heads.Count > 0)
        {
            await session.ReadEachAsync(MergeQueries.Values, range, reader => _stored.Add(Read(reader, period.Id)));
        }

        _earlier.Clear();
        foreach (var before in plan.Periods.Where(each => each.DataTo < period.DataTo && _counting.Contains(each.Id)))
        {
            var said = new Dictionary<(int, int), ReportedValue>();
            await session.ReadEachAsync(MergeQueries.Counting, new { periodId = before.Id, first, last }, reader =>
            {
                var row = Read(reader, before.Id);
                said[(row.UnitId, row.LineId)] = ValueOf(row);
            });
            _earlier.Add((before.Id, said));
        }

        _changes.Clear();
        _inserts.Clear();
        _updates.Clear();
    }

    private static DateOnly? Until(DbDataReader reader) => reader.IsDBNull(4) ? null
        : reader.GetValue(4) is string text ? DateOnly.ParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)
        : DateOnly.FromDateTime(reader.GetDateTime(4));

    public static ImportRow Read(DbDataReader reader, int periodId) => new()
    {
        PeriodId = periodId,
        UnitId = reader.GetInt32(0),
        LineId = reader.GetInt32(1),
        First = !reader.IsDBNull(2) ? reader.GetInt64(2)
            : !reader.IsDBNull(5) ? (reader.GetBoolean(5) ? 1 : 0)
            : !reader.IsDBNull(6) ? reader.GetInt64(6)
            : !reader.IsDBNull(7) ? (long)Words.Parse<Progress>(reader.GetString(7))!.Value : 0,
        Total = reader.IsDBNull(3) ? 0 : reader.GetInt64(3),
        Excluded = reader.IsDBNull(4) ? 0 : reader.GetInt64(4),
        NotApplicable = reader.IsDBNull(8) ? null : reader.GetString(8),
        Note = reader.IsDBNull(9) ? null : reader.GetString(9),
    };

    private ReportedValue ValueOf(in ImportRow row) => row.NotApplicable is not null ? ReportedValue.NotApplicable
        : _lines[row.LineId].Target.Kind switch
        {
            TargetKind.Ratio => ReportedValue.Ratio(row.First, row.Total, row.Excluded),
            TargetKind.UnitShare => ReportedValue.Done(row.First == 1),
            TargetKind.Milestone => ReportedValue.Milestone((Progress)row.First),
            _ => ReportedValue.Position(row.First),
        };

    private static bool Same(in ImportRow one, in ImportRow other) =>
        one.First == other.First && one.Total == other.Total && one.Excluded == other.Excluded
        && one.NotApplicable == other.NotApplicable && one.Note == other.Note;

    private void Compare(Period period, int start, int end)
    {
        var rows = CollectionsMarshal.AsSpan(file.Rows);
        var at = 0;
        while (start < end)
        {
            var next = start;
            while (next < end && rows[next].UnitId == rows[start].UnitId)
            {
                next++;
            }

            while (at < _stored.Count && _stored[at].UnitId < rows[start].UnitId)
            {
                at++;
            }

            var last = at;
            while (last < _stored.Count && _stored[last].UnitId == rows[start].UnitId)
            {
                last++;
            }

            CompareUnit(period, rows[start..next], CollectionsMarshal.AsSpan(_stored)[at..last]);
            (start, at) = (next, last);
        }
    }

    private void CompareUnit(Period period, Span<ImportRow> rows, Span<ImportRow> stored)
    {
        var unitId = rows[0].UnitId;
        var head = _heads.GetValueOrDefault(unitId);
        var (changed, accepted, at) = (0, 0, 0);
        foreach (ref readonly var row in rows)
        {
            if (Outcomes[row.Row] == RowOutcome.Rejected)
            {
                continue;
            }

            while (at < stored.Length && stored[at].LineId < row.LineId)
            {
                at++;
            }

            var outcome = at >= stored.Length || stored[at].LineId != row.LineId ? RowOutcome.Created
                : Same(stored[at], row) ? RowOutcome.Unchanged : RowOutcome.Updated;
            Outcomes[row.Row] = outcome;
            changed += outcome == RowOutcome.Unchanged ? 0 : 1;
            accepted++;
        }

        var isOpen = head is null || head.Status is ReportStatus.Draft or ReportStatus.Returned;
        var isWhole = !file.Incomplete.Contains((period.Id, unitId));
        var wantsSubmit = import.IsSubmit && isOpen && accepted > 0;
        if (changed == 0 && !wantsSubmit)
        {
            return;
        }

        var workflow = new Workflow(plan, period, units, LocalTime.DateOf(now));
        var refusal = workflow.WhyNotOpen(head?.Standing) is { } closed ? (closed, [period.Code])
            : isOpen ? ((string Code, string[] Arguments)?)null : ("report.state", [Words.Of(head!.Status), "import"]);
        if (refusal is { } refused)
        {
            Reject(rows, refused.Code, refused.Arguments, isChangedOnly: changed > 0);
            return;
        }

        if (wantsSubmit && !isWhole)
        {
            ReportsLeftDraft++;
        }

        wantsSubmit &= isWhole;
        if (changed == 0 && !wantsSubmit)
        {
            return;
        }

        var begins = head is null || head.IsSubmitted;
        var number = head is null ? 1 : head.IsSubmitted ? head.Number + 1 : head.Number;
        HasChanges = true;
        ReportsCreated += head is null ? 1 : 0;
        ReportsUpdated += head is null || changed == 0 ? 0 : 1;
        ReportsSubmitted += wantsSubmit ? 1 : 0;
        Warn(period, rows);
        if (import.IsDryRun)
        {
            Keep(period.Id, unitId, rows, stored);
        }

        if (write)
        {
            var to = wantsSubmit ? ReportStatus.Submitted : head?.Status ?? ReportStatus.Draft;
            var before = head is null ? null : new { status = head.Status, revision = head.Number, values = Replaced(rows, stored) };
            _changes.Add(new Change(
                period.Id, unitId, number, head?.Status, to, begins, changed > 0, before,
                new { status = to, revision = number, import = import.Id, values = changed }));
            foreach (ref readonly var row in rows)
            {
                if (Outcomes[row.Row] is RowOutcome.Created or RowOutcome.Updated)
                {
                    (Outcomes[row.Row] == RowOutcome.Created ? _inserts : _updates).Add(row with { Row = number });
                }
            }
        }
    }

    private void Reject(Span<ImportRow> rows, string code, string[] arguments, bool isChangedOnly)
    {
        HasRejected = true;
        foreach (ref readonly var row in rows)
        {
            ref var outcome = ref Outcomes[row.Row];
            if (outcome != RowOutcome.Rejected && !(isChangedOnly && outcome == RowOutcome.Unchanged))
            {
                outcome = RowOutcome.Rejected;
                Remarks.Add(new Remark(row.Row, null, code, null, arguments));
            }
        }
    }

    private void Warn(Period period, Span<ImportRow> rows)
    {
        if (_earlier.Count == 0)
        {
            return;
        }

        foreach (var row in rows)
        {
            if (Outcomes[row.Row] is not (RowOutcome.Created or RowOutcome.Updated) || _lines[row.LineId].Target is not { Kind: TargetKind.Ratio } target)
            {
                continue;
            }

            foreach (var oddity in ReportWarnings.Compare(plan, period, target, units[row.UnitId], ValueOf(row), at => Said(at.Id, row.UnitId, row.LineId)))
            {
                Remarks.Add(new Remark(row.Row, null, "warning." + oddity.Code, null, Text(oddity.Before), Text(oddity.After)));
            }
        }

        static string Text(decimal number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private ReportedValue? Said(int periodId, int unitId, int lineId)
    {
        foreach (var (period, said) in _earlier)
        {
            if (period == periodId)
            {
                return said.TryGetValue((unitId, lineId), out var value) ? value : null;
            }
        }

        return null;
    }

    private void Keep(int periodId, int unitId, Span<ImportRow> rows, Span<ImportRow> stored)
    {
        var content = new Dictionary<int, ReportedRow>();
        foreach (ref readonly var row in stored)
        {
            content[row.LineId] = new ReportedRow(unitId, row.LineId, ValueOf(row));
        }

        foreach (ref readonly var row in rows)
        {
            if (Outcomes[row.Row] is RowOutcome.Created or RowOutcome.Updated)
            {
                content[row.LineId] = new ReportedRow(unitId, row.LineId, ValueOf(row));
            }
        }

        Content[(periodId, unitId)] = [.. content.Values];
    }

    // What a value said before it was set anew is nowhere else where the draft changes in place.
    private List<ReportValue> Replaced(Span<ImportRow> rows, Span<ImportRow> stored)
    {
        var (replaced, at) = (new List<ReportValue>(), 0);
        foreach (ref readonly var row in rows)
        {
            if (Outcomes[row.Row] == RowOutcome.Updated)
            {
                while (stored[at].LineId < row.LineId)
                {
                    at++;
                }

                replaced.Add(Show(stored[at]));
            }
        }

        return replaced;
    }

    private ReportValue Show(in ImportRow row)
    {
        var (target, line) = _lines[row.LineId];
        var value = new ReportValue { Target = target.Code, Level = line.Level, NotApplicable = row.NotApplicable };
        return row.NotApplicable is not null ? value : target.Kind switch
        {
            TargetKind.Ratio => value with { Numerator = row.First, Total = row.Total, Excluded = row.Excluded },
            TargetKind.UnitShare => value with { Done = row.First == 1 },
            TargetKind.Milestone => value with { State = (Progress)row.First },
            _ => value with { Position = row.First },
        };
    }

    private async Task WriteAsync()
    {
        KeyValuePair<string, object?>[] stamp = [new("now", now), new("actor", import.Actor)];
        await ReportsAsync(MergeQueries.InsertReport, stamp, change => change.From is null, change => Words.Of(change.To));
        await ReportsAsync(MergeQueries.UpdateReport, stamp, change => change.From is not null, change => Words.Of(change.To));
        await ReportsAsync(MergeQueries.InsertRevision, stamp, change => change.From is null);
        await ReportsAsync(MergeQueries.TouchRevision, stamp, change => change is { BeginsRevision: false, HasValues: true });
        foreach (var copy in MergeQueries.CopyRevision)
        {
            await ReportsAsync(copy, stamp, change => change.From is not null && change.BeginsRevision);
        }

        await ValuesAsync(MergeQueries.UpdateValue, _updates);
        await ValuesAsync(MergeQueries.InsertValue, _inserts);
        await ReportsAsync(MergeQueries.NoteStatus, [.. stamp, new("to", "draft")], change => change.From is null);
        await ReportsAsync(
            MergeQueries.NoteStatus, [.. stamp, new("to", "submitted")], change => change.To == ReportStatus.Submitted,
            change => Words.Of(change.From ?? ReportStatus.Draft));
        await ReportsAsync(MergeQueries.Submit, stamp, change => change.To == ReportStatus.Submitted);
        foreach (var change in _changes)
        {
            session.Outgoing.Add(new OutgoingChange(
                now, change.To == ReportStatus.Submitted ? "report.submitted" : "report.saved", plan.Code, _codes[change.PeriodId], change.UnitId,
                change.Number, Words.Of(change.To)));
            Audit.Write(
                session, now, import.Actor, "report.import", $"{plan.Code}/{_codes[change.PeriodId]}/{units[change.UnitId].Code}",
                change.Before, change.After);
        }

        if (session.Audited.Count > AuditedAtOnce)
        {
            await Audit.FlushAsync(session);
        }
    }

    private async Task ReportsAsync(
        BulkStatement statement, IReadOnlyList<KeyValuePair<string, object?>> constants, Func<Change, bool> which,
        Func<Change, string?>? status = null)
    {
        if (_changes.Exists(change => which(change)))
        {
            var row = new object?[5];
            await session.WriteManyAsync(statement, constants, _changes.Where(which).Select(change =>
            {
                (row[0], row[1], row[2], row[3], row[4]) =
                    (change.PeriodId, change.UnitId, change.Number, status?.Invoke(change), "");
                return row;
            }));
        }
    }

    private async Task ValuesAsync(BulkStatement statement, List<ImportRow> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        var cells = new object?[12];
        await session.WriteManyAsync(statement, [], values.Select(value =>
        {
            Array.Clear(cells);
            (cells[0], cells[1], cells[2], cells[3]) = (value.PeriodId, value.UnitId, value.Row, value.LineId);
            (cells[10], cells[11]) = (value.NotApplicable, value.Note);
            if (value.NotApplicable is null)
            {
                switch (_lines[value.LineId].Target.Kind)
                {
                    case TargetKind.Ratio:
                        (cells[4], cells[5], cells[6]) = (value.First, value.Total, value.Excluded);
                        break;
                    case TargetKind.UnitShare:
                        cells[7] = value.First == 1;
                        break;
                    case TargetKind.Milestone:
                        cells[9] = Words.Of((Progress)value.First);
                        break;
                    default:
                        cells[8] = value.First;
                        break;
                }
            }

            return cells;
        }));
    }

    private sealed record Head(ReportStatus Status, int Number, bool IsSubmitted, DateOnly? Until)
    {
        public ReportStanding Standing => new(Status, IsEmpty: false, Until, HasDistrictApproval: false);
    }

    private sealed record Change(
        int PeriodId, int UnitId, int Number, ReportStatus? From, ReportStatus To, bool BeginsRevision, bool HasValues, object? Before, object After);
}
