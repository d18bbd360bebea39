using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Cchc.Domain.Reports;

namespace Cchc.Api.Http;

/// <summary>
/// Reads a JSON body member by member and gathers every refusal with its pointer, where a serializer would stop at the first.
/// </summary>
internal sealed class JsonInput
{
    public const int MaxBytes = 1024 * 1024;
    public const long MaxCount = ValueRules.MaxCount;

    private const int MaxDepth = 16;

    private readonly HashSet<string> _nulls = new(StringComparer.Ordinal);

    public RefusalList Refusals { get; } = new();

    /// <summary>The body as a document; null where there is none and that is allowed.</summary>
    /// <exception cref="ProblemException">413, 415, or 400 where it is not JSON.</exception>
    public static async Task<JsonDocument?> ReadAsync(HttpRequest request, bool optional, CancellationToken cancellation)
    {
        var bytes = await RequestBody.ReadAllAsync(request, MaxBytes, cancellation);
        if (bytes.Length == 0 && optional)
        {
            return null;
        }

        var charset = request.GetTypedHeaders().ContentType?.Charset.Value;
        var isUtf8 = charset is null || charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        if (!request.HasJsonContentType() || !isUtf8 || request.Headers.ContentEncoding.Count > 0)
        {
            throw new ProblemException("request.mediaType");
        }

        var document = Parse(bytes.AsMemory(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0));
        if (!optional || document.RootElement.ValueKind != JsonValueKind.Null)
        {
            return document;
        }

        // Some clients always send a body.
        document.Dispose();
        return null;
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw ProblemException.Of([new Refusal("json.notUtf8", "", null)]);
        }

        try
        {
            if (MayHoldSurrogates(json.Span))
            {
                using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
                if (FindLoneSurrogate(document.RootElement) is { } pointer)
                {
                    throw ProblemException.Of([new Refusal("text.surrogate", pointer, null)]);
                }
            }

            return JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
        }
        catch (JsonException exception)
        {
            throw ProblemException.Of([new Refusal("json.malformed", "", null, [.. PlaceOf(exception)])]);
        }
    }

    /// <summary>The arguments of <c>json.malformed</c>: line and byte, both from 1, and the parser's own words, which are English.</summary>
    internal static string[] PlaceOf(JsonException fault) =>
    [
        ((fault.LineNumber ?? 0) + 1).ToString(CultureInfo.InvariantCulture),
        ((fault.BytePositionInLine ?? 0) + 1).ToString(CultureInfo.InvariantCulture), fault.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0],
    ];

    /// <summary>Whether every name and text of an element is Unicode text: valid UTF-8 without lone surrogates.</summary>
    internal static bool IsUnicode(JsonElement element)
    {
        var json = JsonMarshal.GetRawUtf8Value(element);
        return Utf8.IsValid(json) && (!MayHoldSurrogates(json) || FindLoneSurrogate(element) is null);
    }

    private static bool MayHoldSurrogates(ReadOnlySpan<byte> json) => json.IndexOf(@"\ud"u8) >= 0 || json.IndexOf(@"\uD"u8) >= 0;

    // The pointer to the first; a name is reported by the pointer of its object.
    private static string? FindLoneSurrogate(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return TextOf(element.GetString) is null ? "" : null;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select((item, index) => FindLoneSurrogate(item) is { } at ? $"/{index}{at}" : null)
                    .FirstOrDefault(found => found is not null);
            case JsonValueKind.Object:
                return element.EnumerateObject()
                    .Select(member => TextOf(() => member.Name) is not { } name ? ""
                        : FindLoneSurrogate(member.Value) is { } at ? $"/{Escape(name)}{at}" : null)
                    .FirstOrDefault(found => found is not null);
            default:
                return null;
        }

        static string? TextOf(Func<string?> read)
        {
            try
            {
                return read();
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }

    public void Refuse(string code, string pointer, object? value, params object?[] arguments) =>
        Refusals.Add(new Refusal(code, pointer, value, arguments));

    /// <summary>
    /// The members of an object, each of which must be one of those named. A null counts as not given;
    /// <see cref="Items"/> still knows of it.
    /// </summary>
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
            var name = property.Name;
            if (!allowed.Contains(name))
            {
                Refuse("json.unknownMember", $"{pointer}/{Escape(name)}", Shown(property.Value), Excerpt.Of(name));
            }
            else if (property.Value.ValueKind == JsonValueKind.Null)
            {
                _nulls.Add($"{pointer}/{name}");
            }
            else
            {
                members[name] = property.Value;
            }
        }

        return members;
    }

    /// <summary>The items of an array; none where it is not given. A null is refused unless <paramref name="mayBeNull"/>.</summary>
    public IEnumerable<(JsonElement Element, string Pointer)> Items(
        Dictionary<string, JsonElement> members, string name, int most, string parent = "", bool mayBeNull = false)
    {
        if (!members.TryGetValue(name, out var array))
        {
            if (!mayBeNull && _nulls.Contains($"{parent}/{name}"))
            {
                Refuse("json.wrongType", $"{parent}/{name}", null, "array");
            }

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

        var text = element.GetString()!.Normalize(NormalizationForm.FormC);
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

        Refuse("date.invalid", $"{pointer}/{name}", Excerpt.Of(text));
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

        Refuse("instant.invalid", $"{pointer}/{name}", Excerpt.Of(text));
        return null;
    }

    /// <summary>
    /// A list of texts, each as <paramref name="read"/> makes of it; what it makes nothing of is left out. A null counts as not given.
    /// </summary>
    public IReadOnlyList<T> Texts<T>(Dictionary<string, JsonElement> members, string name, int most, Func<string, string, T?> read)
        where T : struct
    {
        var found = new List<T>();
        foreach (var (item, pointer) in Items(members, name, most, mayBeNull: true))
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
            Refuse("json.oneOf", $"{pointer}/{name}", Excerpt.Of(text), Words.List<T>());
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

    private static string Escape(string name) =>
        Excerpt.Of(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    // What was sent is shown back where it is short, and never where it is a whole structure.
    internal static object? Shown(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => Excerpt.Of(element.GetString()!),
        JsonValueKind.Number => Excerpt.Of(element.GetRawText()),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
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
