"""The source of lookups is asked again while there is time, within its quota, its windows and its circuit."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from hub.access import CallerQuota
from hub.errors import HubError, NotSent, Overloaded, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from hub.ingress.patient_source import Manners, PatientSource
from hub.ingress.rations import Rations
from hub.pipeline.persistence import Persistence
from hub.pipeline.windows import Closures, Dated
from hub.telemetry import Metrics
from schemas.citizen import Citizen, CitizenQuery
from tests.clock import ManualClock
from tests.fakes.citizens import CITIZEN, MemoryCitizens
from tests.fakes.rest import PRINCIPAL, House, query_json

QUERY = CitizenQuery.model_validate_json(query_json())
CUT = ReplyLost("ServerDisconnectedError")
DOWN = NotSent("ClientConnectorError")
PATIENT = Manners(persistence=Persistence())


class Stage:
    """A source, its caller, and a clock that stands still until a test moves it. Jitter is half."""

    def __init__(
        self,
        *faults: PlatformFault,
        manners: Manners = PATIENT,
        deadline_s: float = 30.0,
        admit_again: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock, self.citizens, self.metrics = ManualClock(), MemoryCitizens(), Metrics()
        self.citizens.faults = list(faults)
        self.source = PatientSource(
            self.citizens,
            self.clock,
            self.metrics,
            manners=manners,
            deadline_s=deadline_s,
            admit_again=admit_again,
            jitter=lambda: 0.5,
        )

    async def ask(self, for_s: float = 30.0) -> tuple[Sequence[Citizen] | HubError, float]:
        """Look the person up; return the answer or the error, and the virtual time it took."""
        began_s = self.clock.monotonic()
        ended: list[float] = []
        asking = asyncio.create_task(self.source.lookup(QUERY, "id"))
        asking.add_done_callback(lambda _: ended.append(self.clock.monotonic()))
        await self.clock.advance(for_s)
        assert asking.done()
        try:
            return asking.result(), round(ended[0] - began_s, 6)
        except HubError as error:
            return error, round(ended[0] - began_s, 6)

    @property
    def ids(self) -> list[str]:
        """Return the ids under which the source was called."""
        return [request_id for _, request_id in self.citizens.asked]


async def test_a_cut_connection_is_tried_again() -> None:
    """The answer comes after a wait of 0.02 + 0.5 * 0.18 s, under another id: the platform wants one per call."""
    stage = Stage(CUT)
    assert ((CITIZEN,), 0.11) == await stage.ask()
    assert ["id", "id-2"] == stage.ids


async def test_the_last_error_is_told_when_all_tries_fail() -> None:
    """Three calls, waits of 0.11 and 0.02 + 0.5 * 0.38 s, and not a fourth one."""
    stage = Stage(CUT, CUT, DOWN)
    assert (DOWN, 0.32) == await stage.ask()
    assert 3 == len(stage.ids)


@pytest.mark.parametrize("fault", [RefusedUs("HTTP 401"), ReplyUnreadable("not XML"), PlatformFault("no")])
async def test_what_does_not_pass_is_told_at_once(fault: PlatformFault) -> None:
    """One call, no wait."""
    stage = Stage(fault)
    assert (fault, 0.0) == await stage.ask()
    assert ["id"] == stage.ids


async def test_one_try_is_one_call() -> None:
    """`attempts_max: 1` switches it off."""
    stage = Stage(CUT, manners=Manners(persistence=Persistence(attempts_max=1)))
    assert (CUT, 0.0) == await stage.ask()


async def test_nobody_waits_past_the_deadline() -> None:
    """0.6 s in all: a second try would have 0.49 s, less than half a second, and is not begun."""
    stage = Stage(CUT, deadline_s=0.6)
    assert (CUT, 0.0) == await stage.ask()


async def test_tries_share_one_deadline() -> None:
    """The second call fails at 5 s of 5.3: what is left is too little for a third one."""
    stage = Stage(CUT, deadline_s=5.3)
    slow = stage.citizens.lookup

    async def lookup(query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        if request_id != "id":
            await stage.clock.sleep(4.89)
            raise DOWN
        return await slow(query, request_id)

    stage.citizens.lookup = lookup  # type: ignore[method-assign]  # one call of a fake
    assert (DOWN, 5.0) == await stage.ask()


async def test_a_short_retry_after_is_waited_for() -> None:
    """One second is asked for and given; then the one probe gets through."""
    stage = Stage(NotSent("HTTP 503", retry_after_s=1))
    assert ((CITIZEN,), 1.0) == await stage.ask()


async def test_a_long_retry_after_ends_the_lookup_and_holds_for_the_next() -> None:
    """A minute is asked for: nobody calls within it, and afterwards the first one does."""
    busy = NotSent("HTTP 503", retry_after_s=60)
    stage = Stage(busy)
    assert (busy, 0.0) == await stage.ask(for_s=59.0)
    with pytest.raises(NotSent):
        stage.source.require_way()
    assert ["id"] == stage.ids

    await stage.clock.advance(1.0)
    stage.source.require_way()
    assert ((CITIZEN,), 0.0) == await stage.ask()


async def test_a_retry_after_has_a_bound() -> None:
    """Who asks for a day is left alone for `retry_after_max_s`."""
    stage = Stage(NotSent("HTTP 503", retry_after_s=86400), manners=Manners(quiet_max_s=10.0))
    await stage.ask(for_s=10.0)
    stage.source.require_way()


async def test_an_open_circuit_ends_the_tries() -> None:
    """Five failures in a row open it: the second lookup is over after its second call, the third makes none."""
    stage = Stage(*[DOWN] * 20)
    await stage.ask(for_s=0.5)
    outcome, _ = await stage.ask(for_s=0.4)
    assert (DOWN, ["id", "id-2", "id-3", "id", "id-2"]) == (outcome, stage.ids)
    with pytest.raises(NotSent):
        stage.source.require_way()
    assert "circuit of the source" == str((await stage.ask(for_s=0.0))[0])
    assert 5 == len(stage.ids)


async def test_one_probe_closes_the_circuit() -> None:
    """After a second one asks and the others do not; with its answer everybody may."""
    stage = Stage(*[DOWN] * 5)
    await stage.ask(for_s=0.5)
    await stage.ask(for_s=2.0)
    gate = stage.citizens.delay_s = 0.01
    probing = asyncio.create_task(stage.source.lookup(QUERY, "probe"))
    await asyncio.sleep(0)
    with pytest.raises(NotSent):
        stage.source.require_way()
    await asyncio.sleep(3 * gate)
    assert (CITIZEN,) == await probing
    stage.source.require_way()
    page = stage.metrics.render()[0].decode()
    assert 'hub_circuit_open{platform="population"} 0.0' in page
    assert 'hub_lookup_tries_total{outcome_class="unavailable",platform="population"} 5.0' in page
    assert 'hub_lookup_tries_total{outcome_class="answered",platform="population"} 1.0' in page


async def test_a_probe_that_is_called_off_leaves_the_way_to_the_next() -> None:
    """Cancellation passes through all tries, and the circuit waits for nobody."""
    stage = Stage(*[DOWN] * 5)
    await stage.ask(for_s=0.5)
    await stage.ask(for_s=2.0)
    stage.citizens.delay_s = 30.0
    probing = asyncio.create_task(stage.source.lookup(QUERY, "probe"))
    await asyncio.sleep(0)
    probing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probing
    stage.source.require_way()


async def test_refusals_open_no_circuit() -> None:
    """A platform that refuses the hub's account is there: each caller hears the reason itself."""
    refusal = RefusedUs("HTTP 401")
    stage = Stage(*[refusal] * 10)
    assert {refusal} == {(await stage.ask())[0] for _ in range(10)}


async def test_a_source_without_a_call_left_is_not_asked_again() -> None:
    """What the first call came to stands; that the second was not admitted is the hub's business."""

    def refuse() -> None:
        raise Overloaded("lookups of the source per day")

    stage = Stage(CUT, admit_again=refuse)
    assert (CUT, 0.11) == await stage.ask()
    assert ["id"] == stage.ids


async def test_each_try_is_a_call_of_the_sources_quota() -> None:
    """Three calls a day: a lookup of two and one of one use them up; the caller's own three lookups are not."""
    clock = ManualClock()
    rations = Rations(clock, {PRINCIPAL: CallerQuota(lookups_per_day=3)}, source_per_day=3)
    house = House(clock=clock, manners=PATIENT, rations=rations)
    house.citizens.faults = [CUT]
    asking = asyncio.create_task(house.lookup.ask(PRINCIPAL, QUERY))
    await clock.advance(1.0)
    assert "one" == (await asking).match
    assert "one" == (await house.lookup.ask(PRINCIPAL, QUERY)).match
    with pytest.raises(Overloaded):
        await house.lookup.ask(PRINCIPAL, QUERY)
    assert 3 == len(house.citizens.asked)


async def test_a_window_that_begins_meanwhile_ends_the_tries() -> None:
    """Maintenance begins 0.05 s from now; the second try would be in it."""
    clock = ManualClock()
    begins = clock.now() + timedelta(seconds=0.05)
    rations = Rations(clock, {}, source_closures=Closures(dated=[Dated(begins, begins + timedelta(hours=1))]))
    house = House(clock=clock, manners=PATIENT, rations=rations)
    house.citizens.faults = [CUT]
    asking = asyncio.create_task(house.lookup.ask(PRINCIPAL, QUERY))
    await clock.advance(1.0)
    with pytest.raises(ReplyLost):
        await asking
    assert 1 == len(house.citizens.asked)


async def test_one_lookup_is_one_question_in_the_audit() -> None:
    """`asked` and `answered` once, with the whole duration, waits included."""
    clock = ManualClock()
    house = House(clock=clock, manners=PATIENT)
    house.citizens.faults = [CUT, DOWN]
    asking = asyncio.create_task(house.lookup.ask(PRINCIPAL, QUERY))
    await clock.advance(1.0)
    answer = await asking
    assert [("asked", "", 0), ("answered", "one", 320)] == [
        (record.event, record.result, record.duration_ms) for record in house.audit.records
    ]
    assert [f"{answer.request_id}{again}" for again in ("", "-2", "-3")] == [each for _, each in house.citizens.asked]


async def test_an_open_circuit_is_told_before_anything_is_written() -> None:
    """Nobody's data was asked for, so the audit stays silent, and no quota is used."""
    house = House(manners=Manners())
    house.citizens.fault = DOWN
    for _ in range(5):
        with pytest.raises(NotSent):
            await house.lookup.ask(PRINCIPAL, QUERY)
    written = len(house.audit.records)
    with pytest.raises(NotSent):
        await house.lookup.ask(PRINCIPAL, QUERY)
    assert (10, 10, 5) == (written, len(house.audit.records), len(house.citizens.asked))
