using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Cchc.Api.Tests.Support;

/// <summary>What a webhook brought.</summary>
internal sealed record Message(string Id, string Timestamp, string Signature, string Text)
{
    public JsonNode Body { get; } = JsonNode.Parse(Text)!;
}

/// <summary>A receiver of webhooks that really listens.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private WebApplication _app = null!;

    public List<Message> Got { get; } = [];

    public Func<JsonNode, int> Answer { get; set; } = _ => 200;

    public string Url => _app.Urls.Single() + "/hook";

    public static async Task<Receiver> StartAsync()
    {
        var receiver = new Receiver();
        receiver._app = await ListenAsync(receiver.ReceiveAsync);
        return receiver;
    }

    /// <summary>A server of a test's own, at the first of its addresses.</summary>
    public static async Task<WebApplication> ListenAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        Microsoft.AspNetCore.Hosting.WebHostBuilderKestrelExtensions.UseKestrelCore(builder.WebHost);
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(answer);
        await app.StartAsync();
        return app;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var headers = context.Request.Headers;
        var message = new Message(
            headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), await reader.ReadToEndAsync());
        lock (Got)
        {
            Got.Add(message);
        }

        context.Response.StatusCode = Answer(message.Body);
    }
}
