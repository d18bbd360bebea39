using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Domain.Completion;

/// <summary>
/// What was reported for one period of a plan in one lens: immutable, and all that every figure is computed from. Values stand in
/// columns, one array a line, in the order of the units expected on it.
/// </summary>
public sealed class PeriodFacts
{
    private readonly Dictionary<int, ReportHead>[] _heads;
    private readonly HashSet<int> _received;
    private readonly LineFacts[] _lines;
    private readonly Dictionary<int, int> _lineIndex;
    private readonly Lazy<bool> _hasSample;
    private readonly Lazy<RollUp>[] _ofPlan;

    /// <param name="plan">The plan, which is judged as amended up to the period's last day.</param>
    /// <param name="period">The period asked for.</param>
    /// <param name="units">Every unit.</param>
    /// <param name="heads">The revision that counts, by unit, of this period.</param>
    /// <param name="rowsOf">The rows that count of a period: this one, or a part of a flow's year to date.</param>
    public PeriodFacts(
        Plan plan, Period period, UnitRegistry units, IEnumerable<ReportHead> heads, Func<Period, IEnumerable<ReportedRow>> rowsOf)
        : this(plan, period, units)
    {
        foreach (var head in heads)
        {
            Put(Parts.Count - 1, head);
        }

        for (var part = 0; part < Parts.Count; part++)
        {
            foreach (var row in rowsOf(Parts[part]))
            {
                Put(part, row);
            }
        }
    }

    private PeriodFacts(Plan plan, Period period, UnitRegistry units)
    {
        Plan = plan.In(period, units);
        Period = period;
        Units = units;
        Expectation = new Expectation(plan, period, units);
        Parts = plan.YearToDateParts(period);
        _heads = [.. Parts.Select(_ => new Dictionary<int, ReportHead>())];
        _received = [];
        _lines = LinesOf(plan);
        _lineIndex = Expectation.Lines.Select((line, index) => (line.Line.Id, index)).ToDictionary();
        _hasSample = new Lazy<bool>(FindSample);
        _ofPlan = RollPlan();
    }

    // What these units said is left out, and what others said is shared.
    private PeriodFacts(PeriodFacts former, IReadOnlyCollection<int> unitIds)
    {
        (Plan, Period, Units, Expectation, Parts, _lineIndex) =
            (former.Plan, former.Period, former.Units, former.Expectation, former.Parts, former._lineIndex);
        _heads = [.. former._heads.Select(heads => new Dictionary<int, ReportHead>(heads))];
        _received = [.. former._received];
        _lines = [.. former._lines.Select(line => unitIds.Any(line.Has) ? new LineFacts(line) : line)];
        _hasSample = new Lazy<bool>(FindSample);
        _ofPlan = RollPlan();
        foreach (var unitId in unitIds)
        {
            Array.ForEach(_heads, heads => heads.Remove(unitId));
            _received.Remove(unitId);
            foreach (var line in _lines.Where(line => line.Has(unitId)))
            {
                line.Forget(unitId);
            }
        }
    }

    // The same reports, judged on another day.
    private PeriodFacts(PeriodFacts former, DateOnly day)
    {
        (Plan, Period, Units, Expectation, Parts, _lineIndex) =
            (former.Plan, former.Period, former.Units, former.Expectation, former.Parts, former._lineIndex);
        (_heads, _received, _lines, _hasSample, Day) = (former._heads, former._received, former._lines, former._hasSample, day);
        _ofPlan = RollPlan();
    }

    /// <summary>Facts that are read bit by bit.</summary>
    public static Reading Begin(Plan plan, Period period, UnitRegistry units) => new(new PeriodFacts(plan, period, units));

    /// <summary>These facts as they are judged on a day; this instance where that makes no difference.</summary>
    public PeriodFacts On(DateOnly day)
    {
        var judged = day > Period.DueOn ? DateOnly.MaxValue : day;
        return judged == Day ? this : new PeriodFacts(this, judged);
    }

    /// <summary>These facts with what some units said read anew.</summary>
    public Reading BeginAgain(IReadOnlyCollection<int> unitIds) => new(new PeriodFacts(this, unitIds));

    public Plan Plan { get; }
    public Period Period { get; }
    public UnitRegistry Units { get; }
    public Expectation Expectation { get; }

    /// <summary>The periods that make up a flow's year to date, the asked one last.</summary>
    public IReadOnlyList<Period> Parts { get; }

    /// <summary>
    /// The day, in Asia/Ho_Chi_Minh, on which the figures are judged: what is missing before its deadline is still pending. The last of all
    /// days where every deadline of the period has passed.
    /// </summary>
    public DateOnly Day { get; } = DateOnly.MaxValue;

    /// <summary>
    /// Whether the period has figures: it has begun, a report of it counts, and so does a line. Without them the plan and every unit have
    /// no completion.
    /// </summary>
    public bool HasFigures(Basis basis) => OfPlan(basis).Completion is not null;

    /// <summary>Whether invented sample reports are among those that count.</summary>
    public bool HasSample => _hasSample.Value;

    /// <summary>Whether a unit gave at least one value that was due of it.</summary>
    public bool HasReceived(int unitId) => _received.Contains(unitId);

    public ReportHead? HeadOf(int unitId) => _heads[^1].GetValueOrDefault(unitId);

    /// <summary>A unit's value on a line.</summary>
    public ReportedValue Value(int lineId, int unitId, Basis basis) =>
        _lines[_lineIndex[lineId]] is var line && line.Find(unitId) is >= 0 and var at ? line.Value(at, basis) : default;

    /// <summary>The parts of a unit's year to date on a line that count, with the unit that answered in each.</summary>
    public IReadOnlyList<(Period Period, int UnitId, ReportedValue Value)> PartsOf(int lineId, int unitId) =>
        _lines[_lineIndex[lineId]] is var line && line.Find(unitId) is >= 0 and var at
            ? [.. line.PartsOf(at).Select(each => (Parts[^(each.FromLast + 1)], each.UnitId, each.Value))] : [];

    /// <summary>The figures of the whole plan.</summary>
    public RollUp OfPlan(Basis basis) => _ofPlan[(int)basis].Value;

    /// <summary>The figures of one unit on its own values alone.</summary>
    public RollUp OfUnit(int unitId, Basis basis) => OfAll([unitId], basis);

    /// <summary>The figures of a unit with all that stands below it on the period's last day.</summary>
    public RollUp OfSubtree(int unitId, Basis basis) =>
        OfAll([.. Units.All.Where(unit => Units.IsWithin(unit, unitId, Period.DataTo)).Select(unit => unit.Id)], basis);

    /// <summary>The figures of all units of a level together.</summary>
    public RollUp OfLevel(UnitLevel level, Basis basis) =>
        OfAll([.. Units.All.Where(unit => unit.Level == level).Select(unit => unit.Id)], basis);

    /// <summary>The reports behind the figures of some units.</summary>
    public ReportCoverage CoverageOf(IEnumerable<int> unitIds) =>
        CoverageOf(unitIds, id => Expectation.LinesOf(id).Count > 0, _received.Contains);

    /// <summary>The reports behind the figures of some units on some targets alone: one is received with a value of any of these targets.</summary>
    public ReportCoverage CoverageOf(IEnumerable<int> unitIds, params IReadOnlyCollection<string> targets)
    {
        return CoverageOf(unitIds, id => Lines(id).Any(), id => Lines(id).Any(line => Value(line.Line.Id, id, Basis.Period).State != ValueState.Missing));

        IEnumerable<LineReporters> Lines(int unitId) => Expectation.LinesOf(unitId).Where(line => targets.Contains(line.Target.Code));
    }

    private ReportCoverage CoverageOf(IEnumerable<int> unitIds, Func<int, bool> isExpected, Func<int, bool> isReceived)
    {
        int expected = 0, received = 0, onTime = 0;
        foreach (var unitId in unitIds.Where(isExpected))
        {
            expected++;
            if (isReceived(unitId))
            {
                received++;
                onTime += HeadOf(unitId) is { } head && Period.IsOnTime(Units[unitId].Level, head.FirstSubmittedAt) ? 1 : 0;
            }
        }

        return new ReportCoverage(expected, received, onTime);
    }

    private LineFacts[] LinesOf(Plan plan)
    {
        var earlier = Parts.SkipLast(1)
            .Select(part => new Expectation(plan, part, Units).Lines.ToDictionary(line => line.Line.Id)).ToList();
        return [.. Expectation.Lines.Select(line => new LineFacts(
            line.Target.Measure == Measure.Flow ? [.. earlier.Select(lines => lines[line.Line.Id]), line] : [line]))];
    }

    private Lazy<RollUp>[] RollPlan() => [.. Enum.GetValues<Basis>().Select(basis => new Lazy<RollUp>(() => Roll(
        Enumerable.Range(0, _lines.Length), line => line.Sum(basis), Expectation.UnitIds, Day >= Period.DataFrom && _received.Count > 0)))];

    private RollUp OfAll(int[] unitIds, Basis basis) =>
        Roll(LinesOf(unitIds), line => line.Sum(basis, unitIds), unitIds, HasFigures(basis));

    // The lines on which any of some units is expected, in the plan's order.
    private IEnumerable<int> LinesOf(IReadOnlyCollection<int> unitIds)
    {
        var isMeant = new bool[_lines.Length];
        foreach (var unitId in unitIds)
        {
            foreach (var line in Expectation.LinesOf(unitId))
            {
                isMeant[_lineIndex[line.Line.Id]] = true;
            }
        }

        return Enumerable.Range(0, isMeant.Length).Where(index => isMeant[index]);
    }

    private RollUp Roll(IEnumerable<int> lines, Func<LineFacts, LineSums> sum, IReadOnlyCollection<int> unitIds, bool hasFigures)
    {
        var elapsed = Plan.Elapsed(Period);
        var targets = new List<TargetResult>();
        var results = new List<LineResult>();
        Target? target = null;
        foreach (var line in lines.Select(index => _lines[index]))
        {
            if (!ReferenceEquals(line.Reporters.Target, target))
            {
                Close();
                target = line.Reporters.Target;
            }

            var sums = sum(line);
            results.Add(LineRules.Compute(line.Reporters, sums, sums.Received == 0 && IsAwaited(line, unitIds), Period, elapsed));
        }

        Close();
        return new RollUp(targets, CoverageOf(unitIds), hasFigures);

        void Close()
        {
            if (target is not null)
            {
                targets.Add(new TargetResult(target, [.. results]));
                results.Clear();
            }
        }
    }

    // A line's deadline is the latest of its reporters'.
    private bool IsAwaited(LineFacts line, IEnumerable<int> unitIds) =>
        Day <= Period.DueOn && unitIds.Any(id => line.Find(id) >= 0 && Day <= Period.DueOnFor(Units[id].Level));

    private bool FindSample() => Array.Exists(_heads, heads => heads.Values.Any(head => head.IsSample));

    private void Put(int part, ReportHead head) => _heads[part][head.UnitId] = head;

    private void Put(int part, in ReportedRow row)
    {
        if (_lineIndex.TryGetValue(row.LineId, out var line) && _lines[line].Put(Parts.Count - 1 - part, row) && part == Parts.Count - 1)
        {
            _received.Add(row.UnitId);
        }
    }

    /// <summary>Takes in what is read, and gives the facts once all of it is.</summary>
    public sealed class Reading
    {
        private PeriodFacts? _facts;

        internal Reading(PeriodFacts facts) => _facts = facts;

        /// <summary>The periods to read, in the order in which <c>part</c> counts them.</summary>
        public IReadOnlyList<Period> Parts => Facts.Parts;

        private PeriodFacts Facts => _facts ?? throw new InvalidOperationException("These facts are given away already.");

        public void Add(int part, ReportHead head) => Facts.Put(part, head);

        public void Add(int part, in ReportedRow row) => Facts.Put(part, row);

        /// <summary>The facts, which never change from here on.</summary>
        public PeriodFacts End()
        {
            var facts = Facts;
            _facts = null;
            return facts;
        }
    }
}
