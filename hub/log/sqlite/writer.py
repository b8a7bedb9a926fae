"""The writing thread: collects what is queued, writes it as one transaction, reports once to the event loop."""

import asyncio
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVarTuple

from hub.errors import Unavailable, WriteInDoubt
from hub.log.sqlite.batch import Batch, Pending, Verdict
from hub.log.sqlite.journal import Journal

Arguments = TypeVarTuple("Arguments")


class Writer:
    """Owns the thread. `finish` is called on the event loop, once per batch, in the order of writing.

    What was put comes to a verdict, whatever happens to the thread. A batch ends with the record that fills it.
    """

    def __init__(
        self, journal: Journal, finish: Callable[[Batch, Verdict], None], batch_records_max: int, batch_bytes_max: int
    ) -> None:
        self._journal = journal
        self._finish = finish
        self._batch_records_max = batch_records_max
        self._batch_bytes_max = batch_bytes_max
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._stopping = False
        # A daemon, so that a process that forgets to close ends all the same; the file stands that.
        self._thread = Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, pending: Pending) -> None:
        """Queue one thing. Unavailable when the thread has ended."""
        if self._ended.done():
            raise Unavailable("the log's writing thread has ended")
        self._queue.put(pending)

    async def aclose(self) -> None:
        """Write what is queued, close the file, end the thread."""
        self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _run(self) -> None:
        batch = Batch()
        try:
            while batch := self._collect():
                self._post(self._finish, batch, self._journal.apply(batch))
                batch = Batch()
                self._journal.tidy()
            self._journal.close()
        finally:
            self._post(self._end, batch)

    def _collect(self) -> Batch:
        """Wait for something, take what else is there. An empty batch means the end."""
        batch = Batch()
        pending = None if self._stopping else self._queue.get()
        while pending is not None:
            batch.add(pending)
            if len(batch) >= self._batch_records_max or batch.record_bytes >= self._batch_bytes_max:
                return batch
            try:
                pending = self._queue.get_nowait()
            except Empty:
                return batch
        self._stopping = True
        return batch

    def _post(self, call: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed, nobody waits any more
            self._stopping = True

    def _end(self, in_hand: Batch) -> None:
        """Tell everyone who still waits."""
        if in_hand:
            self._finish(in_hand, Verdict(error=WriteInDoubt("the log's writing thread ended early")))
        left = Batch()
        while not self._queue.empty():
            pending = self._queue.get()
            if pending is not None:
                left.add(pending)
        if left:
            self._finish(left, Verdict(error=Unavailable("the log's writing thread has ended")))
        self._ended.set_result(None)
