using Cchc.Api.Data;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Plans;

/// <summary>Reads every plan's definition.</summary>
internal static class PlanQueries
{
    private const string Plans = """
        SELECT plans.plan_id AS Id, code AS Code, number AS Number, year AS Year, title_vi AS TitleVi, title_en AS TitleEn, issuer AS Issuer,
            issued_on AS IssuedOn, signed_by AS SignedBy, lead_unit_id AS LeadUnitId, monitor_unit_id AS MonitorUnitId,
            COALESCE(plan_rules.district_approval, 0) AS DistrictApproval, plan_states.in_force_on AS InForceOn,
            CASE WHEN plan_states.plan_id IS NOT NULL AND plan_states.in_force_on IS NULL THEN 1 ELSE 0 END AS IsDraft
        FROM plans
        LEFT JOIN plan_rules ON plan_rules.plan_id = plans.plan_id
        LEFT JOIN plan_states ON plan_states.plan_id = plans.plan_id
        ORDER BY year DESC, code
        """;

    private const string Groups =
        "SELECT plan_id AS PlanId, code AS Code, title_vi AS TitleVi, title_en AS TitleEn FROM target_groups ORDER BY plan_id, ordinal";

    private const string Targets = """
        SELECT plan_id AS PlanId, target_id AS Id, code AS Code, group_code AS GroupCode, title_vi AS TitleVi, title_en AS TitleEn,
            kind AS Kind, measure AS Measure, trajectory AS Trajectory, unit_of_measure AS UnitOfMeasure, reporting AS Reporting,
            owner_id AS OwnerId, frequency AS Frequency, commitment AS Commitment, weight_hundredths AS WeightHundredths,
            numerator_vi AS NumeratorVi, numerator_en AS NumeratorEn, denominator_vi AS DenominatorVi, denominator_en AS DenominatorEn,
            exclusion_vi AS ExclusionVi, exclusion_en AS ExclusionEn, note_vi AS NoteVi, COALESCE(note_en, remarks_en) AS NoteEn
        FROM targets ORDER BY plan_id, ordinal
        """;

    private const string ReporterKinds = "SELECT target_id AS TargetId, kind AS Kind FROM target_reporter_kinds ORDER BY target_id, kind";

    private const string Lines = """
        SELECT target_id AS TargetId, line_id AS Id, level AS Level, operator AS Operator, threshold_hundredths AS ThresholdHundredths
        FROM target_lines ORDER BY target_id, line_id
        """;

    private const string Tasks = """
        SELECT plan_id AS PlanId, task_id AS Id, code AS Code, area_vi AS AreaVi, area_en AS AreaEn, title_vi AS TitleVi,
            title_en AS TitleEn, criterion_en AS CriterionEn, criterion_kind AS CriterionKind, criterion_value AS CriterionValue,
            frequency AS Frequency, coordinating_vi AS CoordinatingVi
        FROM tasks ORDER BY plan_id, ordinal
        """;

    private const string TaskLevels = "SELECT task_id AS TaskId, level AS Level FROM task_levels";

    private const string TaskTargets = """
        SELECT link.task_id AS TaskId, targets.code AS Code
        FROM task_targets link JOIN targets ON targets.target_id = link.target_id
        ORDER BY link.task_id, targets.ordinal
        """;

    private const string TaskLeads =
        "SELECT task_id AS TaskId, unit_id AS UnitId, valid_from AS ValidFrom FROM task_leads ORDER BY task_id, valid_from";

    private const string TaskCoordinators =
        "SELECT task_id AS TaskId, unit_id AS UnitId, valid_from AS ValidFrom, valid_to AS ValidTo FROM task_coordinators";

    private const string Periods = """
        SELECT plan_id AS PlanId, period_id AS Id, code AS Code, kind AS Kind, label_vi AS LabelVi, label_en AS LabelEn,
            data_from AS DataFrom, data_to AS DataTo, due_on AS DueOn, lock_on AS LockOn, cumulative AS Cumulative, is_final AS IsFinal
        FROM periods ORDER BY plan_id, data_to
        """;

    private const string Deadlines = "SELECT period_id AS PeriodId, level AS Level, due_on AS DueOn FROM period_deadlines";

    private const string Amendments = """
        SELECT plan_id AS PlanId, amendment_id AS Id, number AS Number, issued_on AS IssuedOn, effective_on AS EffectiveOn, reason AS Reason
        FROM amendments ORDER BY plan_id, effective_on
        """;

    private const string AmendedTargets = """
        SELECT amendment_id AS AmendmentId, target_id AS TargetId, withdrawn AS Withdrawn, weight_hundredths AS WeightHundredths,
            commitment AS Commitment, owner_id AS OwnerId
        FROM amended_targets ORDER BY amendment_id, target_id
        """;

    private const string AmendedLines = """
        SELECT said.amendment_id AS AmendmentId, said.line_id AS LineId, said.operator AS Operator,
            said.threshold_hundredths AS ThresholdHundredths, target_lines.target_id AS TargetId
        FROM amended_lines said JOIN target_lines ON target_lines.line_id = said.line_id
        ORDER BY said.amendment_id, said.line_id
        """;

    public static async Task<IReadOnlyList<Plan>> LoadAsync(DbSession session)
    {
        var deadlines = (await session.QueryAsync<DeadlineRow>(Deadlines)).ToLookup(row => row.PeriodId);
        var amendedLines = (await session.QueryAsync<AmendedLineRow>(AmendedLines)).ToLookup(row => (row.AmendmentId, row.TargetId));
        var amendedTargets = (await session.QueryAsync<AmendedTargetRow>(AmendedTargets)).ToLookup(row => row.AmendmentId);
        var amendments = (await session.QueryAsync<AmendmentRow>(Amendments)).ToLookup(row => row.PlanId);
        var groups = (await session.QueryAsync<GroupRow>(Groups)).ToLookup(row => row.PlanId);
        var kinds = (await session.QueryAsync<ReporterKindRow>(ReporterKinds)).ToLookup(row => row.TargetId, row => row.Kind);
        var lines = (await session.QueryAsync<LineRow>(Lines)).ToLookup(row => row.TargetId);
        var targets = (await session.QueryAsync<TargetRow>(Targets)).ToLookup(row => row.PlanId);
        var levels = (await session.QueryAsync<TaskLevelRow>(TaskLevels)).ToLookup(row => row.TaskId, row => row.Level);
        var links = (await session.QueryAsync<TaskTargetRow>(TaskTargets)).ToLookup(row => row.TaskId, row => row.Code);
        var leads = (await session.QueryAsync<TaskUnitRow>(TaskLeads)).ToLookup(row => row.TaskId);
        var coordinators = (await session.QueryAsync<TaskUnitRow>(TaskCoordinators)).ToLookup(row => row.TaskId);
        var tasks = (await session.QueryAsync<TaskRow>(Tasks)).ToLookup(row => row.PlanId);
        var periods = (await session.QueryAsync<PeriodRow>(Periods)).ToLookup(row => row.PlanId);
        return [.. (await session.QueryAsync<PlanRow>(Plans)).Select(row => new Plan
        {
            Id = row.Id,
            Code = row.Code,
            Number = row.Number,
            Year = row.Year,
            TitleVi = row.TitleVi,
            TitleEn = row.TitleEn,
            Issuer = row.Issuer,
            IssuedOn = row.IssuedOn,
            SignedBy = row.SignedBy,
            LeadUnitId = row.LeadUnitId,
            MonitorUnitId = row.MonitorUnitId,
            DistrictApproval = row.DistrictApproval,
            IsDraft = row.IsDraft,
            InForceOn = row.InForceOn,
            Amendments = [.. amendments[row.Id].Select(each => new Amendment(
                each.Id, each.Number, each.IssuedOn, each.EffectiveOn, each.Reason,
                [.. amendedTargets[each.Id].Select(target => target.ToTarget(amendedLines[(each.Id, target.TargetId)]))]))],
            Groups = [.. groups[row.Id].Select(group => new TargetGroup(group.Code, group.TitleVi, group.TitleEn))],
            Targets = [.. targets[row.Id].Select(target => target.ToTarget([.. kinds[target.Id]], lines[target.Id]))],
            Tasks = [.. tasks[row.Id].Select(task =>
                task.ToTask([.. levels[task.Id].Order()], [.. links[task.Id]], leads[task.Id], coordinators[task.Id]))],
            Periods = [.. periods[row.Id].Select(period => period.ToPeriod([.. deadlines[period.Id].OrderBy(each => each.Level).Select(each => new LevelDeadline(each.Level, each.DueOn))]))],
        })];
    }

    private sealed record PlanRow
    {
        public int Id { get; init; }
        public string Code { get; init; } = "";
        public string Number { get; init; } = "";
        public int Year { get; init; }
        public string TitleVi { get; init; } = "";
        public string TitleEn { get; init; } = "";
        public string Issuer { get; init; } = "";
        public DateOnly IssuedOn { get; init; }
        public string SignedBy { get; init; } = "";
        public int LeadUnitId { get; init; }
        public int? MonitorUnitId { get; init; }
        public bool DistrictApproval { get; init; }
        public bool IsDraft { get; init; }
        public DateOnly? InForceOn { get; init; }
    }

    private sealed record GroupRow
    {
        public int PlanId { get; init; }
        public string Code { get; init; } = "";
        public string TitleVi { get; init; } = "";
        public string TitleEn { get; init; } = "";
    }

    private sealed record ReporterKindRow
    {
        public int TargetId { get; init; }
        public UnitKind Kind { get; init; }
    }

    private sealed record LineRow
    {
        public int TargetId { get; init; }
        public int Id { get; init; }
        public LineLevel Level { get; init; }
        public Comparison? Operator { get; init; }
        public int? ThresholdHundredths { get; init; }
    }

    private sealed record TargetRow
    {
        public int PlanId { get; init; }
        public int Id { get; init; }
        public string Code { get; init; } = "";
        public string GroupCode { get; init; } = "";
        public string TitleVi { get; init; } = "";
        public string TitleEn { get; init; } = "";
        public TargetKind Kind { get; init; }
        public Measure Measure { get; init; }
        public Trajectory Trajectory { get; init; }
        public string? UnitOfMeasure { get; init; }
        public Reporting Reporting { get; init; }
        public int OwnerId { get; init; }
        public Frequency Frequency { get; init; }
        public Commitment Commitment { get; init; }
        public int WeightHundredths { get; init; }
        public string? NumeratorVi { get; init; }
        public string? NumeratorEn { get; init; }
        public string? DenominatorVi { get; init; }
        public string? DenominatorEn { get; init; }
        public string? ExclusionVi { get; init; }
        public string? ExclusionEn { get; init; }
        public string? NoteVi { get; init; }
        public string? NoteEn { get; init; }

        public Target ToTarget(IReadOnlyList<UnitKind> kinds, IEnumerable<LineRow> lines) => new()
        {
            Id = Id,
            Code = Code,
            Group = GroupCode,
            TitleVi = TitleVi,
            TitleEn = TitleEn,
            Kind = Kind,
            Measure = Measure,
            Trajectory = Trajectory,
            UnitOfMeasure = UnitOfMeasure,
            Reporting = Reporting,
            ReporterKinds = kinds,
            OwnerId = OwnerId,
            Frequency = Frequency,
            Commitment = Commitment,
            WeightHundredths = WeightHundredths,
            NumeratorVi = NumeratorVi,
            NumeratorEn = NumeratorEn,
            DenominatorVi = DenominatorVi,
            DenominatorEn = DenominatorEn,
            ExclusionVi = ExclusionVi,
            ExclusionEn = ExclusionEn,
            NoteVi = NoteVi,
            NoteEn = NoteEn,
            Lines = [.. lines.Select(line => new TargetLine
            {
                Id = line.Id,
                Level = line.Level,
                Operator = line.Operator,
                ThresholdHundredths = line.ThresholdHundredths,
            }).OrderBy(line => line.Level)],
        };
    }

    private sealed record TaskLevelRow
    {
        public int TaskId { get; init; }
        public UnitLevel Level { get; init; }
    }

    private sealed record TaskTargetRow
    {
        public int TaskId { get; init; }
        public string Code { get; init; } = "";
    }

    private sealed record TaskUnitRow
    {
        public int TaskId { get; init; }
        public int UnitId { get; init; }
        public DateOnly ValidFrom { get; init; }
        public DateOnly? ValidTo { get; init; }
    }

    private sealed record TaskRow
    {
        public int PlanId { get; init; }
        public int Id { get; init; }
        public string Code { get; init; } = "";
        public string AreaVi { get; init; } = "";
        public string AreaEn { get; init; } = "";
        public string TitleVi { get; init; } = "";
        public string TitleEn { get; init; } = "";
        public string CriterionEn { get; init; } = "";
        public string CriterionKind { get; init; } = "";
        public string? CriterionValue { get; init; }
        public Frequency Frequency { get; init; }
        public string? CoordinatingVi { get; init; }

        public PlanTask ToTask(
            IReadOnlyList<UnitLevel> levels, IReadOnlyList<string> targets, IEnumerable<TaskUnitRow> leads, IEnumerable<TaskUnitRow> others) => new()
            {
                Id = Id,
                Code = Code,
                AreaVi = AreaVi,
                AreaEn = AreaEn,
                TitleVi = TitleVi,
                TitleEn = TitleEn,
                CriterionEn = CriterionEn.Length == 0 ? null : CriterionEn,
                CriterionKind = CriterionKind,
                CriterionValue = CriterionValue,
                Frequency = Frequency,
                CoordinatingVi = CoordinatingVi,
                Levels = levels,
                LinkedTargets = targets,
                Leads = [.. leads.Select(lead => new TaskLead(lead.UnitId, lead.ValidFrom))],
                Coordinators = [.. others.Select(other => new TaskCoordinator(other.UnitId, other.ValidFrom, other.ValidTo))],
            };
    }

    private sealed record PeriodRow
    {
        public int PlanId { get; init; }
        public int Id { get; init; }
        public string Code { get; init; } = "";
        public PeriodKind Kind { get; init; }
        public string LabelVi { get; init; } = "";
        public string LabelEn { get; init; } = "";
        public DateOnly DataFrom { get; init; }
        public DateOnly DataTo { get; init; }
        public DateOnly DueOn { get; init; }
        public DateOnly? LockOn { get; init; }
        public bool Cumulative { get; init; }
        public bool IsFinal { get; init; }

        public Period ToPeriod(IReadOnlyList<LevelDeadline> deadlines) => new()
        {
            Id = Id,
            Code = Code,
            Kind = Kind,
            LabelVi = LabelVi,
            LabelEn = LabelEn,
            DataFrom = DataFrom,
            DataTo = DataTo,
            DueOn = DueOn,
            LockOn = LockOn,
            Cumulative = Cumulative,
            IsFinal = IsFinal,
            Deadlines = deadlines,
        };
    }

    private sealed record DeadlineRow
    {
        public int PeriodId { get; init; }
        public UnitLevel Level { get; init; }
        public DateOnly DueOn { get; init; }
    }

    private sealed record AmendmentRow
    {
        public int PlanId { get; init; }
        public int Id { get; init; }
        public string Number { get; init; } = "";
        public DateOnly IssuedOn { get; init; }
        public DateOnly EffectiveOn { get; init; }
        public string Reason { get; init; } = "";
    }

    private sealed record AmendedTargetRow
    {
        public int AmendmentId { get; init; }
        public int TargetId { get; init; }
        public bool Withdrawn { get; init; }
        public int? WeightHundredths { get; init; }
        public Commitment? Commitment { get; init; }
        public int? OwnerId { get; init; }

        public AmendedTarget ToTarget(IEnumerable<AmendedLineRow> lines) => new(
            TargetId, Withdrawn, WeightHundredths, Commitment, OwnerId,
            [.. lines.Select(line => new AmendedLine(line.LineId, line.Operator, line.ThresholdHundredths))]);
    }

    private sealed record AmendedLineRow
    {
        public int AmendmentId { get; init; }
        public int TargetId { get; init; }
        public int LineId { get; init; }
        public Comparison Operator { get; init; }
        public int ThresholdHundredths { get; init; }
    }
}
