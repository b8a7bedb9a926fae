"""The end of a topic: what was appended last."""

from collections.abc import AsyncIterator

from hub.ports import Log, Record


async def newest(log: Log, topic: str, records_max: int) -> AsyncIterator[Record]:
    """Yield up to so many records from the end of each partition, oldest first. Errors: those of the log."""
    for partition in range(log.partitions(topic)):
        bounds = await log.bounds(topic, partition)
        at = max(bounds.start, bounds.end - records_max)
        while at < bounds.end:
            records = await log.read(topic, partition, at, records_max)
            if not records:
                break
            for record in records:
                yield record
            at = records[-1].offset + 1
