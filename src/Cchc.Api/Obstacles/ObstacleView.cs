using System.Globalization;
using Cchc.Api.Plans;
using Cchc.Domain.Obstacles;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;
using Cchc.Domain.Units;

namespace Cchc.Api.Obstacles;

/// <summary>A plan's obstacles as one caller sees them on a day.</summary>
internal sealed record ObstacleView(Catalogue Catalogue, Plan Plan, Caller Caller, DateOnly Today)
{
    public UnitRegistry Units => Catalogue.Units;

    public ObstacleRules Rules { get; } = new(Plan, Catalogue.Units, Today);

    /// <summary>Obstacles have a data version of their own: no figure follows from them, and none must look changed because of them.</summary>
    public static string ScopeOf(Plan plan) => $"{plan.Code}/obstacles";

    public string Subject(int number) => $"{ScopeOf(Plan)}/{number.ToString(CultureInfo.InvariantCulture)}";

    public bool MayRead(ObstacleRow row) => Rules.MayRead(Caller, row.Standing(Units));

    public ObstacleSummary Summarise(ObstacleRow row) => new()
    {
        Plan = Plan.Code,
        Number = row.Number,
        Unit = Units[row.UnitId].Code,
        Title = row.Title,
        Target = Plan.Targets.FirstOrDefault(target => target.Id == row.TargetId)?.Code,
        Task = Plan.Tasks.FirstOrDefault(task => task.Id == row.TaskId)?.Code,
        Status = row.Status,
        Version = row.Version,
        RaisedAt = row.RaisedAt,
        AssignedTo = CodeOf(row.AssignedTo),
        DueOn = row.DueOn,
        Overdue = ObstacleRules.IsOverdue(row.Status, row.DueOn, Today),
        EscalatedAt = row.EscalatedAt,
        AnsweredAt = row.AnsweredAt,
        ClosedAt = row.ClosedAt,
        UpdatedAt = row.UpdatedAt,
        AllowedActions = Rules.Allowed(Caller, row.Standing(Units)),
    };

    public ObstacleAnswer Show(ObstacleRow row, IReadOnlyList<ObstacleEventRow> events) => new(
        Summarise(row), row,
        [.. events.Where(each => each.Action == ObstacleAction.Answer)
            .Select(each => new GivenAnswer(each.At, each.Actor, CodeOf(each.ActorUnitId), each.Words!))],
        [.. events.Select(each => new ObstacleEvent(each.At, each.Actor, each.Action, each.ToStatus)
        {
            Unit = CodeOf(each.ActorUnitId),
            From = each.FromStatus,
            AssignedTo = CodeOf(each.AssignedTo),
            DueOn = each.DueOn,
            Text = each.Words,
        })]);

    private string? CodeOf(int? unitId) => unitId is { } id ? Units[id].Code : null;
}
