"""What is told of a dossier, and what is not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.pipeline.status_events import Change, EventDelivery, EventMessage, Origin, Told, kind_of, late
from hub.ports import Record
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, PlannedDelivery, Step
from schemas.event import DossierEvent, EventKind

T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DOSSIER = "H56.14-261122-0001"
SYNC, PROGRESS = "national_portal.dossier_sync", "national_portal.dossier_progress"


def read(change: Change, seq: int = 1) -> DossierEvent:
    """Read a change as its reader would."""
    return DossierEvent.model_validate_json(change.value("urn:x", seq))


def record(topic: str, offset: int) -> Record:
    """Build a record of partition 3."""
    return Record(topic, 3, offset, T0, DOSSIER.encode(), b"")


def command(message_id: str = "m1", operations: tuple[str, ...] = (SYNC,), **changes: Any) -> CommandHeader:
    """Build a command that owes one delivery per operation."""
    header = CommandHeader(
        kind="dossier",
        message_id=message_id,
        ordering_key=DOSSIER,
        sender_agency="H56.14",
        sender_system="mot-cua",
        revision=2,
        received_at=T0,
        key_id="k",
        deliveries=tuple(PlannedDelivery(operation=name, platform="national_portal") for name in operations),
    )
    return header.model_copy(update=changes)


def outcome(state: DeliveryState, message_id: str = "m1", operation: str = SYNC, **changes: Any) -> OutcomeHeader:
    """Build an outcome that ended a minute after T0."""
    header = OutcomeHeader(
        message_id=message_id,
        ordering_key=DOSSIER,
        operation=operation,
        platform="national_portal",
        part=0,
        key_id="",
        source_partition=3,
        source_offset=0,
        attempt=1,
        step=Step.SEND,
        state=state,
        outcome_class=OutcomeClass.UNKNOWN,
        code="0",
        started_at=T0,
        finished_at=T0 + timedelta(minutes=1),
    )
    return header.model_copy(update=changes)


def told(*states: DeliveryState, operations: tuple[str, ...] = (SYNC,)) -> list[EventKind]:
    """Return what is told of a message whose first delivery goes through these states, acceptance left out."""
    fold = Told()
    fold.command(record("hub.commands", 0), command(operations=operations))
    for offset, state in enumerate(states):
        fold.outcome(record("hub.outcomes", offset), outcome(state))
    return [change.kind for change in fold.changes][1:]


def test_an_acceptance_is_told_with_everything_a_reader_needs() -> None:
    """The event names dossier, agency, message, sender and where to look; attributes are those of CloudEvents 1.0."""
    fold = Told()
    fold.command(record("hub.commands", 41), command())

    assert {
        "specversion": "1.0",
        "id": "hub.commands/3/41/0",
        "source": "urn:lgsp:38",
        "type": "vn.lgsp.dossier.accepted.v1",
        "subject": DOSSIER,
        "time": "2026-11-22T01:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:vn:lgsp:schema:dossier-event:1",
        "partitionkey": DOSSIER,
        "agency": "H56.14",
        "seq": 7,
        "data": {
            "state": "accepted",
            "message_id": "m1",
            "kind": "dossier",
            "revision": 2,
            "sender_agency": "H56.14",
            "sender_system": "mot-cua",
            "follow": f"/v1/dossiers/{DOSSIER}/timeline",
        },
    } == json.loads(fold.changes[0].value("urn:lgsp:38", 7))


def test_an_outcome_is_told_with_its_delivery() -> None:
    """Platform, operation, part and code stand in the data; the time is the end of the try."""
    fold = Told()
    fold.command(record("hub.commands", 0), command(operations=(SYNC, PROGRESS)))
    fold.outcome(record("hub.outcomes", 9), outcome(DeliveryState.DEAD, code="-3"))
    event = read(fold.changes[1], 2)

    assert ("hub.outcomes/3/9/0", "vn.lgsp.dossier.dead.v1", T0 + timedelta(minutes=1)) == (
        event.id,
        event.type,
        event.time,
    )
    assert ("national_portal", SYNC, 0, "-3") == (
        event.data.platform,
        event.data.operation,
        event.data.part,
        event.data.code,
    )


def test_a_repeat_of_a_command_is_not_told() -> None:
    """A message is accepted once, however often it was appended."""
    fold = Told()
    fold.command(record("hub.commands", 0), command())
    fold.command(record("hub.commands", 1), command(reappended=True))

    assert ["hub.commands/3/0/0"] == [change.id for change in fold.changes]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([DeliveryState.PARKED, DeliveryState.PARKED], []),
        ([DeliveryState.WAITING, DeliveryState.IN_FLIGHT], []),
        ([DeliveryState.PARKED, DeliveryState.DELIVERED], [EventKind.DELIVERED]),
        ([DeliveryState.DELIVERED, DeliveryState.DELIVERED], [EventKind.DELIVERED]),
        ([DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.DELIVERED], [EventKind.DELIVERED]),
        ([DeliveryState.DEAD, DeliveryState.DEAD], [EventKind.DEAD]),
        ([DeliveryState.DEAD, DeliveryState.WAITING, DeliveryState.DEAD], [EventKind.DEAD, EventKind.DEAD]),
        ([DeliveryState.DEAD, DeliveryState.DELIVERED], [EventKind.DEAD, EventKind.DELIVERED]),
        ([DeliveryState.IN_DOUBT, DeliveryState.IN_DOUBT], [EventKind.IN_DOUBT]),
        ([DeliveryState.IN_DOUBT, DeliveryState.DELIVERED], [EventKind.IN_DOUBT, EventKind.DELIVERED]),
        ([DeliveryState.WITHDRAWN], [EventKind.WITHDRAWN]),
        ([DeliveryState.EXPIRED], [EventKind.EXPIRED]),
    ],
)
def test_changes_are_told_and_tries_are_not(states: list[DeliveryState], expected: list[EventKind]) -> None:
    """A state is told when the delivery enters it; delivered is told once and is the end."""
    assert expected == told(*states, operations=(SYNC, PROGRESS))


def test_completed_comes_with_the_last_delivery() -> None:
    """Once, after the last `delivered`, from the same record."""
    fold = Told()
    fold.command(record("hub.commands", 0), command(operations=(SYNC, PROGRESS)))
    for offset, operation in enumerate((SYNC, SYNC, PROGRESS, PROGRESS)):
        fold.outcome(record("hub.outcomes", offset), outcome(DeliveryState.DELIVERED, operation=operation))

    assert [
        ("hub.commands/3/0/0", EventKind.ACCEPTED),
        ("hub.outcomes/3/0/0", EventKind.DELIVERED),
        ("hub.outcomes/3/2/0", EventKind.DELIVERED),
        ("hub.outcomes/3/2/1", EventKind.COMPLETED),
    ] == [(change.id, change.kind) for change in fold.changes]


def test_doubt_that_the_hub_clears_by_itself_is_not_told() -> None:
    """In doubt is told when a person is needed."""
    assert None is kind_of(outcome(DeliveryState.IN_DOUBT, next_try_at=T0))
    assert EventKind.IN_DOUBT is kind_of(outcome(DeliveryState.IN_DOUBT))


def test_an_outcome_of_an_unknown_message_tells_nothing() -> None:
    """Without its command nobody knows whose it is."""
    fold = Told()
    fold.outcome(record("hub.outcomes", 0), outcome(DeliveryState.DELIVERED))

    assert ([], []) == (fold.changes, list(fold.deliveries))


MESSAGE = EventMessage("m1", DOSSIER, "H56.14", "mot-cua", 2, 3, 1, 0)


def test_late_is_told_once_and_only_while_waiting() -> None:
    """A delivery that was told late, or that waits no longer, is not late (again)."""
    change = late(MESSAGE, EventDelivery("m1", SYNC, 1), T0, T0 + timedelta(hours=2))

    assert change is not None
    event = read(change)
    assert (f"late/m1/{SYNC}/1", T0, T0 + timedelta(hours=2), 1) == (
        event.id,
        event.data.since,
        event.time,
        event.data.part,
    )
    assert None is late(MESSAGE, EventDelivery("m1", SYNC, 1, late=True), T0, T0)
    for settled in ("delivered", "dead", "withdrawn", "expired"):
        assert None is late(MESSAGE, EventDelivery("m1", SYNC, 1, told=settled), T0, T0)
    assert None is not late(MESSAGE, EventDelivery("m1", SYNC, 1, told="in_doubt"), T0, T0)


def test_an_id_says_where_the_event_came_from() -> None:
    """Which the ledger reads after a loss of the store."""
    assert Origin("hub.outcomes", 3, 42) == Origin.of("hub.outcomes/3/42/1")
    assert None is Origin.of(f"late/m1/{SYNC}/1")
    assert None is Origin.of("something else")


def test_kinds_and_types_match() -> None:
    """Every kind has a type of its own, and is found by it."""
    assert list(EventKind) == [EventKind.of(kind.type) for kind in EventKind]
    assert "vn.lgsp.dossier.in_doubt.v1" == EventKind.IN_DOUBT.type
    with pytest.raises(ValueError, match="lost"):
        EventKind.of("vn.lgsp.dossier.lost.v1")


def test_an_event_without_a_dossier_code_belongs_to_its_sender() -> None:
    """The agency is the dossier's, or the sender's where there is no dossier code."""
    other = late(MESSAGE._replace(ordering_key="x", sender_agency="H56.15"), EventDelivery("m1", SYNC, 0), T0, T0)

    assert other is not None
    assert "H56.15" == read(other).agency


def test_the_contract_refuses_what_is_no_event() -> None:
    """Number 0 does not exist, nor does an unknown field."""
    event = Told()
    event.command(record("hub.commands", 0), command())
    good = read(event.changes[0]).model_dump(mode="json")

    for bad in ({"seq": 0}, {"name": "Nguyễn Văn A"}, {"type": "vn.lgsp.person.v1"}):
        with pytest.raises(ValueError, match="validation error"):
            DossierEvent.model_validate({**good, **bad})


def test_a_ruling_is_not_told_and_what_it_leads_to_is() -> None:
    """A dead delivery that is replayed dies again, is replayed and arrives: told each time; completed comes once."""
    fold = Told()
    fold.command(record("hub.commands", 0), command(operations=(SYNC, PROGRESS)))
    fold.outcome(record("hub.outcomes", 0), outcome(DeliveryState.DELIVERED, operation=PROGRESS))
    fold.command(record("hub.commands", 1), command("r1", (), kind="ruling"))
    states = [DeliveryState.DEAD, DeliveryState.WAITING, DeliveryState.DEAD, DeliveryState.WAITING]
    for offset, state in enumerate([*states, DeliveryState.DELIVERED, DeliveryState.WAITING, DeliveryState.DELIVERED]):
        code = "hub.replayed" if state is DeliveryState.WAITING else "0"
        fold.outcome(record("hub.outcomes", offset + 1), outcome(state, code=code, ruling="r1"))
    fold.outcome(record("hub.outcomes", 9), outcome(DeliveryState.WITHDRAWN, "r1", ruling="r1"))

    assert ["accepted", "delivered", "dead", "dead", "delivered", "completed"] == [each.kind for each in fold.changes]
