"""What a worker stands on, made to fail: stores and logs that refuse, and processes that end between two steps."""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hub.errors import Unavailable, WriteInDoubt
from hub.ports import (
    Bounds,
    Clock,
    Consumer,
    DeliveryId,
    DoubtRule,
    Effect,
    Farewell,
    Finding,
    Job,
    LaneKey,
    Log,
    Operation,
    OutcomeRule,
    Ownership,
    ParkedRow,
    Parking,
    PartitionMemory,
    Position,
    Record,
    Reply,
)
from schemas.dossier import DossierSubmission

KEY = bytes(32)


@dataclass
class Weather:
    """What fails right now. A step takes up to `step_s`; `doubtful` of the writes land, and their answer is lost.

    After `steps_left` steps, if that is set, the process that makes the next one ends.
    After `store_fails_in` calls of the store one fails: at its beginning, or with `store_fails_after` as it landed.
    While the `broker_away`, no ownership is certain, appends end in Unavailable, commits and departures never end.
    """

    clock: Clock
    random: random.Random
    step_s: float = 0.01
    doubtful: float = 0.0
    sweep_s: float = 0.0
    store_down: bool = False
    parking_down: bool = False
    parking_broken: bool = False
    keys_down: bool = False
    log_refuses: frozenset[str] = frozenset()
    broker_away: bool = False
    steps_left: int | None = None
    store_fails_in: int | None = None
    store_fails_after: bool = False

    def strikes(self, *, after: bool) -> bool:
        """Count one call of the store. Whether it is the one that fails, at its beginning or when it has landed."""
        if self.store_fails_in is None or after is not self.store_fails_after:
            return False
        self.store_fails_in = self.store_fails_in - 1 if self.store_fails_in else None
        return self.store_fails_in is None


@dataclass
class Life:
    """One life of a process. When it is over, whatever it still does reaches nobody and never returns.

    One that `halts_at_call` stands still from its next call on, and hears nothing, until it is woken. Whether it has
    `missed` partitions that came or went meanwhile, it does not know; a group would have shut it out by then.
    """

    weather: Weather
    over: bool = False
    halts_at_call: bool = False
    missed: bool = False
    _never: asyncio.Event = field(default_factory=asyncio.Event)
    _awake: asyncio.Event | None = None

    @property
    def deaf(self) -> bool:
        """Whether it hears nothing: it is over, or stands still."""
        return self.over or self.halted

    @property
    def halted(self) -> bool:
        """Whether it stands still."""
        return self._awake is not None

    def wake(self) -> None:
        """Let it go on where it stands."""
        if self._awake is not None:
            self._awake.set()
        self._awake = None

    async def call(self) -> None:
        """Begin a call of a platform; what was decided before this may have been decided long ago."""
        if self.halts_at_call:
            self.halts_at_call, self._awake = False, asyncio.Event()
        await self.go_on()

    async def go_on(self) -> None:
        """Return, unless the life is over; when it stands still, later."""
        if self._awake is not None:
            await self._awake.wait()
        if self.over:
            await self._never.wait()

    async def step(self) -> None:
        """Let a moment pass, in which the process may end."""
        if self.weather.steps_left is not None:
            self.over = self.over or self.weather.steps_left == 0
            self.weather.steps_left -= 1
        await self.go_on()
        await self.weather.clock.sleep(self.weather.random.uniform(0.0, self.weather.step_s))
        await self.go_on()

    async def hang(self) -> None:
        """Return when the broker is there."""
        while self.weather.broker_away:
            await self.weather.clock.sleep(0.5)

    async def written(self) -> None:
        """End a write that has landed."""
        if self.weather.random.random() < self.weather.doubtful or self.weather.strikes(after=True):
            raise WriteInDoubt("landed")
        await self.step()

    async def store(self) -> None:
        """Begin a call of the store."""
        await self.step()
        if self.weather.store_down or self.weather.strikes(after=False):
            raise Unavailable("no store")

    async def parking(self) -> None:
        """Begin a call of the parking place."""
        await self.store()
        if self.weather.parking_down:
            raise Unavailable("no parking place")


class MortalLog:
    """The `Log` port as one life sees it."""

    def __init__(self, inner: Log, life: Life) -> None:
        self._inner = inner
        self._life = life
        self.consumer: Consumer | None = None

    def partitions(self, topic: str) -> int:
        """As the port."""
        return self._inner.partitions(topic)

    def partition_of(self, topic: str, key: bytes) -> int:
        """As the port."""
        return self._inner.partition_of(topic, key)

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port, in the weather."""
        await self._life.step()
        if self._life.weather.broker_away:
            await self._life.weather.clock.sleep(5.0)
            raise Unavailable("no broker")
        if topic in self._life.weather.log_refuses:
            raise Unavailable("no log")
        position = await self._inner.append(topic, key, value)
        await self._life.written()
        return position

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port."""
        return await self._inner.read(topic, partition, offset, records_max)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        return await self._inner.bounds(topic, partition)

    async def join(self, group: str, topic: str, ownership: Ownership) -> Consumer:
        """As the port; the group never waits for the dead."""
        self.consumer = await self._inner.join(group, topic, MortalOwner(ownership, self._life))
        return MortalConsumer(self.consumer, self._life)

    async def wait(self, topic: str, wait_s: float) -> None:
        """As the port."""
        await self._inner.wait(topic, wait_s)

    async def aclose(self) -> None:
        """As the port."""
        await self._inner.aclose()


@dataclass(frozen=True)
class MortalOwner:
    """The `Ownership` port: the dead have nothing to say, and nobody waits for who stands still."""

    inner: Ownership
    life: Life

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """As the port."""
        self.life.missed = self.life.missed or self.life.halted
        if not self.life.deaf:
            await self.inner.on_assigned(partitions)

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """As the port."""
        self.life.missed = self.life.missed or self.life.halted
        if not self.life.deaf:
            await self.inner.on_revoked(partitions)


@dataclass(frozen=True)
class MortalConsumer:
    """The `Consumer` port as one life sees it."""

    inner: Consumer
    life: Life

    async def fetch(self, partitions: Collection[int], records_max: int, wait_s: float) -> Sequence[Record]:
        """As the port."""
        if self.life.weather.broker_away:
            await self.life.weather.clock.sleep(wait_s)
            return ()
        records = await self.inner.fetch(partitions, records_max, wait_s)
        await self.life.go_on()
        return records

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """As the port, in the weather."""
        await self.life.step()
        await self.life.hang()
        await self.inner.commit(offsets)
        await self.life.written()

    async def committed(self, partition: int) -> int:
        """As the port."""
        return await self.inner.committed(partition)

    def holds(self, partition: int) -> bool:
        """As the port."""
        return not self.life.over and not self.life.weather.broker_away and self.inner.holds(partition)

    async def leave(self) -> None:
        """As the port."""
        await self.life.hang()
        if not self.life.over:
            await self.inner.leave()


@dataclass(frozen=True)
class MortalParking:
    """The `Parking` port as one life sees it."""

    inner: Parking
    life: Life

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """As the port."""
        await self.life.store()
        return await self.inner.take_over(partition, committed)

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """As the port, in the weather."""
        await self.life.store()
        await self.inner.leave(farewells)
        await self.life.written()

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """As the port, in the weather."""
        await self.life.parking()
        if self.life.weather.parking_broken:
            raise RuntimeError("a defect")
        await self.inner.put(partition, epoch, rows)
        await self.life.written()

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """As the port."""
        await self.life.parking()
        return await self.inner.fetch(partition, lane, rows_max)

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """As the port."""
        await self.life.parking()
        return await self.inner.find(partition, ids)

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """As the port, in the weather."""
        await self.life.parking()
        await self.inner.settle(partition, epoch, ids)
        await self.life.written()

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """As the port."""
        await self.life.parking()
        await self.life.weather.clock.sleep(self.life.weather.sweep_s)
        await self.inner.sweep(partition, epoch, committed)


@dataclass(frozen=True)
class MortalOperation:
    """The `Operation` port: the dead call nobody."""

    inner: Operation
    life: Life

    @property
    def name(self) -> str:
        """As the port."""
        return self.inner.name

    @property
    def platform(self) -> str:
        """As the port."""
        return self.inner.platform

    @property
    def effect(self) -> Effect:
        """As the port."""
        return self.inner.effect

    @property
    def on_doubt(self) -> DoubtRule:
        """As the port."""
        return self.inner.on_doubt

    @property
    def rules(self) -> Sequence[OutcomeRule]:
        """As the port."""
        return self.inner.rules

    def parts(self, submission: DossierSubmission) -> int:
        """As the port."""
        return self.inner.parts(submission)

    async def send(self, job: Job) -> Reply:
        """As the port."""
        await self.life.call()
        return await self.inner.send(job)

    async def inquire(self, job: Job) -> Finding:
        """As the port."""
        await self.life.call()
        return await self.inner.inquire(job)


@dataclass(frozen=True)
class OneKey:
    """The `Keys` port with one key for everybody, in the weather."""

    weather: Weather

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """Return the key."""
        return "key", await self.key("key")

    async def key(self, key_id: str) -> bytes:
        """Return the key."""
        if self.weather.keys_down:
            raise Unavailable("no keys")
        return KEY
