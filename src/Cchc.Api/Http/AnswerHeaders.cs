using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Cchc.Api.Http;

/// <summary>A header of answers, as the contract describes it.</summary>
/// <param name="Id">Its name among the components; one header may have several meanings.</param>
/// <param name="Name">Its name on the wire.</param>
/// <param name="Summary">What it says.</param>
/// <param name="Example">A value; its type is the header's.</param>
/// <param name="Always">Whether every answer that names it has it.</param>
internal sealed record AnswerHeader(string Id, string Name, string Summary, object Example, bool Always = false);

/// <summary>What an operation's answers carry beside what all of their kind do.</summary>
internal sealed record Sends(IReadOnlyList<int> Statuses, AnswerHeader Header);

/// <summary>
/// Describes the headers of answers. Most follow from what is known of an operation; what does not, its endpoint says (<see cref="Sends"/>).
/// What every answer has for the sake of browsers and caches alone, such as Vary, is left out.
/// </summary>
internal sealed class AnswerHeaders : IOperationFilter, IDocumentFilter
{
    public static readonly AnswerHeader ETag = new(
        "ETag", "ETag", "A strong tag of what is answered (RFC 9110, 8.8.3). Give it as If-None-Match to get 304 while nothing has changed, or, where an "
            + "operation takes it, as If-Match to change just this", "\"r3\"", Always: true);

    public static readonly AnswerHeader Location = new(
        "Location", "Location", "Where what was made is read, or where to ask how far an import has come", "/v1/plans/cchc-2022/obstacles/1", Always: true);

    public static readonly AnswerHeader NewLocation = new(
        "LocationOfNew", "Location", "Where what the Idempotency-Key made before is read", "/v1/webhooks/019da3b0c1f27c3a9f0e5b7d2a4c6e81", Always: true);

    public static readonly AnswerHeader ContentLocation = new(
        "ContentLocation", "Content-Location", "Where what is answered is read again", "/v1/report-imports/019da3b0c1f27c3a9f0e5b7d2a4c6e81", Always: true);

    public static readonly AnswerHeader PreferenceApplied = new(
        "PreferenceApplied", "Preference-Applied", "The preference that was followed (RFC 7240)", "respond-async");

    public static readonly AnswerHeader Busy = new(
        "RetryAfterWhileBusy", "Retry-After", "Seconds to wait while a request with the same Idempotency-Key is under way", 1);

    public static readonly AnswerHeader DataVersion = new(
        "DataVersion", "Data-Version", "The number that every write of the plan raises. All pages of a table that follow a first one have "
            + "its number; where it differs, the pages began again", 42, Always: true);

    private static readonly AnswerHeader CacheControl = new(
        "CacheControl", "Cache-Control", "Whether a shared cache may give the answer to others, and for how long (RFC 9111)",
        Answers.Public, Always: true);

    private static readonly AnswerHeader Policy = new(
        "RateLimitPolicy", "RateLimit-Policy", "How many requests (q) are let in within how many seconds (w); absent where there is no limit, and where the "
            + "credential does not hold", "\"reads\";q=60000;w=60");

    private static readonly AnswerHeader Limit = new(
        "RateLimit", "RateLimit", "How many requests are left (r), and the seconds until they begin anew (t)", "\"reads\";r=59999;t=42");

    private static readonly AnswerHeader Versions = new(
        "ApiSupportedVersions", "api-supported-versions", "The versions that are served; absent from what is answered from memory", "1.0");

    private static readonly AnswerHeader Age = new(
        "Age", "Age", "While the database is away: the seconds since when the answer may have been overtaken", 12);

    private static readonly AnswerHeader Link = new(
        "Link", "Link", "Where the list goes on (RFC 8288); absent at its end", "</v1/units?limit=100&cursor=CkQ0NzQ>; rel=\"next\"");

    private static readonly AnswerHeader Disposition = new(
        "ContentDisposition", "Content-Disposition", "A name for the file (RFC 6266)", "attachment; filename=\"cchc-2022-2022-H1-SNV.csv\"", Always: true);

    private static readonly AnswerHeader TableDisposition = new(
        "ContentDispositionOfTable", "Content-Disposition", "A name for the file (RFC 6266), of CSV, XLSX and SDMX-CSV", "inline; filename=\"completion-unit.csv\"");

    private static readonly AnswerHeader Ranges = new(
        "AcceptRanges", "Accept-Ranges", "That a part may be asked for by Range (RFC 9110, 14)", "bytes");

    private static readonly AnswerHeader Language = new(
        "ContentLanguage", "Content-Language", "The language of the words, by Accept-Language: vi or en", "vi", Always: true);

    private static readonly AnswerHeader RetryAfter = new(
        "RetryAfter", "Retry-After", "Seconds to wait before the next try", 2, Always: true);

    private static readonly AnswerHeader Authenticate = new(
        "WwwAuthenticate", "WWW-Authenticate", "How to show a credential (RFC 6750)", "Bearer realm=\"cchc\"", Always: true);

    private static readonly AnswerHeader[] Nothing = [];

    private static readonly AnswerHeader[] All =
    [
        ETag, Location, NewLocation, ContentLocation, PreferenceApplied, Busy, CacheControl, Policy, Limit, Versions, Age, Link, Disposition, TableDisposition,
        Ranges, Language, RetryAfter, Authenticate, DataVersion,
    ];

    /// <summary>The names of all that are described.</summary>
    public static IEnumerable<string> Names => All.Select(header => header.Name).Distinct();

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        swaggerDoc.Components ??= new OpenApiComponents();
        swaggerDoc.Components.Headers = All.ToDictionary(header => header.Id, header => (IOpenApiHeader)new OpenApiHeader
        {
            Description = header.Summary,
            Required = header.Always,
            Schema = new OpenApiSchema { Type = header.Example is int ? JsonSchemaType.Integer : JsonSchemaType.String },
            Example = header.Example is int number ? JsonValue.Create(number) : JsonValue.Create((string)header.Example),
        });
    }

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        foreach (var (status, response) in operation.Responses!)
        {
            var code = int.Parse(status, System.Globalization.CultureInfo.InvariantCulture);
            ((OpenApiResponse)response).Headers = (code >= 400 ? OfProblem(code) : OfSuccess(operation, metadata))
                .Concat(metadata.OfType<Sends>().Where(sent => sent.Statuses.Contains(code)).Select(sent => sent.Header))
                .ToDictionary(header => header.Name, header => (IOpenApiHeader)new OpenApiHeaderReference(header.Id, context.Document));
        }
    }

    private static IEnumerable<AnswerHeader> OfProblem(int status)
    {
        AnswerHeader[] all = [CacheControl, Language, Policy, Limit, Versions];
        return status switch
        {
            401 => all.Append(Authenticate),
            429 or 503 => all.Append(RetryAfter),
            _ => all,
        };
    }

    // What is kept is answered with the same headers by 304 as by 200 (RFC 9110, 15.4.5).
    private static IEnumerable<AnswerHeader> OfSuccess(OpenApiOperation operation, IList<object> metadata)
    {
        AnswerHeader[] all = [CacheControl, Policy, Limit, Versions];
        var isFile = metadata.OfType<OtherForms>().Any(forms => forms.Types.Contains("text/csv"));
        if (!operation.Responses!.ContainsKey("304"))
        {
            return isFile ? all.Append(Disposition) : all;
        }

        // What a key is needed for is never answered from memory.
        var isPublic = operation.Security!.Any(way => way.Count == 0);
        var isList = operation.Parameters!.Any(parameter => parameter.Name == "cursor");
        return
        [
            .. all, ETag, .. isPublic ? [Age] : Nothing, .. isList ? [Link] : Nothing, .. isFile ? [Ranges, TableDisposition, DataVersion] : Nothing,
        ];
    }
}
