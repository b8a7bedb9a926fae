"""A disk that fills up, fails or turns read-only under a running hub: it says so, loses nothing, and goes on after."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from hub.app.homes import open_homes
from hub.app.seams import Seams
from hub.settings import load
from tests.e2e.installation import Platforms, install
from tests.e2e.processes import Running, Sandboxes, listening, running, sandboxes
from tests.e2e.scarce_disk import LimitedDisk, ScarceDisk, give_rights, scarce_disk, take_rights
from tests.e2e.site import QUERY, Site, code_of, founded, submission

DISK_CODES = {"hub.disk_full", "hub.unavailable"}
DOUBT = "hub.in_doubt"
FULL_AFTER_MAX = 500
REFUSALS = 3
BACK_S_MAX = 10.0
_SAID_CHARS = 1_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ScarceDisk]:
    """A disk for the whole installation, its log lines included."""
    with scarce_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
async def platforms(tmp_path: Path) -> AsyncIterator[Sandboxes]:
    """Sandboxes, whose ledgers are on another disk."""
    async with sandboxes(tmp_path / "sandbox") as made:
        yield made


@asynccontextmanager
async def site_on(folder: Path, platforms: Sandboxes, disk_free_bytes_min: int) -> AsyncIterator[Site]:
    """Found an installation on a disk and start its hub, as a process that permissions bind."""
    changes = {"disk_free_bytes_min": str(disk_free_bytes_min)}
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(founded(folder / "installation", platforms, changes))
        site.process = await stack.enter_async_context(ordinary_hub(site.installed.folder))
        await listening(site.process, site.installed.address)
        yield site


@asynccontextmanager
async def ordinary_hub(folder: Path) -> AsyncIterator[Running]:
    """Run a hub that obeys permissions."""
    log = folder.with_suffix(".log")
    async with running(log, "tests.e2e.as_ordinary", "hub", "run", "--config", str(folder)) as process:
        yield process


class Sender:
    """Sends one dossier after the other and keeps what was acknowledged."""

    def __init__(self, site: Site) -> None:
        self.acknowledged: list[str] = []
        self._site = site
        self._number = 0

    async def some(self, count: int) -> None:
        """Send dossiers, all of which must be taken."""
        for _ in range(count):
            assert 202 == (await self._next()).status_code

    async def until_refused(self) -> list[httpx.Response]:
        """Send until some were refused, and return the refusals."""
        refused: list[httpx.Response] = []
        for _ in range(FULL_AFTER_MAX):
            answer = await self._next()
            if answer.status_code != 202:
                refused.append(answer)
            if len(refused) == REFUSALS:
                break
        return refused

    async def until_taken(self) -> None:
        """Send the last one again, with its key, until it is taken."""
        refused = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(BACK_S_MAX):
                while (answer := await self._again()).status_code != 202:
                    refused = answer.text
                    await asyncio.sleep(0.05)
                return
        raise AssertionError(f"still refused after {BACK_S_MAX} s: {refused}\n{self._site.process.tail()}")

    async def _next(self) -> httpx.Response:
        self._number += 1
        return await self._again()

    async def _again(self) -> httpx.Response:
        answer = await self._site.submit(submission(self._number))
        if answer.status_code == 202 and code_of(self._number) not in self.acknowledged:
            self.acknowledged.append(code_of(self._number))
        return answer


def require_refusals(refused: Sequence[httpx.Response], codes: set[str], process: Running) -> None:
    """Every refusal is a 503 with a time, and there are enough of them; one may be in doubt where a commit failed."""
    told = [answer.json() for answer in refused]
    assert [503] * REFUSALS == [answer.status_code for answer in refused]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert all(problem["retriable"] for problem in told)
    assert {problem["code"] for problem in told} - {DOUBT} <= codes, process.tail(_SAID_CHARS)


async def require_all_once(site: Site, acknowledged: Sequence[str]) -> None:
    """What was acknowledged arrives, in one dossier and one row of progress each; nothing else does."""
    await site.settled(acknowledged)
    effects = await site.effects()
    wanted = {(kind, code): 1 for code in acknowledged for kind in ("dossier_created", "progress")}
    assert wanted == {effect: count for effect, count in effects.items() if effect[1] in acknowledged}
    assert {1} == set(effects.values())


async def test_a_disk_that_fills_up_or_fails(disk: ScarceDisk, platforms: Sandboxes) -> None:
    """Three times in one life the files cannot be written: full, failing, read-only. Each time 503, then it goes on."""
    async with site_on(disk.folder, platforms, 0) as site:
        sender, failing, pid = Sender(site), LimitedDisk(disk.folder), site.process.pid
        await sender.some(3)
        await site.settled(sender.acknowledged[:1])  # so that its timeline can be told on a full disk

        outage = await site.portal.fault("down")
        await sender.some(3)
        disk.exhaust(pid)
        await site.portal.clear_faults(outage)
        full = await sender.until_refused()
        asked = await site.caller.post("/v1/citizens/lookup", json=QUERY)
        alive = await site.caller.get("/healthz")
        disk.relieve(pid)
        await sender.until_taken()

        failing.exhaust(pid)
        broken = await sender.until_refused()
        told = await site.caller.get(f"/v1/dossiers/{sender.acknowledged[0]}/timeline")
        take_rights(site.home)
        failing.relieve(pid)
        read_only = await sender.until_refused()
        give_rights(site.home)
        await sender.until_taken()

        await require_all_once(site, sender.acknowledged)
        ready = await site.caller.get("/readyz")
        assert (0, 0) == (await site.process.stop(), (await site.population.summary())["kinds"].get("lookup", 0))

    require_refusals(full, {disk.refusal}, site.process)
    require_refusals(broken, DISK_CODES, site.process)
    require_refusals(read_only, {"hub.unavailable"}, site.process)
    assert (503, disk.refusal) == (asked.status_code, asked.json()["code"])
    assert (200, 200, 200) == (alive.status_code, told.status_code, ready.status_code)
    assert "the file, or its folder, cannot be written" in site.process.tail(_SAID_CHARS)


async def test_the_hub_refuses_before_the_disk_is_full(disk: ScarceDisk, platforms: Sandboxes) -> None:
    """Below the minimum nothing is accepted, while what was accepted is delivered; above it all is as before."""
    async with site_on(disk.folder, platforms, disk.free_bytes_min) as site:
        sender = Sender(site)
        outage = await site.portal.fault("down")
        await sender.some(3)

        disk.squeeze()
        await asyncio.sleep(0.3)  # the guard looks five times a second
        refused = await sender.until_refused()
        unready = await site.caller.get("/readyz")
        await site.portal.clear_faults(outage)
        await require_all_once(site, sender.acknowledged)

        disk.relieve(site.process.pid)
        await sender.until_taken()
        await require_all_once(site, sender.acknowledged)
        ready = await site.caller.get("/readyz")

    require_refusals(refused, {"hub.disk_full"}, site.process)
    assert (503, "hub.disk_full") == (unready.status_code, unready.json()["checks"]["disk"])
    assert 200 == ready.status_code


CLOSED = ("data", "store.db")


async def test_a_start_that_cannot_write_says_so_once(tmp_path: Path) -> None:
    """One line that names the file, or the folder, and exit code 1; no trace."""
    folders = [await closed_installation(tmp_path / name, name) for name in CLOSED]

    ends = await asyncio.gather(*map(refused_start, folders))

    for name, folder, (code, lines) in zip(CLOSED, folders, ends, strict=True):
        (folder / "data").chmod(0o700)
        assert (1, 1) == (code, len(lines)), lines
        assert name in lines[0]


async def closed_installation(folder: Path, closed: str) -> Path:
    """Return an installation that has its files, of which one, or the folder, cannot be written."""
    nobody = Platforms(portal="http://127.0.0.1:9", population="http://127.0.0.1:9")
    installation = install(folder, nobody, 0).folder
    async with AsyncExitStack() as stack:
        await open_homes(load(installation, environ={}).hub, Seams(), stack)
    data = installation / "data"
    spoilt, mode = (data, 0o500) if closed == "data" else (data / closed, 0o400)
    spoilt.chmod(mode)
    return installation


async def refused_start(installation: Path) -> tuple[int | None, list[str]]:
    """Start a hub and return its exit code and what it said."""
    async with ordinary_hub(installation) as process:
        return await process.wait(60), process.tail().splitlines()
