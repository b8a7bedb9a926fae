"""What every model and field of the REST door means, in both languages; the OpenAPI document shows these words."""

from types import MappingProxyType

from hub.ingress.desk_words import DESK_FIELDS, DESK_MODELS
from hub.ingress.reconciliation_words import RECONCILIATION_FIELDS, RECONCILIATION_MODELS
from schemas.problem import Words

_Texts = dict[str, tuple[str, str]]

_MODELS: _Texts = {
    "Address": ("Địa chỉ hai cấp (từ 01/7/2025).", "An address of two levels (since 1 July 2025)."),
    "Applicant": ("Chủ hồ sơ.", "The owner of the dossier."),
    "ApplicantKind": (
        "citizen: công dân; enterprise: doanh nghiệp; state_agency: cơ quan nhà nước; organisation: tổ chức khác.",
        "What the owner of a dossier is.",
    ),
    "Attachment": (
        "Tệp đính kèm, gửi theo đường dẫn; nội dung tệp ở nguyên nơi lưu.",
        "A file by reference; the bytes stay where they are.",
    ),
    "Channel": (
        "counter: trực tiếp; online: trực tuyến; postal: bưu chính.",
        "How the dossier came in.",
    ),
    "Citizen": (
        "Thông tin công dân như cơ sở dữ liệu nguồn đang có; mã giữ nguyên như nguồn.",
        "A person's record as the source holds it; codes stay as the source has them.",
    ),
    "CitizenAnswer": ("Kết quả tra cứu.", "What came of a lookup."),
    "CitizenQuery": (
        "Số định danh, họ tên và ngày (hoặc năm) sinh của cùng một người. Chỉ nêu birth_date hoặc birth_year.",
        "Number, name and birth of one person. Exactly one of birth_date and birth_year.",
    ),
    "DeliveryLine": ("Một lượt gửi đang ở đâu.", "Where one delivery stands."),
    "DeliveryState": (
        (
            "waiting: đang chờ; in_flight: đang gửi; parked: chờ gửi lại; in_doubt: chưa rõ kết quả; "
            "delivered: đã gửi; dead: không gửi được; expired: quá hạn; withdrawn: đã rút."
        ),
        "A delivery is in exactly one of these states.",
    ),
    "DossierEvent": (
        "Một sự kiện trạng thái (CloudEvents 1.0). Không mang dữ liệu cá nhân, chỉ dẫn chiếu.",
        "One status event (CloudEvents 1.0). It refers to persons and carries no personal data.",
    ),
    "DossierEventData": (
        "Điều đã xảy ra; trường của lượt gửi vắng mặt khi sự kiện nói về cả bản tin.",
        "What happened; the fields of a delivery are absent where the event is about a whole message.",
    ),
    "DossierStatus": (
        (
            "registered: mới đăng ký; accepted: được tiếp nhận; not_accepted: không được tiếp nhận; "
            "processing: đang xử lý; supplement_requested: yêu cầu bổ sung giấy tờ; "
            "payment_requested: yêu cầu thực hiện nghĩa vụ tài chính; withdrawn: công dân yêu cầu rút hồ sơ; "
            "stopped: dừng xử lý; finished: đã xử lý xong; returned: đã trả kết quả."
        ),
        "The ten states that the national portal knows.",
    ),
    "DossierSubmission": (
        "Một trạng thái của hồ sơ; trạng thái sau có revision cao hơn. `progress`: các bước kể từ revision trước.",
        "One state of a dossier; a later state has a higher revision. `progress`: the steps since the one before.",
    ),
    "EventBatch": ("Một loạt sự kiện.", "Some events, and where the next ones begin."),
    "EventKind": (
        (
            "accepted: đã tiếp nhận; delivered: một lượt gửi đã đến nền tảng; completed: mọi lượt gửi của bản tin đã "
            "đến nơi; late: chậm; in_doubt: chưa rõ kết quả, cần người xử lý; dead: nền tảng từ chối, cần người quyết "
            "định; withdrawn: đã rút; expired: quá hạn."
        ),
        "What can be told of a dossier.",
    ),
    "Fee": ("Một khoản phí hoặc lệ phí.", "One fee or charge."),
    "FeePayment": (
        "none: không phí hoặc chưa nộp; online: đã nộp trực tuyến; other: nộp cách khác.",
        "How the fees of a dossier were paid.",
    ),
    "FieldProblem": (
        "Một trường vi phạm một quy tắc; giá trị không bao giờ được nhắc lại.",
        "One field that broke one rule; values are never repeated.",
    ),
    "Gender": ("male: nam; female: nữ; unknown: không có thông tin.", "Gender as the source states it."),
    "Hop": ("Một việc đã xảy ra với bản tin.", "One thing that happened to a message."),
    "MessageLine": ("Một bản tin với các lượt gửi và diễn biến.", "One message with its deliveries and hops."),
    "Origin": ("caller: bên gọi; hub: trục; platform: nền tảng nguồn.", "The party at fault."),
    "OutcomeClass": (
        (
            "delivered: đã nhận; already_there: đã có sẵn; refused_message: từ chối nội dung; "
            "refused_us: từ chối tài khoản hoặc đường kết nối của trục; "
            "unavailable: không kết nối được; unknown: chưa rõ."
        ),
        "What one try came to.",
    ),
    "Overview": ("Số liệu tổng hợp của trục.", "The hub in numbers."),
    "PlatformCount": ("Số lượt gửi theo trạng thái đến một nền tảng.", "Deliveries towards one platform, by state."),
    "Problem": ("Nội dung của mọi trả lời lỗi (RFC 9457).", "The body of every error answer (RFC 9457)."),
    "ProblemKind": ("Ý nghĩa của một mã lỗi.", "What a code means, wherever it occurs."),
    "ProgressStep": ("Một bước xử lý hồ sơ.", "One step of the work on a dossier."),
    "Readiness": ("Trục sẵn sàng hay chưa, và vì sao.", "Whether the hub is ready, and what keeps it from it."),
    "Receipt": (
        "Biên nhận: nội dung đã được ghi bền vững. Gửi lại cùng khóa thì nhận lại đúng biên nhận này.",
        "Proof of acceptance. Repeating the request with its key gives the same receipt.",
    ),
    "Relative": ("Người được nêu trong hồ sơ dân cư của người khác.", "A person named in somebody's record."),
    "ResultDelivery": ("counter: tại bộ phận một cửa; post: qua bưu chính.", "How the applicant gets the result."),
    "ResultPaper": ("Giấy tờ kết quả.", "A paper issued as the result."),
    "Reuse": (
        "none: không; component: tái sử dụng thành phần hồ sơ; result: tái sử dụng kết quả.",
        "Whether an attachment is data that the state held already.",
    ),
    "Step": (
        "send: gửi; inquire: hỏi lại nền tảng; none: không gọi nền tảng.",
        "What the hub did in a try.",
    ),
    "Timeline": (
        "Mọi bản tin của một hồ sơ, theo thứ tự tiếp nhận.",
        "All messages of one dossier, in the order of acceptance.",
    ),
    "Withdrawal": (
        "Lệnh rút những gì của hồ sơ còn chờ gửi; mã hồ sơ nằm trong địa chỉ.",
        "Withdraws what is still queued of a dossier; the dossier stands in the address.",
    ),
    "WithdrawalReason": (
        "applicant_request: công dân yêu cầu; sent_in_error: gửi nhầm; duplicate: gửi trùng.",
        "Why it is withdrawn.",
    ),
    "WithdrawalReceipt": (
        "Biên nhận lệnh rút, kèm những gì lệnh rút không làm được.",
        "Proof that the withdrawal was accepted, and what it does not undo.",
    ),
}

_RECEIPT: _Texts = {
    "message_id": ("Mã bản tin, không bao giờ đổi.", "Id of the message; it never changes."),
    "dossier_code": (
        "Mã hồ sơ theo cách viết đầu tiên, là mã các nền tảng biết.",
        "The code as it first came in, which is how platforms know the dossier.",
    ),
    "revision": ("Số thứ tự trạng thái.", "Number of the state."),
    "accepted_at": ("Thời điểm tiếp nhận (UTC).", "When the hub accepted it (UTC)."),
    "follow": ("Nơi theo dõi.", "Where to follow the message."),
}

_FIELDS: dict[str, _Texts] = {
    "Address": {
        "province": ("Mã tỉnh.", "Code of the province."),
        "commune": ("Mã xã, phường, đặc khu.", "Code of the commune, ward or special zone."),
        "detail": ("Số nhà, đường, thôn.", "House, street, hamlet."),
        "country": ("Mã quốc gia.", "Code of the country."),
        "legacy_district": (
            "Mã huyện cũ, chỉ khi nguồn còn lưu.",
            "Code of the former district, where the source still has one.",
        ),
    },
    "Applicant": {
        "kind": ("Loại đối tượng.", "What the applicant is."),
        "name": ("Họ tên hoặc tên tổ chức, có dấu.", "Name, with diacritics."),
        "personal_number": (
            "Số định danh cá nhân 12 số, hoặc số CMND 9 số.",
            "Personal number of 12 digits, or the older one of 9.",
        ),
        "account_id": (
            "Mã kỹ thuật của tài khoản quốc gia (TechID).",
            "Technical id of the national account (TechID).",
        ),
        "phone": ("Số điện thoại.", "Telephone number."),
        "email": ("Thư điện tử.", "E-mail address."),
        "account_verified": ("Tài khoản đã xác thực qua VNeID.", "The account was verified by VNeID."),
    },
    "Attachment": {
        "id": ("Mã tệp ở hệ thống gửi.", "Id of the file in the sending system."),
        "name": ("Tên tệp hoặc tên giấy tờ.", "Name of the file or paper."),
        "url": ("Đường dẫn tải tệp.", "Where the file can be fetched."),
        "component": ("Mã thành phần hồ sơ.", "Code of the component that the file satisfies."),
        "digitised": ("Đã số hóa.", "The paper was digitised."),
        "reuse": ("Có tái sử dụng dữ liệu đã có không.", "Whether the state held the data already."),
        "from_repository": ("Lấy từ kho dữ liệu quốc gia.", "Taken from the national result repository."),
        "deleted": ("Tệp đã bị xóa khỏi hồ sơ.", "The file was removed from the dossier."),
    },
    "Citizen": {
        "personal_number": ("Số định danh cá nhân.", "Personal number."),
        "former_number": ("Số CMND cũ.", "Number of the older identity card."),
        "full_name": ("Họ và tên.", "Full name."),
        "gender": ("Giới tính.", "Gender."),
        "birth_date": ("Ngày sinh.", "Day of birth."),
        "birth_year": ("Năm sinh, khi không rõ ngày.", "Year of birth, when the day is not known."),
        "ethnicity": ("Dân tộc.", "Ethnicity."),
        "religion": ("Tôn giáo.", "Religion."),
        "marital_status": ("Tình trạng hôn nhân.", "Marital status."),
        "nationality": ("Quốc tịch.", "Nationality."),
        "birth_place": ("Nơi đăng ký khai sinh.", "Where the birth was registered."),
        "home_town": ("Quê quán.", "Home town."),
        "permanent_residence": ("Nơi thường trú.", "Permanent residence."),
        "current_residence": ("Nơi ở hiện tại.", "Current residence."),
        "father": ("Cha.", "Father."),
        "mother": ("Mẹ.", "Mother."),
        "spouse": ("Vợ hoặc chồng.", "Spouse."),
        "household_head": ("Chủ hộ.", "Head of the household."),
    },
    "CitizenAnswer": {
        "request_id": ("Mã tra cứu, có trong nhật ký kiểm tra.", "Id of the lookup; the audit names it."),
        "match": (
            "one: một người; none: không có; several: nhiều người, không kèm dữ liệu.",
            "one, none, or several (then without data).",
        ),
        "source": ("Nguồn đã trả lời.", "The source that answered."),
        "asked_at": ("Thời điểm hỏi nguồn (UTC).", "When the hub asked the source (UTC)."),
        "citizen": ("Thông tin công dân.", "The record."),
    },
    "CitizenQuery": {
        "personal_number": (
            "Số định danh cá nhân 12 số, hoặc số CMND 9 số.",
            "Personal number of 12 digits, or the older one of 9.",
        ),
        "full_name": ("Họ và tên, có dấu.", "Full name, with diacritics."),
        "birth_date": ("Ngày sinh.", "Day of birth."),
        "birth_year": ("Năm sinh, khi không rõ ngày.", "Year of birth, when the day is not known."),
        "procedure": ("Mã thủ tục cần dữ liệu này.", "The procedure that needs the data."),
        "dossier_code": ("Mã hồ sơ cần dữ liệu này.", "The dossier that needs the data."),
        "purpose": ("Mục đích; phải có trong quyền được cấp.", "The purpose; it must be among those granted."),
        "officer": ("Tài khoản cán bộ yêu cầu.", "Account of the officer on whose behalf the data is asked."),
    },
    "DeliveryLine": {
        "operation": ("Việc phải làm ở nền tảng.", "What has to be done at the platform."),
        "platform": ("Nền tảng nhận.", "The platform."),
        "part": ("Phần thứ mấy, tính từ 0.", "Which part, from 0."),
        "of": ("Tổng số phần.", "Number of parts."),
        "state": ("Trạng thái.", "The state."),
        "attempts": ("Số lần đã thử.", "Tries so far."),
        "code": ("Mã kết quả gần nhất.", "Code of the last try."),
        "next_try_at": ("Thời điểm thử lại.", "When the next try is due."),
        "possibly_doubled": ("Có thể đã gửi hai lần.", "The platform may have it twice."),
    },
    "DossierEvent": {
        "specversion": ("Luôn là 1.0.", "Always 1.0."),
        "id": ("Mã sự kiện; lần lặp lại giữ nguyên.", "Id of the event; a repeat keeps it."),
        "source": ("Trục nào phát ra.", "The hub that tells."),
        "type": ("Loại sự kiện, có phiên bản.", "The kind of event, with its version."),
        "subject": ("Mã hồ sơ, dạng chuẩn.", "The dossier's canonical code."),
        "time": ("Thời điểm xảy ra (UTC).", "When it happened (UTC)."),
        "datacontenttype": ("Luôn là application/json.", "Always application/json."),
        "dataschema": ("Lược đồ của `data`.", "The schema of `data`."),
        "partitionkey": ("Khóa phân vùng: mã hồ sơ.", "Key of the partition: the dossier's code."),
        "agency": ("Cơ quan của hồ sơ.", "The dossier's agency."),
        "seq": (
            "Số thứ tự trong hồ sơ: 1, 2, 3, … không đứt quãng.",
            "Number within the dossier: 1, 2, 3, … without a gap.",
        ),
        "data": ("Điều đã xảy ra.", "What happened."),
    },
    "DossierEventData": {
        "state": ("Trạng thái được báo.", "What is told."),
        "message_id": ("Mã bản tin.", "Id of the message."),
        "kind": (
            "Nội dung được tiếp nhận: dossier hoặc withdrawal; chỉ có ở sự kiện accepted.",
            "What was accepted: dossier or withdrawal; on accepted events only.",
        ),
        "revision": ("Số thứ tự trạng thái của hồ sơ.", "The dossier's revision."),
        "sender_agency": ("Cơ quan đã gửi.", "The agency that sent it."),
        "sender_system": ("Hệ thống đã gửi.", "The system that sent it."),
        "platform": ("Nền tảng.", "The platform."),
        "operation": ("Thao tác.", "The operation."),
        "part": ("Phần thứ mấy, đếm từ 0.", "Which part, counted from 0."),
        "code": ("Mã của nền tảng hoặc mã lỗi của trục.", "The platform's code or a problem code of the hub."),
        "since": ("Chờ từ lúc nào; chỉ có ở sự kiện late.", "Waiting since; on late events only."),
        "follow": ("Nơi xem dòng thời gian của hồ sơ.", "Where to see the dossier's timeline."),
    },
    "DossierSubmission": {
        "code": ("Mã hồ sơ, viết theo cách nào cũng được.", "Dossier code, in either spelling."),
        "revision": ("Số thứ tự trạng thái, chỉ tăng.", "Number of this state; it only rises."),
        "procedure": ("Mã thủ tục hành chính.", "Code of the administrative procedure."),
        "status": ("Trạng thái hồ sơ.", "Where the dossier stands."),
        "channel": ("Kênh thực hiện.", "How the dossier came in."),
        "applicant": ("Chủ hồ sơ.", "The owner of the dossier."),
        "summary": ("Trích yếu hồ sơ.", "What the dossier is about."),
        "processing_unit": ("Đơn vị xử lý.", "The unit that works on it."),
        "received_at": ("Thời điểm tiếp nhận.", "When it was received."),
        "submitted_at": ("Thời điểm nộp.", "When the applicant submitted it."),
        "due_at": ("Thời điểm hẹn trả.", "When the result is promised."),
        "finished_at": ("Thời điểm kết thúc xử lý.", "When the work was finished."),
        "returned_at": ("Thời điểm trả kết quả.", "When the result was returned."),
        "refused_at": ("Thời điểm từ chối.", "When it was refused."),
        "result_delivery": ("Hình thức trả kết quả.", "How the applicant gets the result."),
        "fee_payment": ("Hình thức nộp phí, lệ phí.", "How the fees were paid."),
        "attachments": ("Tài liệu nộp.", "Files of the dossier."),
        "fees": ("Phí, lệ phí.", "Fees and charges."),
        "results": ("Giấy tờ kết quả.", "Papers issued as the result."),
        "progress": ("Các bước xử lý kể từ revision trước.", "Steps since the previous revision, in their order."),
        "consulted_databases": ("Cơ sở dữ liệu đã khai thác thật sự.", "Databases that were really consulted."),
        "note": ("Ghi chú.", "Free text."),
        "deliver_by": (
            "Phải đến nền tảng trước thời điểm này; không kịp thì trục không gửi nữa, trạng thái expired.",
            "It must reach the platforms before this; what cannot is not sent any more and becomes expired.",
        ),
    },
    "EventBatch": {
        "events": ("Các sự kiện; trong một hồ sơ theo thứ tự seq.", "The events; those of a dossier in order of seq."),
        "next": ("Gửi lại trong `after` của lần sau.", "Give it back as `after` next time."),
        "more": ("Đã có thêm sự kiện.", "Whether there are further ones already."),
    },
    "Fee": {
        "code": ("Mã khoản thu.", "Code of the fee."),
        "name": ("Tên khoản thu.", "Name of the fee."),
        "kind": ("fee: lệ phí; charge: phí.", "fee = lệ phí, charge = phí."),
        "amount_vnd": ("Số tiền, đồng.", "Amount in đồng."),
        "collection": (
            "before: thu trước; after: thu sau; exempt: miễn.",
            "Collected before or after the work, or exempt.",
        ),
    },
    "FieldProblem": {
        "path": ("Đường dẫn của trường; $ là cả nội dung.", "Dotted path of the field; $ is the whole body."),
        "rule": ("Quy tắc bị vi phạm.", "The rule that was broken."),
        "vi": ("Giải thích bằng tiếng Việt.", "The rule in Vietnamese."),
        "en": ("Giải thích bằng tiếng Anh.", "The rule in English."),
    },
    "Hop": {
        "at": ("Thời điểm (UTC).", "When (UTC)."),
        "event": ("Việc đã xảy ra.", "What happened."),
        "platform": ("Nền tảng.", "The platform."),
        "operation": ("Việc phải làm ở nền tảng.", "The operation."),
        "part": ("Phần thứ mấy, tính từ 0.", "Which part, from 0."),
        "attempt": ("Lần thử thứ mấy.", "Which try."),
        "step": ("Đã gửi hay đã hỏi lại.", "Whether it was sent or inquired."),
        "state": ("Trạng thái sau đó.", "The state that it left."),
        "outcome_class": ("Loại kết quả.", "What the try came to."),
        "code": ("Mã kết quả.", "Code of the outcome."),
        "started_at": ("Bắt đầu thử (UTC).", "When the try began (UTC)."),
        "next_try_at": ("Thử lại lúc (UTC).", "When the next try is due (UTC)."),
        "possibly_doubled": ("Có thể đã gửi hai lần.", "The platform may have it twice."),
        "reason": ("Lý do của người vận hành.", "The operator's reason."),
    },
    "MessageLine": {
        "message_id": ("Mã bản tin.", "Id of the message."),
        "kind": ("Loại bản tin.", "Kind of the message."),
        "revision": ("Số thứ tự trạng thái.", "Number of the state."),
        "sender_agency": ("Cơ quan gửi.", "The sender's agency."),
        "sender_system": ("Hệ thống gửi.", "The sender's system."),
        "accepted_at": ("Thời điểm tiếp nhận ở trục (UTC).", "When the hub accepted it (UTC)."),
        "deliveries": ("Các lượt gửi.", "Its deliveries."),
        "hops": ("Diễn biến.", "What happened to it."),
    },
    "Overview": {
        "accepted": ("Số bản tin đã tiếp nhận.", "Messages accepted."),
        "platforms": ("Theo nền tảng.", "By platform."),
    },
    "PlatformCount": {
        "platform": ("Nền tảng.", "The platform."),
        "waiting": ("Đang chờ.", "Waiting."),
        "in_flight": ("Đang gửi.", "In flight."),
        "parked": ("Chờ gửi lại.", "Parked until the next try."),
        "in_doubt": ("Chưa rõ kết quả.", "In doubt."),
        "delivered": ("Đã gửi.", "Delivered."),
        "dead": ("Không gửi được.", "Dead."),
        "expired": ("Quá hạn.", "Expired."),
        "withdrawn": ("Đã rút.", "Withdrawn."),
        "possibly_doubled": ("Có thể đã gửi hai lần.", "Possibly doubled."),
    },
    "Problem": {
        "type": ("Địa chỉ giải thích mã lỗi.", "Where the code is explained."),
        "title": ("Tóm tắt.", "A summary, in Vietnamese."),
        "status": ("Mã trạng thái HTTP.", "HTTP status."),
        "code": ("Mã lỗi ổn định.", "The stable code."),
        "origin": ("Bên gây lỗi.", "The party at fault."),
        "detail_vi": ("Giải thích bằng tiếng Việt.", "The problem in Vietnamese."),
        "detail_en": ("Giải thích bằng tiếng Anh.", "The problem in English."),
        "correlation_id": ("Mã theo dõi của lời gọi.", "The id of this call."),
        "retriable": ("Gửi lại có thể thành công.", "Whether trying again can help."),
        "retry_after_s": ("Số giây nên chờ.", "Seconds to wait."),
        "fields": ("Các trường sai.", "The fields that are wrong."),
    },
    "ProblemKind": {
        "code": ("Mã lỗi.", "The code."),
        "status": ("Mã trạng thái HTTP.", "HTTP status."),
        "origin": ("Bên gây lỗi.", "The party at fault."),
        "vi": ("Giải thích bằng tiếng Việt.", "The meaning in Vietnamese."),
        "en": ("Giải thích bằng tiếng Anh.", "The meaning in English."),
    },
    "ProgressStep": {
        "officer": ("Người xử lý.", "The officer."),
        "position": ("Chức danh.", "The officer's position."),
        "unit": ("Phòng ban xử lý.", "The officer's unit."),
        "at": ("Thời điểm xử lý.", "When the step happened."),
        "content": ("Nội dung xử lý.", "What was done."),
        "status": ("Trạng thái sau bước này.", "The state after the step."),
        "started_at": ("Ngày bắt đầu.", "When the step began."),
        "due_at": ("Ngày kết thúc theo quy định.", "When the step is due."),
    },
    "Readiness": {
        "ready": ("Sẵn sàng hay chưa.", "Whether every part can work."),
        "checks": ("Từng thành phần: ok hoặc lý do.", "Each part: ok, or the reason."),
    },
    "Receipt": _RECEIPT,
    "Relative": {
        "full_name": ("Họ và tên.", "Full name."),
        "personal_number": ("Số định danh cá nhân.", "Personal number."),
        "relation": ("Quan hệ.", "Relation."),
    },
    "ResultPaper": {
        "id": ("Mã giấy tờ ở hệ thống gửi.", "Id of the paper in the sending system."),
        "name": ("Tên giấy tờ.", "Name of the paper."),
        "url": ("Đường dẫn tải tệp.", "Where the file can be fetched."),
        "code": ("Mã giấy tờ kết quả.", "National code of the result."),
        "component": ("Mã thành phần hồ sơ.", "Code of the component."),
    },
    "Timeline": {
        "dossier_code": ("Mã hồ sơ.", "The dossier code."),
        "messages": ("Các bản tin theo thứ tự tiếp nhận.", "Its messages in the order of acceptance."),
    },
    "Withdrawal": {
        "revision": (
            "Số thứ tự, tính chung với các trạng thái của hồ sơ; cao hơn mọi số đã gửi.",
            "A number counted with the dossier's states; higher than all that were sent before.",
        ),
        "reason": ("Lý do rút.", "Why it is withdrawn."),
    },
    "WithdrawalReceipt": {
        **_RECEIPT,
        "remains_vi": ("Những gì lệnh rút không thu hồi được.", "What the withdrawal does not undo, in Vietnamese."),
        "remains_en": ("Như trên, tiếng Anh.", "The same, in English."),
    },
}

MODELS = MappingProxyType(
    {name: Words(*texts) for name, texts in (_MODELS | dict(DESK_MODELS) | dict(RECONCILIATION_MODELS)).items()}
)
"""By the name of the model."""

FIELDS = MappingProxyType(
    {
        f"{model}.{name}": Words(*texts)
        for model, fields in (_FIELDS | dict(DESK_FIELDS) | dict(RECONCILIATION_FIELDS)).items()
        for name, texts in fields.items()
    }
)
"""By `Model.field`."""
