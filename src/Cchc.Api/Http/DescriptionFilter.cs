using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Cchc.Api.Http;

/// <summary>Puts what <see cref="Description"/> and the other metadata of an endpoint say into its operation.</summary>
internal sealed class DescriptionFilter : IOperationFilter
{
    private static readonly Dictionary<string, string> PathExamples = new()
    {
        ["plan"] = "cchc-2022",
        ["target"] = "II.3.a",
        ["task"] = "III.2.e",
        ["unit"] = "SNV",
        ["period"] = "2022-H1",
        ["number"] = "1",
        ["id"] = "019da3b0c1f27c3a9f0e5b7d2a4c6e81",
    };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<Description>().FirstOrDefault() is not { } description)
        {
            return;
        }

        operation.Summary = description.Summary;
        var path = context.ApiDescription.RelativePath ?? "";
        var tag = path.Contains("/pictures/", StringComparison.Ordinal) ? "pictures"
            : path.Contains("/completion", StringComparison.Ordinal) || path.Contains("/results", StringComparison.Ordinal)
            || path.Contains("/compliance", StringComparison.Ordinal) ? "completion"
            : path.Contains("/report-imports", StringComparison.Ordinal) || path.Contains("/report-template", StringComparison.Ordinal) ? "imports"
            : path.Contains("/reports", StringComparison.Ordinal) ? "reports"
            : path.Contains("/obstacles", StringComparison.Ordinal) ? "obstacles"
            : path.EndsWith("/changes", StringComparison.Ordinal) || path.EndsWith("/events", StringComparison.Ordinal)
                || path.Contains("/webhooks", StringComparison.Ordinal) ? "changes"
            : path.Contains("/units", StringComparison.Ordinal) ? "units"
            : path.EndsWith("/audit", StringComparison.Ordinal) || path.Contains("/api-keys", StringComparison.Ordinal) ? "administration" : "plans";
        operation.Tags = new HashSet<OpenApiTagReference> { new(tag, context.Document) };
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            parameter.Description = $"The code of the {parameter.Name}.";
            if (PathExamples.TryGetValue(parameter.Name ?? "", out var example))
            {
                parameter.Example = parameter.Name == "number" ? JsonValue.Create(1) : JsonValue.Create(example);
            }
        }

        operation.Parameters ??= [];
        foreach (var parameter in description.Parameters)
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.Header ? ParameterLocation.Header : ParameterLocation.Query,
                Description = parameter.HasExample ? parameter.Summary : WithSample(parameter),
                Required = parameter.Required,
                Schema = SchemaOf(parameter, context),

                // Pages that try an operation send the examples of all parameters at once, and optional ones contradict each other.
                Example = parameter.HasExample ? JsonSerializer.SerializeToNode(parameter.Example, Json.Options) : null,
            });
        }

        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<OtherForms>().FirstOrDefault() is { } others)
        {
            var answer = (OpenApiResponse)operation.Responses!["200"];
            var isFile = answer.Content is null or { Count: 0 };
            answer.Content ??= new Dictionary<string, IOpenApiMediaType>();
            foreach (var type in others.Types)
            {
                answer.Content[type] = new OpenApiMediaType { Schema = SchemaOfForm(type, isFile, context) };
            }
        }

        DescribeBody(operation, context, description);
        Secure(operation, context);
        Examples.Show(operation);
    }

    // What a schema of words, numbers or flags says needs no sample.
    private static string WithSample(Parameter parameter) =>
        parameter is { Example: string or DateOnly or DateTimeOffset, Values: null }
            ? $"{parameter.Summary}. Example: `{JsonSerializer.SerializeToNode(parameter.Example, Json.Options)}`" : parameter.Summary;

    private static IOpenApiSchema SchemaOf(Parameter parameter, OperationFilterContext context)
    {
        var schema = context.SchemaGenerator.GenerateSchema(parameter.Example.GetType(), context.SchemaRepository);
        if (schema is OpenApiSchema plain)
        {
            plain.Enum = parameter.Values is null ? null : [.. parameter.Values.Select(value => (JsonNode)JsonValue.Create(value))];
            (plain.Minimum, plain.Maximum) = (parameter.Range?.Least, parameter.Range?.Most);
        }

        return schema;
    }

    // A client that saves a file wants its bytes, whatever they are.
    private static IOpenApiSchema SchemaOfForm(string type, bool isFile, OperationFilterContext context) => type switch
    {
        Tables.TableRequest.JsonStat => context.SchemaGenerator.GenerateSchema(typeof(Tables.JsonStatDataset), context.SchemaRepository),
        Tables.TableRequest.Sdmx => new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = "SDMX-CSV 2.0 with labels=name, one observation a line: STRUCTURE, STRUCTURE_ID and ACTION, the "
                + "dimensions, MEASURE and OBS_VALUE, PERIOD_CODE, then the attributes. After a coded column comes one with the names of its "
                + "codes, headed by the title of the column; both are in the language asked for. A dimension that does not apply has the code "
                + "_Z. SAMPLE is true for figures of invented sample reports.",
        },
        _ => new OpenApiSchema { Type = JsonSchemaType.String, Format = isFile || type == Tables.TableRequest.Xlsx ? "binary" : null },
    };

    private static void DescribeBody(OpenApiOperation operation, OperationFilterContext context, Description description)
    {
        if (description.Bodies is { } bodies)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = bodies.ToDictionary(body => body.Key, body => (IOpenApiMediaType)FileBody(body.Key, body.Value, context)),
            };
            return;
        }

        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<BodyType>().FirstOrDefault() is not { } body)
        {
            return;
        }

        var schema = context.SchemaGenerator.GenerateSchema(body.Type, context.SchemaRepository);
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = !body.MayBeAbsent,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/json"] = new OpenApiMediaType
                {
                    Schema = schema,
                    Example = description.BodyExample is { } example ? JsonNode.Parse(example)
                        : body.MayBeAbsent ? new JsonObject() : Examples.Answer(operation),
                },
            },
        };
    }

    private static OpenApiMediaType FileBody(string type, string example, OperationFilterContext context) => type switch
    {
        "application/json" => new OpenApiMediaType
        {
            Schema = context.SchemaGenerator.GenerateSchema(typeof(IReadOnlyList<Importing.ImportRowBody>), context.SchemaRepository),
            Example = JsonNode.Parse(example),
        },
        "multipart/form-data" => new OpenApiMediaType
        {
            Schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Properties = new Dictionary<string, IOpenApiSchema>
                {
                    ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" },
                },
                Required = new HashSet<string> { "file" },
            },
        },
        _ => new OpenApiMediaType
        {
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = example.Length == 0 ? "binary" : null },
            Example = example.Length == 0 ? null : JsonValue.Create(example),
        },
    };

    // What can answer 401 takes a key; where figures are public the key is needed for one lens alone.
    private static void Secure(OpenApiOperation operation, OperationFilterContext context)
    {
        operation.Responses ??= [];
        var scopes = Keys.NeededScope.Of(new EndpointMetadataCollection(context.ApiDescription.ActionDescriptor.EndpointMetadata)).AnyOf;
        var key = new OpenApiSecurityRequirement
        {
            [new OpenApiSecuritySchemeReference("ApiKey", context.Document)] = [.. scopes.Select(Words.Of)],
        };
        var path = context.ApiDescription.RelativePath ?? "";
        var isReport = operation.Responses.ContainsKey("403") || path.Contains("/reports", StringComparison.Ordinal)
            || path.Contains("report-", StringComparison.Ordinal);
        operation.Security = isReport ? [key] : [new OpenApiSecurityRequirement(), key];

        // Also where none is needed: one that does not hold, or is confined to something else, is refused.
        Refuse("401", "Unauthorized");
        Refuse("403", "Forbidden");

        void Refuse(string status, string words) => operation.Responses.TryAdd(status, new OpenApiResponse
        {
            Description = words,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/problem+json"] = new OpenApiMediaType
                {
                    Schema = context.SchemaGenerator.GenerateSchema(typeof(Problem), context.SchemaRepository),
                },
            },
        });
    }
}
