using Cchc.Api.Completion;
using Cchc.Domain.Completion;

namespace Cchc.Api.Pictures;

/// <summary>A bar with its name, its figure, and remarks on it, each of a line.</summary>
internal sealed record BarRow(string Name, decimal? Completion, bool IsMet, IReadOnlyList<string> Remarks)
{
    public string Remark => string.Join(" · ", Remarks);
}

/// <summary>Completion in bars, one below the other.</summary>
internal static class Bars
{
    private const double LeastWide = 420;

    public static Drawing OfGroups(PictureHead head, int width, RollUp plan, IEnumerable<CompletionRow> rows)
    {
        var phrases = head.Phrases;
        var sheet = new Sheet(head, "groups", phrases.Say("Mức độ hoàn thành theo nhóm chỉ tiêu", "Completion by group of targets"), width);
        var completion = plan.Completion?.ToPercent();
        var figure = phrases.PercentOr(completion);
        var remarks = phrases.Remarks(completion, plan.TargetsMet, plan.TargetsCounted, plan.Coverage.Received, plan.Coverage.Expected);
        sheet.Paragraph(figure, 30, true, Ink.Text, sheet.Inner, 1);
        sheet.Paragraph($"{phrases.WholePlan} · {string.Join(" · ", remarks)}", 13, false, Ink.Muted, sheet.Inner, 2);
        sheet.Say($"{phrases.WholePlan}: {figure}, {string.Join(", ", remarks)}");
        sheet.Y += 12;
        Add(sheet, [.. rows.Select(row => new BarRow(
            $"{row.Group} {phrases.Say(row.NameVi!, row.NameEn)}", row.Completion, IsMet(row), Counts(phrases, row)))]);
        return sheet.Done();
    }

    public static Drawing OfDistricts(PictureHead head, int width, IEnumerable<CompletionRow> rows)
    {
        var phrases = head.Phrases;
        var sheet = new Sheet(
            head, "districts", phrases.Say("Mức độ hoàn thành theo địa phương, gồm cả cấp xã", "Completion by district, with its communes"), width);
        var ordered = rows.OrderBy(row => row.Completion is null).ThenByDescending(row => row.Completion).ThenBy(row => row.Unit, StringComparer.Ordinal);
        Add(sheet, [.. ordered.Select(row => new BarRow(
            phrases.Say(row.NameVi ?? row.Unit!, row.NameEn), row.Completion, IsMet(row), Counts(phrases, row)))]);
        return sheet.Done();
    }

    /// <summary>Adds bars: where there is room their figures stand beside them, else above.</summary>
    public static void Add(Sheet sheet, IReadOnlyList<BarRow> rows)
    {
        var needed = rows.SelectMany(row => row.Remarks).Select(remark => Lettering.Width(remark, Sheet.Small)).Append(Lettering.Width(sheet.Phrases.NoFigure, Sheet.Body)).Max();
        var right = Math.Min(needed + 4, sheet.Inner * 0.45);
        foreach (var row in rows)
        {
            var figure = sheet.Phrases.PercentOr(row.Completion);
            if (sheet.Width >= LeastWide)
            {
                AddBeside(sheet, row, figure, right);
            }
            else
            {
                AddBelow(sheet, row, figure);
            }

            sheet.Y += 14;
            sheet.Say($"{row.Name}: {figure}, {row.Remark}");
        }
    }

    private static void AddBeside(Sheet sheet, BarRow row, string figure, double right)
    {
        var left = sheet.Inner - right - 16;
        var x = sheet.Width - Sheet.Margin - right;
        sheet.Paragraph(row.Name, Sheet.Body, false, Ink.Text, left, 2);
        var bar = sheet.Y + 4;
        sheet.Bar(bar, left, row.Completion, row.IsMet);
        Figure(sheet, row, figure, x, bar - 8);
        for (var line = 0; line < row.Remarks.Count; line++)
        {
            var remark = Lettering.Wrap(row.Remarks[line], Sheet.Small, false, right, 1)[0];
            sheet.Shapes.Add(new Label(x, bar + 12 + (line * 15), remark, Sheet.Small, false, Ink.Muted));
        }

        sheet.Y = bar + (15 * row.Remarks.Count);
    }

    private static void AddBelow(Sheet sheet, BarRow row, string figure)
    {
        sheet.Paragraph(row.Name, Sheet.Body, false, Ink.Text, sheet.Inner, 2);
        Figure(sheet, row, figure, Sheet.Margin, sheet.Y + Sheet.Body);
        sheet.Y += 19;
        sheet.Paragraph(row.Remark, Sheet.Small, false, Ink.Muted, sheet.Inner, 2);
        sheet.Bar(sheet.Y + 4, sheet.Inner, row.Completion, row.IsMet);
        sheet.Y += 14;
    }

    private static void Figure(Sheet sheet, BarRow row, string figure, double x, double baseline)
    {
        sheet.Shapes.Add(new Label(x, baseline, figure, Sheet.Body, row.Completion is not null, Ink.Text));
        if (row.IsMet)
        {
            sheet.Shapes.Add(Sign.Of(LineStatus.Met, x + Lettering.Width(figure, Sheet.Body, bold: true) + 6, baseline - 12));
        }
    }

    private static bool IsMet(CompletionRow row) => row.TargetsCounted > 0 && row.TargetsMet == row.TargetsCounted;

    private static IReadOnlyList<string> Counts(Phrases phrases, CompletionRow row) =>
        phrases.Remarks(row.Completion, row.TargetsMet ?? 0, row.TargetsCounted ?? 0, row.Received ?? 0, row.Expected ?? 0);
}
