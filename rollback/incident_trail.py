"""The acts of an incident, out of the audit trail."""

from __future__ import annotations

from collections.abc import Iterable

from rollback import audit_history
from rollback.audit import AuditRow
from rollback.incident import Incident


def acts(rows: Iterable[AuditRow], incident: Incident) -> tuple[AuditRow, ...]:
    """Return what was done from the bad version's promotion to the last act of the incident.

    These are the acts that name the incident, and those between them on its deployment or on one of
    its two versions. What was done to the version earlier, its registration say, is told too.

    Args:
        rows: of the whole trail, or at least of what concerns the incident, oldest first.
    """
    versions = {incident.from_version, incident.to_version} - {None}
    near = [row for row in rows if _concerns(row, incident, versions)]
    last = max((row.seq for row in near if _names(row, incident)), default=0)
    start = incident.promoted_at or incident.opened_at
    return tuple(
        row
        for row in near
        if _names(row, incident)
        or (row.seq <= last and (row.at >= start or row.subject == incident.from_version))
    )


def _names(row: AuditRow, incident: Incident) -> bool:
    return row.payload.get("incident") == incident.id


def _concerns(row: AuditRow, incident: Incident, versions: set[str | None]) -> bool:
    return (
        _names(row, incident)
        or audit_history.concerns(row, incident.deployment)
        or row.subject in versions
    )
