using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Plans;

/// <summary>Writes a draft's whole definition, and takes it away again: nothing refers to a draft yet.</summary>
internal static class PlanStore
{
    private const string NextPlan = "SELECT COALESCE(MAX(plan_id), 0) + 1 FROM plans";
    private const string NextTarget = "SELECT COALESCE(MAX(target_id), 0) + 1 FROM targets";
    private const string NextLine = "SELECT COALESCE(MAX(line_id), 0) + 1 FROM target_lines";
    private const string NextTask = "SELECT COALESCE(MAX(task_id), 0) + 1 FROM tasks";
    private const string NextPeriod = "SELECT COALESCE(MAX(period_id), 0) + 1 FROM periods";

    private const string InsertHead = """
        INSERT INTO plans (plan_id, code, number, year, title_vi, title_en, issuer, issued_on, signed_by, lead_unit_id, monitor_unit_id)
        VALUES (@planId, @code, @number, @year, @titleVi, @titleEn, @issuer, @issuedOn, @signedBy, @leadUnitId, @monitorUnitId)
        """;

    private const string UpdateHead = """
        UPDATE plans SET number = @number, year = @year, title_vi = @titleVi, title_en = @titleEn, issuer = @issuer, issued_on = @issuedOn,
            signed_by = @signedBy, lead_unit_id = @leadUnitId, monitor_unit_id = @monitorUnitId
        WHERE plan_id = @planId
        """;

    private const string InsertState = "INSERT INTO plan_states (plan_id, in_force_on, copied_from) VALUES (@planId, NULL, @copiedFrom)";
    private const string Enact = "UPDATE plan_states SET in_force_on = @inForceOn WHERE plan_id = @planId";
    private const string DeleteRules = "DELETE FROM plan_rules WHERE plan_id = @planId";
    private const string InsertRules = "INSERT INTO plan_rules (plan_id, district_approval) VALUES (@planId, @districtApproval)";
    private const string DeleteState = "DELETE FROM plan_states WHERE plan_id = @planId";
    private const string DeleteHead = "DELETE FROM plans WHERE plan_id = @planId";

    private const string InsertGroup =
        "INSERT INTO target_groups (plan_id, code, ordinal, title_vi, title_en) VALUES (@planId, @code, @ordinal, @titleVi, @titleEn)";

    private const string InsertTarget = """
        INSERT INTO targets (target_id, plan_id, code, group_code, ordinal, title_vi, title_en, kind, measure, trajectory,
            unit_of_measure, reporting, owner_id, frequency, commitment, weight_hundredths, numerator_vi, numerator_en,
            denominator_vi, denominator_en, exclusion_vi, exclusion_en, note_vi, note_en)
        VALUES (@targetId, @planId, @code, @groupCode, @ordinal, @titleVi, @titleEn, @kind, @measure, @trajectory,
            @unitOfMeasure, @reporting, @ownerId, @frequency, @commitment, @weight, @numeratorVi, @numeratorEn,
            @denominatorVi, @denominatorEn, @exclusionVi, @exclusionEn, @noteVi, @noteEn)
        """;

    private const string InsertReporterKind = "INSERT INTO target_reporter_kinds (target_id, kind) VALUES (@targetId, @kind)";

    private const string InsertLine = """
        INSERT INTO target_lines (line_id, target_id, level, operator, threshold_hundredths)
        VALUES (@lineId, @targetId, @level, @comparison, @threshold)
        """;

    private const string InsertPeriod = """
        INSERT INTO periods (period_id, plan_id, code, kind, label_vi, label_en, data_from, data_to, due_on, lock_on, cumulative, is_final)
        VALUES (@periodId, @planId, @code, @kind, @labelVi, @labelEn, @dataFrom, @dataTo, @dueOn, @lockOn, @cumulative, @isFinal)
        """;

    private const string InsertDeadline = "INSERT INTO period_deadlines (period_id, level, due_on) VALUES (@periodId, @level, @dueOn)";

    private const string InsertTask = """
        INSERT INTO tasks (task_id, plan_id, code, ordinal, area_vi, area_en, title_vi, title_en, criterion_en, criterion_kind,
            criterion_value, frequency, coordinating_vi)
        VALUES (@taskId, @planId, @code, @ordinal, @areaVi, @areaEn, @titleVi, @titleEn, @criterionEn, @criterionKind,
            @criterionValue, @frequency, @coordinatingVi)
        """;

    private const string InsertTaskLevel = "INSERT INTO task_levels (task_id, level) VALUES (@taskId, @level)";
    private const string InsertTaskTarget = "INSERT INTO task_targets (task_id, target_id) VALUES (@taskId, @targetId)";
    private const string InsertLead = "INSERT INTO task_leads (task_id, valid_from, unit_id) VALUES (@taskId, @validFrom, @unitId)";
    private const string InsertCoordinator =
        "INSERT INTO task_coordinators (task_id, unit_id, valid_from, valid_to) VALUES (@taskId, @unitId, @validFrom, @validTo)";

    private const string DeleteTaskLevels = "DELETE FROM task_levels WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)";
    private const string DeleteTaskTargets = "DELETE FROM task_targets WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)";
    private const string DeleteLeads = "DELETE FROM task_leads WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)";
    private const string DeleteCoordinators =
        "DELETE FROM task_coordinators WHERE task_id IN (SELECT task_id FROM tasks WHERE plan_id = @planId)";

    private const string DeleteTasks = "DELETE FROM tasks WHERE plan_id = @planId";
    private const string DeleteLines = "DELETE FROM target_lines WHERE target_id IN (SELECT target_id FROM targets WHERE plan_id = @planId)";
    private const string DeleteReporterKinds =
        "DELETE FROM target_reporter_kinds WHERE target_id IN (SELECT target_id FROM targets WHERE plan_id = @planId)";

    private const string DeleteTargets = "DELETE FROM targets WHERE plan_id = @planId";
    private const string DeleteGroups = "DELETE FROM target_groups WHERE plan_id = @planId";
    private const string DeleteDeadlines =
        "DELETE FROM period_deadlines WHERE period_id IN (SELECT period_id FROM periods WHERE plan_id = @planId)";

    private const string DeletePeriods = "DELETE FROM periods WHERE plan_id = @planId";

    /// <summary>Brings a plan in as a draft.</summary>
    public static async Task InsertAsync(DbSession session, Plan plan, int copiedFrom)
    {
        var planId = await session.SingleAsync<int>(NextPlan);
        await session.ExecuteAsync(InsertHead, Head(plan, planId));
        await session.ExecuteAsync(InsertState, new { planId, copiedFrom });
        await WriteAsync(session, plan, planId);
    }

    /// <summary>Sets a draft's whole definition anew.</summary>
    public static async Task ReplaceAsync(DbSession session, Plan plan)
    {
        await ClearAsync(session, plan.Id);
        await session.ExecuteAsync(UpdateHead, Head(plan, plan.Id));
        await WriteAsync(session, plan, plan.Id);
    }

    public static async Task DeleteAsync(DbSession session, int planId)
    {
        await ClearAsync(session, planId);
        await session.ExecuteAsync(DeleteState, new { planId });
        await session.ExecuteAsync(DeleteHead, new { planId });
    }

    public static Task EnactAsync(DbSession session, int planId, DateOnly inForceOn) => session.ExecuteAsync(Enact, new { planId, inForceOn });

    public static async Task SetRulesAsync(DbSession session, int planId, bool districtApproval)
    {
        await session.ExecuteAsync(DeleteRules, new { planId });
        await session.ExecuteAsync(InsertRules, new { planId, districtApproval });
    }

    private static async Task ClearAsync(DbSession session, int planId)
    {
        var plan = new { planId };
        await session.ExecuteAsync(DeleteTaskLevels, plan);
        await session.ExecuteAsync(DeleteTaskTargets, plan);
        await session.ExecuteAsync(DeleteLeads, plan);
        await session.ExecuteAsync(DeleteCoordinators, plan);
        await session.ExecuteAsync(DeleteTasks, plan);
        await session.ExecuteAsync(DeleteLines, plan);
        await session.ExecuteAsync(DeleteReporterKinds, plan);
        await session.ExecuteAsync(DeleteTargets, plan);
        await session.ExecuteAsync(DeleteGroups, plan);
        await session.ExecuteAsync(DeleteDeadlines, plan);
        await session.ExecuteAsync(DeletePeriods, plan);
        await session.ExecuteAsync(DeleteRules, plan);
    }

    private static object Head(Plan plan, int planId) => new
    {
        planId,
        code = plan.Code,
        number = plan.Number,
        year = plan.Year,
        titleVi = plan.TitleVi,
        titleEn = plan.TitleEn,
        issuer = plan.Issuer,
        issuedOn = plan.IssuedOn,
        signedBy = plan.SignedBy,
        leadUnitId = plan.LeadUnitId,
        monitorUnitId = plan.MonitorUnitId,
    };

    private static async Task WriteAsync(DbSession session, Plan plan, int planId)
    {
        if (plan.DistrictApproval)
        {
            await session.ExecuteAsync(InsertRules, new { planId, districtApproval = true });
        }

        await session.ExecuteAsync(InsertGroup, plan.Groups.Select((group, index) => new
        {
            planId,
            code = group.Code,
            ordinal = index + 1,
            titleVi = group.TitleVi,
            titleEn = group.TitleEn,
        }).ToList());
        var targets = await WriteTargetsAsync(session, plan, planId);
        var periodId = await session.SingleAsync<int>(NextPeriod);
        foreach (var period in plan.Periods)
        {
            await session.ExecuteAsync(InsertPeriod, new
            {
                periodId,
                planId,
                code = period.Code,
                kind = Words.Of(period.Kind),
                labelVi = period.LabelVi,
                labelEn = period.LabelEn,
                dataFrom = period.DataFrom,
                dataTo = period.DataTo,
                dueOn = period.DueOn,
                lockOn = period.LockOn,
                cumulative = period.Cumulative,
                isFinal = period.IsFinal,
            });
            await session.ExecuteAsync(
                InsertDeadline, period.Deadlines.Select(each => new { periodId, level = Words.Of(each.Level), dueOn = each.DueOn }).ToList());
            periodId++;
        }

        await WriteTasksAsync(session, plan, planId, targets);
    }

    private static async Task<Dictionary<string, int>> WriteTargetsAsync(DbSession session, Plan plan, int planId)
    {
        var (targetId, lineId) = (await session.SingleAsync<int>(NextTarget), await session.SingleAsync<int>(NextLine));
        var ids = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var target in plan.Targets)
        {
            await session.ExecuteAsync(InsertTarget, new
            {
                targetId,
                planId,
                code = target.Code,
                groupCode = target.Group,
                ordinal = ids.Count + 1,
                titleVi = target.TitleVi,
                titleEn = target.TitleEn,
                kind = Words.Of(target.Kind),
                measure = Words.Of(target.Measure),
                trajectory = Words.Of(target.Trajectory),
                unitOfMeasure = target.UnitOfMeasure,
                reporting = Words.Of(target.Reporting),
                ownerId = target.OwnerId,
                frequency = Words.Of(target.Frequency),
                commitment = Words.Of(target.Commitment),
                weight = target.WeightHundredths,
                numeratorVi = target.NumeratorVi,
                numeratorEn = target.NumeratorEn,
                denominatorVi = target.DenominatorVi,
                denominatorEn = target.DenominatorEn,
                exclusionVi = target.ExclusionVi,
                exclusionEn = target.ExclusionEn,
                noteVi = target.NoteVi,
                noteEn = target.NoteEn,
            });
            await session.ExecuteAsync(
                InsertReporterKind, target.ReporterKinds.Select(kind => new { targetId, kind = Words.Of(kind) }).ToList());
            await session.ExecuteAsync(InsertLine, target.Lines.Select(line => new
            {
                lineId = lineId++,
                targetId,
                level = Words.Of(line.Level),
                comparison = line.Operator is { } comparison ? Words.Of(comparison) : null,
                threshold = line.ThresholdHundredths,
            }).ToList());
            ids[target.Code] = targetId++;
        }

        return ids;
    }

    private static async Task WriteTasksAsync(DbSession session, Plan plan, int planId, Dictionary<string, int> targets)
    {
        var (taskId, ordinal) = (await session.SingleAsync<int>(NextTask), 0);
        foreach (var task in plan.Tasks)
        {
            await session.ExecuteAsync(InsertTask, new
            {
                taskId,
                planId,
                code = task.Code,
                ordinal = ++ordinal,
                areaVi = task.AreaVi,
                areaEn = task.AreaEn,
                titleVi = task.TitleVi,
                titleEn = task.TitleEn,
                criterionEn = task.CriterionEn ?? "",
                criterionKind = task.CriterionKind,
                criterionValue = task.CriterionValue,
                frequency = Words.Of(task.Frequency),
                coordinatingVi = task.CoordinatingVi,
            });
            await session.ExecuteAsync(InsertTaskLevel, task.Levels.Select(level => new { taskId, level = Words.Of(level) }).ToList());
            await session.ExecuteAsync(
                InsertTaskTarget, task.LinkedTargets.Where(targets.ContainsKey).Select(code => new { taskId, targetId = targets[code] }).ToList());
            await session.ExecuteAsync(InsertLead, task.Leads.Select(lead => new { taskId, validFrom = lead.ValidFrom, unitId = lead.UnitId }).ToList());
            await session.ExecuteAsync(InsertCoordinator, task.Coordinators.Select(each => new
            {
                taskId,
                unitId = each.UnitId,
                validFrom = each.ValidFrom,
                validTo = each.ValidTo,
            }).ToList());
            taskId++;
        }
    }
}
