using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;

namespace Cchc.Api.Http;

/// <summary>A page of a list.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }

    /// <summary>Give it as <c>cursor</c> for what follows; null at the end.</summary>
    public required string? NextCursor { get; init; }

    /// <summary>Cuts a page out of a list, after the item whose key the cursor holds.</summary>
    internal static Page<T> Cut<TSource>(
        HttpContext context, IReadOnlyList<TSource> all, Func<TSource, string> key, Func<TSource, T> show, int limit, string? after)
    {
        var start = 0;
        if (after is not null)
        {
            start = all.TakeWhile(item => key(item) != after).Count() + 1;
            if (start > all.Count)
            {
                throw ProblemException.Of([new Refusal("cursor.invalid", null, null) { Parameter = "cursor" }]);
            }
        }

        return Begin(context, [.. all.Skip(start).Take(limit + 1)], key, show, limit);
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
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}{QueryString.Create(query)}>; rel=\"next\"";
        }

        return new Page<T> { Items = [.. items.Select(show)], NextCursor = next };
    }
}

/// <summary>
/// Answers reads: a known ETag gets 304 before anything is computed, and an answer once written is kept by its version and address.
/// </summary>
internal sealed class Answers : IDisposable
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = 64 * 1024 * 1024 });

    /// <param name="context">The request.</param>
    /// <param name="version">What the answer is a pure function of, beside its address.</param>
    /// <param name="isPrivate">Whether shared caches must keep out.</param>
    /// <param name="compute">Computes the answer where it is not at hand.</param>
    public async Task WriteAsync<T>(HttpContext context, string version, bool isPrivate, Func<Task<T>> compute)
    {
        var request = context.Request;
        var response = context.Response;
        var etag = $"\"{version}\"";
        response.Headers.ETag = etag;
        response.Headers.CacheControl = isPrivate ? "private, no-cache" : "public, no-cache";
        response.Headers.Vary = "Authorization";
        if (Preconditions.Matches(request.Headers.IfNoneMatch, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var key = (version, request.Path.Value, request.QueryString.Value);
        if (!_cache.TryGetValue(key, out Kept? kept))
        {
            var value = await compute();
            kept = new Kept(JsonSerializer.SerializeToUtf8Bytes(value, Json.Options), response.Headers.Link);
            _cache.Set(key, kept, new MemoryCacheEntryOptions { Size = kept.Body.Length + 256, SlidingExpiration = TimeSpan.FromMinutes(10) });
        }

        response.Headers.Link = kept!.Link;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = kept.Body.Length;
        await response.Body.WriteAsync(kept.Body, context.RequestAborted);
    }

    /// <summary>Writes a text that never changes, tagged with its hash.</summary>
    public static Task WriteTextAsync(HttpContext context, string sha256, string json)
    {
        context.Response.Headers.ETag = $"\"{sha256}\"";
        context.Response.Headers.CacheControl = "public, no-cache";
        context.Response.Headers.Vary = "Authorization";
        if (HttpMethods.IsGet(context.Request.Method) && Preconditions.Matches(context.Request.Headers.IfNoneMatch, $"\"{sha256}\""))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>Writes what only this caller may see, tagged with a version of its own.</summary>
    public static async Task WriteOwnAsync<T>(HttpContext context, string etag, int status, T value)
    {
        var response = context.Response;
        response.Headers.ETag = etag;
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.Vary = "Authorization, Accept-Language";
        if (HttpMethods.IsGet(context.Request.Method) && Preconditions.Matches(context.Request.Headers.IfNoneMatch, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.StatusCode = status;
        await response.WriteAsJsonAsync(value, Json.Options, "application/json; charset=utf-8", context.RequestAborted);
    }

    /// <summary>Writes what came of a request that nobody asks for again.</summary>
    public static Task WriteUncachedAsync<T>(HttpContext context, int status, T value)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(value, Json.Options, "application/json; charset=utf-8", context.RequestAborted);
    }

    public static Task WriteUncachedTextAsync(HttpContext context, string json)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    public void Dispose() => _cache.Dispose();

    private sealed record Kept(byte[] Body, Microsoft.Extensions.Primitives.StringValues Link);
}

internal static class Preconditions
{
    /// <summary>As If-Match compares: a weak tag never matches (RFC 9110, 13.1.1).</summary>
    public static bool MatchesStrongly(Microsoft.Extensions.Primitives.StringValues header, string etag) =>
        header.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).Any(tag => tag == "*" || tag == etag);

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
}
