using System.Collections.Frozen;
using System.Text;
using Cchc.Api.Http;

namespace Cchc.Api.Importing;

/// <summary>The columns of an import, one value a row.</summary>
internal enum ImportColumn { Unit, Period, Target, Level, Numerator, Total, Excluded, Done, Position, State, NotApplicable, Note }

/// <summary>What headings may be called, in English or Vietnamese, with or without accents.</summary>
internal static class ImportColumns
{
    public const string Reason = "reason";
    private const string Previous = "previous_";

    /// <summary>The headings that a template has, in its order.</summary>
    public static readonly IReadOnlyList<string> Names =
        ["unit", "period", "target", "level", "numerator", "total", "excluded", "done", "position", "state", "not_applicable", "note"];

    public static readonly IReadOnlyList<ImportColumn> Required = [ImportColumn.Unit, ImportColumn.Period, ImportColumn.Target];

    private static readonly FrozenDictionary<string, ImportColumn> ByHeading = new Dictionary<ImportColumn, string[]>
    {
        [ImportColumn.Unit] = ["unit", "đơn vị", "mã đơn vị", "tên đơn vị", "cơ quan"],
        [ImportColumn.Period] = ["period", "kỳ", "kỳ báo cáo", "mã kỳ"],
        [ImportColumn.Target] = ["target", "chỉ tiêu", "mã chỉ tiêu"],
        [ImportColumn.Level] = ["level", "cấp"],
        [ImportColumn.Numerator] = ["numerator", "tử số"],
        [ImportColumn.Total] = ["total", "tổng số", "mẫu số"],
        [ImportColumn.Excluded] = ["excluded", "loại trừ", "số loại trừ"],
        [ImportColumn.Done] = ["done", "đạt", "đã hoàn thành"],
        [ImportColumn.Position] = ["position", "xếp hạng", "thứ hạng", "vị trí"],
        [ImportColumn.State] = ["state", "trạng thái", "tình trạng"],
        [ImportColumn.NotApplicable] = ["not_applicable", "không áp dụng", "lý do không áp dụng"],
        [ImportColumn.Note] = ["note", "ghi chú"],
    }.SelectMany(each => each.Value.Select(name => (Name: Simplify(name), Column: each.Key)))
        .ToFrozenDictionary(each => each.Name, each => each.Column, StringComparer.Ordinal);

    // What a template or a file of rejected rows says for people, and an import does not read.
    private static readonly FrozenSet<string> Explanatory = new[]
    {
        Reason, "unit_name", "target_title", "numerator_vi", "numerator_en", "denominator_vi", "denominator_en", "exclusion_vi", "exclusion_en",
        "note_vi", "note_en",
    }.Select(Simplify).ToFrozenSet();

    public static string NameOf(ImportColumn column) => Names[(int)column];

    /// <summary>The column a heading means; null where it is one to pass over.</summary>
    /// <param name="heading">The heading as the file has it.</param>
    /// <param name="isKnown">Whether it means anything at all.</param>
    public static ImportColumn? Find(string heading, out bool isKnown)
    {
        var simple = Simplify(heading);
        if (ByHeading.TryGetValue(simple, out var column))
        {
            isKnown = true;
            return column;
        }

        isKnown = simple.Length == 0 || Explanatory.Contains(simple) || heading.Trim().StartsWith(Previous, StringComparison.OrdinalIgnoreCase);
        return null;
    }

    private static string Simplify(string heading)
    {
        var simple = new StringBuilder(heading.Length);
        foreach (var c in Search.Fold(heading))
        {
            if (char.IsLetterOrDigit(c))
            {
                simple.Append(c);
            }
        }

        return simple.ToString();
    }
}

/// <summary>What keeps a cell of an outgoing file from being run as a formula by a spreadsheet, and takes it off again on the way in.</summary>
internal static class FormulaGuard
{
    private const string Starts = "=+-@\t\r\n＝＋－＠";

    /// <summary>An apostrophe before text that a spreadsheet would take for a formula, or that this would take off.</summary>
    public static string Arm(string text) => IsAtRisk(text) ? "'" + text : text;

    public static string Disarm(string text) => text.Length > 1 && text[0] == '\'' && IsAtRisk(text) ? text[1..] : text;

    private static bool IsAtRisk(string text)
    {
        var at = 0;
        while (at < text.Length && text[at] == '\'')
        {
            at++;
        }

        return at < text.Length && Starts.Contains(text[at], StringComparison.Ordinal);
    }
}
