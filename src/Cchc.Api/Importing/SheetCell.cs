namespace Cchc.Api.Importing;

/// <summary>How a cell of a written sheet looks, and whether a protected sheet lets it be changed.</summary>
internal enum CellStyle { Plain, ToFill, Fixed, Heading }

/// <summary>A cell to write: text, which no spreadsheet takes for a formula here, or a number.</summary>
/// <param name="Text">What it shows.</param>
/// <param name="IsNumber">Whether it is written as a number.</param>
/// <param name="Style">How it looks.</param>
internal readonly record struct SheetCell(string Text, bool IsNumber = false, CellStyle Style = CellStyle.Plain);
