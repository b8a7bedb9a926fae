"""Trims the log: lets go of records that were read by all, are owed to nobody, and are old enough."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import Connection

from hub.pipeline.retention import Cut, Facts, Hold, cut, reach
from hub.ports import Clock, Log, Record, Trimming
from hub.store import projection
from hub.store.database import Database
from hub.store.events import places as event_places
from hub.store.retention import purge
from hub.store.retention.purge import Ends, Starts
from schemas.delivery import OutcomeHeader
from schemas.envelope import Envelope
from schemas.topics import AUDIT, COMMANDS, CONTROL, EVENTS, OUTCOMES

RECORDS_MAX = 20_000
"""Records of one partition that one run looks at."""

_READ_RECORDS = 500
_TAIL_RECORDS = {CONTROL: 1000}
"""The beats by which log and store know each other; who looks for them looks at fewer."""

_READERS = {
    COMMANDS: ("read models", "status events"),
    OUTCOMES: ("read models", "status events"),
    AUDIT: ("read models",),
    EVENTS: ("status events",),
    CONTROL: (),
}
"""Which projections must have read a topic."""

_Offsets = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the store says of the log: how far it was read, by reader, and what is owed."""

    readers: Mapping[str, Starts]
    owed: Starts


class OldRecords:
    """The log's part of retention. Topics that are not named in `topics_days` are never trimmed.

    `groups` names, per topic, the groups whose commits must be waited for; one that has committed nothing holds the
    topic.
    """

    def __init__(
        self,
        *,
        log: Log,
        trimming: Trimming,
        database: Database,
        topics_days: Mapping[str, int],
        groups: Mapping[str, Collection[str]],
        clock: Clock,
        records_max: int = RECORDS_MAX,
    ) -> None:
        self._log = log
        self._trimming = trimming
        self._database = database
        self._topics_days = topics_days
        self._groups = groups
        self._clock = clock
        self._records_max = records_max

    async def let_go(self) -> tuple[Mapping[str, int], Mapping[tuple[str, str], int]]:
        """Trim every partition, and return how many records went, by topic, and what keeps how many partitions.

        Errors: those of log and store.
        """
        records: Counter[str] = Counter()
        held_by: Counter[tuple[str, str]] = Counter()
        seen = await self._database.read(_seen)
        for topic, days in self._topics_days.items():
            groups = await self._trimming.readers(topic, self._groups.get(topic, ()))
            readers, before = _readers(seen, groups, topic), self._clock.now() - timedelta(days=days)
            for partition in range(self._log.partitions(topic)):
                gone, held = await self._trim(topic, partition, before, readers, seen.owed.get((topic, partition)))
                records[topic] += gone
                held_by[topic, held] += 1
        return records, held_by

    async def ends(self) -> Ends:
        """Return where the partitions of the commands end."""
        return {
            (COMMANDS, partition): (await self._log.bounds(COMMANDS, partition)).end
            for partition in range(self._log.partitions(COMMANDS))
        }

    async def starts(self) -> Starts:
        """Return where the partitions begin."""
        return {
            (topic, partition): (await self._log.bounds(topic, partition)).start
            for topic in self._topics_days
            for partition in range(self._log.partitions(topic))
        }

    async def _trim(
        self, topic: str, partition: int, before: datetime, readers: Mapping[str, _Offsets], owed: int | None
    ) -> tuple[int, str]:
        held = await self._log.bounds(topic, partition)
        at = {name: offsets.get(partition, held.start) for name, offsets in readers.items()}
        may = reach(Facts(held, at, owed, _TAIL_RECORDS.get(topic, 0)))
        oldest = await self._oldest(topic, partition, held.start, may, before)
        if topic == OUTCOMES:
            may = await self._unless_answering(may, oldest)
        decided = cut(may, held.start, oldest, before, await self._appended(topic, partition, owed))
        if decided.before > held.start:
            await self._trimming.trim(topic, partition, decided.before)
        return decided.before - held.start, decided.held_by

    async def _appended(self, topic: str, partition: int, offset: int | None) -> datetime | None:
        """Return when the record at an offset, or the next one, was appended."""
        found = [] if offset is None else await self._log.read(topic, partition, offset, 1)
        return found[0].appended_at if found else None

    async def _oldest(self, topic: str, partition: int, start: int, may: Cut, before: datetime) -> Sequence[Record]:
        """Read what may go, as much as one run looks at, and what lies behind it."""
        oldest: list[Record] = []
        at = start
        while at <= may.before and len(oldest) < self._records_max:
            looking = min(_READ_RECORDS, self._records_max - len(oldest))
            records = await self._log.read(topic, partition, at, looking)
            if not records:
                break
            oldest += [replace(each, value=_header(each) if topic == OUTCOMES else b"") for each in records]
            at = records[-1].offset + 1
            if records[-1].appended_at >= before:
                break
        return oldest

    async def _unless_answering(self, may: Cut, outcomes: Sequence[Record]) -> Cut:
        """Stop at the first outcome whose command, or a repetition of it, is still in the log."""
        starts: dict[int, int] = {}
        for at in range(0, len(outcomes), _READ_RECORDS):
            some = [
                (each.offset, read) for each in outcomes[at : at + _READ_RECORDS] if (read := _read(each)) is not None
            ]
            ids = {header.message_id for _, header in some}
            last = await self._last_records(ids)
            for offset, header in some:
                partition = header.source_partition
                if partition not in starts:
                    starts[partition] = (await self._log.bounds(COMMANDS, partition)).start
                if max(header.source_offset, last.get(header.message_id, -1)) >= starts[partition]:
                    return min(may, Cut(offset, Hold.COMMAND), key=lambda each: each.before)
        return may

    async def _last_records(self, ids: Collection[str]) -> Mapping[str, int]:
        return await self._database.read(lambda connection: purge.last_records(connection, ids))


def _header(outcome: Record) -> bytes:
    """Return the clear part of an outcome; what platforms said is large, and nothing to remember."""
    try:
        return Envelope.from_bytes(outcome.value).header
    except ValueError:
        return b""


def _read(outcome: Record) -> OutcomeHeader | None:
    """Read a header; one that cannot be read was reported by the projector and answers nothing."""
    try:
        return OutcomeHeader.model_validate_json(outcome.value)
    except ValidationError:
        return None


def _seen(connection: Connection) -> _Seen:
    """Read how far the log was read, and only then what is owed: what comes between is not read yet."""
    readers = {"read models": projection.ends(connection), "status events": event_places.ends(connection)}
    return _Seen(readers, purge.owed(connection))


def _readers(seen: _Seen, groups: Mapping[str, _Offsets], topic: str) -> Mapping[str, _Offsets]:
    """Return, per name, where everybody stands who must have read a topic. One that nobody knows is held by all."""
    return dict(groups) | {
        name: {partition: to for (of, partition), to in seen.readers[name].items() if of == topic}
        for name in _READERS.get(topic, tuple(seen.readers))
    }
