using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>Reads the days of a period that follow its window, and refuses those out of order.</summary>
internal static class CalendarDates
{
    public static Period Read(JsonInput input, Dictionary<string, JsonElement> members, string parent, Period known, bool deadlinesMayBeNull = false)
    {
        var (dueOn, lockOn) = (input.Date(members, "dueOn", parent, required: true), input.Date(members, "lockOn", parent));
        var deadlines = new List<LevelDeadline>();
        foreach (var (element, pointer) in input.Items(members, "deadlines", 10, parent, deadlinesMayBeNull))
        {
            var item = input.Members(element, pointer, "level", "dueOn");
            var level = input.Word<UnitLevel>(item, "level", pointer, required: true);
            var date = input.Date(item, "dueOn", pointer, required: true);
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
                input.Refuse("date.order", pointer + "/dueOn", date, known.DataTo, dueOn);
            }

            deadlines.Add(new LevelDeadline(level.Value, date.Value));
        }

        if (dueOn < known.DataTo)
        {
            input.Refuse("date.order", parent + "/dueOn", dueOn, known.DataTo, null);
        }

        if (lockOn < dueOn)
        {
            input.Refuse("date.order", parent + "/lockOn", lockOn, dueOn, null);
        }

        return known with { DueOn = dueOn ?? default, LockOn = lockOn, Deadlines = [.. deadlines.OrderBy(each => each.Level)] };
    }
}
