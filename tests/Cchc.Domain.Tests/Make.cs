using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Tests;

/// <summary>The domain's records with what a test does not care about filled in.</summary>
internal static class Make
{
    public static Plan Plan(IReadOnlyList<Target> targets, IReadOnlyList<Period> periods) => new()
    {
        Id = 1,
        Code = "test",
        Number = "1/KH",
        Year = 2022,
        TitleVi = "",
        TitleEn = "",
        Issuer = "",
        IssuedOn = new DateOnly(2021, 12, 25),
        SignedBy = "",
        LeadUnitId = 1,
        MonitorUnitId = null,
        Groups = [],
        Targets = targets,
        Tasks = [],
        Periods = periods,
    };

    /// <summary>A target of every committee and department, due in every period, a constant stock, of weight 1.</summary>
    public static Target Target(int id, TargetKind kind, params TargetLine[] lines) => new()
    {
        Id = id,
        Code = $"T{id}",
        Group = "T",
        TitleVi = "",
        TitleEn = "",
        Kind = kind,
        Measure = Measure.Stock,
        Trajectory = Trajectory.Constant,
        UnitOfMeasure = null,
        Reporting = kind is TargetKind.Rank or TargetKind.Grade ? Reporting.Owner : Reporting.EachUnit,
        ReporterKinds = [UnitKind.Committee, UnitKind.Department],
        OwnerId = 2,
        Frequency = Frequency.Quarterly,
        Commitment = Commitment.Must,
        WeightHundredths = 100,
        Lines = lines,
    };

    public static TargetLine Line(int id, LineLevel level, TargetKind kind, int thresholdHundredths, bool atMost = false) => new()
    {
        Id = id,
        Level = level,
        Operator = kind switch
        {
            TargetKind.Milestone => null,
            TargetKind.Rank or TargetKind.Grade => Comparison.AtMost,
            _ => atMost ? Comparison.AtMost : Comparison.AtLeast,
        },
        ThresholdHundredths = kind == TargetKind.Milestone ? null : thresholdHundredths,
    };

    public static Period Period(int id, PeriodKind kind, DateOnly from, DateOnly to, bool cumulative, bool isFinal) => new()
    {
        Id = id,
        Code = $"P{id}",
        Kind = kind,
        LabelVi = "",
        LabelEn = "",
        DataFrom = from,
        DataTo = to,
        DueOn = to.AddDays(6),
        LockOn = null,
        Cumulative = cumulative,
        IsFinal = isFinal,
    };

    public static Unit Unit(
        int id, string code, UnitLevel level, UnitKind kind, int? parent, DateOnly? activeFrom = null, DateOnly? activeTo = null) => new()
        {
            Id = id,
            Code = code,
            Level = level,
            Kind = kind,
            Versions = [new UnitVersion(code, null, parent, "", new Interval(activeFrom, activeTo))],
            OutsideCodes = [],
        };
}
