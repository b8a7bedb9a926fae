"""Problems and deliveries: the words and states that others build on."""

import unicodedata

import pytest

from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader
from schemas.problem import PROBLEMS, RULES, Origin
from schemas.ruling import Ruling

VIETNAMESE = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"


@pytest.mark.parametrize("name", [*PROBLEMS, *RULES])
def test_every_word_stands_in_both_languages(name: str) -> None:
    """Vietnamese in composed letters with its marks, English without; both are sentences."""
    words = PROBLEMS.get(name) or RULES[name]

    assert unicodedata.is_normalized("NFC", words.vi)
    assert set(words.vi.lower()) & set(VIETNAMESE), words.vi
    assert not set(words.en.lower()) & set(VIETNAMESE), words.en
    assert (".", ".") == (words.vi[-1], words.en[-1])


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_code_begins_with_the_party_at_fault(code: str) -> None:
    """Whoever reads a code knows whom to call."""
    assert Origin(code.partition(".")[0]) in set(Origin)


def test_four_states_are_final() -> None:
    """In the others the hub still owes something, or somebody owes it a decision."""
    assert {DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN} == {
        state for state in DeliveryState if state.final
    }


@pytest.mark.parametrize("header", [CommandHeader, OutcomeHeader, Ruling])
def test_a_clear_header_has_no_place_for_personal_data(header: type[CommandHeader | OutcomeHeader | Ruling]) -> None:
    """Its fields are ids, codes, numbers, states and times; who adds one must think of this list."""
    allowed = {
        *("v", "schema_version", "kind", "message_id", "ordering_key", "code_as_given", "key_id", "revision"),
        *("sender_agency", "sender_system", "received_at", "deliveries", "reappended"),
        *("operation", "platform", "part", "source_partition", "source_offset", "attempt", "step", "state"),
        *("outcome_class", "code", "started_at", "finished_at", "next_try_at", "possibly_doubled"),
        *("ruling", "verdict", "of", "index", "by", "approved_by", "order", "corrected"),
    }

    assert set(header.model_fields) <= allowed
