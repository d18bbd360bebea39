using System.Globalization;

namespace Cchc.Api.Http;

/// <summary>Where an item stands in a list: what a cursor holds, so that a page goes on there also once the item is gone.</summary>
/// <param name="Order">What the list is sorted by, as text that sorts by its code points; empty where that is the id.</param>
/// <param name="Id">What tells the item from all others.</param>
internal readonly record struct PageKey(string Order, string Id) : IComparable<PageKey>
{
    /// <summary>The key of an item in a list that is sorted by its ids.</summary>
    public static PageKey Of(string id) => new("", id);

    /// <summary>The keys of a list whose order is its own, by id.</summary>
    public static Dictionary<string, PageKey> ByPlace(IEnumerable<string> ids) =>
        ids.Select((id, place) => new PageKey(Place + place.ToString("D9", CultureInfo.InvariantCulture), id)).ToDictionary(key => key.Id);

    public static PageKey? Parse(string cursor) =>
        cursor.IndexOf(Between, StringComparison.Ordinal) is >= 0 and var end && end < cursor.Length - 1
            ? new PageKey(cursor[..end], cursor[(end + 1)..]) : null;

    // Where a list has no order but its own, what stood behind an item that is gone has its place now.
    public int CompareTo(PageKey other) => string.CompareOrdinal(Order, other.Order) is not 0 and var order ? order
        : Order.StartsWith(Place, StringComparison.Ordinal) && Id != other.Id ? 1 : string.CompareOrdinal(Id, other.Id);

    public override string ToString() => $"{Order}{Between}{Id}";

    // It stands in no order and no id.
    private const char Between = '\n';

    private const string Place = "#";
}
