using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Cchc.Domain.Reports;

namespace Cchc.Api.Keys;

/// <summary>An API key, without its secret.</summary>
public record KeyAnswer
{
    public required string Id { get; init; }
    public required Role Role { get; init; }

    /// <summary>The unit that it is held for; null for a monitor or an administrator at large.</summary>
    public required string? Unit { get; init; }

    public required string? Label { get; init; }

    /// <summary>What it is confined to; empty: all that its role may do.</summary>
    public required IReadOnlyList<KeyScope> Scopes { get; init; }

    /// <summary>The addresses that it is used from, in CIDR notation; empty: any.</summary>
    public required IReadOnlyList<string> IpRanges { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: it does not expire.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The minute of its last use; null: never used.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>When the secret in force replaced another; null: it is the first.</summary>
    public required DateTimeOffset? RotatedAt { get; init; }

    /// <summary>Until when a replaced secret works still; null: none does.</summary>
    public required DateTimeOffset? GraceUntil { get; init; }

    public required DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>An API key with the secret that was just made.</summary>
public sealed record IssuedKey : KeyAnswer
{
    [SetsRequiredMembers]
    internal IssuedKey(KeyAnswer answer)
        : base(answer)
    {
    }

    /// <summary>The secret, shown this once; absent where a request with the same Idempotency-Key was answered before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }
}

/// <summary>The key to be made.</summary>
public sealed record KeyBody
{
    public required Role Role { get; init; }

    /// <summary>A reporter and a reviewer need one; a reviewer's is the plan's lead unit or a district.</summary>
    public string? Unit { get; init; }

    public string? Label { get; init; }

    /// <summary>RFC 3339, in the future, at most five years ahead; without it the key does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Without any, all that the role may do.</summary>
    public IReadOnlyList<KeyScope>? Scopes { get; init; }

    /// <summary>CIDR, such as 10.20.0.0/16 or 2001:db8::/32; without any, it is used from anywhere.</summary>
    public IReadOnlyList<string>? IpRanges { get; init; }
}

/// <summary>How a key is rotated.</summary>
public sealed record RotationBody
{
    /// <summary>Hours for which the present secret goes on working, 0 to 2160; 24 where it is not given, 0: it ends at once.</summary>
    public int? GraceHours { get; init; }
}
