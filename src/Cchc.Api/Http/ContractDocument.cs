using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace Cchc.Api.Http;

/// <summary>The contract as bytes, made when it is first requested.</summary>
internal sealed class ContractDocument(IServiceProvider services)
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private volatile Written? _latest;

    /// <summary>The contract of a server whose paths begin with a gateway's prefix, or with nothing.</summary>
    public byte[] Under(PathString prefix)
    {
        var server = prefix.HasValue ? prefix.Value! : "/";
        if (_latest is not { } written || written.Server != server)
        {
            // Only the latest: a server has one gateway, and clients of a careless one can send any prefix.
            _latest = written = new Written(server, Write(server));
        }

        return written.Json;
    }

    private byte[] Write(string server)
    {
        using var scope = services.CreateScope();
        var document = scope.ServiceProvider.GetRequiredService<ISwaggerProvider>().GetSwagger("v1", basePath: server);
        using var text = new StringWriter(System.Globalization.CultureInfo.InvariantCulture);
        document.SerializeAsV31(new OpenApiJsonWriter(text));
        var json = JsonNode.Parse(text.ToString())!;

        // Readers of OpenAPI 3.1 exist that know no later patch of it than this.
        json["openapi"] = "3.1.1";
        PutNullLast(json);
        return JsonSerializer.SerializeToUtf8Bytes(json, Indented);
    }

    // Generators exist that take the first of several types for the type of a member.
    private static void PutNullLast(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray items:
                foreach (var item in items)
                {
                    PutNullLast(item);
                }

                break;
            case JsonObject members:
                if (members["type"] is JsonArray { Count: > 1 } types && types[0] is JsonValue first && first.TryGetValue(out string? name) && name == "null")
                {
                    types.RemoveAt(0);
                    types.Add("null");
                }

                foreach (var (_, member) in members)
                {
                    PutNullLast(member);
                }

                break;
            default:
                break;
        }
    }

    private sealed record Written(string Server, byte[] Json);
}
