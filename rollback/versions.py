"""Adapter versions: immutable, named by content, in states with legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from rollback.errors import IllegalTransition
from rollback.times import require_aware


class VersionState(Enum):
    """Where an adapter version stands."""

    REGISTERED = "registered"  # means that its files are stored and checked
    VERIFIED = "verified"  # means that it loaded on the engine and has a fingerprint there
    ACTIVE = "active"  # means that it serves a deployment
    RETIRED = "retired"  # means that it served well and was replaced; it may come back
    QUARANTINED = "quarantined"  # means that it did harm and stays out until a person releases it


# The baseline is a role that a deployment gives to a version, not a state of the version.
TRANSITIONS: Mapping[VersionState, frozenset[VersionState]] = {
    VersionState.REGISTERED: frozenset({VersionState.VERIFIED, VersionState.QUARANTINED}),
    VersionState.VERIFIED: frozenset({VersionState.ACTIVE, VersionState.QUARANTINED}),
    VersionState.ACTIVE: frozenset({VersionState.RETIRED, VersionState.QUARANTINED}),
    VersionState.RETIRED: frozenset({VersionState.ACTIVE, VersionState.QUARANTINED}),
    VersionState.QUARANTINED: frozenset({VersionState.REGISTERED, VersionState.VERIFIED}),
}

# Loaded on the engine, with a fingerprint to prove it by, and not known to do harm.
SERVABLE = frozenset({VersionState.VERIFIED, VersionState.ACTIVE, VersionState.RETIRED})


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


def move(version: AdapterVersion, to: VersionState, reason: str) -> AdapterVersion:
    """Return the version in another state.

    A move to the state that it is in already changes nothing, so a repeated step does no harm.
    The only way out of quarantine is a release, back to VERIFIED, and it needs a reason.

    Raises:
        IllegalTransition: saying which moves are possible.
    """
    if to is version.state:
        return version
    if to not in TRANSITIONS[version.state]:
        raise IllegalTransition(_refusal(version, to))
    if version.state is VersionState.QUARANTINED and not reason.strip():
        raise IllegalTransition(f"{version.name} is quarantined: say why it may come back")
    return replace(version, state=to, reason=reason)


def _refusal(version: AdapterVersion, to: VersionState) -> str:
    possible = sorted(state.value for state in TRANSITIONS[version.state])
    return (
        f"{version.name} is {version.state.value} and cannot become {to.value}; "
        f"it can become {' or '.join(possible)}"
    )
