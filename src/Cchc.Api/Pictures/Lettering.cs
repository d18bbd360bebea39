using System.Globalization;
using System.Text;

namespace Cchc.Api.Pictures;

/// <summary>
/// How wide text is, so that it wraps and ends within its place. Whose font shows a picture is not known here: the widths are Noto Sans',
/// with some to spare for wider ones.
/// </summary>
internal static class Lettering
{
    private const double Spare = 1.08;
    private const double BoldSpare = 1.07;

    // Thousandths of the size, of the characters from space to tilde.
    private static ReadOnlySpan<short> Widths =>
    [
        260, 269, 408, 646, 572, 831, 732, 225, 300, 300, 551, 572, 268, 322, 268, 372, 572, 572, 572, 572, 572, 572, 572, 572, 572, 572, 268, 268,
        572, 572, 572, 434, 899, 639, 650, 632, 730, 556, 519, 728, 741, 339, 273, 619, 524, 907, 760, 781, 605, 781, 622, 549, 556, 731, 600, 930,
        586, 566, 572, 329, 372, 329, 572, 444, 281, 561, 615, 480, 615, 564, 344, 615, 618, 258, 258, 534, 258, 935, 618, 605, 615, 615, 413, 479,
        361, 618, 508, 786, 529, 510, 470, 380, 551, 380, 572,
    ];

    public static double Width(string text, double size, bool bold = false)
    {
        var thousandths = 0;
        foreach (var letter in text.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            thousandths += Rune.GetUnicodeCategory(letter) == UnicodeCategory.NonSpacingMark ? 0
                : letter.Value is >= ' ' and <= '~' ? Widths[letter.Value - ' ']
                : letter.Value is 'đ' or 'Đ' or '·' or '–' ? 730
                : 1000;
        }

        return thousandths / 1000.0 * size * Spare * (bold ? BoldSpare : 1);
    }

    /// <summary>Breaks text into lines between words, and cuts it with an ellipsis where it needs more of them.</summary>
    public static IReadOnlyList<string> Wrap(string text, double size, bool bold, double width, int lines)
    {
        var wrapped = new List<string>();
        var line = "";
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && wrapped.Count < lines - 1 && Width(longer, size, bold) > width)
            {
                wrapped.Add(Cut(line, size, bold, width));
                longer = word;
            }

            line = longer;
        }

        wrapped.Add(Cut(line, size, bold, width));
        return wrapped;
    }

    private static string Cut(string line, double size, bool bold, double width)
    {
        if (Width(line, size, bold) <= width)
        {
            return line;
        }

        // By what is read as one letter, lest an accent be left behind.
        var starts = StringInfo.ParseCombiningCharacters(line);
        var kept = starts.Length - 1;
        while (kept > 1 && Width(line[..starts[kept]].TrimEnd() + "…", size, bold) > width)
        {
            kept--;
        }

        return line[..starts[Math.Max(kept, 0)]].TrimEnd() + "…";
    }
}
