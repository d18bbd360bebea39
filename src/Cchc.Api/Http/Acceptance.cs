using Microsoft.Net.Http.Headers;

namespace Cchc.Api.Http;

internal static class Acceptance
{
    /// <summary>The first form that the client accepts, the most wanted first (RFC 9110, 12.5.1); the first of all where it does not say.</summary>
    /// <exception cref="ProblemException">406 where it accepts none.</exception>
    public static T Of<T>(HttpRequest request, IReadOnlyList<(string Type, T Form)> forms)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (accepted is null or { Count: 0 })
        {
            return forms[0].Form;
        }

        foreach (var wanted in accepted.Where(each => each.Quality is not 0).OrderByDescending(each => each, MediaTypeHeaderValueComparer.QualityComparer))
        {
            foreach (var (type, form) in forms)
            {
                if (wanted.MatchesMediaType(type))
                {
                    return form;
                }
            }
        }

        throw new ProblemException("request.notAcceptable", string.Join(", ", forms.Select(each => each.Type)));
    }
}
