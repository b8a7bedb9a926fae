"""The ledger of deliveries as a fold over the log. No I/O: lines go in, changed lines and counts come out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader

Figure = tuple[str, str]
"""A count of one platform: a state, or `possibly_doubled`."""

POSSIBLY_DOUBLED = "possibly_doubled"

_Id = tuple[str, str, int]


class LedgerLine(NamedTuple):
    """Where one delivery stands; the columns of the table `delivery`."""

    message_id: str
    operation: str
    part: int
    of: int
    place: int
    platform: str
    state: str
    attempts: int
    code: str
    next_try_at: datetime | None
    possibly_doubled: bool
    source_partition: int
    source_offset: int

    @property
    def figures(self) -> Iterable[Figure]:
        """The counts in which the line stands."""
        yield self.platform, self.state
        if self.possibly_doubled:
            yield self.platform, POSSIBLY_DOUBLED


class Ledger:
    """The lines of the messages of one batch. Commands and outcomes may come in any order between them."""

    def __init__(self, lines: Iterable[LedgerLine]) -> None:
        self._before = {(line.message_id, line.operation, line.part): line for line in lines}
        self._after: dict[_Id, LedgerLine] = {}

    def plan(self, header: CommandHeader, partition: int, offset: int) -> None:
        """Enter what the first record of a message owes."""
        for place, planned in enumerate(header.deliveries):
            line = self._line((header.message_id, planned.operation, planned.part))
            if line is None:
                line = _fresh(header.message_id, planned.operation, planned.part, planned.platform, partition, offset)
            self._enter(line._replace(of=planned.of, place=place, source_offset=max(line.source_offset, offset)))

    def plan_again(self, header: CommandHeader, offset: int) -> None:
        """Note where a message lies again in the log; what it owes stays as its first record said."""
        for planned in header.deliveries:
            line = self._line((header.message_id, planned.operation, planned.part))
            if line is not None:
                self._enter(line._replace(source_offset=max(line.source_offset, offset)))

    def note(self, header: OutcomeHeader) -> None:
        """Enter what came of a try."""
        line = self._line((header.message_id, header.operation, header.part)) or _fresh(
            header.message_id,
            header.operation,
            header.part,
            header.platform,
            header.source_partition,
            header.source_offset,
        )
        self._enter(
            line._replace(
                state=header.state.value,
                attempts=max(line.attempts, header.attempt),
                code=header.code,
                next_try_at=header.next_try_at,
                possibly_doubled=line.possibly_doubled or header.possibly_doubled,
                source_offset=max(line.source_offset, header.source_offset),
            )
        )

    @property
    def changed(self) -> Sequence[LedgerLine]:
        """The lines as they stand after the batch."""
        return list(self._after.values())

    @property
    def differences(self) -> Counter[Figure]:
        """By how much each count changed."""
        counts: Counter[Figure] = Counter()
        for key, line in self._after.items():
            for figure in line.figures:
                counts[figure] += 1
            for figure in self._before[key].figures if key in self._before else ():
                counts[figure] -= 1
        return counts

    def _line(self, key: _Id) -> LedgerLine | None:
        return self._after.get(key) or self._before.get(key)

    def _enter(self, line: LedgerLine) -> None:
        self._after[line.message_id, line.operation, line.part] = line


def _fresh(message_id: str, operation: str, part: int, platform: str, partition: int, offset: int) -> LedgerLine:
    """Return a delivery of which nothing came yet. Its place in the list is known when its command is."""
    return LedgerLine(
        message_id=message_id,
        operation=operation,
        part=part,
        of=part + 1,
        place=part,
        platform=platform,
        state=DeliveryState.WAITING.value,
        attempts=0,
        code="",
        next_try_at=None,
        possibly_doubled=False,
        source_partition=partition,
        source_offset=offset,
    )
