using System.Globalization;
using Cchc.Api.Http;

namespace Cchc.Api.Pictures;

/// <summary>The forms in which a picture is had; html is what to paste into a page.</summary>
internal enum PictureForm { Svg, Png, Html }

/// <summary>How a picture is to look.</summary>
internal sealed record PictureRequest(PictureForm Form, Theme Theme, Colour? Accent, Phrases Phrases, int Width, int Scale)
{
    private const int Least = 200;
    private const int Most = 2000;

    public static readonly string[] Names = ["format", "theme", "accent", "lang", "width", "scale"];

    // A page is no picture: a browser that is led here by a link asks for pages first, and is to see the picture.
    private static readonly (string Type, PictureForm Form)[] Types = [("image/svg+xml", PictureForm.Svg), ("image/png", PictureForm.Png)];

    /// <summary>The parameters, for a picture of a width where none is given.</summary>
    public static Parameter[] Parameters(int width) =>
    [
        Http.Parameters.Word<PictureForm>("format", "A picture, or html: what to paste into a page; by Accept (SVG first) where it is not given"),
        Http.Parameters.Word<Theme>("theme", "Its colours (default light); auto follows the reader's system, in SVG alone"),
        new("accent", "The colour of bars and lines, made darker or lighter where it would not be seen", "0b5cad"),
        Http.Parameters.Word<Language>("lang", "The language of its text (default vi)"),
        new("width", $"Width in CSS pixels, {Least} to {Most} (default {width})", width) { Range = ($"{Least}", $"{Most}") },
        new("scale", "PNG alone: pixels to a CSS pixel (default 1)", 2) { Range = ("1", "2") },
    ];

    /// <summary>Reads the parameters; 406 where the client accepts no form of them.</summary>
    public static PictureRequest Read(HttpRequest request, QueryInput query, int width)
    {
        var form = query.Word<PictureForm>("format") ?? Acceptance.Of(request, Types);
        var theme = query.Word<Theme>("theme") ?? Theme.Light;
        if (theme == Theme.Auto && form == PictureForm.Png)
        {
            query.Refuse("parameter.invalid", "theme", "light, dark");
        }

        if (query.Text("scale") is { } scale)
        {
            if (form != PictureForm.Png)
            {
                query.Refuse("parameter.notHere", "scale", "scale", Words.Of(form));
            }
            else if (scale is not ("1" or "2"))
            {
                query.Refuse("parameter.invalid", "scale", "1, 2");
            }
        }

        return new PictureRequest(
            form, theme, Accented(query), new Phrases(query.Word<Language>("lang") ?? Language.Vi), Sized(query, width), query.Text("scale") == "2" ? 2 : 1);
    }

    private static Colour? Accented(QueryInput query)
    {
        if (query.Text("accent") is not { } text)
        {
            return null;
        }

        var colour = Colour.Parse(text);
        if (colour is null)
        {
            query.Refuse("parameter.invalid", "accent", "RRGGBB");
        }

        return colour;
    }

    private static int Sized(QueryInput query, int width)
    {
        if (query.Text("width") is not { } text)
        {
            return width;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given is >= Least and <= Most)
        {
            return given;
        }

        query.Refuse("parameter.invalid", "width", $"{Least}…{Most}");
        return width;
    }
}
