"""A desk behind the REST door that knows one delivery and one order, and remembers what it was asked."""

from datetime import UTC, datetime

from hub.access import Grants, Principal, Service
from hub.errors import NotFound, Unavailable
from hub.ports import DeliveryId
from schemas.dead_letter import DeadLetter, DeadLetters, DeliveryFilter, LetterState, LetterStory
from schemas.delivery import DeliveryState
from schemas.order import Order, OrderAction, OrderCounts, OrderDecision, OrderRequest, Orders, OrderState, OrderStop

KNOWN = DeliveryId("019aa8f2-5d00-7000-8000-000000000001", "national_portal.dossier_sync", 0)
ORDER_ID = "5d4b1c0f9a7e4d2b8c6f1e3a5b7d9f01"
AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)

LETTER = DeadLetter(
    message_id=KNOWN.message_id,
    operation=KNOWN.operation,
    part=KNOWN.part,
    of=1,
    platform="national_portal",
    state=DeliveryState.DEAD,
    dossier_code="H56.14-261122-0001",
    revision=1,
    agency="H56.14",
    system="motcua",
    accepted_at=AT,
    attempts=1,
    code="-1",
    possibly_doubled=False,
)


_COUNTS = (OrderCounts(selected=1, waiting=1), OrderCounts(selected=1, appended=1, delivered=1))


def order(state: OrderState = OrderState.APPROVED) -> Order:
    """Return the order."""
    return Order(
        id="" if state is OrderState.TRIAL else ORDER_ID,
        action=OrderAction.REPLAY,
        state=state,
        by="H56.14/motcua",
        officer="vanhanh01",
        approved_by=None,
        approving_officer=None,
        proposed_at=AT,
        ended_at=None,
        rate_per_s=20.0,
        reason="vì",
        fields=(),
        counts=_COUNTS[state is OrderState.DONE],
    )


class MemoryLetters:
    """The `Letters` protocol of the door."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants
        self.asked: list[tuple[LetterState | None, DeliveryFilter, str | None, int]] = []
        self.read: list[tuple[DeliveryId, str, str, str]] = []

    async def page(
        self,
        principal: Principal,
        state: LetterState | None,
        wanted: DeliveryFilter,
        after: str | None,
        letters_max: int,
    ) -> DeadLetters:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        self.asked.append((state, wanted, after, letters_max))
        return DeadLetters(letters=(LETTER,))

    async def story(
        self, principal: Principal, delivery: DeliveryId, *, officer: str, purpose: str, request_id: str
    ) -> LetterStory:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        if delivery != KNOWN:
            raise NotFound("unknown")
        self.read.append((delivery, officer, purpose, request_id))
        return LetterStory(letter=LETTER, partition=0, offset=7, reason="vì", attempts=(), body=None, rulings=())


class MemoryOrderDesk:
    """The `OrderDesk` protocol of the door."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants
        self.placed: list[tuple[OrderRequest, str]] = []
        self.asked: list[tuple[OrderState | None, str | None, int]] = []
        self.state = OrderState.APPROVED
        self.unavailable = 0

    async def place(self, principal: Principal, request: OrderRequest, key: str) -> Order:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        self.placed.append((request, key))
        if self.unavailable:
            self.unavailable -= 1
            raise Unavailable("store")
        return order(OrderState.TRIAL if request.dry_run else OrderState.APPROVED)

    async def page(self, principal: Principal, state: OrderState | None, after: str | None, orders_max: int) -> Orders:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        self.asked.append((state, after, orders_max))
        return Orders(orders=(order(),))

    async def order(self, principal: Principal, order_id: str) -> Order:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        return self._known(order_id)

    async def decide(self, principal: Principal, order_id: str, decision: OrderDecision) -> Order:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_APPROVE)
        found = self._known(order_id)
        return found if decision.approve else order(OrderState.REFUSED)

    async def stop(self, principal: Principal, order_id: str, stop: OrderStop) -> Order:
        """As the protocol."""
        self._grants.require(principal, Service.DELIVERY_OPERATE)
        self._known(order_id)
        return order(OrderState.STOPPING)

    def _known(self, order_id: str) -> Order:
        if order_id != ORDER_ID:
            raise NotFound("unknown")
        return order(self.state)
