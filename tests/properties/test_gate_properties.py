"""Whatever the order of finishing, the gate never passes an unfinished record and never loses one."""

from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.gate import Gate


@given(st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_gate_stops_at_the_oldest_unfinished_record(pieces: list[int], random: object) -> None:
    """After every step the offset that may be committed is the oldest record with a piece left."""
    gate = Gate(committed=0, window=len(pieces))
    left = dict(enumerate(pieces))
    for offset, count in left.items():
        gate.start(offset, count)
    steps = [offset for offset, count in left.items() for _ in range(count)]
    random.shuffle(steps)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random

    for offset in steps:
        gate.finish(offset)
        left[offset] -= 1
        unfinished = [at for at, count in left.items() if count]
        assert gate.passed == (min(unfinished) if unfinished else len(pieces))
        assert gate.unfinished == len(unfinished)
