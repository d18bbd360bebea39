using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>Reads the days of a period that follow its window, and refuses those out of order or beyond the days of the plan.</summary>
internal static class CalendarDates
{
    public static Period Read(
        JsonInput input, Dictionary<string, JsonElement> members, string parent, Period known, (DateOnly First, DateOnly Last) days,
        bool deadlinesMayBeNull = false)
    {
        var (dueOn, lockOn) = (input.Day(members, "dueOn", parent, days, required: true), input.Day(members, "lockOn", parent, days));
        var deadlines = new List<LevelDeadline>();
        foreach (var (element, pointer) in input.Items(members, "deadlines", 10, parent, deadlinesMayBeNull))
        {
            var item = input.Members(element, pointer, "level", "dueOn");
            var level = input.Word<UnitLevel>(item, "level", pointer, required: true);
            var date = input.Day(item, "dueOn", pointer, days, required: true);
            if (level is null || date is null)
            {
                continue;
            }

            if (deadlines.Exists(each => each.Level == level))
            {
                input.Refuse("value.duplicate", pointer + "/level", Words.Of(level.Value), Words.Of(level.Value));
            }

            if (date < known.DataTo || date > dueOn)
            {
                input.Refuse("date.order", pointer + "/dueOn", date, known.DataTo, dueOn ?? days.Last);
            }

            deadlines.Add(new LevelDeadline(level.Value, date.Value));
        }

        if (dueOn < known.DataTo)
        {
            input.Refuse("date.order", parent + "/dueOn", dueOn, known.DataTo, days.Last);
        }

        if (lockOn < dueOn)
        {
            input.Refuse("date.order", parent + "/lockOn", lockOn, dueOn, days.Last);
        }

        return known with { DueOn = dueOn ?? default, LockOn = lockOn, Deadlines = [.. deadlines.OrderBy(each => each.Level)] };
    }
}
