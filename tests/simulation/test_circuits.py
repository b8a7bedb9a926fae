"""One message never speaks for its platform, and what was never sent says nothing about it."""

import asyncio
from dataclasses import replace

import structlog.testing

from hub.pipeline.circuit import CircuitState
from hub.pipeline.decide import Backoff
from hub.ports import DoubtRule, Effect
from schemas.delivery import DeliveryState
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
        assert CircuitState.CLOSED is not running.dispatch._shares.opened["portal"].circuit.state
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


async def test_one_poisonous_message_never_makes_others_wait() -> None:
    """After half an hour in which it alone was tried, and failed, another dossier is delivered at once."""
    world = World(5)
    world.platform.poisoned = frozenset({STRANGE})
    await world.submit(STRANGE, 1, "portal.state")
    world.start()
    await asyncio.sleep(1800)
    assert world.platform.calls < 100

    for revision, code in enumerate(DOSSIERS[1:], 1):
        assert await _slowest_s(world, [code], revision) < 2.0
    await world.crash()


async def test_a_message_that_is_always_refused_like_a_stranger_stops_its_platform_once() -> None:
    """The first such refusal may mean everybody, the next ones of the same dossier mean itself."""
    world = World(6)
    world.platform.banned = frozenset({STRANGE})
    await world.submit(STRANGE, 1, "portal.state")
    world.start()
    await asyncio.sleep(0.5)
    assert await _slowest_s(world, DOSSIERS[1:], 1) < 3.0

    delays_s = [await _slowest_s(world, DOSSIERS[1:], revision) for revision in range(2, 8)]
    assert max(delays_s) < 1.0
    await world.crash()


async def test_many_poisonous_messages_delay_others_by_one_probe() -> None:
    """Where as many dossiers fail as there would be in an outage, the others wait for the next probe at most."""
    world = World(7)
    world.shares = replace(world.shares, circuit_open_max_s=8.0)
    world.platform.poisoned = frozenset(DOSSIERS[:6])
    for code in DOSSIERS[:6]:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(300)

    delays_s = [await _slowest_s(world, DOSSIERS[6:], revision) for revision in range(1, 6)]
    assert max(delays_s) < 10.0
    await world.crash()


async def test_inquiries_that_get_no_answer_become_seldom() -> None:
    """A platform that takes messages and answers no inquiry is not asked every second for hours."""
    world = World(8)
    world.backoff = Backoff(first_s=1, max_s=300)
    world.platform.deaf = True
    world.platform.puzzling = frozenset({1})
    await world.submit(STRANGE, 1, "portal.state")
    world.start()
    for revision in range(2, 202):
        await world.submit(DOSSIERS[1], revision, "portal.state")
        await asyncio.sleep(6)
    assert 8 < world.platform.inquiries < 20

    world.platform.deaf = False
    await world.run_until_done(600)
    assert 201 == world.platform.calls
    await world.crash()


async def test_a_rotated_password_kills_nothing_and_alarms_once() -> None:
    """Everything parks after a handful of refusals; with the right password all is delivered in order."""
    world = World(9, parts=3)
    for revision in (1, 2, 3):
        for code in DOSSIERS:
            await world.submit(code, revision)
    world.platform.locked_out = True
    with structlog.testing.capture_logs() as lines:
        world.start()
        await asyncio.sleep(120)
    assert world.platform.calls < 4 + 12
    assert 1 == sum(line["event"] == "circuit_opened" for line in lines)
    assert DeliveryState.DEAD not in {state for states in (await world.states()).values() for state in states}

    world.platform.locked_out = False
    await world.run_until_done()
    assert len(world.platform.effects) == len(set(world.platform.effects))
    await world.crash()


async def test_the_recovery_of_a_platform_is_noticed_within_the_longest_wait() -> None:
    """After a long outage the first call gets through half a minute after the platform is back, at the latest."""
    for seed in range(3):
        world = World(seed)
        world.platform.down = True
        for code in DOSSIERS[: 1 + 3 * seed]:
            await world.submit(code, 1, "portal.state")
        world.start()
        await asyncio.sleep(600 + seed * 7)
        world.platform.down = False
        since_s = world.clock.monotonic()
        await world.run_until_done()
        assert world.clock.monotonic() - since_s < 33
        await world.crash()


async def test_an_operator_is_asked_once() -> None:
    """What only a person can decide waits for that person through restarts and outages, and is not sent again."""
    world = World(10)
    world.add_operation(Verb("portal.fee", world.platform, Effect.APPEND, DoubtRule.OPERATOR))
    world.platform.puzzling = frozenset({1})
    await world.submit(STRANGE, 1, "portal.fee")
    await world.submit(STRANGE, 2, "portal.fee")
    for _ in range(3):
        running = world.start()
        await asyncio.sleep(10)
        world.platform.down = True
        for code in DOSSIERS[1:]:
            await world.submit(code, 2 + len(world.platform.effects), "portal.state")
        await asyncio.sleep(10)
        world.platform.down = False
        await asyncio.sleep(60)
        await world.kill(running)

    fees = [outcome for outcome in await world.outcomes() if outcome.operation == "portal.fee"]
    assert [DeliveryState.IN_DOUBT] == [outcome.state for outcome in fees]
    assert 1 == sum(deed[1] == "portal.fee" for deed in world.platform.effects)


async def test_a_platform_that_refuses_everybody_alike_kills_a_handful_at_most() -> None:
    """A change at the platform, or at our account, that no table knows: the backlog waits, and lives."""
    world = World(11)
    codes = [f"H56.14-261122-{number:04d}" for number in range(100, 160)]
    world.platform.refuses = frozenset({1})
    world.start()
    for code in codes:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(120)
    states = [states[-1] for states in (await world.states()).values()]
    assert states.count(DeliveryState.DEAD) == 9

    world.platform.refuses = frozenset()
    await asyncio.sleep(60)
    assert len(codes) - 9 == len(world.platform.effects)
    await world.crash()


async def test_scattered_bad_dossiers_stop_nobody() -> None:
    """However many are refused alike in the end: where others get through in between, each is at fault itself."""
    world = World(12)
    world.platform.refuses = frozenset({2})
    running = world.start()
    for number in range(100, 200):
        await world.submit(f"H56.14-261122-{number:04d}", 2 if number % 4 == 0 else 1, "portal.state")
        await asyncio.sleep(0.3)
        assert CircuitState.CLOSED is running.dispatch._shares.opened["portal"].circuit.state
    await asyncio.sleep(5)

    states = [states[-1] for states in (await world.states()).values()]
    assert (25, 75) == (states.count(DeliveryState.DEAD), states.count(DeliveryState.DELIVERED))
    await world.crash()


async def test_bad_dossiers_in_a_row_stop_nobody_for_long() -> None:
    """A night in which only bad ones came looks like an outage; the first good one ends it, and nobody is lost."""
    world = World(13)
    world.platform.refuses = frozenset({2})
    with structlog.testing.capture_logs() as lines:
        world.start()
        for number in range(100, 115):
            await world.submit(f"H56.14-261122-{number:04d}", 2, "portal.state")
            await asyncio.sleep(60)
        assert 1 == sum(line["event"] == "circuit_opened" for line in lines)
        assert await _slowest_s(world, DOSSIERS[:1], 1) < 32
        assert await _slowest_s(world, DOSSIERS[1:], 3) < 3

    states = [states[-1] for states in (await world.states()).values()]
    assert (15, 12) == (states.count(DeliveryState.DEAD), states.count(DeliveryState.DELIVERED))
    await world.crash()
