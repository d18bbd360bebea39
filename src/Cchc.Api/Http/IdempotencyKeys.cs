namespace Cchc.Api.Http;

/// <summary>The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header).</summary>
internal static class IdempotencyKeys
{
    public static readonly Parameter Parameter =
        new("Idempotency-Key", "Repeating the request with the same key within 24 hours does nothing twice", "6f1c2e", Header: true);

    /// <summary>The key; null where none is given.</summary>
    /// <exception cref="ProblemException">400 where it is too long or not ASCII.</exception>
    public static string? Of(HttpRequest request)
    {
        var key = request.Headers["Idempotency-Key"].ToString();
        return key.Length > 255 || key.Any(c => c is < ' ' or > '~') ? throw new ProblemException("idempotency.invalid")
            : key.Length == 0 ? null : key;
    }
}
