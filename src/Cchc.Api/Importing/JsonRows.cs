using System.Text;
using System.Text.Json;
using Cchc.Api.Http;

namespace Cchc.Api.Importing;

/// <summary>
/// An array of objects, read item by item. No more than one item is held, and none longer than <see cref="ObjectRows.LongestItem"/>.
/// </summary>
internal sealed class JsonRows : ObjectRows
{
    private readonly Stream _file;
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _isLast;
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 8 });
    private JsonDocument? _item;

    public JsonRows(Stream file)
    {
        _file = file;
        _file.Position = 0;
        Fill();
        _start = _buffer.AsSpan(0, _end).StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
    }

    public override bool Read()
    {
        _item?.Dispose();
        _item = null;
        try
        {
            while (!TryReadItem())
            {
                if (_isLast)
                {
                    return false;
                }

                Fill();
            }
        }
        catch (JsonException exception)
        {
            throw new UnreadableFileException(new Remark(Row + 1, null, "json.malformed", null, JsonInput.PlaceOf(exception)));
        }

        Row++;
        Take(_item!.RootElement);
        return true;
    }

    public override void Dispose() => _item?.Dispose();

    // False where the array ended, or more of the file is needed.
    private bool TryReadItem()
    {
        var from = _start;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isLast, _state);
        while (reader.Read())
        {
            if (reader.CurrentDepth > 0)
            {
                if (!JsonDocument.TryParseValue(ref reader, out _item))
                {
                    return false;
                }
            }
            else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray))
            {
                throw new JsonException("An array is expected.");
            }

            (_start, _state) = (from + (int)reader.BytesConsumed, reader.CurrentState);
            if (_item is not null)
            {
                return true;
            }
        }

        return false;
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= LongestItem)
            {
                throw UnreadableFileException.Because(Row + 1, "itemTooLong", LongestItem);
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = _file.Read(_buffer, _end, _buffer.Length - _end);
        (_end, _isLast) = (_end + read, read == 0);
    }
}
