using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;

namespace Cchc.Api.Tests.Pictures;

/// <summary>What pictures show and say: the figures of every other answer, and nothing better than they are.</summary>
public sealed class PictureTests
{
    private const string Pictures = $"{HttpExtensions.Plan}/pictures";
    private const string Completion = $"{HttpExtensions.Plan}/completion";
    private const string Good = "#146c2e";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_shows_the_figures_of_the_json(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        foreach (var language in new[] { "vi", "en" })
        {
            var name = language == "vi" ? "nameVi" : "nameEn";
            var groups = await api.Anonymous.SvgAsync($"{Pictures}/groups?lang={language}");
            foreach (var row in await ItemsAsync(api, "rows?groupBy=group"))
            {
                Assert.Contains(Received(row!, language), groups.Desc(), StringComparison.Ordinal);
                Holds(groups, $"{row!["group"]} {row[name]}", Figure(row["completion"], language));
            }

            var plan = await api.Anonymous.GetJsonAsync(Completion);
            Assert.Contains(Figure(plan["completion"], language), groups.Texts());
            Assert.Contains($"{plan["targetsMet"]}/{plan["targetsCounted"]}", groups.Desc(), StringComparison.Ordinal);
            Assert.Contains(Received(plan["coverage"]!, language), groups.Texts().First(text => text.Contains("181", StringComparison.Ordinal)), StringComparison.Ordinal);

            var districts = await api.Anonymous.SvgAsync($"{Pictures}/districts?lang={language}");
            var rows = await ItemsAsync(api, "rows?groupBy=district&sort=-completion,unit");
            foreach (var row in rows)
            {
                Holds(districts, (string)row![name]!, Figure(row["completion"], language));
                Assert.Contains(Received(row, language), districts.Desc(), StringComparison.Ordinal);
            }

            var texts = districts.Texts().ToList();
            Assert.Equal(rows.Select(row => (string)row![name]!), texts.Where(text => rows.Any(row => (string)row![name]! == text)));

            var series = await api.Anonymous.SvgAsync($"{Pictures}/series?period=all&lang={language}");
            foreach (var point in await ItemsAsync(api, "series?period=all"))
            {
                Assert.Contains(Figure(point!["completion"], language), series.Texts());
                Assert.Contains(Received(point, language), series.Desc(), StringComparison.Ordinal);
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_badge_has_the_target_line_by_line(Engine engine)
    {
        await using var api = await WorkedExample.StartAsync(engine);
        foreach (var code in new[] { "II.3.a", "ii.3.A" })
        {
            var badge = await api.Anonymous.SvgAsync($"{Pictures}/targets/{code}");
            Assert.StartsWith("II.3.a Số hóa kết quả", badge.Element(Svg + "title")!.Value, StringComparison.Ordinal);
            Assert.Contains("59,85%", badge.Texts());
            Assert.Contains("Cấp tỉnh: 50,00%; mục tiêu tối thiểu 50,00% · đã nhận 2/21 báo cáo. Đạt", badge.Desc(), StringComparison.Ordinal);
            Assert.Contains("Cấp huyện: 31,82%; mục tiêu tối thiểu 40,00% · đã nhận 2/9 báo cáo. Đúng tiến độ", badge.Desc(), StringComparison.Ordinal);
            Assert.Contains("Thiếu báo cáo", badge.Texts());
            Assert.Single(badge.Descendants(), element => (string?)element.Attribute("stroke") == Good);
        }

        var notDue = await api.Anonymous.SvgAsync($"{Pictures}/targets/II.11.a?lang=en");
        Assert.Contains("no figure; target at most rank 10. Not due", notDue.Desc(), StringComparison.Ordinal);
        Assert.DoesNotContain(notDue.Texts(), text => text.Contains("0.00", StringComparison.Ordinal));
        var counted = await api.Anonymous.SvgAsync($"{Pictures}/targets/II.6.c?lang=en");
        Assert.Contains("units done", counted.Desc(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_rounds_to_a_hundred_and_is_not_met_does_not_look_met()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("VPUB", """{"values":[{"target":"II.5.b","numerator":9999999,"total":10000000}]}""");
        var target = await api.Anonymous.GetJsonAsync(Completion + "/targets/II.5.b");
        Assert.Equal((100.00m, false), ((decimal)target["completion"]!, (bool)target["met"]!));
        foreach (var path in new[] { "targets/II.5.b", "groups" })
        {
            var picture = await api.Anonymous.SvgAsync($"{Pictures}/{path}");
            Assert.DoesNotContain(picture.Descendants(), element => (string?)element.Attribute("stroke") == Good);
        }

        var badge = await api.Anonymous.SvgAsync($"{Pictures}/targets/II.5.b");
        Assert.Contains("100,00%", badge.Texts());
        var bars = badge.Elements(Svg + "rect").Select(bar => ((string)bar.Attribute("fill")!, (double)bar.Attribute("width")!)).ToList();
        Assert.True(bars.Single(bar => bar.Item1 == "#0b5cad").Item2 <= bars.Single(bar => bar.Item1 == "#e8eaed").Item2 - 4);

        await administrator.PublishAsync("VPUB", """{"values":[{"target":"II.5.b","numerator":10,"total":10}]}""", "2022-Q1");
        var met = await api.Anonymous.SvgAsync($"{Pictures}/targets/II.5.b?period=2022-Q1");
        Assert.Contains(met.Descendants(), element => (string?)element.Attribute("stroke") == Good);
    }

    [Fact]
    public async Task Sample_and_provisional_figures_say_so()
    {
        await using var invented = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        await using var real = await WorkedExample.StartAsync(Engine.Sqlite);
        using var monitor = await real.KeyAsync(Role.Monitor);
        foreach (var picture in new[] { "groups", "districts", "series", "targets/II.3.a" })
        {
            Assert.Contains("DỮ LIỆU MẪU", (await invented.Anonymous.SvgAsync($"{Pictures}/{picture}")).Texts());
            Assert.Contains("SAMPLE DATA", (await invented.Anonymous.SvgAsync($"{Pictures}/{picture}?lang=en")).Texts());
            var published = await real.Anonymous.SvgAsync($"{Pictures}/{picture}");
            Assert.DoesNotContain(published.Texts(), text => text.Contains("MẪU", StringComparison.Ordinal));
            Assert.Contains(published.Texts(), text => text.StartsWith("Số liệu đã công bố · cập nhật 09:00 18/06/2022", StringComparison.Ordinal));

            var closed = await real.Anonymous.GetAsync(new Uri($"{Pictures}/{picture}?lens=provisional", UriKind.Relative));
            Assert.Equal(HttpStatusCode.Unauthorized, closed.StatusCode);
            var open = await monitor.GetAsync(new Uri($"{Pictures}/{picture}?lens=provisional", UriKind.Relative));
            Assert.True(open.Headers.CacheControl!.Private);
            Assert.Contains("SỐ LIỆU TẠM TÍNH", PictureReading.Parse(await open.Content.ReadAsStringAsync()).Texts());
        }
    }

    [Fact]
    public async Task A_name_is_text_whatever_it_holds()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        const string name = "</text><script>alert(1)</script>&amp;\"'";
        var copied = await administrator.SendJsonAsync(
            HttpMethod.Post, "/v1/plans",
            """{"copyFrom":"cchc-2022","code":"cchc-2023","number":"412/KH-UBND","year":2023,"issuedOn":"2022-12-28","signedBy":"A"}""");
        Assert.True(copied.IsSuccessStatusCode, await copied.Content.ReadAsStringAsync());
        var definition = await administrator.GetJsonAsync("/v1/plans/cchc-2023/definition");
        definition["groups"]![0]!["titleVi"] = name;
        definition["number"] = "1<2&3";
        foreach (var target in definition["targets"]!.AsArray())
        {
            target!["titleVi"] = name + new string('\uffff', 1);
        }

        var put = await administrator.SendJsonAsync(HttpMethod.Put, "/v1/plans/cchc-2023/definition", definition.ToJsonString(), "*");
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        var enacted = await administrator.SendJsonAsync(HttpMethod.Post, "/v1/plans/cchc-2023/enact", """{"on":"2022-06-18"}""");
        Assert.True(enacted.IsSuccessStatusCode, await enacted.Content.ReadAsStringAsync());

        const string pictures = "/v1/plans/cchc-2023/pictures";
        var groups = await api.Anonymous.SvgAsync($"{pictures}/groups?width=2000");
        Assert.Contains("II.1 " + name, groups.Texts());
        Assert.Equal(["title", "desc", "rect", "text"], groups.Elements().Select(element => element.Name.LocalName).Distinct());
        Assert.Equal($"II.3.a {name}", (await api.Anonymous.SvgAsync($"{pictures}/targets/II.3.a")).Element(Svg + "title")!.Value);
        var html = await api.Anonymous.GetStringAsync(new Uri($"{pictures}/targets/II.3.a?format=html", UriKind.Relative));
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.StartsWith("\u0089PNG", System.Text.Encoding.Latin1.GetString(
            await api.Anonymous.GetByteArrayAsync(new Uri($"{pictures}/targets/II.3.a?format=png", UriKind.Relative))), StringComparison.Ordinal);
    }

    private static void Holds(XElement picture, string name, string figure)
    {
        Assert.Contains($"{name}: {figure}, ", picture.Desc(), StringComparison.Ordinal);
        var texts = picture.Texts().ToList();
        Assert.Contains(figure, texts[(texts.IndexOf(name) + 1)..].Take(1));
    }

    private static string Received(JsonNode coverage, string language) => language == "vi"
        ? $"đã nhận {coverage["received"]}/{coverage["expected"]} báo cáo" : $"{coverage["received"]}/{coverage["expected"]} reports received";

    private static string Figure(JsonNode? completion, string language) => (completion, language) switch
    {
        (null, "vi") => "không có số liệu",
        (null, _) => "no figure",
        (_, "vi") => ((decimal)completion).ToString("0.00", CultureInfo.InvariantCulture).Replace('.', ',') + "%",
        _ => ((decimal)completion).ToString("0.00", CultureInfo.InvariantCulture) + "%",
    };

    private static async Task<JsonArray> ItemsAsync(ApiHost api, string path) =>
        (await api.Anonymous.GetJsonAsync($"{Completion}/{path}"))["items"]!.AsArray();
}
