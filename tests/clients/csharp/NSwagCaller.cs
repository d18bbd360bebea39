using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;

namespace Cchc.Client;

/// <summary>Uses the client that NSwag makes of the contract, and says what it got: compiled together with it by GeneratedClientTests.</summary>
public static class Caller
{
    private const string Plan = "cchc-2022";
    private const string Period = "2022-H1";

    public static async Task<IReadOnlyList<string>> CallAsync(HttpClient anybody, HttpClient withKey)
    {
        var (open, keyed) = (new CchcClient(anybody), new CchcClient(withKey));
        var said = new List<string>();

        var draft = await keyed.PutReportAsync(Plan, Period, "SNV", null, new ReportBody
        {
            Values = [new ReportValue { Target = "II.3.a", Level = LineLevel.Province, Numerator = 120, Total = 200 }],
        });
        var submitted = await keyed.SubmitReportAsync(Plan, Period, "SNV", null, null, null);
        var approved = await keyed.ApproveReportAsync(Plan, Period, "SNV", null, Guid.NewGuid().ToString(), new ReasonBody { Reason = "Khớp biên bản" });
        said.Add(FormattableString.Invariant($"report {draft.Status} {submitted.Status} {approved.Status}, due {approved.DueOn:yyyy-MM-dd}"));

        var completion = await open.GetCompletionAsync(Plan, null, Lens.Published, null, null);
        var target = completion.Targets.Single(each => each.Target == "II.3.a");
        var line = target.Lines.Single(each => each.Level == LineLevel.Province);
        said.Add(FormattableString.Invariant($"completion {completion.Period} {completion.Completion}, target {target.Completion} {target.Status}"));
        said.Add(FormattableString.Invariant($"line {line.Numerator} of {line.Total}, {line.Rate} {line.Operator} {line.Threshold}, met {line.Met}"));

        var before = await open.GetCompletionAsync(Plan, Period, null, null, approved.UpdatedAt.AddMinutes(-1));
        said.Add($"a minute before {before.Coverage.Received}");

        try
        {
            await keyed.PutReportAsync(Plan, Period, "STP", null, new ReportBody { Values = [new ReportValue { Target = "II.3.a", Numerator = 5, Total = 3 }] });
        }
        catch (ApiException<Problem> refusal)
        {
            said.Add($"refused {refusal.StatusCode} {refusal.Result.Code} {refusal.Result.Errors!.Single().Pointer}");
        }

        var (units, pages, cursor) = (new HashSet<string>(), 0, (string?)null);
        do
        {
            var page = await open.ListUnitsAsync(new DateTimeOffset(2022, 6, 14, 0, 0, 0, TimeSpan.Zero), UnitLevel.Commune, null, null, null, null, 50, cursor);
            units.UnionWith(page.Items.Select(unit => unit.Code));
            (pages, cursor) = (pages + 1, page.NextCursor);
        }
        while (cursor is not null);
        said.Add($"communes {units.Count} in {pages} pages");

        var import = await keyed.ImportReportsAsync(
            Plan, true, ImportMode.Partial, null, null, null, null, null,
            [new ImportRowBody { Unit = "STP", Period = Period, Target = "II.3.a", Numerator = 30, Total = 100 }], null!);
        said.Add($"import {import.Status}, created {import.Result!.Rows.Created}");

        using var template = await keyed.GetReportTemplateAsync(Plan, Period, "STP", null, TemplateFormat.Csv);
        using var reader = new StreamReader(template.Stream);
        said.Add($"template {(await reader.ReadLineAsync())!.Split(',')[0]}");
        return said;
    }
}
