"""Calls and lookups of a day, counted backwards from the end of what the store knows, on both homes of the store."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from hub.access import Principal
from hub.store import tables
from hub.store.calls import SqlCalls
from hub.store.database import Database
from hub.store.lookups import SqlLookups
from schemas.agency import AgencyCode
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

MIDNIGHT = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _hop(
    offset: int, at: datetime, step: str = "send", platform: str = "portal", partition: int = 0
) -> dict[str, object]:
    return {
        "partition": partition,
        "offset": offset,
        "message_id": "m",
        "operation": "o",
        "platform": platform,
        "part": 0,
        "attempt": 1,
        "step": step,
        "state": "delivered",
        "code": "0",
        "started_at": at,
        "finished_at": at,
        "possibly_doubled": False,
    }


async def test_tries_and_inquiries_since_midnight_are_calls(database: Database) -> None:
    """Per platform and partition; what asked no platform is none, and yesterday's does not count."""
    yesterday = [_hop(number, MIDNIGHT - (6000 - number) * SECOND) for number in range(1000)]
    today = [_hop(1000 + number, MIDNIGHT + number * SECOND) for number in range(4500)]
    others = [
        _hop(9000, MIDNIGHT, "inquire"),
        _hop(9001, MIDNIGHT, "none"),
        _hop(9002, MIDNIGHT, platform="emc"),
        _hop(9003, MIDNIGHT - SECOND),
        _hop(0, MIDNIGHT, partition=1),
    ]
    await database.write(lambda it: it.execute(insert(tables.hop), [*yesterday, *today, *others]).rowcount)

    assert {"portal": 4501, "emc": 1} == await SqlCalls(database).since(0, MIDNIGHT)
    assert {"portal": 1} == await SqlCalls(database).since(1, MIDNIGHT)
    assert {} == await SqlCalls(database).since(2, MIDNIGHT)


def _asked(partition: int, offset: int, at: datetime, system: str, event: str = "asked") -> dict[str, object]:
    words = ("request_id", "officer", "service", "purpose", "procedure", "dossier_code", "subject", "source", "result")
    return {
        **dict.fromkeys(words, "-"),
        "partition": partition,
        "offset": offset,
        "event": event,
        "at": at,
        "agency": "H56.14",
        "system": system,
        "duration_ms": 0,
    }


async def test_who_asked_since_midnight(database: Database) -> None:
    """Questions count once, in whatever partition; answers and refusals do not."""
    rows = [
        _asked(0, 0, MIDNIGHT - SECOND, "mot-cua"),
        _asked(0, 1, MIDNIGHT, "mot-cua"),
        _asked(0, 2, MIDNIGHT, "mot-cua", "answered"),
        _asked(1, 0, MIDNIGHT, "mot-cua"),
        _asked(1, 1, MIDNIGHT, "ho-tich"),
        _asked(1, 2, MIDNIGHT, "ho-tich", "refused"),
    ]
    await database.write(lambda it: it.execute(insert(tables.audit), rows).rowcount)

    agency = AgencyCode.parse("H56.14")
    expected = {Principal(agency, "mot-cua"): 2, Principal(agency, "ho-tich"): 1}
    assert expected == await SqlLookups(database, 2).since(MIDNIGHT)
