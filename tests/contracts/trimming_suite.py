"""What every home of the log promises about letting go of old records."""

import asyncio

import pytest

from hub.ports import Trimming
from tests.contracts.log_suite import EVERY, Bench, collect, fill, keys_of, read_all, sole_member


class TrimmingContract:
    """Inherit it, name the class Test..., and give it the fixtures `bench` and `trimming` over the same log."""

    @pytest.fixture
    async def trimming(self, bench: Bench) -> Trimming:
        """Build the port under test."""
        raise NotImplementedError

    async def test_what_lies_below_goes_and_the_rest_stays(self, bench: Bench, trimming: Trimming) -> None:
        """The start moves, the end does not, and no other partition is touched."""
        mine = [position.offset for position in await fill(bench.log, bench.topic, 6) if position.partition == 1]
        end = (await bench.log.bounds(bench.topic, 1)).end

        start = await trimming.trim(bench.topic, 1, mine[4])

        bounds = await bench.log.bounds(bench.topic, 1)
        assert (mine[4], mine[4], end) == (start, bounds.start, bounds.end)
        assert mine[4:] == [record.offset for record in await read_all(bench.log, bench.topic, 1)]
        assert 6 == len(await read_all(bench.log, bench.topic, 2))

    async def test_a_read_below_the_start_begins_there(self, bench: Bench, trimming: Trimming) -> None:
        """Whoever asks for what is gone gets the oldest that is left."""
        mine = [position.offset for position in await fill(bench.log, bench.topic, 6) if position.partition == 0]
        await trimming.trim(bench.topic, 0, mine[3])

        assert mine[3:] == [record.offset for record in await bench.log.read(bench.topic, 0, 0, 100)]

    async def test_an_emptied_partition_goes_on_where_it_ended(self, bench: Bench, trimming: Trimming) -> None:
        """A `before` past the end stands for the end, and no offset is given twice."""
        mine = [position.offset for position in await fill(bench.log, bench.topic, 3) if position.partition == 3]

        start = await trimming.trim(bench.topic, 3, mine[-1] + 1000)
        after = await bench.log.append(bench.topic, keys_of(bench.log, bench.topic, 3)[0], b"after")

        assert mine[-1] < start <= after.offset
        assert [b"after"] == [record.value for record in await read_all(bench.log, bench.topic, 3)]

    async def test_nothing_to_trim_changes_nothing(self, bench: Bench, trimming: Trimming) -> None:
        """A `before` at or below the start, or in an empty partition, is no error."""
        await fill(bench.log, bench.topic, 3)
        held = await bench.log.bounds(bench.topic, 0)

        assert held.start == await trimming.trim(bench.topic, 0, held.start)
        assert held == await bench.log.bounds(bench.topic, 0)
        assert 0 == await trimming.trim(bench.other, 0, 10)

    async def test_readers_are_known_by_what_they_committed(self, bench: Bench, trimming: Trimming) -> None:
        """A group that committed nothing stands at the start; one that did, where it said."""
        await fill(bench.log, bench.topic, 4)
        consumer, owner = await sole_member(bench.log, bench.topic)
        await consumer.commit({2: owner.begins[2] + 3})

        found = await trimming.readers(bench.topic, ["readers", "nobody"])

        assert {0: 0, 1: 0, 2: 3, 3: 0} == found["readers"]
        assert {0: 0, 1: 0, 2: 0, 3: 0} == found["nobody"]

    async def test_a_group_goes_on_behind_what_was_trimmed(self, bench: Bench, trimming: Trimming) -> None:
        """Its members fetch everything that is left, in order."""
        positions = await fill(bench.log, bench.topic, 6)
        consumer, _ = await sole_member(bench.log, bench.topic)
        first = await collect(consumer, EVERY, len(positions))
        for partition in EVERY:
            await consumer.commit({partition: max(each.offset for each in first if each.partition == partition) + 1})
            await trimming.trim(bench.topic, partition, 5)
        later = await fill(bench.log, bench.topic, 2)

        records = await collect(consumer, EVERY, len(later))

        assert sorted((each.partition, each.offset) for each in later) == sorted(
            (record.partition, record.offset) for record in records
        )

    async def test_appends_go_on_while_it_trims(self, bench: Bench, trimming: Trimming) -> None:
        """None is lost, and none gets a place that was taken."""
        mine = [position.offset for position in await fill(bench.log, bench.topic, 40) if position.partition == 1]
        key = keys_of(bench.log, bench.topic, 1)[0]

        trim = asyncio.create_task(trimming.trim(bench.topic, 1, mine[30]))
        appended = await asyncio.gather(*(bench.log.append(bench.topic, key, b"%d" % n) for n in range(50)))
        await trim

        offsets = [position.offset for position in appended]
        assert mine[30:] + sorted(offsets) == [record.offset for record in await read_all(bench.log, bench.topic, 1)]


class DurableTrimmingContract(TrimmingContract):
    """For homes that outlive a process."""

    async def test_a_trim_survives_a_restart(self, bench: Bench, trimming: Trimming) -> None:
        """Start and end are what they were; an emptied partition does not begin at nought again."""
        await fill(bench.log, bench.topic, 5)
        await trimming.trim(bench.topic, 0, 2)
        await trimming.trim(bench.topic, 1, 5)
        before = [await bench.log.bounds(bench.topic, partition) for partition in (0, 1)]

        assert bench.reopen is not None
        bench.log = await bench.reopen()

        assert [(2, 5), (5, 5)] == [(bounds.start, bounds.end) for bounds in before]
        assert before == [await bench.log.bounds(bench.topic, partition) for partition in (0, 1)]
        assert 5 == (await bench.log.append(bench.topic, keys_of(bench.log, bench.topic, 1)[0], b"value")).offset
