using System.Text;
using System.Text.Json.Nodes;

namespace Cchc.Api.Tests.Support;

/// <summary>What a hostile or broken client puts in place of a value: the edges of types, of dates and of text, and plain damage.</summary>
internal static class Noise
{
    // Raw JSON, so that it also holds what no serializer writes.
    private static readonly string[] JsonValues =
    [
        "null", "true", "0", "-1", "1.5", "-0", "1e400", "1e-7", "99999999999", "100000000000", "9223372036854775808", "00", "NaN", "[]",
        "{}", "[null]",
        "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"e\\u0301\"", "\"\\ud83d\\ude00\"", "\"a/b\"", "\"a b\"",
        "\"../x\"", "\"%2F\"",
        "\"9999-12-31\"", "\"0001-01-01\"", "\"2022-02-30\"", "\"2024-02-29\"", "\"9999-12-31T23:59:59.9999999+14:00\"",
        "\"0001-01-01T00:00:00-14:00\"",
        "\"SNV\"", "\"D474\"", "\"II.3.a\"", "\"2022-H1\"", "\"cchc-2022\"", "\"approved\"", "\"ratio\"",
        "\"'; DROP TABLE reports; --\"", "\"unclosed",
        "{\"a\":1,\"a\":2}", "[[[[[[]]]]]]",
    ];

    private static readonly string[] Texts =
    [
        "", " ", "0", "-1", "1", "1.5", "+1", "٣", "99999999999999999999", "1e309", "NaN", "null", "true", "TRUE", "%0A",
        "%0D%0Ax:y", "%zz", "%", "%ED%A0%80", "%FF",
        "%F0%9F%98%80", "e%CC%81", "İ", "%E1%BA%BF", "..", "../..", "%2e%2e%2f", "%2F", "//", "a%2Fb", "a%20b", "*", "'", "%22", "<",
        "%3Cscript%3E", ",", ",,", "a,b,,c", "all",
        "9999-12-31", "0001-01-01", "2022-02-30", "2024-02-29", "9999-12-31T23:59:59.9999999%2B14:00", "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "2022-06-20T00:00:00%2B07:00", "2022-06-20", "2022-13-01", "MTIz", "////", "cchc-2022", "CCHC-2022", "SNV", "TTH", "II.3.a",
        "2022-H1", "published", "-unit", "unit,-completion",
    ];

    private static readonly string[] Headers =
    [
        "", " ", "*", "\"\"", "\"r1\"", "W/\"r1\"", "\"r1\", \"r2\"", "r1", "\"", ",", "bytes=0-", "bytes=0-9", "bytes=-0", "bytes=9-1",
        "items=0-1", "gzip", "br;q=0, *", "identity;q=0",
        "x;q=2", "text/csv", "application/json", "application/x-ndjson", "image/png", "image/*;q=0.5", "*/*;q=0", "nonsense", "a/b/c",
        "vi", "en;q=0", "en,vi;q=NaN", "respond-async", "wait=0",
        "return=minimal, respond-async", "12", "-1", "99999999999999999999", "Bearer", "Bearer x", "Basic eDp5", "2022",
        "Sat, 18 Jun 2022 02:00:00 GMT", "https://portal.example", "null", "\u00e9", "a\tb",
    ];

    private const string Marks = "\",;\t\n\r'=@+-\0 |.0%\u1ebf\ufeff";

    public static T Pick<T>(this Random random, IReadOnlyList<T> all) => all[random.Next(all.Count)];

    public static bool Chance(this Random random, double share) => random.NextDouble() < share;

    /// <summary>A value for a path or a query, coded as it goes over the wire, not always well.</summary>
    public static string Value(Random random) => random.Chance(0.03) ? new string('a', random.Next(200, 5000)) : random.Pick(Texts);

    public static string Header(Random random) => random.Chance(0.03) ? new string('x', random.Next(200, 5000)) : random.Pick(Headers);

    /// <summary>JSON with some of its parts replaced, left out or added.</summary>
    public static string Json(Random random, JsonNode? document)
    {
        var root = new JsonObject { ["root"] = document?.DeepClone() };
        var raw = new List<string>();
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var parts = Parts(root).Where(part => part.Parent != root || document is not JsonObject || random.Chance(0.1)).ToList();
            if (parts.Count == 0)
            {
                break;
            }

            var (parent, name, index) = random.Pick(parts);
            switch (random.Next(6))
            {
                case 0 when parent is JsonObject members && parent != root:
                    members.Remove(name!);
                    break;
                case 1 when parent is JsonArray items:
                    items.RemoveAt(index);
                    break;
                case 2 when parent is JsonArray items:
                    items.Add(items[index]?.DeepClone());
                    break;
                case 3 when parent is JsonObject members && parent != root:
                    members[random.Pick(["x", "", "Target", "$ref", "\u0000", "unit"])] = members[name!]?.DeepClone();
                    break;
                default:
                    raw.Add(random.Chance(0.04) ? $"\"{new string('\u1ebf', random.Next(1_000, 20_000))}\""
                        : random.Chance(0.03) ? Nested(random) : random.Pick(JsonValues));
                    var mark = JsonValue.Create($"@raw{raw.Count - 1}@");
                    if (parent is JsonArray list)
                    {
                        list[index] = mark;
                    }
                    else
                    {
                        ((JsonObject)parent)[name!] = mark;
                    }

                    break;
            }
        }

        var text = root["root"]?.ToJsonString() ?? "null";
        for (var index = 0; index < raw.Count; index++)
        {
            text = text.Replace($"\"@raw{index}@\"", raw[index], StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>Text with characters put in, taken out or repeated.</summary>
    public static string Text(Random random, string text)
    {
        var result = new StringBuilder(text);
        for (var count = random.Next(1, 5); count > 0 && result.Length > 0; count--)
        {
            var at = random.Next(result.Length);
            switch (random.Next(4))
            {
                case 0:
                    result.Remove(at, Math.Min(random.Next(1, 12), result.Length - at));
                    break;
                case 1:
                    result[at] = Marks[random.Next(Marks.Length)];
                    break;
                case 2:
                    result.Insert(at, Uri.UnescapeDataString(random.Pick(Texts)));
                    break;
                default:
                    result.Insert(at, Marks[random.Next(Marks.Length)]);
                    break;
            }
        }

        return result.ToString();
    }

    /// <summary>Bytes of which some are changed, or the end cut off.</summary>
    public static byte[] Bytes(Random random, byte[] bytes)
    {
        var result = bytes[..(random.Chance(0.3) ? random.Next(bytes.Length + 1) : bytes.Length)];
        for (var count = random.Next(0, 4); count > 0 && result.Length > 0; count--)
        {
            result[random.Next(result.Length)] = (byte)random.Next(256);
        }

        return result;
    }

    private static string Nested(Random random)
    {
        var depth = random.Next(10, 300);
        return random.Chance(0.5) ? new string('[', depth) + new string(']', depth)
            : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
    }

    private static IEnumerable<(JsonNode Parent, string? Name, int Index)> Parts(JsonNode node)
    {
        switch (node)
        {
            case JsonObject members:
                return members.SelectMany(
                    member => (member.Value is null ? [] : Parts(member.Value)).Prepend((node, (string?)member.Key, -1)));
            case JsonArray items:
                return items.SelectMany((item, index) => (item is null ? [] : Parts(item)).Prepend((node, (string?)null, index)));
            default:
                return [];
        }
    }
}
