"""A platform with faults, and the ledger of what was done to it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.errors import NotSent, RefusedUs, ReplyLost, ReplyUnreadable
from hub.ports import LEAVE, Clock, DoubtRule, Effect, Finding, Job, OutcomeRule, Reply
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierSubmission

RULES = (OutcomeRule(OutcomeClass.DELIVERED, code="0"), OutcomeRule(OutcomeClass.REFUSED_MESSAGE, code="9"))
PUZZLE = Reply(200, "7", "hệ thống đang bận")

Deed = tuple[str, str, int, int]
"""Dossier, verb, revision, part."""


@dataclass(frozen=True)
class Faults:
    """How often, of one, a try goes wrong in each way; what is left goes well."""

    refused: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    slow: float = 0.0


@dataclass(eq=False)
class Platform:
    """Acts, asks, and remembers. `call_s` is how long a call takes, `ask_s` how long an inquiry does.

    Revisions that it `refuses` are at fault; `puzzling` ones are done, and answered with a `puzzle` that no rule knows.
    Dossiers that are `poisoned` never get a readable answer, `banned` ones are refused like somebody unknown, and
    `shunned` ones get no connection.
    While it `pleads_s`, it wants to be left alone for so long. `called_s` are the times at which it was called.
    A `deaf` platform answers no inquiry. The first `defects` calls raise what no adapter should.
    """

    clock: Clock
    random: random.Random
    faults: Faults = field(default_factory=Faults)
    call_s: tuple[float, float] = (0.01, 0.1)
    down: bool = False
    locked_out: bool = False
    refuses: frozenset[int] = frozenset()
    puzzling: frozenset[int] = frozenset()
    puzzle: Reply = PUZZLE
    deaf: bool = False
    ask_s: float = 0.01
    defects: int = 0
    poisoned: frozenset[str] = frozenset()
    banned: frozenset[str] = frozenset()
    shunned: frozenset[str] = frozenset()
    effects: list[Deed] = field(default_factory=list)
    acted_s: dict[Deed, float] = field(default_factory=dict)
    calls: int = 0
    inquiries: int = 0
    pleads_s: int | None = None
    called_s: list[float] = field(default_factory=list)
    under_way: int = 0

    async def act(self, deed: Deed) -> Reply:
        """Do what is asked, or fail as the dice say."""
        self.calls += 1
        self.called_s.append(self.clock.monotonic())
        self.under_way += 1
        try:
            return await self._act(deed)
        finally:
            self.under_way -= 1

    async def _act(self, deed: Deed) -> Reply:
        dice = self.random.random()
        self._let_in()
        if deed[0] in self.shunned:
            raise NotSent
        if self.defects:
            self.defects -= 1
            raise ValueError("a defect")
        if (dice := dice - self.faults.refused) < 0:
            raise NotSent
        whole_s = self.random.uniform(*self.call_s)
        await self.clock.sleep(whole_s / 2)
        if (dice := dice - self.faults.lost_before) < 0:
            raise ReplyLost
        if deed[0] in self.poisoned:
            raise ReplyUnreadable
        if deed[0] in self.banned:
            raise RefusedUs
        if deed[2] in self.refuses:
            return Reply(200, "9", "không hợp lệ")
        self.effects.append(deed)
        self.acted_s.setdefault(deed, self.clock.monotonic())
        if (dice := dice - self.faults.lost_after) < 0:
            raise ReplyLost
        if deed[2] in self.puzzling:
            return self.puzzle
        slow_s = self.random.uniform(1.0, 4.0) if dice - self.faults.slow < 0 else 0.0
        await self.clock.sleep(whole_s / 2 + slow_s)
        return Reply(200, "0", "thành công")

    async def ask(self, deed: Deed) -> Finding:
        """Say whether it was done."""
        self.inquiries += 1
        self.called_s.append(self.clock.monotonic())
        self._let_in()
        if self.random.random() < self.faults.refused:
            raise NotSent
        await self.clock.sleep(self.ask_s)
        if self.deaf:
            raise ReplyLost
        return Finding.PRESENT if deed in self.effects else Finding.ABSENT

    def _let_in(self) -> None:
        if self.pleads_s is not None:
            raise NotSent(retry_after_s=self.pleads_s)
        if self.down:
            raise NotSent
        if self.locked_out:
            raise RefusedUs


@dataclass(frozen=True)
class Verb:
    """One operation of a platform, in `pieces` parts."""

    name: str
    at: Platform
    effect: Effect = Effect.QUERYABLE
    on_doubt: DoubtRule = DoubtRule.INQUIRE
    pieces: int = 1
    rules: Sequence[OutcomeRule] = RULES

    @property
    def platform(self) -> str:
        """What stands before the dot."""
        return self.name.partition(".")[0]

    def parts(self, submission: DossierSubmission) -> int:
        """As many as were ordered."""
        return self.pieces

    async def send(self, job: Job) -> Reply:
        """Act, if that is allowed when the bytes go out."""
        LEAVE.get()()
        return await self.at.act(self.deed(job))

    async def inquire(self, job: Job) -> Finding:
        """Ask, if that is allowed when the bytes go out."""
        LEAVE.get()()
        return await self.at.ask(self.deed(job))

    def deed(self, job: Job) -> Deed:
        """Return what the platform's ledger calls the job."""
        return job.submission.code, self.name, job.submission.revision, job.part
