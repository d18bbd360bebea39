using System.Globalization;
using System.Text;

namespace Cchc.Api.Http;

internal static class Search
{
    /// <summary>Text without case and accents, đ as d: for searching, never for joining.</summary>
    public static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in Decompose(text))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            {
                folded.Append(c is 'đ' or 'Đ' ? 'd' : char.ToLowerInvariant(c));
            }
        }

        return folded.ToString();
    }

    /// <summary>Whether every word looked for stands in one of the texts.</summary>
    public static bool Finds(string? query, params ReadOnlySpan<string?> texts)
    {
        if (query is null)
        {
            return true;
        }

        var all = Fold(string.Join('\n', texts!));
        return Fold(query).Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word => all.Contains(word, StringComparison.Ordinal));
    }

    private static string Decompose(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormD);
        }
        catch (ArgumentException)
        {
            return text;
        }
    }
}
