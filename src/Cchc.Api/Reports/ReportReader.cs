using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Reports;

/// <summary>Reads the body of a report against the plan: shape, ranges, and what this unit owes in this period.</summary>
internal sealed class ReportReader(Plan plan, Period period, Unit unit)
{
    private readonly JsonInput _input = new();

    /// <exception cref="ProblemException">400 or 422 with every refusal.</exception>
    public ReportContent Read(JsonElement body)
    {
        var members = _input.Members(body, "", "values", "tasks", "narrative", "evidence");
        var values = _input.Items(members, "values", 1000, mayBeNull: true).Select(item => ReadValue(item.Element, item.Pointer)).ToList();
        var tasks = _input.Items(members, "tasks", 1000, mayBeNull: true).Select(item => ReadTask(item.Element, item.Pointer)).ToList();
        var evidence = _input.Items(members, "evidence", 100, mayBeNull: true).Select(item => ReadEvidence(item.Element, item.Pointer)).ToList();
        RefuseRepeated(values, value => value?.LineId, value => value!.Target, "/values");
        RefuseRepeated(tasks, task => task?.TaskId, task => task!.Task, "/tasks");
        var narrative = _input.Text(members, "narrative", "", 20_000);
        if (_input.Refusals.Count > 0)
        {
            throw ProblemException.Of(_input.Refusals);
        }

        return new ReportContent
        {
            Values = [.. values.OfType<ReportValue>().OrderBy(value => value.LineId)],
            Tasks = [.. tasks.OfType<ReportTask>().OrderBy(task => task.TaskId)],
            Narrative = narrative,
            Evidence = [.. evidence.OfType<ReportEvidence>()],
        };
    }

    private ReportValue? ReadValue(JsonElement element, string pointer)
    {
        var members = _input.Members(
            element, pointer, "target", "level", "numerator", "total", "excluded", "done", "position", "state", "notApplicable", "note");
        var before = _input.Refusals.Count;
        var value = new ReportValue
        {
            Target = _input.Text(members, "target", pointer, 40, required: element.ValueKind == JsonValueKind.Object) ?? "",
            Level = _input.Word<LineLevel>(members, "level", pointer),
            Numerator = _input.Count(members, "numerator", pointer),
            Total = _input.Count(members, "total", pointer),
            Excluded = _input.Count(members, "excluded", pointer),
            Done = _input.Flag(members, "done", pointer),
            Position = _input.Count(members, "position", pointer, least: 1),
            State = _input.Word<Progress>(members, "state", pointer),
            NotApplicable = _input.Text(members, "notApplicable", pointer, 1000),
            Note = _input.Text(members, "note", pointer, 2000),
        };
        if (value.Target.Length == 0)
        {
            return null;
        }

        if (plan.FindTarget(value.Target) is not { } target)
        {
            _input.Refuse("value.targetUnknown", pointer + "/target", value.Target, value.Target);
            return null;
        }

        var (line, breach) = ValueRules.FindLine(target, unit, period, value.Level);
        if (breach is not null)
        {
            Refuse(breach, pointer);
        }

        // Only members that were read well are checked against each other, so that no refusal follows from another.
        if (_input.Refusals.Count == before)
        {
            foreach (var each in ValueRules.Check(target, value.Given))
            {
                Refuse(each, pointer);
            }
        }

        return line is null || _input.Refusals.Count > before ? null : value with
        {
            Target = target.Code,
            Level = line.Level,
            LineId = line.Id,
            Excluded = value.Numerator is null ? null : value.Excluded ?? 0,
        };
    }

    private void Refuse(Breach breach, string pointer) =>
        _input.Refuse(breach.Code, $"{pointer}/{breach.Member}", breach.Value, breach.Arguments);

    private ReportTask? ReadTask(JsonElement element, string pointer)
    {
        var before = _input.Refusals.Count;
        var members = _input.Members(element, pointer, "task", "status", "count", "note");
        var isObject = element.ValueKind == JsonValueKind.Object;
        var code = _input.Text(members, "task", pointer, 40, required: isObject);
        var status = _input.Word<Progress>(members, "status", pointer, required: isObject);
        var count = _input.Count(members, "count", pointer);
        var note = _input.Text(members, "note", pointer, 2000);
        var task = code is null ? null : plan.FindTask(code);
        if (code is not null && task is null)
        {
            _input.Refuse("value.taskUnknown", pointer + "/task", code, code);
        }
        else if (task is not null && task.LeadOn(period.DataTo).UnitId != unit.Id && !task.IsCoordinatedBy(unit.Id, period.DataTo))
        {
            _input.Refuse("value.notExpected", pointer + "/task", code, task.Code);
        }

        return _input.Refusals.Count > before ? null
            : new ReportTask { Task = task!.Code, TaskId = task.Id, Status = status!.Value, Count = count, Note = note };
    }

    private ReportEvidence? ReadEvidence(JsonElement element, string pointer)
    {
        var before = _input.Refusals.Count;
        var members = _input.Members(element, pointer, "title", "url");
        var isObject = element.ValueKind == JsonValueKind.Object;
        var title = _input.Text(members, "title", pointer, 300, required: isObject);
        var url = _input.Text(members, "url", pointer, 2000, required: isObject);
        if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https") && address.Host.Length > 0))
        {
            _input.Refuse("url.invalid", pointer + "/url", url);
        }

        return _input.Refusals.Count > before ? null : new ReportEvidence { Title = title!, Url = url! };
    }

    private void RefuseRepeated<T>(List<T> items, Func<T, int?> key, Func<T, string> name, string pointer)
    {
        var seen = new HashSet<int>();
        for (var index = 0; index < items.Count; index++)
        {
            if (key(items[index]) is { } id && !seen.Add(id))
            {
                _input.Refuse("value.duplicate", $"{pointer}/{index}", name(items[index]), name(items[index]));
            }
        }
    }
}
