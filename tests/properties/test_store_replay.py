"""However the log is cut into batches, replayed and interleaved, the read models end the same."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, func, select

from hub.ports import Projected, ProjectedBatch
from hub.store import tables
from hub.store.projection import apply
from hub.store.tally import overview
from schemas.delivery import DeliveryState, PlannedDelivery
from schemas.timeline import Overview
from tests.contracts.store_suite import command, outcome

SYNC = PlannedDelivery(operation="portal.sync", platform="portal")
ORDER = PlannedDelivery(operation="post.order", platform="post")
PLANS = {"m0": (SYNC, ORDER), "m1": (ORDER, SYNC), "m2": (SYNC,), "m3": ()}
OWED = [(message_id, planned) for message_id, plan in PLANS.items() for planned in plan]

commands = st.lists(st.sampled_from(list(PLANS)), max_size=6).map(
    lambda ids: [command(n, message_id, deliveries=PLANS[message_id]) for n, message_id in enumerate(ids)]
)
outcomes = st.lists(
    st.tuples(st.sampled_from(OWED), st.sampled_from(DeliveryState), st.booleans(), st.integers(0, 7)), max_size=8
).map(
    lambda drawn: [
        outcome(
            n,
            message_id,
            operation=planned.operation,
            platform=planned.platform,
            state=state,
            possibly_doubled=doubled,
            source_offset=source_offset,
        )
        for n, ((message_id, planned), state, doubled, source_offset) in enumerate(drawn)
    ]
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A store in memory; each example rolls back what it wrote."""
    engine = create_engine("sqlite://")
    tables.STORE.create_all(engine)
    yield engine
    engine.dispose()


def recount(connection: Connection) -> Counter[tuple[str, str]]:
    """Count the rows themselves."""
    line = tables.delivery.c
    states = connection.execute(select(line.platform, line.state, func.count()).group_by(line.platform, line.state))
    doubled = select(line.platform, func.count()).where(line.possibly_doubled).group_by(line.platform)
    counts = Counter({(platform, state): count for platform, state, count in states})
    counts.update({(platform, "possibly_doubled"): count for platform, count in connection.execute(doubled)})
    counts["", "accepted"] = connection.execute(select(func.count()).select_from(tables.message)).scalar_one()
    return +counts


def told(shown: Overview) -> Counter[tuple[str, str]]:
    """Return the figures of an overview in the same form."""
    figures = Counter({("", "accepted"): shown.accepted})
    for platform in shown.platforms:
        for name, count in platform.model_dump(exclude={"platform"}).items():
            figures[platform.platform, name] = count
    return +figures


def rows(connection: Connection) -> Sequence[object]:
    """Return everything that was projected."""
    projected = (tables.message, tables.delivery, tables.hop, tables.dossier, tables.projection)
    return [connection.execute(select(table).order_by(*table.primary_key.columns)).all() for table in projected]


@settings(max_examples=40, deadline=None, phases=set(Phase) - {Phase.explain})
@given(commands=commands, outcomes=outcomes, data=st.data())
def test_any_cut_and_replay(
    engine: Engine, commands: list[Projected], outcomes: list[Projected], data: st.DataObject
) -> None:
    """Random batches, some applied again, of two topics in any order: the rows of one straight run, and true counts."""
    with engine.connect() as connection:
        for records in (commands, outcomes):
            if records:
                apply(connection, records[0].record.topic, {0: ProjectedBatch(records, len(records))})
        expected = rows(connection)
        connection.rollback()

        for records, start, end in _torn(commands, outcomes, data):
            apply(connection, records[0].record.topic, {0: ProjectedBatch(records[start:end], end)})

            assert recount(connection) == told(overview(connection))
        assert expected == rows(connection)


def _torn(
    commands: list[Projected], outcomes: list[Projected], data: st.DataObject
) -> Iterator[tuple[list[Projected], int, int]]:
    """Yield batches until both topics are done. Each may begin before the end of an earlier one, or lie in the past."""
    done = {0: 0, 1: 0}
    topics = [commands, outcomes]
    while open_topics := [which for which in (0, 1) if done[which] < len(topics[which])]:
        which = data.draw(st.sampled_from(open_topics))
        start = data.draw(st.integers(0, done[which]))
        end = data.draw(st.integers(done[which] + 1, len(topics[which])))
        yield topics[which], start, end
        if data.draw(st.booleans()):
            yield topics[which], start, data.draw(st.integers(start + 1, end))
        done[which] = end
