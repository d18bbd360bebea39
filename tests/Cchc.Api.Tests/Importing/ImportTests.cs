using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Cchc.Api.Importing;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cchc.Api.Tests.Importing;

public sealed class ImportTests
{
    private const string Heading = "unit,period,target,level,numerator,total,excluded,done,position,state,not_applicable,note\n";
    private const string Good = Heading + "STP,2022-H1,II.3.a,,120,200,0,,,,,\nSNV,2022-H1,II.3.a,,90,120,,,,,,ghi chú\n";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_dry_run_tells_what_the_real_run_does(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        var dry = await client.ImportAsync(Good, "?dryRun=true");
        var told = await dry.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, dry.StatusCode);
        Assert.Equal("", await ValueAsync(client, "STP"));
        var effect = told["result"]!["effect"]!.AsArray().Single()!;
        Assert.Equal("II.3.a", (string?)effect["target"]);
        Assert.Null(effect["before"]!["rate"]);
        Assert.Equal(65.63m, (decimal)effect["after"]!["rate"]!);

        var version = (long)told["result"]!["dataVersion"]!;
        var real = await client.ImportAsync(Good, $"?expectedVersion={version}");
        var done = await real.JsonAsync();
        Assert.Equal(told["result"]!["rows"]!.ToJsonString(), done["result"]!["rows"]!.ToJsonString());
        Assert.Equal(told["result"]!["reports"]!.ToJsonString(), done["result"]!["reports"]!.ToJsonString());
        Assert.Equal("120/200", await ValueAsync(client, "STP"));
        Assert.Equal("90/120", await ValueAsync(client, "SNV"));

        var moved = await client.ImportAsync(Good, $"?expectedVersion={version}");
        Assert.Equal(HttpStatusCode.Conflict, moved.StatusCode);
        Assert.Equal("import.moved", (string?)(await moved.JsonAsync())["code"]);

        var again = (await (await client.ImportAsync(Good)).JsonAsync())["result"]!;
        Assert.Equal("""{"total":2,"created":0,"updated":0,"unchanged":2,"rejected":0,"notGiven":0}""", again["rows"]!.ToJsonString());
        Assert.Equal((long)done["result"]!["dataVersion"]!, (long)again["dataVersion"]!);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task One_bad_row_keeps_all_out_unless_partial_and_the_bad_ones_come_back(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        const string bad = Good + "STP,2022-H1,II.2.a,,-5,10,0,,,,,=cmd|' /C calc'!A0\n";
        var atomic = await client.ImportAsync(bad);
        var problem = await atomic.JsonAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, atomic.StatusCode);
        Assert.Equal("import.rejected", (string?)problem["code"]);
        Assert.Equal("rejected", (string?)problem["import"]!["status"]);
        Assert.Equal("", await ValueAsync(client, "SNV"));

        var partial = await client.ImportAsync(bad, "?mode=partial&submit=true");
        var done = await partial.JsonAsync();
        Assert.Equal(HttpStatusCode.OK, partial.StatusCode);
        Assert.Equal("""{"created":2,"updated":0,"submitted":1,"leftDraft":1}""", done["result"]!["reports"]!.ToJsonString());
        Assert.Equal("draft", await StatusAsync(client, "STP"));
        Assert.Equal("submitted", await StatusAsync(client, "SNV"));

        var id = (string)done["id"]!;
        var file = await client.GetStringAsync(new Uri($"/v1/report-imports/{id}/rejected", UriKind.Relative));
        Assert.Contains(",reason", file, StringComparison.Ordinal);
        Assert.Contains(",'=cmd", file, StringComparison.Ordinal);
        Assert.Contains(",'-5,", file, StringComparison.Ordinal);
        var corrected = (await (await client.ImportAsync(file.Replace("'-5", "5", StringComparison.Ordinal))).JsonAsync())["result"]!;
        Assert.Equal(1, (int)corrected["rows"]!["created"]!);
        var values = (await client.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP"))["values"]!.AsArray();
        Assert.Contains(values, value => (string?)value!["note"] == "=cmd|' /C calc'!A0");

        var rows = (await client.GetJsonAsync($"/v1/report-imports/{id}/rows?limit=2"))!;
        Assert.Equal("[2,3]", new JsonArray([.. rows["items"]!.AsArray().Select(row => row!["row"]!.DeepClone())]).ToJsonString());
        var rest = await client.GetJsonAsync($"/v1/report-imports/{id}/rows?outcome=rejected&limit=2");
        var remark = rest["items"]!.AsArray().Single()!["remarks"]!.AsArray().Single()!;
        Assert.Equal(("numerator", "value.outOfRange", "-5"), ((string?)remark["column"], (string?)remark["code"], (string?)remark["value"]));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_state_of_a_report_is_respected(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);

        // Before anything is written: no write has an earlier instant than the one before it.
        var now = api.Time.GetUtcNow();
        api.Time.Set(new DateTimeOffset(2021, 12, 2, 0, 0, 0, TimeSpan.Zero));
        var early = await (await client.ImportAsync(Good.Replace("2022-H1", "2022-Q3", StringComparison.Ordinal))).JsonAsync();
        Assert.Equal("period.notBegun period.notBegun", string.Join(" ", early["import"]!["remarks"]!.AsArray().Select(remark => (string?)remark!["code"])));
        api.Time.Set(now);

        var put = await client.PutReportAsync("STP", """{"narrative":"Lời","values":[{"target":"II.3.a","numerator":1,"total":2},{"target":"II.2.a","numerator":3,"total":4}]}""");
        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        await client.ActAsync("STP", "submit");
        var refused = await (await client.ImportAsync(Good)).JsonAsync();
        Assert.Equal("report.state", (string?)refused["import"]!["remarks"]!.AsArray().Single()!["code"]);

        await client.ActAsync("STP", "return", """{"reason":"Sai"}""");
        var accepted = await (await client.ImportAsync(Good, "?submit=true")).JsonAsync();
        Assert.Equal("completed", (string?)accepted["status"]);
        var report = await client.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP");
        Assert.Equal((2, "submitted", "Lời"), ((int)report["revision"]!, (string?)report["status"], (string?)report["narrative"]));
        Assert.Equal(
            ["II.2.a 3", "II.3.a 120"], report["values"]!.AsArray().Select(value => $"{value!["target"]} {value["numerator"]}").Order(StringComparer.Ordinal));
        Assert.Equal(
            ["draft", "submitted", "returned", "submitted"], report["history"]!.AsArray().Select(change => (string)change!["to"]!));
        var first = await client.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/STP/revisions/1");
        Assert.Contains(first["content"]!["values"]!.AsArray(), value => (string?)value!["target"] == "II.3.a" && (int)value["numerator"]! == 1);
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_repeated_request_gets_the_first_answer(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        var first = await (await client.ImportAsync(Good, key: "a1")).Content.ReadAsStringAsync();
        var second = await (await client.ImportAsync(Good, key: "a1")).Content.ReadAsStringAsync();
        Assert.Equal(first, second);
        Assert.Equal("idempotency.reused", (string?)(await (await client.ImportAsync(Good + "\n", key: "a1")).JsonAsync())["code"]);
        Assert.Single((await client.GetJsonAsync($"{HttpExtensions.Plan}/report-imports"))["items"]!.AsArray());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_runs_in_the_background_survives_its_node(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        var importer = api.Services.GetRequiredService<Importer>();
        await api.Services.GetServices<IHostedService>().OfType<ImportWorker>().Single().StopAsync(default);
        var accepted = await client.ImportAsync(Good, prefer: "respond-async");
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("respond-async", accepted.Headers.GetValues("Preference-Applied").Single());
        var place = accepted.Headers.Location!;
        Assert.Equal("queued", (string?)(await client.GetJsonAsync(place.ToString()))["status"]);

        // A node that claimed it and went away.
        var id = (string)(await accepted.JsonAsync())["id"]!;
        var now = api.Time.GetUtcNow();
        await api.Services.GetRequiredService<Api.Data.Database>().WriteAsync(
            async session => (await ImportQueries.ClaimAsync(session, id, "gone", now, now.AddSeconds(15)), true), default);
        Assert.False(await importer.RunNextAsync(default));
        api.Time.Advance(TimeSpan.FromSeconds(16));
        Assert.True(await importer.RunNextAsync(default));
        var done = await client.GetJsonAsync(place.ToString());
        Assert.Equal(("completed", 100), ((string?)done["status"], (int)done["progress"]!["percent"]!));
        Assert.Equal("120/200", await ValueAsync(client, "STP"));
        Assert.Equal(HttpStatusCode.Conflict, (await client.DeleteAsync(place)).StatusCode);

        var stopped = (await client.ImportAsync(Good, prefer: "respond-async")).Headers.Location!;
        Assert.Equal("cancelled", (string?)(await (await client.DeleteAsync(stopped)).JsonAsync())["status"]);
        Assert.False(await importer.RunNextAsync(default));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Nobody_writes_or_sees_what_is_not_theirs(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var own = await api.KeyAsync(Role.Reporter, "SNV");
        using var reviewer = await api.KeyAsync(Role.Reviewer, "SNV");
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.Anonymous.ImportAsync(Good)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reviewer.ImportAsync(Good)).StatusCode);
        var mixed = await (await own.ImportAsync(Good, "?mode=partial")).JsonAsync();
        Assert.Equal(("auth.forbidden", 2), ((string?)mixed["remarks"]![0]!["code"], (int)mixed["remarks"]![0]!["row"]!));
        Assert.Equal(1, (int)mixed["result"]!["rows"]!["created"]!);
        var path = $"/v1/report-imports/{mixed["id"]}";
        Assert.Equal(HttpStatusCode.Forbidden, (await reviewer.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.Anonymous.GetAsync(new Uri(path + "/rows", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await own.GetAsync(new Uri("/v1/report-imports/nothing", UriKind.Relative))).StatusCode);
        Assert.Empty((await reviewer.GetJsonAsync($"{HttpExtensions.Plan}/report-imports"))["items"]!.AsArray());
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_template_holds_what_is_due_and_comes_back_as_it_is_filled(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var client = await api.KeyAsync(Role.Administrator);
        await client.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 10, 20), "2022-Q1");
        foreach (var format in new[] { "csv", "xlsx" })
        {
            var response = await client.GetAsync(new Uri($"{HttpExtensions.Plan}/report-template?period=2022-H1&unit=STP&format={format}", UriKind.Relative));
            var bytes = await response.Content.ReadAsByteArrayAsync();
            var type = response.Content.Headers.ContentType!.MediaType!;
            var untouched = (await (await client.ImportAsync(bytes, type)).JsonAsync())["result"]!["rows"]!;
            Assert.Equal((int)untouched["total"]!, (int)untouched["notGiven"]!);
            var due = (await client.GetJsonAsync($"{HttpExtensions.Plan}/completion/units/STP?period=2022-H1"))["targets"]!.AsArray().Sum(target => target!["lines"]!.AsArray().Count);
            Assert.InRange((int)untouched["total"]!, 1, due);

            var filled = format == "csv"
                ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("province,,,,,,,,,2022-Q1,10,20", "province,11,20,,,,,,,2022-Q1,10,20", StringComparison.Ordinal))
                : Xlsx.Fill(bytes, "II.3.a", ("numerator", "11"), ("total", "20"));
            var done = await (await client.ImportAsync(filled, type, "?dryRun=true")).JsonAsync();
            Assert.Equal(1, (int)done["result"]!["rows"]!["created"]!);
            Assert.Equal(0, (int)done["result"]!["rows"]!["rejected"]!);
        }

        using var district = await api.KeyAsync(Role.Reporter, "D474");
        var communes = await district.GetStringAsync(new Uri($"{HttpExtensions.Plan}/report-template?period=2022-H1&under=D474", UriKind.Relative));
        Assert.Equal(0, (int)(await (await district.ImportAsync(communes)).JsonAsync())["result"]!["rows"]!["rejected"]!);
        Assert.Equal(HttpStatusCode.Forbidden, (await district.GetAsync(new Uri($"{HttpExtensions.Plan}/report-template?period=2022-H1&unit=STP", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync(new Uri($"{HttpExtensions.Plan}/report-template?period=2022-H1", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task An_encoded_body_and_a_form_are_taken(string encoding)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var client = await api.KeyAsync(Role.Administrator);
        using var packed = new MemoryStream();
        await using (Stream pack = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest, true) : new BrotliStream(packed, CompressionLevel.Fastest, true))
        {
            await pack.WriteAsync(Encoding.UTF8.GetBytes(Good));
        }

        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        content.Headers.ContentEncoding.Add(encoding);
        var sent = await (await client.PostAsync(new Uri($"{HttpExtensions.Plan}/report-imports", UriKind.Relative), content)).JsonAsync();
        Assert.Equal(2, (int)sent["result"]!["rows"]!["created"]!);

        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(Good)), "file", "../báo cáo.csv" } };
        var posted = await (await client.PostAsync(new Uri($"{HttpExtensions.Plan}/report-imports", UriKind.Relative), form)).JsonAsync();
        Assert.Equal(("báo cáo.csv", 2), ((string?)posted["fileName"], (int)posted["result"]!["rows"]!["unchanged"]!));
        Assert.Equal((string?)sent["sha256"], (string?)posted["sha256"]);
    }

    private static async Task<string> ValueAsync(HttpClient client, string unit)
    {
        var response = await client.GetAsync(new Uri($"{HttpExtensions.Plan}/reports/2022-H1/{unit}", UriKind.Relative));
        return response.StatusCode == HttpStatusCode.NotFound ? ""
            : string.Join(" ", (await response.JsonAsync())["values"]!.AsArray().Select(value => $"{value!["numerator"]}/{value["total"]}"));
    }

    private static async Task<string?> StatusAsync(HttpClient client, string unit) =>
        (string?)(await client.GetJsonAsync($"{HttpExtensions.Plan}/reports/2022-H1/{unit}"))["status"];
}

internal static class ImportExtensions
{
    public static Task<HttpResponseMessage> ImportAsync(this HttpClient client, string csv, string query = "", string? key = null, string? prefer = null) =>
        client.ImportAsync(Encoding.UTF8.GetBytes(csv), "text/csv", query, key, prefer);

    public static async Task<HttpResponseMessage> ImportAsync(
        this HttpClient client, byte[] file, string type, string query = "", string? key = null, string? prefer = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HttpExtensions.Plan}/report-imports{query}");
        request.Content = new ByteArrayContent(file);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        return await client.SendAsync(request);
    }
}
