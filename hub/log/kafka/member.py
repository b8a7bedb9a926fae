"""The `Consumer` port on Kafka: one member of a group, its partitions, and how they come and go."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from hub.ending import ended
from hub.errors import StaleOwner, Unavailable
from hub.log.kafka.fetch import OutOfRange, Unreadable
from hub.log.kafka.group import Membership
from hub.log.kafka.intake import Held, Intake
from hub.log.kafka.limits import KafkaLimits
from hub.ports import Bounds, Clock, Ownership, Record

_LOOK_EVERY_S = 1.0
_ASK_AGAIN_S = 0.2


class KafkaMember:
    """One member. The group asks for everything back before it shares out anew; what stays comes again at once.

    `bounds` tells what partitions hold; `left` is told when the membership has ended. An error of the owner, or of the
    group, ends the membership; `fetch` raises it.
    """

    def __init__(
        self,
        group: str,
        topic: str,
        ownership: Ownership,
        intake: Intake,
        bounds: Callable[[Collection[int]], Awaitable[Mapping[int, Bounds]]],
        clock: Clock,
        limits: KafkaLimits,
        left: Callable[["KafkaMember"], None],
    ) -> None:
        self._left = left
        self._group = group
        self._topic = topic
        self._ownership = ownership
        self._intake = intake
        self._bounds = bounds
        self._clock = clock
        self._limits = limits
        self._membership: Membership | None = None
        self._failure: BaseException | None = None
        self._taking: asyncio.Task[None] | None = None
        self._told: frozenset[int] = frozenset()
        self._moving = asyncio.Lock()
        self._leaving: asyncio.Task[None] | None = None

    def enter(self, membership: Membership) -> None:
        """Begin; called once, before the group can have given anything."""
        self._membership = membership

    # --- the port ----------------------------------------------------------------------------------------------------

    async def fetch(self, partitions: Collection[int], records_max: int, wait_s: float) -> Sequence[Record]:
        """As the port; partitions take turns at being first. Raises what ended the membership."""
        until_s = self._clock.monotonic() + wait_s
        while True:
            self._check()
            records = self._take(partitions, records_max)
            left_s = until_s - self._clock.monotonic()
            if records or left_s <= 0:
                return records
            await self._intake.arrival(min(left_s, _LOOK_EVERY_S))

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """As the port, all or nothing. Unavailable: nobody said that it is recorded."""
        held = [self._held(partition) for partition in offsets]
        if not held:
            return
        generation, member_id = held[0].generation, held[0].member_id
        await self._entered().commit(generation, member_id, offsets, self._limits.commit_wait_s)

    async def committed(self, partition: int) -> int:
        """As the port. Errors: Unavailable."""
        found = await self._entered().committed([partition], self._limits.commit_wait_s)
        return found[partition] if found else (await self._bounds([partition]))[partition].start

    def holds(self, partition: int) -> bool:
        """As the port."""
        return partition in self._intake.held and self._entered().certain()

    async def leave(self) -> None:
        """As the port."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())
        await asyncio.shield(self._leaving)

    def fail(self, error: BaseException) -> None:
        """End the membership; the first error is the one that `fetch` raises."""
        self._failure = self._failure or error
        self._intake.wake()
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())

    # --- what comes and goes -----------------------------------------------------------------------------------------

    def given(self, partitions: Collection[int], generation: int, member_id: str) -> None:
        """As `Turns`."""
        if self._leaving is None and partitions:
            self._taking = asyncio.create_task(self._take_over(frozenset(partitions), generation, member_id))
            self._taking.add_done_callback(self._taken_over)

    async def taken(self) -> None:
        """As `Turns`."""
        async with self._moving:
            await self._stop_taking()
            self._intake.close()
            if self._told:
                await self._let_go(self._told)
            self._told = frozenset()
            self._intake.drop()

    async def _take_over(self, partitions: frozenset[int], generation: int, member_id: str) -> None:
        begins = await self._begins_at_last(partitions)
        self._intake.hold({number: Held(at, generation, member_id) for number, at in begins.items()})
        self._told = partitions
        await self._ownership.on_assigned(begins)
        self._intake.open(partitions)

    def _taken_over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    async def _begins_at_last(self, partitions: frozenset[int]) -> dict[int, int]:
        """Ask until the brokers know; the group takes the partitions away when that takes too long."""
        while True:
            try:
                return await self._begins(partitions)
            except Unavailable:
                await self._clock.sleep(_ASK_AGAIN_S)

    async def _begins(self, partitions: frozenset[int]) -> dict[int, int]:
        """Return where each partition begins. What lies outside is told, never jumped over."""
        committed = await self._entered().committed(partitions, self._limits.commit_wait_s)
        bounds = await self._bounds(partitions)
        for partition, offset in committed.items():
            if not bounds[partition].start <= offset <= bounds[partition].end:
                raise OutOfRange(
                    f"{self._group} committed {offset} in {self._topic}, partition {partition}, "
                    f"which holds {bounds[partition].start} to {bounds[partition].end}"
                )
        return {number: committed.get(number, bounds[number].start) for number in sorted(partitions)}

    async def _let_go(self, partitions: frozenset[int]) -> None:
        """Await `on_revoked`, but not for ever: the group would not wait either, and its fencing stands."""
        task = asyncio.create_task(self._ownership.on_revoked(partitions))
        await asyncio.wait({task}, timeout=self._limits.revoke_wait_s)
        if task.cancel():
            self.fail(StaleOwner("on_revoked took too long"))
        elif (error := _error(task)) is not None:
            self.fail(error)

    async def _stop_taking(self) -> None:
        if self._taking is not None:
            await ended(self._taking)
            self._taking = None

    async def _leave(self) -> None:
        try:
            await self.taken()
        finally:
            try:
                await self._entered().end()
            finally:
                await self._intake.aclose()
                self._left(self)

    # --- small questions ---------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._failure is None and self._leaving is None:
            try:
                self._entered().check()
            except Unavailable as error:
                self.fail(error)
        if self._failure is not None:
            raise self._failure

    def _take(self, partitions: Collection[int], records_max: int) -> list[Record]:
        try:
            return self._intake.take(partitions, records_max)
        except (OutOfRange, Unreadable) as error:
            self.fail(error)
            raise

    def _held(self, partition: int) -> Held:
        try:
            return self._intake.held[partition]
        except KeyError:
            raise StaleOwner(f"{self._group}: partition {partition} of {self._topic} is not ours") from None

    def _entered(self) -> Membership:
        assert self._membership is not None  # noqa: S101 - `enter` comes first
        return self._membership


def _error(task: asyncio.Task[None]) -> BaseException | None:
    """Return what ended a finished task early, if anything did."""
    return StaleOwner("the call was cancelled") if task.cancelled() else task.exception()
