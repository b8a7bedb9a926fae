"""Which failed tries speak against a delivery."""

from hub.delivery.tries.blame import Blame, Seen
from hub.ports import DeliveryId

ONE, OTHER = (DeliveryId(name, "portal.state", 0) for name in ("m1", "m2"))


def _seen(now_s: float, good_s: float = 0, outages: int = 0, *, well: bool = True) -> Seen:
    return Seen(now_s, good_s, outages, well)


def test_a_try_counts_when_others_got_through_since_the_one_before() -> None:
    """The first failed try proves nothing; nor does one after which nobody began a try that got through."""
    blame = Blame()
    assert 0 == blame.counted(ONE, _seen(10, 9))
    blame.failed(ONE, _seen(10, 9))
    blame.failed(ONE, _seen(11, 10))
    assert not blame.known

    assert 1 == blame.counted(ONE, _seen(20, 12))
    blame.failed(ONE, _seen(20, 12))
    assert blame.known
    assert 1 == blame.counted(ONE, _seen(30, 20))
    assert 2 == blame.counted(ONE, _seen(30, 21))


def test_tries_while_the_platform_is_down_use_nothing_up() -> None:
    """With the circuit open a failed probe does not count, nor does the next try when it opened in between."""
    blame = Blame()
    blame.failed(ONE, _seen(0))
    for number in range(1, 100):
        blame.failed(ONE, _seen(10 * number, 10 * number - 1, number))
        blame.failed(ONE, _seen(10 * number + 5, 10 * number + 1, number, well=False))

    assert not blame.known


def test_another_delivery_begins_anew() -> None:
    """What speaks against the head of a lane does not speak against what comes after it."""
    blame = Blame()
    blame.failed(ONE, _seen(0))
    blame.failed(ONE, _seen(2, 1))
    assert 0 == blame.counted(OTHER, _seen(4, 3))

    blame.clear()
    assert not blame.known
    assert 0 == blame.counted(ONE, _seen(6, 5))
