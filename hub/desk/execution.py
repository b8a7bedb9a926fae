"""Works off the orders that may run: delivery by delivery, oldest first, at the rate that each states.

What is durable leads: a ruling is appended first and noted then, under an id that says which order and delivery it is.
So a crash between the two, or a second process at the same work, appends it once more under the same id, and whoever
reads the log knows it again.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.desk.bodies import Bodies, OrderContent
from hub.desk.judging import Judge, Judged
from hub.desk.rulings import RulingWriter
from hub.errors import Unsealable
from hub.pipeline.rulings import ruling_id
from hub.ports import Clock, Precedents
from hub.ports.desk import DeadLetterBox, ItemState, OrderBook, OrderRecord, Standing
from hub.telemetry import logger
from schemas.order import OrderState
from schemas.ruling import RulingBody

ORDERS_MAX = 20
"""Orders that are worked on at a time; later ones wait."""
BATCH_S = 0.2
"""How much of its rate an order uses in one batch."""
BATCH_MAX = 100
ROUND_S = 0.8
"""How long one round goes on, where the store does not take longer; the next one begins soon after it."""
_log = logger("desk")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRooms:
    """What working off orders stands on. Orders that are not approved `approved_within` are refused."""

    box: DeadLetterBox
    book: OrderBook
    precedents: Precedents
    bodies: Bodies
    judge: Judge
    writer: RulingWriter
    clock: Clock
    approved_within: timedelta


class Execution:
    """A job of the leader. Two leaders at once do no harm; each keeps the rate by itself."""

    def __init__(self, rooms: ExecutionRooms) -> None:
        self._rooms = rooms
        self._due_s: dict[str, float] = {}

    async def run_once(self) -> None:
        """Work on every order for a while. Errors: those of log, store and keys; the next round goes on there."""
        now = self._rooms.clock.now()
        await self._rooms.book.expire(now - self._rooms.approved_within, now)
        orders = await self._rooms.book.in_work(ORDERS_MAX)
        await _all(self._work(order) for order in orders)

    async def _work(self, order: OrderRecord) -> None:
        if order.state is OrderState.APPROVED:
            await self._move(order, OrderState.APPROVED, OrderState.RUNNING)
        content = await self._content(order)
        until_s = self._rooms.clock.monotonic() + ROUND_S
        size = max(1, min(BATCH_MAX, round(order.rate_per_s * BATCH_S)))
        while await self._goes_on(order) and await self._is_due(order, until_s):
            done = await self._batch(order, content, size)
            if not done:
                await self._move(order, OrderState.RUNNING, OrderState.DONE)
                self._due_s.pop(order.order_id, None)
                return
            # What was missed while the store was slow is made up for by one batch at most.
            earliest_s = self._rooms.clock.monotonic() - BATCH_S
            due_s = max(self._due_s.get(order.order_id, earliest_s), earliest_s)
            self._due_s[order.order_id] = due_s + done / order.rate_per_s

    async def _is_due(self, order: OrderRecord, until_s: float) -> bool:
        """Wait until the rate lets the next batch go. False when that is past the round: a later one goes on there."""
        now_s = self._rooms.clock.monotonic()
        due_s = self._due_s.setdefault(order.order_id, min(now_s, until_s))  # a slow store must not eat up each round
        if due_s > until_s:
            return False
        await self._rooms.clock.sleep(max(0.0, due_s - now_s))
        return True

    async def _goes_on(self, order: OrderRecord) -> bool:
        """Whether the order still runs; one that is to stop is stopped here."""
        present = await self._rooms.book.find(order.order_id)
        if present is not None and present.state is OrderState.STOPPING:
            await self._move(order, OrderState.STOPPING, OrderState.STOPPED)
            return False
        return present is not None and present.state is OrderState.RUNNING

    async def _move(self, order: OrderRecord, origin: OrderState, to: OrderState) -> None:
        if await self._rooms.book.move(order.order_id, [origin], to, at=self._rooms.clock.now()):
            _log.info("order_moved", order=order.order_id, state=to.value)

    async def _content(self, order: OrderRecord) -> OrderContent:
        try:
            return await self._rooms.bodies.order(order)
        except Unsealable:
            await self._move(order, OrderState.RUNNING, OrderState.STOPPED)
            raise

    async def _batch(self, order: OrderRecord, content: OrderContent, size: int) -> int:
        """Deal with the next deliveries and return how many there were."""
        items = await self._rooms.book.items(order.order_id, size)
        rulings = {item: ruling_id(order.order_id, order.proposed_at, item.id) for item in items}
        # Before a crash, or by another process: it lies in the log, it was obeyed, and only the note is missing.
        obeyed = await self._rooms.precedents.obeyed(rulings.values())
        known = [replace(item, state=ItemState.APPENDED) for item in items if rulings[item] in obeyed]
        left = [item for item in items if rulings[item] not in obeyed]
        standings = await self._rooms.box.standings([item.id for item in left])
        judged = [
            await self._rooms.judge.judge(item, standings.get(item.id), order.action, content.correction)
            for item in left
        ]
        lanes: dict[str, list[tuple[Judged, Standing]]] = {}
        for each in judged:
            if each.item.state is ItemState.APPENDED:
                standing = standings[each.item.id]
                lanes.setdefault(standing.ordering_key, []).append((each, standing))
        # Those of one dossier one after the other: they take effect in the order of the log.
        await _all(self._append(order, content, lane) for lane in lanes.values())
        await self._rooms.book.note(order.order_id, [*known, *(each.item for each in judged)])
        return len(items)

    async def _append(self, order: OrderRecord, content: OrderContent, lane: Sequence[tuple[Judged, Standing]]) -> None:
        for judged, standing in lane:
            body = RulingBody(reason=content.reason, officer=order.officer, submission=judged.submission)
            await self._rooms.writer.append(order, standing, body)


async def _all(doing: Iterable[Awaitable[None]]) -> None:
    """Let everything come to its end, then raise the first error: nothing goes on behind a round that has failed."""
    for ended in await asyncio.gather(*doing, return_exceptions=True):
        if ended is not None:
            raise ended
