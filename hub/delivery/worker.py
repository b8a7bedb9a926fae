"""The delivery worker: from the partitions it owns to the runners, and back to the committed offset."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from hub.delivery.decisions.revisions import look_back
from hub.delivery.dispatch import Dispatch
from hub.delivery.lanes.gate import Gate
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.shelf import Shelf
from hub.delivery.tries.command import read_header
from hub.delivery.work import Work
from hub.errors import HubFault, StaleOwner, Unavailable, Unsealable
from hub.ports import Clock, Consumer, Farewell, Log, Operation, Parking, Record
from hub.telemetry import logger
from schemas.delivery import CommandHeader, MessageKind
from schemas.topics import COMMANDS, OUTCOMES

GROUP = "hub.delivery"
_RETRY_S = 0.5
_LAST_S = 2.0
"""What the last commit, farewells and the departure from the group get each when the time to end is over."""

_log = logger("delivery")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Bounds of one worker. `window_records` is how far past the committed offset of a partition it may start.

    Lower the window only after a clean stop: what an earlier owner may have started is known by it.
    """

    window_records: int = 1000
    fetch_records_max: int = 500
    fetch_wait_s: float = 0.5
    commit_every_s: float = 0.05
    sweep_every_s: float = 5.0
    drain_s: float = 10.0


class Worker:
    """Owns partitions of `hub.commands` and brings every record to its end.

    `catch_up` brings the ledger to the end of the outcomes of a partition, and puts back what the parking place should
    hold of the records below the committed offset; it returns how often each platform was called today for the
    partition. `is_repeat` says of a record that was
    appended again whether an earlier record carries the same message.
    """

    def __init__(
        self,
        *,
        log: Log,
        parking: Parking,
        dispatch: Dispatch,
        operations: Mapping[str, Operation],
        clock: Clock,
        catch_up: Callable[[int, int], Awaitable[Mapping[str, int]]],
        is_repeat: Callable[[Record, CommandHeader], Awaitable[bool]],
        limits: WorkerLimits,
    ) -> None:
        self._log = log
        self._parking = parking
        self._dispatch = dispatch
        self._operations = operations
        self._clock = clock
        self._catch_up = catch_up
        self._is_repeat = is_repeat
        self._limits = limits
        self._holdings: dict[int, Holding] = {}
        self._shelves: dict[int, asyncio.Task[None]] = {}
        self._consumer: Consumer | None = None
        self._moved = asyncio.Event()
        self._stopping = False
        self._ended = False
        self._end_by_s: float | None = None

    async def run(self) -> None:
        """Deliver until cancelled or stopped. However it ends, nothing of it runs on; with a log out of reach, too."""
        try:
            self._consumer = await self._log.join(GROUP, COMMANDS, self)
            self._dispatch.trust(self._consumer.holds, self._log.partitions(COMMANDS))
            async with asyncio.TaskGroup() as group:
                loops = [group.create_task(self._fetch_loop(self._consumer)), group.create_task(self._dispatch.run())]
                loops.append(group.create_task(self._commit_loop()))
                loops.append(group.create_task(self._stop_loop(loops)))
        finally:
            try:
                await self._leave()
            finally:
                await self._clear()

    async def stop(self) -> None:
        """Ask the worker to end: nothing new starts, calls under way get `drain_s`, what is finished is committed."""
        self._stopping = True
        self._moved.set()

    def committed(self) -> Mapping[int, tuple[int, int]]:
        """Return (committed, unfinished records) of each partition held: a probe of progress."""
        return {number: (holding.gate.committed, holding.gate.unfinished) for number, holding in self._holdings.items()}

    # --- ownership ---------------------------------------------------------------------------------------------------

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """Take over partitions: what earlier owners did is known before the first record is read.

        Errors: those of store and log; StaleOwner when the worker has ended.
        """
        for partition, committed in partitions.items():
            await self._assign(partition, committed)

    async def _assign(self, partition: int, committed: int) -> None:
        calls = await self._catch_up(partition, committed)
        bounds = await self._log.bounds(COMMANDS, partition)
        told = (await self._log.bounds(OUTCOMES, partition)).end
        revisions = await look_back(self._log, self._clock, COMMANDS, partition, committed)
        memory = await self._parking.take_over(partition, committed)
        gate = Gate(committed, self._limits.window_records)
        shelf = Shelf(self._parking, self._clock, partition, memory.epoch)
        # The first owner ever has no predecessor that could have left a call behind; but a store may have been lost.
        first_ever = memory.epoch == 1 and committed <= bounds.start
        suspect = not (first_ever or self._believes(memory.farewell, committed, told))
        suspect_below = min(bounds.end, gate.limit) if suspect else committed
        if self._ended:
            raise StaleOwner("the worker has ended")
        holding = Holding(partition, gate, shelf, memory, suspect_below, revisions)
        self._holdings[partition] = holding
        self._shelves[partition] = asyncio.get_running_loop().create_task(shelf.run())
        self._dispatch.adopt(holding, memory.rows, calls)
        self._moved.set()

    def _believes(self, farewell: Farewell | None, committed: int, outcomes: int) -> bool:
        """Whether the owner before said that nothing is under way, and said it of the log as it is.

        A copy of the store that is older than the log knows nothing of what later owners have committed and told.
        """
        return farewell is not None and (farewell.committed, farewell.outcomes) == (committed, outcomes)

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """Let go of partitions: calls under way get a moment, then what is finished is committed, if that is possible.

        Ends within `drain_s` and a little more, also when neither log nor store answers.
        """
        for partition in partitions:
            if partition in self._holdings:
                self._dispatch.abandon(self._holdings[partition])
        deadline_s = self._deadline_s()
        try:
            while any(map(self._dispatch.busy, partitions)) and self._clock.monotonic() < deadline_s:
                await self._clock.sleep(0.02)
            held = [self._holdings[partition] for partition in partitions if partition in self._holdings]
            await self._commit_by(held, deadline_s)
            await self._say_farewell(held)
        finally:
            await self._put_down(partitions)

    async def _say_farewell(self, held: Collection[Holding]) -> None:
        """Leave word, in one write, of each partition with nothing under way; in doubt nothing is said."""
        try:
            async with asyncio.timeout(_LAST_S):
                said = [await self._farewell(holding) for holding in held]
                if farewells := [each for each in said if each is not None]:
                    await self._parking.leave(farewells)
        except TimeoutError:
            _log.warning("farewell_failed", code=Unavailable.code)
        except HubFault as fault:
            _log.warning("farewell_failed", code=fault.problem_code)

    async def _farewell(self, holding: Holding) -> Farewell | None:
        """Return what may be said of a partition that is abandoned: what is quiet now stays so."""
        if not self._dispatch.quiet(holding):
            return None
        try:
            await holding.shelf.flushed()
        except StaleOwner:
            return None
        outcomes = (await self._log.bounds(OUTCOMES, holding.partition)).end
        return Farewell(holding.partition, holding.shelf.epoch, holding.token, holding.gate.committed, outcomes)

    def _deadline_s(self) -> float:
        """Until when (monotonic seconds) calls may end: a stop has one moment for everything."""
        later_s = self._clock.monotonic() + self._limits.drain_s
        return later_s if self._end_by_s is None else min(later_s, self._end_by_s)

    async def _put_down(self, partitions: Collection[int]) -> None:
        """Forget partitions; whoever waits for a write of theirs is told, and no task of theirs runs on."""
        shelves = [shelf for partition in partitions if (shelf := self._shelves.pop(partition, None)) is not None]
        holdings = [held for partition in partitions if (held := self._holdings.pop(partition, None)) is not None]
        for shelf in shelves:
            shelf.cancel()
        for holding in holdings:
            self._dispatch.give_up(holding)
        for holding in holdings:
            await holding.shelf.close()
        await asyncio.gather(*shelves, return_exceptions=True)

    # --- records in --------------------------------------------------------------------------------------------------

    async def _fetch_loop(self, consumer: Consumer) -> None:
        while True:
            for holding in list(self._holdings.values()):
                await self._admit(holding)
            hungry = [number for number, holding in self._holdings.items() if holding.hungry and not self._stopping]
            # Asked even when nothing is wanted: this is where a membership that has ended makes itself known.
            for record in await consumer.fetch(hungry, self._limits.fetch_records_max, self._patience_s(len(hungry))):
                if record.partition in self._holdings:
                    self._holdings[record.partition].held.append(record)
            if not hungry:
                await self._wait_moved()

    def _patience_s(self, hungry: int) -> float:
        """Return how long to wait for records: not for long while a partition waits for its window to move."""
        if not hungry:
            return 0.0
        return self._limits.fetch_wait_s if hungry == len(self._holdings) else self._limits.commit_every_s

    async def _wait_moved(self) -> None:
        self._moved.clear()
        try:
            async with asyncio.timeout(self._limits.fetch_wait_s):
                await self._moved.wait()
        except TimeoutError:
            return

    async def _admit(self, holding: Holding) -> None:
        """Start what the window allows. A record of which the store cannot tell whether it is a repeat waits."""
        while not self._stopping and holding.may_start(self._clock.monotonic()):
            record = holding.held.popleft()
            try:
                await self._start(holding, record)
            except HubFault as fault:
                _log.warning("record_waits", partition=record.partition, offset=record.offset, code=fault.problem_code)
                holding.held.appendleft(record)
                holding.waits_until_s = self._clock.monotonic() + _RETRY_S

    async def _start(self, holding: Holding, record: Record) -> None:
        try:
            header = read_header(record.value)
        except Unsealable:
            _log.error("record_unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
            holding.start(record, [])
            return
        # Of a ruling only the first record counts, whatever the others say of themselves: there are few of them.
        if (header.reappended or header.kind == MessageKind.RULING) and await self._is_repeat(record, header):
            holding.start(record, [])
            return
        if holding.lost:
            return
        works = self._works(holding, record, header)
        holding.start(record, works)
        for work in works:
            self._dispatch.add(holding, work)

    def _works(self, holding: Holding, record: Record, header: CommandHeader) -> list[Work]:
        if header.kind == MessageKind.RULING:
            return holding.rulings(record, header)
        overtaken = holding.revisions.overtaken(header)
        if header.kind != MessageKind.WITHDRAWAL:
            return holding.works(record, header, self._operations, overtaken=overtaken)
        return [] if overtaken else holding.recalls(record, header)

    # --- offsets out -------------------------------------------------------------------------------------------------

    async def _commit_loop(self) -> None:
        swept_s = self._clock.monotonic()
        while True:
            await self._clock.sleep(self._limits.commit_every_s)
            self._raise_from_shelves()
            # Whoever lets go of a partition says what is committed of it, and that is so from then on.
            held = [holding for holding in self._holdings.values() if not holding.lost]
            await self._commit_by(held, self._deadline_s())
            if self._clock.monotonic() - swept_s >= self._limits.sweep_every_s:
                swept_s = self._clock.monotonic()
                await self._sweep()

    def _raise_from_shelves(self) -> None:
        """Raise what ended a shelf: what waits there would wait for ever."""
        for shelf in self._shelves.values():
            if shelf.done() and not shelf.cancelled():
                shelf.result()

    async def _commit_by(self, holdings: Collection[Holding], deadline_s: float) -> None:
        """Commit within bounds. What cannot be committed, the next owner finds in the outcomes."""
        if self._consumer is None:
            return
        try:
            async with asyncio.timeout(max(_LAST_S, deadline_s - self._clock.monotonic())):
                await self._commit(self._consumer, holdings)
        except TimeoutError:
            _log.warning("commit_failed", code=Unavailable.code)

    async def _commit(self, consumer: Consumer, holdings: Collection[Holding]) -> None:
        offsets = {
            holding.partition: holding.gate.passed
            for holding in holdings
            if holding.gate.passed > holding.gate.committed and not holding.shelf.stale
        }
        if not offsets:
            return
        try:
            await consumer.commit(offsets)
        except HubFault as fault:
            _log.warning("commit_failed", code=fault.problem_code)
            return
        for holding in holdings:
            if holding.partition in offsets:
                holding.gate.commit(offsets[holding.partition])
        self._moved.set()

    async def _sweep(self) -> None:
        for holding in list(self._holdings.values()):
            try:
                await self._parking.sweep(holding.partition, holding.shelf.epoch, holding.gate.committed)
            except StaleOwner:
                self._dispatch.abandon(holding)
            except HubFault as fault:
                _log.warning("sweep_failed", partition=holding.partition, code=fault.problem_code)

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _stop_loop(self, loops: Collection[asyncio.Task[None]]) -> None:
        while not self._stopping:
            await self._clock.sleep(0.1)
        deadline_s = self._end_by_s = self._clock.monotonic() + self._limits.drain_s
        await self._dispatch.quiesce(self._limits.drain_s)
        await self._flush(deadline_s - self._clock.monotonic())
        await self._commit_by(list(self._holdings.values()), deadline_s)
        for loop in loops:
            loop.cancel()

    async def _leave(self) -> None:
        """Leave the group, which hands over what is held; a group that cannot be reached notices by itself."""
        if self._consumer is None:
            return
        left_s = max(0.0, self._deadline_s() - self._clock.monotonic())
        try:
            async with asyncio.timeout(left_s + 3 * _LAST_S):
                await self._consumer.leave()
        except TimeoutError:
            _log.warning("leave_failed", code=Unavailable.code)
        except HubFault as fault:
            _log.warning("leave_failed", code=fault.problem_code)

    async def _clear(self) -> None:
        self._ended = True
        await self._put_down(list({**self._holdings, **self._shelves}))
        await self._dispatch.close()

    async def _flush(self, within_s: float) -> None:
        """Let what was to be parked or settled become durable."""
        try:
            async with asyncio.timeout(within_s):
                for holding in list(self._holdings.values()):
                    await holding.shelf.flushed()
        except (TimeoutError, StaleOwner):
            return
