"""The log on Kafka, for any number of processes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Self, TypeVar

from hub.ending import ended
from hub.errors import ConfigInvalid, HubFault, Unavailable
from hub.log.arrivals import Arrivals
from hub.log.kafka.append import Appender
from hub.log.kafka.fetch import OutOfRange, bounds, bytes_for, ends, fetch
from hub.log.kafka.group import Membership
from hub.log.kafka.intake import Intake
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.link import NO_ACCESS, KafkaAccess, Link, connect
from hub.log.kafka.member import KafkaMember
from hub.log.topics import Topics
from hub.ports import Bounds, Clock, Ownership, Position, Record

__all__ = ["KafkaAccess", "KafkaLimits", "KafkaLog"]

_LIMITS = KafkaLimits()
_FIND_WAIT_S = 10.0
_ASK_AGAIN_S = 0.1

T = TypeVar("T")


class KafkaLog:
    """The `Log` port on Kafka. Made by `open`; heals itself when brokers go and come back.

    `append` also raises TooLarge and Overloaded. After `aclose` everything raises Unavailable.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Topics,
        clock: Clock,
        limits: KafkaLimits,
        access: KafkaAccess,
        member: str | None,
        links: tuple[Link, Link],
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._clock = clock
        self._limits = limits
        self._access = access
        self._member = member
        writing, self._reading = links
        self._writing = writing
        self._arrivals = Arrivals(clock)
        self._appender = Appender(writing, clock, limits, self._arrivals.announce)
        self._members: set[KafkaMember] = set()
        self._waiting: dict[str, int] = {}
        self._closing = False
        self._closed = False

    @classmethod
    async def open(
        cls,
        bootstrap: str,
        topics: Mapping[str, int],
        clock: Clock,
        limits: KafkaLimits = _LIMITS,
        *,
        member: str | None = None,
        access: KafkaAccess = NO_ACCESS,
    ) -> Self:
        """Connect and compare the topics; `hub topics --create` makes them.

        `member` is a name that this process keeps over restarts and shares with no other: with it, a restart within
        the session is no rebalance, and partitions are not given away before the session ends.
        Errors: Unavailable (no broker answers), ConfigInvalid (a topic is missing, or has other partitions).
        """
        declared = Topics(topics)
        links: list[Link] = []
        try:
            for purpose in ("append", "read"):
                links.append(await Link.open(purpose, bootstrap, set(topics), limits.request_wait_s, access))  # noqa: PERF401 - closed below when the second fails
            for link in links:
                await _compare(link, topics, clock)
            return cls(bootstrap, declared, clock, limits, access, member, (links[0], links[1]))
        except BaseException:
            for link in links:
                await link.aclose()
            raise

    def partitions(self, topic: str) -> int:
        """As the port."""
        return self._topics.partitions(topic)

    def partition_of(self, topic: str, key: bytes) -> int:
        """As the port."""
        return self._topics.partition_of(topic, key)

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port. A caller that is cancelled does not take the record back."""
        place = topic, self._topics.partition_of(topic, key)
        self._refuse_when_closed()
        return await self._appender.put(place, key, value)

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port. An offset before the start is read as the start."""
        return await self._patiently(partial(self._read, topic, partition, offset, records_max))

    async def _read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        node = self._reading.leader(topic, partition)
        if node is None:
            raise Unavailable(f"{topic}, partition {partition}: no broker leads it")
        place = topic, partition
        first, bytes_max = max(offset, 0), bytes_for(records_max, self._limits.read_bytes_max)
        found = await fetch(self._reading, node, {place: first}, wait_s=0, bytes_max=bytes_max)
        fetched = found[place]
        if isinstance(fetched.error, OutOfRange):
            return await self._read_from_start(topic, partition, offset, records_max)
        if fetched.error is not None:
            raise fetched.error
        return fetched.records[:records_max]

    async def _read_from_start(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        held = await self.bounds(topic, partition)
        if offset >= held.start:
            return ()
        return await self._read(topic, partition, held.start, records_max)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        return (await self._bounds(topic, [partition]))[partition]

    async def join(self, group: str, topic: str, ownership: Ownership) -> KafkaMember:
        """As the port. Errors: Unavailable."""
        count = self._topics.partitions(topic)
        self._refuse_when_closed()
        limits, clock = self._limits, self._clock
        # The answer to a member that wants to join comes when the last of the others has let go. A longer patience
        # would be one with dead machines, too; and whoever asks again under its member id has not lost its place.
        client = await connect(self._bootstrap, {topic}, limits.request_wait_s, self._access)
        try:
            link = await Link.open("fetch", self._bootstrap, {topic}, limits.request_wait_s, self._access)
        except BaseException:
            await client.close()
            raise
        intake, bounds_of = Intake(topic, link, clock, limits), partial(self._bounds, topic)
        member = KafkaMember(group, topic, ownership, intake, bounds_of, clock, limits, self._members.discard)
        # Kafka knows groups, not pairs of group and topic: members on another topic would share out what is not theirs.
        name = f"{group}.{topic}"
        member.enter(Membership.begin(client, name, topic, count, member, clock, limits, self._member))
        self._members.add(member)
        return member

    async def _bounds(self, topic: str, partitions: Collection[int]) -> Mapping[int, Bounds]:
        return await self._patiently(partial(bounds, self._reading, topic, partitions))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again for a while when a broker cannot answer: a partition that moves has no leader for a moment."""
        until_s = self._clock.monotonic() + self._limits.request_wait_s
        while True:
            self._refuse_when_closed()
            try:
                return await ask()
            except Unavailable:
                if self._clock.monotonic() >= until_s:
                    raise
            await self._clock.sleep(_ASK_AGAIN_S)

    async def wait(self, topic: str, wait_s: float) -> None:
        """As the port. Appends of other processes are noticed a little later than our own."""
        partitions = range(self._topics.partitions(topic))
        self._refuse_when_closed()
        waiting = asyncio.create_task(self._arrivals.wait(topic, self._arrivals.seen(topic), wait_s))
        watching = asyncio.create_task(self._watch(topic, partitions))
        try:
            await waiting
        finally:
            await ended(waiting, watching)

    async def _watch(self, topic: str, partitions: Collection[int]) -> None:
        """Announce when a topic grows."""
        known: Mapping[int, int] | None = None
        while True:
            try:
                seen = await ends(self._reading, topic, partitions)
            except HubFault:
                seen = dict(known or {})
            if known is not None and seen != known:
                self._arrivals.announce(topic)
            known = seen or None
            await self._clock.sleep(self._limits.watch_every_s)

    async def aclose(self) -> None:
        """As the port; members still in a group leave it first."""
        if self._closing:
            return
        self._closing = True
        closed = Unavailable("the log is closed")
        members = tuple(self._members)
        for member in members:
            member.fail(closed)
        await asyncio.gather(*(member.leave() for member in members), return_exceptions=True)
        await self._appender.aclose()
        self._closed = True
        self._arrivals.close()
        await self._writing.aclose()
        await self._reading.aclose()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable("the log is closed")


async def _compare(link: Link, topics: Mapping[str, int], clock: Clock) -> None:
    """Compare the topics with what a broker knows; of topics that were just made, it hears a little later.

    So does a broker that has just come back: it answers before it has read all that it knew.
    """
    until_s = clock.monotonic() + _FIND_WAIT_S
    while clock.monotonic() < until_s and not all(map(link.partitions, topics)):
        await clock.sleep(_ASK_AGAIN_S)
        await link.looked_up()
    for topic, declared in topics.items():
        found = link.partitions(topic)
        if not found:
            raise ConfigInvalid(f"topic {topic} does not exist; `hub topics --create` makes it")
        if found != declared:
            raise ConfigInvalid(f"topic {topic} has {found} partitions, declared are {declared}")
