using System.Globalization;
using System.Text;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cchc.Api.Importing;

public enum TemplateFormat { Csv, Xlsx }

/// <summary>
/// A table of the values due from units in a period, with the ones of the period before beside them. Left as it is it imports as nothing
/// given; filled in, as it is filled in.
/// </summary>
internal sealed class ReportTemplate(Plan plan, Period period, IReadOnlyList<Unit> units)
{
    private static readonly ImportColumn[] Given =
        [ImportColumn.Numerator, ImportColumn.Total, ImportColumn.Excluded, ImportColumn.Done, ImportColumn.Position, ImportColumn.State,
         ImportColumn.NotApplicable, ImportColumn.Note];

    private static readonly string[] Headings =
        ["unit", "unit_name", "period", "target", "target_title", "numerator_vi", "denominator_vi", "exclusion_vi", "note_vi", "level",
         .. Given.Select(ImportColumns.NameOf), "previous_period", .. Given.Select(column => "previous_" + ImportColumns.NameOf(column)),
         "numerator_en", "denominator_en", "exclusion_en", "note_en"];

    private static readonly double[] Widths =
        [9, 28, 10, 9, 50, 40, 40, 30, 50, 10, 12, 12, 12, 10, 10, 13, 26, 30, 12, 12, 12, 12, 10, 10, 13, 26, 30, 40, 40, 30, 50];

    private readonly List<(Unit Unit, IReadOnlyList<LineReporters> Lines)> _due = [];
    private readonly Dictionary<(int Unit, int Line), ImportRow> _before = [];
    private readonly Period? _previous = plan.Periods.LastOrDefault(each => each.DataTo < period.DataTo);

    public async Task<bool> LoadAsync(DbSession session, Catalogue catalogue)
    {
        var expectation = new Expectation(plan, period, catalogue.Units);
        _due.Clear();
        _due.AddRange(units.Select(unit => (unit, expectation.LinesOf(unit.Id))).Where(each => each.Item2.Count > 0));
        _before.Clear();
        if (_previous is not null && _due.Count > 0)
        {
            var range = new { periodId = _previous.Id, first = _due.Min(each => each.Unit.Id), last = _due.Max(each => each.Unit.Id) };
            await session.ReadEachAsync(MergeQueries.Counting, range, reader =>
            {
                var row = ReportMerge.Read(reader, _previous.Id);
                _before[(row.UnitId, row.LineId)] = row;
            });
        }

        return _due.Count > 0;
    }

    /// <summary>How many rows the table has under its heading.</summary>
    public int RowCount => _due.Sum(each => each.Lines.Count);

    public void Write(TemplateFormat format, Stream target)
    {
        if (format == TemplateFormat.Csv)
        {
            using var csv = new CsvWriter(
                new StreamWriter(target, new UTF8Encoding(true), leaveOpen: true), new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n" });
            foreach (var row in Rows().Prepend([.. Headings.Select(heading => new SheetCell(heading))]))
            {
                foreach (var cell in row)
                {
                    csv.WriteField(cell.IsNumber ? cell.Text : FormulaGuard.Arm(cell.Text));
                }

                csv.NextRecord();
            }

            return;
        }

        using var sheet = new XlsxWriter(target, Widths, AfterRows);
        sheet.WriteRow(Headings.Select(heading => new SheetCell(heading, Style: CellStyle.Heading)));
        foreach (var row in Rows())
        {
            sheet.WriteRow(row);
        }
    }

    // The protection of the sheet, then what its cells take, in the order of the schema.
    private static string AfterRows(int last)
    {
        string[] all =
        [
            Whole(ImportColumn.Numerator, "0"), Whole(ImportColumn.Total, "0"), Whole(ImportColumn.Excluded, "0"), Whole(ImportColumn.Position, "1"),
            List(ImportColumn.Done, "true,false"), List(ImportColumn.State, string.Join(',', Enum.GetValues<Progress>().Select(Words.Of))),
        ];
        return "<sheetProtection sheet=\"1\" objects=\"1\" scenarios=\"1\" formatColumns=\"0\" formatRows=\"0\" sort=\"0\" autoFilter=\"0\"/>"
            + $"<dataValidations count=\"{all.Length}\">{string.Concat(all)}</dataValidations>";

        string Whole(ImportColumn column, string least) => Validation(
            column, "whole", "Cần một số nguyên không âm. / A whole number is needed.",
            $"<formula1>{least}</formula1><formula2>{JsonInput.MaxCount.ToString(CultureInfo.InvariantCulture)}</formula2>");

        string List(ImportColumn column, string words) => Validation(
            column, "list", $"Chọn một trong: / Choose one of: {words}", $"<formula1>\"{words}\"</formula1>");

        string Validation(ImportColumn column, string type, string error, string formulas)
        {
            var letters = XlsxWriter.Name(Array.IndexOf(Headings, ImportColumns.NameOf(column)));
            return $"<dataValidation type=\"{type}\" allowBlank=\"1\" showErrorMessage=\"1\" errorTitle=\"CCHC\" error=\"{error}\" "
                + $"sqref=\"{letters}2:{letters}{Math.Max(2, last)}\">{formulas}</dataValidation>";
        }
    }

    private IEnumerable<IReadOnlyList<SheetCell>> Rows()
    {
        foreach (var (unit, lines) in _due)
        {
            foreach (var (target, line, _) in lines)
            {
                var owned = target.Kind switch
                {
                    TargetKind.Ratio when target.TakesExclusion => [ImportColumn.Numerator, ImportColumn.Total, ImportColumn.Excluded],
                    TargetKind.Ratio => [ImportColumn.Numerator, ImportColumn.Total],
                    TargetKind.UnitShare => [ImportColumn.Done],
                    TargetKind.Milestone => new[] { ImportColumn.State },
                    _ => [ImportColumn.Position],
                };
                var before = _before.TryGetValue((unit.Id, line.Id), out var found) ? found : (ImportRow?)null;
                yield return
                [
                    Fixed(unit.Code), Fixed(unit.On(period.DataTo)?.NameVi ?? ""), Fixed(period.Code), Fixed(target.Code), Fixed(target.TitleVi),
                    Explained(target.NumeratorVi), Explained(target.DenominatorVi), Explained(target.ExclusionVi), Explained(target.NoteVi),
                    Fixed(Words.Of(line.Level)),
                    .. Given.Select(column => new SheetCell(
                        "", Style: owned.Contains(column) || column >= ImportColumn.NotApplicable ? CellStyle.ToFill : CellStyle.Fixed)),
                    Fixed(before is null ? "" : _previous!.Code), .. Given.Select(column => Before(target, column, before)),
                    Explained(target.NumeratorEn), Explained(target.DenominatorEn), Explained(target.ExclusionEn), Explained(target.NoteEn),
                ];
            }
        }
    }

    private static SheetCell Explained(string? text) => Fixed(text ?? "");

    private static SheetCell Fixed(string text) => new(text, Style: CellStyle.Fixed);

    private static SheetCell Before(Target target, ImportColumn column, ImportRow? row)
    {
        if (row is not { } said)
        {
            return Fixed("");
        }

        var isGiven = said.NotApplicable is null;
        return (column, target.Kind) switch
        {
            (ImportColumn.NotApplicable, _) => Fixed(said.NotApplicable ?? ""),
            (ImportColumn.Note, _) => Fixed(said.Note ?? ""),
            (ImportColumn.Numerator, TargetKind.Ratio) when isGiven => Number(said.First),
            (ImportColumn.Total, TargetKind.Ratio) when isGiven => Number(said.Total),
            (ImportColumn.Excluded, TargetKind.Ratio) when isGiven && (target.TakesExclusion || said.Excluded > 0) => Number(said.Excluded),
            (ImportColumn.Done, TargetKind.UnitShare) when isGiven => Fixed(said.First == 1 ? "true" : "false"),
            (ImportColumn.State, TargetKind.Milestone) when isGiven => Fixed(Words.Of((Progress)said.First)),
            (ImportColumn.Position, TargetKind.Rank or TargetKind.Grade) when isGiven => Number(said.First),
            _ => Fixed(""),
        };
    }

    private static SheetCell Number(long number) => new(number.ToString(CultureInfo.InvariantCulture), IsNumber: true, CellStyle.Fixed);
}
