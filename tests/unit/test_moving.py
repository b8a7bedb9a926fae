"""The parts of a move that need no broker and no server."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import JSON, Column, Table, select
from sqlalchemy.dialects import sqlite

from hub.app.moving.mark import Mark, MarkFile
from hub.app.moving.progress import Progress
from hub.app.moving.proof import Line, RowSum, Sum, sum_of_records, table
from hub.cli import main
from hub.cli.migrate import read_address
from hub.errors import ConfigInvalid, Unavailable
from hub.ports import Bounds, Record
from hub.settings.address import LogAddress, StoreAddress
from hub.store.postgres.bulk import key_of, plain
from hub.store.tables import KEYS, STORE
from tests.clock import ManualClock
from tests.fakes.installation_folder import write_installation

AT = datetime(2026, 11, 22, 13, 0, 0, 123_456, UTC)
MARK = Mark(journey="j1", producer_id=7, log="kafka://k:9092", store="postgresql://hub@db/hub", started_at=AT)
TABLES = [*STORE.sorted_tables, *KEYS.sorted_tables]


@pytest.mark.parametrize("one", TABLES, ids=lambda one: one.name)
def test_every_table_can_be_carried(one: Table) -> None:
    """Each column is of a type whose values are alike on both sides; the hub itself gives out all keys."""
    said = str(select(*map(plain, one.columns)).compile(dialect=sqlite.dialect()))

    assert said.startswith("SELECT")
    assert one.autoincrement_column is None
    assert {"BIGINT", "INTEGER", "TEXT"} >= {str(column.type) for column in one.primary_key.columns}


def test_a_type_that_nobody_looked_at_is_not_carried() -> None:
    """It is said, rather than guessed."""
    with pytest.raises(TypeError, match="no rule"):
        plain(Column("x", JSON))


def test_the_key_of_a_row_is_found_by_name() -> None:
    """Wherever its columns stand."""
    row = tuple(range(len(STORE.tables["parked"].columns)))
    assert (0, 1, 2) == key_of(STORE.tables["parked"], row)
    assert (7,) == key_of(KEYS.tables["master_key"], (7,))


def test_a_mark_survives_and_closes_the_home_when_it_is_complete(tmp_path: Path) -> None:
    """Half-way it says nothing; complete, it says where the home is and how to go back."""
    file = MarkFile(tmp_path / "log.db")
    assert file.read() is None
    file.write(MARK)
    file.require_home()
    file.write(MARK.model_copy(update={"completed_at": AT, "ends": {"hub.commands/0": 5}}))

    with pytest.raises(ConfigInvalid) as refused:
        file.require_home()

    assert refused.value.hint == (
        "this home has moved to kafka://k:9092 and postgresql://hub@db/hub, on 2026-11-22 13:00 UTC: put these "
        "addresses into hub.yaml. If the move is given up before the target was used: hub migrate --undo-mark, "
        "with the same --log, --store and --keys"
    )
    assert [tmp_path / "log.db.move"] == list(tmp_path.iterdir())


def test_a_mark_that_cannot_be_written_leaves_the_former(tmp_path: Path) -> None:
    """The folder may be gone or full; the error says so."""
    with pytest.raises(Unavailable):
        MarkFile(tmp_path / "gone" / "log.db").write(MARK)


def test_sums_of_rows_do_not_mind_the_order_and_do_mind_everything_else() -> None:
    """Databases sort otherwise; a value, a type or a row more is another sum."""
    rows = [("a", 1, None, b"x"), ("đ", 2, True, b"")]
    one, other, changed, more = RowSum(), RowSum(), RowSum(), RowSum()
    one.add(rows)
    other.add(reversed(rows))
    changed.add([rows[0], ("đ", 2, False, b"")])
    more.add([*rows, rows[0]])

    assert one.sum == other.sum
    assert (2, 3) == (one.sum.count, more.sum.count)
    assert 3 == len({one.sum.digest, changed.sum.digest, more.sum.digest})


async def test_sums_of_records_mind_offsets_and_milliseconds() -> None:
    """Kafka keeps no microseconds, and nothing else may be lost."""
    first = await _sum(Record("t", 0, 5, AT, b"k", b"v"))

    assert first == await _sum(Record("t", 0, 5, AT.replace(microsecond=123_999), b"k", b"v"))
    assert first != await _sum(Record("t", 0, 5, AT.replace(microsecond=124_000), b"k", b"v"))
    assert first != await _sum(Record("t", 0, 5, AT, b"kv", b""))
    assert 1 == first.count


async def _sum(record: Record) -> Sum:
    async def read(_: int) -> list[Record]:
        return [record]

    return await sum_of_records(read, Bounds(record.offset, record.offset + 1))


def test_the_table_shows_what_differs() -> None:
    """Counts of both sides, and a digest or a word that catches the eye."""
    shown = table([Line("inbox", Sum(1200, "ab" * 32), Sum(1200, "ab" * 32)), Line("hop", Sum(2, "a"), Sum(1, "b"))])

    assert shown.splitlines() == [
        "             source       target  digest      ",
        "inbox         1,200        1,200  abababababab",
        "hop               2            1  DIFFERS",
    ]


async def test_progress_is_told_now_and_then() -> None:
    """Not with every chunk; the count is that of all so far."""
    clock, said = ManualClock(), list[str]()
    progress = Progress("records", 3000, said.append, clock)
    progress.add(1000)
    await clock.advance(2.5)
    progress.add(500)
    progress.add(500)
    progress.tell()

    assert ["records: 1,500 of 3,000", "records: 2,000 of 3,000"] == said


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        (StoreAddress, "postgresql://hub:secret@db/hub", r"a password does not stand in a command: write '\$\{NAME\}'"),
        (StoreAddress, "${NOT_SET}", "the environment variable NOT_SET is not set"),
        (StoreAddress, "sqlite:///store.db", "a file is no place to move to"),
        (StoreAddress, "mysql://hub@db/hub", "must be sqlite:///file or postgresql://user@host/database"),
        (LogAddress, "kafka://k", "must be sqlite:///file or kafka://host:port"),
    ],
)
def test_addresses_that_are_none_are_refused(form: object, text: str, reason: str) -> None:
    """The error names the option and never a password."""
    with pytest.raises(ConfigInvalid, match=f"^--to: .*{reason}") as refused:
        read_address(form, "--to", text, {})
    assert "secret" not in refused.value.hint


def test_an_address_with_a_password_comes_from_the_environment() -> None:
    """Other users of a machine see commands, not environments."""
    found = read_address(StoreAddress, "--store", "${NEW_STORE}", {"NEW_STORE": "postgresql://hub:secret@db/hub"})

    assert ("postgresql://hub:secret@db/hub", "postgresql://hub:***@db/hub") == (found.url, str(found))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "where to? --log kafka://host:port --store postgresql://user@host/database"),
        (["--log", "kafka://k:9092"], "where to?"),
        (["--target-is-gone"], "--target-is-gone goes with --undo-mark"),
        (["--undo-mark", "--target-is-gone"], "there is no such file, so there is nothing to move"),
    ],
)
def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """One line, exit code 1, and nothing was begun."""
    folder = write_installation(tmp_path / "installation")

    with pytest.raises(SystemExit) as ended:
        main(["migrate", "--config", str(folder), *arguments])

    assert 1 == ended.value.code
    assert said in capsys.readouterr().err
    assert not (folder / "data").exists()
