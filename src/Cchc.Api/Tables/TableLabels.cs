using Cchc.Api.Pictures;

namespace Cchc.Api.Tables;

/// <summary>The words of a table in one language: its title, the titles of its columns and the names of its codes.</summary>
/// <param name="Phrases">The language.</param>
/// <param name="Title">The title of the table.</param>
/// <param name="Find">The name of a code in a column; null where the column has no codes, or the code no name.</param>
internal sealed record TableLabels(Phrases Phrases, string Title, Func<string, string, string?> Find)
{
    // The columns whose values are codes or words.
    private static readonly HashSet<string> Coded =
    [
        "plan", "period", "unit", "parent", "unitLevel", "unitKind", "group", "target", "commitment", "level", "operator", "status",
        "statusBefore", "statusAfter",
    ];

    private readonly Dictionary<(string Column, string Code), string> _names = [];

    public static bool IsCoded(string column) => Coded.Contains(column);

    public string TitleOf(string column) => ColumnTitles.Of(column, Phrases.Language == Language.En);

    /// <summary>The name of a code; the code itself where it has none.</summary>
    public string NameOf(string column, string code)
    {
        if (!_names.TryGetValue((column, code), out var name))
        {
            name = code == SdmxCsv.NotApplicable ? Phrases.Say("Không áp dụng", "Not applicable") : Find(column, code) ?? code;
            _names[(column, code)] = name;
        }

        return name;
    }
}
