using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.XPath;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Cchc.Api.Http;

/// <summary>The contract: what the framework knows of the endpoints, with what <see cref="Description"/> adds.</summary>
internal static partial class OpenApi
{
    public static IServiceCollection AddContract(this IServiceCollection services)
    {
        // The contract must spell enums as the wire does.
        services.ConfigureHttpJsonOptions(options => Json.Configure(options.SerializerOptions));
        services.Configure<Microsoft.AspNetCore.Mvc.JsonOptions>(options => Json.Configure(options.JsonSerializerOptions));
        services.AddEndpointsApiExplorer();
        services.AddApiVersioning(options => options.ReportApiVersions = true).AddApiExplorer(options =>
        {
            options.GroupNameFormat = "'v'V";
            options.SubstituteApiVersionInUrl = true;
        });
        return services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "Cchc.Api",
                Version = "1",
                Description = "Targets, unit reports and completion of yearly administrative-reform plans (cải cách hành chính). "
                    + "Percentages have two decimals; null means there is none. Instants are in +07:00.",
                License = new OpenApiLicense { Name = "Proprietary", Identifier = "LicenseRef-Proprietary" },
            });
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.MapType<JsonNode>(() => new OpenApiSchema());
            options.MapType<DateOnly>(() => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date" });
            options.MapType<decimal>(() => new OpenApiSchema { Type = JsonSchemaType.Number, Format = "decimal" });
            options.AddSecurityDefinition("ApiKey", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "cchc_ and 64 hexadecimal digits, or a JWT",
                Description = "An API key for scripts, which where it is confined to scopes needs one of those that an operation names; for people "
                    + "a token of the single sign-on that the server is configured for.",
            });
            options.OperationFilter<DescriptionFilter>();
            options.DocumentFilter<ServerFilter>();
            options.SchemaFilter<MemberFilter>();
            options.CustomSchemaIds(type => type.IsGenericType
                ? string.Concat(type.GetGenericArguments().Select(argument => argument.Name)) + type.Name.Split('`')[0] : type.Name);
            foreach (var file in Directory.GetFiles(AppContext.BaseDirectory, "Cchc.*.xml").Order(StringComparer.Ordinal))
            {
                // Generators put a description into comments of their own, some of them without its line breaks.
                var comments = LineBreak().Replace(File.ReadAllText(file), " ");
                options.IncludeXmlComments(() => new XPathDocument(XmlReader.Create(new StringReader(comments))));
            }
        });
    }

    public static void UseContract(this WebApplication app)
    {
        app.UseSwagger(options =>
        {
            options.RouteTemplate = "openapi/{documentName}.json";
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        });
        app.UseSwaggerUI(options =>
        {
            options.RoutePrefix = "docs";
            options.SwaggerEndpoint("/openapi/v1.json", "Cchc.Api v1");
        });
    }

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex LineBreak();

    private sealed class ServerFilter : IDocumentFilter
    {
        public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
        {
            swaggerDoc.Servers = [new OpenApiServer { Url = "/" }];
            swaggerDoc.Tags = new HashSet<OpenApiTag>(
                new[] { ("plans", "Plans, targets, tasks and periods"), ("units", "Units and their history"), ("reports", "Unit reports"), ("imports", "Bulk submissions of reports"), ("completion", "Completion rates"), ("pictures", "Completion as pictures for a site's pages"), ("obstacles", "Obstacles that units raise"), ("changes", "The feed of changes, and webhooks"), ("administration", "Keys and the audit trail") }
                    .Select(tag => new OpenApiTag { Name = tag.Item1, Description = tag.Item2 }));
        }
    }

    /// <summary>Says which members may be left out, which references may be null and which decimals are whole: none is found out by itself.</summary>
    private sealed class MemberFilter : ISchemaFilter
    {
        public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
        {
            if (schema is not OpenApiSchema { Properties: { } members } described)
            {
                return;
            }

            var nullability = new NullabilityInfoContext();
            foreach (var property in context.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                if (property.GetCustomAttribute<JsonIgnoreAttribute>() is { Condition: not JsonIgnoreCondition.Never })
                {
                    described.Required?.Remove(name);
                }

                members.TryGetValue(name, out var member);
                if (member is OpenApiSchema number && property.GetCustomAttribute<WholeAttribute>() is not null)
                {
                    (number.Type, number.Format) = ((number.Type & JsonSchemaType.Null) | JsonSchemaType.Integer, "int64");
                }

                if (nullability.Create(property).ReadState == NullabilityState.Nullable)
                {
                    var nothing = new OpenApiSchema { Type = JsonSchemaType.Null };
                    if (member is OpenApiSchemaReference reference)
                    {
                        members[name] = new OpenApiSchema { OneOf = [reference, nothing] };
                    }
                    else if (member is OpenApiSchema { Type: null } anything)
                    {
                        // What may be anything is taken by some generators for anything but null.
                        anything.OneOf = [new OpenApiSchema { Not = nothing }, nothing];
                    }
                }
            }
        }
    }

    private sealed class DescriptionFilter : IOperationFilter
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
                    Description = parameter.Summary,
                    Required = parameter.Required,
                    Schema = SchemaOf(parameter, context),
                    Example = JsonSerializer.SerializeToNode(parameter.Example, Json.Options),
                });
            }

            if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<OtherForms>().FirstOrDefault() is { } others)
            {
                var answer = (OpenApiResponse)operation.Responses!["200"];
                var isFile = answer.Content is null or { Count: 0 };
                answer.Content ??= new Dictionary<string, IOpenApiMediaType>();
                foreach (var type in others.Types)
                {
                    // A client that saves a file wants its bytes, whatever they are.
                    answer.Content[type] = new OpenApiMediaType
                    {
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = isFile || type == Tables.TableRequest.Xlsx ? "binary" : null },
                    };
                }
            }

            DescribeBody(operation, context, description);
            Secure(operation, context);
            Examples.Show(operation);
        }

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
            operation.Responses.TryAdd("401", new OpenApiResponse
            {
                Description = "Unauthorized",
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType
                    {
                        Schema = context.SchemaGenerator.GenerateSchema(typeof(Problem), context.SchemaRepository),
                    },
                },
            });
            var scopes = Keys.NeededScope.Of(new EndpointMetadataCollection(context.ApiDescription.ActionDescriptor.EndpointMetadata)).AnyOf;
            var key = new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference("ApiKey", context.Document)] = [.. scopes.Select(Words.Of)],
            };
            var path = context.ApiDescription.RelativePath ?? "";
            var isReport = operation.Responses.ContainsKey("403") || path.Contains("/reports", StringComparison.Ordinal)
                || path.Contains("report-", StringComparison.Ordinal);
            operation.Security = isReport ? [key] : [new OpenApiSecurityRequirement(), key];
        }
    }
}
