using System.Data.Common;
using System.Diagnostics.Metrics;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Cchc.Api.Data;

/// <summary>How long somebody is ready to wait for the database.</summary>
public enum Pace
{
    /// <summary>The watch of data versions: two seconds a try, one more at once, three in all, since others wait for it.</summary>
    Watch,

    /// <summary>A request: ten seconds a try, twenty in all.</summary>
    Request,

    /// <summary>An import, a migration: as long as its caller gives it.</summary>
    Bulk,
}

/// <summary>
/// The patience with one kind of work, reads or writes: a total time, around tries with growing and jittered pauses, around a circuit
/// breaker, around a time for each try. The breaker opens when seven in ten of ten seconds' tries cannot connect or lose the connection,
/// not when statements take long. From then on nobody waits, until one probe a second later finds the database again. Pauses and times are
/// of the real clock, the breaker's of the given one.
/// </summary>
internal sealed partial class Resilience
{
    private static readonly ResiliencePropertyKey<Exception> LastFault = new("fault");
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(1);

    private readonly Dialect _dialect;
    private readonly string _kind;
    private readonly Counter<long> _setbacks;
    private readonly Dictionary<Pace, ResiliencePipeline> _pipelines;

    public Resilience(Dialect dialect, string kind, IMeterFactory meters, TimeProvider time, ILogger log)
    {
        (_dialect, _kind) = (dialect, kind);
        _setbacks = meters.Create("Cchc.Api").CreateCounter<long>(
            "cchc.database.setbacks", description: "What was sat out: a retry, a timeout, or opened, from when on nobody waits for the database.");
        var state = new CircuitBreakerStateProvider();
        var breaker = new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            // A probe that nobody waited for to its end has found nothing.
            ShouldHandle = outcome => ValueTask.FromResult(
                (IsAway(outcome.Outcome.Exception) && !IsSlow(outcome.Outcome.Exception, outcome.Context))
                || (outcome.Outcome.Exception is OperationCanceledException && state.CircuitState == CircuitState.HalfOpen)),
            StateProvider = state,
            FailureRatio = 0.7,
            SamplingDuration = Window,
            MinimumThroughput = 4,
            BreakDuration = Break,
            OnOpened = opened =>
            {
                Opened(log, opened.Outcome.Exception, kind);
                return Count("opened");
            },
            OnClosed = _ =>
            {
                Closed(log, kind);
                return default;
            },
        }).Build();
        _pipelines = new()
        {
            [Pace.Watch] = Build(breaker, tries: 1, TimeSpan.FromSeconds(2), LongestOf(Pace.Watch)),
            [Pace.Request] = Build(breaker, tries: 6, TimeSpan.FromSeconds(10), LongestOf(Pace.Request)),
            [Pace.Bulk] = Build(breaker, tries: 6, Timeout.InfiniteTimeSpan, LongestOf(Pace.Bulk)),
        };
    }

    /// <summary>How long somebody waits for the database in all.</summary>
    public static TimeSpan LongestOf(Pace pace) => pace switch
    {
        Pace.Watch => TimeSpan.FromSeconds(3),
        Pace.Request => TimeSpan.FromSeconds(20),
        _ => Timeout.InfiniteTimeSpan,
    };

    /// <summary>Runs a whole transaction, anew where a fault allows it.</summary>
    /// <exception cref="DatabaseAwayException">The database was away, or too slow.</exception>
    public async Task<T> RunAsync<T>(Pace pace, Func<CancellationToken, Task<T>> run, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(cancellation);
        try
        {
            return await _pipelines[pace].ExecuteAsync(
                async tried =>
                {
                    try
                    {
                        return await run(tried.CancellationToken);
                    }
                    catch (Exception fault)
                    {
                        tried.Properties.Set(LastFault, fault);
                        throw;
                    }
                },
                context);
        }
        catch (Exception fault) when (fault is BrokenCircuitException or TimeoutRejectedException || (fault is not CommitException && IsAway(fault)))
        {
            throw new DatabaseAwayException("The database is unavailable.", fault) { IsSlow = IsSlow(fault, context) };
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private ResiliencePipeline Build(ResiliencePipeline breaker, int tries, TimeSpan attempt, TimeSpan total)
    {
        var builder = new ResiliencePipelineBuilder();
        if (total != Timeout.InfiniteTimeSpan)
        {
            builder.AddTimeout(Within(total));
        }

        builder.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = outcome => ValueTask.FromResult(IsWorthRepeating(outcome.Outcome.Exception)),
            MaxRetryAttempts = tries,
            Delay = TimeSpan.FromMilliseconds(50),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            OnRetry = _ => Count("retry"),
        }).AddPipeline(breaker);
        if (attempt != Timeout.InfiniteTimeSpan)
        {
            builder.AddTimeout(Within(attempt));
        }

        return builder.Build();
    }

    private TimeoutStrategyOptions Within(TimeSpan time) => new() { Timeout = time, OnTimeout = _ => Count("timeout") };

    private ValueTask Count(string setback)
    {
        _setbacks.Add(1, new("kind", _kind), new("event", setback));
        return default;
    }

    private bool IsWorthRepeating(Exception? fault) =>
        fault is TimeoutRejectedException || (fault is not null and not CommitException && _dialect.IsTransient(fault));

    // What a try was ended in tells what took too long.
    private bool IsSlow(Exception? fault, ResilienceContext context) => IsSlow(
        fault is TimeoutRejectedException && context.Properties.TryGetValue(LastFault, out var last) ? last : fault);

    // What took too long before it had a connection was not slow: there was none.
    private bool IsSlow(Exception? fault) => fault switch
    {
        CommitException { InnerException: { } cause } => IsSlow(cause),
        OperationCanceledException => fault is not ConnectionTimeoutException,
        DatabaseAwayException away => away.IsSlow,
        null => false,
        _ => _dialect.IsSlow(fault),
    };

    private bool IsAway(Exception? fault) => fault switch
    {
        null => false,
        CommitException { InnerException: { } cause } => _dialect.IsAway(cause),
        TimeoutRejectedException => true,
        _ => _dialect.IsAway(fault),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "The database is away: {Kind} are refused until it answers again")]
    private static partial void Opened(ILogger log, Exception? exception, string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database answers again: {Kind} go on")]
    private static partial void Closed(ILogger log, string kind);
}

/// <summary>The database could not be asked; nothing was changed.</summary>
public sealed class DatabaseAwayException(string message, Exception inner) : DbException(message, inner)
{
    /// <summary>Whether it was there, and took too long.</summary>
    public bool IsSlow { get; init; }
}

/// <summary>A try that was ended before it had a connection.</summary>
internal sealed class ConnectionTimeoutException(Exception inner, CancellationToken cancellation)
    : OperationCanceledException("No connection to the database.", inner, cancellation);

/// <summary>A change was on its way when the connection broke, and whether it went in could not be found out.</summary>
public sealed class OutcomeUnknownException(Exception inner) : DbException("It is not known whether the change went in.", inner);

/// <summary>A commit that was not confirmed: it is neither repeated nor believed before it is known what became of it.</summary>
internal sealed class CommitException(Exception inner) : Exception("The commit was not confirmed.", inner);
