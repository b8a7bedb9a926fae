"""What SQLite's errors mean to the hub: result codes as https://www.sqlite.org/rescode.html lists them."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from hub.errors import HubFault, Unavailable, WriteInDoubt
from hub.store.sqlite.faults import fault, fault_at_commit, sound_after_commit

FULL, BUSY, READONLY, CANTOPEN, IOERR_SHMSIZE, IOERR_FSYNC, CONSTRAINT = 13, 5, 8, 14, 4874, 1034, 19


def refused(code: int) -> OperationalError:
    """Return SQLAlchemy's error of a statement that SQLite refused with a result code."""
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    error.sqlite_errorname = f"SQLITE_{code}"
    return OperationalError("INSERT", None, error)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (FULL, "hub.disk_full"),
        (IOERR_SHMSIZE, "hub.disk_full"),
        (IOERR_FSYNC, "hub.unavailable"),
        (READONLY, "hub.unavailable"),
        (CANTOPEN, "hub.unavailable"),
        (BUSY, "hub.unavailable"),
    ],
)
def test_what_a_disk_says(code: int, problem: str) -> None:
    """Missing room has a code of its own, also where it shows as an I/O error; the hint has SQLite's own name."""
    told = fault(refused(code), "store.db")

    assert (Unavailable, problem) == (type(told), told.problem_code)
    assert f"(SQLITE_{code})" in told.hint


def test_a_statement_that_is_wrong() -> None:
    """What is not the disk's doing is a defect, not something that passes."""
    assert HubFault is type(fault(refused(CONSTRAINT), "store.db"))


@pytest.mark.parametrize(
    ("code", "told", "sound"),
    [
        (FULL, Unavailable, True),
        (BUSY, Unavailable, False),
        (READONLY, Unavailable, False),
        (IOERR_FSYNC, WriteInDoubt, False),
        (IOERR_SHMSIZE, WriteInDoubt, False),
    ],
)
def test_what_it_says_to_a_commit(code: int, told: type[HubFault], sound: bool) -> None:
    """Only what certainly changed nothing is no doubt; only a connection that nothing happened to is kept."""
    error = refused(code)

    assert (told, sound) == (type(fault_at_commit(error, "store.db")), sound_after_commit(error))
