"""Problems as callers see them: RFC 9457 with a stable code, the party at fault and texts in Vietnamese and English."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.model import Model


class Origin(StrEnum):
    """The party at fault."""

    CALLER = "caller"
    HUB = "hub"
    PLATFORM = "platform"


class FieldProblem(Model):
    """One field that broke one rule. `path` is dotted (`applicant.personal_number`); values are never repeated."""

    path: str
    rule: str
    vi: str
    en: str


class Problem(Model):
    """The body of every error answer, media type `application/problem+json`."""

    type: str
    title: str
    status: int
    code: str
    origin: Origin
    detail_vi: str
    detail_en: str
    correlation_id: str
    retriable: bool
    retry_after_s: int | None = None
    fields: tuple[FieldProblem, ...] = ()


class ProblemKind(Model):
    """What a code means, wherever it occurs."""

    code: str
    status: int
    origin: Origin
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    vi: str
    en: str


PROBLEMS: dict[str, Words] = {
    "caller.malformed": Words("Nội dung gửi lên không phải là JSON hợp lệ.", "The body is not valid JSON."),
    "caller.slow": Words(
        "Nội dung không đến đủ trong thời gian cho phép; hãy gửi lại cùng khóa.",
        "The body did not arrive in time; send again with the same key.",
    ),
    "caller.too_large": Words("Nội dung gửi lên vượt quá kích thước cho phép.", "The body is larger than allowed."),
    "caller.media_type": Words("Kiểu nội dung phải là application/json.", "The content type must be application/json."),
    "caller.invalid": Words(
        "Một hoặc nhiều trường không hợp lệ; xem danh sách trường.", "One or more fields are invalid; see the list."
    ),
    "caller.unauthenticated": Words("Thiếu khóa API hoặc khóa API không đúng.", "The API key is missing or wrong."),
    "caller.no_grant": Words(
        "Hệ thống này chưa được cấp quyền dùng dịch vụ cho mục đích đã nêu; liên hệ cơ quan vận hành để được cấp.",
        "This system has no grant for the service and the purpose stated; ask the operator for one.",
    ),
    "caller.foreign_dossier": Words(
        "Mã hồ sơ không thuộc cơ quan của hệ thống gọi.",
        "The dossier code belongs to an agency that this system does not act for.",
    ),
    "caller.not_found": Words("Không tìm thấy.", "Not found."),
    "caller.method": Words(
        "Phương thức không được hỗ trợ ở địa chỉ này.", "The method is not supported at this address."
    ),
    "caller.key_missing": Words(
        "Yêu cầu ghi phải có tiêu đề Idempotency-Key.", "A write needs an Idempotency-Key header."
    ),
    "caller.key_reused": Words(
        "Khóa Idempotency-Key này đã được dùng cho một nội dung khác.",
        "This Idempotency-Key was used before with another body.",
    ),
    "caller.revision_backwards": Words(
        "Hồ sơ đã có phiên bản bằng hoặc mới hơn; hãy gửi phiên bản cao hơn.",
        "The dossier has this revision or a newer one; send a higher revision.",
    ),
    "caller.own_order": Words(
        "Người đề nghị không được tự phê duyệt; cần một tài khoản khác có quyền delivery.approve.",
        "Who proposed an order cannot approve it; another account with delivery.approve has to.",
    ),
    "caller.order_decided": Words(
        "Lệnh đã được quyết định hoặc đã kết thúc; hãy xem trạng thái của lệnh.",
        "The order was decided before, or has ended; look at its state.",
    ),
    "caller.not_waiting": Words(
        "Lượt gửi không còn ở trạng thái mà hành động này áp dụng; hãy xem lại trạng thái của nó.",
        "The delivery does not wait for this action (any more); look at its state.",
    ),
    "caller.soap_version": Words(
        "Phiên bản SOAP không khớp: phong bì SOAP 1.1 đi với text/xml, phong bì SOAP 1.2 đi với application/soap+xml.",
        "The SOAP version does not match: a 1.1 envelope goes with text/xml, a 1.2 envelope with application/soap+xml.",
    ),
    "caller.not_understood": Words(
        "Có khối tiêu đề SOAP bắt buộc phải hiểu (mustUnderstand) mà trục không xử lý; hãy bỏ khối đó.",
        "A SOAP header block that must be understood is not one that the hub handles; leave it out.",
    ),
    "caller.operation": Words(
        "Không có thao tác này, hoặc SOAPAction nêu một thao tác khác với nội dung.",
        "There is no such operation, or the SOAPAction names another one than the body.",
    ),
    "caller.token_unsupported": Words(
        "Chỉ nhận một UsernameToken với PasswordText (mật khẩu là khóa API) và một Timestamp; không nhận "
        "PasswordDigest, chữ ký hay loại thẻ khác, vì trục không giữ khóa ở dạng đọc được.",
        "Only one UsernameToken with PasswordText (the password is the API key) and one Timestamp are taken; no "
        "PasswordDigest, for the hub keeps no readable keys, no signature and no other token.",
    ),
    "caller.expired": Words(
        "Timestamp của thông điệp đã hết hạn hoặc ở tương lai; hãy kiểm tra đồng hồ của hệ thống gửi.",
        "The message's Timestamp has expired or lies in the future; check the sender's clock.",
    ),
    "caller.gone": Words(
        "Các sự kiện sau vị trí này không còn được lưu; hãy đọc lại từ đầu (after=start) và đối chiếu theo seq.",
        "The events after this position are no longer kept; read from the start (after=start) and compare by seq.",
    ),
    "caller.quota": Words(
        "Hệ thống đã dùng hết hạn mức; hãy gửi lại cùng khóa sau thời gian nêu trong Retry-After.",
        "This system has used up its quota; send again with the same key after the time in Retry-After.",
    ),
    "caller.rate": Words("Gửi quá nhanh; hãy thử lại sau.", "Too many requests; try again later."),
    "hub.unavailable": Words(
        "Trục tạm thời không ghi nhận được; chưa có gì được tiếp nhận, hãy gửi lại cùng khóa.",
        "The hub cannot record anything right now; nothing was accepted, send again with the same key.",
    ),
    "hub.disk_full": Words(
        "Trục gần hết dung lượng lưu trữ; chưa có gì được tiếp nhận, hãy gửi lại cùng khóa.",
        "The hub is running out of disk; nothing was accepted, send again with the same key.",
    ),
    "hub.in_doubt": Words(
        "Không chắc yêu cầu đã được ghi nhận; hãy gửi lại cùng khóa.",
        "It is not certain that the request was recorded; send again with the same key.",
    ),
    "hub.overloaded": Words("Trục đang quá tải; hãy thử lại sau.", "The hub is overloaded; try again later."),
    "hub.fault": Words("Lỗi phía trục; đã được ghi lại.", "A fault of the hub; it was recorded."),
    "hub.config": Words("Cấu hình của trục chưa đúng.", "The hub's configuration is wrong."),
    "hub.stale_owner": Words(
        "Phân vùng đã chuyển sang tiến trình khác.", "The partition belongs to another process by now."
    ),
    "hub.unsealable": Words("Không mở được nội dung đã niêm phong.", "The sealed body cannot be opened."),
    "platform.unavailable": Words(
        "Nền tảng nguồn không kết nối được; yêu cầu chưa được thực hiện.",
        "The platform cannot be reached; nothing was done.",
    ),
    "platform.reply_lost": Words(
        "Nền tảng nguồn không trả lời kịp; chưa rõ yêu cầu đã được thực hiện hay chưa.",
        "The platform did not answer in time; whether it acted is not known.",
    ),
    "platform.unreadable": Words("Trả lời của nền tảng nguồn không đọc được.", "The platform's answer cannot be read."),
    "platform.refused_us": Words(
        "Nền tảng nguồn từ chối tài khoản hoặc đường kết nối của trục; cơ quan vận hành đã được báo.",
        "The platform refuses the hub's account or road; the operator was told.",
    ),
    "platform.refused": Words("Nền tảng nguồn từ chối nội dung.", "The platform refused the content."),
}
"""Every code an answer can carry. A code never changes its meaning; texts may be improved."""

RULES: dict[str, Words] = {
    "missing": Words("Trường bắt buộc.", "The field is required."),
    "unknown_field": Words("Trường không được định nghĩa.", "The field is not defined."),
    "type": Words("Kiểu dữ liệu không đúng.", "The type is wrong."),
    "too_short": Words("Ngắn hơn cho phép.", "Shorter than allowed."),
    "too_long": Words("Dài hơn cho phép.", "Longer than allowed."),
    "range": Words("Giá trị nằm ngoài khoảng cho phép.", "The value is out of range."),
    "pattern": Words("Không đúng định dạng quy định.", "The format is wrong."),
    "choice": Words("Không thuộc danh sách giá trị cho phép.", "Not one of the allowed values."),
    "date": Words("Ngày giờ không có thật hoặc sai định dạng (ISO 8601).", "Not a real date or time, or not ISO 8601."),
    "offset": Words("Thời điểm phải kèm múi giờ, ví dụ +07:00.", "The time needs an offset, such as +07:00."),
    "url": Words("Không phải địa chỉ http(s) hợp lệ.", "Not a valid http(s) address."),
    "control_character": Words(
        "Chứa ký tự điều khiển hoặc ký tự Unicode hỏng.", "Contains a control character or broken Unicode."
    ),
    "dossier_code": Words("Không phải mã hồ sơ hợp lệ.", "Not a valid dossier code."),
    "agency_code": Words("Không phải mã định danh cơ quan hợp lệ.", "Not a valid agency code."),
    "unknown_agency": Words("Cơ quan không có trong danh mục của trục.", "The agency is not in the hub's catalogue."),
    "unknown_procedure": Words(
        "Thủ tục không có trong danh mục hoặc không còn hiệu lực.",
        "The procedure is not in the catalogue, or not in force.",
    ),
    "birth_date_or_birth_year": Words(
        "Cần đúng một trong hai: birth_date hoặc birth_year.", "Give exactly one of birth_date and birth_year."
    ),
    "future": Words("Thời điểm ở tương lai.", "The time lies in the future."),
    "before_received": Words("Thời điểm trước ngày tiếp nhận (received_at).", "Earlier than received_at."),
    "order": Words(
        "Các bước phải theo đúng thứ tự thời gian.", "The steps must stand in the order in which they happened."
    ),
    "one_of": Words("Cần đúng một trong các trường thay thế nhau.", "Exactly one of the alternatives is wanted."),
    "filter_of_nothing": Words(
        "Bộ lọc phải có ít nhất một điều kiện; một lệnh không bao giờ áp dụng cho tất cả chỉ vì bỏ trống.",
        "The filter must state at least one condition; an order never means everything because nothing was stated.",
    ),
    "correction_of_replay": Words(
        "Chỉ gửi lại (replay) mới có nội dung sửa (correction).", "Only a replay can have a correction."
    ),
    "fixed": Words(
        "Không được sửa code và revision: chúng xác định trạng thái nào của hồ sơ nào.",
        "code and revision cannot be corrected: they say which state of which dossier it is.",
    ),
    "too_deep": Words(
        "Nội dung sửa quá sâu hoặc quá nhiều giá trị.", "The correction is too deep or has too many values."
    ),
    "deliveries": Words(
        "Nội dung sửa làm thay đổi danh sách lượt gửi đã ấn định khi tiếp nhận.",
        "The correction changes the list of deliveries that acceptance fixed.",
    ),
    "unreadable": Words(
        "Nội dung gốc không còn mở được (khóa đã hủy hoặc nhật ký đã xóa).",
        "The original body cannot be opened any more: its key was destroyed, or the log has let it go.",
    ),
    "json": Words("JSON sai cú pháp tại đây.", "Not valid JSON here."),
    "xml": Words("XML sai cú pháp tại đây.", "Not valid XML here."),
    "doctype": Words("Không được có DOCTYPE.", "A DOCTYPE is not allowed."),
    "instruction": Words("Không được có chỉ thị xử lý (<?...?>).", "Processing instructions are not allowed."),
    "encoding": Words("Nội dung phải mã hóa bằng UTF-8.", "The body must be encoded in UTF-8."),
    "envelope": Words(
        "Không phải phong bì SOAP: cần Envelope, Header nếu có, rồi Body với đúng một phần tử.",
        "Not a SOAP envelope: Envelope, a Header or none, then a Body with exactly one element.",
    ),
    "namespace": Words(
        "Phần tử phải thuộc không gian tên urn:hub:soap:v1.", "The element must be in the namespace urn:hub:soap:v1."
    ),
    "duplicate_field": Words("Trường xuất hiện hai lần.", "The field appears twice."),
    "invalid": Words("Giá trị không hợp lệ.", "The value is invalid."),
}
"""Every rule a field can break."""
