"""What cannot arrive in time is not sent any more, and says so."""

import asyncio
from datetime import timedelta

from schemas.delivery import DeliveryState
from tests.simulation.world import World

CODES = [f"H56.14-261122-{number:04d}" for number in range(100, 116)]


async def test_an_outage_that_lasts_too_long() -> None:
    """Everything expires, nothing is parked, the lanes are free for what comes later."""
    world = World(5)
    world.patience = timedelta(seconds=20)
    world.platform.down = True
    world.start()
    for code in CODES:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(90)
    states = [states[-1] for states in (await world.states()).values()]

    assert [DeliveryState.EXPIRED] * len(CODES) == states
    assert 0 == world.parking.rows

    world.platform.down = False
    for code in CODES:
        await world.submit(code, 2, "portal.state")
    await asyncio.sleep(30)
    assert {(code, "portal.state", 2, 0) for code in CODES} == set(world.deeds())
    await world.crash()


async def test_what_may_have_acted_does_not_expire() -> None:
    """A lost reply is asked about, however late it is; the answer counts."""
    world = World(6)
    world.patience = timedelta(seconds=2)
    world.platform.faults = type(world.platform.faults)(lost_after=1.0)
    world.start()
    await world.submit(CODES[0], 1, "portal.state")
    await asyncio.sleep(60)

    assert [DeliveryState.DELIVERED] == [states[-1] for states in (await world.states()).values()]
    await world.crash()
