using System.Globalization;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Plans;
using Cchc.Api.Tables;
using Cchc.Domain.Plans;

namespace Cchc.Api.Discovery;

/// <summary>What there is, for programs that look for it: the interface (RFC 9727) and the data sets (DCAT-AP 3).</summary>
internal static class CatalogEndpoints
{
    private const string Frequencies = "http://publications.europa.eu/resource/authority/frequency/";
    private const string Linkset = "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"";

    private static readonly (string Format, string Type)[] Forms =
    [
        ("json", "application/json"), ("csv", "text/csv"), ("xlsx", TableRequest.Xlsx), ("ndjson", "application/x-ndjson"),
        ("jsonstat", TableRequest.JsonStat), ("sdmx", TableRequest.Sdmx),
    ];

    public static void MapCatalog(this IEndpointRouteBuilder api) =>
        api.MapGet("/catalog", GetCatalog).WithName("getCatalog")
            .WithMetadata(new Description("The data sets, as DCAT-AP 3 in JSON-LD", []))
            .Produces<JsonNode>(200, "application/ld+json").Produces(304).Refuses(400, 429, 503);

    public static void MapApiCatalog(this IEndpointRouteBuilder app) => app.MapGet("/.well-known/api-catalog", ApiCatalog).ExcludeFromDescription();

    private static Task ApiCatalog(HttpContext context, IConfiguration configuration)
    {
        var root = PublicAddress.Of(context, configuration);
        context.Response.Headers.Link = $"<{root}/.well-known/api-catalog>; rel=\"api-catalog\"";
        return Answers.WriteAsAsync(context, "api-catalog", Linkset, () => new JsonObject
        {
            ["linkset"] = new JsonArray(new JsonObject
            {
                ["anchor"] = $"{root}/v1",
                ["service-desc"] = Links($"{root}/openapi/v1.json", "application/vnd.oai.openapi+json;version=3.1"),
                ["service-doc"] = Links($"{root}/docs", "text/html"),
                ["service-meta"] = Links($"{root}/v1/catalog", "application/ld+json"),
                ["status"] = Links($"{root}/health/ready", "application/json"),
            }),
        });
    }

    private static async Task GetCatalog(
        HttpContext context, IConfiguration configuration, Catalogues catalogues, DataVersions versions)
    {
        new QueryInput(context.Request).Done();
        var catalogue = await catalogues.CurrentAsync(context.RequestAborted);
        var sets = new JsonArray();
        var root = PublicAddress.Of(context, configuration);
        var tag = $"d{catalogue.DataVersion.Mark}";
        foreach (var plan in catalogue.Plans.Where(plan => !plan.IsDraft))
        {
            var version = await versions.CurrentAsync(DataVersions.ScopeOf(plan.Code), context.RequestAborted);
            tag += $".{version?.Mark}";
            sets.Add((JsonNode)DataSet(plan, version, root, configuration));
        }

        await Answers.WriteAsAsync(context, tag, "application/ld+json; charset=utf-8", () => new JsonObject
        {
            ["@context"] = new JsonObject
            {
                ["dcat"] = "http://www.w3.org/ns/dcat#",
                ["dct"] = "http://purl.org/dc/terms/",
                ["foaf"] = "http://xmlns.com/foaf/0.1/",
                ["xsd"] = "http://www.w3.org/2001/XMLSchema#",
            },
            ["@id"] = $"{root}/v1/catalog",
            ["@type"] = "dcat:Catalog",
            ["dct:title"] = Words("Dữ liệu cải cách hành chính tỉnh Thừa Thiên Huế", "Administrative-reform data of Thừa Thiên Huế province"),
            ["dct:description"] = Words(
                "Chỉ tiêu và kết quả thực hiện các kế hoạch cải cách hành chính hằng năm.",
                "Targets and completion of the yearly administrative-reform plans."),
            ["dct:publisher"] = Publisher(configuration),
            ["dct:language"] = new JsonArray(
                Id("http://publications.europa.eu/resource/authority/language/VIE"), Id("http://publications.europa.eu/resource/authority/language/ENG")),
            ["dct:license"] = Id(LicenceOf(configuration)),
            ["dcat:service"] = new JsonObject
            {
                ["@id"] = $"{root}/v1",
                ["@type"] = "dcat:DataService",
                ["dct:title"] = Words("Cchc.Api", "Cchc.Api"),
                ["dcat:endpointURL"] = Id($"{root}/v1"),
                ["dcat:endpointDescription"] = Id($"{root}/openapi/v1.json"),
            },
            ["dcat:dataset"] = sets,
        });
    }

    private static JsonObject DataSet(Plan plan, DataVersion? version, string root, IConfiguration configuration)
    {
        var path = $"{root}/v1/plans/{plan.Code}";
        return new JsonObject
        {
            ["@id"] = $"{path}/completion",
            ["@type"] = "dcat:Dataset",
            ["dct:identifier"] = $"{plan.Code}-completion",
            ["dct:title"] = Words($"Kết quả thực hiện Kế hoạch {plan.Number}", $"Completion of plan {plan.Number}"),
            ["dct:description"] = Words(plan.TitleVi, plan.TitleEn),
            ["dct:publisher"] = Publisher(configuration),
            ["dct:license"] = Id(LicenceOf(configuration)),
            ["dct:accrualPeriodicity"] = Id(Frequencies + (plan.Periods.Any(period => period.Kind == PeriodKind.Quarter) ? "QUARTERLY" : "ANNUAL")),
            ["dct:issued"] = Typed(plan.IssuedOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "xsd:date"),
            ["dct:modified"] = version is null ? null
                : Typed(version.ChangedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), "xsd:dateTime"),
            ["dct:temporal"] = new JsonObject
            {
                ["@type"] = "dct:PeriodOfTime",
                ["dcat:startDate"] = Typed(plan.Periods.Min(period => period.DataFrom).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "xsd:date"),
                ["dcat:endDate"] = Typed(plan.Periods.Max(period => period.DataTo).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "xsd:date"),
            },
            ["dct:spatial"] = new JsonObject
            {
                ["@type"] = "dct:Location",
                ["dct:identifier"] = "46",
                ["dct:title"] = Words("Tỉnh Thừa Thiên Huế", "Thừa Thiên Huế province"),
            },
            ["dcat:theme"] = new JsonArray(Id("http://publications.europa.eu/resource/authority/data-theme/GOVE")),
            ["dcat:keyword"] = new JsonArray(
                new JsonObject { ["@value"] = "cải cách hành chính", ["@language"] = "vi" },
                new JsonObject { ["@value"] = "administrative reform", ["@language"] = "en" }),
            ["dct:conformsTo"] = Id($"{path}/indicators"),
            ["dcat:landingPage"] = Id($"{root}/docs"),
            ["dcat:distribution"] = new JsonArray([.. Forms.Select(form => (JsonNode)new JsonObject
            {
                ["@id"] = $"{path}/completion/rows?format={form.Format}",
                ["@type"] = "dcat:Distribution",
                ["dct:title"] = Words($"Bảng số liệu ({form.Format})", $"Tidy table ({form.Format})"),
                ["dcat:accessURL"] = Id($"{path}/completion/rows?format={form.Format}"),
                ["dcat:downloadURL"] = Id($"{path}/completion/rows?format={form.Format}"),
                ["dcat:mediaType"] = Id($"https://www.iana.org/assignments/media-types/{form.Type}"),
                ["dct:license"] = Id(LicenceOf(configuration)),
            })]),
        };
    }

    private static string LicenceOf(IConfiguration configuration) =>
        configuration["Discovery:License"] ?? "https://creativecommons.org/licenses/by/4.0/";

    private static JsonObject Publisher(IConfiguration configuration) => new()
    {
        ["@type"] = "foaf:Agent",
        ["@id"] = configuration["Discovery:Publisher"] ?? "https://thuathienhue.gov.vn",
        ["dct:identifier"] = configuration["Discovery:PublisherIdentifier"] ?? "00.00.H57",
        ["foaf:name"] = Words("UBND tỉnh Thừa Thiên Huế", "People's Committee of Thừa Thiên Huế province"),
    };

    private static JsonArray Links(string href, string type) => new(new JsonObject { ["href"] = href, ["type"] = type });

    private static JsonObject Id(string address) => new() { ["@id"] = address };

    private static JsonObject Typed(string value, string type) => new() { ["@value"] = value, ["@type"] = type };

    private static JsonArray Words(string vietnamese, string english) => new(
        new JsonObject { ["@value"] = vietnamese, ["@language"] = "vi" }, new JsonObject { ["@value"] = english, ["@language"] = "en" });
}
