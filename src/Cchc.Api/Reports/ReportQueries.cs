using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Reports;

/// <summary>Reads and writes reports within a session; what may be done is decided before.</summary>
internal static class ReportQueries
{
    private const string HeadColumns = """
        reports.period_id AS PeriodId, reports.unit_id AS UnitId, reports.status AS Status, reports.version AS Version,
            reports.updated_at AS UpdatedAt, reports.updated_by AS UpdatedBy, latest.number AS Revision, latest.is_sample AS Sample,
            latest.submitted_at AS SubmittedAt, given.until_on AS Until, district.approved_at AS DistrictApprovedAt,
            district.approved_by AS DistrictApprovedBy,
            (SELECT MIN(sent.submitted_at) FROM revisions sent
             WHERE sent.period_id = reports.period_id AND sent.unit_id = reports.unit_id AND NOT EXISTS
                 (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
                      AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft')) AS FirstSubmittedAt,
            CASE WHEN latest.narrative IS NULL
                AND NOT EXISTS (SELECT 1 FROM report_values said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
                AND NOT EXISTS (SELECT 1 FROM report_tasks said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
                AND NOT EXISTS (SELECT 1 FROM report_evidence said WHERE said.period_id = latest.period_id AND said.unit_id = latest.unit_id AND said.number = latest.number)
                THEN 1 ELSE 0 END AS IsEmpty
        """;

    private const string HeadJoins = """
        JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
            AND latest.number = (SELECT MAX(number) FROM revisions newest
                WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
        LEFT JOIN report_extensions given ON given.period_id = reports.period_id AND given.unit_id = reports.unit_id
            AND given.ordinal = (SELECT MAX(ordinal) FROM report_extensions newest
                WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id)
        LEFT JOIN district_approvals district ON district.period_id = latest.period_id AND district.unit_id = latest.unit_id
            AND district.number = latest.number
        """;

    private const string SelectHeads = $"""
        SELECT {HeadColumns}
        FROM reports
        JOIN periods ON periods.period_id = reports.period_id
        {HeadJoins}
        WHERE periods.plan_id = @planId
            AND (@periodId IS NULL OR reports.period_id = @periodId) AND (@unitId IS NULL OR reports.unit_id = @unitId)
        """;

    // By the units' codes, each with its report, so that a page reads as many reports as it shows.
    private const string SelectPage = $"""
        SELECT {HeadColumns}
        FROM units CROSS JOIN reports
        {HeadJoins}
        WHERE reports.unit_id = units.unit_id AND reports.period_id = @periodId AND units.code > @after
            AND (@unitId IS NULL OR units.unit_id = @unitId) AND (@status IS NULL OR reports.status = @status)
            AND (@updatedAfter IS NULL OR reports.updated_at > @updatedAfter)
        ORDER BY units.code
        """;

    // What a draft said before it was submitted is not kept: a report begins to be known as it is first submitted.
    private const string PastColumns = """
        reports.period_id AS PeriodId, reports.unit_id AS UnitId, changed.to_status AS Status, reports.version AS Version,
            changed.changed_at AS UpdatedAt, changed.actor AS UpdatedBy, latest.number AS Revision, latest.is_sample AS Sample,
            latest.submitted_at AS SubmittedAt,
            (SELECT MIN(sent.submitted_at) FROM revisions sent
             WHERE sent.period_id = reports.period_id AND sent.unit_id = reports.unit_id AND sent.submitted_at <= @asOf AND NOT EXISTS
                 (SELECT 1 FROM status_changes back WHERE back.period_id = sent.period_id AND back.unit_id = sent.unit_id
                      AND back.number = sent.number AND back.from_status = 'submitted' AND back.to_status = 'draft'
                      AND back.changed_at <= @asOf)) AS FirstSubmittedAt
        """;

    private const string PastJoins = """
        JOIN revisions latest ON latest.period_id = reports.period_id AND latest.unit_id = reports.unit_id
            AND latest.number = (SELECT MAX(number) FROM revisions newest
                WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id AND newest.submitted_at <= @asOf)
        JOIN status_changes changed ON changed.period_id = reports.period_id AND changed.unit_id = reports.unit_id
            AND changed.ordinal = (SELECT MAX(ordinal) FROM status_changes newest
                WHERE newest.period_id = reports.period_id AND newest.unit_id = reports.unit_id AND newest.changed_at <= @asOf)
        """;

    private const string SelectHeadsAsOf = $"""
        SELECT {PastColumns}
        FROM reports
        {PastJoins}
        WHERE reports.period_id = @periodId AND reports.unit_id = @unitId
        """;

    private const string SelectPageAsOf = $"""
        SELECT {PastColumns}
        FROM units CROSS JOIN reports
        {PastJoins}
        WHERE reports.unit_id = units.unit_id AND reports.period_id = @periodId AND units.code > @after
            AND (@unitId IS NULL OR units.unit_id = @unitId) AND (@status IS NULL OR changed.to_status = @status)
            AND (@updatedAfter IS NULL OR changed.changed_at > @updatedAfter)
        ORDER BY units.code
        """;

    private const string SelectRevisions = """
        SELECT number AS Number, narrative AS Narrative, is_sample AS Sample, saved_at AS SavedAt, saved_by AS SavedBy,
            submitted_at AS SubmittedAt, submitted_by AS SubmittedBy, decision AS Decision, decided_at AS DecidedAt, decided_by AS DecidedBy
        FROM revisions WHERE period_id = @periodId AND unit_id = @unitId ORDER BY number
        """;

    private const string SelectRevisionPage = """
        SELECT number AS Number, is_sample AS Sample, saved_at AS SavedAt, saved_by AS SavedBy, submitted_at AS SubmittedAt,
            submitted_by AS SubmittedBy, decision AS Decision, decided_at AS DecidedAt, decided_by AS DecidedBy,
            CASE WHEN EXISTS
                (SELECT 1 FROM status_changes back WHERE back.period_id = revisions.period_id AND back.unit_id = revisions.unit_id
                    AND back.number = revisions.number AND back.from_status = 'submitted' AND back.to_status = 'draft')
                THEN 1 ELSE 0 END AS IsWithdrawn
        FROM revisions WHERE period_id = @periodId AND unit_id = @unitId AND number > @after ORDER BY number
        """;

    private const string SelectValues = """
        SELECT line_id AS LineId, numerator AS Numerator, total AS Total, excluded AS Excluded, done AS Done, position AS Position,
            state AS State, not_applicable AS NotApplicable, note AS Note
        FROM report_values WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY line_id
        """;

    private const string SelectTasks = """
        SELECT task_id AS TaskId, status AS Status, quantity AS Quantity, note AS Note
        FROM report_tasks WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY task_id
        """;

    private const string SelectEvidence = """
        SELECT title AS Title, url AS Url
        FROM report_evidence WHERE period_id = @periodId AND unit_id = @unitId AND number = @number ORDER BY ordinal
        """;

    private const string SelectHistory = """
        SELECT changed_at AS At, actor AS Actor, from_status AS FromStatus, to_status AS ToStatus, number AS Revision, reason AS Reason
        FROM status_changes WHERE period_id = @periodId AND unit_id = @unitId ORDER BY ordinal
        """;

    private const string InsertReport = """
        INSERT INTO reports (period_id, unit_id, status, version, updated_at, updated_by)
        VALUES (@periodId, @unitId, @status, 1, @now, @actor)
        """;

    private const string UpdateReport = """
        UPDATE reports SET status = @status, version = version + 1, updated_at = @now, updated_by = @actor
        WHERE period_id = @periodId AND unit_id = @unitId
        """;

    private const string InsertRevision = """
        INSERT INTO revisions (period_id, unit_id, number, narrative, is_sample, saved_at, saved_by)
        VALUES (@periodId, @unitId, @number, @narrative, @sample, @now, @actor)
        """;

    private const string UpdateRevision = """
        UPDATE revisions SET narrative = @narrative, is_sample = @sample, saved_at = @now, saved_by = @actor
        WHERE period_id = @periodId AND unit_id = @unitId AND number = @number AND submitted_at IS NULL
        """;

    private const string DeleteValues = "DELETE FROM report_values WHERE period_id = @periodId AND unit_id = @unitId AND number = @number";
    private const string DeleteTasks = "DELETE FROM report_tasks WHERE period_id = @periodId AND unit_id = @unitId AND number = @number";
    private const string DeleteEvidence = "DELETE FROM report_evidence WHERE period_id = @periodId AND unit_id = @unitId AND number = @number";

    private const string InsertValue = """
        INSERT INTO report_values (period_id, unit_id, number, line_id, numerator, total, excluded, done, position, state, not_applicable, note)
        VALUES (@periodId, @unitId, @number, @lineId, @numerator, @total, @excluded, @done, @position, @state, @notApplicable, @note)
        """;

    private const string InsertTask = """
        INSERT INTO report_tasks (period_id, unit_id, number, task_id, status, quantity, note)
        VALUES (@periodId, @unitId, @number, @taskId, @status, @count, @note)
        """;

    private const string InsertEvidence = """
        INSERT INTO report_evidence (period_id, unit_id, number, ordinal, title, url)
        VALUES (@periodId, @unitId, @number, @ordinal, @title, @url)
        """;

    private const string MarkSubmitted = """
        UPDATE revisions SET submitted_at = @now, submitted_by = @actor WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
        """;

    private const string MarkDecided = """
        UPDATE revisions SET decision = @decision, decided_at = @now, decided_by = @actor
        WHERE period_id = @periodId AND unit_id = @unitId AND number = @number
        """;

    private const string InsertStatusChange = """
        INSERT INTO status_changes (period_id, unit_id, ordinal, changed_at, actor, from_status, to_status, number, reason)
        SELECT @periodId, @unitId, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @fromStatus, @toStatus, @number, @reason
        FROM status_changes WHERE period_id = @periodId AND unit_id = @unitId
        """;

    private const string InsertExtension = """
        INSERT INTO report_extensions (period_id, unit_id, ordinal, until_on, granted_at, granted_by)
        SELECT @periodId, @unitId, COALESCE(MAX(ordinal), 0) + 1, @until, @now, @actor
        FROM report_extensions WHERE period_id = @periodId AND unit_id = @unitId
        """;

    private const string InsertDistrictApproval = """
        INSERT INTO district_approvals (period_id, unit_id, number, approved_at, approved_by)
        VALUES (@periodId, @unitId, @number, @now, @actor)
        """;

    public static Task<IReadOnlyList<ReportHeadRow>> HeadsAsync(DbSession session, int planId, int? periodId, int? unitId) =>
        session.QueryAsync<ReportHeadRow>(SelectHeads, new { planId, periodId, unitId });

    /// <summary>
    /// The reports of a period by their units' codes, at most so many after a code: as they are, or as they stood at an instant, for which
    /// those are known that had been submitted.
    /// </summary>
    public static Task<IReadOnlyList<ReportHeadRow>> PageAsync(DbSession session, int periodId, ReportFilter filter, string after, int rows)
    {
        var (unitId, updatedAfter) = (filter.UnitId, filter.UpdatedAfter);
        var status = filter.Status is { } only ? Words.Of(only) : null;
        return filter.AsOf is { } asOf
            ? session.PageAsync<ReportHeadRow>(SelectPageAsOf, new { periodId, after, unitId, status, updatedAfter, asOf }, rows)
            : session.PageAsync<ReportHeadRow>(SelectPage, new { periodId, after, unitId, status, updatedAfter }, rows);
    }

    /// <summary>At most so many revisions of a report after a number.</summary>
    public static Task<IReadOnlyList<RevisionRow>> RevisionsAsync(DbSession session, int periodId, int unitId, int after, int rows) =>
        session.PageAsync<RevisionRow>(SelectRevisionPage, new { periodId, unitId, after }, rows);

    public static async Task<StoredReport?> FindAsync(DbSession session, Plan plan, int periodId, int unitId, DateTimeOffset? asOf = null)
    {
        var heads = asOf is { } instant
            ? await session.QueryAsync<ReportHeadRow>(SelectHeadsAsOf, new { periodId, unitId, asOf = instant })
            : await HeadsAsync(session, plan.Id, periodId, unitId);
        if (heads.SingleOrDefault() is not { } head)
        {
            return null;
        }

        return new StoredReport
        {
            Head = head,
            Revisions = await session.QueryAsync<RevisionRow>(SelectRevisions, new { periodId, unitId }),
            Content = await ContentAsync(session, plan, periodId, unitId, head.Revision),
            History = [.. (await session.QueryAsync<HistoryRow>(SelectHistory, new { periodId, unitId })).Where(row => asOf is null || row.At <= asOf)],
        };
    }

    public static async Task<ReportContent> ContentAsync(DbSession session, Plan plan, int periodId, int unitId, int number)
    {
        var key = new { periodId, unitId, number };
        var lines = plan.Targets.SelectMany(target => target.Lines.Select(line => (target, line))).ToDictionary(each => each.line.Id);
        var tasks = plan.Tasks.ToDictionary(task => task.Id);
        var revision = (await session.QueryAsync<RevisionRow>(SelectRevisions, new { periodId, unitId })).First(each => each.Number == number);
        return new ReportContent
        {
            Narrative = revision.Narrative,
            Values = [.. (await session.QueryAsync<ValueRow>(SelectValues, key)).Select(row => new ReportValue
            {
                LineId = row.LineId,
                Target = lines[row.LineId].target.Code,
                Level = lines[row.LineId].line.Level,
                Numerator = row.Numerator,
                Total = row.Total,
                Excluded = row.Excluded,
                Done = row.Done,
                Position = row.Position,
                State = row.State,
                NotApplicable = row.NotApplicable,
                Note = row.Note,
            })],
            Tasks = [.. (await session.QueryAsync<TaskRow>(SelectTasks, key)).Select(row => new ReportTask
            {
                TaskId = row.TaskId,
                Task = tasks[row.TaskId].Code,
                Status = row.Status,
                Count = row.Quantity,
                Note = row.Note,
            })],
            Evidence = [.. (await session.QueryAsync<EvidenceRow>(SelectEvidence, key))
                .Select(row => new ReportEvidence { Title = row.Title, Url = row.Url })],
        };
    }

    /// <summary>Creates the report, or marks that it changed.</summary>
    public static Task SaveHeadAsync(
        DbSession session, int periodId, int unitId, bool exists, ReportStatus status, DateTimeOffset now, string actor)
    {
        var row = new { periodId, unitId, status = Words.Of(status), now, actor };
        return exists ? session.ExecuteAsync(UpdateReport, row) : session.ExecuteAsync(InsertReport, row);
    }

    /// <summary>Writes the content of a revision that is not submitted yet.</summary>
    public static async Task SaveContentAsync(
        DbSession session, int periodId, int unitId, int number, bool exists, ReportContent content, bool sample, DateTimeOffset now, string actor)
    {
        var row = new { periodId, unitId, number, narrative = content.Narrative, sample, now, actor };
        if (exists)
        {
            await session.ExecuteAsync(UpdateRevision, row);
            await session.ExecuteAsync(DeleteValues, row);
            await session.ExecuteAsync(DeleteTasks, row);
            await session.ExecuteAsync(DeleteEvidence, row);
        }
        else
        {
            await session.ExecuteAsync(InsertRevision, row);
        }

        await session.ExecuteAsync(InsertValue, content.Values.Select(value => new
        {
            periodId,
            unitId,
            number,
            lineId = value.LineId,
            numerator = value.Numerator,
            total = value.Total,
            excluded = value.Excluded,
            done = value.Done,
            position = value.Position,
            state = value.State is { } state ? Words.Of(state) : null,
            notApplicable = value.NotApplicable,
            note = value.Note,
        }).ToList());
        await session.ExecuteAsync(InsertTask, content.Tasks.Select(task => new
        {
            periodId,
            unitId,
            number,
            taskId = task.TaskId,
            status = Words.Of(task.Status),
            count = task.Count,
            note = task.Note,
        }).ToList());
        await session.ExecuteAsync(InsertEvidence, content.Evidence.Select((evidence, index) => new
        {
            periodId,
            unitId,
            number,
            ordinal = index + 1,
            title = evidence.Title,
            url = evidence.Url,
        }).ToList());
    }

    public static Task SubmitAsync(DbSession session, int periodId, int unitId, int number, DateTimeOffset now, string actor) =>
        session.ExecuteAsync(MarkSubmitted, new { periodId, unitId, number, now, actor });

    public static Task DecideAsync(
        DbSession session, int periodId, int unitId, int number, string decision, DateTimeOffset now, string actor) =>
        session.ExecuteAsync(MarkDecided, new { periodId, unitId, number, decision, now, actor });

    public static Task NoteStatusAsync(
        DbSession session, int periodId, int unitId, int number, ReportStatus? from, ReportStatus to, string? reason, DateTimeOffset now,
        string actor) =>
        session.ExecuteAsync(InsertStatusChange, new
        {
            periodId,
            unitId,
            number,
            fromStatus = from is { } before ? Words.Of(before) : null,
            toStatus = Words.Of(to),
            reason,
            now,
            actor,
        });

    /// <summary>Gives a report back to its unit: to the end of a day, or as long as the period is open.</summary>
    public static Task GiveBackAsync(DbSession session, int periodId, int unitId, DateOnly? until, DateTimeOffset now, string actor) =>
        session.ExecuteAsync(InsertExtension, new { periodId, unitId, until, now, actor });

    public static Task ApproveByDistrictAsync(DbSession session, int periodId, int unitId, int number, DateTimeOffset now, string actor) =>
        session.ExecuteAsync(InsertDistrictApproval, new { periodId, unitId, number, now, actor });

    private sealed record ValueRow
    {
        public int LineId { get; init; }
        public long? Numerator { get; init; }
        public long? Total { get; init; }
        public long? Excluded { get; init; }
        public bool? Done { get; init; }
        public long? Position { get; init; }
        public Progress? State { get; init; }
        public string? NotApplicable { get; init; }
        public string? Note { get; init; }
    }

    private sealed record TaskRow
    {
        public int TaskId { get; init; }
        public Progress Status { get; init; }
        public long? Quantity { get; init; }
        public string? Note { get; init; }
    }

    private sealed record EvidenceRow
    {
        public string Title { get; init; } = "";
        public string Url { get; init; } = "";
    }
}

/// <summary>Which reports of a period are asked for, null: any; and as of when, null: now.</summary>
internal sealed record ReportFilter(int? UnitId, ReportStatus? Status, DateTimeOffset? UpdatedAfter, DateTimeOffset? AsOf);

internal sealed record StoredReport
{
    public required ReportHeadRow Head { get; init; }
    public required IReadOnlyList<RevisionRow> Revisions { get; init; }
    public required ReportContent Content { get; init; }
    public required IReadOnlyList<HistoryRow> History { get; init; }

    public string ETag => Head.ETag;

    /// <summary>What became of a revision.</summary>
    public RevisionDecision? DecisionOn(RevisionRow revision) => (revision with
    {
        IsWithdrawn = History.Any(row =>
            row.Revision == revision.Number && (row.FromStatus, row.ToStatus) == (ReportStatus.Submitted, ReportStatus.Draft)),
    }).Outcome;
}

internal sealed record ReportHeadRow
{
    public int PeriodId { get; init; }
    public int UnitId { get; init; }
    public ReportStatus Status { get; init; }
    public long Version { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public string UpdatedBy { get; init; } = "";
    public int Revision { get; init; }
    public bool Sample { get; init; }
    public DateTimeOffset? FirstSubmittedAt { get; init; }
    public DateTimeOffset? SubmittedAt { get; init; }
    public DateOnly? Until { get; init; }
    public DateTimeOffset? DistrictApprovedAt { get; init; }
    public string? DistrictApprovedBy { get; init; }
    public bool IsEmpty { get; init; }

    public string ETag => $"\"r{Version}\"";

    public ReportStanding Standing => new(Status, IsEmpty, Until, DistrictApprovedAt is not null);
}

internal sealed record RevisionRow
{
    public int Number { get; init; }
    public string? Narrative { get; init; }
    public bool Sample { get; init; }
    public DateTimeOffset SavedAt { get; init; }
    public string SavedBy { get; init; } = "";
    public DateTimeOffset? SubmittedAt { get; init; }
    public string? SubmittedBy { get; init; }
    public ReportStatus? Decision { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public string? DecidedBy { get; init; }

    /// <summary>Whether its unit took it back: the report went from submitted to draft.</summary>
    public bool IsWithdrawn { get; init; }

    /// <summary>What became of it.</summary>
    public RevisionDecision? Outcome => Decision switch
    {
        null => null,
        ReportStatus.Approved => RevisionDecision.Approved,
        _ => IsWithdrawn ? RevisionDecision.Withdrawn : RevisionDecision.Returned,
    };
}

internal sealed record HistoryRow
{
    public DateTimeOffset At { get; init; }
    public string Actor { get; init; } = "";
    public ReportStatus? FromStatus { get; init; }
    public ReportStatus ToStatus { get; init; }
    public int Revision { get; init; }
    public string? Reason { get; init; }
}
