using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Obstacles;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Obstacles;

/// <summary>Reads and writes obstacles; what was done to them is only added to.</summary>
internal static class ObstacleQueries
{
    private const string Columns = """
        number AS Number, unit_id AS UnitId, title AS Title, description AS Description, target_id AS TargetId, task_id AS TaskId,
            status AS Status, version AS Version, raised_at AS RaisedAt, raised_by AS RaisedBy, assigned_to AS AssignedTo,
            assigned_at AS AssignedAt, due_on AS DueOn, escalated_at AS EscalatedAt, answered_at AS AnsweredAt, closed_at AS ClosedAt,
            updated_at AS UpdatedAt
        """;

    private const string SelectOne = $"SELECT {Columns} FROM obstacles WHERE plan_id = @planId AND number = @number";
    private const string SelectPage = $"""
        SELECT {Columns}
        FROM obstacles WHERE plan_id = @planId AND number < @before AND (@status IS NULL OR status = @status)
            AND (@unitId IS NULL OR unit_id = @unitId) AND (@assignedTo IS NULL OR assigned_to = @assignedTo)
            AND (@targetId IS NULL OR target_id = @targetId)
            AND (@taskId IS NULL OR task_id = @taskId)
        ORDER BY number DESC
        """;

    private const string SelectEvents = """
        SELECT occurred_at AS At, actor AS Actor, actor_unit_id AS ActorUnitId, action AS Action, from_status AS FromStatus,
            to_status AS ToStatus, assigned_to AS AssignedTo, due_on AS DueOn, words AS Words
        FROM obstacle_events WHERE plan_id = @planId AND number = @number ORDER BY ordinal
        """;

    private const string CountByDay =
        "SELECT status AS Status, due_on AS DueOn, COUNT(*) AS Number FROM obstacles WHERE plan_id = @planId GROUP BY status, due_on";

    private const string Last = "SELECT COALESCE(MAX(number), 0) FROM obstacles WHERE plan_id = @planId";

    private const string Insert = """
        INSERT INTO obstacles (plan_id, number, unit_id, title, description, target_id, task_id, status, version, raised_at, raised_by,
            assigned_to, assigned_at, due_on, escalated_at, answered_at, closed_at, updated_at)
        VALUES (@planId, @number, @unitId, @title, @description, @targetId, @taskId, 'raised', 1, @now, @actor,
            NULL, NULL, @dueOn, NULL, NULL, NULL, @now)
        """;

    private const string Update = """
        UPDATE obstacles SET status = @status, version = version + 1, assigned_to = @assignedTo, assigned_at = @assignedAt, due_on = @dueOn,
            escalated_at = @escalatedAt, answered_at = @answeredAt, closed_at = @closedAt, updated_at = @updatedAt
        WHERE plan_id = @planId AND number = @number
        """;

    private const string InsertEvent = """
        INSERT INTO obstacle_events (plan_id, number, ordinal, occurred_at, actor, actor_unit_id, action, from_status, to_status,
            assigned_to, due_on, words)
        SELECT @planId, @number, COALESCE(MAX(ordinal), 0) + 1, @now, @actor, @actorUnitId, @action, @fromStatus, @toStatus,
            @assignedTo, @dueOn, @words
        FROM obstacle_events WHERE plan_id = @planId AND number = @number
        """;

    /// <summary>The obstacles of a plan that a filter lets through, at most so many before a number; the latest first.</summary>
    public static Task<IReadOnlyList<ObstacleRow>> PageAsync(DbSession session, int planId, ObstacleFilter filter, int before, int rows) =>
        session.PageAsync<ObstacleRow>(
            SelectPage,
            new
            {
                planId,
                before,
                status = filter.Status is { } status ? Words.Of(status) : null,
                unitId = filter.UnitId,
                assignedTo = filter.AssignedTo,
                targetId = filter.TargetId,
                taskId = filter.TaskId,
            },
            rows);

    public static Task<ObstacleRow?> FindAsync(DbSession session, int planId, int number) =>
        session.SingleAsync<ObstacleRow>(SelectOne, new { planId, number });

    public static Task<IReadOnlyList<ObstacleEventRow>> EventsAsync(DbSession session, int planId, int number) =>
        session.QueryAsync<ObstacleEventRow>(SelectEvents, new { planId, number });

    public static Task<IReadOnlyList<ObstacleCountRow>> CountAsync(DbSession session, int planId) =>
        session.QueryAsync<ObstacleCountRow>(CountByDay, new { planId });

    /// <returns>The obstacle's number: they are numbered from 1 in each plan.</returns>
    public static async Task<int> RaiseAsync(DbSession session, int planId, RaisedObstacle raised, DateOnly dueOn, Caller caller, DateTimeOffset now)
    {
        var number = await session.SingleAsync<int>(Last, new { planId }) + 1;
        await session.ExecuteAsync(Insert, new
        {
            planId,
            number,
            unitId = raised.Unit.Id,
            title = raised.Title,
            description = raised.Description,
            targetId = raised.Target?.Id,
            taskId = raised.Task?.Id,
            dueOn,
            now,
            actor = caller.Actor,
        });
        await NoteAsync(session, planId, number, ObstacleAction.Raise, null, ObstacleStatus.Raised, null, dueOn, null, caller, now);
        return number;
    }

    public static Task SaveAsync(DbSession session, int planId, ObstacleRow row) => session.ExecuteAsync(Update, new
    {
        planId,
        number = row.Number,
        status = Words.Of(row.Status),
        assignedTo = row.AssignedTo,
        assignedAt = row.AssignedAt,
        dueOn = row.DueOn,
        escalatedAt = row.EscalatedAt,
        answeredAt = row.AnsweredAt,
        closedAt = row.ClosedAt,
        updatedAt = row.UpdatedAt,
    });

    public static Task NoteAsync(
        DbSession session, int planId, int number, ObstacleAction action, ObstacleStatus? from, ObstacleStatus to, int? assignedTo,
        DateOnly? dueOn, string? words, Caller caller, DateTimeOffset now) =>
        session.ExecuteAsync(InsertEvent, new
        {
            planId,
            number,
            now,
            actor = caller.Actor,
            actorUnitId = caller.UnitId,
            action = Words.Of(action),
            fromStatus = from is { } before ? Words.Of(before) : null,
            toStatus = Words.Of(to),
            assignedTo,
            dueOn,
            words,
        });
}

/// <summary>Which obstacles are asked for; null: any.</summary>
internal sealed record ObstacleFilter(ObstacleStatus? Status, int? UnitId, int? AssignedTo, int? TargetId, int? TaskId);

internal sealed record ObstacleRow
{
    public int Number { get; init; }
    public int UnitId { get; init; }
    public string Title { get; init; } = "";
    public string Description { get; init; } = "";
    public int? TargetId { get; init; }
    public int? TaskId { get; init; }
    public ObstacleStatus Status { get; init; }
    public long Version { get; init; }
    public DateTimeOffset RaisedAt { get; init; }
    public string RaisedBy { get; init; } = "";
    public int? AssignedTo { get; init; }
    public DateTimeOffset? AssignedAt { get; init; }
    public DateOnly DueOn { get; init; }
    public DateTimeOffset? EscalatedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public string ETag => $"\"o{Version}\"";

    public ObstacleStanding Standing(UnitRegistry units) => new(units[UnitId], Status, AssignedTo);
}

internal sealed record ObstacleEventRow
{
    public DateTimeOffset At { get; init; }
    public string Actor { get; init; } = "";
    public int? ActorUnitId { get; init; }
    public ObstacleAction Action { get; init; }
    public ObstacleStatus? FromStatus { get; init; }
    public ObstacleStatus ToStatus { get; init; }
    public int? AssignedTo { get; init; }
    public DateOnly? DueOn { get; init; }
    public string? Words { get; init; }
}

internal sealed record ObstacleCountRow
{
    public ObstacleStatus Status { get; init; }
    public DateOnly DueOn { get; init; }
    public int Number { get; init; }
}
