"""The source of lookups, asked again while there is time: somebody waits, and no parking place does it for him."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity import AsyncRetrying, retry_if_exception

from hub.errors import HubError, NotSent, PlatformFault, ReplyLost
from hub.pipeline.circuit import Circuit
from hub.pipeline.classify import classify_fault
from hub.pipeline.persistence import ONCE, Persistence, asked_wait_s, transient
from hub.ports import CitizenSource, Clock
from hub.telemetry import Metrics, logger
from schemas.citizen import Citizen, CitizenQuery

ANSWERED = "answered"
_log = logger("lookup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a source is asked. `quiet_max_s` bounds for how long it may ask to be left alone."""

    persistence: Persistence = ONCE
    circuit_open_s: float = 1.0
    circuit_open_max_s: float = 30.0
    quiet_max_s: float = 3600.0


@dataclass(slots=True, repr=False)
class _Question:
    """One lookup under way: until when, and what its last try came to. It names a person, so it has no text."""

    query: CitizenQuery
    request_id: str
    until_s: float
    tries: int = 0
    fault: PlatformFault | None = None


class PatientSource:
    """Asks a source within `deadline_s`. Each try is a call: `admit_again` and the circuit are asked before it.

    `admit_again` raises HubError when the source may not be called once more. `jitter` gives numbers in [0, 1).
    """

    def __init__(
        self,
        source: CitizenSource,
        clock: Clock,
        metrics: Metrics,
        *,
        manners: Manners,
        deadline_s: float,
        admit_again: Callable[[], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.platform = source.platform
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._persistence = manners.persistence
        self._quiet_max_s = manners.quiet_max_s
        self._deadline_s = deadline_s
        self._admit_again = admit_again
        self._jitter = jitter
        self._circuit = Circuit(open_s=manners.circuit_open_s, open_max_s=manners.circuit_open_max_s)

    def require_way(self) -> None:
        """Raise NotSent while the circuit is open and no probe is due."""
        if not self._circuit.closed and not self._circuit.due(self._clock.monotonic(), fresh=True):
            raise NotSent("circuit of the source")

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        """Return what the source knows. Errors: those of the source; after several tries, that of the last one."""
        question = _Question(query, request_id, self._clock.monotonic() + self._deadline_s)
        tries = AsyncRetrying(
            sleep=self._clock.sleep,
            before=lambda _: self._begin(question),
            retry=retry_if_exception(transient),
            wait=lambda _: self._persistence.wait_s(question.fault, question.tries, self._jitter()),
            stop=lambda state: self._persistence.enough(question.tries, state.upcoming_sleep, self._left_s(question)),
            reraise=True,
        )
        return await tries(self._try, question)

    def _begin(self, question: _Question) -> None:
        """Count a try in. When the source may not be called again, what its last try came to stands."""
        question.tries += 1
        try:
            self._admit(first=question.tries == 1)
        except HubError as refusal:
            raise question.fault or refusal from None

    def _admit(self, *, first: bool) -> None:
        if not self._circuit.admits(self._clock.monotonic(), fresh=first):
            raise NotSent("circuit of the source")
        if not first:
            try:
                self._admit_again()
            except HubError:
                self._circuit.abandoned()
                raise

    async def _try(self, question: _Question) -> Sequence[Citizen]:
        try:
            found = await self._answer(question)
        except PlatformFault as fault:
            question.fault = fault
            self._failed(fault, fresh=question.tries == 1)
            raise
        except BaseException:
            self._circuit.abandoned()
            raise
        self._reached(ANSWERED)
        return found

    async def _answer(self, question: _Question) -> Sequence[Citizen]:
        """Ask under an id of its own: the platform wants one that is unique per call."""
        again = f"-{question.tries}" if question.tries > 1 else ""
        try:
            async with asyncio.timeout(self._left_s(question)):
                return await self._source.lookup(question.query, question.request_id + again)
        except TimeoutError:
            raise ReplyLost("deadline of the lookup") from None

    def _left_s(self, question: _Question) -> float:
        return question.until_s - self._clock.monotonic()

    def _failed(self, fault: PlatformFault, *, fresh: bool) -> None:
        """A platform that refuses, or says what nobody can read, is there: only what passes opens the circuit."""
        outcome = classify_fault(fault)
        if not transient(fault):
            self._reached(outcome)
            return
        self._metrics.lookup_tries_total.inc(self.platform, outcome)
        now_s, quiet_s = self._clock.monotonic(), min(asked_wait_s(fault), self._quiet_max_s)
        opened = self._circuit.failed(now_s, fresh=fresh)
        if quiet_s:
            opened = self._circuit.quiet(now_s, quiet_s) or opened
        if opened:
            self._metrics.circuit_open.set(1, self.platform)
            _log.warning("circuit_opened", platform=self.platform, outcome_class=outcome, wait_s=quiet_s)

    def _reached(self, outcome: str) -> None:
        self._metrics.lookup_tries_total.inc(self.platform, outcome)
        if self._circuit.succeeded(self._clock.monotonic()):
            self._metrics.circuit_open.set(0, self.platform)
            _log.info("circuit_closed", platform=self.platform)
