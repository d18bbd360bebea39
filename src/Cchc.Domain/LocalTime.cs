namespace Cchc.Domain;

/// <summary>The office's time: Asia/Ho_Chi_Minh, seven hours ahead of UTC all year and since 1975.</summary>
public static class LocalTime
{
    public static readonly TimeSpan Offset = TimeSpan.FromHours(7);

    public static DateTimeOffset StartOf(DateOnly date) => new(date.ToDateTime(TimeOnly.MinValue), Offset);

    public static DateOnly DateOf(DateTimeOffset instant) => DateOnly.FromDateTime(instant.ToOffset(Offset).DateTime);
}
