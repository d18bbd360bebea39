using System.Globalization;
using System.Text;

namespace Cchc.Api.Http;

/// <summary>Reads query parameters; every unknown, repeated or unusable one is refused, all in one answer.</summary>
internal sealed class QueryInput
{
    private readonly IQueryCollection _query;
    private readonly RefusalList _refusals = new();

    public QueryInput(HttpRequest request, params string[] allowed)
    {
        _query = request.Query;
        foreach (var (name, values) in _query)
        {
            if (!allowed.Contains(name))
            {
                Refuse("parameter.unknown", name, name);
            }
            else if (values.Count > 1)
            {
                Refuse("parameter.repeated", name, name);
            }
        }
    }

    public string? Text(string name) => _query.TryGetValue(name, out var values) && values[0] is { Length: > 0 } text ? text.Trim() : null;

    /// <summary>The parts of a comma-separated list; none where it is left out.</summary>
    public IReadOnlyList<string> List(string name) =>
        Text(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>A comma-separated list of words.</summary>
    public IReadOnlySet<T> WordsOf<T>(string name)
        where T : struct, Enum
    {
        var words = List(name).Select(Words.Parse<T>).ToList();
        if (words.Contains(null))
        {
            Refuse("parameter.invalid", name, Words.List<T>());
        }

        return words.OfType<T>().ToHashSet();
    }

    /// <summary>A comma-separated list of codes looked up; refused where there is none such.</summary>
    public IReadOnlyList<T> KnownAll<T>(string name, Func<string, T?> find, string needed)
        where T : class
    {
        var found = List(name).Select(find).ToList();
        if (found.Contains(null))
        {
            Refuse("parameter.invalid", name, needed);
        }

        return [.. found.OfType<T>()];
    }

    public T? Word<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        var word = Words.Parse<T>(text);
        if (word is null)
        {
            Refuse("parameter.invalid", name, Words.List<T>());
        }

        return word;
    }

    public DateOnly? Date(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }

        Refuse("parameter.invalid", name, "yyyy-MM-dd");
        return null;
    }

    public DateTimeOffset? Instant(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // In a query an unescaped plus sign arrives as a space. Without an offset it would be nobody knows when.
        string[] formats =
        [
            "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'",
        ];
        if (DateTimeOffset.TryParseExact(
            text.Replace(' ', '+'), formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant;
        }

        Refuse("parameter.invalid", name, "RFC 3339");
        return null;
    }

    /// <summary>An instant that has been: what will be known later is not known.</summary>
    public DateTimeOffset? PastInstant(string name, TimeProvider time)
    {
        var instant = Instant(name);
        if (instant > time.GetUtcNow())
        {
            Refuse("parameter.future", name);
            return null;
        }

        return instant;
    }

    /// <summary>true or false; false where it is left out.</summary>
    public bool Flag(string name)
    {
        var text = Text(name);
        if (text is not (null or "true" or "false"))
        {
            Refuse("parameter.invalid", name, "true, false");
        }

        return text == "true";
    }

    public long? Count(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Refuse("parameter.invalid", name, "0, 1, 2, …");
        return null;
    }

    public int Limit()
    {
        if (Text("limit") is not { } text)
        {
            return 100;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= 1000)
        {
            return limit;
        }

        Refuse("parameter.invalid", "limit", "1…1000");
        return 100;
    }

    /// <summary>The key after which a page begins.</summary>
    public string? Cursor()
    {
        if (Text("cursor") is not { } text)
        {
            return null;
        }

        try
        {
            return Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(text));
        }
        catch (FormatException)
        {
            Refuse("cursor.invalid", "cursor");
            return null;
        }
    }

    /// <summary>The number after which a page begins, in a list of what is numbered.</summary>
    public int? CursorNumber()
    {
        if (Cursor() is not { } cursor)
        {
            return null;
        }

        if (int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Refuse("cursor.invalid", "cursor");
        return null;
    }

    /// <summary>A code looked up; refused where there is none such.</summary>
    public T? Known<T>(string name, Func<string, T?> find, string needed)
        where T : class
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        var found = find(text);
        if (found is null)
        {
            Refuse("parameter.invalid", name, needed);
        }

        return found;
    }

    /// <exception cref="ProblemException">400 with every refusal met so far.</exception>
    public void Done()
    {
        if (_refusals.Count > 0)
        {
            throw ProblemException.Of(_refusals);
        }
    }

    public void Refuse(string code, string name, params object?[] arguments) =>
        _refusals.Add(new Refusal(code, null, _query[name].ToString() is { Length: <= 100 } value ? value : null, arguments) { Parameter = name });
}
