"""How Faust reads the hub's log: the only module that uses names which Faust does not promise.

Each such name has a test in `tests/unit/test_streams_canaries.py` that fails when an upgrade changes it.

Faust spends about 0.3 ms on a message, whatever is in it, so many records travel as one message, a *chunk*. Chunks of a
partition are acknowledged in order by one stream, so the newest acknowledged offset is what may be committed; Faust's
own reckoning, which commits past an unfinished head (faust-streaming issue 606), is not used.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, ClassVar, cast

from faust import App
from faust.transport.base import Consumer, Producer, Transport
from faust.transport.drivers import aiokafka as kafka
from faust.types import TP, ConsumerMessage, RecordMetadata
from faust.types.transports import ConsumerT, ProducerT
from mode.threads import WorkerThread
from yarl import URL

from hub.errors import HubFault
from hub.ports import Log, Record
from hub.telemetry import logger

LOG_URL = URL("hublog://")

Chunk = Mapping[int, Sequence[Record]]
"""The value of a message: records by partition, consecutive within each."""

_CHUNK_RECORDS = 500
_PACE_S = 0.2
_RETRY_S = 1.0
_CREATE_TIME = 0
_log = logger("streams")


class _Chunked(Consumer):
    """A consumer whose messages are chunks. What it fetches of a partition is a list of (offset, chunk).

    Between two fetches that found something it lets some time pass: the chunks grow with the load.
    """

    _next_fetch_s = 0.0

    async def _pause(self) -> None:
        await self.sleep(max(0.0, self._next_fetch_s - monotonic()))

    def _found(self) -> None:
        self._next_fetch_s = monotonic() + _PACE_S

    def _to_message(self, tp: TP, record: tuple[int, Chunk]) -> ConsumerMessage:
        offset, chunk = record
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=offset,
            timestamp=0.0,
            timestamp_type=_CREATE_TIME,
            headers=None,
            key=None,
            value=cast("bytes", chunk),  # "raw" topics hand it on as it is
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        newest = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return newest + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Chunks leave no gaps: the offsets between two of them are inside the second."""


class LogConsumer(_Chunked):
    """Reads the `Log` port, in this process alone.

    Faust sees each topic as one partition of chunks, numbered from 0: chunk n holds what came into all partitions of
    the topic since chunk n - 1. It begins with what comes after the start and keeps no commits: what lies before is
    fetched by the projectors, who know exactly how far each projection is.
    """

    transport: "LogTransport"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._log = self.transport.log
        self._chunks: dict[TP, int] = {}
        self._positions: dict[str, dict[int, int]] = {}

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take all of them. The conductor waits for this to return before it takes part in the assignment."""
        self._chunks = {TP(topic, 0): 0 for topic in topics}
        self.add_future(self._assign(set(self._chunks)))

    async def _assign(self, assigned: set[TP]) -> None:
        self.app.on_rebalance_start()
        self.app.consumer_generation_id += 1
        await self.on_partitions_assigned(assigned, self.app.consumer_generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to the end of every partition."""
        self._positions = {tp.topic: await self._ends(tp.topic) for tp in self._chunks}
        return dict(self._chunks)

    async def _ends(self, topic: str) -> dict[int, int]:
        """Return the ends of a topic's partitions; none for a topic of Faust's own, which is always empty here."""
        try:
            partitions = self._log.partitions(topic)
        except KeyError:
            return {}
        return {partition: (await self._log.bounds(topic, partition)).end for partition in range(partitions)}

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's word
    ) -> Mapping[TP, list[tuple[int, Chunk]]]:
        active = [tp for tp in active_partitions or () if self._positions.get(tp.topic)]
        await self._pause()
        try:
            found = {tp: chunk for tp in active if (chunk := await self._chunk(tp.topic))}
            if not found:
                await self._wait({tp.topic for tp in active}, timeout)
        except HubFault as fault:
            _log.warning("streams_wait_for_log", code=fault.problem_code)
            await self.sleep(_RETRY_S)
            return {}
        return {tp: [(self._numbered(tp), chunk)] for tp, chunk in found.items()}

    def _numbered(self, tp: TP) -> int:
        self._found()
        number, self._chunks[tp] = self._chunks[tp], self._chunks[tp] + 1
        return number

    async def _chunk(self, topic: str) -> Chunk:
        chunk: dict[int, Sequence[Record]] = {}
        positions = self._positions[topic]
        for partition, offset in positions.items():
            records = await self._log.read(topic, partition, offset, _CHUNK_RECORDS)
            if records:
                chunk[partition] = records
                positions[partition] = records[-1].offset + 1
        return chunk

    async def _wait(self, topics: Collection[str], wait_s: float) -> None:
        """Return when something may have come into one of the topics."""
        waits = [asyncio.ensure_future(self._log.wait(topic, wait_s)) for topic in topics]
        try:
            for wait in asyncio.as_completed(waits) if waits else ():
                return await wait
            await self.sleep(wait_s)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """Return the number of the next chunk."""
        return {tp: self._chunks[tp] for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Chunks are not kept: the next one is the earliest, too."""
        return await self.highwaters(*partitions)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Chunks are not kept: nobody goes back to one."""

    async def _seek(self, partition: TP, offset: int) -> None:
        """As `seek_wait`."""

    async def position(self, tp: TP) -> int | None:
        """Return the number of the next chunk."""
        return self._chunks.get(tp)

    def highwater(self, tp: TP) -> int:
        """Return the number of the next chunk."""
        return self._chunks[tp]

    def assignment(self) -> set[TP]:
        """Return everything."""
        return set(self._chunks)

    def topic_partitions(self, topic: str) -> int | None:  # noqa: ARG002 - all are alike
        """Return how many partitions Faust sees."""
        return 1

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:  # noqa: ARG002
        """Return the one partition that Faust sees."""
        return 0

    async def create_topic(self, *_: Any, **__: Any) -> None:
        """Topics are declared where the log is opened."""

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:  # noqa: ARG002 - nothing is kept
        return True


class LogProducer(Producer):
    """Appends through the `Log` port; the partition is always that of the key."""

    transport: "LogTransport"

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, *_: Any, **__: Any
    ) -> Awaitable[RecordMetadata]:
        """Append, durably, before this returns."""
        done: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        done.set_result(await self.send_and_wait(topic, key, value))
        return done

    async def send_and_wait(
        self, topic: str, key: bytes | None, value: bytes | None, *_: Any, **__: Any
    ) -> RecordMetadata:
        """Append. Errors: as `Log.append`."""
        at = await self.transport.log.append(topic, key or b"", value or b"")
        return RecordMetadata(at.topic, at.partition, TP(at.topic, at.partition), at.offset)

    async def flush(self) -> None:
        """Let what the application still holds go out."""
        await self.buffer.flush()

    async def create_topic(self, *_: Any, **__: Any) -> None:
        """Topics are declared where the log is opened."""


class LogTransport(Transport):
    """Faust over the `Log` port."""

    Consumer: ClassVar[type[ConsumerT]] = LogConsumer
    Producer: ClassVar[type[ProducerT]] = LogProducer
    driver_version = "hub"

    def __init__(self, app: App, log: Log) -> None:
        super().__init__([LOG_URL], app)
        self.log = log


class _QuietWorker(WorkerThread):
    """What ended the thread is passed on by `crash`; it is not printed as well."""

    def run(self) -> None:
        """Run until stopped."""
        with suppress(Exception, asyncio.CancelledError):
            super().run()


class _QuietThread(kafka.AIOKafkaConsumerThread):
    """Faust's consumer thread, without its prints."""

    Worker = _QuietWorker

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:  # noqa: ARG002 - their text may quote a record
        """Say where, and nothing of what."""
        _log.error("streams_thread_fell", exc_info=True)


class KafkaConsumer(_Chunked, kafka.Consumer):
    """Faust's own Kafka consumer; what one fetch brings of a partition is a chunk."""

    def _new_consumer_thread(self) -> kafka.AIOKafkaConsumerThread:
        return _QuietThread(self, loop=self.loop, beacon=self.beacon)

    def release(self) -> None:
        """Close the loop of a thread that never began; one that ran closes it itself."""
        if not self._thread._thread_started.is_set():  # noqa: SLF001 - no other way to know
            self._thread.thread_loop.close()

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's word
    ) -> Mapping[TP, list[tuple[int, Chunk]]]:
        await self._pause()
        found = await super()._getmany(active_partitions, timeout)
        if found:
            self._found()
        return {
            TP(tp.topic, tp.partition): [(records[-1].offset, {tp.partition: [_record(each) for each in records]})]
            for tp, records in found.items()
            if records
        }


class KafkaTransport(kafka.Transport):
    """Faust's own Kafka transport with that consumer."""

    Consumer: ClassVar[type[ConsumerT]] = KafkaConsumer


def release(app: App) -> None:
    """Let go of what an application holds even when its start failed early."""
    consumer = app._consumer  # noqa: SLF001 - the property would make one
    if isinstance(consumer, KafkaConsumer):
        consumer.release()


def _record(record: Any) -> Record:
    appended_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Record(record.topic, record.partition, record.offset, appended_at, record.key or b"", record.value or b"")
