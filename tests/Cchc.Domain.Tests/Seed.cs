using System.Globalization;
using System.Text;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Domain.Tests;

/// <summary>Plan 398 and its units from the repository's seed files, as far as figures need them.</summary>
internal static class Seed
{
    public static UnitRegistry Units()
    {
        var units = Read("units.csv");
        var versions = Read("unit_versions.csv").ToLookup(row => row["unit"]);
        var ids = units.Select((row, index) => (Code: row["code"], Id: index + 1)).ToDictionary(each => each.Code, each => each.Id);
        return new UnitRegistry(
            [.. units.Select(row => new Unit
            {
                Id = ids[row["code"]],
                Code = row["code"],
                Level = Enum.Parse<UnitLevel>(row["level"], true),
                Kind = Enum.Parse<UnitKind>(row["kind"], true),
                Versions =
                [
                    .. versions[row["code"]].OrderBy(each => each["valid_from"], StringComparer.Ordinal).Select(version => new UnitVersion(
                        version["name_vi"],
                        version["name_en"],
                        version["parent"].Length == 0 ? null : ids[version["parent"]],
                        version["unit_type"],
                        new Interval(Day(version["valid_from"]), Day(version["valid_to"])))),
                ],
                OutsideCodes = [],
            })],
            []);
    }

    public static Plan Plan(UnitRegistry units)
    {
        var lineId = 0;
        var lines = Read("target_lines.csv").Select(row => (Target: row["target"], Id: ++lineId, Row: row)).ToLookup(each => each.Target);
        var targets = Read("targets.csv").Select((row, index) =>
        {
            var kind = Enum.Parse<TargetKind>(row["kind"], true);
            return Make.Target(index + 1, kind, [.. lines[row["code"]].Select(line => Make.Line(
                line.Id, Enum.Parse<LineLevel>(line.Row["level"], true), kind, Hundredths(line.Row["threshold"])))]) with
            {
                Code = row["code"],
                Group = row["group"],
                Measure = Enum.Parse<Measure>(row["measure"], true),
                Trajectory = Enum.Parse<Trajectory>(row["trajectory"], true),
                Reporting = Enum.Parse<Reporting>(row["reporting"], true),
                ReporterKinds =
                [
                    .. row["reporter_kinds"].Split('|', StringSplitOptions.RemoveEmptyEntries)
                        .Select(each => Enum.Parse<UnitKind>(each, true)),
                ],
                OwnerId = units.Find(row["owner"])!.Id,
                Frequency = Enum.Parse<Frequency>(row["frequency"], true),
                WeightHundredths = Hundredths(row["weight"]),
            };
        });
        var periods = Read("periods.csv").Select((row, index) => Make.Period(
            index + 1,
            Enum.Parse<PeriodKind>(row["kind"], true),
            Day(row["data_from"])!.Value,
            Day(row["data_to"])!.Value,
            row["cumulative"] == "true",
            row["is_final"] == "true") with
        { Code = row["code"], DueOn = Day(row["due_on"])!.Value });
        return Make.Plan([.. targets], [.. periods]);
    }

    private static int Hundredths(string text) =>
        text.Length == 0 ? 0 : (int)(decimal.Parse(text, CultureInfo.InvariantCulture) * 100);

    private static DateOnly? Day(string text) =>
        text.Length == 0 ? null : DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static List<Dictionary<string, string>> Read(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "db", "seed")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("db/seed");
        }

        var rows = Cells(File.ReadAllText(Path.Combine(folder.FullName, "db", "seed", file)));
        return [.. rows.Skip(1).Select(row => rows[0].Zip(row).ToDictionary(cell => cell.First, cell => cell.Second))];
    }

    private static List<List<string>> Cells(string text)
    {
        var rows = new List<List<string>> { new() };
        var cell = new StringBuilder();
        var quoted = false;
        foreach (var sign in text.Replace("\r", "", StringComparison.Ordinal))
        {
            if (sign == '"')
            {
                // A doubled quote closes and opens again, and so stands for one.
                if (!quoted && cell.Length > 0)
                {
                    cell.Append('"');
                }

                quoted = !quoted;
            }
            else if (!quoted && (sign is ',' or '\n'))
            {
                rows[^1].Add(cell.ToString());
                cell.Clear();
                if (sign == '\n')
                {
                    rows.Add([]);
                }
            }
            else
            {
                cell.Append(sign);
            }
        }

        rows.RemoveAll(row => row.Count == 0);
        return rows;
    }
}
