using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Plans;

/// <summary>Reads what the documents of a plan have in common: codes, days and the conditions of target lines.</summary>
internal static class PlanInput
{
    /// <summary>A code that is given here (<see cref="Codes.IsValid"/>).</summary>
    public static string? Code(this JsonInput input, Dictionary<string, JsonElement> members, string name, string pointer)
    {
        var code = input.Text(members, name, pointer, Codes.Longest, required: true);
        if (code is not null && !Codes.IsValid(code))
        {
            input.Refuse("code.invalid", $"{pointer}/{name}", code, Codes.Longest);
        }

        return code;
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
        var threshold = input.Hundredths(members, "threshold", pointer, most: 1_000_000, required: !isTracked);
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
