"""A whole home moves: log, store, keys and groups, cut off wherever it may be; it opens when it was compared."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Float, LargeBinary, MetaData, Table, Text, insert, select, update

from hub.app.homes import declared, open_homes, require_kin
from hub.app.moving.mark import MarkFile
from hub.app.moving.move import give_up, move
from hub.app.moving.proof import Line
from hub.app.moving.target import Addresses
from hub.app.seams import Seams
from hub.errors import ConfigInvalid, HubFault, Unavailable
from hub.log.sqlite.log import SqliteLog
from hub.settings import HubSection, load
from hub.settings.address import Address
from hub.settings.sections import Kafka as KafkaSection
from hub.settings.sections import Profile
from hub.store.arrival import SqlArrival
from hub.store.database import Database
from hub.store.instant import Instant
from hub.store.kinship import SqlKinship
from hub.store.postgres.database import PostgresDatabase
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import KEYS, STORE, inbox
from schemas.topics import AUDIT, COMMANDS, OUTCOMES
from tests.contracts.kafka_broker import Kafka
from tests.contracts.moving_logs import CLOCK, fill, trim
from tests.contracts.postgres_server import PostgresServer, postgres
from tests.fakes.installation_folder import write_installation

__all__ = ["postgres"]

ROWS = 120
_OWN = {"kinship", "projection", "master_key"}
"""Tables whose rows are not free: they are made by the hub itself."""
_LETTERS = ("a", "B", "b", "Đ", "đ", "ơ", "-", "_", "é", "Z", "z", "1", "~", " ")
"""Databases of other languages than C sort these otherwise."""


@pytest.fixture
def home(tmp_path: Path) -> HubSection:
    """An embedded home that was founded and never started."""
    hub = load(write_installation(tmp_path / "installation"), environ={}).hub
    hub.home.mkdir(parents=True)
    return hub.model_copy(update={"kafka": KafkaSection(profile=Profile.DEMO)})


@pytest.fixture
async def addresses(kafka: Kafka, home: HubSection, postgres: PostgresServer) -> AsyncIterator[Addresses]:
    """Where to: no topics, and a database without tables."""
    await kafka.remove(declared(home))
    url = await asyncio.to_thread(postgres.create)
    yield Addresses(Address(f"kafka://{kafka.bootstrap}"), Address(url), Address(url))
    await kafka.remove(declared(home))


def _value(chance: Random, column: Column[Any], number: int) -> Any:
    if column.nullable and chance.random() < 0.3:
        return None
    if isinstance(column.type, Instant):
        return CLOCK.now()
    if isinstance(column.type, Boolean):
        return chance.random() < 0.5
    if isinstance(column.type, LargeBinary):
        return chance.randbytes(chance.choice((0, 40, 2000))) + number.to_bytes(
            4
        )  # an index of PostgreSQL holds 2.7 kB
    if isinstance(column.type, Text):
        return "".join(chance.choices(_LETTERS, k=4)) + f"{number}"
    return number / 8 if isinstance(column.type, Float) else number


def _rows(table: Table, first: int, count: int) -> list[dict[str, Any]]:
    chance = Random(f"{table.name}:{first}")
    return [
        {column.name: _value(chance, column, number) for column in table.columns}
        for number in range(first, first + count)
    ]


async def furnish(hub: HubSection, first: int = 1, count: int = ROWS) -> None:
    """Let a home hold records, groups, keys, and rows of every table, as if it had been lived in."""
    async with AsyncExitStack() as stack:
        homes = await open_homes(hub, Seams(), stack)
        assert isinstance(homes.log, SqliteLog)
        for topic in (COMMANDS, OUTCOMES, AUDIT):
            await fill(homes.log, topic, first, 2 * count)
        await trim(homes.log, COMMANDS, first)
        for partition in range(homes.log.partitions(COMMANDS)):
            end = (await homes.log.bounds(COMMANDS, partition)).end
            await homes.log.commit("hub.delivery", COMMANDS, {partition: end - end // 3})
        await _fill_tables(homes.store, STORE, first, count)
        key_store = await SqliteDatabase.open(hub.file(hub.keys), KEYS)
        stack.push_async_callback(key_store.aclose)
        await _fill_tables(key_store, KEYS, first, count)
        await homes.kinship.adopt()


async def _fill_tables(database: Database, schema: MetaData, first: int, count: int) -> None:
    def add(connection: Connection) -> None:
        for table in schema.sorted_tables:
            if table.name not in _OWN:
                connection.execute(insert(table), _rows(table, first, count))

    await database.write(add)


def told(lines: list[Line]) -> dict[str, int]:
    """Return what was compared, by name."""
    assert all(line.equal for line in lines)
    return {line.name: line.target.count for line in lines}


def there(hub: HubSection, addresses: Addresses) -> HubSection:
    """Return the configuration of the home after its move."""
    return hub.model_copy(update={"log": addresses.log, "store": addresses.store, "keys": addresses.keys})


async def require_start(hub: HubSection) -> None:
    """Open a home as every start does."""
    async with AsyncExitStack() as stack:
        await require_kin(await open_homes(hub, Seams(), stack))


async def contents(database: Database, schema: MetaData) -> dict[str, set[tuple[Any, ...]]]:
    """Return every row of every table, as the hub reads it."""

    def read(connection: Connection) -> dict[str, set[tuple[Any, ...]]]:
        return {table.name: {tuple(row) for row in connection.execute(select(table))} for table in schema.sorted_tables}

    return await database.read(read)


async def require_same_store(hub: HubSection, addresses: Addresses) -> None:
    """Compare both sides by the hub's own eyes."""
    for schema, address, url in (
        (STORE, hub.store, addresses.store.url),
        (KEYS, hub.keys, addresses.keys.url),
    ):
        ours, theirs = await SqliteDatabase.open(hub.file(address), schema), await PostgresDatabase.open(url, schema)
        try:
            assert await contents(ours, schema) == await contents(theirs, schema)
        finally:
            await ours.aclose()
            await theirs.aclose()


async def test_everything_moves_and_the_doors_change(home: HubSection, addresses: Addresses) -> None:
    """Every row, key and group is there; the old home says where it went, the new one opens, a second move says so."""
    await furnish(home)
    said: list[str] = []

    found = told(await move(home, addresses, CLOCK, said.append))

    assert {table.name for schema in (STORE, KEYS) for table in schema.sorted_tables} <= set(found)
    assert {ROWS} == {found[t.name] for t in STORE.sorted_tables if t.name not in _OWN}
    assert 4 == found["group hub.delivery on hub.commands"]
    assert "moving to kafka://" in said[0]
    await require_same_store(home, addresses)
    with pytest.raises(ConfigInvalid, match=r"this home has moved to kafka://.* hub migrate --undo-mark"):
        await require_start(home)
    await require_start(there(home, addresses))
    assert [] == await move(home, addresses, CLOCK, said.append)
    assert "This home has moved already." == said[-1]


class Cut(Exception):
    """The process was killed."""


async def test_cut_off_at_every_word_it_goes_on(home: HubSection, addresses: Addresses) -> None:
    """Whatever was reached, neither home is both open and incomplete, and the next try goes on."""
    await furnish(home, count=40)
    cuts = 0
    while True:
        try:
            found = told(await move(home, addresses, CLOCK, _fuse(cuts)))
        except Cut:
            cuts += 1
            with pytest.raises(ConfigInvalid, match="not complete: run hub migrate to its end"):
                await require_start(there(home, addresses))
        else:
            break

    assert 5 == cuts
    assert 40 == found["parked"]
    await require_same_store(home, addresses)


def _fuse(words: int) -> Callable[[str], None]:
    left = [words]

    def say(_: str) -> None:
        if not left[0]:
            raise Cut
        left[0] -= 1

    return say


async def test_a_source_that_went_on_meanwhile_is_copied_again(home: HubSection, addresses: Addresses) -> None:
    """A home may be started between two tries: rows that were added, changed and removed are there in the end."""
    await furnish(home, count=40)
    with pytest.raises(Cut):
        await move(home, addresses, CLOCK, _fuse(4))
    await furnish(home, first=1000, count=30)
    store = await SqliteDatabase.open(home.file(home.store), STORE)
    await store.write(
        lambda it: it.execute(update(inbox).where(inbox.c.revision == 7).values(accepted=True, revision=8))
    )
    await store.write(lambda it: it.execute(inbox.delete().where(inbox.c.revision == 9)))
    await store.aclose()

    found = told(await move(home, addresses, CLOCK, lambda _: None))

    assert (70, 69) == (found["parked"], found["inbox"])
    await require_same_store(home, addresses)


async def test_a_running_hub_stands_in_the_way(home: HubSection, addresses: Addresses) -> None:
    """Who holds the log is named; nothing is marked."""
    await furnish(home, count=5)
    async with AsyncExitStack() as stack:
        await open_homes(home, Seams(), stack)
        with pytest.raises(Unavailable, match="in use by process"):
            await move(home, addresses, CLOCK, lambda _: None)
    await require_start(home)


async def test_a_database_or_topic_that_holds_something_is_refused(
    home: HubSection, addresses: Addresses, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Of another home, or of nobody that is known: nothing is overwritten."""
    await furnish(home, count=5)
    store = await PostgresDatabase.open(addresses.store.url, STORE)
    await SqlKinship(store).beat()
    await store.aclose()
    with pytest.raises(ConfigInvalid, match="the table kinship of the target holds rows"):
        await move(home, addresses, CLOCK, lambda _: None)

    other = Address(await asyncio.to_thread(postgres.create))
    fresh = replace(addresses, store=other, keys=other)
    await move(home, fresh, CLOCK, lambda _: None)
    stranger = load(write_installation(tmp_path / "stranger"), environ={}).hub
    stranger.home.mkdir()
    stranger = stranger.model_copy(update={"kafka": home.kafka})
    await furnish(stranger, count=5)
    with pytest.raises(ConfigInvalid, match="another home moved"):
        await move(stranger, fresh, CLOCK, lambda _: None)
    third = Address(await asyncio.to_thread(postgres.create))
    with pytest.raises(ConfigInvalid, match="of the target holds records, and its store knows nothing of this move"):
        await move(stranger, replace(addresses, store=third, keys=third), CLOCK, lambda _: None)


async def test_what_is_not_embedded_or_not_there_cannot_move(home: HubSection, addresses: Addresses) -> None:
    """The configuration must name the files; a folder without them is not founded by a move."""
    with pytest.raises(ConfigInvalid, match="there is nothing to move"):
        await move(home, addresses, CLOCK, lambda _: None)
    with pytest.raises(ConfigInvalid, match="begins at the files of one machine"):
        await move(there(home, addresses), addresses, CLOCK, lambda _: None)
    assert [] == list(home.home.iterdir())


async def test_a_move_is_given_up_while_nobody_used_the_target(home: HubSection, addresses: Addresses) -> None:
    """The old home opens and the target closes; moved again it opens, and once used there is no way back."""
    await furnish(home, count=5)
    with pytest.raises(ConfigInvalid, match="this home has not moved"):
        await give_up(home, addresses, CLOCK)
    await move(home, addresses, CLOCK, lambda _: None)

    await give_up(home, addresses, CLOCK)

    await require_start(home)
    with pytest.raises(ConfigInvalid, match="not complete"):
        await require_start(there(home, addresses))
    await furnish(home, first=50, count=5)
    await move(home, addresses, CLOCK, lambda _: None)
    async with AsyncExitStack() as stack:
        homes = await open_homes(there(home, addresses), Seams(), stack)
        await homes.kinship.adopt()
    with pytest.raises(ConfigInvalid, match=r"the target was used: hub\.control"):
        await give_up(home, addresses, CLOCK)
    await require_start(there(home, addresses))
    with pytest.raises(ConfigInvalid, match="has moved"):
        await require_start(home)
    await give_up(home, None, CLOCK)
    await require_start(home)


async def test_between_the_two_marks_neither_home_opens(home: HubSection, addresses: Addresses) -> None:
    """Cut off there, the move is finished by the next try."""
    await furnish(home, count=5)
    await move(home, addresses, CLOCK, lambda _: None)
    store = await PostgresDatabase.open(addresses.store.url, STORE)
    await SqlArrival(store).complete(None)
    await store.aclose()
    for hub in (home, there(home, addresses)):
        with pytest.raises(ConfigInvalid):
            await require_start(hub)

    told(await move(home, addresses, CLOCK, lambda _: None))

    await require_start(there(home, addresses))


async def test_a_row_that_differs_at_the_target_is_found(home: HubSection, addresses: Addresses) -> None:
    """One changed byte among all rows is mended by copying the table anew."""
    await furnish(home, count=5)
    with pytest.raises(Cut):
        await move(home, addresses, CLOCK, _fuse(4))
    store = await PostgresDatabase.open(addresses.store.url, STORE)
    await store.write(lambda it: it.execute(update(inbox).where(inbox.c.revision == 3).values(fingerprint=b"x")))
    await store.aclose()

    told(await move(home, addresses, CLOCK, lambda _: None))

    await require_same_store(home, addresses)


async def test_a_damaged_mark_is_not_taken_for_none(home: HubSection, addresses: Addresses) -> None:
    """Whether the home has moved is not known then, so it does not start."""
    await furnish(home, count=5)
    MarkFile(home.file(home.log)).path.write_bytes(b'{"journey"')
    with pytest.raises(ConfigInvalid, match="is damaged"):
        await require_start(home)


async def test_a_server_that_goes_away_ends_the_move_clearly(
    home: HubSection, addresses: Addresses, postgres: PostgresServer
) -> None:
    """The error says so, and the next try goes on."""
    await furnish(home, count=40)
    words = iter(("moving",))

    def stop_server(_: str) -> None:
        if next(words, None):
            postgres.stop()

    with pytest.raises(HubFault):
        await move(home, addresses, CLOCK, stop_server)
    await asyncio.to_thread(postgres.start)

    told(await move(home, addresses, CLOCK, lambda _: None))
