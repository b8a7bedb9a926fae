"""The data side of a sandbox: takes requests in, lets faults strike, lets the platform act, sends replies out."""

import asyncio
from collections import Counter

from starlette.types import Receive, Scope, Send

from ops.sandbox.door import Wire
from ops.sandbox.exchange import Left, Reply, TooLarge, json_reply, read_request, wait_until_gone, write_reply
from ops.sandbox.fault import NOTHING, Call, Fault, FaultPlan
from ops.sandbox.platform import Platform


class Front:
    """ASGI application of the data port."""

    def __init__(self, platform: Platform, faults: FaultPlan) -> None:
        self._platform = platform
        self._faults = faults
        self.requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        wire: Wire = scope["extensions"]["sandbox"]
        try:
            request = await read_request(scope, receive, self._platform.body_bytes_max, wire.name)
        except Left:
            return
        except TooLarge:
            await write_reply(send, self._platform.too_large())
            return
        call = self._platform.read(request)
        self.requests[call.service] += 1
        drawn = self._faults.draw(call)
        if drawn is NOTHING:
            await write_reply(send, _act(call, None))
            return
        if drawn.delay_s and not await _hold(wire, drawn.delay_s):
            await wait_until_gone(receive)
            return
        await self._misbehave(call, drawn.fault, wire, receive, send)

    async def _misbehave(self, call: Call, fault: Fault | None, wire: Wire, receive: Receive, send: Send) -> None:
        match fault.kind if fault is not None else "":
            case "cut_before_acting":
                await _cut(wire, receive)
            case "drop_reply":
                _act(call, None)
                await _cut(wire, receive)
            case "truncate":
                await _send_half(_act(call, None), wire, receive, send)
            case "html":
                await write_reply(send, self._platform.firewall_page())
            case "status" if fault is not None:
                if fault.acts:
                    _act(call, None)
                await write_reply(send, _status_reply(fault))
            case "stall" if fault is not None:
                await _stall(call, fault, wire, receive, send)
            case _:
                await write_reply(send, _act(call, fault))


def _act(call: Call, fault: Fault | None) -> Reply:
    """Let the platform act; a full disk becomes a refusal, since an effect without a ledger row must not exist."""
    try:
        return call.act(fault)
    except OSError:
        return json_reply({"sandbox": "SANDBOX", "message": "the ledger cannot be written"}, 503)


async def _hold(wire: Wire, seconds: float) -> bool:
    """Wait; False when the door was shut meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await wire.down.wait()
    except TimeoutError:
        return True
    return False


async def _stall(call: Call, fault: Fault, wire: Wire, receive: Receive, send: Send) -> None:
    reply = None if fault.acts is False else _act(call, None)
    if not await _hold(wire, fault.hold_s):
        await wait_until_gone(receive)
    elif reply is None:
        await _cut(wire, receive)
    else:
        await write_reply(send, reply)


async def _cut(wire: Wire, receive: Receive) -> None:
    wire.cut()
    await wait_until_gone(receive)


async def _send_half(reply: Reply, wire: Wire, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.head})
    await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
    wire.hang_up()
    await wait_until_gone(receive)


def _status_reply(fault: Fault) -> Reply:
    headers = () if fault.retry_after_s is None else ((b"retry-after", str(fault.retry_after_s).encode()),)
    body = f"SANDBOX: HTTP {fault.status} on command\n".encode()
    return Reply(fault.status, body, b"text/plain; charset=utf-8", headers)
