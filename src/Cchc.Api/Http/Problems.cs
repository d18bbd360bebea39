using System.Text.Json.Serialization;
using Cchc.Api.Data;
using Cchc.Api.Operations;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Polly.CircuitBreaker;

namespace Cchc.Api.Http;

/// <summary>One refusal among all that a request met, before it is put into words.</summary>
/// <param name="Code">A stable code of the catalogue.</param>
/// <param name="Pointer">Where in the body (RFC 6901), or null.</param>
/// <param name="Value">What was sent there.</param>
/// <param name="Arguments">What the words are filled in with.</param>
public sealed record Refusal(string Code, string? Pointer, object? Value, params object?[] Arguments)
{
    /// <summary>The query parameter at fault, in place of a pointer.</summary>
    public string? Parameter { get; init; }
}

/// <summary>Why a request is refused: the first <see cref="MostShown"/> refusals in the order they were met, and how many there are.</summary>
public sealed class RefusalList
{
    public const int MostShown = 100;

    private readonly List<Refusal> _shown = [];

    public IReadOnlyList<Refusal> Shown => _shown;

    public int Count { get; private set; }

    /// <summary>Whether the request is malformed (400), and not only against the rules (422).</summary>
    public bool HasMalformed { get; private set; }

    public void Add(Refusal refusal)
    {
        Count++;
        HasMalformed |= ProblemCatalogue.Entries[refusal.Code].Status == 400;
        if (_shown.Count < MostShown)
        {
            _shown.Add(refusal);
        }
    }

    public bool Has(string pointer) => _shown.Exists(each => each.Pointer == pointer);
}

/// <summary>A problem answer (RFC 9457) on its way out.</summary>
public sealed class ProblemException(string code, params object?[] arguments) : Exception(code)
{
    public string Code { get; } = code;
    public object?[] Arguments { get; } = arguments;
    public RefusalList Refusals { get; init; } = new();

    /// <summary>Makes the problem of a kind that says more.</summary>
    public Func<Problem, Problem> Extend { get; init; } = static problem => problem;

    /// <summary>Every refusal at once: 400 where one is malformed, else 422.</summary>
    public static ProblemException Of(RefusalList refusals) =>
        new(refusals.HasMalformed ? "request.malformed" : "request.invalid") { Refusals = refusals };

    public static ProblemException Of(IReadOnlyList<Refusal> refusals)
    {
        var list = new RefusalList();
        foreach (var refusal in refusals)
        {
            list.Add(refusal);
        }

        return Of(list);
    }
}

/// <summary>The wire shape of a problem: RFC 9457 with a stable code and every refusal.</summary>
public class Problem : ProblemDetails
{
    /// <summary>A stable code to program against.</summary>
    public required string Code { get; init; }

    /// <summary>The trace of the request (W3C Trace Context), which the server's log names too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceId { get; init; }

    /// <summary>The first 100 errors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ProblemError>? Errors { get; init; }

    /// <summary>How many errors there are beyond the first 100; absent where all are shown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int ErrorsLeftOff { get; init; }
}

/// <summary>One refusal: where, which, in words, and what was sent.</summary>
public sealed record ProblemError
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pointer { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Parameter { get; init; }

    public required string Code { get; init; }
    public required string Detail { get; init; }
    public object? Value { get; init; }
}

internal static partial class Problems
{
    private static readonly string[] Kept = ["Allow", "Content-Range", "RateLimit", "RateLimit-Policy", "Retry-After"];

    public static bool WantsEnglish(HttpRequest request)
    {
        var best = request.GetTypedHeaders().AcceptLanguage?
            .Where(language => language.Quality is not 0)
            .OrderByDescending(language => language.Quality ?? 1)
            .Select(language => language.Value.Value ?? "")
            .FirstOrDefault(tag => tag.StartsWith("vi", StringComparison.OrdinalIgnoreCase) || tag.StartsWith("en", StringComparison.OrdinalIgnoreCase));
        return best?.StartsWith("en", StringComparison.OrdinalIgnoreCase) == true;
    }

    public static string Words(HttpRequest request, string code, params object?[] arguments) =>
        ProblemCatalogue.Entries[code].In(WantsEnglish(request), arguments);

    public static Task WriteAsync(HttpContext context, ProblemException problem)
    {
        var english = WantsEnglish(context.Request);
        var entry = ProblemCatalogue.Entries[problem.Code];
        context.RequestServices.GetRequiredService<Measures>().Refused(problem.Code, entry.Status);
        var body = new Problem
        {
            Type = $"urn:cchc:problem:{problem.Code}",
            Title = entry.In(english, problem.Arguments),
            Status = entry.Status,
            Instance = context.Request.PathBase + context.Request.Path,
            Code = problem.Code,
            TraceId = Tracing.Resume(context),
            ErrorsLeftOff = problem.Refusals.Count - problem.Refusals.Shown.Count,
            Errors = problem.Refusals.Count == 0 ? null : [.. problem.Refusals.Shown.Select(refusal => new ProblemError
            {
                Pointer = refusal.Pointer,
                Parameter = refusal.Parameter,
                Code = refusal.Code,
                Detail = ProblemCatalogue.Entries[refusal.Code].In(english, refusal.Arguments),
                Value = refusal.Value is string text ? Excerpt.Of(text) : refusal.Value,
            })],
        };
        var response = context.Response;
        (string Name, Microsoft.Extensions.Primitives.StringValues Value)[] kept =
            [.. Kept.Select(name => (name, response.Headers[name])).Where(header => header.Item2.Count > 0)];
        response.Clear();
        foreach (var (name, value) in kept)
        {
            response.Headers[name] = value;
        }

        response.StatusCode = entry.Status;
        response.Headers.ContentLanguage = english ? "en" : "vi";
        response.Headers.Vary = "Accept-Language";
        response.Headers.CacheControl = "no-store";
        switch (entry.Status)
        {
            case 401:
                response.Headers.WWWAuthenticate = "Bearer realm=\"cchc\"";
                break;
            case 429 when response.Headers.RetryAfter.Count == 0:
                response.Headers.RetryAfter = "10";
                break;
            case 503:
                response.Headers.RetryAfter = "2";
                break;
            default:
                break;
        }

        return response.WriteAsJsonAsync<object>(problem.Extend(body), Json.Options, "application/problem+json", context.RequestAborted);
    }

    /// <summary>Turns whatever went wrong into a problem answer; nothing of its inside leaks.</summary>
    public static async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            var problem = Translate(context, exception);
            await context.RequestServices.GetRequiredService<Auditing.RefusalAudit>().NoteAsync(context, problem);
            await WriteAsync(context, problem);
            return;
        }

        if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentLength: null, ContentType: null })
        {
            await WriteAsync(context, new ProblemException(context.Response.StatusCode switch
            {
                401 => "auth.required",
                403 => "auth.forbidden",
                405 => "request.methodNotAllowed",
                412 => "precondition.failed",
                413 => "request.tooLarge",
                415 => "request.mediaType",
                416 => "range.notSatisfiable",
                404 => "notFound",
                503 => "request.timeout",
                _ => "request.malformed",
            }));
        }
    }

    private static ProblemException Translate(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ProblemException problem:
                return problem;
            case BadHttpRequestException { StatusCode: 413 }:
                var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
                return new ProblemException("request.tooLarge", limit - RequestBody.MaxDrainedBytes);
            case BadHttpRequestException:
                return new ProblemException("request.incomplete");
            case DatabaseAwayException { InnerException: BrokenCircuitException }:
                // That it is away was logged when it went.
                return new ProblemException("service.unavailable");
            default:
                Tracing.Resume(context);
                var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Cchc.Api");
                LogFault(logger, exception, context.Request.Method, context.Request.Path);
                var away = exception is System.Data.Common.DbException or TimeoutException;
                return new ProblemException(exception is OutcomeUnknownException ? "write.unknown" : away ? "service.unavailable" : "service.fault");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFault(ILogger logger, Exception exception, string method, string path);
}
