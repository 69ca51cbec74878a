"""Runs the migrations on the connection that `monitor.storage.migrate` hands over."""

from alembic import context

from monitor.storage import schema

context.configure(
    connection=context.config.attributes["connection"], target_metadata=schema.metadata
)
context.run_migrations()
