namespace Cchc.Api.Http;

/// <summary>Reads request bodies, and tells one that ends early or cannot be decoded from a failure of the server.</summary>
internal static class RequestBody
{
    /// <summary>
    /// How much of a refused body the server still reads, for at most five seconds (Kestrel's own limit), so that a client which sends
    /// everything before it reads sees the response and not a broken connection.
    /// </summary>
    public const long MaxDrainedBytes = 64 * 1024 * 1024;

    /// <summary>The whole body.</summary>
    /// <exception cref="ProblemException">413 where it is longer than <paramref name="maxBytes"/>, 400 where it is incomplete.</exception>
    public static async Task<byte[]> ReadAllAsync(HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        if (request.ContentLength > maxBytes)
        {
            throw new ProblemException("request.tooLarge", maxBytes);
        }

        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await ReadAsync(() => request.Body.ReadAsync(buffer, cancellation).AsTask()) is > 0 and var read)
        {
            all.Write(buffer, 0, read);
            if (all.Length > maxBytes)
            {
                throw new ProblemException("request.tooLarge", maxBytes);
            }
        }

        return all.ToArray();
    }

    /// <summary>One read of the body, by whatever decodes it.</summary>
    /// <exception cref="ProblemException">400 where the body is incomplete or corrupt.</exception>
    public static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException
            || exception is IOException and not BadHttpRequestException)
        {
            throw new ProblemException("request.incomplete");
        }
    }
}
