"""For all interleavings that are tried: lanes keep order, the gate passes nothing unfinished, effects happen once.

Scripts are drawn by hypothesis or made from seeds. They hold every effect class, lost and late replies, workers that
join, leave, fall, stand still or are killed between any two steps of any task, stores and logs that fail at the n-th
call, records that are appended again, withdrawals and overtaken states. `tests.simulation.stage` says what is judged.
"""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.moves import MUCH_MAX, WHICH_MAX, Kind, Move, script
from tests.simulation.mutants import DOUBT_AFTER_A_KILL, MUTANTS, STILL_BEFORE_IT_TELLS, WITHDRAWN_WHILE_IT_GOES, Mutant
from tests.simulation.quiet import quiet
from tests.simulation.rehearsal import rehearse
from tests.simulation.sql_parking import ParkingOnSql
from tests.simulation.stage import Cast, play

SEEDS = 200
MUTANT_SEEDS = 150

MOVES = st.builds(
    Move, st.sampled_from(list(Kind)), st.integers(min_value=0, max_value=WHICH_MAX), st.integers(0, MUCH_MAX)
)


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Write no log lines, and let nobody else miss theirs."""
    before = structlog.get_config()
    quiet()
    yield
    structlog.configure(**before)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(MOVES, min_size=2, max_size=20))
def test_whatever_happens_the_promises_hold(moves: list[Move]) -> None:
    """At every durable step, and in the end nothing is stuck."""
    play(moves)


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_seeds_keep_the_promises(first: int) -> None:
    """Scripts of seeds: longer ones, with what happens often being more frequent."""
    assert [] == [failure for seed in range(first, first + 25) if (failure := rehearse(seed)) is not None]


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param(WITHDRAWN_WHILE_IT_GOES, id="a withdrawal is being told of when its partition goes"),
        pytest.param(DOUBT_AFTER_A_KILL, id="a send in doubt that was not taken"),
        pytest.param(STILL_BEFORE_IT_TELLS, id="a worker stands still between an answer and its outcome"),
    ],
)
def test_what_was_found_stays_mended(moves: list[Move]) -> None:
    """Scripts that once broke a promise."""
    play(moves)


@pytest.mark.parametrize("first", range(SEEDS, SEEDS + 40, 10))
def test_seeds_keep_the_promises_on_sql(first: int) -> None:
    """The same with the store's own parking place and ledger."""
    for seed in range(first, first + 10):
        play(script(seed), Cast(parking=ParkingOnSql))


@pytest.mark.parametrize("defect", MUTANTS)
def test_a_planted_defect_is_found(defect: str) -> None:
    """Each defect breaks a promise within some seeds, so the promises can be broken."""
    assert any(_breaks(MUTANTS[defect], seed) for seed in range(MUTANT_SEEDS))


def _breaks(mutant: Mutant, seed: int) -> bool:
    try:
        play([*mutant.opening, *script(seed)], mutant.cast)
    except AssertionError:
        return True
    return False
