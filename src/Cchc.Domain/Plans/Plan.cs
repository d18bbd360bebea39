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

    public required IReadOnlyList<TargetGroup> Groups { get; init; }
    public required IReadOnlyList<Target> Targets { get; init; }
    public required IReadOnlyList<PlanTask> Tasks { get; init; }

    /// <summary>The calendar, by the last day of each window.</summary>
    public required IReadOnlyList<Period> Periods { get; init; }

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

    public required string? NumeratorVi { get; init; }
    public required string? DenominatorVi { get; init; }
    public required string? ExclusionVi { get; init; }
    public required string? RemarksEn { get; init; }
    public required IReadOnlyList<TargetLine> Lines { get; init; }

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

    /// <summary>Null for a milestone, which has no condition.</summary>
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
    public required string CriterionEn { get; init; }
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

    /// <summary>The last day on which a report is on time, to 24:00 in Asia/Ho_Chi_Minh.</summary>
    public required DateOnly DueOn { get; init; }

    /// <summary>The last day on which a report may be changed; null: the period stays open.</summary>
    public required DateOnly? LockOn { get; init; }

    /// <summary>Whether the window counts from the start of the plan.</summary>
    public required bool Cumulative { get; init; }

    public required bool IsFinal { get; init; }

    public PeriodState StateOn(DateOnly today) =>
        today < DataFrom ? PeriodState.NotBegun : LockOn is { } lockOn && today > lockOn ? PeriodState.Locked : PeriodState.Open;
}
