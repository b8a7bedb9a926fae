"""A group inside one process: members that share the partitions of one topic.

Partitions move in two steps, each awaited: the members that lose some let go, and only then the next owners take over.
What a member held is gone for good once it let go (fencing); partitions that stay are not disturbed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from hub.errors import StaleOwner, Unavailable
from hub.log.shares import shares
from hub.ports import Clock, Ownership


class Holding:
    """One partition in the hands of one member.

    `position` is the next offset to fetch, `open` says whether fetching is allowed, `commits` are under way.
    """

    __slots__ = ("commits", "open", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.open = False
        self.commits: set[asyncio.Future[None]] = set()


class Member:
    """One member: what it holds, and the error that ended its membership."""

    def __init__(self, ownership: Ownership) -> None:
        self.ownership = ownership
        self.holdings: dict[int, Holding] = {}
        self.failure: BaseException | None = None
        self.taking: asyncio.Task[None] | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Group:
    """Members in the order of their joining.

    `committed` tells where a partition's next owner begins; `changed` is called when someone may fetch more.
    """

    def __init__(
        self,
        partitions: int,
        clock: Clock,
        revoke_wait_s: float,
        committed: Callable[[int], int],
        changed: Callable[[], None],
    ) -> None:
        self._partitions = partitions
        self._clock = clock
        self._revoke_wait_s = revoke_wait_s
        self._committed = committed
        self._changed = changed
        self._members: list[Member] = []
        self._leaving: list[Member] = []
        self._holders: dict[int, Member] = {}
        self._unsettled = False
        self._task: asyncio.Task[None] | None = None

    def join(self, ownership: Ownership) -> Member:
        """Add a member; it gets its partitions soon after the caller goes on."""
        member = Member(ownership)
        self._members.append(member)
        self._settle_soon()
        return member

    async def leave(self, member: Member) -> None:
        """Remove a member and return when it has let go."""
        self._expel(member)
        await asyncio.shield(member.gone)

    async def aclose(self) -> None:
        """Remove every member; whoever still fetches is told."""
        members = (*self._members, *self._leaving)
        await asyncio.gather(*(self.leave(member) for member in members))
        for member in members:
            member.failure = member.failure or Unavailable("the log is closed")

    def _expel(self, member: Member) -> None:
        if member in self._members:
            self._members.remove(member)
            self._leaving.append(member)
            if member.taking is not None:
                member.taking.cancel()
            self._settle_soon()

    def _settle_soon(self) -> None:
        self._unsettled = True
        if self._task is None:
            self._task = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        try:
            while self._unsettled:
                self._unsettled = False
                await self._rebalance()
        finally:
            self._task = None

    async def _rebalance(self) -> None:
        target = shares(self._partitions, self._holders, self._members)
        losses = [(p, owner) for p, owner in self._holders.items() if target.get(p) is not owner]
        await asyncio.gather(*(self._revoke(member, lost) for member, lost in _by_member(losses)))
        self._dismiss()
        gains = [(p, owner) for p, owner in target.items() if p not in self._holders]
        await asyncio.gather(*(self._assign(member, won) for member, won in _by_member(gains)))

    async def _revoke(self, member: Member, partitions: Collection[int]) -> None:
        lost = [member.holdings[partition] for partition in partitions]
        for holding in lost:
            holding.open = False
        await self._let_go(member, partitions)
        for partition in partitions:
            del member.holdings[partition], self._holders[partition]
        # The next owner starts from what these commits leave behind.
        if commits := set().union(*(holding.commits for holding in lost)):
            await asyncio.wait(commits)

    async def _let_go(self, member: Member, partitions: Collection[int]) -> None:
        """Await `on_revoked`, but not for ever: fencing makes whatever it still does void."""
        task = asyncio.create_task(member.ownership.on_revoked(partitions))
        alarm = asyncio.create_task(self._clock.sleep(self._revoke_wait_s))
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        alarm.cancel()
        late = task.cancel()
        failure = StaleOwner("on_revoked took too long") if late else _failure(task)
        if failure is not None:
            member.failure = failure
            self._expel(member)

    async def _assign(self, member: Member, partitions: Collection[int]) -> None:
        if member not in self._members:
            return
        begin = {partition: self._committed(partition) for partition in partitions}
        won = {partition: Holding(offset) for partition, offset in begin.items()}
        member.holdings |= won
        self._holders |= dict.fromkeys(partitions, member)
        member.taking = asyncio.create_task(member.ownership.on_assigned(begin))
        await asyncio.wait({member.taking})
        failure, member.taking = _failure(member.taking), None
        if failure is None:
            for holding in won.values():
                holding.open = True
        elif member in self._members:
            member.failure = failure
            self._expel(member)
        self._changed()

    def _dismiss(self) -> None:
        for member in [member for member in self._leaving if not member.holdings]:
            self._leaving.remove(member)
            if not member.gone.done():
                member.gone.set_result(None)
            self._changed()


def _failure(task: asyncio.Task[None]) -> BaseException | None:
    """Return what ended a finished task early, if anything did."""
    return StaleOwner("the call was cancelled") if task.cancelled() else task.exception()


def _by_member(pairs: Iterable[tuple[int, Member]]) -> Iterable[tuple[Member, list[int]]]:
    """Group (partition, member) by member, partitions rising."""
    grouped: defaultdict[Member, list[int]] = defaultdict(list)
    for partition, member in sorted(pairs, key=lambda pair: pair[0]):
        grouped[member].append(partition)
    return grouped.items()
