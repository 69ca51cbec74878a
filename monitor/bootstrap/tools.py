"""What the command line does without a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.bootstrap import database, files, guarding, operating, own_signals
from monitor.config import Config, ServerEngine
from monitor.engines.servers.opened import open_server
from monitor.errors import ConfigError
from monitor.scheduler.clock import Clock
from monitor.storage import migrate, revision
from monitor.storage.audit import PostgresAuditLog
from rollback import audit
from rollback.audit import AuditRow


def check(config: Config) -> Mapping[str, Any]:
    """Read everything that the configuration names. Raises `ConfigError` for the first mistake."""
    read = files.read(config)
    guards = guarding.check(config)
    schedule = config.schedule
    jobs = {"golden": schedule.golden, "report": schedule.report, "retention": schedule.retention}
    Clock(jobs, schedule.timezone, lambda job, slot: None)
    if isinstance(config.engine, ServerEngine):
        asyncio.run(_examine(config, config.engine))
    return {
        "deployments": len(read),
        "golden cases": sum(len(each.golden or ()) for each in read.values()),
        "guards": guards,
        "receivers": len(operating.senders(config)),
        "own signals": len(own_signals.load()),
    }


async def _examine(config: Config, section: ServerEngine) -> None:
    """Ask the model server whether it can serve versions.

    Raises `ConfigError` with what it lacks, `Unavailable` if it does not answer.
    """
    server = open_server(section, config.data_dir / "adapters")
    try:
        lacks = await server.examine()
    finally:
        await server.close()
    if lacks:
        raise ConfigError(f"engine: {section.url}: " + "; ".join(lacks))


def upgrade(config: Config) -> str | None:
    """Bring the schema to this version's; return its revision."""
    with database.opened(config) as sql:
        migrate.upgrade(sql)
        return revision.current(sql)


def verify_audit(config: Config) -> Mapping[str, Any]:
    """Check the audit trail's hash chain."""
    with database.opened(config) as sql:
        revision.require_current(sql)
        found = audit.verify(PostgresAuditLog(sql).rows())
    return {
        "intact": found.tampering is None,
        "rows": found.rows,
        "head": found.head,
        "first_bad_row": found.bad_seq,
        "sentence": f"{found.reason} ({found.rows} rows)",
    }


def export_audit(config: Config) -> Iterator[Mapping[str, Any]]:
    """Yield every row of the audit trail, oldest first."""
    with database.opened(config) as sql:
        revision.require_current(sql)
        for row in PostgresAuditLog(sql).rows():
            yield as_mapping(row)


def as_mapping(row: AuditRow) -> Mapping[str, Any]:
    """Return a row as JSON."""
    return {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "payload": row.payload,
        "previous": row.previous,
        "hash": row.hash,
    }
