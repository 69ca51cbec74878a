"""Adapter versions: immutable, named by content, in states with legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


class VersionState(Enum):
    """Where an adapter version stands."""

    REGISTERED = "registered"  # means that its files are stored and checked
    VERIFIED = "verified"  # means that it loaded on the engine and has a fingerprint there
    ACTIVE = "active"  # means that it serves a deployment
    RETIRED = "retired"  # means that it served well and was replaced; it may come back
    QUARANTINED = "quarantined"  # means that it did harm and stays out until a person releases it


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterVersion:
    """One immutable version of an adapter.

    Args:
        name: `family@digest`, e.g. `support@3f9a2c1d7b04`; never used again for other bytes.
        label: what people call it (`v1`); unique within a family, or empty.
        manifest: base-model fingerprint, PEFT configuration, files with their SHA-256, tensors.
    """

    name: str
    label: str
    state: VersionState
    manifest: Mapping[str, Any]
    created_at: datetime
    reason: str = ""  # why it is in this state
    parent: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # training facts, owner, notes

    @property
    def family(self) -> str:
        """The part before `@`."""
        return self.name.partition("@")[0]

    @property
    def digest(self) -> str:
        """The part after `@`: 12 hexadecimal digits."""
        return self.name.partition("@")[2]
