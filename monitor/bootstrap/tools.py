"""What the command line does without a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from monitor.bootstrap import anchoring, database, files, guarding, own_signals, receivers
from monitor.config import Config, ServerEngine
from monitor.engines.servers.opened import open_server
from monitor.errors import ConfigError
from monitor.ports.retention import Erased
from monitor.reports import incident_export
from monitor.scheduler.clock import Clock
from monitor.storage import migrate, revision
from monitor.storage.audit import PostgresAuditLog
from monitor.storage.incidents import PostgresIncidents
from monitor.storage.indicators import PostgresIndicators
from monitor.storage.registry import PostgresRegistry
from monitor.storage.retention import PostgresRetention
from rollback import audit_history, audit_verification, incident_trail
from rollback.audit import AuditRow
from rollback.audit_anchors import Anchor
from rollback.canonical import plain

_MOST_INCIDENTS = 10_000
_ON_THIS_MACHINE = "operator on the command line"


def check(config: Config) -> Mapping[str, Any]:
    """Read everything that the configuration names. Raises `ConfigError` for the first mistake."""
    read = files.read(config)
    anchoring.keepers(config)
    guards = guarding.check(config)
    schedule = config.schedule
    Clock(schedule.jobs(), schedule.timezone, lambda job, slot: None)
    if isinstance(config.engine, ServerEngine):
        asyncio.run(_examine(config, config.engine))
    return {
        "deployments": len(read),
        "golden cases": sum(len(each.golden or ()) for each in read.values()),
        "guards": guards,
        "receivers": len(receivers.senders(config)),
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
    with database.opened(config) as sql, database.owned(config, sql) as owned:
        migrate.upgrade(owned)
        return revision.current(owned)


def retain(config: Config, *, dry_run: bool) -> Mapping[str, int]:
    """Delete what is older than it may be kept, or count it; return the rows of each kind."""
    keep, now = config.retention.lengths(), datetime.now(UTC)
    with database.opened(config) as sql:
        revision.require_current(sql)
        retention = PostgresRetention(sql)
        return retention.due(keep, now) if dry_run else retention.expire(keep, now)


def erase(config: Config, subject: str) -> Erased:
    """Erase the answers of a subject, once every indicator knows them."""
    now = datetime.now(UTC)
    with database.opened(config) as sql:
        revision.require_current(sql)
        PostgresIndicators(sql).roll_up(now)
        return PostgresRetention(sql).erase(subject, actor=_ON_THIS_MACHINE, at=now)


def verify_audit(config: Config, told: Sequence[Anchor] = ()) -> Mapping[str, Any]:
    """Check the audit trail's hash chain against the anchor file and anchors that a person tells."""
    anchors = [*anchoring.kept(config), *told]
    with database.opened(config) as sql:
        revision.require_current(sql)
        found = audit_verification.verify(PostgresAuditLog(sql).rows(), anchors)
    return {
        "intact": found.intact,
        "rows": found.rows,
        "head": f"{found.rows}:{found.head}",
        "tampering": None if found.tampering is None else found.tampering.value,
        "first_bad_row": found.bad_seq,
        "anchors": found.anchors,
        "sentence": f"{found.reason} ({found.rows} rows, {_compared(found.anchors)})",
    }


def _compared(anchors: int) -> str:
    if anchors == 0:
        return "no anchor to compare with: a cut end would not show"
    return f"{anchors} anchor{'s' if anchors > 1 else ''} compared"


def export_audit(config: Config, deployment: str | None = None) -> Iterator[Mapping[str, Any]]:
    """Yield every row of the audit trail, or those that concern a deployment, oldest first."""
    with database.opened(config) as sql:
        revision.require_current(sql)
        for row in PostgresAuditLog(sql).rows():
            if deployment is None or audit_history.concerns(row, deployment):
                yield as_mapping(row)


def export_incidents(config: Config, incident_id: str | None) -> list[Mapping[str, Any]]:
    """Return incidents, newest first, or one, each with its acts and the proof of the whole trail.

    Raises `NotFound`.
    """
    with database.opened(config) as sql:
        revision.require_current(sql)
        store, registry = PostgresIncidents(sql), PostgresRegistry(sql)
        found = (
            store.list(limit=_MOST_INCIDENTS) if incident_id is None else [store.get(incident_id)]
        )
        rows = list(PostgresAuditLog(sql).rows())
        versions = registry.versions()
    chain, now = audit_verification.verify(rows, anchoring.kept(config)), datetime.now(UTC)
    return [
        incident_export.assemble(
            incident,
            [
                each
                for each in versions
                if each.name in (incident.from_version, incident.to_version)
            ],
            incident_trail.acts(rows, incident),
            chain,
            now,
        )
        for incident in found
    ]


def served(config: Config, deployment: str, at: datetime) -> Mapping[str, Any]:
    """Return what served a deployment at a moment, who or what changed it, on what evidence."""
    with database.opened(config) as sql:
        revision.require_current(sql)
        found = audit_history.serving(PostgresAuditLog(sql).rows(), deployment, at)
    answer: Mapping[str, Any] = plain(asdict(found))
    return answer


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
