"""How a deployment stands, in one word and one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from monitor.reports.names import version_label
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase

ROLLBACK_STAYS_NEWS = timedelta(hours=24)


class Condition(Enum):
    """How a deployment stands, mildest first."""

    WELL = "well"  # means that nothing speaks against the active version
    UNWATCHED = "unwatched"  # means that no answer of this epoch has been judged yet
    ROLLED_BACK = "rolled_back"  # means that the baseline was put back within the last day
    SUSPICION = "suspicion"  # means that answers differ from the reference; harm is not shown
    BREACH = "breach"  # means that harm is shown and a rollback is due
    UNPROVED = "unproved"  # means that a rollback was done and its proof failed
    FROZEN = "frozen"  # means that nothing changes by itself until a person decides


_SEVERITY = tuple(Condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A condition with the words for it: a headline of a few words, and one sentence."""

    condition: Condition
    headline: str
    detail: str


def standing(
    deployment: Deployment,
    point: EvidencePoint | None,
    incidents: Sequence[Incident],
    labels: Mapping[str, str],
    now: datetime,
) -> Standing:
    """Return how a deployment stands.

    Args:
        labels: what people call the versions, by name.
        point: newest evidence of the deployment's epoch, if there is any.
        incidents: newest first, of any deployment.
    """
    incident = standing_incident(deployment, incidents)
    if deployment.frozen:
        return Standing(
            condition=Condition.FROZEN, headline="Frozen", detail=f"{deployment.frozen}."
        )
    if incident is not None and incident.phase is Phase.UNPROVED:
        return _unproved(incident, labels)
    if point is not None and point.evidence >= point.line:
        return _breach(point, labels)
    if point is not None and point.suspicion >= point.suspicion_line:
        return _suspicion(point, labels)
    if incident is not None and now - incident.opened_at < ROLLBACK_STAYS_NEWS:
        return _rolled_back(incident, labels)
    return _calm(deployment, point, labels)


def standing_incident(deployment: Deployment, incidents: Sequence[Incident]) -> Incident | None:
    """Return the incident whose rollback made the present version active, if one did."""
    return next(
        (
            incident
            for incident in incidents
            if incident.deployment == deployment.name
            and incident.phase not in (Phase.FROZEN, Phase.WITHDRAWN, Phase.BASE_CHANGED)
            and incident.to_version == deployment.active
            and deployment.epoch - incident.epoch in (0, 1)
        ),
        None,
    )


def gravest(standings: Sequence[Standing]) -> Standing:
    """Return the standing that a person should look at first."""
    nothing = Standing(
        condition=Condition.UNWATCHED,
        headline="Nothing is deployed yet",
        detail="Add an adapter and promote it.",
    )
    return max(standings, key=lambda each: _SEVERITY.index(each.condition), default=nothing)


def _unproved(incident: Incident, labels: Mapping[str, str]) -> Standing:
    return Standing(
        condition=Condition.UNPROVED,
        headline="Rollback not proved",
        detail=f"The engine did not show the fingerprint of {version_label(incident.to_version, labels)}.",
    )


def _breach(point: EvidencePoint, labels: Mapping[str, str]) -> Standing:
    return Standing(
        condition=Condition.BREACH,
        headline="Harm is shown",
        detail=f"Evidence against {version_label(point.adapter, labels)} has crossed its line "
        f"after {point.position} answers.",
    )


def _suspicion(point: EvidencePoint, labels: Mapping[str, str]) -> Standing:
    prompts = " The prompts have changed too." if _has_changed(point) else ""
    return Standing(
        condition=Condition.SUSPICION,
        headline="Suspicion",
        detail=f"The answers of {version_label(point.adapter, labels)} have changed; "
        f"harm is not shown after {point.position} answers.{prompts}",
    )


def _has_changed(point: EvidencePoint) -> bool:
    """Whether the prompts are others than in the reference."""
    return point.traffic >= point.suspicion_line


def _rolled_back(incident: Incident, labels: Mapping[str, str]) -> Standing:
    good = version_label(incident.to_version, labels)
    proof = (
        f"the engine has proved that {good} serves"
        if incident.phase is Phase.PROVED
        else f"the proof that {good} serves is under way"
    )
    bad = version_label(incident.from_version, labels)
    return Standing(
        condition=Condition.ROLLED_BACK,
        headline=f"Rolled back to {good}",
        detail=f"{bad} is out, and {proof}. Reason: {incident.reason}.",
    )


def _calm(
    deployment: Deployment, point: EvidencePoint | None, labels: Mapping[str, str]
) -> Standing:
    if point is None:
        return Standing(
            condition=Condition.UNWATCHED,
            headline="Waiting for answers",
            detail=f"No answer of {version_label(deployment.active, labels)} has been judged yet.",
        )
    prompts = " The prompts have changed, not the answers." if _has_changed(point) else ""
    return Standing(
        condition=Condition.WELL,
        headline="All is well",
        detail=f"{point.position} answers of {version_label(point.adapter, labels)} judged; "
        f"nothing speaks against it.{prompts}",
    )
