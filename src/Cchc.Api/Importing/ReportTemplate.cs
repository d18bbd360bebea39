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
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Spreadsheet;

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
        ["unit", "unit_name", "period", "target", "target_title", "level", .. Given.Select(ImportColumns.NameOf),
         "previous_period", .. Given.Select(column => "previous_" + ImportColumns.NameOf(column))];

    private static readonly double[] Widths =
        [9, 28, 10, 9, 50, 10, 12, 12, 12, 10, 10, 13, 26, 30, 12, 12, 12, 12, 10, 10, 13, 26, 30];

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

        using var sheet = new XlsxWriter(target, Widths);
        sheet.WriteRow(Headings.Select(heading => new SheetCell(heading, Style: XlsxWriter.Heading)));
        foreach (var row in Rows())
        {
            sheet.WriteRow(row);
        }

        sheet.Finish(
            new SheetProtection { Sheet = true, Objects = true, Scenarios = true, FormatColumns = false, FormatRows = false, AutoFilter = false, Sort = false },
            Validations(sheet.Row));
    }

    private static DataValidations Validations(uint last)
    {
        DataValidation[] all =
        [
            Whole(ImportColumn.Numerator, "0"), Whole(ImportColumn.Total, "0"), Whole(ImportColumn.Excluded, "0"), Whole(ImportColumn.Position, "1"),
            List(ImportColumn.Done, "true,false"), List(ImportColumn.State, string.Join(',', Enum.GetValues<Progress>().Select(Words.Of))),
        ];
        return new DataValidations(all) { Count = (uint)all.Length };

        ListValue<StringValue> Cells(ImportColumn column)
        {
            var letters = XlsxWriter.Name(Array.IndexOf(Headings, ImportColumns.NameOf(column)));
            return new ListValue<StringValue>([new StringValue($"{letters}2:{letters}{Math.Max(2, last)}")]);
        }

        DataValidation Whole(ImportColumn column, string least) =>
            new(new Formula1(least), new Formula2(JsonInput.MaxCount.ToString(CultureInfo.InvariantCulture)))
            {
                Type = DataValidationValues.Whole,
                Operator = DataValidationOperatorValues.Between,
                AllowBlank = true,
                ShowErrorMessage = true,
                ErrorTitle = "CCHC",
                Error = "Cần một số nguyên không âm. / A whole number is needed.",
                SequenceOfReferences = Cells(column),
            };

        DataValidation List(ImportColumn column, string words) => new(new Formula1($"\"{words}\""))
        {
            Type = DataValidationValues.List,
            AllowBlank = true,
            ShowErrorMessage = true,
            ErrorTitle = "CCHC",
            Error = $"Chọn một trong: / Choose one of: {words}",
            SequenceOfReferences = Cells(column),
        };
    }

    private IEnumerable<IReadOnlyList<SheetCell>> Rows()
    {
        foreach (var (unit, lines) in _due)
        {
            foreach (var (target, line, _) in lines)
            {
                var owned = target.Kind switch
                {
                    TargetKind.Ratio => [ImportColumn.Numerator, ImportColumn.Total, ImportColumn.Excluded],
                    TargetKind.UnitShare => [ImportColumn.Done],
                    TargetKind.Milestone => new[] { ImportColumn.State },
                    _ => [ImportColumn.Position],
                };
                var before = _before.TryGetValue((unit.Id, line.Id), out var found) ? found : (ImportRow?)null;
                yield return
                [
                    Fixed(unit.Code), Fixed(unit.On(period.DataTo)?.NameVi ?? ""), Fixed(period.Code), Fixed(target.Code), Fixed(target.TitleVi),
                    Fixed(Words.Of(line.Level)),
                    .. Given.Select(column => new SheetCell(
                        "", Style: owned.Contains(column) || column >= ImportColumn.NotApplicable ? XlsxWriter.Free : XlsxWriter.Locked)),
                    Fixed(before is null ? "" : _previous!.Code), .. Given.Select(column => Before(target, column, before)),
                ];
            }
        }
    }

    private static SheetCell Fixed(string text) => new(text, Style: XlsxWriter.Locked);

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
            (ImportColumn.Excluded, TargetKind.Ratio) when isGiven => Number(said.Excluded),
            (ImportColumn.Done, TargetKind.UnitShare) when isGiven => Fixed(said.First == 1 ? "true" : "false"),
            (ImportColumn.State, TargetKind.Milestone) when isGiven => Fixed(Words.Of((Progress)said.First)),
            (ImportColumn.Position, TargetKind.Rank or TargetKind.Grade) when isGiven => Number(said.First),
            _ => Fixed(""),
        };
    }

    private static SheetCell Number(long number) => new(number.ToString(CultureInfo.InvariantCulture), IsNumber: true, XlsxWriter.Locked);
}
