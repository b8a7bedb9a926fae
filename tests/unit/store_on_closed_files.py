"""A program: a store whose files fail, then may only be read, while somebody reads all the time; then all is well.

`python -m tests.unit.store_on_closed_files FOLDER` prints one line for each write: `written`, or the problem code. It
is a process of its own because the limit on the size of files, and the rights that root overrides, are a process's.
"""

import asyncio
import os
import sys
import threading
from pathlib import Path

from sqlalchemy import Connection

from hub.errors import HubError
from hub.store import tables
from hub.store.sqlite.database import SqliteDatabase
from tests.contracts.store_suite import names, note
from tests.e2e.scarce_disk import LimitedDisk, give_rights, take_rights

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
    failing, told = LimitedDisk(folder), [await outcome(database, "a")]
    failing.exhaust(os.getpid())
    told.append(await outcome(database, "b"))
    take_rights(folder)
    failing.relieve(os.getpid())
    read = HeldRead()
    reading = asyncio.create_task(database.read(read))
    await asyncio.to_thread(read.entered.wait, _HELD_S_MAX)
    refused = asyncio.create_task(outcome(database, "c"))
    await asyncio.sleep(0.1)  # the writer finds out while the reader is still there
    give_rights(folder)
    read.let_go.set()
    await reading
    told.append(await refused)
    told.append(await outcome(database, "d"))
    told.append(await outcome(database, "e"))
    await database.aclose()
    sys.stdout.write("\n".join(told))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
