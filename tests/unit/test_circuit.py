"""The circuit of a platform."""

from hub.pipeline.circuit import Circuit, CircuitState


def test_it_opens_after_failures_in_a_row_only() -> None:
    """A success between failures starts the count again."""
    circuit = Circuit(failures_max=2, open_s=1)
    circuit.failed(0)
    circuit.succeeded(0)
    circuit.failed(0)
    assert circuit.admits(0)

    assert circuit.failed(0)
    assert not circuit.admits(0.9)


def test_one_probe_goes_and_nobody_else() -> None:
    """When the wait is over, the first asker probes; the others wait for what it finds."""
    circuit = Circuit(failures_max=1, open_s=1)
    circuit.failed(0)

    assert [True, False, False] == [circuit.admits(1) for _ in range(3)]
    assert circuit.succeeded(0)
    assert [True, True] == [circuit.admits(1) for _ in range(2)]


def test_each_failed_probe_doubles_the_wait_up_to_a_bound() -> None:
    """1 s, then 2, then 3 at most."""
    circuit = Circuit(failures_max=1, open_s=1, open_max_s=3)
    circuit.failed(0)
    assert circuit.admits(1)
    circuit.failed(1)
    assert not circuit.due(2.9)
    assert circuit.admits(3)
    circuit.failed(3)
    assert not circuit.due(5.9)
    assert circuit.due(6)


def test_a_refused_account_opens_it_at_once() -> None:
    """A rotated password must not cost five messages a try; a lane that was refused before speaks for itself only."""
    circuit = Circuit(failures_max=5, open_s=1)
    assert not circuit.failed(0, fresh=False, refused_us=True)

    assert circuit.failed(0, fresh=True, refused_us=True)
    assert circuit.state is CircuitState.OPEN
    assert circuit.admits(1)
    circuit.failed(1, fresh=True, refused_us=True)
    assert not circuit.due(2.9, fresh=True)


def test_few_lanes_that_fail_do_not_make_fresh_ones_wait() -> None:
    """With one lane failing for ever a fresh one waits a second; with as many as in an outage it waits like them."""
    circuit = Circuit(failures_max=3, open_s=1, open_max_s=30)
    circuit.failed(0, fresh=True)
    for now_s in range(9):
        circuit.failed(now_s)
        circuit.admits(now_s + 30)
    circuit.failed(100)
    assert not circuit.due(101)
    assert circuit.due(101, fresh=True)

    circuit.failed(200, fresh=True)
    assert circuit.due(201, fresh=True)
    circuit.failed(300, fresh=True)
    assert not circuit.due(301, fresh=True)
    assert circuit.due(330, fresh=True)


def test_an_abandoned_probe_leaves_room_for_the_next() -> None:
    """A probe that was cancelled blocks nobody."""
    circuit = Circuit(failures_max=1, open_s=1)
    circuit.failed(0)
    assert circuit.admits(1)

    circuit.abandoned()
    assert circuit.admits(1)


def test_a_platform_that_asks_to_be_left_alone_is_not_probed() -> None:
    """Neither a probe nor a call that was under way ends the wait; a shorter one does not shorten it."""
    circuit = Circuit(failures_max=5, open_s=1)
    assert circuit.quiet(0, 60)
    assert not circuit.quiet(1, 10)
    assert not circuit.succeeded(2)
    assert not circuit.due(59.9, fresh=True)

    assert circuit.admits(60)
    assert circuit.succeeded(60.1)
    assert 1 == circuit.openings
