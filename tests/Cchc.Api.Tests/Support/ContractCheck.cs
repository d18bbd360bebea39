using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cchc.Api.Tests.Contract;

namespace Cchc.Api.Tests.Support;

/// <summary>
/// Holds every answer that a test gets against the committed contract: its status and its headers are described, and no header is missing
/// that always comes.
/// </summary>
internal sealed partial class ContractCheck : DelegatingHandler
{
    // Those that a client acts upon; what browsers and caches alone heed is left out.
    private static readonly string[] Relevant =
    [
        "Accept-Ranges", "Age", "Allow", "api-deprecated-versions", "api-supported-versions", "Cache-Control", "Content-Disposition", "Content-Language",
        "Content-Location", "Deprecation", "ETag", "Expires", "Last-Modified", "Link", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy",
        "Data-Version", "Retry-After", "Sunset", "traceparent", "Warning", "WWW-Authenticate",
    ];

    // Of every resource by HTTP itself: what a method or a part is that it has not.
    private static readonly int[] Undescribed = [206, 416];

    // A GET with If-Match, which is no parameter of any.
    private const int PreconditionFailed = 412;

    private static readonly Lazy<JsonNode> Committed = new(() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(ContractTests.Root(), "openapi", "v1.json")))!);

    private static readonly Lazy<(Regex Path, string Template, JsonNode Item)[]> Paths = new(() =>
    [
        .. Committed.Value["paths"]!.AsObject().OrderBy(path => path.Key.Count(c => c == '{')).Select(path => (
            new Regex($"^{Hole().Replace(path.Key, "[^/]+")}/?$", RegexOptions.IgnoreCase), path.Key, path.Value!)),
    ]);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);

        // What is recorded anew is not yet committed.
        if (Environment.GetEnvironmentVariable("CCHC_UPDATE_CONTRACT") != "1")
        {
            var headers = response.Headers.Concat(response.Content.Headers).Select(header => header.Key);
            Check(request.Method.Method, request.RequestUri!.AbsolutePath, (int)response.StatusCode, headers);
        }

        return response;
    }

    /// <summary>Fails where an answer is not as it is described; what is no operation of the contract is let be.</summary>
    internal static void Check(string method, string path, int status, IEnumerable<string> headers)
    {
        var (_, template, item) = Array.Find(Paths.Value, each => each.Path.IsMatch(path));
        if (item?[method == "HEAD" ? "get" : method.ToLowerInvariant()] is not { } operation || Array.IndexOf(Undescribed, status) >= 0
            || (method is "GET" or "HEAD" && status == PreconditionFailed))
        {
            return;
        }

        var told = $"{method} {template} {status}";
        var response = operation["responses"]![$"{status}"];
        Assert.True(response is not null, $"{told} is not described.");
        var described = response["headers"]!.AsObject().ToDictionary(
            header => header.Key, header => Committed.Value["components"]!["headers"]![((string)header.Value!["$ref"]!).Split('/')[^1]]!,
            StringComparer.OrdinalIgnoreCase);
        var sent = headers.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var undescribed = Relevant.Where(name => sent.Contains(name) && !described.ContainsKey(name)).ToList();
        Assert.True(undescribed.Count == 0, $"{told} carries {string.Join(", ", undescribed)}, which is not described.");
        var missing = described.Where(header => (bool?)header.Value["required"] == true && !sent.Contains(header.Key)).Select(header => header.Key).ToList();
        Assert.True(missing.Count == 0, $"{told} lacks {string.Join(", ", missing)}, which is described as always there.");
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Hole();
}
