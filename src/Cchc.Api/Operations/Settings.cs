using System.Data.Common;
using System.Globalization;
using System.Net;
using Cchc.Api.Data;
using Cchc.Api.Http;
using Cchc.Api.Keys;
using Cchc.Domain.Reports;
using Microsoft.Data.SqlClient;
using Microsoft.Data.Sqlite;

namespace Cchc.Api.Operations;

/// <summary>
/// Every setting of this program, and what a value of it must be: a name or a value that would be ignored stops the start with a message,
/// in place of a surprise later. What the framework reads (Logging, Kestrel, Authentication:Schemes, OTEL_…) it checks itself.
/// </summary>
internal static class Settings
{
    // A name that ends in :* has any number of values, or values by a name of their own.
    private static readonly Dictionary<string, Func<string, string?>> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Database:Provider"] = Engine,
        ["Database:ConnectionString"] = _ => null,
        ["Database:ReadConnectionString"] = _ => null,
        ["Transfer:Provider"] = Engine,
        ["Transfer:ConnectionString"] = _ => null,
        ["Seed:Sample"] = Flag,
        ["RateLimits:Reads"] = Whole(0, int.MaxValue),
        ["RateLimits:Writes"] = Whole(0, int.MaxValue),
        ["RateLimits:Failures"] = Whole(0, int.MaxValue),
        ["Limits:RequestSeconds"] = Whole(1, 3_600),
        ["Limits:EventClients"] = Whole(0, 1_000_000),
        ["Limits:PastSnapshotMegabytes"] = Whole(0, 1_000_000),
        ["Imports:RetentionDays"] = Whole(1, 36_500),
        ["Limits:ImportsPerCaller"] = Whole(1, 1_000_000),
        ["Limits:ImportBytesPerCaller"] = Whole(0, int.MaxValue),
        ["Shutdown:DrainSeconds"] = Whole(0, 600),
        ["Shutdown:TimeoutSeconds"] = Whole(1, 3_600),
        ["Metrics:Networks:*"] = Network,
        ["Redis:ConnectionString"] = _ => null,
        ["Redis:Prefix"] = _ => null,
        ["Redis:Answers"] = Flag,
        ["Cors:Origins:*"] = value => value == "*" || (Absolute(value, "http", "https") is null && new Uri(value).GetLeftPart(UriPartial.Authority) == value)
            ? null : "must be an origin such as https://portal.example, without a path, or *",
        ["Webhooks:AllowPrivate"] = Flag,
        ["Discovery:BaseUrl"] = Address,
        ["Discovery:License"] = Address,
        ["Discovery:Publisher"] = Address,
        ["Discovery:PublisherIdentifier"] = _ => null,
        ["Proxies:Addresses:*"] = value => IPAddress.TryParse(value, out _) ? null : "must be an IP address",
        ["Proxies:Networks:*"] = Network,
        ["Security:Contact"] = value => Absolute(value, "https", "http", "mailto", "tel"),
        ["Security:Canonical"] = Address,
        ["Authentication:Claims:Role"] = _ => null,
        ["Authentication:Claims:Unit"] = _ => null,
        ["Authentication:Roles:*"] = value => Words.Parse<Role>(value) is null ? $"must be one of {Words.List<Role>()}" : null,
    };

    // Of Authentication only some parts are ours.
    private static readonly HashSet<string> Sections = new(
        Known.Keys.Select(name => name.Split(':')).Select(parts => parts[0] == "Authentication" ? $"{parts[0]}:{parts[1]}" : parts[0]),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a name is a setting, of this program or of the framework.</summary>
    public static bool Knows(string name) => Find(name) is not null || SectionOf(name) is null;

    /// <summary>All that is wrong with a configuration, a line each. Connection strings are never shown, since they hold passwords.</summary>
    public static IReadOnlyList<string> FaultsOf(IConfiguration configuration)
    {
        var faults = new List<string>();
        foreach (var (name, value) in configuration.AsEnumerable().Where(each => !string.IsNullOrEmpty(each.Value)).OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            if (SectionOf(name) is { } section && Find(name) is not { } check)
            {
                faults.Add($"{name} is no setting; under {section} there are {string.Join(", ", Known.Keys.Where(known => IsUnder(known, section)))}.");
            }
            else if (Find(name)?.Invoke(value!) is { } fault)
            {
                faults.Add($"{name} is '{value}'; it {fault}.");
            }
        }

        if (configuration["Database:Provider"] == "SqlServer" && string.IsNullOrEmpty(configuration["Database:ConnectionString"]))
        {
            faults.Add("Database:ConnectionString is needed with Database:Provider=SqlServer.");
        }

        if (CultureInfo.InvariantCulture.CompareInfo.Compare("ế", "e", CompareOptions.IgnoreNonSpace) != 0)
        {
            faults.Add(
                "Globalization is invariant, so that names could not be compared: "
                + "unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT and install ICU (libicu).");
        }

        return [.. faults, .. new[] { ("Database:ConnectionString", false), ("Database:ReadConnectionString", true) }
            .Select(each => ConnectionFault(configuration, each.Item1, toRead: each.Item2)).Append(Redis.FaultOf(configuration)).OfType<string>()];
    }

    private static Func<string, string?>? Find(string name) =>
        Known.TryGetValue(name, out var check) || Known.TryGetValue(name[..(name.LastIndexOf(':') + 1)] + "*", out check) ? check : null;

    private static string? SectionOf(string name) => Sections.FirstOrDefault(section => IsUnder(name, section));

    private static bool IsUnder(string name, string section) =>
        name.StartsWith(section, StringComparison.OrdinalIgnoreCase) && (name.Length == section.Length || name[section.Length] == ':');

    private static string? Engine(string value) => value is "Sqlite" or "SqlServer" ? null : "must be Sqlite or SqlServer";

    private static string? Flag(string value) => bool.TryParse(value, out _) ? null : "must be true or false";

    private static Func<string, string?> Whole(int least, int most) => value =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? null : string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}");

    private static string? Network(string value) =>
        AddressRange.Parse(value) is not null ? null : "must be a range of addresses in CIDR notation, such as 10.20.0.0/16";

    private static string? Address(string value) => Absolute(value, "http", "https");

    private static string? Absolute(string value, params string[] schemes) =>
        Uri.TryCreate(value, UriKind.Absolute, out var address) && schemes.Contains(address.Scheme)
            ? null : $"must be an absolute address ({string.Join(", ", schemes)})";

    private static string? ConnectionFault(IConfiguration configuration, string name, bool toRead)
    {
        var isSqlServer = configuration["Database:Provider"] == "SqlServer";
        if ((configuration[name] is { Length: > 0 } given ? given : isSqlServer || toRead ? null : EmbeddedFile.Default) is not { } text)
        {
            return null;
        }

        DbConnectionStringBuilder known = isSqlServer ? new SqlConnectionStringBuilder() : new SqliteConnectionStringBuilder();
        var parts = new DbConnectionStringBuilder();
        try
        {
            parts.ConnectionString = text;
            if (parts.Keys.Cast<string>().Select((word, index) => (word, index))
                .FirstOrDefault(each => !known.ContainsKey(each.word)) is { word: not null } unknown)
            {
                // The word itself may be half of a password with a semicolon in it.
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} has a keyword in its part {unknown.index + 1} that {configuration["Database:Provider"] ?? "Sqlite"} does not know.");
            }

            known.ConnectionString = text;
            if (isSqlServer)
            {
                new SqlServerDialect().Complete(text, toRead);
            }
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return $"{name} cannot be read: it is name=value;name=value, with a value in quotes where it has ; or = in it.";
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }

        return known switch
        {
            SqlConnectionStringBuilder { DataSource: "" } => $"{name} names no Server.",
            SqlConnectionStringBuilder { InitialCatalog: "" } => $"{name} names no Database.",
            SqliteConnectionStringBuilder sqlite => FileFault(name, sqlite),
            _ => null,
        };
    }

    private static string? FileFault(string name, SqliteConnectionStringBuilder sqlite)
    {
        if (EmbeddedFile.Overlooked(sqlite) is { } overlooked)
        {
            return $"There is a database in {overlooked}, and a second one would be made in {EmbeddedFile.Of(sqlite)}: move it there, "
                + $"or give {name} its full path.";
        }

        return EmbeddedFile.Of(sqlite) is { } file && Path.GetDirectoryName(file) is { } folder && !Directory.Exists(folder)
            ? $"{name} names a file in {folder}, which is no folder." : null;
    }
}
