using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cchc.Api.Data;

namespace Cchc.Api.Http;

/// <summary>A page of a list.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }

    /// <summary>Give it as <c>cursor</c> for what follows; null at the end.</summary>
    public required string? NextCursor { get; init; }

    /// <summary>
    /// Cuts a page out of a list, after the item whose key the cursor holds; where that item is gone, after where it stood.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="all">The whole list.</param>
    /// <param name="key">What tells items apart, and sorts them by the code points of its text as the list is sorted.</param>
    /// <param name="show">What the page shows of an item.</param>
    /// <param name="limit">Items in a page.</param>
    /// <param name="after">The cursor; null for the first page.</param>
    internal static Page<T> Cut<TSource>(
        HttpContext context, IReadOnlyList<TSource> all, Func<TSource, PageKey> key, Func<TSource, T> show, int limit, string? after)
    {
        IEnumerable<TSource> rest = all;
        if (after is not null)
        {
            var last = PageKey.Parse(after)
                ?? throw ProblemException.Of([new Refusal("cursor.invalid", null, null) { Parameter = "cursor" }]);
            var start = all.TakeWhile(item => key(item).Id != last.Id).Count() + 1;
            rest = start <= all.Count ? all.Skip(start) : all.SkipWhile(item => key(item).CompareTo(last) <= 0);
        }

        return Begin(context, [.. rest.Take(limit + 1)], item => key(item).ToString(), show, limit);
    }

    /// <summary>A page of what begins a list; more than the page holds tells that it goes on.</summary>
    internal static Page<T> Begin<TSource>(
        HttpContext context, IReadOnlyList<TSource> rest, Func<TSource, string> key, Func<TSource, T> show, int limit)
    {
        var items = rest.Take(limit).ToList();
        var next = items.Count < rest.Count
            ? System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key(items[^1])))
            : null;
        if (next is not null)
        {
            var query = context.Request.Query.Where(each => each.Key != "cursor")
                .Select(each => KeyValuePair.Create(each.Key, (string?)each.Value)).Append(KeyValuePair.Create("cursor", (string?)next));
            context.Response.Headers.Link = $"<{context.Request.Path}{QueryString.Create(query)}>; rel=\"next\"";
        }

        return new Page<T> { Items = [.. items.Select(show)], NextCursor = next };
    }
}

/// <summary>What tells of figures that they may have been overtaken; absent while the database can be asked.</summary>
public abstract record DatedAnswer
{
    /// <summary>Whether these are the last figures known, since the database is away.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [JsonPropertyOrder(-1)]
    public bool Stale { get; init; }

    /// <summary>The moment up to which nothing is missing in them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyOrder(-1)]
    public DateTimeOffset? StaleSince { get; init; }
}

/// <summary>Answers reads: a known ETag gets 304 before anything is computed. What is public, <see cref="PublicCache"/> then keeps.</summary>
internal static class Answers
{
    /// <summary>A shared cache may reuse a response for one second. A browser revalidates it each time.</summary>
    public const string Public = "public, max-age=0, s-maxage=1, must-revalidate";

    /// <summary>
    /// What goes with <see cref="Public"/> to gateways that know the header (RFC 9213). Browsers ignore it; in Cache-Control they would apply
    /// stale-while-revalidate to their own cache and show figures that were replaced.
    /// </summary>
    public const string PublicToGateways = "max-age=1, stale-while-revalidate=10";

    public const string Private = "private, no-cache";

    /// <summary>For what names its own host or path prefix. <see cref="PublicCache"/>, which knows paths alone, does not keep it.</summary>
    public const string Revalidated = "public, no-cache";

    private const string Varying = "Authorization, Accept-Encoding";

    private const string JsonType = "application/json; charset=utf-8";

    private const string Immutable = "public, max-age=86400, immutable";

    /// <param name="context">The request.</param>
    /// <param name="version">What the answer is a pure function of, beside its address.</param>
    /// <param name="isPrivate">Whether shared caches must keep out.</param>
    /// <param name="compute">Computes the answer where it is not at hand.</param>
    public static async Task WriteAsync<T>(HttpContext context, string version, bool isPrivate, Func<Task<T>> compute)
    {
        var stale = StaleOf(context);
        var mark = typeof(T).IsAssignableTo(typeof(DatedAnswer)) ? stale?.Mark : null;
        if (IsKnown(context, version + mark, isPrivate ? Private : Public))
        {
            return;
        }

        await (isPrivate ? SendComputedAsync() : PublicCache.OnceAsync(context, SendComputedAsync));

        async Task SendComputedAsync() => await SendAsync(
            context, JsonSerializer.SerializeToUtf8Bytes(Date(await compute(), stale), Json.Options), JsonType);
    }

    /// <summary>
    /// Since when the database cannot be asked; null while it can. What is answered from memory then tells its age (RFC 9111, 5.1), which
    /// makes every other cache ask again.
    /// </summary>
    public static Staleness? StaleOf(HttpContext context)
    {
        var services = context.RequestServices;
        var stale = services.GetRequiredService<DataVersions>().Stale;
        if (stale is not null)
        {
            TellAge(context, stale, services.GetRequiredService<TimeProvider>());
        }

        return stale;
    }

    public static void TellAge(HttpContext context, Staleness stale, TimeProvider time) => context.Response.Headers.Age =
        Math.Max(0, (long)(time.GetUtcNow() - stale.Since).TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Figures that say of themselves that they may have been overtaken, where they may.</summary>
    public static T Date<T>(T answer, Staleness? stale) => stale is not null && answer is DatedAnswer figures
        ? (T)(object)(figures with { Stale = true, StaleSince = stale.Since }) : answer;

    /// <summary>
    /// Tags what is computed, and says 304 where the client holds it. A form beside JSON, and a coding, are representations of their own, which
    /// a strong tag must tell apart (RFC 9110, 8.8.3.3); so is what another build makes of the same data.
    /// </summary>
    public static bool IsKnown(HttpContext context, string version, string cacheControl) =>
        IsKnownAs(context, $"{Build.Of(context, version)}.{AddressOf(context.Request)}", cacheControl);

    // Two addresses never share a tag: filters, the language and the page are part of the query.
    private static string AddressOf(HttpRequest request) => Hash(Encoding.UTF8.GetBytes($"{request.Path}{request.QueryString}"));

    /// <summary>Sets the caching headers. A response to a request with a credential is private.</summary>
    public static void SetCacheControl(HttpContext context, string cacheControl)
    {
        var isPublic = cacheControl == Public && context.Request.Headers.Authorization.Count == 0;
        context.Response.Headers.CacheControl = cacheControl == Public && !isPublic ? Private : cacheControl;
        if (isPublic)
        {
            context.Response.Headers["CDN-Cache-Control"] = PublicToGateways;
        }
    }

    /// <summary>Writes JSON of a kind of its own that speaks of the host it was asked at, which nobody else's answer must say.</summary>
    public static async Task WriteAsAsync(HttpContext context, string version, string contentType, Func<System.Text.Json.Nodes.JsonNode> compute)
    {
        context.Response.Headers.Vary = "Host";
        if (!IsKnown(context, version, Revalidated))
        {
            await SendAsync(context, JsonSerializer.SerializeToUtf8Bytes(compute(), Json.Options), contentType);
        }
    }

    /// <summary>Writes a text that never changes, tagged with its hash.</summary>
    public static Task WriteTextAsync(HttpContext context, string sha256, string json)
    {
        if (IsKnownAs(context, sha256, Immutable))
        {
            return Task.CompletedTask;
        }

        return SendAsync(context, Encoding.UTF8.GetBytes(json), JsonType);
    }

    /// <summary>
    /// Writes a response for this caller alone. Its ETag is a hash of the body, so that two bodies never share one: what the caller may
    /// do, the language and the day are part of a body. The version before it is what <c>If-Match</c> compares
    /// (<see cref="Preconditions.MatchesStrongly"/>).
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status of the response.</param>
    /// <param name="value">The body.</param>
    /// <param name="version">The version of the resource as an ETag; null where the hash of the body serves as its version.</param>
    public static async Task WriteOwnAsync<T>(HttpContext context, int status, T value, string? version = null)
    {
        context.Response.Headers.Vary = "Accept-Language";
        var body = JsonSerializer.SerializeToUtf8Bytes(value, Json.Options);
        if (!IsKnownAs(context, version is null ? Hash(body) : $"{version.Trim('"')}{Preconditions.EndOfVersion}{Hash(body)}", Private))
        {
            context.Response.StatusCode = status;
            await SendAsync(context, body, JsonType);
        }
    }

    /// <summary>The ETag of a resource whose version is the hash of its representation.</summary>
    public static string TagOf<T>(T answer) => $"\"{Hash(JsonSerializer.SerializeToUtf8Bytes(answer, Json.Options))}\"";

    private static string Hash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 8));

    /// <summary>Writes what came of a request that nobody asks for again.</summary>
    public static Task WriteUncachedAsync<T>(HttpContext context, int status, T value)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(value, Json.Options, JsonType, context.RequestAborted);
    }

    public static Task WriteUncachedTextAsync(HttpContext context, string json)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = JsonType;
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>Sends bytes in the coding that the client takes, or the part of them that it asks for (RFC 9110, 14).</summary>
    public static async Task SendAsync(HttpContext context, byte[] body, string contentType)
    {
        if (RangeRequests.PartOf(context, body.Length) is var (first, last))
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.ContentType = contentType;
            context.Response.ContentLength = last - first + 1;
            await context.Response.Body.WriteAsync(body.AsMemory(first, last - first + 1), context.RequestAborted);
            return;
        }

        using var coded = new MemoryStream();
        await using (var coding = Codings.Open(context, coded))
        {
            await coding.WriteAsync(body, context.RequestAborted);
        }

        body = context.Response.Headers.ContentEncoding.Count > 0 ? coded.ToArray() : body;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        PublicCache.Keep(context, body);
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    // By a tag that no build changes: a document's own version, which a client gives as If-Match, or a hash.
    private static bool IsKnownAs(HttpContext context, string tag, string cacheControl)
    {
        var headers = context.Response.Headers;
        var etag = Codings.Tag(context, tag);
        headers.ETag = etag;
        SetCacheControl(context, cacheControl);
        headers.Vary = headers.Vary.Count > 0 ? $"{headers.Vary}, {Varying}" : Varying;
        if (HttpMethods.IsGet(context.Request.Method) && Preconditions.IsKnown(context.Request, etag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return true;
        }

        return false;
    }
}

internal static class Preconditions
{
    /// <summary>Separates the version of a resource from the hash of one representation of it in an ETag.</summary>
    public const char EndOfVersion = '.';

    /// <summary>Whether the client of a GET holds the representation with this tag, and gets 304 (RFC 9110, 13.2.2).</summary>
    /// <exception cref="ProblemException">412 where If-Match asks for another one.</exception>
    public static bool IsKnown(HttpRequest request, string etag) =>
        request.Headers.IfMatch.Count > 0 && !Tags(request.Headers.IfMatch).Intersect(["*", etag]).Any()
            ? throw new ProblemException("precondition.failed", etag) : Matches(request.Headers.IfNoneMatch, etag);

    /// <summary>
    /// Whether If-Match names the current version. A weak ETag never matches (RFC 9110, 13.1.1). The version alone is compared: what a
    /// client read in another language, or on another day, it may replace.
    /// </summary>
    public static bool MatchesStrongly(Microsoft.Extensions.Primitives.StringValues header, string etag) =>
        Tags(header).Any(tag => tag == "*" || VersionOf(tag) == etag);

    /// <summary>
    /// Whether If-None-Match of a write names the current version. Weak ETags compare by their opaque part (RFC 9110, 13.1.2): a gateway
    /// may have weakened them.
    /// </summary>
    public static bool MatchesWeakly(Microsoft.Extensions.Primitives.StringValues header, string etag) =>
        MatchesStrongly(header.ToString().Replace("W/\"", "\"", StringComparison.Ordinal), etag);

    /// <summary>Requires an If-Match that names the current version.</summary>
    /// <exception cref="ProblemException">428 without If-Match, 412 with one that does not name it.</exception>
    public static void Require(HttpRequest request, string etag)
    {
        if (request.Headers.IfMatch.Count == 0)
        {
            throw new ProblemException("precondition.required");
        }

        if (!MatchesStrongly(request.Headers.IfMatch, etag))
        {
            throw new ProblemException("precondition.failed", etag);
        }
    }

    private static string VersionOf(string tag) =>
        tag.IndexOf(EndOfVersion) is >= 0 and var end ? $"{tag[..end]}\"" : Codings.Bare(tag);

    /// <summary>Whether a list of ETags, or *, names this one. Weak tags compare by their opaque part (RFC 9110, 8.8.3.2).</summary>
    public static bool Matches(Microsoft.Extensions.Primitives.StringValues header, string etag)
    {
        foreach (var value in header)
        {
            foreach (var tag in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (tag == "*" || tag == etag || (tag.StartsWith("W/", StringComparison.Ordinal) && tag[2..] == etag))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static IEnumerable<string> Tags(Microsoft.Extensions.Primitives.StringValues header) =>
        header.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries));
}
