using System.Runtime.InteropServices;
using Cchc.Api.Plans;
using Cchc.Domain.Plans;

namespace Cchc.Api.Importing;

/// <summary>A file as read and checked against the plan, before any report is looked at.</summary>
internal sealed class ParsedFile
{
    public const int MostRows = 2_000_000;
    public const int MostRemarks = 100_000;

    /// <summary>The most characters of notes and reasons in a file; they are held until the import ends.</summary>
    public const int MostText = 32 * 1024 * 1024;

    private RowOutcome[] _outcomes = new RowOutcome[1024];
    private long _text;

    /// <summary>Rows that are right in themselves, by period, unit and line.</summary>
    public List<ImportRow> Rows { get; } = [];

    /// <summary>What became of each row, by its number; none where the file has no such row.</summary>
    public RowOutcome[] Outcomes => _outcomes;

    public int LastRow { get; private set; }

    /// <summary>What is wrong with rows, in the file's order, as far as <see cref="MostRemarks"/> go.</summary>
    public List<Remark> Remarks { get; } = [];

    /// <summary>How many more remarks there were.</summary>
    public int RemarksLeftOff { get; private set; }

    /// <summary>Reports of which some row was rejected.</summary>
    public HashSet<(int Period, int Unit)> Incomplete { get; } = [];

    public bool HasRejected { get; private set; }

    /// <summary>Whether the file broke off, so that nothing is known of what follows.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether not even the heading could be read.</summary>
    public bool IsUnreadable { get; private set; } = true;

    public static ParsedFile Read(
        Stream stream, ImportRecord import, Catalogue catalogue, Plan plan, Action<int, double> progress, CancellationToken cancellation)
    {
        var file = new ParsedFile();
        try
        {
            using var source = RowSource.Open(import.Format, stream);
            file.IsUnreadable = false;
            var parser = new RowParser(
                catalogue, plan, import.Caller, import.Locale is { } locale ? ImportWords.Locale(locale) : null, file.Remarks);
            var count = 0;
            while (source.Read())
            {
                if (++count > MostRows || source.Row > MostRows * 2)
                {
                    throw new UnreadableFileException(new Remark(
                        source.Row, null, "import.tooManyRows", null, MostRows.ToString(System.Globalization.CultureInfo.InvariantCulture)));
                }

                file.Add(source.Row, parser.Parse(source, out var row), row);
                if (file.Remarks.Count > MostRemarks)
                {
                    file.RemarksLeftOff += file.Remarks.Count - MostRemarks;
                    file.Remarks.RemoveRange(MostRemarks, file.Remarks.Count - MostRemarks);
                }

                if (count % 1024 == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress(count, stream.CanSeek ? (double)stream.Position / Math.Max(1, stream.Length) : 0);
                }
            }
        }
        catch (UnreadableFileException exception)
        {
            file.Remarks.AddRange(exception.Remarks);
            file.Add(exception.Remarks[0].Row, RowOutcome.Rejected, default);
            file.IsBroken = true;
        }

        file.RefuseDuplicates(plan);
        return file;
    }

    private void Add(int number, RowOutcome outcome, in ImportRow row)
    {
        if (number >= _outcomes.Length)
        {
            Array.Resize(ref _outcomes, Math.Max(number + 1, _outcomes.Length * 2));
        }

        LastRow = Math.Max(LastRow, number);
        _outcomes[number] = outcome;
        if (outcome == RowOutcome.Read)
        {
            if ((_text += (row.Note?.Length ?? 0) + (row.NotApplicable?.Length ?? 0)) > MostText)
            {
                throw new UnreadableFileException(new Remark(
                    number, null, "file.tooMuchText", null, MostText.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            }

            Rows.Add(row);
        }
        else if (outcome == RowOutcome.Rejected)
        {
            HasRejected = true;
            Incomplete.Add((row.PeriodId, row.UnitId));
        }
    }

    // Nobody can tell which of two rows for one value is meant, so that none of them is taken.
    private void RefuseDuplicates(Plan plan)
    {
        var rows = CollectionsMarshal.AsSpan(Rows);
        rows.Sort(static (one, other) =>
            one.PeriodId != other.PeriodId ? one.PeriodId.CompareTo(other.PeriodId)
            : one.UnitId != other.UnitId ? one.UnitId.CompareTo(other.UnitId)
            : one.LineId != other.LineId ? one.LineId.CompareTo(other.LineId)
            : one.Row.CompareTo(other.Row));
        for (var index = 1; index < rows.Length; index++)
        {
            ref readonly var row = ref rows[index];
            ref readonly var before = ref rows[index - 1];
            if (row.PeriodId == before.PeriodId && row.UnitId == before.UnitId && row.LineId == before.LineId)
            {
                var lineId = row.LineId;
                var code = plan.Targets.First(target => target.Lines.Any(line => line.Id == lineId)).Code;
                Refuse(before, code);
                Refuse(row, code);
            }
        }

        void Refuse(in ImportRow row, string code)
        {
            if (_outcomes[row.Row] != RowOutcome.Rejected)
            {
                _outcomes[row.Row] = RowOutcome.Rejected;
                HasRejected = true;
                Incomplete.Add((row.PeriodId, row.UnitId));
                Remarks.Add(new Remark(row.Row, "target", "value.duplicate", code, code));
            }
        }
    }
}
