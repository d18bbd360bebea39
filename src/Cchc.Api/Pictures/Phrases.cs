using System.Globalization;
using Cchc.Domain.Completion;
using Cchc.Domain.Plans;
using Cchc.Domain.Units;

namespace Cchc.Api.Pictures;

/// <summary>The language of a picture, or of the labels of a table.</summary>
internal enum Language { Vi, En }

/// <summary>The words of pictures, and how numbers are written among them.</summary>
internal sealed record Phrases(Language Language)
{
    private static readonly NumberFormatInfo Comma = new() { NumberDecimalSeparator = "," };

    public string NoFigure => Say("không có số liệu", "no figure");

    public string Sample => Say("Dữ liệu mẫu", "Sample data");

    public string Provisional => Say("Số liệu tạm tính", "Provisional figures");

    public string WholePlan => Say("Toàn kế hoạch", "The whole plan");

    /// <summary>The Vietnamese or the English of something; what has no English is said in Vietnamese.</summary>
    public string Say(string vietnamese, string? english) => Language == Language.En && !string.IsNullOrEmpty(english) ? english : vietnamese;

    /// <summary>A percentage as it was rounded for all answers: never anew.</summary>
    public string Percent(decimal value) => Number(value, "0.00") + "%";

    public string PercentOr(decimal? value) => value is { } given ? Percent(given) : NoFigure;

    public string Met(int met, int counted) => counted == 0 ? Say("0 chỉ tiêu được tính", "0 targets counted") : Say($"đạt {met}/{counted} chỉ tiêu", $"{met}/{counted} targets met");

    /// <summary>What stands beside a figure: how many targets are met, where there is a figure or none counts, and how many reports came.</summary>
    public IReadOnlyList<string> Remarks(decimal? completion, int met, int counted, int received, int expected) =>
        completion is null && counted > 0 ? [Received(received, expected)] : [Met(met, counted), Received(received, expected)];

    public string Received(int received, int expected) => Say($"đã nhận {received}/{expected} báo cáo", $"{received}/{expected} reports received");

    public string PlanOf(Plan plan) => Say($"Kế hoạch {plan.Number}", $"Plan {plan.Number}");

    public string PeriodOf(Plan plan, Period period)
    {
        var (label, year) = (Say(period.LabelVi, period.LabelEn), plan.Year.ToString(CultureInfo.InvariantCulture));
        return label.Contains(year, StringComparison.Ordinal) ? label : $"{label} {year}";
    }

    public string BasisOf(Basis basis) => basis == Basis.YearToDate ? Say("lũy kế từ đầu năm", "year to date") : Say("riêng trong kỳ", "the period alone");

    public string Updated(DateTimeOffset moment)
    {
        var local = Domain.LocalTime.Of(moment);
        return Language == Language.Vi ? $"cập nhật {local.ToString("HH:mm dd/MM/yyyy", CultureInfo.InvariantCulture)}"
            : $"as of {local.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}";
    }

    public string LevelOf(LineLevel level) => level switch
    {
        LineLevel.Province => Say("Cấp tỉnh", "Province"),
        LineLevel.District => Say("Cấp huyện", "Districts"),
        LineLevel.Commune => Say("Cấp xã", "Communes"),
        _ => Say("Toàn tỉnh", "Whole province"),
    };

    public string LevelOf(UnitLevel level) => LevelOf(Enum.Parse<LineLevel>(level.ToString()));

    public string KindOf(UnitKind kind) => kind switch
    {
        UnitKind.Committee => Say("Ủy ban nhân dân", "People's committee"),
        UnitKind.Department => Say("Sở, ban, ngành", "Department"),
        UnitKind.Centre => Say("Trung tâm phục vụ hành chính công", "One-stop centre"),
        _ => Say("Cơ quan khác", "Other agency"),
    };

    public string CommitmentOf(Commitment commitment) => commitment switch
    {
        Commitment.Must => Say("Bắt buộc", "Must"),
        Commitment.Strive => Say("Phấn đấu", "Strive"),
        _ => Say("Định hướng", "Direction"),
    };

    public string ComparisonOf(Comparison comparison) =>
        comparison == Comparison.AtLeast ? Say("Tối thiểu", "At least") : Say("Không quá", "At most");

    public string StatusOf(LineStatus status) => status switch
    {
        LineStatus.Missed => Say("Không đạt", "Missed"),
        LineStatus.NoData => Say("Thiếu báo cáo", "No data"),
        LineStatus.Behind => Say("Chậm tiến độ", "Behind"),
        LineStatus.OnTrack => Say("Đúng tiến độ", "On track"),
        LineStatus.Pending => Say("Chờ công bố", "Pending"),
        LineStatus.Met => Say("Đạt", "Met"),
        LineStatus.NotApplicable => Say("Không áp dụng", "Not applicable"),
        LineStatus.NotDue => Say("Chưa đến hạn", "Not due"),
        _ => Say("Chỉ theo dõi", "Tracked only"),
    };

    /// <summary>What a line has come to and what it is to reach: "50,00% trên mục tiêu tối thiểu 50,00%".</summary>
    public string Reached(Target target, Completion.LineFigures line)
    {
        var isPlace = target.Kind is TargetKind.Rank or TargetKind.Grade;
        if (line.Threshold is not { } threshold || line.Operator is not { } comparison)
        {
            return Say($"{line.Done}/{line.Coverage.Expected} đơn vị hoàn thành", $"{line.Done} of {line.Coverage.Expected} units done");
        }

        var reached = isPlace && line.Position is { } position ? Place(target, position) : PercentOr(isPlace ? null : line.Rate);
        var wanted = isPlace ? Place(target, threshold) : Percent(threshold);
        return Say(
            $"{reached}; mục tiêu {(comparison == Comparison.AtLeast ? "tối thiểu" : "không quá")} {wanted}",
            $"{reached}; target {(comparison == Comparison.AtLeast ? "at least" : "at most")} {wanted}");
    }

    private string Place(Target target, decimal place) =>
        $"{Say(target.Kind == TargetKind.Rank ? "hạng" : "nhóm", target.Kind == TargetKind.Rank ? "rank" : "grade")} {Number(place, "0.##")}";

    private string Number(decimal value, string format) => value.ToString(format, Language == Language.Vi ? Comma : CultureInfo.InvariantCulture);
}
