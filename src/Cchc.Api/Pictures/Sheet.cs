using Cchc.Domain.Completion;

namespace Cchc.Api.Pictures;

/// <summary>What a picture's figures are of.</summary>
internal sealed record PictureHead(
    Phrases Phrases, string Plan, string? Period, Lens Lens, Basis Basis, bool Sample, long DataVersion, DateTimeOffset AsOf);

/// <summary>A picture that grows downwards: heading, content, foot. What is drawn is also said, for who does not see it.</summary>
internal sealed class Sheet
{
    public const double Margin = 20;
    public const double Small = 12;
    public const double Body = 14;

    private readonly PictureHead _head;
    private readonly string _name;
    private readonly string _title;
    private readonly List<string> _sentences = [];

    public Sheet(PictureHead head, string name, string title, int width)
    {
        (_head, _name, _title, Width) = (head, name, title, width);
        Inner = width - (2 * Margin);
        Paragraph(title, 18, true, Ink.Text, Inner, 3);
        var of = string.Join(" · ", new[] { head.Plan, head.Period, head.Phrases.BasisOf(head.Basis) }.OfType<string>());
        Y += 2;
        Paragraph(of, 13, false, Ink.Muted, Inner, 3);
        Say(of);
        Mark(head.Sample, head.Phrases.Sample);
        Mark(head.Lens == Lens.Provisional, head.Phrases.Provisional);
        Y += 12;
    }

    public int Width { get; }

    /// <summary>The width between the margins.</summary>
    public double Inner { get; }

    /// <summary>Where what comes next begins.</summary>
    public double Y { get; set; } = Margin;

    public List<Shape> Shapes { get; } = [];

    public Phrases Phrases => _head.Phrases;

    public void Say(string sentence) => _sentences.Add(sentence.TrimEnd('.'));

    /// <summary>Text at the left margin, in as many lines as it needs and may have.</summary>
    public void Paragraph(string text, double size, bool bold, Ink ink, double width, int lines, double indent = 0)
    {
        foreach (var line in Lettering.Wrap(text, size, bold, width, lines))
        {
            Shapes.Add(new Label(Margin + indent, Y + size, line, size, bold, ink));
            Y += Math.Round(size * 1.35);
        }
    }

    /// <summary>A bar for a share of 100, full only where what it stands for is met; dashed where there is no figure.</summary>
    public void Bar(double y, double width, decimal? share, bool isMet)
    {
        const double height = 10;
        if (share is not { } percent)
        {
            Shapes.Add(new Box(Margin + 0.5, y + 0.5, width - 1, height - 1, 4, Ink.Muted, Hollow: true));
            return;
        }

        Shapes.Add(new Box(Margin, y, width, height, 4, Ink.Track));
        var length = width * (double)percent / 100;
        if (percent > 0)
        {
            Shapes.Add(new Box(Margin, y, isMet ? length : Math.Min(length, width - 4), height, Math.Min(4, length / 2), Ink.Accent));
        }
    }

    public Drawing Done()
    {
        Y += 4;
        var foot = string.Join(" · ",
            _head.Lens == Lens.Published ? Phrases.Say("Số liệu đã công bố", "Published figures") : Phrases.Provisional,
            Phrases.Updated(_head.AsOf), Phrases.Say($"phiên bản {_head.DataVersion}", $"version {_head.DataVersion}"));
        Paragraph(foot, Small, false, Ink.Muted, Inner, 4);
        Say(foot);
        var height = (int)Math.Ceiling(Y + Margin - 6);
        return new Drawing(
            _name, Width, height, Phrases.Language, _title, string.Join(". ", _sentences) + ".",
            [new Box(0, 0, Width, height, 0, Ink.Back), .. Shapes]);
    }

    private void Mark(bool holds, string words)
    {
        if (!holds)
        {
            return;
        }

        Y += 8;
        var text = words.ToUpperInvariant();
        var width = Math.Min(Lettering.Width(text, Small, bold: true) + 20, Inner);
        Shapes.Add(new Box(Margin + 0.5, Y + 0.5, width, 21, 4, Ink.Warn, Hollow: true));
        Shapes.Add(new Label(Margin + 0.5 + (width / 2), Y + 15.5, text, Small, true, Ink.Warn, Anchor.Middle));
        Y += 22;
        Say(words);
    }
}
