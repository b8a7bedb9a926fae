"""Letters on every store: what waits for a person is listed in order, and read only behind an audit record."""

from typing import Any

import pytest

from hub.errors import Forbidden, Invalid, NotFound, Unavailable
from hub.sealing import digest
from hub.store.database import Database
from schemas.audit import AuditEvent, AuditRecord
from schemas.dead_letter import DeadLetters, DeliveryFilter, LetterState, LetterStory
from schemas.delivery import DeliveryState
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.fakes.desk_room import (
    CENTRE,
    JUSTICE,
    NOBODY,
    PROGRESS,
    PROVINCE,
    SUBJECT_KEY,
    Room,
    delivery,
    message_id,
)

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

STEP = {
    "officer": "Trần Thị B",
    "position": "Chuyên viên",
    "unit": "Bộ phận một cửa",
    "at": "2026-11-22T07:56:00+07:00",
    "content": "Tiếp nhận hồ sơ",
    "status": "accepted",
    "started_at": "2026-11-22T07:55:00+07:00",
}


@pytest.fixture
def room(database: Database) -> Room:
    """A desk over an empty store of either kind."""
    return Room(database)


async def _page(room: Room, by: Any = PROVINCE, after: str | None = None, most: int = 50, **wanted: Any) -> DeadLetters:
    state = wanted.pop("state", None)
    return await room.letters.page(by, state, DeliveryFilter(**wanted), after, most)


def _numbers(found: DeadLetters) -> list[int]:
    return [int(letter.message_id[-12:]) for letter in found.letters]


async def _story(room: Room, number: int, by: Any = PROVINCE) -> LetterStory:
    return await room.letters.story(by, delivery(number), officer="vh01", purpose="dead-letter", request_id="r1")


async def test_what_waits_for_a_person_is_listed_oldest_first(room: Room) -> None:
    """Dead ones, and those in doubt without a next try; what is delivered, or is tried by itself, is not."""
    for number in (3, 1, 2, 4, 5):
        await room.accept(number)
    for number, state in ((3, "dead"), (1, "dead"), (2, "in_doubt"), (4, "delivered")):
        await room.outcome(number, DeliveryState(state))

    assert [1, 2, 3] == _numbers(await _page(room))
    assert [1, 3] == _numbers(await _page(room, state=LetterState.DEAD))
    assert [2] == _numbers(await _page(room, state=LetterState.IN_DOUBT))


async def test_pages_follow_each_other_without_a_gap(room: Room) -> None:
    """Each page begins behind the last letter of the one before; the last one says that there are no more."""
    for number in range(1, 6):
        await room.dead(number)
    seen, after = [], None
    for _ in range(3):
        page = await _page(room, after=after, most=2)
        seen.append(_numbers(page))
        after = page.next

    assert ([[1, 2], [3, 4], [5]], None) == (seen, after)


async def test_filters_narrow_the_list(room: Room) -> None:
    """By code, agency with those below it, dossier in either spelling, operation, platform and age."""
    await room.dead(1, code="-1")
    await room.dead(2, code="-7", agency="H56.15")
    await room.accept(3, progress=[STEP])
    await room.outcome(3, DeliveryState.DEAD, operation=PROGRESS, code="-9")
    received = room.clock.now()

    assert [2] == _numbers(await _page(room, code="-7"))
    assert [2] == _numbers(await _page(room, agency="000.00.15.H56"))
    assert [1, 2, 3] == _numbers(await _page(room, agency="H56"))
    assert [1] == _numbers(await _page(room, dossier="000.00.14.H56-261122-0001"))
    assert [3] == _numbers(await _page(room, operation=PROGRESS))
    assert [] == _numbers(await _page(room, platform="emc"))
    second = received.replace(second=2)
    assert [1] == _numbers(await _page(room, accepted_before=second))
    assert [2, 3] == _numbers(await _page(room, accepted_from=second))


async def test_letters_of_other_agencies_are_not_there(room: Room) -> None:
    """Neither in the list, whatever the filter says, nor by name: unknown and foreign look alike."""
    await room.dead(1, agency="H56.15")

    assert [] == _numbers(await _page(room, CENTRE)) == _numbers(await _page(room, CENTRE, agency="H56.15"))
    assert [1] == _numbers(await _page(room, JUSTICE))
    for number in (1, 2):
        with pytest.raises(NotFound, match="no such delivery of this agency"):
            await _story(room, number, CENTRE)
    assert [] == room.audit.records


async def test_who_has_no_grant_gets_nothing(room: Room) -> None:
    """Neither the list nor a letter."""
    await room.dead(1)
    with pytest.raises(Forbidden):
        await _page(room, NOBODY)
    with pytest.raises(Forbidden):
        await _story(room, 1, NOBODY)


@pytest.mark.parametrize("after", ["", "x", "a~b", "a~b~c", "a~b~1~", "'; DROP--~x~0", "a~b~123456"])
async def test_a_wrong_cursor_is_refused(room: Room, after: str) -> None:
    """And the answer names the field."""
    with pytest.raises(Invalid, match="after: pattern"):
        await _page(room, after=after)


async def test_a_letter_tells_everything(room: Room) -> None:
    """Origin, place, tries, the platform's words, and the body as its sender stated it."""
    await room.dead(1, said="Trường SoDienThoai: dài quá 50 ký tự", summary="Đăng ký")

    story = await _story(room, 1)

    assert ("H56.14", "mot-cua", "dead", 1) == (
        story.letter.agency,
        story.letter.system,
        story.letter.state,
        story.letter.attempts,
    )
    assert "Trường SoDienThoai: dài quá 50 ký tự" == story.reason
    assert [(1, "-1", DeliveryState.DEAD)] == [(hop.attempt, hop.code, hop.state) for hop in story.attempts]
    assert story.body is not None
    assert ("Đăng ký", "H56.14-261122-0001") == (story.body["summary"], story.body["code"])
    assert 0 == story.offset


async def test_reading_is_audited_before_it_is_answered(room: Room) -> None:
    """Who, for what, about which dossier, and a digest of the person; without the audit nothing is told."""
    await room.dead(1)
    await _story(room, 1)

    (record,) = room.audit.records
    expected = AuditRecord.model_validate(
        {
            "event": record.event,
            "request_id": "r1",
            "at": record.at,
            "agency": "H56",
            "system": "van-hanh",
            "officer": "vh01",
            "service": "delivery.operate",
            "purpose": "dead-letter",
            "procedure": "1.001193",
            "dossier_code": "H56.14-261122-0001",
            "subject": digest(SUBJECT_KEY, "subject", "001000000001").hex(),
            "source": "hub",
            "result": "disclosed",
        }
    )
    assert (expected, "answered") == (record, record.event)
    room.audit.failing[AuditEvent.ANSWERED] = Unavailable("audit")
    with pytest.raises(Unavailable):
        await _story(room, 1)


async def test_a_body_that_cannot_be_opened_is_left_out(room: Room) -> None:
    """When the log has let the record go, all else is still told."""
    await room.dead(1)
    found = await _story(room, 1)
    room.log.starts["hub.commands", found.partition] = 1

    story = await _story(room, 1)

    assert (None, message_id(1), "dead") == (story.body, story.letter.message_id, story.letter.state)


async def test_decisions_are_told_with_who_and_why(room: Room) -> None:
    """Each with its order, the officer, the reason, the fields that it changed, and the body from there on."""
    await room.dead(1)
    await room.dead(2)
    one = {"delivery": {"message_id": message_id(1), "operation": "national_portal.dossier_sync"}}
    first = await room.place(select=one, correction={"summary": "Một", "applicant": {"phone": "0912345678"}})
    await room.work(2)
    await room.park(1, summary="Một")
    second = await room.place(key="k2", select=one, reason="lần nữa", correction={"processing_unit": "Đơn vị"})
    await room.work(2)

    rulings = (await _story(room, 1)).rulings

    assert [first.id, second.id] == [ruling.order for ruling in rulings]
    assert [("replay", "H56/van-hanh", None, "vh01")] * 2 == [
        (ruling.verdict, ruling.by, ruling.approved_by, ruling.officer) for ruling in rulings
    ]
    assert ["đã kiểm tra", "lần nữa"] == [ruling.reason for ruling in rulings]
    assert ("applicant.phone", "summary") == rulings[0].fields
    assert "processing_unit" in rulings[1].fields
    assert ["Một", "Một"] == [(ruling.body or {})["summary"] for ruling in rulings]
    assert () == (await _story(room, 2)).rulings
