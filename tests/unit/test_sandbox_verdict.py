"""The verdict finds what was planted in a ledger, and nothing else."""

from typing import Any

from ops.sandbox.verdict import Expected, Finding, appended, verdict

A = "H56.14-261122-0001"
B = "H56.14-261122-0002"


def _state(key: str, status: str, kind: str = "dossier_updated") -> dict[str, Any]:
    return {"kind": kind, "key": key, "data": {"MaHoSo": key, "TrangThaiHoSo": status}}


def _step(key: str, at: str) -> dict[str, Any]:
    data = {"MaHoSo": key, "ThoiDiemXuLy": at, "NoiDungXuLy": "Xử lý", "TrangThai": "4"}
    return {"kind": "progress", "key": key, "data": data}


def _marks(*statuses: str) -> tuple[tuple[str, ...], ...]:
    return tuple((status,) for status in statuses)


def _steps(*times: str) -> tuple[tuple[str, ...], ...]:
    return tuple((at, "Xử lý", "4") for at in times)


def test_everything_once_and_in_order_is_clean() -> None:
    """Two interleaved dossiers with states and progress, look-ups between, are found clean."""
    rows = [
        _state(A, "2", "dossier_created"),
        _state(B, "2", "dossier_created"),
        {"kind": "lookup", "key": A, "data": {"found": True}},
        _step(A, "20261122080000"),
        _state(B, "4"),
        _state(A, "4"),
        _step(A, "20261122090000"),
    ]
    expected = [
        Expected(A, _marks("2", "4"), _steps("20261122080000", "20261122090000")),
        Expected(B, _marks("2", "4")),
    ]

    found = verdict(rows, expected)

    assert found.clean
    assert {
        "expected": 4,
        "effects": 4,
        "lost": 0,
        "doubled": 0,
        "reordered": 0,
        "invented": 0,
        "stale": 0,
    } == found.states.counts()
    assert 2 == found.progress.counts()["effects"]


def test_a_state_that_returns_by_right_is_no_repeat() -> None:
    """A dossier that was expected to be processed twice may be so twice."""
    rows = [_state(A, status) for status in ("2", "4", "5", "4", "9")]

    assert verdict(rows, [Expected(A, _marks("2", "4", "5", "4", "9"))]).clean


def test_a_lost_state_is_named() -> None:
    """An expected state without an effect is lost; nothing else is wrong."""
    found = verdict([_state(A, "2"), _state(A, "9")], [Expected(A, _marks("2", "4", "9"))]).states

    assert (Finding(A, ("4",)),) == found.lost
    assert ((), (), (), ()) == (found.doubled, found.reordered, found.invented, found.stale)


def test_a_dossier_without_any_effect_is_lost_whole() -> None:
    """All states of a dossier that never arrived are lost."""
    found = verdict([], [Expected(A, _marks("2", "4"), _steps("20261122080000"))])

    assert (2, 1) == (len(found.states.lost), len(found.progress.lost))


def test_a_repeat_is_doubled_and_not_reordered() -> None:
    """The same state stored twice in a row counts as one doubled effect."""
    found = verdict([_state(A, "2"), _state(A, "2"), _state(A, "4")], [Expected(A, _marks("2", "4"))]).states

    assert (Finding(A, ("2",)),) == found.doubled
    assert ((), (), ()) == (found.lost, found.reordered, found.stale)


def test_a_late_repeat_is_doubled_and_leaves_the_dossier_stale() -> None:
    """A repeat that lands after a later state spoils the end of the dossier, and both are reported."""
    found = verdict([_state(A, "2"), _state(A, "4"), _state(A, "2")], [Expected(A, _marks("2", "4"))]).states

    assert (Finding(A, ("2",)),) == found.doubled
    assert (A,) == found.stale
    assert () == found.reordered


def test_a_swap_is_reordered_once() -> None:
    """Two neighbours that changed places are one effect out of order."""
    found = verdict([_state(A, s) for s in ("2", "5", "4", "9")], [Expected(A, _marks("2", "4", "5", "9"))]).states

    assert 1 == len(found.reordered)
    assert ((), (), ()) == (found.lost, found.doubled, found.stale)


def test_one_straggler_counts_as_one() -> None:
    """A first state that arrives last is one effect out of order, not three."""
    found = verdict([_state(A, s) for s in ("4", "5", "9", "2")], [Expected(A, _marks("2", "4", "5", "9"))]).states

    assert (Finding(A, ("2",)),) == found.reordered
    assert (A,) == found.stale


def test_an_invented_state_and_an_invented_dossier_are_named() -> None:
    """Effects that nobody expected are invented, whether the dossier is known or not."""
    found = verdict([_state(A, "2"), _state(A, "7"), _state(B, "2")], [Expected(A, _marks("2"))]).states

    assert (Finding(A, ("7",)), Finding(B, ("2",))) == found.invented


def test_progress_is_judged_apart_from_states() -> None:
    """A resent part doubles its rows of progress and leaves the states clean."""
    rows = [_state(A, "2"), _step(A, "20261122080000"), _step(A, "20261122090000")]
    rows += [_step(A, "20261122080000"), _step(A, "20261122090000")]

    found = verdict(rows, [Expected(A, _marks("2"), _steps("20261122080000", "20261122090000"))])

    assert found.states.clean
    assert 2 == len(found.progress.doubled)
    assert 0 == len(found.progress.reordered)


def test_swapped_rows_of_progress_are_reordered() -> None:
    """Parts of progress that overtook each other are found."""
    rows = [_step(A, "20261122090000"), _step(A, "20261122080000")]

    found = verdict(rows, [Expected(A, (), _steps("20261122080000", "20261122090000"))])

    assert 1 == len(found.progress.reordered)


def test_the_telling_fields_are_chosen_by_the_caller() -> None:
    """Two states that differ only in a note are told apart when the note is a telling field."""
    rows = [
        {"kind": "dossier_created", "key": A, "data": {"TrangThaiHoSo": "4", "GhiChu": "1"}},
        {"kind": "dossier_updated", "key": A, "data": {"TrangThaiHoSo": "4", "GhiChu": "2"}},
    ]
    expected = [Expected(A, (("4", "1"), ("4", "2")))]

    assert verdict(rows, expected, state_fields=("TrangThaiHoSo", "GhiChu")).clean
    assert not verdict(rows[:1], expected, state_fields=("TrangThaiHoSo", "GhiChu")).clean


def _event(key: str, status: str) -> dict[str, Any]:
    return {"kind": "event", "key": key, "data": {"MaHoSo": key, "Status": status}}


def test_a_repeat_where_repeats_add_is_counted_and_forgiven() -> None:
    """An event that came twice is doubled by one, and all the rest is whole; states and rows are passed over."""
    rows = [_event(A, "1"), _event(B, "1"), _event(A, "1"), _state(A, "2"), _event(A, "2")]

    found = appended(rows, {A: _marks("1", "2"), B: _marks("1")})

    assert (True, False) == (found.whole, found.clean)
    assert (3, 4, (Finding(A, ("1",)),)) == (found.expected, found.effects, found.doubled)


def test_what_is_missing_where_repeats_add_is_not_forgiven() -> None:
    """A lost event, and two that changed places, make the tally broken."""
    lost = appended([_event(A, "1")], {A: _marks("1", "2")})
    swapped = appended([_event(A, "2"), _event(A, "1")], {A: _marks("1", "2")})

    assert (False, (Finding(A, ("2",)),)) == (lost.whole, lost.lost)
    assert (False, 1) == (swapped.whole, len(swapped.reordered))
