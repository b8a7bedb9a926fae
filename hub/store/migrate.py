"""Bringing a database up to the schema, by Alembic and without its command line."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, MetaData

from hub.errors import ConfigInvalid
from hub.store.tables import KEYS, STORE

_HOME = Path(__file__).parent / "migrations"
_BRANCHES = {STORE: "store", KEYS: "keys"}


def migrate(engine: Engine, schema: MetaData) -> None:
    """Run every migration that the database lacks, in one transaction. ConfigInvalid when a newer hub wrote it."""
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("path_separator", "newline")
        config.set_main_option("script_location", _escaped(_HOME))
        config.set_main_option("version_locations", _escaped(_HOME / _BRANCHES[schema]))
        config.attributes.update(connection=connection, schema=schema)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigInvalid(f"{engine.url.database}: written by another version of the hub ({error})") from error


def _escaped(path: Path) -> str:
    """Double the percent signs, which configuration files interpolate."""
    return str(path).replace("%", "%%")
