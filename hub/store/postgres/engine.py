"""Engines on a PostgreSQL database: how the hub connects, and the times that bound everything it asks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.errors import ConfigInvalid

_SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one `PostgresDatabase`.

    `connect_s`: until a connection stands. `lock_s`: waiting for a row of another process. `statement_s`: one
    statement, by the server's clock; the hub gives up `grace_s` later, for a network may swallow everything.
    `idle_s`: how long the server keeps a transaction whose process stands still. `readers`: connections for reads.
    `units_pending_max`: writes that may wait, and reads that may wait.
    """

    connect_s: float = 5.0
    lock_s: float = 5.0
    statement_s: float = 20.0
    grace_s: float = 2.0
    idle_s: float = 30.0
    readers: int = 4
    units_pending_max: int = 10_000


def name_of(url: str) -> str:
    """Return what to call a database in error texts: host, port and name, without user and password.

    ConfigInvalid when the address is none of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
        raise ConfigInvalid("a PostgreSQL address is postgresql://user:password@host:port/database")
    host = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", ["localhost"])[0]
    return f"{host}{parts.path}"


def writing_engine(url: str, schema: str, limits: Limits) -> AsyncEngine:
    """Return an engine with one connection, which may write."""
    return _engine(url, schema, limits, connections=1, isolation_level="READ COMMITTED")


def reading_engine(url: str, schema: str, limits: Limits) -> AsyncEngine:
    """Return an engine whose transactions see one snapshot and may not write."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return _engine(url, schema, limits, connections=limits.readers, execution_options=options)


def _engine(url: str, schema: str, limits: Limits, *, connections: int, **options: Any) -> AsyncEngine:
    """Return an engine that opens connections when it needs them. Its error texts hold no values."""
    return create_async_engine(
        "postgresql+asyncpg://",  # asyncpg reads the address itself, so that SQLAlchemy has no password to show
        async_creator=connector(url, schema, limits),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=limits.connect_s + limits.statement_s,
        hide_parameters=True,
        **options,
    )


def connector(url: str, schema: str, limits: Limits) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Return what makes one connection with these times; it raises ConfigInvalid, and asyncpg's own errors."""
    settings = {
        "application_name": f"hub {schema}",
        "search_path": schema,
        "timezone": "UTC",
        "lock_timeout": _ms(limits.lock_s),
        "statement_timeout": _ms(limits.statement_s),
        "idle_in_transaction_session_timeout": _ms(limits.idle_s),
    }

    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                url,
                timeout=limits.connect_s,
                command_timeout=limits.statement_s + limits.grace_s,
                server_settings=settings,
            )
        except (asyncpg.ClientConfigurationError, ValueError):
            # The text of the error may quote the address.
            raise ConfigInvalid(f"{name_of(url)}: the PostgreSQL address cannot be read") from None

    return connect


def _ms(time_s: float) -> str:
    return str(int(time_s * 1000))
