using Cchc.Api.Data;
using Cchc.Domain.Units;

namespace Cchc.Api.Units;

/// <summary>Reads every unit with its versions, outside codes and successions.</summary>
internal static class UnitQueries
{
    private const string Units = "SELECT unit_id AS Id, code AS Code, level AS Level, kind AS Kind FROM units";

    private const string Versions = """
        SELECT unit_id AS UnitId, name_vi AS NameVi, name_en AS NameEn, parent_id AS ParentId, unit_type AS UnitType,
            valid_from AS ValidFrom, valid_to AS ValidTo
        FROM unit_versions ORDER BY unit_id, ordinal
        """;

    private const string OutsideCodes = """
        SELECT unit_id AS UnitId, scheme AS Scheme, value AS Value, valid_from AS ValidFrom, valid_to AS ValidTo
        FROM unit_codes ORDER BY unit_id, scheme, ordinal
        """;

    private const string Successions = """
        SELECT predecessor_id AS PredecessorId, successor_id AS SuccessorId, effective_on AS EffectiveOn, change AS Change
        FROM unit_successions ORDER BY effective_on, predecessor_id, successor_id
        """;

    public static async Task<UnitRegistry> LoadAsync(DbSession session)
    {
        var versions = (await session.QueryAsync<VersionRow>(Versions)).ToLookup(row => row.UnitId);
        var codes = (await session.QueryAsync<CodeRow>(OutsideCodes)).ToLookup(row => row.UnitId);
        var successions = await session.QueryAsync<SuccessionRow>(Successions);
        var units = (await session.QueryAsync<UnitRow>(Units)).Select(row => new Unit
        {
            Id = row.Id,
            Code = row.Code,
            Level = row.Level,
            Kind = row.Kind,
            Versions = [.. versions[row.Id].Select(version => new UnitVersion(
                version.NameVi, version.NameEn, version.ParentId, version.UnitType, new Interval(version.ValidFrom, version.ValidTo)))],
            OutsideCodes = [.. codes[row.Id].Select(code => new OutsideCode(code.Scheme, code.Value, new Interval(code.ValidFrom, code.ValidTo)))],
        });
        return new UnitRegistry(
            [.. units], [.. successions.Select(row => new Succession(row.PredecessorId, row.SuccessorId, row.EffectiveOn, row.Change))]);
    }

    private sealed record UnitRow
    {
        public int Id { get; init; }
        public string Code { get; init; } = "";
        public UnitLevel Level { get; init; }
        public UnitKind Kind { get; init; }
    }

    private sealed record VersionRow
    {
        public int UnitId { get; init; }
        public string NameVi { get; init; } = "";
        public string? NameEn { get; init; }
        public int? ParentId { get; init; }
        public string UnitType { get; init; } = "";
        public DateOnly? ValidFrom { get; init; }
        public DateOnly? ValidTo { get; init; }
    }

    private sealed record CodeRow
    {
        public int UnitId { get; init; }
        public string Scheme { get; init; } = "";
        public string Value { get; init; } = "";
        public DateOnly? ValidFrom { get; init; }
        public DateOnly? ValidTo { get; init; }
    }

    private sealed record SuccessionRow
    {
        public int PredecessorId { get; init; }
        public int SuccessorId { get; init; }
        public DateOnly EffectiveOn { get; init; }
        public UnitChange Change { get; init; }
    }
}
