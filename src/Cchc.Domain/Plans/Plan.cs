using Cchc.Domain.Units;

namespace Cchc.Domain.Plans;

/// <summary>One yearly reform plan (kế hoạch) with its targets, tasks and reporting periods.</summary>
public sealed record Plan
{
    public required int Id { get; init; }
    public required string Code { get; init; }
    public required string Number { get; init; }
    public required int Year { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }
    public required string Issuer { get; init; }
    public required DateOnly IssuedOn { get; init; }
    public required string SignedBy { get; init; }

    /// <summary>The unit that follows, reviews and consolidates (plan 398, section V.2: Sở Nội vụ).</summary>
    public required int LeadUnitId { get; init; }

    /// <summary>The unit that follows beside the lead (plan 398, section V.2: Sở Thông tin và Truyền thông).</summary>
    public required int? MonitorUnitId { get; init; }

    /// <summary>Whether a district approves its communes' reports before the lead does.</summary>
    public bool DistrictApproval { get; init; }

    /// <summary>Whether the plan is still being drawn up: it is nobody's yet but the lead's and the administrators'.</summary>
    public bool IsDraft { get; init; }

    /// <summary>The day from which it is in force, where it was put in force here.</summary>
    public DateOnly? InForceOn { get; init; }

    /// <summary>What changed the plan while it was in force, by the day from which it does.</summary>
    public IReadOnlyList<Amendment> Amendments { get; init; } = [];

    /// <summary>The first and the last day that its calendar, amendments and assignments may name.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public (DateOnly First, DateOnly Last) Days => DaysOf(Year);

    public required IReadOnlyList<TargetGroup> Groups { get; init; }
    public required IReadOnlyList<Target> Targets { get; init; }
    public required IReadOnlyList<PlanTask> Tasks { get; init; }

    /// <summary>The calendar, by the last day of each window.</summary>
    public required IReadOnlyList<Period> Periods { get; init; }

    /// <summary>From the year before a year to the fifth after it.</summary>
    public static (DateOnly First, DateOnly Last) DaysOf(int year) => (new DateOnly(year - 1, 1, 1), new DateOnly(year + 5, 12, 31));

    /// <summary>The days on which a document of a plan of that year may be issued.</summary>
    public static (DateOnly First, DateOnly Last) DaysOfIssue(int year) => (new DateOnly(2000, 1, 1), DaysOf(year).Last);

    /// <summary>
    /// The plan as amended up to a day. A period is judged by the plan of its last day, so that an amendment leaves the figures of the
    /// periods before it as they were.
    /// </summary>
    public Plan On(DateOnly date)
    {
        var targets = Targets;
        foreach (var amendment in Amendments.Where(each => each.EffectiveOn <= date))
        {
            targets = [.. targets.Select(amendment.Apply).OfType<Target>()];
        }

        return ReferenceEquals(targets, Targets) ? this : this with { Targets = targets };
    }

    /// <summary>
    /// The plan as a period is judged by it: amended up to the period's last day, and each target that its owner reports owned by the unit
    /// that answers for it then. For an owner that is not active that is its successor, otherwise the plan's lead.
    /// </summary>
    public Plan In(Period period, UnitRegistry units)
    {
        var amended = On(period.DataTo);
        return amended.Targets.All(target => AnsweringOwner(target) == target.OwnerId) ? amended
            : amended with { Targets = [.. amended.Targets.Select(target => target with { OwnerId = AnsweringOwner(target) })] };

        int AnsweringOwner(Target target) => target.Reporting == Reporting.EachUnit ? target.OwnerId
            : (units.AnsweringFor(target.OwnerId, period.DataTo) ?? units.AnsweringFor(LeadUnitId, period.DataTo))?.Id ?? LeadUnitId;
    }

    public Target? FindTarget(string code) => Targets.FirstOrDefault(target => Codes.Same(target.Code, code));

    public PlanTask? FindTask(string code) => Tasks.FirstOrDefault(task => Codes.Same(task.Code, code));

    public Period? FindPeriod(string code) => Periods.FirstOrDefault(period => Codes.Same(period.Code, code));

    /// <summary>
    /// The periods whose values make up the year to date of a flow in <paramref name="period"/>: itself where it is cumulative, else
    /// the latest cumulative one before it and every one that is not cumulative since.
    /// </summary>
    public IReadOnlyList<Period> YearToDateParts(Period period)
    {
        if (period.Cumulative)
        {
            return [period];
        }

        // A window on its own may end on the day on which a cumulative one does, a second quarter with the first half: neither is
        // then a part of the other, nor counted twice after it.
        var before = Periods.Where(part => part.DataTo < period.DataTo).ToList();
        var latest = before.LastOrDefault(part => part.Cumulative);
        return [.. before.Where(part => part == latest || (!part.Cumulative && (latest is null || part.DataTo > latest.DataTo))), period];
    }

    /// <summary>The share of the plan's days gone by at the end of a period: 182 of 365 for plan 398 at 2022-06-14.</summary>
    public Fraction Elapsed(Period period)
    {
        var first = Periods.Min(each => each.DataFrom);
        var last = (Periods.FirstOrDefault(each => each.IsFinal) ?? Periods[^1]).DataTo;
        return new Fraction(period.DataTo.DayNumber - first.DayNumber + 1, last.DayNumber - first.DayNumber + 1);
    }
}

/// <summary>A group of targets, such as II.3.</summary>
public sealed record TargetGroup(string Code, string TitleVi, string TitleEn);

/// <summary>An atomic measurable aim (chỉ tiêu).</summary>
public sealed record Target
{
    public required int Id { get; init; }
    public required string Code { get; init; }
    public required string Group { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }
    public required TargetKind Kind { get; init; }
    public required Measure Measure { get; init; }
    public required Trajectory Trajectory { get; init; }
    public required string? UnitOfMeasure { get; init; }
    public required Reporting Reporting { get; init; }
    public required IReadOnlyList<UnitKind> ReporterKinds { get; init; }
    public required int OwnerId { get; init; }
    public required Frequency Frequency { get; init; }
    public required Commitment Commitment { get; init; }

    /// <summary>The target's weight in the plan, in whole hundredths; 100 is the default weight of 1.</summary>
    public required int WeightHundredths { get; init; }

    public string? NumeratorVi { get; init; }
    public string? NumeratorEn { get; init; }
    public string? DenominatorVi { get; init; }
    public string? DenominatorEn { get; init; }

    /// <summary>What may be excluded from the total, which then includes it.</summary>
    public string? ExclusionVi { get; init; }

    public string? ExclusionEn { get; init; }

    /// <summary>What those who report must know of the target.</summary>
    public string? NoteVi { get; init; }

    public string? NoteEn { get; init; }
    public required IReadOnlyList<TargetLine> Lines { get; init; }

    /// <summary>Whether a value may exclude a part of its total.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool TakesExclusion => Kind == TargetKind.Ratio && (ExclusionVi ?? ExclusionEn) is not null;

    public bool IsDueIn(Period period) => Frequency switch
    {
        Frequency.Quarterly => true,
        Frequency.HalfYearly => period.Kind is PeriodKind.Half or PeriodKind.Year,
        Frequency.Annual => period.Kind is PeriodKind.Year,
        _ => false,
    };
}

/// <summary>The condition that a target sets at one level.</summary>
public sealed record TargetLine
{
    public required int Id { get; init; }
    public required LineLevel Level { get; init; }

    /// <summary>Null for a milestone, which has no condition; <c>atMost</c> for a rank or a grade.</summary>
    public required Comparison? Operator { get; init; }

    /// <summary>Hundredths of a percent for a rate, of a position for a rank or a grade.</summary>
    public required int? ThresholdHundredths { get; init; }
}

/// <summary>Work of the plan without a criterion, or with a simple one (nhiệm vụ).</summary>
public sealed record PlanTask
{
    public required int Id { get; init; }
    public required string Code { get; init; }
    public required string AreaVi { get; init; }
    public required string AreaEn { get; init; }
    public required string TitleVi { get; init; }
    public required string TitleEn { get; init; }
    /// <summary>What is reached when it is done; null where the plan sets no criterion.</summary>
    public required string? CriterionEn { get; init; }

    public required string CriterionKind { get; init; }
    public required string? CriterionValue { get; init; }
    public required Frequency Frequency { get; init; }
    public required string? CoordinatingVi { get; init; }
    public required IReadOnlyList<UnitLevel> Levels { get; init; }
    public required IReadOnlyList<string> LinkedTargets { get; init; }

    /// <summary>Leads by the date each began; a lead holds until the next one begins.</summary>
    public required IReadOnlyList<TaskLead> Leads { get; init; }

    public required IReadOnlyList<TaskCoordinator> Coordinators { get; init; }

    /// <summary>The lead unit on a date; before the first began, the first.</summary>
    public TaskLead LeadOn(DateOnly date) => Leads.LastOrDefault(lead => lead.ValidFrom <= date) ?? Leads[0];

    public bool IsCoordinatedBy(int unitId, DateOnly date) =>
        Coordinators.Any(each => each.UnitId == unitId && each.ValidFrom <= date && (each.ValidTo is null || date <= each.ValidTo));
}

public sealed record TaskLead(int UnitId, DateOnly ValidFrom);

public sealed record TaskCoordinator(int UnitId, DateOnly ValidFrom, DateOnly? ValidTo);

/// <summary>A reporting window of a plan (kỳ báo cáo).</summary>
public sealed record Period
{
    public required int Id { get; init; }
    public required string Code { get; init; }
    public required PeriodKind Kind { get; init; }
    public required string LabelVi { get; init; }
    public required string LabelEn { get; init; }
    public required DateOnly DataFrom { get; init; }
    public required DateOnly DataTo { get; init; }

    /// <summary>The last day on which a report is on time, before 24:00 in Asia/Ho_Chi_Minh, where its level has no deadline of its own.</summary>
    public required DateOnly DueOn { get; init; }

    /// <summary>Earlier deadlines of single levels; "province" are the departments and all other units of that level.</summary>
    public IReadOnlyList<LevelDeadline> Deadlines { get; init; } = [];

    /// <summary>The last day on which a report may be changed; null: the period stays open.</summary>
    public required DateOnly? LockOn { get; init; }

    /// <summary>Whether the window counts from the start of the plan.</summary>
    public required bool Cumulative { get; init; }

    public required bool IsFinal { get; init; }

    /// <summary>The last day on which a report of a unit of this level is on time.</summary>
    public DateOnly DueOnFor(UnitLevel level) => Deadlines.FirstOrDefault(each => each.Level == level)?.DueOn ?? DueOn;

    /// <summary>Whether a report of a unit of this level that was first submitted at an instant was on time: before 24:00 of its due day.</summary>
    public bool IsOnTime(UnitLevel level, DateTimeOffset submittedAt) => LocalTime.DateOf(submittedAt) <= DueOnFor(level);

    public PeriodState StateOn(DateOnly today) =>
        today < DataFrom ? PeriodState.NotBegun : LockOn is { } lockOn && today > lockOn ? PeriodState.Locked : PeriodState.Open;
}

/// <summary>The last day on which a unit of a level reports on time.</summary>
public sealed record LevelDeadline(UnitLevel Level, DateOnly DueOn);

/// <summary>A dated change of a plan in force, by a document of its issuer.</summary>
public sealed record Amendment(
    int Id, string Number, DateOnly IssuedOn, DateOnly EffectiveOn, string Reason, IReadOnlyList<AmendedTarget> Targets)
{
    /// <summary>The target as amended; null where it is withdrawn.</summary>
    public Target? Apply(Target target) => Targets.FirstOrDefault(each => each.TargetId == target.Id) is not { } amended ? target
        : amended.Withdrawn ? null : target with
        {
            WeightHundredths = amended.WeightHundredths ?? target.WeightHundredths,
            Commitment = amended.Commitment ?? target.Commitment,
            OwnerId = amended.OwnerId ?? target.OwnerId,
            Lines = [.. target.Lines.Select(line => amended.Lines.FirstOrDefault(each => each.LineId == line.Id) is { } anew
                ? line with { Operator = anew.Operator, ThresholdHundredths = anew.ThresholdHundredths } : line)],
        };
}

/// <summary>What an amendment sets anew of a target; null leaves it as it is.</summary>
public sealed record AmendedTarget(
    int TargetId, bool Withdrawn, int? WeightHundredths, Commitment? Commitment, int? OwnerId, IReadOnlyList<AmendedLine> Lines);

public sealed record AmendedLine(int LineId, Comparison Operator, int ThresholdHundredths);
