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
        return services.AddSingleton<ContractDocument>().AddSwaggerGen(options =>
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
            options.DocumentFilter<TagFilter>();
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

    // Built with the first request for it: what makes these pages is large, and no other request waits for it.
    public static void UseDocs(this WebApplication app)
    {
        var pages = new Lazy<RequestDelegate>(() =>
        {
            var branch = ((IApplicationBuilder)app).New();
            branch.UseSwaggerUI(options =>
            {
                options.RoutePrefix = "docs";

                // Relative to the page, which may lie under a gateway's path prefix.
                options.SwaggerEndpoint("../openapi/v1.json", "Cchc.Api v1");
            });
            return branch.Build();
        });
        app.Use((context, next) => context.Request.Path.StartsWithSegments("/docs") ? pages.Value(context) : next(context));
    }

    public static void MapContract(this IEndpointRouteBuilder app) => app.MapGet("/openapi/v1.json", GetContract).ExcludeFromDescription();

    private static async Task GetContract(HttpContext context, ContractDocument contract)
    {
        new QueryInput(context.Request).Done();
        if (!Answers.IsKnown(context, $"openapi{context.Request.PathBase}", Answers.Revalidated))
        {
            await Answers.SendAsync(context, contract.Under(context.Request.PathBase), "application/json; charset=utf-8");
        }
    }

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex LineBreak();

    private sealed class TagFilter : IDocumentFilter
    {
        public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
        {
            swaggerDoc.Tags = new HashSet<OpenApiTag>(
                new[] { ("plans", "Plans, targets, tasks and periods"), ("units", "Units and their history"), ("reports", "Unit reports"), ("imports", "Bulk submissions of reports"), ("completion", "Completion rates"), ("pictures", "Completion as pictures for a site's pages"), ("obstacles", "Obstacles that units raise"), ("changes", "The feed of changes, and webhooks"), ("administration", "Keys and the audit trail") }
                    .Select(tag => new OpenApiTag { Name = tag.Item1, Description = tag.Item2 }));
        }
    }
}
