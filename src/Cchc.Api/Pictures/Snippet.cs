using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Cchc.Api.Pictures;

/// <summary>
/// What to paste into a page: the picture, and a link to its figures as a table. The alternative text says what the picture is of and not
/// what it shows, since the figures move on while the page stays as it was pasted.
/// </summary>
internal static class Snippet
{
    private static readonly XmlWriterSettings Settings = new()
    {
        OmitXmlDeclaration = true,
        Indent = true,
        NewLineChars = "\n",
        Encoding = new UTF8Encoding(false),
    };

    // The figures behind a picture go by the same words, save those of its looks.
    private static readonly string[] OfFigures = ["period", "basis", "asOf", "plans", "target", "unit", "level"];

    public static byte[] Write(string root, HttpRequest request, Drawing drawing, PictureHead head, string table)
    {
        var given = request.Query.Where(each => each.Value.ToString().Length > 0).ToList();
        var picture = root + request.Path + QueryString.Create(given.Where(each => each.Key != "format"));
        var separator = table.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var filter = QueryString.Create(given.Where(each => OfFigures.Contains(each.Key))
            .Append(new("format", "csv")).Append(new("bom", "true"))).Value!.TrimStart('?');
        var of = new[] { drawing.Title, head.Plan, request.Query.ContainsKey("period") ? head.Period : null }.OfType<string>();
        var below = head.Phrases.Say("Số liệu ở liên kết bên dưới.", "The figures are linked below.");
        var figure = new XElement(
            "figure",
            new XElement(
                "img", new XAttribute("src", picture), new XAttribute("width", drawing.Width), new XAttribute("height", drawing.Height),
                new XAttribute("alt", SvgWriter.Legal(string.Join(". ", of.Append(below)))),
                new XAttribute("loading", "lazy"), new XAttribute("style", "max-width:100%;height:auto")),
            new XElement(
                "figcaption", new XElement(
                    "a", new XAttribute("href", $"{root}{table}{separator}{filter}"), head.Phrases.Say("Bảng số liệu (CSV)", "Table of the figures (CSV)"))));
        using var body = new MemoryStream();
        using (var writer = XmlWriter.Create(body, Settings))
        {
            figure.WriteTo(writer);
        }

        body.WriteByte((byte)'\n');
        return body.ToArray();
    }
}
