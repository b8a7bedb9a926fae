"""Working on runs: which process has one, and for how long if nothing more is heard of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.ports import Clock, Found, ReconciliationStore, RunStep
from schemas.reconciliation import Follows, Reconciliation, RunState, StopReason

HELD_S = 120.0
"""Longer than any call may take; another process takes a run over when its holder was silent for so long."""


class Tenure:
    """The runs of one process. Every verb but `claim` raises StaleOwner when somebody else has the run by now.

    A process that comes back under the name of `holder` goes on at once with what it had.
    """

    def __init__(self, store: ReconciliationStore, clock: Clock, holder: str) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder

    async def claim(self) -> tuple[Reconciliation, str] | None:
        """Take the oldest run that is not final and that nobody else has."""
        return await self._store.claim(self._holder, self._clock.now(), self._until())

    async def step(self, run: Reconciliation, step: RunStep, found: Sequence[Found] = ()) -> None:
        """Go on."""
        await self._store.step(run.id, self._holder, self._until(), step, found)

    async def settle(self, run: Reconciliation, ordering_key: str, follows: Follows) -> None:
        """Write down what followed from a difference."""
        await self._store.settle(run.id, self._holder, self._until(), ordering_key, follows)

    async def enter(self, run: Reconciliation, state: RunState, reason: StopReason | None = None) -> None:
        """Bring a run into a state."""
        await self._store.enter(run.id, self._holder, state, self._clock.now(), reason)

    async def release(self, run: Reconciliation) -> None:
        """Let go of it, so that anybody may go on with it at once."""
        await self._store.release(run.id, self._holder)

    def _until(self) -> datetime:
        return self._clock.now() + timedelta(seconds=HELD_S)
