"""The main job with real processes: a citizen is looked up, a dossier arrives at the portal, a kill changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.sandbox.remote import Remote
from tests.e2e.installation import Installed, install
from tests.e2e.processes import Running, Sandboxes, hub, listening, reserved_port, sandboxes

CODE = "H56.14-261122-0001"
QUERY = {
    "personal_number": "001000000001",
    "full_name": "Nguyễn Văn A",
    "birth_date": "2000-01-31",
    "procedure": "1.001193",
    "dossier_code": CODE,
    "purpose": "dossier-processing",
    "officer": "canbo01",
}
STEP = {
    "officer": "Lê Thị Bình",
    "position": "Công chức tư pháp - hộ tịch",
    "unit": "UBND phường Hạc Thành",
    "at": "2026-10-05T08:30:00+07:00",
    "content": "Tiếp nhận hồ sơ",
    "status": "accepted",
    "started_at": "2026-10-05T08:00:00+07:00",
}
SUBMISSION: dict[str, Any] = {
    "code": CODE,
    "revision": 1,
    "procedure": "1.001193",
    "status": "accepted",
    "channel": "online",
    "applicant": {"kind": "citizen", "name": "Nguyễn Văn A", "personal_number": "001000000001"},
    "summary": "Đăng ký khai sinh cho con",
    "processing_unit": "UBND phường Hạc Thành",
    "received_at": "2026-10-05T08:00:00+07:00",
    "progress": [STEP],
}
SETTLED_S_MAX = 30.0


class Site:
    """An installation with its sandboxes and a hub that tests may kill and start again."""

    def __init__(self, installed: Installed, running: Sandboxes, stack: AsyncExitStack) -> None:
        self.portal = Remote(running.portal_control)
        self.population = Remote(running.population_control)
        self.caller = _client(installed, installed.token)
        self.ungranted = _client(installed, installed.ungranted_token)
        self._installed = installed
        self._stack = stack
        self.process: Running

    async def start(self) -> None:
        """Start the hub."""
        log = self._installed.folder / "hub.log"
        self.process = await self._stack.enter_async_context(hub(self._installed.folder, log))
        await listening(self.process, self._installed.address)

    async def submit(self, submission: dict[str, Any], key: str) -> httpx.Response:
        """Send one state of a dossier."""
        return await self.caller.post("/v1/dossiers", json=submission, headers={"Idempotency-Key": key})

    async def settled(self) -> dict[str, Any]:
        """Return the timeline of the dossier once everything is delivered."""
        for _ in range(int(SETTLED_S_MAX / 0.1)):
            timeline: dict[str, Any] = (await self.caller.get(f"/v1/dossiers/{CODE}/timeline")).json()
            lines = [line for message in timeline.get("messages", ()) for line in message["deliveries"]]
            if lines and all(line["state"] == "delivered" for line in lines):
                return timeline
            await asyncio.sleep(0.1)
        raise AssertionError(f"not delivered in {SETTLED_S_MAX} s: {self.process.tail()}")

    async def effects(self) -> list[tuple[str, str]]:
        """Return (kind, status) of what the portal did, in order, look-ups left out."""
        rows = [row async for row in self.portal.rows()]
        return [
            (row["kind"], row["data"].get("TrangThaiHoSo") or row["data"]["TrangThai"])
            for row in rows
            if row["kind"] != "lookup"
        ]


def _client(installed: Installed, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=installed.address, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
    )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Everything up and running."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(reserved_port())
        running = await stack.enter_async_context(sandboxes(tmp_path / "sandbox"))
        made = Site(install(tmp_path / "installation", running.platforms, port), running, stack)
        for closing in (made.portal, made.population):
            stack.push_async_callback(closing.aclose)
        for client in (made.caller, made.ungranted):
            stack.push_async_callback(client.aclose)
        await made.start()
        yield made


async def test_the_main_job(site: Site) -> None:
    """Look-up, submission, delivery and timeline; an agency without a grant gets nothing; the stop is clean."""
    found = await site.caller.post("/v1/citizens/lookup", json=QUERY)
    refused = await site.ungranted.post("/v1/citizens/lookup", json=QUERY)
    receipt = await site.submit(SUBMISSION, "key-1")
    stranger = await site.ungranted.post("/v1/dossiers", json=SUBMISSION, headers={"Idempotency-Key": "key-2"})
    timeline = await site.settled()

    assert (200, "one") == (found.status_code, found.json()["match"])
    assert (403, "caller.no_grant") == (refused.status_code, refused.json()["code"])
    assert 1 == (await site.population.summary())["kinds"]["lookup"]
    assert (202, CODE) == (receipt.status_code, receipt.json()["dossier_code"])
    assert (403, "caller.no_grant") == (stranger.status_code, stranger.json()["code"])
    assert [receipt.json()["message_id"]] == [message["message_id"] for message in timeline["messages"]]
    assert [("dossier_created", "2"), ("progress", "2")] == await site.effects()
    assert 0 == await site.process.stop()


async def test_a_kill_loses_and_doubles_nothing(site: Site) -> None:
    """What was accepted while the portal was down arrives after kill -9 and a restart; a repeat gets its receipt."""
    outage = await site.portal.fault("down")
    first = await site.submit(SUBMISSION, "key-1")
    second = await site.submit({**SUBMISSION, "revision": 2, "status": "processing", "progress": []}, "key-2")
    await site.process.kill()
    await site.start()
    repeated = await site.submit(SUBMISSION, "key-1")
    await site.portal.clear_faults(outage)
    timeline = await site.settled()

    assert [202, 202, 202] == [each.status_code for each in (first, second, repeated)]
    assert first.json() == repeated.json()
    assert [1, 2] == [message["revision"] for message in timeline["messages"]]
    assert [("dossier_created", "2"), ("progress", "2"), ("dossier_updated", "4")] == await site.effects()
