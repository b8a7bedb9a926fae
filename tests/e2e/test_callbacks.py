"""A real hub calls a sender back: what was withdrawn is told once, signed, after the sender was away."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.e2e.site import Site, code_of, opened, submission

SECRET = "a secret of sixteen and more"
CODE = code_of(1)
_TOLD_S_MAX = 60.0


class Receiver:
    """A one-stop system on this machine; it answers 503 as long as it is `away`."""

    def __init__(self) -> None:
        self.away = True
        self.refused = 0
        self.heard: list[dict[str, Any]] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Take calls."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        expected = hmac.new(SECRET.encode(), body, sha256).hexdigest()
        assert f"sha256={expected}" == headers["hub-signature-256"]
        if self.away:
            self.refused += 1
        else:
            self.heard.append(json.loads(body))
        status = b"503 Away" if self.away else b"204 Heard"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


def _configure(site: Site, receiver: Receiver) -> None:
    folder = site.installed.folder
    secret = folder / "secrets" / "callback.key"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    file = folder / "systems.yaml"
    text = file.read_text(encoding="utf-8")
    old = "    system: mot-cua\n"
    assert 1 == text.count(old)
    callback = (
        f"    callback:\n      url: http://127.0.0.1:{receiver.port}/x\n      secret: file:secrets/callback.key\n"
    )
    file.write_text(text.replace(old, old + callback), encoding="utf-8")


async def _until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(_TOLD_S_MAX):
        while not there():  # noqa: ASYNC110 - others bring it about
            await asyncio.sleep(0.1)


async def test_the_sender_hears_what_became_of_its_message(tmp_path: Path) -> None:
    """Over a kill of the hub while the sender is away; nothing else is told, and nothing twice."""
    receiver = Receiver()
    async with receiver.listening(), opened(tmp_path) as site:
        _configure(site, receiver)
        await site.start()
        await site.portal.fault("down")
        assert (await site.submit(submission(1, 1, progress=[]))).is_success
        assert (await site.submit(submission(1, 2, progress=[]))).is_success
        withdrawn = await site.caller.post(
            f"/v1/dossiers/{CODE}/withdrawal",
            json={"revision": 3, "reason": "applicant_request"},
            headers={"Idempotency-Key": "w3"},
        )
        assert withdrawn.is_success, withdrawn.text
        await _until(lambda: receiver.refused)
        await site.process.kill()
        receiver.away = False
        await site.start()
        await _until(lambda: receiver.heard)
        await asyncio.sleep(1)
        assert 0 == await site.process.stop()

    assert {"withdrawn"} == {event["data"]["state"] for event in receiver.heard}
    assert {CODE} == {event["subject"] for event in receiver.heard}
    assert len({event["id"] for event in receiver.heard}) == len(receiver.heard)
