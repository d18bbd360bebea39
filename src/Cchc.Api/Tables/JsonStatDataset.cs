using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Cchc.Api.Tables;

/// <summary>A table as a JSON-stat 2.0 dataset (https://json-stat.org/full/).</summary>
public sealed record JsonStatDataset
{
    /// <summary>Always <c>2.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Always <c>dataset</c>.</summary>
    public required string Class { get; init; }

    /// <summary>The title of the table, in the language asked for.</summary>
    public required string Label { get; init; }

    /// <summary>The moment of the data version.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The dimensions in their order; the last is <c>measure</c>.</summary>
    public required IReadOnlyList<string> Id { get; init; }

    /// <summary>The number of categories of each dimension.</summary>
    public required IReadOnlyList<int> Size { get; init; }

    public required JsonStatRole Role { get; init; }

    /// <summary>The dimensions by their name.</summary>
    public required IReadOnlyDictionary<string, JsonStatDimension> Dimension { get; init; }

    /// <summary>
    /// The numbers by the place of their cell, counted from 0 in row-major order over all dimensions. A cell without a number is left out.
    /// </summary>
    public required IReadOnlyDictionary<string, decimal> Value { get; init; }

    /// <summary>
    /// <c>sample</c> for cells made of invented sample reports: one text where all cells are, otherwise by the place of the cell. Absent
    /// where no cell is.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonNode? Status { get; init; }

    /// <summary>Remarks for readers, such as that the figures are sample data. Absent where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Note { get; init; }

    /// <summary>The members that the JSON form of the table has beside its rows, such as <c>lens</c> and <c>dataVersion</c>.</summary>
    public required IReadOnlyDictionary<string, JsonNode?> Extension { get; init; }
}

/// <summary>What the dimensions of a dataset are.</summary>
public sealed record JsonStatRole
{
    /// <summary>The dimensions of time. Absent where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Time { get; init; }

    /// <summary>Always <c>measure</c>.</summary>
    public required IReadOnlyList<string> Metric { get; init; }
}

/// <summary>A dimension: its title and its categories.</summary>
public sealed record JsonStatDimension(string Label, JsonStatCategory Category);

/// <summary>The categories of a dimension.</summary>
/// <param name="Index">Their codes in the order of the cells. <c>_Z</c> stands for rows that the dimension does not apply to.</param>
/// <param name="Label">Their names by code, in the language asked for.</param>
public sealed record JsonStatCategory(IReadOnlyList<string> Index, IReadOnlyDictionary<string, string> Label);
