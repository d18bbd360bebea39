using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Cchc.Api.Data;

/// <summary>
/// How many rows a table has and what is in them, in whatever order they come: the sum, modulo 2^256, of the SHA-256 of each row. A row's
/// values follow each other in the order of the columns, each as a byte for its kind (0 null, 1 number, 2 text, 3 bytes), then a number as
/// eight bytes, text (UTF-8) and bytes by their length in eight bytes and themselves; all big-endian. Dates and instants are text as
/// SQLite keeps them, truth values 0 and 1.
/// </summary>
internal sealed class TableDigest
{
    private readonly ArrayBufferWriter<byte> _row = new();
    private UInt128 _high;
    private UInt128 _low;

    public long Rows { get; private set; }

    public string Hash => $"{_high:x32}{_low:x32}";

    /// <returns>The hash of the row alone.</returns>
    public (UInt128 High, UInt128 Low) Add(object?[] row)
    {
        _row.ResetWrittenCount();
        foreach (var value in row)
        {
            Write(value);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_row.WrittenSpan, hash);
        var (high, low) = (BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
        _low += low;
        _high += high + (_low < low ? UInt128.One : UInt128.Zero);
        Rows++;
        return (high, low);
    }

    private void Write(object? value)
    {
        switch (value)
        {
            case null:
                Head(0);
                break;
            case long number:
                Head(1, number);
                break;
            case string text:
                var length = Encoding.UTF8.GetByteCount(text);
                Head(2, length);
                _row.Advance(Encoding.UTF8.GetBytes(text, _row.GetSpan(length)));
                break;
            case byte[] bytes:
                Head(3, bytes.Length);
                _row.Write(bytes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value), value, "No value that is carried.");
        }
    }

    private void Head(byte kind, long? number = null)
    {
        var span = _row.GetSpan(9);
        span[0] = kind;
        if (number is { } given)
        {
            BinaryPrimitives.WriteInt64BigEndian(span[1..], given);
        }

        _row.Advance(number is null ? 1 : 9);
    }
}
