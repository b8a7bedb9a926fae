"""The small parts of the door: ids, turns, places in a text, readiness, the live numbers."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.errors import Unavailable
from hub.ingress.json_place import path_at, safe_name
from hub.ingress.live_overview import LiveOverview
from hub.ingress.message_ids import MessageIds
from hub.ingress.readiness import Readiness, readiness
from hub.ingress.turns import Turns
from hub.pipeline.message_ids import is_message_id
from schemas.timeline import Overview
from tests.clock import ManualClock
from tests.fakes.read_models import MemoryReadModels


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    """2026-11-22T01:00:00Z is 1795309200000 ms, 0x01a200c46280, and the rest as RFC 9562 wants it."""
    made = MessageIds(ManualClock(), random_bytes=lambda size: b"\xff" * size).make()

    assert "01a200c4-6280-7000-bfff-ffffffffffff" == made
    assert (7, "specified in RFC 4122") == (UUID(made).version, UUID(made).variant)
    assert is_message_id(made)


def test_ids_rise_even_when_the_clock_goes_back() -> None:
    """Ten thousand in one millisecond, then a clock set back by an hour."""
    clock = ManualClock()
    ids = MessageIds(clock)
    made = [ids.make() for _ in range(10_000)]
    clock._start = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    made += [ids.make() for _ in range(10)]

    assert sorted(made) == made
    assert 10_010 == len(set(made))


async def test_turns_are_taken_in_order_and_forgotten() -> None:
    """Who comes first acts first, one at a time; another key does not wait."""
    turns, seen = Turns(), list[str]()
    gate = asyncio.Event()

    async def act(key: str, name: str) -> None:
        async with turns.take(key):
            seen.append(f"{name} in")
            if key == "a":
                await gate.wait()
            seen.append(f"{name} out")

    tasks = [asyncio.create_task(act(key, name)) for key, name in (("a", "1"), ("a", "2"), ("b", "3"), ("a", "4"))]
    await asyncio.sleep(0)
    tasks[1].cancel()
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert ["1 in", "3 in", "3 out", "1 out", "4 in", "4 out"] == seen
    assert 0 == len(turns)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"#", "$"),
        (b'{"code": #', "code"),
        (b'{"a": 1, "code": "x#', "code"),
        (b'{"applicant": {"name": "x, \\" {#', "applicant.name"),
        (b'{"applicant": {"name": "x"}, "status": #', "status"),
        (b'{"progress": [{"at": 1}, {"at": 2, "unit": "#', "progress.1.unit"),
        (b'{"fees": [1, [2, 3], #', "fees.2"),
        (b'{"a": "\\#', "a"),
        (b'{"a": [], "b": {"c":\n\n   #', "b.c"),
        (b"]]}}#", "$"),
        (b'{"001000000001": #', "?"),
    ],
)
def test_a_broken_place_is_named_by_its_field(text: bytes, path: str) -> None:
    """The place is where the # stands; what is inside a string does not mislead."""
    before = text[: text.index(b"#")]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1)

    assert path == path_at(text.replace(b"#", b""), line, column)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("personal_number", "personal_number"),
        ("Idempotency-Key", "Idempotency-Key"),
        ("Nguyễn Văn A", "?"),
        ("a001000000001", "?"),
        ("x" * 65, "?"),
        ("", "?"),
        ("<b>", "?"),
    ],
)
def test_names_that_could_be_data_are_not_repeated(name: str, told: str) -> None:
    """A caller who mixes up names and values does not get the values back."""
    assert told == safe_name(name)


async def test_all_parts_ready() -> None:
    """Every check says nothing: ready."""

    async def well() -> None:
        return None

    assert Readiness(ready=True, checks={"log": "ok", "store": "ok"}) == await readiness({"log": well, "store": well})


async def test_a_part_that_fails_hangs_or_complains_is_named() -> None:
    """One bad part is enough, and the others are still asked."""

    async def well() -> None:
        return None

    async def complains() -> str:
        return "nearly full"

    async def fails() -> None:
        raise Unavailable("disk")

    async def hangs() -> None:
        await asyncio.sleep(60)

    found = await readiness({"a": complains, "b": fails, "c": hangs, "d": well}, check_s_max=0.01)

    assert (
        Readiness(ready=False, checks={"a": "nearly full", "b": "hub.unavailable", "c": "timeout", "d": "ok"}) == found
    )


async def test_the_live_numbers_are_read_once_for_everybody() -> None:
    """A hundred pages cost one query; half a second later there is a second one."""
    clock, models = ManualClock(), MemoryReadModels()
    live = LiveOverview(models, clock)
    bodies = await asyncio.gather(*(live.body() for _ in range(100)))
    models.numbers = Overview(accepted=7, platforms=())
    await clock.advance(0.49)
    still = await live.body()
    await clock.advance(0.01)
    fresh = await live.body()

    assert {b'{"accepted":0,"platforms":[]}'} == {*bodies, still}
    assert b'{"accepted":7,"platforms":[]}' == fresh
    assert 2 == models.overviews_read
