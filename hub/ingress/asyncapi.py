"""The AsyncAPI 3.0 document of the status events, made from the models of the contract. Vietnamese stands first."""

from typing import Any

from pydantic.json_schema import models_json_schema

from hub.ingress.event_stream import LAST_EVENT_ID
from hub.ingress.examples import EVENT
from hub.ingress.openapi import described, line, security_scheme, text
from schemas.event import MEDIA_TYPE, SIGNATURE_HEADER, DossierEvent, EventKind
from schemas.problem import Words

Json = dict[str, Any]

_TITLE = Words("Sự kiện trạng thái hồ sơ", "Status events of dossiers")
_ABOUT = Words(
    "Mỗi thay đổi đáng kể của một hồ sơ là một sự kiện CloudEvents 1.0 (dạng JSON có cấu trúc). Sự kiện chỉ dẫn chiếu, "
    "không mang dữ liệu cá nhân. Trong mỗi hồ sơ (`subject`), `seq` tăng 1, 2, 3, … không đứt quãng: thiếu một số là "
    "mất một sự kiện. Một sự kiện có thể đến hơn một lần; lần lặp lại giữ nguyên `id` và `seq`. Giữa các hồ sơ không "
    "có thứ tự. Bên nhận bỏ qua trường và loại sự kiện mà mình không biết.",
    "Each change of a dossier that matters is a CloudEvents 1.0 event (structured JSON). An event refers to persons "
    "and carries no personal data. Per dossier (`subject`), `seq` counts 1, 2, 3, … without a gap: a number that is "
    "left out is an event that is missing. An event may come more than once; a repeat keeps its `id` and `seq`. "
    "Between dossiers there is no order. A reader passes over fields and kinds of events that it does not know.",
)
_KINDS: dict[EventKind, Words] = {
    EventKind.ACCEPTED: Words("Đã tiếp nhận một bản tin, ghi bền vững", "A message was accepted and is durable"),
    EventKind.DELIVERED: Words("Một lượt gửi đã đến nền tảng", "One delivery has reached its platform"),
    EventKind.COMPLETED: Words(
        "Mọi lượt gửi của bản tin đã đến nơi", "All deliveries of a message have reached their platforms"
    ),
    EventKind.LATE: Words("Một lượt gửi bị chậm", "A delivery has been waiting for longer than it should"),
    EventKind.IN_DOUBT: Words(
        "Chưa rõ nền tảng đã nhận hay chưa, cần người kiểm tra",
        "Whether a delivery has arrived is not known, and a person has to find out",
    ),
    EventKind.DEAD: Words(
        "Nền tảng từ chối một lượt gửi, cần người quyết định", "A platform refused a delivery; a person has to decide"
    ),
    EventKind.WITHDRAWN: Words("Một lượt gửi đã được rút", "A delivery was withdrawn"),
    EventKind.EXPIRED: Words("Một lượt gửi bị bỏ vì quá hạn", "A delivery was given up because it was too old"),
}
_CHANNELS: dict[str, tuple[str | None, Words, Json]] = {
    "topic": (
        "hub.events",
        Words(
            "Chủ đề Kafka. Khóa bản ghi là mã hồ sơ, nên mọi sự kiện của một hồ sơ nằm trong một phân vùng theo seq.",
            "The Kafka topic. The record's key is the dossier's code, so that all events of a dossier lie in one "
            "partition, in order of seq.",
        ),
        {"servers": ["kafka"], "bindings": {"kafka": {"topic": "hub.events", "bindingVersion": "0.5.0"}}},
    ),
    "stream": (
        "/v1/events",
        Words(
            f"Luồng Server-Sent Events. Khi bị ngắt, kết nối lại với tiêu đề {LAST_EVENT_ID} là id cuối cùng đã xử lý; "
            "after=start để nhận từ đầu phần còn lưu. Chỉ có hồ sơ của các cơ quan được cấp quyền `events`. Lấy từng "
            "loạt: GET /v1/events/batch (xem /openapi.json).",
            f"A stream of server-sent events. After a break connect again with the header {LAST_EVENT_ID}, the last id "
            "that was dealt with; after=start begins with the oldest event that is kept. Only dossiers of the agencies "
            "of one's grant `events`. In batches: GET /v1/events/batch (see /openapi.json).",
        ),
        {"servers": ["hub"]},
    ),
    "callback": (
        None,
        Words(
            "Trục gọi POST tới địa chỉ mà hệ thống gửi đã đăng ký, về các bản tin của chính hệ thống đó. Trả lời 2xx "
            f"là đã nhận; ngoài ra trục gọi lại, giữ thứ tự. Kiểm tra {SIGNATURE_HEADER} trước khi tin nội dung.",
            "The hub posts to the address that a sending system registered, about that system's own messages. An "
            f"answer 2xx means received; anything else is tried again, in order. Check {SIGNATURE_HEADER} before "
            "believing the body.",
        ),
        {},
    ),
}
_SIGNATURE = Words(
    "sha256= và HMAC-SHA256 (hex) của toàn bộ nội dung với bí mật của callback.",
    "sha256= and the HMAC-SHA256 (hex) of the whole body under the callback's secret.",
)


def event_document() -> Json:
    """Return the whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": line(_TITLE), "version": "1.0.0", "description": text(_ABOUT)},
        "defaultContentType": MEDIA_TYPE,
        "servers": {
            "hub": {"host": "localhost:8080", "protocol": "http", "security": [_ref("securitySchemes", "apiKey")]},
            "kafka": {"host": "localhost:9092", "protocol": "kafka"},
        },
        "channels": {name: _channel(name) for name in _CHANNELS},
        "operations": {
            "publish": _operation("topic", Words("Phát lên Kafka", "Publish to Kafka")),
            "stream": _operation("stream", Words("Phát qua SSE", "Stream over SSE"), "GET"),
            "callBack": _operation("callback", Words("Gọi lại hệ thống gửi", "Call the sender back"), "POST"),
        },
        "components": {
            "messages": {kind.value: _message(kind) for kind in EventKind},
            "schemas": _schemas(),
            "securitySchemes": {"apiKey": security_scheme()},
        },
    }


def _channel(name: str) -> Json:
    address, words, rest = _CHANNELS[name]
    channel: Json = {"address": address, "description": text(words)}
    if "servers" in rest:
        channel["servers"] = [{"$ref": f"#/servers/{server}"} for server in rest["servers"]]
    if "bindings" in rest:
        channel["bindings"] = rest["bindings"]
    channel["messages"] = {kind.value: _ref("messages", kind.value) for kind in EventKind}
    return channel


def _operation(channel: str, words: Words, method: str = "") -> Json:
    operation: Json = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": line(words),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{kind.value}"} for kind in EventKind],
    }
    if method:
        operation["bindings"] = {"http": {"method": method, "bindingVersion": "0.3.0"}}
    return operation


def _message(kind: EventKind) -> Json:
    return {
        "name": kind.type,
        "title": line(_KINDS[kind]),
        "contentType": MEDIA_TYPE,
        "correlationId": {"location": "$message.payload#/data/message_id"},
        "headers": {
            "type": "object",
            "properties": {
                SIGNATURE_HEADER: {
                    "type": "string",
                    "pattern": "^sha256=[0-9a-f]{64}$",
                    "description": text(_SIGNATURE),
                }
            },
        },
        "payload": {
            "allOf": [
                _ref("schemas", DossierEvent.__name__),
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": kind.type},
                        "data": {"type": "object", "properties": {"state": {"const": kind.value}}},
                    },
                },
            ]
        },
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": kind.value, "payload": _example(kind)}],
    }


def _example(kind: EventKind) -> Json:
    """Return the example as an event of this kind: one about a whole message has no fields of a delivery."""
    data = {**EVENT["data"], "state": kind.value}
    if kind in (EventKind.ACCEPTED, EventKind.COMPLETED):
        for name in ("platform", "operation", "part", "code"):
            del data[name]
    if kind is EventKind.ACCEPTED:
        data["kind"] = "dossier"
    if kind is EventKind.LATE:
        del data["code"]
        data["since"] = EVENT["time"]
    return {**EVENT, "type": kind.type, "data": data}


def _schemas() -> Json:
    _, made = models_json_schema([(DossierEvent, "serialization")], ref_template="#/components/schemas/{model}")
    schemas: Json = made["$defs"]
    return {name: _open(described(name, schema)) for name, schema in sorted(schemas.items())}


def _open(schema: Json) -> Json:
    """Let a schema have further fields: a later hub may add some, and a reader must not refuse them."""
    return {name: value for name, value in schema.items() if name != "additionalProperties"}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
