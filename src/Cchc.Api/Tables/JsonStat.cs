using System.Globalization;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Tables;

/// <summary>Writes a table as a <see cref="JsonStatDataset"/>, cell by cell: a table may be too large to be an object first.</summary>
internal static class JsonStat
{
    private const string Metric = "measure";

    public static void Write<T>(
        Stream target, TableHead head, TableLabels labels, IReadOnlyList<Column<T>> columns, IReadOnlyList<T> rows)
    {
        var dimensions = columns.Where(column => column.Role == ColumnRole.Dimension).Select(column => new Axis<T>(column, rows)).ToList();
        var measures = columns.Where(column => column.Role == ColumnRole.Measure).ToList();
        var mark = columns.FirstOrDefault(column => column.Name == Column<T>.SampleMark);
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = Json.Options.Encoder });
        json.WriteStartObject();
        json.WriteString("version", "2.0");
        json.WriteString("class", "dataset");
        json.WriteString("label", labels.Title);
        json.WriteString("updated", Domain.LocalTime.Of(head.Updated).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture));
        Strings(json, "id", [.. dimensions.Select(axis => axis.Column.Name), Metric]);
        json.WriteStartArray("size");
        foreach (var size in dimensions.Select(axis => axis.Categories.Count).Append(measures.Count))
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartObject("role");
        if (dimensions.Exists(axis => axis.Column.Name == "period"))
        {
            Strings(json, "time", ["period"]);
        }

        Strings(json, "metric", [Metric]);
        json.WriteEndObject();
        json.WriteStartObject("dimension");
        foreach (var axis in dimensions)
        {
            Dimension(json, axis.Column.Name, labels, axis.Categories, code => labels.NameOf(axis.Column.Name, code));
        }

        Dimension(json, Metric, labels, [.. measures.Select(column => column.Name)], labels.TitleOf);
        json.WriteEndObject();
        WriteCells(json, "value", dimensions, measures, rows, static (json, place, value) =>
            json.WriteNumber(place, Convert.ToDecimal(value, CultureInfo.InvariantCulture)));
        WriteMarks(json, labels, dimensions, measures, rows, mark);
        json.WriteStartObject("extension");
        foreach (var member in JsonSerializer.SerializeToElement(head.Head, head.Head.GetType(), Json.Options).EnumerateObject())
        {
            if (member.Name is not ("items" or "nextCursor"))
            {
                member.WriteTo(json);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    // Few of the cells that the dimensions span are filled, so numbers are given by place.
    private static void WriteCells<T>(
        Utf8JsonWriter json, string name, List<Axis<T>> dimensions, List<Column<T>> measures, IEnumerable<T> rows,
        Action<Utf8JsonWriter, string, object> write)
    {
        json.WriteStartObject(name);
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
                    write(json, ((place * measures.Count) + index).ToString(CultureInfo.InvariantCulture), value);
                }
            }
        }

        json.WriteEndObject();
    }

    private static void WriteMarks<T>(
        Utf8JsonWriter json, TableLabels labels, List<Axis<T>> dimensions, List<Column<T>> measures, IReadOnlyList<T> rows,
        Column<T>? mark)
    {
        var marked = mark is null ? [] : rows.Where(row => mark.Value(row) is true).ToList();
        if (marked.Count == 0)
        {
            return;
        }

        if (marked.Count == rows.Count)
        {
            json.WriteString("status", Column<T>.SampleMark);
        }
        else
        {
            WriteCells(
                json, "status", dimensions, measures, marked, static (json, place, _) => json.WriteString(place, Column<T>.SampleMark));
        }

        Strings(json, "note", [labels.Phrases.Sample]);
    }

    private static void Dimension(
        Utf8JsonWriter json, string name, TableLabels labels, IReadOnlyList<string> categories, Func<string, string> label)
    {
        json.WriteStartObject(name);
        json.WriteString("label", labels.TitleOf(name));
        json.WriteStartObject("category");
        Strings(json, "index", categories);
        json.WriteStartObject("label");
        foreach (var category in categories)
        {
            json.WriteString(category, label(category));
        }

        json.WriteEndObject();
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
