using System.Text.Json;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>Reads a plan's whole definition: shape, ranges and references. Whether it is whole is asked when it is put in force.</summary>
internal sealed class DefinitionReader(UnitRegistry units)
{
    private readonly JsonInput _input = new();
    private (DateOnly First, DateOnly Last) _days;

    /// <exception cref="ProblemException">400 or 422 with every refusal.</exception>
    public Plan Read(JsonElement body, Plan current)
    {
        var isObject = body.ValueKind == JsonValueKind.Object;
        var members = _input.Members(
            body, "", "code", "number", "year", "titleVi", "titleEn", "issuer", "issuedOn", "signedBy", "leadUnit", "monitorUnit",
            "districtApproval", "groups", "targets", "tasks", "periods");
        var code = Text(members, "code", "", 40, isObject);
        if (code is not null && code != current.Code)
        {
            _input.Refuse("plan.codeFixed", "/code", code, current.Code);
        }

        var year = _input.Count(members, "year", "", least: 2000, most: 2100, required: isObject);
        _days = Plan.DaysOf((int)(year ?? current.Year));
        var groups = List(members, "groups", 200, ReadGroup, group => group.Code);
        var targets = List(members, "targets", 1000, (item, pointer) => ReadTarget(item, pointer, groups), target => target.Code);
        var periods = List(members, "periods", 100, ReadPeriod, period => period.Code);
        var from = periods.Count == 0 ? current.IssuedOn : periods.Min(period => period.DataFrom);
        var tasks = List(members, "tasks", 1000, (item, pointer) => ReadTask(item, pointer, targets, from), task => task.Code);
        RefuseSameEnds(periods);
        var plan = new Plan
        {
            Id = current.Id,
            Code = current.Code,
            IsDraft = true,
            Number = _input.Line(members, "number", "", 60, isObject) ?? "",
            Year = (int)(year ?? 0),
            TitleVi = Text(members, "titleVi", "", 500, isObject) ?? "",
            TitleEn = Text(members, "titleEn", "", 500, isObject) ?? "",
            Issuer = _input.Line(members, "issuer", "", 200, isObject) ?? "",
            IssuedOn = _input.Day(members, "issuedOn", "", Plan.DaysOfIssue((int)(year ?? current.Year)), isObject) ?? default,
            SignedBy = _input.Line(members, "signedBy", "", 200, isObject) ?? "",
            LeadUnitId = FindUnit(members, "leadUnit", "", isObject) ?? 0,
            MonitorUnitId = FindUnit(members, "monitorUnit", "", required: false),
            DistrictApproval = _input.Flag(members, "districtApproval", "") ?? false,
            Groups = groups,
            Targets = targets,
            Tasks = tasks,
            Periods = [.. periods.OrderBy(period => period.DataTo)],
        };
        return _input.Refusals.Count == 0 ? plan : throw ProblemException.Of(_input.Refusals);
    }

    private TargetGroup ReadGroup(JsonElement item, string pointer)
    {
        var members = _input.Members(item, pointer, "code", "titleVi", "titleEn");
        return new TargetGroup(
            _input.Code(members, "code", pointer) ?? "", Text(members, "titleVi", pointer, 500) ?? "", Text(members, "titleEn", pointer, 500) ?? "");
    }

    private Target ReadTarget(JsonElement item, string pointer, List<TargetGroup> groups)
    {
        var members = _input.Members(
            item, pointer, "code", "group", "titleVi", "titleEn", "kind", "measure", "trajectory", "unitOfMeasure", "reporting", "reporterKinds",
            "owner", "frequency", "commitment", "weight", "numeratorVi", "numeratorEn", "denominatorVi", "denominatorEn",
            "exclusionVi", "exclusionEn", "noteVi", "noteEn", "lines");
        var group = Text(members, "group", pointer, 40);
        if (group is not null && !groups.Exists(each => each.Code == group))
        {
            _input.Refuse("plan.groupUnknown", pointer + "/group", group, group);
        }

        var kind = Word<TargetKind>(members, "kind", pointer);
        var measure = Word<Measure>(members, "measure", pointer);
        var reporting = Word<Reporting>(members, "reporting", pointer);
        var frequency = Word<Frequency>(members, "frequency", pointer);
        if (measure == Measure.Flow && kind != TargetKind.Ratio)
        {
            _input.Refuse("plan.flowIsRatio", pointer + "/measure", "flow");
        }

        if (reporting == Reporting.EachUnit && kind is TargetKind.Rank or TargetKind.Grade)
        {
            _input.Refuse("plan.ownerReports", pointer + "/reporting", "eachUnit");
        }

        if (frequency is Frequency.Continuous or Frequency.Periodic or Frequency.AnyTime)
        {
            _input.Refuse("json.oneOf", pointer + "/frequency", Http.Words.Of(frequency), "quarterly, halfYearly, annual");
        }

        return new Target
        {
            Id = 0,
            Code = _input.Code(members, "code", pointer) ?? "",
            Group = group ?? "",
            TitleVi = Text(members, "titleVi", pointer, 1000) ?? "",
            TitleEn = Text(members, "titleEn", pointer, 1000) ?? "",
            Kind = kind,
            Measure = measure,
            Trajectory = Word<Trajectory>(members, "trajectory", pointer),
            UnitOfMeasure = Text(members, "unitOfMeasure", pointer, 60, required: false),
            Reporting = reporting,
            ReporterKinds = Words<UnitKind>(members, "reporterKinds", pointer),
            OwnerId = FindUnit(members, "owner", pointer, required: true) ?? 0,
            Frequency = frequency,
            Commitment = Word<Commitment>(members, "commitment", pointer),
            WeightHundredths = _input.Hundredths(members, "weight", pointer, most: 10_000) ?? 100,
            NumeratorVi = Text(members, "numeratorVi", pointer, 1000, required: false),
            NumeratorEn = Text(members, "numeratorEn", pointer, 1000, required: false),
            DenominatorVi = Text(members, "denominatorVi", pointer, 1000, required: false),
            DenominatorEn = Text(members, "denominatorEn", pointer, 1000, required: false),
            ExclusionVi = Text(members, "exclusionVi", pointer, 1000, required: false),
            ExclusionEn = Text(members, "exclusionEn", pointer, 1000, required: false),
            NoteVi = Text(members, "noteVi", pointer, 2000, required: false),
            NoteEn = Text(members, "noteEn", pointer, 2000, required: false),
            Lines = List(members, "lines", 4, (line, at) => ReadLine(line, at, kind), line => Http.Words.Of(line.Level), pointer),
        };
    }

    private TargetLine ReadLine(JsonElement item, string pointer, TargetKind kind)
    {
        var members = _input.Members(item, pointer, "level", "operator", "threshold");
        var (comparison, threshold) = _input.Condition(members, pointer, kind);
        return new TargetLine { Id = 0, Level = Word<LineLevel>(members, "level", pointer), Operator = comparison, ThresholdHundredths = threshold };
    }

    private Period ReadPeriod(JsonElement item, string pointer)
    {
        var members = _input.Members(
            item, pointer, "code", "kind", "labelVi", "labelEn", "dataFrom", "dataTo", "dueOn", "lockOn", "cumulative", "isFinal", "deadlines");
        var (from, to) = (_input.Day(members, "dataFrom", pointer, _days, true), _input.Day(members, "dataTo", pointer, _days, true));
        if (from > to)
        {
            _input.Refuse("date.order", pointer + "/dataTo", to, from, _days.Last);
        }

        var period = new Period
        {
            Id = 0,
            Code = _input.Code(members, "code", pointer, "all") ?? "",
            Kind = Word<PeriodKind>(members, "kind", pointer),
            LabelVi = Text(members, "labelVi", pointer, 100) ?? "",
            LabelEn = Text(members, "labelEn", pointer, 100) ?? "",
            DataFrom = from ?? default,
            DataTo = to ?? default,
            DueOn = default,
            LockOn = null,
            Cumulative = _input.Flag(members, "cumulative", pointer) ?? true,
            IsFinal = _input.Flag(members, "isFinal", pointer) ?? false,
        };
        return CalendarDates.Read(_input, members, pointer, period, _days);
    }

    private PlanTask ReadTask(JsonElement item, string pointer, List<Target> targets, DateOnly from)
    {
        var members = _input.Members(
            item, pointer, "code", "areaVi", "areaEn", "titleVi", "titleEn", "criterionEn", "criterionKind", "criterionValue", "frequency",
            "coordinatingVi", "levels", "linkedTargets", "lead", "coordinating");
        var lead = FindUnit(members, "lead", pointer, required: true) ?? 0;
        var coordinating = Codes(members, "coordinating", pointer, units.Find, "unit.unknown").Select(unit => unit.Id).ToList();
        if (coordinating.Contains(lead))
        {
            _input.Refuse("plan.leadCoordinates", pointer + "/coordinating", units[lead].Code, units[lead].Code);
        }

        return new PlanTask
        {
            Id = 0,
            Code = _input.Code(members, "code", pointer, "summary") ?? "",
            AreaVi = Text(members, "areaVi", pointer, 200) ?? "",
            AreaEn = Text(members, "areaEn", pointer, 200) ?? "",
            TitleVi = Text(members, "titleVi", pointer, 1000) ?? "",
            TitleEn = Text(members, "titleEn", pointer, 1000) ?? "",
            CriterionEn = Text(members, "criterionEn", pointer, 1000, required: false),
            CriterionKind = Text(members, "criterionKind", pointer, 20) ?? "",
            CriterionValue = Text(members, "criterionValue", pointer, 200, required: false),
            Frequency = Word<Frequency>(members, "frequency", pointer),
            CoordinatingVi = Text(members, "coordinatingVi", pointer, 1000, required: false),
            Levels = Words<UnitLevel>(members, "levels", pointer),
            LinkedTargets = [.. Codes(members, "linkedTargets", pointer, code => targets.Find(each => each.Code == code), "value.targetUnknown")
                .Select(target => target.Code)],
            Leads = [new TaskLead(lead, from)],
            Coordinators = [.. coordinating.Select(unit => new TaskCoordinator(unit, from, null))],
        };
    }

    private void RefuseSameEnds(List<Period> periods)
    {
        for (var index = 0; index < periods.Count; index++)
        {
            var end = periods[index].DataTo;
            if (periods.Take(index).Any(earlier => earlier.DataTo == end))
            {
                _input.Refuse("value.duplicate", $"/periods/{index}/dataTo", end, end);
            }

            if (periods[index].IsFinal && periods.Take(index).Any(earlier => earlier.IsFinal))
            {
                _input.Refuse("value.duplicate", $"/periods/{index}/isFinal", true, "isFinal");
            }
        }
    }

    private string? Text(Dictionary<string, JsonElement> members, string name, string pointer, int longest, bool required = true) =>
        _input.Text(members, name, pointer, longest, required);

    private T Word<T>(Dictionary<string, JsonElement> members, string name, string pointer)
        where T : struct, Enum => _input.Word<T>(members, name, pointer, required: true) ?? default;

    private int? FindUnit(Dictionary<string, JsonElement> members, string name, string pointer, bool required)
    {
        var code = _input.Text(members, name, pointer, 60, required);
        var unit = code is null ? null : units.Find(code);
        if (code is not null && unit is null)
        {
            _input.Refuse("unit.unknown", $"{pointer}/{name}", code, code);
        }

        return unit?.Id;
    }

    private List<T> List<T>(
        Dictionary<string, JsonElement> members, string name, int most, Func<JsonElement, string, T> read, Func<T, string> code, string parent = "")
    {
        var items = new List<T>();
        foreach (var (element, pointer) in _input.Items(members, name, most, parent))
        {
            var item = read(element, pointer);
            if (code(item).Length > 0 && items.Exists(each => Domain.Plans.Codes.Same(code(each), code(item))))
            {
                _input.Refuse("value.duplicate", pointer, code(item), code(item));
            }

            items.Add(item);
        }

        return items;
    }

    private List<T> Words<T>(Dictionary<string, JsonElement> members, string name, string pointer)
        where T : struct, Enum
    {
        var found = new List<T>();
        foreach (var (element, at) in _input.Items(members, name, 10, pointer))
        {
            if (element.ValueKind == JsonValueKind.String && Http.Words.Parse<T>(element.GetString()!) is { } word && !found.Contains(word))
            {
                found.Add(word);
            }
            else
            {
                _input.Refuse("json.oneOf", at, null, Http.Words.List<T>());
            }
        }

        return [.. found.Order()];
    }

    private List<T> Codes<T>(Dictionary<string, JsonElement> members, string name, string pointer, Func<string, T?> find, string refusal)
        where T : class
    {
        var found = new List<T>();
        foreach (var (element, at) in _input.Items(members, name, 1000, pointer))
        {
            var code = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
            if (find(code) is not { } item)
            {
                _input.Refuse(refusal, at, code, code);
            }
            else if (found.Contains(item))
            {
                _input.Refuse("value.duplicate", at, code, code);
            }
            else
            {
                found.Add(item);
            }
        }

        return found;
    }
}
