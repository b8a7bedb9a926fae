"""PostgreSQL's errors in the words of the hub's tree. Their own texts tell values of rows and are never passed on."""

from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hub.errors import ConfigInvalid, HubFault, Unavailable, WriteInDoubt

RAISED = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What comes out of a statement, a connection or a time-out (TimeoutError is an OSError)."""

_AGAIN_MAX = 5
_UNIQUE = "23505"
_STALE_PLAN = "0A000"
_DISK_FULL = "53100"

# SQLSTATE or its first characters (PostgreSQL, Appendix A), and what an operator should know; the longest match counts.
_CAUSES = {
    "08": "the connection was lost",
    "0A000": "the tables were changed while the hub ran",
    "25006": "the server takes no writes; is it a standby?",
    "25P03": "the server ended a transaction that stood still for too long",
    "28": "the server refuses the account",
    "3D000": "there is no such database",
    "40": "others kept changing the same rows",
    "42501": "the account lacks a right",
    "53": "the server lacks a resource",
    "53100": "no space is left on the server",
    "53300": "the server has too many connections",
    "55P03": "another process holds a row for too long",
    "57": "the server stops, starts, or ended the connection",
    "57014": "a statement took too long",
    "58": "the server's disk reported an error",
    "F0": "the server's files are damaged",
    "XX": "the server's files are damaged, or the server is broken",
}
_NOT_AS_CONFIGURED = ("28", "3D000", "42501")
_ENDS_THE_CONNECTION = ("08", "25P03", "57P")
_CONTENTION = ("40001", "40P01", _UNIQUE, _STALE_PLAN)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error means: the fault to raise, how often to try in all, whether the connection is of no more use."""

    fault: HubFault
    tries_max: int = 1
    lost: bool = False


def verdict(error: BaseException, name: str) -> Verdict:
    """Judge an error that came before the commit was asked for: nothing was written."""
    state = _sqlstate(error)
    if state is None or _is(state, _ENDS_THE_CONNECTION):
        cause = _CAUSES["08"] if state is None else _cause(state)
        return Verdict(Unavailable(f"{name}: {cause} ({_kind(error)})"), tries_max=2, lost=True)
    return Verdict(_fault(state, error, name), tries_max=_AGAIN_MAX if state in _CONTENTION else 1)


def verdict_at_open(error: BaseException, name: str) -> HubFault:
    """Judge an error at the opening: what the configuration can cure is ConfigInvalid."""
    state = _sqlstate(error)
    if state is not None and _is(state, _NOT_AS_CONFIGURED):
        return ConfigInvalid(f"{name}: {_cause(state)} ({state})")
    return verdict(error, name).fault


def verdict_at_commit(error: BaseException, name: str) -> Verdict:
    """Judge an error of a COMMIT: in doubt, unless the server itself says that it went back on it."""
    state = _sqlstate(error)
    if state is None or _is(state, _ENDS_THE_CONNECTION):
        return Verdict(WriteInDoubt(f"{name}: the connection was lost during a commit ({_kind(error)})"), lost=True)
    return verdict(error, name)


def _fault(state: str, error: BaseException, name: str) -> HubFault:
    cause = _cause(state)
    if cause is None:
        return HubFault(f"{name}: a statement was refused ({_kind(error)})")
    return Unavailable(f"{name}: {cause} ({state})", code="hub.disk_full" if state == _DISK_FULL else None)


def _cause(state: str) -> str | None:
    return next((_CAUSES[state[:n]] for n in (5, 4, 3, 2) if state[:n] in _CAUSES), None)


def _is(state: str, prefixes: tuple[str, ...]) -> bool:
    return state.startswith(prefixes)


def _sqlstate(error: BaseException) -> str | None:
    """Return the server's code; None when no server said anything."""
    origin = _origin(error)
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
        return "42000"  # a statement that SQLAlchemy itself cannot say
    state = getattr(origin, "sqlstate", None)
    return state if isinstance(state, str) and state else None


def _origin(error: BaseException) -> BaseException:
    origin = getattr(error, "orig", None) or error
    return origin.__cause__ if isinstance(origin.__cause__, asyncpg.PostgresError) else origin


def _kind(error: BaseException) -> str:
    """Name the error, its code and the constraint that it broke, and no value."""
    origin = _origin(error)
    told = (type(origin).__name__, getattr(origin, "sqlstate", None), getattr(origin, "constraint_name", None))
    return " ".join(each for each in told if each)
