"""A farewell: who leaves in good order leaves nothing suspect, and nobody else's word is taken for that."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from hub.delivery.lanes.holding import Holding
from hub.ports import DoubtRule, Effect, Farewell
from tests.fakes.parking import MemoryParking
from tests.simulation.mutants import (
    BelievesOfAnyLog,
    LeavesBeforeItsRows,
    LeavesInMidCall,
    TakesAnybodysFarewell,
    TellsTwoOwners,
)
from tests.simulation.platform import Faults, Verb
from tests.simulation.sql_parking import ParkingOnSql
from tests.simulation.stage import Cast
from tests.simulation.world import PARTITIONS, Running, World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 21)]
FEW = DOSSIERS[:4]
CALL_S = 1.2
"""It acts after half of that, and is written down after one second."""

Scenario = Callable[[Cast], Awaitable[None]]


def _world(cast: Cast, seed: int = 1) -> World:
    world = World(seed, parts=2)
    world.worker_class, world.dispatch_class, world.parking = cast.worker, cast.dispatch, cast.parking()
    return world


async def _submit(world: World, *operations: str, codes: list[str] = FEW) -> None:
    for revision in (1, 2, 3):
        for code in codes:
            await world.submit(code, revision, *operations)


async def _end(world: World) -> None:
    await world.run_until_done()
    await world.crash()


async def _acted(world: World) -> None:
    """Let time pass until the platform has acted on calls that are under way."""
    before = len(world.deeds())
    await _until(lambda: _more_deeds(world, before))
    assert world.platform.under_way


async def _held(running: Running) -> None:
    """Let time pass until the worker has its partitions; it has not begun anything then."""
    await _until(lambda: _holds_all(running), 0.001)


async def _killed_in_mid_call(world: World, running: Running) -> None:
    await _acted(world)
    await world.kill(running)


# --- good order ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parking", [MemoryParking, ParkingOnSql])
@pytest.mark.parametrize("seed", range(6))
async def test_a_stop_in_mid_backlog_costs_no_inquiry_and_announces_nothing(
    seed: int, parking: type[MemoryParking]
) -> None:
    """Stopped again and again with full lanes: no platform and no operator is asked, and nothing may be doubled."""
    world = _world(Cast(parking=parking), seed)
    world.add_operation(Verb("portal.note", world.platform, Effect.APPEND, DoubtRule.OPERATOR))
    await _submit(world, codes=DOSSIERS)
    for _ in range(4):
        running = world.start()
        await asyncio.sleep(world.random.uniform(0.05, 0.4))
        await world.stop(running)
    assert 0 < len(world.deeds()) < 240
    world.start()

    await world.run_until_done()
    assert (0, set()) == (world.platform.inquiries, await world.possibly_doubled())
    await world.crash()


async def test_a_partition_that_moves_on_costs_no_inquiry_and_announces_nothing() -> None:
    """A second worker joins and leaves in mid-traffic, as it does when hubs are rolled."""
    world = _world(Cast())
    await _submit(world, codes=DOSSIERS)
    world.start()
    for _ in range(3):
        other = world.start()
        await asyncio.sleep(0.2)
        await world.stop(other)

    await world.run_until_done()
    assert (0, set()) == (world.platform.inquiries, await world.possibly_doubled())
    await world.crash()


async def test_a_stop_in_an_outage_costs_no_inquiry_and_announces_nothing() -> None:
    """What is parked, and what never began, is sent when the platform is back."""
    world = _world(Cast())
    world.platform.down = True
    await _submit(world, codes=DOSSIERS)
    for pause_s in (0.05, 3.0, 0.5):
        running = world.start()
        await asyncio.sleep(pause_s)
        await world.stop(running)
    world.platform.down = False
    world.start()

    await world.run_until_done()
    assert (0, set()) == (world.platform.inquiries, await world.possibly_doubled())
    await world.crash()


# --- no good order ---------------------------------------------------------------------------------------------------


async def _cut_off(cast: Cast) -> None:
    """A call outlasts the time that a stop has: it has acted, and nobody has told of it."""
    world = _world(cast)
    world.limits = replace(world.limits, drain_s=0.1)
    world.platform.call_s = (CALL_S, CALL_S)
    await _submit(world, "portal.state")
    running = world.start()
    await _acted(world)
    await world.stop(running)
    world.start()
    await _end(world)


async def _untold(cast: Cast) -> None:
    """The log takes no outcomes when the stop comes: nobody can tell of a call that has ended."""
    world = _world(cast)
    world.limits = replace(world.limits, drain_s=0.1)
    world.weather.log_refuses = frozenset({"hub.outcomes"})
    await _submit(world, "portal.state")
    running = world.start()
    await asyncio.sleep(0.5)
    await world.stop(running)
    world.weather.log_refuses = frozenset()
    world.start()
    await _end(world)


async def _inherited(cast: Cast) -> None:
    """Who took over from one that was killed, and leaves at once, has not asked about what that one had under way."""
    world = _world(cast)
    world.platform.call_s = (CALL_S, CALL_S)
    await _submit(world, "portal.state")
    await _killed_in_mid_call(world, world.start())
    world.platform.ask_s = 5.0
    world.limits = replace(world.limits, drain_s=0.1)
    brief = world.start()
    await _held(brief)
    await world.stop(brief)
    world.platform.ask_s = 0.01
    world.start()
    await _end(world)


async def _unwritten(cast: Cast) -> None:
    """The row that says that a delivery is in doubt could not be written when the stop came."""
    world = _world(cast)
    world.limits = replace(world.limits, drain_s=0.1)
    world.platform.faults = Faults(lost_after=1.0)
    world.weather.parking_down = True
    await _submit(world, "portal.state")
    running = world.start()
    await asyncio.sleep(3)
    await world.stop(running)
    world.weather.parking_down, world.platform.faults = False, Faults()
    world.start()
    await _end(world)


async def _too_late(cast: Cast) -> None:
    """A farewell that stood still arrives when the next owner has been killed in mid-call."""
    world = _world(cast)
    first = world.start()
    await _held(first)
    said = [await _word(world, holding) for holding in first.worker._holdings.values()]
    await world.stop(first)
    await _submit(world, "portal.state")
    world.platform.call_s = (CALL_S, CALL_S)
    await _killed_in_mid_call(world, world.start())
    await world.parking.leave(said)
    world.start()
    await _end(world)


async def _told_before(cast: Cast) -> None:
    """One owner leaves in good order, and the next one is killed in its first calls: no outcome tells of it."""
    world = _world(cast)
    await _submit(world, "portal.state")
    world.platform.call_s = (CALL_S, CALL_S)
    first = world.start()
    await _held(first)
    await world.stop(first)
    await _killed_in_mid_call(world, world.start())
    world.start()
    await _end(world)


async def _old_copy(cast: Cast) -> None:
    """The store is brought back from a copy that was made after a farewell; the log went on without it."""
    world = _world(cast)
    await _submit(world, "portal.state", codes=DOSSIERS)
    first = world.start()
    await asyncio.sleep(0.3)
    await world.stop(first)
    kept, ends = copy.deepcopy(world.parking), await _ends(world)
    world.platform.call_s = (0.4, 0.4)
    second = world.start()
    await _until(lambda: _moved(world, ends))
    before = len(world.deeds())
    await _until(lambda: _more_deeds(world, before))
    await world.kill(second)
    world.parking = kept
    world.start()
    await _end(world)


async def _until(holds: Callable[[], Awaitable[bool]], look_every_s: float = 0.01) -> None:
    for _ in range(10_000):
        if await holds():
            return
        await asyncio.sleep(look_every_s)
    raise TimeoutError


async def _holds_all(running: Running) -> bool:
    return len(running.worker.committed()) == PARTITIONS


async def _more_deeds(world: World, before: int) -> bool:
    return len(world.deeds()) > before


async def _ends(world: World) -> list[int]:
    return [(await world.log.bounds("hub.outcomes", partition)).end for partition in range(PARTITIONS)]


async def _moved(world: World, ends: list[int]) -> bool:
    """Whether the log has gone on in every partition."""
    return all(now > then for now, then in zip(await _ends(world), ends, strict=True))


async def _word(world: World, holding: Holding) -> Farewell:
    end = (await world.log.bounds("hub.outcomes", holding.partition)).end
    return Farewell(holding.partition, holding.shelf.epoch, holding.token, holding.gate.committed, end)


class SlowToHear(MemoryParking):
    """A store that takes long for a farewell."""

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """Take a minute, and keep it then."""
        await asyncio.sleep(60)
        await super().leave(farewells)


async def test_a_slow_store_does_not_hold_up_a_rebalance() -> None:
    """The farewell is given up after two seconds, and the next owner suspects."""
    world = _world(Cast(parking=SlowToHear))
    await _submit(world, "portal.state", codes=DOSSIERS)
    first = world.start()
    await asyncio.sleep(0.3)
    begun_s = world.clock.monotonic()
    await world.stop(first)
    took_s = world.clock.monotonic() - begun_s
    world.start()

    await world.run_until_done()
    assert took_s < 3.0
    assert 0 < world.platform.inquiries
    await world.crash()


SCENARIOS = {
    "cut off": _cut_off,
    "untold": _untold,
    "inherited": _inherited,
    "unwritten": _unwritten,
    "too late": _too_late,
    "told before": _told_before,
    "old copy": _old_copy,
}
DEFECTS = {
    "marked while a call is under way": (Cast(dispatch=LeavesInMidCall), _cut_off),
    "marked while an outcome is untold": (Cast(dispatch=LeavesInMidCall), _untold),
    "marked although doubts were inherited": (Cast(dispatch=LeavesInMidCall), _inherited),
    "marked before the rows": (Cast(worker=LeavesBeforeItsRows), _unwritten),
    "the token is not compared": (Cast(parking=TakesAnybodysFarewell), _too_late),
    "a farewell is told twice": (Cast(parking=TellsTwoOwners), _told_before),
    "the log is not compared": (Cast(worker=BelievesOfAnyLog), _old_copy),
}


@pytest.mark.parametrize("parking", [MemoryParking, ParkingOnSql])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_where_something_may_be_under_way_the_suspicion_stays(
    scenario: str, parking: type[MemoryParking]
) -> None:
    """No state is done twice, whatever came between an owner and its farewell."""
    if scenario == "old copy" and parking is ParkingOnSql:
        parking = MemoryParking
    await SCENARIOS[scenario](Cast(parking=parking))


@pytest.mark.parametrize("defect", DEFECTS)
async def test_a_planted_defect_of_a_farewell_is_found(defect: str) -> None:
    """Each defect doubles a state without a word."""
    cast, scenario = DEFECTS[defect]
    with pytest.raises(AssertionError, match=r"happened 2 times|towards portal"):
        await scenario(cast)


@pytest.mark.parametrize("steps", range(0, 60, 2))
async def test_a_stop_that_ends_in_a_kill_at_any_step_keeps_the_promises(steps: int) -> None:
    """Also between the last outcome and the farewell, and between that and its answer."""
    world = _world(Cast(), steps)
    await _submit(world)
    running = world.start()
    await asyncio.sleep(0.3)
    world.weather.steps_left = steps
    running.worker._stopping = True
    await asyncio.wait({running.task}, timeout=20)
    world.weather.steps_left = None
    await world.kill(running)
    world.start()
    await _end(world)
