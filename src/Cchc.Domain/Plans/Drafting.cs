using Cchc.Domain.Units;

namespace Cchc.Domain.Plans;

/// <summary>What a plan lacks, at which place of its definition.</summary>
public sealed record Lack(string Code, string Pointer, params object?[] Arguments);

/// <summary>Drawing up a plan: what makes it whole, and how next year's begins as a copy of this one's.</summary>
public static class Drafting
{
    /// <summary>What keeps a draft from being put in force.</summary>
    public static IEnumerable<Lack> LacksOf(Plan plan, UnitRegistry units)
    {
        if (plan.Targets.Count == 0)
        {
            yield return new Lack("plan.incomplete", "/targets", "targets");
        }

        if (plan.Periods.Count == 0 || !plan.Periods[^1].IsFinal)
        {
            yield return new Lack("plan.incomplete", "/periods", "periods, the last isFinal");
            yield break;
        }

        var first = plan.Periods.Min(period => period.DataFrom);
        for (var index = 0; index < plan.Targets.Count; index++)
        {
            var target = plan.Targets[index];
            if (target.Lines.Count == 0)
            {
                yield return new Lack("plan.incomplete", $"/targets/{index}/lines", "lines");
            }

            if (target.Reporting == Reporting.EachUnit && target.ReporterKinds.Count == 0)
            {
                yield return new Lack("plan.incomplete", $"/targets/{index}/reporterKinds", "reporterKinds");
            }
        }

        foreach (var (pointer, unit) in UnitsOf(plan).Where(each => units[each.UnitId].On(first) is null))
        {
            yield return new Lack("unit.gone", pointer, units[unit].Code, first);
        }
    }

    /// <summary>Every unit that the definition names, with the place.</summary>
    public static IEnumerable<(string Pointer, int UnitId)> UnitsOf(Plan plan)
    {
        yield return ("/leadUnit", plan.LeadUnitId);
        if (plan.MonitorUnitId is { } monitor)
        {
            yield return ("/monitorUnit", monitor);
        }

        for (var index = 0; index < plan.Targets.Count; index++)
        {
            yield return ($"/targets/{index}/owner", plan.Targets[index].OwnerId);
        }

        for (var index = 0; index < plan.Tasks.Count; index++)
        {
            yield return ($"/tasks/{index}/lead", plan.Tasks[index].Leads[^1].UnitId);
            foreach (var coordinator in plan.Tasks[index].Coordinators)
            {
                yield return ($"/tasks/{index}/coordinating", coordinator.UnitId);
            }
        }
    }

    /// <summary>
    /// A plan as it begins in another year: amended as it was on its last day, every date moved by whole years, the leads and coordinating
    /// units that it ended with. Windows that followed each other still do, so that 29 February falls into one.
    /// </summary>
    public static Plan Copy(Plan source, string code, int year)
    {
        var years = year - source.Year;
        var last = source.Periods[^1].DataTo;
        var amended = source.On(last);
        var from = LocalTime.YearsAfter(source.Periods.Min(period => period.DataFrom), years);
        return amended with
        {
            Code = code,
            Year = year,
            TitleVi = Renamed(source.TitleVi, source.Year, year),
            TitleEn = Renamed(source.TitleEn, source.Year, year),
            IsDraft = true,
            InForceOn = null,
            Amendments = [],
            Periods = [.. source.Periods.Select(period => period with
            {
                Code = Renamed(period.Code, source.Year, year),
                DataFrom = LocalTime.YearsAfter(period.DataFrom, years),
                DataTo = LastDay(period.DataTo),
                DueOn = LastDay(period.DueOn),
                LockOn = period.LockOn is { } lockOn ? LastDay(lockOn) : null,
                Deadlines = [.. period.Deadlines.Select(each => each with { DueOn = LastDay(each.DueOn) })],
            })],
            Tasks = [.. source.Tasks.Select(task => task with
            {
                Leads = [new TaskLead(task.LeadOn(last).UnitId, from)],
                Coordinators = [.. task.Coordinators
                    .Where(each => task.IsCoordinatedBy(each.UnitId, last) && each.UnitId != task.LeadOn(last).UnitId)
                    .Select(each => each.UnitId).Distinct().Select(unit => new TaskCoordinator(unit, from, null))],
            })],
        };

        // A last day is the day before a first one: 28 February 2023 becomes 29 February 2024.
        DateOnly LastDay(DateOnly date) => LocalTime.YearsAfter(LocalTime.DayAfter(date), years) is var next
            && (next == DateOnly.MaxValue || next == DateOnly.MinValue) ? next : next.AddDays(-1);
    }

    private static string Renamed(string text, int year, int other) => text.Replace(
        year.ToString(System.Globalization.CultureInfo.InvariantCulture), other.ToString(System.Globalization.CultureInfo.InvariantCulture),
        StringComparison.Ordinal);
}
