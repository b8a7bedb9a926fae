"""Which failed tries speak against a delivery."""

from hub.delivery.blame import Blame
from hub.ports import DeliveryId

ONE, OTHER = (DeliveryId(name, "portal.state", 0) for name in ("m1", "m2"))


def test_a_try_counts_when_others_got_through_since_the_one_before() -> None:
    """The first failed try proves nothing; nor does one after which nobody got anything through."""
    blame = Blame()
    assert 0 == blame.counted(ONE, 7, well=True)
    blame.failed(ONE, 7, well=True)
    blame.failed(ONE, 7, well=True)
    assert not blame.known

    assert 1 == blame.counted(ONE, 8, well=True)
    blame.failed(ONE, 8, well=True)
    assert blame.known
    assert 1 == blame.counted(ONE, 8, well=True)
    assert 2 == blame.counted(ONE, 9, well=True)


def test_tries_while_the_platform_is_down_use_nothing_up() -> None:
    """With the circuit open a failed probe does not count, whoever got through before."""
    blame = Blame()
    blame.failed(ONE, 0, well=True)
    for taken in range(1, 100):
        blame.failed(ONE, taken, well=False)

    assert not blame.known


def test_another_delivery_begins_anew() -> None:
    """What speaks against the head of a lane does not speak against what comes after it."""
    blame = Blame()
    blame.failed(ONE, 0, well=True)
    blame.failed(ONE, 1, well=True)
    assert 0 == blame.counted(OTHER, 2, well=True)

    blame.clear()
    assert not blame.known
    assert 0 == blame.counted(ONE, 3, well=True)
