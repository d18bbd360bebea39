using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;
using CsCheck;

namespace Cchc.Domain.Tests;

/// <summary>A world for the oracle, the period asked of it, the day, and the periods that have a consolidated result.</summary>
internal sealed record Case(OracleWorld World, OraclePeriod Asked, int Today, IReadOnlySet<int> Consolidated);

/// <summary>Random plans, units and reports, and the same told to the domain.</summary>
internal static class Generated
{
    private const long Largest = 9_007_199_254_740_991;
    private const int FirstDay = 738_000;
    private static readonly string[] Kinds = ["ratio", "ratio", "ratio", "unitShare", "rank", "grade", "milestone"];
    private static readonly string[] Frequencies = ["quarterly", "quarterly", "quarterly", "halfYearly", "annual"];
    private static readonly string[] PeriodKinds = ["quarter", "half", "year"];
    private static readonly string[] Levels = ["province", "district", "commune", "whole"];
    private static readonly string[] UnitKinds = ["committee", "department", "centre", "agency"];

    // A window: days, cumulative or not, kind, whether a window that is not cumulative ends on the same day, from where it counts.
    private static readonly Gen<(int Days, bool Cumulative, string Kind, bool Twin)> Window =
        Gen.Select(
            Gen.Int[5, 120],
            Gen.Bool,
            Pick(PeriodKinds),
            Gen.Int[0, 3],
            (days, whole, kind, twin) => (days, whole, kind, twin == 0));

    private static readonly Gen<(int Level, int Kind, int Life)> UnitShape = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 11]);

    private static readonly Gen<(int Up, int Level, int Threshold)[]> LineShapes =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 3], Gen.Int[0, 10_000]).Array[1, 4];

    private static readonly Gen<TargetShape> Shape = Gen.Select(
        Pick(Kinds),
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
        Gen.Int[1, 15],
        Gen.Int[0, 100],
        Pick(Frequencies),
        Gen.OneOf(Gen.Const(100), Gen.Int[1, 1_000]),
        LineShapes,
        (kind, flags, kinds, owner, frequency, weight, lines) => new TargetShape(kind, flags, kinds, owner, frequency, weight, lines));

    private static readonly Gen<(int Mode, long A, long B, long C)[]> Tape =
        Gen.Select(Gen.Int[0, 15], Gen.Long[0, Largest], Gen.Long[0, Largest], Gen.Long[0, Largest]).Array[61];

    public static readonly Gen<Case> Cases = Gen.Select(
        Window.Array[1, 4],
        UnitShape.Array[0, 7],
        Shape.Array[1, 6],
        Tape,
        Gen.Select(Gen.Int[0, 100], Gen.Int[0, 200], Gen.Int[0, 31]),
        (windows, units, targets, tape, asked) => Build(windows, units, targets, tape, asked));

    public static (PeriodFacts Facts, UnitRegistry Registry) Told(Case told)
    {
        var (plan, period, registry, heads, rowsOf) = Say(told);
        return (new PeriodFacts(plan, period, registry, heads, rowsOf).On(DateOnly.FromDayNumber(told.Today)), registry);
    }

    /// <summary>The reports that count of every period, as the domain has them.</summary>
    public static (Plan Plan, Dictionary<int, ReportCoverage> Coverage) ToldOfAllPeriods(Case told)
    {
        var (plan, _, registry, _, rowsOf) = Say(told);
        return (plan, plan.Periods.ToDictionary(
            period => period.Id, period => new PeriodFacts(plan, period, registry, [], rowsOf).OfPlan(Basis.Period).Coverage));
    }

    /// <summary>The same told in two steps: first with what some units never said, then with what they did.</summary>
    public static (PeriodFacts First, PeriodFacts Then) ToldInTwoSteps(Case told)
    {
        var (plan, period, registry, heads, rowsOf) = Say(told);
        int[] changed = [.. told.World.Units.Select(unit => unit.Id).Where(id => id % 3 != 1)];
        var first = PeriodFacts.Begin(plan, period, registry);
        Read(first, head => changed.Contains(head.UnitId) ? head with { FirstSubmittedAt = DateTimeOffset.MinValue } : head, row => row with
        {
            Value = changed.Contains(row.UnitId) ? ReportedValue.Ratio(1, 3, row.LineId % 2) : row.Value,
        });
        var before = first.End();
        var then = before.BeginAgain(changed);
        Read(then, head => changed.Contains(head.UnitId) ? head : null, row => changed.Contains(row.UnitId) ? row : null);
        var day = DateOnly.FromDayNumber(told.Today);
        return (before.On(day), then.End().On(day));

        void Read(PeriodFacts.Reading reading, Func<ReportHead, ReportHead?> say, Func<ReportedRow, ReportedRow?> give)
        {
            foreach (var head in heads)
            {
                if (say(head) is { } said)
                {
                    reading.Add(reading.Parts.Count - 1, said);
                }
            }

            for (var part = 0; part < reading.Parts.Count; part++)
            {
                foreach (var row in rowsOf(reading.Parts[part]))
                {
                    if (give(row) is { } given)
                    {
                        reading.Add(part, given);
                    }
                }
            }
        }
    }

    private static (Plan Plan, Period Period, UnitRegistry Units, List<ReportHead> Heads, Func<Period, IEnumerable<ReportedRow>> RowsOf) Say(Case told)
    {
        var world = told.World;
        var registry = new UnitRegistry(
            [.. world.Units.Select(ToUnit)],
            [.. world.Successions!.Select(each => new Succession(each.From, each.To, DateOnly.FromDayNumber(each.Day), UnitChange.Merger))]);
        var plan = Make.Plan([.. world.Targets.Select(ToTarget)], [.. world.Periods.Select(ToPeriod)]) with
        {
            LeadUnitId = world.Lead,
            Amendments = [.. world.Targets.Where(target => target.LaterOwner is not null).GroupBy(target => target.LaterOwner!.Value.From)
                .Select(group => new Amendment(
                    group.Key, "", default, DateOnly.FromDayNumber(group.Key), "",
                    [.. group.Select(target => new AmendedTarget(target.Id, false, null, null, target.LaterOwner!.Value.Unit, []))]))],
        };
        var period = plan.Periods.Single(each => each.Id == told.Asked.Id);
        var heads = world.FirstSubmittedUtcTicks.Where(each => each.Key.Period == period.Id)
            .Select(each => new ReportHead(each.Key.Unit, 1, new DateTimeOffset(each.Value, TimeSpan.Zero), false)).ToList();
        var kindOf = world.Targets.SelectMany(target => target.Lines.Select(line => (line.Id, target.Kind))).ToDictionary();
        return (plan, period, registry, heads, part => world.Values
            .Where(each => each.Key.Period == part.Id)
            .Select(each => new ReportedRow(each.Key.Unit, each.Key.Line, ToValue(kindOf[each.Key.Line], each.Value))));
    }

    private static Case Build(
        (int Days, bool Cumulative, string Kind, bool Twin)[] windows,
        (int Level, int Kind, int Life)[] unitShapes,
        TargetShape[] targetShapes,
        (int Mode, long A, long B, long C)[] tape,
        (int Period, int Day, int Consolidated) asked)
    {
        var periods = new List<OraclePeriod>();
        var from = FirstDay;
        for (var index = 0; index < windows.Length; index++)
        {
            var (days, cumulative, kind, twin) = windows[index];
            var to = from + days - 1;
            var last = index == windows.Length - 1;

            // Two windows may end on one day, a quarter of its own and a half or a year from the start, in either order.
            if (twin && days % 2 == 0)
            {
                periods.Add(new OraclePeriod(periods.Count + 1, "quarter", from, to, to + 5, false, false));
            }

            var whole = cumulative || twin;
            var deadlines = Levels.Take(3).Select((level, at) => (level, Days: (days + at) % 9)).Where(each => each.Days <= 6)
                .ToDictionary(each => each.level, each => to + each.Days);
            periods.Add(new OraclePeriod(periods.Count + 1, kind, whole ? FirstDay : from, to, to + 6, whole, last, deadlines));
            if (twin && days % 2 == 1 && !last)
            {
                periods.Add(new OraclePeriod(periods.Count + 1, "quarter", from, to, to + 5, false, false));
            }

            from = to + 1;
        }

        var units = new List<OracleUnit> { new(1, "ROOT", "province", "committee", null, null, null) };
        for (var index = 0; index < unitShapes.Length; index++)
        {
            var (level, kind, life) = unitShapes[index];
            var middle = periods[periods.Count / 2].To;
            int? activeFrom = life is 0 or 1 ? middle + life : null;
            int? activeTo = life is 2 or 3 ? middle + life - 3 : null;

            // A parent is any unit before it; ids do not follow the order of the codes.
            var parent = units[life % units.Count].Id;
            units.Add(new OracleUnit(100 - index, $"U{(index * 5) % 8}", Levels[level], UnitKinds[kind], parent, activeFrom, activeTo));
        }

        var always = units.Where(unit => unit.Parent is not null && unit.ActiveFrom is null && unit.ActiveTo is null).ToList();
        if (always.Count == 0)
        {
            units.Add(new OracleUnit(2, "OWNER", "province", "department", 1, null, null));
            always.Add(units[^1]);
        }

        // Whoever ended may be followed by one unit, by several, by one that ended too, or by none.
        var successions = units.Where(unit => unit.ActiveTo is not null)
            .SelectMany((unit, at) => units.Where((other, place) => other.Parent is not null && other != unit && (place + at + asked.Day) % 3 == 0)
                .Take(1 + (asked.Day % 2)).Select(other => (unit.Id, other.Id, unit.ActiveTo!.Value + 1))).ToList();
        var owners = units.Where(unit => unit.Parent is not null).ToList();
        var targets = new List<OracleTarget>();
        foreach (var shape in targetShapes)
        {
            var ranked = shape.Kind is "rank" or "grade";
            var lines = new List<OracleLine>();
            foreach (var (bias, level, threshold) in shape.Lines)
            {
                if (lines.All(line => line.Level != Levels[level]))
                {
                    var rate = bias switch { 0 => 5_000, 1 or 2 => 10_000, _ => Math.Max(1, threshold) };
                    var hundredths = ranked ? 100 * (1 + (threshold % 12)) : rate;
                    lines.Add(new OracleLine(
                        1 + (targets.Count * 10) + lines.Count, Levels[level], hundredths, ranked || (shape.Kind != "milestone" && bias % 3 == 1)));
                }
            }

            var (flow, progressive, owner) = shape.Flags;
            targets.Add(new OracleTarget(
                targets.Count + 1,
                shape.Kind,
                flow && shape.Kind == "ratio",
                progressive,
                owner || ranked,
                [.. UnitKinds.Where((_, at) => (shape.KindBits & (1 << at)) != 0)],
                owners[shape.Owner % owners.Count].Id,
                shape.Frequency,
                shape.Weight,
                lines,
                shape.Owner % 3 == 0 ? (periods[shape.Owner % periods.Count].From, owners[(shape.Owner + 1) % owners.Count].Id) : null));
        }

        // On any day from before the period to after its last deadline; as often long after it.
        var of = periods[asked.Period % periods.Count];
        var today = asked.Day > 100 ? of.Due + asked.Day : of.From - 2 + (asked.Day % (of.Due - of.From + 5));
        return new Case(
            Report(periods, units, targets, tape) with { Lead = always[asked.Day % always.Count].Id, Successions = successions }, of, today,
            periods.Where(each => asked.Consolidated < 16 && (asked.Consolidated >> (each.Id % 4) & 1) == 1).Select(each => each.Id).ToHashSet());
    }

    private static OracleWorld Report(
        List<OraclePeriod> periods, List<OracleUnit> units, List<OracleTarget> targets, (int Mode, long A, long B, long C)[] tape)
    {
        var values = new Dictionary<(int, int, int), OracleValue>();
        var submitted = new Dictionary<(int, int), long>();
        var slot = 0;
        foreach (var period in periods)
        {
            foreach (var unit in units)
            {
                var head = tape[(slot + 7) % tape.Length];
                var midnight = ((period.Due + 1) * TimeSpan.TicksPerDay) - (7 * TimeSpan.TicksPerHour);
                submitted[(period.Id, unit.Id)] = head.Mode switch
                {
                    < 4 => midnight - 2 + head.Mode,
                    < 12 => midnight - (head.A % (20 * TimeSpan.TicksPerDay)),
                    _ => midnight + (head.A % (20 * TimeSpan.TicksPerDay)),
                };
                var silent = head.B % 5 == 0 || tape[(period.Id * 13) % tape.Length].A % 5 == 0;
                foreach (var target in targets)
                {
                    foreach (var line in target.Lines)
                    {
                        // Also from units that nobody asked and in periods that are not due: figures must not notice.
                        slot++;
                        if (!silent && Value(target.Kind, tape[((slot * 7) + (slot / tape.Length)) % tape.Length]) is { } value)
                        {
                            values[(period.Id, unit.Id, line.Id)] = value;
                        }
                    }
                }
            }
        }

        return new OracleWorld(periods, targets, units, values, submitted);
    }

    private static Gen<string> Pick(string[] from) => Gen.Int[0, from.Length - 1].Select(at => from[at]);

    private static OracleValue? Value(string kind, (int Mode, long A, long B, long C) from)
    {
        var (mode, a, b, c) = from;
        if (mode < 2)
        {
            return null;
        }

        if (mode < 4)
        {
            return new OracleValue(true, 0, 0, 0);
        }

        if (kind != "ratio")
        {
            return kind is "rank" or "grade"
                ? new OracleValue(false, mode == 4 ? Largest : 1 + (a % 15), 0, 0)
                : new OracleValue(false, a % 2, 0, 0);
        }

        var total = mode switch { 4 => 0, 5 => Largest, 6 => a, 7 or 8 => 10_000, _ => a % 200 };
        var excluded = mode switch { 7 => 0, 9 => total, _ => b % 3 == 0 ? b % (total + 1) : 0 };
        var numerator = mode switch { 5 or 10 => total - excluded, 11 => 0, _ => c % (total - excluded + 1) };
        return new OracleValue(false, numerator, total, excluded);
    }

    private static Unit ToUnit(OracleUnit unit) => Make.Unit(
        unit.Id,
        unit.Code,
        Enum.Parse<UnitLevel>(unit.Level, true),
        Enum.Parse<UnitKind>(unit.Kind, true),
        unit.Parent,
        unit.ActiveFrom is { } start ? DateOnly.FromDayNumber(start) : null,
        unit.ActiveTo is { } end ? DateOnly.FromDayNumber(end) : null);

    private static Target ToTarget(OracleTarget target)
    {
        var kind = Enum.Parse<TargetKind>(target.Kind, true);
        return Make.Target(
            target.Id,
            kind,
            [.. target.Lines.Select(line => Make.Line(
                line.Id, Enum.Parse<LineLevel>(line.Level, true), kind, line.ThresholdHundredths, line.AtMost))]) with
        {
            Measure = target.Flow ? Measure.Flow : Measure.Stock,
            Trajectory = target.Progressive ? Trajectory.Progressive : Trajectory.Constant,
            Reporting = target.ByOwner ? Reporting.Owner : Reporting.EachUnit,
            ReporterKinds = [.. target.Kinds.Select(each => Enum.Parse<UnitKind>(each, true))],
            OwnerId = target.Owner,
            Frequency = Enum.Parse<Frequency>(target.Frequency, true),
            WeightHundredths = target.Weight,
        };
    }

    private static Period ToPeriod(OraclePeriod period) => Make.Period(
        period.Id,
        Enum.Parse<PeriodKind>(period.Kind, true),
        DateOnly.FromDayNumber(period.From),
        DateOnly.FromDayNumber(period.To),
        period.Cumulative,
        period.Final) with
    {
        DueOn = DateOnly.FromDayNumber(period.Due),
        Deadlines = [.. (period.DueByLevel ?? new Dictionary<string, int>()).Select(each => new LevelDeadline(
            Enum.Parse<UnitLevel>(each.Key, true), DateOnly.FromDayNumber(each.Value)))],
    };

    private static ReportedValue ToValue(string kind, OracleValue value) => value.NotApplicable
        ? ReportedValue.NotApplicable
        : kind switch
        {
            "ratio" => ReportedValue.Ratio(value.First, value.Total, value.Excluded),
            "unitShare" => ReportedValue.Done(value.First == 1),
            "milestone" => ReportedValue.Milestone(value.First == 1 ? Progress.Done : Progress.InProgress),
            _ => ReportedValue.Position(value.First),
        };

    private sealed record TargetShape(
        string Kind,
        (bool Flow, bool Progressive, bool Owner) Flags,
        int KindBits,
        int Owner,
        string Frequency,
        int Weight,
        (int Bias, int Level, int Threshold)[] Lines);
}
