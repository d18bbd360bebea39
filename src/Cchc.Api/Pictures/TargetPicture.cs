using Cchc.Api.Completion;
using Cchc.Domain.Completion;

namespace Cchc.Api.Pictures;

/// <summary>A badge for one target: how far it is, its status, and what each level has come to.</summary>
internal static class TargetPicture
{
    public static Drawing Of(PictureHead head, int width, TargetResult result, bool hasFigures)
    {
        var (phrases, target, figures) = (head.Phrases, result.Target, TargetFigures.Of(result));
        var sheet = new Sheet(head, "target", $"{target.Code} {phrases.Say(target.TitleVi, target.TitleEn)}", width);
        var completion = hasFigures ? figures.Completion : null;
        var figure = phrases.PercentOr(completion);
        sheet.Paragraph(figure, completion is null ? 18 : 30, true, Ink.Text, sheet.Inner, 2);
        sheet.Bar(sheet.Y + 4, sheet.Inner, completion, figures.Met == true);
        sheet.Y += 24;
        AddStatus(sheet, figures.Status, 0);
        sheet.Say($"{phrases.Say("Mức độ hoàn thành", "Completion")}: {figure}. {phrases.StatusOf(figures.Status)}");
        sheet.Y += 8;
        foreach (var line in figures.Lines)
        {
            var (level, reached) = (phrases.LevelOf(line.Level), phrases.Reached(target, line));
            reached = line.Coverage.Expected == 0 ? reached : $"{reached} · {phrases.Received(line.Coverage.Received, line.Coverage.Expected)}";
            sheet.Shapes.Add(new Stroke([(Sheet.Margin, sheet.Y, true), (width - Sheet.Margin, sheet.Y, false)], 1, Ink.Grid));
            sheet.Y += 8;
            var top = sheet.Y;
            var isWide = sheet.Width >= 300;
            sheet.Paragraph(level, Sheet.Body, true, Ink.Text, isWide ? sheet.Inner / 2 : sheet.Inner, 1);
            sheet.Y = isWide ? top : sheet.Y;
            AddStatus(sheet, line.Status, isWide ? sheet.Inner / 2 : 0);

            sheet.Paragraph(reached, 13, false, Ink.Muted, sheet.Inner, 3);
            sheet.Y += 6;
            sheet.Say($"{level}: {reached}. {phrases.StatusOf(line.Status)}");
        }

        return sheet.Done();
    }

    private static void AddStatus(Sheet sheet, LineStatus status, double indent)
    {
        sheet.Shapes.Add(Sign.Of(status, Sheet.Margin + indent, sheet.Y + 2));
        sheet.Paragraph(
            sheet.Phrases.StatusOf(status), Sheet.Body, true, Ink.Text, sheet.Inner - indent - Sign.Size - 8, 2, indent + Sign.Size + 8);
    }
}
