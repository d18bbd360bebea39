using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Cchc.Api.Pictures;

/// <summary>
/// Writes a picture as SVG that is safe in anybody's page: shapes and text alone, no script, no link, no font to load, and no style sheet
/// save the one that turns it dark where the reader's system is.
/// </summary>
internal static class SvgWriter
{
    public const string Fonts = "'Noto Sans', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly XmlWriterSettings Settings = new() { OmitXmlDeclaration = true, Encoding = new UTF8Encoding(false) };

    public static byte[] Write(Drawing drawing, Theme theme, Colour? accent)
    {
        var palette = Palette.Of(theme == Theme.Dark, accent);
        var (title, description) = ($"cchc-{drawing.Name}-title", $"cchc-{drawing.Name}-desc");
        var root = new XElement(
            Svg + "svg", new XAttribute("width", drawing.Width), new XAttribute("height", drawing.Height),
            new XAttribute("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {drawing.Width} {drawing.Height}")),
            new XAttribute("role", "img"), new XAttribute("aria-labelledby", $"{title} {description}"),
            new XAttribute(XNamespace.Xml + "lang", Http.Words.Of(drawing.Language)), new XAttribute("font-family", Fonts),
            new XElement(Svg + "title", new XAttribute("id", title), Legal(drawing.Title)),
            new XElement(Svg + "desc", new XAttribute("id", description), Legal(drawing.Description)),
            theme == Theme.Auto ? new XElement(Svg + "style", Dark(accent)) : null,
            drawing.Shapes.Select(shape => Element(shape, palette, theme == Theme.Auto)));
        using var body = new MemoryStream();
        using (var writer = XmlWriter.Create(body, Settings))
        {
            root.WriteTo(writer);
        }

        return body.ToArray();
    }

    /// <summary>Leaves out what XML has no place for and a name that came from elsewhere may still hold.</summary>
    public static string Legal(string text) => string.Concat(text.EnumerateRunes()
        .Where(rune => rune.Value > char.MaxValue || XmlConvert.IsXmlChar((char)rune.Value)).Select(rune => rune.ToString()));

    private static XElement Element(Shape shape, Palette palette, bool named)
    {
        var (element, isLine) = shape switch
        {
            Box box => (new XElement(
                Svg + "rect", At("x", box.X), At("y", box.Y), At("width", box.Width), At("height", box.Height), At("rx", box.Radius),
                box.Hollow ? new XAttribute("stroke-dasharray", "4 3") : null), box.Hollow),
            Stroke stroke => (new XElement(
                Svg + "path", new XAttribute("d", string.Join(' ', stroke.Points.Select((point, index) =>
                    $"{(index == 0 || point.Lifts ? 'M' : 'L')}{Number(point.X)} {Number(point.Y)}"))),
                At("stroke-width", stroke.Thickness), new XAttribute("stroke-linecap", "round"), new XAttribute("stroke-linejoin", "round")), true),
            Dot dot => (new XElement(Svg + "circle", At("cx", dot.X), At("cy", dot.Y), At("r", dot.Radius)), false),
            Label label => (new XElement(
                Svg + "text", At("x", label.X), At("y", label.Y), At("font-size", label.Size),
                label.Bold ? new XAttribute("font-weight", "bold") : null,
                label.Anchor == Anchor.Start ? null : new XAttribute("text-anchor", Http.Words.Of(label.Anchor)), Legal(label.Text)), false),
            _ => throw new InvalidOperationException($"No SVG of {shape}."),
        };
        element.Add(new XAttribute("fill", isLine ? "none" : palette[shape.Ink].Hex));
        if (isLine)
        {
            element.Add(new XAttribute("stroke", palette[shape.Ink].Hex));
        }

        if (named)
        {
            element.Add(new XAttribute("class", Class(shape.Ink, isLine)));
        }

        return element;
    }

    private static string Dark(Colour? accent)
    {
        var palette = Palette.Of(dark: true, accent);
        var rules = Enum.GetValues<Ink>().Select(ink =>
            $".{Class(ink, false)}{{fill:{palette[ink].Hex}}}.{Class(ink, true)}{{stroke:{palette[ink].Hex}}}");
        return $"@media (prefers-color-scheme:dark){{{string.Concat(rules)}}}";
    }

    private static string Class(Ink ink, bool isLine) => $"cchc-{Http.Words.Of(ink)}{(isLine ? "-line" : "")}";

    private static XAttribute At(string name, double value) => new(name, Number(value));

    private static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);
}
