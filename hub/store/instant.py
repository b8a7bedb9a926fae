"""Points in time as columns: whole microseconds since 1970 in UTC, so that every database orders them the same."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime; read back in UTC, exact to the microsecond. TypeError for a naive one."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - overrides
        """Turn a datetime into microseconds."""
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - overrides
        """Turn microseconds into a datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)
