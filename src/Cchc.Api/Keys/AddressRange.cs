using System.Net;
using System.Net.Sockets;

namespace Cchc.Api.Keys;

/// <summary>A range of addresses in CIDR notation, of IPv4 or IPv6.</summary>
public static class AddressRange
{
    /// <summary>
    /// Reads a range that is written the one proper way: no host bits, no shortened or octal IPv4, no zone. An IPv4 range in IPv6 dress is
    /// the IPv4 range.
    /// </summary>
    public static IPNetwork? Parse(string text)
    {
        if (text.Contains('%', StringComparison.Ordinal) || !IPNetwork.TryParse(text, out var range))
        {
            return null;
        }

        if (range.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            return range.ToString() == text ? range : null;
        }

        return range.BaseAddress.IsIPv4MappedToIPv6 && range.PrefixLength >= 96
            ? new IPNetwork(range.BaseAddress.MapToIPv4(), range.PrefixLength - 96) : range;
    }

    /// <summary>Whether a range has every address of another.</summary>
    public static bool Includes(IPNetwork range, IPNetwork other) =>
        range.PrefixLength <= other.PrefixLength && range.Contains(other.BaseAddress);

    /// <summary>Whether one of the ranges has an address; an unknown address is in none.</summary>
    public static bool Covers(IReadOnlyList<IPNetwork> ranges, IPAddress? address)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is not null && ranges.Any(range => range.Contains(plain));
    }
}
