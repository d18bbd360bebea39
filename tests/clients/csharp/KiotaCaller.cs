using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Cchc.Client.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

namespace Cchc.Client;

/// <summary>Uses the client that Kiota makes of the contract, and says what it got: compiled together with it by GeneratedClientTests.</summary>
public static class Caller
{
    private const string Period = "2022-H1";

    public static async Task<IReadOnlyList<string>> CallAsync(HttpClient anybody, HttpClient withKey)
    {
        var (open, keyed) = (Client(anybody).V1.Plans["cchc-2022"], Client(withKey).V1.Plans["cchc-2022"]);
        var said = new List<string>();

        var report = keyed.Reports[Period]["SNV"];
        var draft = await report.PutAsync(new ReportBody
        {
            Values = [new ReportValue { Target = "II.3.a", Level = LineLevel.Province, Numerator = 120, Total = 200 }],
        });
        var submitted = await report.Submit.PostAsync(new ReasonBody());
        var approved = await report.Approve.PostAsync(
            new ReasonBody { Reason = "Khớp biên bản" }, request => request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString()));
        said.Add(FormattableString.Invariant($"report {draft!.Status} {submitted!.Status} {approved!.Status}, due {approved.DueOn}"));

        var completion = await open.Completion.GetAsync(request => request.QueryParameters.Lens = Lens.Published);
        var target = completion!.Targets!.Single(each => each.Target == "II.3.a");
        var line = target.Lines!.Single(each => each.Level == LineLevel.Province);
        said.Add(FormattableString.Invariant($"completion {completion.Period} {completion.Completion}, target {target.Completion} {target.Status}"));
        said.Add(FormattableString.Invariant($"line {line.Numerator} of {line.Total}, {line.Rate} {line.Operator} {line.Threshold}, met {line.Met}"));

        var before = await open.Completion.GetAsync(request =>
            (request.QueryParameters.Period, request.QueryParameters.AsOf) = (Period, approved.UpdatedAt!.Value.AddMinutes(-1)));
        said.Add($"a minute before {before!.Coverage!.Received}");

        try
        {
            await keyed.Reports[Period]["STP"].PutAsync(new ReportBody { Values = [new ReportValue { Target = "II.3.a", Numerator = 5, Total = 3 }] });
        }
        catch (Problem refusal)
        {
            said.Add($"refused {refusal.ResponseStatusCode} {refusal.Code} {refusal.Errors!.Single().Pointer}");
        }

        var (units, pages, cursor) = (new HashSet<string>(), 0, (string?)null);
        do
        {
            var page = await Client(anybody).V1.Units.GetAsync(request =>
            {
                var query = request.QueryParameters;
                (query.AsOf, query.Level, query.Limit, query.Cursor) = (new Date(2022, 6, 14), UnitLevel.Commune, 50, cursor);
            });
            units.UnionWith(page!.Items!.Select(unit => unit.Code!));
            (pages, cursor) = (pages + 1, page.NextCursor);
        }
        while (cursor is not null);
        said.Add($"communes {units.Count} in {pages} pages");

        var import = await keyed.ReportImports.PostAsync(
            [new ImportRowBody { Unit = "STP", Period = Period, Target = "II.3.a", Numerator = 30, Total = 100 }],
            request => (request.QueryParameters.DryRun, request.QueryParameters.Mode) = (true, ImportMode.Partial));
        said.Add($"import {import!.Status}, created {import.Result!.Rows!.Created}");

        using var reader = new StreamReader((await keyed.ReportTemplate.GetAsync(request =>
            (request.QueryParameters.Period, request.QueryParameters.Unit, request.QueryParameters.Format) = (Period, "STP", TemplateFormat.Csv)))!);
        said.Add($"template {(await reader.ReadLineAsync())!.Split(',')[0]}");
        return said;
    }

    private static CchcClient Client(HttpClient http) =>
        new(new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = http.BaseAddress!.ToString().TrimEnd('/') });
}
