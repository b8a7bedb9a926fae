"""A random life of the read models, and the same log read again from its start."""

import random
from collections.abc import Mapping, Sequence

from hub.ports import Projected, ProjectedBatch
from hub.store.database import Database
from hub.store.image import Image, image
from hub.store.inbox import SqlInbox
from hub.store.projection import SqlProjection
from schemas.delivery import DeliveryState, PlannedDelivery
from tests.contracts.store_suite import AUDIT, COMMANDS, OUTCOMES, audited, command, outcome, reservation

Log = Mapping[tuple[str, int], Sequence[Projected]]

_SYNC = PlannedDelivery(operation="portal.sync", platform="portal")
_POST = PlannedDelivery(operation="post.order", platform="post")
_PLANS = ((_SYNC,), (_SYNC, _POST), ())


def random_log(seed: int, partitions: int = 3) -> Log:
    """Return commands (some appended again), outcomes of any state and of rulings, and audit records."""
    dice = random.Random(seed)
    log: dict[tuple[str, int], list[Projected]] = {(AUDIT, 0): [audited(n, request_id=f"r{n}") for n in range(5)]}
    for partition in range(partitions):
        ids = [f"m{partition}-{dice.randrange(12)}" for _ in range(15)]
        plans = {message_id: dice.choice(_PLANS) for message_id in sorted(set(ids))}
        log[COMMANDS, partition] = [
            command(
                n,
                message_id,
                partition=partition,
                ordering_key=f"d{partition}-{message_id[-1]}",
                revision=ids.index(message_id) + 1,
                deliveries=plans[message_id],
            )
            for n, message_id in enumerate(ids)
        ]
        owed = [(message_id, planned) for message_id in ids for planned in plans[message_id]]
        log[OUTCOMES, partition] = [
            outcome(
                n,
                message_id,
                partition=partition,
                operation=planned.operation,
                platform=planned.platform,
                attempt=dice.randrange(5),
                state=dice.choice(list(DeliveryState)),
                possibly_doubled=dice.random() < 0.3,
                source_offset=dice.randrange(15),
                said=b"said" if dice.random() < 0.5 else b"",
                ruling=dice.choice(("", "", "r", message_id)),
            )
            for n, (message_id, planned) in enumerate(dice.choices(owed, k=20))
        ]
    return log


async def live(database: Database, log: Log, seed: int) -> Image:
    """Reserve and apply as a running hub would: small batches of topics in any order, some of them twice."""
    dice = random.Random(seed)
    projection, inbox = SqlProjection(database), SqlInbox(database)
    at = dict.fromkeys(log, 0)
    while unread := [place for place in log if at[place] < len(log[place])]:
        topic, partition = place = dice.choice(unread)
        start, end = dice.randint(0, at[place]), min(at[place] + dice.randint(1, 6), len(log[place]))
        batch = log[place][start:end]
        for header in (each.command for each in batch if dice.random() < 0.7):
            if header is not None:
                await inbox.reserve(
                    reservation(
                        f"k-{header.message_id}",
                        message_id=header.message_id,
                        ordering_key=header.ordering_key,
                        code_as_given=header.ordering_key,
                        revision=header.revision,
                    )
                )
        await projection.apply(topic, {partition: ProjectedBatch(batch, end, start)})
        at[place] = end
    return await database.read(image)


async def rebuilt(database: Database, log: Log) -> Image:
    """Forget what comes from the log and read it again, topic by topic."""
    projection = SqlProjection(database)
    await projection.reset()
    for (topic, partition), records in log.items():
        await projection.apply(topic, {partition: ProjectedBatch(records, len(records), 0)})
    return await database.read(image)


async def from_scratch(database: Database, log: Log) -> Image:
    """Read a log into a store that never saw it."""
    for (topic, partition), records in log.items():
        await SqlProjection(database).apply(topic, {partition: ProjectedBatch(records, len(records), 0)})
    return await database.read(image)
