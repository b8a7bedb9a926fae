"""How long a member of a Kafka group is certain."""

from hub.log.kafka.lease import Lease


def lease() -> Lease:
    """Session 10 s, rebalance 30 s, margin 3 s."""
    return Lease(10, 30, 3)


def test_nothing_heard_is_nothing_held() -> None:
    """Before the first acknowledgement nothing is certain."""
    assert not lease().certain(0)


def test_certainty_ends_before_the_session() -> None:
    """It counts from the sending of what was acknowledged, less the margin."""
    subject = lease()
    subject.confirm(100, rebalancing=False)

    assert subject.certain(106.9)
    assert not subject.certain(107)


def test_late_answers_do_not_shorten_it() -> None:
    """The newest sending counts, in whichever order the answers come."""
    subject = lease()
    subject.confirm(105, rebalancing=False)
    subject.confirm(100, rebalancing=False)

    assert subject.certain(111)


def test_a_rebalance_ends_it_however_well_the_heart_beats() -> None:
    """From the last answer without a rebalance on, the group waits no longer than its rebalance timeout."""
    subject = lease()
    subject.confirm(100, rebalancing=False)
    for second in range(101, 130):
        subject.confirm(second, rebalancing=True)

    assert subject.certain(126.9)
    assert not subject.certain(127)


def test_whom_the_group_does_not_know_holds_nothing() -> None:
    """The loss is immediate, and a new acknowledgement begins anew."""
    subject = lease()
    subject.confirm(100, rebalancing=False)
    subject.lose()
    assert not subject.certain(100.1)

    subject.confirm(101, rebalancing=False)
    assert subject.certain(102)
