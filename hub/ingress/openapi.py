"""The OpenAPI document of the REST door, made from the table of operations and the models of the contract.

Vietnamese stands first, English after it. The document is served by the hub itself and needs nothing from elsewhere.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from hub.errors import BrokenRule, CallerError, HubError, HubFault, Invalid, PlatformFault
from hub.ingress.desk import (
    LETTER_CURSOR,
    LETTERS_DEFAULT,
    LETTERS_MAX,
    OFFICER_HEADER,
    ORDER_CURSOR,
    ORDERS_DEFAULT,
    ORDERS_MAX,
    PURPOSE_HEADER,
)
from hub.ingress.event_stream import BATCH_DEFAULT, BATCH_MAX, LAST_EVENT_ID
from hub.ingress.examples import EXAMPLES
from hub.ingress.field_words import FIELDS, MODELS
from hub.ingress.operations import OPERATIONS, TAGS, Operation
from hub.ingress.problems import MEDIA_TYPE, STATUS, problem_of
from hub.ingress.reading import IDEMPOTENCY_HEADER
from hub.ingress.reconciliation_endpoints import DIFFERENCES_DEFAULT, DIFFERENCES_MAX, DOSSIER_CURSOR, RUN_ID
from hub.ingress.visit import CORRELATION_HEADER
from schemas.dead_letter import LetterState
from schemas.model import Model
from schemas.order import OrderState
from schemas.problem import PROBLEMS, Problem, Words

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

_TITLE = Words("Trục chia sẻ dữ liệu cấp tỉnh", "Provincial data-sharing hub")
_ABOUT = Words(
    "Mọi lỗi đều theo RFC 9457 (application/problem+json), nêu mã ổn định, bên gây lỗi (caller, hub, platform), trường "
    "sai và quy tắc bị vi phạm. Lời gọi ghi cần tiêu đề Idempotency-Key. Thời điểm luôn kèm múi giờ.",
    "Every error follows RFC 9457 (application/problem+json) and names a stable code, the party at fault (caller, hub, "
    "platform), the field and the rule it broke. Writes need an Idempotency-Key header. Times carry an offset.",
)
_KEY = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9!#$%&'*+\\-.^_`|~:/=@]+$"}
_TOKEN = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9._:\\-]+$"}


def _choices(states: type[StrEnum]) -> Json:
    return {"type": "string", "enum": [state.value for state in states]}


def _limit(default: int, limit_max: int) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": limit_max, "default": default}
    return {"name": "limit", "schema": schema, "in": "query"}


_PARAMETERS: Json = {
    "message_id": {"schema": {"type": "string", "format": "uuid"}, "in": "path"},
    "code": {"schema": {"type": "string", "maxLength": 64}, "in": "path"},
    "after": {"schema": {"type": "string", "pattern": r"^(start|end|\d{1,18}(\.\d{1,18})*)$"}, "in": "query"},
    "limit": {
        "schema": {"type": "integer", "minimum": 1, "maximum": BATCH_MAX, "default": BATCH_DEFAULT},
        "in": "query",
    },
    LAST_EVENT_ID: {"schema": {"type": "string", "pattern": r"^\d{1,18}(\.\d{1,18})*$"}, "in": "header"},
    "operation": {"schema": _TOKEN, "in": "path"},
    "part": {"schema": {"type": "integer", "minimum": 0, "maximum": 10000}, "in": "path"},
    "run_id": {"schema": {**_TOKEN, "pattern": f"^{RUN_ID}$"}, "in": "path"},
    "order_id": {"schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "in": "path"},
    "letter_state": {"name": "state", "schema": _choices(LetterState), "in": "query"},
    "order_state": {"name": "state", "schema": _choices(OrderState), "in": "query"},
    "platform": {"schema": _TOKEN, "in": "query"},
    "letter_operation": {"name": "operation", "schema": _TOKEN, "in": "query"},
    "letter_code": {"name": "code", "schema": {**_TOKEN, "maxLength": 64}, "in": "query"},
    "agency": {"schema": {"type": "string", "maxLength": 20}, "in": "query"},
    "dossier": {"schema": {"type": "string", "maxLength": 40}, "in": "query"},
    "accepted_from": {"schema": {"type": "string", "format": "date-time"}, "in": "query"},
    "accepted_before": {"schema": {"type": "string", "format": "date-time"}, "in": "query"},
    "after_letter": {"name": "after", "schema": {"type": "string", "pattern": f"^{LETTER_CURSOR}$"}, "in": "query"},
    "after_order": {"name": "after", "schema": {"type": "string", "pattern": f"^{ORDER_CURSOR}$"}, "in": "query"},
    "after_dossier": {"name": "after", "schema": {"type": "string", "pattern": f"^{DOSSIER_CURSOR}$"}, "in": "query"},
    "differences_max": _limit(DIFFERENCES_DEFAULT, DIFFERENCES_MAX),
    "letters_max": _limit(LETTERS_DEFAULT, LETTERS_MAX),
    "orders_max": _limit(ORDERS_DEFAULT, ORDERS_MAX),
    OFFICER_HEADER: {"schema": _TOKEN, "in": "header"},
    PURPOSE_HEADER: {"schema": _TOKEN, "in": "header"},
    IDEMPOTENCY_HEADER: {"schema": _KEY, "in": "header"},
    CORRELATION_HEADER: {"schema": {"type": "string"}, "in": "header"},
}
_PARAMETER_WORDS = {
    "message_id": Words("Mã bản tin ghi trong biên nhận.", "The message id that the receipt states."),
    "code": Words("Mã hồ sơ, hoặc mã lỗi ở /problems.", "A dossier code, or an error code under /problems."),
    "after": Words(
        "Vị trí bắt đầu: `id` hoặc `next` đã nhận, hoặc start, end.",
        "Where to begin: an `id` or `next` received before, or start, or end.",
    ),
    "limit": Words("Số sự kiện nhiều nhất.", "How many events at most."),
    LAST_EVENT_ID: Words(
        "`id` của sự kiện cuối cùng đã xử lý; được ưu tiên hơn `after`.",
        "The `id` of the last event that was dealt with; it goes before `after`.",
    ),
    IDEMPOTENCY_HEADER: Words(
        "Khóa do bên gọi đặt, duy nhất cho mỗi nội dung; gửi lại thì giữ nguyên khóa.",
        "A key that the caller chooses, one per content; a repeat keeps its key.",
    ),
    "operation": Words("Tên thao tác.", "Name of the operation."),
    "part": Words("Phần thứ mấy, tính từ 0.", "Which part, from 0."),
    "run_id": Words("Mã lần đối soát.", "Id of the run."),
    "after_dossier": Words("`next` của lần trước.", "The `next` of the page before."),
    "differences_max": Words("Số sai khác nhiều nhất.", "How many differences at most."),
    "order_id": Words("Mã lệnh.", "Id of the order."),
    "letter_state": Words("Chỉ trạng thái này.", "Only those in this state."),
    "order_state": Words("Chỉ trạng thái này.", "Only those in this state."),
    "platform": Words("Chỉ nền tảng này.", "Only this platform."),
    "letter_operation": Words("Chỉ thao tác này.", "Only this operation."),
    "letter_code": Words("Chỉ mã kết quả này.", "Only those whose last try came to this code."),
    "agency": Words("Chỉ cơ quan này và cấp dưới.", "Only this agency and those below it."),
    "dossier": Words("Chỉ hồ sơ này.", "Only this dossier."),
    "accepted_from": Words("Tiếp nhận từ lúc này.", "Accepted at or after this time."),
    "accepted_before": Words("Tiếp nhận trước lúc này.", "Accepted before this time."),
    "after_letter": Words("`next` của lần trước.", "The `next` of the page before."),
    "after_order": Words("`next` của lần trước.", "The `next` of the page before."),
    "letters_max": Words("Số lượt gửi nhiều nhất.", "How many deliveries at most."),
    "orders_max": Words("Số lệnh nhiều nhất.", "How many orders at most."),
    OFFICER_HEADER: Words("Tài khoản cán bộ đọc; không phải họ tên.", "Account of the officer who reads; no name."),
    PURPOSE_HEADER: Words("Mục đích đọc.", "What it is read for."),
    CORRELATION_HEADER: Words(
        "Mã theo dõi của bên gọi, 1-128 ký tự A-Z a-z 0-9 . _ : - và không chỉ gồm chữ số; được trả lại và ghi nhật "
        "ký. Giá trị khác được thay bằng mã của trục. Không đặt dữ liệu cá nhân vào đây.",
        "The caller's own id for this call, 1-128 characters of A-Z a-z 0-9 . _ : - and not digits alone; it is "
        "returned and logged. Anything else is replaced by an id of the hub's. Never personal data.",
    ),
}
_REQUIRED = frozenset({IDEMPOTENCY_HEADER, OFFICER_HEADER, PURPOSE_HEADER})
_HEADERS: Json = {
    CORRELATION_HEADER: Words("Mã theo dõi của lời gọi.", "The id of this call."),
    "Location": Words("Nơi theo dõi bản tin.", "Where to follow the message."),
    "Retry-After": Words("Số giây nên chờ.", "Seconds to wait."),
}


def document() -> Json:
    """Return the whole document."""
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": line(_TITLE), "version": "1.0.0", "description": text(_ABOUT)},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": line(words)} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "examples": {code: {"summary": line(PROBLEMS[code]), "value": _example(code)} for code in PROBLEMS},
            "headers": {name: _header(name) for name in _HEADERS},
            "securitySchemes": {"apiKey": security_scheme()},
        },
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": line(operation.summary),
        "description": text(operation.description),
        "parameters": [_parameter(name) for name in _parameter_names(operation)],
        "responses": _responses(operation),
        "security": [{"apiKey": []}] if operation.secured else [],
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": {"application/json": _media(operation.body)}}
    return described


def _parameter_names(operation: Operation) -> Iterable[str]:
    yield from (name for name in _PARAMETERS if f"{{{name}}}" in operation.path)
    if operation.keyed:
        yield IDEMPOTENCY_HEADER
    yield from operation.states
    yield from operation.reads
    yield CORRELATION_HEADER


def _parameter(name: str) -> Json:
    required = _PARAMETERS[name]["in"] == "path" or name in _REQUIRED
    return {"name": name, "required": required, "description": text(_PARAMETER_WORDS[name]), **_PARAMETERS[name]}


def _responses(operation: Operation) -> Json:
    found = {str(operation.status): _answer(operation)}
    if operation.also:
        found[str(operation.also)] = _answer(operation)
    codes = (*operation.codes, HubFault.code)
    for status in sorted({STATUS[code] for code in codes}):
        found[str(status)] = _problems([code for code in codes if STATUS[code] == status])
    return found


def _answer(operation: Operation) -> Json:
    headers = [CORRELATION_HEADER, *(["Location"] if operation.keyed else [])]
    content: Json = {"application/json": _media(operation.answer)} if operation.answer else _plain(operation)
    return {"description": line(operation.summary), "headers": _header_refs(headers), "content": content}


def _plain(operation: Operation) -> Json:
    if operation.media_type.startswith("text/"):
        return {operation.media_type: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": {"type": "object", "properties": {"status": {"const": "ok"}}}}}


def _problems(codes: list[str]) -> Json:
    waits = any(_example(code)["retry_after_s"] for code in codes)
    return {
        "description": "\n\n".join(f"`{code}`: {line(PROBLEMS[code])}" for code in codes),
        "headers": _header_refs([CORRELATION_HEADER, *(["Retry-After"] if waits else [])]),
        "content": {
            MEDIA_TYPE: {
                "schema": _ref("schemas", Problem.__name__),
                "examples": {code: _ref("examples", code) for code in codes},
            }
        },
    }


def _media(model: type[Model]) -> Json:
    return {"schema": _ref("schemas", model.__name__), "example": EXAMPLES[model.__name__]}


def _example(code: str) -> Json:
    """Return a problem as an answer would carry it."""
    parent = {"caller": CallerError, "hub": HubFault, "platform": PlatformFault}[code.partition(".")[0]]
    classes = [kind for kind in _tree(parent) if kind.code == code]
    error: HubError
    if code == Invalid.code:
        error = Invalid([BrokenRule("applicant.personal_number", "pattern")])
    else:
        error = classes[0]() if classes else parent(code=code)
    return problem_of(error, "motcua-20261122-0001").model_dump(mode="json")


def _tree(root: type[HubError]) -> Iterable[type[HubError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)


def _schemas() -> Json:
    models: list[tuple[type[Model], Mode]] = [(Problem, "serialization")]
    models += [(operation.body, "validation") for operation in OPERATIONS if operation.body]
    models += [(operation.answer, "serialization") for operation in OPERATIONS if operation.answer]
    _, made = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas: Json = made["$defs"]
    return {name: described(name, schema) for name, schema in sorted(schemas.items())}


def described(name: str, schema: Json) -> Json:
    """Put the words of both languages where pydantic put the docstrings."""
    schema = {**schema, "description": text(MODELS[name])}
    for field, form in schema.get("properties", {}).items():
        form.pop("title", None)
        form["description"] = text(FIELDS[f"{name}.{field}"])
    return schema


def _header(name: str) -> Json:
    kind = "integer" if name == "Retry-After" else "string"
    return {"description": text(_HEADERS[name]), "schema": {"type": kind}}


def _header_refs(names: list[str]) -> Json:
    return {name: _ref("headers", name) for name in names}


def security_scheme() -> Json:
    """Return how a caller shows who it is."""
    words = Words(
        "Khóa API do cơ quan vận hành trục cấp, dạng hk_<mã>_<bí mật>.",
        "The API key that the hub's operator issued, in the form hk_<id>_<secret>.",
    )
    return {"type": "http", "scheme": "bearer", "bearerFormat": "hk_<id>_<secret>", "description": text(words)}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def line(words: Words) -> str:
    """Return both languages on one line."""
    return f"{words.vi} / {words.en}"


def text(words: Words) -> str:
    """Return both languages, a paragraph each."""
    return f"{words.vi}\n\n{words.en}"
