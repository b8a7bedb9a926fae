"""Reconciliation over a real store, on both of its homes: differences are found by their causes, in good measure."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotSent, RefusedUs, ReplyUnreadable, StaleOwner, Unavailable
from hub.pipeline.reconciliation import Asker
from hub.ports import RunStep
from hub.reconciliation.nightly import Nightly
from hub.store.database import Database
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from schemas.audit import AuditEvent
from schemas.delivery import DeliveryState
from schemas.reconciliation import Follows, RunState, StopReason
from schemas.ruling import Verdict
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.fakes.reconciling import NAME, PLATFORM, Province, later
from tests.fakes.rest import submission

__all__ = ["postgres", "postgres_migrated"]


class ReconciliationContract:
    """Fixture: `province`, with nothing in it."""

    # --- causes ------------------------------------------------------------------------------------------------------

    async def test_what_is_there_is_no_difference(self, province: Province) -> None:
        """Each dossier costs one call, whatever the number of its states."""
        for number in (1, 2):
            await province.deliver(number)
            await province.deliver(number, 2, status="processing")

        run = await province.reconciled()

        assert (RunState.DONE, None, 2, 2, 2) == (run.state, run.reason, run.calls, run.compared, run.alike)
        assert ([], []) == (await province.told(), await province.rulings())
        assert [province.code(1), province.code(2)] == province.platform.asked

    async def test_a_lost_dossier_is_missing_and_is_sent_again(self, province: Province) -> None:
        """By a ruling under its ordering key, with the body of its newest delivered state."""
        await province.deliver(1, deliver_by="2026-11-22T09:00:00+07:00")
        message_id, body = await province.deliver(1, 2, status="processing")
        del province.platform.book[body.code]

        run = await province.reconciled()

        assert [(body.code, "missing", "resent")] == await province.told()
        [(header, sealed)] = await province.rulings()
        ruling = header.ruling
        assert ruling is not None
        assert (Verdict.RESEND, message_id, NAME, PLATFORM, 0, 1, 0) == (
            ruling.verdict,
            ruling.message_id,
            ruling.operation,
            ruling.platform,
            ruling.part,
            ruling.of,
            ruling.index,
        )
        assert ("hub/reconciliation", run.id, body.code, ()) == (
            ruling.by,
            ruling.order,
            header.ordering_key,
            header.deliveries,
        )
        assert body == sealed.submission

    async def test_what_is_sent_again_has_no_deadline_any_more(self, province: Province) -> None:
        """It had arrived in time once."""
        _, body = await province.deliver(1, deliver_by="2026-11-22T09:00:00+07:00")
        province.platform.book.clear()

        await province.reconciled()

        [(_, sealed)] = await province.rulings()
        assert body.model_copy(update={"deliver_by": None}) == sealed.submission

    @pytest.mark.parametrize("changes", [{"status": "processing"}, {"summary": "Đăng ký lại"}])
    async def test_an_earlier_state_is_older_and_the_newest_is_sent_again(
        self, province: Province, changes: dict[str, Any]
    ) -> None:
        """Whether the state itself or only the content went back."""
        _, first = await province.deliver(1)
        _, second = await province.deliver(1, 2, **changes)
        province.platform.book[first.code] = first

        await province.reconciled()

        assert [(first.code, "older", "resent")] == await province.told()
        assert [second] == [sealed.submission for _, sealed in await province.rulings()]

    async def test_a_state_that_was_never_sent_is_foreign(self, province: Province) -> None:
        """A person must look: to overwrite it could undo somebody's work."""
        _, body = await province.deliver(1)
        province.platform.book[body.code] = submission(code=body.code, status="finished")

        await province.reconciled()

        assert [(body.code, "foreign", "needs_person")] == await province.told()
        assert ["finished"] == [each.shown for each in await province.found()]
        assert [] == await province.rulings()

    async def test_other_content_names_the_fields_and_no_values(self, province: Province) -> None:
        """And is left to a person: platforms may write things in their own way."""
        _, body = await province.deliver(1)
        province.platform.book[body.code] = submission(code=body.code, summary="Khác")

        await province.reconciled()

        [found] = await province.found()
        assert ("different_content", "needs_person", ("summary",)) == (found.cause, found.follows, found.fields)
        assert "Khác" not in found.model_dump_json()

    async def test_an_unreadable_answer_is_not_comparable(self, province: Province) -> None:
        """And stops nothing."""
        await province.deliver(1)
        await province.deliver(2)
        province.platform.trouble = [ReplyUnreadable("no status")]

        run = await province.reconciled()

        assert [(province.code(1), "not_comparable", "needs_person")] == await province.told()
        assert (RunState.DONE, 2, 1) == (run.state, run.compared, run.alike)

    async def test_what_the_log_has_let_go_of_needs_a_person(self, province: Province) -> None:
        """That it is missing can still be told, by its code; what it should say cannot."""
        await province.deliver(1)
        await province.deliver(2)
        del province.platform.book[province.code(1)]
        province.log.starts = {("hub.commands", partition): 100 for partition in range(8)}

        await province.reconciled()

        assert [
            (province.code(1), "missing", "needs_person"),
            (province.code(2), "not_comparable", "needs_person"),
        ] == await province.told()

    async def test_a_corrected_body_is_what_counts(self, province: Province) -> None:
        """An operator corrected the message: that is what the platform has, and what is sent again."""
        message_id, body = await province.deliver(1)
        corrected = body.model_copy(update={"summary": "Đăng ký khai sinh, đã sửa"})
        await province.rule(1, message_id, corrected)
        province.platform.book[body.code] = corrected

        assert 1 == (await province.reconciled()).alike
        province.platform.book.clear()
        await province.reconciled("r-2")

        assert corrected == (await province.rulings())[-1][1].submission

    async def test_a_correction_that_was_never_obeyed_does_not_count(self, province: Province) -> None:
        """The ruling found nothing to do: the platform has what the sender said."""
        message_id, body = await province.deliver(1)
        corrected = body.model_copy(update={"summary": "Đăng ký khai sinh, đã sửa"})
        await province.rule(1, message_id, corrected, obeyed=False)

        assert 1 == (await province.reconciled()).alike

    # --- what is not a difference ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("state", ["waiting", "parked", "in_doubt", "dead"])
    async def test_what_is_owed_is_in_progress(self, province: Province, state: str) -> None:
        """The platform is not even asked."""
        await province.deliver(1, arrives=False)
        message_id, _ = await province.accept(1, 2)
        await province.outcome(1, message_id, state=DeliveryState(state))

        run = await province.reconciled()

        assert (0, 0, 1) == (run.calls, run.compared, run.in_progress)
        assert [] == await province.told()

    async def test_what_comes_while_the_platform_is_asked_is_no_difference(self, province: Province) -> None:
        """A new state of the dossier explains what the platform shows."""
        await province.deliver(1)
        province.platform.book.clear()
        province.platform.meanwhile = [lambda: province.accept(1, 2)]

        run = await province.reconciled()

        assert (1, 1, 0, 1) == (run.calls, run.compared, run.alike, run.in_progress)
        assert [] == await province.told()

    async def test_what_comes_before_it_is_sent_again_overtakes_it(self, province: Province) -> None:
        """No older state is ordered over a newer one."""
        await province.deliver(1)
        await province.deliver(2)
        province.platform.book.clear()
        asked = province.platform.asked

        async def renew() -> None:
            if len(asked) == 2:
                await province.deliver(1, 2)

        province.platform.meanwhile = [renew]
        await province.reconciled()

        assert [(province.code(1), "missing", "overtaken"), (province.code(2), "missing", "resent")] == (
            await province.told()
        )
        assert [province.code(2)] == [header.ordering_key for header, _ in await province.rulings()]

    async def test_only_what_was_received_in_time_is_compared(self, province: Province) -> None:
        """Nothing of the last minutes, nothing from before the day that was named."""
        await province.deliver(1)
        await province.order(since=later(province.clock.now(), 86400).date())
        await province.reconciler().look()
        province.clock._elapsed_s += 3600
        await province.deliver(2)
        province.clock._elapsed_s -= 3599
        run = await province.reconciled("r-2")

        assert (0, 1) == ((await province.store.runs(9))[1].compared, run.compared)
        assert [province.code(1)] == province.platform.asked

    async def test_one_dossier_is_compared_whenever_it_was_received(self, province: Province) -> None:
        """By either spelling of its code; however few there are, it is sent again."""
        await province.deliver(1)
        await province.deliver(2)
        province.platform.book.clear()

        run = await province.reconciled(dossier="000.00.14.H56-261122-0002")

        assert (1, [province.code(2)]) == (run.calls, province.platform.asked)
        assert [(province.code(2), "missing", "resent")] == await province.told()

    async def test_an_operator_of_an_agency_reconciles_its_dossiers_alone(self, province: Province) -> None:
        """Those of others are passed over without a call."""
        await province.deliver(1)
        await province.order(asker=Asker("H56.15/ho-tich", "H56.15"))
        await province.reconciler().look()

        run = await province.store.run("r-1")
        assert run is not None
        assert (RunState.DONE, 0, 0, []) == (run.state, run.calls, run.compared, province.platform.asked)

    async def test_a_dry_run_only_lists(self, province: Province) -> None:
        """What would be sent again is listed as such."""
        await province.deliver(1)
        province.platform.book.clear()

        await province.reconciled(dry_run=True)

        assert [(province.code(1), "missing", "to_resend")] == await province.told()
        assert [] == await province.rulings()

    # --- bounds ------------------------------------------------------------------------------------------------------

    async def test_it_does_not_ask_faster_than_it_may(self, province: Province) -> None:
        """Five calls at two a second take two seconds."""
        for number in range(5):
            await province.deliver(number)
        await province.order(calls_per_s=2.0)
        started_s = province.clock.monotonic()

        await province.reconciler().look()

        assert (5, 2.0) == (len(province.platform.asked), province.clock.monotonic() - started_s)

    async def test_it_does_not_ask_more_often_than_it_may_and_the_next_night_goes_on(self, province: Province) -> None:
        """What was found until then is sent again."""
        for number in range(5):
            await province.deliver(number)
        province.platform.book.clear()
        nightly = Nightly(province.store, [province.platform], province.policy(calls_max=3), province.clock)

        province.clock._elapsed_s += 3600
        for _ in range(3):
            await nightly.order()
            await nightly.order()
            await province.reconciler().look()
            province.clock._elapsed_s += 86400

        third, second, first = await province.store.runs(9)
        assert [3, 2, 3] == [each.calls for each in (first, second, third)]
        assert [StopReason.CALLS_USED_UP, None] == [first.reason, second.reason]
        assert [province.code(number) for number in (0, 1, 2, 3, 4, 0, 1, 2)] == province.platform.asked
        assert ("nightly-2026-11-22-portal.state", RunState.DONE, 3) == (
            first.id,
            first.state,
            first.differences[0].dossiers,
        )

    async def test_a_large_share_that_is_lacking_is_the_platforms_own_fault(self, province: Province) -> None:
        """Ten of forty: nothing is sent again, and an alarm is raised."""
        for number in range(40):
            await province.deliver(number)
        for number in range(10):
            del province.platform.book[province.code(number)]

        run = await province.reconciled(calls_per_s=100.0)

        assert (RunState.STOPPED, StopReason.TOO_MANY_LACKING, 40) == (run.state, run.reason, run.compared)
        assert [] == await province.rulings()
        assert 1 == province.metrics.registry.get_sample_value("hub_reconciliation_alarm", {"platform": PLATFORM})

    async def test_a_person_may_say_that_it_shall_be_sent_again(self, province: Province) -> None:
        """`resend_max` is that word, up to its number."""
        for number in range(11):
            await province.deliver(number)
        province.platform.book.clear()

        few = await province.reconciled("r-1", calls_per_s=100.0, resend_max=10)
        many = await province.reconciled("r-2", calls_per_s=100.0, resend_max=11)

        assert (RunState.STOPPED, StopReason.RESEND_MAX) == (few.state, few.reason)
        assert (RunState.DONE, 11) == (many.state, len(await province.rulings()))

    async def test_a_platform_that_answers_unknown_to_everything_is_soon_left_alone(self, province: Province) -> None:
        """After two hundred dossiers, not after all."""
        for number in range(230):
            await province.deliver(number, arrives=False)

        run = await province.reconciled(calls_per_s=100.0)

        assert (StopReason.TOO_MANY_LACKING, 200, []) == (run.reason, run.calls, await province.rulings())

    # --- failures ----------------------------------------------------------------------------------------------------

    async def test_a_platform_that_fails_for_a_moment_is_asked_again(self, province: Province) -> None:
        """Each try is a call."""
        await province.deliver(1)
        province.platform.trouble = [NotSent("refused"), RefusedUs("password")]

        run = await province.reconciled()

        assert (RunState.DONE, 3, 1, 1) == (run.state, run.calls, run.compared, run.alike)

    async def test_a_platform_that_keeps_failing_stops_the_run(self, province: Province) -> None:
        """Nothing is sent again to it."""
        await province.deliver(1)
        await province.deliver(2)
        province.platform.book.clear()
        await province.order()
        province.platform.meanwhile = [lambda: _break(province.platform.asked, province)]

        await province.reconciler().look()

        run = await province.store.run("r-1")
        assert run is not None
        assert (RunState.STOPPED, StopReason.PLATFORM_FAILS, 6, 1) == (run.state, run.reason, run.calls, run.compared)
        assert [(province.code(1), "missing", "to_resend")] == await province.told()
        assert [] == await province.rulings()

    async def test_nothing_is_asked_that_the_audit_does_not_hold(self, province: Province) -> None:
        """Asked and answered, with the dossier, the run and the account; nothing of the person."""
        await province.deliver(1)
        await province.reconciled()

        asked, answered = province.audit.records
        assert ("asked", "answered", "one") == (asked.event, answered.event, answered.result)
        assert (province.code(1), PLATFORM, "hub/reconciliation", "dossier.reconcile", "reconciliation", "") == (
            asked.dossier_code,
            asked.source,
            asked.officer,
            asked.service,
            asked.purpose,
            asked.subject,
        )

    async def test_an_audit_that_cannot_be_written_asks_nobody(self, province: Province) -> None:
        """The run waits, and goes on when it can."""
        await province.deliver(1)
        await province.order()
        province.audit.failing = {AuditEvent.ASKED: Unavailable("log")}
        with pytest.raises(Unavailable):
            await province.reconciler().look()
        assert [] == province.platform.asked

        province.audit.failing = {}
        await province.reconciler("another").look()

        run = await province.store.run("r-1")
        assert run is not None
        assert (RunState.DONE, 1) == (run.state, run.alike)

    @pytest.mark.parametrize("at", range(6))
    async def test_a_crash_at_any_moment_loses_and_doubles_nothing(self, province: Province, at: int) -> None:
        """Whoever goes on asks about one dossier twice at most; a ruling keeps its id."""
        for number in range(4):
            await province.deliver(number)
        for number in (1, 2):
            del province.platform.book[province.code(number)]
        await province.order()
        province.log.after = []
        calls = 0

        async def die() -> None:
            nonlocal calls
            calls += 1
            if calls == at + 1:
                raise _Crash

        if at < 4:
            province.platform.meanwhile = [die]
        else:
            appends = province.log.append

            async def dying(topic: str, key: bytes, value: bytes) -> object:
                place = await appends(topic, key, value)
                if len(await province.rulings()) == at - 3:
                    raise _Crash
                return place

            setattr(province.log, "append", dying)  # noqa: B010 - a process that dies after an append
        with pytest.raises(_Crash):
            await province.reconciler().look()
        province.platform.meanwhile = []
        if at >= 4:
            setattr(province.log, "append", appends)  # noqa: B010 - see above

        assert await province.reconciler().look()

        run = await province.store.run("r-1")
        assert run is not None
        assert (RunState.DONE, 4, 2) == (run.state, run.compared, run.alike)
        assert ["resent", "resent"] == [follows for _, _, follows in await province.told()]
        ids = [header.message_id for header, _ in await province.rulings()]
        assert 2 == len(set(ids))
        assert len(ids) <= 3
        assert len(province.platform.asked) <= 5

    async def test_two_processes_never_work_on_runs_at_once(self, province: Province) -> None:
        """The second one finds nothing to do until the first one is done, or silent for two minutes."""
        await province.deliver(1)
        await province.order("r-1")
        await province.order("r-2")
        first = await province.store.claim("one", province.clock.now(), later(province.clock.now(), 120))
        assert first is not None

        assert not await province.reconciler("two").look()
        province.clock._elapsed_s += 121
        assert await province.reconciler("two").look()
        with pytest.raises(StaleOwner):
            await province.store.step("r-1", "one", province.clock.now(), RunStep(after="x"))

    async def test_a_claim_of_a_clock_that_ran_ahead_does_not_bind(self, province: Province) -> None:
        """A process whose clock was a day ahead, and which was killed, does not hold the run until tomorrow."""
        await province.deliver(1)
        await province.order("r-1")
        ahead = later(province.clock.now(), 86_400)
        assert await province.store.claim("ahead", ahead, later(ahead, 120)) is not None
        now = province.clock.now()
        assert await province.store.claim("right", now, later(now, 120)) is not None
        assert await province.store.claim("third", now, later(now, 120)) is None

    async def test_a_process_that_stops_lets_go_of_its_run(self, province: Province) -> None:
        """Another one goes on at once."""
        await province.deliver(1)
        await province.order()
        asked, never = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            asked.set()
            await never.wait()

        province.platform.meanwhile = [hang]
        working = asyncio.create_task(province.reconciler("one").look())
        await asked.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        province.platform.meanwhile = []

        assert await province.reconciler("two").look()

    # --- what is told ------------------------------------------------------------------------------------------------

    async def test_pages_and_counts(self, province: Province) -> None:
        """By dossier code, each page behind the one before; counted by cause."""
        for number in range(3):
            await province.deliver(number)
        province.platform.book = {province.code(1): submission(code=province.code(1), status="finished")}

        run = await province.reconciled()

        assert [("missing", "resent", 2), ("foreign", "needs_person", 1)] == [
            (each.cause, each.follows, each.dossiers) for each in run.differences
        ]
        pages = [await province.store.differences("r-1", after, 2) for after in ("", province.code(1))]
        assert [[province.code(0), province.code(1)], [province.code(2)]] == [
            [each.dossier_code for each in page] for page in pages
        ]
        assert 2 == province.metrics.registry.get_sample_value(
            "hub_reconciliation_differences", {"platform": PLATFORM, "cause": "missing"}
        )
        assert 0 == province.metrics.registry.get_sample_value("hub_reconciliation_alarm", {"platform": PLATFORM})

    async def test_an_order_that_is_repeated_changes_nothing(self, province: Province) -> None:
        """The run that is there is answered."""
        await province.deliver(1)
        province.platform.book.clear()
        await province.reconciled(dry_run=True)

        again = await province.order(dry_run=False)

        assert (RunState.DONE, True) == (again.state, again.dry_run)
        assert Follows.TO_RESEND is again.differences[0].follows


class TestReconciliationSqlite(ReconciliationContract):
    """On SQLite."""

    @pytest.fixture
    async def province(self, tmp_path: Path) -> AsyncIterator[Province]:
        """A fresh store."""
        database: Database = await SqliteDatabase.open(tmp_path / "store.db", STORE)
        yield Province(database)
        await database.aclose()


class TestReconciliationPostgres(ReconciliationContract):
    """On PostgreSQL."""

    @pytest.fixture
    async def province(self, postgres_migrated: str) -> AsyncIterator[Province]:
        """An empty store."""
        database = await emptied(postgres_migrated, STORE)
        yield Province(database)
        await database.aclose()


class _Crash(BaseException):
    """The process dies here."""


async def _break(asked: list[str], province: Province) -> None:
    """Fail from the second dossier on."""
    if len(asked) > 1:
        province.platform.trouble = [NotSent("refused")]
