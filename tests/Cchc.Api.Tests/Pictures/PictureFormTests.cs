using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using SkiaSharp;

namespace Cchc.Api.Tests.Pictures;

/// <summary>How pictures look, come and are refused.</summary>
public sealed partial class PictureFormTests
{
    private const string Pictures = $"{HttpExtensions.Plan}/pictures";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly string[] Allowed = ["title", "desc", "style", "rect", "text", "path", "circle"];
    private static readonly string[] Names = ["groups", "districts", "series", "targets/II.3.a"];

    [Fact]
    public async Task Each_is_named_described_and_free_of_anything_but_shapes()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        foreach (var name in Names)
        {
            foreach (var (theme, language) in new[] { ("light", "vi"), ("dark", "en"), ("auto", "vi") })
            {
                var picture = await api.Anonymous.SvgAsync($"{Pictures}/{name}?theme={theme}&lang={language}");
                Assert.Equal("img", (string)picture.Attribute("role")!);
                Assert.Equal(language, (string)picture.Attribute(XNamespace.Xml + "lang")!);
                var ids = new[] { picture.Element(Svg + "title")!, picture.Element(Svg + "desc")! }.Select(element => (string)element.Attribute("id")!);
                Assert.Equal(((string)picture.Attribute("aria-labelledby")!).Split(' '), ids);
                Assert.All(picture.DescendantsAndSelf().Attributes(), attribute => Assert.DoesNotMatch("^(on|href|src|style)", attribute.Name.LocalName));
                Assert.Equal(theme == "auto" ? 1 : 0, picture.Elements(Svg + "style").Count());
                Assert.All(picture.Elements(), element => Assert.Contains(element.Name.LocalName, Allowed));
            }
        }

        var response = await api.Anonymous.GetAsync(new Uri($"{Pictures}/groups", UriKind.Relative));
        Assert.Equal("cross-origin", response.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        var figures = await api.Anonymous.GetAsync(new Uri($"{HttpExtensions.Plan}/completion", UriKind.Relative));
        Assert.False(figures.Headers.Contains("Cross-Origin-Resource-Policy"));
    }

    [Fact]
    public async Task Every_colour_can_be_seen()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        foreach (var theme in new[] { "light", "dark" })
        {
            foreach (var accent in new[] { null, "000000", "ffffff", "ffcc00", "0A2A5E", "808080", "%237f0000" })
            {
                foreach (var name in Names.Append("targets/II.8.a"))
                {
                    var picture = await api.Anonymous.SvgAsync($"{Pictures}/{name}?theme={theme}{(accent is null ? "" : "&accent=" + accent)}");
                    var back = Fill(picture.Element(Svg + "rect")!);
                    Assert.All(picture.Elements(Svg + "text"), text => Assert.True(Contrast(Fill(text), back) >= 4.5, $"{theme} {text}"));
                    var (track, grid) = theme == "light" ? ("#e8eaed", "#c9ccd3") : ("#343a43", "#4b525e");
                    Assert.All(
                        picture.Elements(Svg + "rect").Skip(1).Where(bar => Fill(bar) is not "none" && Fill(bar) != track),
                        bar => Assert.True(Contrast(Fill(bar), back) >= 3 && Contrast(Fill(bar), track) >= 3, $"{theme} {accent} {bar}"));
                    Assert.All(
                        picture.Elements().Select(line => (string?)line.Attribute("stroke")).OfType<string>().Where(colour => colour != grid),
                        colour => Assert.True(Contrast(colour, back) >= 3, $"{theme} {accent} {colour}"));
                }
            }
        }

        // Where the reader's system is dark, auto has the colours of dark.
        var auto = (await api.Anonymous.SvgAsync($"{Pictures}/groups?theme=auto&accent=0A2A5E")).Element(Svg + "style")!.Value;
        var dark = await api.Anonymous.SvgAsync($"{Pictures}/groups?theme=dark&accent=0A2A5E");
        Assert.All(dark.Elements(Svg + "text"), text => Assert.Contains($"fill:{Fill(text)}", auto, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Text_stays_inside_with_the_names_of_the_plan()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        var targets = (await api.Anonymous.GetJsonAsync($"{HttpExtensions.Plan}/targets?limit=100"))["items"]!.AsArray().Select(target => (string)target!["code"]!);
        using var regular = Font("NotoSans-Regular.ttf");
        using var bold = Font("NotoSans-Bold.ttf");
        foreach (var name in targets.Select(code => $"targets/{code}").Concat(["groups", "districts", "series?period=all", "series?target=II.3.a&unit=D474"]))
        {
            foreach (var width in new[] { 200, 360, 640, 2000 })
            {
                foreach (var language in new[] { "vi", "en" })
                {
                    var picture = await api.Anonymous.SvgAsync($"{Pictures}/{name}{(name.Contains('?', StringComparison.Ordinal) ? '&' : '?')}width={width}&lang={language}");
                    Assert.Equal(width, (int)picture.Attribute("width")!);
                    foreach (var text in picture.Elements(Svg + "text"))
                    {
                        using var font = new SKFont((string?)text.Attribute("font-weight") == "bold" ? bold : regular, (float)text.Attribute("font-size")!);
                        var length = font.MeasureText(text.Value);
                        var left = (double)text.Attribute("x")! - ((string?)text.Attribute("text-anchor") switch { "middle" => length / 2, "end" => length, _ => 0 });
                        Assert.True(left >= 0 && left + length <= width, $"{name} {width}: {text}");
                        Assert.All(text.Value.EnumerateRunes(), letter => Assert.NotEqual(0, font.GetGlyph(letter.Value)));
                        Assert.InRange((double)text.Attribute("y")!, 0, (double)picture.Attribute("height")!);
                    }
                }
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task They_are_kept_and_tagged_as_the_figures_are(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        foreach (var name in Names)
        {
            var plain = await GetAsync(api.Anonymous, $"{Pictures}/{name}");
            var body = await plain.Content.ReadAsStringAsync();
            var coded = await GetAsync(api.Anonymous, $"{Pictures}/{name}", ("Accept-Encoding", "br"));
            Assert.Equal(["br"], coded.Content.Headers.ContentEncoding);
            using var open = new StreamReader(new BrotliStream(await coded.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
            Assert.Equal(body, await open.ReadToEndAsync());
            var png = await GetAsync(api.Anonymous, $"{Pictures}/{name}", ("Accept-Encoding", "br"), ("Accept", "image/png"));
            Assert.Equal("image/png", png.Content.Headers.ContentType!.MediaType);
            Assert.Empty(png.Content.Headers.ContentEncoding);
            Assert.Equal(3, new[] { plain, coded, png }.Select(answer => answer.Headers.ETag!.Tag).Distinct().Count());
            Assert.Equal(TimeSpan.FromSeconds(1), plain.Headers.CacheControl!.SharedMaxAge);
            Assert.Contains("Accept", plain.Headers.Vary);

            using var head = await api.Anonymous.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{Pictures}/{name}"));
            Assert.Equal(plain.Headers.ETag, head.Headers.ETag);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
            Assert.Equal(0, await api.CountAsync("aspnetcore.routing.match_attempts", async () =>
            {
                await GetAsync(api.Anonymous, $"{Pictures}/{name}", ("Accept-Encoding", "br"));
                await GetAsync(api.Anonymous, $"{Pictures}/{name}", ("Accept-Encoding", "br"), ("Accept", "image/png"));
            }));
            Assert.Equal(0, await api.CountCommandsAsync(async () =>
            {
                Assert.Equal(body, await api.Anonymous.GetStringAsync(new Uri($"{Pictures}/{name}", UriKind.Relative)));
                var known = await GetAsync(api.Anonymous, $"{Pictures}/{name}", ("If-None-Match", plain.Headers.ETag!.Tag));
                Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
                var other = await GetAsync(api.Anonymous, $"{Pictures}/{name}?theme=dark", ("If-None-Match", plain.Headers.ETag!.Tag));
                Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            }));
        }

        var before = await api.Anonymous.GetStringAsync(new Uri($"{Pictures}/targets/II.3.a", UriKind.Relative));
        await administrator.PublishAsync("STP", HttpExtensions.Ratio("II.3.a", 0, 2));
        Assert.NotEqual(before, await api.Anonymous.GetStringAsync(new Uri($"{Pictures}/targets/II.3.a", UriKind.Relative)));
    }

    [Fact]
    public async Task A_png_has_the_size_and_the_colours_asked_for()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        foreach (var (query, width, back) in new[] { ("", 640, "#ffffff"), ("&scale=2", 1280, "#ffffff"), ("&width=2000&scale=2&theme=dark", 4000, "#14171c") })
        {
            var svg = await api.Anonymous.SvgAsync($"{Pictures}/groups?width={(width == 4000 ? 2000 : 640)}");
            var png = await api.Anonymous.GetByteArrayAsync(new Uri($"{Pictures}/groups?format=png{query}", UriKind.Relative));
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a], png[..8]);
            Assert.Equal(width, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
            Assert.Equal((int)svg.Attribute("height")! * width / (int)svg.Attribute("width")!, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
            using var bitmap = SKBitmap.Decode(png);
            Assert.Equal(SKColor.Parse(back), bitmap.GetPixel(1, 1));
            // A bar is where the SVG has it.
            var bar = svg.Elements(Svg + "rect").First(each => Fill(each) == "#0b5cad");
            var factor = width / (double)svg.Attribute("width")!;
            var (x, y) = (((double)bar.Attribute("x")! + 8) * factor, ((double)bar.Attribute("y")! + 5) * factor);
            Assert.Equal(SKColor.Parse(back == "#ffffff" ? "#0b5cad" : "#7cb8f2"), bitmap.GetPixel((int)x, (int)y));
        }
    }

    [Fact]
    public async Task A_snippet_is_a_figure_with_a_text_and_a_table_that_can_be_had()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite, sample: true);
        foreach (var (name, query) in new[] { ("groups", "theme=auto&"), ("districts", "period=2022-Q1&"), ("series", "target=II.3.a&level=district&"), ("targets/II.3.a", "width=300&") })
        {
            var response = await api.Anonymous.GetAsync(new Uri($"{Pictures}/{name}?{query}lang=en&format=html", UriKind.Relative));
            Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
            Assert.Contains("Host", response.Headers.Vary);
            var figure = XElement.Parse(await response.Content.ReadAsStringAsync());
            var image = figure.Element("img")!;
            var source = new Uri((string)image.Attribute("src")!);
            Assert.Equal($"http://localhost{Pictures}/{name}?{query}lang=en", source.OriginalString);
            var picture = await api.Anonymous.SvgAsync(source.PathAndQuery);
            Assert.Equal((string)picture.Attribute("height")!, (string)image.Attribute("height")!);
            Assert.StartsWith(picture.Element(Svg + "title")!.Value, (string)image.Attribute("alt")!, StringComparison.Ordinal);
            Assert.Equal(name == "districts", ((string)image.Attribute("alt")!).Contains("First quarter 2022", StringComparison.Ordinal));
            var table = new Uri((string)figure.Element("figcaption")!.Element("a")!.Attribute("href")!);
            var csv = await api.Anonymous.GetByteArrayAsync(new Uri(table.PathAndQuery, UriKind.Relative));
            Assert.StartsWith("\ufeffplan,period,", Encoding.UTF8.GetString(csv), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_cannot_be_drawn_is_refused()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        foreach (var bad in new[]
        {
            "groups?accent=javascript:alert(1)", "groups?accent=fff", "groups?accent=-12345", "groups?accent=%23%23123456", "groups?width=199",
            "groups?width=2001", "groups?width=1e9", "groups?width=-640", "groups?theme=Dark", "groups?lang=fr", "groups?format=gif", "groups?scale=2",
            "groups?format=png&scale=3", "groups?format=png&theme=auto", "groups?format=html&scale=2", "groups?period=2022-Q1,2022-H1", "groups?period=all",
            "groups?target=II.3.a", "groups?theme=dark&theme=light", "districts?limit=3", "series?target=X", "series?unit=SNV&level=district",
            "targets/II.3.a?period=2022-Q9", "targets/II.3.a?nothing=1",
        })
        {
            var response = await api.Anonymous.GetAsync(new Uri($"{Pictures}/{bad}", UriKind.Relative));
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{bad}: {response.StatusCode}");
        }

        using var monitor = await api.KeyAsync(Role.Monitor);
        var own = await monitor.GetAsync(new Uri($"{Pictures}/groups?format=html&lens=provisional", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, own.StatusCode);
        foreach (var unknown in new[] { "targets/II.99.z", "targets/%3Cscript%3E", "maps" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await api.Anonymous.GetAsync(new Uri($"{Pictures}/{unknown}", UriKind.Relative))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotAcceptable, (await GetAsync(api.Anonymous, $"{Pictures}/groups", ("Accept", "text/html"))).StatusCode);
        var browser = await GetAsync(api.Anonymous, $"{Pictures}/groups", ("Accept", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8"));
        Assert.Equal("image/svg+xml", browser.Content.Headers.ContentType!.MediaType);
    }

    private static string Fill(XElement element) => (string)element.Attribute("fill")!;

    /// <summary>WCAG 2.2, "contrast ratio", once more.</summary>
    private static double Contrast(string one, string other)
    {
        var (lighter, darker) = (Math.Max(Luminance(one), Luminance(other)), Math.Min(Luminance(one), Luminance(other)));
        return (lighter + 0.05) / (darker + 0.05);
    }

    private static double Luminance(string colour)
    {
        Assert.Matches(Hex(), colour);
        var parts = new[] { 1, 3, 5 }.Select(start => int.Parse(colour.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)
            .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (parts[0] * 0.2126) + (parts[1] * 0.7152) + (parts[2] * 0.0722);
    }

    private static SKTypeface Font(string file) =>
        SKTypeface.FromStream(typeof(Program).Assembly.GetManifestResourceStream($"fonts/{file}"));

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await client.SendAsync(request);
    }

    [GeneratedRegex("^#[0-9a-f]{6}$")]
    private static partial Regex Hex();
}
