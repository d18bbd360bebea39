using SkiaSharp;

namespace Cchc.Api.Pictures;

/// <summary>
/// Writes a picture as PNG, in a font of its own, so that text is the same on a machine without any. Nothing of Skia is loaded before the
/// first picture is.
/// </summary>
internal static class PngWriter
{
    private static readonly Lazy<SKTypeface> Regular = new(() => Load("NotoSans-Regular.ttf"));
    private static readonly Lazy<SKTypeface> Bold = new(() => Load("NotoSans-Bold.ttf"));

    // A large picture takes 40 MB while it is drawn.
    private static readonly SemaphoreSlim Turn = new(Environment.ProcessorCount);

    public static async Task<byte[]> WriteAsync(Drawing drawing, bool dark, Colour? accent, int scale, CancellationToken cancellation)
    {
        await Turn.WaitAsync(cancellation);
        try
        {
            return Write(drawing, Palette.Of(dark, accent), scale);
        }
        finally
        {
            Turn.Release();
        }
    }

    private static byte[] Write(Drawing drawing, Palette palette, int scale)
    {
        using var surface = SKSurface.Create(new SKImageInfo(
            drawing.Width * scale, drawing.Height * scale, SKImageInfo.PlatformColorType, SKAlphaType.Opaque));
        surface.Canvas.Scale(scale);
        foreach (var shape in drawing.Shapes)
        {
            var colour = palette[shape.Ink];
            using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(colour.Red, colour.Green, colour.Blue) };
            Draw(surface.Canvas, shape, paint);
        }

        // Filters are for photographs: even colours pack as well without, in a fraction of the time.
        using var pixels = surface.PeekPixels();
        using var encoded = pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.NoFilters, zLibLevel: 6))
            ?? throw new InvalidOperationException("The picture cannot be packed.");
        return encoded.ToArray();
    }

    private static void Draw(SKCanvas canvas, Shape shape, SKPaint paint)
    {
        switch (shape)
        {
            case Box box:
                using (var dashes = box.Hollow ? SKPathEffect.CreateDash([4, 3], 0) : null)
                {
                    paint.IsStroke = box.Hollow;
                    paint.StrokeWidth = 1;
                    paint.PathEffect = dashes;
                    canvas.DrawRoundRect((float)box.X, (float)box.Y, (float)box.Width, (float)box.Height, (float)box.Radius, (float)box.Radius, paint);
                }

                break;
            case Stroke stroke:
                paint.IsStroke = true;
                paint.StrokeWidth = (float)stroke.Thickness;
                paint.StrokeCap = SKStrokeCap.Round;
                foreach (var (from, to) in stroke.Points.Zip(stroke.Points.Skip(1)).Where(each => !each.Second.Lifts))
                {
                    canvas.DrawLine((float)from.X, (float)from.Y, (float)to.X, (float)to.Y, paint);
                }

                break;
            case Dot dot:
                canvas.DrawCircle((float)dot.X, (float)dot.Y, (float)dot.Radius, paint);
                break;
            case Label label:
                using (var font = new SKFont((label.Bold ? Bold : Regular).Value, (float)label.Size) { Subpixel = true, Hinting = SKFontHinting.None })
                {
                    var anchor = label.Anchor switch { Anchor.Middle => SKTextAlign.Center, Anchor.End => SKTextAlign.Right, _ => SKTextAlign.Left };
                    canvas.DrawText(label.Text, (float)label.X, (float)label.Y, anchor, font, paint);
                }

                break;
            default:
                throw new InvalidOperationException($"No PNG of {shape}.");
        }
    }

    private static SKTypeface Load(string file)
    {
        using var stream = typeof(PngWriter).Assembly.GetManifestResourceStream($"fonts/{file}");
        return SKTypeface.FromStream(stream) ?? throw new InvalidOperationException($"The font {file} cannot be read.");
    }
}
