"""What an operation declares of repeats and doubt must be true of its platform: one suite, inherited per operation.

A subclass says how its platform is played and which job is sent; which proofs follow, the declaration itself says.
`tests/contracts/test_doubt.py` finds every operation that is installed and wants a subclass for it.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from hub.errors import PlatformFault, ReplyLost
from hub.pipeline.classify import classify
from hub.ports import DoubtRule, Effect, Finding, Job, Operation
from schemas.delivery import OutcomeClass

THERE = frozenset({OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE})

RULES_OF: Mapping[Effect, frozenset[DoubtRule]] = {
    Effect.KEYED: frozenset({DoubtRule.RESEND, DoubtRule.INQUIRE}),
    Effect.QUERYABLE: frozenset({DoubtRule.INQUIRE}),
    Effect.OVERWRITE: frozenset({DoubtRule.RESEND, DoubtRule.INQUIRE}),
    Effect.APPEND: frozenset({DoubtRule.RESEND, DoubtRule.OPERATOR}),
}
"""The doubt rules that keep what an effect class promises."""


class Ground(ABC):
    """A platform in play, as the proofs need it."""

    operation: Operation

    @abstractmethod
    async def effects(self) -> Sequence[object]:
        """Return what the platform holds by the operation's doing: each row that was added, or the one state."""

    @abstractmethod
    async def lose_the_next_reply(self) -> None:
        """Let the platform act on the next call and hang up."""

    @abstractmethod
    async def lose_the_next_call(self) -> None:
        """Let the platform hang up on the next call and do nothing."""

    async def send(self, job: Job) -> OutcomeClass:
        """Send, and judge by the operation's table."""
        return classify(await self.operation.send(job), self.operation.rules)

    async def send_in_doubt(self, job: Job) -> None:
        """Send; the caller cannot know what came of it."""
        with pytest.raises(ReplyLost):
            await self.operation.send(job)


@dataclass(frozen=True)
class Case:
    """Two jobs of one dossier that differ: the second is its next state."""

    job: Job
    next_job: Job


async def keyed(ground: Ground, case: Case) -> None:
    """A repeat changes nothing and is answered as there, in doubt and out of it."""
    await ground.lose_the_next_reply()
    await ground.send_in_doubt(case.job)
    once = list(await ground.effects())
    assert 1 == len(once)
    assert await ground.send(case.job) in THERE
    assert await ground.send(case.job) in THERE
    assert once == list(await ground.effects())


async def queryable(ground: Ground, case: Case) -> None:
    """The inquiry says absent before it acted and after a call that was lost, present after a reply that was lost.

    It tells the job's own state from the one before.
    """
    assert Finding.ABSENT is await ground.operation.inquire(case.job)
    await ground.lose_the_next_call()
    await ground.send_in_doubt(case.job)
    assert Finding.ABSENT is await ground.operation.inquire(case.job)
    await ground.lose_the_next_reply()
    await ground.send_in_doubt(case.job)
    assert Finding.PRESENT is await ground.operation.inquire(case.job)
    assert Finding.ABSENT is await ground.operation.inquire(case.next_job)
    assert 1 == len(await ground.effects())


async def overwrite(ground: Ground, case: Case) -> None:
    """However often it is sent, the platform is in one state."""
    await ground.lose_the_next_reply()
    await ground.send_in_doubt(case.job)
    once = list(await ground.effects())
    assert 1 == len(once)
    assert OutcomeClass.DELIVERED is await ground.send(case.job)
    assert once == list(await ground.effects())


async def append(ground: Ground, case: Case) -> None:
    """A repeat adds: to call it anything better would be a lie, and nobody must rely on it."""
    await ground.lose_the_next_reply()
    await ground.send_in_doubt(case.job)
    once = list(await ground.effects())
    assert once
    assert await ground.send(case.job) in THERE
    assert [*once, *once] == list(await ground.effects())


PROOFS: Mapping[Effect, Callable[[Ground, Case], Awaitable[None]]] = {
    Effect.KEYED: keyed,
    Effect.QUERYABLE: queryable,
    Effect.OVERWRITE: overwrite,
    Effect.APPEND: append,
}


async def follow_the_rule(ground: Ground, case: Case) -> None:
    """What the doubt rule orders after a lost reply can be done, and leaves what the effect class allows."""
    assert ground.operation.on_doubt in RULES_OF[ground.operation.effect]
    await ground.lose_the_next_reply()
    await ground.send_in_doubt(case.job)
    match ground.operation.on_doubt:
        case DoubtRule.INQUIRE:
            assert Finding.PRESENT is await ground.operation.inquire(case.job)
        case DoubtRule.RESEND:
            assert await ground.send(case.job) in THERE
        case DoubtRule.OPERATOR:
            assert await ground.effects()


async def answer_honestly(ground: Ground, case: Case) -> None:
    """What cannot be asked says so, and is never believed to be absent."""
    if ground.operation.effect is Effect.QUERYABLE or ground.operation.on_doubt is DoubtRule.INQUIRE:
        assert await ground.operation.inquire(case.job) in Finding
        return
    with pytest.raises(PlatformFault):
        await ground.operation.inquire(case.job)


class DoubtSuite(ABC):
    """Inherit under a name that begins with Test, once per operation and declaration."""

    operation: ClassVar[str]
    """The name of the operation."""

    @abstractmethod
    def playing(self, folder: Path) -> "AsyncIterator[tuple[Ground, Case]]":
        """Yield a fresh platform, in which everything is there that the job needs, and the jobs."""

    async def _prove(self, folder: Path, proof: Callable[[Ground, Case], Awaitable[None]]) -> None:
        async with asynccontextmanager(self.playing)(folder) as (ground, case):
            assert self.operation == ground.operation.name
            await proof(ground, case)

    async def test_the_effect_is_as_declared(self, tmp_path: Path) -> None:
        """Repeats and inquiries do at the platform's ledger what the effect class promises."""

        async def proof(ground: Ground, case: Case) -> None:
            await PROOFS[ground.operation.effect](ground, case)

        await self._prove(tmp_path, proof)

    async def test_the_doubt_rule_can_be_followed(self, tmp_path: Path) -> None:
        """It fits the effect class, and works after the platform acted and its reply was lost."""
        await self._prove(tmp_path, follow_the_rule)

    async def test_an_inquiry_is_honest(self, tmp_path: Path) -> None:
        """Only what can be asked answers."""
        await self._prove(tmp_path, answer_honestly)
