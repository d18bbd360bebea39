using System.Globalization;

namespace Cchc.Api.Pictures;

internal enum Theme { Light, Dark, Auto }

/// <summary>The colours of a theme. Text has a contrast of 4.5 and what bars are drawn in one of 3 at least (WCAG 2.2, 1.4.3 and 1.4.11).</summary>
internal sealed class Palette
{
    private static readonly Dictionary<Ink, Colour> LightInks = Read(
        "ffffff", "18181b", "52525b", "e8eaed", "c9ccd3", "0b5cad", "146c2e", "8a5300", "b3261e");

    private static readonly Dictionary<Ink, Colour> DarkInks = Read(
        "14171c", "f4f4f5", "b6b9c1", "343a43", "4b525e", "7cb8f2", "7ad396", "f2bc5b", "ff9a90");

    private readonly Dictionary<Ink, Colour> _inks;

    private Palette(Dictionary<Ink, Colour> inks) => _inks = inks;

    public Colour this[Ink ink] => _inks[ink];

    /// <summary>The colours of the light or the dark theme, with an accent colour as far as it can be seen there.</summary>
    public static Palette Of(bool dark, Colour? accent)
    {
        var inks = dark ? DarkInks : LightInks;
        return accent is { } given ? new Palette(new(inks) { [Ink.Accent] = Visible(given, inks[Ink.Back], inks[Ink.Track], dark) }) : new Palette(inks);
    }

    // Towards black or white until it stands out from what it lies on: a site's colour is rarely chosen for both themes.
    private static Colour Visible(Colour accent, Colour back, Colour track, bool dark)
    {
        const double enough = 3;
        var colour = accent;
        for (var share = 0.05; colour.ContrastWith(back) < enough || colour.ContrastWith(track) < enough; share += 0.05)
        {
            colour = accent.Towards(dark ? byte.MaxValue : byte.MinValue, share);
        }

        return colour;
    }

    private static Dictionary<Ink, Colour> Read(params string[] colours) =>
        Enum.GetValues<Ink>().Zip(colours).ToDictionary(each => each.First, each => Colour.Parse(each.Second)!.Value);
}

/// <summary>An sRGB colour.</summary>
internal readonly record struct Colour(byte Red, byte Green, byte Blue)
{
    public string Hex => $"#{Red:x2}{Green:x2}{Blue:x2}";

    /// <summary>Six hexadecimal digits, with or without a number sign; null where it is something else.</summary>
    public static Colour? Parse(string text)
    {
        var digits = text.StartsWith('#') ? text[1..] : text;
        return digits.Length == 6 && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? new Colour((byte)(number >> 16), (byte)(number >> 8), (byte)number) : null;
    }

    /// <summary>The contrast ratio, 1 to 21 (WCAG 2.2).</summary>
    public double ContrastWith(Colour other)
    {
        var (one, two) = (Luminance + 0.05, other.Luminance + 0.05);
        return Math.Max(one, two) / Math.Min(one, two);
    }

    public Colour Towards(byte end, double share) => new(Mix(Red, end, share), Mix(Green, end, share), Mix(Blue, end, share));

    private double Luminance => (0.2126 * Linear(Red)) + (0.7152 * Linear(Green)) + (0.0722 * Linear(Blue));

    private static double Linear(byte channel)
    {
        var part = channel / 255.0;
        return part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4);
    }

    private static byte Mix(byte channel, byte end, double share) => (byte)Math.Round(channel + ((end - channel) * Math.Min(share, 1)));
}
