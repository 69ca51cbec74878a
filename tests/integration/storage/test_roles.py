"""Tests of `monitor.storage.roles` in a database whose owner is no superuser."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from monitor.errors import ConfigError
from monitor.storage import migrate
from monitor.storage.audit import PostgresAuditLog
from monitor.storage.database import open_engine, transaction
from monitor.storage.embedded import for_service
from monitor.storage.stores import open_stores
from tests.integration.conftest import NoArtifacts
from tests.integration.storage.builders import NOW, batch, write

pytestmark = pytest.mark.integration


def test_an_ordinary_owner_gives_the_service_its_rights(empty_database_url: str) -> None:
    """As docs/audit.md says for a database of yours; upgrading again changes nothing."""
    owner, name = f"owner_{uuid4().hex}", make_url(empty_database_url).database
    admin = open_engine(empty_database_url)
    with transaction(admin) as connection:
        for statement in (
            f"CREATE ROLE {owner}",
            f"GRANT backstop_service TO {owner}",
            f"ALTER DATABASE {name} OWNER TO {owner}",
            f"ALTER ROLE backstop IN DATABASE {name} SET role = {owner}",
        ):
            connection.execute(text(statement))
    admin.dispose()
    for _ in range(2):
        upgrading = open_engine(empty_database_url)
        with upgrading.connect() as connection:
            assert connection.execute(text("SELECT current_user")).scalar_one() == owner
        migrate.upgrade(upgrading)
        upgrading.dispose()
    service = open_engine(for_service(empty_database_url))
    write(open_stores(service, NoArtifacts()), batch(1, 2))
    PostgresAuditLog(service).append(actor="ann", action="a", subject="s", payload={}, at=NOW)
    with pytest.raises(ConfigError, match="permission denied"), transaction(service) as connection:
        connection.execute(text("DELETE FROM audit_log"))
    service.dispose()
