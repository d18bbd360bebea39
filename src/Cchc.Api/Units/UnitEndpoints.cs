using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Units;

/// <summary>A unit as of a date; the names and the parent are null where it did not exist then.</summary>
public record UnitAnswer(
    string Code, UnitLevel Level, UnitKind Kind, DateOnly AsOf, bool Active, string? NameVi, string? NameEn, string? UnitType, string? Parent);

/// <summary>A unit with all it ever was.</summary>
public sealed record UnitDetail(
    string Code, UnitLevel Level, UnitKind Kind, DateOnly AsOf, bool Active, string? NameVi, string? NameEn, string? UnitType, string? Parent,
    IReadOnlyList<UnitVersionAnswer> Versions, IReadOnlyList<OutsideCodeAnswer> OutsideCodes,
    IReadOnlyList<SuccessionAnswer> Predecessors, IReadOnlyList<SuccessionAnswer> Successors)
    : UnitAnswer(Code, Level, Kind, AsOf, Active, NameVi, NameEn, UnitType, Parent);

/// <summary>What a unit was called and under whom it stood; a null date is 'not known before' or 'still'.</summary>
public sealed record UnitVersionAnswer(
    string NameVi, string? NameEn, string UnitType, string? Parent, DateOnly? ValidFrom, DateOnly? ValidTo);

/// <summary>A code given by somebody else: scheme <c>gso</c> (statistics office) or <c>egov</c> (agency identifier).</summary>
public sealed record OutsideCodeAnswer(string Scheme, string Value, DateOnly? ValidFrom, DateOnly? ValidTo);

public sealed record SuccessionAnswer(string Unit, DateOnly EffectiveOn, UnitChange Change);

internal static class UnitEndpoints
{
    public static void MapUnits(this IEndpointRouteBuilder api)
    {
        Parameter asOf = new("asOf", "The day to look at; today where it is not given", new DateOnly(2022, 6, 14));
        api.MapGet("/units", ListUnits).Describe<Page<UnitAnswer>>(
            "listUnits", "Units active on a day",
            [asOf, Parameters.Word<UnitLevel>("level", "Level"), Parameters.Word<UnitKind>("kind", "Kind"),
             new("parent", "Directly below this unit", "TTH"), new("under", "Anywhere below this unit", "D474"),
             Parameters.Query, .. Parameters.Paging]);
        api.MapGet("/units/{unit}", GetUnit).Describe<UnitDetail>(
            "getUnit", "One unit with its versions, outside codes, predecessors and successors", asOf).Refuses(404);
    }

    private static async Task ListUnits(HttpContext context, Catalogues catalogues, TimeProvider time)
    {
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var units = catalogue.Units;
        var query = new QueryInput(context.Request, "asOf", "level", "kind", "parent", "under", "q", "limit", "cursor");
        var date = query.Date("asOf") ?? time.Today();
        var (level, kind, text) = (query.Word<UnitLevel>("level"), query.Word<UnitKind>("kind"), query.Text("q"));
        var (parent, under) = (query.Known("parent", units.Find, "unit"), query.Known("under", units.Find, "unit"));
        var (limit, cursor) = (query.Limit(), query.Cursor());
        query.Done();
        var found = units.ActiveOn(date).Where(unit =>
            (level is null || unit.Level == level)
            && (kind is null || unit.Kind == kind)
            && (parent is null || unit.On(date)!.ParentId == parent.Id)
            && (under is null || (unit.Id != under.Id && units.IsWithin(unit, under.Id, date)))
            && Search.Finds(text, unit.Code, unit.On(date)!.NameVi, unit.On(date)!.NameEn)).ToList();
        await Answers.WriteAsync(context, $"c{catalogue.DataVersion.Mark}-{date:yyyyMMdd}", false, () => Task.FromResult(Page<UnitAnswer>.Cut(
            context, found, unit => PageKey.Of(unit.Code), unit => Summary(unit, units, date), limit, cursor)));
    }

    private static async Task GetUnit(HttpContext context, string unit, Catalogues catalogues, TimeProvider time)
    {
        var query = new QueryInput(context.Request, "asOf");
        var date = query.Date("asOf") ?? time.Today();
        query.Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var found = catalogue.UnitOf(unit);
        await Answers.WriteAsync(
            context, $"c{catalogue.DataVersion.Mark}-{date:yyyyMMdd}", false, () => Task.FromResult(Detail(found, catalogue.Units, date)));
    }

    private static UnitAnswer Summary(Unit unit, UnitRegistry units, DateOnly date)
    {
        var version = unit.On(date);
        return new UnitAnswer(
            unit.Code, unit.Level, unit.Kind, date, version is not null, version?.NameVi, version?.NameEn, version?.UnitType,
            Code(units, version?.ParentId));
    }

    private static UnitDetail Detail(Unit unit, UnitRegistry units, DateOnly date)
    {
        var version = unit.On(date);
        return new UnitDetail(
            unit.Code, unit.Level, unit.Kind, date, version is not null, version?.NameVi, version?.NameEn, version?.UnitType,
            Code(units, version?.ParentId),
            [.. unit.Versions.Select(each => new UnitVersionAnswer(
                each.NameVi, each.NameEn, each.UnitType, Code(units, each.ParentId), each.Interval.From, each.Interval.To))],
            [.. unit.OutsideCodes.Select(each => new OutsideCodeAnswer(each.Scheme, each.Value, each.Interval.From, each.Interval.To))],
            [.. units.Successions.Where(each => each.SuccessorId == unit.Id)
                .Select(each => new SuccessionAnswer(units[each.PredecessorId].Code, each.EffectiveOn, each.Change))],
            [.. units.Successions.Where(each => each.PredecessorId == unit.Id)
                .Select(each => new SuccessionAnswer(units[each.SuccessorId].Code, each.EffectiveOn, each.Change))]);
    }

    private static string? Code(UnitRegistry units, int? id) => id is { } known ? units[known].Code : null;
}
