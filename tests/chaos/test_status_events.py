"""The judge of status events finds what is wrong."""

from typing import Any

from tests.chaos.status_events import judge_events


def _event(
    seq: int, state: str = "delivered", message: str = "m1", subject: str = "H56", id_: str = ""
) -> dict[str, Any]:
    return {
        "subject": subject,
        "seq": seq,
        "id": id_ or f"{subject}/{seq}",
        "data": {"message_id": message, "state": state},
    }


WHOLE = [_event(1, "accepted"), _event(2), _event(3, "completed")]
KNOWN = {("H56", 1): "m1"}


def test_a_whole_story_has_no_flaw() -> None:
    """A repeat that keeps id and number is none either."""
    assert [] == list(judge_events([*WHOLE, WHOLE[1], WHOLE[2]], KNOWN))


def test_a_gap_is_found() -> None:
    """Number 2 is missing."""
    assert ["H56: event 3 comes after 1"] == list(judge_events([WHOLE[0], WHOLE[2]], KNOWN))


def test_an_exchange_is_found() -> None:
    """3 before 2."""
    assert ["H56: event 3 comes after 1"] == list(judge_events([WHOLE[0], WHOLE[2], WHOLE[1]], KNOWN))


def test_two_events_under_one_number_are_found() -> None:
    """The second 2 has another id."""
    assert ["H56: two events have number 2"] == list(judge_events([*WHOLE, _event(2, id_="other")], KNOWN))


def test_one_event_under_two_numbers_is_found() -> None:
    """A repeat must keep its number."""
    assert ["H56: one event has two numbers"] == list(judge_events([*WHOLE, _event(4, id_="H56/2")], KNOWN))


def test_an_untold_message_is_found() -> None:
    """Its end is missing."""
    told = list(judge_events(WHOLE[:2], KNOWN))
    assert ["H56 revision 1: nobody was told that it is completed"] == told


def test_what_is_told_twice_under_two_numbers_is_found() -> None:
    """Each event is in order, and the message is completed two times."""
    told = list(judge_events([*WHOLE, _event(4, "completed")], KNOWN))
    assert ["H56 revision 1: 2 events say that it is completed"] == told


def test_an_untold_delivery_is_found() -> None:
    """The message owes two parts, and subscribers hear of one."""
    first = _event(2)
    first["data"] |= {"operation": "national_portal.dossier_sync", "part": 0}
    owed = {("H56", 1): [("dossier_sync", 0), ("dossier_progress", 0)]}

    assert ["H56 revision 1: nobody was told that it is delivered by dossier_progress 0"] == list(
        judge_events([WHOLE[0], first, WHOLE[2]], KNOWN, owed)
    )
