"""One place with everything in it: sandboxes, an installation, and a hub that tests may end and start again."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from ops.sandbox.remote import Remote
from tests.e2e.installation import Installed, install
from tests.e2e.processes import Running, Sandboxes, hub, listening, reserved_port, sandboxes

SETTLED_S_MAX = 40.0
_LOOK_EVERY_S = 0.05

QUERY: Mapping[str, Any] = {
    "personal_number": "001000000001",
    "full_name": "Nguyễn Văn A",
    "birth_date": "2000-01-31",
    "procedure": "1.001193",
    "dossier_code": "H56.14-261122-0001",
    "purpose": "dossier-processing",
    "officer": "canbo01",
}
"""A lookup that the sandbox answers with one person."""


def code_of(number: int) -> str:
    """Return the code of the dossier of that number."""
    return f"H56.14-261122-{number:04d}"


def submission(number: int = 1, revision: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a lawful state of a dossier, with changes. It owes the portal one dossier and one row of progress."""
    step = {
        "officer": "Lê Thị Bình",
        "position": "Công chức tư pháp - hộ tịch",
        "unit": "UBND phường Hạc Thành",
        "at": "2026-10-05T08:30:00+07:00",
        "content": "Tiếp nhận hồ sơ",
        "status": "accepted",
        "started_at": "2026-10-05T08:00:00+07:00",
    }
    return {
        "code": code_of(number),
        "revision": revision,
        "procedure": "1.001193",
        "status": "accepted",
        "channel": "online",
        "applicant": {"kind": "citizen", "name": "Nguyễn Văn A", "personal_number": "001000000001"},
        "summary": "Đăng ký khai sinh cho con",
        "processing_unit": "UBND phường Hạc Thành",
        "received_at": "2026-10-05T08:00:00+07:00",
        "progress": [step],
        **changes,
    }


class Site:
    """An installation with its sandboxes; `process` is the hub once it was started."""

    def __init__(self, installed: Installed, platforms: Sandboxes, stack: AsyncExitStack) -> None:
        self.installed = installed
        self.platforms = platforms.platforms
        self.portal = Remote(platforms.portal_control)
        self.population = Remote(platforms.population_control)
        self.caller = _client(installed, installed.token)
        self.ungranted = _client(installed, installed.ungranted_token)
        self.process: Running
        self._stack = stack
        self._lives = 0
        for closing in (self.portal, self.population, self.caller, self.ungranted):
            stack.push_async_callback(closing.aclose)

    @property
    def home(self) -> Path:
        """Where the hub keeps its files, unless its configuration says otherwise."""
        return self.installed.folder / "data"

    async def start(self) -> None:
        """Start the hub and wait until its door takes connections."""
        self.process = await self.launch()
        await listening(self.process, self.installed.address)

    async def launch(self, folder: Path | None = None) -> Running:
        """Start a hub, of this installation or of another folder, and do not wait for it; each life has its own log."""
        self._lives += 1
        folder = folder or self.installed.folder
        return await self._stack.enter_async_context(hub(folder, folder / f"hub-{self._lives}.log"))

    async def submit(self, document: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """Send one state of a dossier; its key follows from code and revision unless one is given."""
        headers = {"Idempotency-Key": key or f"{document['code']}-{document['revision']}"}
        return await self.caller.post("/v1/dossiers", json=document, headers=headers)

    async def settled(self, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the timelines of dossiers once everything that they owe is delivered."""
        async with asyncio.timeout(SETTLED_S_MAX):
            return {code: await self._settled(code) for code in codes}

    async def timeline(self, code: str) -> dict[str, Any]:
        """Return everything known of a dossier; empty when it is unknown."""
        answer = await self.caller.get(f"/v1/dossiers/{code}/timeline")
        found: dict[str, Any] = answer.json() if answer.is_success else {}
        return found

    async def effects(self, codes: Collection[str] | None = None) -> Counter[tuple[str, str]]:
        """Count what the portal did by (kind, dossier code), for all dossiers or some; look-ups left out."""
        done = [(row["kind"], row["key"]) async for row in self.portal.rows() if row["kind"] != "lookup"]
        return Counter((kind, code) for kind, code in done if codes is None or code in codes)

    async def refusals(self) -> Counter[str]:
        """Count the refusals of this hub process by problem code."""
        return Counter(await self.counted("hub_refused_total", "code"))

    async def counted(self, family: str, label: str) -> dict[str, int]:
        """Return a counter of the metrics page, summed by one label."""
        page = (await self.caller.get("/metrics")).text
        found: Counter[str] = Counter()
        for line in page.splitlines():
            if line.startswith(f"{family}{{"):
                labels, _, value = line.removeprefix(family).rpartition(" ")
                found[labels.partition(f'{label}="')[2].partition('"')[0]] += round(float(value))
        return dict(found)

    async def accepted(self) -> int:
        """Return how many messages this installation has accepted, as its live page says."""
        return int((await self.caller.get("/v1/overview")).json()["accepted"])

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines of this life of the hub so far."""
        return [json.loads(line) for line in self.process.log.read_text(encoding="utf-8").splitlines()]

    async def _settled(self, code: str) -> dict[str, Any]:
        while True:
            timeline = await self.timeline(code)
            lines = [line for message in timeline.get("messages", ()) for line in message["deliveries"]]
            if lines and all(line["state"] == "delivered" for line in lines):
                return timeline
            await asyncio.sleep(_LOOK_EVERY_S)


@asynccontextmanager
async def opened(folder: Path, changes: Mapping[str, str] | None = None) -> AsyncIterator[Site]:
    """Run sandboxes and found an installation that is pointed at them; its hub is not started yet."""
    async with sandboxes(folder / "sandbox") as platforms, founded(folder / "installation", platforms, changes) as site:
        yield site


@asynccontextmanager
async def founded(folder: Path, platforms: Sandboxes, changes: Mapping[str, str] | None = None) -> AsyncIterator[Site]:
    """Found an installation that is pointed at running sandboxes."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(reserved_port())
        yield Site(install(folder, platforms.platforms, port, changes), platforms, stack)


def _client(installed: Installed, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=installed.address, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
    )
