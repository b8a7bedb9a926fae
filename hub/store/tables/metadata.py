"""The two files that tables belong to, and how indexes and keys are named.

Tables that are found by a text key of their own and hold no large values are clustered by that key in SQLite
(`sqlite_with_rowid=False`); PostgreSQL passes over the option.
"""

from sqlalchemy import MetaData

_NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}

STORE = MetaData(naming_convention=_NAMES)
"""The read side and the parking place: `store.db`."""

KEYS = MetaData(naming_convention=_NAMES)
"""The data keys: `keys.db`."""
