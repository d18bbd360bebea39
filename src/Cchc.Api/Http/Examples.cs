using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Cchc.Api.Http;

/// <summary>
/// The answers in the contract: for a success what a server did answer (openapi/examples.json, which a test records and holds true), for
/// a refusal a problem of its status.
/// </summary>
internal static class Examples
{
    private static readonly Lazy<JsonObject> Recorded = new(() =>
        JsonNode.Parse(Data.EmbeddedFiles.Under("openapi/").Single().Text)!.AsObject());

    /// <summary>What an operation did answer.</summary>
    public static JsonNode? Answer(OpenApiOperation operation) => Recorded.Value[operation.OperationId!]?.DeepClone();

    public static void Show(OpenApiOperation operation)
    {
        foreach (var (status, response) in operation.Responses!)
        {
            foreach (var (type, media) in response.Content ?? new Dictionary<string, IOpenApiMediaType>())
            {
                if (media is OpenApiMediaType shown && (shown.Schema is not { Format: "binary" } || type == "text/html"))
                {
                    if (type is not ("application/json" or "application/problem+json" or "text/event-stream" or "application/ld+json" or "text/html"))
                    {
                        continue;
                    }

                    shown.Example = type == "application/problem+json"
                        ? Recorded.Value[$"{operation.OperationId} {status}"]?.DeepClone() ?? Refusal(int.Parse(status, CultureInfo.InvariantCulture))
                        : Answer(operation);
                }
            }
        }
    }

    private static JsonNode? Refusal(int status)
    {
        var (code, argument) = status switch
        {
            400 => ("request.malformed", ""),
            401 => ("auth.required", ""),
            403 => ("auth.forbidden", ""),
            404 => ("plan.unknown", "cchc-2021"),
            406 => ("request.notAcceptable", "application/json, text/csv"),
            409 => ("period.locked", "2022-Q1"),
            410 => ("import.purged", "90"),
            412 => ("precondition.failed", "\"r4\""),
            413 => ("request.tooLarge", JsonInput.MaxBytes.ToString(CultureInfo.InvariantCulture)),
            415 => ("request.mediaType", ""),
            422 => ("request.invalid", ""),
            429 => ("rate.exceeded", "42"),
            428 => ("precondition.required", ""),
            503 => ("service.unavailable", ""),
            _ => throw new InvalidOperationException($"No example of {status}."),
        };
        var entry = ProblemCatalogue.Entries[code];
        return JsonSerializer.SerializeToNode(
            new Problem
            {
                Type = $"urn:cchc:problem:{code}",
                Title = entry.In(english: true, [argument]),
                Status = entry.Status,
                Instance = "/v1/plans/cchc-2022",
                Code = code,
                Errors = status is 400 or 422 ? [Error(status)] : null,
            },
            Json.Options);
    }

    private static ProblemError Error(int status)
    {
        var (code, value) = status == 400 ? ("parameter.unknown", "x") : ("value.notWhole", "1.5");
        return new ProblemError
        {
            Parameter = status == 400 ? value : null,
            Pointer = status == 400 ? null : "/values/0/numerator",
            Code = code,
            Detail = ProblemCatalogue.Entries[code].In(english: true, [value]),
            Value = value,
        };
    }
}
