"""Operators' rulings: what is decided is done once, in the order of the lane, whoever dies meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from hub.ports import DoubtRule, Effect, Job, Reply
from schemas.delivery import DeliveryState
from schemas.ruling import Verdict
from tests.simulation.platform import Deed, Faults, Verb
from tests.simulation.world import World

DOSSIER = "H56.14-261122-0001"
OTHER = "H56.14-261122-0002"
DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 7)]
EVERYTHING = Faults(refused=0.1, lost_before=0.1, lost_after=0.1, slow=0.05)
RIGHT = "Đăng ký khai sinh"
_LETTERS = str.maketrans("0123456789", "abcdefghij")


@dataclass(frozen=True)
class Choosy(Verb):
    """An operation that refuses what lacks the right summary, and remembers how often it was asked."""

    asked: list[Deed] = field(default_factory=list)

    async def send(self, job: Job) -> Reply:
        """Refuse, or do it."""
        self.asked.append(self.deed(job))
        if job.submission.summary == RIGHT:
            return await super().send(job)
        # Each in other words: who says the same to everybody does not mean the dossier.
        return Reply(200, "9", job.submission.code.translate(_LETTERS))


def _choosy(world: World) -> Choosy:
    """Let the portal's state be refused until it is corrected."""
    verb = Choosy("portal.state", world.platform)
    world.add_operation(verb)
    return verb


def _state(revision: int, code: str = DOSSIER) -> Deed:
    return code, "portal.state", revision, 0


async def _told(world: World, revision: int, operation: str = "portal.state") -> Sequence[tuple[str, str]]:
    """Return (state, code) of the outcomes of a delivery."""
    message_id = f"{DOSSIER}/{revision}"
    return [
        (outcome.state.value, outcome.code)
        for outcome in await world.outcomes()
        if (outcome.message_id, outcome.operation) == (message_id, operation)
    ]


async def _dead(world: World, *revisions: int) -> None:
    """Submit states, and let the first one die."""
    for revision in revisions:
        await world.submit(DOSSIER, revision, "portal.state")
    world.start()
    await asyncio.sleep(5)
    assert [] == world.deeds()


async def test_a_dead_delivery_is_replayed_with_a_corrected_body() -> None:
    """It is sent as it was corrected, what waits behind it goes on in order, and the outcome names the ruling."""
    world = World(1)
    verb = _choosy(world)
    await _dead(world, 1)
    await world.submit(DOSSIER, 2, "portal.state")
    await world.rule(Verdict.REPLAY, DOSSIER, 1, summary=RIGHT)
    await asyncio.sleep(5)
    await world.rule(Verdict.REPLAY, DOSSIER, 2, summary=RIGHT)

    await world.run_until_done()
    assert [_state(1), _state(2)] == world.deeds()
    assert [_state(1), _state(1), _state(2), _state(2)] == verb.asked
    assert [("dead", "9"), ("waiting", "hub.replayed"), ("delivered", "0")] == await _told(world, 1)
    ruled = [outcome for outcome in await world.outcomes() if outcome.ruling]
    assert [f"{DOSSIER}/1/1", f"{DOSSIER}/2/1"] == [outcome.ruling for outcome in ruled]
    assert [] == await world.voids()
    await world.crash()


async def test_a_replay_without_a_correction_sends_what_was_sent() -> None:
    """The platform has changed its mind: the same body arrives."""
    world = World(2)
    world.platform.refuses = frozenset({1})
    await _dead(world, 1, 2)
    world.platform.refuses = frozenset()
    await world.rule(Verdict.REPLAY, DOSSIER, 1)

    await world.run_until_done()
    assert [_state(1), _state(2)] == world.deeds()
    await world.crash()


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.DISCARD, "hub.discarded"), (Verdict.SUPERSEDED, "hub.superseded")]
)
async def test_a_dead_delivery_that_is_given_up_lets_the_lane_go_on(verdict: Verdict, code: str) -> None:
    """It ends as withdrawn with the code of the verdict, and nothing is sent for it."""
    world = World(3)
    world.platform.refuses = frozenset({1})
    await _dead(world, 1, 2)
    await world.rule(verdict, DOSSIER, 1)

    await world.run_until_done()
    assert [_state(2)] == world.deeds()
    assert [("dead", "9"), ("withdrawn", code)] == await _told(world, 1)
    await world.crash()


async def test_a_correction_reaches_what_of_the_message_waits_behind_it() -> None:
    """The parts of the same message in the same lane are sent as corrected, too; other messages are not."""
    world = World(4, parts=2)
    _choosy(world)
    steps = Choosy("portal.steps", world.platform, Effect.APPEND, DoubtRule.RESEND, 2)
    world.add_operation(steps)
    await world.submit(DOSSIER, 1)
    await world.submit(DOSSIER, 2)
    world.start()
    await asyncio.sleep(5)
    await world.rule(Verdict.REPLAY, DOSSIER, 1, summary=RIGHT)
    await asyncio.sleep(5)

    assert [_state(1), (DOSSIER, "portal.steps", 1, 0), (DOSSIER, "portal.steps", 1, 1)] == world.deeds()
    await world.rule(Verdict.REPLAY, DOSSIER, 2, summary=RIGHT)
    await world.run_until_done()
    await world.crash()


async def test_what_dies_again_stays_dead_until_the_next_ruling() -> None:
    """A ruling is obeyed once, also when it is appended again, with or without saying so, and across a restart."""
    world = World(5)
    world.platform.refuses = frozenset({1})
    await _dead(world, 1)
    await world.rule(Verdict.REPLAY, DOSSIER, 1)
    await asyncio.sleep(5)
    await world.rule(Verdict.REPLAY, DOSSIER, 1)
    await world.submit_again(DOSSIER, 1)
    await world.kill(world.running[0])
    world.start()
    await asyncio.sleep(20)

    assert [("dead", "9"), ("waiting", "hub.replayed"), ("dead", "9")] == await _told(world, 1)
    assert 2 == world.platform.calls
    await world.rule(Verdict.REPLAY, DOSSIER, 1, name="2")
    world.platform.refuses = frozenset()
    await world.run_until_done()
    await world.crash()


async def test_a_ruling_that_finds_nothing_to_do_says_so() -> None:
    """Replay of what is delivered, waits, was never there, or is not in doubt: void, and nothing is sent."""
    world = World(6)
    world.start()
    await world.submit(DOSSIER, 1, "portal.state")
    await asyncio.sleep(5)
    for number, verdict in enumerate([Verdict.REPLAY, Verdict.DISCARD, Verdict.ARRIVED, Verdict.NOT_ARRIVED]):
        await world.rule(verdict, DOSSIER, 1, name=str(number))
    world.platform.down = True
    await world.submit(DOSSIER, 2, "portal.state")
    await asyncio.sleep(5)
    await world.rule(Verdict.REPLAY, DOSSIER, 2)
    await asyncio.sleep(5)
    assert [*(f"{DOSSIER}/1/{number}" for number in range(4)), f"{DOSSIER}/2/1"] == await world.voids()

    world.platform.down = False
    await world.run_until_done()
    assert [_state(1), _state(2)] == world.deeds()
    await world.crash()


async def test_a_withdrawal_takes_what_was_replayed_and_has_not_begun() -> None:
    """The platform is down when it is replayed; then its sender withdraws the dossier."""
    world = World(7)
    world.platform.refuses = frozenset({1})
    await _dead(world, 1, 2)
    world.platform.down, world.platform.refuses = True, frozenset()
    await world.rule(Verdict.REPLAY, DOSSIER, 1)
    await asyncio.sleep(5)
    await world.withdraw(DOSSIER, 3)
    await asyncio.sleep(5)
    world.platform.down = False

    await world.run_until_done()
    assert [] == world.deeds()
    assert {_state(1), _state(2)} == await world.withdrawn()
    await world.crash()


async def _die_after(steps: int, verdict: Verdict) -> bool:
    """Rule about a dead delivery, let the worker end after some steps, and judge. Return whether it lived that long."""
    world = World(8)
    verb = _choosy(world)
    await _dead(world, 1)
    await world.submit(DOSSIER, 2, "portal.state")
    world.weather.steps_left = steps
    await world.rule(verdict, DOSSIER, 1, summary=RIGHT)
    for _ in range(40):
        await asyncio.sleep(0.25)
        await world.replace_dead()
    died, world.weather.steps_left = world.weather.steps_left < 0, None
    await world.rule(Verdict.REPLAY, DOSSIER, 2, summary=RIGHT)
    await world.run_until_done()
    assert ([_state(1)] if verdict is Verdict.REPLAY else []) + [_state(2)] == world.deeds()
    assert [] == await world.voids()
    assert len(verb.asked) <= 6
    await world.crash()
    return died


@pytest.mark.parametrize("verdict", [Verdict.REPLAY, Verdict.DISCARD])
async def test_a_ruling_survives_an_end_between_any_two_steps(verdict: Verdict) -> None:
    """Wherever the worker ends, the next one brings the ruling to the same end."""
    steps = 0
    while await _die_after(steps, verdict) and steps < 60:
        steps += 1

    assert steps > 8


async def test_a_ruling_that_is_repeated_by_a_crash_replays_nothing_twice() -> None:
    """Wherever the worker ends, what dies again after its replay was tried once for the ruling."""
    for steps in range(40):
        world = World(9)
        world.platform.refuses = frozenset({1})
        await _dead(world, 1)
        world.weather.steps_left = steps
        await world.rule(Verdict.REPLAY, DOSSIER, 1)
        for _ in range(20):
            await asyncio.sleep(0.25)
            await world.replace_dead()
        told = [code for _, code in await _told(world, 1)]
        assert 2 == told.count("9")
        await world.crash()


async def test_what_died_as_its_worker_did_is_dead_for_the_next_one() -> None:
    """Wherever the worker ends, no try is made for what the log says is dead, and the ruling about it is obeyed."""
    for steps in range(12):
        world = World(15)
        verb = _choosy(world)
        await world.submit(DOSSIER, 1, "portal.state")
        world.weather.steps_left = steps
        running = world.start()
        await asyncio.sleep(5)
        died = running.life.over
        if [("dead", "9")] == await _told(world, 1):
            await world.rule(Verdict.REPLAY, DOSSIER, 1, summary=RIGHT)
            world.weather.steps_left = None
            await world.replace_dead()
            await world.run_until_done()
            assert [_state(1)] * 2 == verb.asked
            assert [] == await world.voids()
        await world.crash()
        if not died:
            return
    raise AssertionError("it never lived to the end")


async def test_a_thousand_dead_letters_are_replayed_with_a_corrected_field() -> None:
    """One effect each, in the order of each lane, and every outcome names its ruling."""
    world = World(10)
    verb = _choosy(world)
    codes = [f"H56.14-261122-{number:04d}" for number in range(1, 1001)]
    for code in codes:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(100)
    assert 1000 == len(verb.asked)
    for code in codes:
        await world.rule(Verdict.REPLAY, code, 1, summary=RIGHT)

    await world.run_until_done()
    assert sorted(_state(1, code) for code in codes) == sorted(world.deeds())
    assert 1000 == len({outcome.ruling for outcome in await world.outcomes() if outcome.ruling})
    assert [] == await world.voids()
    await world.crash()


def _doubted(world: World) -> None:
    """Add an operation of which only a person can tell whether it arrived, and let its first call be answered oddly."""
    world.add_operation(Verb("portal.fee", world.platform, Effect.APPEND, DoubtRule.OPERATOR))
    world.platform.puzzling = frozenset({1})


@pytest.mark.parametrize(
    ("verdict", "state", "times"), [(Verdict.ARRIVED, "delivered", 1), (Verdict.NOT_ARRIVED, "waiting", 2)]
)
async def test_a_doubt_is_settled_by_who_has_looked(verdict: Verdict, state: str, times: int) -> None:
    """What has arrived is delivered, what has not is sent without a doubt; the lane goes on behind it."""
    world = World(11)
    _doubted(world)
    for revision in (1, 2):
        await world.submit(DOSSIER, revision, "portal.fee")
    world.start()
    await asyncio.sleep(5)
    world.platform.puzzling = frozenset()
    await world.rule(verdict, DOSSIER, 1, operation="portal.fee")
    await asyncio.sleep(10)

    fee = (DOSSIER, "portal.fee", 1, 0)
    assert [fee] * times + [(DOSSIER, "portal.fee", 2, 0)] == world.deeds()
    told = await _told(world, 1, "portal.fee")
    assert (state, "hub.settled") == told[1]
    assert "delivered" == told[-1][0]
    assert 0 == world.parking.rows
    await world.crash()


@pytest.mark.parametrize("there", [True, False])
async def test_what_counts_as_delivered_is_sent_again_if_the_platform_lacks_it(*, there: bool) -> None:
    """The platform is asked first, so what is there is not doubled; what it has lost is there again."""
    world = World(12)
    await world.submit(DOSSIER, 1, "portal.state")
    world.start()
    await world.first_effect()
    await asyncio.sleep(2)
    if not there:
        world.platform.effects.clear()
    await world.rule(Verdict.RESEND, DOSSIER, 1)
    await asyncio.sleep(5)
    await world.submit(DOSSIER, 2, "portal.state")

    await world.run_until_done()
    assert [_state(1), _state(2)] == world.deeds()
    told = await _told(world, 1)
    assert [("delivered", "0"), ("waiting", "hub.resent")] == told[:2]
    assert ("delivered", "present" if there else "0") == told[-1]
    assert 1 == world.platform.inquiries
    await world.crash()


async def test_an_older_state_is_not_sent_on_top_of_a_newer_one() -> None:
    """The newer one came before the ruling did; it says it all."""
    world = World(13)
    for revision in (1, 2):
        await world.submit(DOSSIER, revision, "portal.state")
    world.start()
    await asyncio.sleep(5)
    world.platform.effects.remove(_state(1))
    await world.rule(Verdict.RESEND, DOSSIER, 1)
    await asyncio.sleep(10)

    assert [_state(2)] == world.deeds()
    assert [("delivered", "0"), ("delivered", "hub.superseded")] == await _told(world, 1)
    assert 0 == world.parking.rows
    await world.crash()


async def test_sending_again_survives_an_end_between_any_two_steps() -> None:
    """Wherever the worker ends, the platform has it once in the end, and before what came after it."""
    for steps in range(40):
        world = World(14)
        await world.submit(DOSSIER, 1, "portal.state")
        world.start()
        await world.first_effect()
        await asyncio.sleep(2)
        world.platform.effects.clear()
        world.weather.steps_left = steps
        await world.rule(Verdict.RESEND, DOSSIER, 1)
        await world.submit(DOSSIER, 2, "portal.state")
        for _ in range(20):
            await asyncio.sleep(0.25)
            await world.replace_dead()
        died, world.weather.steps_left = world.weather.steps_left < 0, None
        await asyncio.sleep(10)
        superseded = "hub.superseded" in [code for _, code in await _told(world, 1)]
        assert ([] if superseded else [_state(1)]) + [_state(2)] == world.deeds()
        assert 0 == world.parking.rows
        await world.crash()
        if not died:
            return
    raise AssertionError("it never lived to the end")


async def _rule_on_all(world: World, round_: int) -> None:
    """Replay what is dead or give it up, and now and then send again what is there already."""
    last = {}
    for outcome in await world.outcomes():
        last[outcome.message_id, outcome.operation, outcome.part] = outcome.state
    for (message_id, operation, part), state in last.items():
        if state is DeliveryState.DEAD:
            code, _, revision = message_id.rpartition("/")
            verdict = world.random.choice([Verdict.REPLAY, Verdict.REPLAY, Verdict.DISCARD])
            name = f"{round_}.{operation}.{part}"
            summary = RIGHT if verdict is Verdict.REPLAY else ""
            for _ in range(world.random.choice([1, 1, 2])):
                await world.rule(
                    verdict, code, int(revision), name=name, operation=operation, part=part, summary=summary
                )
        elif (state, operation) == (DeliveryState.DELIVERED, "portal.state") and world.random.random() < 0.1:
            code, _, revision = message_id.rpartition("/")
            await world.rule(Verdict.RESEND, code, int(revision), name=f"{round_}.again")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("loses", [False, True])
async def test_rulings_pass_through_crashes_at_any_moment(seed: int, *, loses: bool) -> None:
    """With faults, rebalances, and a parking place that is lost or not: every delivery ends, once, in its order."""
    world = World(seed, EVERYTHING, parts=1 + seed % 2)
    world.add_platform("ministry").faults = EVERYTHING
    world.weather.doubtful = 0.03
    world.restores = loses
    revisions = dict.fromkeys(DOSSIERS, 0)
    for round_ in range(20):
        while len(world.running) < 1 + seed % 2:
            world.start()
        for _ in range(3):
            code = world.random.choice(DOSSIERS)
            revisions[code] += 1
            await (world.withdraw if world.random.random() < 0.1 else world.submit)(code, revisions[code])
        world.platform.down = world.random.random() < 0.3
        world.platform.refuses = frozenset(range(round_ % 2, 20, 2) if world.random.random() < 0.6 else ())
        await asyncio.sleep(world.random.uniform(0.01, 1.5))
        await _rule_on_all(world, round_)
        world.check_memory()
        if world.random.random() < 0.4:
            await world.kill(world.random.choice(world.running))
            if loses:
                await world.crash()
                world.parking.lose()
    world.platform.down, world.platform.refuses = False, frozenset()
    if not world.running:
        world.start()
    for round_ in range(20, 40):
        await asyncio.sleep(5)
        await _rule_on_all(world, round_)

    await world.run_until_done()
    assert any(outcome.ruling for outcome in await world.outcomes())
    assert world.restored or not loses
    await world.crash()
