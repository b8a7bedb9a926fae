"""The ledger as a fold: lines and counts follow from the records alone."""

from datetime import UTC, datetime
from typing import Any

from hub.store.ledger import Ledger, LedgerLine
from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader
from tests.contracts.store_suite import PORTAL, PROGRESS, SYNC, T0, command, outcome


def header_of(message_id: str = "m1") -> CommandHeader:
    """Return the header of a command with one delivery."""
    header = command(0, message_id).command
    assert header is not None
    return header


def outcome_of(offset: int = 0, **changes: object) -> OutcomeHeader:
    """Return the header of an outcome."""
    header = outcome(offset).outcome
    assert header is not None
    return header.model_copy(update=changes)


def line(**changes: Any) -> LedgerLine:
    """Return a stored line."""
    stored = LedgerLine("m1", SYNC, 0, 1, 0, PORTAL, "parked", 2, "504", T0, True, 3, 40)  # noqa: FBT003 - a column
    return stored._replace(**changes)


def test_plan() -> None:
    """A planned delivery waits, where its command lies."""
    ledger = Ledger([])
    ledger.plan(header_of(), 3, 40)

    assert [line(state="waiting", attempts=0, code="", next_try_at=None, possibly_doubled=False)] == ledger.changed
    assert {(PORTAL, "waiting"): 1} == ledger.differences


def test_note_moves_the_counts() -> None:
    """An outcome takes the delivery out of one count and into another."""
    ledger = Ledger([line()])
    ledger.note(outcome_of(state=DeliveryState.DELIVERED, attempt=3, source_partition=3, source_offset=40))

    assert [line(state="delivered", attempts=3, code="0", next_try_at=None)] == ledger.changed
    assert {(PORTAL, "parked"): -1, (PORTAL, "delivered"): 1, (PORTAL, "possibly_doubled"): 0} == ledger.differences


def test_possibly_doubled_sticks() -> None:
    """What may have doubled once may have doubled for ever, and counts once."""
    ledger = Ledger([])
    for offset, doubled in enumerate((False, True, False, True)):
        ledger.note(outcome_of(offset, possibly_doubled=doubled))

    assert [True] == [changed.possibly_doubled for changed in ledger.changed]
    assert 1 == ledger.differences[PORTAL, "possibly_doubled"]


def test_nothing_changes_the_first_plan() -> None:
    """A message that is appended again keeps its deliveries and moves up in the log."""
    ledger = Ledger([line()])
    planned = header_of().deliveries[0]
    again = header_of().model_copy(update={"deliveries": (planned, planned.model_copy(update={"operation": PROGRESS}))})
    ledger.plan_again(again, 77)

    assert [line(source_offset=77)] == ledger.changed
    assert not any(ledger.differences.values())


def test_untouched_lines_stay() -> None:
    """Lines that no record of the batch names are not written."""
    ledger = Ledger([line(), line(operation=PROGRESS)])
    ledger.note(outcome_of(operation=PROGRESS))

    assert [PROGRESS] == [changed.operation for changed in ledger.changed]


def test_times_are_kept() -> None:
    """The next try is the one that the last outcome names."""
    due = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    ledger = Ledger([line()])
    ledger.note(outcome_of(state=DeliveryState.PARKED, next_try_at=due))

    assert [due] == [changed.next_try_at for changed in ledger.changed]
