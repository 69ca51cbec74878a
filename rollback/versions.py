"""Adapter versions: immutable, named by content, in states with legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from rollback.actors import is_person
from rollback.errors import IllegalTransition
from rollback.times import require_aware


class VersionState(Enum):
    """Where an adapter version stands, over all deployments."""

    REGISTERED = "registered"  # means that its files are stored and checked
    VERIFIED = "verified"  # means that it loaded on the engine and has a fingerprint there
    CANDIDATE = "candidate"  # means that it answers a share of a deployment's callers
    ACTIVE = "active"  # means that it serves a deployment
    BASELINE = "baseline"  # means that a deployment falls back to it
    RETIRED = "retired"  # means that it served well and was replaced; it may come back
    QUARANTINED = "quarantined"  # means that it did harm and stays out until a person releases it


_ONWARD: Mapping[VersionState, frozenset[VersionState]] = {
    VersionState.REGISTERED: frozenset({VersionState.VERIFIED}),
    VersionState.VERIFIED: frozenset({VersionState.CANDIDATE, VersionState.ACTIVE}),
    VersionState.CANDIDATE: frozenset({VersionState.VERIFIED, VersionState.ACTIVE}),
    VersionState.ACTIVE: frozenset({VersionState.BASELINE, VersionState.RETIRED}),
    VersionState.BASELINE: frozenset({VersionState.ACTIVE, VersionState.RETIRED}),
    VersionState.RETIRED: frozenset({VersionState.ACTIVE, VersionState.BASELINE}),
}

# The database holds the same table, and a test compares them: see `alembic/versions/0006_*`.
TRANSITIONS: Mapping[VersionState, frozenset[VersionState]] = {
    **{state: onward | {VersionState.QUARANTINED} for state, onward in _ONWARD.items()},
    VersionState.QUARANTINED: frozenset({VersionState.REGISTERED, VersionState.VERIFIED}),
}

# They served well and were replaced: a rollback may go there without another gate.
PROVEN = frozenset({VersionState.BASELINE, VersionState.RETIRED})

# Loaded on the engine, with a fingerprint to prove it by, and not known to do harm.
SERVABLE = PROVEN | {VersionState.VERIFIED, VersionState.CANDIDATE, VersionState.ACTIVE}

_HAVE_SERVED = PROVEN | {VersionState.ACTIVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What deployments use a version for; one may serve here and be a candidate there."""

    active: bool = False
    baseline: bool = False
    candidate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterVersion:
    """One immutable version of an adapter.

    Args:
        name: `family@digest`, e.g. `support@3f9a2c1d7b04`; never used again for other bytes.
        label: what people call it (`v1`); unique within a family, or empty.
        manifest: base-model fingerprint, PEFT configuration, files with their SHA-256, tensors.

    Raises:
        ValueError: if `created_at` is naive.
    """

    name: str
    label: str
    state: VersionState
    manifest: Mapping[str, Any]
    created_at: datetime
    reason: str = ""  # why it is in this state
    parent: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # training facts, owner, notes

    def __post_init__(self) -> None:
        require_aware(f"version {self.name}", created_at=self.created_at)

    @property
    def family(self) -> str:
        """The part before `@`."""
        return self.name.partition("@")[0]

    @property
    def digest(self) -> str:
        """The part after `@`: 12 hexadecimal digits."""
        return self.name.partition("@")[2]

    @property
    def is_servable(self) -> bool:
        """Whether it may serve: verified on the engine and not in quarantine."""
        return self.state in SERVABLE


def standing(state: VersionState, roles: Roles) -> VersionState:
    """Return the state that its roles give to a version: the one that says most.

    One that has served keeps to that when it answers a share of the callers again, and one in
    quarantine stays there. A baseline that was released from it is verified until it serves again.

    >>> standing(VersionState.ACTIVE, Roles(candidate=True))
    <VersionState.RETIRED: 'retired'>
    """
    if state is VersionState.QUARANTINED:
        return state
    if roles.active:
        return VersionState.ACTIVE
    if state in _HAVE_SERVED:
        return VersionState.BASELINE if roles.baseline else VersionState.RETIRED
    if roles.candidate:
        return VersionState.CANDIDATE
    return VersionState.VERIFIED if state is VersionState.CANDIDATE else state


def move(version: AdapterVersion, to: VersionState, reason: str, *, actor: str) -> AdapterVersion:
    """Return the version in another state.

    A move to the state that it is in already changes nothing, so a repeated step does no harm.
    The only way out of quarantine is a release by a person, who gives a reason.

    Raises:
        IllegalTransition: saying which moves are possible.
    """
    if to is version.state:
        return version
    if to not in TRANSITIONS[version.state]:
        raise IllegalTransition(_refusal(version, to))
    if version.state is VersionState.QUARANTINED:
        _require_release(version, reason, actor)
    return replace(version, state=to, reason=reason)


def _require_release(version: AdapterVersion, reason: str, actor: str) -> None:
    if not is_person(actor):
        raise IllegalTransition(f"{version.name} is quarantined: only a person may release it")
    if not reason.strip():
        raise IllegalTransition(f"{version.name} is quarantined: say why it may come back")


def _refusal(version: AdapterVersion, to: VersionState) -> str:
    possible = sorted(state.value for state in TRANSITIONS[version.state])
    return (
        f"{version.name} is {version.state.value} and cannot become {to.value}; "
        f"it can become {' or '.join(possible)}"
    )
