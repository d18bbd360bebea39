using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Cchc.Api.Http;

/// <summary>Says which members may be left out, which references may be null and which decimals are whole: none is found out by itself.</summary>
internal sealed class MemberFilter : ISchemaFilter
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
