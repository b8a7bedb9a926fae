"""A store some of whose statements fail, whatever they say: from the N-th of a process on, so many in a row."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

_CODES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


@dataclass(frozen=True, slots=True)
class Failure:
    """`first` counts the statements of a process from 1."""

    first: int
    statements: int

    @classmethod
    def parse(cls, text: str) -> "Failure":
        """Read `FIRST:STATEMENTS`. ValueError when it is something else."""
        first, _, statements = text.partition(":")
        return cls(int(first), int(statements))

    def __str__(self) -> str:
        return f"{self.first}:{self.statements}"


def brittle_store(failure: Failure) -> None:
    """Let statements of every engine of this process fail as ordered, as a disk would have them fail."""
    event.listen(Engine, "do_execute", failing(failure))


def failing(failure: Failure) -> Callable[..., None]:
    """Return what an engine calls in place of a statement, before it is executed."""
    numbers = count(1)

    def fail(*_statement: Any) -> None:
        number = next(numbers)
        if failure.first <= number < failure.first + failure.statements:
            error = sqlite3.OperationalError("a failure on command")
            error.sqlite_errorcode = _CODES[number % len(_CODES)]
            raise error

    return fail
