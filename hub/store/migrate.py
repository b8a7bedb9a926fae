"""Bringing a database up to the schema, by Alembic and without its command line."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, MetaData

from hub.errors import ConfigInvalid
from hub.store.tables import KEYS, STORE

_HOME = Path(__file__).parent / "migrations"
BRANCHES = {STORE: "store", KEYS: "keys"}
"""What each schema is called."""

_ALEMBIC = Lock()
"""Alembic keeps what it works on in module variables: one migration at a time in a process."""


def migrate(engine: Engine, schema: MetaData) -> None:
    """Run every migration that the database lacks, in one transaction. ConfigInvalid when a newer hub wrote it."""
    with engine.begin() as connection:
        upgrade(connection, schema, str(engine.url.database))


def upgrade(connection: Connection, schema: MetaData, name: str) -> None:
    """Run every migration that the database lacks, in the connection's transaction.

    ConfigInvalid, which tells the name, when a newer hub wrote it.
    """
    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _escaped(_HOME))
    config.set_main_option("version_locations", _escaped(_HOME / BRANCHES[schema]))
    config.attributes.update(connection=connection, schema=schema)
    try:
        with _ALEMBIC:
            command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigInvalid(f"{name}: written by another version of the hub ({error})") from error


def _escaped(path: Path) -> str:
    """Double the percent signs, which configuration files interpolate."""
    return str(path).replace("%", "%%")
