using System.Text.Json.Serialization;
using Cchc.Api.Completion;
using Cchc.Api.Http;
using Cchc.Domain.Plans;

namespace Cchc.Api.Importing;

/// <summary>Whether one bad row keeps all others out.</summary>
public enum ImportMode { Atomic, Partial }

/// <summary>A row of a bulk submission in JSON: one value of one unit's report for a period, by the names that a file's columns have.</summary>
public sealed record ImportRowBody
{
    /// <summary>A unit's code, an outside code with its scheme, or the exact name.</summary>
    public required string Unit { get; init; }

    /// <summary>A period's code, or its last day.</summary>
    public required string Period { get; init; }

    public required string Target { get; init; }

    /// <summary>The line; needed where the unit could mean several.</summary>
    public LineLevel? Level { get; init; }

    public long? Numerator { get; init; }

    /// <summary>The denominator, with what is excluded.</summary>
    public long? Total { get; init; }

    /// <summary>How many of the total do not count. More than 0 is refused where the target names no exclusion.</summary>
    public long? Excluded { get; init; }
    public bool? Done { get; init; }
    public long? Position { get; init; }
    public Progress? State { get; init; }

    /// <summary>Why the value does not apply.</summary>
    [JsonPropertyName("not_applicable")]
    public string? NotApplicable { get; init; }

    public string? Note { get; init; }

    /// <summary>What a file of rejected rows says was wrong: not read.</summary>
    public string? Reason { get; init; }
}

/// <summary>A bulk submission: what was sent, how far it is, what became of it.</summary>
public sealed record ImportAnswer
{
    public required string Id { get; init; }
    public required string Plan { get; init; }
    public required ImportStatus Status { get; init; }
    public required bool DryRun { get; init; }
    public required ImportMode Mode { get; init; }
    public required bool Submit { get; init; }

    /// <summary><c>csv</c>, <c>xlsx</c>, <c>json</c> or <c>ndjson</c>.</summary>
    public required string Format { get; init; }

    public required string? FileName { get; init; }

    /// <summary>Of the file after any gzip or br encoding is taken off, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes after any gzip or br encoding is taken off.</summary>
    public required long SizeBytes { get; init; }

    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Until when remarks and rejected rows are kept; null until it ends.</summary>
    public required DateTimeOffset? DetailsUntil { get; init; }

    public required ImportProgress Progress { get; init; }

    /// <summary>Null until it is completed or rejected.</summary>
    public required ImportResult? Result { get; init; }

    /// <summary>The first 100 remarks; all of them, row by row, are under <c>rows</c>. A code that begins with <c>warning.</c> refuses nothing.</summary>
    public required IReadOnlyList<RowRemark> Remarks { get; init; }
}

/// <param name="Rows">Rows dealt with so far.</param>
/// <param name="Percent">0 to 100; null where another node has it.</param>
public sealed record ImportProgress(int Rows, int? Percent);

/// <summary>What became of the rows. After a dry run or a rejection: what would have.</summary>
public sealed record ImportResult
{
    /// <summary>The plan's data version that resulted, or that was looked at: give it as <c>expectedVersion</c>.</summary>
    public required long DataVersion { get; init; }

    public required RowCounts Rows { get; init; }
    public required ReportCounts Reports { get; init; }

    /// <summary>Values that look odd beside the period before.</summary>
    public required int Warnings { get; init; }

    /// <summary>Remarks beyond the number that is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int RemarksLeftOff { get; init; }

    /// <summary>Rejected rows beyond the 64 MB that their file may have.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int RejectedLeftOff { get; init; }

    /// <summary>
    /// Dry run only: every line that would change, in the provisional lens and year to date, as if the reports named in the file were
    /// submitted.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LineEffect>? Effect { get; init; }
}

/// <param name="Total">All rows but blank lines.</param>
/// <param name="Created">A value that the report did not have.</param>
/// <param name="Updated">A value that differs from the report's.</param>
/// <param name="Unchanged">A value that the report has already.</param>
/// <param name="Rejected">Rows with something wrong.</param>
/// <param name="NotGiven">Rows without any value.</param>
public sealed record RowCounts(int Total, int Created, int Updated, int Unchanged, int Rejected, int NotGiven);

/// <param name="Created">Reports that did not exist.</param>
/// <param name="Updated">Reports whose content changed.</param>
/// <param name="Submitted">Reports submitted with <c>submit=true</c>.</param>
/// <param name="LeftDraft">Reports that <c>submit=true</c> left alone, since some of their rows were rejected.</param>
public sealed record ReportCounts(int Created, int Updated, int Submitted, int LeftDraft);

/// <summary>A line's figures before and after.</summary>
public sealed record LineEffect(string Period, string Target, LineFigures Before, LineFigures After);

/// <summary>Something said of a row, or of the file where the row is 0.</summary>
public sealed record RowRemark(int Row, string? Column, string Code, string DetailVi, string DetailEn, string? Value)
{
    internal static RowRemark Of(Remark remark)
    {
        var entry = ProblemCatalogue.Entries[remark.Code];
        object[] arguments = [.. remark.Arguments ?? []];
        return new RowRemark(remark.Row, remark.Column, remark.Code, Detail(english: false), Detail(english: true), remark.Value);

        string Detail(bool english) => remark.Code == "file.unreadable"
            ? entry.In(english, []) + UnreadableFileException.Reason(english, arguments) : entry.In(english, arguments);
    }
}

/// <summary>What became of one row.</summary>
public sealed record ImportRowAnswer(int Row, RowResult Outcome, IReadOnlyList<RowRemark> Remarks);

public enum RowResult { Created, Updated, Unchanged, Rejected, NotGiven, Read }

/// <summary>A problem that comes with the import that met it.</summary>
public sealed class ImportProblem : Problem
{
    [JsonPropertyOrder(1)]
    public required ImportAnswer Import { get; init; }
}
