using System.Buffers.Binary;
using System.IO.Compression;

namespace Cchc.Api.Importing;

/// <summary>A relationship of a part of a workbook.</summary>
/// <param name="Id">How the part names it.</param>
/// <param name="Kind">The last word of its type, such as <c>worksheet</c>.</param>
/// <param name="Target">The name of the part it leads to; for one that leads out of the package, its address.</param>
/// <param name="IsExternal">Whether it leads out of the package.</param>
internal sealed record XlsxRelationship(string Id, string Kind, string Target, bool IsExternal);

/// <summary>The parts of a workbook's ZIP archive, opened one at a time as XML that is read forward with bounded memory.</summary>
internal sealed class XlsxPackage : IDisposable
{
    private const long LargestUnpacked = 256L * 1024 * 1024;
    private const int LargestRatio = 200;
    private const int MostParts = 2000;
    private const int LargestDirectory = 1024 * 1024;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _parts = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="UnreadableFileException">The file is no ZIP archive, or unpacks to too much.</exception>
    public XlsxPackage(Stream file)
    {
        Span<byte> start = stackalloc byte[4];
        file.Position = 0;
        if (file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start is [0xD0, 0xCF, 0x11, 0xE0])
        {
            throw UnreadableFileException.Because(0, "xls");
        }

        if (DirectoryLength(file) > LargestDirectory)
        {
            throw TooLarge();
        }

        file.Position = 0;
        _archive = Opened(file);
        var unpacked = 0L;
        foreach (var entry in _archive.Entries)
        {
            unpacked += entry.Length;
            if (unpacked > LargestUnpacked || _archive.Entries.Count > MostParts
                || (entry.Length > 1024 * 1024 && entry.Length / Math.Max(1, entry.CompressedLength) > LargestRatio))
            {
                throw TooLarge();
            }

            var name = entry.FullName.Replace('\\', '/').TrimStart('/');
            if (!_parts.TryAdd(name, entry))
            {
                throw UnreadableFileException.Because(0, "partTwice", name);
            }
        }
    }

    public bool Has(string part) => _parts.ContainsKey(part);

    /// <summary>The text that a part begins with, 100 characters at most; null where there is no such part.</summary>
    public string? StartOf(string part)
    {
        if (!_parts.TryGetValue(part, out var entry))
        {
            return null;
        }

        using var text = new StreamReader(ContentOf(part, entry));
        var start = new char[100];
        try
        {
            return new string(start, 0, text.ReadBlock(start));
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw UnreadableFileException.Because(0, "partBroken", part);
        }
    }

    /// <exception cref="UnreadableFileException">There is no such part.</exception>
    public XlsxPartReader Open(string part) => _parts.TryGetValue(part, out var entry)
        ? new XlsxPartReader(part, ContentOf(part, entry), entry.Length) : throw UnreadableFileException.Because(0, "partMissing", part);

    /// <summary>The relationships of a part, or of the package where it has no name. Each part that they lead to is there.</summary>
    /// <exception cref="UnreadableFileException">A part that a relationship leads to is missing.</exception>
    public IReadOnlyList<XlsxRelationship> Relationships(string part)
    {
        var cut = part.LastIndexOf('/') + 1;
        var list = $"{part[..cut]}_rels/{part[cut..]}.rels";
        var found = new List<XlsxRelationship>();
        if (!Has(list))
        {
            return found;
        }

        using var xml = Open(list);
        while (xml.Read())
        {
            if (xml.StartsElement("Relationship") && xml.Attribute("Id") is { } id && xml.Attribute("Target") is { } target)
            {
                var kind = xml.Attribute("Type") is { } type ? type[(type.LastIndexOf('/') + 1)..] : "";
                var isExternal = xml.Attribute("TargetMode") == "External";
                found.Add(new XlsxRelationship(id, kind, isExternal ? target : Resolve(part[..cut], target), isExternal));
            }
        }

        // A hyperlink within the workbook has a place and no part.
        var missing = found.Find(each => !each.IsExternal && each.Target.Length > 0 && !Has(each.Target));
        return missing is null ? found : throw UnreadableFileException.Because(0, "partMissing", missing.Target);
    }

    public void Dispose() => _archive.Dispose();

    private static UnreadableFileException TooLarge() => new(new Remark(0, null, "file.unpacksTooLarge", null));

    private static Stream ContentOf(string part, ZipArchiveEntry entry)
    {
        try
        {
            return entry.Open();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or NotSupportedException)
        {
            throw UnreadableFileException.Because(0, "partBroken", part);
        }
    }

    private static ZipArchive Opened(Stream file)
    {
        try
        {
            var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            _ = archive.Entries;
            return archive;
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException or OverflowException or IOException)
        {
            throw UnreadableFileException.Because(0, "notZip");
        }
    }

    private static string Resolve(string folder, string target)
    {
        var path = target.Split('#')[0];
        try
        {
            return path.Length == 0 ? "" : Uri.UnescapeDataString(new Uri(new Uri($"http://package/{folder}"), path.Replace('\\', '/')).AbsolutePath).TrimStart('/');
        }
        catch (UriFormatException)
        {
            return target;
        }
    }

    // An archive's directory is held in memory as a whole, so that it is measured before: from where its end says that it begins.
    private static long DirectoryLength(Stream file)
    {
        var tail = new byte[(int)Math.Min(file.Length, 22 + ushort.MaxValue)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        var end = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (end < 0 || tail.Length - end < 22)
        {
            throw UnreadableFileException.Because(0, "notZip");
        }

        long start = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16));
        if (start == uint.MaxValue && end >= 20 && tail.AsSpan(end - 20, 4).SequenceEqual("PK\u0006\u0007"u8))
        {
            var at = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(end - 12));
            var record = new byte[56];
            if (at < 0 || at > file.Length - record.Length)
            {
                throw UnreadableFileException.Because(0, "notZip");
            }

            file.Position = at;
            file.ReadExactly(record);
            start = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48));
        }

        return file.Length - tail.Length + end - start;
    }
}
