"""The judges themselves: a ledger with one thing wrong is never called clean."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from ops.sandbox.verdict import Expected, Tally, Verdict, appended, verdict
from tests.chaos.check import Check, check, check_events
from tests.chaos.judgement import expected
from tests.chaos.load import EVENT_FIELDS, PROGRESS_FIELDS, STATE_FIELDS, Dossier, dossier
from tests.chaos.read_model import Told

Row = dict[str, Any]
LOAD = [dossier(7, number) for number in range(1, 21)]


def ledger(load: Sequence[Dossier], chance: Random) -> list[Row]:
    """Return the rows of a portal that did everything once and in order, dossiers interleaved by chance."""
    waiting = [list(_effects(one)) for one in load]
    rows: list[Row] = []
    while waiting:
        effects = chance.choice(waiting)
        rows.extend(effects.pop(0))
        waiting = [left for left in waiting if left]
    return rows


def _effects(one: Dossier) -> list[list[Row]]:
    calls = []
    for state in one.states:
        kind = "dossier_created" if state.revision == 1 else "dossier_updated"
        calls.append([_row(one, kind, STATE_FIELDS, state.mark)])
        calls.extend([_row(one, "progress", PROGRESS_FIELDS, mark) for mark in part] for part in state.parts)
    return calls


def _row(one: Dossier, kind: str, fields: Sequence[str], mark: Sequence[str]) -> Row:
    return {"kind": kind, "key": one.wire_code, "data": dict(zip(fields, mark, strict=True))}


def both(rows: Sequence[Row]) -> tuple[Verdict, Check]:
    """Return what the two judges say."""
    return verdict(rows, [expected(one) for one in LOAD], STATE_FIELDS, PROGRESS_FIELDS), check(rows, LOAD)


def _places(rows: Sequence[Row], kinds: Sequence[str]) -> list[int]:
    return [place for place, row in enumerate(rows) if row["kind"] in kinds]


def _is_state(row: Row) -> bool:
    return bool(row["kind"] != "progress")


def drop(rows: list[Row], place: int, _chance: Random) -> None:
    """Lose one effect."""
    del rows[place]


def double(rows: list[Row], place: int, chance: Random) -> None:
    """Let one effect happen again, at once or later."""
    rows.insert(chance.randint(place + 1, len(rows)), rows[place])


def swap(rows: list[Row], place: int, chance: Random) -> None:
    """Let two effects of one sort and one dossier change places."""
    row = rows[place]
    alike = [
        other
        for other, found in enumerate(rows)
        if found["key"] == row["key"] and _is_state(found) == _is_state(row) and found["data"] != row["data"]
    ]
    other = chance.choice(alike)
    rows[place], rows[other] = rows[other], rows[place]


def invent(rows: list[Row], place: int, _chance: Random) -> None:
    """Let something happen that nobody asked for."""
    data = {name: f"{value}?" for name, value in rows[place]["data"].items()}
    rows.insert(place, {**rows[place], "data": data})


def invent_dossier(rows: list[Row], place: int, _chance: Random) -> None:
    """Let something happen to a dossier that nobody sent."""
    rows.insert(place, {**rows[place], "key": "H56.14-260901-99999"})


SINS: dict[str, Callable[[list[Row], int, Random], None]] = {
    "lost": drop,
    "doubled": double,
    "reordered": swap,
    "invented": invent,
    "invented elsewhere": invent_dossier,
}


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_ledger_is_clean(seed: int) -> None:
    """Everything once and in order: neither judge finds anything, and both count every effect."""
    rows = ledger(LOAD, Random(seed))
    judged, checked = both(rows)

    assert judged.clean
    assert ([], set()) == (checked.flaws, checked.doubled)
    assert len(rows) == checked.effects == judged.states.effects + judged.progress.effects
    assert 100 == judged.states.expected


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sin", SINS)
def test_one_wrong_state_is_caught(sin: str, seed: int) -> None:
    """One state lost, doubled, swapped or invented: both judges say so, and the first one names the sort."""
    chance = Random(seed)
    rows = ledger(LOAD, chance)
    SINS[sin](rows, chance.choice(_places(rows, ("dossier_created", "dossier_updated"))), chance)
    judged, checked = both(rows)

    assert judged.states.counts()[sin.partition(" ")[0]] > 0
    assert judged.progress.clean
    assert 1 == len(checked.flaws)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sin", SINS)
def test_one_wrong_row_of_progress_is_caught(sin: str, seed: int) -> None:
    """The same for rows of progress, save that the second judge lets a whole call be repeated at once."""
    chance = Random(seed)
    rows = ledger(LOAD, chance)
    SINS[sin](rows, chance.choice(_places(rows, ("progress",))), chance)
    judged, checked = both(rows)

    assert judged.progress.counts()[sin.partition(" ")[0]] > 0
    assert judged.states.clean
    assert checked.flaws or (sin == "doubled" and len(checked.doubled) == 1)


def test_a_call_of_progress_said_twice_is_counted_and_no_flaw() -> None:
    """The append class may double: it has a column of its own."""
    rows = ledger(LOAD[:1], Random(0))
    place = _places(rows, ("progress",))[0]
    size = len(next(state for state in LOAD[0].states if state.parts).parts[0])
    judged, checked = both([*rows[: place + size], *rows[place:], *ledger(LOAD[1:], Random(1))])

    assert size == len(judged.progress.doubled)
    assert ([], 1) == (checked.flaws, len(checked.doubled))


def test_a_call_of_progress_said_again_later_is_a_flaw() -> None:
    """A repeat that comes after something else is out of order."""
    rows = ledger(LOAD[:1], Random(0))
    place = _places(rows, ("progress",))[0]
    size = len(next(state for state in LOAD[0].states if state.parts).parts[0])
    _, checked = both([*rows, *rows[place : place + size], *ledger(LOAD[1:], Random(1))])

    assert 1 == len(checked.flaws)


def test_expected_is_what_was_worked_out() -> None:
    """The first judge is told the states and the rows of a dossier in their order."""
    one = LOAD[0]
    told = expected(one)

    assert isinstance(told, Expected)
    assert one.wire_code == told.dossier
    assert tuple(state.mark for state in one.states) == told.states
    assert sum(len(part) for state in one.states for part in state.parts) == len(told.progress)


def emc_ledger(chance: Random) -> list[Row]:
    """Return the rows of an EMC that was told everything once and in order, dossiers interleaved by chance."""
    waiting = [[_row(one, "event", EVENT_FIELDS, state.event) for state in one.states] for one in LOAD]
    rows: list[Row] = []
    while waiting:
        events = chance.choice(waiting)
        rows.append(events.pop(0))
        waiting = [left for left in waiting if left]
    return rows


def both_of_emc(rows: Sequence[Row]) -> tuple[Tally, Check]:
    """Return what the two judges say of EMC."""
    expected = {one.wire_code: [state.event for state in one.states] for one in LOAD}
    return appended(rows, expected, fields=EVENT_FIELDS), check_events(rows, LOAD)


def test_a_clean_ledger_of_emc_is_clean() -> None:
    """Five events of each dossier, which can be told apart."""
    judged, checked = both_of_emc(emc_ledger(Random(1)))

    assert judged.clean
    assert ([], set(), 100) == (checked.flaws, checked.doubled, checked.effects)
    assert {5} == {len({state.event for state in one.states}) for one in LOAD}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sin", SINS)
def test_one_wrong_event_at_emc_is_caught(sin: str, seed: int) -> None:
    """Lost, doubled, swapped or invented: the first judge names the sort; the second lets one be said again at once."""
    chance = Random(seed)
    rows = emc_ledger(chance)
    SINS[sin](rows, chance.randrange(len(rows)), chance)
    judged, checked = both_of_emc(rows)

    assert judged.counts()[sin.partition(" ")[0]] > 0
    assert checked.flaws or (sin == "doubled" and len(checked.doubled) == 1)


def test_an_event_said_twice_is_named() -> None:
    """So that it can be looked for among those that the hub announced."""
    rows = emc_ledger(Random(1))
    _, checked = both_of_emc([rows[0], *rows])
    (first,) = (one for one in LOAD if one.wire_code == rows[0]["key"])

    assert ([], {(first.code, 1, 0)}) == (checked.flaws, checked.doubled)


COUNTS = {"accepted": 100, "waiting": 0, "in_flight": 0, "parked": 0, "in_doubt": 0, "delivered": 150, "dead": 0}


@pytest.mark.parametrize(
    ("told", "stuck", "asked"),
    [({}, 0, 0), ({"parked": 1, "delivered": 149}, 1, 0), ({"accepted": 98}, 2, 0), ({"dead": 1}, 0, 1)],
)
def test_what_came_to_no_end_is_stuck(told: dict[str, int], stuck: int, asked: int) -> None:
    """Deliveries that are under way, and states that were never accepted; what is dead asks an operator."""
    judged = Told()
    judged.note(COUNTS | told, 100)

    assert (stuck, asked) == (judged.stuck, judged.asked)
