namespace Cchc.Domain.Plans;

/// <summary>How a target is measured.</summary>
public enum TargetKind { Ratio, UnitShare, Rank, Grade, Milestone }

/// <summary>A stock is a level at a moment; a flow adds up over the year.</summary>
public enum Measure { Stock, Flow }

/// <summary>Whether a target is to be held all year or reached by its end.</summary>
public enum Trajectory { Constant, Progressive }

/// <summary>Who answers for a target's values.</summary>
public enum Reporting { EachUnit, Owner }

/// <summary>How often a value or a task's state is due. The last three are for tasks alone.</summary>
public enum Frequency { Quarterly, HalfYearly, Annual, Continuous, Periodic, AnyTime }

/// <summary>The plan's own word: a firm duty, "phấn đấu", or a direction.</summary>
public enum Commitment { Must, Strive, Direction }

/// <summary>The level a line speaks of; <c>whole</c> is the province as a whole.</summary>
public enum LineLevel { Province, District, Commune, Whole }

public enum Comparison { AtLeast, AtMost }

public static class TargetKinds
{
    /// <summary>Whether a line of a target of this kind may have this operator; a milestone has none.</summary>
    public static bool Takes(this TargetKind kind, Comparison comparison) => kind switch
    {
        TargetKind.Milestone => false,
        TargetKind.Rank or TargetKind.Grade => comparison == Comparison.AtMost,
        _ => true,
    };
}

/// <summary>What a window covers, which decides what is due in it.</summary>
public enum PeriodKind { Quarter, Half, Year }

public enum PeriodState { NotBegun, Open, Locked }

/// <summary>The state of a milestone or a task.</summary>
public enum Progress { NotStarted, InProgress, Done }

/// <summary>
/// Codes are matched without regard to case and kept as the plan spells them. One pattern holds for those of plans, periods, groups, targets
/// and tasks, so that each fits a path segment, a header and a file name as it is.
/// </summary>
public static class Codes
{
    public const int Longest = 40;

    /// <summary>1 to 40 of A-Z, a-z, 0-9, '.', '-' and '_', with a letter or a digit first and last.</summary>
    public static bool IsValid(string code) =>
        code.Length is > 0 and <= Longest && char.IsAsciiLetterOrDigit(code[0]) && char.IsAsciiLetterOrDigit(code[^1])
        && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>A plan's code has lower-case letters, digits and hyphens alone.</summary>
    public static bool IsValidForPlan(string code) =>
        IsValid(code) && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    public static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
