"""What follows from a ruling."""

import pytest

from hub.pipeline.rulings import Sequel, resent, sequel, starts_in_doubt
from hub.ports import DoubtRule
from schemas.delivery import DeliveryState
from schemas.ruling import Verdict

DEAD, DOUBT = DeliveryState.DEAD, DeliveryState.IN_DOUBT
FOLLOWS = {
    (Verdict.REPLAY, DEAD): (DeliveryState.WAITING, "hub.replayed"),
    (Verdict.DISCARD, DEAD): (DeliveryState.WITHDRAWN, "hub.discarded"),
    (Verdict.SUPERSEDED, DEAD): (DeliveryState.WITHDRAWN, "hub.superseded"),
    (Verdict.ARRIVED, DOUBT): (DeliveryState.DELIVERED, "hub.settled"),
    (Verdict.NOT_ARRIVED, DOUBT): (DeliveryState.WAITING, "hub.settled"),
}


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("found", [*DeliveryState, None])
def test_a_ruling_is_void_unless_it_fits_what_waits(verdict: Verdict, found: DeliveryState | None) -> None:
    """Three are for the dead, two for a doubt; nothing else that waits for a person is touched."""
    expected = FOLLOWS.get((verdict, found)) if found else None

    assert (Sequel(*expected) if expected else None) == sequel(verdict, found)


def test_what_is_sent_again_gives_way_to_a_newer_state() -> None:
    """It waits again; behind a newer state it counts as delivered, as before."""
    assert Sequel(DeliveryState.WAITING, "hub.resent") == resent(newer=False)
    assert Sequel(DeliveryState.DELIVERED, "hub.superseded") == resent(newer=True)


def test_only_what_waits_again_goes_on() -> None:
    """Everything else has come to its end."""
    assert {(Verdict.REPLAY, True), (Verdict.DISCARD, False), (Verdict.SUPERSEDED, False)} == {
        (verdict, found.goes_on) for verdict in Verdict if (found := sequel(verdict, DEAD))
    }


def test_a_platform_that_can_be_asked_is_asked_before_it_is_sent_to_again() -> None:
    """Where only a person can tell, a person has told."""
    assert {DoubtRule.INQUIRE: True, DoubtRule.RESEND: True, DoubtRule.OPERATOR: False} == {
        rule: starts_in_doubt(rule) for rule in DoubtRule
    }
