using System.Globalization;

namespace Cchc.Api.Importing;

/// <summary>Stops reading a file: nothing after this point can be told apart.</summary>
internal sealed class UnreadableFileException(params IReadOnlyList<Remark> remarks) : Exception(remarks[0].Code)
{
    /// <summary>What is said of each reason, Vietnamese and English. The first argument of a remark names it, the others fill it in.</summary>
    private static readonly Dictionary<string, (string Vi, string En)> Reasons = new()
    {
        ["notZip"] = ("Tệp không phải sổ tính .xlsx, hoặc bị cắt cụt.", "It is no .xlsx workbook, or it was cut off."),
        ["notWorkbook"] = ("Tệp ZIP này không chứa sổ tính .xlsx.", "The ZIP archive holds no .xlsx workbook."),
        ["zipAsCsv"] = (
            "Tệp là sổ tính hoặc tệp ZIP, không phải CSV; hãy gửi với Content-Type của .xlsx.",
            "It is a workbook or ZIP archive, and no CSV; send it with the Content-Type of .xlsx."),
        ["xls"] = (
            "Tệp là sổ tính .xls đời cũ hoặc có mật khẩu; hãy lưu thành .xlsx không có mật khẩu.",
            "It is an old .xls workbook, or has a password; save it as .xlsx without a password."),
        ["xlsb"] = ("Tệp là sổ tính nhị phân .xlsb; hãy lưu thành .xlsx.", "It is a binary .xlsb workbook; save it as .xlsx."),
        ["ods"] = ("Tệp là bảng tính OpenDocument .ods; hãy lưu thành .xlsx.", "It is an OpenDocument .ods spreadsheet; save it as .xlsx."),
        ["partMissing"] = ("Sổ tính thiếu phần {0}.", "The workbook's part {0} is missing."),
        ["partTwice"] = ("Sổ tính có hai phần {0}.", "The workbook has two parts {0}."),
        ["partBroken"] = ("Phần {0} của sổ tính bị hỏng.", "The workbook's part {0} is broken."),
        ["rowNumber"] = (
            "Số dòng {0} sai: số dòng phải tăng dần và không quá 1048576.", "The row number {0} is wrong: they ascend, up to 1048576."),
        ["cellReference"] = (
            "Địa chỉ ô {0} sai, không thuộc dòng này, hoặc đứng sau ô ở bên phải nó.",
            "The cell reference {0} is wrong, is of another row, or comes after a cell to its right."),
        ["cellTwice"] = ("Ô {0} có hai giá trị.", "The cell {0} has two values."),
        ["sharedString"] = ("Ô {0} trỏ tới chuỗi {1} không có trong sổ tính.", "The cell {0} refers to the string {1}, which the workbook has not."),
        ["cellStyle"] = ("Ô {0} trỏ tới kiểu {1} không có trong sổ tính.", "The cell {0} refers to the style {1}, which the workbook has not."),
        ["fieldTooLong"] = ("Có ô dài hơn {0} ký tự.", "A field is longer than {0} characters."),
        ["itemTooLong"] = ("Có phần tử dài hơn {0} byte.", "An item is longer than {0} bytes."),
        ["lineTooLong"] = ("Có dòng dài hơn {0} ký tự.", "A line is longer than {0} characters."),
    };

    public IReadOnlyList<Remark> Remarks { get; } = remarks;

    public static UnreadableFileException Because(int row, string reason, params object[] arguments) => new(new Remark(
        row, null, "file.unreadable", null,
        [reason, .. arguments.Select(each => Remark.Shorten(Convert.ToString(each, CultureInfo.InvariantCulture) ?? ""))]));

    /// <summary>The sentence for the arguments of a remark <c>file.unreadable</c>; empty where they name no reason.</summary>
    public static string Reason(bool english, params object[] arguments) =>
        arguments is [string name, ..] && Reasons.TryGetValue(name, out var reason)
            ? " " + string.Format(CultureInfo.InvariantCulture, english ? reason.En : reason.Vi, arguments[1..]) : "";
}
