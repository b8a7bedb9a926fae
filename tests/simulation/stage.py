"""Plays scripts of moves in a world, and watches what must hold at every step."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.delivery.dispatch import Dispatch
from hub.delivery.tries.outcomes import OutcomeWriter
from hub.delivery.worker import Worker
from hub.errors import Unavailable, WriteInDoubt
from hub.log.memory import MemoryLog
from hub.ports import Clock, DeliveryId, DoubtRule, Effect, Position
from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader
from schemas.envelope import Envelope
from schemas.ruling import Verdict
from tests.fakes.parking import MemoryParking
from tests.simulation.distant import Distant, Fate
from tests.simulation.moves import Kind, Move
from tests.simulation.platform import Deed, Verb
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.world import PARTITIONS, TOPICS, Running, World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 4)]
REFUSED = frozenset({(DOSSIERS[0], 3), (DOSSIERS[1], 2)})
FATES = tuple(Fate)
ANSWERS = (Fate.WELL, Fate.BUSY, Fate.LOST_BEFORE, Fate.LOST_AFTER, Fate.LOCKED)
CHOICES = (("portal.state", "portal.steps"), ("registry.entry",), ("board.notice",), ())
"""What a state is owed to; the last one means all."""

SETTLED_S_MAX = 400.0
WORKERS_MAX = 2
LEAVE_S = 20.0
_ENDED = frozenset({DeliveryState.DELIVERED, DeliveryState.WITHDRAWN, DeliveryState.EXPIRED})


class WatchedLog(MemoryLog):
    """A log that fails at chosen appends, and tells of commands, outcomes and commits when they are durable."""

    def __init__(self, clock: Clock, promises: "Promises") -> None:
        super().__init__(TOPICS, clock)
        self._promises = promises
        self.fails_in: int | None = None
        self.fails_after = False

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port."""
        strikes = topic == "hub.outcomes" and self._strikes()
        if strikes and not self.fails_after:
            raise Unavailable("the n-th append")
        position = await super().append(topic, key, value)
        self._promises.appended(position, Envelope.from_bytes(value).header)
        if strikes:
            raise WriteInDoubt("the n-th append landed")
        return position

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> "asyncio.Future[None]":
        """As `hub.log.consumer.Source`."""
        done = super().commit(group, topic, offsets)
        self._promises.committed(offsets)
        return done

    def _strikes(self) -> bool:
        if self.fails_in is None:
            return False
        self.fails_in = self.fails_in - 1 if self.fails_in else None
        return self.fails_in is None


class Promises:
    """What must hold whenever something becomes durable: reckoned from records, rows and effects alone.

    `parked` tells which deliveries have a row in the parking place.
    """

    def __init__(self, parked: Callable[[], Collection[DeliveryId]]) -> None:
        self._parked = parked
        self.outcomes: dict[DeliveryId, list[OutcomeHeader]] = defaultdict(list)
        self._commands: dict[int, list[tuple[int, DeliveryId]]] = defaultdict(list)
        self._open: list[DeliveryId] = []
        self._broken: list[str] = []
        self._lanes: dict[tuple[str, str], list[Deed]] = defaultdict(list)
        self._reached: dict[tuple[str, str], int] = {}
        self._acted: set[Deed] = set()

    def appended(self, position: Position, header: bytes) -> None:
        """A record is durable."""
        if position.topic == "hub.outcomes":
            outcome = OutcomeHeader.model_validate_json(header)
            self.outcomes[DeliveryId(outcome.message_id, outcome.operation, outcome.part)].append(outcome)
            return
        command = CommandHeader.model_validate_json(header)
        if command.reappended:
            return
        for planned in command.deliveries:
            delivery = DeliveryId(command.message_id, planned.operation, planned.part)
            self._commands[position.partition].append((position.offset, delivery))
            self._lanes[command.ordering_key, planned.platform].append(
                (command.ordering_key, planned.operation, command.revision, planned.part)
            )

    def committed(self, offsets: Mapping[int, int]) -> None:
        """Offsets are committed: nothing below them may be unfinished, now or ever."""
        for partition, offset in offsets.items():
            records = self._commands[partition]
            self._open += [delivery for at, delivery in records if at < offset]
            self._commands[partition] = [each for each in records if each[0] >= offset]
        self._look()

    def check(self) -> None:
        """Raise what was broken: where it breaks, somebody may catch what is raised."""
        self._look()
        assert [] == self._broken

    def _look(self) -> None:
        """Unfinished is what has neither a final outcome nor a row. A dead one needs its row: it holds its lane."""
        self._open = [delivery for delivery in self._open if not self.ended(delivery)]
        lost = [delivery for delivery in self._open if delivery not in self._parked()]
        self._must(not lost, f"the committed offset has passed {lost}, which is not finished")

    def _must(self, holds: bool, words: str) -> None:
        if not holds:
            self._broken.append(words)

    def ended(self, delivery: DeliveryId) -> bool:
        """Whether the last outcome of a delivery is its end."""
        outcomes = self.outcomes.get(delivery, [])
        return bool(outcomes) and outcomes[-1].state in _ENDED

    def acted(self, deed: Deed, repeat: Effect) -> None:
        """A platform has done something: the next deed of its lane, or, if it only adds, the last one again."""
        lane = deed[0], deed[1].partition(".")[0]
        owed = self._lanes[lane]
        place, reached = owed.index(deed), self._reached.get(lane, -1)
        self._must(place >= reached, f"{deed} was done after {owed[reached]}")
        self._must(place != reached or repeat is Effect.APPEND, f"{deed} was done twice")
        elders = [each for each in owed[:place] if each not in self._acted and not self.ended(_name(each))]
        self._must(not elders, f"{deed} was done before {elders} had ended")
        self._reached[lane] = max(place, reached)
        self._acted.add(deed)

    def open_deliveries(self) -> Collection[DeliveryId]:
        """Return what is not ended."""
        waiting = [delivery for records in self._commands.values() for _, delivery in records]
        return [delivery for delivery in (*waiting, *self._open) if not self.ended(delivery)]


def _name(deed: Deed) -> DeliveryId:
    code, operation, revision, part = deed
    return DeliveryId(f"{code}/{revision}", operation, part)


@dataclass(frozen=True)
class Cast:
    """What plays: the real classes, or ones with a planted defect."""

    worker: type[Worker] = Worker
    dispatch: type[Dispatch] = Dispatch
    writer: type[OutcomeWriter] = OutcomeWriter
    unordered: bool = False
    parking: type[MemoryParking] = MemoryParking


class Stage(World):
    """A world in which every effect class has a platform, and each durable step is judged when it happens."""

    def __init__(self, cast: Cast) -> None:
        self.distant: dict[str, Distant] = {}
        super().__init__(1, parts=2)
        self.worker_class, self.dispatch_class, self.writer_class = cast.worker, cast.dispatch, cast.writer
        self.parking = cast.parking()
        self.promises = Promises(self.parked)
        self.watched = WatchedLog(self.clock, self.promises)
        self.log = self.watched
        self.revisions = dict.fromkeys(DOSSIERS, 0)
        self.zombies: list[Running] = []
        self.rulings = 0
        self._add("registry.entry", Effect.KEYED)
        self._add("board.notice", Effect.OVERWRITE)
        for platform in self.distant.values():
            platform.refusing = REFUSED
            platform.unordered = cast.unordered
        self.limits = replace(self.limits, commit_every_s=0.2, fetch_wait_s=0.5, drain_s=1.0, sweep_every_s=3.0)
        self.shares = replace(self.shares, concurrency_max=3, hot_max=6, circuit_open_max_s=4.0)

    def parked(self) -> Collection[DeliveryId]:
        """Return what has a row."""
        return self.parking._rows

    def add_platform(self, name: str, *, parts: int = 0) -> Distant:
        """Connect a platform at the end of a long line; the portal takes states and steps."""
        platform = self._platform(name, Effect.QUERYABLE)
        self.add_operation(Verb(f"{name}.state", platform))
        if parts:
            self.add_operation(Verb(f"{name}.steps", platform, Effect.APPEND, DoubtRule.RESEND, parts))
        return platform

    def _add(self, operation: str, effect: Effect) -> None:
        platform = self._platform(operation.partition(".")[0], effect)
        self.add_operation(Verb(operation, platform, effect, DoubtRule.RESEND))

    def _platform(self, name: str, effect: Effect) -> Distant:
        platform = self.distant[name] = Distant(self.clock, self.random, repeat=effect)
        platform.watch = lambda deed: self.promises.acted(deed, self.operations[deed[1]].effect)
        return platform

    # --- moves -------------------------------------------------------------------------------------------------------

    async def make(self, move: Move) -> None:
        """Make one move, and look."""
        match move.kind:
            case Kind.PASS:
                await self._pass(0.01 * (move.much + 1) ** 1.2 / 2)
            case Kind.SUBMIT:
                await self._submit(move)
            case Kind.AGAIN:
                await self._append_again(move)
            case Kind.WITHDRAW:
                await self._withdraw(self._dossier(move))
            case Kind.OVERTAKE:
                await self._overtake(self._dossier(move))
            case Kind.RULE:
                await self._rule(move)
            case Kind.FATE | Kind.ANSWER | Kind.OUTAGE | Kind.LOCK:
                self._change_platform(move)
            case Kind.STORE_FAILS:
                self.weather.store_fails_in, self.weather.store_fails_after = move.much % 16, bool(move.which % 2)
            case Kind.LOG_FAILS:
                self.watched.fails_in, self.watched.fails_after = move.much % 8, bool(move.which % 2)
            case _:
                await self._change_worker(move)
        self.promises.check()
        self.check_memory()

    def _dossier(self, move: Move) -> str:
        return DOSSIERS[move.which % len(DOSSIERS)]

    async def _submit(self, move: Move) -> None:
        code = self._dossier(move)
        self.revisions[code] += 1
        await self.submit(code, self.revisions[code], *CHOICES[move.much % len(CHOICES)])

    async def _append_again(self, move: Move) -> None:
        code = self._dossier(move)
        revision = self.revisions[code] - move.much % 3
        if revision > 0:
            await self.submit_again(code, revision)

    async def _withdraw(self, code: str) -> None:
        self.revisions[code] += 1
        await self.withdraw(code, self.revisions[code])

    async def _overtake(self, code: str) -> None:
        self.revisions[code] += 2
        await self.overtake(code, self.revisions[code], self.revisions[code] - 1)

    async def _rule(self, move: Move) -> None:
        """Rule on a delivery that is dead: replayed, its platform takes it from here on."""
        dead = sorted(self._dead())
        if not dead:
            return
        name = dead[move.which % len(dead)]
        verdict = (Verdict.REPLAY, Verdict.DISCARD, Verdict.SUPERSEDED)[move.much % 3]
        code, _, revision = name[0].rpartition("/")
        self.rulings += 1
        for platform in self.distant.values() if verdict is Verdict.REPLAY else ():
            platform.refusing -= {(code, int(revision))}
        summary = "đã sửa" if move.much % 2 and verdict is Verdict.REPLAY else ""
        await self.rule(
            verdict, code, int(revision), name=str(self.rulings), operation=name[1], part=name[2], summary=summary
        )

    def _dead(self) -> list[tuple[str, str, int]]:
        return [
            (each.message_id, each.operation, each.part)
            for each, outcomes in self.promises.outcomes.items()
            if outcomes[-1].state is DeliveryState.DEAD
        ]

    def _change_platform(self, move: Move) -> None:
        platform = list(self.distant.values())[move.which % len(self.distant)]
        match move.kind:
            case Kind.FATE:
                platform.fates.extend([FATES[move.much % len(FATES)]] * (1 + move.much // 200))
            case Kind.ANSWER:
                platform.answers.append(ANSWERS[move.much % len(ANSWERS)])
            case Kind.OUTAGE:
                platform.down = not platform.down
            case _:
                platform.locked_out = not platform.locked_out

    async def _change_worker(self, move: Move) -> None:
        running = self.running[move.which % len(self.running)] if self.running else self.start()
        match move.kind:
            case Kind.KILL:
                await self.kill(running)
                self.start()
            case Kind.KILL_AT:
                self._kill_at(running, move.much * 2)
            case Kind.JOIN if len(self.running) < WORKERS_MAX:
                self.start()
            case Kind.JOIN:
                await self.running[-1].worker.stop()
                await self._bury(self.running[-1], LEAVE_S)
            case Kind.FELL:
                running.task.cancel()
                await self._bury(running, LEAVE_S)
                self.start()
            case Kind.HALT:
                running.life.halts_at_call = True
            case _:
                await self._evict_or_wake(move)

    async def _bury(self, running: Running, within_s: float) -> None:
        """Let a worker end as it was told to, unless it is killed before; then the group hears of it."""
        await asyncio.wait({running.task}, timeout=within_s)
        await self.kill(running)

    def _kill_at(self, running: Running, steps: int) -> None:
        """Between the k-th step of any task from here and the one before it, a process ends."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.between_steps(steps, lambda: setattr(running.life, "over", True))

    async def _evict_or_wake(self, move: Move) -> None:
        for running in [each for each in self.running if each.life.halted]:
            if move.much % 2 or running.life.missed:
                await self._shut_out(running)
            else:
                running.life.wake()
        for zombie in self.zombies if move.much % 4 == 0 else ():
            zombie.life.wake()

    async def _shut_out(self, running: Running) -> None:
        """The group goes on without one that stands still. What it does when it wakes up, nobody has asked it to."""
        self.running.remove(running)
        self.zombies.append(running)
        await self.evict(running)
        if not self.running:
            self.start()

    async def _pass(self, for_s: float) -> None:
        await asyncio.sleep(for_s)
        for running in [each for each in self.running if each.life.missed and each.life.halted]:
            await self._shut_out(running)
        await self.replace_dead()
        self.restart_fallen()
        if not self.running:
            self.start()

    # --- the end -----------------------------------------------------------------------------------------------------

    async def end(self) -> None:
        """Let the weather clear, withdraw what nobody will take, and let everything come to its end."""
        await self._pass(0.0)
        self._clear()
        await self._pass(1.0)
        for code in {code for code, revision in REFUSED if self.revisions[code] >= revision}:
            await self._withdraw(code)
        await self._settle()
        self.promises.check()
        await self.judge()
        self.running += self.zombies
        await self.crash()

    def _clear(self) -> None:
        self.weather.store_fails_in = self.watched.fails_in = None
        for platform in self.distant.values():
            platform.down = platform.locked_out = False
            platform.fates.clear()
            platform.answers.clear()
        for running in (*self.running, *self.zombies):
            running.life.halts_at_call = False
            running.life.wake()

    async def _settle(self) -> None:
        end_s = self.clock.monotonic() + SETTLED_S_MAX
        while await self._unsettled():
            assert self.clock.monotonic() < end_s, f"stuck: {self.promises.open_deliveries()}"
            await self._pass(0.5)
            self.promises.check()
        working = [task for platform in self.distant.values() for task in platform.working]
        await asyncio.gather(*working)

    async def _unsettled(self) -> bool:
        if self.promises.open_deliveries() or self.parked():
            return True
        for partition in range(PARTITIONS):
            end = (await self.log.bounds("hub.commands", partition)).end
            if self.log.committed("hub.delivery", "hub.commands", partition) < end:
                return True
        return False


async def _play(moves: Sequence[Move], cast: Cast) -> Stage:
    stage = Stage(cast)
    stage.start()
    for move in moves:
        await stage.make(move)
    await stage.end()
    return stage


def play(moves: Sequence[Move], cast: Cast | None = None) -> Stage:
    """Play a script in virtual time. AssertionError when a promise is broken."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_play(moves, cast or Cast()))
