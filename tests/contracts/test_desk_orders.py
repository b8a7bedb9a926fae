"""Orders on every store: what they select, who approves them, and how they are worked off."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.desk.placing import ApprovalRule
from hub.errors import Conflict, Forbidden, HubError, Invalid, NotFound, Unsealable, WriteInDoubt
from hub.store.database import Database
from schemas.delivery import DeliveryState, MessageKind
from schemas.order import Order, OrderCounts, OrderDecision, OrderState, OrderStop
from schemas.ruling import Ruling, Verdict
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.fakes.desk_room import (
    APPROVER,
    CENTRE,
    JUSTICE,
    NOBODY,
    PLATFORM,
    PROVINCE,
    SYNC,
    Room,
    message_id,
)

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

UNKNOWN = "0" * 32
Open = Callable[[], Awaitable[Database]]


@pytest.fixture
def room(database: Database) -> Room:
    """A desk where nobody has to approve."""
    return Room(database)


@pytest.fixture
def strict(database: Database) -> Room:
    """A desk where another account has to approve within an hour what touches more than one delivery."""
    return Room(database, approval=ApprovalRule(1, timedelta(hours=1)))


def one(number: int) -> dict[str, Any]:
    """Select one delivery."""
    return {"delivery": {"message_id": message_id(number), "operation": SYNC}}


async def _order(room: Room, order: Order) -> Order:
    return await room.orders.order(PROVINCE, order.id)


async def _decide(room: Room, order: Order, by: Any = APPROVER, *, approve: bool = True) -> Order:
    return await room.orders.decide(by, order.id, OrderDecision(officer="gs01", approve=approve))


# --- what is ordered -------------------------------------------------------------------------------------------------


async def test_a_replay_is_a_ruling_in_the_log(room: Room) -> None:
    """Under the dossier's key, naming the delivery, who orders and the order; the reason is sealed."""
    await room.dead(1)
    placed = await room.place(select=one(1))
    assert (OrderState.APPROVED, 1, "đã kiểm tra") == (placed.state, placed.counts.selected, placed.reason)

    await room.work(2)

    ((header, body),) = await room.rulings()
    assert ("H56.14-261122-0001", MessageKind.RULING, (), 1) == (
        header.ordering_key,
        header.kind,
        header.deliveries,
        header.revision,
    )
    expected = Ruling(
        verdict=Verdict.REPLAY,
        message_id=message_id(1),
        operation=SYNC,
        platform=PLATFORM,
        part=0,
        of=1,
        index=0,
        by="H56/van-hanh",
        order=placed.id,
    )
    assert expected == header.ruling
    assert ("đã kiểm tra", "vh01", None) == (body.reason, body.officer, body.submission)
    done = await _order(room, placed)
    assert (OrderState.DONE, 1, 1) == (done.state, done.counts.appended, done.counts.waiting)


@pytest.mark.parametrize(
    ("action", "state", "verdict"),
    [
        ("discard", "dead", Verdict.DISCARD),
        ("superseded", "dead", Verdict.SUPERSEDED),
        ("arrived", "in_doubt", Verdict.ARRIVED),
        ("not_arrived", "in_doubt", Verdict.NOT_ARRIVED),
    ],
)
async def test_each_action_has_its_verdict(room: Room, action: str, state: str, verdict: Verdict) -> None:
    """And is refused for a delivery that waits for the other kind of decision."""
    await room.accept(1)
    await room.outcome(1, DeliveryState(state))
    await room.place(action=action, select=one(1))
    await room.work(2)

    assert [verdict] == [header.ruling.verdict for header, _ in await room.rulings() if header.ruling]
    other = "arrived" if state == "dead" else "replay"
    with pytest.raises(Conflict) as refused:
        await room.place(key="k2", action=other, select=one(1))
    assert "caller.not_waiting" == refused.value.problem_code


async def test_a_filter_selects_the_oldest_up_to_a_bound(room: Room) -> None:
    """What is selected is fixed when the order is placed."""
    for number in (1, 2, 3):
        await room.dead(number)
    placed = await room.place(select={"matching": {"platform": PLATFORM}, "deliveries_max": 2}, action="discard")
    await room.dead(4)

    await room.work(3)

    told = {header.ruling.message_id for header, _ in await room.rulings() if header.ruling}
    assert {message_id(1), message_id(2)} == told
    assert 2 == (await _order(room, placed)).counts.selected


async def test_an_order_that_selects_nothing_is_done(room: Room) -> None:
    """Nothing is wrong with a filter that matches nothing."""
    placed = await room.place()
    await room.work()

    assert (OrderState.DONE, OrderCounts()) == ((await _order(room, placed)).state, placed.counts)


async def test_a_repeat_is_the_same_order(room: Room) -> None:
    """Also when its delivery does not wait any more; the key with another content is refused."""
    await room.dead(1)
    first = await room.place(select=one(1))
    await room.work(2)
    await room.outcome(1, DeliveryState.DELIVERED, code="0", attempt=2)

    again = await room.place(select=one(1))

    assert (first.id, 1) == (again.id, again.counts.delivered)
    with pytest.raises(Conflict, match="key used with another order"):
        await room.place(select=one(1), reason="khác")
    assert first.id != (await room.place(APPROVER, select={"matching": {"platform": "emc"}})).id


async def test_a_trial_touches_nothing(room: Room) -> None:
    """It says how many would be touched, and which of them the correction does not fit."""
    await room.dead(1, summary="Một")
    await room.dead(2, due_at="2026-11-23T17:00:00+07:00", received_at="2026-11-22T07:55:00+07:00")

    trial = await room.place(correction={"due_at": "2020-01-01T00:00:00+07:00"}, dry_run=True)

    assert (OrderState.TRIAL, "", 2, 2) == (trial.state, trial.id, trial.counts.selected, trial.counts.refused)
    assert [("due_at", "before_received")] * 2 == [(each.path, each.rule) for each in trial.refusals]
    assert () == (await room.orders.page(PROVINCE, None, None, 50)).orders
    await room.work()
    assert [] == await room.rulings()


# --- corrections -----------------------------------------------------------------------------------------------------


async def test_a_correction_travels_in_the_ruling(room: Room) -> None:
    """The whole corrected body; what the patch does not name stays as it was."""
    await room.dead(1, summary="Cũ")
    placed = await room.place(select=one(1), correction={"summary": "Mới", "due_at": None})
    await room.work(2)

    ((header, body),) = await room.rulings()
    assert body.submission is not None
    assert header.ruling is not None
    assert (True, "Mới", None) == (header.ruling.corrected, body.submission.summary, body.submission.due_at)
    assert "Nguyễn Văn A" == body.submission.applicant.name
    assert ("due_at", "summary") == placed.fields


async def test_a_second_correction_goes_on_from_the_first(room: Room) -> None:
    """The parking place holds what would be sent now."""
    await room.dead(1)
    await room.park(1, summary="Đã sửa")
    await room.place(select=one(1), correction={"processing_unit": "Đơn vị mới"})
    await room.work(2)

    ((_, body),) = await room.rulings()
    assert body.submission is not None
    assert ("Đã sửa", "Đơn vị mới") == (body.submission.summary, body.submission.processing_unit)


@pytest.mark.parametrize(
    ("correction", "path", "rule"),
    [
        ({"summary": ""}, "summary", "too_short"),
        ({"summary": None}, "summary", "missing"),
        ({"nonsense": 1}, "nonsense", "unknown_field"),
        ({"procedure": "9.999999"}, "procedure", "unknown_procedure"),
        ({"received_at": "2030-01-01T00:00:00+07:00"}, "received_at", "future"),
        ({"progress": [{}]}, "progress.0.officer", "missing"),
        ({"applicant": "Nguyễn"}, "applicant", "type"),
    ],
)
async def test_what_acceptance_would_not_take_is_refused(
    room: Room, correction: dict[str, Any], path: str, rule: str
) -> None:
    """It is listed with the field and the rule, and no ruling is appended."""
    await room.dead(1)
    placed = await room.place(select=one(1), correction=correction)
    await room.work(2)

    done = await _order(room, placed)
    assert ([(path, rule)], 1) == ([(each.path, each.rule) for each in done.refusals], done.counts.refused)
    assert (OrderState.DONE, []) == (done.state, await room.rulings())


async def test_a_correction_cannot_change_what_is_owed(room: Room) -> None:
    """A step of progress would be a delivery that acceptance did not fix."""
    await room.dead(1)
    step = {"officer": "B", "position": "C", "unit": "D", "content": "E", "status": "accepted"}
    times = {"at": "2026-11-22T07:56:00+07:00", "started_at": "2026-11-22T07:55:00+07:00"}
    placed = await room.place(select=one(1), correction={"progress": [{**step, **times}]})
    await room.work(2)

    assert [("$", "deliveries")] == [(each.path, each.rule) for each in (await _order(room, placed)).refusals]


async def test_a_body_that_cannot_be_opened_cannot_be_corrected(room: Room) -> None:
    """It can be tried again as it is: the worker judges that."""
    await room.dead(1)
    for partition in range(8):
        room.log.starts["hub.commands", partition] = 1
    placed = await room.place(select=one(1), correction={"summary": "Mới"})
    await room.work(2)

    assert [("$", "unreadable")] == [(each.path, each.rule) for each in (await _order(room, placed)).refusals]


# --- how they are worked off -----------------------------------------------------------------------------------------


async def test_the_rate_is_kept(room: Room) -> None:
    """Ten deliveries at five a second take two seconds, one batch less at most; a slow store may make it more."""
    for number in range(1, 11):
        await room.dead(number)
    await room.place(rate_per_s=5.0, action="discard")

    started_s, elapsed_s = room.clock.monotonic(), 0.0
    while len(await room.rulings()) < 10:
        await room.work()
        elapsed_s = room.clock.monotonic() - started_s

    assert elapsed_s >= 1.6


async def test_what_does_not_wait_any_more_is_void(room: Room) -> None:
    """When its turn comes a delivery is looked at once more."""
    await room.dead(1)
    await room.dead(2)
    placed = await room.place(action="discard")
    await room.outcome(1, DeliveryState.WITHDRAWN, code="hub.withdrawn")
    await room.work(2)

    counts = (await _order(room, placed)).counts
    assert (2, 1, 1) == (counts.selected, counts.appended, counts.void)


async def test_counts_follow_the_ledger(room: Room) -> None:
    """Delivered, dead once more, ended, waiting: as the outcomes come in."""
    for number in (1, 2, 3, 4):
        await room.dead(number)
    placed = await room.place(rate_per_s=1000.0)
    await room.work(2)
    assert OrderCounts(selected=4, appended=4, waiting=4) == (await _order(room, placed)).counts

    for number, state in ((1, "delivered"), (2, "dead"), (3, "expired")):
        await room.outcome(number, DeliveryState(state), attempt=2)

    expected = OrderCounts(selected=4, appended=4, delivered=1, dead_again=1, ended=1, waiting=1)
    assert expected == (await _order(room, placed)).counts


@pytest.mark.parametrize("trouble", ["before", "after"])
async def test_a_crash_appends_the_same_ruling_again(room: Room, trouble: str) -> None:
    """Whether the append was lost or only its answer: the next round appends under the same id, marked as a repeat."""
    await room.dead(1)
    placed = await room.place(select=one(1))
    getattr(room.log, trouble).append(WriteInDoubt("append"))
    with pytest.raises(WriteInDoubt):
        await room.work()
    assert OrderState.RUNNING == (await _order(room, placed)).state

    await room.work(2)

    headers = [header for header, _ in await room.rulings()]
    assert ({"before": 1, "after": 2}[trouble], 1) == (len(headers), len({header.message_id for header in headers}))
    assert all(header.reappended for header in headers)
    assert (OrderState.DONE, 1) == ((await _order(room, placed)).state, (await _order(room, placed)).counts.appended)


async def test_one_order_that_cannot_be_opened_stops_no_other(room: Room) -> None:
    """Its key is gone: it is stopped, and the others go on."""
    await room.dead(1)
    await room.dead(2)
    first = await room.place(select=one(1))
    key_id, _ = await room.keys.key_for(f"order:{first.id}")
    room.keys.destroy(key_id)
    second = await room.place(key="k2", select=one(2))

    with pytest.raises(Unsealable):
        await room.work()
    await room.work(3)

    assert (OrderState.STOPPED, None) == ((await _order(room, first)).state, (await _order(room, first)).reason)
    assert OrderState.DONE == (await _order(room, second)).state
    assert [message_id(2)] == [header.ruling.message_id for header, _ in await room.rulings() if header.ruling]


async def test_a_ruling_that_was_obeyed_before_a_crash_counts(room: Room) -> None:
    """The order does not know that it was appended; the ledger does, for the outcome names it."""
    await room.dead(1)
    placed = await room.place(select=one(1))
    room.log.after.append(WriteInDoubt("append"))
    with pytest.raises(WriteInDoubt):
        await room.work()
    ((header, _),) = await room.rulings()
    await room.outcome(1, DeliveryState.DELIVERED, code="0", attempt=2, ruling=header.message_id)

    await room.work(3)

    assert 1 == len(await room.rulings())
    expected = OrderCounts(selected=1, appended=1, delivered=1)
    assert expected == (await _order(room, placed)).counts


async def test_two_processes_at_one_order_decide_each_delivery_once(room: Room, database: Database) -> None:
    """Whatever both append has one id per delivery, and the order ends with nothing counted twice."""
    other = Room(database, room)
    for number in range(1, 13):
        await room.dead(number)
    placed = await room.place(rate_per_s=100.0)

    both = [asyncio.create_task(each.execution.run_once()) for each in (room, other)]
    while not all(task.done() for task in both):
        await room.clock.advance(0.01)
        await asyncio.sleep(0.001)
    await asyncio.gather(*both)
    await room.work(4)

    assert 12 == len({header.message_id for header, _ in await room.rulings()})
    done = await _order(room, placed)
    assert (OrderState.DONE, 12, 12) == (done.state, done.counts.appended, done.counts.selected)


async def test_a_stop_holds_what_is_left(room: Room) -> None:
    """What was appended stays, the rest stays undecided, and a stopped order does not run again."""
    for number in range(1, 31):
        await room.dead(number)
    placed = await room.place(rate_per_s=5.0)
    work = asyncio.create_task(room.execution.run_once())
    while not await room.rulings():
        await room.clock.advance(0.01)
        await asyncio.sleep(0.001)
    stopped = await room.orders.stop(PROVINCE, placed.id, OrderStop(officer="vh01"))
    while not work.done():
        await room.clock.advance(0.01)
        await asyncio.sleep(0.001)
    appended = len(await room.rulings())
    await room.work(2)

    assert OrderState.STOPPING == stopped.state
    ended = await _order(room, placed)
    assert (OrderState.STOPPED, appended) == (ended.state, ended.counts.appended)
    assert ("H56/van-hanh", "vh01") == (ended.stopped_by, ended.stopping_officer)
    assert 1 <= appended == len(await room.rulings()) < 30
    assert ended.ended_at is not None
    again = await room.orders.stop(PROVINCE, placed.id, OrderStop(officer="vh01"))
    assert OrderState.STOPPED == again.state


async def test_an_order_that_is_done_cannot_be_stopped(room: Room) -> None:
    """And says so."""
    placed = await room.place()
    await room.work()

    with pytest.raises(Conflict) as refused:
        await room.orders.stop(PROVINCE, placed.id, OrderStop(officer="vh01"))
    assert "caller.order_decided" == refused.value.problem_code


# --- approval --------------------------------------------------------------------------------------------------------


async def test_a_second_account_approves(strict: Room) -> None:
    """Until then nothing runs; then it does, and every ruling says who approved it."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place()
    await strict.work(2)
    assert (OrderState.PROPOSED, []) == (placed.state, await strict.rulings())

    approved = await _decide(strict, placed)
    await strict.work(2)

    assert (OrderState.APPROVED, "H56/giam-sat", "gs01") == (
        approved.state,
        approved.approved_by,
        approved.approving_officer,
    )
    assert ["H56/giam-sat"] * 2 == [header.ruling.approved_by for header, _ in await strict.rulings() if header.ruling]
    assert (await _decide(strict, placed)).approved_by == "H56/giam-sat"


async def test_a_small_order_needs_nobody(strict: Room) -> None:
    """Up to the bound that the configuration states."""
    await strict.dead(1)

    assert OrderState.APPROVED == (await strict.place(select=one(1))).state


async def test_nobody_approves_his_own_order(strict: Room) -> None:
    """Not even with the grant; the order stays proposed."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place()

    with pytest.raises(Forbidden) as refused:
        await _decide(strict, placed, PROVINCE)

    assert "caller.own_order" == refused.value.problem_code
    assert OrderState.PROPOSED == (await _order(strict, placed)).state


async def test_a_refused_order_never_runs(strict: Room) -> None:
    """And cannot be approved any more, by anybody."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place()
    refused = await _decide(strict, placed, approve=False)
    await strict.work(2)

    assert (OrderState.REFUSED, "H56/giam-sat", []) == (refused.state, refused.approved_by, await strict.rulings())
    with pytest.raises(Conflict):
        await _decide(strict, placed)


async def test_of_two_who_decide_at_once_one_does(strict: Room) -> None:
    """The other one hears that it was decided, when he said something else."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place(CENTRE)
    said = await asyncio.gather(
        _decide(strict, placed, APPROVER),
        _decide(strict, placed, PROVINCE, approve=False),
        return_exceptions=True,
    )

    orders = [each for each in said if isinstance(each, Order)]
    refusals = [each.problem_code for each in said if isinstance(each, HubError)]
    assert (1, ["caller.order_decided"]) == (len(orders), refusals)
    assert orders[0].state == (await _order(strict, placed)).state


async def test_an_order_that_nobody_approves_lapses(strict: Room) -> None:
    """After its time it is refused, and an approval that comes later finds it so."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place()
    await strict.clock.advance(3601)
    with pytest.raises(Conflict):
        await _decide(strict, placed)

    await strict.work()

    lapsed = await _order(strict, placed)
    assert (OrderState.REFUSED, None) == (lapsed.state, lapsed.approved_by)


async def test_a_proposed_order_can_be_stopped(strict: Room) -> None:
    """At once: nothing of it runs."""
    await strict.dead(1)
    await strict.dead(2)
    placed = await strict.place()

    assert OrderState.STOPPED == (await strict.orders.stop(PROVINCE, placed.id, OrderStop(officer="vh01"))).state
    with pytest.raises(Conflict):
        await _decide(strict, placed)


# --- who may ---------------------------------------------------------------------------------------------------------


async def test_an_order_reaches_no_other_agency(room: Room) -> None:
    """A filter passes over foreign deliveries, and a foreign name is not there."""
    await room.dead(1, agency="H56.15")

    assert 0 == (await room.place(CENTRE)).counts.selected
    with pytest.raises(NotFound):
        await room.place(CENTRE, key="k2", select=one(1))
    with pytest.raises(NotFound):
        await room.place(JUSTICE, key="k3", select=one(7))


async def test_orders_of_other_agencies_are_not_there(room: Room) -> None:
    """Neither listed nor told, nor stopped or approved; those of agencies below are."""
    placed = await room.place(CENTRE)

    for asked in (
        room.orders.order(JUSTICE, placed.id),
        room.orders.stop(JUSTICE, placed.id, OrderStop(officer="x")),
        _decide(room, placed, JUSTICE),
        room.orders.order(PROVINCE, UNKNOWN),
        room.orders.order(PROVINCE, "no id"),
    ):
        with pytest.raises(NotFound):
            await asked
    assert () == (await room.orders.page(JUSTICE, None, None, 10)).orders
    assert [placed.id] == [each.id for each in (await room.orders.page(PROVINCE, None, None, 10)).orders]


async def test_who_has_no_grant_can_do_nothing(room: Room) -> None:
    """Every operation is refused before anything is looked at."""
    placed = await room.place()
    for asked in (
        room.place(NOBODY),
        room.orders.page(NOBODY, None, None, 10),
        room.orders.order(NOBODY, placed.id),
        room.orders.stop(NOBODY, placed.id, OrderStop(officer="x")),
        _decide(room, placed, NOBODY),
    ):
        with pytest.raises(Forbidden):
            await asked


async def test_orders_are_listed_newest_first(room: Room) -> None:
    """Page by page, by state if one is asked for; a wrong cursor is refused."""
    ids = []
    for number in range(5):
        ids.append((await room.place(key=f"k{number}")).id)
        await room.clock.advance(1)

    first = await room.orders.page(PROVINCE, None, None, 3)
    rest = await room.orders.page(PROVINCE, None, first.next, 3)

    assert (ids[::-1], None) == ([each.id for each in (*first.orders, *rest.orders)], rest.next)
    assert () == (await room.orders.page(PROVINCE, OrderState.RUNNING, None, 3)).orders
    with pytest.raises(Invalid):
        await room.orders.page(PROVINCE, None, "' OR 1", 3)
