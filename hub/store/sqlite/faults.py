"""SQLite's errors in the words of the hub's tree."""

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubFault, Unavailable, WriteInDoubt

_CAUSES = {
    sqlite3.SQLITE_FULL: "no space is left for the file",
    sqlite3.SQLITE_READONLY: "the file, or its folder, cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened or created; does its folder exist, may the hub write there?",
    sqlite3.SQLITE_PERM: "the hub may not touch the file",
    sqlite3.SQLITE_AUTH: "the hub may not touch the file",
    sqlite3.SQLITE_IOERR: "the disk reported an error",
    sqlite3.SQLITE_BUSY: "another process holds the file for too long",
    sqlite3.SQLITE_LOCKED: "another process holds the file for too long",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from the backup",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
}
_SPOILING = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT}
_HARMLESS_AT_COMMIT = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY}


def fault(error: SQLAlchemyError, file: str) -> HubFault:
    """Return what an error of a statement means: Unavailable, or a HubFault when the statement itself was refused."""
    kind = sqlite3.SQLITE_FULL if _needs_space(error) else _kind(error)
    if kind not in _CAUSES:
        return HubFault(f"{file}: a statement was refused ({type(error).__name__})")
    code = "hub.disk_full" if kind == sqlite3.SQLITE_FULL else None
    return Unavailable(f"{file}: {_CAUSES[kind]} ({_name(error)})", code=code)


def fault_at_commit(error: SQLAlchemyError, file: str) -> HubFault:
    """Return what an error of a COMMIT means: in doubt, unless the file was certainly not changed."""
    if _kind(error) in _HARMLESS_AT_COMMIT:
        return fault(error, file)
    return WriteInDoubt(f"{file}: the commit failed ({_name(error)})")


def spoils(error: SQLAlchemyError) -> bool:
    """Whether a connection is of no more use: what was once opened for reading only stays so."""
    return _kind(error) in _SPOILING and not _needs_space(error)


def sound_after_commit(error: SQLAlchemyError) -> bool:
    """Whether a connection whose COMMIT failed is as good as before: SQLite has rolled it back.

    It is better kept then: the last one to close takes the files away that a full disk may not give back.
    """
    return _kind(error) == sqlite3.SQLITE_FULL


def says_read_only(error: SQLAlchemyError) -> bool:
    """Whether the file was opened for reading only, which all connections of the process come to share."""
    return _kind(error) == sqlite3.SQLITE_READONLY


def _needs_space(error: SQLAlchemyError) -> bool:
    """Whether it was room that was missing; SQLite calls it an I/O error where its shared memory cannot grow."""
    return _kind(error) == sqlite3.SQLITE_FULL or _code(error) == sqlite3.SQLITE_IOERR_SHMSIZE


def _kind(error: SQLAlchemyError) -> int:
    """Return the primary result code; the upper bytes only refine it."""
    return _code(error) & 0xFF


def _code(error: SQLAlchemyError) -> int:
    code: int = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code


def _name(error: SQLAlchemyError) -> str:
    """Return SQLite's own name of the error, such as `SQLITE_IOERR_FSYNC`."""
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", type(error).__name__))
