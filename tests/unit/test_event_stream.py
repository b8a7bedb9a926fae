"""Status events over a real socket: positions, grants, slow readers, ends in good order."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from hub.app.connection import Connection
from hub.errors import Unavailable
from hub.ingress.event_stream import StreamLimits
from ops.samples.watch_events import Missing, Seen, frames
from tests.fakes.rest import House

EVENTS = "hub.events"
SAMPLE = Path(__file__).parents[2] / "ops" / "samples" / "watch_events.py"
_WAIT_S = 10.0


def event(dossier: str, seq: int, **changes: Any) -> bytes:
    """Return an event as the hub writes it."""
    made = {
        "id": f"{dossier}/{seq}",
        "type": "vn.lgsp.dossier.accepted.v1",
        "subject": dossier,
        "time": "2026-11-22T01:00:00Z",
        "agency": dossier.partition("-")[0],
        "seq": seq,
        "data": {"state": "accepted"},
    }
    return json.dumps({**made, **changes}).encode()


class Hub:
    """A house whose streams are served on a real port."""

    def __init__(self, address: str, house: House) -> None:
        self.address, self.house = address, house

    async def tell(self, dossier: str, *seqs: int) -> None:
        """Append events of a dossier."""
        for seq in seqs:
            await self.house.log.append(EVENTS, dossier.encode(), event(dossier, seq))

    @asynccontextmanager
    async def reading(
        self, system: str = "motcua", position: str = "", after: str = "start"
    ) -> AsyncIterator["Reader"]:
        """Open a stream."""
        headers = self.house.headers(system, None) | ({"Last-Event-ID": position} if position else {})
        async with (
            httpx.AsyncClient(base_url=self.address, timeout=_WAIT_S) as client,
            client.stream("GET", "/v1/events", headers=headers, params={"after": after} if after else {}) as answer,
        ):
            yield Reader(answer)

    async def get(self, path: str, system: str = "motcua", **headers: str) -> httpx.Response:
        """Ask once."""
        async with httpx.AsyncClient(base_url=self.address, timeout=_WAIT_S) as client:
            return await client.get(path, headers=self.house.headers(system, None) | headers)


class Reader:
    """One connected reader."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.position = ""
        self._lines = answer.aiter_lines()

    async def frame(self) -> dict[str, str]:
        """Return the fields of the next frame."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(_WAIT_S):
            async for line in self._lines:
                if not line:
                    self.position = fields.get("id", self.position)
                    return fields
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        return {}

    async def take(self, count: int) -> list[tuple[str, int]]:
        """Return (dossier, seq) of the next events; beats are passed over."""
        found: list[tuple[str, int]] = []
        while len(found) < count:
            fields = await self.frame()
            assert fields, "the stream ended"
            if data := fields.get("data"):
                said = json.loads(data)
                assert said["type"] == fields["event"]
                found.append((said["subject"], said["seq"]))
        return found


class Server(uvicorn.Server):
    """One that leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


Serve = Callable[..., Awaitable[Hub]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers, and stop them in good order at the end."""
    started: list[tuple[Server, asyncio.Task[None], House]] = []

    async def start(house: House | None = None, **limits: Any) -> Hub:
        house = house or House(streams=StreamLimits(**limits))
        bound = socket.create_server(("127.0.0.1", 0))
        server = Server(uvicorn.Config(house.app, http=Connection, lifespan="off", log_config=None))
        started.append((server, asyncio.create_task(server.serve(sockets=[bound])), house))
        return Hub(f"http://127.0.0.1:{bound.getsockname()[1]}", house)

    yield start
    for server, serving, house in started:
        await house.streams.aclose()
        server.should_exit = True
        async with asyncio.timeout(_WAIT_S):
            await serving


ONE, TWO, FOREIGN = "H56.14-261122-0001", "H56.14-261122-0002", "H56.15-261122-0001"


async def test_a_stream_tells_what_is_there_and_what_comes(serve: Serve) -> None:
    """From the oldest event on, then live; as text/event-stream that no proxy keeps."""
    hub = await serve()
    await hub.tell(ONE, 1, 2)
    async with hub.reading() as reader:
        assert ("text/event-stream", "no") == (
            reader.answer.headers["content-type"].partition(";")[0],
            reader.answer.headers["x-accel-buffering"],
        )
        assert [(ONE, 1), (ONE, 2)] == await reader.take(2)
        await hub.tell(ONE, 3)
        assert [(ONE, 3)] == await reader.take(1)


async def test_a_stream_begins_now_unless_asked_otherwise(serve: Serve) -> None:
    """The first frame carries the position, so that a break before the first event loses nothing."""
    hub = await serve()
    await hub.tell(ONE, 1)
    async with hub.reading(after="") as reader:
        first = await reader.frame()
        await hub.tell(ONE, 2)
        assert [(ONE, 2)] == await reader.take(1)
    await hub.tell(ONE, 3)
    async with hub.reading(position=first["id"]) as reader:
        assert [(ONE, 2), (ONE, 3)] == await reader.take(2)


async def test_a_reader_resumes_behind_what_it_saw(serve: Serve) -> None:
    """At any event, in whichever partition, on another process of the hub over the same log."""
    hub = await serve()
    dossiers = [f"H56.14-261122-{number:04d}" for number in range(12)]
    for dossier in dossiers:
        await hub.tell(dossier, 1, 2)
    seen: list[tuple[str, int]] = []
    position = ""
    other = await serve(House(streams=StreamLimits()))
    other.house.log._records = hub.house.log._records
    for number in range(24):
        async with (hub, other)[number % 2].reading(position=position) as reader:
            seen += await reader.take(1)
            position = reader.position

    assert sorted((dossier, seq) for dossier in dossiers for seq in (1, 2)) == sorted(seen)
    assert all(seen.index((dossier, 1)) < seen.index((dossier, 2)) for dossier in dossiers)


async def test_a_reader_far_behind_meets_the_tail(serve: Serve) -> None:
    """Whoever begins before what is kept in memory reads the log, then goes on live: nothing twice, nothing missing."""
    hub = await serve(lines_max=7)
    async with hub.reading(after="end") as ahead:
        await ahead.frame()
        await hub.tell(ONE, *range(1, 101))
        async with hub.reading() as behind:
            await hub.tell(ONE, *range(101, 121))
            assert [(ONE, seq) for seq in range(1, 121)] == await behind.take(120)
        assert [(ONE, seq) for seq in range(1, 121)] == await ahead.take(120)


async def test_only_what_the_grant_covers_is_told(serve: Serve) -> None:
    """The province sees all of its agencies, an agency its own; the position moves on all the same."""
    hub = await serve(heartbeat_s=0.05)
    await hub.tell(FOREIGN, 1, 2, 3)
    await hub.tell(ONE, 1)
    async with hub.reading("province") as reader:
        assert {(FOREIGN, 1), (FOREIGN, 2), (FOREIGN, 3), (ONE, 1)} == set(await reader.take(4))
    async with hub.reading("motcua") as reader:
        assert [(ONE, 1)] == await reader.take(1)
        await hub.tell(FOREIGN, 4)
        while sum(map(int, reader.position.split("."))) < 5:
            await reader.frame()
    assert 403 == (await hub.get("/v1/events", "nobody")).status_code


async def test_signs_of_life(serve: Serve) -> None:
    """While nothing happens a comment comes every now and then, with the position."""
    hub = await serve(heartbeat_s=0.02)
    async with hub.reading() as reader:
        frames_ = [await reader.frame() for _ in range(3)]

    assert {"3000"} == {frame["retry"] for frame in frames_[:1]}
    assert ["beat", "beat", "beat"] == [frame[""] for frame in frames_]
    assert {"0.0.0.0.0.0.0.0"} == {frame["id"] for frame in frames_}


@pytest.mark.parametrize(
    ("position", "status", "code"),
    [
        ("0.0.0", 422, "caller.invalid"),
        ("x", 422, "caller.invalid"),
        ("1.1.1.1.1.1.1.-1", 422, "caller.invalid"),
        ("9.9.9.9.9.9.9.9", 422, "caller.invalid"),
    ],
)
async def test_a_position_that_is_none_is_refused(serve: Serve, position: str, status: int, code: str) -> None:
    """Too few numbers, no numbers, beyond the end: a problem that names the header."""
    hub = await serve()
    answer = await hub.get("/v1/events", **{"Last-Event-ID": position})

    assert (status, code, "Last-Event-ID") == (
        answer.status_code,
        answer.json()["code"],
        answer.json()["fields"][0]["path"],
    )


async def test_a_position_that_is_no_longer_kept_is_gone(serve: Serve) -> None:
    """410: the reader has to know that it missed something."""
    hub = await serve()
    partition = hub.house.log.partition_of(EVENTS, ONE.encode())
    hub.house.log.starts[EVENTS, partition] = 3
    await hub.tell(ONE, 1, 2, 3, 4)
    old = ".".join("2" if number == partition else "0" for number in range(8))

    answer = await hub.get(f"/v1/events/batch?after={old}")

    assert (410, "caller.gone") == (answer.status_code, answer.json()["code"])
    assert [4] == [told["seq"] for told in (await hub.get("/v1/events/batch")).json()["events"]]


async def test_batches(serve: Serve) -> None:
    """The same events, batch by batch, until there are no more."""
    hub = await serve()
    await hub.tell(ONE, *range(1, 6))
    await hub.tell(TWO, *range(1, 6))
    await hub.tell(FOREIGN, 1)
    seen: list[tuple[str, int]] = []
    path, more = "/v1/events/batch?limit=3", True
    while more:
        batch = (await hub.get(path)).json()
        seen += [(told["subject"], told["seq"]) for told in batch["events"]]
        path, more = f"/v1/events/batch?limit=3&after={batch['next']}", batch["more"]

    assert sorted((dossier, seq) for dossier in (ONE, TWO) for seq in range(1, 6)) == sorted(seen)
    for bad in ("limit=0", "limit=1001", "limit=x", "limit=-1", "limt=3", "limit=3&limit=4", "after="):
        assert 422 == (await hub.get(f"/v1/events/batch?{bad}")).status_code


async def test_a_busy_partition_does_not_hide_the_others(serve: Serve) -> None:
    """Partitions take turns in a batch, and the one with most to tell begins."""
    hub = await serve()
    dossiers = [f"H56.14-261122-{number:04d}" for number in range(40)]
    partition_of = {code: hub.house.log.partition_of(EVENTS, code.encode()) for code in dossiers}
    busy, quiet = dossiers[0], next(code for code in dossiers if partition_of[code] != partition_of[dossiers[0]])
    await hub.tell(busy, *range(1, 101))
    await hub.tell(quiet, 1)

    four = (await hub.get("/v1/events/batch?limit=4")).json()
    one = (await hub.get("/v1/events/batch?limit=1")).json()

    assert {busy, quiet} == {told["subject"] for told in four["events"]}
    assert ([busy], True) == ([told["subject"] for told in one["events"]], one["more"])


async def test_too_many_readers(serve: Serve) -> None:
    """A bound per system (429) and one for all (503); a place is free again when its reader has left."""
    hub = await serve(readers_max=2, readers_per_system_max=1)
    async with hub.reading("motcua") as first, hub.reading("province") as second:
        await first.frame()
        await second.frame()
        assert [503, "30"] == [
            (answer := await hub.get("/v1/events", "other")).status_code,
            answer.headers["retry-after"],
        ]
    async with asyncio.timeout(_WAIT_S):
        while hub.house.streams._readers:  # noqa: ASYNC110 - there is nothing to wait for but the number
            await asyncio.sleep(0.01)
    async with hub.reading("motcua") as reader:
        await reader.frame()
        assert 429 == (await hub.get("/v1/events", "motcua")).status_code


async def test_a_slow_reader_is_cut_and_can_resume(serve: Serve) -> None:
    """One that takes nothing costs no memory and no other reader anything."""
    hub = await serve(send_s=0.2)
    padding = "x" * 50_000
    for seq in range(1, 201):
        await hub.house.log.append(EVENTS, ONE.encode(), event(ONE, seq, padding=padding))
    async with hub.reading() as slow:
        await slow.frame()
        async with asyncio.timeout(_WAIT_S):
            while hub.house.streams._readers:  # noqa: ASYNC110 - there is nothing to wait for but the number
                await asyncio.sleep(0.01)
        with pytest.raises(httpx.RemoteProtocolError):
            await slow.take(200)
    async with hub.reading(position=slow.position) as again:
        seq = (await again.take(1))[0][1]
        assert [(ONE, number) for number in range(seq + 1, 201)] == await again.take(200 - seq)


async def test_a_server_that_stops_ends_its_streams(serve: Serve) -> None:
    """Cleanly: the reader sees the end of the body, and whoever comes then is asked to come back."""
    hub = await serve()
    async with hub.reading() as reader:
        await reader.frame()
        await hub.house.streams.aclose()
        assert {} == await reader.frame()
    assert 503 == (await hub.get("/v1/events")).status_code


async def test_a_stream_ends_after_a_while(serve: Serve) -> None:
    """In good order; whoever resumes misses nothing."""
    hub = await serve(stream_s_max=0.3)
    await hub.tell(ONE, 1)
    async with hub.reading() as reader:
        assert [(ONE, 1)] == await reader.take(1)
        assert {} == await reader.frame()
    await hub.tell(ONE, 2)
    async with hub.reading(position=reader.position) as reader:
        assert [(ONE, 2)] == await reader.take(1)


async def test_a_log_that_fails_for_a_while_ends_no_stream(serve: Serve) -> None:
    """The reader waits, and then goes on."""
    house = House(streams=StreamLimits(heartbeat_s=0.05))
    hub = await serve(house)
    async with hub.reading() as reader:
        await reader.frame()
        house.log.reading = [Unavailable("no")] * 3
        await hub.tell(ONE, 1)
        assert [(ONE, 1)] == await reader.take(1)


async def test_a_look_at_the_head_opens_no_stream(serve: Serve) -> None:
    """HEAD is answered at once, with the headers alone."""
    hub = await serve()
    async with httpx.AsyncClient(base_url=hub.address, timeout=_WAIT_S) as client:
        answer = await client.head("/v1/events", headers=hub.house.headers("motcua", None))

    assert (200, b"", 0) == (answer.status_code, answer.content, hub.house.streams._readers.total())


async def test_without_streams_the_door_says_so() -> None:
    """A process that serves no events answers 503, not 404."""
    async with (house := House()).client() as client:
        answer = await client.get("/v1/events", headers=house.headers("motcua", None))

    assert (503, "hub.unavailable") == (answer.status_code, answer.json()["code"])


# --- the sample ------------------------------------------------------------------------------------------------------


async def watch(hub: Hub, *arguments: str) -> tuple[int, str]:
    """Run the sample as a program of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SAMPLE), hub.address, *arguments),
        env={"HUB_API_KEY": hub.house.tokens["motcua"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, said.decode()


async def test_the_sample_proves_that_nothing_is_missing(serve: Serve, tmp_path: Path) -> None:
    """It resumes where it stopped, and knows repeats."""
    hub = await serve()
    state = str(tmp_path / "watch.json")
    await hub.tell(ONE, 1, 2, 2, 1)
    await hub.tell(TWO, 1)
    first = await watch(hub, "--state", state, "--idle-s", "0.5")
    await hub.tell(ONE, 3, 3)
    second = await watch(hub, "--state", state, "--idle-s", "0.5")

    assert (0, "3 events of 2 dossiers, 2 repeats, no gap") == (first[0], first[1].splitlines()[-1])
    assert (0, "1 events of 2 dossiers, 1 repeats, no gap") == (second[0], second[1].splitlines()[-1])


async def test_the_sample_notices_a_gap(serve: Serve) -> None:
    """Number 3 after number 1 is told, and ends it with 1."""
    hub = await serve()
    await hub.tell(ONE, 1, 3)

    code, said = await watch(hub, "--count", "2")

    assert (1, f"MISSING: {ONE}: after number 1 comes 3") == (code, said.splitlines()[-1])


async def test_the_sample_says_when_it_is_refused(serve: Serve) -> None:
    """Ends with 2: a wrong position, or no grant, is no gap."""
    hub = await serve()
    hub.house.tokens["motcua"] = "nonsense"

    assert 2 == (await watch(hub))[0]


def test_one_number_under_two_ids_is_no_repeat() -> None:
    """It is a different event, and one of the two is missing."""
    seen = Seen()
    seen.take({"subject": ONE, "seq": 1, "id": "a"})

    assert False is seen.take({"subject": ONE, "seq": 1, "id": "a"})
    with pytest.raises(Missing, match="number 1 stands for a and for b"):
        seen.take({"subject": ONE, "seq": 1, "id": "b"})


def test_frames() -> None:
    """Comments and ids without data move the position on."""
    lines = iter([": beat", "id: 1.2", "", "id: 1.3", "event: e", "data: {}", ""])

    assert [("1.2", ""), ("1.3", "{}")] == list(frames(lines))
