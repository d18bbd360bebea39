using Cchc.Domain.Completion;

namespace Cchc.Api.Completion;

/// <summary>Puts the figures of a snapshot into answers.</summary>
internal static class Figures
{
    public static T Head<T>(T answer, Snapshot snapshot, Lens lens, Basis basis)
        where T : FiguresAnswer => (T)(answer with
        {
            Plan = snapshot.Facts.Plan.Code,
            Period = snapshot.Facts.Period.Code,
            Lens = lens,
            Basis = basis,
            DataVersion = snapshot.Version.Version,
            AsOf = snapshot.Version.ChangedAt,
            Sample = snapshot.Facts.HasSample,
        });

    public static T Fill<T>(T answer, Snapshot snapshot, Lens lens, Basis basis, RollUp figures)
        where T : CompletionAnswer => (T)(Head(answer, snapshot, lens, basis) with
        {
            Completion = figures.Completion?.ToPercent(),
            TargetsMet = figures.TargetsMet,
            TargetsCounted = figures.TargetsCounted,
            TargetsTotal = figures.Targets.Count,
            Coverage = figures.Coverage,
            Targets = [.. figures.Targets.Select(TargetFigures.Of)],
        });

    public static RankedUnitAnswer Show(RankedUnit ranked, DateOnly date) => new(
        ranked.Rank, ranked.Unit.Code, ranked.Unit.On(date)?.NameVi, ranked.Unit.On(date)?.NameEn, ranked.Unit.Level, ranked.Unit.Kind,
        ranked.Figures.Completion?.ToPercent(), ranked.Figures.TargetsMet, ranked.Figures.TargetsCounted, ranked.Figures.Coverage);
}
