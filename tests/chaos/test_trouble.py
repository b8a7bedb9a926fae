"""What befalls a hub: every kind comes, the seed decides all of it, and the instruments do what they say."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from hub.errors import Unavailable
from hub.store.sqlite.faults import fault
from tests.chaos.brittle_store import Failure, failing
from tests.chaos.fleet_plan import Beside, Kill, blows
from tests.chaos.neighbours import Name, asides
from tests.chaos.plan import plan
from tests.chaos.trouble import OF_THE_PLATFORM, SORTS, Sort, Trouble
from tests.chaos.wall_clock import WallClock, library
from tests.chaos.weather import faults


@pytest.mark.parametrize("seed", range(10))
def test_thirty_kills_bring_almost_every_trouble(seed: int) -> None:
    """Of seventeen kinds at least fourteen come in one run, beside the outages that parking needs."""
    lives = plan(seed, 30, 322)
    kinds = {(each.trouble.sort, each.trouble.fault and each.trouble.fault.kind) for each in lives if each.trouble}

    assert 14 <= len(kinds & set(SORTS))
    assert all((each.failing > 0) == (each.trouble.sort is Sort.STORE) for each in lives if each.trouble)


def test_ten_seeds_bring_every_trouble() -> None:
    """Nothing is left out of a series."""
    lives = [life for seed in range(1, 11) for life in plan(seed, 30, 322)]

    assert set(SORTS) == {
        (one.trouble.sort, one.trouble.fault and one.trouble.fault.kind) for one in lives if one.trouble
    }


@pytest.mark.parametrize("seed", range(5))
def test_thirty_blows_bring_every_kill_and_every_company(seed: int) -> None:
    """Thirty kills, each kind among them, and of their company each kind once before one comes twice."""
    plan = blows(seed, 30)
    beside = Counter(blow.company.beside for blow in plan if blow.company)

    assert set(Kill) == {blow.kill for blow in plan}
    assert set(Beside) == set(beside)
    assert 2 == max(beside.values())
    assert plan == blows(seed, 30)
    assert plan != blows(seed + 1, 30)


@pytest.mark.parametrize("seed", range(5))
def test_thirty_kills_bring_every_trouble_to_the_neighbours(seed: int) -> None:
    """EMC and the population database in turn, each with every kind once before one comes twice."""
    plan = asides(seed, 30)
    for name in Name:
        kinds = Counter(
            (one.trouble.sort, one.trouble.fault and one.trouble.fault.kind) for one in plan if one.name is name
        )
        assert (12, 2) == (len(kinds), max(kinds.values()))

    assert [*Name] * 15 == [one.name for one in plan]
    assert plan == asides(seed, 30)
    assert plan != asides(seed + 1, 30)


@pytest.mark.parametrize("sort", sorted(OF_THE_PLATFORM - {Sort.EXPIRED}))
def test_the_portal_is_told_what_to_do(sort: Sort) -> None:
    """Each trouble of the portal reads as faults that end, by their number or their time."""
    told = faults(Trouble(sort, 2.0, 3))

    assert told
    assert all(one.count is not None or one.duration_s == 2.0 for one in told)


def test_statements_fail_as_ordered() -> None:
    """The third and the fourth one, with a cause that the store knows; the fifth one works."""
    engine = create_engine("sqlite://")
    event.listen(engine, "do_execute", failing(Failure.parse("3:2")))
    worked = [_works(engine) for _ in range(5)]

    assert [True, True, False, False, True] == worked
    assert "3:2" == str(Failure(3, 2))


def _works(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        return not isinstance(fault(error, "store.db"), Unavailable)
    return True


def test_the_wall_clock_jumps_and_the_steady_one_does_not(tmp_path: Path) -> None:
    """A process that runs sees the day after tomorrow; without libfaketime it is started as any other."""
    clock = WallClock(tmp_path / "clock")
    if library() is None:
        assert {} == clock.environment
        return
    code = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=dict(clock.environment), text=True, stdin=-1, stdout=-1
    ) as process:
        before = _asked(process)
        clock.set(2 * 86_400)
        time.sleep(2.1)
        after = _asked(process)
        process.kill()

    assert abs(before[0] - time.time()) < 60
    assert 2 * 86_400 <= after[0] - before[0] < 2 * 86_400 + 60
    assert 1 <= after[1] - before[1] < 60


def _asked(process: "subprocess.Popen[str]") -> tuple[float, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    wall, steady = process.stdout.readline().split()
    return float(wall), float(steady)
