"""A process that races others at one store: `python -m tests.contracts.store_racer URL NUMBER`.

It waits for a line, brings both schemas up, waits for another line, and then reserves, asks for keys, takes partitions
over, writes as their owner, and applies the same batches as the others. It prints what it was told as JSON.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from hub.errors import StaleOwner
from hub.ports import Projected, ProjectedBatch, Reserved
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.parking import SqlParking
from hub.store.postgres.database import PostgresDatabase
from hub.store.projection import SqlProjection
from hub.store.tables import KEYS, STORE
from tests.contracts.store_suite import COMMANDS, OUTCOMES, command, outcome, parked, reservation

REQUESTS = 40
PARTITIONS = 4
RECORDS = 21
ROUNDS = 2


def record(topic: str, partition: int, n: int) -> Projected:
    """Return the n-th record of a partition: a command, or the outcome of that command."""
    if topic == COMMANDS:
        return command(n, f"log{partition}-{n}", partition=partition, ordering_key=f"d{partition}-{n}")
    return outcome(n, f"log{partition}-{n}", partition=partition, source_offset=n)


async def reserve(inbox: SqlInbox, number: int) -> Sequence[Reserved]:
    """Ask for every key, and for one revision of every dossier under a key of one's own."""
    same = (reservation(f"k{n}", message_id=f"m{number}-{n}", ordering_key=f"d{n}") for n in range(REQUESTS))
    own = (reservation(f"own{number}-{n}", message_id=f"o{number}-{n}", ordering_key=f"e{n}") for n in range(REQUESTS))
    return await asyncio.gather(*(inbox.reserve(each) for pair in zip(same, own, strict=True) for each in pair))


async def own(parking: SqlParking, number: int) -> tuple[list[int], int]:
    """Take every partition over a few times and write as its owner. Return the epochs, and how often one was stale."""
    epochs, stale = [], 0
    for _ in range(ROUNDS):
        for partition in range(PARTITIONS):
            epoch = (await parking.take_over(partition, 0)).epoch
            epochs.append(epoch)
            try:
                row = parked(epoch, f"p{number}-{partition}-{epoch}", partition=partition)
                await parking.put(partition, epoch, [row])
            except StaleOwner:
                stale += 1
    return epochs, stale


async def follow(projection: SqlProjection, topic: str) -> None:
    """Apply the records of all partitions, a few at a time, from where this process believes to be."""
    for start in range(0, RECORDS, 7):
        end = min(start + 7, RECORDS)
        batches = {
            partition: ProjectedBatch([record(topic, partition, n) for n in range(start, end)], end, start)
            for partition in range(PARTITIONS)
        }
        await projection.apply(topic, batches)


async def race(url: str, number: int) -> dict[str, object]:
    """Do all of it at once."""
    databases = [await PostgresDatabase.open(url, schema) for schema in (STORE, STORE, STORE, KEYS)]
    print("open", flush=True)  # noqa: T201 - the parent reads it
    await asyncio.to_thread(sys.stdin.readline)
    keys = await SqlKeys.open(databases[3], bytes(32))
    told, found, (epochs, stale), *_ = await asyncio.gather(
        reserve(SqlInbox(databases[0]), number),
        asyncio.gather(*(keys.key_for(f"subject {n}") for n in range(REQUESTS))),
        own(SqlParking(databases[1]), number),
        follow(SqlProjection(databases[2]), COMMANDS),
        follow(SqlProjection(databases[1]), OUTCOMES),
    )
    for database in databases:
        await database.aclose()
    return {
        "told": [(answer.state.value, answer.message_id) for answer in told],
        "keys": [key.hex() for _, key in found],
        "epochs": epochs,
        "stale": stale,
    }


if __name__ == "__main__":
    sys.stdin.readline()
    print(json.dumps(asyncio.run(race(sys.argv[1], int(sys.argv[2])))))  # noqa: T201 - the parent reads it
