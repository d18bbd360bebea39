using System.Xml.Linq;

namespace Cchc.Api.Tests.Pictures;

internal static class PictureReading
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static async Task<XElement> SvgAsync(this HttpClient client, string path)
    {
        var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {body}");
        Assert.Equal("image/svg+xml", response.Content.Headers.ContentType!.MediaType);
        return Parse(body);
    }

    public static XElement Parse(string body)
    {
        var root = XDocument.Parse(body).Root!;
        Assert.Equal(Svg + "svg", root.Name);
        return root;
    }

    public static IEnumerable<string> Texts(this XElement picture) => picture.Elements(Svg + "text").Select(text => text.Value);

    public static string Desc(this XElement picture) => picture.Element(Svg + "desc")!.Value;
}
