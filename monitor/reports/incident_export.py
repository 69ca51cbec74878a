"""An incident for those who watch a product on the market: what, when, on what evidence, what was done.

The acts are rows of the audit trail, whole, so that each hash can be computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.reports.markdown import flat, table
from monitor.reports.render import table_cell
from rollback import version_card
from rollback.audit import AuditRow
from rollback.audit_verification import Verification
from rollback.canonical import plain
from rollback.incident import Incident
from rollback.versions import AdapterVersion

_STEPS = (
    ("promoted", "promoted_at"),
    ("suspected", "suspected_at"),
    ("opened", "opened_at"),
    ("decided", "decided_at"),
    ("rolled back", "flipped_at"),
    ("all replicas follow", "converged_at"),
    ("proved on the engine", "proved_at"),
)


def assemble(
    incident: Incident,
    versions: Sequence[AdapterVersion],
    acts: Sequence[AuditRow],
    chain: Verification,
    at: datetime,
) -> Mapping[str, Any]:
    """Return an incident in JSON's own types.

    Args:
        versions: those that it names.
        acts: of the incident; chain: what checking the whole trail showed.
    """
    told: Mapping[str, Any] = plain(
        {
            "exported_at": at,
            "incident": asdict(incident) | {"phase": incident.phase.value},
            "versions": [_version(each) for each in versions],
            "acts": [asdict(row) for row in acts],
            "chain": {
                "intact": chain.intact,
                "sentence": chain.reason,
                "rows": chain.rows,
                "head": chain.head,
                "first_bad_row": chain.bad_seq,
                "anchors_compared": chain.anchors,
            },
        }
    )
    return told


def markdown(told: Mapping[str, Any]) -> str:
    """Return an exported incident as Markdown."""
    incident = told["incident"]
    parts = (
        f"# Incident {table_cell(incident['id'])}",
        table(("what", "value"), _summary(incident)),
        "## When",
        table(("step", "at"), _steps(incident)),
        "## Evidence",
        table(("number", "value"), sorted(flat(incident["evidence"]))),
        "## Versions",
        table(("version", "fact", "value"), _versions(told["versions"])),
        "## Acts on the audit trail",
        table(("row", "at", "who", "what", "on", "why", "hash"), _acts(told["acts"])),
        "## Proof",
        _proof(told["chain"]),
    )
    return "\n\n".join(parts) + "\n"


def _version(version: AdapterVersion) -> Mapping[str, Any]:
    facts = {key: version.facts.get(key) for key in ("owner", "licence", "added_by")}
    return {
        "name": version.name,
        "label": version.label,
        "state": version.state.value,
        "state_reason": version.reason,
        "added_at": version.created_at,
        "parent": version.parent,
        **{key: value for key, value in facts.items() if value},
        **version_card.card(version.manifest),
    }


def _summary(incident: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("deployment", incident["deployment"]),
        ("phase", incident["phase"]),
        ("from", incident["from_version"] or "base model"),
        ("to", incident["to_version"] or "base model"),
        ("reason", incident["reason"]),
        ("by", incident["actor"]),
        ("answers exposed", incident["exposure"]),
    ]


def _steps(incident: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(step, incident[key]) for step, key in _STEPS if incident[key] is not None]


def _versions(versions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Any]]:
    return [
        (each["name"], fact, value)
        for each in versions
        for fact, value in each.items()
        if fact != "name" and value not in (None, "")
    ]


def _acts(acts: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            act["seq"],
            act["at"],
            act["actor"],
            act["action"],
            act["subject"],
            act["payload"].get("reason", ""),
            act["hash"],
        )
        for act in acts
    ]


def _proof(chain: Mapping[str, Any]) -> str:
    compared = chain["anchors_compared"]
    return (
        f"{table_cell(chain['sentence'])}: {chain['rows']} rows follow from each other, the head is "
        f"`{chain['head']}`, {compared} anchors kept elsewhere were compared."
        + ("" if compared else " Without an anchor a cut end would not show.")
    )
