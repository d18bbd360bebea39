using Cchc.Domain.Completion;

namespace Cchc.Api.Pictures;

/// <summary>Signs that tell states apart by their shape, so that none is told by its colour alone.</summary>
internal static class Sign
{
    public const double Size = 14;

    /// <summary>A sign whose upper left corner is at a point.</summary>
    public static Stroke Of(LineStatus status, double x, double y)
    {
        var (ink, points) = status switch
        {
            LineStatus.Met => (Ink.Good, "2,8 6,12 13,3"),
            LineStatus.OnTrack => (Ink.Accent, "1,7 12,7;8,3 12,7 8,11"),
            LineStatus.Behind => (Ink.Warn, "7,1 7,8;7,12.5 7,12.6"),
            LineStatus.Missed => (Ink.Bad, "2,2 12,12;12,2 2,12"),
            LineStatus.NoData => (Ink.Bad, "2,2 12,2 12,12 2,12 2,2"),
            _ => (Ink.Muted, "2,7 12,7"),
        };
        return new Stroke([.. points.Split(';').SelectMany(line => line.Split(' ').Select((point, index) => At(point, index == 0)))], 2, ink);

        (double X, double Y, bool Lifts) At(string point, bool lifts)
        {
            var numbers = point.Split(',').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            return (x + numbers[0], y + numbers[1], lifts);
        }
    }
}
