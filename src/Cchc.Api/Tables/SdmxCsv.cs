using System.Text.Json;
using System.Text.RegularExpressions;
using Cchc.Api.Importing;

namespace Cchc.Api.Tables;

/// <summary>
/// A table as SDMX-CSV 2.0: one observation a line. A period goes by its own time format (2022-Q1, 2022-S1, 2022-A1), and by its code in
/// an attribute, for a plan's half year is not the calendar's.
/// </summary>
internal static partial class SdmxCsv
{
    /// <summary>The code for a dimension that does not apply.</summary>
    public const string NotApplicable = "_Z";

    private const string Structure = "dataflow";

    public static void Write<T>(Stream target, string dataflow, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows)
    {
        var dimensions = columns.Where(column => column.Role == ColumnRole.Dimension).ToList();
        var measures = columns.Where(column => column.Role == ColumnRole.Measure).ToList();
        var attributes = columns.Where(column => column.Role == ColumnRole.Attribute).ToList();
        using var csv = TableWriter.Csv(target, bom: false);
        Line(["STRUCTURE", "STRUCTURE_ID", "ACTION", .. dimensions.Select(NameOf), "MEASURE", "OBS_VALUE", "PERIOD_CODE", .. attributes.Select(NameOf)]);
        foreach (var row in rows)
        {
            var period = "";
            var keys = dimensions.Select(column =>
            {
                var key = column.Value(row) is { } value ? TableWriter.Text(value) : NotApplicable;
                period = column.Name == "period" ? key : period;
                return column.Name == "period" ? TimeOf(key) : key;
            }).ToList();
            var remarks = attributes.Select(column => FormulaGuard.Arm(TableWriter.Text(column.Value(row)))).ToList();
            foreach (var measure in measures)
            {
                if (measure.Value(row) is { } value)
                {
                    Line([Structure, dataflow, "I", .. keys, NameOf(measure), TableWriter.Text(value), period, .. remarks]);
                }
            }
        }

        void Line(IEnumerable<string> fields)
        {
            foreach (var field in fields)
            {
                csv.WriteField(field);
            }

            csv.NextRecord();
        }
    }

    private static string NameOf<T>(Column<T> column) =>
        column.Name == "period" ? "TIME_PERIOD" : JsonNamingPolicy.SnakeCaseUpper.ConvertName(column.Name);

    private static string TimeOf(string period) => ReportingYear().Replace(period, match => match.Groups[2].Value switch
    {
        "H" => $"{match.Groups[1].Value}-S{match.Groups[3].Value}",
        "FY" => $"{match.Groups[1].Value}-A1",
        _ => match.Value,
    });

    [GeneratedRegex("^([0-9]{4})-(Q|H|FY)([1-4]?)$", RegexOptions.CultureInvariant)]
    private static partial Regex ReportingYear();
}
