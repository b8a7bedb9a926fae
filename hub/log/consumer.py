"""The `Consumer` port inside one process, over any home of the log."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from hub.errors import StaleOwner
from hub.log.arrivals import Arrivals
from hub.log.group import Group, Holding, Member
from hub.log.topics import Topics
from hub.ports import Clock, Ownership, Record


class Source(Protocol):
    """What a home of the log gives to the consumers of a process."""

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As `hub.ports.Log.read`."""

    def committed(self, group: str, topic: str, partition: int) -> int:
        """Return the next offset to read as last committed; the start of the partition when nothing was."""

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        """Begin to record offsets; done when durable. Begun later means recorded later, also when nobody waits."""


class GroupConsumer:
    """One member of a group. Its heartbeat is the process itself, so what it holds it holds for certain."""

    def __init__(
        self, group: str, topic: str, source: Source, clock: Clock, arrivals: Arrivals, home: Group, member: Member
    ) -> None:
        self._name = group
        self._topic = topic
        self._source = source
        self._clock = clock
        self._arrivals = arrivals
        self._home = home
        self._member = member
        self._turn = 0

    async def fetch(self, partitions: Collection[int], records_max: int, wait_s: float) -> Sequence[Record]:
        """As the port; partitions take turns at being first, so that none starves. Raises what ended the membership."""
        until = self._clock.monotonic() + wait_s
        while True:
            if self._member.failure is not None:
                raise self._member.failure
            seen = self._arrivals.seen(self._topic)
            left_s = until - self._clock.monotonic()
            records = await self._look(partitions, records_max)
            if records or left_s <= 0:
                return records
            await self._arrivals.wait(self._topic, seen, left_s)

    async def _look(self, partitions: Collection[int], records_max: int) -> list[Record]:
        looked: list[tuple[int, Holding, Sequence[Record]]] = []
        room = records_max
        for partition in self._in_turn(partitions):
            holding = self._member.holdings.get(partition)
            if holding is None or not holding.open or room <= 0:
                continue
            records = await self._source.read(self._topic, partition, holding.position, room)
            looked.append((partition, holding, records))
            room -= len(records)
        return self._taken(looked)

    def _taken(self, looked: Sequence[tuple[int, Holding, Sequence[Record]]]) -> list[Record]:
        """Move the positions, in one step that no cancellation splits; drop what was lost or taken meanwhile."""
        taken: list[Record] = []
        for partition, holding, records in looked:
            if not records or not holding.open or self._member.holdings.get(partition) is not holding:
                continue
            taken += [record for record in records if record.offset >= holding.position]
            holding.position = max(holding.position, records[-1].offset + 1)
        return taken

    def _in_turn(self, partitions: Collection[int]) -> list[int]:
        order = sorted(set(partitions))
        self._turn += 1
        first = self._turn % len(order) if order else 0
        return order[first:] + order[:first]

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """As the port. Either all offsets are recorded or none."""
        held = [self._held(partition) for partition in offsets]
        if not held:
            return
        commit = self._source.commit(self._name, self._topic, offsets)
        for holding in held:
            holding.commits.add(commit)
            commit.add_done_callback(holding.commits.discard)
        # A caller that is cancelled does not take the commit back: the next owner waits for it.
        await asyncio.shield(commit)

    def _held(self, partition: int) -> Holding:
        try:
            return self._member.holdings[partition]
        except KeyError:
            raise StaleOwner(f"{self._name}: partition {partition} of {self._topic} is not ours") from None

    async def committed(self, partition: int) -> int:
        """As the port."""
        return self._source.committed(self._name, self._topic, partition)

    def holds(self, partition: int) -> bool:
        """As the port."""
        return partition in self._member.holdings

    async def leave(self) -> None:
        """As the port."""
        await self._home.leave(self._member)


class Groups:
    """The groups of a process, made when their first member joins."""

    def __init__(self, topics: Topics, source: Source, clock: Clock, arrivals: Arrivals, revoke_wait_s: float) -> None:
        self._topics = topics
        self._source = source
        self._clock = clock
        self._arrivals = arrivals
        self._revoke_wait_s = revoke_wait_s
        self._groups: dict[tuple[str, str], Group] = {}

    def join(self, group: str, topic: str, ownership: Ownership) -> GroupConsumer:
        """Become a member. KeyError when the topic was not declared."""
        home = self._groups.get((group, topic)) or self._make(group, topic)
        member = home.join(ownership)
        return GroupConsumer(group, topic, self._source, self._clock, self._arrivals, home, member)

    def _make(self, group: str, topic: str) -> Group:
        committed = partial(self._source.committed, group, topic)
        changed = partial(self._arrivals.announce, topic)
        home = Group(self._topics.partitions(topic), self._clock, self._revoke_wait_s, committed, changed)
        self._groups[group, topic] = home
        return home

    async def aclose(self) -> None:
        """Let every member leave."""
        await asyncio.gather(*(home.aclose() for home in self._groups.values()))
