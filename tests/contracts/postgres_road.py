"""A road to a PostgreSQL server that can be cut at the moment of a COMMIT."""

import asyncio
from enum import StrEnum
from pathlib import Path


class Cut(StrEnum):
    """What happens to a COMMIT."""

    NEVER = "never"
    BEFORE = "before"
    """It does not reach the server; the connection is cut."""
    AFTER = "after"
    """It is carried out; the connection is cut in place of the answer."""
    SILENT = "silent"
    """It does not reach the server, and nobody says so."""


class Road:
    """Carries bytes between a socket of its own and the server's. It cuts one connection and is whole again."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._listener: asyncio.Server | None = None
        self._closed = asyncio.Event()
        self._carrying: set[asyncio.StreamWriter] = set()
        self.cut = Cut.NEVER

    @property
    def url(self) -> str:
        """The database `{name}` by this road."""
        return f"postgresql://hub:kept-secret@/{{name}}?host={self._folder}"

    async def open(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_unix_server(self._carry, self._folder / ".s.PGSQL.5432")

    async def close(self) -> None:
        """Cut everything."""
        assert self._listener is not None
        self._listener.close()
        self._closed.set()
        for writer in list(self._carrying):
            writer.close()
        await asyncio.sleep(0.05)  # the carriers see it, and end

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carrying.add(writer)
        far_reader, far_writer = await asyncio.open_unix_connection(self._server)
        back = asyncio.create_task(_copy(far_reader, writer))
        try:
            while data := await reader.read(65536):
                if b"COMMIT;" in data and self.cut is not Cut.NEVER:
                    await self._meet(data, back, far_writer)
                    return
                far_writer.write(data)
                await far_writer.drain()
        except OSError:
            return
        finally:
            back.cancel()
            writer.close()
            far_writer.close()
            self._carrying.discard(writer)

    async def _meet(self, data: bytes, back: "asyncio.Task[None]", far_writer: asyncio.StreamWriter) -> None:
        """Do to this COMMIT what is wanted, once."""
        cut, self.cut = self.cut, Cut.NEVER
        if cut is Cut.SILENT:
            await self._closed.wait()
        if cut is Cut.AFTER:
            back.cancel()
            far_writer.write(data)
            await far_writer.drain()
            await asyncio.sleep(0.2)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    writer.close()
