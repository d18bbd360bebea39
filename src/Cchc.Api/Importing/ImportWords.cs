using System.Globalization;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Importing;

/// <summary>Whose points and commas the numbers of a file are written with.</summary>
internal enum ImportLocale { ViVn, EnUs }

/// <summary>The words of a file's cells, in English as the API spells them or in Vietnamese as forms do.</summary>
internal static class ImportWords
{
    public static LineLevel? Level(string text) => Words.Parse<LineLevel>(text) ?? Search.Fold(text) switch
    {
        "province" or "tinh" or "cap tinh" => LineLevel.Province,
        "district" or "huyen" or "cap huyen" => LineLevel.District,
        "commune" or "xa" or "cap xa" => LineLevel.Commune,
        "whole" or "toan tinh" => LineLevel.Whole,
        _ => null,
    };

    public static Progress? State(string text) => Words.Parse<Progress>(text) ?? Search.Fold(text) switch
    {
        "notstarted" or "chua thuc hien" or "chua bat dau" => Progress.NotStarted,
        "inprogress" or "dang thuc hien" => Progress.InProgress,
        "done" or "hoan thanh" or "da hoan thanh" => Progress.Done,
        _ => null,
    };

    public static bool? Done(string text) => Search.Fold(text) switch
    {
        "true" or "1" or "yes" or "co" or "dat" or "hoan thanh" => true,
        "false" or "0" or "no" or "khong" or "chua dat" or "chua hoan thanh" => false,
        _ => null,
    };

    public static ImportLocale? Locale(string text) => text.ToUpperInvariant() switch
    {
        "VI-VN" => ImportLocale.ViVn,
        "EN-US" => ImportLocale.EnUs,
        _ => null,
    };
}

internal static class ImportNumbers
{
    /// <summary>A whole number; otherwise the code of what is wrong. A point or comma is ambiguous unless the sender names the locale.</summary>
    /// <param name="text">The cell.</param>
    /// <param name="isNumber">Whether the file holds a number there, not text that looks like one.</param>
    /// <param name="locale">Whose points and commas, where the sender said so.</param>
    public static (decimal Number, string? Code) Read(string text, bool isNumber, ImportLocale? locale)
    {
        if (!isNumber && text.AsSpan().ContainsAny('.', ','))
        {
            text = WithoutZeroFraction(text);
        }

        if (!isNumber && text.AsSpan().ContainsAny('.', ','))
        {
            if (locale is not { } known)
            {
                return (0, text.All(c => char.IsAsciiDigit(c) || c is '.' or ',' or '-' or '+') ? "number.ambiguous" : "value.notWhole");
            }

            if (!TryTidy(text, known, out text))
            {
                return (0, "value.notWhole");
            }
        }

        var style = isNumber ? NumberStyles.Float : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (text.Length > 40 || !decimal.TryParse(text, style, CultureInfo.InvariantCulture, out var number))
        {
            return (0, text.Length > 15 && text.All(char.IsAsciiDigit) ? "value.outOfRange" : "value.notWhole");
        }

        // A fraction too fine for a decimal would be rounded away unseen.
        var isVanished = number == 0 && text.TakeWhile(c => c is not ('e' or 'E')).Any(c => c is >= '1' and <= '9');
        return decimal.Truncate(number) == number && !isVanished && text.Length <= 28 ? (number, null) : (0, "value.notWhole");
    }

    // One or two zeros after a mark are a fraction in every locale: 11.0 and 11,00 are 11. Three zeros may be a group of thousands.
    private static string WithoutZeroFraction(string text)
    {
        var mark = text.AsSpan().LastIndexOfAny('.', ',');
        var zeros = text.AsSpan(mark + 1);
        return zeros.Length is 0 or 3 || zeros.ContainsAnyExcept('0') || text.AsSpan(0, mark).TrimStart("+-").ContainsAnyExceptInRange('0', '9')
            ? text : text[..mark];
    }

    // Thousands in threes or not at all, then at most one decimal mark.
    private static bool TryTidy(string text, ImportLocale locale, out string tidy)
    {
        var (thousand, point) = locale == ImportLocale.ViVn ? ('.', ',') : (',', '.');
        tidy = "";
        var parts = text.Split(point);
        var groups = parts[0].Split(thousand);
        if (parts.Length > 2 || (groups.Length > 1 && (groups[0].TrimStart('-').Length is 0 or > 3 || groups.Skip(1).Any(group => group.Length != 3))))
        {
            return false;
        }

        tidy = string.Concat(groups) + (parts.Length == 2 ? "." + parts[1] : "");
        return true;
    }
}
