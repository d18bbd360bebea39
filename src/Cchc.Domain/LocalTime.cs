namespace Cchc.Domain;

/// <summary>The office's time: Asia/Ho_Chi_Minh, seven hours ahead of UTC all year and since 1975.</summary>
public static class LocalTime
{
    public static readonly TimeSpan Offset = TimeSpan.FromHours(7);

    private static readonly DateTimeOffset Latest = new(DateTime.MaxValue, Offset);

    /// <summary>0:00 of a day. The first day there is begins with the first instant there is.</summary>
    public static DateTimeOffset StartOf(DateOnly date) =>
        date == DateOnly.MinValue ? DateTimeOffset.MinValue : new(date.ToDateTime(TimeOnly.MinValue), Offset);

    /// <summary>The day after; the last day there is has none but itself.</summary>
    public static DateOnly DayAfter(DateOnly date) => date == DateOnly.MaxValue ? date : date.AddDays(1);

    /// <summary>A day some years later or earlier; the first or the last day there is where that lies outside of time.</summary>
    public static DateOnly YearsAfter(DateOnly date, int years) =>
        date.Year + years > DateOnly.MaxValue.Year ? DateOnly.MaxValue : date.Year + years < 1 ? DateOnly.MinValue : date.AddYears(years);

    /// <summary>An instant in the office's time; the last hours there are have the last local time there is.</summary>
    public static DateTimeOffset Of(DateTimeOffset instant) => instant > Latest ? Latest : instant.ToOffset(Offset);

    public static DateOnly DateOf(DateTimeOffset instant) => DateOnly.FromDateTime(Of(instant).DateTime);
}
