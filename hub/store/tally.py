"""Counts that are kept up with every batch, so that the live page costs a handful of rows."""

from collections import Counter

from sqlalchemy import Connection, select

from hub.store import tables
from hub.store.dialect import conflict_insert
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
    if rows:
        statement = conflict_insert(connection, tables.tally)
        amount = tables.tally.c.amount + statement.excluded.amount
        statement = statement.on_conflict_do_update(index_elements=["platform", "figure"], set_={"amount": amount})
        connection.execute(statement, rows)


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
