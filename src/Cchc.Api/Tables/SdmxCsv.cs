using System.Text.Json;
using System.Text.RegularExpressions;
using Cchc.Api.Importing;

namespace Cchc.Api.Tables;

/// <summary>
/// A table as SDMX-CSV 2.0 with <c>labels=name</c>: one observation a line, and beside each coded column another with the names of its
/// codes. A period is in the time format of SDMX (2022-Q1, 2022-S1, 2022-A1), with its own code in an attribute: a plan's half year is
/// not the calendar's.
/// </summary>
internal static partial class SdmxCsv
{
    /// <summary>The code for a dimension that does not apply.</summary>
    public const string NotApplicable = "_Z";

    private const string Structure = "dataflow";

    public static void Write<T>(Stream target, string dataflow, TableLabels labels, IReadOnlyList<Column<T>> columns, IEnumerable<T> rows)
    {
        var dimensions = columns.Where(column => column.Role == ColumnRole.Dimension).ToList();
        var measures = columns.Where(column => column.Role == ColumnRole.Measure).ToList();
        var attributes = columns.Where(column => column.Role == ColumnRole.Attribute).ToList();
        using var csv = TableWriter.Csv(target, bom: false);
        Line(
        [
            "STRUCTURE", "STRUCTURE_ID", "ACTION", .. dimensions.SelectMany(Heading), "MEASURE", labels.TitleOf("measure"), "OBS_VALUE",
            "PERIOD_CODE", .. attributes.SelectMany(Heading),
        ]);
        foreach (var row in rows)
        {
            var period = dimensions.Find(column => column.Name == "period") is { } time ? TableWriter.Text(time.Value(row)) : "";
            var keys = dimensions.SelectMany(column => Cells(column, row)).ToList();
            var remarks = attributes.SelectMany(column => Cells(column, row)).ToList();
            foreach (var measure in measures)
            {
                if (measure.Value(row) is { } value)
                {
                    Line(
                    [
                        Structure, dataflow, "I", .. keys, NameOf(measure), labels.TitleOf(measure.Name), TableWriter.Text(value), period,
                        .. remarks,
                    ]);
                }
            }
        }

        IEnumerable<string> Heading(Column<T> column) =>
            TableLabels.IsCoded(column.Name) ? [NameOf(column), labels.TitleOf(column.Name)] : [NameOf(column)];

        IEnumerable<string> Cells(Column<T> column, T row)
        {
            var code = column.Value(row) is { } value ? TableWriter.Text(value) : column.Role == ColumnRole.Dimension ? NotApplicable : "";
            yield return column.Name == "period" ? TimeOf(code) : column.Role == ColumnRole.Dimension ? code : FormulaGuard.Arm(code);
            if (TableLabels.IsCoded(column.Name))
            {
                yield return code.Length == 0 ? "" : FormulaGuard.Arm(labels.NameOf(column.Name, code));
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
