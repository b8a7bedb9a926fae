"""Letting go of the oldest records of topics on Kafka, by the brokers' own verb (DeleteRecords, KIP-107)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from hub.errors import Unavailable
from hub.log.kafka.link import NO_ACCESS, KafkaAccess
from hub.ports import Log

_REQUEST_WAIT_MS = 10_000


class KafkaTrimming:
    """The `Trimming` port on Kafka. Each call connects anew: there are few of them, and hours between.

    The brokers remove a record when all of its segment may go, so that space comes back in steps of a segment
    (`segment.bytes`); that nobody reads it any more holds at once.
    """

    def __init__(self, bootstrap: str, log: Log, access: KafkaAccess = NO_ACCESS) -> None:
        self._bootstrap = bootstrap
        self._log = log
        self._access = access

    async def readers(self, topic: str, groups: Collection[str]) -> Mapping[str, Mapping[int, int]]:
        """As the port."""
        partitions = range(self._log.partitions(topic))
        starts = {each: (await self._log.bounds(topic, each)).start for each in partitions}
        async with self._admin() as admin:
            return {group: starts | await _committed(admin, group, topic, partitions) for group in groups}

    async def trim(self, topic: str, partition: int, before: int) -> int:
        """As the port."""
        held = await self._log.bounds(topic, partition)
        to = min(before, held.end)
        if to <= held.start:
            return held.start
        place = TopicPartition(topic, partition)
        async with self._admin() as admin:
            left = await admin.delete_records({place: RecordsToDelete(before_offset=to)})
        return int(left[place])

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        """Connect, and say in the hub's words what fails."""
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap.split(","), request_timeout_ms=_REQUEST_WAIT_MS, **self._access.options()
        )
        try:
            await admin.start()
            yield admin
        except (KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Unavailable(f"the brokers do not let go of records: {type(error).__name__}") from error
        finally:
            await admin.close()


async def _committed(admin: Any, group: str, topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Return what a group has committed; the hub's groups are named after their topic, too."""
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    found = await admin.list_consumer_group_offsets(f"{group}.{topic}", partitions=wanted)
    return {place.partition: entry.offset for place, entry in found.items() if entry.offset >= 0}
