using System.Text.Json.Serialization;
using Cchc.Api.Http;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>What answers over time say of themselves.</summary>
public abstract record OverTimeAnswer : DatedAnswer
{
    [JsonPropertyOrder(-1)]
    public required string Plan { get; init; }
    [JsonPropertyOrder(-1)]
    public required Lens Lens { get; init; }
    [JsonPropertyOrder(-1)]
    public required Basis Basis { get; init; }

    /// <summary>The code of the unit, where it is of one.</summary>
    [JsonPropertyOrder(-1)]
    public required string? Unit { get; init; }

    /// <summary>The number that every write of the plan raises.</summary>
    public required long DataVersion { get; init; }

    /// <summary>The moment of the data version.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Whether invented sample reports are among what was counted; absent where none is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sample { get; init; }
}

/// <summary>Completion from period to period.</summary>
public sealed record SeriesAnswer : OverTimeAnswer
{
    public required string? Target { get; init; }
    public required UnitLevel? Level { get; init; }
    public IReadOnlyList<SeriesPoint> Items { get; init; } = [];
    public string? NextCursor { get; init; }
}

/// <summary>
/// One period of a series. Completion is null in a period without figures: it has not begun, or no report of it counts. Of a target, the
/// three last counts are null, and expected, received and onTime are the reports on that target.
/// </summary>
public sealed record SeriesPoint
{
    public string? Plan { get; init; }
    public string? Period { get; init; }

    /// <summary>The last day of the period's window.</summary>
    public DateOnly? DataTo { get; init; }

    public decimal? Completion { get; init; }
    public bool? Met { get; init; }
    public LineStatus? Status { get; init; }

    /// <summary>Whether invented sample reports are among what was counted.</summary>
    public bool? Sample { get; init; }

    public int? Expected { get; init; }
    public int? Received { get; init; }
    public int? OnTime { get; init; }
    public int? TargetsMet { get; init; }
    public int? TargetsCounted { get; init; }
    public int? TargetsTotal { get; init; }

    internal static IReadOnlyList<Column<SeriesPoint>> Columns { get; } =
    [
        Column<SeriesPoint>.Dimension("plan", point => point.Plan), Column<SeriesPoint>.Dimension("period", point => point.Period),
        Column<SeriesPoint>.Attribute("dataTo", point => point.DataTo?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)),
        Column<SeriesPoint>.Measure("completion", point => point.Completion), Column<SeriesPoint>.Attribute("met", point => point.Met),
        Column<SeriesPoint>.Attribute("status", point => Column<SeriesPoint>.Word(point.Status)),
        Column<SeriesPoint>.Measure("expected", point => point.Expected), Column<SeriesPoint>.Measure("received", point => point.Received),
        Column<SeriesPoint>.Measure("onTime", point => point.OnTime), Column<SeriesPoint>.Measure("targetsMet", point => point.TargetsMet),
        Column<SeriesPoint>.Measure("targetsCounted", point => point.TargetsCounted),
        Column<SeriesPoint>.Measure("targetsTotal", point => point.TargetsTotal), Column<SeriesPoint>.Attribute("sample", point => point.Sample),
    ];

    internal static SeriesPoint Of(Snapshot snapshot, RollUp figures) => Of(snapshot, figures.Coverage) with
    {
        Completion = figures.Completion?.ToPercent(),
        TargetsMet = figures.TargetsMet,
        TargetsCounted = figures.TargetsCounted,
        TargetsTotal = figures.Targets.Count,
    };

    internal static SeriesPoint Of(Snapshot snapshot, TargetResult? target, bool hasFigures, ReportCoverage coverage) =>
        Of(snapshot, coverage) with
        {
            Completion = hasFigures ? target?.Completion?.ToPercent() : null,
            Met = hasFigures ? target?.Met : null,
            Status = target?.Status,
        };

    private static SeriesPoint Of(Snapshot snapshot, ReportCoverage coverage) => new()
    {
        Plan = snapshot.Facts.Plan.Code,
        Period = snapshot.Facts.Period.Code,
        DataTo = snapshot.Facts.Period.DataTo,
        Sample = snapshot.Facts.HasSample ? true : null,
        Expected = coverage.Expected,
        Received = coverage.Received,
        OnTime = coverage.OnTime,
    };
}

/// <summary>Two periods side by side. Changes are in percentage points, of the exact figures, rounded once.</summary>
public sealed record ComparisonAnswer : OverTimeAnswer
{
    public required string Period { get; init; }
    public required string With { get; init; }

    /// <summary>The completion in the period compared with.</summary>
    public required decimal? Before { get; init; }

    public required decimal? After { get; init; }
    public required decimal? Change { get; init; }

    /// <summary>The reports behind the figures of the period compared with.</summary>
    public required ReportCoverage CoverageBefore { get; init; }

    public required ReportCoverage CoverageAfter { get; init; }
    public IReadOnlyList<ComparedTarget> Items { get; init; } = [];
    public string? NextCursor { get; init; }
}

/// <summary>
/// One target in two periods, with the reports on it expected and received in each. Before and after are null in a period without figures.
/// </summary>
public sealed record ComparedTarget
{
    public string? Target { get; init; }
    public string? Group { get; init; }
    public decimal? Before { get; init; }
    public decimal? After { get; init; }
    public decimal? Change { get; init; }
    public bool? MetBefore { get; init; }
    public bool? MetAfter { get; init; }
    public LineStatus? StatusBefore { get; init; }
    public LineStatus? StatusAfter { get; init; }
    public int? ExpectedBefore { get; init; }
    public int? ReceivedBefore { get; init; }
    public int? ExpectedAfter { get; init; }
    public int? ReceivedAfter { get; init; }

    /// <summary>True where invented sample reports are among what was counted.</summary>
    public bool? Sample { get; init; }

    internal static IReadOnlyList<Column<ComparedTarget>> Columns { get; } =
    [
        Column<ComparedTarget>.Dimension("target", row => row.Target), Column<ComparedTarget>.Attribute("group", row => row.Group),
        Column<ComparedTarget>.Measure("before", row => row.Before), Column<ComparedTarget>.Measure("after", row => row.After),
        Column<ComparedTarget>.Measure("change", row => row.Change), Column<ComparedTarget>.Attribute("metBefore", row => row.MetBefore),
        Column<ComparedTarget>.Attribute("metAfter", row => row.MetAfter),
        Column<ComparedTarget>.Attribute("statusBefore", row => Column<ComparedTarget>.Word(row.StatusBefore)),
        Column<ComparedTarget>.Attribute("statusAfter", row => Column<ComparedTarget>.Word(row.StatusAfter)),
        Column<ComparedTarget>.Measure("expectedBefore", row => row.ExpectedBefore),
        Column<ComparedTarget>.Measure("receivedBefore", row => row.ReceivedBefore),
        Column<ComparedTarget>.Measure("expectedAfter", row => row.ExpectedAfter),
        Column<ComparedTarget>.Measure("receivedAfter", row => row.ReceivedAfter),
        Column<ComparedTarget>.Attribute("sample", row => row.Sample),
    ];

    /// <summary>The targets of either period.</summary>
    internal static IEnumerable<ComparedTarget> Of(ComparedFigures before, ComparedFigures after, bool hasSample) =>
        after.Figures.Targets.Concat(before.Figures.Targets).Select(each => each.Target).DistinctBy(target => target.Code).Select(target =>
        {
            var (was, now) = (before.Find(target.Code), after.Find(target.Code));
            var (wasCompleted, isCompleted) = (before.HasFigures ? was?.Completion : null, after.HasFigures ? now?.Completion : null);
            var (coverageBefore, coverageAfter) = (before.CoverageOf(target.Code), after.CoverageOf(target.Code));
            return new ComparedTarget
            {
                Target = target.Code,
                Group = target.Group,
                Before = wasCompleted?.ToPercent(),
                After = isCompleted?.ToPercent(),
                Change = SeriesEndpoints.Difference(wasCompleted, isCompleted),
                MetBefore = before.HasFigures ? was?.Met : null,
                MetAfter = after.HasFigures ? now?.Met : null,
                StatusBefore = was?.Status,
                StatusAfter = now?.Status,
                ExpectedBefore = coverageBefore.Expected,
                ReceivedBefore = coverageBefore.Received,
                ExpectedAfter = coverageAfter.Expected,
                ReceivedAfter = coverageAfter.Received,
                Sample = hasSample ? true : null,
            };
        });
}

/// <summary>The figures of one of two periods, of the plan or of one unit.</summary>
internal sealed record ComparedFigures(Snapshot Snapshot, Unit? Unit, Basis Basis)
{
    public RollUp Figures { get; } = Unit is null ? Snapshot.OfPlan(Basis) : Snapshot.Facts.OfUnit(Unit.Id, Basis);

    public bool HasFigures => Snapshot.Facts.HasFigures(Basis);

    public TargetResult? Find(string target) => Figures.Targets.FirstOrDefault(each => each.Target.Code == target);

    /// <summary>The reports on one target.</summary>
    public ReportCoverage CoverageOf(string target) =>
        Snapshot.Facts.CoverageOf(Unit is null ? Snapshot.Facts.Expectation.UnitIds : [Unit.Id], target);
}
