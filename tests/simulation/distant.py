"""A platform at the other end of a long line: what has reached it is done, whoever is still there to hear of it."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hub.errors import NotSent, RefusedUs, ReplyLost
from hub.ports import Effect, Finding, Reply
from tests.simulation.platform import PUZZLE, Deed, Platform

CALL_S = 0.05
SLOW_S = 3.0
LATE_S = 1.5
GIVE_UP_S = 0.2


class Fate(StrEnum):
    """What becomes of one call."""

    WELL = "it acts and answers"
    LOST_AFTER = "it acts, and the answer is lost"
    LATE = "the caller gives up, and it acts after that"
    SLOW = "it takes long to act, and answers"
    PUZZLE = "it acts, and answers what no rule knows"
    LOST_BEFORE = "the call is lost"
    BUSY = "it does not take the call"
    LOCKED = "it refuses the hub"


ACTS_LATE_S = {Fate.SLOW: SLOW_S, Fate.LATE: LATE_S}


@dataclass(eq=False)
class Distant(Platform):
    """Calls of one dossier are done one after the other, and inquiries wait their turn among them.

    So nothing lands behind an inquiry that was asked later; a platform that is `unordered` gives no such promise. One
    that recognises its callers' keys needs no order. `fates` are those of the next calls, `answers` those of the next
    inquiries. What it refuses it always refuses. `watch` is told of every effect.
    """

    repeat: Effect = Effect.QUERYABLE
    fates: deque[Fate] = field(default_factory=deque)
    answers: deque[Fate] = field(default_factory=deque)
    refusing: frozenset[tuple[str, int]] = frozenset()
    unordered: bool = False
    watch: Callable[[Deed], None] = lambda _deed: None
    working: set[asyncio.Task[Reply]] = field(default_factory=set)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def act(self, deed: Deed) -> Reply:
        """Do what is asked, or fail as is fated."""
        self.calls += 1
        fate = self.fates.popleft() if self.fates else Fate.WELL
        await self._let_through(fate)
        work = asyncio.create_task(self._serve(deed, ACTS_LATE_S.get(fate, CALL_S)))
        self.working.add(work)
        work.add_done_callback(self.working.discard)
        if fate is Fate.LATE:
            await self.clock.sleep(GIVE_UP_S)
            raise ReplyLost
        reply = await asyncio.shield(work)
        if fate is Fate.LOST_AFTER:
            raise ReplyLost
        return PUZZLE if fate is Fate.PUZZLE else reply

    async def ask(self, deed: Deed) -> Finding:
        """Say whether it was done, after what came before."""
        self.inquiries += 1
        fate = self.answers.popleft() if self.answers else Fate.WELL
        await self._let_through(fate)
        if self.unordered:
            return Finding.PRESENT if deed in self.effects else Finding.ABSENT
        async with self._turns[deed[0]]:
            await self.clock.sleep(self.ask_s)
            if fate is not Fate.WELL:
                raise ReplyLost
            return Finding.PRESENT if deed in self.effects else Finding.ABSENT

    async def _let_through(self, fate: Fate) -> None:
        if self.down or fate is Fate.BUSY:
            raise NotSent
        if self.locked_out or fate is Fate.LOCKED:
            raise RefusedUs
        if fate is Fate.LOST_BEFORE:
            await self.clock.sleep(GIVE_UP_S)
            raise ReplyLost

    async def _serve(self, deed: Deed, takes_s: float) -> Reply:
        if self.unordered or self.repeat is Effect.KEYED:
            await self.clock.sleep(takes_s)
            return self._land(deed)
        async with self._turns[deed[0]]:
            await self.clock.sleep(takes_s)
            return self._land(deed)

    def _land(self, deed: Deed) -> Reply:
        if (deed[0], deed[2]) in self.refusing:
            return Reply(200, "9", "không hợp lệ")
        if not self._there(deed):
            self.effects.append(deed)
            self.acted_s.setdefault(deed, self.clock.monotonic())
            self.watch(deed)
        return Reply(200, "0", "thành công")

    def _there(self, deed: Deed) -> bool:
        """Whether a repeat changes nothing: the key is known, or the dossier is in just that state."""
        match self.repeat:
            case Effect.KEYED:
                return deed in self.effects
            case Effect.OVERWRITE:
                return next((done for done in reversed(self.effects) if done[0] == deed[0]), None) == deed
            case _:
                return False
