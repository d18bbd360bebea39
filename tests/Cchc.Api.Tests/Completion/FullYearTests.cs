using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Cchc.Domain.Tests;

namespace Cchc.Api.Tests.Completion;

/// <summary>
/// The year of plan 398 from Q1 to FY with every unit, over HTTP under a clock the test sets: submitted early and late, returned, reopened and
/// corrected. In the end the figures and the compliance are those of the naive computation.
/// </summary>
public sealed class FullYearTests
{
    private readonly SeedWorld _seed = new();
    private readonly Random _random = new(20221214);
    private readonly Dictionary<(int Period, int Unit, int Line), OracleValue> _published = [];
    private readonly Dictionary<(int Period, int Unit, int Line), OracleValue> _provisional = [];
    private readonly Dictionary<(int Period, int Unit), long> _firstSubmitted = [];
    private readonly Dictionary<string, HttpClient> _reporters = [];

    [Fact]
    public async Task A_whole_year_ends_with_the_figures_of_the_naive_computation()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var office = await api.KeyAsync(Role.Reviewer, "SNV");
        using var administrator = await api.KeyAsync(Role.Administrator);
        foreach (var period in _seed.Periods)
        {
            await ReportAsync(api, period, office, administrator);
            await CompareAsync(api.Anonymous, period, "published", _published);
            await CompareAsync(administrator, period, "provisional", _provisional);
        }

        // Earlier periods are as they were, and the default is the last.
        await CompareAsync(api.Anonymous, _seed.Periods[0], "published", _published);
        Assert.Equal("2022-FY", (string?)(await api.Anonymous.GetJsonAsync(HttpExtensions.Plan + "/completion"))["period"]);
        Assert.True(_firstSubmitted.Count > 600);
        foreach (var client in _reporters.Values)
        {
            client.Dispose();
        }
    }

    private async Task ReportAsync(ApiHost api, OraclePeriod period, HttpClient office, HttpClient administrator)
    {
        var dueBy = new DateTimeOffset(DateOnly.FromDayNumber(period.Due + 1).ToDateTime(TimeOnly.MinValue), TimeSpan.FromHours(7));
        var owing = _seed.Units.Where(unit => _seed.Owed(unit, period).Any()).ToList();
        var sending = owing.Where(_ => _random.Next(10) > 0)
            .Select(unit => (Unit: unit, At: dueBy.AddMilliseconds(_random.NextInt64(-3 * 86_400_000L, 2 * 86_400_000L)), Again: _random.Next(7) == 0)).ToList();
        sending[0] = sending[0] with { At = dueBy.AddMilliseconds(-1) };
        sending[1] = sending[1] with { At = dueBy };
        foreach (var (unit, at, again) in sending.OrderBy(each => each.At))
        {
            api.Time.Set(at);
            await SubmitAsync(api, period, unit);
            _firstSubmitted[(period.Id, unit.Id)] = at.UtcTicks;
            if (again)
            {
                await ActAsync(administrator, period, unit, "return", """{"reason":"Đối chiếu lại số liệu"}""");
                Forget(_provisional, period, unit);
                await SubmitAsync(api, period, unit);
            }
        }

        api.Time.Set(dueBy.AddDays(4));
        var approved = await (await office.SendJsonAsync(
            HttpMethod.Post, HttpExtensions.Plan + "/report-approvals", $$"""{"period":"{{_seed.PeriodCodes[period.Id]}}","under":"TTH"}""")).JsonAsync();
        Assert.Equal(sending.Count(each => each.Unit.Code != "SNV"), (int)approved["approved"]!);
        if (sending.Exists(each => each.Unit.Code == "SNV"))
        {
            await ActAsync(administrator, period, _seed.Units.First(unit => unit.Code == "SNV"), "approve", null);
        }

        foreach (var (key, value) in _provisional.Where(each => each.Key.Period == period.Id))
        {
            _published[key] = value;
        }

        // Corrections: what was published stays so until the next approval.
        foreach (var (unit, _, _) in sending.Where(_ => _random.Next(10) == 0).ToList())
        {
            api.Time.Advance(TimeSpan.FromHours(1));
            await ActAsync(administrator, period, unit, "reopen", """{"reason":"Đính chính"}""");
            Forget(_provisional, period, unit);
            await SubmitAsync(api, period, unit);
            if (_random.Next(2) == 0)
            {
                await ActAsync(administrator, period, unit, "approve", null);
                Forget(_published, period, unit);
                foreach (var (key, value) in _provisional.Where(each => (each.Key.Period, each.Key.Unit) == (period.Id, unit.Id)))
                {
                    _published[key] = value;
                }
            }
        }
    }

    private async Task SubmitAsync(ApiHost api, OraclePeriod period, OracleUnit unit)
    {
        if (!_reporters.TryGetValue(unit.Code, out var reporter))
        {
            _reporters[unit.Code] = reporter = await api.KeyAsync(Role.Reporter, unit.Code);
        }

        var values = new List<string>();
        foreach (var (target, line) in _seed.Owed(unit, period))
        {
            if (values.Count > 0 && _random.Next(6) == 0)
            {
                continue;
            }

            var (value, text) = Invent(target);
            _provisional[(period.Id, unit.Id, line.Id)] = value;
            var level = target.ByOwner && target.Lines.Count > 1 ? $"\"level\":\"{line.Level}\"," : "";
            values.Add($$"""{"target":"{{_seed.TargetCodes[target.Id]}}",{{level}}{{text}}}""");
        }

        var put = await reporter.PutReportAsync(unit.Code, $$"""{"values":[{{string.Join(',', values)}}]}""", _seed.PeriodCodes[period.Id], "*");
        if (put.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            put = await reporter.PutReportAsync(unit.Code, $$"""{"values":[{{string.Join(',', values)}}]}""", _seed.PeriodCodes[period.Id]);
        }

        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await ActAsync(reporter, period, unit, "submit", null);
    }

    private (OracleValue Value, string Text) Invent(OracleTarget target)
    {
        if (_random.Next(15) == 0)
        {
            return (new OracleValue(true, 0, 0, 0), "\"notApplicable\":\"Không phát sinh\"");
        }

        switch (target.Kind)
        {
            case "ratio":
                var total = _random.Next(5) == 0 ? _random.NextInt64(0, 100_000_000_000) : _random.Next(0, 900);
                var excluded = _seed.TakesExclusion.Contains(target.Id) && _random.Next(3) > 0 ? _random.NextInt64(0, total + 1) : 0;
                var numerator = _random.NextInt64(0, total - excluded + 1);
                return (new OracleValue(false, numerator, total, excluded),
                    $"\"numerator\":{numerator},\"total\":{total}" + (excluded > 0 ? $",\"excluded\":{excluded}" : ""));
            case "unitShare":
                var done = _random.Next(4) > 0;
                return (new OracleValue(false, done ? 1 : 0, 0, 0), $"\"done\":{(done ? "true" : "false")}");
            case "milestone":
                var state = new[] { "notStarted", "inProgress", "done" }[_random.Next(3)];
                return (new OracleValue(false, state == "done" ? 1 : 0, 0, 0), $"\"state\":\"{state}\"");
            default:
                var position = _random.Next(1, 30);
                return (new OracleValue(false, position, 0, 0), $"\"position\":{position}");
        }
    }

    private async Task CompareAsync(
        HttpClient client, OraclePeriod period, string lens, IReadOnlyDictionary<(int Period, int Unit, int Line), OracleValue> values)
    {
        var world = new OracleWorld(_seed.Periods, _seed.Targets, _seed.Units, values, _firstSubmitted);
        var question = $"period={_seed.PeriodCodes[period.Id]}&lens={lens}";
        foreach (var basis in new[] { "yearToDate", "period" })
        {
            var oracle = new NaiveOracle(world, period, basis == "yearToDate");
            Same("plan", oracle.Plan(), await client.GetJsonAsync($"{HttpExtensions.Plan}/completion?{question}&basis={basis}"));
            if (basis == "period")
            {
                continue;
            }

            foreach (var unit in _seed.Units.Where(unit => !(unit.ActiveFrom > period.To) && !(unit.ActiveTo < period.To) && unit.Code != "TTH"))
            {
                Same(unit.Code, oracle.Unit(unit.Id)!, await client.GetJsonAsync($"{HttpExtensions.Plan}/completion/units/{unit.Code}?{question}"));
            }

            var ranked = (await client.GetJsonAsync($"{HttpExtensions.Plan}/completion/units?{question}&limit=1000"))["items"]!.AsArray();
            foreach (var kind in _seed.Units.Select(unit => (unit.Level, unit.Kind)).Distinct())
            {
                var expected = oracle.Ranking(kind.Level, kind.Kind).Select(each => $"{each.Rank} {_seed.Units.First(unit => unit.Id == each.Unit).Code}");
                Assert.Equal(expected, ranked
                    .Where(each => (string)each!["level"]! == kind.Level && (string)each["kind"]! == kind.Kind && each["rank"] is not null)
                    .Select(each => $"{each!["rank"]} {each["unit"]}"));
            }
        }

        await CompareComplianceAsync(client, period, question, values);
    }

    private async Task CompareComplianceAsync(
        HttpClient client, OraclePeriod period, string question, IReadOnlyDictionary<(int Period, int Unit, int Line), OracleValue> values)
    {
        var compliance = await client.GetJsonAsync($"{HttpExtensions.Plan}/compliance?{question}&limit=1000");
        var states = new Dictionary<string, string>();
        foreach (var unit in _seed.Units)
        {
            var owed = _seed.Owed(unit, period).ToList();
            if (owed.Count > 0)
            {
                var isReceived = owed.Exists(each => values.ContainsKey((period.Id, unit.Id, each.Line.Id)));
                var late = (((long)period.Due + 1) * TimeSpan.TicksPerDay) - (7 * TimeSpan.TicksPerHour);
                states[unit.Code] = !isReceived ? "missing" : _firstSubmitted[(period.Id, unit.Id)] < late ? "onTime" : "late";
            }
        }

        Assert.Equal(states.OrderBy(each => each.Key), compliance["items"]!.AsArray()
            .Select(each => KeyValuePair.Create((string)each!["unit"]!, (string)each["state"]!)).OrderBy(each => each.Key));
        foreach (var (name, count) in states.Values.CountBy(state => state))
        {
            Assert.Equal(count, (int)compliance["total"]![name]!);
        }
    }

    private static void Same(string what, OracleResult expected, JsonNode actual)
    {
        Assert.Equal(
            $"{what} {Text(expected.Completion?.Percent())} {expected.TargetsMet} {expected.TargetsCounted} {expected.Expected} {expected.Received} {expected.OnTime}",
            $"{what} {Text((decimal?)actual["completion"])} {actual["targetsMet"]} {actual["targetsCounted"]} {actual["coverage"]!["expected"]} "
            + $"{actual["coverage"]!["received"]} {actual["coverage"]!["onTime"]}");
        foreach (var (theirs, ours) in expected.Targets.Zip(actual["targets"]!.AsArray()))
        {
            Assert.Equal(
                $"{what} {theirs.Status} {Text(theirs.Completion?.Percent())} {theirs.Met}",
                $"{what} {ours!["status"]} {Text((decimal?)ours["completion"])} {(bool?)ours["met"]}");
            foreach (var (line, figures) in theirs.Lines.Values.Zip(ours["lines"]!.AsArray()))
            {
                Assert.Equal(
                    $"{what} {line.Status} {Text(line.Rate?.Percent())} {Text(line.Completion?.Percent())} {line.Met} {line.Expected} {line.Received} {line.NotApplicable}",
                    $"{what} {figures!["status"]} {Text((decimal?)figures["rate"])} {Text((decimal?)figures["completion"])} {(bool?)figures["met"]} "
                    + $"{figures["coverage"]!["expected"]} {figures["coverage"]!["received"]} {figures["coverage"]!["notApplicable"]}");
            }
        }
    }

    private async Task ActAsync(HttpClient client, OraclePeriod period, OracleUnit unit, string action, string? body)
    {
        var response = await client.ActAsync(unit.Code, action, body, _seed.PeriodCodes[period.Id]);
        Assert.True(response.IsSuccessStatusCode, $"{action} {unit.Code}: {await response.Content.ReadAsStringAsync()}");
    }

    private static void Forget(Dictionary<(int Period, int Unit, int Line), OracleValue> values, OraclePeriod period, OracleUnit unit)
    {
        foreach (var key in values.Keys.Where(key => (key.Period, key.Unit) == (period.Id, unit.Id)).ToList())
        {
            values.Remove(key);
        }
    }

    private static string Text(decimal? percent) => percent?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-";
}
