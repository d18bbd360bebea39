using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Cchc.Domain.Units;

namespace Cchc.Api.Units;

/// <summary>
/// Finds units as people name them on a day: by code, by an outside code with its scheme (<c>gso:19753</c>), or by the exact name.
/// Case, spaces, Unicode form and the place of the tone mark (Thuỷ, Thủy) do not matter in a name; accents do.
/// </summary>
internal sealed class UnitNames
{
    private const string ToneMarks = "\u0300\u0301\u0303\u0309\u0323";

    private readonly UnitRegistry _units;
    private readonly DateOnly _date;
    private readonly FrozenDictionary<string, Unit[]> _byName;

    public UnitNames(UnitRegistry units, DateOnly date)
    {
        (_units, _date) = (units, date);
        _byName = units.ActiveOn(date)
            .SelectMany(unit => new[] { unit.On(date)!.NameVi, unit.On(date)!.NameEn }.OfType<string>().Select(Key).Distinct().Select(key => (key, unit)))
            .GroupBy(each => each.key, each => each.unit)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>Every unit that the text may mean; one where it is certain.</summary>
    public IReadOnlyList<Unit> Find(string text)
    {
        if (_units.Find(text) is { } byCode)
        {
            return [byCode];
        }

        if (text.IndexOf(':', StringComparison.Ordinal) is > 0 and var at)
        {
            var (scheme, value) = (text[..at].Trim(), text[(at + 1)..].Trim());
            var byOutsideCode = _units.All.Where(unit => unit.OutsideCodes.Any(code =>
                string.Equals(code.Scheme, scheme, StringComparison.OrdinalIgnoreCase)
                && string.Equals(code.Value, value, StringComparison.OrdinalIgnoreCase) && code.Interval.Contains(_date))).ToList();
            if (byOutsideCode.Count > 0)
            {
                return byOutsideCode;
            }
        }

        return _byName.GetValueOrDefault(Key(text)) ?? [];
    }

    // The tone mark of a syllable is moved to its end, so that both spellings are one; marks that make another letter stay.
    private static string Key(string name)
    {
        var key = new StringBuilder(name.Length + 8);
        foreach (var word in name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (key.Length > 0)
            {
                key.Append(' ');
            }

            var tone = "";
            foreach (var c in word.Normalize(NormalizationForm.FormD))
            {
                if (ToneMarks.Contains(c, StringComparison.Ordinal))
                {
                    tone += c;
                }
                else
                {
                    key.Append(char.ToLower(c, CultureInfo.InvariantCulture));
                }
            }

            key.Append(tone);
        }

        return key.ToString();
    }
}
