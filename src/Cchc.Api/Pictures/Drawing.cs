namespace Cchc.Api.Pictures;

/// <summary>What a shape is drawn in; which colour that is, the palette says.</summary>
internal enum Ink { Back, Text, Muted, Track, Grid, Accent, Good, Warn, Bad }

internal enum Anchor { Start, Middle, End }

/// <summary>A part of a picture. Lengths are in CSS pixels.</summary>
internal abstract record Shape(Ink Ink);

/// <summary>A rectangle, filled or, where it is hollow, dashed around.</summary>
internal sealed record Box(double X, double Y, double Width, double Height, double Radius, Ink Ink, bool Hollow = false) : Shape(Ink);

/// <summary>Lines through points, and again from where one says so.</summary>
internal sealed record Stroke(IReadOnlyList<(double X, double Y, bool Lifts)> Points, double Thickness, Ink Ink) : Shape(Ink);

internal sealed record Dot(double X, double Y, double Radius, Ink Ink) : Shape(Ink);

/// <summary>One line of text on its baseline.</summary>
internal sealed record Label(double X, double Y, string Text, double Size, bool Bold, Ink Ink, Anchor Anchor = Anchor.Start) : Shape(Ink);

/// <summary>A picture before it is written as SVG or PNG.</summary>
/// <param name="Name">A name for its file and its parts.</param>
/// <param name="Width">In CSS pixels.</param>
/// <param name="Height">In CSS pixels.</param>
/// <param name="Language">The language of its text.</param>
/// <param name="Title">What it is of, for who does not see it.</param>
/// <param name="Description">All that it shows, in words.</param>
/// <param name="Shapes">In the order in which they cover each other.</param>
internal sealed record Drawing(
    string Name, int Width, int Height, Language Language, string Title, string Description, IReadOnlyList<Shape> Shapes);
