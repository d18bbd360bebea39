namespace Cchc.Api.Http;

/// <summary>A query or header parameter of an operation, for the contract.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it means.</param>
/// <param name="Example">A value that works.</param>
/// <param name="Values">The only values it takes, or none.</param>
/// <param name="Header">Whether it is a header.</param>
internal sealed record Parameter(string Name, string Summary, object Example, IReadOnlyList<string>? Values = null, bool Header = false);

internal static class Parameters
{
    public static readonly Parameter Query = new("q", "Words to find, without regard to case and accents", "hue");

    public static readonly Parameter AsOf =
        new("asOf", "What was known at this instant (RFC 3339), exactly as it was answered then", "2022-06-20T00:00:00+07:00");

    public static readonly Parameter[] Paging =
    [
        new("limit", "Items in a page, 1 to 1000 (default 100)", 100),
        new("cursor", "Where the page begins: nextCursor of the page before", "SUkuMy5h"),
    ];

    public static Parameter Word<T>(string name, string summary)
        where T : struct, Enum =>
        new(name, summary, Words.Of(Enum.GetValues<T>()[0]), [.. Enum.GetValues<T>().Select(Words.Of)]);
}

/// <summary>What the contract says of an operation beyond what the framework finds out by itself.</summary>
internal sealed record Description(string Summary, IReadOnlyList<Parameter> Parameters, string? BodyExample = null)
{
    /// <summary>An example by media type, where the body is a file; empty for what text cannot show.</summary>
    public IReadOnlyDictionary<string, string>? Bodies { get; init; }
}

internal sealed record BodyType(Type Type);

/// <summary>The forms of a table beside JSON.</summary>
internal sealed record OtherForms
{
    public IReadOnlyList<string> Types { get; } = ["text/csv", "application/x-ndjson", Tables.TableRequest.Xlsx, Tables.TableRequest.Sdmx];
}

internal static class DescriptionExtensions
{
    /// <summary>Describes a read: 200 or 304, refused for a bad parameter or while the database is away.</summary>
    public static RouteHandlerBuilder Describe<T>(
        this RouteHandlerBuilder endpoint, string id, string summary, params Parameter[] parameters) =>
        endpoint.WithName(id).WithMetadata(new Description(summary, parameters))
            .Produces<T>(200, "application/json").Produces(304).Refuses(400, 429, 503);

    /// <summary>Describes a write.</summary>
    public static RouteHandlerBuilder DescribeWrite<T>(
        this RouteHandlerBuilder endpoint, string id, string summary, string? bodyExample, params Parameter[] parameters) =>
        endpoint.WithName(id).WithMetadata(new Description(summary, parameters, bodyExample))
            .Produces<T>(200, "application/json").Refuses(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503);

    /// <summary>Says that the answer is also had in the other forms of a table.</summary>
    public static RouteHandlerBuilder InForms(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new OtherForms());

    /// <summary>Names the shape of a JSON body.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new BodyType(typeof(T)));

    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Problem), ["application/problem+json"]));
        }

        return endpoint;
    }
}
