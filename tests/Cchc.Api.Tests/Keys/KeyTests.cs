using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json.Nodes;
using Cchc.Api.Data;
using Cchc.Api.Keys;
using Cchc.Api.Tests.Support;
using Cchc.Domain.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cchc.Api.Tests.Keys;

public sealed class KeyTests
{
    private const string Keys = "/v1/api-keys";
    private const string Own = HttpExtensions.Plan + "/reports?limit=1";

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_key_is_made_used_and_revoked(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var made = await administrator.SendJsonAsync(HttpMethod.Post, Keys, """
            {"role":"reporter","unit":"D474","label":"Một cửa","expiresAt":"2022-07-01T00:00:00+07:00",
             "scopes":["reportsWrite","read","read"],"ipRanges":[]}
            """);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal("no-store", made.Headers.CacheControl!.ToString());
        var issued = await made.JsonAsync();
        var secret = (string)issued["key"]!;
        Assert.Matches("^cchc_[0-9a-f]{64}$", secret);
        Assert.Equal($"{Keys}/{issued["id"]}", made.Headers.Location!.ToString());
        Assert.Equal(["read", "reportsWrite"], issued["scopes"]!.AsArray().Select(scope => (string)scope!));

        using var holder = api.Holding(secret);
        await holder.GetJsonAsync(Own);
        var shown = await administrator.GetJsonAsync(made.Headers.Location.ToString());
        Assert.Equal("2022-06-18T09:00:00.000+07:00", (string)shown["lastUsedAt"]!);
        Assert.Equal(("reporter", "D474", "Một cửa"), ((string)shown["role"]!, (string)shown["unit"]!, (string)shown["label"]!));
        Assert.Equal("2022-07-01T00:00:00.000+07:00", (string)shown["expiresAt"]!);
        Assert.DoesNotContain("cchc_", (await administrator.GetJsonAsync(Keys)).ToJsonString(), StringComparison.Ordinal);

        var revoked = await administrator.DeleteAsync(made.Headers.Location);
        Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await holder.GetAsync(Address(Own))).StatusCode);
        api.Time.Advance(TimeSpan.FromMinutes(5));
        var again = await (await administrator.DeleteAsync(made.Headers.Location)).JsonAsync();
        Assert.Equal((string)(await revoked.JsonAsync())["revokedAt"]!, (string)again["revokedAt"]!);
        Assert.Equal(HttpStatusCode.Conflict, (await administrator.SendJsonAsync(HttpMethod.Post, made.Headers.Location + "/rotate", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await administrator.DeleteAsync(Address(Keys + "/none"))).StatusCode);
        var entries = (await administrator.GetJsonAsync($"/v1/audit?subject={issued["id"]}"))["items"]!.AsArray();
        Assert.Equal(["key.revoke", "key.create"], entries.Select(entry => (string)entry!["action"]!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_rotated_key_has_two_secrets_until_the_end_of_grace(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (id, first) = await CreateAsync(administrator, """{"role":"monitor"}""");
        var second = await RotateAsync(administrator, id, null);
        Assert.Equal([true, true], await HoldAsync(api, first, second));
        api.Time.Advance(TimeSpan.FromHours(23));
        var third = await RotateAsync(administrator, id, """{"graceHours":48}""");
        Assert.Equal([true, true, true], await HoldAsync(api, first, second, third));
        var shown = await administrator.GetJsonAsync($"{Keys}/{id}");
        Assert.Equal(("2022-06-19T08:00:00.000+07:00", "2022-06-21T08:00:00.000+07:00"), ((string)shown["rotatedAt"]!, (string)shown["graceUntil"]!));

        api.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([false, true, true], await HoldAsync(api, first, second, third));

        // No secret outlives a grace that is given later, however long its own was.
        var fourth = await RotateAsync(administrator, id, """{"graceHours":0}""");
        Assert.Equal([false, false, false, true], await HoldAsync(api, first, second, third, fourth));
        Assert.Null((await administrator.GetJsonAsync($"{Keys}/{id}"))["graceUntil"]);
        var fifth = await RotateAsync(administrator, id, """{"graceHours":2160}""");
        await administrator.DeleteAsync(Address($"{Keys}/{id}"));
        Assert.Equal([false, false, false, false, false], await HoldAsync(api, first, second, third, fourth, fifth));
    }

    [Fact]
    public async Task A_secret_leaves_the_server_once_and_is_kept_nowhere()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        administrator.DefaultRequestHeaders.Add("Idempotency-Key", "one");
        var first = await administrator.SendJsonAsync(HttpMethod.Post, Keys, """{"role":"monitor"}""");
        var again = await administrator.SendJsonAsync(HttpMethod.Post, Keys, """{"role":"monitor"}""");
        var other = await administrator.SendJsonAsync(HttpMethod.Post, Keys, """{"role":"administrator"}""");
        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity], [first.StatusCode, again.StatusCode, other.StatusCode]);
        var (issued, repeated) = ((await first.JsonAsync()).AsObject(), (await again.JsonAsync()).AsObject());
        Assert.Equal((string)issued["id"]!, (string)repeated["id"]!);
        var secret = (string)issued["key"]!;
        Assert.False(repeated.ContainsKey("key"));
        Assert.Equal(2, (await administrator.GetJsonAsync(Keys))["items"]!.AsArray().Count);

        administrator.DefaultRequestHeaders.Remove("Idempotency-Key");
        administrator.DefaultRequestHeaders.Add("Idempotency-Key", "two");
        var rotated = (string)(await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Keys}/{issued["id"]}/rotate", null)).JsonAsync())["key"]!;
        var rotatedAgain = (await (await administrator.SendJsonAsync(HttpMethod.Post, $"{Keys}/{issued["id"]}/rotate", null)).JsonAsync()).AsObject();
        Assert.False(rotatedAgain.ContainsKey("key"));
        Assert.Equal([true, true], await HoldAsync(api, secret, rotated));

        var dump = await api.DumpAsync();
        Assert.Contains((string)issued["id"]!, dump, StringComparison.Ordinal);
        Assert.DoesNotContain("cchc_", dump, StringComparison.Ordinal);
        Assert.DoesNotContain(secret[5..], dump, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""", "/role json.required")]
    [InlineData("""{"role":"king"}""", "/role json.oneOf")]
    [InlineData("""{"role":"reporter"}""", "/unit key.needsUnit")]
    [InlineData("""{"role":"reviewer"}""", "/unit key.needsUnit")]
    [InlineData("""{"role":"reviewer","unit":"C19750"}""", "/unit key.notReviewingUnit")]
    [InlineData("""{"role":"reviewer","unit":"STP"}""", "/unit key.notReviewingUnit")]
    [InlineData("""{"role":"reporter","unit":"XX"}""", "/unit unit.unknown")]
    [InlineData("""{"role":"monitor","expiresAt":"2022-06-18T09:00:00+07:00"}""", "/expiresAt value.past")]
    [InlineData("""{"role":"monitor","expiresAt":"2022-07-01"}""", "/expiresAt instant.invalid")]
    [InlineData("""{"role":"monitor","expiresAt":"2022-07-01T00:00:00"}""", "/expiresAt instant.invalid")]
    [InlineData("""{"role":"monitor","scopes":["read","all"]}""", "/scopes/1 json.oneOf")]
    [InlineData("""{"role":"monitor","scopes":[1]}""", "/scopes/0 json.wrongType")]
    [InlineData("""{"role":"monitor","scopes":"read"}""", "/scopes json.wrongType")]
    [InlineData("""{"role":"monitor","ipRanges":["10.0.0.1"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","ipRanges":["10.0.0.1/8"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","ipRanges":["10.0.0.0/33"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","ipRanges":["010.0.0.0/8"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","ipRanges":["10/8"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","ipRanges":["fe80::%1/64"]}""", "/ipRanges/0 key.range")]
    [InlineData("""{"role":"monitor","id":"mine","key":"cchc_0"}""", "/id json.unknownMember, /key json.unknownMember")]
    public async Task What_cannot_be_a_key_is_refused(string body, string expected)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var refused = await administrator.SendJsonAsync(HttpMethod.Post, Keys, body);
        Assert.True(refused.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity);
        var errors = (await refused.JsonAsync())["errors"]!.AsArray().Select(error => $"{error!["pointer"]} {error["code"]}");
        Assert.Equal(expected, string.Join(", ", errors));
        Assert.Single((await administrator.GetJsonAsync(Keys))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_key_ends_when_it_expires()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (id, secret) = await CreateAsync(administrator, """{"role":"monitor","expiresAt":"2022-06-18T09:00:01+07:00"}""");
        Assert.Equal([true], await HoldAsync(api, secret));
        api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([false], await HoldAsync(api, secret));
        Assert.Equal("key.state", await CodeAsync(await administrator.SendJsonAsync(HttpMethod.Post, $"{Keys}/{id}/rotate", null)));
    }

    [Theory]
    [InlineData("10.20.0.0/16", "10.20.255.255", true)]
    [InlineData("10.20.0.0/16", "10.21.0.0", false)]
    [InlineData("10.20.0.0/16", "::ffff:10.20.1.1", true)]
    [InlineData("10.20.0.0/16", "::ffff:10.21.1.1", false)]
    [InlineData("::ffff:10.20.0.0/112", "10.20.1.1", true)]
    [InlineData("10.20.3.4/32", "10.20.3.4", true)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("2001:db8::/32", "10.20.1.1", false)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("0.0.0.0/0", null, false)]
    public async Task A_key_is_used_from_its_addresses_alone(string range, string? address, bool mayUse)
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (_, secret) = await CreateAsync(administrator, $$"""{"role":"monitor","ipRanges":["192.0.2.0/24","{{range}}"]}""");
        using var holder = api.Holding(secret);
        if (address is not null)
        {
            holder.DefaultRequestHeaders.Add(ClaimedAddress.Header, address);
        }

        var response = await holder.GetAsync(Address(Own));
        Assert.Equal(mayUse ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(mayUse ? null : "auth.address", await CodeAsync(response));
    }

    [Fact]
    public async Task Another_node_s_changes_are_seen_within_a_second()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (id, secret) = await CreateAsync(administrator, """{"role":"monitor"}""");
        Assert.Equal([true], await HoldAsync(api, secret));
        var elsewhere = Elsewhere(api);
        await elsewhere.RevokeAsync("cli", id, default);
        var (_, made) = await elsewhere.CreateAsync("cli", new KeyTerms(Role.Monitor, null), null, default);
        api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([false, true], await HoldAsync(api, secret, made!));
    }

    [SkippableTheory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_key_made_elsewhere_works_at_once(Engine engine)
    {
        await using var api = await ApiHost.StartAsync(engine);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (id, first) = await CreateAsync(administrator, """{"role":"monitor"}""");
        Assert.Equal([true], await HoldAsync(api, first));
        var elsewhere = Elsewhere(api);

        // No time passes: what this node read last is as fresh as it takes it to be.
        var (_, made) = await elsewhere.CreateAsync("cli", new KeyTerms(Role.Monitor, null), null, default);
        var (_, rotated) = await elsewhere.RotateAsync("cli", id, TimeSpan.FromHours(1), null, default);
        Assert.Equal([true, true, true], await HoldAsync(api, made!, rotated!, first));
        var ended = new KeyTerms(Role.Monitor, null, ExpiresAt: api.Time.GetUtcNow());
        var (_, expiring) = await elsewhere.CreateAsync("cli", ended, null, default);
        Assert.Equal([false, false], await HoldAsync(api, expiring!, KeyRing.NewSecret()));

        // Many who come at once with keys that are not known are served by few looks.
        var unknown = Enumerable.Range(0, 50).Select(_ => KeyRing.NewSecret()).ToArray();
        var last = (await elsewhere.CreateAsync("cli", new KeyTerms(Role.Monitor, null), null, default)).Secret!;
        var held = await Task.WhenAll(unknown.Append(last).Select(secret => HoldAsync(api, secret)));
        Assert.Equal([.. unknown.Select(_ => false), true], held.SelectMany(each => each));
    }

    [Fact]
    public async Task A_revoked_key_makes_no_other_on_a_node_that_has_not_heard_of_it()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var (id, secret) = await CreateAsync(administrator, """{"role":"administrator"}""");
        Assert.Equal([true], await HoldAsync(api, secret));
        var elsewhere = Elsewhere(api);
        await elsewhere.RevokeAsync("cli", id, default);
        using var holder = api.Holding(secret);
        Assert.Equal(HttpStatusCode.OK, (await holder.GetAsync(Address(Own))).StatusCode);
        foreach (var (path, body) in new[] { (Keys, """{"role":"administrator"}"""), ($"{Keys}/{id}/rotate", null) })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await holder.SendJsonAsync(HttpMethod.Post, path, body)).StatusCode);
        }

        Assert.Equal(2, (await administrator.GetJsonAsync(Keys))["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task Knowing_a_key_costs_no_statement_and_its_uses_are_written_together()
    {
        await using var api = await ApiHost.StartAsync(Engine.Sqlite);
        using var administrator = await api.KeyAsync(Role.Administrator);
        var uses = api.Services.GetRequiredService<KeyUses>();
        await administrator.GetAsync(Address("/v1/units"));
        Assert.Equal(0, await api.CountCommandsAsync(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await administrator.GetAsync(Address("/v1/units"));
            }
        }));
        await uses.FlushAsync(default);
        Assert.Equal(0, await api.CountCommandsAsync(() => uses.FlushAsync(default)));
        api.Time.Advance(TimeSpan.FromMilliseconds(119_400));
        await administrator.GetAsync(Address("/v1/units"));
        Assert.InRange(await api.CountCommandsAsync(() => uses.FlushAsync(default)), 1, 2);
        var stored = await api.Services.GetRequiredService<KeyWriter>().ListAsync(default);
        Assert.Equal(new DateTimeOffset(2022, 6, 18, 9, 1, 0, TimeSpan.FromHours(7)), stored.Single().LastUsedAt);
    }

    // Another node, of whose writes this one has not heard.
    private static KeyWriter Elsewhere(ApiHost api)
    {
        var database = api.Services.GetRequiredService<Database>();
        var versions = new DataVersions(
            database, api.Services.GetRequiredService<Secondary>(), api.Services.GetRequiredService<IMeterFactory>(), api.Time,
            NullLogger<DataVersions>.Instance);
        return new KeyWriter(database, versions, api.Time);
    }

    private static async Task<(string Id, string Secret)> CreateAsync(HttpClient administrator, string body)
    {
        var response = await administrator.SendJsonAsync(HttpMethod.Post, Keys, body);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var issued = await response.JsonAsync();
        return ((string)issued["id"]!, (string)issued["key"]!);
    }

    private static async Task<string> RotateAsync(HttpClient administrator, string id, string? body)
    {
        var response = await administrator.SendJsonAsync(HttpMethod.Post, $"{Keys}/{id}/rotate", body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        return (string)(await response.JsonAsync())["key"]!;
    }

    private static async Task<List<bool>> HoldAsync(ApiHost api, params string[] secrets)
    {
        var held = new List<bool>();
        foreach (var secret in secrets)
        {
            using var client = api.Holding(secret);
            var status = (await client.GetAsync(Address(Own))).StatusCode;
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Unauthorized);
            held.Add(status == HttpStatusCode.OK);
        }

        return held;
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        response.IsSuccessStatusCode ? null : (string?)(await response.JsonAsync() as JsonObject)!["code"];

    private static Uri Address(string path) => new(path, UriKind.Relative);
}
