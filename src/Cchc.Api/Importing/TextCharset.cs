using System.Text;

namespace Cchc.Api.Importing;

/// <summary>The charsets in which CSV is read. Bytes that are none of their text are an error, and never a replacement character.</summary>
internal static class TextCharset
{
    static TextCharset() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The charset that a request names, by its usual name; null where CSV is not read in it.</summary>
    public static string? Find(string name) => name.Trim('"').ToUpperInvariant() switch
    {
        "UTF-8" or "UTF8" or "US-ASCII" => "utf-8",
        "UTF-16" or "UTF-16LE" => "utf-16",
        "UTF-16BE" => "utf-16BE",
        "WINDOWS-1258" or "CP1258" => "windows-1258",
        _ => null,
    };

    /// <summary>The encoding of a file, and where its text begins.</summary>
    /// <param name="file">The file, from its beginning.</param>
    /// <exception cref="UnreadableFileException">The file is a ZIP archive, as workbooks are.</exception>
    public static (Encoding Encoding, int TextStart) Detect(Stream file)
    {
        Span<byte> start = stackalloc byte[4];
        file.Position = 0;
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return start switch
        {
            [0x50, 0x4B, 0x03, 0x04] => throw UnreadableFileException.Because(0, "zipAsCsv"),
            [0xEF, 0xBB, 0xBF, ..] => (Strict("utf-8"), 3),
            [0xFF, 0xFE, 0x00, 0x00] => (Strict("utf-32"), 4),
            [0xFF, 0xFE, ..] => (Strict("utf-16"), 2),
            [0xFE, 0xFF, ..] => (Strict("utf-16BE"), 2),
            _ => (Strict("utf-8"), 0),
        };
    }

    /// <summary>Writes the text of a file in UTF-8. A byte order mark goes before the charset that was declared.</summary>
    /// <exception cref="DecoderFallbackException">The file is no text in that charset.</exception>
    public static async Task ToUtf8Async(Stream file, string charset, Stream target, CancellationToken cancellation)
    {
        var (encoding, textStart) = Detect(file);
        file.Position = textStart;
        using var reader = new StreamReader(
            file, textStart > 0 ? encoding : Strict(charset), detectEncodingFromByteOrderMarks: false, 64 * 1024, leaveOpen: true);
        await using var writer = new StreamWriter(target, new UTF8Encoding(false), 64 * 1024, leaveOpen: true);
        var buffer = new char[32 * 1024];
        while (await reader.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            await writer.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }

    private static Encoding Strict(string name) => Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
}
