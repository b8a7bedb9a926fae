"""Which changes of a dossier are told: a fold over commands and outcomes. No I/O: rows go in, changes come out.

Told are acceptance, and the states of a delivery that somebody outside cares about. Tries that the hub follows up by
itself are not, and neither are operators' rulings: what they lead to is. What was told is not told again until the
delivery has left that state; delivered is the end of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import orjson

from hub.ports import DeliveryId, Record
from schemas.agency import AgencyCode
from schemas.delivery import CommandHeader, DeliveryState, MessageKind, OutcomeHeader
from schemas.event import DATA_SCHEMA, EventKind

_KINDS = {
    DeliveryState.DELIVERED: EventKind.DELIVERED,
    DeliveryState.DEAD: EventKind.DEAD,
    DeliveryState.EXPIRED: EventKind.EXPIRED,
    DeliveryState.WITHDRAWN: EventKind.WITHDRAWN,
}
_SETTLED = frozenset(kind.value for kind in _KINDS.values())
_Id = tuple[str, str, int]


class EventMessage(NamedTuple):
    """What events of a message need to know; the columns of the table `event_message`."""

    message_id: str
    ordering_key: str
    sender_agency: str
    sender_system: str
    revision: int
    partition: int
    owed: int
    delivered: int


class EventDelivery(NamedTuple):
    """What was told of a delivery; the columns of the table `event_delivery`."""

    message_id: str
    operation: str
    part: int
    told: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """An event that has no number yet. `accepted`: what kind of message was."""

    id: str
    message: EventMessage
    kind: EventKind
    time: datetime
    operation: str | None = None
    part: int | None = None
    code: str | None = None
    since: datetime | None = None
    accepted: str | None = None

    def value(self, source: str, seq: int) -> bytes:
        """Return the event under its number, as the JSON of a `DossierEvent`."""
        key = self.message.ordering_key
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": self.kind.type,
            "subject": key,
            "time": self.time,
            "datacontenttype": "application/json",
            "dataschema": DATA_SCHEMA,
            "partitionkey": key,
            "agency": _agency(self.message),
            "seq": seq,
            "data": {**self._of_message(key), **self._of_what()},
        }
        # Making a model of it first would cost ten times as much.
        return orjson.dumps(event, option=orjson.OPT_UTC_Z)

    def _of_message(self, key: str) -> dict[str, object]:
        message = self.message
        return {
            "state": self.kind.value,
            "message_id": message.message_id,
            "revision": message.revision,
            "sender_agency": message.sender_agency,
            "sender_system": message.sender_system,
            "follow": f"/v1/dossiers/{key}/timeline",
        }

    def _of_what(self) -> dict[str, object]:
        if self.operation is None:
            return {"kind": self.accepted} if self.accepted else {}
        given = {
            "platform": self.operation.partition(".")[0],
            "operation": self.operation,
            "part": self.part,
            "code": self.code,
            "since": self.since,
        }
        return {name: value for name, value in given.items() if value is not None}


class Told:
    """What was told of the messages of one batch. Commands come before the outcomes that answer them."""

    def __init__(self, messages: Iterable[EventMessage] = (), deliveries: Iterable[EventDelivery] = ()) -> None:
        self._messages = {message.message_id: message for message in messages}
        self._deliveries = {_key(delivery): delivery for delivery in deliveries}
        self._changed_messages: dict[str, EventMessage] = {}
        self._changed_deliveries: dict[_Id, EventDelivery] = {}
        self.changes: list[Change] = []

    @property
    def messages(self) -> Sequence[EventMessage]:
        """The messages that changed, as they stand after the batch."""
        return list(self._changed_messages.values())

    @property
    def deliveries(self) -> Sequence[EventDelivery]:
        """The deliveries that changed, as they stand after the batch."""
        return list(self._changed_deliveries.values())

    def command(self, record: Record, header: CommandHeader) -> None:
        """Tell of a message when it is seen for the first time."""
        if header.message_id in self._messages or header.kind == MessageKind.RULING:
            return
        message = EventMessage(
            message_id=header.message_id,
            ordering_key=header.ordering_key,
            sender_agency=header.sender_agency,
            sender_system=header.sender_system,
            revision=header.revision,
            partition=record.partition,
            owed=len(header.deliveries),
            delivered=0,
        )
        self._enter_message(message)
        accepted = Change(event_id(record, 0), message, EventKind.ACCEPTED, header.received_at, accepted=header.kind)
        self.changes.append(accepted)

    def outcome(self, record: Record, header: OutcomeHeader) -> None:
        """Tell of a delivery when its state has changed into one that is told. One of an unknown message is not."""
        message = self._messages.get(header.message_id)
        if message is None:
            return
        key = (header.message_id, header.operation, header.part)
        delivery = self._deliveries.get(key) or EventDelivery(*key)
        kind = kind_of(header)
        told = kind.value if kind else ""
        if delivery.told in (told, EventKind.DELIVERED):
            return
        self._enter_delivery(delivery._replace(told=told))
        if kind is not None:
            self._tell(record, header, message, kind)

    def _tell(self, record: Record, header: OutcomeHeader, message: EventMessage, kind: EventKind) -> None:
        at, part, code = header.finished_at, header.part, header.code or None
        self.changes.append(Change(event_id(record, 0), message, kind, at, header.operation, part, code))
        if kind is EventKind.DELIVERED:
            message = message._replace(delivered=message.delivered + 1)
            self._enter_message(message)
            if message.delivered == message.owed:
                self.changes.append(Change(event_id(record, 1), message, EventKind.COMPLETED, at))

    def _enter_message(self, message: EventMessage) -> None:
        self._messages[message.message_id] = self._changed_messages[message.message_id] = message

    def _enter_delivery(self, delivery: EventDelivery) -> None:
        key = _key(delivery)
        self._deliveries[key] = self._changed_deliveries[key] = delivery


def kind_of(header: OutcomeHeader) -> EventKind | None:
    """Return what an outcome tells; None when the hub goes on by itself."""
    if header.state is DeliveryState.IN_DOUBT:
        return None if header.next_try_at else EventKind.IN_DOUBT
    return _KINDS.get(header.state)


def late(message: EventMessage, delivery: EventDelivery, since: datetime, now: datetime) -> Change | None:
    """Return that a delivery is late; None when that was told, or when it is no longer waiting."""
    if delivery.late or delivery.told in _SETTLED:
        return None
    id_ = late_id(DeliveryId(delivery.message_id, delivery.operation, delivery.part))
    return Change(id_, message, EventKind.LATE, now, delivery.operation, delivery.part, since=since)


def event_id(record: Record, number: int) -> str:
    """Return the id of an event that a record of the log gives rise to: the same whenever the log is read again."""
    return f"{record.topic}/{record.partition}/{record.offset}/{number}"


def late_id(delivery: DeliveryId) -> str:
    """Return the id of the one event which says that a delivery is late."""
    return f"late/{delivery.message_id}/{delivery.operation}/{delivery.part}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event came from, as its id says: a record of the log."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def of(cls, id_: str) -> "Origin | None":
        """Read an id; None for an event that comes from no record."""
        topic, _, rest = id_.partition("/")
        numbers = rest.split("/")
        if topic == "late" or len(numbers) != 3 or not all(map(str.isdecimal, numbers)):  # noqa: PLR2004 - `event_id`
            return None
        return cls(topic, int(numbers[0]), int(numbers[1]))


def _agency(message: EventMessage) -> str:
    """Return the agency of the dossier; the sender's where the ordering key is no dossier code."""
    return _agency_of(message.ordering_key.rsplit("-", 2)[0]) or message.sender_agency


@lru_cache(maxsize=4096)
def _agency_of(text: str) -> str:
    try:
        return str(AgencyCode.parse(text))
    except ValueError:
        return ""


def _key(delivery: EventDelivery) -> _Id:
    return delivery.message_id, delivery.operation, delivery.part
