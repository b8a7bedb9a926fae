"""What the operators' desk remembers, and what it asks the store about deliveries that wait for a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from hub.ports.parking import DeliveryId
from schemas.agency import AgencyCode
from schemas.dead_letter import DeadLetter, DeliveryFilter, LetterState
from schemas.delivery import DeliveryState
from schemas.order import OrderAction, OrderCounts, OrderState, Selection


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one delivery stands, and where its message lies in the log.

    `waits` says for whose decision it waits; None when it waits for nobody's. `heard_to` is the offset of its last
    outcome. `envelope` is its command as the parking place holds it; None where that has nothing of it.
    """

    id: DeliveryId
    platform: str
    of: int
    index: int
    state: DeliveryState
    waits: LetterState | None
    ordering_key: str
    partition: int
    offset: int
    heard_to: int
    envelope: bytes | None


class DeadLetterBox(Protocol):
    """Deliveries that wait for a person: dead ones, and those in doubt of which nothing will be tried by itself."""

    async def letters(
        self,
        scope: AgencyCode,
        state: LetterState | None,
        wanted: DeliveryFilter,
        after: DeliveryId | None,
        letters_max: int,
    ) -> Sequence[DeadLetter]:
        """Return those of messages of an agency and those below it, oldest first, from the one behind `after` on."""

    async def standings(self, ids: Collection[DeliveryId]) -> Mapping[DeliveryId, Standing]:
        """Return where deliveries stand; those that are unknown are left out."""


def key_subject(order_id: str) -> str:
    """Return the subject of the data key that seals an order, and nothing else."""
    return f"order:{order_id}"


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as it is kept. `sealed` is an envelope with its reason and its correction; "" in `approved_by`: nobody.

    `agency` and `system` are the account that proposed it, `fingerprint` is a keyed digest of the request.
    """

    order_id: str
    action: OrderAction
    state: OrderState
    agency: str
    system: str
    officer: str
    approved_by: str
    approving_officer: str
    fingerprint: bytes
    sealed: bytes
    rate_per_s: float
    proposed_at: datetime
    ended_at: datetime | None = None
    stopped_by: str = ""
    stopping_officer: str = ""

    @property
    def by(self) -> str:
        """The account that proposed it."""
        return f"{self.agency}/{self.system}"


@dataclass(frozen=True, slots=True)
class Decider:
    """Who approves an order, refuses or stops it: an account (agency/system) and the officer behind it."""

    account: str
    officer: str


class ItemState(StrEnum):
    """What became of one delivery of an order."""

    SELECTED = "selected"
    APPENDED = "appended"
    REFUSED = "refused"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One delivery of an order. `place` counts them, oldest first. `path` and `rule` say why it was refused.

    `heard_to` is the offset of the last outcome that was known when its ruling was appended.
    """

    place: int
    id: DeliveryId
    state: ItemState = ItemState.SELECTED
    path: str = ""
    rule: str = ""
    heard_to: int = -1


class OrderBook(Protocol):
    """Keeps orders; durable when a call returns. Several processes may use it at once."""

    async def propose(
        self, order: OrderRecord, selection: Selection, scope: AgencyCode, proposed_above: int | None
    ) -> OrderRecord:
        """Keep an order with the deliveries that it selects now, and return it; the one that is there already, if so.

        It is kept as proposed when it selects more than `proposed_above` deliveries, else as approved.
        """

    async def selected(self, action: OrderAction, selection: Selection, scope: AgencyCode) -> Sequence[DeliveryId]:
        """Return the deliveries that an order would select now, oldest first."""

    async def find(self, order_id: str) -> OrderRecord | None:
        """Return an order."""

    async def page(
        self, scope: AgencyCode, state: OrderState | None, after: str, orders_max: int
    ) -> Sequence[OrderRecord]:
        """Return orders that an agency or one below it proposed, newest first, from the one behind `after` on."""

    async def counts(self, order_id: str) -> OrderCounts:
        """Count what became of the deliveries, as far as the ledger knows."""

    async def refused(self, order_id: str, items_max: int) -> Sequence[OrderItem]:
        """Return the first deliveries that the order does not fit."""

    async def move(
        self,
        order_id: str,
        origin: Collection[OrderState],
        to: OrderState,
        *,
        at: datetime,
        decider: Decider | None = None,
    ) -> bool:
        """Bring an order from one of some states into another one, and note who decided, where somebody did.

        False when it is in none of the states. Of several who try at once one succeeds.
        """

    async def in_work(self, orders_max: int) -> Sequence[OrderRecord]:
        """Return orders that are approved, running or stopping, oldest first."""

    async def items(self, order_id: str, items_max: int) -> Sequence[OrderItem]:
        """Return the next deliveries that nothing became of yet, in their order."""

    async def note(self, order_id: str, items: Sequence[OrderItem]) -> None:
        """Write down what became of some deliveries."""

    async def expire(self, proposed_before: datetime, at: datetime) -> int:
        """Refuse orders that were proposed before then and are not approved; return how many."""
