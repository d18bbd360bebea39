using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cchc.Api.Http;

/// <summary>
/// Reads a JSON body member by member and gathers every refusal with its pointer, where a serializer would stop at the first.
/// </summary>
internal sealed class JsonInput
{
    public const int MaxBytes = 1024 * 1024;
    public const long MaxCount = 9_007_199_254_740_991;

    public List<Refusal> Refusals { get; } = [];

    /// <summary>The body as a document; null where there is none and that is allowed.</summary>
    /// <exception cref="ProblemException">413, 415, or 400 where it is not JSON.</exception>
    public static async Task<JsonDocument?> ReadAsync(HttpRequest request, bool optional, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw new ProblemException("request.tooLarge", MaxBytes);
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellation)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > MaxBytes)
            {
                throw new ProblemException("request.tooLarge", MaxBytes);
            }
        }

        if (buffer.Length == 0 && optional)
        {
            return null;
        }

        var charset = request.GetTypedHeaders().ContentType?.Charset.Value;
        var isUtf8 = charset is null || charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        if (!request.HasJsonContentType() || !isUtf8 || request.Headers.ContentEncoding.Count > 0)
        {
            throw new ProblemException("request.mediaType");
        }

        try
        {
            var bytes = buffer.ToArray().AsMemory();
            var start = bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            var document = JsonDocument.Parse(bytes[start..], new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            if (!optional || document.RootElement.ValueKind != JsonValueKind.Null)
            {
                return document;
            }

            // Some clients always send a body.
            document.Dispose();
            return null;
        }
        catch (JsonException exception)
        {
            throw ProblemException.Of([new Refusal("json.malformed", "", null, exception.Message)]);
        }
    }

    public void Refuse(string code, string pointer, object? value, params object?[] arguments) =>
        Refusals.Add(new Refusal(code, pointer, value, arguments));

    /// <summary>The members of an object, each of which must be one of those named; a null counts as not given.</summary>
    public Dictionary<string, JsonElement> Members(JsonElement element, string pointer, params string[] allowed)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (element.ValueKind != JsonValueKind.Object)
        {
            Refuse("json.wrongType", pointer, Shown(element), "object");
            return members;
        }

        foreach (var property in element.EnumerateObject())
        {
            string name;
            try
            {
                name = property.Name;
            }
            catch (InvalidOperationException)
            {
                Refuse("text.invalid", pointer, null);
                continue;
            }

            if (!allowed.Contains(name))
            {
                Refuse("json.unknownMember", $"{pointer}/{Escape(name)}", Shown(property.Value), Shorten(name));
            }
            else if (property.Value.ValueKind != JsonValueKind.Null)
            {
                members[name] = property.Value;
            }
        }

        return members;
    }

    public IEnumerable<(JsonElement Element, string Pointer)> Items(
        Dictionary<string, JsonElement> members, string name, int most, string parent = "")
    {
        if (!members.TryGetValue(name, out var array))
        {
            yield break;
        }

        if (array.ValueKind != JsonValueKind.Array)
        {
            Refuse("json.wrongType", $"{parent}/{name}", Shown(array), "array");
            yield break;
        }

        if (array.GetArrayLength() > most)
        {
            Refuse("json.tooMany", $"{parent}/{name}", array.GetArrayLength(), most);
            yield break;
        }

        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            yield return (item, $"{parent}/{name}/{index++}");
        }
    }

    public string? Text(Dictionary<string, JsonElement> members, string name, string pointer, int longest, bool required = false)
    {
        if (!members.TryGetValue(name, out var element))
        {
            if (required)
            {
                Refuse("json.required", $"{pointer}/{name}", null, name);
            }

            return null;
        }

        if (element.ValueKind != JsonValueKind.String)
        {
            Refuse("json.wrongType", $"{pointer}/{name}", Shown(element), "string");
            return null;
        }

        string text;
        try
        {
            text = element.GetString()!.Normalize(NormalizationForm.FormC);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            Refuse("text.invalid", $"{pointer}/{name}", null);
            return null;
        }

        if (text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
        {
            Refuse("text.invalid", $"{pointer}/{name}", null);
            return null;
        }

        if (text.Length > longest)
        {
            Refuse("text.tooLong", $"{pointer}/{name}", null, longest);
            return null;
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            Refuse("text.blank", $"{pointer}/{name}", text);
            return null;
        }

        return text;
    }

    /// <summary>A whole number in range; 120, 120.0 and 1.2e2 are the same number.</summary>
    public long? Count(
        Dictionary<string, JsonElement> members, string name, string pointer, long least = 0, long most = MaxCount, bool required = false)
    {
        if (!members.TryGetValue(name, out var element))
        {
            if (required)
            {
                Refuse("json.required", $"{pointer}/{name}", null, name);
            }

            return null;
        }

        if (element.ValueKind != JsonValueKind.Number)
        {
            Refuse("json.wrongType", $"{pointer}/{name}", Shown(element), "integer");
            return null;
        }

        if (!decimal.TryParse(element.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || number < least || number > most)
        {
            Refuse("value.outOfRange", $"{pointer}/{name}", Shown(element), least, most);
            return null;
        }

        // A fraction too fine for a decimal would be rounded away unseen.
        var raw = element.GetRawText();
        var isVanished = number == 0 && raw.TakeWhile(c => c is not ('e' or 'E')).Any(c => c is >= '1' and <= '9');
        if (decimal.Truncate(number) != number || isVanished || raw.Length > 28)
        {
            Refuse("value.notWhole", $"{pointer}/{name}", Shown(element));
            return null;
        }

        return (long)number;
    }

    /// <summary>A number above 0 with up to two decimals, in whole hundredths.</summary>
    public int? Hundredths(Dictionary<string, JsonElement> members, string name, string pointer, int most, bool required = false)
    {
        if (!members.TryGetValue(name, out var element))
        {
            if (required)
            {
                Refuse("json.required", $"{pointer}/{name}", null, name);
            }

            return null;
        }

        if (element.ValueKind != JsonValueKind.Number)
        {
            Refuse("json.wrongType", $"{pointer}/{name}", Shown(element), "number");
            return null;
        }

        if (!element.TryGetDecimal(out var number) || number <= 0 || number > most || decimal.Truncate(number * 100) != number * 100)
        {
            Refuse("value.outOfRange", $"{pointer}/{name}", Shown(element), "0.01", most);
            return null;
        }

        return (int)(number * 100);
    }

    public DateOnly? Date(Dictionary<string, JsonElement> members, string name, string pointer, bool required = false)
    {
        if (Text(members, name, pointer, 40, required) is not { } text)
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }

        Refuse("date.invalid", $"{pointer}/{name}", Shorten(text));
        return null;
    }

    /// <summary>An instant with its offset (RFC 3339), in whole milliseconds.</summary>
    public DateTimeOffset? Instant(Dictionary<string, JsonElement> members, string name, string pointer)
    {
        if (Text(members, name, pointer, 40) is not { } text)
        {
            return null;
        }

        string[] formats = ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];
        if (DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant.AddTicks(-(instant.Ticks % TimeSpan.TicksPerMillisecond));
        }

        Refuse("instant.invalid", $"{pointer}/{name}", Shorten(text));
        return null;
    }

    /// <summary>A list of texts, each as <paramref name="read"/> makes of it; what it makes nothing of is left out.</summary>
    public IReadOnlyList<T> Texts<T>(Dictionary<string, JsonElement> members, string name, int most, Func<string, string, T?> read)
        where T : struct
    {
        var found = new List<T>();
        foreach (var (item, pointer) in Items(members, name, most))
        {
            var at = pointer[(name.Length + 2)..];
            if (Text(new Dictionary<string, JsonElement>(StringComparer.Ordinal) { [at] = item }, at, "/" + name, 100) is { } text
                && read(text, pointer) is { } value)
            {
                found.Add(value);
            }
        }

        return found;
    }

    public bool? Flag(Dictionary<string, JsonElement> members, string name, string pointer)
    {
        if (!members.TryGetValue(name, out var element))
        {
            return null;
        }

        if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse("json.wrongType", $"{pointer}/{name}", Shown(element), "boolean");
            return null;
        }

        return element.GetBoolean();
    }

    public T? Word<T>(Dictionary<string, JsonElement> members, string name, string pointer, bool required = false)
        where T : struct, Enum
    {
        var refused = Refusals.Count;
        var text = Text(members, name, pointer, 100, required);
        if (text is null)
        {
            return null;
        }

        if (Words.Parse<T>(text) is { } word)
        {
            return word;
        }

        if (Refusals.Count == refused)
        {
            Refuse("json.oneOf", $"{pointer}/{name}", Shorten(text), Words.List<T>());
        }

        return null;
    }

    /// <summary>A code looked up; refused where there is none such.</summary>
    public T? Known<T>(
        Dictionary<string, JsonElement> members, string name, Func<string, T?> find, string code, string pointer = "", bool required = false)
        where T : class
    {
        var text = Text(members, name, pointer, 60, required);
        var found = text is null ? null : find(text);
        if (text is not null && found is null)
        {
            Refuse(code, $"{pointer}/{name}", text, text);
        }

        return found;
    }

    private static string Escape(string name) => Shorten(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];

    // What was sent is shown back where it is short, and never where it is a whole structure.
    internal static object? Shown(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => Shorten(element.GetString()!),
                JsonValueKind.Number => Shorten(element.GetRawText()),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>Enum members as the wire spells them.</summary>
internal static class Words
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static string List<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(Of));

    public static T? Parse<T>(string text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (Of(value) == text)
            {
                return value;
            }
        }

        return null;
    }
}
