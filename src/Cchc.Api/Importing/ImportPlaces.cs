using Cchc.Api.Http;

namespace Cchc.Api.Importing;

/// <summary>
/// The imports that run on this node at the same time. Callers take turns: a free place goes to the caller who has the fewest imports
/// running. Each caller may have a limited number under way, from the upload to the end.
/// </summary>
internal sealed class ImportPlaces(int places, int mostOfCaller)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _underWay = new(StringComparer.Ordinal);
    private readonly List<string> _running = [];
    private readonly List<(string Caller, TaskCompletionSource Turn)> _waiting = [];

    /// <summary>How many imports one caller may have that have not ended.</summary>
    public int MostOfCaller => mostOfCaller;

    /// <summary>Begins to receive an import.</summary>
    /// <returns>Ends it when disposed.</returns>
    /// <exception cref="ProblemException">429 where the caller has as many under way as one may have.</exception>
    public IDisposable Receive(string caller)
    {
        lock (_gate)
        {
            var count = _underWay.GetValueOrDefault(caller);
            if (count >= mostOfCaller)
            {
                throw new ProblemException("import.tooMany", count);
            }

            _underWay[caller] = count + 1;
        }

        return new Held(() =>
        {
            lock (_gate)
            {
                if (--_underWay[caller] == 0)
                {
                    _underWay.Remove(caller);
                }
            }
        });
    }

    /// <summary>Waits for the caller's turn to run an import.</summary>
    /// <returns>Gives the place back when disposed.</returns>
    public async Task<IDisposable> RunAsync(string caller, CancellationToken cancellation)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((caller, turn));
            Next();
        }

        try
        {
            await turn.Task.WaitAsync(cancellation);
        }
        catch
        {
            lock (_gate)
            {
                if (!_waiting.Remove((caller, turn)))
                {
                    Leave(caller);
                }
            }

            throw;
        }

        return new Held(() =>
        {
            lock (_gate)
            {
                Leave(caller);
            }
        });
    }

    private void Leave(string caller)
    {
        _running.Remove(caller);
        Next();
    }

    // Of callers with equally many the one who has waited longest.
    private void Next()
    {
        while (_running.Count < places && _waiting.Count > 0)
        {
            var next = _waiting.MinBy(each => _running.Count(running => running == each.Caller));
            _waiting.Remove(next);
            _running.Add(next.Caller);
            next.Turn.SetResult();
        }
    }

    private sealed class Held(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
