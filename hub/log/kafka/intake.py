"""What a member fetches: records are asked for ahead, per broker, and handed out in order, per partition."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hub.ending import ended
from hub.errors import HubFault, Unavailable
from hub.log.kafka.fetch import Fetched, OutOfRange, Place, Unreadable, fetch
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.link import Link
from hub.ports import Clock, Record

_BACKOFF_S = 0.1
_RECORD_OVERHEAD_BYTES = 200


@dataclass(slots=True, eq=False)
class Held:
    """One partition in the hands of a member. `ahead` is the next offset to ask for; `open`: records may be handed out.

    `generation` and `member_id` are those under which the group gave it.
    """

    ahead: int
    generation: int
    member_id: str
    open: bool = False
    records: deque[Record] = field(default_factory=deque)
    records_bytes: int = 0
    error: HubFault | None = None


class Intake:
    """Fetches for the partitions of one member, over a link of its own. Errors of brokers are waited out."""

    def __init__(self, topic: str, link: Link, clock: Clock, limits: KafkaLimits) -> None:
        self.held: dict[int, Held] = {}
        self._topic = topic
        self._link = link
        self._clock = clock
        self._limits = limits
        self._turn = 0
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._report)

    def hold(self, held: Mapping[int, Held]) -> None:
        """Take partitions in; nothing is asked for before `open`."""
        self.held.update(held)

    def open(self, partitions: Collection[int]) -> None:
        """Begin to fetch partitions that are held."""
        for partition in partitions:
            self.held[partition].open = True
        self._changed.set()

    def close(self) -> None:
        """Hand nothing out any more; what was fetched ahead is dropped."""
        for held in self.held.values():
            held.open = False
            held.records.clear()
            held.records_bytes = 0

    def drop(self) -> None:
        """Let go of every partition."""
        self.close()
        self.held.clear()
        self.wake()

    def wake(self) -> None:
        """Wake whoever waits for records."""
        self._arrived.set()

    def take(self, partitions: Collection[int], records_max: int) -> list[Record]:
        """Hand out what is there, partitions taking turns at being first. Raises what stands in the way of a partition.

        Errors: OutOfRange, Unreadable.
        """
        self._arrived.clear()
        taken: list[Record] = []
        for partition in self._in_turn(partitions):
            held = self.held.get(partition)
            if held is None or not held.open:
                continue
            if held.error is not None:
                raise held.error
            while held.records and len(taken) < records_max:
                record = held.records.popleft()
                held.records_bytes -= _weight(record)
                taken.append(record)
        if taken:
            self._changed.set()
        return taken

    async def arrival(self, wait_s: float) -> None:
        """Return when something was fetched since the last `take`, or after `wait_s`."""
        try:
            async with asyncio.timeout(wait_s):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def aclose(self) -> None:
        """Stop asking."""
        self.drop()
        await ended(self._task, *self._asking.values())
        await self._link.aclose()

    def _in_turn(self, partitions: Collection[int]) -> list[int]:
        order = sorted(set(partitions))
        self._turn += 1
        first = self._turn % len(order) if order else 0
        return order[first:] + order[:first]

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            lost = False
            wanted: defaultdict[int, dict[Place, int]] = defaultdict(dict)
            for partition in self._in_turn(self.held):
                held = self.held[partition]
                if not held.open or held.error is not None or held.records_bytes >= self._limits.prefetch_bytes_max:
                    continue
                node = self._link.leader(self._topic, partition)
                if node is None:
                    lost = True
                elif node not in self._asking:
                    wanted[node][self._topic, partition] = held.ahead
            for node, offsets in wanted.items():
                self._asking[node] = asyncio.create_task(self._ask(node, offsets))
                self._asking[node].add_done_callback(self._report)
            await self._pause(_BACKOFF_S if lost else None)

    async def _pause(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _ask(self, node: int, offsets: Mapping[Place, int]) -> None:
        """Ask one broker once; a broker that cannot answer gets a moment before it is asked again."""
        askers = {partition: self.held.get(partition) for _, partition in offsets}
        try:
            if not await self._brought(node, offsets, askers):
                self._link.refresh()
                await self._clock.sleep(_BACKOFF_S)
        finally:
            self._asking.pop(node, None)
            self._changed.set()

    def _report(self, task: asyncio.Task[None]) -> None:
        """A defect ends the membership rather than going unnoticed: every partition stands still with it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            for held in self.held.values():
                held.error = held.error or Unreadable(f"fetching failed: {type(error).__name__}")
            self.wake()

    async def _brought(self, node: int, offsets: Mapping[Place, int], askers: Mapping[int, Held | None]) -> bool:
        limits = self._limits
        try:
            found = await fetch(
                self._link, node, offsets, wait_s=limits.fetch_wait_s, bytes_max=limits.prefetch_bytes_max
            )
        except Unavailable:
            return False
        good = True
        for (_, partition), fetched in found.items():
            held = self.held.get(partition)
            if held is not None and held is askers[partition] and held.open:
                good = self._receive(held, fetched) and good
        return good

    def _receive(self, held: Held, fetched: Fetched) -> bool:
        """Keep what came; return whether the broker could answer."""
        if isinstance(fetched.error, OutOfRange | Unreadable):
            held.error = fetched.error
            self.wake()
            return True
        if fetched.error is not None:
            return False
        held.ahead = fetched.next_offset
        held.records.extend(fetched.records)
        held.records_bytes += sum(map(_weight, fetched.records))
        if fetched.records:
            self.wake()
        return True


def _weight(record: Record) -> int:
    return len(record.key) + len(record.value) + _RECORD_OVERHEAD_BYTES
