using System.Collections.Frozen;

namespace Cchc.Api.Http;

/// <summary>Every stable error code with its status and its words, Vietnamese and English. {0}, {1} are filled in.</summary>
internal static class ProblemCatalogue
{
    public static readonly FrozenDictionary<string, Entry> Entries = new Dictionary<string, Entry>
    {
        ["request.malformed"] = new(400, "Yêu cầu không đúng định dạng.", "The request is malformed."),
        ["request.incomplete"] = new(
            400, "Nội dung nhận được bị cắt ngang hoặc bị hỏng; hãy gửi lại toàn bộ.", "The body is cut off or corrupt; send the whole of it again."),
        ["request.invalid"] = new(422, "Nội dung vi phạm quy tắc; xem errors.", "The content breaks rules; see errors."),
        ["request.tooLarge"] = new(413, "Nội dung lớn hơn {0} byte.", "The body is larger than {0} bytes."),
        ["request.notAcceptable"] = new(406, "Không có dạng nào được chấp nhận; có {0}.", "No form is acceptable; there are {0}."),
        ["request.mediaType"] = new(415, "Nội dung phải là application/json, UTF-8, không nén.", "The body must be application/json in UTF-8, not encoded."),
        ["request.methodNotAllowed"] = new(405, "Phương thức không dùng được ở địa chỉ này.", "This address does not take that method."),
        ["request.timeout"] = new(503, "Yêu cầu mất quá nhiều thời gian.", "The request took too long."),
        ["rate.exceeded"] = new(429, "Quá nhiều yêu cầu; hãy thử lại sau {0} giây.", "Too many requests; try again in {0} seconds."),
        ["notFound"] = new(404, "Không tìm thấy.", "Not found."),
        ["plan.unknown"] = new(404, "Không có kế hoạch {0}.", "There is no plan {0}."),
        ["period.unknown"] = new(404, "Không có kỳ báo cáo {0}.", "There is no period {0}."),
        ["unit.unknown"] = new(404, "Không có đơn vị {0}.", "There is no unit {0}."),
        ["unit.notActive"] = new(422, "Đơn vị {0} không hoạt động vào ngày {1:yyyy-MM-dd}.", "The unit {0} is not active on {1:yyyy-MM-dd}."),
        ["target.unknown"] = new(404, "Không có chỉ tiêu {0}.", "There is no target {0}."),
        ["task.unknown"] = new(404, "Không có nhiệm vụ {0}.", "There is no task {0}."),
        ["report.unknown"] = new(404, "Chưa có báo cáo này.", "There is no such report."),
        ["revision.unknown"] = new(404, "Không có lần gửi số {0}.", "There is no revision {0}."),
        ["result.unknown"] = new(404, "Không có kết quả tổng hợp số {0}.", "There is no consolidated result {0}."),
        ["result.unchanged"] = new(
            409, "Số liệu không đổi từ kết quả tổng hợp số {0}.", "The figures have not changed since consolidated result {0}."),
        ["auth.required"] = new(401, "Cần khóa API hoặc thẻ đăng nhập hợp lệ.", "A valid API key or token is needed."),
        ["obstacle.unknown"] = new(404, "Không có vướng mắc số {0}.", "There is no obstacle {0}."),
        ["obstacle.state"] = new(409, "Trạng thái hiện tại của vướng mắc không cho phép thao tác này.", "The obstacle is {0}, which does not allow {1}."),
        ["obstacle.ownUnit"] = new(
            422, "Không giao cho chính đơn vị nêu vướng mắc.", "An obstacle is not assigned to the unit that raised it."),
        ["obstacle.escalate"] = new(422, "Trình UBND tỉnh bằng escalate.", "It goes to the provincial committee by escalate."),
        ["auth.forbidden"] = new(403, "Khóa này không có quyền làm việc đó.", "This key may not do that."),
        ["auth.claims"] = new(
            403, "Thẻ đăng nhập không nêu vai trò và đơn vị dùng được.", "The token's claims name no role and unit that can be used."),
        ["auth.ownReport"] = new(
            403, "Không ai được duyệt báo cáo của chính đơn vị mình.", "Nobody reviews a report of their own unit."),
        ["auth.scope"] = new(403, "Khóa này không được cấp phạm vi đó.", "This key was not given that scope."),
        ["auth.beyondOwn"] = new(
            403, "Khóa không được tạo hay đổi khóa rộng hơn chính nó về vai trò, phạm vi, địa chỉ hoặc thời hạn.",
            "A key may not make or rotate a key with more rights, scopes, addresses or time than its own."),
        ["auth.address"] = new(403, "Khóa này không được dùng từ địa chỉ đó.", "This key may not be used from that address."),
        ["key.unknown"] = new(404, "Không có khóa {0}.", "There is no key {0}."),
        ["key.state"] = new(409, "Khóa đã hết hạn hoặc đã thu hồi.", "The key has expired or was revoked."),
        ["key.needsUnit"] = new(422, "Vai trò này cần gắn với một đơn vị.", "The role {0} needs a unit."),
        ["key.notReviewingUnit"] = new(
            422, "Người duyệt là cơ quan chủ trì kế hoạch hoặc cấp huyện.", "A reviewer is the plan's lead unit, or a district."),
        ["key.range"] = new(
            422, "Phải là dải địa chỉ CIDR, ví dụ 10.20.0.0/16.", "It must be a range of addresses in CIDR notation, such as 10.20.0.0/16."),
        ["instant.invalid"] = new(400, "Phải là thời điểm RFC 3339 có múi giờ.", "It must be an instant of RFC 3339 with its offset."),
        ["value.past"] = new(422, "Thời điểm này đã qua.", "That instant has passed."),
        ["precondition.failed"] = new(412, "Nội dung đã thay đổi; phiên bản hiện tại là {0}.", "It has changed; its version now is {0}."),
        ["range.notSatisfiable"] = new(
            416, "Phần nội dung được yêu cầu (Range) nằm ngoài nội dung; độ dài có trong Content-Range.",
            "The requested Range lies beyond the content; Content-Range says how long that is."),
        ["precondition.required"] = new(
            428, "Cần If-Match với phiên bản đang có để thay nội dung.", "If-Match with the current version is needed to replace content."),
        ["report.state"] = new(409, "Trạng thái hiện tại của báo cáo không cho phép thao tác này.", "The report is {0}, which does not allow {1}."),
        ["report.untilPassed"] = new(
            409, "Thời hạn mở lại báo cáo này đã hết.", "The time for which this report was given back has passed."),
        ["report.awaitsDistrict"] = new(409, "Báo cáo chờ UBND cấp huyện duyệt trước.", "The report awaits its district's approval first."),
        ["report.districtApproved"] = new(409, "UBND cấp huyện đã duyệt báo cáo này.", "The district has approved this report already."),
        ["until.required"] = new(
            422, "Kỳ đã khóa: phải nêu ngày cuối được sửa (until).", "The period is locked: the last day for changes is needed (until)."),
        ["until.past"] = new(422, "Ngày này đã qua.", "That day has passed."),
        ["date.order"] = new(422, "Ngày phải từ {0:yyyy-MM-dd} đến {1:yyyy-MM-dd}.", "The day must be from {0:yyyy-MM-dd} to {1:yyyy-MM-dd}."),
        ["plan.codeInvalid"] = new(
            422, "Mã kế hoạch chỉ gồm chữ thường không dấu, chữ số và gạch nối; ký tự đầu và cuối là chữ hoặc số.",
            "A plan's code has lower-case letters, digits and hyphens, with a letter or a digit first and last."),
        ["code.invalid"] = new(
            422, "Mã gồm tối đa {0} chữ cái không dấu, chữ số, dấu chấm, gạch nối hoặc gạch dưới; ký tự đầu và cuối là chữ hoặc số.",
            "A code has up to {0} of A-Z, a-z, 0-9, '.', '-' and '_', with a letter or a digit first and last."),
        ["amendment.tooLate"] = new(
            422, "Kế hoạch kết thúc ngày {1:yyyy-MM-dd} nên không còn ngày nào để sửa đổi có hiệu lực.",
            "The plan ends on {1:yyyy-MM-dd}: no day is left on which an amendment can take effect."),
        ["code.reserved"] = new(
            422, "Không dùng được mã {0}: địa chỉ của hệ thống đã dùng từ này. Hãy chọn mã khác.",
            "The code {0} is part of an address of this API. Choose another one."),
        ["plan.rankAtMost"] = new(
            422, "Chỉ tiêu xếp hạng hoặc xếp loại chỉ dùng điều kiện \"không quá\".", "A rank or a grade is always atMost."),
        ["task.leadAlready"] = new(422, "{0} đang chủ trì nhiệm vụ này.", "{0} leads this task already."),
        ["plan.codeFixed"] = new(422, "Mã kế hoạch là {0} và không đổi.", "The plan's code is {0} and stays so."),
        ["plan.groupUnknown"] = new(422, "Không có nhóm {0}.", "There is no group {0}."),
        ["plan.flowIsRatio"] = new(422, "Chỉ chỉ tiêu tỷ lệ mới cộng dồn.", "Only a ratio adds up."),
        ["plan.ownerReports"] = new(422, "Xếp hạng do cơ quan chủ trì báo cáo.", "A rank or grade is reported by its owner."),
        ["plan.milestoneHasNone"] = new(422, "Mốc công việc không có ngưỡng.", "A milestone has no condition."),
        ["plan.leadCoordinates"] = new(422, "{0} đã chủ trì, không thể phối hợp.", "{0} leads, and cannot coordinate too."),
        ["plan.incomplete"] = new(422, "Kế hoạch chưa đủ: {0}.", "The plan is not whole: {0}."),
        ["unit.gone"] = new(422, "Đơn vị {0} không còn vào ngày {1:yyyy-MM-dd}.", "The unit {0} is not active on {1:yyyy-MM-dd}."),
        ["plan.exists"] = new(409, "Đã có kế hoạch {0}.", "There is a plan {0} already."),
        ["plan.inForce"] = new(409, "Kế hoạch đã có hiệu lực; chỉ sửa đổi bằng văn bản.", "The plan is in force; it changes by amendment alone."),
        ["plan.isDraft"] = new(409, "Kế hoạch còn là dự thảo.", "The plan is a draft still."),
        ["date.invalid"] = new(400, "Phải là ngày yyyy-MM-dd.", "It must be a date yyyy-MM-dd."),
        ["report.empty"] = new(422, "Báo cáo chưa có nội dung.", "The report is empty."),
        ["period.notBegun"] = new(409, "Kỳ {0} chưa bắt đầu.", "The period {0} has not begun."),
        ["period.locked"] = new(409, "Kỳ {0} đã khóa.", "The period {0} is locked."),
        ["reason.required"] = new(422, "Phải nêu lý do.", "A reason is needed."),
        ["idempotency.reused"] = new(
            422, "Idempotency-Key này đã dùng cho một yêu cầu khác.", "This Idempotency-Key was used with another request."),
        ["idempotency.busy"] = new(
            409, "Yêu cầu với Idempotency-Key này đang được xử lý.", "A request with this Idempotency-Key is being worked on."),
        ["idempotency.invalid"] = new(
            400, "Idempotency-Key phải dài 1 đến 255 ký tự ASCII.", "Idempotency-Key must be 1 to 255 ASCII characters."),
        ["service.unavailable"] = new(503, "Cơ sở dữ liệu tạm thời không sẵn sàng.", "The database is not available for now."),
        ["write.unknown"] = new(
            503, "Chưa biết thay đổi đã được ghi hay chưa; hãy đọc lại, hoặc gửi lại với cùng Idempotency-Key.",
            "It is not known whether the change went in; read it again, or repeat it with the same Idempotency-Key."),
        ["service.fault"] = new(500, "Lỗi máy chủ.", "The server failed."),

        ["webhook.unknown"] = new(404, "Không có webhook {0}.", "There is no webhook {0}."),
        ["webhook.url"] = new(422, "Cần địa chỉ https công khai, không kèm tên đăng nhập.", "A public https address without a user name is needed."),
        ["webhook.kind"] = new(422, "Không có loại thay đổi này; có {0}.", "There is no such kind; there are {0}."),
        ["parameter.unknown"] = new(400, "Không có tham số {0}.", "There is no parameter {0}."),
        ["parameter.notHere"] = new(400, "Tham số {0} không dùng được với {1}.", "The parameter {0} means nothing with {1}."),
        ["parameter.repeated"] = new(400, "Tham số {0} chỉ được có một lần.", "The parameter {0} may be given once."),
        ["parameter.invalid"] = new(400, "Giá trị không dùng được; cần {0}.", "The value cannot be used; needed: {0}."),
        ["parameter.future"] = new(400, "Thời điểm chưa tới.", "The instant is yet to come."),
        ["sort.repeated"] = new(400, "Chỉ được sắp xếp một lần theo cột {0}.", "The column {0} may be sorted by once."),
        ["instant.unsettled"] = new(
            503, "Một lần ghi số liệu bắt đầu trước thời điểm này chưa kết thúc; hãy thử lại sau.",
            "A write that began before this instant has not ended; try again later."),
        ["cursor.invalid"] = new(400, "Con trỏ trang không dùng được.", "The cursor cannot be used."),
        ["json.malformed"] = new(400, "JSON sai cú pháp ở dòng {0}, byte thứ {1}.", "The JSON is malformed at line {0}, byte {1}: {2}"),
        ["json.notUtf8"] = new(400, "JSON phải là UTF-8.", "JSON must be in UTF-8."),
        ["json.unknownMember"] = new(400, "Không có thành phần {0}.", "There is no member {0}."),
        ["json.wrongType"] = new(400, "Sai kiểu; cần {0}.", "Wrong type; needed: {0}."),
        ["json.required"] = new(400, "Thiếu {0}.", "{0} is missing."),
        ["json.oneOf"] = new(400, "Phải là một trong: {0}.", "It must be one of: {0}."),
        ["json.tooMany"] = new(400, "Nhiều hơn {0} phần tử.", "More than {0} items."),
        ["text.surrogate"] = new(
            400, "Có nửa cặp ký tự Unicode (surrogate) đứng lẻ.", "There is a lone surrogate: half of a Unicode character."),
        ["text.tooLong"] = new(422, "Dài hơn {0} ký tự.", "Longer than {0} characters."),
        ["text.blank"] = new(422, "Không được để trống.", "It must not be blank."),
        ["text.invalid"] = new(422, "Có ký tự điều khiển hoặc Unicode hỏng.", "It has a control character or broken Unicode."),
        ["url.invalid"] = new(422, "Phải là địa chỉ http hoặc https đầy đủ.", "It must be an absolute http or https address."),
        ["value.notWhole"] = new(422, "Phải là số nguyên.", "It must be a whole number."),
        ["value.outOfRange"] = new(422, "Phải từ {0} đến {1}.", "It must be from {0} to {1}."),
        ["value.required"] = new(422, "Thiếu {0}.", "{0} is missing."),
        ["value.shape"] = new(422, "{0} không dùng cho loại chỉ tiêu {1}.", "{0} does not belong to a target of kind {1}."),
        ["value.exclusive"] = new(422, "'Không áp dụng' không đi cùng giá trị.", "'Not applicable' does not go with a value."),
        ["value.excludedNotTaken"] = new(
            422, "Chỉ tiêu {0} không có số loại trừ; hãy bỏ trống.", "Target {0} takes no exclusion; leave excluded out."),
        ["value.excludedExceedsTotal"] = new(422, "Số loại trừ lớn hơn tổng số.", "The excluded exceed the total."),
        ["value.numeratorExceedsBase"] = new(
            422, "Tử số lớn hơn tổng số trừ số loại trừ.", "The numerator exceeds the total less the excluded."),
        ["value.targetUnknown"] = new(422, "Không có chỉ tiêu {0}.", "There is no target {0}."),
        ["value.taskUnknown"] = new(422, "Không có nhiệm vụ {0}.", "There is no task {0}."),
        ["value.duplicate"] = new(422, "{0} được nêu hai lần.", "{0} is given twice."),
        ["value.notExpected"] = new(422, "Đơn vị này không báo cáo {0}.", "This unit does not report {0}."),
        ["value.notDue"] = new(422, "{0} không đến hạn trong kỳ này.", "{0} is not due in this period."),
        ["value.levelRequired"] = new(422, "Phải nêu cấp: {0}.", "The level is needed: {0}."),
        ["value.levelUnknown"] = new(422, "Chỉ tiêu này không có cấp đó cho đơn vị.", "The target has no such level for this unit."),

        ["import.rejected"] = new(422, "Tệp có dòng bị từ chối; không có gì thay đổi.", "The file has rejected rows; nothing was changed."),
        ["import.unknown"] = new(404, "Không có lần nhập {0}.", "There is no import {0}."),
        ["import.state"] = new(409, "Trạng thái hiện tại của lần nhập không cho phép thao tác này.", "The import is {0}, which does not allow this action."),
        ["import.moved"] = new(409, "Dữ liệu đã đổi; phiên bản hiện tại là {0}.", "The data have moved; the version now is {0}."),
        ["import.caller"] = new(
            403, "Khóa đã gửi tệp không còn quyền nhập; không có gì thay đổi.",
            "The key that sent the file may not import any more; nothing was changed."),
        ["import.tooMany"] = new(
            429, "Đã có {0} lần nhập chưa xong của khóa hoặc tài khoản này; hãy thử lại sau.",
            "This caller has {0} imports that have not ended; try again later."),
        ["import.tooMuch"] = new(
            429, "Các tệp đang chờ nhập của khóa hoặc tài khoản này đã chiếm hết {0} byte được phép; hãy thử lại sau.",
            "The files of this caller that wait to be imported fill the {0} bytes allowed; try again later."),
        ["import.mediaType"] = new(
            415, "Phải là CSV, XLSX, JSON hoặc NDJSON (UTF-8); nén gzip hoặc br.", "It must be CSV, XLSX, JSON or NDJSON (UTF-8); gzip or br encoded."),
        ["import.charset"] = new(
            415,
            "Không đọc được bảng mã {0}. CSV phải là UTF-8, UTF-16 hoặc windows-1258; trong Excel, chọn Lưu thành (Save As) rồi chọn kiểu “CSV UTF-8”.",
            "The charset {0} is not read. CSV is UTF-8, UTF-16 or windows-1258; in Excel choose Save As with the type “CSV UTF-8”."),
        ["import.notInCharset"] = new(
            422,
            "Tệp không phải là văn bản theo bảng mã {0} đã khai báo. Trong Excel, chọn Lưu thành (Save As) rồi chọn kiểu “CSV UTF-8”.",
            "The file is no text in the declared charset {0}. In Excel choose Save As with the type “CSV UTF-8”."),
        ["import.purged"] = new(
            410, "Tệp dòng bị từ chối đã được xóa sau thời hạn lưu ({0} ngày).", "The file of rejected rows was purged after {0} days."),
        ["import.noFile"] = new(400, "Biểu mẫu không có tệp nào, hoặc có nhiều tệp.", "The form has no file, or several."),
        ["import.tooManyRows"] = new(413, "Nhiều hơn {0} dòng.", "More than {0} rows."),
        ["import.nothingRejected"] = new(404, "Không có dòng nào bị từ chối.", "No row was rejected."),
        ["file.empty"] = new(422, "Tệp trống.", "The file is empty."),
        ["file.unreadable"] = new(422, "Không đọc được tệp từ đây.", "The file cannot be read from here on."),
        ["file.notUtf8"] = new(
            422,
            "Tệp không phải UTF-8. Trong Excel, chọn Lưu thành (Save As) rồi chọn kiểu “CSV UTF-8”; hoặc gửi tệp .xlsx.",
            "The file is not UTF-8. In Excel choose Save As with the type “CSV UTF-8”, or send the .xlsx file."),
        ["xlsx.tooManyRows"] = new(
            400, "Một trang tính không chứa được hơn {0} dòng; hãy tải CSV tại {1}.", "A sheet holds no more than {0} rows; get the CSV at {1}."),
        ["file.tooManyCells"] = new(413, "Tệp có nhiều hơn {0} ô.", "The file has more than {0} cells."),
        ["file.tooMuchText"] = new(413, "Chữ trong tệp dài hơn {0} ký tự.", "The texts of the file are longer than {0} characters."),
        ["file.unpacksTooLarge"] = new(422, "Tệp nén giải ra quá lớn.", "The file unpacks to too much."),
        ["file.externalLinks"] = new(422, "Tệp có liên kết ra tệp khác.", "The file links to other files."),
        ["sheet.missing"] = new(422, "Không có trang tính {0}, và có nhiều trang hiện.", "There is no sheet {0}, and more than one is visible."),
        ["column.unknown"] = new(422, "Không có cột {0}.", "There is no column {0}."),
        ["column.repeated"] = new(422, "Cột {0} có hai lần.", "The column {0} is there twice."),
        ["column.missing"] = new(422, "Thiếu cột {0}.", "The column {0} is missing."),
        ["row.tooWide"] = new(422, "Dòng có hơn {0} ô.", "The row has more than {0} cells."),
        ["row.tooManyColumns"] = new(413, "Dòng có nhiều hơn {0} cột.", "The row has more than {0} columns."),
        ["quote.notClosed"] = new(
            422, "Dấu ngoặc kép mở ở dòng này không được đóng lại.", "A quotation mark that opens in this row is never closed."),
        ["quote.textAfter"] = new(
            422,
            "Có chữ đứng sau dấu ngoặc kép đóng; dấu ngoặc kép nằm trong ô phải được viết hai lần (\"\").",
            "Text follows a closing quotation mark; within a field, a quotation mark is written twice (\"\")."),
        ["quote.swallowsRows"] = new(
            422,
            "Một ô trong dấu ngoặc kép chứa cả các dòng tiếp theo; hãy kiểm tra dấu ngoặc kép mở ở dòng này.",
            "A quoted field holds the rows that follow it; check the quotation mark that opens in this row."),
        ["cell.format"] = new(
            422,
            "Ô được định dạng là ngày tháng hoặc phần trăm ({0}), không phải số đếm; hãy nhập lại với định dạng số.",
            "The cell is formatted as a date or percentage ({0}), and is no count; enter it again with a number format."),
        ["cell.error"] = new(422, "Ô có lỗi công thức.", "The cell holds a formula's error."),
        ["number.ambiguous"] = new(
            422, "Dấu chấm, phẩy không rõ nghĩa; hãy khai báo locale=vi-VN.", "The point or comma is ambiguous; declare locale=vi-VN or en-US."),
        ["unit.ambiguous"] = new(422, "{0} có thể là {1}.", "{0} may be any of {1}."),

        ["warning.fell"] = new(200, "Số lũy kế giảm từ {0} xuống {1}.", "The count fell from {0} to {1}."),
        ["warning.rateMoved"] = new(200, "Tỷ lệ đổi từ {0} % sang {1} %.", "The rate moved from {0} % to {1} %."),
        ["warning.totalChanged"] = new(200, "Tổng số đổi từ {0} sang {1}.", "The total changed from {0} to {1}."),
    }.ToFrozenDictionary();

    public sealed record Entry(int Status, string Vi, string En)
    {
        public string In(bool english, object?[] arguments) =>
            string.Format(
                System.Globalization.CultureInfo.InvariantCulture, english ? En : Vi,
                [.. arguments.Select(argument => argument switch
                {
                    string text => Excerpt.Of(text),
                    IEnumerable<string> choices => string.Join(", ", choices),
                    _ => argument,
                })]);
    }
}
