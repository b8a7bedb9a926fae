"""What follows from the log, and what people ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.ports.log import Record
from hub.ports.parking import DeliveryId
from schemas.audit import AuditRecord
from schemas.delivery import CommandHeader, OutcomeHeader
from schemas.timeline import Overview, Timeline


@dataclass(frozen=True, slots=True)
class Projected:
    """One record of the log in the form that projections read. Exactly one of the three is set."""

    record: Record
    command: CommandHeader | None = None
    outcome: OutcomeHeader | None = None
    audit: AuditRecord | None = None


@dataclass(frozen=True, slots=True)
class ProjectedBatch:
    """What one partition holds from `start` up to, not including, `next_offset`: all of it that can be read."""

    records: Sequence[Projected]
    next_offset: int
    start: int = 0


class Projection(Protocol):
    """Rows and offset in one transaction: a replay changes nothing."""

    async def next_offset(self, topic: str, partition: int) -> int:
        """Return the next offset that the projection wants."""

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """Write the rows and offsets of some partitions. What was applied before is passed over.

        Several processes may apply the same partition. HubFault when a batch starts past the offset that is wanted
        next: it would leave a hole; `next_offset` says where to go on.
        """


class ReadModels(Protocol):
    """What people ask the hub."""

    async def overview(self) -> Overview:
        """Count messages and deliveries, per platform."""

    async def timeline(self, ordering_key: str) -> Timeline | None:
        """Return everything known of a dossier; None when it is unknown."""

    async def first_offset(self, message_id: str) -> int | None:
        """Return the offset in `hub.commands` of the first record that carries the message, as far as is projected."""

    async def sender_of(self, message_id: str) -> tuple[str, str] | None:
        """Return (agency, ordering key) of a message."""


@dataclass(frozen=True, slots=True)
class LateDelivery:
    """A delivery that is not final although its message was received long ago, at `since`."""

    id: DeliveryId
    platform: str
    since: datetime


class Lateness(Protocol):
    """What waits too long. A delivery waits until its state is final."""

    async def late(self, received_before: datetime) -> Mapping[str, int]:
        """Count, per platform, what waits and was received before then."""

    async def untold(
        self, received_before: datetime, after: DeliveryId | None, deliveries_max: int
    ) -> Sequence[LateDelivery]:
        """Return what waits, was received before then, and was not told as late; by id, from the one behind `after`."""
