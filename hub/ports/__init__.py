"""The Protocols between the rooms. Whoever needs a thing names the port; `hub.app` hands over the implementation."""

from hub.ports.alarms import StandingAlarms
from hub.ports.audit import Audit
from hub.ports.clock import Clock
from hub.ports.events import EventStore, LoggedEvent, OutboxEvent
from hub.ports.inbox import Inbox, Keys, Reservation, ReservationState, Reserved
from hub.ports.log import Bounds, Consumer, Log, Ownership, Position, Record, Trimming
from hub.ports.parking import DeliveryId, Farewell, LaneKey, Owed, ParkedRow, Parking, PartitionMemory, Unparked
from hub.ports.platform import (
    LEAVE,
    Adapter,
    CitizenSource,
    DoubtRule,
    Effect,
    Finding,
    Job,
    Operation,
    OutcomeRule,
    Reply,
)
from hub.ports.projection import LateDelivery, Lateness, Projected, ProjectedBatch, Projection, ReadModels
from hub.ports.reconciliation import (
    Comparable,
    Delivered,
    DossierFacts,
    Found,
    PlatformLeave,
    ReconciliationRuns,
    ReconciliationStore,
    RunStep,
    Shown,
)
from hub.ports.rulings import Precedents

__all__ = [
    "LEAVE",
    "Adapter",
    "Audit",
    "Bounds",
    "CitizenSource",
    "Clock",
    "Comparable",
    "Consumer",
    "Delivered",
    "DeliveryId",
    "DossierFacts",
    "DoubtRule",
    "Effect",
    "EventStore",
    "Farewell",
    "Finding",
    "Found",
    "Inbox",
    "Job",
    "Keys",
    "LaneKey",
    "LateDelivery",
    "Lateness",
    "Log",
    "LoggedEvent",
    "Operation",
    "OutboxEvent",
    "OutcomeRule",
    "Owed",
    "Ownership",
    "ParkedRow",
    "Parking",
    "PartitionMemory",
    "PlatformLeave",
    "Position",
    "Precedents",
    "Projected",
    "ProjectedBatch",
    "Projection",
    "ReadModels",
    "ReconciliationRuns",
    "ReconciliationStore",
    "Record",
    "Reply",
    "Reservation",
    "ReservationState",
    "Reserved",
    "RunStep",
    "Shown",
    "StandingAlarms",
    "Trimming",
    "Unparked",
]
