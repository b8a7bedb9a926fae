"""A group when its members misbehave."""

import asyncio
from collections.abc import Collection

import pytest

from hub.errors import StaleOwner, Unavailable
from hub.log.memory import MemoryLog
from hub.ports import Consumer
from tests.clock import ManualClock
from tests.contracts.log_suite import Owner

EVERY = frozenset({0, 1})


@pytest.fixture
def clock() -> ManualClock:
    """Give time that only the test moves."""
    return ManualClock()


@pytest.fixture
def log(clock: ManualClock) -> MemoryLog:
    """Build a log of two partitions."""
    return MemoryLog({"commands": 2}, clock, revoke_wait_s=30.0)


async def joined(log: MemoryLog, clock: ManualClock, owner: Owner) -> Consumer:
    """Join and let the group settle."""
    consumer = await log.join("readers", "commands", owner)
    await clock.advance(0)
    return consumer


async def never(_partitions: Collection[int]) -> None:
    """Do not return."""
    await asyncio.Event().wait()


async def broken(_partitions: Collection[int]) -> None:
    """Fail."""
    raise Unavailable("no store")


async def test_an_owner_that_does_not_let_go_is_passed_over(log: MemoryLog, clock: ManualClock) -> None:
    """After `revoke_wait_s` the next owner takes over; the old one is out, and its fetch says so."""
    slow, next_one = Owner("slow", revoked=never), Owner("next")
    stuck = await joined(log, clock, slow)
    await joined(log, clock, next_one)
    await clock.advance(29.9)
    assert frozenset() == next_one.held

    await clock.advance(0.2)
    await clock.advance(30)

    assert EVERY == next_one.held
    with pytest.raises(StaleOwner):
        await stuck.fetch(EVERY, 1, 0)
    with pytest.raises(StaleOwner):
        await stuck.commit({0: 1})


async def test_an_owner_that_fails_to_let_go_is_out(log: MemoryLog, clock: ManualClock) -> None:
    """Its error comes out of its next fetch, and the other gets everything."""
    failing, other = Owner("failing", revoked=broken), Owner("other")
    consumer = await joined(log, clock, failing)
    await joined(log, clock, other)
    await clock.advance(0)

    assert EVERY == other.held
    with pytest.raises(Unavailable, match="no store"):
        await consumer.fetch(EVERY, 1, 0)


async def test_leaving_does_not_wait_for_an_owner_that_is_taking_over(log: MemoryLog, clock: ManualClock) -> None:
    """A member may leave while its `on_assigned` is still under way; that call is cancelled."""
    preparing = Owner("preparing", assigned=never)
    consumer = await joined(log, clock, preparing)

    leaving = asyncio.create_task(consumer.leave())
    await clock.advance(0)

    assert leaving.done()
    assert not consumer.holds(0)


async def test_a_member_that_stays_keeps_what_it_has(log: MemoryLog, clock: ManualClock) -> None:
    """Partitions that need not move are not disturbed when others come and go."""
    diary: list[tuple[str, str, frozenset[int]]] = []
    await joined(log, clock, Owner("stays", diary))
    comes = await joined(log, clock, Owner("comes", diary))
    await comes.leave()

    assert [
        ("stays", "assigned", frozenset({0, 1})),
        ("stays", "revoked", frozenset({1})),
        ("comes", "assigned", frozenset({1})),
        ("comes", "revoked", frozenset({1})),
    ] == diary[:4]
    await clock.advance(0)
    assert ("stays", "assigned", frozenset({1})) == diary[4]


async def test_fetch_and_wait_follow_the_clock_they_are_given(log: MemoryLog, clock: ManualClock) -> None:
    """In virtual time, waiting ends when the test says so and not before."""
    consumer = await joined(log, clock, Owner())
    fetching = asyncio.create_task(consumer.fetch(EVERY, 1, 60))
    waiting = asyncio.create_task(log.wait("commands", 60))
    await clock.advance(59)
    assert not fetching.done()
    assert not waiting.done()

    await clock.advance(2)

    assert [] == list(await fetching)
    await waiting


async def test_a_full_memory_refuses(clock: ManualClock) -> None:
    """The log in memory is bounded like any other."""
    log = MemoryLog({"commands": 2}, clock, records_max=1)
    await log.append("commands", b"key", b"value")

    with pytest.raises(Unavailable) as refusal:
        await log.append("commands", b"key", b"value")
    assert "hub.disk_full" == refusal.value.problem_code
