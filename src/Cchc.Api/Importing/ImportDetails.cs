namespace Cchc.Api.Importing;

/// <summary>What is kept of an import beside its record, until it is purged: the remarks, and the rejected rows as a file.</summary>
internal sealed class ImportDetails(ImportRecord import, RowOutcome[] outcomes, IReadOnlyList<Remark> remarks, bool hasFile)
{
    /// <summary>How many remarks are written or deleted in one transaction of their own.</summary>
    public const int RemarksAtOnce = 2000;

    // Up to here they are written within the transaction that ends the import: other writers wait for that no longer than for a report.
    private const int ShortRemarks = 1000;
    private const long ShortUpload = 1024 * 1024;

    public IReadOnlyList<Remark> Remarks => remarks;

    public bool HasFile => hasFile;

    /// <summary>Whether writing them would keep other writers waiting for long.</summary>
    public bool IsLong => AreLong(import, remarks.Count, hasFile);

    /// <summary>Rejected rows that the written file has no room for.</summary>
    public int RowsLeftOff { get; private set; }

    /// <summary>Whether writing so many remarks of an import, and its file of rejected rows, would keep other writers waiting for long.</summary>
    public static bool AreLong(ImportRecord import, int remarks, bool hasFile) =>
        remarks > ShortRemarks || (hasFile && import.SizeBytes > ShortUpload);

    /// <summary>Makes the file of rejected rows.</summary>
    public FileStream MakeFile(Stream upload)
    {
        var file = Spool.Create();
        RowsLeftOff = RejectedRows.Write(import.Format, upload, outcomes, remarks, file);
        return file;
    }

    public bool IsSameAs(ImportDetails? other) => other is not null && hasFile == other.HasFile && outcomes.AsSpan().SequenceEqual(other.Outcomes)
        && remarks.Count == other.Remarks.Count && remarks.Zip(other.Remarks).All(pair => AreSame(pair.First, pair.Second));

    private RowOutcome[] Outcomes => outcomes;

    private static bool AreSame(Remark one, Remark other) => (one.Row, one.Column, one.Code, one.Value) == (other.Row, other.Column, other.Code, other.Value)
        && (one.Arguments ?? []).AsSpan().SequenceEqual(other.Arguments ?? []);
}
