"""Workers with one planted defect each: what the properties must find."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.delivery.admission.share import Share
from hub.delivery.dispatch import Dispatch
from hub.delivery.lanes.gate import Gate
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.tries.outcomes import MAY_TELL, OutcomeWriter, Tried
from hub.delivery.work import Work
from hub.delivery.worker import Worker
from hub.ports import Farewell, PartitionMemory, Record
from schemas.delivery import CommandHeader, DeliveryState
from tests.fakes.parking import MemoryParking
from tests.simulation.moves import Kind, Move
from tests.simulation.stage import Cast


class EarlyGate(Gate):
    """Passes what is finished behind a head that is not."""

    @property
    def passed(self) -> int:
        """One head too far."""
        return self._order[1] if len(self._order) > 1 else self._seen


class PassesEarly(Worker):
    """Commits by a gate that passes early."""

    async def _assign(self, partition: int, committed: int) -> None:
        await super()._assign(partition, committed)
        self._holdings[partition].gate = EarlyGate(committed, self._limits.window_records)


class TrustsItsPredecessor(Worker):
    """Suspects nothing of what an earlier owner may have begun."""

    async def _assign(self, partition: int, committed: int) -> None:
        await super()._assign(partition, committed)
        self._holdings[partition]._suspect_below = committed


class StartsTwice(Worker):
    """Takes a record that was appended again for another one."""

    async def _is_no_repeat(self, record: Record, header: CommandHeader) -> bool:
        return False

    async def _start(self, holding: Holding, record: Record) -> None:
        self._is_repeat = self._is_no_repeat
        await super()._start(holding, record)


class ALaneForEachMessage(Worker):
    """Lets the states of one dossier overtake each other."""

    def _works(self, holding: Holding, record: Record, header: CommandHeader) -> list[Work]:
        works = super()._works(holding, record, header)
        for work in works:
            work.lane = replace(work.lane, ordering_key=f"{work.lane.ordering_key}#{record.offset}")
        return works


class SkipsHeldHeads(Dispatch):
    """Goes on with what lies behind a delivery that only a person can let go."""

    def add(self, holding: Holding, work: Work) -> None:
        """Wake the lane, too."""
        super().add(holding, work)
        lane = holding.lane(work.lane)
        if lane.rest is Rest.HELD:
            self._shares.of_lane(lane).offer_now(lane)

    async def _next(self, holding: Holding, lane: Lane, share: Share) -> Work | None:
        work = await super()._next(holding, lane, share)
        if work is not None or not lane.stored:
            return work
        rows = [row for row in await self._place.rows(holding, lane) if not self._place.held(row)]
        return self._place.work_of(rows[0]) if rows else None


class OutlivesItsPartition(Dispatch):
    """Neither waits for a withdrawal under way when a partition goes, nor gives it up."""

    def busy(self, partition: int) -> bool:
        """Only calls count."""
        return self._shares.calls_for(partition)

    def give_up(self, holding: Holding) -> None:
        """Let go of the partition, and go on telling of it."""
        self.abandon(holding)


class HasTheLastWord(OutcomeWriter):
    """Tells what a call came to, whosever the partition is by then."""

    async def write(self, work: Work, header: CommandHeader, tried: Tried, state: DeliveryState, *rest: object) -> None:
        """Ask nobody."""
        asked = MAY_TELL.set(lambda: True)
        try:
            await super().write(work, header, tried, state, *rest)  # type: ignore[arg-type]  # handed through as it came
        finally:
            MAY_TELL.reset(asked)


class ForgetsDoubt(OutcomeWriter):
    """Forgets that a try without an answer may have arrived."""

    async def write(self, work: Work, header: CommandHeader, tried: Tried, state: DeliveryState, *rest: object) -> None:
        """Say nothing of it."""
        work.possibly_doubled = False
        await super().write(work, header, tried, state, *rest)  # type: ignore[arg-type]  # handed through as it came


class LeavesInMidCall(Dispatch):
    """Calls quiet what says nothing right now, and forgets what was cut off, and what it began in doubt."""

    def quiet(self, holding: Holding) -> bool:
        """Look at nothing but the present."""
        return not self.busy(holding.partition)


class LeavesBeforeItsRows(Worker):
    """Says farewell while rows wait to be written."""

    async def _farewell(self, holding: Holding) -> Farewell | None:
        if not self._dispatch.quiet(holding):
            return None
        end = (await self._log.bounds("hub.outcomes", holding.partition)).end
        return Farewell(holding.partition, holding.shelf.epoch, holding.token, holding.gate.committed, end)


class BelievesOfAnyLog(Worker):
    """Believes a farewell, whatever log it was said about."""

    def _believes(self, farewell: Farewell | None, committed: int, outcomes: int) -> bool:
        return farewell is not None


class TakesAnybodysFarewell(MemoryParking):
    """Keeps the farewell of somebody who is not the owner any more."""

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """Compare nothing."""
        for each in farewells:
            self._farewells[each.partition] = each


class TellsTwoOwners(MemoryParking):
    """Tells every owner of a farewell, and not only the next one."""

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """Forget nothing."""
        farewell = self._farewells.get(partition)
        memory = await super().take_over(partition, committed)
        if farewell:
            self._farewells[partition] = farewell
        return memory


_TWICE = [Move(Kind.SUBMIT), Move(Kind.PASS, 0, 30), Move(Kind.AGAIN), Move(Kind.PASS, 0, 30)]
_BEHIND_A_DEAD_ONE = [Move(Kind.SUBMIT, 1), *[Move(Kind.SUBMIT, 1), Move(Kind.PASS, 0, 200)] * 4]

WITHDRAWN_WHILE_IT_GOES = [
    Move(Kind.PASS, 10, 236),
    Move(Kind.JOIN, 7, 96),
    Move(Kind.OUTAGE, 10, 127),
    Move(Kind.SUBMIT, 11, 245),
    Move(Kind.WITHDRAW, 2, 72),
    Move(Kind.SUBMIT, 4, 60),
    Move(Kind.AGAIN, 8, 233),
    Move(Kind.SUBMIT, 2, 149),
]
DOUBT_AFTER_A_KILL = [
    Move(Kind.PASS, 0, 100),
    Move(Kind.SUBMIT, 2, 1),
    Move(Kind.PASS, 0, 5),
    Move(Kind.KILL),
    Move(Kind.OUTAGE, 1),
    Move(Kind.PASS, 0, 150),
    Move(Kind.WITHDRAW, 2),
    Move(Kind.PASS, 0, 30),
]
STILL_BEFORE_IT_TELLS = [
    Move(Kind.JOIN, 2, 127),
    Move(Kind.LOG_FAILS, 6, 220),
    Move(Kind.PASS, 5, 141),
    Move(Kind.KILL, 11, 227),
    Move(Kind.SUBMIT, 0, 119),
    Move(Kind.STORE_FAILS, 0, 43),
    Move(Kind.FATE, 9, 77),
    Move(Kind.PASS, 4, 12),
    Move(Kind.HALT, 3, 78),
    Move(Kind.LOCK, 8, 13),
    Move(Kind.OUTAGE, 7, 117),
    Move(Kind.PASS, 11, 2),
    Move(Kind.SUBMIT, 2, 1),
    Move(Kind.FELL, 10, 85),
    Move(Kind.PASS, 2, 84),
    Move(Kind.PASS, 1, 222),
    Move(Kind.EVICT, 8, 71),
]


@dataclass(frozen=True)
class Mutant:
    """A defect, and moves that lead towards where it shows."""

    cast: Cast
    opening: Sequence[Move] = ()


MUTANTS = {
    "the gate passes what is not finished": Mutant(Cast(worker=PassesEarly)),
    "what an earlier owner may have begun is begun again": Mutant(Cast(worker=TrustsItsPredecessor)),
    "a record that was appended again is started twice": Mutant(Cast(worker=StartsTwice), _TWICE),
    "states of one dossier overtake each other": Mutant(Cast(worker=ALaneForEachMessage)),
    "a lane skips a head that is held": Mutant(Cast(dispatch=SkipsHeldHeads), _BEHIND_A_DEAD_ONE),
    "what may be doubled is not said to be": Mutant(Cast(writer=ForgetsDoubt)),
    "a withdrawal outlives its partition": Mutant(Cast(dispatch=OutlivesItsPartition), WITHDRAWN_WHILE_IT_GOES),
    "who stood still has the last word": Mutant(Cast(writer=HasTheLastWord), STILL_BEFORE_IT_TELLS),
    "a farewell forgets what was cut off": Mutant(Cast(dispatch=LeavesInMidCall)),
    "a platform acts behind an inquiry": Mutant(Cast(unordered=True)),
}
