"""What the models and fields of the reconciliation mean, in both languages; see `hub.ingress.field_words`."""

from types import MappingProxyType

RECONCILIATION_MODELS = MappingProxyType(
    {
        "Cause": (
            (
                "missing: nền tảng không có hồ sơ; older: nền tảng có trạng thái cũ hơn mà trục đã gửi; foreign: nền "
                "tảng có trạng thái mà trục chưa từng gửi; different_content: đúng trạng thái nhưng khác nội dung; "
                "not_comparable: không so sánh được."
            ),
            (
                "missing: the platform does not know the dossier; older: it shows an earlier state that the hub "
                "delivered; foreign: a state that the hub never sent; different_content: the state with other values; "
                "not_comparable: it cannot be compared."
            ),
        ),
        "CauseCount": ("Số hồ sơ theo nguyên nhân và việc tiếp theo.", "How many dossiers, by cause and what follows."),
        "Difference": (
            "Một hồ sơ mà sổ và nền tảng khác nhau; không có dữ liệu cá nhân.",
            "One dossier over which ledger and platform differ. It carries no personal data.",
        ),
        "Follows": (
            (
                "to_resend: sẽ gửi lại; resent: đã ra lệnh gửi lại; overtaken: đã có trạng thái mới hơn; needs_person: "
                "cần người xem."
            ),
            (
                "to_resend: it is to be sent again; resent: that is ordered; overtaken: something newer came; "
                "needs_person: somebody must look."
            ),
        ),
        "Reconciliation": ("Một lần đối soát.", "One run of the reconciliation."),
        "ReconciliationOrder": (
            "Yêu cầu đối soát. Không nêu gì: mọi hồ sơ trong số ngày đã cấu hình.",
            "Asks for a run. Nothing stated: all dossiers of the days that are configured.",
        ),
        "ReconciliationReport": ("Một lần đối soát và những gì tìm thấy.", "One run and a page of what it found."),
        "Reconciliations": ("Các lần đối soát, mới nhất trước.", "The newest runs, newest first."),
        "RunState": (
            "waiting: chờ; comparing: đang so sánh; resending: đang ra lệnh gửi lại; done: xong; stopped: đã dừng.",
            "Where a run stands.",
        ),
        "StopReason": (
            (
                "calls_used_up: hết hạn mức gọi; platform_fails: không hỏi được nền tảng; too_many_lacking: thiếu quá "
                "nhiều, có thể lỗi ở nền tảng; resend_max: nhiều hơn số được gửi lại."
            ),
            (
                "calls_used_up: no calls were left; platform_fails: the platform could not be asked; too_many_lacking: "
                "so many are lacking that the platform may be at fault; resend_max: more than may be sent again."
            ),
        ),
    }
)
"""By the name of the model."""

RECONCILIATION_FIELDS = MappingProxyType(
    {
        "CauseCount": {
            "cause": ("Nguyên nhân.", "The cause."),
            "follows": ("Việc tiếp theo.", "What follows."),
            "dossiers": ("Số hồ sơ.", "How many dossiers."),
        },
        "Difference": {
            "dossier_code": ("Mã hồ sơ.", "The dossier code."),
            "message_id": ("Bản tin đã gửi sau cùng.", "The message that was delivered last."),
            "cause": ("Nguyên nhân.", "Why they differ."),
            "follows": ("Việc tiếp theo.", "What follows."),
            "shown": ("Trạng thái mà nền tảng có.", "The state that the platform shows."),
            "fields": ("Tên các trường khác nhau; không có giá trị.", "The platform's fields that differ; no values."),
            "found_at": ("Thời điểm tìm thấy (UTC).", "When it was found (UTC)."),
        },
        "Reconciliation": {
            "id": ("Mã lần đối soát.", "Id of the run."),
            "operation": ("Thao tác được đối soát.", "The operation whose deliveries are compared."),
            "platform": ("Nền tảng.", "The platform."),
            "by": ("Tài khoản yêu cầu.", "The account that asked for it."),
            "agency": ("Cơ quan; trống là tất cả.", "The agency whose dossiers are meant; empty: all."),
            "dossier": ("Hồ sơ duy nhất được đối soát.", "The one dossier that is meant."),
            "since": ("Tiếp nhận từ lúc này (UTC).", "Received from this time on (UTC)."),
            "until": ("Tiếp nhận trước lúc này (UTC).", "Received before this time (UTC)."),
            "dry_run": ("true: chỉ liệt kê.", "true: only lists."),
            "calls_per_s": ("Số lần gọi mỗi giây.", "Calls a second, at most."),
            "calls_max": ("Số lần gọi nhiều nhất.", "Calls, at most."),
            "resend_max": ("Số hồ sơ gửi lại nhiều nhất.", "Dossiers that may be sent again."),
            "lacking_percent_max": (
                "Thiếu quá tỉ lệ này thì không gửi lại; null: người vận hành đã quyết định.",
                "Nothing is sent again when a larger share is lacking; null: a person has decided.",
            ),
            "state": ("Đang ở đâu.", "Where it stands."),
            "reason": ("Vì sao không đến hết.", "Why it did not come to its end."),
            "requested_at": ("Thời điểm yêu cầu (UTC).", "When it was asked for (UTC)."),
            "finished_at": ("Thời điểm kết thúc (UTC).", "When it ended (UTC)."),
            "calls": ("Số lần đã gọi.", "Calls so far."),
            "compared": ("Số hồ sơ đã hỏi.", "Dossiers about which the platform was asked."),
            "alike": ("Số hồ sơ khớp.", "Those without a difference."),
            "in_progress": ("Số hồ sơ còn việc phải gửi.", "Those of which something is still owed."),
            "differences": ("Sai khác theo nguyên nhân.", "The differences, counted."),
        },
        "ReconciliationOrder": {
            "since": ("Tiếp nhận từ ngày này.", "Received from this day on, in Viet Nam."),
            "dossier": ("Chỉ hồ sơ này, tiếp nhận lúc nào cũng được.", "Only this dossier, whenever it was received."),
            "dry_run": ("true: chỉ liệt kê.", "true: only list."),
            "calls_per_s": ("Số lần gọi mỗi giây.", "Calls a second, at most."),
            "calls_max": ("Số lần gọi nhiều nhất.", "Calls, at most."),
            "resend_max": (
                "Cho phép gửi lại đến chừng này hồ sơ, dù tỉ lệ thiếu lớn đến đâu.",
                "Your word that up to so many dossiers are sent again, however large their share is.",
            ),
        },
        "ReconciliationReport": {
            "run": ("Lần đối soát.", "The run."),
            "differences": ("Một trang sai khác theo mã hồ sơ.", "A page of differences, by dossier code."),
            "next": ("Gửi lại trong `after` để xem tiếp; null là hết.", "Give it back as `after`; null: no more."),
        },
        "Reconciliations": {"runs": ("Các lần đối soát.", "The runs.")},
    }
)
"""By model and field."""
