namespace Cchc.Api.Importing;

/// <summary>Splits CSV (RFC 4180) into rows and fields. It holds one row, with at most <see cref="RowSource.MostColumns"/> fields.</summary>
/// <remarks>
/// A quote is closed before a separator or a line end, otherwise nobody can tell where the row ends. Such a file is refused, since the rows
/// that a stray quote takes into its field would be lost without a trace.
/// </remarks>
internal sealed class CsvTokenizer(TextReader text, char separator)
{
    private const int End = -1;

    private readonly char[] _buffer = new char[32 * 1024];
    private readonly int[] _ends = new int[RowSource.MostColumns + 1];
    private char[] _row = new char[1024];
    private int _at;
    private int _available;
    private int _length;

    /// <summary>The number of the current row; an empty line has one too.</summary>
    public int Row { get; private set; }

    /// <summary>The number of fields of the current row.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a field of the current row has a line break in it.</summary>
    public bool HasLineBreak { get; private set; }

    public ReadOnlySpan<char> this[int field] => _row.AsSpan(StartOf(field), _ends[field] - StartOf(field));

    /// <exception cref="UnreadableFileException">A quote is not closed, or text follows it; a field is too long, or there are too many.</exception>
    public bool Read()
    {
        if (Peek() == End)
        {
            return false;
        }

        Row++;
        (Count, _length, HasLineBreak) = (0, 0, false);
        while (true)
        {
            ReadField();
            if (Peek() != separator)
            {
                break;
            }

            _at++;
        }

        if (Peek() == '\r')
        {
            _at++;
        }
        else if (Peek() == '\n')
        {
            _at++;
            return true;
        }

        if (Peek() == '\n')
        {
            _at++;
        }

        return true;
    }

    private bool IsFull => _length - StartOf(Count) == RowSource.LongestCell;

    private int StartOf(int field) => field == 0 ? 0 : _ends[field - 1];

    private void ReadField()
    {
        if (Count == RowSource.MostColumns)
        {
            throw Fault("row.tooManyColumns", RowSource.MostColumns);
        }

        if (Peek() == '"')
        {
            _at++;
            ReadQuoted();
        }
        else
        {
            for (var c = Peek(); c is not (End or '\r' or '\n') && c != separator; c = Peek())
            {
                Append((char)c);
            }
        }

        _ends[Count++] = _length;
    }

    private void ReadQuoted()
    {
        // A field that is too long is read to its end, since only the end tells it from a quote that is not closed.
        var isTooLong = false;
        while (true)
        {
            var c = Peek();
            if (c == End)
            {
                throw Fault("quote.notClosed");
            }

            if (c == '"')
            {
                _at++;
                if (Peek() != '"')
                {
                    break;
                }
            }

            HasLineBreak |= c is '\r' or '\n';
            isTooLong |= IsFull;
            if (isTooLong)
            {
                _at++;
            }
            else
            {
                Append((char)c);
            }
        }

        while (Peek() is ' ' or '\t' && Peek() != separator)
        {
            _at++;
        }

        if (Peek() is not (End or '\r' or '\n') && Peek() != separator)
        {
            throw Fault("quote.textAfter");
        }

        if (isTooLong)
        {
            throw TooLong();
        }
    }

    private void Append(char c)
    {
        if (IsFull)
        {
            throw TooLong();
        }

        if (_length == _row.Length)
        {
            Array.Resize(ref _row, _row.Length * 2);
        }

        _row[_length++] = c;
        _at++;
    }

    private int Peek()
    {
        if (_at == _available)
        {
            (_at, _available) = (0, text.Read(_buffer));
            if (_available == 0)
            {
                return End;
            }
        }

        return _buffer[_at];
    }

    private UnreadableFileException TooLong() => UnreadableFileException.Because(Row, "fieldTooLong", RowSource.LongestCell);

    private UnreadableFileException Fault(string code, int? most = null) =>
        new(new Remark(Row, null, code, null, most is { } number ? [number.ToString(System.Globalization.CultureInfo.InvariantCulture)] : []));
}
