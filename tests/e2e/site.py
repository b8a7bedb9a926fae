"""One place with everything in it: sandboxes, an installation, and a hub that tests may end and start again."""

import asyncio
import json
import ssl
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from hub.settings import load
from ops.sandbox.remote import Remote
from tests.e2e.homes import EMBEDDED, Home
from tests.e2e.installation import Installed, install
from tests.e2e.processes import (
    START_S_MAX,
    Running,
    Sandboxes,
    environment_of_children,
    hub,
    listening,
    reserved_port,
    sandboxes,
)

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
    """An installation with its sandboxes; `process` is the hub once it was started.

    On the shared home it is the process that keeps the door, with the `workers` beside it.
    """

    def __init__(
        self, installed: Installed, platforms: Sandboxes, stack: AsyncExitStack, workers_at: Sequence[str] = ()
    ) -> None:
        self.installed = installed
        self.platforms = platforms.platforms
        self.portal = Remote(platforms.portal_control)
        self.population = Remote(platforms.population_control)
        self.caller = _client(installed, installed.token)
        self.ungranted = _client(installed, installed.ungranted_token)
        self.process: Running
        self.workers: list[Running] = []
        self._workers_at = workers_at
        self._stack = stack
        self._lives = 0
        for closing in (self.portal, self.population, self.caller, self.ungranted):
            stack.push_async_callback(closing.aclose)

    @property
    def home(self) -> Path:
        """Where the hub keeps its files, unless its configuration says otherwise."""
        return self.installed.folder / "data"

    async def start(self) -> None:
        """Start the hub and wait until its door takes connections, and its workers have shared out the partitions."""
        self.process = await self.launch()
        self.workers = [await self._worker(number, at) for number, at in enumerate(self._workers_at, 1)]
        await listening(self.process, self.installed.address)
        for worker, at in zip(self.workers, self._workers_at, strict=True):
            await listening(worker, at)
        if self.workers:
            async with asyncio.timeout(START_S_MAX):
                await self._shared_out()

    async def kill(self) -> None:
        """End all processes of the hub as kill -9 does."""
        for process in (self.process, *self.workers):
            await process.kill()

    async def stop(self) -> int:
        """Ask all processes of the hub to end, and return the exit code of one that did not end well, or 0."""
        codes = await asyncio.gather(*(process.stop() for process in (self.process, *self.workers)))
        return next((code for code in codes if code), 0)

    async def launch(self, folder: Path | None = None) -> Running:
        """Start a hub, of this installation or of another folder, and do not wait for it; each life has its own log."""
        self._lives += 1
        folder = folder or self.installed.folder
        role = "api" if self._workers_at else "run"
        return await self._stack.enter_async_context(hub(folder, folder / f"hub-{self._lives}.log", role))

    async def _worker(self, number: int, address: str) -> Running:
        folder, name = self.installed.folder, f"worker-{number}"
        options = ("--name", name, "--listen", address.removeprefix("http://"))
        log = folder / f"hub-{self._lives}-{name}.log"
        return await self._stack.enter_async_context(hub(folder, log, "worker", *options))

    async def submit(self, document: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """Send one state of a dossier; its key follows from code and revision unless one is given."""
        headers = {"Idempotency-Key": key or f"{document['code']}-{document['revision']}"}
        return await self.caller.post("/v1/dossiers", json=document, headers=headers)

    async def command(self, token: str, *arguments: str) -> str:
        """Run a command of the hub with an API key, and return what it printed; it must end well."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub",
            *arguments,
            "--config",
            str(self.installed.folder),
            stdout=PIPE,
            stderr=PIPE,
            env={**environment_of_children(), "HUB_API_KEY": token},
        )
        said, complained = await process.communicate()
        assert 0 == process.returncode, complained.decode()
        return said.decode()

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
        """Count the refusals of this life of the hub by problem code."""
        return Counter(await self.counted("hub_refused_total", "code"))

    async def counted(self, family: str, label: str) -> dict[str, int]:
        """Return a counter of the metrics pages of all processes, summed by one label."""
        pages = [(await self.caller.get(f"{at}/metrics")).text for at in (self.installed.address, *self._workers_at)]
        found: Counter[str] = Counter()
        for line in "\n".join(pages).splitlines():
            if line.startswith(f"{family}{{"):
                labels, _, value = line.removeprefix(family).rpartition(" ")
                found[labels.partition(f'{label}="')[2].partition('"')[0]] += round(float(value))
        return dict(found)

    async def accepted(self) -> int:
        """Return how many messages this installation has accepted, as its live page says."""
        return int((await self.caller.get("/v1/overview")).json()["accepted"])

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines of this life of the hub so far, or of its door."""
        return [json.loads(line) for line in self.process.log.read_text(encoding="utf-8").splitlines()]

    async def _shared_out(self) -> None:
        """Return when each worker has partitions and none is left over: what comes then changes hands no more."""
        partitions = load(self.installed.folder, environ={}).hub.limits.partitions
        while True:
            shares = [await self._partitions(f"worker-{number}") for number, _ in enumerate(self.workers, 1)]
            if all(shares) and sum(shares) == partitions:
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _partitions(self, name: str) -> int:
        """Return how many partitions a worker says that it has."""
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading trusted roots costs 50 ms
        socket = httpx.AsyncHTTPTransport(uds=str(self.home / "run" / f"{name}.sock"), verify=nobody)
        async with httpx.AsyncClient(transport=socket, base_url="http://hub") as client:
            return len((await client.get("/status")).json()["partitions"])

    async def _settled(self, code: str) -> dict[str, Any]:
        while True:
            timeline = await self.timeline(code)
            lines = [line for message in timeline.get("messages", ()) for line in message["deliveries"]]
            if lines and all(line["state"] == "delivered" for line in lines):
                return timeline
            await asyncio.sleep(_LOOK_EVERY_S)


@asynccontextmanager
async def opened(folder: Path, changes: Mapping[str, str] | None = None, home: Home = EMBEDDED) -> AsyncIterator[Site]:
    """Run sandboxes and found an installation that is pointed at them; its hub is not started yet."""
    async with (
        sandboxes(folder / "sandbox") as platforms,
        founded(folder / "installation", platforms, changes, home) as site,
    ):
        yield site


@asynccontextmanager
async def founded(
    folder: Path, platforms: Sandboxes, changes: Mapping[str, str] | None = None, home: Home = EMBEDDED
) -> AsyncIterator[Site]:
    """Found an installation that is pointed at running sandboxes."""
    async with AsyncExitStack() as stack:
        port, *others = (stack.enter_context(reserved_port()) for _ in range(1 + home.workers))
        installed = install(folder, platforms.platforms, port, {**(changes or {}), **await home.changes()})
        await home.furnish(installed)
        site = Site(installed, platforms, stack, [f"http://127.0.0.1:{other}" for other in others])
        yield site
        if site.workers:
            await site.stop()  # who leaves in good order leaves no partitions for the next to wait for


def _client(installed: Installed, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=installed.address, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
    )
