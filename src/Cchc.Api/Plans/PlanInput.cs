using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Plans;

/// <summary>Reads what the documents of a plan have in common: codes, days and the conditions of target lines.</summary>
internal static class PlanInput
{
    /// <summary>A code that is given here (<see cref="Codes.IsValid"/>), and none of the words that addresses use in its place.</summary>
    public static string? Code(
        this JsonInput input, Dictionary<string, JsonElement> members, string name, string pointer, params string[] reserved)
    {
        var code = input.Text(members, name, pointer, Codes.Longest, required: true);
        if (code is not null && reserved.Any(word => Codes.Same(code, word)))
        {
            input.Refuse("code.reserved", $"{pointer}/{name}", code, code);
        }

        if (code is not null && !Codes.IsValid(code))
        {
            input.Refuse("code.invalid", $"{pointer}/{name}", code, Codes.Longest);
        }

        return code;
    }

    /// <summary>A text of one line, such as the number of a document; null where it is refused.</summary>
    public static string? Line(
        this JsonInput input, Dictionary<string, JsonElement> members, string name, string pointer, int longest, bool required = false)
    {
        var line = input.Text(members, name, pointer, longest, required);
        if (line?.Any(char.IsControl) != true)
        {
            return line;
        }

        input.Refuse("text.invalid", $"{pointer}/{name}", null);
        return null;
    }

    /// <summary>A day within two others; null where it is refused.</summary>
    public static DateOnly? Day(
        this JsonInput input, Dictionary<string, JsonElement> members, string name, string pointer, (DateOnly First, DateOnly Last) days,
        bool required = false)
    {
        var day = input.Date(members, name, pointer, required);
        if (day is null || (day >= days.First && day <= days.Last))
        {
            return day;
        }

        input.Refuse("date.order", $"{pointer}/{name}", day, days.First, days.Last);
        return null;
    }

    /// <summary>The condition of a line. A milestone has none; a rank or a grade is a whole position that is not to be exceeded.</summary>
    public static (Comparison? Operator, int? ThresholdHundredths) Condition(
        this JsonInput input, Dictionary<string, JsonElement> members, string pointer, TargetKind kind)
    {
        var isTracked = kind == TargetKind.Milestone;
        var comparison = input.Word<Comparison>(members, "operator", pointer, required: !isTracked);
        var threshold = input.Hundredths(
            members, "threshold", pointer, most: kind is TargetKind.Ratio or TargetKind.UnitShare ? 100 : 1_000_000, required: !isTracked);
        if (isTracked && (comparison is not null || threshold is not null))
        {
            input.Refuse("plan.milestoneHasNone", pointer + "/threshold", null);
        }

        if (kind is TargetKind.Rank or TargetKind.Grade && threshold % 100 is not (null or 0))
        {
            input.Refuse("value.notWhole", pointer + "/threshold", threshold / 100m);
        }

        if (!isTracked && comparison is { } given && !kind.Takes(given))
        {
            input.Refuse("plan.rankAtMost", pointer + "/operator", Words.Of(given));
        }

        return (comparison, threshold);
    }
}
