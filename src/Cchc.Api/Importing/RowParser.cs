using System.Globalization;
using System.Text;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Api.Units;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Importing;

/// <summary>What became of a row; none where the file has no such row, read where its file broke off further on.</summary>
internal enum RowOutcome : byte { None, Read, NotGiven, Created, Updated, Unchanged, Rejected }

/// <summary>A value on its way in, kept small: an import holds a million of them. First is the numerator, or what stands alone.</summary>
internal struct ImportRow
{
    public int Row;
    public int PeriodId;
    public int UnitId;
    public int LineId;
    public long First;
    public long Total;
    public long Excluded;
    public string? NotApplicable;
    public string? Note;
}

/// <summary>Reads the cells of a row against the plan: the same rules as a report's PUT, said by column.</summary>
internal sealed class RowParser(Catalogue catalogue, Plan plan, Caller caller, ImportLocale? locale, List<Remark> remarks)
{
    // Longer texts are looked up each time, so that what is remembered of a file stays small.
    private const int LongestKey = 200;

    private readonly Dictionary<string, Period?> _periods = [];
    private readonly Dictionary<string, Target?> _targets = [];
    private readonly Dictionary<Period, Plan> _amended = [];
    private readonly Dictionary<string, LineLevel?> _levels = [];
    private readonly Dictionary<(int Period, string Text), Place> _places = [];
    private readonly Dictionary<int, UnitNames> _names = [];

    private RowSource _source = null!;
    private bool _isRefused;

    public RowOutcome Parse(RowSource source, out ImportRow row)
    {
        (_source, _isRefused) = (source, false);
        row = new ImportRow { Row = source.Row };
        if (source.Fault is { } fault)
        {
            remarks.Add(fault);
            return RowOutcome.Rejected;
        }

        if (IsBlank())
        {
            return RowOutcome.NotGiven;
        }

        var period = Look(ImportColumn.Period, _periods, FindPeriod, "period.unknown");
        var target = Look(ImportColumn.Target, _targets, plan.FindTarget, "value.targetUnknown");
        if (period is not null && target is not null)
        {
            target = Amended(target, period);
        }

        var unit = period is null ? null : FindUnit(period);
        (row.PeriodId, row.UnitId) = (period?.Id ?? 0, unit?.Id ?? 0);
        var level = FindLevel();
        var given = new GivenValue(
            Count(ImportColumn.Numerator), Count(ImportColumn.Total), Count(ImportColumn.Excluded), Flag(), Count(ImportColumn.Position, least: 1),
            FindState(), Text(ImportColumn.NotApplicable, 1000));
        row.Note = Text(ImportColumn.Note, 2000);
        row.NotApplicable = given.NotApplicable;
        if (period is null || target is null || unit is null || _isRefused)
        {
            return RowOutcome.Rejected;
        }

        var (line, breach) = ValueRules.FindLine(target, unit, period, level);
        if (breach is not null)
        {
            Refuse(breach);
        }

        foreach (var each in ValueRules.Check(target, given))
        {
            Refuse(each);
        }

        if (line is null || _isRefused)
        {
            return RowOutcome.Rejected;
        }

        row.LineId = line.Id;
        row.First = given.Numerator ?? given.Position ?? (given.Done is { } done ? (done ? 1 : 0) : given.State is { } state ? (long)state : 0);
        (row.Total, row.Excluded) = (given.Total ?? 0, given.Excluded ?? 0);
        return RowOutcome.Read;
    }

    private bool IsBlank()
    {
        for (var column = ImportColumn.Numerator; column <= ImportColumn.Note; column++)
        {
            if (_source.Cell(column) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private void Refuse(ImportColumn? column, string code, string? value, params string[] arguments)
    {
        _isRefused = true;
        remarks.Add(new Remark(
            _source.Row, column is { } known ? ImportColumns.NameOf(known) : null, code, value is null ? null : Remark.Shorten(value), arguments));
    }

    private Target? Amended(Target target, Period period)
    {
        if (!_amended.TryGetValue(period, out var inForce))
        {
            _amended[period] = inForce = plan.In(period, catalogue.Units);
        }

        if (ReferenceEquals(inForce, plan))
        {
            return target;
        }

        var amended = inForce.FindTarget(target.Code);
        if (amended is null)
        {
            Refuse(ImportColumn.Target, "value.targetUnknown", target.Code, target.Code);
        }

        return amended;
    }

    private void Refuse(Breach breach) => Refuse(
        ImportColumns.Find(breach.Member, out _), breach.Code, breach.Value?.ToString(),
        [.. breach.Arguments.Select(each => Convert.ToString(each, CultureInfo.InvariantCulture) ?? "")]);

    private T? Look<T>(ImportColumn column, Dictionary<string, T?> known, Func<string, T?> find, string code)
        where T : class
    {
        if (_source.Cell(column) is not { } text)
        {
            Refuse(column, "value.required", null, ImportColumns.NameOf(column));
            return null;
        }

        if (!known.TryGetValue(text, out var found))
        {
            found = find(text);
            if (known.Count < 10_000 && text.Length <= LongestKey)
            {
                known[text] = found;
            }
        }

        if (found is null)
        {
            Refuse(column, code, text, Remark.Shorten(text));
        }

        return found;
    }

    // A period goes by its code, or by its last day, which is what a form for people shows.
    private Period? FindPeriod(string text)
    {
        if (plan.FindPeriod(text) is { } byCode)
        {
            return byCode;
        }

        string[] formats = ["yyyy-MM-dd", "dd/MM/yyyy", "d/M/yyyy"];
        return DateOnly.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            || (_source as XlsxRows)?.TryDate(text, out date) is true
            ? plan.Periods.FirstOrDefault(period => period.DataTo == date) : null;
    }

    private Unit? FindUnit(Period period)
    {
        if (_source.Cell(ImportColumn.Unit) is not { } text)
        {
            Refuse(ImportColumn.Unit, "value.required", null, "unit");
            return null;
        }

        if (!_places.TryGetValue((period.Id, text), out var place))
        {
            place = FindPlace(period, text);
            if (_places.Count < 100_000 && text.Length <= LongestKey)
            {
                _places[(period.Id, text)] = place;
            }
        }

        if (place.Code is not null)
        {
            Refuse(ImportColumn.Unit, place.Code, text, place.Arguments);
        }

        return place.Unit;
    }

    private Place FindPlace(Period period, string text)
    {
        if (!_names.TryGetValue(period.Id, out var names))
        {
            _names[period.Id] = names = new UnitNames(catalogue.Units, period.DataTo);
        }

        var shown = Remark.Shorten(text);
        var found = IsWellFormed(text) ? names.Find(text) : [];
        if (found.Count != 1)
        {
            return found.Count == 0 ? new Place(null, "unit.unknown", shown)
                : new Place(null, "unit.ambiguous", shown, string.Join(", ", found.Select(each => each.Code).Order(StringComparer.Ordinal).Take(20)));
        }

        var unit = found[0];
        return unit.On(period.DataTo) is null ? new Place(null, "unit.notActive", unit.Code, period.DataTo.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))
            : new Rights(plan, period, catalogue.Units).MayWrite(caller, unit) ? new Place(unit, null)
            : new Place(null, "auth.forbidden");
    }

    private LineLevel? FindLevel()
    {
        if (_source.Cell(ImportColumn.Level) is not { } text)
        {
            return null;
        }

        if (!_levels.TryGetValue(text, out var level))
        {
            level = ImportWords.Level(text);
            if (_levels.Count < 1000 && text.Length <= LongestKey)
            {
                _levels[text] = level;
            }
        }

        if (level is null)
        {
            Refuse(ImportColumn.Level, "json.oneOf", text, Words.List<LineLevel>());
        }

        return level;
    }

    private Progress? FindState()
    {
        if (_source.Cell(ImportColumn.State) is not { } text)
        {
            return null;
        }

        var state = ImportWords.State(text);
        if (state is null)
        {
            Refuse(ImportColumn.State, "json.oneOf", text, Words.List<Progress>());
        }

        return state;
    }

    private bool? Flag()
    {
        if (_source.Cell(ImportColumn.Done) is not { } text)
        {
            return null;
        }

        var done = ImportWords.Done(text);
        if (done is null)
        {
            Refuse(ImportColumn.Done, "json.oneOf", text, "true, false, có, không");
        }

        return done;
    }

    private long? Count(ImportColumn column, long least = 0)
    {
        if (_source.Cell(column) is not { } text)
        {
            return null;
        }

        // What a spreadsheet shows as a date or percentage is another number underneath.
        if (_source.DateOrPercentFormat(column) is { } format)
        {
            Refuse(column, "cell.format", text, Remark.Shorten(format));
            return null;
        }

        // Nearly every cell is a plain number.
        if (text.Length <= 15 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var plain)
            && plain >= least && plain <= JsonInput.MaxCount)
        {
            return plain;
        }

        var (number, code) = ImportNumbers.Read(text, _source.IsNumber(column), locale);
        if (code is null && (number < least || number > JsonInput.MaxCount))
        {
            code = "value.outOfRange";
        }

        if (code is null)
        {
            return (long)number;
        }

        Refuse(column, code, text, code == "value.outOfRange"
            ? [least.ToString(CultureInfo.InvariantCulture), JsonInput.MaxCount.ToString(CultureInfo.InvariantCulture)] : []);
        return null;
    }

    private string? Text(ImportColumn column, int longest)
    {
        if (_source.Cell(column) is not { } text)
        {
            return null;
        }

        if (!IsWellFormed(text))
        {
            Refuse(column, "text.invalid", null);
            return null;
        }

        text = text.Normalize(NormalizationForm.FormC);
        if (text.Length > longest)
        {
            Refuse(column, "text.tooLong", null, longest.ToString(CultureInfo.InvariantCulture));
            return null;
        }

        return text;
    }

    private static bool IsWellFormed(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            var c = text[index];
            if (char.IsHighSurrogate(c) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                index++;
            }
            else if (char.IsSurrogate(c) || (char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Place(Unit? Unit, string? Code, params string[] Arguments);
}
