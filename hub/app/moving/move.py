"""A whole move: claim, copy, compare, and only then the marks that close one home and open the other."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import MetaData

from hub.app.moving.freight import Freight
from hub.app.moving.mark import Mark
from hub.app.moving.passage import Passage
from hub.app.moving.progress import Progress
from hub.app.moving.proof import Line, Sum
from hub.app.moving.source import Source, open_source
from hub.app.moving.target import Addresses, Target, open_target
from hub.errors import ConfigInvalid, HubFault
from hub.ports import Clock
from hub.settings import HubSection
from hub.store.arrival import Arrival
from hub.store.tables import KEYS, STORE

Say = Callable[[str], None]


async def move(hub: HubSection, addresses: Addresses, clock: Clock, say: Say) -> list[Line]:
    """Move a home; begin again where it was cut off. Return what was compared; nothing when it has moved already.

    Errors: Unavailable (a process runs, a disk, broker or database fails: begin again to go on), ConfigInvalid.
    """
    async with AsyncExitStack() as stack:
        source = await open_source(hub, clock, stack)
        target = await open_target(hub, addresses, clock, stack)
        mark = await _begun(source, target, clock)
        if mark.completed_at is not None and await _complete(target):
            say("This home has moved already.")
            return []
        await target.claim(Arrival(mark.journey, await source.name(), mark.started_at))
        return await _Move(source, target, mark, clock, say).run(stack)


async def give_up(hub: HubSection, addresses: Addresses | None, clock: Clock) -> None:
    """Open the home again that has moved, and close the target, which must not have been used.

    Without addresses the target is not asked: it is gone, or will be. Errors: Unavailable, ConfigInvalid.
    """
    async with AsyncExitStack() as stack:
        source = await open_source(hub, clock, stack)
        mark = source.mark.read()
        if mark is None or mark.completed_at is None:
            raise ConfigInvalid("this home has not moved; it starts as it is")
        if addresses is not None:
            await _close(await open_target(hub, addresses, clock, stack), mark)
        source.mark.write(mark.model_copy(update={"completed_at": None}))


async def _close(target: Target, mark: Mark) -> None:
    """Let the target not start any more; what it has taken meanwhile would be lost, so then it stays open."""
    for arrival in target.arrivals:
        known = await arrival.known()
        if known is None or known.journey != mark.journey:
            raise ConfigInvalid("this is not where the home has moved to")
        await arrival.complete(None)
    for place, end in mark.ends.items():
        topic, _, partition = place.rpartition("/")
        found = (await target.log.bounds((topic, int(partition)))).end
        if found != end:
            for arrival in target.arrivals:
                await arrival.complete(mark.completed_at)
            raise ConfigInvalid(
                f"the target was used: {place} ended at {end} and ends at {found}. There is no way back"
            )


async def _begun(source: Source, target: Target, clock: Clock) -> Mark:
    """Return the mark of this move, which is durable; a target that knows nothing of it must be empty.

    The producer's id is written down before anything is written with it.
    """
    mark, known = source.mark.read(), await target.arrivals[0].known()
    if known is not None:
        if mark is None or mark.journey != known.journey:
            raise ConfigInvalid("another home moved, or is moving, into this database; name one that is empty")
        return mark
    if mark is not None and mark.completed_at is not None:
        source.mark.require_home()
    await target.require_empty()
    mark = Mark(
        journey=mark.journey if mark else uuid4().hex,
        producer_id=await target.log.new_producer_id(),
        log=str(target.addresses.log),
        store=str(target.addresses.store),
        started_at=clock.now(),
    )
    source.mark.write(mark)
    return mark


async def _complete(target: Target) -> bool:
    known = [await arrival.known() for arrival in target.arrivals]
    return all(each is not None and each.completed_at is not None for each in known)


@dataclass(frozen=True, slots=True)
class _Move:
    """The copying of one claimed target."""

    source: Source
    target: Target
    mark: Mark
    clock: Clock
    say: Say

    async def run(self, stack: AsyncExitStack) -> list[Line]:
        held = await self.source.bounds()
        records = Progress("records", sum(each.end - each.start for each in held.values()), self.say, self.clock)
        log, producer_id = self.source.log, self.mark.producer_id
        self.say(f"moving to {self.mark.log} and {self.mark.store}")
        passage = Passage(log, self.target.log, producer_id, self.clock, records.add)
        await passage.carry(self.source.places)
        records.tell()
        tables = [*await self._tables(STORE, stack), *await self._tables(KEYS, stack)]
        groups = [await self._group(*group, offsets) for group, offsets in sorted(log.groups().items())]
        self.say("comparing the records of both sides")
        lines = [*await passage.prove(self.source.places), *groups, *tables]
        if different := [line.name for line in lines if not line.equal]:
            raise HubFault(
                f"source and target differ: {', '.join(different)}. Nothing is marked; begin with empty ones"
            )
        await self.target.require_kin(self.clock)
        await self._finish({f"{topic}/{partition}": each.end for (topic, partition), each in held.items()})
        return lines

    async def _tables(self, schema: MetaData, stack: AsyncExitStack) -> list[Line]:
        own, what = (self.source.store, "rows") if schema is STORE else (self.source.keys, "keys")
        rows = Progress(what, 0, self.say, self.clock)
        lines = await Freight(own, await self.target.tables(schema, stack), schema, rows.add).carry()
        rows.tell()
        return lines

    async def _group(self, group: str, topic: str, offsets: Mapping[int, int]) -> Line:
        await self.target.log.commit(group, topic, offsets)
        found = await self.target.log.committed(group, topic)
        return Line(f"group {group} on {topic}", _sum_of(offsets), _sum_of(found))

    async def _finish(self, ends: dict[str, int]) -> None:
        """Close the old home, then open the new one: cut off between the two, neither starts."""
        at = self.clock.now()
        self.source.mark.write(self.mark.model_copy(update={"ends": ends, "completed_at": at}))
        for arrival in reversed(self.target.arrivals):
            await arrival.complete(at)


def _sum_of(offsets: Mapping[int, int]) -> Sum:
    return Sum(len(offsets), sha256(repr(sorted(offsets.items())).encode()).hexdigest())
