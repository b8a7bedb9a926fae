"""Quotas at the door: who comes too often hears when to come again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from hub.access import CallerQuota, Principal
from hub.errors import NotSent, Overloaded, Rationed
from hub.ingress.rations import Rations
from hub.pipeline.windows import Closures, Dated
from schemas.agency import AgencyCode
from tests.clock import ManualClock

ONE, OTHER = (Principal(AgencyCode.parse("H56.14"), name) for name in ("mot-cua", "ho-tich"))
NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


async def test_a_rate_holds_for_its_system_alone() -> None:
    """Two a second with a burst of two: the third comes too early, another system does not notice."""
    clock = ManualClock()
    rations = Rations(clock, {ONE: CallerQuota(requests_per_s=2, burst=2)})
    rations.admit(ONE)
    await clock.advance(1.0)
    rations.admit(ONE)
    rations.admit(ONE)
    with pytest.raises(Rationed) as refused:
        rations.admit(ONE)
    rations.admit(OTHER)

    assert ("caller.quota", 1, True) == (refused.value.problem_code, refused.value.retry_after_s, Rationed.retriable)
    await clock.advance(0.5)
    rations.admit(ONE)


async def test_lookups_of_a_day_end_at_midnight_in_vietnam() -> None:
    """What the audit knows counts, from other processes and from before a restart; the wait is that to midnight."""
    clock, asked = ManualClock(NOON), []

    async def since(moment: datetime) -> Mapping[Principal, int]:
        asked.append(moment)
        return {ONE: 3} if moment.day == NOON.day or moment < NOON else {}

    rations = Rations(clock, {ONE: CallerQuota(lookups_per_day=5)}, lookups_since=since)
    for _ in range(2):
        await rations.admit_lookup(ONE)
    with pytest.raises(Rationed) as refused:
        await rations.admit_lookup(ONE)
    assert 12 * 3600 == refused.value.retry_after_s
    assert [datetime(2026, 11, 21, 17, 0, tzinfo=UTC)] == asked

    await clock.advance(12 * 3600)
    await rations.admit_lookup(ONE)


async def test_the_source_is_rationed_whoever_asks() -> None:
    """Its day and its rate are the hub's to keep: 503, not the caller's fault."""
    clock = ManualClock(NOON)
    by_day = Rations(clock, {}, source_per_day=1)
    await by_day.admit_lookup(ONE)
    with pytest.raises(Overloaded):
        await by_day.admit_lookup(OTHER)

    by_rate = Rations(clock, {}, source_per_s=(0.5, 1))
    await by_rate.admit_lookup(ONE)
    with pytest.raises(Overloaded) as refused:
        await by_rate.admit_lookup(OTHER)
    assert 2 == refused.value.retry_after_s


async def test_nobody_asks_a_source_during_its_maintenance() -> None:
    """Nothing is sent, and nothing is counted."""
    clock = ManualClock(NOON)
    closures = Closures(dated=[Dated(NOON, NOON + timedelta(hours=1))])
    rations = Rations(clock, {}, source_per_day=1, source_closures=closures)
    with pytest.raises(NotSent):
        await rations.admit_lookup(ONE)

    await clock.advance(3600)
    await rations.admit_lookup(ONE)


async def test_calls_that_no_audit_knows_of_stay_counted() -> None:
    """One lookup of two calls uses a day of two up, also when the audit was asked anew a minute later."""
    clock = ManualClock(NOON)

    async def since(_moment: datetime) -> Mapping[Principal, int]:
        return {ONE: 1} if clock.monotonic() else {}

    rations = Rations(clock, {}, source_per_day=2, lookups_since=since)
    await rations.admit_lookup(ONE)
    rations.admit_again()
    with pytest.raises(Overloaded):
        rations.admit_again()
    await clock.advance(60)
    with pytest.raises(Overloaded):
        await rations.admit_lookup(ONE)


async def test_nobody_asks_again_in_a_window() -> None:
    """A lookup may have passed before it began; its second call may not."""
    clock = ManualClock(NOON)
    closures = Closures(dated=[Dated(NOON, NOON + timedelta(hours=1))])
    with pytest.raises(NotSent):
        Rations(clock, {}, source_closures=closures).admit_again()
