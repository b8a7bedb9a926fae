"""The control port: reads the ledger, orders faults and accidents, ends sessions, changes passwords. Loopback only."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import orjson
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from ops.sandbox.door import Door, Wire
from ops.sandbox.exchange import Left, Reply, Request, TooLarge, json_reply, read_request, write_reply
from ops.sandbox.fault import Fault, FaultPlan, UnknownFault
from ops.sandbox.front import Front
from ops.sandbox.ledger import Filter, Ledger
from ops.sandbox.outage import Outage
from ops.sandbox.platform import NotOffered, Platform

_BODY_BYTES_MAX = 64 * 1024
_ROWS_MAX = 10_000
_ROWS = 1_000

Handler = Callable[[Request], Awaitable[Reply]]


class Unusable(Exception):
    """The order makes no sense; the text says why."""


class Control:
    """ASGI application of the control port; every answer is JSON and carries `"sandbox": "SANDBOX"`."""

    def __init__(
        self, platform: Platform, ledger: Ledger, faults: FaultPlan, front: Front, door: Door, outage: Outage
    ) -> None:
        self._platform = platform
        self._ledger = ledger
        self._faults = faults
        self._front = front
        self._door = door
        self._outage = outage
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "/ledger"): self._rows,
            ("GET", "/ledger/summary"): self._summary,
            ("GET", "/faults"): self._list_faults,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/sessions/expire"): self._expire_sessions,
            ("POST", "/credentials"): self._rotate,
            ("POST", "/book"): self._tamper,
            ("GET", "/state"): self._state,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one order."""
        wire: Wire = scope["extensions"]["sandbox"]
        try:
            request = await read_request(scope, receive, _BODY_BYTES_MAX, wire.name)
            reply = await self._answer(request)
        except Left:
            return
        except TooLarge:
            reply = _say({"error": f"the body is over {_BODY_BYTES_MAX} bytes"}, 413)
        await write_reply(send, reply)

    async def _answer(self, request: Request) -> Reply:
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            routes = [f"{method} {path}" for method, path in self._routes]
            return _say({"error": "no such order", "orders": routes}, 404)
        try:
            return await handler(request)
        except (Unusable, UnknownFault, NotOffered) as refused:
            return _say({"error": str(refused)}, 400)

    async def _rows(self, request: Request) -> Reply:
        query = _query(request, {"after", "limit", "kind", "key", "service"})
        limit = min(_number(query, "limit", _ROWS), _ROWS_MAX)
        wanted = Filter(query.get("kind"), query.get("key"), query.get("service"))
        lines = self._ledger.lines(wanted, _number(query, "after", 0), limit)
        following = lines[-1][0] if lines and len(lines) == limit else None
        rows = [orjson.Fragment(line) for _, line in lines]
        return _say({"rows": rows, "next_after": following, "last_seq": self._ledger.last_seq})

    async def _summary(self, _request: Request) -> Reply:
        return _say(
            {
                "rows": self._ledger.last_seq,
                "kinds": self._ledger.counts,
                "requests": dict(self._front.requests),
                "refusals": self._platform.refusals(),
            }
        )

    async def _list_faults(self, _request: Request) -> Reply:
        return _say({"faults": self._faults.listing()})

    async def _add_fault(self, request: Request) -> Reply:
        try:
            fault = Fault.model_validate_json(request.body)
        except ValidationError as refused:
            problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in refused.errors()]
            raise Unusable("; ".join(problems)) from None
        fault_id = self._faults.add(fault)
        if fault.kind == "down":
            await self._outage.begin(fault_id, fault.duration_s)
        return _say({"id": fault_id}, 201)

    async def _clear_faults(self, request: Request) -> Reply:
        query = _query(request, {"id"})
        if "id" in query:
            fault_id = _number(query, "id", 0)
            self._faults.remove(fault_id)
            await self._outage.end(fault_id)
        else:
            self._faults.clear()
            await self._outage.end(None)
        return _say({"faults": self._faults.listing()})

    async def _expire_sessions(self, _request: Request) -> Reply:
        return _say({"expired": self._platform.expire_sessions()})

    async def _rotate(self, request: Request) -> Reply:
        self._platform.rotate(_texts(request.body))
        return _say({"rotated": True})

    async def _tamper(self, request: Request) -> Reply:
        order = _texts(request.body)
        if not {"order", "key"} <= order.keys():
            raise Unusable("order and key are wanted")
        fields = {name: value for name, value in order.items() if name not in ("order", "key")}
        self._platform.tamper(order["order"], order["key"], fields)
        return _say({"done": True})

    async def _state(self, _request: Request) -> Reply:
        return _say(
            {
                "platform": self._platform.name,
                "open": self._door.is_open,
                "address": self._door.address,
                "faults": self._faults.listing(),
                "last_seq": self._ledger.last_seq,
                **self._platform.state(),
            }
        )


def _say(document: dict[str, object], status: int = 200) -> Reply:
    return json_reply({"sandbox": "SANDBOX", **document}, status)


def _query(request: Request, known: set[str]) -> dict[str, str]:
    query = dict(parse_qsl(request.query.decode("ascii", "replace")))
    if unknown := query.keys() - known:
        raise Unusable(f"unknown parameter {min(unknown)}; known are {', '.join(sorted(known))}")
    return query


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Unusable(f"{name} must be a whole number")
    return int(text)


def _texts(body: bytes) -> dict[str, str]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unusable("not JSON") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise Unusable("a JSON object of texts is wanted")
    return document
