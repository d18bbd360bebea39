using System.Collections.Concurrent;
using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Cchc.Api.Tests.Nodes;

/// <summary>Answers that nodes share: with a store that does as the test says, and on a real Redis where CCHC_TEST_REDIS names one.</summary>
public sealed class SharedAnswerTests
{
    private const string Plan = HttpExtensions.Plan;
    private const string Picture = $"{Plan}/pictures/groups?format=png&scale=2";

    private static readonly string[] Paths =
    [
        Picture, $"{Plan}/pictures/districts", $"{Plan}/completion", $"{Plan}/completion/rows?format=xlsx", $"{Plan}/completion/rows?limit=2",
        $"{Plan}/completion/series", $"{Plan}/completion/units/STP",
    ];

    private static readonly (string Name, string Value)[] Settings = [("Redis:Answers", "true"), ("Redis:ConnectionString", "127.0.0.1:1")];

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task What_one_node_computed_the_next_gives_as_it_is(Engine engine)
    {
        using var store = new Store();
        await using var first = await StartAsync(store, engine);
        await using var second = Join(first, store);
        foreach (var path in Paths)
        {
            foreach (var coding in new[] { "br", "identity" })
            {
                var (computed, body) = await GetAsync(first.Anonymous, path, coding);
                await store.PutAsync();
                var (given, same) = await GetAsync(second.Anonymous, path, coding);
                Assert.Equal(body, same);
                Assert.Equal(Headers(computed), Headers(given));
            }
        }

        // It computed none of them, and now has them itself.
        Assert.Equal(Paths.Length * 2, store.Puts);
        var gets = store.Gets;
        Assert.Equal(0, await second.CountCommandsAsync(() => GetAsync(second.Anonymous, Picture)));
        Assert.Equal(gets, store.Gets);
    }

    [Fact]
    public async Task After_a_write_and_on_another_day_or_build_it_is_computed_anew()
    {
        using var store = new Store();
        await using var first = await StartAsync(store);
        await using var second = Join(first, store);
        await using var next = Join(first, store, new Build("next"));
        using var administrator = await first.KeyAsync(Role.Administrator);
        var (_, before) = await GetAsync(first.Anonymous, $"{Plan}/completion");
        await store.PutAsync();
        await GetAsync(next.Anonymous, $"{Plan}/completion");
        await store.PutAsync();

        await administrator.PublishAsync("SNV", HttpExtensions.Ratio("II.3.a", 1, 2));
        second.Time.Advance(TimeSpan.FromSeconds(1));
        var (_, after) = await GetAsync(second.Anonymous, $"{Plan}/completion");
        await store.PutAsync();
        Assert.NotEqual(before, after);
        Assert.Equal(after, (await GetAsync(first.Anonymous, $"{Plan}/completion")).Body);
        Assert.Equal(3, store.Puts);

        second.Time.Advance(TimeSpan.FromDays(1));
        await GetAsync(second.Anonymous, $"{Plan}/completion");
        await store.PutAsync();
        Assert.Equal(4, store.Puts);
    }

    [Fact]
    public async Task What_is_given_to_a_key_or_is_cheap_or_refused_or_a_part_or_stale_is_not_put_there()
    {
        using var store = new Store();
        var dialect = new FaultyDialect();
        await using var api = await ApiHost.StartAsync(
            Engine.Sqlite, settings: Settings, configure: services => services.AddSingleton<IDistributedCache>(store).AddSingleton<Dialect>(dialect));
        using var monitor = await api.KeyAsync(Role.Monitor);
        await GetAsync(monitor, $"{Plan}/completion");
        await GetAsync(monitor, $"{Plan}/completion?lens=provisional");
        await GetAsync(api.Anonymous, "/v1/units");
        await GetAsync(api.Anonymous, $"{Plan}/pictures/groups?format=html");
        await api.Anonymous.GetAsync(new Uri($"{Plan}/completion?x=1", UriKind.Relative));
        using var part = new HttpRequestMessage(HttpMethod.Get, $"{Plan}/completion/rows?format=csv");
        part.Headers.TryAddWithoutValidation("Range", "bytes=0-9");
        Assert.Equal(HttpStatusCode.PartialContent, (await api.Anonymous.SendAsync(part)).StatusCode);
        GoAway();
        Assert.NotNull((await GetAsync(api.Anonymous, $"{Plan}/completion/units")).Answer.Headers.Age);

        // What would have been put there comes before what is.
        await using var other = Join(api, store);
        await GetAsync(other.Anonymous, $"{Plan}/completion/units");
        await store.PutAsync();
        Assert.Equal(1, store.Puts);

        void GoAway()
        {
            dialect.IsGone = true;
            SqliteConnection.ClearAllPools();
            api.Time.Advance(TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public async Task What_is_not_what_was_put_there_is_computed_anew()
    {
        using var store = new Store();
        await using var first = await StartAsync(store);
        var (_, body) = await GetAsync(first.Anonymous, Picture);
        await store.PutAsync();
        var good = store.Last;
        await GetAsync(first.Anonymous, $"{Plan}/completion");
        await store.PutAsync();
        byte[] broken = [.. good];
        broken[40] ^= 1;
        foreach (var wrong in new[] { [], [1, 2, 3], new byte[40], good[..^1], good[..20], [.. good, 0], broken, store.Last })
        {
            store.Replace(wrong);
            await using var next = Join(first, store);
            Assert.Equal(body, (await GetAsync(next.Anonymous, Picture)).Body);
            await store.PutAsync();
        }

        Assert.Equal(10, store.Puts);
        await using var last = Join(first, store);
        Assert.Equal(body, (await GetAsync(last.Anonymous, Picture)).Body);
        Assert.Equal(10, store.Puts);
    }

    [Fact]
    public async Task A_store_that_fails_or_hangs_is_let_be_for_a_while()
    {
        using var store = new Store();
        await using var api = await StartAsync(store);
        await GetAsync(api.Anonymous, Picture);
        await store.PutAsync();
        var width = 300;
        foreach (var fault in new[] { Task.FromException(new InvalidOperationException("A fault that was asked for.")), new TaskCompletionSource().Task })
        {
            store.Fault = fault;
            var (gets, puts) = (store.Gets, store.Puts);
            for (var round = 0; round < 5; round++)
            {
                await GetAsync(api.Anonymous, $"{Plan}/pictures/groups?width={width++}");
            }

            Assert.Equal(gets + 1, store.Gets);
            store.Fault = Task.CompletedTask;
            api.Time.Advance(TimeSpan.FromSeconds(6));
            await GetAsync(api.Anonymous, $"{Plan}/pictures/groups?width={width++}");
            await store.PutAsync();
            Assert.Equal((gets + 2, puts + 1), (store.Gets, store.Puts));
        }
    }

    [Fact]
    public async Task One_node_does_not_fill_the_store()
    {
        using var store = new Store();
        await using var api = await StartAsync(store);
        var shared = api.Services.GetRequiredService<SharedAnswers>();
        const int mebi = 1024 * 1024;
        await shared.PutAsync("answer:large", Answer((8 * mebi) + 1));
        Assert.Equal(0, store.Puts);
        var large = Answer(8 * mebi);
        for (var count = 0; count < 40; count++)
        {
            await shared.PutAsync("answer:same", large);
        }

        Assert.Equal(256 / 8, store.Puts);
        api.Time.Advance(TimeSpan.FromHours(1));
        await shared.PutAsync("answer:same", large);
        Assert.Equal((256 / 8) + 1, store.Puts);

        static KeptAnswer Answer(int bytes) => new("\"1\"", default, default, default, default, default, default, "text/plain", new byte[bytes]);
    }

    [SkippableFact]
    public async Task On_Redis_too_and_without_it_when_it_goes()
    {
        var address = Environment.GetEnvironmentVariable("CCHC_TEST_REDIS");
        Skip.If(string.IsNullOrEmpty(address), "CCHC_TEST_REDIS names no Redis to run on.");
        using var relay = new Relay(address.Split(',')[0]);
        var prefix = $"{Guid.NewGuid():n}:";
        (string, string)[] settings = [("Redis:Answers", "true"), ("Redis:ConnectionString", relay.Address), ("Redis:Prefix", prefix)];
        await using var first = await ApiHost.StartAsync(Engine.Sqlite, settings: settings);
        await using var second = ApiHost.Join(first, settings: settings);
        var bodies = new List<byte[]>();
        foreach (var path in Paths)
        {
            bodies.Add((await GetAsync(first.Anonymous, path, "br")).Body);
        }

        await using (var redis = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(address))
        {
            while (await redis.GetServers()[0].KeysAsync(pattern: $"{prefix}answer:*").CountAsync() < Paths.Length)
            {
            }
        }

        // It asks the database for nothing but the versions.
        Assert.InRange(await second.CountCommandsAsync(() => ReadAllAsync(second)), 0, 1);
        Assert.Equal(0, await second.CountAsync("cchc.answers.shared", () => ReadAllAsync(second)));

        // Cut off, and then silent: every answer comes all the same.
        foreach (var cut in new[] { relay.Cut, (Action)relay.Silence })
        {
            cut();
            await using var third = ApiHost.Join(first, settings: settings);
            await ReadAllAsync(third);
            second.Time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(second.Anonymous, Picture)).Answer.StatusCode);
        }

        async Task ReadAllAsync(ApiHost node)
        {
            foreach (var (path, body) in Paths.Zip(bodies))
            {
                Assert.Equal(body, (await GetAsync(node.Anonymous, path, "br")).Body);
            }
        }
    }

    private static Task<ApiHost> StartAsync(Store store, Engine engine = Engine.Sqlite) => ApiHost.StartAsync(
        engine, settings: Settings, configure: services => services.AddSingleton<IDistributedCache>(store));

    private static ApiHost Join(ApiHost first, Store store, Build? build = null) => ApiHost.Join(
        first, settings: Settings, configure: services => services.AddSingleton<IDistributedCache>(store).AddSingleton(build ?? Build.OfProgram));

    private static async Task<(HttpResponseMessage Answer, byte[] Body)> GetAsync(HttpClient client, string path, string coding = "identity")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", coding);
        var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer, await answer.Content.ReadAsByteArrayAsync());
    }

    // All but what only one who computes says.
    private static string Headers(HttpResponseMessage answer) => string.Join('\n', answer.Headers.Concat(answer.Content.Headers)
        .Where(header => header.Key != "api-supported-versions").Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order());

    /// <summary>A store in memory, which does as a test wants it to.</summary>
    private sealed class Store : IDistributedCache, IDisposable
    {
        private readonly ConcurrentDictionary<string, byte[]> _values = new();
        private readonly SemaphoreSlim _done = new(0);
        private int _gets;
        private int _puts;

        public int Gets => _gets;
        public int Puts => _puts;

        /// <summary>What everything that is asked for waits for.</summary>
        public Task Fault { get; set; } = Task.CompletedTask;

        /// <summary>What was put there last.</summary>
        public byte[] Last { get; private set; } = [];

        /// <summary>Has something else be there in place of all that was put.</summary>
        public void Replace(byte[] value)
        {
            foreach (var key in _values.Keys)
            {
                _values[key] = value;
            }
        }

        /// <summary>Waits until one more was put there.</summary>
        public async Task PutAsync() => Assert.True(await _done.WaitAsync(TimeSpan.FromSeconds(30)));

        public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
        {
            if (key == "answer:")
            {
                return null;
            }

            Interlocked.Increment(ref _gets);
            await Fault;
            return _values.GetValueOrDefault(key);
        }

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Assert.InRange(options.AbsoluteExpirationRelativeToNow!.Value, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
            Last = _values[key] = value;
            Interlocked.Increment(ref _puts);
            _done.Release();
            return Task.CompletedTask;
        }

        public byte[]? Get(string key) => throw new NotSupportedException();

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

        public void Refresh(string key) => throw new NotSupportedException();

        public Task RefreshAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Remove(string key) => throw new NotSupportedException();

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Dispose() => _done.Dispose();
    }
}
