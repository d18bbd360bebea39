using System.Collections.Frozen;

namespace Cchc.Api.Tables;

/// <summary>The titles of columns, in Vietnamese and English. A column has the same title in every table.</summary>
internal static class ColumnTitles
{
    private static readonly FrozenDictionary<string, (string Vi, string En)> Titles = new Dictionary<string, (string Vi, string En)>
    {
        ["plan"] = ("Kế hoạch", "Plan"),
        ["period"] = ("Kỳ báo cáo", "Reporting period"),
        ["dataTo"] = ("Số liệu đến ngày", "Data up to"),
        ["unit"] = ("Đơn vị", "Unit"),
        ["nameVi"] = ("Tên tiếng Việt", "Name in Vietnamese"),
        ["nameEn"] = ("Tên tiếng Anh", "Name in English"),
        ["unitLevel"] = ("Cấp của đơn vị", "Level of the unit"),
        ["unitKind"] = ("Loại đơn vị", "Kind of unit"),
        ["parent"] = ("Đơn vị cấp trên", "Parent unit"),
        ["group"] = ("Nhóm chỉ tiêu", "Group of targets"),
        ["target"] = ("Chỉ tiêu", "Target"),
        ["commitment"] = ("Mức cam kết", "Commitment"),
        ["level"] = ("Cấp của chỉ tiêu", "Level of the target line"),
        ["operator"] = ("Phép so sánh", "Comparison"),
        ["threshold"] = ("Mức phải đạt", "Threshold"),
        ["numerator"] = ("Tử số", "Numerator"),
        ["total"] = ("Mẫu số", "Total"),
        ["excluded"] = ("Số được loại trừ", "Excluded"),
        ["done"] = ("Số đơn vị hoàn thành", "Units done"),
        ["position"] = ("Thứ hạng hoặc mức xếp loại", "Position"),
        ["rate"] = ("Tỷ lệ (%)", "Rate (%)"),
        ["completion"] = ("Mức độ hoàn thành (%)", "Completion (%)"),
        ["met"] = ("Đạt", "Met"),
        ["status"] = ("Tình trạng", "Status"),
        ["expected"] = ("Số báo cáo phải nhận", "Reports expected"),
        ["received"] = ("Số báo cáo đã nhận", "Reports received"),
        ["notApplicable"] = ("Số đơn vị không áp dụng", "Units not applicable"),
        ["onTime"] = ("Số báo cáo đúng hạn", "Reports on time"),
        ["targetsMet"] = ("Số chỉ tiêu đạt", "Targets met"),
        ["targetsCounted"] = ("Số chỉ tiêu được tính", "Targets counted"),
        ["targetsTotal"] = ("Tổng số chỉ tiêu", "Targets in total"),
        ["rank"] = ("Xếp hạng", "Rank"),
        ["revision"] = ("Lần báo cáo", "Revision"),
        ["sample"] = ("Dữ liệu mẫu", "Sample data"),
        ["before"] = ("Kỳ trước (%)", "Before (%)"),
        ["after"] = ("Kỳ này (%)", "After (%)"),
        ["change"] = ("Thay đổi (điểm phần trăm)", "Change (percentage points)"),
        ["metBefore"] = ("Đạt ở kỳ trước", "Met before"),
        ["metAfter"] = ("Đạt ở kỳ này", "Met after"),
        ["statusBefore"] = ("Tình trạng kỳ trước", "Status before"),
        ["statusAfter"] = ("Tình trạng kỳ này", "Status after"),
        ["expectedBefore"] = ("Số báo cáo phải nhận kỳ trước", "Reports expected before"),
        ["receivedBefore"] = ("Số báo cáo đã nhận kỳ trước", "Reports received before"),
        ["expectedAfter"] = ("Số báo cáo phải nhận kỳ này", "Reports expected after"),
        ["receivedAfter"] = ("Số báo cáo đã nhận kỳ này", "Reports received after"),
        ["measure"] = ("Số đo", "Measure"),
    }.ToFrozenDictionary();

    /// <summary>The title of a column; its name where it has none.</summary>
    public static string Of(string column, bool inEnglish) =>
        Titles.TryGetValue(column, out var title) ? inEnglish ? title.En : title.Vi : column;
}
