namespace Cchc.Api.Keys;

/// <summary>What an API key may be confined to, within what its role may do. A key without any may do all of that.</summary>
public enum KeyScope { Read, ReportsWrite, ReportsReview, Imports, PlansWrite, Administration }

/// <summary>The scopes of which a confined key must have one to call an operation.</summary>
internal sealed record NeededScope(params IReadOnlyList<KeyScope> AnyOf)
{
    private static readonly NeededScope Reading = new(KeyScope.Read);
    private static readonly NeededScope Everything = new(KeyScope.Administration);

    /// <summary>What an operation says it needs; one that says nothing is read with read, and written with administration alone.</summary>
    public static NeededScope Of(EndpointMetadataCollection metadata) =>
        metadata.GetMetadata<NeededScope>()
        ?? (metadata.GetMetadata<HttpMethodMetadata>() is { } methods && methods.HttpMethods.All(method => HttpMethods.IsGet(method) || HttpMethods.IsHead(method)) ? Reading : Everything);
}

internal static class ScopeExtensions
{
    /// <summary>Names the scopes of which a confined key must have one.</summary>
    public static RouteHandlerBuilder Needs(this RouteHandlerBuilder endpoint, params KeyScope[] anyOf) => endpoint.WithMetadata(new NeededScope(anyOf));
}
