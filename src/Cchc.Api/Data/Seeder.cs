using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cchc.Api.Data;

/// <summary>
/// Loads the units and plan 398 from the seed files. What is there already, by its code, is left as it stands, save the texts of the plan's
/// targets and the criteria of its tasks, which nobody can edit and a later release may revise. Loading twice changes nothing.
/// </summary>
public sealed class Seeder(Database database, TimeProvider time)
{
    private const string MaxUnit = "SELECT COALESCE(MAX(unit_id), 0) FROM units";
    private const string UnitCodes = "SELECT code AS Code, unit_id AS Id FROM units";
    private const string InsertUnit = "INSERT INTO units (unit_id, code, level, kind) VALUES (@id, @code, @level, @kind)";
    private const string InsertUnitVersion = """
        INSERT INTO unit_versions (unit_id, ordinal, name_vi, name_en, parent_id, unit_type, valid_from, valid_to)
        VALUES (@unitId, @ordinal, @nameVi, @nameEn, @parentId, @unitType, @validFrom, @validTo)
        """;
    private const string InsertUnitCode = """
        INSERT INTO unit_codes (unit_id, scheme, value, ordinal, valid_from, valid_to)
        VALUES (@unitId, @scheme, @value, @ordinal, @validFrom, @validTo)
        """;
    private const string InsertSuccession = """
        INSERT INTO unit_successions (predecessor_id, successor_id, effective_on, change)
        VALUES (@predecessorId, @successorId, @effectiveOn, @change)
        """;
    private const string PlanExists = "SELECT COUNT(*) FROM plans WHERE code = @code";
    private const string MaxPlan = "SELECT COALESCE(MAX(plan_id), 0) FROM plans";
    private const string InsertPlan = """
        INSERT INTO plans (plan_id, code, number, year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id, monitor_unit_id)
        VALUES (@id, @code, @number, @year, @titleVi, @titleEn, @issuer, @issuedOn, @signedBy, @leadUnitId, @monitorUnitId)
        """;
    private const string InsertGroup = """
        INSERT INTO target_groups (plan_id, code, ordinal, title_vi, title_en) VALUES (@planId, @code, @ordinal, @titleVi, @titleEn)
        """;
    private const string MaxTarget = "SELECT COALESCE(MAX(target_id), 0) FROM targets";
    private const string InsertTarget = """
        INSERT INTO targets (target_id, plan_id, code, group_code, ordinal, title_vi, title_en, kind, measure, trajectory,
            unit_of_measure, reporting, owner_id, frequency, commitment, weight_hundredths, numerator_vi, numerator_en, denominator_vi,
            denominator_en, exclusion_vi, exclusion_en, note_vi, note_en)
        VALUES (@id, @planId, @code, @groupCode, @ordinal, @titleVi, @titleEn, @kind, @measure, @trajectory,
            @unitOfMeasure, @reporting, @ownerId, @frequency, @commitment, @weightHundredths, @numeratorVi, @numeratorEn, @denominatorVi,
            @denominatorEn, @exclusionVi, @exclusionEn, @noteVi, @noteEn)
        """;
    private const string TargetTexts = """
        SELECT targets.code AS Code, targets.title_vi AS TitleVi, targets.title_en AS TitleEn, numerator_vi AS NumeratorVi,
            numerator_en AS NumeratorEn, denominator_vi AS DenominatorVi, denominator_en AS DenominatorEn, exclusion_vi AS ExclusionVi,
            exclusion_en AS ExclusionEn, note_vi AS NoteVi, note_en AS NoteEn
        FROM targets JOIN plans ON plans.plan_id = targets.plan_id
        WHERE plans.code = @plan
        """;
    private const string UpdateTargetTexts = """
        UPDATE targets SET title_vi = @titleVi, title_en = @titleEn, numerator_vi = @numeratorVi, numerator_en = @numeratorEn,
            denominator_vi = @denominatorVi, denominator_en = @denominatorEn, exclusion_vi = @exclusionVi, exclusion_en = @exclusionEn,
            note_vi = @noteVi, note_en = @noteEn
        WHERE code = @code AND plan_id = (SELECT plan_id FROM plans WHERE code = @plan)
        """;
    private const string TaskCriteria = """
        SELECT tasks.code AS Code, criterion_en AS CriterionEn, criterion_value AS CriterionValue
        FROM tasks JOIN plans ON plans.plan_id = tasks.plan_id
        WHERE plans.code = @plan
        """;
    private const string UpdateTaskCriteria = """
        UPDATE tasks SET criterion_en = @criterionEn, criterion_value = @criterionValue
        WHERE code = @code AND plan_id = (SELECT plan_id FROM plans WHERE code = @plan)
        """;
    private const string InsertReporterKind = "INSERT INTO target_reporter_kinds (target_id, kind) VALUES (@targetId, @kind)";
    private const string MaxLine = "SELECT COALESCE(MAX(line_id), 0) FROM target_lines";
    private const string InsertLine = """
        INSERT INTO target_lines (line_id, target_id, level, operator, threshold_hundredths)
        VALUES (@id, @targetId, @level, @comparison, @threshold)
        """;
    private const string MaxTask = "SELECT COALESCE(MAX(task_id), 0) FROM tasks";
    private const string InsertTask = """
        INSERT INTO tasks (task_id, plan_id, code, ordinal, area_vi, area_en, title_vi, title_en, criterion_en, criterion_kind,
            criterion_value, frequency, coordinating_vi)
        VALUES (@id, @planId, @code, @ordinal, @areaVi, @areaEn, @titleVi, @titleEn, @criterionEn, @criterionKind,
            @criterionValue, @frequency, @coordinatingVi)
        """;
    private const string InsertTaskLevel = "INSERT INTO task_levels (task_id, level) VALUES (@taskId, @level)";
    private const string InsertTaskTarget = "INSERT INTO task_targets (task_id, target_id) VALUES (@taskId, @targetId)";
    private const string InsertTaskLead = "INSERT INTO task_leads (task_id, valid_from, unit_id) VALUES (@taskId, @validFrom, @unitId)";
    private const string InsertTaskCoordinator = """
        INSERT INTO task_coordinators (task_id, unit_id, valid_from, valid_to) VALUES (@taskId, @unitId, @validFrom, NULL)
        """;
    private const string MaxPeriod = "SELECT COALESCE(MAX(period_id), 0) FROM periods";
    private const string InsertPeriod = """
        INSERT INTO periods (period_id, plan_id, code, kind, label_vi, label_en, data_from, data_to, due_on, lock_on, cumulative, is_final)
        VALUES (@id, @planId, @code, @kind, @labelVi, @labelEn, @dataFrom, @dataTo, @dueOn, @lockOn, @cumulative, @isFinal)
        """;

    /// <returns>How many units and plans were added.</returns>
    public async Task<(int Units, int Plans)> SeedAsync(CancellationToken cancellation) =>
        await database.ReadAsync(IsLoadedAsync, cancellation) ? (0, 0) : await database.WriteAsync(
            async session =>
            {
                await DataVersions.RaiseAsync(session, time, DataVersions.Catalogue);
                var units = await SeedUnitsAsync(session);
                var plans = await SeedPlansAsync(session);
                var revised = await ReviseTextsAsync(session);
                return ((units, plans), units + plans + revised > 0);
            },
            cancellation,
            Pace.Bulk);

    // Asked at every start, and nearly always so: it must cost little.
    private static async Task<bool> IsLoadedAsync(DbSession session)
    {
        var units = (await session.QueryAsync<UnitRow>(UnitCodes)).Select(unit => unit.Code).ToHashSet();
        return Read("units").TrueForAll(row => units.Contains(row["code"]))
            && await session.SingleAsync<int>(PlanExists, new { code = Read("plans")[0]["code"] }) > 0
            && (await RevisedTargetsAsync(session, Read("plans")[0]["code"])).Count == 0
            && (await RevisedTasksAsync(session, Read("plans")[0]["code"])).Count == 0;
    }

    private async Task<int> ReviseTextsAsync(DbSession session)
    {
        var plan = Read("plans")[0]["code"];
        var revised = await RevisedTargetsAsync(session, plan);
        var criteria = await RevisedTasksAsync(session, plan);
        if (revised.Count + criteria.Count == 0)
        {
            return 0;
        }

        await DataVersions.RaiseAsync(session, time, DataVersions.ScopeOf(plan));
        await session.ExecuteAsync(UpdateTargetTexts, revised.ConvertAll(row => new
        {
            plan,
            code = row.Code,
            titleVi = row.TitleVi,
            titleEn = row.TitleEn,
            numeratorVi = row.NumeratorVi,
            numeratorEn = row.NumeratorEn,
            denominatorVi = row.DenominatorVi,
            denominatorEn = row.DenominatorEn,
            exclusionVi = row.ExclusionVi,
            exclusionEn = row.ExclusionEn,
            noteVi = row.NoteVi,
            noteEn = row.NoteEn,
        }));
        await session.ExecuteAsync(
            UpdateTaskCriteria,
            criteria.ConvertAll(row => new { plan, code = row.Code, criterionEn = row.CriterionEn, criterionValue = row.CriterionValue }));
        return revised.Count + criteria.Count;
    }

    private static async Task<List<TaskCriterionRow>> RevisedTasksAsync(DbSession session, string plan)
    {
        var stored = (await session.QueryAsync<TaskCriterionRow>(TaskCriteria, new { plan })).ToDictionary(row => row.Code);
        return [.. Of(plan, "tasks")
            .Select(row => new TaskCriterionRow { Code = row["code"], CriterionEn = row["criterion_en"], CriterionValue = Text(row["criterion_value"]) })
            .Where(row => stored.TryGetValue(row.Code, out var known) && known != row)];
    }

    private static async Task<List<TargetTextsRow>> RevisedTargetsAsync(DbSession session, string plan)
    {
        var stored = (await session.QueryAsync<TargetTextsRow>(TargetTexts, new { plan })).ToDictionary(row => row.Code);
        return [.. Of(plan, "targets").Select(TargetTextsRow.Of).Where(row => stored.TryGetValue(row.Code, out var known) && known != row)];
    }

    private static async Task<int> SeedUnitsAsync(DbSession session)
    {
        var ids = (await session.QueryAsync<UnitRow>(UnitCodes)).ToDictionary(unit => unit.Code, unit => unit.Id);
        var next = await session.SingleAsync<int>(MaxUnit);
        var added = Read("units").Where(row => !ids.ContainsKey(row["code"])).ToList();
        await session.ExecuteAsync(InsertUnit, added.ConvertAll(row => new
        {
            id = ids[row["code"]] = ++next,
            code = row["code"],
            level = row["level"],
            kind = row["kind"],
        }));
        var addedIds = added.Select(row => ids[row["code"]]).ToHashSet();
        foreach (var versions in Read("unit_versions").Where(row => addedIds.Contains(ids[row["unit"]])).GroupBy(row => row["unit"]))
        {
            var ordinal = 0;
            foreach (var row in versions.OrderBy(row => row["valid_from"], StringComparer.Ordinal))
            {
                var interval = new { validFrom = Date(row["valid_from"]), validTo = Date(row["valid_to"]) };
                await session.ExecuteAsync(InsertUnitVersion, new
                {
                    unitId = ids[row["unit"]],
                    ordinal = ++ordinal,
                    nameVi = row["name_vi"],
                    nameEn = Text(row["name_en"]),
                    parentId = Text(row["parent"]) is { } parent ? ids[parent] : (int?)null,
                    unitType = row["unit_type"],
                    interval.validFrom,
                    interval.validTo,
                });
                foreach (var (scheme, value) in new[] { ("gso", row["gso_code"]), ("egov", row["egov_code"]) }.Where(code => code.Item2.Length > 0))
                {
                    await session.ExecuteAsync(
                        InsertUnitCode, new { unitId = ids[row["unit"]], scheme, value, ordinal, interval.validFrom, interval.validTo });
                }
            }
        }

        var successions = Read("unit_successions").Where(row => addedIds.Contains(ids[row["successor"]])).Select(row => new
        {
            predecessorId = ids[row["predecessor"]],
            successorId = ids[row["successor"]],
            effectiveOn = Date(row["effective_on"]),
            change = row["change"],
        });
        await session.ExecuteAsync(InsertSuccession, successions.ToList());
        return added.Count;
    }

    private async Task<int> SeedPlansAsync(DbSession session)
    {
        var ids = (await session.QueryAsync<UnitRow>(UnitCodes)).ToDictionary(unit => unit.Code, unit => unit.Id);
        var added = 0;
        foreach (var row in Read("plans"))
        {
            var code = row["code"];
            if (await session.SingleAsync<int>(PlanExists, new { code }) > 0)
            {
                continue;
            }

            var planId = await session.SingleAsync<int>(MaxPlan) + 1;
            await session.ExecuteAsync(InsertPlan, new
            {
                id = planId,
                code,
                number = row["number"],
                year = int.Parse(row["year"], CultureInfo.InvariantCulture),
                titleVi = row["title_vi"],
                titleEn = row["title_en"],
                issuer = row["issuer"],
                issuedOn = Date(row["issued_on"]),
                signedBy = row["signed_by"],
                leadUnitId = ids[row["lead_unit"]],
                monitorUnitId = Text(row["monitor_unit"]) is { } monitor ? ids[monitor] : (int?)null,
            });
            await DataVersions.RaiseAsync(session, time, DataVersions.ScopeOf(code));
            await SeedPeriodsAsync(session, planId, code);
            var targets = await SeedTargetsAsync(session, planId, code, ids);
            await SeedTasksAsync(session, planId, code, ids, targets);
            added++;
        }

        return added;
    }

    private static async Task SeedPeriodsAsync(DbSession session, int planId, string plan)
    {
        var next = await session.SingleAsync<int>(MaxPeriod);
        await session.ExecuteAsync(InsertPeriod, Of(plan, "periods").ConvertAll(row => new
        {
            id = ++next,
            planId,
            code = row["code"],
            kind = row["kind"],
            labelVi = row["label_vi"],
            labelEn = row["label_en"],
            dataFrom = Date(row["data_from"]),
            dataTo = Date(row["data_to"]),
            dueOn = Date(row["due_on"]),
            lockOn = Date(row["lock_on"]),
            cumulative = bool.Parse(row["cumulative"]),
            isFinal = bool.Parse(row["is_final"]),
        }));
    }

    private static async Task<Dictionary<string, int>> SeedTargetsAsync(
        DbSession session, int planId, string plan, Dictionary<string, int> units)
    {
        var ordinal = 0;
        await session.ExecuteAsync(InsertGroup, Of(plan, "target_groups").ConvertAll(row => new
        {
            planId,
            code = row["code"],
            ordinal = ++ordinal,
            titleVi = row["title_vi"],
            titleEn = row["title_en"],
        }));
        var targets = new Dictionary<string, int>();
        var next = await session.SingleAsync<int>(MaxTarget);
        ordinal = 0;
        foreach (var row in Of(plan, "targets"))
        {
            var targetId = targets[row["code"]] = ++next;
            await session.ExecuteAsync(InsertTarget, new
            {
                id = targetId,
                planId,
                code = row["code"],
                groupCode = row["group"],
                ordinal = ++ordinal,
                titleVi = row["title_vi"],
                titleEn = row["title_en"],
                kind = row["kind"],
                measure = row["measure"],
                trajectory = row["trajectory"],
                unitOfMeasure = Text(row["unit_of_measure"]),
                reporting = row["reporting"],
                ownerId = units[row["owner"]],
                frequency = row["frequency"],
                commitment = row["commitment"],
                weightHundredths = Hundredths(row["weight"]),
                numeratorVi = Text(row["numerator_vi"]),
                numeratorEn = Text(row["numerator_en"]),
                denominatorVi = Text(row["denominator_vi"]),
                denominatorEn = Text(row["denominator_en"]),
                exclusionVi = Text(row["exclusion_vi"]),
                exclusionEn = Text(row["exclusion_en"]),
                noteVi = Text(row["note_vi"]),
                noteEn = Text(row["note_en"]),
            });
            await session.ExecuteAsync(InsertReporterKind, List(row["reporter_kinds"]).Select(kind => new { targetId, kind }).ToList());
        }

        var line = await session.SingleAsync<int>(MaxLine);
        await session.ExecuteAsync(InsertLine, Of(plan, "target_lines").ConvertAll(row => new
        {
            id = ++line,
            targetId = targets[row["target"]],
            level = row["level"],
            comparison = Text(row["operator"]),
            threshold = Hundredths(row["threshold"]),
        }));
        return targets;
    }

    // The plan names coordinating units by group ("các sở, ban, ngành"): a group is written level:kind and means every such unit of the
    // plan's first day, the lead apart.
    private static async Task SeedTasksAsync(
        DbSession session, int planId, string plan, Dictionary<string, int> units, Dictionary<string, int> targets)
    {
        var from = Of(plan, "periods").Min(row => Date(row["data_from"]))!.Value;
        var active = Read("unit_versions")
            .Where(row => !(Date(row["valid_from"]) > from) && !(Date(row["valid_to"]) < from)).Select(row => row["unit"]).ToHashSet();
        var groups = Read("units").Where(row => active.Contains(row["code"])).ToLookup(row => $"{row["level"]}:{row["kind"]}", row => row["code"]);
        var next = await session.SingleAsync<int>(MaxTask);
        var ordinal = 0;
        foreach (var row in Of(plan, "tasks"))
        {
            var taskId = ++next;
            await session.ExecuteAsync(InsertTask, new
            {
                id = taskId,
                planId,
                code = row["code"],
                ordinal = ++ordinal,
                areaVi = row["area_vi"],
                areaEn = row["area_en"],
                titleVi = row["title_vi"],
                titleEn = row["title_en"],
                criterionEn = row["criterion_en"],
                criterionKind = row["criterion_kind"],
                criterionValue = Text(row["criterion_value"]),
                frequency = row["frequency"],
                coordinatingVi = Text(row["coordinating_vi"]),
            });
            await session.ExecuteAsync(InsertTaskLevel, List(row["levels"]).Select(level => new { taskId, level }).ToList());
            await session.ExecuteAsync(
                InsertTaskTarget, List(row["linked_targets"]).Select(target => new { taskId, targetId = targets[target] }).ToList());
            await session.ExecuteAsync(InsertTaskLead, new { taskId, validFrom = from, unitId = units[row["lead"]] });
            var coordinators = List(row["coordinating"])
                .SelectMany(name => name.Contains(':', StringComparison.Ordinal) ? groups[name] : [name])
                .Where(name => name != row["lead"]).Distinct();
            await session.ExecuteAsync(
                InsertTaskCoordinator, coordinators.Select(name => new { taskId, unitId = units[name], validFrom = from }).ToList());
        }
    }

    private static List<Dictionary<string, string>> Of(string plan, string file) => [.. Read(file).Where(row => row["plan"] == plan)];

    private static List<Dictionary<string, string>> Read(string file)
    {
        using var csv = new CsvReader(
            new StringReader(EmbeddedFiles.Read($"db/seed/{file}.csv")), new CsvConfiguration(CultureInfo.InvariantCulture));
        csv.Read();
        csv.ReadHeader();
        var rows = new List<Dictionary<string, string>>();
        while (csv.Read())
        {
            rows.Add(csv.HeaderRecord!.ToDictionary(column => column, column => csv.GetField(column) ?? ""));
        }

        return rows;
    }

    private static string? Text(string value) => value.Length == 0 ? null : value;

    private static string[] List(string value) => value.Split('|', StringSplitOptions.RemoveEmptyEntries);

    private static DateOnly? Date(string value) =>
        value.Length == 0 ? null : DateOnly.ParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static int? Hundredths(string value) =>
        value.Length == 0 ? null : (int)(decimal.Parse(value, CultureInfo.InvariantCulture) * 100);

    private sealed record TargetTextsRow
    {
        public required string Code { get; init; }
        public required string TitleVi { get; init; }
        public required string TitleEn { get; init; }
        public required string? NumeratorVi { get; init; }
        public required string? NumeratorEn { get; init; }
        public required string? DenominatorVi { get; init; }
        public required string? DenominatorEn { get; init; }
        public required string? ExclusionVi { get; init; }
        public required string? ExclusionEn { get; init; }
        public required string? NoteVi { get; init; }
        public required string? NoteEn { get; init; }

        public static TargetTextsRow Of(Dictionary<string, string> row) => new()
        {
            Code = row["code"],
            TitleVi = row["title_vi"],
            TitleEn = row["title_en"],
            NumeratorVi = Text(row["numerator_vi"]),
            NumeratorEn = Text(row["numerator_en"]),
            DenominatorVi = Text(row["denominator_vi"]),
            DenominatorEn = Text(row["denominator_en"]),
            ExclusionVi = Text(row["exclusion_vi"]),
            ExclusionEn = Text(row["exclusion_en"]),
            NoteVi = Text(row["note_vi"]),
            NoteEn = Text(row["note_en"]),
        };
    }

    private sealed record TaskCriterionRow
    {
        public required string Code { get; init; }
        public required string CriterionEn { get; init; }
        public required string? CriterionValue { get; init; }
    }

    private sealed record UnitRow
    {
        public required string Code { get; init; }
        public required int Id { get; init; }
    }
}
