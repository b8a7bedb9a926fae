"""Faults strike what they were ordered to strike, and no more."""

import pytest

from ops.sandbox.exchange import Reply
from ops.sandbox.fault import Call, Drawn, Fault, FaultPlan, UnknownFault
from tests.clock import ManualClock


def _call(service: str = "push", *about: str, size: int = 1) -> Call:
    return Call(service, lambda _fault: Reply(200, b""), lambda: about, size)


def _plan(clock: ManualClock | None = None, seed: int = 0) -> FaultPlan:
    return FaultPlan({"in_part": lambda call: call.size > 1}, seed, (clock or ManualClock()).monotonic)


def _kinds(plan: FaultPlan, *calls: Call) -> list[str | None]:
    drawn = [plan.draw(call).fault for call in calls]
    return [None if fault is None else fault.kind for fault in drawn]


def test_without_orders_nothing_happens() -> None:
    """An empty plan strikes nobody."""
    assert Drawn() == _plan().draw(_call())


def test_the_first_fault_that_strikes_wins() -> None:
    """Two faults strike one after the other, never together."""
    plan = _plan()
    plan.add(Fault(kind="html", count=1))
    plan.add(Fault(kind="drop_reply", count=1))

    assert ["html", "drop_reply", None] == _kinds(plan, _call(), _call(), _call())


def test_delays_add_up_and_come_with_another_fault() -> None:
    """Two delays and a dropped reply strike the same call."""
    plan = _plan()
    plan.add(Fault(kind="delay", delay_s=0.5))
    plan.add(Fault(kind="drop_reply"))
    plan.add(Fault(kind="delay", delay_s=0.25))

    drawn = plan.draw(_call())

    assert 0.75 == drawn.delay_s
    assert drawn.fault is not None
    assert "drop_reply" == drawn.fault.kind


def test_a_platforms_own_fault_strikes_only_what_it_can() -> None:
    """A call that the fault cannot strike does not use it up."""
    plan = _plan()
    plan.add(Fault(kind="in_part", count=1))

    assert [None, "in_part", None] == _kinds(plan, _call(size=1), _call(size=2), _call(size=2))


def test_service_and_key_choose_the_calls() -> None:
    """Only calls of the service about the key are struck."""
    plan = _plan()
    plan.add(Fault(kind="html", service="push", key="A"))

    calls = (_call("push", "A", "B"), _call("push", "B"), _call("look", "A"), _call("push"))
    assert ["html", None, None, None] == _kinds(plan, *calls)


def test_skip_lets_the_first_ones_through() -> None:
    """The N-th call can be chosen; calls of other services do not count."""
    plan = _plan()
    plan.add(Fault(kind="html", service="push", skip=2, count=1))

    calls = (_call(), _call("look"), _call(), _call(), _call())
    assert [None, None, None, "html", None] == _kinds(plan, *calls)


async def test_time_ends_a_fault() -> None:
    """A fault strikes until its time is over."""
    clock = ManualClock()
    plan = _plan(clock)
    plan.add(Fault(kind="html", duration_s=10))

    await clock.advance(9.5)
    assert ["html"] == _kinds(plan, _call())
    await clock.advance(0.5)
    assert [None] == _kinds(plan, _call())
    assert [] == plan.listing()


def test_the_seed_decides_whom_a_chance_strikes() -> None:
    """Equal seeds strike equally, other seeds otherwise; about the ordered share is struck."""
    runs = []
    for seed in (1, 1, 2):
        plan = _plan(seed=seed)
        plan.add(Fault(kind="html", probability=0.3))
        runs.append(_kinds(plan, *[_call()] * 1000))

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert 240 < runs[0].count("html") < 360


def test_down_strikes_no_single_call() -> None:
    """The port is closed instead; calls on it are not drawn for."""
    plan = _plan()
    plan.add(Fault(kind="down"))

    assert [None] == _kinds(plan, _call())
    assert ["down"] == [one["kind"] for one in plan.listing()]


def test_a_fault_can_be_taken_back() -> None:
    """One by its number, or all; an unknown number is an error."""
    plan = _plan()
    first, _second = plan.add(Fault(kind="html")), plan.add(Fault(kind="truncate"))

    plan.remove(first)
    assert ["truncate"] == _kinds(plan, _call())
    plan.clear()
    assert [None] == _kinds(plan, _call())
    with pytest.raises(UnknownFault):
        plan.remove(first)


def test_an_unknown_kind_names_the_known_ones() -> None:
    """The error lists what can be ordered, the platform's own faults included."""
    with pytest.raises(UnknownFault, match=r"cut_before_acting.*in_part"):
        _plan().add(Fault(kind="explode"))
