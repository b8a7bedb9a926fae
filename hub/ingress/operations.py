"""The REST operations as the document shows them: words in both languages, inputs, answers and problems."""

from dataclasses import dataclass

from hub.ingress.desk import OFFICER_HEADER, PURPOSE_HEADER
from hub.ingress.readiness import Readiness
from schemas.citizen import CitizenAnswer, CitizenQuery
from schemas.dead_letter import DeadLetters, LetterStory
from schemas.dossier import DossierSubmission
from schemas.event import EventBatch
from schemas.model import Model
from schemas.order import Order, OrderDecision, OrderRequest, Orders, OrderStop
from schemas.problem import ProblemKind, Words
from schemas.receipt import Receipt
from schemas.reconciliation import Reconciliation, ReconciliationOrder, ReconciliationReport, Reconciliations
from schemas.timeline import MessageLine, Overview, Timeline
from schemas.withdrawal import Withdrawal, WithdrawalReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method at one path. `codes` are the problems it can answer with, beyond those of every operation.

    `reads` names the parameters that may be left out, `states` those that may not.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: Words
    description: Words
    answer: type[Model] | None = None
    status: int = 200
    also: int | None = None
    media_type: str = "application/json"
    reads: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    body: type[Model] | None = None
    keyed: bool = False
    secured: bool = True
    codes: tuple[str, ...] = ()


_SECURED = ("caller.unauthenticated", "caller.no_grant")
_WITH_BODY = ("caller.malformed", "caller.slow", "caller.too_large", "caller.media_type", "caller.invalid")
_READING_EVENTS = ("caller.invalid", "caller.gone", "hub.unavailable")
_WRITING = ("hub.unavailable", "hub.disk_full", "hub.in_doubt", "hub.overloaded")

TAGS: dict[str, Words] = {
    "dossiers": Words("Đồng bộ hồ sơ", "Dossiers"),
    "citizens": Words("Tra cứu công dân", "Citizens"),
    "events": Words("Sự kiện trạng thái", "Status events"),
    "desk": Words("Bàn vận hành", "Operators' desk"),
    "reconciliation": Words("Đối soát", "Reconciliation"),
    "operations": Words("Vận hành", "Operations"),
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="submit",
        method="POST",
        path="/v1/dossiers",
        tag="dossiers",
        summary=Words("Gửi một trạng thái của hồ sơ", "Submit one state of a dossier"),
        description=Words(
            "Trả lời 202 kèm biên nhận chỉ khi nội dung đã được ghi bền vững. Nếu không nhận được trả lời, hoặc nhận "
            "mã 503, hãy gửi lại đúng nội dung với cùng Idempotency-Key: nội dung chỉ được tiếp nhận một lần. Mỗi "
            "trạng thái mới của hồ sơ có `revision` cao hơn và một khóa mới.",
            "Answers 202 with a receipt only when the content is durable. When no answer comes, or a 503, send the "
            "same content again with the same Idempotency-Key: it is accepted once. Each new state of a "
            "dossier has a higher `revision` and a key of its own.",
        ),
        answer=Receipt,
        status=202,
        body=DossierSubmission,
        keyed=True,
        codes=(
            *_SECURED,
            "caller.quota",
            *_WITH_BODY,
            *("caller.key_missing", "caller.foreign_dossier", "caller.key_reused", "caller.revision_backwards"),
            *_WRITING,
        ),
    ),
    Operation(
        name="withdraw",
        method="POST",
        path="/v1/dossiers/{code}/withdrawal",
        tag="dossiers",
        summary=Words("Rút hồ sơ khỏi hàng chờ", "Withdraw what is queued of a dossier"),
        description=Words(
            "Hủy những lượt gửi của hồ sơ chưa bắt đầu, kể cả lượt gửi bị từ chối đang giữ hàng chờ. Lượt gửi đã bắt "
            "đầu vẫn chạy đến khi rõ kết quả; nội dung đã gửi thì không thu hồi được. `revision` tính chung với các "
            "trạng thái của hồ sơ: cao hơn mọi `revision` đã gửi. Trạng thái gửi sau lệnh rút được xử lý bình thường.",
            "Cancels the deliveries of the dossier that have not begun, one that was refused and holds its queue "
            "included. Those that have begun run until their result is clear; what was delivered is not undone. "
            "`revision` is counted with the dossier's states: higher than all sent before. A state sent after the "
            "withdrawal is delivered as usual.",
        ),
        answer=WithdrawalReceipt,
        status=202,
        body=Withdrawal,
        keyed=True,
        codes=(
            *_SECURED,
            "caller.quota",
            *_WITH_BODY,
            *("caller.key_missing", "caller.foreign_dossier", "caller.key_reused", "caller.revision_backwards"),
            *_WRITING,
        ),
    ),
    Operation(
        name="message",
        method="GET",
        path="/v1/messages/{message_id}",
        tag="dossiers",
        summary=Words("Theo dõi một bản tin", "Follow a message"),
        description=Words(
            "Mỗi lượt gửi đang ở đâu, đã thử bao nhiêu lần, khi nào thử lại. Chỉ dành cho cơ quan đã gửi.",
            "Where each delivery stands, how often it was tried and when the next try is due. For the sender's agency.",
        ),
        answer=MessageLine,
        codes=(*_SECURED, "caller.not_found", "hub.unavailable"),
    ),
    Operation(
        name="timeline",
        method="GET",
        path="/v1/dossiers/{code}/timeline",
        tag="dossiers",
        summary=Words("Dòng thời gian của hồ sơ", "Timeline of a dossier"),
        description=Words(
            "Mọi bản tin của hồ sơ theo thứ tự tiếp nhận. Mã hồ sơ viết theo cách nào cũng được. Bản tin vừa tiếp "
            "nhận xuất hiện sau khoảng một giây.",
            "All messages of the dossier in the order of acceptance. Either spelling of the code will do. A message "
            "just accepted appears after about a second.",
        ),
        answer=Timeline,
        codes=(*_SECURED, "caller.not_found", "hub.unavailable"),
    ),
    Operation(
        name="lookup",
        method="POST",
        path="/v1/citizens/lookup",
        tag="citizens",
        summary=Words("Tra cứu thông tin công dân", "Look up a citizen"),
        description=Words(
            "Xác nhận một người theo số định danh, họ tên và ngày (hoặc năm) sinh; không phải tìm kiếm tự do. Mỗi lần "
            "tra cứu cần quyền cho mục đích đã nêu và được ghi nhật ký kiểm tra trước khi hỏi và trước khi trả lời. "
            "`match` = none là câu trả lời, không phải lỗi; several thì không có dữ liệu kèm theo.",
            "Confirms a person by number, name and day (or year) of birth; it is no free search. Every lookup needs a "
            "grant for the purpose stated and is audited before the question and before the answer. `match` = none is "
            "an answer, not an error; several comes without data.",
        ),
        answer=CitizenAnswer,
        body=CitizenQuery,
        codes=(
            *_SECURED,
            "caller.quota",
            *_WITH_BODY,
            "caller.foreign_dossier",
            *_WRITING,  # the audit is written before the question and before the answer
            *("platform.unavailable", "platform.unreadable", "platform.refused_us", "platform.reply_lost"),
        ),
    ),
    Operation(
        name="events",
        method="GET",
        path="/v1/events",
        tag="events",
        summary=Words("Luồng sự kiện trạng thái (SSE)", "Status events as a stream (SSE)"),
        description=Words(
            "Sự kiện CloudEvents 1.0 của hồ sơ thuộc các cơ quan mà hệ thống được cấp quyền `events`. Khi bị ngắt, kết "
            "nối lại với Last-Event-ID là id cuối cùng đã xử lý; tiến trình nào của trục cũng hiểu. Trong mỗi hồ sơ, "
            "`seq` tăng 1, 2, 3, … không đứt quãng; sự kiện lặp lại giữ nguyên `id` và `seq`. Mặc định nhận từ bây giờ "
            "trở đi; `after=start` nhận từ đầu phần còn lưu. Mô tả đầy đủ: /asyncapi.json.",
            "CloudEvents 1.0 about the dossiers of the agencies for which the system has the grant `events`. After a "
            "break, connect again with Last-Event-ID, the last id that was dealt with; every process of the hub knows "
            "it. Per dossier `seq` counts 1, 2, 3, … without a gap; a repeat keeps its `id` and `seq`. Without a "
            "position the stream begins now; `after=start` begins with the oldest that is kept. All about it: "
            "/asyncapi.json.",
        ),
        media_type="text/event-stream",
        reads=("after", "Last-Event-ID"),
        codes=(*_SECURED, *_READING_EVENTS, "caller.rate", "hub.overloaded"),
    ),
    Operation(
        name="event_batch",
        method="GET",
        path="/v1/events/batch",
        tag="events",
        summary=Words("Lấy một loạt sự kiện trạng thái", "Fetch some status events"),
        description=Words(
            "Như /v1/events, từng loạt một: gửi lại `next` trong `after` của lần sau. Mặc định bắt đầu từ sự kiện cũ "
            "nhất còn lưu.",
            "As /v1/events, batch by batch: give `next` back as `after`. Without a position it begins with the oldest "
            "event that is kept.",
        ),
        answer=EventBatch,
        reads=("after", "limit"),
        codes=(*_SECURED, *_READING_EVENTS),
    ),
    Operation(
        name="dead_letters",
        method="GET",
        path="/v1/dead-letters",
        tag="desk",
        summary=Words("Lượt gửi chờ người quyết định", "Deliveries that wait for a person"),
        description=Words(
            "Lượt gửi bị từ chối (dead) hoặc chỉ con người mới biết đã đến hay chưa (in_doubt), của cơ quan mình và "
            "cấp dưới, cũ nhất trước. Không có dữ liệu cá nhân.",
            "Those that were refused (dead), and those of which only a person can tell whether they arrived "
            "(in_doubt), of one's own agency and those below it, oldest first. No personal data.",
        ),
        answer=DeadLetters,
        reads=(
            *("letter_state", "platform", "letter_operation", "letter_code", "agency", "dossier"),
            *("accepted_from", "accepted_before", "after_letter", "letters_max"),
        ),
        codes=(*_SECURED, "caller.invalid", "hub.unavailable"),
    ),
    Operation(
        name="dead_letter",
        method="GET",
        path="/v1/dead-letters/{message_id}/{operation}/{part}",
        tag="desk",
        summary=Words("Đọc một lượt gửi", "Read one delivery"),
        description=Words(
            "Nguồn gốc, các lần thử, lời của nền tảng, nội dung gốc và mọi quyết định. Đọc là khai thác dữ liệu cá "
            "nhân: việc đọc được ghi nhật ký kiểm tra trước khi trả lời, với cán bộ và mục đích nêu ở tiêu đề.",
            "Its origin, what was tried, what the platform said, the original body and every decision. Reading "
            "discloses personal data: it is durable in the audit before the answer, with the officer and the purpose "
            "that the headers state.",
        ),
        answer=LetterStory,
        states=(OFFICER_HEADER, PURPOSE_HEADER),
        codes=(*_SECURED, "caller.invalid", "caller.not_found", "hub.unavailable", "hub.in_doubt"),
    ),
    Operation(
        name="place_order",
        method="POST",
        path="/v1/orders",
        tag="desk",
        summary=Words("Ra lệnh", "Order what shall become of deliveries"),
        description=Words(
            "Gửi lại (có thể kèm nội dung sửa), bỏ, hoặc kết luận; cho một lượt gửi hoặc nhiều theo điều kiện, cũ nhất "
            "trước, theo tốc độ đã nêu. Tập lượt gửi được chốt khi ra lệnh. Tùy cấu hình, một tài khoản khác phải phê "
            "duyệt. Nội dung sửa được kiểm tra như khi tiếp nhận; lượt gửi không hợp lệ thì không gửi lại. "
            "`dry_run` trả lời 200 và không làm gì.",
            "Try again (corrected, if need be), give up, or settle a doubt; for one delivery or many by filter, oldest "
            "first, at the rate stated. What is selected is fixed when the order is placed. By configuration another "
            "account has to approve. A correction is held to what acceptance demands; what does not fit is not tried "
            "again. `dry_run` answers 200 and touches nothing.",
        ),
        answer=Order,
        status=202,
        also=200,
        body=OrderRequest,
        keyed=True,
        codes=(
            *_SECURED,
            *_WITH_BODY,
            *("caller.key_missing", "caller.key_reused", "caller.not_found", "caller.not_waiting"),
            *("hub.unavailable", "hub.in_doubt", "hub.overloaded"),
        ),
    ),
    Operation(
        name="orders",
        method="GET",
        path="/v1/orders",
        tag="desk",
        summary=Words("Danh sách lệnh", "List orders"),
        description=Words(
            "Lệnh của cơ quan mình và cấp dưới, mới nhất trước.",
            "Orders of one's own agency and those below it, newest first.",
        ),
        answer=Orders,
        reads=("order_state", "after_order", "orders_max"),
        codes=(*_SECURED, "caller.invalid", "hub.unavailable"),
    ),
    Operation(
        name="order",
        method="GET",
        path="/v1/orders/{order_id}",
        tag="desk",
        summary=Words("Xem một lệnh", "Look at an order"),
        description=Words("Lệnh đang ở đâu và kết quả.", "How far it is, and what became of its deliveries."),
        answer=Order,
        codes=(*_SECURED, "caller.not_found", "hub.unavailable"),
    ),
    Operation(
        name="decide_order",
        method="POST",
        path="/v1/orders/{order_id}/approval",
        tag="desk",
        summary=Words("Phê duyệt hoặc từ chối lệnh", "Approve an order, or refuse it"),
        description=Words(
            "Cần quyền delivery.approve và một tài khoản khác tài khoản đề nghị. Gửi lại cùng ý kiến thì được cùng trả "
            "lời.",
            "Needs delivery.approve and another account than the proposer's. The same word again gets the same answer.",
        ),
        answer=Order,
        body=OrderDecision,
        codes=(
            *_SECURED,
            *_WITH_BODY,
            *("caller.own_order", "caller.not_found", "caller.order_decided"),
            *("hub.unavailable", "hub.in_doubt", "hub.overloaded"),
        ),
    ),
    Operation(
        name="stop_order",
        method="POST",
        path="/v1/orders/{order_id}/stop",
        tag="desk",
        summary=Words("Dừng lệnh", "Stop an order"),
        description=Words(
            "Quyết định đã chuyển đi vẫn có hiệu lực; phần còn lại không chuyển nữa.",
            "What was decided stays so; nothing more is.",
        ),
        answer=Order,
        body=OrderStop,
        codes=(
            *_SECURED,
            *_WITH_BODY,
            *("caller.not_found", "caller.order_decided"),
            *("hub.unavailable", "hub.in_doubt", "hub.overloaded"),
        ),
    ),
    Operation(
        name="order_reconciliation",
        method="POST",
        path="/v1/reconciliations",
        tag="reconciliation",
        summary=Words("Đối soát với nền tảng", "Reconcile with the platform"),
        description=Words(
            "So sánh trạng thái đã gửi sau cùng của từng hồ sơ thuộc cơ quan mình và cấp dưới với những gì nền tảng "
            "trả lời (Cổng: TraCuuHoSo), trong hạn mức đã nêu. Hồ sơ thiếu hoặc cũ được gửi lại, trừ khi quá nhiều; "
            "`dry_run` chỉ liệt kê. Trả lời 202 kèm nơi xem kết quả.",
            "Compares the last delivered state of each dossier of one's own agency and those below it with what the "
            "platform answers (the portal: TraCuuHoSo), within the quota stated. What is missing or older is sent "
            "again, unless there is too much of it; `dry_run` only lists. Answers 202 with the place to look.",
        ),
        answer=Reconciliation,
        status=202,
        body=ReconciliationOrder,
        keyed=True,
        codes=(
            *_SECURED,
            *_WITH_BODY,
            *("caller.key_missing", "caller.key_reused", "caller.foreign_dossier", "caller.not_found"),
            *("hub.unavailable", "hub.in_doubt", "hub.overloaded"),
        ),
    ),
    Operation(
        name="reconciliations",
        method="GET",
        path="/v1/reconciliations",
        tag="reconciliation",
        summary=Words("Các lần đối soát", "List runs"),
        description=Words(
            "Những lần gần đây, mới nhất trước: của cơ quan mình và cấp dưới, và các lần hằng đêm.",
            "The newest runs, newest first: those of one's own agency and those below it, and the nightly ones.",
        ),
        answer=Reconciliations,
        codes=(*_SECURED, "caller.invalid", "hub.unavailable"),
    ),
    Operation(
        name="reconciliation",
        method="GET",
        path="/v1/reconciliations/{run_id}",
        tag="reconciliation",
        summary=Words("Kết quả đối soát", "What a run found"),
        description=Words(
            "Số liệu của lần đối soát và sai khác của các hồ sơ thuộc cơ quan mình và cấp dưới, theo mã hồ sơ. Một "
            "trang có thể trống mà vẫn còn trang sau.",
            "The numbers of a run, and its differences over dossiers of one's own agency and those below it, by "
            "dossier code. A page may be empty and not the last.",
        ),
        answer=ReconciliationReport,
        reads=("after_dossier", "differences_max"),
        codes=(*_SECURED, "caller.not_found", "caller.invalid", "hub.unavailable"),
    ),
    Operation(
        name="overview",
        method="GET",
        path="/v1/overview",
        tag="operations",
        summary=Words("Số liệu trực tuyến", "The hub in numbers"),
        description=Words(
            "Số bản tin đã tiếp nhận và số lượt gửi theo nền tảng; không có dữ liệu cá nhân.",
            "Messages accepted and deliveries by platform; no personal data.",
        ),
        answer=Overview,
        secured=False,
        codes=("hub.unavailable",),
    ),
    Operation(
        name="problem",
        method="GET",
        path="/problems/{code}",
        tag="operations",
        summary=Words("Giải thích một mã lỗi", "Explain an error code"),
        description=Words(
            "Mã lỗi không bao giờ đổi nghĩa; phần đầu của mã cho biết lỗi thuộc về ai: caller, hub hay platform.",
            "A code never changes its meaning; its first part names the party at fault: caller, hub or platform.",
        ),
        answer=ProblemKind,
        secured=False,
        codes=("caller.not_found",),
    ),
    Operation(
        name="metrics",
        method="GET",
        path="/metrics",
        tag="operations",
        summary=Words("Chỉ số cho Prometheus", "Metrics for Prometheus"),
        description=Words("Định dạng văn bản của Prometheus.", "In the text format of Prometheus."),
        media_type="text/plain",
        secured=False,
    ),
    Operation(
        name="healthz",
        method="GET",
        path="/healthz",
        tag="operations",
        summary=Words("Tiến trình còn sống", "The process is alive"),
        description=Words("Luôn trả lời 200 khi tiến trình còn chạy.", "Answers 200 as long as the process runs."),
        secured=False,
    ),
    Operation(
        name="readyz",
        method="GET",
        path="/readyz",
        tag="operations",
        summary=Words("Trục sẵn sàng phục vụ", "The hub is ready"),
        description=Words(
            "200 khi mọi thành phần làm việc được, 503 khi có thành phần chưa sẵn sàng; nội dung như nhau.",
            "200 when every part can work, 503 when one cannot; the body has the same form.",
        ),
        answer=Readiness,
        also=503,
        secured=False,
    ),
)
"""Everything that the REST door offers."""
