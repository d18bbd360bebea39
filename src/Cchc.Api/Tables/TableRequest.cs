using Cchc.Api.Http;
using Cchc.Api.Pictures;

namespace Cchc.Api.Tables;

/// <summary>The forms in which a table is had.</summary>
internal enum TableForm { Json, Csv, Xlsx, Ndjson, Jsonstat, Sdmx }

/// <summary>How a table is asked for: its form, its columns, its order, and which page of it.</summary>
internal sealed record TableRequest<T>(
    TableForm Form, bool Bom, Phrases Phrases, IReadOnlyList<Column<T>> Columns,
    IReadOnlyList<(Column<T> Column, bool Descending)> Order, int? Limit, TablePlace? Place)
{
    /// <summary>Whether the form names columns and codes in words.</summary>
    public bool HasLabels => TableRequest.IsCube(Form);

    /// <summary>Puts rows in the order asked for; equals stay as they are.</summary>
    public IEnumerable<T> Sort(IEnumerable<T> rows)
    {
        IOrderedEnumerable<T>? sorted = null;
        foreach (var (column, descending) in Order)
        {
            // What has no value stands last whichever way the others go.
            sorted = sorted is null ? rows.OrderBy(row => column.Value(row) is null) : sorted.ThenBy(row => column.Value(row) is null);
            sorted = descending ? sorted.ThenByDescending(column.Value, Values) : sorted.ThenBy(column.Value, Values);
        }

        return sorted ?? rows;
    }

    private static readonly Comparer<object?> Values = Comparer<object?>.Create((left, right) => (left, right) switch
    {
        (string one, string other) => string.CompareOrdinal(one, other),
        (bool one, bool other) => one.CompareTo(other),
        (null, _) or (_, null) => 0,
        _ => Convert.ToDecimal(left, null).CompareTo(Convert.ToDecimal(right, null)),
    });
}

internal static class TableRequest
{
    public const string Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    public const string Sdmx = "application/vnd.sdmx.data+csv";
    public const string JsonStat = "application/vnd.json-stat+json";

    public static readonly string[] Names = ["format", "bom", "lang", "fields", "sort", "limit", "cursor"];

    public static readonly Parameter[] Parameters =
    [
        Http.Parameters.Word<TableForm>("format", "The form of the answer; by Accept where it is not given"),
        new("bom", "Whether CSV begins with the byte order mark that Excel knows UTF-8 by", false),
        Http.Parameters.Word<Language>(
            "lang", "The language of the labels in jsonstat and sdmx; by Accept-Language where it is not given, otherwise vi"),
        new("fields", "Columns, comma-separated, in this order; all where it is not given. "
            + "jsonstat and sdmx always have the columns that tell rows apart", "period,target,completion"),
        new("sort", "Columns to sort by, comma-separated, each with a minus in front to descend", "-completion"),
        .. Http.Parameters.Paging,
    ];

    private static readonly (string Type, TableForm Form)[] Types =
    [
        ("application/json", TableForm.Json), ("text/csv", TableForm.Csv), (Xlsx, TableForm.Xlsx), ("application/x-ndjson", TableForm.Ndjson),
        (Sdmx, TableForm.Sdmx), (JsonStat, TableForm.Jsonstat),
    ];

    /// <summary>Whether a form is made of cells that the key columns tell apart, so that none of these may be left out.</summary>
    public static bool IsCube(TableForm form) => form is TableForm.Jsonstat or TableForm.Sdmx;

    /// <summary>The media type that a form goes by.</summary>
    public static string TypeOf(TableForm form) => form switch
    {
        TableForm.Csv => "text/csv; charset=utf-8; header=present",
        TableForm.Xlsx => Xlsx,
        TableForm.Ndjson => "application/x-ndjson; charset=utf-8",
        TableForm.Sdmx => $"{Sdmx}; version=2.0.0; labels=name; charset=utf-8",
        TableForm.Jsonstat => $"{JsonStat}; charset=utf-8",
        _ => "application/json; charset=utf-8",
    };

    /// <summary>Reads the parameters of <see cref="Parameters"/>.</summary>
    public static TableRequest<T> Read<T>(HttpRequest request, QueryInput query, IReadOnlyList<Column<T>> columns)
    {
        var fields = query.List("fields").Select(name => Find(query, "fields", columns, name)).OfType<Column<T>>().Distinct().ToList();
        var order = query.List("sort").Select(name => (Column: Find(query, "sort", columns, name.StartsWith('-') ? name[1..] : name), Descending: name.StartsWith('-')))
            .Where(each => each.Column is not null).Select(each => (each.Column!, each.Descending)).ToList();
        foreach (var repeated in order.GroupBy(each => each.Item1).Where(group => group.Count() > 1))
        {
            query.Refuse("sort.repeated", "sort", repeated.Key.Name);
        }

        var form = query.Word<TableForm>("format") ?? Acceptance.Of(request, Types);
        var bom = query.Flag("bom");
        if (bom && form != TableForm.Csv)
        {
            query.Refuse("parameter.notHere", "bom", "bom", Words.Of(form));
        }

        var language = query.Word<Language>("lang");
        if (query.Text("lang") is not null && !IsCube(form))
        {
            query.Refuse("parameter.notHere", "lang", "lang", Words.Of(form));
        }

        var place = query.Cursor() is { } cursor ? TablePlace.Parse(cursor) : null;
        if (place is null && query.Text("cursor") is not null)
        {
            query.Refuse("cursor.invalid", "cursor");
        }

        var phrases = new Phrases(language ?? (Problems.WantsEnglish(request) ? Language.En : Language.Vi));
        var isWhole = form != TableForm.Json && query.Text("limit") is null && query.Text("cursor") is null;
        return new TableRequest<T>(form, bom, phrases, Shown(query, form, columns, fields), order, isWhole ? null : query.Limit(), place);
    }

    private static IReadOnlyList<Column<T>> Shown<T>(
        QueryInput query, TableForm form, IReadOnlyList<Column<T>> columns, List<Column<T>> fields)
    {
        if (fields.Count == 0 || !IsCube(form))
        {
            return fields.Count == 0 ? columns : fields;
        }

        if (!fields.Exists(column => column.Role == ColumnRole.Measure))
        {
            var measures = columns.Where(column => column.Role == ColumnRole.Measure).Select(column => column.Name);
            query.Refuse("parameter.invalid", "fields", measures);
        }

        return [.. columns.Where(column =>
            column.Role == ColumnRole.Dimension || column.Name == Column<T>.SampleMark || fields.Contains(column))];
    }

    private static Column<T>? Find<T>(QueryInput query, string parameter, IReadOnlyList<Column<T>> columns, string name)
    {
        var found = columns.FirstOrDefault(column => column.Name == name);
        if (found is null)
        {
            query.Refuse("parameter.invalid", parameter, columns.Select(column => column.Name));
        }

        return found;
    }
}
