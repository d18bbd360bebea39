using System.Text.Json;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Domain.Obstacles;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Obstacles;

/// <summary>Changes obstacles. Each change is one transaction with its event, its audit entry and the obstacles' new data version.</summary>
internal sealed class ObstacleWriter(Database database, DataVersions versions, TimeProvider time)
{
    public Task<(string Body, string ETag, bool IsRepeated)> RaiseAsync(
        ObstacleView view, RaisedObstacle raised, string? key, CancellationToken cancellation) =>
        CommitAsync(view, key, $"{ObstacleView.ScopeOf(view.Plan)}\n{raised.Asked}", async (session, now) =>
        {
            var number = await ObstacleQueries.RaiseAsync(session, view.Plan.Id, raised, view.Rules.DefaultDueOn, view.Caller, now);
            Audit.Write(session, now, view.Caller.Actor, "obstacle.raise", view.Subject(number), null, new
            {
                status = ObstacleStatus.Raised,
                unit = raised.Unit.Code,
                target = raised.Target?.Code,
                task = raised.Task?.Code,
                titleLength = raised.Title.Length,
                descriptionLength = raised.Description.Length,
            });
            return number;
        }, cancellation);

    public Task<(string Body, string ETag, bool IsRepeated)> ActAsync(
        ObstacleView view, int number, ObstacleRequest request, StringValues ifMatch, string? key, CancellationToken cancellation) =>
        CommitAsync(view, key, $"{view.Subject(number)}\n{request.Asked}", async (session, now) =>
        {
            var row = await ObstacleQueries.FindAsync(session, view.Plan.Id, number) ?? throw new ProblemException("obstacle.unknown", number);
            if (!StringValues.IsNullOrEmpty(ifMatch) && !Preconditions.MatchesStrongly(ifMatch, row.ETag))
            {
                throw new ProblemException("precondition.failed", row.ETag);
            }

            Require(view, row, request);
            var next = Change(view, row, request, now);
            await ObstacleQueries.SaveAsync(session, view.Plan.Id, next);
            var isGiven = request.Action is ObstacleAction.Assign or ObstacleAction.Escalate or ObstacleAction.Reopen;
            await ObstacleQueries.NoteAsync(
                session, view.Plan.Id, number, request.Action, row.Status, next.Status, isGiven ? next.AssignedTo : null,
                isGiven ? next.DueOn : null, request.Words, view.Caller, now);
            Audit.Write(
                session, now, view.Caller.Actor, $"obstacle.{Words.Of(request.Action)}", view.Subject(number), Figures(view, row),
                Figures(view, next, request.Words?.Length));
            return number;
        }, cancellation);

    // Judged again in the transaction: somebody may have been quicker.
    private static void Require(ObstacleView view, ObstacleRow row, ObstacleRequest request)
    {
        var standing = row.Standing(view.Units);
        if (!view.Rules.May(view.Caller, standing, request.Action))
        {
            throw new ProblemException("auth.forbidden");
        }

        if (!ObstacleRules.Fits(standing, request.Action))
        {
            throw new ProblemException("obstacle.state", Words.Of(row.Status), Words.Of(request.Action));
        }

        if (request.Words is null && ObstacleRules.NeedsWords(standing, request.Action))
        {
            throw ProblemException.Of([new Refusal("reason.required", "/reason", null)]);
        }
    }

    private static ObstacleRow Change(ObstacleView view, ObstacleRow row, ObstacleRequest request, DateTimeOffset now)
    {
        var dueOn = request.DueOn ?? view.Rules.DefaultDueOn;
        var next = row with { Status = ObstacleRules.Next(row.Status, request.Action), UpdatedAt = now };
        return request.Action switch
        {
            ObstacleAction.Assign => next with { AssignedTo = request.Unit!.Id, AssignedAt = now, DueOn = dueOn },
            ObstacleAction.Escalate => next with { AssignedTo = view.Rules.Committee.Id, AssignedAt = now, EscalatedAt = now, DueOn = dueOn },
            ObstacleAction.Answer => next with { AnsweredAt = now },
            ObstacleAction.Close => next with { ClosedAt = now },
            ObstacleAction.Reopen => next with
            {
                AssignedTo = null,
                AssignedAt = null,
                EscalatedAt = null,
                AnsweredAt = null,
                ClosedAt = null,
                DueOn = dueOn,
            },
            _ => next,
        };
    }

    private static object Figures(ObstacleView view, ObstacleRow row, int? textLength = null) => new
    {
        status = row.Status,
        assignedTo = row.AssignedTo is { } unit ? view.Units[unit].Code : null,
        dueOn = row.DueOn,
        textLength,
    };

    // What is kept for an Idempotency-Key is what was answered, made in the same transaction.
    private async Task<(string Body, string ETag, bool IsRepeated)> CommitAsync(
        ObstacleView view, string? key, string request, Func<DbSession, DateTimeOffset, Task<int>> change, CancellationToken cancellation)
    {
        var (result, version) = await database.WriteAsync(
            async session =>
            {
                var version = await DataVersions.RaiseAsync(session, time, ObstacleView.ScopeOf(view.Plan));
                var now = version.ChangedAt;
                var result = await KeptRequests.OnceAsync(session, view.Caller.Actor, key, request, now, async () =>
                {
                    var number = await change(session, now);
                    var row = (await ObstacleQueries.FindAsync(session, view.Plan.Id, number))!;
                    session.Outgoing.Add(new OutgoingChange(
                        now, "obstacle.changed", view.Plan.Code, UnitId: row.UnitId, Number: number, Status: Words.Of(row.Status)));
                    var answer = view.Show(row, await ObstacleQueries.EventsAsync(session, view.Plan.Id, number));
                    return (JsonSerializer.Serialize(answer, Json.Options), row.ETag);
                });
                return ((result, version), !result.IsRepeated);
            },
            cancellation);
        if (!result.IsRepeated)
        {
            versions.Observe(version);
        }

        return result;
    }
}
