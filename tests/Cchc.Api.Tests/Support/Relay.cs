using System.Net;
using System.Net.Sockets;

namespace Cchc.Api.Tests.Support;

/// <summary>Stands between a client and a server: it can be cut, and then say nothing.</summary>
internal sealed class Relay : IDisposable
{
    private readonly string _server;
    private readonly int _port;
    private readonly List<TcpClient> _connections = [];
    private TcpListener _listener;
    private bool _isSilent;

    public Relay(string server)
    {
        _server = server;
        _listener = Listen(0);
        _port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public string Address => $"127.0.0.1:{_port}";

    /// <summary>Nothing listens any more, and what was open is closed.</summary>
    public void Cut()
    {
        _listener.Dispose();
        lock (_connections)
        {
            _connections.ForEach(connection => connection.Dispose());
            _connections.Clear();
        }
    }

    /// <summary>Takes connections again, and never says anything.</summary>
    public void Silence()
    {
        Cut();
        _isSilent = true;
        _listener = Listen(_port);
    }

    public void Dispose() => Cut();

    private TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        _ = AcceptAsync(listener);
        return listener;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                Add(client);
                if (!_isSilent)
                {
                    var server = new TcpClient();
                    Add(server);
                    await server.ConnectAsync(IPEndPoint.Parse(_server));
                    _ = PassAsync(client, server);
                    _ = PassAsync(server, client);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
        }
    }

    private void Add(TcpClient connection)
    {
        lock (_connections)
        {
            _connections.Add(connection);
        }
    }

    private static async Task PassAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }
}
