using System.Globalization;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Tables;

/// <summary>A table as a JSON-stat 2.0 dataset: its dimensions, with the measures as one more, and the numbers that there are.</summary>
internal static class JsonStat
{
    private const string Metric = "measure";

    public static void Write<T>(
        Stream target, string label, DateTimeOffset updated, IReadOnlyList<Column<T>> columns, IReadOnlyList<T> rows)
    {
        var dimensions = columns.Where(column => column.Role == ColumnRole.Dimension).Select(column => new Axis<T>(column, rows)).ToList();
        var measures = columns.Where(column => column.Role == ColumnRole.Measure).ToList();
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = Json.Options.Encoder });
        json.WriteStartObject();
        json.WriteString("version", "2.0");
        json.WriteString("class", "dataset");
        json.WriteString("label", label);
        json.WriteString("updated", updated.ToOffset(Domain.LocalTime.Offset).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture));
        Strings(json, "id", [.. dimensions.Select(axis => axis.Column.Name), Metric]);
        json.WriteStartArray("size");
        foreach (var size in dimensions.Select(axis => axis.Categories.Count).Append(measures.Count))
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartObject("role");
        Strings(json, "time", [.. dimensions.Select(axis => axis.Column.Name).Where(name => name == "period")]);
        Strings(json, "metric", [Metric]);
        json.WriteEndObject();
        json.WriteStartObject("dimension");
        foreach (var axis in dimensions)
        {
            Dimension(json, axis.Column.Name, axis.Categories);
        }

        Dimension(json, Metric, [.. measures.Select(column => column.Name)]);
        json.WriteEndObject();
        WriteNumbers(json, dimensions, measures, rows);
        json.WriteEndObject();
    }

    // Few of the cells that the dimensions span are filled, so numbers are given by place.
    private static void WriteNumbers<T>(
        Utf8JsonWriter json, List<Axis<T>> dimensions, List<Column<T>> measures, IReadOnlyList<T> rows)
    {
        json.WriteStartObject("value");
        foreach (var row in rows)
        {
            var place = 0L;
            foreach (var axis in dimensions)
            {
                place = (place * axis.Categories.Count) + axis.IndexOf(row);
            }

            for (var index = 0; index < measures.Count; index++)
            {
                if (measures[index].Value(row) is { } value)
                {
                    json.WriteNumber(
                        ((place * measures.Count) + index).ToString(CultureInfo.InvariantCulture), Convert.ToDecimal(value, CultureInfo.InvariantCulture));
                }
            }
        }

        json.WriteEndObject();
    }

    private static void Dimension(Utf8JsonWriter json, string name, IReadOnlyList<string> categories)
    {
        json.WriteStartObject(name);
        json.WriteString("label", name);
        json.WriteStartObject("category");
        Strings(json, "index", categories);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>A dimension and the categories that occur on it. A row that it does not apply to is filed under <c>_Z</c>, as in SDMX.</summary>
    private sealed class Axis<T>
    {
        private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

        public Axis(Column<T> column, IReadOnlyList<T> rows)
        {
            Column = column;
            foreach (var row in rows)
            {
                _places.TryAdd(KeyOf(row), _places.Count);
            }

            Categories = [.. _places.OrderBy(each => each.Value).Select(each => each.Key)];
        }

        public Column<T> Column { get; }

        public IReadOnlyList<string> Categories { get; }

        public int IndexOf(T row) => _places[KeyOf(row)];

        private string KeyOf(T row) => Column.Value(row) is { } value ? TableWriter.Text(value) : SdmxCsv.NotApplicable;
    }
}
