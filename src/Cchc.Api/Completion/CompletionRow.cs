using Cchc.Api.Http;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>What a row of the tidy table is about.</summary>
public enum RowGrouping
{
    /// <summary>One unit's value on one line.</summary>
    Value,

    /// <summary>One line of the plan, over all its units.</summary>
    Target,

    /// <summary>One group of targets.</summary>
    Group,

    /// <summary>One unit on its own values.</summary>
    Unit,

    /// <summary>One district with all below it.</summary>
    District,

    /// <summary>All units of one level together.</summary>
    Level,
}

/// <summary>
/// A row of the tidy table. Which members there are depends on the grouping and the fields asked for; a member that says nothing here is
/// null.
/// </summary>
public sealed record CompletionRow
{
    public string? Plan { get; init; }
    public string? Period { get; init; }
    public string? Unit { get; init; }
    public string? NameVi { get; init; }
    public string? NameEn { get; init; }
    public UnitLevel? UnitLevel { get; init; }
    public UnitKind? UnitKind { get; init; }

    /// <summary>The unit that stands above.</summary>
    public string? Parent { get; init; }

    public string? Group { get; init; }
    public string? Target { get; init; }
    public Commitment? Commitment { get; init; }

    /// <summary>The level that the line speaks of.</summary>
    public LineLevel? Level { get; init; }

    public Comparison? Operator { get; init; }
    public decimal? Threshold { get; init; }
    [Whole]
    public decimal? Numerator { get; init; }
    [Whole]
    public decimal? Total { get; init; }
    [Whole]
    public decimal? Excluded { get; init; }
    public int? Done { get; init; }
    public long? Position { get; init; }
    public decimal? Rate { get; init; }
    public decimal? Completion { get; init; }
    public bool? Met { get; init; }
    public LineStatus? Status { get; init; }

    /// <summary>Units or reports expected.</summary>
    public int? Expected { get; init; }

    public int? Received { get; init; }
    public int? NotApplicable { get; init; }
    public int? OnTime { get; init; }
    public int? TargetsMet { get; init; }
    public int? TargetsCounted { get; init; }
    public int? TargetsTotal { get; init; }
    public int? Rank { get; init; }

    /// <summary>The revision of the unit's report of the period that the value is from.</summary>
    public int? Revision { get; init; }

    /// <summary>True where invented sample reports are among what was counted.</summary>
    public bool? Sample { get; init; }

    /// <summary>The columns of a grouping, in their order.</summary>
    internal static IReadOnlyList<Column<CompletionRow>> ColumnsOf(RowGrouping grouping) => grouping switch
    {
        RowGrouping.Value => [.. Base, .. UnitKey, .. LineKey, .. Line, Column<CompletionRow>.Attribute("revision", row => row.Revision), Marked],
        RowGrouping.Target => [.. Base, .. LineKey, .. Line, .. Counts, Marked],
        RowGrouping.Group => [.. Base, Column<CompletionRow>.Dimension("group", row => row.Group), .. Names, .. Sum, .. Reports, Marked],
        RowGrouping.Unit => [.. Base, .. UnitKey, Column<CompletionRow>.Measure("rank", row => row.Rank), .. Sum, .. Reports, Marked],
        RowGrouping.District => [.. Base, Column<CompletionRow>.Dimension("unit", row => row.Unit), .. Names, .. Sum, .. Reports, Marked],
        _ => [.. Base, Column<CompletionRow>.Dimension("unitLevel", row => Column<CompletionRow>.Word(row.UnitLevel)), .. Sum, .. Reports, Marked],
    };

    private static readonly Column<CompletionRow>[] Base =
    [
        Column<CompletionRow>.Dimension("plan", row => row.Plan), Column<CompletionRow>.Dimension("period", row => row.Period),
    ];

    private static readonly Column<CompletionRow> Marked = Column<CompletionRow>.Attribute("sample", row => row.Sample);

    private static readonly Column<CompletionRow>[] Names =
    [
        Column<CompletionRow>.Attribute("nameVi", row => row.NameVi), Column<CompletionRow>.Attribute("nameEn", row => row.NameEn),
    ];

    private static readonly Column<CompletionRow>[] UnitKey =
    [
        Column<CompletionRow>.Dimension("unit", row => row.Unit), .. Names,
        Column<CompletionRow>.Attribute("unitLevel", row => Column<CompletionRow>.Word(row.UnitLevel)),
        Column<CompletionRow>.Attribute("unitKind", row => Column<CompletionRow>.Word(row.UnitKind)),
        Column<CompletionRow>.Attribute("parent", row => row.Parent),
    ];

    private static readonly Column<CompletionRow>[] LineKey =
    [
        Column<CompletionRow>.Attribute("group", row => row.Group), Column<CompletionRow>.Dimension("target", row => row.Target),
        Column<CompletionRow>.Attribute("commitment", row => Column<CompletionRow>.Word(row.Commitment)),
        Column<CompletionRow>.Dimension("level", row => Column<CompletionRow>.Word(row.Level)),
    ];

    private static readonly Column<CompletionRow>[] Line =
    [
        Column<CompletionRow>.Attribute("operator", row => Column<CompletionRow>.Word(row.Operator)),
        Column<CompletionRow>.Measure("threshold", row => row.Threshold), Column<CompletionRow>.Measure("numerator", row => row.Numerator),
        Column<CompletionRow>.Measure("total", row => row.Total), Column<CompletionRow>.Measure("excluded", row => row.Excluded),
        Column<CompletionRow>.Measure("done", row => row.Done), Column<CompletionRow>.Measure("position", row => row.Position),
        Column<CompletionRow>.Measure("rate", row => row.Rate), Column<CompletionRow>.Measure("completion", row => row.Completion),
        Column<CompletionRow>.Attribute("met", row => row.Met),
        Column<CompletionRow>.Attribute("status", row => Column<CompletionRow>.Word(row.Status)),
    ];

    private static readonly Column<CompletionRow>[] Counts =
    [
        Column<CompletionRow>.Measure("expected", row => row.Expected), Column<CompletionRow>.Measure("received", row => row.Received),
        Column<CompletionRow>.Measure("notApplicable", row => row.NotApplicable),
    ];

    private static readonly Column<CompletionRow>[] Sum =
    [
        Column<CompletionRow>.Measure("completion", row => row.Completion), Column<CompletionRow>.Measure("targetsMet", row => row.TargetsMet),
        Column<CompletionRow>.Measure("targetsCounted", row => row.TargetsCounted),
        Column<CompletionRow>.Measure("targetsTotal", row => row.TargetsTotal),
    ];

    private static readonly Column<CompletionRow>[] Reports =
    [
        Column<CompletionRow>.Measure("expected", row => row.Expected), Column<CompletionRow>.Measure("received", row => row.Received),
        Column<CompletionRow>.Measure("onTime", row => row.OnTime),
    ];
}

/// <summary>A page of the tidy table.</summary>
public sealed record CompletionRowsAnswer : DatedAnswer
{
    public required string Plan { get; init; }
    public required Lens Lens { get; init; }
    public required Basis Basis { get; init; }
    public required RowGrouping GroupBy { get; init; }

    /// <summary>The number that every write of the plan raises.</summary>
    public required long DataVersion { get; init; }

    /// <summary>The moment of the data version.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Whether invented sample reports are among what was counted; absent where none is.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sample { get; init; }

    public IReadOnlyList<CompletionRow> Items { get; init; } = [];

    public string? NextCursor { get; init; }
}
