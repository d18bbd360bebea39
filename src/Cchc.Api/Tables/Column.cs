using Cchc.Api.Http;

namespace Cchc.Api.Tables;

/// <summary>What a column holds: a part of what a row is about, a number, or a remark on the numbers.</summary>
internal enum ColumnRole { Dimension, Measure, Attribute }

/// <summary>A column of a tidy table.</summary>
/// <param name="Name">Its name on the wire.</param>
/// <param name="Role">What it holds.</param>
/// <param name="Value">Text, a whole or decimal number, a truth or null.</param>
internal sealed record Column<T>(string Name, ColumnRole Role, Func<T, object?> Value)
{
    /// <summary>The name of the column that says whether a row is made of invented sample reports.</summary>
    public const string SampleMark = "sample";

    public static Column<T> Dimension(string name, Func<T, object?> value) => new(name, ColumnRole.Dimension, value);

    public static Column<T> Measure(string name, Func<T, object?> value) => new(name, ColumnRole.Measure, value);

    public static Column<T> Attribute(string name, Func<T, object?> value) => new(name, ColumnRole.Attribute, value);

    public static string? Word<TWord>(TWord? value)
        where TWord : struct, Enum => value is { } given ? Words.Of(given) : null;
}
