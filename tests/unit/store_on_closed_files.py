"""A program: a store whose files fail, then may only be read, while somebody reads all the time; then all is well.

`python -m tests.unit.store_on_closed_files FOLDER` prints one line for each write: `written`, or the problem code. It
is a process of its own because the limit on the size of files, and the rights that root overrides, are a process's.
"""

import asyncio
import resource
import sys
import threading
from pathlib import Path

from sqlalchemy import Connection

from hub.errors import HubError
from hub.store import tables
from hub.store.sqlite.database import SqliteDatabase
from tests.contracts.store_suite import names, note

_HELD_S_MAX = 5.0


class HeldRead:
    """A unit that has read something and does not end before it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, connection: Connection) -> None:
        """Read, then wait."""
        names(connection)
        self.entered.set()
        self.let_go.wait(_HELD_S_MAX)


def close(folder: Path) -> None:
    """Take the right to write from the files and their folder."""
    for file in folder.iterdir():
        file.chmod(0o400)
    folder.chmod(0o500)


def reopen(folder: Path) -> None:
    """Give it back."""
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)


def limit_files(size_bytes: int) -> None:
    """Let no file of this process grow beyond a size."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size_bytes < 0 else size_bytes, hard))


async def outcome(database: SqliteDatabase, name: str) -> str:
    """Write, and say what came of it."""
    try:
        await database.write(note(name))
    except HubError as error:
        return error.problem_code
    return "written"


async def main(folder: Path) -> None:
    """Tell the story; the last write must be taken."""
    database = await SqliteDatabase.open(folder / "store.db", tables.STORE)
    told = [await outcome(database, "a")]
    limit_files(1)
    told.append(await outcome(database, "b"))
    close(folder)
    limit_files(-1)
    read = HeldRead()
    reading = asyncio.create_task(database.read(read))
    await asyncio.to_thread(read.entered.wait, _HELD_S_MAX)
    refused = asyncio.create_task(outcome(database, "c"))
    await asyncio.sleep(0.1)  # the writer finds out while the reader is still there
    reopen(folder)
    read.let_go.set()
    await reading
    told.append(await refused)
    told.append(await outcome(database, "d"))
    told.append(await outcome(database, "e"))
    await database.aclose()
    sys.stdout.write("\n".join(told))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
