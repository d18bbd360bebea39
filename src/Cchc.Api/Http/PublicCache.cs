using System.Collections.Concurrent;
using System.Globalization;
using Cchc.Api.Data;
using Cchc.Api.Operations;

namespace Cchc.Api.Http;

/// <summary>
/// Keeps what everybody may read as the bytes that go out, by address, form and coding, until any data version rises or the day ends. Who
/// asks for a range is answered anew. The framework's output cache does the same at two thirds of the speed: it
/// reads its entries anew each time. What is not at hand another node may have (<see cref="SharedAnswers"/>).
/// </summary>
internal sealed class PublicCache(DataVersions versions, TimeProvider time, SharedAnswers? shared = null)
{
    private const int MostBytes = 64 * 1024 * 1024;
    private const int PerEntry = 1024;

    private volatile Moment _moment = new(-1, default, null, null, "");

    /// <summary>Answers what is at hand: 304 where the client holds it already. Who shows a credential is first asked for rights.</summary>
    public async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) || request.Headers.Range.Count > 0 || Health.Owns(request.Path))
        {
            await next(context);
            return;
        }

        // What is computed from here on is of this moment or a later one, and kept as of this one.
        var moment = await CurrentAsync(context.RequestAborted);
        var address = new Address(request.Path.Value, request.QueryString.Value, Codings.Of(context), Wanted(request));
        string? key = null;
        if (request.Headers.Authorization.Count == 0)
        {
            if (moment.Answers.TryGetValue(address, out var kept))
            {
                await SendAsync(context, moment, kept);
                return;
            }

            key = moment.Stale is null ? shared?.KeyOf(address.Path, address.Query ?? "", address.Coding, address.Accept, moment.Mark) : null;
            if (key is not null && await FindAsync(moment, address, key, context.RequestAborted) is { } found)
            {
                await SendAsync(context, moment, found);
                return;
            }
        }

        context.Features.Set(new Place(moment, address, key));
        await (moment.Before is { } before ? AnswerOrElseAsync(context, next, moment, before, address) : next(context));
    }

    /// <summary>
    /// Answers what everybody may read: once for all who ask for it at the same time, whether or not they show a credential.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="write">Computes the answer and sends it.</param>
    public static async Task OnceAsync(HttpContext context, Func<Task> write)
    {
        if (context.Features.Get<Place>() is not { } place)
        {
            await write();
            return;
        }

        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = place.Moment.Making.GetOrAdd(place.Address, mine);
        if (first != mine)
        {
            await first.Task.WaitAsync(context.RequestAborted);
        }

        try
        {
            if (place.Moment.Answers.TryGetValue(place.Address, out var kept))
            {
                await SendAsync(context, place.Moment, kept);
            }
            else
            {
                place.IsPublic = true;
                await write();
            }
        }
        finally
        {
            // Should nothing have come of it, those who waited write for themselves.
            if (first == mine)
            {
                place.Made();
            }
        }
    }

    /// <summary>Keeps an answer as it goes out, if it is to be kept.</summary>
    public static void Keep(HttpContext context, byte[] body)
    {
        var response = context.Response;
        var headers = response.Headers;
        if (response.StatusCode == StatusCodes.Status200OK && context.Features.Get<Place>() is { IsPublic: true } place)
        {
            var answer = new KeptAnswer(
                headers.ETag.ToString(), headers.Vary, headers.Link, headers.ContentEncoding, headers.ContentDisposition, headers.AcceptRanges,
                headers[AnswerHeaders.DataVersion.Name], response.ContentType, body);
            place.Moment.Keep(place.Address, answer);
            place.Made();

            // One that tells its age was computed while the database went away.
            if (place.Key is { } key && headers.Age.Count == 0)
            {
                _ = context.RequestServices.GetRequiredService<SharedAnswers>().PutAsync(key, answer);
            }
        }
    }

    // The form and the language: what an answer may vary by beside its coding.
    private static string Wanted(HttpRequest request) => request.Headers.AcceptLanguage.Count > 0 && Problems.WantsEnglish(request)
        ? $"{request.Headers.Accept}\nen" : request.Headers.Accept.ToString();

    // Asked for once by all who ask for the same at the same time.
    private async Task<KeptAnswer?> FindAsync(Moment moment, Address address, string key, CancellationToken cancellation)
    {
        var look = moment.Looks.GetOrAdd(address, _ => new Lazy<Task<KeptAnswer?>>(() => shared!.FindAsync(key)));
        try
        {
            var found = await look.Value.WaitAsync(cancellation);
            if (found is not null)
            {
                moment.Keep(address, found);
            }

            return found;
        }
        finally
        {
            moment.Looks.TryRemove(KeyValuePair.Create(address, look));
        }
    }

    // What only the database could tell goes out as it was before it went away, of its age.
    private static async Task AnswerOrElseAsync(HttpContext context, RequestDelegate next, Moment moment, Moment before, Address address)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (
            fault is DatabaseAwayException or ProblemException { Code: "service.unavailable" } && !context.Response.HasStarted
            && context.Request.Headers.Authorization.Count == 0 && before.Answers.ContainsKey(address))
        {
            await SendAsync(context, moment, before.Answers[address]);
        }
    }

    private static async Task SendAsync(HttpContext context, Moment moment, KeptAnswer kept)
    {
        kept.Show(context.Response.Headers);
        if (moment.Stale is { } stale)
        {
            Answers.TellAge(context, stale, context.RequestServices.GetRequiredService<TimeProvider>());
        }

        Answers.SetCacheControl(context, Answers.Public);
        if (Preconditions.IsKnown(context.Request, kept.ETag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = kept.ContentType;
        context.Response.ContentLength = kept.Body.Length;
        await context.Response.Body.WriteAsync(kept.Body, context.RequestAborted);
    }

    private async ValueTask<Moment> CurrentAsync(CancellationToken cancellation)
    {
        var (epoch, today) = (await versions.EpochAsync(cancellation), time.Today());
        var (moment, stale) = (_moment, versions.Stale);
        if (moment.Epoch != epoch || moment.Today != today || !ReferenceEquals(moment.Stale, stale))
        {
            // Requests may still hold the old one, which then goes with them; save that the last fresh one stands in for the database.
            _moment = moment = new Moment(epoch, today, stale, stale is null ? null : moment.Stale is null ? moment : moment.Before, MarkOf(today));
        }

        return moment;
    }

    // What every node that knows as much has for its moment too: a version alone may come again after a restore, and in another database.
    private string MarkOf(DateOnly today) => shared is null ? "" : string.Join('\n', versions.Known
        .OrderBy(version => version.Scope, StringComparer.Ordinal)
        .Select(version => string.Create(CultureInfo.InvariantCulture, $"{version.Scope}:{version.Version}:{version.ChangedAt.ToUnixTimeMilliseconds()}"))
        .Prepend(today.ToString("O", CultureInfo.InvariantCulture)));

    private readonly record struct Address(string? Path, string? Query, string Coding, string Accept)
    {
        // The client says how long they are, up to some 40,000 characters.
        public int Bytes => sizeof(char) * ((Path?.Length ?? 0) + (Query?.Length ?? 0) + Accept.Length);
    }

    private sealed record Place(Moment Moment, Address Address, string? Key)
    {
        public bool IsPublic { get; set; }

        public void Made()
        {
            if (Moment.Making.TryRemove(Address, out var made))
            {
                made.SetResult();
            }
        }
    }

    private sealed record Moment(long Epoch, DateOnly Today, Staleness? Stale, Moment? Before, string Mark)
    {
        private long _bytes;

        public ConcurrentDictionary<Address, KeptAnswer> Answers { get; } = new();

        /// <summary>What another node is being asked for.</summary>
        public ConcurrentDictionary<Address, Lazy<Task<KeptAnswer?>>> Looks { get; } = new();

        /// <summary>What is being computed, to be waited for.</summary>
        public ConcurrentDictionary<Address, TaskCompletionSource> Making { get; } = new();

        public void Keep(Address address, KeptAnswer answer)
        {
            // Who asks for thousands of things that nobody else asks for must not take all memory: at the limit it begins anew.
            var size = answer.Body.Length + address.Bytes + PerEntry;
            if (Interlocked.Add(ref _bytes, size) > MostBytes)
            {
                Answers.Clear();
                Interlocked.Exchange(ref _bytes, size);
            }

            Answers[address] = answer;
        }
    }
}
