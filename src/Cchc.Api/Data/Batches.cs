namespace Cchc.Api.Data;

/// <summary>Reads a list in batches, where the database cannot apply the whole filter.</summary>
internal static class Batches
{
    private const int Most = 2_000;

    /// <summary>The first rows that a filter keeps, as many as are wanted or all there are.</summary>
    /// <param name="wanted">How many are wanted.</param>
    /// <param name="readAsync">Reads at most so many rows after one; after null from the beginning.</param>
    /// <param name="keep">The filter.</param>
    public static async Task<List<T>> TakeAsync<T>(int wanted, Func<T?, int, Task<IReadOnlyList<T>>> readAsync, Func<T, bool> keep)
        where T : class
    {
        var kept = new List<T>();
        T? last = null;
        for (var size = wanted; ; size = Math.Min(size * 2, Math.Max(wanted, Most)))
        {
            var batch = await readAsync(last, size);
            kept.AddRange(batch.Where(keep).Take(wanted - kept.Count));
            if (batch.Count < size || kept.Count == wanted)
            {
                return kept;
            }

            last = batch[^1];
        }
    }
}
