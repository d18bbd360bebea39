using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Data.SqlClient;

namespace Cchc.Api.Tests.Support;

/// <summary>Where a connection breaks.</summary>
public enum Cut
{
    /// <summary>Every connection, between two requests.</summary>
    Idle,

    /// <summary>Amid a change, before its last statement arrives.</summary>
    Statement,

    /// <summary>As the commit of a change is sent, before it arrives.</summary>
    BeforeCommit,

    /// <summary>Once the commit of a change has been done, before its answer arrives.</summary>
    AfterCommit,
}

/// <summary>Stands between the program and SQL Server and breaks connections, as a network or a failover does: without a word.</summary>
public sealed class TdsProxy : IDisposable
{
    // [MS-TDS] 2.2.3.1.1 and 2.2.6.9: requests to a transaction manager, and which of them commits.
    private const byte TransactionManagerRequest = 0x0E;
    private const int CommitTransaction = 7;

    private static readonly byte[] LastStatement = Encoding.Unicode.GetBytes("UPDATE audit_heads SET hash");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly (string Host, int Port) _server;
    private readonly List<Session> _sessions = [];
    private readonly Lock _gate = new();
    private Cut? _next;

    public TdsProxy(string connectionString)
    {
        var given = new SqlConnectionStringBuilder(connectionString);
        var parts = given.DataSource.Replace("tcp:", "", StringComparison.OrdinalIgnoreCase).Split(',');
        _server = (parts[0], parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 1433);
        _listener.Start();

        // In clear once it has logged in, so that a commit can be told from all else.
        given.DataSource = $"tcp:127.0.0.1,{((IPEndPoint)_listener.LocalEndpoint).Port}";
        given.Encrypt = SqlConnectionEncryptOption.Optional;
        given.ConnectTimeout = 1;
        ConnectionString = given.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>The way through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>Whether no connection comes about any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether the next connection that is cut is the last for now.</summary>
    public bool GoesAfterCut { get; set; }

    /// <summary>How many connections were cut amid a change.</summary>
    public int Cuts { get; private set; }

    /// <summary>Cuts what is idle now, or the next change where it is said.</summary>
    public void Arm(Cut cut)
    {
        lock (_gate)
        {
            if (cut != Cut.Idle)
            {
                _next = cut;
                return;
            }

            _sessions.ForEach(session => session.Close());
            _sessions.Clear();
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        Arm(Cut.Idle);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (IsGone)
                {
                    client.Close();
                    continue;
                }

                var server = new TcpClient();
                await server.ConnectAsync(_server.Host, _server.Port);
                var session = new Session(client, server);
                lock (_gate)
                {
                    _sessions.Add(session);
                }

                _ = PumpAsync(session, RequestsAsync);
                _ = PumpAsync(session, AnswersAsync);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task PumpAsync(Session session, Func<Session, Task> pump)
    {
        try
        {
            await pump(session);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
        }

        session.Close();
    }

    // Packets of the protocol, but for the records of TLS that a login goes in; either says how long it is.
    private async Task RequestsAsync(Session session)
    {
        var packet = new byte[ushort.MaxValue + 5];
        while (true)
        {
            await session.Client.ReadExactlyAsync(packet.AsMemory(0, 5));
            var isTls = packet[0] is >= 0x14 and <= 0x17;
            var length = isTls ? 5 + BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(3)) : BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2));
            await session.Client.ReadExactlyAsync(packet.AsMemory(5, length - 5));
            if (!isTls && IsCutAt(session, packet.AsSpan(0, length)))
            {
                session.Close();
                return;
            }

            await session.Server.WriteAsync(packet.AsMemory(0, length));
        }
    }

    private bool IsCutAt(Session session, ReadOnlySpan<byte> packet)
    {
        var isLast = packet.IndexOf(LastStatement) >= 0;
        session.IsChange |= isLast;
        var isCommit = packet[0] == TransactionManagerRequest
            && BinaryPrimitives.ReadUInt16LittleEndian(packet[(8 + BinaryPrimitives.ReadInt32LittleEndian(packet[8..]))..]) == CommitTransaction;
        var cut = isCommit && session.IsChange ? _next is Cut.BeforeCommit or Cut.AfterCommit : isLast && _next == Cut.Statement;
        if (!cut)
        {
            session.IsChange &= !isCommit;
            return false;
        }

        session.IsAnswerLost = _next == Cut.AfterCommit;
        (_next, IsGone) = (null, GoesAfterCut);
        Cuts++;
        return !session.IsAnswerLost;
    }

    private static async Task AnswersAsync(Session session)
    {
        var bytes = new byte[65536];
        while (await session.Server.ReadAsync(bytes) is > 0 and var count && !session.IsAnswerLost)
        {
            await session.Client.WriteAsync(bytes.AsMemory(0, count));
        }
    }

    private sealed class Session(TcpClient client, TcpClient server)
    {
        public NetworkStream Client { get; } = client.GetStream();
        public NetworkStream Server { get; } = server.GetStream();
        public bool IsChange { get; set; }
        public bool IsAnswerLost { get; set; }

        public void Close()
        {
            client.Close();
            server.Close();
        }
    }
}
