"""Alembic runs this file; the connection and the schema are handed over by `hub.store.migrate`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["schema"],
    transactional_ddl=True,
)
context.run_migrations()
