"""The REST operations as the document shows them: words in both languages, inputs, answers and problems."""

from dataclasses import dataclass

from hub.ingress.readiness import Readiness
from schemas.citizen import CitizenAnswer, CitizenQuery
from schemas.dossier import DossierSubmission
from schemas.model import Model
from schemas.problem import ProblemKind, Words
from schemas.receipt import Receipt
from schemas.timeline import MessageLine, Overview, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method at one path. `codes` are the problems it can answer with, beyond those of every operation."""

    name: str
    method: str
    path: str
    tag: str
    summary: Words
    description: Words
    answer: type[Model] | None = None
    status: int = 200
    also: int | None = None
    body: type[Model] | None = None
    keyed: bool = False
    secured: bool = True
    codes: tuple[str, ...] = ()


_SECURED = ("caller.unauthenticated", "caller.no_grant")
_WITH_BODY = ("caller.malformed", "caller.slow", "caller.too_large", "caller.media_type", "caller.invalid")
_WRITING = ("hub.unavailable", "hub.disk_full", "hub.in_doubt", "hub.overloaded")

TAGS: dict[str, Words] = {
    "dossiers": Words("Đồng bộ hồ sơ", "Dossiers"),
    "citizens": Words("Tra cứu công dân", "Citizens"),
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
            *_WITH_BODY,
            *("caller.foreign_dossier", "hub.unavailable", "hub.in_doubt", "hub.overloaded"),
            *("platform.unavailable", "platform.unreadable", "platform.refused_us", "platform.reply_lost"),
        ),
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
