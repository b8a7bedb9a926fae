"""The judge of lookups: one that is not accounted for is never passed over."""

from typing import Any

import pytest

from tests.chaos.asker import Asked
from tests.chaos.lookups import judge_lookups

ID = "01a20419-f60b-7000-b0b6-5f1ac5196775"
CODE = "H56.14-260902-00001"
NUMBER = "001000000001"
ONE = Asked(CODE, "one", ID, NUMBER)


def _half(event: str, result: str = "", id_: str = ID, code: str = CODE) -> dict[str, Any]:
    return {"event": event, "request_id": id_, "dossier_code": code, "result": result}


WHOLE = [_half("asked"), _half("answered", "one")]


def _problem(answer: str) -> Asked:
    return Asked(CODE, answer)


def test_a_lookup_with_both_halves_has_no_flaw() -> None:
    """Its second try has the same id, and a number behind it."""
    found = judge_lookups([ONE], WHOLE, [ID, f"{ID}-2"])

    assert ([], 1, 2, 2) == (found.flaws, found.data, found.records, found.calls)


@pytest.mark.parametrize(
    "audit",
    [[], WHOLE[:1], WHOLE[1:], [*WHOLE, WHOLE[1]], [WHOLE[0], _half("answered", "none")], [WHOLE[1], WHOLE[0]]],
)
def test_data_without_exactly_one_record_of_it_is_found(audit: list[dict[str, Any]]) -> None:
    """Missing, half, doubled, with another result, in the wrong order."""
    assert 1 == len(judge_lookups([ONE], audit, []).flaws)


def test_data_under_another_id_is_found() -> None:
    """The audit must have the id that the caller was told."""
    other = [{**half, "request_id": ID.replace("a", "b")} for half in WHOLE]
    assert ["it was answered, and the audit does not say so under its id"] == [
        flaw.partition(": ")[2] for flaw in judge_lookups([ONE], other, []).flaws
    ]


def test_a_call_without_a_record_is_found() -> None:
    """The source was asked, and nobody wrote down that it would be."""
    assert 1 == len(judge_lookups([], [], [ID]).flaws)
    assert 1 == len(judge_lookups([_problem("(TimeoutError)")], WHOLE[1:], []).flaws)


def test_a_record_without_a_lookup_is_found() -> None:
    """Both halves about a dossier for which nobody asked."""
    assert [f"the audit has a lookup for {CODE} that nobody made"] == judge_lookups([], WHOLE, []).flaws


@pytest.mark.parametrize(
    ("answer", "audit", "flaws"),
    [
        ("platform.reply_lost", [WHOLE[0], _half("answered", "platform.reply_lost")], 0),
        ("platform.reply_lost", WHOLE[:1], 1),
        ("platform.reply_lost", [], 1),
        ("platform.unavailable", [], 0),
        ("platform.unavailable", WHOLE[:1], 1),
        ("hub.in_doubt", WHOLE[:1], 0),
        ("hub.in_doubt", WHOLE, 0),
        ("hub.unavailable", [WHOLE[0], WHOLE[0]], 1),
        ("(ServerDisconnectedError)", WHOLE, 0),
        ("hub.fault", [], 1),
        ("caller.invalid", [], 1),
    ],
)
def test_a_problem_is_accounted_for(answer: str, audit: list[dict[str, Any]], flaws: int) -> None:
    """What the source had a say in has both halves; otherwise at most those; only declared problems are answers."""
    assert flaws == len(judge_lookups([_problem(answer)], audit, []).flaws)


@pytest.mark.parametrize(
    "wrong", [Asked(CODE, "none", ID), Asked(CODE, "one", ID, NUMBER, known=False), Asked(CODE, "one", ID, "079")]
)
def test_a_wrong_answer_is_found(wrong: Asked) -> None:
    """Somebody who is known is found, nobody else is, and the answer is about him."""
    audit = [WHOLE[0], _half("answered", wrong.answer)]
    assert 1 == len(judge_lookups([wrong], audit, []).flaws)
