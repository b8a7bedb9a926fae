"""The instruments: crash points count and fire where they should, plans are seeded, loads are what they say."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping

import httpx
import orjson
import pytest

from hub.clock import SystemClock
from hub.log.memory import MemoryLog
from hub.ports import DeliveryId, LaneKey, ParkedRow
from schemas.delivery import DeliveryState
from schemas.dossier import DossierSubmission
from tests.chaos.brittle_log import BrittleLog
from tests.chaos.brittle_parking import BrittleParking
from tests.chaos.brittle_road import BrittleRoad
from tests.chaos.crash import Crash, Fuse, Point
from tests.chaos.drag import Drag
from tests.chaos.load import dossier
from tests.chaos.plan import plan
from tests.clock import ManualClock
from tests.fakes.parking import MemoryParking

TOPICS = {"hub.commands": 1, "hub.outcomes": 1, "hub.audit": 1}


class Died(BaseException):
    """Stands in for the end of the process."""


class Taker:
    """Takes whatever partitions it is given."""

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """Fine."""

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """Fine."""


def _die() -> None:
    raise Died


def _fuse(text: str) -> Fuse:
    return Fuse(Crash.parse(text), _die)


def test_a_crash_is_read_as_it_is_written() -> None:
    """POINT:N goes in and comes out; anything else is refused."""
    assert Crash(Point.PARK_AFTER, 3) == Crash.parse("park.after:3")
    assert "park.after:3" == str(Crash(Point.PARK_AFTER, 3))
    for wrong in ("park.after", "park.soon:3", "park.after:x"):
        with pytest.raises(ValueError, match=r"."):
            Crash.parse(wrong)


def test_the_passage_that_was_ordered_is_the_last() -> None:
    """Passages of the point are counted, those of others are not."""
    fuse = _fuse("append.after:2")
    fuse.pass_by(Point.APPEND_AFTER)
    fuse.pass_by(Point.APPEND_BEFORE)
    with pytest.raises(Died):
        fuse.pass_by(Point.APPEND_AFTER)


async def _append(log: BrittleLog, *topics: str) -> None:
    for topic in topics:
        await log.append(topic, b"key", b"value")


@pytest.mark.parametrize(
    ("crash", "appended"), [("append.before:2", 1), ("append.after:2", 2), ("outcome.before:1", 2)]
)
async def test_a_log_dies_before_or_after_its_append(crash: str, appended: int) -> None:
    """Before means that nothing was written, after that it is durable; each topic has its own points."""
    inner = MemoryLog(TOPICS, clock=ManualClock())
    log = BrittleLog(inner, _fuse(crash), Drag(None))
    with pytest.raises(Died):
        await _append(log, "hub.audit", "hub.commands", "hub.commands", "hub.outcomes")

    assert appended == (await inner.bounds("hub.commands", 0)).end
    assert 0 == (await inner.bounds("hub.outcomes", 0)).end


@pytest.mark.parametrize(("crash", "committed"), [("commit.before:2", 1), ("commit.after:2", 2)])
async def test_a_consumer_dies_before_or_after_its_commit(crash: str, committed: int) -> None:
    """Before means that the offset is the old one, after that it is durable."""
    inner = MemoryLog(TOPICS, clock=SystemClock())
    consumer = await BrittleLog(inner, _fuse(crash), Drag(None)).join("group", "hub.commands", Taker())
    await inner.append("hub.commands", b"key", b"value")
    assert 1 == len(await consumer.fetch({0}, 10, 5.0))
    await consumer.commit({0: 1})
    with pytest.raises(Died):
        await consumer.commit({0: 2})

    assert committed == await consumer.committed(0)


@pytest.mark.parametrize(
    ("crash", "kept"),
    [("park.before:1", {}), ("park.after:1", {"m": 1}), ("settle.before:1", {"m": 1}), ("settle.after:1", {})],
)
async def test_a_parking_place_dies_before_or_after_its_writes(crash: str, kept: dict[str, int]) -> None:
    """Before means that the rows are as they were, after that they are as was asked."""
    inner = MemoryParking()
    parking = BrittleParking(inner, _fuse(crash), Drag(None))
    epoch = (await parking.take_over(0, 0)).epoch
    with pytest.raises(Died):
        await _park_and_settle(parking, epoch)

    rows = await inner.fetch(0, LaneKey("dossier", "portal"), 10)
    assert kept == Counter(row.id.message_id for row in rows)


async def _park_and_settle(parking: BrittleParking, epoch: int) -> None:
    row = ParkedRow(
        id=DeliveryId("m", "portal.state", 0),
        lane=LaneKey("dossier", "portal"),
        partition=0,
        offset=0,
        index=0,
        state=DeliveryState.PARKED,
        attempts=1,
        due_at=ManualClock().now(),
        envelope=b"",
    )
    await parking.put(0, epoch, [row])
    await parking.settle(0, epoch, [row.id])


async def test_a_slow_disk_is_slow_now_and_then() -> None:
    """With a seed some writes wait and most do not; without one none does."""
    loop = asyncio.get_running_loop()
    waits: dict[int | None, list[float]] = {}
    for seed in (None, 3):
        drag, waits[seed] = Drag(seed, slowest_s=0.02), []
        for _ in range(40):
            began_s = loop.time()
            await drag.pull()
            waits[seed].append(loop.time() - began_s)

    assert 0 == sum(wait_s > 0.004 for wait_s in waits[None])
    assert 2 <= sum(wait_s > 0.004 for wait_s in waits[3]) <= 30


@pytest.mark.parametrize(
    ("crash", "acted", "replied"),
    [("send.before:1", 0, 0), ("send.after:1", 1, 0), ("reply.before:1", 1, 1), ("reply.after:1", 1, 1)],
)
async def test_a_road_dies_around_request_and_reply(crash: str, acted: int, replied: int) -> None:
    """The platform has acted or not, and has replied or not, as the point says."""
    seen: Counter[str] = Counter()

    async def platform(request: httpx.Request) -> httpx.Response:
        seen["acted"] += 1
        await asyncio.sleep(0.05)
        seen["replied"] += 1
        return httpx.Response(200, stream=httpx.ByteStream(request.content))

    road = BrittleRoad(httpx.MockTransport(platform), _fuse(crash))
    with pytest.raises(Died):
        await (await road.handle_async_request(httpx.Request("POST", "http://platform", content=b"x"))).aclose()

    assert (acted, replied) == (seen["acted"], seen["replied"])


@pytest.mark.parametrize("seed", range(10))
def test_twenty_kills_pass_through_every_point(seed: int) -> None:
    """Each named point is ordered once, the others come from outside; the seed decides everything."""
    lives = plan(seed, 20, 476)

    assert Counter(Point) == Counter(life.crash.point for life in lives if life.crash)
    assert 6 == sum(life.crash is None for life in lives)
    assert lives == plan(seed, 20, 476)
    assert lives != plan(seed + 1, 20, 476)


def test_a_load_is_what_the_door_takes() -> None:
    """Every state is a valid submission; dossiers have 0 to 12 rows of progress in a state, so up to two calls."""
    load = [dossier(1, number) for number in range(1, 51)]
    rows: Counter[int] = Counter()
    for one in load:
        for state in one.states:
            submission = DossierSubmission.model_validate_json(state.body)
            rows[len(submission.progress)] += 1
            assert len(submission.progress) == sum(map(len, state.parts))
            assert state.revision == submission.revision
        marks = [state.mark for state in one.states] + [m for s in one.states for part in s.parts for m in part]
        assert len(marks) == len(set(marks))
    spellings = {orjson.loads(one.states[0].body)["code"] == one.code for one in load}

    assert {0, 1, 2} == {len(state.parts) for one in load for state in one.states}
    assert (0, 12) == (min(rows), max(rows))
    assert {True, False} == spellings
    assert load == [dossier(1, number) for number in range(1, 51)]
