"""Appending to Kafka: whatever arrives while a request is under way goes with the next one.

One request per broker and one batch per partition are under way at a time. A batch whose answer was lost is sent again
unchanged until the broker says what became of it: it recognises batches by producer, epoch and sequence. A batch that
is given up while in doubt ends the epoch of its partition, so that a late copy of it is refused by the broker as soon
as anything newer was written.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from hub.errors import HubFault, Overloaded, TooLarge, Unavailable, WriteInDoubt
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.verdict import Verdict, verdict_of
from hub.ports import Clock, Position

_ALL_REPLICAS = -1
_MAGIC = 2
_EPOCH_MAX = 2**15 - 1
_SEQUENCE_WRAP = 2**31
_BACKOFF_S = 0.1
_TICK_S = 0.1
_RETRY_AFTER_S = 2
_RECORD_OVERHEAD_BYTES = 200

Place = tuple[str, int]


class Brokers(Protocol):
    """What appending needs of a `hub.log.kafka.link.Link`."""

    def leader(self, topic: str, partition: int) -> int | None:
        """Return the broker that leads a partition."""

    def anyone(self) -> int | None:
        """Return one of the brokers."""

    def refresh(self) -> None:
        """Have it looked up soon where the partitions lie."""

    async def send(self, node: int, request: Any) -> Any:
        """Return the answer. Errors: Unavailable (did not leave), WriteInDoubt (left, no answer), ConfigInvalid."""


@dataclass(slots=True, eq=False)
class _Pending:
    """One append that waits. `until_s` is when it gives up (monotonic seconds)."""

    key: bytes
    value: bytes
    at_ms: int
    until_s: float
    done: asyncio.Future[Position]

    @property
    def weight(self) -> int:
        return len(self.key) + len(self.value) + _RECORD_OVERHEAD_BYTES


@dataclass(slots=True, eq=False)
class _Batch:
    """Appends that are sent together, as bytes that never change. `doubted`: a try of it may have been written."""

    appends: Sequence[_Pending]
    data: bytes
    doubted: bool = False


@dataclass(slots=True, eq=False)
class _Lane:
    """One partition: what waits, what is under way or in doubt, and the producer's account with the broker."""

    place: Place
    waiting: deque[_Pending] = field(default_factory=deque)
    batch: _Batch | None = None
    producer_id: int = -1
    epoch: int = 0
    sequence: int = 0
    busy: bool = False
    not_before_s: float = 0.0

    @property
    def idle(self) -> bool:
        return not self.waiting and self.batch is None


class Appender:
    """Takes appends for all partitions and brings each to its end. `appended` is called with the topic of a success."""

    def __init__(self, link: Brokers, clock: Clock, limits: KafkaLimits, appended: Callable[[str], None]) -> None:
        self._link = link
        self._clock = clock
        self._limits = limits
        self._appended = appended
        self._lanes: dict[Place, _Lane] = {}
        self._producer_id = -1
        self._in_flight: set[int] = set()
        self._sends: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._pending_bytes = 0
        self._moved = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())

    def put(self, place: Place, key: bytes, value: bytes) -> asyncio.Future[Position]:
        """Begin an append; it ends with a position, or as `Log.append`. Errors: Unavailable, TooLarge, Overloaded."""
        if self._closing or self._task.done():
            raise Unavailable("the log is closed")
        self._admit(len(key) + len(value))
        done: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_acknowledge)
        until_s = self._clock.monotonic() + self._limits.append_wait_s
        pending = _Pending(key, value, round(self._clock.now().timestamp() * 1000), until_s, done)
        self._pending += 1
        self._pending_bytes += pending.weight
        self._lane(place).waiting.append(pending)
        self._moved.set()
        return done

    async def aclose(self) -> None:
        """Bring what was begun to its end, and take nothing more."""
        self._closing = True
        self._moved.set()
        await asyncio.wait({self._task})

    def _admit(self, record_bytes: int) -> None:
        if record_bytes > self._limits.record_bytes_max:
            raise TooLarge(f"a record may have {self._limits.record_bytes_max} bytes")
        if self._pending >= self._limits.pending_max or self._pending_bytes >= self._limits.pending_bytes_max:
            raise Overloaded("too many appends wait for the brokers", retry_after_s=_RETRY_AFTER_S)

    def _lane(self, place: Place) -> _Lane:
        if place not in self._lanes:
            self._lanes[place] = _Lane(place)
        return self._lanes[place]

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while not self._closing or any(not lane.idle for lane in self._lanes.values()):
                self._moved.clear()
                self._expire()
                await self._identify()
                self._dispatch()
                await self._pause()
        finally:
            for lane in self._lanes.values():
                self._fail(lane, Unavailable("the log is closed"))

    async def _pause(self) -> None:
        """Wait until something happens: not for long while something waits, not at all when nothing is to come."""
        idle = all(lane.idle for lane in self._lanes.values())
        if idle and self._closing:
            return
        wait_s = None if idle else _TICK_S
        try:
            async with asyncio.timeout(wait_s):
                await self._moved.wait()
        except TimeoutError:
            return

    def _expire(self) -> None:
        """Give up what waited for too long and was never sent."""
        now_s = self._clock.monotonic()
        for lane in self._lanes.values():
            while lane.waiting and lane.waiting[0].until_s <= now_s:
                self._settle(lane.waiting.popleft(), Unavailable("no broker took the record in time"))

    async def _identify(self) -> None:
        """Get a producer id where one is missing."""
        if not any(lane.waiting and lane.producer_id < 0 for lane in self._lanes.values()):
            return
        if self._producer_id < 0:
            await self._ask_for_id()
        for lane in self._lanes.values():
            if lane.producer_id < 0:
                lane.producer_id, lane.epoch, lane.sequence = self._producer_id, 0, 0

    async def _ask_for_id(self) -> None:
        node = self._link.anyone()
        if node is None:
            return
        try:
            answer = await self._link.send(node, InitProducerIdRequest(None, 0))
        except HubFault:
            self._link.refresh()
            await self._clock.sleep(_BACKOFF_S)
            return
        if answer.error_code == 0:
            self._producer_id = answer.producer_id
        else:
            await self._clock.sleep(_BACKOFF_S)

    def _dispatch(self) -> None:
        """Send to each broker that is not busy what waits for it."""
        now_s = self._clock.monotonic()
        ready: defaultdict[int, list[_Lane]] = defaultdict(list)
        for lane in self._lanes.values():
            if lane.idle or lane.busy or lane.producer_id < 0 or lane.not_before_s > now_s:
                continue
            node = self._link.leader(*lane.place)
            if node is not None and node not in self._in_flight:
                ready[node].append(lane)
            elif node is None and lane.batch is not None:
                self._give_up_late(lane)
        for node, lanes in ready.items():
            if filled := [lane for lane in lanes if self._fill(lane)]:
                self._in_flight.add(node)
                task = asyncio.create_task(self._send(node, filled))
                self._sends.add(task)
                task.add_done_callback(self._sends.discard)

    def _fill(self, lane: _Lane) -> bool:
        """Make the next batch of a partition, unless one is in doubt; False when there is nothing to send."""
        if lane.batch is None:
            lane.batch = self._batch(lane)
        lane.busy = lane.batch is not None
        return lane.busy

    def _batch(self, lane: _Lane) -> _Batch | None:
        builder = DefaultRecordBatchBuilder(
            _MAGIC, 0, 0, lane.producer_id, lane.epoch, lane.sequence, self._limits.batch_bytes_max
        )
        appends: list[_Pending] = []
        while lane.waiting:
            pending = lane.waiting[0]
            if pending.done.done():
                self._forget(lane.waiting.popleft())
                continue
            if builder.append(len(appends), pending.at_ms, pending.key, pending.value, []) is None:
                break
            appends.append(lane.waiting.popleft())
        return _Batch(appends, bytes(builder.build())) if appends else None

    # --- one request -------------------------------------------------------------------------------------------------

    async def _send(self, node: int, lanes: Sequence[_Lane]) -> None:
        # What nobody answers for is in doubt, whatever ended the request.
        verdicts: Mapping[Place, tuple[Verdict, int]] = {}
        try:
            verdicts = await self._ask(node, lanes)
        except WriteInDoubt:
            pass
        except HubFault:
            verdicts = {lane.place: (Verdict.MOVED, -1) for lane in lanes}
        finally:
            self._in_flight.discard(node)
            for lane in lanes:
                lane.busy = False
                self._judge(lane, *verdicts.get(lane.place, (Verdict.DOUBT, -1)))
            self._moved.set()

    async def _ask(self, node: int, lanes: Sequence[_Lane]) -> dict[Place, tuple[Verdict, int]]:
        topics: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
        for lane in lanes:
            assert lane.batch is not None  # noqa: S101 - `_fill` has made it
            topics[lane.place[0]].append((lane.place[1], lane.batch.data))
        # The broker gives up waiting for replicas before we give up waiting for the broker.
        replicas_wait_ms = round(self._limits.request_wait_s * 750)
        request = ProduceRequest(None, _ALL_REPLICAS, replicas_wait_ms, list(topics.items()))
        return _verdicts(await self._link.send(node, request))

    def _judge(self, lane: _Lane, verdict: Verdict, offset: int) -> None:
        """Act on what came of a try."""
        batch = lane.batch
        if batch is None:
            return
        match verdict:
            case Verdict.WRITTEN:
                self._succeed(lane, batch, offset)
            case Verdict.PRESENT:
                self._end(lane, batch, WriteInDoubt("the broker has the records and does not say where"))
            case Verdict.DOUBT:
                batch.doubted = True
                self._try_again(lane)
            case Verdict.AGAIN | Verdict.MOVED:
                self._try_again(lane)
            case Verdict.SEQUENCE if not batch.doubted:
                self._begin_epoch(lane)
                self._try_again(lane)
            case Verdict.LARGE if len(batch.appends) == 1:
                self._end(lane, batch, TooLarge("the topic takes no record of this size (max.message.bytes)"))
            case Verdict.LARGE:
                self._end(lane, batch, Unavailable("the topic takes smaller batches than the hub makes"))
            case _:
                self._end(lane, batch, Unavailable("the brokers refuse to write"))

    def _try_again(self, lane: _Lane) -> None:
        self._link.refresh()
        lane.not_before_s = self._clock.monotonic() + _BACKOFF_S
        batch = lane.batch
        if batch is not None and not batch.doubted:
            # Nothing was written, so the sequence is still free and whoever has time waits in front.
            lane.batch = None
            lane.waiting.extendleft(reversed(batch.appends))
        self._give_up_late(lane)

    def _give_up_late(self, lane: _Lane) -> None:
        """End a batch in doubt when its first append has no time left."""
        batch = lane.batch
        if batch is not None and batch.appends[0].until_s <= self._clock.monotonic():
            self._end(lane, batch, WriteInDoubt("no broker says whether the records were written"))

    def _succeed(self, lane: _Lane, batch: _Batch, offset: int) -> None:
        lane.batch = None
        lane.sequence = (lane.sequence + len(batch.appends)) % _SEQUENCE_WRAP
        topic, partition = lane.place
        for number, pending in enumerate(batch.appends):
            self._forget(pending)
            if not pending.done.done():
                pending.done.set_result(Position(topic, partition, offset + number))
        self._appended(topic)

    def _end(self, lane: _Lane, batch: _Batch, error: HubFault | TooLarge) -> None:
        """Fail a batch; one that may be written ends the epoch."""
        lane.batch = None
        if batch.doubted or isinstance(error, WriteInDoubt):
            self._begin_epoch(lane)
            if not isinstance(error, WriteInDoubt):
                error = WriteInDoubt(error.hint)
        for pending in batch.appends:
            self._settle(pending, error)

    def _begin_epoch(self, lane: _Lane) -> None:
        lane.epoch, lane.sequence = lane.epoch + 1, 0
        if lane.epoch > _EPOCH_MAX:
            self._producer_id = lane.producer_id = -1

    def _fail(self, lane: _Lane, error: HubFault) -> None:
        """Fail all that a partition has left."""
        if lane.batch is not None:
            lane.batch.doubted = lane.batch.doubted or lane.busy
            self._end(lane, lane.batch, error)
        while lane.waiting:
            self._settle(lane.waiting.popleft(), error)

    def _settle(self, pending: _Pending, error: HubFault | TooLarge) -> None:
        """Fail one append with an error of its own: tracebacks grow on the object that is raised."""
        self._forget(pending)
        if not pending.done.done():
            pending.done.set_exception(type(error)(error.hint))

    def _forget(self, pending: _Pending) -> None:
        self._pending -= 1
        self._pending_bytes -= pending.weight


def _verdicts(answer: Any) -> dict[Place, tuple[Verdict, int]]:
    """Read an answer: verdict and first offset of each partition."""
    return {
        (topic, entry[0]): (verdict_of(entry[1]), entry[2]) for topic, entries in answer.topics for entry in entries
    }


def _acknowledge(done: asyncio.Future[Position]) -> None:
    """Look at the error that a cancelled caller leaves behind."""
    if not done.cancelled():
        done.exception()
