namespace Cchc.Api.Data;

public static class Clock
{
    /// <summary>Now in whole milliseconds, which is what both engines keep: what is answered equals what is stored.</summary>
    public static DateTimeOffset Now(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    public static DateOnly Today(this TimeProvider time) => Cchc.Domain.LocalTime.DateOf(time.GetUtcNow());
}
