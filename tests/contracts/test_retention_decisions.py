"""Retention of decisions on every store: as long as the ledger tells of a delivery, it tells who decided about it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from hub.errors import Unavailable
from hub.pipeline.retention import Policy
from hub.ports.desk import key_subject
from hub.store.database import Database, Result, Unit
from hub.store.retention.rows import OldRows
from schemas.delivery import DeliveryState
from schemas.order import Order, OrderState
from tests.clock import ManualClock
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.fakes.desk_room import COMMANDS, OUTCOMES, PROVINCE, SYNC, Room, message_id
from tests.fakes.keys import MemoryKeys
from tests.fakes.reconciling import Province

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

POLICY = Policy(
    topics_days={}, ledger_days=365, inbox_days=90, audit_days=3650, orders_days=400, reconciliation_days=30
)
TRIMMED = {(topic, partition): 10**6 for topic in (COMMANDS, OUTCOMES) for partition in range(8)}
UNENDED = [OrderState.PROPOSED, OrderState.APPROVED, OrderState.RUNNING, OrderState.STOPPING]
ENDED = [OrderState.STOPPED, OrderState.DONE, OrderState.REFUSED]


class LaterClock(ManualClock):
    """Days after the start of the others; nobody waits."""

    def __init__(self, days: float) -> None:
        super().__init__(ManualClock().now() + timedelta(days=days))

    async def sleep(self, delay_s: float) -> None:
        """Let others have their turn."""
        await asyncio.sleep(0)


class Eraser:
    """The `Erasure` port over keys in memory; `gone` are the subjects whose keys are destroyed."""

    def __init__(self, keys: MemoryKeys) -> None:
        self._keys = keys
        self.gone: list[str] = []

    async def destroy(self, subject: str, now: datetime) -> str | None:
        """As the port."""
        if subject in self.gone:
            return None
        key_id, _ = await self._keys.key_for(subject)
        self._keys.destroy(key_id)
        self.gone.append(subject)
        return key_id


class ReadOnly:
    """A database that takes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, unit: Unit[Result]) -> Result:
        """Fail."""
        raise Unavailable("gone")

    async def read(self, unit: Unit[Result]) -> Result:
        """Read."""
        return await self._database.read(unit)

    async def aclose(self) -> None:
        """Do nothing."""


class Office:
    """A desk, and retention over its store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.room = Room(database)
        self.eraser = Eraser(self.room.keys)

    async def discarded(self, *numbers: int) -> Order:
        """Let dead deliveries be given up by an order; return it, done."""
        for number in numbers:
            await self.room.dead(number)
        placed = await self.room.place(key=f"k{numbers[0]}", action="discard")
        await self.room.work(2)
        for header, _ in await self.room.rulings():
            ruling = header.ruling
            if ruling is not None and ruling.order == placed.id:
                number = int(ruling.message_id[-12:])
                await self.room.outcome(number, DeliveryState.WITHDRAWN, ruling=header.message_id)
        done = await self.room.orders.order(PROVINCE, placed.id)
        assert OrderState.DONE == done.state
        return done

    async def let_go(self, days: float, *, trimmed: bool = True, database: Database | None = None) -> dict[str, int]:
        """Run so many days later, with or without a log that was trimmed; return what went."""
        return await _let_go(database or self.database, self.eraser, days, trimmed=trimmed)

    async def is_kept(self, order: Order) -> bool:
        """Whether an order is there."""
        return await self.room.book.find(order.id) is not None


async def _let_go(database: Database, eraser: Eraser, days: float, *, trimmed: bool) -> dict[str, int]:
    rows = OldRows(database=database, erasure=eraser, policy=POLICY, clock=LaterClock(days), batch_rows=2)
    gone = await rows.let_go(TRIMMED if trimmed else {}, {})
    return {kind: count for kind, count in gone.items() if count}


@pytest.fixture
def office(database: Database) -> Office:
    """Nothing was ordered yet."""
    return Office(database)


async def test_an_order_goes_with_its_list_and_its_key(office: Office) -> None:
    """Not before its days are over, counted from its end."""
    order = await office.discarded(1, 2)

    assert {"messages": 4} == await office.let_go(399)
    assert await office.is_kept(order)
    assert {"orders": 1} == await office.let_go(401)
    assert not await office.is_kept(order)
    assert [key_subject(order.id)] == office.eraser.gone
    assert 0 == (await office.room.book.counts(order.id)).selected


async def test_an_order_stays_as_long_as_the_ledger_tells_of_what_it_decided(office: Office) -> None:
    """However old it is; its reason can be read."""
    order = await office.discarded(1)

    assert {} == await office.let_go(4000, trimmed=False)
    assert "đã kiểm tra" == (await office.room.orders.order(PROVINCE, order.id)).reason
    assert {"messages": 2, "orders": 1} == await office.let_go(4000)


async def test_one_message_of_many_keeps_its_order(office: Office) -> None:
    """The orders beside it go, whatever the number that a run looks at in one go."""
    others = [await office.discarded(number) for number in (1, 2, 3, 4, 5)]
    for number in (6, 7):
        await office.room.dead(number)
    kept = await office.room.place(key="kept")
    await office.room.work(2)
    await office.room.outcome(7, DeliveryState.DELIVERED)

    gone = await office.let_go(4000)

    assert 5 == gone["orders"]
    assert [True, *[False] * 5] == [await office.is_kept(each) for each in (kept, *others)]


@pytest.mark.parametrize("state", [*UNENDED, *ENDED])
async def test_only_what_has_ended_goes(office: Office, state: OrderState) -> None:
    """Also when what it selected was delivered meanwhile, and is forgotten."""
    await office.room.dead(1)
    select = {"delivery": {"message_id": message_id(1), "operation": SYNC}}
    order = await office.room.place(select=select)
    await office.room.book.move(order.id, [OrderState.APPROVED], state, at=office.room.clock.now())
    await office.room.outcome(1, DeliveryState.DELIVERED)

    gone = await office.let_go(4000)

    assert ({"messages": 1, "orders": 1} if state in ENDED else {"messages": 1}) == gone
    assert (state in UNENDED) is await office.is_kept(order)
    assert ([] if state in UNENDED else [key_subject(order.id)]) == office.eraser.gone


async def test_an_order_whose_key_went_before_a_crash_goes_next_time(office: Office) -> None:
    """Until then it is told without its reason."""
    order = await office.discarded(1)
    await office.let_go(399)

    with pytest.raises(Unavailable):
        await office.let_go(401, database=ReadOnly(office.database))
    assert [key_subject(order.id)] == office.eraser.gone
    assert (await office.room.orders.order(PROVINCE, order.id)).reason is None

    assert {"orders": 1} == await office.let_go(401)


# --- runs of the reconciliation --------------------------------------------------------------------------------------


async def test_a_run_goes_with_what_it_found(database: Database) -> None:
    """One that is not done stays, and so does a young one."""
    province, eraser = Province(database), Eraser(MemoryKeys())
    await province.deliver(1)
    province.platform.book.clear()
    for run_id in ("r-1", "r-2", "r-3"):
        await province.reconciled(run_id, dry_run=True)
    await province.order("r-4")

    assert {} == await _let_go(database, eraser, 29, trimmed=False)
    assert {"reconciliations": 3} == await _let_go(database, eraser, 31, trimmed=False)
    assert (["r-4"], []) == ([run.id for run in await province.store.runs(9)], await province.told())


async def test_a_run_that_had_something_sent_again_stays_as_long_as_that(database: Database) -> None:
    """It says why it was sent again."""
    province, eraser = Province(database), Eraser(MemoryKeys())
    await province.deliver(1)
    province.platform.book.clear()
    await province.reconciled("r-1")
    [(header, _)] = await province.rulings()
    assert header.ruling is not None
    await province.outcome(1, header.ruling.message_id, ruling=header.message_id)

    assert {} == await _let_go(database, eraser, 4000, trimmed=False)
    assert [(province.code(1), "missing", "resent")] == await province.told()
    assert {"messages": 1, "reconciliations": 1} == await _let_go(database, eraser, 4000, trimmed=True)
