"""Callbacks: who sent a message hears of it, in order, until it has heard."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from hub.access import CallbackEntry, SystemEntry
from hub.events.callbacks import CallbackLimits, Caller, callers
from hub.log.memory import MemoryLog
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.event import EventKind
from tests.clock import ManualClock

EVENTS = "hub.events"
SECRET = "a secret of sixteen and more"
URL = "https://motcua.example/hub"
DOSSIER = "H56.14-261122-0001"


class Receiver:
    """The system that is called. `answers` are used up one by one, then it answers 204."""

    def __init__(self) -> None:
        self.heard: list[httpx.Request] = []
        self.answers: list[int | Exception] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one call."""
        self.heard.append(request)
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"Location": "https://elsewhere.example/"} if answer == 302 else {})

    @property
    def numbers(self) -> list[int]:
        """The seqs in the order in which they were heard."""
        return [json.loads(request.content)["seq"] for request in self.heard]


class World:
    """A log of two partitions and what is needed to call."""

    def __init__(self) -> None:
        self.clock, self.metrics = ManualClock(), Metrics()
        self.log = MemoryLog({EVENTS: 2}, self.clock)

    def caller(self, receiver: Receiver, system: str = "mot-cua", **callback: Any) -> Caller:
        """Return what calls a system."""
        entry = CallbackEntry(url=URL, secret=SecretStr(SECRET), **callback)
        return Caller(
            log=self.log,
            system=SystemEntry(agency=AgencyCode.parse("H56.14"), system=system, callback=entry),
            callback=entry,
            clock=self.clock,
            metrics=self.metrics,
            transport=httpx.MockTransport(receiver),
            limits=CallbackLimits(first_s=1, max_s=8, fetch_wait_s=0.5),
        )

    async def tell(self, seq: int, kind: str = "dead", dossier: str = DOSSIER, system: str = "mot-cua") -> bytes:
        """Append an event."""
        data = {"state": kind, "sender_agency": "H56.14", "sender_system": system}
        value = json.dumps({"id": str(seq), "seq": seq, "data": data}).encode()
        await self.log.append(EVENTS, dossier.encode(), value)
        return value

    async def until(self, there: Callable[[], bool], within_s: float = 30.0) -> None:
        """Let time pass until something is there."""
        end_s = self.clock.monotonic() + within_s
        while not there():
            assert self.clock.monotonic() < end_s, "it did not happen"
            await self.clock.advance(0.1)

    def counted(self, result: str, system: str = "H56.14/mot-cua") -> float | None:
        """Return how many calls ended like that."""
        return self.metrics.registry.get_sample_value("hub_callbacks_total", {"system": system, "result": result})


@pytest.fixture
def world() -> World:
    """A fresh one."""
    return World()


@asynccontextmanager
async def running(*made: Caller) -> AsyncIterator[None]:
    """Run callers for a while."""
    tasks = [asyncio.create_task(caller.run()) for caller in made]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_sender_is_told_and_can_check_who_speaks(world: World) -> None:
    """The event as it lies in the log, as structured CloudEvents, signed over the whole body."""
    receiver = Receiver()
    value = await world.tell(1)
    async with running(world.caller(receiver)):
        await world.until(lambda: len(receiver.heard) == 1)
    (request,) = receiver.heard

    assert ("POST", URL, value) == (request.method, str(request.url), request.content)
    assert "application/cloudevents+json" == request.headers["content-type"]
    expected = hmac.new(SECRET.encode(), value, sha256).hexdigest()
    assert f"sha256={expected}" == request.headers["hub-signature-256"]


async def test_only_its_own_messages_and_the_kinds_it_wants(world: World) -> None:
    """Late, dead and withdrawn unless told otherwise; nothing about what others sent, nothing that cannot be read."""
    receiver = Receiver()
    for seq, kind in enumerate(EventKind, 1):
        await world.tell(seq, kind.value)
    await world.tell(20, system="other")
    await world.log.append(EVENTS, DOSSIER.encode(), b"no event")
    await world.tell(21)
    async with running(world.caller(receiver)):
        await world.until(lambda: 21 in receiver.numbers)

    assert [4, 6, 7, 21] == receiver.numbers
    assert [EventKind.LATE, EventKind.DEAD, EventKind.WITHDRAWN] == [list(EventKind)[seq - 1] for seq in (4, 6, 7)]


@pytest.mark.parametrize("answer", [500, 404, 302, httpx.ConnectError("no"), httpx.ReadTimeout("late")])
async def test_what_was_not_heard_is_told_again_in_order(world: World, answer: int | Exception) -> None:
    """Whatever the trouble; the wait doubles, a redirect is not followed, and the next event waits behind."""
    receiver = Receiver()
    receiver.answers = [answer, answer, answer]
    await world.tell(1)
    await world.tell(2)
    async with running(world.caller(receiver)):
        await world.until(lambda: len(receiver.heard) == 5)

    assert [1, 1, 1, 1, 2] == receiver.numbers
    assert {"motcua.example"} == {request.url.host for request in receiver.heard}
    assert 7.0 <= world.clock.monotonic() <= 9.0
    assert 3.0 == world.counted("refused" if isinstance(answer, int) else "unreachable")
    assert 2.0 == world.counted("told")


async def test_a_restart_goes_on_where_it_was(world: World) -> None:
    """What was heard is not told again, what was not is."""
    receiver = Receiver()
    await world.tell(1)
    await world.tell(2)
    receiver.answers = [204, *([500] * 50)]
    async with running(world.caller(receiver)):
        await world.until(lambda: len(receiver.heard) == 2)
        await world.clock.advance(0.1)
    receiver.answers, heard = [], len(receiver.heard)
    async with running(world.caller(receiver)):
        await world.until(lambda: len(receiver.heard) > heard)
        await world.clock.advance(5)

    assert [1, 2, 2] == receiver.numbers


async def test_a_dead_system_holds_nobody_up(world: World) -> None:
    """Each has a group of its own."""
    hanging, well = Receiver(), Receiver()
    hanging.open.clear()
    for seq in range(1, 6):
        await world.tell(seq)
        await world.tell(seq, system="other")
    async with running(world.caller(hanging), world.caller(well, "other")):
        await world.until(lambda: len(well.heard) == 5)

    assert ([1, 2, 3, 4, 5], 1) == (well.numbers, len(hanging.heard))


async def test_another_partition_does_not_wait(world: World) -> None:
    """An event that is refused holds up its partition only."""
    receiver = Receiver()
    first = next(f"H56.14-261122-{n:04d}" for n in range(99) if world.log.partition_of(EVENTS, _code(n)) == 0)
    second = next(f"H56.14-261122-{n:04d}" for n in range(99) if world.log.partition_of(EVENTS, _code(n)) == 1)
    receiver.answers = [500]
    await world.tell(1, dossier=first)
    await world.tell(2, dossier=second)
    async with running(world.caller(receiver)):
        await world.until(lambda: len(receiver.heard) == 3)

    assert [1, 2, 1] == receiver.numbers


async def test_what_is_too_old_is_given_up(world: World) -> None:
    """It is counted, and the next event gets its turn."""
    receiver = Receiver()
    receiver.answers = [500] * 1000
    await world.tell(1)
    async with running(world.caller(receiver, give_up_after_s=20)):
        await world.clock.advance(19)
        assert None is world.counted("given_up")
        await world.clock.advance(10)
        assert 1.0 == world.counted("given_up")
        receiver.answers = []
        await world.tell(2)
        await world.until(lambda: receiver.numbers[-1] == 2)


async def test_two_processes_share_the_work(world: World) -> None:
    """Members of one group: every event is told once."""
    receiver = Receiver()
    async with running(world.caller(receiver), world.caller(receiver)):
        await world.clock.advance(1)
        for seq in range(1, 21):
            await world.tell(seq, dossier=_code(seq).decode())
        await world.until(lambda: len(receiver.heard) == 20)
        await world.clock.advance(2)

    assert sorted(range(1, 21)) == sorted(receiver.numbers)


def test_callers_are_made_for_systems_that_want_them(world: World) -> None:
    """By the name of their group."""
    callback = CallbackEntry(url=URL, secret=SecretStr(SECRET))
    agency = AgencyCode.parse("H56.14")
    systems = [SystemEntry(agency=agency, system="a", callback=callback), SystemEntry(agency=agency, system="b")]

    assert ["hub.callback.H56.14.a"] == list(callers(systems, world.log, world.clock, world.metrics))


@pytest.mark.parametrize(
    "url",
    [
        *("http://motcua.example/hub", "ftp://motcua.example/", "https:///path", "motcua.example"),
        *(
            "https://user:word@motcua.example/",
            "https://motcua.example/#part",
            "http://10.0.0.1/",
            "http://127.0.0.1.x/",
        ),
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    """Only https, or http on this machine; no passwords in addresses."""
    with pytest.raises(ValidationError, match="https"):
        CallbackEntry(url=url, secret=SecretStr(SECRET))


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8000/hub", "http://localhost/", "http://[::1]:9/x"])
def test_an_address(url: str) -> None:
    """Anywhere by https, on this machine by http; the secret is not shown."""
    entry = CallbackEntry(url=url, secret=SecretStr(SECRET))

    assert url == entry.url
    assert SECRET not in repr(entry)


def _code(number: int) -> bytes:
    return f"H56.14-261122-{number:04d}".encode()
