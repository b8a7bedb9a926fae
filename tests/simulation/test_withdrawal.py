"""Withdrawal of a dossier: what has not begun is cancelled, what has begun finishes its course."""

import asyncio
from dataclasses import replace

import pytest

from hub.ports import DeliveryId, DoubtRule, Effect
from schemas.delivery import DeliveryState
from tests.simulation.platform import Deed, Faults, Verb
from tests.simulation.world import Running, World

DOSSIER = "H56.14-261122-0001"
OTHER = "H56.14-261122-0002"
DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 7)]
EVERYTHING = Faults(refused=0.1, lost_before=0.1, lost_after=0.1, slow=0.05)


def _state(revision: int, code: str = DOSSIER) -> Deed:
    return code, "portal.state", revision, 0


async def _codes(world: World) -> set[str]:
    return {outcome.code for outcome in await world.outcomes() if outcome.state is DeliveryState.WITHDRAWN}


async def test_what_waits_for_a_platform_that_is_down_is_withdrawn_without_a_call() -> None:
    """The withdrawal needs no platform; what is sent after it is delivered when the platform is back."""
    world = World(1)
    world.platform.down = True
    for revision in (1, 2, 3):
        await world.submit(DOSSIER, revision, "portal.state")
        await world.submit(OTHER, revision, "portal.state")
    world.start()
    await asyncio.sleep(30)
    await world.withdraw(DOSSIER, 4)
    await world.submit(DOSSIER, 5, "portal.state")
    await asyncio.sleep(2)
    assert {_state(revision) for revision in (1, 2, 3)} == await world.withdrawn()
    assert {"hub.withdrawn"} == await _codes(world)

    world.platform.down = False
    await world.run_until_done()
    assert [_state(5)] == [deed for deed in world.deeds() if deed[0] == DOSSIER]
    assert 3 == sum(deed[0] == OTHER for deed in world.deeds())
    await world.crash()


async def test_a_dead_delivery_no_longer_holds_a_lane_that_is_withdrawn() -> None:
    """The dead one is withdrawn with what waits behind it, and the lane goes on."""
    world = World(2)
    world.platform.refuses = frozenset({2})
    for revision in (1, 2, 3):
        await world.submit(DOSSIER, revision, "portal.state")
    world.start()
    await asyncio.sleep(5)
    await world.withdraw(DOSSIER, 4)
    await world.submit(DOSSIER, 5, "portal.state")

    await world.run_until_done()
    assert [_state(1), _state(5)] == world.deeds()
    assert {_state(2), _state(3)} == await world.withdrawn()
    await world.crash()


@pytest.mark.parametrize("call_s", [0.6, 5.0])
async def test_a_call_under_way_ends_as_it_ends(call_s: float) -> None:
    """Only what had not begun is withdrawn, whether the lane is in memory or written down, and at once."""
    world = World(3)
    world.platform.call_s = (call_s, call_s)
    running = world.start()
    for revision in (1, 2, 3):
        await world.submit(DOSSIER, revision, "portal.state")
    await asyncio.sleep(call_s / 2 + 0.1)
    assert 1 == world.platform.under_way
    await world.withdraw(DOSSIER, 4)

    await world.run_until_done()
    assert [_state(1)] == world.deeds()
    assert {_state(2), _state(3)} == await world.withdrawn()
    assert running in world.running
    await world.crash()


@pytest.mark.parametrize("acted", [True, False])
async def test_a_doubt_is_settled_before_anything_is_said(acted: bool) -> None:
    """What has arrived is delivered; what is found not to have arrived is withdrawn and not sent."""
    world = World(4, Faults(lost_after=float(acted), lost_before=float(not acted)))
    world.platform.deaf = True
    await world.submit(DOSSIER, 1, "portal.state")
    await world.submit(DOSSIER, 2, "portal.state")
    world.start()
    await asyncio.sleep(10)
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(10)
    assert {_state(2)} == await world.withdrawn()

    world.platform.deaf, world.platform.faults = False, Faults()
    calls = world.platform.calls
    await world.run_until_done()
    assert calls == world.platform.calls
    assert ([_state(1)] if acted else []) == world.deeds()
    await world.crash()


async def test_a_withdrawal_during_an_inquiry_is_heeded_when_its_answer_comes() -> None:
    """The platform says that it has nothing, and nothing is what it gets."""
    world = World(12, Faults(lost_before=1.0))
    world.platform.ask_s = 4.0
    await world.submit(DOSSIER, 1, "portal.state")
    world.start()
    for _ in range(100):
        await asyncio.sleep(0.1)
        if world.platform.inquiries:
            break
    await asyncio.sleep(1)
    world.platform.faults = Faults()
    await world.withdraw(DOSSIER, 2)

    await world.run_until_done()
    assert (1, 1, []) == (world.platform.calls, world.platform.inquiries, world.deeds())
    await world.crash()


async def _withdrawn_during_a_call() -> tuple[World, Running]:
    world = World(13)
    world.platform.call_s = (4.0, 4.0)
    running = world.start()
    await world.submit(DOSSIER, 1, "portal.state")
    await world.submit(DOSSIER, 2, "portal.state")
    await asyncio.sleep(2)
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(1)
    assert 1 == world.platform.under_way
    return world, running


async def test_a_withdrawal_waits_while_nobody_knows_whose_the_partition_is() -> None:
    """Nothing goes round in circles meanwhile; when it is certain again, it is done."""
    world, _ = await _withdrawn_during_a_call()
    world.weather.broker_away = True
    await asyncio.sleep(30)
    assert set() == await world.withdrawn()
    world.weather.broker_away = False

    await world.run_until_done()
    assert ([_state(1)], {_state(2)}) == (world.deeds(), await world.withdrawn())
    await world.crash()


async def test_a_withdrawal_does_not_keep_a_worker_from_stopping() -> None:
    """The call under way ends as it ends, and the next owner withdraws the rest."""
    world, running = await _withdrawn_during_a_call()
    await world.stop(running)
    world.start()

    await world.run_until_done()
    assert ([_state(1)], {_state(2)}) == (world.deeds(), await world.withdrawn())
    await world.crash()


async def test_a_try_that_the_platform_refuses_to_take_is_not_repeated() -> None:
    """It was under way when the withdrawal came, and has certainly not arrived: that is as good as not begun."""
    world = World(5, Faults(refused=1.0))
    world.platform.call_s = (1.0, 1.0)
    await world.submit(DOSSIER, 1, "portal.state")
    world.start()
    await asyncio.sleep(20)
    await world.withdraw(DOSSIER, 2)
    world.platform.faults = Faults()

    await world.run_until_done(20)
    assert ([], {_state(1)}) == (world.deeds(), await world.withdrawn())
    await world.crash()


async def test_a_repeated_withdrawal_spares_what_was_sent_after_it() -> None:
    """A record that is appended again is the same withdrawal, and does nothing a second time."""
    world = World(6)
    world.platform.down = True
    await world.submit(DOSSIER, 1, "portal.state")
    world.start()
    await asyncio.sleep(1)
    await world.withdraw(DOSSIER, 2)
    await world.submit(DOSSIER, 3, "portal.state")
    await world.submit_again(DOSSIER, 2)
    await asyncio.sleep(10)

    world.platform.down = False
    await world.run_until_done()
    assert [_state(3)] == world.deeds()
    await world.crash()


async def test_each_platform_of_the_dossier_is_spared() -> None:
    """A withdrawal reaches every lane of its dossier, and no lane of another."""
    world = World(7, parts=2)
    ministry = world.add_platform("ministry")
    world.platform.down = ministry.down = True
    for code in (DOSSIER, OTHER):
        await world.submit(code, 1)
    world.start()
    await asyncio.sleep(10)
    await world.withdraw(DOSSIER, 2)
    await asyncio.sleep(2)
    assert 4 == len(await world.withdrawn())

    world.platform.down = ministry.down = False
    await world.run_until_done()
    assert {OTHER} == {deed[0] for deed in world.deeds()}
    await world.crash()


async def test_a_withdrawal_without_a_store_waits_and_loses_nothing() -> None:
    """The parking place fails just as it is needed: it is done when that is back, across a restart."""
    world = World(8)
    world.platform.down = True
    for revision in (1, 2):
        await world.submit(DOSSIER, revision, "portal.state")
    running = world.start()
    await asyncio.sleep(10)
    world.weather.parking_down = True
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(10)
    await world.kill(running)
    world.weather.parking_down = False
    world.start()
    await asyncio.sleep(5)

    assert {_state(1), _state(2)} == await world.withdrawn()
    world.platform.down = False
    await world.run_until_done()
    await world.crash()


async def test_what_an_operator_must_decide_stays_with_the_operator() -> None:
    """It may have acted, and only a person can tell: it holds its lane as before; what waits behind it goes."""
    world = World(11)
    world.add_operation(Verb("portal.fee", world.platform, Effect.APPEND, DoubtRule.OPERATOR))
    world.platform.puzzling = frozenset({1})
    await world.submit(DOSSIER, 1, "portal.fee")
    await world.submit(DOSSIER, 2, "portal.fee")
    running = world.start()
    await asyncio.sleep(5)
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(5)
    await world.kill(running)
    world.start()
    await asyncio.sleep(60)

    assert {(DOSSIER, "portal.fee", 2, 0)} == await world.withdrawn()
    assert [(DOSSIER, "portal.fee", 1, 0)] == world.deeds()
    states = (await world.states())[DeliveryId(f"{DOSSIER}/1", "portal.fee", 0)]
    assert [DeliveryState.IN_DOUBT] == states
    await world.crash()


async def test_a_withdrawal_that_a_crash_interrupted_goes_on_by_itself() -> None:
    """A dead delivery holds the lane, the withdrawal lies parked behind it, and the next owner ends it."""
    world = World(9)
    world.platform.refuses = frozenset({1})
    await world.submit(DOSSIER, 1, "portal.state")
    await world.submit(DOSSIER, 2, "portal.state")
    running = world.start()
    await asyncio.sleep(5)
    world.weather.log_refuses = frozenset({"hub.outcomes"})
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(10)
    assert set() == await world.withdrawn()
    await world.kill(running)
    world.weather.log_refuses = frozenset()
    world.start()
    await asyncio.sleep(5)

    assert {_state(1), _state(2)} == await world.withdrawn()
    await world.run_until_done()
    assert [] == world.deeds()
    await world.crash()


async def _die_after(steps: int, *, hot: bool) -> bool:
    """Withdraw a dossier, let the worker end after some steps, and judge. Return whether it lived that long."""
    world = World(10)
    world.platform.refuses = frozenset() if hot else frozenset({1})
    world.platform.call_s = (0.8, 0.8) if hot else (0.01, 0.1)
    for revision in (1, 2, 3):
        await world.submit(DOSSIER, revision, "portal.state")
    world.start()
    await asyncio.sleep(0.5 if hot else 5.0)
    world.weather.steps_left = steps
    await world.withdraw(DOSSIER, 4)
    await world.submit(DOSSIER, 5, "portal.state")
    for _ in range(40):
        await asyncio.sleep(0.25)
        await world.replace_dead()
    died = world.weather.steps_left < 0
    await world.run_until_done()
    assert ([_state(1)] if hot else []) + [_state(5)] == world.deeds()
    assert {_state(revision) for revision in ((2, 3) if hot else (1, 2, 3))} == await world.withdrawn()
    await world.crash()
    return died


@pytest.mark.parametrize("hot", [True, False])
async def test_a_withdrawal_survives_an_end_between_any_two_steps(*, hot: bool) -> None:
    """In memory, behind a call under way, or in the parking place, behind a dead delivery: the end is the same."""
    steps = 0
    while await _die_after(steps, hot=hot) and steps < 40:
        steps += 1

    assert steps > 8


@pytest.mark.parametrize("seed", range(10))
async def test_withdrawals_pass_through_crashes_at_any_moment(seed: int) -> None:
    """Each delivery is either done or withdrawn, never both, and order holds among those that are done."""
    world = World(seed, EVERYTHING, parts=1 + seed % 2)
    world.add_platform("ministry").faults = EVERYTHING
    world.weather.doubtful = 0.03
    world.shares = replace(world.shares, concurrency_max=2, hot_max=4 + seed % 20)
    revisions = dict.fromkeys(DOSSIERS, 0)
    for _ in range(25):
        while len(world.running) < 1 + seed % 2:
            world.start()
        for _ in range(4):
            code = world.random.choice(DOSSIERS)
            revisions[code] += 1
            if world.random.random() < 0.2:
                await world.withdraw(code, revisions[code])
                if world.random.random() < 0.2:
                    await world.submit_again(code, revisions[code])
            else:
                await world.submit(code, revisions[code])
        world.platform.down = world.random.random() < 0.3
        world.platform.refuses = frozenset({world.random.randrange(30)})
        await asyncio.sleep(world.random.uniform(0.01, 1.0))
        world.check_memory()
        if world.random.random() < 0.4:
            await world.kill(world.random.choice(world.running))
    world.platform.down, world.platform.refuses = False, frozenset()
    if not world.running:
        world.start()
    for code in DOSSIERS:
        await world.withdraw(code, revisions[code] + 1)
        await world.submit(code, revisions[code] + 2)

    await world.run_until_done()
    assert await world.withdrawn()
    await world.crash()
