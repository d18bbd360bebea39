using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Cchc.Api.Operations;
using Microsoft.Extensions.Caching.Distributed;

namespace Cchc.Api.Http;

/// <summary>
/// Has nodes share what takes long to compute, through Redis where <c>Redis:Answers</c> says so: before it is computed it is looked for there,
/// and once it is, it is put there. It is only what anybody got who showed no credential, and its key holds all that it follows from, so that
/// nothing there is ever of an older version than the one asked for. Redis is asked once a request at most and for a quarter of a second;
/// where it is away or slow, nobody asks for a while, and each node computes for itself.
/// </summary>
internal sealed partial class SharedAnswers(IDistributedCache cache, Build build, Measures measures, TimeProvider time, ILogger<SharedAnswers> log)
{
    private const int MostBytes = 8 * 1024 * 1024;
    private const int MostAtOnce = 4;

    // What one node may put there in an hour, after which it is forgotten: who asks for thousands of pictures must not fill Redis.
    private const long MostAnHour = 256 * 1024 * 1024;

    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    // By the real clock: nobody waits longer for what may be there.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PatienceToPut = TimeSpan.FromSeconds(2);

    private static readonly string[] Costly = ["/completion", "/compliance", "/pictures/"];

    private readonly Lock _gate = new();
    private long _hourBegan;
    private long _put;
    private int _putting;
    private volatile bool _isAway;
    private long _awayAt;

    // The first request need not wait until it is connected.
    private readonly Task _connecting = Task.Run(() => cache.GetAsync("answer:"));

    public static bool IsConfigured(IConfiguration configuration) => bool.TryParse(configuration["Redis:Answers"], out var isOn) && isOn;

    /// <summary>What an answer is kept by; null where it is not worth asking for.</summary>
    /// <param name="path">The path of the request.</param>
    /// <param name="others">All else that the answer follows from, beside the program.</param>
    public string? KeyOf(string? path, params ReadOnlySpan<string> others)
    {
        if (path is null || !Array.Exists(Costly, part => path.Contains(part, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        // Each with its length, so that no two requests run together into one text.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (ReadOnlySpan<string>)[build.Mark, path, .. others])
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(MemoryMarshal.AsBytes(part.AsSpan()));
        }

        return "answer:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The answer as another node put it; null where there is none, or it could not be asked for.</summary>
    public async Task<KeptAnswer?> FindAsync(string key)
    {
        if (!MayAsk())
        {
            return null;
        }

        try
        {
            // In a task of its own, since making the connection may take time before it first gives way.
            var bytes = await Task.Run(() => cache.GetAsync(key)).WaitAsync(Patience);
            Note(isAway: false);
            var found = bytes is null ? null : KeptAnswer.Unpack(key, bytes);
            measures.Shared(found is not null ? "found" : bytes is null ? "absent" : "unusable");
            return found;
        }
        catch (Exception)
        {
            // Whatever is the matter with it, the answer is to be had without it.
            measures.Shared("failed");
            Note(isAway: true);
            return null;
        }
    }

    /// <summary>Puts an answer there, if there is room; nobody need wait for it, and what comes of it is only counted.</summary>
    public async Task PutAsync(string key, KeptAnswer answer)
    {
        if (_isAway || answer.Body.Length > MostBytes || !MayPut(answer.Body.Length))
        {
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _putting) > MostAtOnce)
            {
                return;
            }

            await Task.Run(() => cache.SetAsync(
                key, answer.Pack(key), new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = Kept })).WaitAsync(PatienceToPut);
            measures.Shared("put");
        }
        catch (Exception)
        {
            measures.Shared("notPut");
        }
        finally
        {
            Interlocked.Decrement(ref _putting);
        }
    }

    private bool MayPut(int bytes)
    {
        lock (_gate)
        {
            if (_hourBegan == 0 || time.GetElapsedTime(_hourBegan) >= Kept)
            {
                (_hourBegan, _put) = (time.GetTimestamp(), 0);
            }

            _put += bytes;
            return _put <= MostAnHour;
        }
    }

    // While it is away one asks again after a pause, and the others meanwhile do not.
    private bool MayAsk()
    {
        lock (_gate)
        {
            var mayAsk = !_isAway || time.GetElapsedTime(_awayAt) >= Pause;
            if (_isAway && mayAsk)
            {
                _awayAt = time.GetTimestamp();
            }

            return mayAsk;
        }
    }

    private void Note(bool isAway)
    {
        lock (_gate)
        {
            _awayAt = isAway ? time.GetTimestamp() : _awayAt;
            if (_isAway == isAway)
            {
                return;
            }

            _isAway = isAway;
        }

        Changed(log, isAway ? "Redis does not answer in time, and each node computes for itself" : "they are shared");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Answers: {State}")]
    private static partial void Changed(ILogger log, string state);
}
