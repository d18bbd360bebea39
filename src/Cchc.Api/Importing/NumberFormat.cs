using System.Buffers;
using System.Collections.Frozen;

namespace Cchc.Api.Importing;

/// <summary>What a cell's number stands for by the format that shows it.</summary>
internal enum NumberKind : byte
{
    Plain,

    /// <summary>Hundredths: 0.07 is shown as 7%.</summary>
    Percent,

    /// <summary>The number as it is, with a percent sign as text: 7 is shown as 7%.</summary>
    PercentSign,
    Date,
}

/// <summary>The number formats of workbooks (ECMA-376 part 1, 18.8.30 and 18.8.31).</summary>
internal static class NumberFormat
{
    public const string General = "General";

    // Formats that a workbook names by number alone and whose meaning is not a plain number. 27 to 36, 50 to 58 and 71 to 81 are dates of East
    // Asian and Thai editions.
    private static readonly FrozenDictionary<int, string> BuiltIn = new Dictionary<int, string>
    {
        [9] = "0%",
        [10] = "0.00%",
        [14] = "m/d/yyyy",
        [15] = "d-mmm-yy",
        [16] = "d-mmm",
        [17] = "mmm-yy",
        [18] = "h:mm AM/PM",
        [19] = "h:mm:ss AM/PM",
        [20] = "h:mm",
        [21] = "h:mm:ss",
        [22] = "m/d/yyyy h:mm",
        [45] = "mm:ss",
        [46] = "[h]:mm:ss",
        [47] = "mm:ss.0",
    }.ToFrozenDictionary();

    private static readonly SearchValues<char> Elapsed = SearchValues.Create("hmsHMS");

    /// <summary>The code of a format that workbooks know by its number.</summary>
    public static string CodeOf(int id) => BuiltIn.TryGetValue(id, out var code) ? code
        : id is (>= 27 and <= 36) or (>= 50 and <= 58) or (>= 71 and <= 81) ? "yyyy/m/d" : General;

    public static NumberKind KindOf(string code)
    {
        var kind = NumberKind.Plain;
        for (var at = 0; at < code.Length; at++)
        {
            switch (char.ToLowerInvariant(code[at]))
            {
                case '"':
                    var close = End(code, at, '"');
                    AddText(code.AsSpan(at..close));
                    at = close;
                    break;
                case '\\' or '*':
                    AddText(code.AsSpan(at, Math.Min(2, code.Length - at)));
                    at++;
                    break;
                case '_':
                    at++;
                    break;
                case '[':
                    // [h] counts hours, and [$%] shows a sign; colours, conditions and locales say nothing of the number.
                    var end = End(code, at, ']');
                    if (end - at > 1 && end < code.Length && !code.AsSpan(at + 1, end - at - 1).ContainsAnyExcept(Elapsed))
                    {
                        return NumberKind.Date;
                    }

                    AddText(code.AsSpan(at..end));
                    at = end;
                    break;
                case 'g' when string.Compare(code, at, General, 0, General.Length, StringComparison.OrdinalIgnoreCase) == 0:
                    at += General.Length - 1;
                    break;
                case 'y' or 'm' or 'd' or 'h' or 's':
                    return NumberKind.Date;
                case '%':
                    kind = NumberKind.Percent;
                    break;
            }
        }

        return kind;

        void AddText(ReadOnlySpan<char> text) =>
            kind = kind == NumberKind.Plain && text.Contains('%') ? NumberKind.PercentSign : kind;

        static int End(string code, int start, char mark) => code.IndexOf(mark, start + 1) is >= 0 and var end ? end : code.Length;
    }
}
