"""Callbacks: a system that sent a message is told when something becomes of it that it has to know."""

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

import httpx
import orjson

from hub.access import CallbackEntry, SystemEntry
from hub.errors import StaleOwner
from hub.ports import Clock, Consumer, Log, Record
from hub.telemetry import Metrics, logger
from schemas.event import MEDIA_TYPE, SIGNATURE_HEADER
from schemas.topics import EVENTS

_log = logger("callbacks")


@dataclass(frozen=True, slots=True)
class CallbackLimits:
    """Bounds of one caller. The wait between tries doubles from `first_s` to `max_s`."""

    first_s: float = 1.0
    max_s: float = 300.0
    records_max: int = 100
    fetch_wait_s: float = 1.0


@dataclass(slots=True)
class _Queue:
    """What was fetched of one partition and not dealt with, and when its head may be tried."""

    records: deque[Record] = field(default_factory=deque)
    tries: int = 0
    due_s: float = 0.0


class Caller:
    """Calls one system, as a consumer group of its own: a system that does not answer holds nobody else up.

    Events are told in the order of the log, partition by partition, each until it was answered with 2xx or became too
    old; only then the offset is committed, so after a crash the last one may come again. Redirects are not followed.
    """

    def __init__(
        self,
        *,
        log: Log,
        system: SystemEntry,
        callback: CallbackEntry,
        clock: Clock,
        metrics: Metrics,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: CallbackLimits | None = None,
    ) -> None:
        self._log = log
        self._name = f"{system.agency}/{system.system}"
        self._sender = (str(system.agency), system.system)
        self.group = f"hub.callback.{system.agency}.{system.system}"
        self._callback = callback
        self._kinds = frozenset(kind.value for kind in callback.kinds)
        self._clock = clock
        self._metrics = metrics
        self._transport = transport
        self._limits = limits or CallbackLimits()
        self._queues: dict[int, _Queue] = {}

    async def run(self) -> None:
        """Call until cancelled. Errors: HubFault when log or group fail; run it again then."""
        self._queues.clear()
        consumer = await self._log.join(self.group, EVENTS, self)
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=self._callback.timeout_s, follow_redirects=False, trust_env=False
            ) as client:
                while True:
                    await self._fetch(consumer)
                    for partition, queue in list(self._queues.items()):
                        await self._advance(consumer, client, partition, queue)
        finally:
            await consumer.leave()

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """Begin with partitions."""
        for partition in partitions:
            self._queues[partition] = _Queue()

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """Forget partitions; what was not committed is told by the next owner."""
        for partition in partitions:
            self._queues.pop(partition, None)

    async def _fetch(self, consumer: Consumer) -> None:
        """Fill the queues that are empty, and wait until there is something to do."""
        hungry = [partition for partition, queue in self._queues.items() if not queue.records]
        wait_s = self._wait_s()
        # Asked even when nothing is wanted: this is where a membership that has ended makes itself known.
        for record in await consumer.fetch(hungry, self._limits.records_max, wait_s if hungry else 0.0):
            if record.partition in self._queues:
                self._queues[record.partition].records.append(record)
        if not hungry:
            await self._clock.sleep(wait_s)

    def _wait_s(self) -> float:
        now_s = self._clock.monotonic()
        due = [queue.due_s - now_s for queue in self._queues.values() if queue.records]
        return max(0.0, min([self._limits.fetch_wait_s, *due]))

    async def _advance(self, consumer: Consumer, client: httpx.AsyncClient, partition: int, queue: _Queue) -> None:
        """Deal with a partition's events in order, up to one that has to wait."""
        passed = None
        while queue.records and self._queues.get(partition) is queue and self._clock.monotonic() >= queue.due_s:
            record = queue.records[0]
            wanted = self._wanted(record)
            if wanted and not await self._settled(client, record, queue):
                break
            queue.records.popleft()
            queue.tries, queue.due_s, passed = 0, 0.0, record.offset + 1
            if wanted:
                await _commit(consumer, partition, passed)
                passed = None
        if passed is not None:
            await _commit(consumer, partition, passed)

    def _wanted(self, record: Record) -> bool:
        """Whether the event is about a message of this system, and of a kind that it wants to hear of."""
        try:
            data = orjson.loads(record.value)["data"]
            return data["state"] in self._kinds and (data["sender_agency"], data["sender_system"]) == self._sender
        except (ValueError, KeyError, TypeError):
            _log.error("record_unreadable", topic=EVENTS, partition=record.partition, offset=record.offset)
            return False

    async def _settled(self, client: httpx.AsyncClient, record: Record, queue: _Queue) -> bool:
        """Try once and return whether the event is dealt with; if not, say when to try again."""
        age_s = (self._clock.now() - record.appended_at).total_seconds()
        if age_s > self._callback.give_up_after_s:
            self._count("given_up")
            agency, system = self._sender
            _log.warning(
                "callback_given_up", agency=agency, system=system, partition=record.partition, offset=record.offset
            )
            return True
        result = await self._post(client, record.value)
        self._count(result)
        if result == "told":
            return True
        queue.tries += 1
        wait_s = min(self._limits.max_s, self._limits.first_s * 2.0 ** min(queue.tries - 1, 30))
        queue.due_s = self._clock.monotonic() + wait_s
        agency, system = self._sender
        _log.info("callback_waits", agency=agency, system=system, code=result, attempt=queue.tries, delay_s=wait_s)
        return False

    async def _post(self, client: httpx.AsyncClient, body: bytes) -> str:
        """Post an event. The answer's body is not read."""
        headers = {"Content-Type": MEDIA_TYPE, SIGNATURE_HEADER: signature(self._callback, body)}
        try:
            async with (
                asyncio.timeout(self._callback.timeout_s),
                client.stream("POST", self._callback.url, content=body, headers=headers) as answer,
            ):
                return "told" if answer.is_success else "refused"
        except (httpx.HTTPError, TimeoutError):
            return "unreachable"

    def _count(self, result: str) -> None:
        self._metrics.callbacks_total.inc(self._name, result)


def signature(callback: CallbackEntry, body: bytes) -> str:
    """Return what proves to the receiver that the hub sent the body: HMAC-SHA256 (RFC 2104) under its secret."""
    return "sha256=" + hmac.new(callback.secret.get_secret_value().encode(), body, sha256).hexdigest()


def callers(
    systems: Iterable[SystemEntry],
    log: Log,
    clock: Clock,
    metrics: Metrics,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return what has to run, by name: one caller for each system that has a callback."""
    made = (
        Caller(log=log, system=entry, callback=entry.callback, clock=clock, metrics=metrics, transport=transport)
        for entry in systems
        if entry.callback is not None
    )
    return {caller.group: caller.run for caller in made}


async def _commit(consumer: Consumer, partition: int, offset: int) -> None:
    with suppress(StaleOwner):  # another process has the partition, and tells the event again
        await consumer.commit({partition: offset})
