using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cchc.Api.Changes;

namespace Cchc.Api.Webhooks;

/// <summary>A webhook, without its secret.</summary>
public record WebhookAnswer
{
    public required string Id { get; init; }
    public required string Url { get; init; }
    public required string? Description { get; init; }

    /// <summary>The plan whose changes it is told of; null: of all.</summary>
    public required string? Plan { get; init; }

    /// <summary>The kinds of changes that it is told of; empty: of all.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    public required bool Enabled { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The end of the last former secret that still signs beside the present one; null: none does.</summary>
    public required DateTimeOffset? GraceUntil { get; init; }

    /// <summary>The last change that was considered for it. It moves by itself, and no write needs it: If-Match ignores it.</summary>
    public required long Position { get; init; }

    internal static WebhookAnswer Of(WebhookRow row, DateTimeOffset now) => new()
    {
        Id = row.WebhookId,
        Url = row.Url,
        Description = row.Description,
        Plan = row.PlanCode,
        Kinds = row.KindList,
        Enabled = row.IsEnabled,
        CreatedAt = row.CreatedAt,
        GraceUntil = row.GraceUntil(now),
        Position = row.Position,
    };
}

/// <summary>A webhook with the secret that was just made.</summary>
public sealed record IssuedWebhook : WebhookAnswer
{
    [SetsRequiredMembers]
    internal IssuedWebhook(WebhookAnswer answer)
        : base(answer)
    {
    }

    /// <summary>
    /// The secret, shown this once: whsec_ and the key in base64. Absent where a request with the same Idempotency-Key was answered before.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }
}

/// <summary>Where to tell of what.</summary>
public sealed record WebhookBody
{
    /// <summary>An https address without user or password.</summary>
    public required string Url { get; init; }

    public string? Description { get; init; }
    public string? Plan { get; init; }
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Whether it is told at all; what happens meanwhile waits. True where it is left out.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>Which deliveries are made again.</summary>
public sealed record ReplayBody
{
    /// <summary>The first change; the first of all where it is left out.</summary>
    public long? First { get; init; }

    public long? Last { get; init; }

    /// <summary>Whether those that arrived are made again too.</summary>
    public bool? All { get; init; }
}

public sealed record ReplayAnswer(int Replayed);

/// <summary>What came of a delivery just tried.</summary>
/// <param name="Delivered">Whether the receiver answered 2xx.</param>
/// <param name="Status">What it answered; null where nothing came.</param>
/// <param name="Error">Why there was no response: timeout, connection, address, tls, or internal (the message could not be made).</param>
public sealed record PingAnswer(bool Delivered, int? Status, string? Error);

/// <summary>What became of telling of one change.</summary>
public sealed record DeliveryAnswer
{
    /// <summary>The change's place in the feed.</summary>
    public required long Sequence { get; init; }

    /// <summary>What it was of; of one subject the earlier is delivered before the later.</summary>
    public required string Subject { get; init; }

    public required DeliveryStatus Status { get; init; }
    public required int Attempts { get; init; }
    public required DateTimeOffset? NextAttemptAt { get; init; }
    public required DateTimeOffset? LastAttemptAt { get; init; }
    public required int? LastStatus { get; init; }
    public required string? LastError { get; init; }

    internal static DeliveryAnswer Of(DeliveryRow row) => new()
    {
        Sequence = row.Sequence,
        Subject = row.Subject,
        Status = row.Status,
        Attempts = row.Attempts,
        NextAttemptAt = row.Status == DeliveryStatus.Pending ? row.NextAttemptAt : null,
        LastAttemptAt = row.LastAttemptAt,
        LastStatus = row.LastAnswer,
        LastError = row.LastError,
    };
}

/// <summary>What a receiver gets (Standard Webhooks).</summary>
/// <param name="Type">The kind of the change.</param>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Data">The change; null for a ping.</param>
public sealed record WebhookMessage(string Type, DateTimeOffset Timestamp, ChangeAnswer? Data);
