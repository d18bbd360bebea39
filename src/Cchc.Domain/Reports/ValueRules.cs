using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Reports;

/// <summary>A value as somebody gives it, before it is known to be right; null is not given.</summary>
public readonly record struct GivenValue(
    long? Numerator, long? Total, long? Excluded, bool? Done, long? Position, Progress? State, string? NotApplicable)
{
    public bool IsBlank => this == default;

    public bool Has(string member) => member switch
    {
        "numerator" => Numerator is not null,
        "total" => Total is not null,
        "excluded" => Excluded is not null,
        "done" => Done is not null,
        "position" => Position is not null,
        "state" => State is not null,
        _ => false,
    };
}

/// <summary>A rule that a value breaks: its stable code, the member at fault, what was given there, and the words' arguments.</summary>
public sealed record Breach(string Code, string Member, object? Value, params object?[] Arguments);

/// <summary>What may be said of a line: which lines a unit owes in a period, and which numbers make sense together.</summary>
public static class ValueRules
{
    /// <summary>The largest count that a report may hold: a sum over 90,000 units stays under 2^53, which every client reads exactly.</summary>
    public const long MaxCount = 99_999_999_999;

    private static readonly string[] Members = ["numerator", "total", "excluded", "done", "position", "state"];

    /// <summary>The line that a unit means when it names a target, with or without a level; else why there is none.</summary>
    public static (TargetLine? Line, Breach? Breach) FindLine(Target target, Unit unit, Period period, LineLevel? level)
    {
        TargetLine? line = null;
        var candidates = 0;
        foreach (var each in Expectation.LinesFor(target, unit, period.DataTo))
        {
            candidates++;
            line = level is null || each.Level == level ? each : line;
        }

        return (candidates, line) switch
        {
            (0, _) => (null, new Breach("value.notExpected", "target", target.Code, target.Code)),
            _ when !target.IsDueIn(period) => (null, new Breach("value.notDue", "target", target.Code, target.Code)),
            ( > 1, _) when level is null => (null, new Breach(
                "value.levelRequired", "level", null,
                string.Join(", ", Expectation.LinesFor(target, unit, period.DataTo).Select(each => Word(each.Level))))),
            (_, null) => (null, new Breach("value.levelUnknown", "level", Word(level!.Value))),
            _ => (line, null),
        };
    }

    /// <summary>Everything that is wrong with what was given for a target.</summary>
    public static IEnumerable<Breach> Check(Target target, GivenValue given)
    {
        string[] owned = target.Kind switch
        {
            TargetKind.Ratio => ["numerator", "total", "excluded"],
            TargetKind.UnitShare => ["done"],
            TargetKind.Milestone => ["state"],
            _ => ["position"],
        };
        foreach (var member in Members)
        {
            if (given.Has(member) && !owned.Contains(member))
            {
                yield return new Breach("value.shape", member, null, member, Word(target.Kind));
            }
        }

        if (given.NotApplicable is not null)
        {
            if (owned.Any(given.Has))
            {
                yield return new Breach("value.exclusive", "notApplicable", null);
            }

            yield break;
        }

        foreach (var member in owned)
        {
            if (member != "excluded" && !given.Has(member))
            {
                yield return new Breach("value.required", member, null, member);
            }
        }

        // An excluded count of 0 says the same as none.
        if (given.Excluded > 0 && target is { Kind: TargetKind.Ratio, TakesExclusion: false })
        {
            yield return new Breach("value.excludedNotTaken", "excluded", given.Excluded, target.Code);
        }
        else if (target.Kind == TargetKind.Ratio && given is { Numerator: { } numerator, Total: { } total })
        {
            var excluded = given.Excluded ?? 0;
            if (excluded > total)
            {
                yield return new Breach("value.excludedExceedsTotal", "excluded", excluded);
            }
            else if (numerator > total - excluded)
            {
                yield return new Breach("value.numeratorExceedsBase", "numerator", numerator);
            }
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
