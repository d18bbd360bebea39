using Cchc.Api.Completion;
using Cchc.Domain.Completion;

namespace Cchc.Api.Pictures;

/// <summary>A period of a series: its label, its figure, whether it is met, and remarks on it.</summary>
internal sealed record SeriesStep(string Label, SeriesPoint Point, IReadOnlyList<string> Remarks);

/// <summary>Completion from period to period: a line where the periods have room beside each other, else bars.</summary>
internal static class SeriesPicture
{
    private const double Axis = 44;
    private const double Height = 200;
    private const double LeastRoom = 72;

    public static Drawing Of(PictureHead head, int width, string? subject, IReadOnlyList<SeriesStep> steps)
    {
        var phrases = head.Phrases;
        var title = phrases.Say("Mức độ hoàn thành qua các kỳ báo cáo", "Completion from period to period");
        var sheet = new Sheet(head, "series", subject is null ? title : $"{title}: {subject}", width);
        var room = (sheet.Inner - Axis) / Math.Max(1, steps.Count);
        if (room < LeastRoom)
        {
            Bars.Add(sheet, [.. steps.Select(step => new BarRow(step.Label, step.Point.Completion, IsMet(step.Point), step.Remarks))]);
            return sheet.Done();
        }

        DrawGrid(sheet);
        var top = sheet.Y + 10;
        DrawLine(sheet, steps, room, top);
        sheet.Y = top + Height + 8;
        DrawLabels(sheet, steps, room);
        return sheet.Done();
    }

    private static void DrawGrid(Sheet sheet)
    {
        for (var percent = 0; percent <= 100; percent += 25)
        {
            var y = sheet.Y + 10 + Level(percent);
            sheet.Shapes.Add(new Stroke([(Sheet.Margin + Axis, y, true), (sheet.Width - Sheet.Margin, y, false)], 1, Ink.Grid));
            sheet.Shapes.Add(new Label(
                Sheet.Margin + Axis - 8, y + 4, $"{percent}%", Sheet.Small, false, Ink.Muted, Anchor.End));
        }
    }

    // A period without a figure breaks the line: nothing is known of what lies between.
    private static void DrawLine(Sheet sheet, IReadOnlyList<SeriesStep> steps, double room, double top)
    {
        var points = new List<(double X, double Y, bool Lifts)>();
        var lifts = true;
        for (var place = 0; place < steps.Count; place++)
        {
            if (steps[place].Point.Completion is { } completion)
            {
                points.Add((Middle(place, room), top + Level((double)completion), lifts));
                lifts = false;
            }
            else
            {
                lifts = true;
            }
        }

        sheet.Shapes.Add(new Stroke(points, 3, Ink.Accent));
        foreach (var (x, y, _) in points)
        {
            sheet.Shapes.Add(new Dot(x, y, 6, Ink.Back));
            sheet.Shapes.Add(new Dot(x, y, 5, Ink.Accent));
        }
    }

    private static void DrawLabels(Sheet sheet, IReadOnlyList<SeriesStep> steps, double room)
    {
        var (top, bottom) = (sheet.Y, sheet.Y);
        for (var place = 0; place < steps.Count; place++)
        {
            var (step, x) = (steps[place], Middle(place, room));
            var figure = sheet.Phrases.PercentOr(step.Point.Completion);
            var isFigure = step.Point.Completion is not null;
            var y = top + Sheet.Body;
            foreach (var line in Lettering.Wrap(figure, Sheet.Body, isFigure, room - 6, 2))
            {
                sheet.Shapes.Add(new Label(x, y, line, Sheet.Body, isFigure, Ink.Text, Anchor.Middle));
                y += 18;
            }

            if (IsMet(step.Point))
            {
                sheet.Shapes.Add(Sign.Of(LineStatus.Met, x + (Lettering.Width(figure, Sheet.Body, bold: true) / 2) + 2, top + 2));
            }

            foreach (var line in Lettering.Wrap(step.Label, Sheet.Small, false, room - 6, 3)
                .Concat(step.Remarks.SelectMany(remark => Lettering.Wrap(remark, Sheet.Small, false, room - 6, 3))))
            {
                sheet.Shapes.Add(new Label(x, y, line, Sheet.Small, false, Ink.Muted, Anchor.Middle));
                y += 16;
            }

            bottom = Math.Max(bottom, y);
            sheet.Say($"{step.Label}: {figure}, {string.Join(" · ", step.Remarks)}");
        }

        sheet.Y = bottom;
    }

    private static bool IsMet(SeriesPoint point) =>
        point.Met ?? (point.TargetsCounted > 0 && point.TargetsMet == point.TargetsCounted);

    private static double Middle(int place, double room) => Sheet.Margin + Axis + ((place + 0.5) * room);

    private static double Level(double percent) => Height - (Height * percent / 100);
}
