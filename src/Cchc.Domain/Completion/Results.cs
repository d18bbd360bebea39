using Cchc.Domain.Plans;

namespace Cchc.Domain.Completion;

/// <summary>Which revisions count: the latest approved, or the latest submitted that was not returned.</summary>
public enum Lens { Published, Provisional }

/// <summary>Whether figures run from the start of the plan or speak of the period's window alone.</summary>
public enum Basis { YearToDate, Period }

/// <summary>The state of a line or a target, the worst first as a target shows it.</summary>
public enum LineStatus { Missed, NoData, Behind, OnTrack, Pending, Met, NotApplicable, NotDue, Tracked }

/// <summary>How many units were expected on a line, how many gave a usable value, how many of these said 'not applicable'.</summary>
public readonly record struct LineCoverage(int Expected, int Received, int NotApplicable);

/// <summary>How many reports were expected, how many have a value, how many of these came on time.</summary>
public readonly record struct ReportCoverage(int Expected, int Received, int OnTime);

/// <summary>The figures of one line.</summary>
public sealed record LineResult
{
    public required TargetLine Line { get; init; }
    public required LineStatus Status { get; init; }
    public required LineCoverage Coverage { get; init; }
    public Int128 Numerator { get; init; }
    public Int128 Total { get; init; }
    public Int128 Excluded { get; init; }

    /// <summary>Units done, for a share of units or a milestone.</summary>
    public int Done { get; init; }

    /// <summary>The place held, for a rank or a grade.</summary>
    public long? Position { get; init; }

    public Fraction? Rate { get; init; }

    /// <summary>Null where the line does not count.</summary>
    public Fraction? Completion { get; init; }

    /// <summary>The truth, free of rounding; null where the line does not count.</summary>
    public bool? Met { get; init; }
}

/// <summary>The figures of one target.</summary>
public sealed record TargetResult
{
    public TargetResult(Target target, IReadOnlyList<LineResult> lines)
    {
        Target = target;
        Lines = lines;
        var sum = Fraction.Zero;
        var counting = 0;
        var met = true;
        foreach (var line in lines)
        {
            if (line.Completion is { } completion)
            {
                sum += completion;
                counting++;
                met &= line.Met == true;
            }
        }

        Completion = counting == 0 ? null : sum / new Fraction(counting, 1);
        Met = counting == 0 ? null : met;
        Status = lines.Min(line => line.Status);
    }

    public Target Target { get; }
    public IReadOnlyList<LineResult> Lines { get; }

    /// <summary>The mean of the lines that count; null where none does.</summary>
    public Fraction? Completion { get; }

    /// <summary>Whether every line that counts is met; null where none counts.</summary>
    public bool? Met { get; }

    /// <summary>The worst status among the lines.</summary>
    public LineStatus Status { get; }
}

/// <summary>What the figures of a plan or a unit come to.</summary>
/// <param name="Completion">The weighted mean over the targets that count; null where none does, or the period has no figures.</param>
/// <param name="TargetsMet">Targets that are met.</param>
/// <param name="TargetsCounted">Targets that count.</param>
/// <param name="TargetsTotal">All targets.</param>
/// <param name="Coverage">The reports behind the figures.</param>
public sealed record Totals(Fraction? Completion, int TargetsMet, int TargetsCounted, int TargetsTotal, ReportCoverage Coverage);

/// <summary>The figures of a plan, of a unit, or of a unit with all below it.</summary>
public sealed record RollUp
{
    /// <param name="targets">The targets.</param>
    /// <param name="coverage">The reports behind them.</param>
    /// <param name="hasFigures">Whether the period has figures at all; without them there is no completion, whatever its targets say.</param>
    public RollUp(IReadOnlyList<TargetResult> targets, ReportCoverage coverage, bool hasFigures = true)
    {
        Targets = targets;
        var sum = Fraction.Zero;
        int weights = 0, counted = 0, met = 0;
        foreach (var target in targets)
        {
            if (target.Completion is { } completion)
            {
                sum += completion * new Fraction(target.Target.WeightHundredths, 1);
                weights += target.Target.WeightHundredths;
                counted++;
                met += target.Met == true ? 1 : 0;
            }
        }

        Totals = new Totals(counted == 0 || !hasFigures ? null : sum / new Fraction(weights, 1), met, counted, targets.Count, coverage);
    }

    public IReadOnlyList<TargetResult> Targets { get; }

    public Totals Totals { get; }

    /// <summary>The weighted mean over the targets that count; null where none does, or the period has no figures.</summary>
    public Fraction? Completion => Totals.Completion;

    public int TargetsMet => Totals.TargetsMet;

    public int TargetsCounted => Totals.TargetsCounted;

    public ReportCoverage Coverage => Totals.Coverage;
}
