"""Reading requests: headers, a bounded body, and a model from strict JSON."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Receive

from hub.errors import BrokenRule, CallerError, Invalid, Malformed, TooLarge, Unauthenticated
from hub.ingress.broken_fields import broken_rules
from hub.ingress.json_place import path_at, safe_name

IDEMPOTENCY_HEADER = "Idempotency-Key"
VALUES_MAX = 10_000
"""Values in one body; the largest lawful submission has about 3,000."""

HEAVY_BYTES = 32 * 1024
"""From this size on a body is weighed before it is read."""

_SCHEME = "bearer "
_LENGTH_DIGITS_MAX = 18
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~:/=@]{1,128}")
_JSON_TYPE = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
_PLACE = re.compile(r"at line (\d+) column (\d+)")

AnyModel = TypeVar("AnyModel", bound=BaseModel)


class NotJson(Malformed):
    """The body is no JSON; `path`, `line` and `column` say where it stops being it."""

    def __init__(self, path: str, line: int, column: int) -> None:
        super().__init__(f"{path}, line {line}, column {column}")
        self.path = path
        self.line = line
        self.column = column


def bearer_token(request: Request) -> str:
    """Return the API key of the Authorization header. Unauthenticated when there is none."""
    given = request.headers.get("authorization", "")
    if not given.lower().startswith(_SCHEME):
        raise Unauthenticated("no bearer key")
    return given[len(_SCHEME) :].strip()


def idempotency_key(request: Request) -> str:
    """Return the key of a write. CallerError when it is missing, Invalid when it is not 1-128 printable characters."""
    return checked_key(request.headers.get(IDEMPOTENCY_HEADER), IDEMPOTENCY_HEADER)


def checked_key(key: str | None, place: str) -> str:
    """Return the key of a write that stood at a place. Errors as for `idempotency_key`."""
    if not key:
        raise CallerError("no idempotency key", code="caller.key_missing")
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Invalid([BrokenRule(place, "pattern")])
    return key


def read_query(request: Request, *names: str) -> dict[str, str]:
    """Return the parameters of the address. Invalid when one is not among the names, or comes twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in names:
            raise Invalid([BrokenRule(safe_name(name), "unknown_field")])
        if name in found:
            raise Invalid([BrokenRule(name, "duplicate_field")])
        found[name] = value
    return found


def require_json(request: Request) -> None:
    """Pass when the body is declared as plain UTF-8 JSON, or raise CallerError."""
    declared = _JSON_TYPE.fullmatch(request.headers.get("content-type", ""))
    if not declared or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise CallerError("not declared as JSON", code="caller.media_type")


async def read_body(request: Request, body_bytes_max: int, body_wait_s: float) -> bytes:
    """Return the whole body. TooLarge as soon as it is too large; CallerError when it does not come in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _LENGTH_DIGITS_MAX or int(declared) > body_bytes_max):
        raise TooLarge("declared length")
    try:
        async with asyncio.timeout(body_wait_s):
            return await _received(request.receive, body_bytes_max)
    except TimeoutError:
        raise CallerError("slow body", code="caller.slow") from None


async def _received(receive: Receive, body_bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the caller left")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > body_bytes_max:
            raise TooLarge("received length")
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def read_model(model: type[AnyModel], body: bytes) -> AnyModel:
    """Return the model that the body states. Errors: NotJson, Invalid, TooLarge (too many values)."""
    if len(body) > HEAVY_BYTES:
        _weigh(body)
    try:
        read = model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _refusal(error, body) from None
    if twice := _named_twice(body):
        raise Invalid([BrokenRule(twice, "duplicate_field")])
    return read


def _refusal(error: ValidationError, body: bytes) -> CallerError:
    problems = error.errors(include_url=False, include_input=False)
    if problems[0]["type"] != "json_invalid":
        return Invalid(broken_rules(problems))
    place = _PLACE.search(problems[0]["msg"])
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    return NotJson(path_at(body, line, column), line, column)


def _weigh(body: bytes) -> None:
    """Refuse a body of very many values: naming what is wrong with each would hold up everybody else."""
    try:
        waiting = [orjson.loads(body)]
    except orjson.JSONDecodeError:
        return
    seen = 0
    while waiting:
        value = waiting.pop()
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        seen += len(children)
        if seen > VALUES_MAX:
            raise TooLarge("number of values")
        waiting.extend(child for child in children if isinstance(child, dict | list))


@dataclass(frozen=True, slots=True)
class _Twice:
    """Stands in the parsed text for an object that states the field `name` twice."""

    name: str


class _StatedTwice(Exception):
    """Some object states a field twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _StatedTwice
    return members


def _once_or_marked(pairs: list[tuple[str, object]]) -> object:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    return dict(pairs) if twice is None else _Twice(twice)


_STRICT = json.JSONDecoder(object_pairs_hook=_once)
_MARKING = json.JSONDecoder(object_pairs_hook=_once_or_marked)


def _named_twice(body: bytes) -> str | None:
    """Return the path of a field that one object states twice: which one is meant, nobody can tell (RFC 8259, 4)."""
    text = body.decode()
    try:
        _STRICT.decode(text)
    except _StatedTwice:
        return next(_twice_in(_MARKING.decode(text), ()))
    return None


def _twice_in(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, _Twice):
        yield ".".join((*path, safe_name(value.name)))
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _twice_in(child, (*path, safe_name(name)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _twice_in(child, (*path, str(index)))
