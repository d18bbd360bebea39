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

/// <summary>One period of a series. Of a target, the three last counts are null.</summary>
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

    internal static SeriesPoint Of(Snapshot snapshot, RollUp figures, string? targetCode)
    {
        var (plan, period) = (snapshot.Facts.Plan, snapshot.Facts.Period);
        var point = new SeriesPoint
        {
            Plan = plan.Code,
            Period = period.Code,
            DataTo = period.DataTo,
            Sample = snapshot.Facts.HasSample ? true : null,
            Expected = figures.Coverage.Expected,
            Received = figures.Coverage.Received,
            OnTime = figures.Coverage.OnTime,
        };
        if (targetCode is null)
        {
            return point with
            {
                Completion = figures.Completion?.ToPercent(),
                TargetsMet = figures.TargetsMet,
                TargetsCounted = figures.TargetsCounted,
                TargetsTotal = figures.Targets.Count,
            };
        }

        var target = figures.Targets.FirstOrDefault(each => each.Target.Code == targetCode);
        return point with { Completion = target?.Completion?.ToPercent(), Met = target?.Met, Status = target?.Status };
    }
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
    public IReadOnlyList<ComparedTarget> Items { get; init; } = [];
    public string? NextCursor { get; init; }
}

/// <summary>One target in two periods.</summary>
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
        Column<ComparedTarget>.Attribute("sample", row => row.Sample),
    ];

    /// <summary>The targets of either period.</summary>
    internal static IEnumerable<ComparedTarget> Of(RollUp before, RollUp after, bool hasSample)
    {
        var codes = after.Targets.Concat(before.Targets).Select(each => each.Target).DistinctBy(target => target.Code);
        return codes.Select(target =>
        {
            var was = before.Targets.FirstOrDefault(each => each.Target.Code == target.Code);
            var now = after.Targets.FirstOrDefault(each => each.Target.Code == target.Code);
            return new ComparedTarget
            {
                Target = target.Code,
                Group = target.Group,
                Before = was?.Completion?.ToPercent(),
                After = now?.Completion?.ToPercent(),
                Change = SeriesEndpoints.Difference(was?.Completion, now?.Completion),
                MetBefore = was?.Met,
                MetAfter = now?.Met,
                StatusBefore = was?.Status,
                StatusAfter = now?.Status,
                Sample = hasSample ? true : null,
            };
        });
    }
}
