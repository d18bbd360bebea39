using System.Text.Json.Nodes;
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
            options.OperationFilter<AnswerHeaders>();
            options.DocumentFilter<ServerFilter>();
            options.DocumentFilter<AnswerHeaders>();
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

    // Built when the first request comes for it: what makes the contract is large, and no other request must wait for it.
    private static void UseBelow(this WebApplication app, PathString path, Action<IApplicationBuilder> build)
    {
        var late = new Lazy<RequestDelegate>(() =>
        {
            var branch = ((IApplicationBuilder)app).New();
            build(branch);
            return branch.Build();
        });
        app.Use((context, next) => context.Request.Path.StartsWithSegments(path) ? late.Value(context) : next(context));
    }

    public static void UseContract(this WebApplication app)
    {
        app.UseBelow("/openapi", branch => branch.UseSwagger(options =>
        {
            options.RouteTemplate = "openapi/{documentName}.json";
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        }));
        app.UseBelow("/docs", branch => branch.UseSwaggerUI(options =>
        {
            options.RoutePrefix = "docs";
            options.SwaggerEndpoint("/openapi/v1.json", "Cchc.Api v1");
        }));
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
}
