using Cchc.Api.Http;
using Cchc.Api.Pictures;
using Cchc.Api.Tables;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Completion;

/// <summary>The names of the codes in tables of figures. A unit has the name of the latest period that knows it.</summary>
internal static class FigureLabels
{
    public static TableLabels Of(IReadOnlyList<Snapshot> snapshots, Phrases phrases)
    {
        var plans = snapshots.Select(each => each.Facts.Plan).DistinctBy(plan => plan.Code).ToList();
        var title = phrases.Say("Kết quả thực hiện chỉ tiêu cải cách hành chính", "Completion of administrative-reform targets");
        return new TableLabels(phrases, $"{title} – {string.Join(", ", plans.Select(phrases.PlanOf))}", Find);

        string? Find(string column, string code) => column switch
        {
            "plan" => plans.Find(plan => plan.Code == code) is { } plan ? phrases.PlanOf(plan) : null,
            "period" => FirstOf(plan => plan.FindPeriod(code) is { } period ? phrases.PeriodOf(plan, period) : null),
            "unit" or "parent" => NameOf(code),
            "group" => FirstOf(plan =>
                plan.Groups.FirstOrDefault(group => group.Code == code) is { } group ? phrases.Say(group.TitleVi, group.TitleEn) : null),
            "target" => FirstOf(plan => plan.FindTarget(code) is { } target ? phrases.Say(target.TitleVi, target.TitleEn) : null),
            "level" or "unitLevel" => Word<LineLevel>(code, phrases.LevelOf),
            "unitKind" => Word<UnitKind>(code, phrases.KindOf),
            "commitment" => Word<Commitment>(code, phrases.CommitmentOf),
            "operator" => Word<Comparison>(code, phrases.ComparisonOf),
            "status" or "statusBefore" or "statusAfter" => Word<LineStatus>(code, phrases.StatusOf),
            _ => null,
        };

        string? FirstOf(Func<Plan, string?> name) => plans.Select(name).FirstOrDefault(found => found is not null);

        string? NameOf(string code) => snapshots.Reverse()
            .Select(each => each.Facts.Units.Find(code)?.On(each.Facts.Period.DataTo))
            .Select(version => version is null ? null : phrases.Say(version.NameVi, version.NameEn))
            .FirstOrDefault(name => name is not null);
    }

    private static string? Word<T>(string code, Func<T, string> say)
        where T : struct, Enum => Words.Parse<T>(code) is { } word ? say(word) : null;
}
