"""What the role may do that the service logs in as: all of its work, and no change of the audit log.

The role is made beside the owner of the tables: by `embedded` in a server of ours, by its operator
in any other (see docs/audit.md). Where it is missing the service works as the owner, and only the
triggers guard the audit log.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

from monitor.storage.schema import metadata

SERVICE = "backstop_service"

_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_PARTITIONS = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'exchanges'::regclass"
)
_LIMITED = {"audit_log": "SELECT, INSERT", "alembic_version": "SELECT"}


def grant(connection: Connection) -> None:
    """Give the service's role its rights on every table, if there is such a role."""
    if not connection.execute(_EXISTS, {"role": SERVICE}).scalar_one():
        return
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    connection.execute(text(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {SERVICE}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {SERVICE}"))
    for table in sorted({*metadata.tables, *_LIMITED}):
        rights = _LIMITED.get(table, "SELECT, INSERT, UPDATE, DELETE")
        connection.execute(text(f'REVOKE ALL ON "{table}" FROM {SERVICE}'))
        connection.execute(text(f'GRANT {rights} ON "{table}" TO {SERVICE}'))
    # Only their owner may make and drop the partitions of a day.
    for table in ("exchanges", *connection.execute(_PARTITIONS).scalars().all()):
        connection.execute(text(f"ALTER TABLE {table} OWNER TO {SERVICE}"))
