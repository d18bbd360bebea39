namespace Cchc.Api.Http;

/// <summary>The beginning of a text that a client sent, to be shown in a refusal.</summary>
internal static class Excerpt
{
    public const int MaxLength = 200;

    /// <summary>The text itself, or its beginning and an ellipsis: at most <see cref="MaxLength"/> characters, no pair of surrogates divided.</summary>
    public static string Of(string text) => text.Length <= MaxLength ? text
        : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[MaxLength - 2]) ? MaxLength - 2 : MaxLength - 1), "…");
}
