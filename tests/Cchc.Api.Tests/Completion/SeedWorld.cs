using System.Globalization;
using Cchc.Api.Tests.Contract;
using Cchc.Domain.Tests;

namespace Cchc.Api.Tests.Completion;

/// <summary>Plan 398 and its units as the naive computation wants them, read from the seed files by their text alone.</summary>
internal sealed class SeedWorld
{
    public SeedWorld()
    {
        var versions = Read("unit_versions").ToLookup(row => row["unit"]);
        var codes = Read("units").Select((row, index) => (row, index)).ToDictionary(each => each.row["code"], each => each.index + 1);
        Units = [.. Read("units").Select(row => new OracleUnit(
            codes[row["code"]], row["code"], row["level"], row["kind"],
            versions[row["code"]].First()["parent"] is { Length: > 0 } parent ? codes[parent] : null,
            versions[row["code"]].Any(each => each["valid_from"].Length == 0) ? null : versions[row["code"]].Min(each => Day(each["valid_from"])),
            versions[row["code"]].Any(each => each["valid_to"].Length == 0) ? null : versions[row["code"]].Max(each => Day(each["valid_to"]))))];
        Periods = [.. Read("periods").Select((row, index) => new OraclePeriod(
            index + 1, row["code"][5..] switch { "H1" => "half", "FY" => "year", _ => "quarter" }, Day(row["data_from"]), Day(row["data_to"]),
            Day(row["due_on"]), row["cumulative"] == "true", row["is_final"] == "true")).OrderBy(period => period.To)];
        PeriodCodes = Read("periods").Select((row, index) => (row, index)).ToDictionary(each => each.index + 1, each => each.row["code"]);
        var lines = Read("target_lines").Select((row, index) => (row, index)).ToLookup(each => each.row["target"]);
        TargetCodes = Read("targets").Select((row, index) => (row, index)).ToDictionary(each => each.index + 1, each => each.row["code"]);
        TakesExclusion = Read("targets").Select((row, index) => (row, index)).Where(each => each.row["exclusion_vi"].Length > 0)
            .Select(each => each.index + 1).ToHashSet();
        Targets = [.. Read("targets").Select((row, index) => new OracleTarget(
            index + 1, row["kind"], row["measure"] == "flow", row["trajectory"] == "progressive", row["reporting"] == "owner",
            row["reporter_kinds"].Split('|'), codes[row["owner"]], row["frequency"], 100,
            [.. lines[row["code"]].Select(each => new OracleLine(
                each.index + 1, each.row["level"],
                each.row["threshold"].Length == 0 ? 0 : (int)(decimal.Parse(each.row["threshold"], CultureInfo.InvariantCulture) * 100)))]))];
    }

    public IReadOnlyList<OracleUnit> Units { get; }
    public IReadOnlyList<OraclePeriod> Periods { get; }
    public IReadOnlyList<OracleTarget> Targets { get; }
    public IReadOnlyDictionary<int, string> PeriodCodes { get; }
    public IReadOnlyDictionary<int, string> TargetCodes { get; }
    public IReadOnlySet<int> TakesExclusion { get; }

    /// <summary>The lines that a unit owes in a period, as the page on the domain says.</summary>
    public IEnumerable<(OracleTarget Target, OracleLine Line)> Owed(OracleUnit unit, OraclePeriod period) =>
        from target in Targets
        where target.Frequency == "quarterly" || period.Kind == "year" || (target.Frequency == "halfYearly" && period.Kind == "half")
        from line in target.Lines
        where target.ByOwner ? target.Owner == unit.Id
            : target.Kinds.Contains(unit.Kind) && (line.Level == "whole" || line.Level == unit.Level) && unit.Code != "TTH"
              && !(unit.ActiveFrom > period.To) && !(unit.ActiveTo < period.To)
        select (target, line);

    private static int Day(string date) => DateOnly.ParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber;

    private static List<Dictionary<string, string>> Read(string name)
    {
        using var csv = new CsvHelper.CsvReader(
            new StreamReader(Path.Combine(ContractTests.Root(), "db", "seed", name + ".csv")), CultureInfo.InvariantCulture);
        return [.. csv.GetRecords<dynamic>().Select(row => ((IDictionary<string, object>)row).ToDictionary(cell => cell.Key, cell => (string)cell.Value))];
    }
}
