"""Orders as operators place them: proposed by one account, approved by another where that is demanded, stopped by any.

What an order says is sealed; what it selects is fixed when it is placed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.access import Grants, Principal, Service
from hub.desk.bodies import Bodies, OrderContent
from hub.desk.correction import fields_of
from hub.desk.judging import Judge
from hub.errors import BrokenRule, Conflict, Forbidden, Invalid, NotFound, Unsealable
from hub.ports import Clock, DeliveryId, ReadModels
from hub.ports.desk import DeadLetterBox, Decider, ItemState, OrderBook, OrderItem, OrderRecord
from hub.sealing import digest
from hub.telemetry import logger
from schemas.agency import AgencyCode
from schemas.dead_letter import LetterState
from schemas.order import (
    DeliveryName,
    Order,
    OrderCounts,
    OrderDecision,
    OrderRefusal,
    OrderRequest,
    Orders,
    OrderState,
    OrderStop,
)

REFUSALS_MAX = 100
TRIAL_MAX = 1000
"""How many deliveries a trial opens at most; those behind them are counted and not looked at."""

TRIAL_BATCH = 100

_ID_BYTES = 16
_ID = re.compile(r"[0-9a-f]{32}")
_DECIDED = "caller.order_decided"
_log = logger("desk")


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """When a second account must approve: never when `above` is None, else where more deliveries are selected."""

    above: int | None = None
    within: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRooms:
    """What placing orders stands on."""

    grants: Grants
    box: DeadLetterBox
    book: OrderBook
    read_models: ReadModels
    bodies: Bodies
    judge: Judge
    clock: Clock
    fingerprint_key: bytes
    approval: ApprovalRule


class OrderDesk:
    """Takes orders about deliveries of the operator's agency and those below it."""

    def __init__(self, rooms: OrderRooms) -> None:
        self._rooms = rooms

    async def place(self, principal: Principal, request: OrderRequest, key: str) -> Order:
        """Return the order, durable; the same key and request give the same one. A trial is only told.

        Errors: Forbidden, NotFound, Conflict; those of the store.
        """
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        order_id = self._order_id(principal, key)
        known = None if request.dry_run else await self._rooms.book.find(order_id)
        if known is None and request.select.delivery is not None:
            await self._require_waiting(principal, request.select.delivery, in_doubt=request.action.settles_doubt)
        if request.dry_run:
            return await self._tried(principal, request)
        record = known or await self._proposed(principal, request, order_id)
        if record.fingerprint != self._fingerprint(request):
            raise Conflict("key used with another order")
        return await self._told(record)

    async def page(self, principal: Principal, state: OrderState | None, after: str | None, orders_max: int) -> Orders:
        """Return some orders, newest first. Errors: Forbidden, Invalid (the cursor)."""
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        if after is not None and not is_order_id(after):
            raise Invalid([BrokenRule("after", "pattern")])
        found = await self._rooms.book.page(principal.agency, state, after or "", orders_max)
        orders = [await self._told(record, refusals_max=0) for record in found]
        return Orders(orders=tuple(orders), next=orders[-1].id if len(orders) == orders_max else None)

    async def order(self, principal: Principal, order_id: str) -> Order:
        """Return an order with what became of it. Errors: Forbidden, NotFound."""
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        return await self._told(await self._visible(principal, order_id))

    async def decide(self, principal: Principal, order_id: str, decision: OrderDecision) -> Order:
        """Approve an order or refuse it. Errors: Forbidden (one's own, too), NotFound, Conflict (decided before)."""
        self._rooms.grants.require(principal, Service.DELIVERY_APPROVE)
        record = await self._visible(principal, order_id)
        if record.by == principal.sender:
            raise Forbidden("one's own order", code="caller.own_order")
        to = OrderState.APPROVED if decision.approve else OrderState.REFUSED
        now = self._rooms.clock.now()
        if record.state is OrderState.PROPOSED and record.proposed_at + self._rooms.approval.within < now:
            raise Conflict("not approved in time", code=_DECIDED)
        decider = Decider(principal.sender, decision.officer)
        if await self._rooms.book.move(order_id, [OrderState.PROPOSED], to, at=now, decider=decider):
            _log.info("order_decided", order=order_id, state=to.value, **_account(principal))
        decided = await self._visible(principal, order_id)
        refused = decided.state is OrderState.REFUSED
        if decided.approved_by != principal.sender or refused == decision.approve:
            raise Conflict("decided before", code=_DECIDED)
        return await self._told(decided)

    async def stop(self, principal: Principal, order_id: str, stop: OrderStop) -> Order:
        """Stop an order: what is appended stays so, nothing more is; `stop` says who does.

        Errors: Forbidden, NotFound, Conflict (ended).
        """
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        await self._visible(principal, order_id)
        now, book = self._rooms.clock.now(), self._rooms.book
        who = Decider(principal.sender, stop.officer)
        idle = [OrderState.PROPOSED, OrderState.APPROVED]
        moved = await book.move(order_id, idle, OrderState.STOPPED, at=now, decider=who)
        moved = moved or await book.move(order_id, [OrderState.RUNNING], OrderState.STOPPING, at=now, decider=who)
        if moved:
            _log.info("order_stopped", order=order_id, **_account(principal))
        record = await self._visible(principal, order_id)
        if record.state not in (OrderState.STOPPING, OrderState.STOPPED):
            raise Conflict("ended before", code=_DECIDED)
        return await self._told(record)

    # --- placing -----------------------------------------------------------------------------------------------------

    def _order_id(self, principal: Principal, key: str) -> str:
        """Return the id that a repeat of the request finds again."""
        return digest(self._rooms.fingerprint_key, "order", principal.sender, key)[:_ID_BYTES].hex()

    def _fingerprint(self, request: OrderRequest) -> bytes:
        return digest(self._rooms.fingerprint_key, "order", request.model_dump_json(exclude_defaults=True))

    async def _require_waiting(self, principal: Principal, name: DeliveryName, *, in_doubt: bool) -> None:
        sender = await self._rooms.read_models.sender_of(name.message_id)
        if sender is None or not principal.agency.covers(AgencyCode.parse(sender[0])):
            raise NotFound("no such delivery of this agency")
        delivery = DeliveryId(name.message_id, name.operation, name.part)
        standing = (await self._rooms.box.standings([delivery])).get(delivery)
        if standing is None:
            raise NotFound("no such delivery")
        if standing.waits is not (LetterState.IN_DOUBT if in_doubt else LetterState.DEAD):
            raise Conflict("waits for nobody", code="caller.not_waiting")

    async def _proposed(self, principal: Principal, request: OrderRequest, order_id: str) -> OrderRecord:
        content = OrderContent(reason=request.reason, correction=request.correction)
        record = OrderRecord(
            order_id=order_id,
            action=request.action,
            state=OrderState.PROPOSED,
            agency=str(principal.agency),
            system=principal.system,
            officer=request.officer,
            approved_by="",
            approving_officer="",
            fingerprint=self._fingerprint(request),
            sealed=await self._rooms.bodies.seal_order(order_id, content),
            rate_per_s=request.rate_per_s,
            proposed_at=self._rooms.clock.now(),
        )
        kept = await self._rooms.book.propose(record, request.select, principal.agency, self._rooms.approval.above)
        _log.info("order_placed", order=order_id, kind=request.action.value, **_account(principal))
        return kept

    async def _tried(self, principal: Principal, request: OrderRequest) -> Order:
        """Say what an order would touch, and which of it the correction would not fit; nothing is kept."""
        ids = await self._rooms.book.selected(request.action, request.select, principal.agency)
        refused: list[OrderItem] = []
        if request.correction is not None:
            for start in range(0, min(len(ids), TRIAL_MAX), TRIAL_BATCH):
                refused += await self._misfits(request, start, ids[start : start + TRIAL_BATCH])
        return Order(
            id="",
            action=request.action,
            state=OrderState.TRIAL,
            by=principal.sender,
            officer=request.officer,
            approved_by=None,
            approving_officer=None,
            proposed_at=self._rooms.clock.now(),
            ended_at=None,
            rate_per_s=request.rate_per_s,
            reason=request.reason,
            fields=fields_of(request.correction or {}),
            counts=OrderCounts(selected=len(ids), refused=len(refused)),
            refusals=_refusals(refused[:REFUSALS_MAX]),
        )

    async def _misfits(self, request: OrderRequest, start: int, ids: Sequence[DeliveryId]) -> Sequence[OrderItem]:
        standings = await self._rooms.box.standings(ids)
        judged = [
            await self._rooms.judge.judge(
                OrderItem(place, each), standings.get(each), request.action, request.correction
            )
            for place, each in enumerate(ids, start)
        ]
        return [each.item for each in judged if each.item.state is ItemState.REFUSED]

    # --- telling -----------------------------------------------------------------------------------------------------

    async def _visible(self, principal: Principal, order_id: str) -> OrderRecord:
        record = await self._rooms.book.find(order_id) if is_order_id(order_id) else None
        if record is None or not principal.agency.covers(AgencyCode.parse(record.agency)):
            raise NotFound("no such order of this agency")
        return record

    async def _told(self, record: OrderRecord, refusals_max: int = REFUSALS_MAX) -> Order:
        content = await self._content(record)
        refused = await self._rooms.book.refused(record.order_id, refusals_max) if refusals_max else ()
        return Order(
            id=record.order_id,
            action=record.action,
            state=record.state,
            by=record.by,
            officer=record.officer,
            approved_by=record.approved_by or None,
            approving_officer=record.approving_officer or None,
            stopped_by=record.stopped_by or None,
            stopping_officer=record.stopping_officer or None,
            proposed_at=record.proposed_at,
            ended_at=record.ended_at,
            rate_per_s=record.rate_per_s,
            reason=content.reason if content else None,
            fields=fields_of((content.correction if content else None) or {}),
            counts=await self._rooms.book.counts(record.order_id),
            refusals=_refusals(refused),
        )

    async def _content(self, record: OrderRecord) -> OrderContent | None:
        try:
            return await self._rooms.bodies.order(record)
        except Unsealable:
            return None


def is_order_id(text: str) -> bool:
    """Whether the text has the form of an order's id."""
    return _ID.fullmatch(text) is not None


def _account(principal: Principal) -> dict[str, str]:
    return {"agency": str(principal.agency), "system": principal.system}


def _refusals(items: Sequence[OrderItem]) -> tuple[OrderRefusal, ...]:
    return tuple(
        OrderRefusal(
            message_id=item.id.message_id,
            operation=item.id.operation,
            part=item.id.part,
            path=item.path,
            rule=item.rule,
        )
        for item in items
    )
