using Cchc.Api.Data;
using Cchc.Api.Plans;
using Cchc.Api.Units;
using Cchc.Domain;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Reports;

namespace Cchc.Api.Reports;

/// <summary>
/// Invents the reports of every unit for the first period of each plan that has no report at all, so that a newcomer sees figures.
/// Each is marked as a sample, in the data and in every answer that uses it.
/// </summary>
public sealed class SampleSeeder(Database database, TimeProvider time)
{
    private const string Actor = "sample";
    private const string CountReports =
        "SELECT COUNT(*) FROM reports JOIN periods ON periods.period_id = reports.period_id WHERE periods.plan_id = @planId";

    public Task SeedAsync(CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            var units = await UnitQueries.LoadAsync(session);
            var added = false;
            foreach (var plan in await PlanQueries.LoadAsync(session))
            {
                if (await session.SingleAsync<int>(CountReports, new { planId = plan.Id }) > 0)
                {
                    continue;
                }

                await DataVersions.RaiseAsync(session, time, DataVersions.ScopeOf(plan.Code));
                var period = plan.Periods[0];
                var expectation = new Expectation(plan, period, units);
                foreach (var unitId in expectation.UnitIds.Order())
                {
                    await AddAsync(session, period, unitId, expectation.LinesOf(unitId));
                }

                added = true;
            }

            return (added, added);
        },
        cancellation,
        Pace.Bulk);

    private static async Task AddAsync(DbSession session, Period period, int unitId, IReadOnlyList<LineReporters> lines)
    {
        // The same figures on every machine; a few units late, as in life.
        var submittedAt = LocalTime.StartOf(period.DueOn).AddHours(Draw(unitId, 0, 60) - 24);
        var approvedAt = LocalTime.StartOf(period.DueOn.AddDays(5)).AddMinutes(unitId);
        var content = new ReportContent
        {
            Narrative = "Số liệu mẫu, không phải báo cáo thật. / Invented sample figures.",
            Values = [.. lines.Select(line => Invent(line, unitId)).OrderBy(value => value.LineId)],
        };
        await ReportQueries.SaveHeadAsync(session, period.Id, unitId, exists: false, ReportStatus.Approved, approvedAt, Actor);
        await ReportQueries.SaveContentAsync(session, period.Id, unitId, 1, exists: false, content, sample: true, submittedAt, Actor);
        await ReportQueries.SubmitAsync(session, period.Id, unitId, 1, submittedAt, Actor);
        await ReportQueries.DecideAsync(session, period.Id, unitId, 1, "approved", approvedAt, Actor);
        await ReportQueries.NoteStatusAsync(session, period.Id, unitId, 1, null, ReportStatus.Draft, null, submittedAt, Actor);
        await ReportQueries.NoteStatusAsync(session, period.Id, unitId, 1, ReportStatus.Draft, ReportStatus.Submitted, null, submittedAt, Actor);
        await ReportQueries.NoteStatusAsync(session, period.Id, unitId, 1, ReportStatus.Submitted, ReportStatus.Approved, null, approvedAt, Actor);
    }

    private static ReportValue Invent(LineReporters reporters, int unitId)
    {
        var (target, line) = (reporters.Target, reporters.Line);
        var value = new ReportValue { Target = target.Code, Level = line.Level, LineId = line.Id };
        switch (target.Kind)
        {
            case TargetKind.Ratio:
                var total = 40 + Draw(unitId, line.Id, 960);
                return value with { Numerator = total * (55 + Draw(unitId, line.Id + 1000, 46)) / 100, Total = total, Excluded = 0 };
            case TargetKind.UnitShare:
                return Draw(unitId, line.Id, 10) == 0
                    ? value with { NotApplicable = "Không được phân công trong kỳ (mẫu)" }
                    : value with { Done = Draw(unitId, line.Id, 10) < 9 };
            case TargetKind.Milestone:
                return value with { State = (Progress)Draw(unitId, line.Id, 3) };
            default:
                return value with { Position = 1 + Draw(unitId, line.Id, 12) };
        }
    }

    // A small hash in place of a random generator, whose numbers may change with the framework.
    private static int Draw(int unitId, int salt, int below)
    {
        var mixed = unchecked((((uint)unitId * 2654435761u) ^ ((uint)salt * 40503u)) * 2246822519u);
        return (int)((mixed >> 8) % (uint)below);
    }
}
