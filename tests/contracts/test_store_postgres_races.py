"""Several processes write to one store on PostgreSQL at once: nothing is lost, doubled or torn."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import Connection, text

from hub.errors import ConfigInvalid, HubFault, StaleOwner
from hub.ports import DeliveryId, Farewell, LaneKey, Projected, ProjectedBatch
from hub.store.alarms import SqlAlarms
from hub.store.image import image
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.kinship import SqlKinship
from hub.store.parking import SqlParking
from hub.store.postgres.database import PostgresDatabase
from hub.store.postgres.engine import Limits
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.tables import KEYS, STORE
from schemas.delivery import DeliveryState
from schemas.timeline import PlatformCount
from tests.contracts.postgres_server import PostgresServer, emptied, postgres, postgres_migrated, postgres_url
from tests.contracts.store_racer import PARTITIONS, RECORDS, REQUESTS, ROUNDS
from tests.contracts.store_suite import (
    COMMANDS,
    DOSSIER,
    GIVEN,
    OUTCOMES,
    PORTAL,
    SYNC,
    T0,
    command,
    outcome,
    parked,
    reservation,
)

__all__ = ["postgres", "postgres_migrated", "postgres_url"]

Two = tuple[PostgresDatabase, PostgresDatabase]
Logged = dict[tuple[str, int], list[Projected]]


@pytest.fixture
async def two(postgres_migrated: str) -> AsyncIterator[Two]:
    """Two hubs at one empty store."""
    one, other = await emptied(postgres_migrated, STORE), PostgresDatabase(postgres_migrated, STORE, Limits())
    yield one, other
    for database in (one, other):
        await database.aclose()


# --- inbox -----------------------------------------------------------------------------------------------------------


async def test_one_message_per_key(two: Two) -> None:
    """Of equal requests at two hubs one is new, and both are told its id."""
    asked = [
        [reservation(f"k{n}", message_id=f"m{hub}-{n}", ordering_key=f"d{n}") for n in range(100)] for hub in (0, 1)
    ]
    random.Random(1).shuffle(asked[1])

    answers = await asyncio.gather(
        *(
            SqlInbox(database).reserve(each)
            for pair in zip(*asked, strict=True)
            for database, each in zip(two, pair, strict=True)
        )
    )

    assert {"new": 100, "reserved": 100} == Counter(answer.state.value for answer in answers)
    assert 100 == len({answer.message_id for answer in answers})


@pytest.mark.parametrize("known", [False, True])
async def test_one_message_per_revision(two: Two, *, known: bool) -> None:
    """Of two keys with one revision of a dossier at two hubs one is new, whether the dossier was known or not."""
    inboxes = [SqlInbox(database) for database in two]
    if known:
        await asyncio.gather(*(inboxes[0].reserve(reservation(f"k{n}", ordering_key=f"d{n}")) for n in range(50)))

    answers = await asyncio.gather(
        *(
            inbox.reserve(reservation(f"hub{hub}-{n}", message_id=f"m{hub}-{n}", ordering_key=f"d{n}", revision=2))
            for n in range(50)
            for hub, inbox in enumerate(inboxes)
        )
    )

    assert {"new": 50, "revision_backwards": 50} == Counter(answer.state.value for answer in answers)


async def test_first_spelling_is_one(two: Two) -> None:
    """Two hubs that see a dossier for the first time agree on its spelling."""
    answers = await asyncio.gather(
        *(
            SqlInbox(database).reserve(reservation(f"k{n}", revision=n, code_as_given=spelling))
            for n, (database, spelling) in enumerate(zip(two, (GIVEN, DOSSIER), strict=True), 1)
        )
    )

    taken = {answer.code_as_given for answer in answers if answer.state == "new"}
    assert 1 == len(taken)


async def test_inbox_and_projection(two: Two) -> None:
    """A reservation and the projection of the same new dossier at two hubs at once keep the higher revision."""
    for n in range(20):
        await asyncio.gather(
            SqlInbox(two[0]).reserve(reservation(f"k{n}", ordering_key=f"d{n}", revision=1)),
            SqlProjection(two[1]).apply(
                COMMANDS, {0: ProjectedBatch([command(n, f"m{n}", ordering_key=f"d{n}", revision=5)], n + 1, n)}
            ),
        )
        later = await SqlInbox(two[0]).reserve(reservation(f"later{n}", ordering_key=f"d{n}", revision=5))

        assert later.state == "revision_backwards"


# --- keys ------------------------------------------------------------------------------------------------------------


async def test_one_key_per_subject(postgres_migrated: str) -> None:
    """Two hubs that need the key of a new subject at once get the same one."""
    databases = [await emptied(postgres_migrated, KEYS), PostgresDatabase(postgres_migrated, KEYS, Limits())]
    keys = await asyncio.gather(*(SqlKeys.open(database, bytes(32)) for database in databases))
    subjects = [f"d{n}" for n in range(100)]

    found = await asyncio.gather(
        *(keys[0].key_for(subject) for subject in subjects), *(keys[1].key_for(subject) for subject in subjects[::-1])
    )
    for database in databases:
        await database.aclose()

    assert found[:100] == found[:99:-1]
    assert 100 == len(set(found))


async def test_one_master_key(postgres_migrated: str) -> None:
    """Of two hubs that open a fresh key store with different master keys at once one is refused."""
    databases = [await emptied(postgres_migrated, KEYS), PostgresDatabase(postgres_migrated, KEYS, Limits())]
    results = await asyncio.gather(
        *(SqlKeys.open(database, bytes([n]) * 32) for n, database in enumerate(databases)), return_exceptions=True
    )
    for database in databases:
        await database.aclose()

    assert {SqlKeys: 1, ConfigInvalid: 1} == Counter(type(result) for result in results)


async def test_one_name(two: Two) -> None:
    """Two hubs that meet a store without a name give it one, and their beats are never the same."""
    kinships = [SqlKinship(database) for database in two]
    beats = await asyncio.gather(*(kinships[n % 2].beat() for n in range(20)))

    assert 1 == len({beat.store_id for beat in beats})
    assert list(range(1, 21)) == sorted(beat.number for beat in beats)


# --- alarms ----------------------------------------------------------------------------------------------------------


async def test_one_process_raises_an_alarm(two: Two) -> None:
    """Of two that lead for a moment one raises it, and one ends it."""
    alarms = [SqlAlarms(database) for database in two]

    assert 10 == sum(await asyncio.gather(*(each.begin("k", f"p{n}", T0) for n in range(10) for each in alarms)))
    assert 10 == sum(await asyncio.gather(*(each.end("k", f"p{n}") for n in range(10) for each in alarms)))


# --- parking ---------------------------------------------------------------------------------------------------------


async def test_epochs(two: Two) -> None:
    """Two hubs that take a partition over again and again never get the same epoch."""
    memories = await asyncio.gather(*(SqlParking(two[n % 2]).take_over(0, 0) for n in range(40)))

    assert list(range(1, 41)) == sorted(memory.epoch for memory in memories)


async def test_one_hears_a_farewell(two: Two) -> None:
    """Of those who take a partition over at once, the first one is told, and not even it when one stood between."""
    for partition in range(10):
        memory = await SqlParking(two[0]).take_over(partition, 0)
        said = Farewell(partition, 1, memory.token, 7, 9)
        saying = asyncio.create_task(SqlParking(two[1]).leave([said]))
        taking = [SqlParking(two[n % 2]).take_over(partition, 0) for n in range(10)]
        memories = await asyncio.gather(*taking)
        await saying
        told = [memory.epoch for memory in memories if memory.farewell is not None]
        assert told in ([], [2])

    memory = await SqlParking(two[0]).take_over(99, 0)
    await SqlParking(two[0]).leave([Farewell(99, 1, memory.token, 7, 9)])
    memories = await asyncio.gather(*(SqlParking(two[n % 2]).take_over(99, 0) for n in range(10)))
    assert [2] == [memory.epoch for memory in memories if memory.farewell is not None]


async def test_stale_owner_leaves_nothing(two: Two) -> None:
    """From the moment a hub has taken over, nothing that the earlier owner writes gets in: its memory stays true."""
    before, after = (SqlParking(database) for database in two)
    epoch = (await before.take_over(0, 0)).epoch
    written: list[str] = []
    amid = asyncio.Event()

    async def write() -> None:
        for n in range(1000):
            await before.put(0, epoch, [parked(n, f"m{n}")])
            written.append(f"m{n}")
            if n == 9:
                amid.set()

    writing = asyncio.create_task(write())
    await amid.wait()
    memory = await after.take_over(0, 0)
    with pytest.raises(StaleOwner):
        await writing

    remembered = [row.id.message_id for row in memory.rows]
    assert written == remembered
    assert remembered == [row.id.message_id for row in await after.fetch(0, LaneKey(DOSSIER, PORTAL), 1000)]


async def test_partitions_crosswise(two: Two) -> None:
    """Two hubs that pass all partitions to each other crosswise both get through."""
    parkings = [SqlParking(database) for database in two]

    async def pass_over(hub: int, partitions: Sequence[int]) -> int:
        stale = 0
        for partition in partitions:
            epoch = (await parkings[hub].take_over(partition, 0)).epoch
            try:
                await parkings[hub].put(partition, epoch, [parked(hub, f"m{hub}-{partition}", partition=partition)])
                await parkings[hub].settle(partition, epoch, [DeliveryId(f"m{hub}-{partition}", SYNC, 0)])
            except StaleOwner:
                stale += 1
        return stale

    await asyncio.gather(pass_over(0, range(8)), pass_over(1, range(7, -1, -1)))

    assert [3] * 8 == [(await parkings[0].take_over(partition, 0)).epoch for partition in range(8)]


# --- projection ------------------------------------------------------------------------------------------------------


async def test_hole_refused(two: Two) -> None:
    """A batch that starts past what is wanted next is refused whole, and the wanted one is still taken."""
    projection = SqlProjection(two[0])
    await projection.apply(COMMANDS, {0: ProjectedBatch([command(0)], 3, 0)})

    with pytest.raises(HubFault, match=r"hub\.commands/0: a batch from 5, where 3 is wanted next"):
        await projection.apply(
            COMMANDS, {0: ProjectedBatch([command(5, "m5")], 6, 5), 1: ProjectedBatch([command(0, "n")], 1, 0)}
        )
    await projection.apply(COMMANDS, {0: ProjectedBatch([command(3, "m3")], 5, 3)})

    assert [5, 0] == [await projection.next_offset(COMMANDS, partition) for partition in (0, 1)]
    assert 2 == (await SqlReadModels(two[0]).overview()).accepted


def _log(seed: int) -> Logged:
    """Return a random log of three partitions: commands, some appended again, and outcomes of any state."""
    dice = random.Random(seed)
    log: Logged = {}
    for partition in range(3):
        ids = [f"m{partition}-{dice.randrange(12)}" for _ in range(15)]
        log[COMMANDS, partition] = [
            command(
                n,
                message_id,
                partition=partition,
                ordering_key=f"d{partition}-{dice.randrange(4)}",
                revision=dice.randrange(1, 9),
            )
            for n, message_id in enumerate(ids)
        ]
        log[OUTCOMES, partition] = [
            outcome(
                n,
                dice.choice(ids),
                partition=partition,
                attempt=dice.randrange(5),
                state=dice.choice(list(DeliveryState)),
                possibly_doubled=dice.random() < 0.3,
                source_offset=dice.randrange(15),
            )
            for n in range(20)
        ]
    return log


async def _follow(
    database: PostgresDatabase, log: dict[tuple[str, int], list[Projected]], topic: str, seed: int
) -> None:
    """Bring a topic to its end as one process of several: random batches, from where it believes the store to be."""
    dice = random.Random(seed)
    projection = SqlProjection(database)
    at = dict.fromkeys(range(3), 0)
    while any(at[partition] < len(log[topic, partition]) for partition in at):
        chosen = dice.sample(sorted(at), dice.randint(1, 3))
        if dice.random() < 0.3:
            at |= {partition: await projection.next_offset(topic, partition) for partition in chosen}
        batches = {}
        for partition in chosen:
            end = min(at[partition] + dice.randint(1, 6), len(log[topic, partition]))
            batches[partition] = ProjectedBatch(log[topic, partition][at[partition] : end], end, at[partition])
        await projection.apply(topic, batches)
        at |= {partition: batch.next_offset for partition, batch in batches.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_two_appliers(two: Two, seed: int) -> None:
    """Two hubs apply the same partitions at once, both topics: the store is as if one had done it in one go."""
    log = _log(seed)
    await asyncio.gather(
        *(
            _follow(database, log, topic, seed * 10 + n)
            for n, database in enumerate(two)
            for topic in (COMMANDS, OUTCOMES)
        )
    )
    raced = await two[0].read(image)
    projection = SqlProjection(two[0])
    await projection.reset()
    for (topic, partition), records in log.items():
        await projection.apply(topic, {partition: ProjectedBatch(records, len(records), 0)})

    straight = await two[0].read(image)

    # Which spelling and which dossier head came first is the same here: all spell a dossier alike.
    assert straight == raced
    assert 60 == len(raced["hop"])


# --- processes -------------------------------------------------------------------------------------------------------


async def test_four_processes(postgres: PostgresServer, postgres_url: str) -> None:
    """Four processes start at once at an empty database, and race at everything."""
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.contracts.store_racer",
            postgres_url,
            str(n),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for n in range(4)
    ]
    try:
        for step in ("start", "race"):
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write(step.encode() + b"\n")
            if step == "start":
                for racer in racers:
                    assert racer.stdout is not None
                    assert b"open\n" == await asyncio.wait_for(racer.stdout.readline(), 60)
        results = [json.loads((await asyncio.wait_for(racer.communicate(), 60))[0]) for racer in racers]
    finally:
        for racer in racers:
            if racer.returncode is None:
                racer.kill()
                await racer.wait()

    told = [tuple(answer) for result in results for answer in result["told"]]
    assert {"new": 2 * REQUESTS, "reserved": 3 * REQUESTS, "revision_backwards": 3 * REQUESTS} == Counter(
        state for state, _ in told
    )
    assert 2 * REQUESTS == len({message_id for state, message_id in told if state != "revision_backwards"})
    assert 1 == len({tuple(result["keys"]) for result in results})
    epochs = sorted(epoch for result in results for epoch in result["epochs"])
    assert sorted(list(range(1, 4 * ROUNDS + 1)) * PARTITIONS) == epochs

    store = await PostgresDatabase.open(postgres_url, STORE)
    overview = await SqlReadModels(store).overview()
    rows = await store.read(_counted)
    await store.aclose()
    assert PARTITIONS * RECORDS == overview.accepted
    assert (PlatformCount(platform=PORTAL, delivered=PARTITIONS * RECORDS),) == overview.platforms
    assert (PARTITIONS * RECORDS, 4 * ROUNDS * PARTITIONS - sum(result["stale"] for result in results)) == rows


def _counted(connection: Connection) -> tuple[int, int]:
    """Count hops and parked rows."""
    return tuple(connection.scalars(text("SELECT count(*) FROM hop UNION ALL SELECT count(*) FROM parked")).all())
