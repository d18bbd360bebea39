using System.Numerics;

namespace Cchc.Domain.Tests;

// An independent computation, written from the design's page on the domain alone and deliberately naive: plain loops over plain
// records, words instead of enumerations, its own fractions, nothing cached and nothing shared with the code under test.

internal sealed record OraclePeriod(
    int Id, string Kind, int From, int To, int Due, bool Cumulative, bool Final, IReadOnlyDictionary<string, int>? DueByLevel = null);

internal sealed record OracleUnit(int Id, string Code, string Level, string Kind, int? Parent, int? ActiveFrom, int? ActiveTo);

internal sealed record OracleLine(int Id, string Level, int ThresholdHundredths, bool AtMost = false);

internal sealed record OracleTarget(
    int Id,
    string Kind,
    bool Flow,
    bool Progressive,
    bool ByOwner,
    IReadOnlyList<string> Kinds,
    int Owner,
    string Frequency,
    int Weight,
    IReadOnlyList<OracleLine> Lines,
    (int From, int Unit)? LaterOwner = null);

/// <summary>A ratio's numerator, total and excluded; else done (0 or 1) or the position comes first.</summary>
internal sealed record OracleValue(bool NotApplicable, long First, long Total, long Excluded);

/// <summary>Periods stand in the order of their last days; a value that is not there was not reported.</summary>
internal sealed record OracleWorld(
    IReadOnlyList<OraclePeriod> Periods,
    IReadOnlyList<OracleTarget> Targets,
    IReadOnlyList<OracleUnit> Units,
    IReadOnlyDictionary<(int Period, int Unit, int Line), OracleValue> Values,
    IReadOnlyDictionary<(int Period, int Unit), long> FirstSubmittedUtcTicks,
    int Lead = 0,
    IReadOnlyList<(int From, int To, int Day)>? Successions = null);

internal readonly record struct Ratio(BigInteger Up, BigInteger Down)
{
    public static Ratio Zero => new(0, 1);

    public Ratio Plus(Ratio other) => new((Up * other.Down) + (other.Up * Down), Down * other.Down);

    public Ratio Times(BigInteger by) => new(Up * by, Down);

    public Ratio Over(BigInteger by) => new(Up, Down * by);

    public bool AtLeast(Ratio other) => Up * other.Down >= other.Up * Down;

    public bool Equal(Ratio other) => Up * other.Down == other.Up * Down;

    /// <summary>As shown: percent with two decimals, half away from zero. Nothing here is ever negative.</summary>
    public decimal Percent()
    {
        var scaled = Up * 10000;
        var whole = scaled / Down;
        var rest = scaled % Down;
        if (rest * 2 >= Down)
        {
            whole += 1;
        }

        return (decimal)whole / 100m;
    }
}

internal sealed record OracleLineResult(
    string Status,
    BigInteger Numerator,
    BigInteger Total,
    BigInteger Excluded,
    int Done,
    BigInteger? Position,
    Ratio? Rate,
    Ratio? Completion,
    bool? Met,
    int Expected,
    int Received,
    int NotApplicable);

internal sealed record OracleTargetResult(
    OracleTarget Target, string Status, Ratio? Completion, bool? Met, IReadOnlyDictionary<int, OracleLineResult> Lines);

internal sealed record OracleResult(
    IReadOnlyList<OracleTargetResult> Targets,
    Ratio? Completion,
    int TargetsMet,
    int TargetsCounted,
    int Expected,
    int Received,
    int OnTime);

internal sealed record OracleRank(int Rank, int Unit, Ratio Completion, int OnTime);

// The day asked about is null after every deadline.
internal sealed class NaiveOracle(OracleWorld world, OraclePeriod period, bool yearToDate, int? today = null)
{
    private static readonly string[] WorstFirst =
        ["missed", "noData", "behind", "onTrack", "pending", "met", "notApplicable", "notDue", "tracked"];

    /// <summary>Which period is answered where none is named.</summary>
    public static OraclePeriod Default(OracleWorld world, bool published, int today, IReadOnlyCollection<int> consolidated)
    {
        OraclePeriod? withResult = null, wellReported = null, reported = null;
        foreach (var each in world.Periods)
        {
            var coverage = new NaiveOracle(world, each, true, today).Compute(null);
            if (consolidated.Contains(each.Id))
            {
                withResult = each;
            }

            if (today > each.Due && coverage.Expected > 0 && coverage.Received * 2 >= coverage.Expected)
            {
                wellReported = each;
            }

            if (coverage.Received > 0)
            {
                reported = each;
            }
        }

        return (published ? withResult ?? wellReported : null) ?? reported ?? world.Periods[0];
    }

    public OracleResult Plan() => WithoutFigures() ? Compute(null) with { Completion = null } : Compute(null);

    public OracleResult? Unit(int id)
    {
        foreach (var unit in world.Units)
        {
            if (unit.Id == id)
            {
                return IsRoot(unit) ? null : WithoutFigures() ? Compute(unit) with { Completion = null } : Compute(unit);
            }
        }

        return null;
    }

    /// <summary>Not begun, or no line counts, or no report counts.</summary>
    private bool WithoutFigures()
    {
        if (today < period.From)
        {
            return true;
        }

        var all = Compute(null);
        return all.TargetsCounted == 0 || all.Received == 0;
    }

    public List<OracleRank> Ranking(string level, string kind)
    {
        var nothing = WithoutFigures();
        var entries = new List<(OracleUnit Unit, Ratio Completion, int OnTime)>();
        foreach (var unit in world.Units)
        {
            if (unit.Level == level && unit.Kind == kind && Active(unit) && !IsRoot(unit))
            {
                var own = Compute(unit);
                if (own.Completion is { } completion && !nothing)
                {
                    entries.Add((unit, completion, own.OnTime));
                }
            }
        }

        // The worst sort there is, with the comparison in words: who goes before whom.
        for (var i = 0; i < entries.Count; i++)
        {
            for (var j = i + 1; j < entries.Count; j++)
            {
                if (GoesBefore(entries[j], entries[i]))
                {
                    (entries[i], entries[j]) = (entries[j], entries[i]);
                }
            }
        }

        var ranking = new List<OracleRank>();
        foreach (var entry in entries)
        {
            var better = 0;
            foreach (var other in entries)
            {
                if (other.Completion.AtLeast(entry.Completion) && !other.Completion.Equal(entry.Completion))
                {
                    better++;
                }
            }

            ranking.Add(new OracleRank(better + 1, entry.Unit.Id, entry.Completion, entry.OnTime));
        }

        return ranking;
    }

    private static bool GoesBefore((OracleUnit Unit, Ratio Completion, int OnTime) a, (OracleUnit Unit, Ratio Completion, int OnTime) b)
    {
        if (!a.Completion.Equal(b.Completion))
        {
            return a.Completion.AtLeast(b.Completion);
        }

        return a.OnTime != b.OnTime ? a.OnTime > b.OnTime : string.CompareOrdinal(a.Unit.Code, b.Unit.Code) < 0;
    }

    private bool Active(OracleUnit unit) => Active(unit, period.To);

    private static bool Active(OracleUnit unit, int day) =>
        (unit.ActiveFrom is null || unit.ActiveFrom <= day) && (unit.ActiveTo is null || day <= unit.ActiveTo);

    private static bool IsRoot(OracleUnit unit) => unit.Kind == "committee" && unit.Parent is null;

    private bool Due(OracleTarget target) => Due(target, period);

    private static bool Due(OracleTarget target, OraclePeriod at) => target.Frequency switch
    {
        "quarterly" => true,
        "halfYearly" => at.Kind is "half" or "year",
        "annual" => at.Kind == "year",
        _ => throw new InvalidOperationException(target.Frequency),
    };

    private bool Expected(OracleTarget target, OracleLine line, OracleUnit unit) => Expected(target, line, unit, period);

    /// <summary>Whether a unit should say something of a line in a period.</summary>
    private bool Expected(OracleTarget target, OracleLine line, OracleUnit unit, OraclePeriod at)
    {
        if (!Due(target, at))
        {
            return false;
        }

        if (target.ByOwner)
        {
            return OwnerOn(target, at.To) == unit.Id;
        }

        return Active(unit, at.To) && !IsRoot(unit) && target.Kinds.Contains(unit.Kind)
            && (line.Level == "whole" || line.Level == unit.Level);
    }

    /// <summary>Whoever owns a target on a day: one that is not there any more is followed by its only successor, or else by the lead.</summary>
    private int OwnerOn(OracleTarget target, int day)
    {
        var owner = target.LaterOwner is { } later && later.From <= day ? later.Unit : target.Owner;
        var reached = new List<int> { owner };
        for (var at = 0; at < reached.Count; at++)
        {
            if (Active(ById(reached[at]), day))
            {
                continue;
            }

            foreach (var (from, to, since) in world.Successions ?? [])
            {
                if (from == reached[at] && since <= day && !reached.Contains(to))
                {
                    reached.Add(to);
                }
            }
        }

        reached.RemoveAll(id => !Active(ById(id), day));
        return reached.Count == 1 ? reached[0] : world.Lead;
    }

    private OracleUnit ById(int id)
    {
        foreach (var unit in world.Units)
        {
            if (unit.Id == id)
            {
                return unit;
            }
        }

        throw new InvalidOperationException($"unit {id}");
    }

    private OracleValue? ValueOf(OracleTarget target, OracleLine line, OracleUnit unit)
    {
        if (!yearToDate || !target.Flow || period.Cumulative)
        {
            return world.Values.GetValueOrDefault((period.Id, unit.Id, line.Id));
        }

        // The latest cumulative period that ended before this one, and every one that is not cumulative and ended since.
        OraclePeriod? latest = null;
        foreach (var each in world.Periods)
        {
            if (each.Cumulative && each.To < period.To && (latest is null || each.To > latest.To))
            {
                latest = each;
            }
        }

        var parts = new List<OraclePeriod>();
        foreach (var each in world.Periods)
        {
            var since = !each.Cumulative && each.To < period.To && (latest is null || each.To > latest.To);
            if (each == latest || each == period || since)
            {
                parts.Add(each);
            }
        }

        var given = 0;
        long first = 0, total = 0, excluded = 0;
        foreach (var part in parts)
        {
            // Only what was due in that part, of a unit that should have said it, or of whoever owned the target then.
            var speaker = target.ByOwner ? OwnerOn(target, part.To) : unit.Id;
            if (!Due(target, part) || !Expected(target, line, ById(speaker), part))
            {
                continue;
            }

            if (!world.Values.TryGetValue((part.Id, speaker, line.Id), out var value))
            {
                return null;
            }

            if (!value.NotApplicable)
            {
                given++;
                first += value.First;
                total += value.Total;
                excluded += value.Excluded;
            }
        }

        return given == 0 ? new OracleValue(true, 0, 0, 0) : new OracleValue(false, first, total, excluded);
    }

    private Ratio Elapsed()
    {
        var last = world.Periods[0];
        foreach (var each in world.Periods)
        {
            if (each.Final)
            {
                last = each;
            }
        }

        var start = world.Periods[0].From;
        return new Ratio(period.To - start + 1, last.To - start + 1);
    }

    private OracleLineResult Line(OracleTarget target, OracleLine line, OracleUnit? only)
    {
        int expected = 0, received = 0, notApplicable = 0, done = 0;
        BigInteger numerator = 0, total = 0, excluded = 0;
        BigInteger? position = null;
        var deadline = 0;
        foreach (var unit in world.Units)
        {
            if ((only is not null && only.Id != unit.Id) || !Expected(target, line, unit))
            {
                continue;
            }

            expected++;
            deadline = Math.Max(deadline, DueDay(unit));
            var value = ValueOf(target, line, unit);
            if (value is null)
            {
                continue;
            }

            received++;
            if (value.NotApplicable)
            {
                notApplicable++;
                continue;
            }

            switch (target.Kind)
            {
                case "ratio":
                    numerator += value.First;
                    total += value.Total;
                    excluded += value.Excluded;
                    break;
                case "unitShare" or "milestone":
                    done += value.First == 1 ? 1 : 0;
                    break;
                default:
                    position = value.First;
                    break;
            }
        }

        OracleLineResult Result(string status, Ratio? rate, Ratio? completion, bool? met) => new(
            status, numerator, total, excluded, done, position, rate, completion, met, expected, received, notApplicable);

        if (target.Kind == "milestone")
        {
            return Result("tracked", null, null, null);
        }

        if (!Due(target))
        {
            return Result("notDue", null, null, null);
        }

        if (expected == 0)
        {
            return Result("notApplicable", null, null, null);
        }

        var ranked = target.Kind is "rank" or "grade";
        Ratio? rate = target.Kind switch
        {
            "ratio" => total - excluded > 0 ? new Ratio(numerator, total - excluded) : null,
            "unitShare" => expected - notApplicable > 0 ? new Ratio(done, expected - notApplicable) : null,
            _ => null,
        };
        if (received == 0)
        {
            return ranked || today <= deadline ? Result("pending", null, null, null) : Result("noData", rate, Ratio.Zero, false);
        }

        if (ranked ? position is null : rate is null)
        {
            return Result("notApplicable", null, null, null);
        }

        bool met;
        Ratio completion;
        if (ranked)
        {
            met = position!.Value * 100 <= line.ThresholdHundredths;
            completion = new Ratio(met ? 1 : 0, 1);
        }
        else
        {
            // The threshold is in hundredths of a percent, so ten thousand of them are one.
            var threshold = new Ratio(line.ThresholdHundredths, 10000);
            var (smaller, greater) = line.AtMost ? (threshold, rate!.Value) : (rate!.Value, threshold);
            met = smaller.AtLeast(greater);
            completion = met ? new Ratio(1, 1) : new Ratio(smaller.Up * greater.Down, smaller.Down * greater.Up);
        }

        var status = met ? "met"
            : period.Final ? "missed"
            : target.Progressive && completion.AtLeast(Elapsed()) ? "onTrack"
            : "behind";
        return Result(status, rate, completion, met);
    }

    private OracleTargetResult Target(OracleTarget target, OracleUnit? only)
    {
        var lines = new Dictionary<int, OracleLineResult>();
        var sum = Ratio.Zero;
        var counted = 0;
        bool? met = null;
        var worst = WorstFirst.Length - 1;
        foreach (var line in target.Lines)
        {
            if (only is not null && !Expected(target, line, only))
            {
                continue;
            }

            var result = Line(target, line, only);
            lines.Add(line.Id, result);
            worst = Math.Min(worst, Array.IndexOf(WorstFirst, result.Status));
            if (result.Completion is { } completion)
            {
                counted++;
                sum = sum.Plus(completion);
                met = (met ?? true) && result.Met == true;
            }
        }

        return new OracleTargetResult(target, WorstFirst[worst], counted == 0 ? null : sum.Over(counted), met, lines);
    }

    private OracleResult Compute(OracleUnit? only)
    {
        var targets = new List<OracleTargetResult>();
        var sum = Ratio.Zero;
        BigInteger weights = 0;
        int met = 0, counted = 0;
        foreach (var target in world.Targets)
        {
            var result = Target(target, only);
            if (only is not null && result.Lines.Count == 0)
            {
                continue;
            }

            targets.Add(result);
            if (result.Completion is { } completion)
            {
                counted++;
                met += result.Met == true ? 1 : 0;
                weights += target.Weight;
                sum = sum.Plus(completion.Times(target.Weight));
            }
        }

        int expected = 0, received = 0, onTime = 0;
        foreach (var unit in world.Units)
        {
            if (only is not null && only.Id != unit.Id)
            {
                continue;
            }

            bool any = false, some = false;
            foreach (var target in world.Targets)
            {
                foreach (var line in target.Lines)
                {
                    if (Expected(target, line, unit))
                    {
                        any = true;
                        some |= world.Values.ContainsKey((period.Id, unit.Id, line.Id));
                    }
                }
            }

            expected += any ? 1 : 0;
            received += some ? 1 : 0;
            onTime += some && InTime(unit) ? 1 : 0;
        }

        return new OracleResult(targets, weights == 0 ? null : sum.Over(weights), met, counted, expected, received, onTime);
    }

    private int DueDay(OracleUnit unit) => period.DueByLevel?.TryGetValue(unit.Level, out var day) == true ? day : period.Due;

    /// <summary>Midnight at the end of the due day in Huế is 17:00 of that day in UTC, and is itself late.</summary>
    private bool InTime(OracleUnit unit) =>
        world.FirstSubmittedUtcTicks.TryGetValue((period.Id, unit.Id), out var at)
        && at < (DueDay(unit) * TimeSpan.TicksPerDay) + (17 * TimeSpan.TicksPerHour);
}
