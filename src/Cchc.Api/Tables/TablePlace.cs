using System.Globalization;

namespace Cchc.Api.Tables;

/// <summary>Where a page of a table begins: what its cursor says.</summary>
/// <param name="Start">The number of rows before it.</param>
/// <param name="At">An instant at which the version of the first page was known.</param>
/// <param name="Version">That version.</param>
internal sealed record TablePlace(int Start, DateTimeOffset At, string Version)
{
    public static TablePlace? Parse(string cursor) =>
        cursor.Split('.', 3) is [var start, var at, { Length: > 0 } version]
        && int.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
        && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var instant)
        && instant <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new TablePlace(rows, DateTimeOffset.FromUnixTimeMilliseconds(instant), version) : null;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Start}.{At.ToUnixTimeMilliseconds()}.{Version}");
}
