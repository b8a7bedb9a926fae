"""One message never speaks for its platform, and what was never sent says nothing about it."""

import asyncio

from hub.delivery.circuit import CircuitState
from tests.simulation.platform import Deed, Verb
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 13)]
STRANGE = DOSSIERS[0]


def _delay_s(world: World, deed: Deed, since_s: float) -> float:
    """Return how long after `since_s` something was done; for ever when it was not."""
    return world.platform.acted_s.get(deed, float("inf")) - since_s


async def _slowest_s(world: World, codes: list[str], revision: int) -> float:
    """Submit a state of each dossier, wait a while, and return how long the last one took."""
    since_s = world.clock.monotonic()
    for code in codes:
        await world.submit(code, revision, "portal.state")
    await asyncio.sleep(60)
    return max(_delay_s(world, (code, "portal.state", revision, 0), since_s) for code in codes)


async def test_a_procedure_that_nobody_knows_stops_only_its_own_dossier() -> None:
    """The hub's own fault is not held against the platform, and the message waits for the catalogue."""
    world = World(1)
    world.uncatalogued = frozenset({STRANGE})
    await world.submit(STRANGE, 1, "portal.state")
    world.start()
    await asyncio.sleep(10)

    assert await _slowest_s(world, DOSSIERS[1:], 1) < 1.0
    world.uncatalogued = frozenset()
    await world.run_until_done()
    await world.crash()


async def test_an_operation_that_is_gone_stops_only_its_own_deliveries() -> None:
    """What the configuration no longer has waits until it is back; the others of its platform go on."""
    world = World(2)
    gone = Verb("portal.gone", world.platform)
    world.add_operation(gone)
    await world.submit(STRANGE, 1, "portal.gone")
    del world.operations["portal.gone"]
    running = world.start()
    await asyncio.sleep(10)

    assert await _slowest_s(world, DOSSIERS[1:], 1) < 1.0
    await world.kill(running)
    world.add_operation(gone)
    world.start()
    await world.run_until_done()
    await world.crash()


async def test_what_cannot_be_opened_does_not_close_a_circuit() -> None:
    """A message that is dead before it is sent says nothing about the platform, which is still down."""
    world = World(3)
    world.platform.down = True
    await world.submit(DOSSIERS[0], 1, "portal.state")
    running = world.start()
    await asyncio.sleep(30)
    for code in DOSSIERS[1:]:
        await world.submit(code, 1, "portal.state", key=bytes(31) + b"1")

    for _ in range(600):
        assert CircuitState.CLOSED is not running.dispatch._shares["portal"].circuit.state
        await asyncio.sleep(0.25)
    await world.crash()


async def test_a_probe_that_the_store_prevents_is_not_the_last() -> None:
    """Store and platform fail together: when both are back, the platform is tried again."""
    world = World(4)
    world.platform.down = True
    for code in DOSSIERS:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(20)
    world.weather.store_down = True
    await asyncio.sleep(60)

    world.weather.store_down = world.platform.down = False
    await world.run_until_done(60)
    await world.crash()
