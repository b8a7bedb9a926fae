"""The reading end of `log.db`: a thread and a connection of its own, so that reading never waits for a sync."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import apsw

from hub.log.sqlite.database import OFFSET_BITS, Database, close, unavailable
from hub.log.sqlite.instant import instant_of
from hub.ports import Record

_QUERY = """
    SELECT place & ?, appended_us, key, value FROM record
    WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"""


class Reader:
    """Reads records of one partition at a time. An answer ends with the record that reaches `read_bytes_max`."""

    def __init__(self, database: Database, read_bytes_max: int) -> None:
        self._database = database
        self._read_bytes_max = read_bytes_max
        self._connection: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-reader")

    async def read(self, slot: int, topic: str, partition: int, offset: int, records_max: int) -> list[Record]:
        """Return records from an offset on. Errors: Unavailable."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._read, slot, topic, partition, offset, records_max)

    async def aclose(self) -> None:
        """Let reads under way finish and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _read(self, slot: int, topic: str, partition: int, offset: int, records_max: int) -> list[Record]:
        bounds = (slot << OFFSET_BITS | offset, slot + 1 << OFFSET_BITS)
        try:
            if self._connection is None:
                self._connection = self._database.connect()
            cursor = self._connection.execute(_QUERY, ((1 << OFFSET_BITS) - 1, *bounds, records_max))
            return self._up_to_bytes_max(cursor, topic, partition)
        except apsw.Error as error:
            self._close()
            raise unavailable(self._database.path, error) from None

    def _up_to_bytes_max(self, cursor: apsw.Cursor, topic: str, partition: int) -> list[Record]:
        records: list[Record] = []
        room = self._read_bytes_max
        for offset, appended_us, key, value in cursor:
            records.append(Record(topic, partition, offset, instant_of(appended_us), key, value))
            room -= len(key) + len(value)
            if room <= 0:
                break
        cursor.close()
        return records

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            close(connection)
