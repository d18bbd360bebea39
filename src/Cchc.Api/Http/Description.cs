using Cchc.Domain;

namespace Cchc.Api.Http;

/// <summary>A query or header parameter of an operation, for the contract.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it means.</param>
/// <param name="Example">A sample that works, which has the type of the parameter.</param>
/// <param name="Values">The only texts it takes, or none.</param>
/// <param name="Header">Whether it is a header.</param>
/// <param name="Required">Whether the operation needs it.</param>
internal sealed record Parameter(
    string Name, string Summary, object Example, IReadOnlyList<string>? Values = null, bool Header = false, bool Required = false)
{
    /// <summary>The least and the most that a number may be.</summary>
    public (string Least, string Most)? Range { get; init; }

    /// <summary>Whether the contract has its example. An optional parameter has it only where one of several is needed.</summary>
    public bool HasExample { get; init; } = Required;
}

internal static class Parameters
{
    public static readonly Parameter Query = new("q", "Words to find, without regard to case and accents", "hue");

    public const string DefaultPeriod =
        "Reporting period. By default, of published figures the latest with a consolidated result, otherwise the latest past its due day with "
        + "at least half of the expected reports; in all other cases the latest with a report, otherwise the first";

    public static readonly DateTimeOffset SomeInstant = new(2022, 6, 20, 0, 0, 0, LocalTime.Offset);

    public static readonly Parameter AsOf =
        new("asOf", "What was known at this instant (RFC 3339), exactly as it was answered then", SomeInstant);

    public static readonly Parameter[] Paging =
    [
        new("limit", "Items in a page, 1 to 1000 (default 100)", 100) { Range = ("1", "1000") },
        new("cursor", "Where the page begins: nextCursor of the page before", "CkQ0NzQ"),
    ];

    public static Parameter Word<T>(string name, string summary)
        where T : struct, Enum => new(name, summary, Enum.GetValues<T>()[0]);
}

/// <summary>What the contract says of an operation beyond what the framework finds out by itself.</summary>
internal sealed record Description(string Summary, IReadOnlyList<Parameter> Parameters, string? BodyExample = null)
{
    /// <summary>An example by media type, where the body is a file; empty for what text cannot show.</summary>
    public IReadOnlyDictionary<string, string>? Bodies { get; init; }
}

/// <param name="Type">The shape of a JSON body.</param>
/// <param name="MayBeAbsent">Whether no body is as good as an empty one.</param>
internal sealed record BodyType(Type Type, bool MayBeAbsent);

/// <summary>Media types in which an answer is had beside JSON, or in place of it.</summary>
internal sealed record OtherForms(params IReadOnlyList<string> Types);

internal static class DescriptionExtensions
{
    /// <summary>Describes a read: 200 or 304, refused for a bad parameter or while the database is away.</summary>
    public static RouteHandlerBuilder Describe<T>(
        this RouteHandlerBuilder endpoint, string id, string summary, params Parameter[] parameters) =>
        endpoint.WithName(id).WithMetadata(new Description(summary, parameters))
            .Produces<T>(200, "application/json").Produces(304).Refuses(400, 429, 503);

    /// <summary>Describes a read that is a picture.</summary>
    public static RouteHandlerBuilder DescribePicture(
        this RouteHandlerBuilder endpoint, string id, string summary, params Parameter[] parameters) =>
        endpoint.WithName(id).WithMetadata(new Description(summary, parameters))
            .ProducesFile("image/svg+xml", "image/png", "text/html").Produces(304).Refuses(400, 401, 404, 406, 429, 503);

    /// <summary>Describes a write.</summary>
    public static RouteHandlerBuilder DescribeWrite<T>(
        this RouteHandlerBuilder endpoint, string id, string summary, string? bodyExample, params Parameter[] parameters) =>
        endpoint.WithName(id).WithMetadata(new Description(summary, parameters, bodyExample))
            .Produces<T>(200, "application/json").Refuses(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503);

    /// <summary>Says that the answer is also had in the other forms of a table.</summary>
    public static RouteHandlerBuilder InForms(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new OtherForms(
            "text/csv", "application/x-ndjson", Tables.TableRequest.Xlsx, Tables.TableRequest.Sdmx, Tables.TableRequest.JsonStat));

    /// <summary>Says that the answer is a file of one of these types.</summary>
    public static RouteHandlerBuilder ProducesFile(this RouteHandlerBuilder endpoint, params IReadOnlyList<string> types) =>
        endpoint.Produces(200).WithMetadata(new OtherForms(types));

    /// <summary>Names the shape of a JSON body.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, bool mayBeAbsent = false) =>
        endpoint.WithMetadata(new BodyType(typeof(T), mayBeAbsent));

    /// <summary>Says that answers of these statuses carry a header.</summary>
    public static RouteHandlerBuilder Sends(this RouteHandlerBuilder endpoint, AnswerHeader header, params IReadOnlyList<int> statuses) =>
        endpoint.WithMetadata(new Sends(statuses, header));

    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Problem), ["application/problem+json"]));
        }

        return endpoint;
    }
}
