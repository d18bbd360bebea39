using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Http;

/// <summary>An answer as it went out: what it said of itself, and its bytes, coded as they were.</summary>
internal sealed record KeptAnswer(
    string ETag, StringValues Vary, StringValues Link, StringValues Coding, StringValues Disposition,
    StringValues Ranges, StringValues DataVersion, string? ContentType, byte[] Body)
{
    public void Show(IHeaderDictionary headers)
    {
        headers.ETag = ETag;
        headers.Vary = Vary;
        headers.Link = Link;
        headers.ContentEncoding = Coding;
        headers.ContentDisposition = Disposition;
        headers.AcceptRanges = Ranges;
        if (DataVersion.Count > 0)
        {
            headers[AnswerHeaders.DataVersion.Name] = DataVersion;
        }
    }

    /// <summary>It as one text of bytes, which begins with a hash of the rest and of the key that it is kept by.</summary>
    public byte[] Pack(string key)
    {
        using var packed = new MemoryStream(Body.Length + 512);
        using var writer = new BinaryWriter(packed, Encoding.UTF8);
        writer.Write(new byte[SHA256.HashSizeInBytes]);
        foreach (var part in (StringValues[])[ETag, Vary, Link, Coding, Disposition, Ranges, DataVersion, ContentType])
        {
            writer.Write(part.ToString());
        }

        writer.Write(Body);
        var bytes = packed.ToArray();
        Hash(key, bytes).CopyTo(bytes, 0);
        return bytes;
    }

    /// <summary>The answer that was packed; null where these bytes are not what was packed for this key.</summary>
    public static KeptAnswer? Unpack(string key, byte[] bytes)
    {
        if (bytes.Length < SHA256.HashSizeInBytes || !Hash(key, bytes).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes)))
        {
            return null;
        }

        using var packed = new MemoryStream(bytes);
        using var reader = new BinaryReader(packed, Encoding.UTF8);
        packed.Position = SHA256.HashSizeInBytes;
        var etag = reader.ReadString();
        return new KeptAnswer(etag, Next(), Next(), Next(), Next(), Next(), Next(), Next(), bytes[(int)packed.Position..]);

        StringValues Next() => reader.ReadString() is { Length: > 0 } text ? text : default;
    }

    private static byte[] Hash(string key, byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(key));
        hash.AppendData(bytes, SHA256.HashSizeInBytes, bytes.Length - SHA256.HashSizeInBytes);
        return hash.GetHashAndReset();
    }
}
