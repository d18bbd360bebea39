using System.Globalization;
using Cchc.Api.Http;
using Cchc.Domain.Reports;
using Microsoft.Extensions.Primitives;

namespace Cchc.Api.Reports;

/// <summary>
/// The ETag of a report: its version. Where the calendar, and not only the report itself, decides what may be done to it, what may be
/// done is part of the tag, since it changes with the day; as a condition of a write the version alone counts.
/// </summary>
internal static class ReportTag
{
    public static string Of(ReportHeadRow head, Workflow workflow, IReadOnlyList<ReportAction> allowed, DateTimeOffset? asOf) =>
        asOf is { } instant ? $"\"r{head.Version}.{instant.UtcDateTime.ToString("yyyyMMddHHmmssfff", CultureInfo.InvariantCulture)}\""
        : workflow.FollowsVersionAlone(head.Standing) ? head.ETag
        : $"\"r{head.Version}.{string.Concat(allowed.Select(action => (int)action))}\"";

    public static bool Matches(StringValues header, string etag) => Preconditions.MatchesStrongly(
        new StringValues([.. header.SelectMany(value => (value ?? "").Split(',')).Select(tag =>
            tag.IndexOf('.', StringComparison.Ordinal) is >= 0 and var at ? tag[..at] + "\"" : tag)]), etag);
}
