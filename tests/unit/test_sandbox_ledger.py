"""The ledger writes every effect once, in order, or not at all."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.sandbox.ledger import Effect, Filter, Ledger, LedgerInUse, Origin, Row
from tests.clock import ManualClock

ORIGIN = Origin("127.0.0.1:50000", "DongBoHoSoMC")


def _effect(key: str, kind: str = "dossier_created") -> Effect:
    return Effect(kind, key, {"MaHoSo": key})


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Ledger, list[Row]]]:
    """Yield a ledger with the rows that it found."""
    ledger = Ledger(path, ManualClock())
    rows: list[Row] = []
    ledger.load(rows.append)
    try:
        yield ledger, rows
    finally:
        ledger.close()


@contextmanager
def _file_size_limit(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_row_says_what_when_and_where_from(tmp_path: Path) -> None:
    """A row holds number, UTC time, connection, service, kind, key and data."""
    with _opened(tmp_path / "ledger") as (ledger, _):
        assert range(1, 2) == ledger.append(ORIGIN, [_effect("A")])

        assert {
            "seq": 1,
            "at": "2026-11-22T01:00:00Z",
            "connection": "127.0.0.1:50000",
            "service": "DongBoHoSoMC",
            "kind": "dossier_created",
            "key": "A",
            "data": {"MaHoSo": "A"},
        } == ledger.row(1)


def test_equal_effects_are_rows_of_their_own(tmp_path: Path) -> None:
    """The ledger recognises no repeat, in one append or in several."""
    with _opened(tmp_path / "ledger") as (ledger, _):
        ledger.append(ORIGIN, [_effect("A"), _effect("A")])
        ledger.append(ORIGIN, [_effect("A")])

        assert {"dossier_created": 3} == ledger.counts
        assert 3 == ledger.last_seq


def test_rows_come_back_after_a_restart(tmp_path: Path) -> None:
    """Loading hands out what was written, and the numbering goes on."""
    with _opened(tmp_path / "ledger") as (ledger, _):
        ledger.append(ORIGIN, [_effect("A"), _effect("B", "progress")])

    with _opened(tmp_path / "ledger") as (ledger, rows):
        assert [(1, "A"), (2, "B")] == [(row["seq"], row["key"]) for row in rows]
        assert range(3, 4) == ledger.append(ORIGIN, [_effect("C")])
        assert ["A", "B", "C"] == [ledger.row(seq)["key"] for seq in (1, 2, 3)]


def test_rows_that_are_not_there_are_errors(tmp_path: Path) -> None:
    """Numbers below one and above the last have no row."""
    with _opened(tmp_path / "ledger") as (ledger, _):
        for seq in (0, 1, -1):
            with pytest.raises(IndexError):
                ledger.row(seq)


def test_filters_bind_together(tmp_path: Path) -> None:
    """Kind and key and service must all fit; pages go on after a number."""
    with _opened(tmp_path / "ledger") as (ledger, _):
        ledger.append(ORIGIN, [_effect("A"), _effect("B"), _effect("A", "progress")])
        ledger.append(Origin("127.0.0.1:50001", "TraCuuHoSo"), [_effect("A", "lookup")])

        def numbers(wanted: Filter, after: int = 0, rows_max: int = 10) -> list[int]:
            return [seq for seq, _ in ledger.lines(wanted, after, rows_max)]

        assert [1, 2, 3, 4] == numbers(Filter())
        assert [2, 3] == numbers(Filter(), after=1, rows_max=2)
        assert [1, 3, 4] == numbers(Filter(key="A"))
        assert [3] == numbers(Filter(key="A", kind="progress"))
        assert [4] == numbers(Filter(service="TraCuuHoSo"))
        assert [] == numbers(Filter(key="B", service="TraCuuHoSo"))


def test_a_full_disk_leaves_no_half_of_a_batch(tmp_path: Path) -> None:
    """An append that does not fit fails whole, and the ledger works again when space returns."""
    path = tmp_path / "ledger"
    with _opened(path) as (ledger, _):
        ledger.append(ORIGIN, [_effect("A")])
        size = path.stat().st_size
        with _file_size_limit(size + 200), pytest.raises(OSError, match=r".*"):
            ledger.append(ORIGIN, [_effect("B"), _effect("C")])

        assert size == path.stat().st_size
        assert 1 == ledger.last_seq
        assert range(2, 3) == ledger.append(ORIGIN, [_effect("D")])
        assert "D" == ledger.row(2)["key"]


def test_a_file_has_one_writer(tmp_path: Path) -> None:
    """A second ledger on the file is refused until the first is closed."""
    with _opened(tmp_path / "ledger"), pytest.raises(LedgerInUse):
        Ledger(tmp_path / "ledger", ManualClock())

    with _opened(tmp_path / "ledger") as (ledger, _):
        assert 0 == ledger.last_seq
