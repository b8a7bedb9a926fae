"""Counts that are kept up with every batch, so that the live page costs a handful of rows."""

from collections import Counter
from functools import lru_cache

from sqlalchemy import Connection, select

from hub.store import tables
from hub.store.dialect import ConflictInsert, conflict_insert, execute_many
from hub.store.ledger import Figure
from schemas.timeline import Overview, PlatformCount

ACCEPTED: Figure = ("", "accepted")


def add(connection: Connection, differences: Counter[Figure]) -> None:
    """Change the counts. Rows are touched in one order, so that two writers never wait for each other in a ring."""
    rows = [
        {"platform": platform, "figure": figure, "amount": amount}
        for (platform, figure), amount in sorted(differences.items())
        if amount
    ]
    execute_many(connection, _adding(conflict_insert(connection, tables.tally)), rows)


def overview(connection: Connection) -> Overview:
    """Return the counts, platforms by name."""
    accepted = 0
    platforms: dict[str, dict[str, int]] = {}
    for row in connection.execute(select(tables.tally).order_by(tables.tally.c.platform)):
        if (row.platform, row.figure) == ACCEPTED:
            accepted = row.amount
        else:
            platforms.setdefault(row.platform, {})[row.figure] = row.amount
    return Overview(
        accepted=accepted,
        platforms=tuple(PlatformCount(platform=name, **counts) for name, counts in platforms.items()),
    )


@lru_cache(maxsize=8)
def _adding(insert: ConflictInsert) -> ConflictInsert:
    amount = tables.tally.c.amount + insert.excluded.amount
    return insert.on_conflict_do_update(index_elements=["platform", "figure"], set_={"amount": amount})
