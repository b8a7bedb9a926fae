"""What the models and fields of the operators' desk mean, in both languages; see `hub.ingress.field_words`."""

from types import MappingProxyType

_DELIVERY = {
    "message_id": ("Mã bản tin.", "Id of the message."),
    "operation": ("Việc phải làm ở nền tảng.", "What has to be done at the platform."),
    "part": ("Phần thứ mấy, tính từ 0.", "Which part, from 0."),
}

DESK_MODELS = MappingProxyType(
    {
        "DeadLetter": (
            "Một lượt gửi đang chờ người quyết định; không có dữ liệu cá nhân.",
            "One delivery that waits for a person. It carries no personal data.",
        ),
        "DeadLetters": ("Các lượt gửi chờ người quyết định, cũ nhất trước.", "Some dead letters, oldest first."),
        "DeliveryFilter": (
            "Điều kiện chọn; trường không nêu thì không xét. Thời điểm là lúc tiếp nhận.",
            "Which deliveries are meant. What is not stated does not matter; times are those of acceptance.",
        ),
        "DeliveryName": ("Tên của một lượt gửi.", "Names one delivery."),
        "JsonValue": ("Giá trị JSON bất kỳ.", "Any JSON value."),
        "LetterStory": (
            "Mọi điều về một lượt gửi: nguồn gốc, các lần thử, lời của nền tảng, nội dung, các quyết định.",
            "Where a delivery came from, what was tried, what the platform said, the body, and every decision.",
        ),
        "Order": ("Một lệnh của người vận hành.", "An order of an operator."),
        "OrderAction": (
            (
                "replay: gửi lại; discard: bỏ; superseded: bỏ vì trạng thái mới hơn đã nói đủ; arrived: đã xác minh là "
                "đã đến; not_arrived: đã xác minh là chưa đến, gửi lại. Ba việc đầu cho lượt gửi dead, hai việc sau "
                "cho lượt gửi in_doubt."
            ),
            (
                "replay: try again; discard: give up; superseded: give up because a newer state says it all; arrived: "
                "it was seen at the platform; not_arrived: it is not there, send it. The first three are for dead "
                "deliveries, the others for those in doubt."
            ),
        ),
        "OrderCounts": (
            "Kết quả trên từng lượt gửi của lệnh, theo sổ cái tại lúc hỏi.",
            "What became of the deliveries of an order, as the ledger says at the time of the question.",
        ),
        "OrderDecision": ("Ý kiến của người thứ hai.", "What a second person says to an order."),
        "OrderRefusal": (
            "Một lượt gửi mà nội dung sửa không hợp lệ; không gửi lại.",
            "A delivery that the correction does not fit; it is not tried again.",
        ),
        "OrderRequest": ("Nội dung một lệnh.", "What an operator orders."),
        "OrderState": (
            (
                "trial: chỉ thử, không làm gì; proposed: chờ phê duyệt; approved: chờ chạy; running: đang chạy; "
                "stopping: đang dừng; stopped: đã dừng; done: đã xong; refused: bị từ chối hoặc quá hạn phê duyệt."
            ),
            (
                "trial: touches nothing; proposed: waits for approval; approved; running; stopping; stopped; done; "
                "refused: not approved, or not in time."
            ),
        ),
        "OrderStop": ("Ai dừng lệnh.", "Who stops an order."),
        "Orders": ("Các lệnh, mới nhất trước.", "Some orders, newest first."),
        "RulingLine": ("Một quyết định về lượt gửi.", "One decision about a delivery."),
        "Selection": (
            "Một lượt gửi theo tên, hoặc những lượt gửi cũ nhất khớp điều kiện; đúng một trong hai.",
            "One delivery by its name, or the oldest of those that a filter matches; exactly one of the two.",
        ),
        "Verdict": (
            "Điều được quyết định; resend: gửi lại sau đối soát.",
            "What was decided; resend: sent again after a reconciliation.",
        ),
    }
)

DESK_FIELDS = MappingProxyType(
    {
        "DeadLetter": {
            **_DELIVERY,
            "of": ("Tổng số phần.", "Number of parts."),
            "platform": ("Nền tảng nhận.", "The platform."),
            "state": ("Trạng thái.", "The state."),
            "dossier_code": ("Mã hồ sơ, dạng chuẩn.", "The dossier's canonical code."),
            "revision": ("Số thứ tự trạng thái của hồ sơ.", "The dossier's revision."),
            "agency": ("Cơ quan gửi.", "The sender's agency."),
            "system": ("Hệ thống gửi.", "The sender's system."),
            "accepted_at": ("Thời điểm tiếp nhận ở trục (UTC).", "When the hub accepted it (UTC)."),
            "attempts": ("Số lần đã thử.", "Tries so far."),
            "code": ("Mã kết quả gần nhất.", "Code of the last try."),
            "possibly_doubled": ("Có thể đã gửi hai lần.", "The platform may have it twice."),
        },
        "DeadLetters": {
            "letters": ("Các lượt gửi.", "The letters."),
            "next": ("Gửi lại trong `after` để xem tiếp; null là hết.", "Give it back as `after`; null: no more."),
        },
        "DeliveryFilter": {
            "platform": ("Nền tảng nhận.", "The platform."),
            "operation": ("Việc phải làm ở nền tảng.", "The operation."),
            "code": ("Mã kết quả gần nhất.", "Code of the last try."),
            "agency": ("Cơ quan gửi, gồm cả cấp dưới.", "The sender's agency; those below it are meant too."),
            "dossier": ("Mã hồ sơ, viết theo cách nào cũng được.", "Dossier code, in either spelling."),
            "accepted_from": ("Tiếp nhận từ lúc này.", "Accepted at or after this time."),
            "accepted_before": ("Tiếp nhận trước lúc này.", "Accepted before this time."),
        },
        "DeliveryName": _DELIVERY,
        "LetterStory": {
            "letter": ("Lượt gửi.", "The delivery."),
            "partition": ("Phân vùng của bản tin trong hub.commands.", "The message's partition in hub.commands."),
            "offset": ("Vị trí của bản tin ở đó; -1 là không rõ.", "The message's offset there; -1: not known."),
            "reason": ("Lời sau cùng của nền tảng.", "What the platform said last."),
            "attempts": ("Các lần thử.", "What was tried."),
            "body": (
                "Nội dung bên gửi đã nộp; null nếu khóa đã hủy hoặc nhật ký đã xóa.",
                "What the sender submitted; null when its key was destroyed or the log has let it go.",
            ),
            "rulings": ("Các quyết định, cũ nhất trước.", "Every decision, oldest first."),
        },
        "Order": {
            "id": ("Mã lệnh; trống với trial.", "Id of the order; empty for a trial."),
            "action": ("Việc phải làm.", "What shall become of the deliveries."),
            "state": ("Lệnh đang ở đâu.", "How far the order is."),
            "by": ("Tài khoản đề nghị (cơ quan/hệ thống).", "The account that proposed it (agency/system)."),
            "officer": ("Cán bộ đề nghị.", "The officer behind it."),
            "approved_by": ("Tài khoản đã quyết định.", "The account that approved or refused it."),
            "approving_officer": ("Cán bộ đã quyết định.", "The officer behind that."),
            "stopped_by": ("Tài khoản đã dừng lệnh.", "The account that stopped it."),
            "stopping_officer": ("Cán bộ đã dừng lệnh.", "The officer behind that."),
            "proposed_at": ("Thời điểm đề nghị (UTC).", "When it was proposed (UTC)."),
            "ended_at": ("Thời điểm kết thúc (UTC).", "When it ended (UTC)."),
            "rate_per_s": ("Số lượt gửi mỗi giây.", "Deliveries a second."),
            "reason": ("Lý do; null nếu khóa đã hủy.", "Why; null when its key was destroyed."),
            "fields": ("Các trường được sửa.", "The fields that it corrects."),
            "counts": ("Kết quả.", "What became of it."),
            "refusals": ("Những lượt gửi không sửa được, tối đa 100.", "Deliveries that it does not fit, at most 100."),
        },
        "OrderCounts": {
            "selected": ("Số lượt gửi được chọn.", "Selected."),
            "appended": ("Đã chuyển quyết định đi.", "Decided: their ruling is in the log."),
            "refused": ("Nội dung sửa không hợp lệ.", "The correction does not fit."),
            "void": ("Không còn chờ khi đến lượt.", "Did not wait any more when their turn came."),
            "delivered": ("Đã gửi được.", "Delivered since."),
            "dead_again": ("Lại bị từ chối.", "Died once more."),
            "ended": ("Đã bỏ, đã rút hoặc quá hạn.", "Discarded, withdrawn or expired."),
            "waiting": ("Còn chờ.", "Still waiting."),
        },
        "OrderDecision": {
            "officer": ("Tài khoản cán bộ quyết định.", "Account of the officer who decides."),
            "approve": ("true: phê duyệt; false: từ chối.", "true approves, false refuses."),
        },
        "OrderRefusal": {
            **_DELIVERY,
            "path": ("Đường dẫn của trường; $ là cả nội dung.", "Dotted path of the field; $ is the whole body."),
            "rule": ("Quy tắc bị vi phạm.", "The rule that was broken."),
        },
        "OrderRequest": {
            "action": ("Việc phải làm.", "What shall become of the deliveries."),
            "select": ("Cho những lượt gửi nào.", "For which deliveries."),
            "reason": ("Lý do; được lưu niêm phong.", "Why; it is kept sealed."),
            "officer": ("Tài khoản cán bộ ra lệnh.", "Account of the officer who orders."),
            "correction": (
                "Nội dung sửa, JSON Merge Patch (RFC 7396), chỉ với replay; không sửa code và revision.",
                "JSON Merge Patch (RFC 7396) of the submission, for a replay only; never of code and revision.",
            ),
            "rate_per_s": ("Số lượt gửi mỗi giây.", "Deliveries a second."),
            "dry_run": ("true: chỉ cho biết sẽ đụng đến gì.", "true: only tells what it would touch."),
        },
        "OrderStop": {"officer": ("Tài khoản cán bộ dừng lệnh.", "Account of the officer who stops it.")},
        "Orders": {
            "orders": ("Các lệnh.", "The orders."),
            "next": ("Gửi lại trong `after` để xem tiếp; null là hết.", "Give it back as `after`; null: no more."),
        },
        "RulingLine": {
            "at": ("Thời điểm (UTC).", "When (UTC)."),
            "verdict": ("Điều được quyết định.", "What was decided."),
            "by": ("Tài khoản (cơ quan/hệ thống).", "The account (agency/system)."),
            "approved_by": ("Tài khoản phê duyệt.", "The account that approved it."),
            "order": ("Mã lệnh.", "The order that it belongs to."),
            "officer": ("Cán bộ.", "The officer behind it."),
            "reason": ("Lý do.", "Why."),
            "fields": ("Các trường đã sửa.", "The fields that it corrected."),
            "body": ("Nội dung được gửi từ đó.", "What is sent since."),
        },
        "Selection": {
            "delivery": ("Một lượt gửi.", "One delivery."),
            "matching": ("Điều kiện chọn.", "A filter."),
            "deliveries_max": ("Chọn nhiều nhất bao nhiêu.", "How many at most."),
        },
    }
)
