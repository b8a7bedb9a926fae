"""Whatever the order of starting, finishing and committing, the gate never passes an unfinished record."""

from collections import deque

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.delivery.lanes.gate import Gate


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


class Life(RuleBasedStateMachine):
    """A gate through takeovers, beside a model that keeps the whole history and reckons everything from it.

    The model knows two lists: every record that was ever started with the pieces it still lacks, and what the log was
    told to commit. A commit may be lost, come late, or come after a younger one; a crash forgets the gate.
    """

    gate_class: type[Gate] = Gate

    @initialize(committed=st.integers(min_value=0, max_value=50), window=st.integers(min_value=1, max_value=8))
    def take_over(self, committed: int, window: int) -> None:
        """Begin somewhere in the log."""
        self.window = window
        self.durable = committed
        self._begin()

    def _begin(self) -> None:
        self.gate = self.gate_class(self.durable, self.window)
        self.next = self.known = self.durable
        self.lacking: dict[int, int] = {}
        self.asked: deque[int] = deque()

    @rule(gap=st.integers(min_value=0, max_value=2), pieces=st.integers(min_value=0, max_value=3))
    def start(self, gap: int, pieces: int) -> None:
        """The next record starts if it lies in the window, and is refused if it does not."""
        offset = self.next + gap
        if offset >= self.known + self.window:
            with pytest.raises(ValueError, match=f"offset {offset}"):
                self.gate.start(offset, pieces)
            return
        self.gate.start(offset, pieces)
        self.lacking[offset], self.next = pieces, offset + 1

    @precondition(lambda self: any(self.lacking.values()))
    @rule(which=st.integers(min_value=0))
    def finish(self, which: int) -> None:
        """One piece of any record that is under way ends."""
        under_way = [offset for offset, count in self.lacking.items() if count]
        offset = under_way[which % len(under_way)]
        self.gate.finish(offset)
        self.lacking[offset] -= 1

    @rule()
    def ask_to_commit(self) -> None:
        """What may be committed goes to the log, which answers some other time, or never."""
        self.asked.append(self.gate.passed)

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(min_value=0))
    def committed(self, which: int) -> None:
        """The log tells of a commit, in whatever order."""
        offset = self.asked[which % len(self.asked)]
        self.asked.remove(offset)
        self.durable = max(self.durable, offset)
        self.known = max(self.known, offset)
        self.gate.commit(offset)

    @rule(landed=st.booleans())
    def crash(self, *, landed: bool) -> None:
        """The next owner begins at what is durable, which may be more than the last one was told."""
        if landed and self.asked:
            self.durable = max(self.durable, *self.asked)
        self._begin()

    @invariant()
    def nothing_unfinished_is_passed(self) -> None:
        """What may be committed is the oldest record that lacks a piece, or the end of what was started."""
        unfinished = [offset for offset, count in self.lacking.items() if count]
        assert min(unfinished, default=self.next) == self.gate.passed
        assert len(unfinished) == self.gate.unfinished
        assert not [offset for offset in unfinished if offset < max(self.gate.passed, self.gate.committed)]

    @invariant()
    def the_window_follows_the_durable_commit(self) -> None:
        """Nothing past it may start, so that a successor knows what can have been begun."""
        assert (self.known, self.known + self.window) == (self.gate.committed, self.gate.limit)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


class Early(Gate):
    """Passes what is finished behind a head that is not: the stream engine's mistake."""

    @property
    def passed(self) -> int:
        """One head too far."""
        return self._order[1] if len(self._order) > 1 else self._seen


class OfLastFinished(Gate):
    """Passes up to the record that finished last."""

    last = 0

    def finish(self, offset: int) -> None:
        """Note it."""
        super().finish(offset)
        self.last = max(self.last, offset + 1)

    @property
    def passed(self) -> int:
        """Whatever lies before it."""
        return max(self.last, super().passed)


class FirstPiece(Gate):
    """Takes a record for finished with its first piece."""

    def finish(self, offset: int) -> None:
        """End all pieces at once, and pass over the others."""
        if offset in self._open:
            self._open[offset] = 1
            super().finish(offset)


class Wide(Gate):
    """Opens the window by one record too many."""

    @property
    def limit(self) -> int:
        """One more."""
        return super().limit + 1


class OfPassed(Gate):
    """Moves the window with what is finished, before it is durable."""

    @property
    def limit(self) -> int:
        """From the passed offset."""
        return self.passed + self._window


class Backwards(Gate):
    """Believes the commit that was told of last."""

    def commit(self, offset: int) -> None:
        """Also an older one."""
        self._committed = offset


@pytest.mark.parametrize("defect", [Early, OfLastFinished, FirstPiece, Wide, OfPassed, Backwards])
def test_a_defect_in_the_gate_is_found(defect: type[Gate]) -> None:
    """Each planted mistake breaks the model, so the model can tell."""

    class Broken(Life):
        gate_class = defect

    hunt = settings(max_examples=500, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_state_machine_as_test(Broken, settings=hunt)
