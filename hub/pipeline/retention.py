"""How long things are kept: pure decisions about what may go.

The rules, in the order of their weight: nothing goes that somebody of the hub has not read; nothing goes of a message
with a delivery that is not final, or dead and not decided upon; no outcome goes before the command that it answers;
nothing goes that is younger than the policy says. So whoever has nothing but the log knows for each command in it what
came of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hub.errors import ConfigInvalid
from hub.ports import Bounds, Record
from schemas.topics import AUDIT, COMMANDS, OUTCOMES

_LOOK_BACK = timedelta(minutes=10)
"""Whoever takes an undelivered record up again reads what came in the last minute before it: it may be overtaken."""

Place = tuple[str, int]
"""Topic and partition."""


class Hold(StrEnum):
    """What keeps a record, besides a reader, which has a name of its own."""

    AGE = "age"
    OWED = "owed"
    TAIL = "tail"
    COMMAND = "command"
    """The command that an outcome answers is still there: without the outcome, it would look as if it was owed."""
    TURN = "turn"
    """Nothing: what is left goes in a later run, or nothing is left."""


@dataclass(frozen=True, slots=True)
class Policy:
    """For how many days what is kept at least. Topics that are not named here are never trimmed.

    `ledger_days` is for messages, their deliveries and everything that happened to them, `inbox_days` for the keys by
    which a repeated request is recognised, `orders_days` for what operators ordered, counted from its end,
    `reconciliation_days` for runs of the reconciliation that changed nothing of which the ledger tells. With
    `erase_keys`, the data key of a dossier is destroyed before its last message leaves the ledger. ConfigInvalid when
    the store would forget what the log still holds, or who decided about what the ledger still tells.
    """

    topics_days: Mapping[str, int]
    ledger_days: int
    inbox_days: int
    audit_days: int
    orders_days: int
    reconciliation_days: int
    erase_keys: bool = False

    def __post_init__(self) -> None:
        bounds = {COMMANDS: self.ledger_days, OUTCOMES: self.ledger_days, AUDIT: self.audit_days}
        for topic, days in bounds.items():
            if self.topics_days.get(topic, 0) > days:
                raise ConfigInvalid(f"retention: {topic} is kept longer in the log than its rows are in the store")
        if self.orders_days < self.ledger_days:
            raise ConfigInvalid("retention: orders are forgotten before the ledger of what they decided")


@dataclass(frozen=True, slots=True)
class Facts:
    """One partition of the log: what it holds, where its readers stand, and what is still owed.

    `readers` maps each name to the next offset that it wants; `owed` is the first record that an undelivered message
    needs, None when there is none. The newest `tail_records` stay whatever their age.
    """

    held: Bounds
    readers: Mapping[str, int]
    owed: int | None = None
    tail_records: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """Records below `before` may go; `held_by` names what keeps the one that lies there."""

    before: int
    held_by: str


def reach(facts: Facts) -> Cut:
    """Return how far records may go that are old enough."""
    limits = [(max(facts.held.start, facts.held.end - facts.tail_records), str(Hold.TAIL))]
    limits += [(offset, name) for name, offset in facts.readers.items()]
    if facts.owed is not None:
        limits.append((facts.owed, str(Hold.OWED)))
    before, held_by = min(limits)
    return Cut(min(max(before, facts.held.start), facts.held.end), held_by)


def cut(may: Cut, start: int, oldest: Iterable[Record], before: datetime, owed_since: datetime | None = None) -> Cut:
    """Return how far records go. `oldest` are the first records of the partition in order, as many as were looked at.

    Only a record that was looked at goes, and only when all before it go: one wrong clock keeps records, and never
    takes the younger ones beside it along. `owed_since` is when the first record that is owed was appended.
    """
    at = start
    seen_from = None if owed_since is None else owed_since - _LOOK_BACK
    for record in oldest:
        if record.appended_at >= before:
            return Cut(min(at, may.before), Hold.AGE)
        if record.offset >= may.before:
            return may
        if seen_from is not None and record.appended_at >= seen_from:
            return Cut(at, Hold.OWED)
        at = record.offset + 1
    return Cut(min(at, may.before), Hold.TURN)


def holes(wanted: Mapping[Place, int], starts: Mapping[Place, int]) -> Mapping[Place, int]:
    """Return how many records each projection misses that the log has let go: an older copy of a store has such holes.

    They were final, read and old when they went; nothing that is owed is among them.
    """
    return {
        place: start - wanted.get(place, 0)
        for place, start in starts.items()
        if place in wanted and wanted[place] < start
    }
