"""Reading a partition's rows backwards from its end, up to a moment and no further."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select

from hub.store.database import Database

_ROWS = 2000
_SLACK = timedelta(minutes=10)
"""Records lie in the order in which they were appended, which is not quite that in which things began."""


async def back_to(
    database: Database, wanted: Select[Any], offset: ColumnElement[int], moment: datetime
) -> AsyncIterator[Row[Any]]:
    """Yield the rows of one partition, newest first, until they are certainly older than a moment.

    `wanted` has `offset` and a column `at`; some of the last rows are older. Errors: those of the store.
    """
    page = wanted = wanted.order_by(offset.desc()).limit(_ROWS)
    while True:
        rows = await database.read(lambda connection, page=page: connection.execute(page).all())  # type: ignore[misc]  # bound early on purpose
        for row in rows:
            yield row
        if len(rows) < _ROWS or rows[-1].at < moment - _SLACK:
            return
        page = wanted.where(offset < rows[-1].offset)
