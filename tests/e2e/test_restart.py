"""A hub that is stopped, killed, robbed of a file or started twice keeps what it acknowledged, or does not start."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from hub.app.homes import open_homes
from hub.app.seams import Seams
from hub.app.upkeep import adopt
from hub.errors import ConfigInvalid
from hub.settings import load
from tests.e2e.installation import Installed, replace_value
from tests.e2e.processes import Running, Sandboxes, sandboxes
from tests.e2e.raw import head
from tests.e2e.site import Site, code_of, founded, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

STOP_S_MAX = 10.0
"""A stop with calls under way of `CALL_S` each takes less than this on a slow machine."""
CALL_S = 0.7
DOSSIERS = 50
AS_GIVEN = "000.00.14.H56-261122-0003"
"""The dossier `code_of(3)` in the other spelling."""

STOPPED = [code_of(number) for number in range(1000, 1006)]
KILLED = [code_of(number) for number in range(2000, 2000 + DOSSIERS)]

LOGS = shutil.ignore_patterns("*.log", "*.sock")
Effects = Counter[tuple[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platforms(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandboxes]:
    """Sandboxes for all tests, each of which has dossiers of its own."""
    async with sandboxes(tmp_path_factory.mktemp("restart") / "sandbox") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, platforms: Sandboxes) -> AsyncIterator[Site]:
    """An installation; no hub runs yet."""
    async with founded(tmp_path / "installation", platforms) as made:
        yield made


def once_each(codes: Iterable[str]) -> Effects:
    """What the portal has done when each dossier has arrived once."""
    return Counter((kind, code) for code in codes for kind in ("dossier_created", "progress"))


# --- stop and kill ---------------------------------------------------------------------------------------------------


async def test_a_stop_leaves_nothing_in_doubt(site: Site) -> None:
    """SIGTERM amid calls and half-open connections: exit code 0 soon, no inquiry and no repeat in the next life."""
    await site.start()
    await site.portal.fault("delay", delay_s=CALL_S)
    first, second = Sender(site), Sender(site)
    await first.send(STOPPED)
    await until(lambda: site.counted("hub_tries_total", "outcome_class"))
    async with half_open(site):
        started_s = time.monotonic()
        ended = await site.process.stop()
        took_s = time.monotonic() - started_s

    await site.portal.clear_faults()
    await site.start()
    timelines = await site.settled(STOPPED)
    await second.send(STOPPED)

    assert 0 == ended
    assert took_s < STOP_S_MAX
    assert first.receipts == second.receipts
    assert {} == await site.counted("hub_inquiries_total", "platform")
    assert not any(line["possibly_doubled"] for each in timelines.values() for line in deliveries(each))
    assert once_each(STOPPED) == await site.effects(STOPPED)


async def test_a_kill_in_the_middle_of_fifty_dossiers(site: Site) -> None:
    """A kill -9 amid the work: every dossier arrives once, and every repeat has the receipt of the first time."""
    await site.start()
    sender = Sender(site)
    sending = asyncio.create_task(sender.send(KILLED))
    await until(lambda: enough(site))
    await site.process.kill()
    before = dict(sender.receipts)
    await site.start()
    await sending
    timelines = await site.settled(KILLED)
    again = Sender(site)
    await again.send(KILLED)

    assert 0 < len(before) < DOSSIERS
    assert before.items() <= sender.receipts.items()
    assert sender.receipts == again.receipts
    assert once_each(KILLED) == undoubled(await site.effects(KILLED), timelines)
    assert 0 == await site.process.stop()


# --- files that are gone or old --------------------------------------------------------------------------------------


PAST = [submission(1), submission(2), submission(2, 2, status="processing", progress=[]), submission(3, code=AS_GIVEN)]
PAST_CODES = {code_of(1), code_of(2), code_of(3)}
"""As the hub tells them; the portal knows the third as `AS_GIVEN`."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a hub has left: its files, those of its founding, what it told of its dossiers, and how its rival ended."""

    installed: Installed
    founding: Path
    pid: int
    rival: tuple[int | None, list[str]]
    timelines: dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def past(tmp_path_factory: pytest.TempPathFactory, platforms: Sandboxes) -> AsyncIterator[Past]:
    """A hub that has worked and was stopped: three dossiers, one of them twice and one in the other spelling."""
    folder = tmp_path_factory.mktemp("past")
    async with founded(folder / "installation", platforms) as site:
        async with AsyncExitStack() as stack:
            homes = await open_homes(load(site.installed.folder, environ={}).hub, Seams(), stack)
            await homes.kinship.adopt()
        shutil.copytree(site.home, folder / "founding")
        await site.start()
        assert {202} == {(await site.submit(each)).status_code for each in PAST}
        rival = await ended(await site.launch(second_home(site, folder / "rival")))
        timelines = await site.settled(PAST_CODES)
        assert 0 == await site.process.stop()
        yield Past(site.installed, folder / "founding", site.process.pid, rival, timelines)


def second_home(site: Site, folder: Path) -> Path:
    """Return an installation with a door of its own on the files of another one."""
    shutil.copytree(site.installed.folder, folder, ignore=LOGS)
    replace_value(folder / "hub.yaml", "home", str(site.home))
    replace_value(folder / "hub.yaml", "listen", "127.0.0.1:0")
    return folder


@pytest_asyncio.fixture(loop_scope="module")
async def heir(past: Past, platforms: Sandboxes, tmp_path: Path) -> AsyncIterator[Site]:
    """A copy of what the hub has left, for a test to spoil."""
    shutil.copytree(past.installed.folder, tmp_path / "heir", ignore=LOGS)
    async with AsyncExitStack() as stack:
        yield Site(replace(past.installed, folder=tmp_path / "heir"), platforms, stack)


async def test_a_lost_store_is_built_again_from_the_log(past: Past, heir: Site) -> None:
    """The timelines are back as they were, nothing is sent twice, and dossiers go on under their first spelling.

    The keys of earlier requests are lost with the store, so that a repeat is told that its revision was there before.
    """
    before = await heir.effects()
    for file in heir.home.glob("store.db*"):
        file.unlink()
    await heir.start()
    timelines = {code: await heir.timeline(code) for code in PAST_CODES}
    repeated = [await heir.submit(each) for each in PAST]
    later = await heir.submit(submission(3, 2, status="processing", progress=[]))
    async with asyncio.timeout(20):
        while not await heir.effects() - before:  # noqa: ASYNC110 - the portal is another process
            await asyncio.sleep(0.05)
    await heir.settled(PAST_CODES)

    assert past.timelines == timelines
    assert {(409, "caller.revision_backwards")} == {refusal(answer) for answer in repeated}
    assert (202, AS_GIVEN) == (later.status_code, later.json()["dossier_code"])
    assert Counter({("dossier_updated", AS_GIVEN): 1}) == await heir.effects() - before


async def test_a_log_older_than_the_store_is_refused(past: Past, heir: Site) -> None:
    """One line with what to do, exit code 1; the store is not touched."""
    shutil.copy(past.founding / "log.db", heir.home / "log.db")
    store = (heir.home / "store.db").read_bytes()

    code, (line,) = await ended(await heir.launch())

    assert 1 == code
    assert "do not belong together. Restore log, store and keys from the same copy" in line
    assert store == (heir.home / "store.db").read_bytes()
    with pytest.raises(ConfigInvalid, match="the store has seen offset"):
        await adopt(load(heir.installed.folder, environ={}))


async def test_a_log_without_its_keys_is_refused(past: Past, heir: Site) -> None:
    """One line, exit code 1, however often, be all keys lost or the newer ones: what waits would die unopened."""
    await heir.start()
    assert 202 == (await heir.submit(submission(7000))).status_code
    await heir.settled([code_of(7000)])
    await heir.stop()
    keys = (heir.home / "keys.db").read_bytes()

    for older in (None, past.installed.folder / "data" / "keys.db"):
        (heir.home / "keys.db").unlink()
        if older is not None:
            shutil.copy(older, heir.home / "keys.db")
        for _ in range(2):
            code, (line,) = await ended(await heir.launch())
            assert 1 == code
            assert "keys which the key store does not know" in line

    (heir.home / "keys.db").write_bytes(keys)
    await heir.start()


async def test_what_lost_keys_sealed_is_given_up_by_order(past: Past, heir: Site) -> None:
    """With an older key store that was adopted, what waited is a dead letter, and what comes is delivered."""
    await heir.start()
    outage = await heir.portal.fault("down")
    assert 202 == (await heir.submit(submission(7001))).status_code
    await heir.stop()
    (heir.home / "keys.db").unlink()
    shutil.copy(past.installed.folder / "data" / "keys.db", heir.home / "keys.db")

    given_up = await adopt(load(heir.installed.folder, environ={}))
    await heir.portal.clear_faults(outage)
    await heir.start()
    assert 202 == (await heir.submit(submission(7002))).status_code
    await heir.settled([code_of(7002)])

    assert 1 == given_up
    assert once_each([code_of(7002)]) == await heir.effects([code_of(7001), code_of(7002)])
    first = deliveries(await heir.timeline(code_of(7001)))[0]
    assert ("dead", "hub.unsealable") == (first["state"], first["code"])


async def test_a_store_older_than_the_log_is_refused_until_it_is_adopted(past: Past, heir: Site) -> None:
    """One line with what to do, exit code 1; after `hub adopt` the hub knows from the log what was delivered."""
    before = await heir.effects()
    for file in heir.home.glob("store.db*"):
        file.unlink()
    shutil.copy(past.founding / "store.db", heir.home / "store.db")
    code, (line,) = await ended(await heir.launch())

    assert 1 == code
    assert "the store is an older copy" in line
    assert "Restore log, store and keys from the same copy" in line

    await adopt(load(heir.installed.folder, environ={}))
    await heir.start()
    assert past.timelines == {code: await heir.timeline(code) for code in PAST_CODES}
    assert Counter() == await heir.effects() - before


async def test_two_hubs_on_one_folder(past: Past) -> None:
    """The second is refused in one line that says who holds the files, with exit code 1; the first goes on."""
    code, (line,) = past.rival

    assert 1 == code
    assert f"log.db is in use by process {past.pid}; one process owns a log, stop it first" in line


# --- how ------------------------------------------------------------------------------------------------------------


class Sender:
    """Sends the first state of dossiers, some at a time, each until it has a receipt."""

    def __init__(self, site: Site) -> None:
        self.receipts: dict[str, dict[str, Any]] = {}
        self._site = site
        self._free = asyncio.Semaphore(4)

    async def send(self, codes: Iterable[str]) -> None:
        """Return when all have a receipt."""
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for code in codes:
                group.create_task(self._send(code))

    async def _send(self, code: str) -> None:
        async with self._free:
            while code not in self.receipts:
                try:
                    answer = await self._site.submit(submission(code=code))
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                assert 202 == answer.status_code, answer.text
                self.receipts[code] = answer.json()


async def until(check: Callable[[], Awaitable[object]], within_s: float = 30.0) -> None:
    """Return when a check says something true."""
    async with asyncio.timeout(within_s):
        while True:
            if await check():
                return
            await asyncio.sleep(0.02)


async def enough(site: Site) -> bool:
    """Whether the portal has got some of the dossiers, and by far not all."""
    return (await site.effects(KILLED)).total() >= DOSSIERS // 2


@asynccontextmanager
async def half_open(site: Site) -> AsyncIterator[None]:
    """Hold connections on which a request has begun and does not go on."""
    host, _, port = site.installed.address.removeprefix("http://").rpartition(":")
    begun = head("POST", "/v1/dossiers", Authorization=f"Bearer {site.installed.token}", Content_Length="100")
    writers = []
    for start in (b"", begun[:20], begun):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(start)
        writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.close()


async def ended(process: Running) -> tuple[int | None, list[str]]:
    """Return the exit code of a hub that ends by itself, and the lines that it wrote."""
    return await process.wait(30), process.log.read_text(encoding="utf-8").splitlines()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem."""
    return answer.status_code, answer.json()["code"]


def deliveries(timeline: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of all deliveries of a dossier."""
    return [line for message in timeline["messages"] for line in message["deliveries"]]


def undoubled(effects: Effects, timelines: dict[str, dict[str, Any]]) -> Effects:
    """Return the effects with one row of progress where the hub itself says that there may be two."""
    marked = {code for code, each in timelines.items() if any(line["possibly_doubled"] for line in deliveries(each))}
    return Counter(
        {(kind, code): 1 if kind == "progress" and code in marked else count for (kind, code), count in effects.items()}
    )
